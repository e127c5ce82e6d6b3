// Maple trees in memory built by hand, as include/linux/maple_tree.h lays them
// out on 64 bits.
#include "guest.h"

#include "walk/maple.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))
#define POINTER(n) (0xffff888012340000ull + 16 * (uint64_t)(n))

enum { TREE = 0x1000, NODES = 0x2000 };
enum type { DENSE, LEAF, RANGE, ARANGE };

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  guest_field(&g, KL_F_maple_tree_ma_root, 8, 8);
  guest_field(&g, KL_F_maple_node_parent, 0, 8);
  guest_field(&g, KL_F_maple_node_slot, 8, 8 * 31);
  guest_field(&g, KL_F_maple_range_64_pivot, 8, 8 * 15);
  guest_field(&g, KL_F_maple_range_64_slot, 128, 8 * 16);
  guest_field(&g, KL_F_maple_range_64_meta, 128 + 8 * 15, 2);
  guest_field(&g, KL_F_maple_arange_64_pivot, 8, 8 * 9);
  guest_field(&g, KL_F_maple_arange_64_slot, 80, 8 * 10);
  guest_field(&g, KL_F_maple_arange_64_meta, 240, 2);
  guest_field(&g, KL_F_maple_metadata_end, 0, 1);
  static const enum kl_enum_id types[] = {KL_E_maple_type_maple_dense, KL_E_maple_type_maple_leaf_64,
                                          KL_E_maple_type_maple_range_64, KL_E_maple_type_maple_arange_64};
  for (int i = 0; i < 4; i++) {
    g.kernel.enums[types[i]].present = true;
    g.kernel.enums[types[i]].value = i;
  }
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static uint64_t at(unsigned n) {
  return NODES + 0x100 * (uint64_t)n;
}
// What a slot holds for node n: bit 2 stands for a null somewhere below.
static uint64_t node(unsigned n, enum type type) {
  return VA(at(n)) | (uint64_t)type << 3 | 4;
}
static void root(uint64_t v) {
  guest_put64(&g, TREE + 8, v);
}
static void range(unsigned n, unsigned i, uint64_t pivot, uint64_t slot) {
  if (i < 15)
    guest_put64(&g, at(n) + 8 + 8 * (uint64_t)i, pivot);
  guest_put64(&g, at(n) + 128 + 8 * (uint64_t)i, slot);
}
static void arange(unsigned n, unsigned i, uint64_t pivot, uint64_t slot) {
  if (i < 9)
    guest_put64(&g, at(n) + 8 + 8 * (uint64_t)i, pivot);
  guest_put64(&g, at(n) + 80 + 8 * (uint64_t)i, slot);
}
static void range_end(unsigned n, uint8_t end) {
  guest_put(&g, at(n) + 128 + 8 * 15, end, 1);
}
static void arange_end(unsigned n, uint8_t end) {
  guest_put(&g, at(n) + 240, end, 1);
}

static struct kl_maple m;
static struct kl_maple_entry e;

static void open_range(uint64_t first, uint64_t last) {
  kl_maple_init(&m, &g.kernel, &g.budget, VA(TREE), first, last);
}
static void expect(uint64_t first, uint64_t last, uint64_t pointer) {
  assert_int_equal(kl_maple_next(&m, &e), KL_OK);
  assert_int_equal(e.first, first);
  assert_int_equal(e.last, last);
  assert_int_equal(e.pointer, pointer);
}
static void expect_lost(enum kl_status status, uint64_t first, uint64_t last) {
  assert_int_equal(kl_maple_next(&m, &e), status);
  assert_int_equal(e.first, first);
  assert_int_equal(e.last, last);
}
static void expect_end(void) {
  assert_int_equal(kl_maple_next(&m, &e), KL_END);
  assert_int_equal(kl_maple_next(&m, &e), KL_END);
}

static void without_a_node_the_root_is_index_0(void **state) {
  (void)state;
  open_range(0, UINT64_MAX);
  expect_end();
  root(POINTER(1));
  open_range(0, UINT64_MAX);
  expect(0, 0, POINTER(1));
  expect_end();
  open_range(1, UINT64_MAX);
  expect_end();
}

