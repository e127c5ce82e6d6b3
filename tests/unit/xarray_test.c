// Xarrays in memory built by hand, as include/linux/xarray.h lays them out.
#include "guest.h"

#include "walk/xarray.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))
#define POINTER(n) (0xffff888012340000ull + 16 * (uint64_t)(n))

enum { ARRAY = 0x1000, HEAD = ARRAY + 8, NODE = 0x2000, SLOTS = 40 };

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  guest_field(&g, KL_F_xarray_xa_head, 8, 8);
  guest_field(&g, KL_F_xa_node_shift, 0, 1);
  guest_field(&g, KL_F_xa_node_slots, SLOTS, 512);
  guest_field(&g, KL_F_idr_idr_rt, 0, 16);
  guest_field(&g, KL_F_idr_idr_base, 16, 4);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static uint64_t node(unsigned n, uint8_t shift) {
  uint64_t phys = NODE + (uint64_t)n * 0x400;
  guest_put(&g, phys, shift, 1);
  return VA(phys) | 2;
}
static void slot(unsigned n, unsigned i, uint64_t v) {
  guest_put64(&g, NODE + (uint64_t)n * 0x400 + SLOTS + 8 * (uint64_t)i, v);
}

static struct kl_xarray x;
static struct kl_xarray_entry e;

static void open_all(void) {
  kl_xarray_init(&x, &g.kernel, &g.budget, VA(ARRAY), 0, UINT64_MAX);
}
static void expect_pointer(uint64_t index, uint64_t last, uint64_t pointer) {
  assert_int_equal(kl_xarray_next(&x, &e), KL_OK);
  assert_int_equal(e.kind, KL_XARRAY_POINTER);
  assert_int_equal(e.index, index);
  assert_int_equal(e.last, last);
  assert_int_equal(e.pointer, pointer);
}
static void expect_end(void) {
  assert_int_equal(kl_xarray_next(&x, &e), KL_END);
  assert_int_equal(kl_xarray_next(&x, &e), KL_END);
}

static void without_a_node_there_is_at_most_one_entry(void **state) {
  (void)state;
  open_all();
  expect_end();
  guest_put64(&g, HEAD, POINTER(1));
  open_all();
  expect_pointer(0, 0, POINTER(1));
  expect_end();
  kl_xarray_init(&x, &g.kernel, &g.budget, VA(ARRAY), 1, 10);
  expect_end();
  guest_put64(&g, HEAD, 77 << 1 | 1);
  open_all();
  assert_int_equal(kl_xarray_next(&x, &e), KL_OK);
  assert_int_equal(e.kind, KL_XARRAY_VALUE);
  assert_int_equal(e.value, 77);
  expect_end();
}

static void two_levels_give_their_entries_in_order(void **state) {
  (void)state;
  guest_put64(&g, HEAD, node(0, 6));
  slot(0, 0, node(1, 0));
  slot(0, 5, node(2, 0));
  slot(1, 3, POINTER(3));
  slot(1, 63, POINTER(63));
  slot(2, 0, POINTER(320));
  slot(2, 7, 9 << 1 | 1);
  slot(2, 8, 0x406); // XA_ZERO_ENTRY
  slot(2, 9, 0x402); // XA_RETRY_ENTRY
  open_all();
  expect_pointer(3, 3, POINTER(3));
  expect_pointer(63, 63, POINTER(63));
  expect_pointer(320, 320, POINTER(320));
  assert_int_equal(kl_xarray_next(&x, &e), KL_OK);
  assert_int_equal(e.kind, KL_XARRAY_VALUE);
  assert_int_equal(e.index, 327);
  assert_int_equal(e.value, 9);
  assert_int_equal(kl_xarray_next(&x, &e), KL_OK);
  assert_int_equal(e.kind, KL_XARRAY_ZERO);
  assert_int_equal(e.index, 328);
  expect_end();
  kl_xarray_init(&x, &g.kernel, &g.budget, VA(ARRAY), 4, 320);
  expect_pointer(63, 63, POINTER(63));
  expect_pointer(320, 320, POINTER(320));
  expect_end();
  // Past all that the array can hold.
  kl_xarray_init(&x, &g.kernel, &g.budget, VA(ARRAY), 4096, UINT64_MAX);
  expect_end();
}

