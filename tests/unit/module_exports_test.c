// What a module exports, in both forms of struct kernel_symbol.
#include "guest.h"

#include "linux/module_exports.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))
enum { MODULE = 0x1000, SYMS = 0x10, NUM = 0x18, TABLE = 0x2000, NAMES = 0x4000, VALUES = 0x8000, ENTRY = 12 };

static const char *const names[] = {"alpha", "beta", "delta", "gamma", "zeta"}; // sorted, as modpost does
enum { COUNT = sizeof names / sizeof *names };

static uint64_t value(size_t i) {
  return VALUES + 0x40 * (uint64_t)i;
}

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  guest_field(&g, KL_F_module_syms, SYMS, 8);
  guest_field(&g, KL_F_module_num_syms, NUM, 4);
  g.kernel.types[KL_T_kernel_symbol].present = true;
  for (size_t i = 0; i < COUNT; i++)
    guest_put_text(&g, NAMES + 0x100 * (uint64_t)i, names[i]);
  guest_put64(&g, MODULE + SYMS, VA(TABLE));
  guest_put(&g, MODULE + NUM, COUNT, 4);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// Entries of 32-bit offsets, each from its own place.
static void plant_relative(void) {
  g.kernel.types[KL_T_kernel_symbol].bytes = ENTRY;
  guest_field(&g, KL_F_kernel_symbol_value_offset, 0, 4);
  guest_field(&g, KL_F_kernel_symbol_name_offset, 4, 4);
  g.kernel.fields[KL_F_kernel_symbol_value_offset].is_signed = true;
  g.kernel.fields[KL_F_kernel_symbol_name_offset].is_signed = true;
  for (size_t i = 0; i < COUNT; i++) {
    uint64_t at = TABLE + ENTRY * (uint64_t)i;
    guest_put(&g, at, value(i) - at, 4);
    guest_put(&g, at + 4, NAMES + 0x100 * (uint64_t)i - (at + 4), 4);
  }
}

static void plant_absolute(void) {
  g.kernel.types[KL_T_kernel_symbol].bytes = 24;
  guest_field(&g, KL_F_kernel_symbol_value, 0, 8);
  guest_field(&g, KL_F_kernel_symbol_name, 8, 8);
  for (size_t i = 0; i < COUNT; i++) {
    guest_put64(&g, TABLE + 24 * (uint64_t)i, VA(value(i)));
    guest_put64(&g, TABLE + 24 * (uint64_t)i + 8, VA(NAMES + 0x100 * (uint64_t)i));
  }
}

static bool exported(const struct kl_module_exports *exports, uint64_t phys, const char *name) {
  bool ret = false;
  assert_int_equal(kl_module_exported(&g.kernel, exports, VA(phys), kl_bytes_of(name, strlen(name)), &ret), KL_OK);
  return ret;
}

static void assert_all_found(void) {
  struct kl_module_exports exports;
  assert_int_equal(kl_module_exports_open(&g.kernel, &g.budget, VA(MODULE), &exports), KL_OK);
  assert_int_equal(exports.count, COUNT);
  for (size_t i = 0; i < COUNT; i++) {
    assert_true(exported(&exports, value(i), names[i]));
    assert_false(exported(&exports, value(i), names[(i + 1) % COUNT])); // another's name
    assert_false(exported(&exports, value(i) + 1, names[i]));           // another place
    assert_false(exported(&exports, value(i), "nothing"));
  }
  assert_false(exported(&exports, 0x30000, "alpha"));
  assert_false(exported(&exports, value(0), ""));
  assert_false(exported(&exports, value(0), "alph"));
  assert_false(exported(&exports, value(0), "alphabet"));
}

static void offsets_and_addresses_say_the_same(void **state) {
  (void)state;
  plant_relative();
  assert_all_found();
  teardown(state);
  setup(state);
  plant_absolute();
  assert_all_found();
}

static void a_kernel_or_module_without_exports_has_none(void **state) {
  (void)state;
  struct kl_module_exports exports;
  plant_relative();
  guest_put(&g, MODULE + NUM, 0, 4);
  assert_int_equal(kl_module_exports_open(&g.kernel, &g.budget, VA(MODULE), &exports), KL_OK);
  assert_false(exported(&exports, value(0), "alpha"));
  g.kernel.fields[KL_F_module_syms].present = false;
  assert_int_equal(kl_module_exports_open(&g.kernel, &g.budget, VA(MODULE), &exports), KL_OK);
  assert_int_equal(exports.count, 0);
}

static void counts_and_tables_of_a_hostile_module_are_bounded(void **state) {
  (void)state;
  struct kl_module_exports exports;
  plant_relative();
  guest_put(&g, MODULE + NUM, 0xffffffff, 4);
  assert_int_equal(kl_module_exports_open(&g.kernel, &g.budget, VA(MODULE), &exports), KL_ERR_LIMIT);
  g.limits.module_symbols = COUNT;
  guest_put(&g, MODULE + NUM, COUNT + 1, 4);
  assert_int_equal(kl_module_exports_open(&g.kernel, &g.budget, VA(MODULE), &exports), KL_ERR_LIMIT);
  guest_put(&g, MODULE + NUM, COUNT, 4);
  assert_int_equal(kl_module_exports_open(&g.kernel, &g.budget, VA(MODULE), &exports), KL_OK);
  guest_put64(&g, MODULE + SYMS, VA(0x40000 - ENTRY)); // runs out of memory after one
  assert_int_equal(kl_module_exports_open(&g.kernel, &g.budget, VA(MODULE), &exports), KL_ERR_ABSENT);
  guest_put64(&g, MODULE + SYMS, 0);
  assert_int_not_equal(kl_module_exports_open(&g.kernel, &g.budget, VA(MODULE), &exports), KL_OK);
}

// A million symbols for each of 16,384 modules would be no walk's end.
static void each_symbol_that_is_read_costs_a_step(void **state) {
  (void)state;
  struct kl_module_exports exports;
  plant_relative();
  g.budget.steps = COUNT - 1;
  assert_int_equal(kl_module_exports_open(&g.kernel, &g.budget, VA(MODULE), &exports), KL_ERR_BUDGET);
  g.budget.steps = COUNT;
  assert_int_equal(kl_module_exports_open(&g.kernel, &g.budget, VA(MODULE), &exports), KL_OK);
  assert_int_equal(g.budget.steps, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(offsets_and_addresses_say_the_same),
      TEST(a_kernel_or_module_without_exports_has_none),
      TEST(counts_and_tables_of_a_hostile_module_are_bounded),
      TEST(each_symbol_that_is_read_costs_a_step),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
