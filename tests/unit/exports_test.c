// The table of exported symbols, found from one of its names.
#include "memory.h"

#include "kernel/exports.h"

enum { START = 0x1000000, BYTES = 64 * MEMORY_PAGE, TABLE = START + 0x2004, STRINGS = START + 0x8003 };
static struct memory m;

// Sorted by address as a linker may leave them, names in an order of their own.
static const char *const names[] = {"a_first",     "__per_cpu_offset", "jiffies", "init_task",
                                    "init_pid_ns", "my_export",        "memcpy",  "memset",
                                    "memmove",     "memcmp",           "strlen",  "z_last"};
enum { NAMES = sizeof names / sizeof *names };

static uint64_t value_of(unsigned i) {
  return START + 0x20000 + 0x100 * i;
}

static void put_table(unsigned stride) {
  uint64_t string = STRINGS;
  memory_init(&m, START, BYTES);
  for (unsigned i = NAMES; i-- > 0;) {
    uint64_t at = TABLE + stride * i;
    memory_put_bytes(&m, string, names[i], strlen(names[i]) + 1);
    memory_put(&m, at, value_of(i) - at, 4);
    memory_put(&m, at + 4, string - (at + 4), 4);
    if (stride == 12)
      memory_put(&m, at + 8, STRINGS - 3 - (at + 8), 4); // an empty namespace
    string += strlen(names[i]) + 1;
  }
}

static void all_entries_come_in_order(struct kl_exports *e, unsigned from) {
  char name[128];
  size_t n;
  uint64_t value;
  for (unsigned i = from; i < NAMES; i++) {
    assert_int_equal(kl_exports_next(e, name, sizeof name, &n, &value), KL_OK);
    assert_int_equal(n, strlen(names[i]));
    assert_memory_equal(name, names[i], n);
    assert_int_equal(value, value_of(i));
  }
  assert_int_equal(kl_exports_next(e, name, sizeof name, &n, &value), KL_END);
}

static void tables_with_and_without_namespaces_are_found(void **state) {
  (void)state;
  for (unsigned stride = 8; stride <= 12; stride += 4)
    for (int lends = 0; lends < 2; lends++) {
      struct kl_exports e;
      put_table(stride);
      m.lends = lends;
      memory_open(&m, NULL);
      size_t used = m.arena.used;
      assert_int_equal(kl_exports_find(&m.arena, m.image, START, START + BYTES, &e), KL_OK);
      assert_int_equal(m.arena.used, used);
      assert_int_equal(e.stride, stride);
      all_entries_come_in_order(&e, 0);
      memory_close(&m);
    }
}

// The linker shares the ends of strings: "init_task" as the end of another.
static void a_name_may_be_the_end_of_another(void **state) {
  (void)state;
  struct kl_exports e;
  put_table(12);
  uint64_t at = TABLE + 12 * 3 + 4, shared = START + 0x9000;
  memory_put_bytes(&m, shared, "__scx_init_task", 16);
  memory_put(&m, at, shared + 6 - at, 4);
  memory_open(&m, NULL);
  assert_int_equal(kl_exports_find(&m.arena, m.image, START, START + BYTES, &e), KL_OK);
  all_entries_come_in_order(&e, 0);
  memory_close(&m);
}

static void another_name_will_do(void **state) {
  (void)state;
  struct kl_exports e;
  put_table(12);
  uint64_t at = TABLE + 12 * 3 + 4, other = START + 0x9000; // the kernel does not export init_task
  memory_put_bytes(&m, other, "other", 6);
  memory_put(&m, at, other - at, 4);
  memory_open(&m, NULL);
  assert_int_equal(kl_exports_find(&m.arena, m.image, START, START + BYTES, &e), KL_OK);
  char name[128];
  size_t n;
  uint64_t value;
  unsigned count = 0;
  while (kl_exports_next(&e, name, sizeof name, &n, &value) == KL_OK)
    count++;
  assert_int_equal(count, NAMES);
  memory_close(&m);
}

static void names_alone_are_no_table(void **state) {
  (void)state;
  struct kl_exports e;
  memory_init(&m, START, BYTES);
  memory_put_bytes(&m, STRINGS, "init_task\0nr_cpu_ids", 21);
  memory_put(&m, TABLE + 4, STRINGS - (TABLE + 4), 4); // and one thing that points there
  memory_open(&m, NULL);
  assert_int_equal(kl_exports_find(&m.arena, m.image, START, START + BYTES, &e), KL_ERR_NOT_FOUND);
  memory_close(&m);
}

static void a_gap_ends_the_table_and_costs_no_more(void **state) {
  (void)state;
  struct kl_exports e;
  char name[128];
  size_t n;
  uint64_t value;
  put_table(12);
  const uint64_t absent[] = {START + 0x20000, UINT64_MAX}; // values are places, not read
  memory_open(&m, absent);
  assert_int_equal(kl_exports_find(&m.arena, m.image, START, START + BYTES, &e), KL_OK);
  all_entries_come_in_order(&e, 0);
  memory_close(&m);
  put_table(12);
  const uint64_t strings[] = {START + 0x8000, UINT64_MAX};
  memory_open(&m, strings);
  assert_int_equal(kl_exports_find(&m.arena, m.image, START, START + BYTES, &e), KL_ERR_NOT_FOUND);
  e = (struct kl_exports){m.image, TABLE, TABLE + 12 * NAMES, 12};
  assert_int_equal(kl_exports_next(&e, name, sizeof name, &n, &value), KL_END); // no name can be read
  memory_close(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tables_with_and_without_namespaces_are_found),
      cmocka_unit_test(a_name_may_be_the_end_of_another),
      cmocka_unit_test(another_name_will_do),
      cmocka_unit_test(names_alone_are_no_table),
      cmocka_unit_test(a_gap_ends_the_table_and_costs_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
