// The cursor over all leaves of a page table.
#include "guest.h"

static const struct kl_paging X86 = {.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 4, .va_bits = 48};
static const struct kl_paging ARM_4K = {
    .arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 4, .va_bits = 48, .prot_none_bit = 1 << 11};

static struct guest g;

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x20000);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// The lower half: 0x400000 and 0x402000 mapped, 0x7fff_ffff_f000 swapped out;
// the upper half: a page of 2 MiB at its start, one of 4 KiB at its end.
static void map_both_halves(void) {
  guest_put64(&g, 0x1000, 0x2067);
  guest_put64(&g, 0x2000, 0x3067);
  guest_put64(&g, 0x3000 + 8 * 2, 0x4067);
  guest_put64(&g, 0x4000, 0x10067);
  guest_put64(&g, 0x4000 + 8 * 2, 0x11067);
  guest_put64(&g, 0x1000 + 8 * 255, 0x5067);
  guest_put64(&g, 0x5000 + 8 * 511, 0x6067);
  guest_put64(&g, 0x6000 + 8 * 511, 0x7067);
  guest_put64(&g, 0x7000 + 8 * 511, (~0x55ull << 14 >> 5) | 1ull << 59);
  guest_put64(&g, 0x1000 + 8 * 256, 0x8063);
  guest_put64(&g, 0x8000, 0x9063);
  guest_put64(&g, 0x9000, 0x2001e3);
  guest_put64(&g, 0x1000 + 8 * 511, 0xa063);
  guest_put64(&g, 0xa000 + 8 * 511, 0xb063);
  guest_put64(&g, 0xb000 + 8 * 511, 0xc063);
  guest_put64(&g, 0xc000 + 8 * 511, 0x12163);
}

struct expected {
  uint64_t va, phys;
};
static const struct expected all[] = {{0x400000, 0x10000},
                                      {0x402000, 0x11000},
                                      {0x7ffffffff000, 0},
                                      {0xffff800000000000, 0x200000},
                                      {0xfffffffffffff000, 0x12000}};

static void expect(const struct kl_paging *paging, uint64_t start, uint64_t end, size_t first, size_t n) {
  struct kl_leaf_walk walk;
  kl_leaf_walk_init(&walk, paging, g.image, 0x1000, start, end);
  for (size_t i = first; i < first + n; i++) {
    uint64_t va;
    struct kl_translation t;
    assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_OK);
    assert_int_equal(va, all[i].va);
    assert_int_equal(t.phys, all[i].phys);
    assert_int_equal(t.state, all[i].phys ? KL_ENTRY_PRESENT : KL_ENTRY_SWAP);
  }
  uint64_t va;
  struct kl_translation t;
  assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_END);
  assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_END);
}

static void gives_every_leaf_in_order(void **state) {
  (void)state;
  map_both_halves();
  uint64_t before = g.budget.steps;
  expect(&X86, 0, 0, 0, 5);
  // 13 tables at most, 512 entries each.
  assert_true(before - g.budget.steps <= 13 * 512);
}

static void keeps_to_its_range(void **state) {
  (void)state;
  map_both_halves();
  expect(&X86, 0, 0x800000000000, 0, 3);
  expect(&X86, 0x400000, 0x401000, 0, 1);
  expect(&X86, 0x400fff, 0x402001, 0, 2);
  expect(&X86, 0x401000, 0x402000, 0, 0);
  expect(&X86, 0x401000, 0x7ffffffff000, 1, 1);
  expect(&X86, 0x800000000000, 0, 3, 2); // the hole between the halves
  expect(&X86, 0x900000000000, 0xa00000000000, 0, 0);
  expect(&X86, 0xffff8000001fffff, 0, 3, 2); // inside a leaf
  expect(&X86, 0xfffffffffffff000, 0, 4, 1);
  expect(&X86, 0xffffffffffffffff, 0, 4, 1);
  expect(&X86, 0x402000, 0x402000, 0, 0);
  expect(&X86, 0x402000, 0x1000, 0, 0);
}

static void arm64_stays_in_the_half_of_its_start(void **state) {
  (void)state;
  guest_put64(&g, 0x1000, 0x2003);
  guest_put64(&g, 0x2000, 0x3003);
  guest_put64(&g, 0x3000 + 8 * 2, 0x4003);
  guest_put64(&g, 0x4000, 0x10743);
  guest_put64(&g, 0x4000 + 8 * 2, 0x11743);
  expect(&ARM_4K, 0, 0, 0, 2);
  struct kl_leaf_walk walk;
  uint64_t va;
  struct kl_translation t;
  kl_leaf_walk_init(&walk, &ARM_4K, g.image, 0x1000, 0x0001000000000000, 0);
  assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_OK);
  assert_int_equal(va, 0xffff000000400000);
}

static void says_once_which_table_is_missing_and_goes_on(void **state) {
  (void)state;
  map_both_halves();
  guest_put64(&g, 0x3000 + 8 * 2, 0x7777000067); // the table of 0x400000
  guest_put64(&g, 0x1000 + 8 * 511, 0x7777000063);
  struct kl_leaf_walk walk;
  uint64_t va;
  struct kl_translation t;
  kl_leaf_walk_init(&walk, &X86, g.image, 0x1000, 0x401000, 0);
  assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_ERR_ABSENT);
  assert_int_equal(va, 0x400000);
  assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_OK);
  assert_int_equal(va, 0x7ffffffff000);
  assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_OK);
  assert_int_equal(va, 0xffff800000000000);
  assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_ERR_ABSENT);
  assert_int_equal(va, 0xffffff8000000000);
  assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_END);
}

