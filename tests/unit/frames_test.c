// The walk over all frames: free blocks, gaps, and struct pages that lie.
#include "page_builder.h"

#include "linux/frames.h"

static struct guest g;
static struct kl_frame_walk walk;
static struct kl_frame frame;

static int setup(void **state) {
  (void)state;
  pages_open(&g);
  for (uint64_t pfn = 0; pfn < 128; pfn++) // as many as the guest has
    put_page(&g, pfn, 0, 0, 0, 1);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void begin(uint64_t first, uint64_t last) {
  kl_frame_walk_init(&walk, &g.kernel, &g.budget, first, last, NULL);
}
static void expect(uint64_t pfn, enum kl_page_kind kind, uint8_t order) {
  assert_int_equal(kl_frame_walk_next(&walk, &frame), KL_OK);
  assert_int_equal(frame.page.pfn, pfn);
  assert_int_equal(frame.kind, kind);
  assert_int_equal(frame.order, order);
}
static void expect_end(void) {
  assert_int_equal(kl_frame_walk_next(&walk, &frame), KL_END);
  assert_int_equal(kl_frame_walk_next(&walk, &frame), KL_END);
}
// The other pages of a free block say nothing.
static void put_block(uint64_t pfn, uint64_t order, uint64_t pages) {
  for (uint64_t i = 1; i < pages; i++)
    put_page(&g, pfn + i, 0, 0, 0, 0);
  put_free_block(&g, pfn, order);
}

static void frames_come_in_order_each_with_its_kind(void **state) {
  (void)state;
  put_page(&g, 1, 1u << LRU, ANON_MAPPING, 0, 1);
  put_folio(&g, 4, 1, 1u << LRU, 0xffff888000011000, 0);
  begin(0, 6);
  expect(0, KL_KIND_UNKNOWN, 0);
  expect(1, KL_KIND_ANON, 0);
  expect(2, KL_KIND_UNKNOWN, 0);
  expect(3, KL_KIND_UNKNOWN, 0);
  expect(4, KL_KIND_FILE, 1);
  expect(5, KL_KIND_FILE, 1);
  expect(6, KL_KIND_UNKNOWN, 0);
  expect_end();
}

static void the_dump_ends_the_walk(void **state) {
  (void)state;
  begin(126, UINT64_MAX);
  expect(126, KL_KIND_UNKNOWN, 0);
  expect(127, KL_KIND_UNKNOWN, 0);
  expect_end();
  begin(128, UINT64_MAX);
  expect_end();
  begin(UINT64_MAX, UINT64_MAX);
  expect_end();
  begin(5, 4);
  expect_end();
}

static void a_free_block_is_free_throughout(void **state) {
  (void)state;
  put_block(8, 3, 8);
  begin(7, 16);
  expect(7, KL_KIND_UNKNOWN, 0);
  for (uint64_t pfn = 8; pfn < 16; pfn++)
    expect(pfn, KL_KIND_FREE, 3);
  expect(16, KL_KIND_UNKNOWN, 0);
  begin(13, 15); // from its middle on
  for (uint64_t pfn = 13; pfn < 16; pfn++)
    expect(pfn, KL_KIND_FREE, 3);
}

static void blocks_lie_where_their_size_allows(void **state) {
  (void)state;
  put_block(9, 3, 8);
  begin(9, 16);
  expect(9, KL_KIND_FREE, 3); // what it says of itself
  for (uint64_t pfn = 10; pfn < 17; pfn++)
    expect(pfn, KL_KIND_UNKNOWN, 0);
}

static void a_block_does_not_take_what_has_users(void **state) {
  (void)state;
  put_block(8, 3, 8);
  put_page(&g, 10, 1u << LRU, ANON_MAPPING, 0, 1);
  begin(8, 11);
  expect(8, KL_KIND_FREE, 3);
  expect(9, KL_KIND_FREE, 3);
  expect(10, KL_KIND_ANON, 0);
  expect(11, KL_KIND_FREE, 3);
}

static void a_block_over_the_end_ends_there(void **state) {
  (void)state;
  put_block(64, 15, 64); // not aligned to its size
  put_block(0, 15, 8);   // aligned, and of more frames than there are
  begin(0, UINT64_MAX);
  for (uint64_t pfn = 0; pfn < 128; pfn++)
    expect(pfn, pfn < 8 || pfn >= 64 ? KL_KIND_FREE : KL_KIND_UNKNOWN, pfn < 8 || pfn >= 64 ? 15 : 0);
  expect_end();
}

static void orders_past_the_cap_are_errors_once(void **state) {
  (void)state;
  put_block(8, 21, 2);
  put_block(10, 1ull << 60, 2);
  begin(8, 11);
  for (uint64_t pfn = 8; pfn < 12; pfn++) {
    if (pfn % 2) {
      expect(pfn, KL_KIND_UNKNOWN, 0);
      continue;
    }
    assert_int_equal(kl_frame_walk_next(&walk, &frame), KL_ERR_MALFORMED);
    assert_int_equal(frame.page.pfn, pfn);
  }
  expect_end();
}

static void what_is_not_managed_is_stepped_over(void **state) {
  (void)state;
  g.kernel.vmemmap_base = GUEST_DIRECT_MAP - 4 * PAGE_BYTES; // the first four are not mapped
  begin(0, 4);
  expect(4, KL_KIND_UNKNOWN, 0);
  expect_end();
}

static void what_can_not_be_read_is_an_error_once(void **state) {
  (void)state;
  g.kernel.vmemmap_base = GUEST_DIRECT_MAP + g.bytes - 126 * PAGE_BYTES;
  begin(126, UINT64_MAX);
  for (uint64_t pfn = 126; pfn < 128; pfn++) {
    assert_int_equal(kl_frame_walk_next(&walk, &frame), KL_ERR_ABSENT);
    assert_int_equal(frame.page.pfn, pfn);
  }
  expect_end();
}

static void every_frame_costs(void **state) {
  (void)state;
  g.budget.steps = 3;
  begin(0, UINT64_MAX);
  for (uint64_t pfn = 0; pfn < 3; pfn++)
    expect(pfn, KL_KIND_UNKNOWN, 0);
  assert_int_equal(kl_frame_walk_next(&walk, &frame), KL_ERR_BUDGET);
  assert_int_equal(kl_frame_walk_next(&walk, &frame), KL_ERR_BUDGET);
}

static void frames_in_part_are_left_out(void **state) {
  (void)state;
  struct kl_kernel kernel = g.kernel;
  guest_close(&g);
  // Up to the last byte that can be named: three whole frames, and parts.
  guest_open(&g, UINT64_MAX - 0x3fff - 0x800, 0x4000);
  kernel.image = g.image;
  g.kernel = kernel;
  begin(0, UINT64_MAX);
  expect_end(); // no kernel has struct pages for these
  guest_close(&g);
  guest_open(&g, 0x1800, 0x1000); // parts of two
  kernel.image = g.image;
  g.kernel = kernel;
  begin(0, UINT64_MAX);
  expect_end();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(frames_come_in_order_each_with_its_kind),
      TEST(the_dump_ends_the_walk),
      TEST(a_free_block_is_free_throughout),
      TEST(blocks_lie_where_their_size_allows),
      TEST(a_block_does_not_take_what_has_users),
      TEST(a_block_over_the_end_ends_there),
      TEST(orders_past_the_cap_are_errors_once),
      TEST(what_is_not_managed_is_stepped_over),
      TEST(what_can_not_be_read_is_an_error_once),
      TEST(every_frame_costs),
      TEST(frames_in_part_are_left_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