static void a_leaf_gives_what_it_holds(void **state) {
  (void)state;
  root(node(0, LEAF) | 2);
  range(0, 0, 0xfff, 0);
  range(0, 1, 0x1fff, POINTER(1));
  range(0, 2, 0x4fff, 0);
  range(0, 3, 0x5fff, POINTER(2));
  range(0, 4, 0, 0); // to the end: nothing
  range_end(0, 4);
  open_range(0, UINT64_MAX);
  expect(0x1000, 0x1fff, POINTER(1));
  expect(0x5000, 0x5fff, POINTER(2));
  expect_end();
  open_range(0x1800, 0x5000);
  expect(0x1000, 0x1fff, POINTER(1));
  expect(0x5000, 0x5fff, POINTER(2));
  expect_end();
  open_range(0x2000, 0x4fff);
  expect_end();
}

static void a_full_leaf_has_no_metadata(void **state) {
  (void)state;
  root(node(0, LEAF) | 2);
  for (unsigned i = 0; i < 16; i++)
    range(0, i, 16 * i + 15, POINTER(i));
  open_range(0, UINT64_MAX);
  for (unsigned i = 0; i < 15; i++)
    expect(16 * i, 16 * i + 15, POINTER(i));
  expect(240, UINT64_MAX, POINTER(15));
  expect_end();
  // 15 in use: the last pivot is the maximum, slot 15 is no slot.
  guest_put64(&g, at(0) + 8 + 8 * 14, UINT64_MAX);
  open_range(224, UINT64_MAX);
  expect(224, UINT64_MAX, POINTER(14));
  expect_end();
}

// An allocation node over a range node over leaves.
static void plant(void) {
  root(node(0, ARANGE) | 2);
  arange(0, 0, 0xffff, node(1, RANGE));
  arange(0, 1, 0x1ffff, node(2, LEAF));
  arange(0, 2, 0x1234, 0); // stale, behind the end
  arange_end(0, 1);
  guest_put64(&g, at(0) + 8 + 8 * 1, 0);
  range(1, 0, 0x7fff, node(3, LEAF));
  range(1, 1, 0xffff, node(4, LEAF));
  range_end(1, 1);
  range(2, 0, 0x10fff, POINTER(20));
  range(2, 1, 0, 0);
  range_end(2, 1);
  range(3, 0, 0xfff, POINTER(30));
  range(3, 1, 0x7fff, POINTER(31));
  range_end(3, 1);
  range(4, 0, 0x8fff, 0);
  range(4, 1, 0xffff, POINTER(40));
  range_end(4, 1);
}

static void levels_are_walked_in_order(void **state) {
  (void)state;
  plant();
  open_range(0, UINT64_MAX);
  expect(0, 0xfff, POINTER(30));
  expect(0x1000, 0x7fff, POINTER(31));
  expect(0x9000, 0xffff, POINTER(40));
  expect(0x10000, 0x10fff, POINTER(20));
  expect_end();
  open_range(0x9000, 0x9000);
  expect(0x9000, 0xffff, POINTER(40));
  expect_end();
}

static void reserved_values_are_not_given(void **state) {
  (void)state;
  root(node(0, LEAF) | 2);
  range(0, 0, 0xfff, 0x406); // XA_ZERO_ENTRY
  range(0, 1, 0x1fff, POINTER(1));
  range_end(0, 2);
  open_range(0, UINT64_MAX);
  expect(0x1000, 0x1fff, POINTER(1));
  expect_end();
}

static void dense_nodes_hold_an_index_a_slot(void **state) {
  (void)state;
  root(node(0, DENSE) | 2);
  guest_put64(&g, at(0) + 8 + 8 * 5, POINTER(5));
  guest_put64(&g, at(0) + 8 + 8 * 30, POINTER(30));
  open_range(0, UINT64_MAX);
  expect(5, 5, POINTER(5));
  expect(30, 30, POINTER(30));
  expect_end();
}