static void a_missing_root_ends_it(void **state) {
  (void)state;
  struct kl_leaf_walk walk;
  uint64_t va;
  struct kl_translation t;
  kl_leaf_walk_init(&walk, &X86, g.image, 0x12345678000, 0x1000, 0);
  assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_ERR_ABSENT);
  assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_END);
}

static void goes_on_after_the_budget_was_raised(void **state) {
  (void)state;
  map_both_halves();
  struct kl_leaf_walk walk;
  uint64_t va;
  struct kl_translation t;
  kl_leaf_walk_init(&walk, &X86, g.image, 0x1000, 0, 0);
  struct kl_budget budget = {0};
  size_t given = 0;
  for (size_t i = 0; i < 13 * 512; i++) {
    enum kl_status status = kl_leaf_walk_next(&walk, &budget, &va, &t);
    if (status == KL_END)
      break;
    if (status == KL_OK)
      assert_int_equal(va, all[given++].va);
    else
      assert_int_equal(status, KL_ERR_BUDGET);
    budget.steps += 1;
  }
  assert_int_equal(given, 5);
}

static void a_table_named_twice_in_a_row_is_walked_once(void **state) {
  (void)state;
  map_both_halves();
  guest_put64(&g, 0x3000 + 8 * 3, 0x4067);
  guest_put64(&g, 0x3000 + 8 * 4, 0x4067);
  struct kl_leaf_walk walk;
  uint64_t va;
  struct kl_translation t;
  kl_leaf_walk_init(&walk, &X86, g.image, 0x1000, 0, 0x800000000000);
  size_t given = 0;
  while (kl_leaf_walk_next(&walk, &g.budget, &va, &t) == KL_OK)
    assert_int_equal(va, all[given++].va);
  assert_int_equal(given, 3);
  assert_int_equal(walk.repeated_bytes, 4 << 20);
  // Begun in the middle of the first, the second is given whole.
  kl_leaf_walk_init(&walk, &X86, g.image, 0x1000, 0x401000, 0x800000000000);
  static const uint64_t rest[] = {0x402000, 0x600000, 0x602000, 0x7ffffffff000};
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_OK);
    assert_int_equal(va, rest[i]);
  }
  assert_int_equal(walk.repeated_bytes, 2 << 20);
}

static void a_table_full_of_itself_ends(void **state) {
  (void)state;
  for (uint64_t i = 0; i < 512; i++)
    guest_put64(&g, 0x1000 + 8 * i, 0x1067);
  struct kl_leaf_walk walk;
  uint64_t va;
  struct kl_translation t;
  kl_leaf_walk_init(&walk, &X86, g.image, 0x1000, 0, 0);
  size_t leaves = 0;
  while (kl_leaf_walk_next(&walk, &g.budget, &va, &t) == KL_OK)
    leaves++;
  assert_int_equal(leaves, 512);
}

static void tables_that_name_each_other_end_by_the_budget(void **state) {
  (void)state;
  static const struct kl_paging five = {.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 5, .va_bits = 57};
  for (uint64_t i = 0; i < 512; i++) { // 2^57 bytes of leaves
    guest_put64(&g, 0x1000 + 8 * i, i % 2 ? 0x2067 : 0x1067);
    guest_put64(&g, 0x2000 + 8 * i, i % 2 ? 0x1067 : 0x2067);
  }
  struct kl_leaf_walk walk;
  uint64_t va = 0, last = 0, leaves = 0;
  struct kl_translation t;
  kl_leaf_walk_init(&walk, &five, g.image, 0x1000, 0, 0);
  enum kl_status status;
  while ((status = kl_leaf_walk_next(&walk, &g.budget, &va, &t)) == KL_OK) {
    assert_true(va > last || !leaves);
    last = va;
    leaves++;
  }
  assert_int_equal(status, KL_ERR_BUDGET);
  assert_int_equal(g.budget.steps, 0);
}

static void a_small_top_table_may_be_a_lower_one_too(void **state) {
  (void)state;
  // 16K, 48 bits: the top table has two entries; the next one, at the same
  // place, has 2048.
  static const struct kl_paging p16 = {.arch = KL_ARCH_AARCH64, .granule_shift = 14, .levels = 4, .va_bits = 48};
  guest_put64(&g, 0x4000, 0x4003);
  guest_put64(&g, 0x4000 + 8 * 5, 0x8003);
  guest_put64(&g, 0x8000 + 8 * 7, 0x02000701); // a block of 32 MiB
  struct kl_leaf_walk walk;
  uint64_t va;
  struct kl_translation t;
  kl_leaf_walk_init(&walk, &p16, g.image, 0x4000, 5ull << 36, 6ull << 36);
  assert_int_equal(kl_leaf_walk_next(&walk, &g.budget, &va, &t), KL_OK);
  assert_int_equal(va, (5ull << 36) + (7ull << 25));
  assert_int_equal(t.page_bytes, 32 << 20);
}

static void without_parameters_there_is_nothing(void **state) {
  (void)state;
  static const struct kl_paging none = {0};
  expect(&none, 0, 0, 0, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(gives_every_leaf_in_order),
      TEST(keeps_to_its_range),
      TEST(arm64_stays_in_the_half_of_its_start),
      TEST(says_once_which_table_is_missing_and_goes_on),
      TEST(a_missing_root_ends_it),
      TEST(goes_on_after_the_budget_was_raised),
      TEST(a_table_named_twice_in_a_row_is_walked_once),
      TEST(a_table_full_of_itself_ends),
      TEST(tables_that_name_each_other_end_by_the_budget),
      TEST(a_small_top_table_may_be_a_lower_one_too),
      TEST(without_parameters_there_is_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