static void entries_of_several_indices_are_given_once(void **state) {
  (void)state;
  guest_put64(&g, HEAD, node(0, 6));
  slot(0, 0, node(1, 0));
  slot(1, 8, POINTER(8)); // order 2
  for (unsigned i = 9; i < 12; i++)
    slot(1, i, 8 << 2 | 2);
  slot(1, 12, POINTER(12));
  slot(0, 4, POINTER(4)); // order 6 + 1
  slot(0, 5, 4 << 2 | 2);
  open_all();
  expect_pointer(8, 11, POINTER(8));
  expect_pointer(12, 12, POINTER(12));
  expect_pointer(256, 383, POINTER(4));
  expect_end();
  // Begun inside one.
  kl_xarray_init(&x, &g.kernel, &g.budget, VA(ARRAY), 10, 300);
  expect_pointer(8, 11, POINTER(8));
  expect_pointer(12, 12, POINTER(12));
  expect_pointer(256, 383, POINTER(4));
  expect_end();
  assert_int_equal(kl_xarray_load(&g.kernel, &g.budget, VA(ARRAY), 380, &e), KL_OK);
  assert_int_equal(e.pointer, POINTER(4));
  assert_int_equal(kl_xarray_load(&g.kernel, &g.budget, VA(ARRAY), 7, &e), KL_ERR_NOT_FOUND);
}

static void the_last_index_is_reached(void **state) {
  (void)state;
  guest_put64(&g, HEAD, node(0, 60));
  for (unsigned i = 0; i < 10; i++) {
    slot(i, i ? 63 : 15, node(i + 1, (uint8_t)(54 - 6 * i)));
  }
  slot(10, 63, POINTER(1));
  slot(0, 16, POINTER(2)); // behind 2^64
  open_all();
  expect_pointer(UINT64_MAX, UINT64_MAX, POINTER(1));
  expect_end();
}

static void siblings_at_the_top_do_not_wrap(void **state) {
  (void)state;
  guest_put64(&g, HEAD, node(0, 60));
  slot(0, 3, POINTER(3));
  for (unsigned i = 4; i < 64; i++)
    slot(0, i, 3 << 2 | 2);
  open_all();
  expect_pointer(3ull << 60, UINT64_MAX, POINTER(3));
  expect_end();
}

static void chunks_may_be_of_16(void **state) {
  (void)state;
  guest_field(&g, KL_F_xa_node_slots, SLOTS, 128);
  guest_put64(&g, HEAD, node(0, 4));
  slot(0, 15, node(1, 0));
  slot(1, 15, POINTER(1));
  open_all();
  expect_pointer(255, 255, POINTER(1));
  expect_end();
  guest_field(&g, KL_F_xa_node_slots, SLOTS, 120);
  open_all();
  assert_int_equal(kl_xarray_next(&x, &e), KL_ERR_UNSUPPORTED);
  expect_end();
}

static void idrs_begin_at_their_base(void **state) {
  (void)state;
  guest_put(&g, ARRAY + 16, 1, 4);
  guest_put64(&g, HEAD, node(0, 0));
  slot(0, 0, POINTER(1));
  slot(0, 4, POINTER(5));
  kl_idr_init(&x, &g.kernel, &g.budget, VA(ARRAY), 0, UINT64_MAX);
  expect_pointer(1, 1, POINTER(1));
  expect_pointer(5, 5, POINTER(5));
  expect_end();
  kl_idr_init(&x, &g.kernel, &g.budget, VA(ARRAY), 5, 5);
  expect_pointer(5, 5, POINTER(5));
  expect_end();
  kl_idr_init(&x, &g.kernel, &g.budget, VA(ARRAY), 0, 0);
  expect_end();
}

static void xarray_stops_when_shift_does_not_fall(void **state) {
  (void)state;
  static const uint8_t bad[] = {6, 12, 5, 3, 255};
  for (size_t i = 0; i < sizeof bad; i++) {
    guest_put64(&g, HEAD, node(0, 6));
    slot(0, 1, node(1, bad[i]));
    slot(0, 2, node(2, 0));
    slot(2, 0, POINTER(2));
    open_all();
    assert_int_equal(kl_xarray_next(&x, &e), KL_ERR_MALFORMED);
    assert_int_equal(e.index, 64);
    expect_pointer(128, 128, POINTER(2));
    expect_end();
  }
  static const uint8_t bad_root[] = {1, 5, 7, 64, 66, 255};
  for (size_t i = 0; i < sizeof bad_root; i++) {
    guest_put64(&g, HEAD, node(0, bad_root[i]));
    open_all();
    assert_int_equal(kl_xarray_next(&x, &e), KL_ERR_MALFORMED);
    expect_end();
  }
}

