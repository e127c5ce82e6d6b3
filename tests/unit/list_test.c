// Lists and red-black trees in memory built by hand, as include/linux/list.h
// and rbtree.h lay them out.
#include "guest.h"

#include "walk/list.h"
#include "walk/rbtree.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  guest_field(&g, KL_F_list_head_next, 0, 8);
  guest_field(&g, KL_F_hlist_head_first, 0, 8);
  guest_field(&g, KL_F_hlist_node_next, 0, 8);
  guest_field(&g, KL_F_hlist_nulls_head_first, 0, 8);
  guest_field(&g, KL_F_hlist_nulls_node_next, 0, 8);
  guest_field(&g, KL_F_rb_root_rb_node, 0, 8);
  guest_field(&g, KL_F_rb_node_rb_right, 8, 8);
  guest_field(&g, KL_F_rb_node_rb_left, 16, 8);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// A chain 0x1000 -> 0x1010 -> ... of n nodes behind the head at 0x1000; the
// last one holds end.
static void chain(size_t n, uint64_t end) {
  for (size_t i = 0; i < n; i++)
    guest_put64(&g, 0x1000 + 16 * i, VA(0x1000 + 16 * (i + 1)));
  guest_put64(&g, 0x1000 + 16 * n, end);
}

static void expect(struct kl_list *list, size_t n, enum kl_status end) {
  uint64_t node = 0;
  for (size_t i = 1; i <= n; i++) {
    assert_int_equal(kl_list_next(list, &node), KL_OK);
    assert_int_equal(node, VA(0x1000 + 16 * i));
  }
  assert_int_equal(kl_list_next(list, &node), end);
  assert_int_equal(kl_list_next(list, &node), KL_END);
}

static void lists_end_at_their_head(void **state) {
  (void)state;
  struct kl_list list;
  for (size_t n = 0; n < 5; n++) {
    chain(n, VA(0x1000));
    kl_list_init(&list, &g.kernel, &g.budget, VA(0x1000));
    expect(&list, n, KL_END);
  }
}

static void hlists_end_at_null(void **state) {
  (void)state;
  struct kl_list list;
  for (size_t n = 0; n < 5; n++) {
    chain(n, 0);
    kl_hlist_init(&list, &g.kernel, &g.budget, VA(0x1000));
    expect(&list, n, KL_END);
  }
}

static void hlist_nulls_end_at_a_marker(void **state) {
  (void)state;
  struct kl_list list;
  chain(3, 77 << 1 | 1);
  kl_hlist_nulls_init(&list, &g.kernel, &g.budget, VA(0x1000));
  expect(&list, 3, KL_END);
  assert_int_equal(list.nulls, 77);
  chain(3, 0);
  kl_hlist_nulls_init(&list, &g.kernel, &g.budget, VA(0x1000));
  expect(&list, 3, KL_ERR_MALFORMED);
}

static void lists_that_do_not_come_back_are_cycles(void **state) {
  (void)state;
  // Every length of the way in and of the loop.
  for (size_t in = 1; in < 9; in++)
    for (size_t loop = 1; loop < 9; loop++) {
      chain(in + loop - 1, VA(0x1000 + 16 * in));
      struct kl_list list;
      kl_list_init(&list, &g.kernel, &g.budget, VA(0x1000));
      uint64_t node;
      enum kl_status status;
      size_t given = 0;
      while ((status = kl_list_next(&list, &node)) == KL_OK)
        given++;
      assert_int_equal(status, KL_ERR_CYCLE);
      assert_true(given >= in + loop - 1 && given <= 3 * (in + loop));
    }
}

static void a_list_says_what_stopped_it(void **state) {
  (void)state;
  struct kl_list list;
  chain(3, 0);
  kl_list_init(&list, &g.kernel, &g.budget, VA(0x1000));
  expect(&list, 3, KL_ERR_MALFORMED);
  // A node in memory that the dump lacks is given; what follows it is lost.
  chain(2, VA(0x30000000));
  kl_list_init(&list, &g.kernel, &g.budget, VA(0x1000));
  uint64_t node;
  for (int i = 0; i < 3; i++)
    assert_int_equal(kl_list_next(&list, &node), KL_OK);
  assert_int_equal(kl_list_next(&list, &node), KL_ERR_ABSENT);
  chain(2, 0xdead000000000100); // LIST_POISON1
  kl_list_init(&list, &g.kernel, &g.budget, VA(0x1000));
  for (int i = 0; i < 3; i++)
    assert_int_equal(kl_list_next(&list, &node), KL_OK);
  assert_int_equal(kl_list_next(&list, &node), KL_ERR_UNMAPPED);
}

static void lists_stop_at_the_cap_and_at_the_budget(void **state) {
  (void)state;
  struct kl_list list;
  chain(10, VA(0x1000));
  g.limits.list_nodes = 10;
  kl_list_init(&list, &g.kernel, &g.budget, VA(0x1000));
  expect(&list, 10, KL_END);
  g.limits.list_nodes = 9;
  kl_list_init(&list, &g.kernel, &g.budget, VA(0x1000));
  expect(&list, 9, KL_ERR_LIMIT);
  g.limits.list_nodes = 10;
  g.budget.steps = 4;
  kl_list_init(&list, &g.kernel, &g.budget, VA(0x1000));
  expect(&list, 4, KL_ERR_BUDGET);
}

