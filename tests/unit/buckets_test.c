// Hash tables that are arrays of list heads, and what hostile memory makes of them.
#include "guest.h"

#include "walk/buckets.h"

static struct guest g;
static struct kl_buckets buckets;

#define VA(phys) (GUEST_DIRECT_MAP + (phys))
enum { TABLE = 0x2000, NODES = 0x8000 };

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x20000);
  guest_map(&g);
  guest_field(&g, KL_F_hlist_head_first, 0, 8);
  guest_field(&g, KL_F_hlist_node_next, 0, 8);
  guest_field(&g, KL_F_hlist_nulls_head_first, 0, 8);
  guest_field(&g, KL_F_hlist_nulls_node_next, 0, 8);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static uint64_t node(unsigned n) {
  return NODES + 16 * (uint64_t)n;
}

static void begin(uint64_t count, uint64_t stride, uint64_t head, enum kl_chain kind) {
  assert_int_equal(kl_buckets_init(&buckets, &g.kernel, &g.budget, VA(TABLE), count, stride, head, kind), KL_OK);
}
static void expect(unsigned n) {
  uint64_t at = 0;
  assert_int_equal(kl_buckets_next(&buckets, &at), KL_OK);
  assert_int_equal(at, VA(node(n)));
}
static void expect_status(enum kl_status status) {
  uint64_t at = 0;
  assert_int_equal(kl_buckets_next(&buckets, &at), status);
}

static void chains_come_in_the_order_of_buckets(void **state) {
  (void)state;
  // 200 buckets of 16 bytes with the head at 8: more than one block.
  guest_put64(&g, TABLE + 16 * 3 + 8, VA(node(1)));
  guest_put64(&g, node(1), VA(node(2)));
  guest_put64(&g, TABLE + 16 * 199 + 8, VA(node(3)));
  begin(200, 16, 8, KL_CHAIN_HLIST);
  expect(1);
  expect(2);
  expect(3);
  expect_status(KL_END);
  expect_status(KL_END);
}

static void nulls_are_ends_and_empty_buckets(void **state) {
  (void)state;
  for (uint64_t i = 0; i < 8; i++)
    guest_put64(&g, TABLE + 8 * i, 2 * i + 1);
  guest_put64(&g, TABLE + 8 * 5, VA(node(4)));
  guest_put64(&g, node(4), VA(node(5)));
  guest_put64(&g, node(5), 2 * 5 + 1);
  begin(8, 8, 0, KL_CHAIN_NULLS);
  expect(4);
  expect(5);
  expect_status(KL_END);
}

static void a_bucket_of_a_rhashtable_may_be_locked_or_null(void **state) {
  (void)state;
  guest_put64(&g, TABLE + 8, VA(node(1)) | 1);
  guest_put64(&g, node(1), 77);
  guest_put64(&g, TABLE + 16, VA(node(2)));
  guest_put64(&g, node(2), 79);
  guest_put64(&g, TABLE + 24, 1); // locked, and empty
  begin(4, 8, 0, KL_CHAIN_RHASH);
  expect(1);
  expect(2);
  expect_status(KL_END);
}

static void a_chain_that_loops_is_lost_and_the_rest_is_not(void **state) {
  (void)state;
  guest_put64(&g, TABLE, VA(node(1)));
  guest_put64(&g, node(1), VA(node(2)));
  guest_put64(&g, node(2), VA(node(2)));
  guest_put64(&g, TABLE + 8, VA(node(3)));
  begin(2, 8, 0, KL_CHAIN_HLIST);
  uint64_t at;
  enum kl_status status;
  unsigned given = 0;
  while ((status = kl_buckets_next(&buckets, &at)) == KL_OK && given < 100)
    given++;
  assert_int_equal(status, KL_ERR_CYCLE);
  assert_in_range(given, 2, 8);
  expect(3);
  expect_status(KL_END);
}

static void what_no_table_has_is_refused(void **state) {
  (void)state;
  const uint64_t here = VA(TABLE);
  struct kl_kernel *k = &g.kernel;
  assert_int_equal(kl_buckets_init(&buckets, k, &g.budget, here, 1ull << 60, 8, 0, KL_CHAIN_HLIST), KL_ERR_LIMIT);
  expect_status(KL_END);
  assert_int_equal(kl_buckets_init(&buckets, k, &g.budget, here, UINT64_MAX, 8, 0, KL_CHAIN_NULLS), KL_ERR_LIMIT);
  assert_int_equal(kl_buckets_init(&buckets, k, &g.budget, here, 4, 0, 0, KL_CHAIN_HLIST), KL_ERR_MALFORMED);
  expect_status(KL_END);
  assert_int_equal(kl_buckets_init(&buckets, k, &g.budget, here, 4, 16, 9, KL_CHAIN_HLIST), KL_ERR_MALFORMED);
  assert_int_equal(kl_buckets_init(&buckets, k, &g.budget, here, 4, 1 << 20, 0, KL_CHAIN_HLIST), KL_ERR_MALFORMED);
  // The most buckets there may be, with a budget that is soon spent.
  g.budget.steps = 3;
  assert_int_equal(kl_buckets_init(&buckets, k, &g.budget, here, k->limits->hash_buckets, 8, 0, KL_CHAIN_HLIST),
                   KL_OK);
  expect_status(KL_ERR_BUDGET);
  expect_status(KL_END);
}

static void a_part_that_is_not_in_the_dump_is_lost(void **state) {
  (void)state;
  // The table's last two buckets lie behind the memory's end.
  uint64_t end = 0x20000, table = end - 16;
  guest_put64(&g, table, VA(node(1)));
  assert_int_equal(kl_buckets_init(&buckets, &g.kernel, &g.budget, VA(table), 4, 8, 0, KL_CHAIN_HLIST), KL_OK);
  expect(1);
  unsigned lost = 0;
  uint64_t at;
  enum kl_status status;
  while ((status = kl_buckets_next(&buckets, &at)) != KL_END) {
    assert_int_equal(status, KL_ERR_ABSENT);
    assert_true(buckets.lost >= VA(end));
    lost++;
  }
  assert_int_equal(lost, 2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(chains_come_in_the_order_of_buckets),
      TEST(nulls_are_ends_and_empty_buckets),
      TEST(a_bucket_of_a_rhashtable_may_be_locked_or_null),
      TEST(a_chain_that_loops_is_lost_and_the_rest_is_not),
      TEST(what_no_table_has_is_refused),
      TEST(a_part_that_is_not_in_the_dump_is_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