static void a_node_that_holds_itself_is_malformed(void **state) {
  (void)state;
  uint64_t self = node(0, 6);
  guest_put64(&g, HEAD, self);
  for (unsigned i = 0; i < 64; i++)
    slot(0, i, self);
  open_all();
  for (unsigned i = 0; i < 64; i++) {
    assert_int_equal(kl_xarray_next(&x, &e), KL_ERR_MALFORMED);
    assert_int_equal(e.index, 64 * (uint64_t)i);
  }
  expect_end();
  guest_put64(&g, HEAD, node(0, 0)); // a node in a leaf
  open_all();
  assert_int_equal(kl_xarray_next(&x, &e), KL_ERR_MALFORMED);
}

static void siblings_of_nothing_are_malformed(void **state) {
  (void)state;
  guest_put64(&g, HEAD, node(0, 0));
  slot(0, 3, 3 << 2 | 2); // of itself
  slot(0, 5, 9 << 2 | 2); // of a later one
  slot(0, 7, 3 << 2 | 2); // of a sibling
  slot(0, 10, POINTER(10));
  slot(0, 12, 10 << 2 | 2); // with a gap between
  open_all();
  static const uint64_t bad[] = {3, 5, 7};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(kl_xarray_next(&x, &e), KL_ERR_MALFORMED);
    assert_int_equal(e.index, bad[i]);
  }
  expect_pointer(10, 10, POINTER(10));
  assert_int_equal(kl_xarray_next(&x, &e), KL_ERR_MALFORMED);
  assert_int_equal(e.index, 12);
  expect_end();
}

static void nodes_that_are_not_there_lose_only_themselves(void **state) {
  (void)state;
  guest_put64(&g, HEAD, node(0, 6));
  slot(0, 1, VA(0x30000000) | 2);
  slot(0, 2, node(2, 0));
  slot(2, 0, POINTER(2));
  open_all();
  assert_int_equal(kl_xarray_next(&x, &e), KL_ERR_ABSENT);
  assert_int_equal(e.index, 64);
  assert_int_equal(e.pointer, VA(0x30000000));
  expect_pointer(128, 128, POINTER(2));
  expect_end();
  kl_xarray_init(&x, &g.kernel, &g.budget, VA(0x30000000), 0, UINT64_MAX);
  assert_int_equal(kl_xarray_next(&x, &e), KL_ERR_ABSENT);
  expect_end();
}

static void shared_nodes_end_by_the_cap_or_the_budget(void **state) {
  (void)state;
  // Every slot of a node is the next node: 64^11 ways.
  guest_put64(&g, HEAD, node(0, 60));
  for (unsigned n = 0; n < 10; n++) {
    uint64_t child = node(n + 1, (uint8_t)(54 - 6 * n));
    for (unsigned i = 0; i < 64; i++)
      slot(n, i, child);
  }
  g.limits.list_nodes = 1000;
  open_all();
  assert_int_equal(kl_xarray_next(&x, &e), KL_ERR_LIMIT);
  expect_end();
  g.budget.steps = 50;
  open_all();
  assert_int_equal(kl_xarray_next(&x, &e), KL_ERR_BUDGET);
  assert_int_equal(g.budget.steps, 0);
  expect_end();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(without_a_node_there_is_at_most_one_entry),
      TEST(two_levels_give_their_entries_in_order),
      TEST(entries_of_several_indices_are_given_once),
      TEST(the_last_index_is_reached),
      TEST(siblings_at_the_top_do_not_wrap),
      TEST(chunks_may_be_of_16),
      TEST(idrs_begin_at_their_base),
      TEST(xarray_stops_when_shift_does_not_fall),
      TEST(a_node_that_holds_itself_is_malformed),
      TEST(siblings_of_nothing_are_malformed),
      TEST(nodes_that_are_not_there_lose_only_themselves),
      TEST(shared_nodes_end_by_the_cap_or_the_budget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
