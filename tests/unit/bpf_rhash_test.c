// RHASH: tables that grow, and buckets that are leaves of pages.
#include "bpf_builder.h"

// struct bpf_rhtab, rhashtable, bucket_table and rhtab_elem of our own making.
enum { HT = 0x80, TBL = 8, SIZE = 0, NEST = 4, FUTURE = 8, BUCKETS = 0x10, NEXT = 0, DATA = 8, TABLE = 0x100000 };

static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void rhash_guest(uint32_t size, uint32_t nest) {
  bpf_guest(KL_BPF_RHASH, 4, 4, 8);
  guest_field(&g, KL_F_bpf_rhtab_ht, HT, 64);
  guest_field(&g, KL_F_rhashtable_tbl, TBL, 8);
  guest_field(&g, KL_F_bucket_table_size, SIZE, 4);
  guest_field(&g, KL_F_bucket_table_nest, NEST, 4);
  guest_field(&g, KL_F_bucket_table_future_tbl, FUTURE, 8);
  guest_field(&g, KL_F_bucket_table_buckets, BUCKETS, 0);
  guest_field(&g, KL_F_rhash_head_next, NEXT, 8);
  guest_field(&g, KL_F_rhtab_elem_data, DATA, 0);
  guest_put64(&g, BPF_MAP + HT + TBL, VA(TABLE));
  guest_put(&g, TABLE + SIZE, size, 4);
  guest_put(&g, TABLE + NEST, nest, 4);
}

static uint64_t element(unsigned i) {
  uint64_t at = 0x10000 + 0x40 * i;
  guest_put64(&g, at + NEXT, 1);
  guest_put(&g, at + DATA, i, 4);
  guest_put(&g, at + DATA + 8, 100 + i, 4);
  return VA(at);
}

static void expect(unsigned i) {
  assert_int_equal(bpf_next(), KL_OK);
  assert_int_equal(bpf_key(), i);
  assert_int_equal(bpf_value(), 100 + i);
}

static void locked_buckets_and_the_table_to_come_are_read(void **state) {
  (void)state;
  rhash_guest(4, 0);
  guest_put64(&g, TABLE + BUCKETS + 8, element(1) | 1); // somebody holds its lock
  guest_put64(&g, TABLE + FUTURE, VA(TABLE + 0x1000));
  guest_put(&g, TABLE + 0x1000 + SIZE, 8, 4);
  guest_put64(&g, TABLE + 0x1000 + BUCKETS + 8 * 7, element(2));
  assert_int_equal(bpf_open(), KL_OK);
  expect(1);
  expect(2);
  assert_int_equal(bpf_next(), KL_END);
}

// 4096 buckets, 3 bits of whose number the first table takes and 9 the leaves:
// bucket 5 + 8 * 300 is slot 300 of leaf 5.
static void nested_buckets_are_found_by_their_number(void **state) {
  (void)state;
  enum { TOP = 0x120000, LEAF = 0x130000 };
  rhash_guest(4096, 3);
  guest_put64(&g, TABLE + BUCKETS, VA(TOP));
  guest_put64(&g, TOP + 8 * 5, VA(LEAF));
  guest_put64(&g, LEAF + 8 * 300, element(3));
  guest_put64(&g, LEAF, element(4));
  assert_int_equal(bpf_open(), KL_OK);
  expect(4);
  expect(3);
  assert_int_equal(bpf_next(), KL_END);
}

// 2^20 buckets: 2 bits, then two levels of 9.
static void nested_tables_may_have_a_level_between(void **state) {
  (void)state;
  enum { TOP = 0x120000, MIDDLE = 0x130000, LEAF = 0x140000 };
  rhash_guest(1 << 20, 2);
  g.budget.steps = 1u << 22;
  guest_put64(&g, TABLE + BUCKETS, VA(TOP));
  guest_put64(&g, TOP + 8 * 3, VA(MIDDLE));
  guest_put64(&g, MIDDLE + 8 * 511, VA(LEAF));
  guest_put64(&g, LEAF + 8 * 511, element(6));
  assert_int_equal(bpf_open(), KL_OK);
  expect(6);
  assert_int_equal(bpf_next(), KL_END);
}

static void sizes_that_contradict_are_refused(void **state) {
  (void)state;
  rhash_guest(3, 0);
  assert_int_equal(bpf_open(), KL_ERR_MALFORMED);
  guest_close(&g);
  rhash_guest(0, 0);
  assert_int_equal(bpf_open(), KL_ERR_MALFORMED);
  guest_close(&g);
  rhash_guest(4, 3); // fewer buckets than the first table has
  assert_int_equal(bpf_open(), KL_ERR_MALFORMED);
  guest_close(&g);
  rhash_guest(1u << 31, 33);
  assert_int_equal(bpf_open(), KL_ERR_MALFORMED);
}

static void an_element_that_is_its_own_next_ends(void **state) {
  (void)state;
  rhash_guest(4, 0);
  uint64_t at = element(1);
  guest_put64(&g, at - GUEST_DIRECT_MAP + NEXT, at);
  guest_put64(&g, TABLE + BUCKETS, at);
  assert_int_equal(bpf_open(), KL_OK);
  enum kl_status status;
  unsigned given = 0;
  while ((status = bpf_next()) == KL_OK)
    given++;
  assert_int_equal(status, KL_ERR_CYCLE);
  assert_int_equal(given, map.max_entries);
}

static void a_table_to_come_that_cannot_be_read_is_told_of_once(void **state) {
  (void)state;
  rhash_guest(4, 0);
  guest_put64(&g, TABLE + BUCKETS, element(1));
  guest_put64(&g, TABLE + FUTURE, VA(BPF_GUEST_BYTES) - 2); // the size's last two bytes are not there
  assert_int_equal(bpf_open(), KL_OK);
  expect(1);
  assert_int_equal(bpf_next(), KL_ERR_ABSENT);
  assert_int_equal(bpf_next(), KL_END);
}

// Its size was read, the rest was not: nothing of it is taken for this table's.
static void a_table_to_come_that_is_half_there_has_no_buckets(void **state) {
  (void)state;
  rhash_guest(4, 0);
  guest_put64(&g, TABLE + FUTURE, VA(BPF_GUEST_BYTES) - 8);
  guest_put64(&g, BPF_GUEST_BYTES - 8, 64);
  guest_put64(&g, TABLE + BUCKETS + 8 * 5, element(1)); // behind this table's own
  assert_int_equal(bpf_open(), KL_OK);
  assert_int_equal(bpf_next(), KL_ERR_ABSENT);
  assert_int_equal(bpf_next(), KL_END);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(locked_buckets_and_the_table_to_come_are_read, teardown),
      cmocka_unit_test_teardown(nested_buckets_are_found_by_their_number, teardown),
      cmocka_unit_test_teardown(nested_tables_may_have_a_level_between, teardown),
      cmocka_unit_test_teardown(sizes_that_contradict_are_refused, teardown),
      cmocka_unit_test_teardown(an_element_that_is_its_own_next_ends, teardown),
      cmocka_unit_test_teardown(a_table_to_come_that_cannot_be_read_is_told_of_once, teardown),
      cmocka_unit_test_teardown(a_table_to_come_that_is_half_there_has_no_buckets, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