static void bad_nodes_lose_only_their_range(void **state) {
  (void)state;
  plant();
  guest_put64(&g, at(1) + 128, 0xffff888030000004 | LEAF << 3); // not in the dump
  open_range(0, UINT64_MAX);
  expect_lost(KL_ERR_ABSENT, 0, 0x7fff);
  assert_int_equal(e.pointer, 0xffff888030000000);
  expect(0x9000, 0xffff, POINTER(40));
  expect(0x10000, 0x10fff, POINTER(20));
  expect_end();

  plant();
  guest_put64(&g, at(1) + 128, node(3, ARANGE) | 9 << 3); // a type that nobody knows
  open_range(0, UINT64_MAX);
  expect_lost(KL_ERR_UNSUPPORTED, 0, 0x7fff);
  expect(0x9000, 0xffff, POINTER(40));

  plant();
  guest_put64(&g, at(3), VA(at(3))); // dead
  open_range(0, UINT64_MAX);
  expect_lost(KL_ERR_MALFORMED, 0, 0x7fff);
  expect(0x9000, 0xffff, POINTER(40));

  plant();
  range(1, 0, 0x7fff, node(0, LEAF)); // its own ancestor
  open_range(0, UINT64_MAX);
  expect_lost(KL_ERR_CYCLE, 0, 0x7fff);
  expect(0x9000, 0xffff, POINTER(40));
}

static void pivots_must_rise_inside_their_range(void **state) {
  (void)state;
  static const uint64_t bad[][2] = {{0x5fff, 0x4fff}, {0x1000, 0x1000}, {0x7fff, 0x8fff}, {0xffff, 0x10fff}};
  for (size_t i = 0; i < 4; i++) {
    plant();
    range(3, 0, bad[i][0], POINTER(1));
    range(3, 1, bad[i][1], POINTER(2));
    range(3, 2, 0, POINTER(3));
    range_end(3, 2);
    open_range(0, UINT64_MAX);
    expect_lost(KL_ERR_MALFORMED, 0, 0x7fff);
    expect(0x9000, 0xffff, POINTER(40));
  }
  plant();
  range_end(3, 16); // more than there are
  open_range(0, UINT64_MAX);
  expect_lost(KL_ERR_MALFORMED, 0, 0x7fff);
}

static void a_node_that_holds_itself_is_a_cycle(void **state) {
  (void)state;
  root(node(0, RANGE) | 2);
  range(0, 0, 0, node(0, RANGE)); // one slot, of the whole range
  range_end(0, 0);
  open_range(0, UINT64_MAX);
  expect_lost(KL_ERR_CYCLE, 0, UINT64_MAX);
  expect_end();
}

static void height_and_nodes_are_capped(void **state) {
  (void)state;
  root(node(0, RANGE) | 2);
  for (unsigned n = 0; n < 40; n++) {
    range(n, 0, 0, node(n + 1, RANGE));
    range_end(n, 0);
  }
  open_range(0, UINT64_MAX);
  expect_lost(KL_ERR_LIMIT, 0, UINT64_MAX);
  expect_end();
  // A leaf that every slot of every node names.
  for (unsigned i = 0; i < 16; i++)
    range(0, i, 1000 * i + 999, node(1, LEAF));
  memset(g.memory + at(1), 0, 256);
  g.limits.list_nodes = 5;
  open_range(0, UINT64_MAX);
  assert_int_equal(kl_maple_next(&m, &e), KL_ERR_LIMIT);
  expect_end();
  g.limits.list_nodes = 100;
  g.budget.steps = 5;
  open_range(0, UINT64_MAX);
  assert_int_equal(kl_maple_next(&m, &e), KL_ERR_BUDGET);
  expect_end();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(without_a_node_the_root_is_index_0),  TEST(a_leaf_gives_what_it_holds),
      TEST(a_full_leaf_has_no_metadata),         TEST(levels_are_walked_in_order),
      TEST(reserved_values_are_not_given),       TEST(dense_nodes_hold_an_index_a_slot),
      TEST(bad_nodes_lose_only_their_range),     TEST(pivots_must_rise_inside_their_range),
      TEST(a_node_that_holds_itself_is_a_cycle), TEST(height_and_nodes_are_capped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