static void rb_node(uint64_t phys, uint64_t left, uint64_t right) {
  guest_put64(&g, phys + 16, left ? VA(left) : 0);
  guest_put64(&g, phys + 8, right ? VA(right) : 0);
}

//        4
//      /   .
//     2     6
//    / .   /
//   1   3 5        node i at 0x2000 + 0x100 * i, the root at 0x2000
static void plant(void) {
  guest_put64(&g, 0x2000, VA(0x2400));
  rb_node(0x2400, 0x2200, 0x2600);
  rb_node(0x2200, 0x2100, 0x2300);
  rb_node(0x2600, 0x2500, 0);
}

static void trees_are_walked_in_order(void **state) {
  (void)state;
  plant();
  struct kl_rbtree tree;
  kl_rbtree_init(&tree, &g.kernel, &g.budget, VA(0x2000));
  uint64_t node;
  for (uint64_t i = 1; i <= 6; i++) {
    assert_int_equal(kl_rbtree_next(&tree, &node), KL_OK);
    assert_int_equal(node, VA(0x2000 + 0x100 * i));
  }
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_END);
  guest_put64(&g, 0x2000, 0);
  kl_rbtree_init(&tree, &g.kernel, &g.budget, VA(0x2000));
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_END);
  kl_rbtree_init(&tree, &g.kernel, &g.budget, VA(0x30000000));
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_ERR_ABSENT);
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_END);
}

static void trees_lose_only_what_hangs_below_a_bad_node(void **state) {
  (void)state;
  plant();
  rb_node(0x2200, 0x30000000, 0x2300); // 1 is not there
  rb_node(0x2600, 0x2400, 0);          // 6 has its own parent below it
  struct kl_rbtree tree;
  kl_rbtree_init(&tree, &g.kernel, &g.budget, VA(0x2000));
  uint64_t node;
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_ERR_ABSENT);
  assert_int_equal(node, VA(0x30000000));
  static const uint64_t rest[] = {0x2200, 0x2300, 0x2400};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(kl_rbtree_next(&tree, &node), KL_OK);
    assert_int_equal(node, VA(rest[i]));
  }
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_ERR_CYCLE);
  assert_int_equal(node, VA(0x2400));
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_OK);
  assert_int_equal(node, VA(0x2600));
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_END);
}

static void trees_that_lead_back_are_cycles(void **state) {
  (void)state;
  struct kl_rbtree tree;
  uint64_t node;
  guest_put64(&g, 0x2000, VA(0x2400));
  rb_node(0x2400, 0, 0x2400); // to the right, where the node was already given
  kl_rbtree_init(&tree, &g.kernel, &g.budget, VA(0x2000));
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_OK);
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_ERR_CYCLE);
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_END);
}

static void trees_end_by_depth_and_by_the_cap(void **state) {
  (void)state;
  struct kl_rbtree tree;
  uint64_t node;
  guest_put64(&g, 0x2000, VA(0x4000));
  for (uint64_t i = 0; i < 100; i++)
    rb_node(0x4000 + 32 * i, 0x4000 + 32 * (i + 1), 0);
  kl_rbtree_init(&tree, &g.kernel, &g.budget, VA(0x2000));
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_ERR_LIMIT);
  for (size_t i = KL_RBTREE_DEPTH; i-- > 0;) {
    assert_int_equal(kl_rbtree_next(&tree, &node), KL_OK);
    assert_int_equal(node, VA(0x4000 + 32 * i));
  }
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_END);
  // Both sides lead to the next: 2^60 ways.
  for (uint64_t i = 0; i < 60; i++)
    rb_node(0x4000 + 32 * i, 0x4000 + 32 * (i + 1), 0x4000 + 32 * (i + 1));
  rb_node(0x4000 + 32 * 60, 0, 0);
  g.limits.list_nodes = 1000;
  kl_rbtree_init(&tree, &g.kernel, &g.budget, VA(0x2000));
  enum kl_status status;
  while ((status = kl_rbtree_next(&tree, &node)) == KL_OK)
    ;
  assert_int_equal(status, KL_ERR_LIMIT);
  assert_int_equal(kl_rbtree_next(&tree, &node), KL_END);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(lists_end_at_their_head),         TEST(hlists_end_at_null),
      TEST(hlist_nulls_end_at_a_marker),     TEST(lists_that_do_not_come_back_are_cycles),
      TEST(a_list_says_what_stopped_it),     TEST(lists_stop_at_the_cap_and_at_the_budget),
      TEST(trees_are_walked_in_order),       TEST(trees_lose_only_what_hangs_below_a_bad_node),
      TEST(trees_that_lead_back_are_cycles), TEST(trees_end_by_depth_and_by_the_cap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
