// The swap cache in its three forms, and tables and trees that lie.
#include "page_builder.h"

#include "linux/swap_cache.h"

static struct guest g;
static struct kl_swap_cache_walk walk;
static struct kl_swap_page page;

enum { VARIABLES = 0x1000, AREA = 0x1100, CLUSTERS = 0x1200, TABLE = 0x2000, SPACES = 0x3000, SPACE_BYTES = 0x40 };
enum { AREAS_AT = 0x10, SPACES_AT = 0x20, COUNTS_AT = 0x40 }; // variables: behind the number of areas
enum { MAX = 0, CLUSTER_INFO = 8, TABLE_AT = 8, CLUSTER_BYTES = 0x20 };
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

static void symbol(enum kl_symbol_id id, uint64_t phys) {
  g.kernel.known[id].present = true;
  g.kernel.known[id].address = VA(phys);
}

static int setup(void **state) {
  (void)state;
  pages_open(&g);
  symbol(KL_S_nr_swapfiles, VARIABLES);
  symbol(KL_S_swap_info, VARIABLES + AREAS_AT);
  guest_put(&g, VARIABLES, 1, 4);
  guest_put64(&g, VARIABLES + AREAS_AT, VA(AREA));
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// A page with this place in area 0.
static void put_swapped(uint64_t pfn, uint64_t slot) {
  put_page(&g, pfn, 1u << SWAPCACHE | 1u << SWAPBACKED, ANON_MAPPING, 0, 1);
  guest_put64(&g, page_phys(pfn) + P_PRIVATE, slot);
}

// The form of 6.18: a table of 64 entries for each of two clusters, of which the
// second has none.
static void plant_tables(void) {
  guest_field(&g, KL_F_swap_info_struct_max, MAX, 4);
  guest_field(&g, KL_F_swap_info_struct_cluster_info, CLUSTER_INFO, 8);
  guest_field(&g, KL_F_swap_cluster_info_table, TABLE_AT, 8);
  guest_field(&g, KL_F_swap_table_entries, 0, 512);
  g.kernel.types[KL_T_swap_cluster_info].present = true;
  g.kernel.types[KL_T_swap_cluster_info].bytes = CLUSTER_BYTES;
  guest_put(&g, AREA + MAX, 100, 4);
  guest_put64(&g, AREA + CLUSTER_INFO, VA(CLUSTERS));
  guest_put64(&g, CLUSTERS + TABLE_AT, VA(TABLE));
}
static void entry(unsigned slot, uint64_t v) {
  guest_put64(&g, TABLE + 8 * (uint64_t)slot, v);
}

// The form before: an address_space whose tree is one node.
static void plant_tree(void) {
  symbol(KL_S_swapper_spaces, VARIABLES + SPACES_AT);
  symbol(KL_S_nr_swapper_spaces, VARIABLES + COUNTS_AT);
  guest_field(&g, KL_F_address_space_i_pages, 8, 16);
  guest_field(&g, KL_F_xarray_xa_head, 8, 8);
  guest_field(&g, KL_F_xa_node_shift, 0, 1);
  guest_field(&g, KL_F_xa_node_slots, 40, 512);
  g.kernel.types[KL_T_address_space].present = true;
  g.kernel.types[KL_T_address_space].bytes = SPACE_BYTES;
  guest_put64(&g, VARIABLES + SPACES_AT, VA(SPACES));
  guest_put(&g, VARIABLES + COUNTS_AT, 1, 4);
  guest_put64(&g, SPACES + 16, VA(TABLE) | 2);
}
static void slot_of_tree(unsigned slot, uint64_t v) {
  guest_put64(&g, TABLE + 40 + 8 * (uint64_t)slot, v);
}

static void begin(void) {
  assert_int_equal(kl_swap_cache_walk_init(&walk, &g.kernel, &g.budget), KL_OK);
}
static void expect(uint64_t pfn, uint64_t slot) {
  assert_int_equal(kl_swap_cache_walk_next(&walk, &page), KL_OK);
  assert_int_equal(page.pfn, pfn);
  assert_int_equal(page.slot, slot);
  assert_int_equal(walk.area, 1);
}
static void expect_end(void) {
  assert_int_equal(kl_swap_cache_walk_next(&walk, &page), KL_END);
  assert_int_equal(kl_swap_cache_walk_next(&walk, &page), KL_END);
}

static void pages_of_trees(void **state) {
  (void)state;
  plant_tree();
  put_swapped(9, 5);
  put_swapped(7, 60);
  slot_of_tree(5, page_va(9));
  slot_of_tree(6, 77 << 1 | 1); // a shadow
  slot_of_tree(60, page_va(7));
  begin();
  expect(9, 5);
  expect(7, 60);
  expect_end();
}

static void entries_that_hold_struct_pages(void **state) {
  (void)state;
  plant_tables();
  put_swapped(9, 3);
  entry(3, page_va(9));
  entry(4, 77 << 1 | 1);
  begin();
  expect(9, 3);
  expect_end();
}

static void entries_that_hold_numbers_of_frames(void **state) {
  (void)state;
  plant_tables();
  put_swapped(9, 3);
  put_swapped(10, 4);
  entry(3, 9 << 2 | 2 | 1ull << 60); // one user
  entry(4, 10 << 2 | 2);
  entry(5, 1ull << 60 | 1); // swapped out, and used
  entry(6, ~0ull << 3);     // bad
  begin();
  expect(9, 3);
  expect(10, 4);
  expect_end();
}

static void a_large_folio_is_given_once(void **state) {
  (void)state;
  plant_tables();
  put_folio(&g, 8, 2, 1u << SWAPCACHE | 1u << SWAPBACKED, ANON_MAPPING, 0);
  guest_put64(&g, page_phys(8) + P_PRIVATE, 16);
  for (unsigned i = 0; i < 4; i++)
    entry(16 + i, page_va(8));
  begin();
  for (uint64_t i = 0; i < 4; i++)
    expect(8 + i, 16 + i);
  expect_end();
}

static void what_does_not_agree_is_lost_and_the_next_is_given(void **state) {
  (void)state;
  plant_tables();
  put_swapped(9, 3);
  put_page(&g, 10, 1u << SWAPBACKED, ANON_MAPPING, 0, 1); // not in the swap cache
  put_swapped(11, 1ull << 58 | 5);                        // of area 1
  entry(1, page_va(10));
  entry(2, page_va(11));
  entry(3, page_va(9));
  entry(4, page_va(9) + 8); // no struct page
  begin();
  for (unsigned i = 0; i < 2; i++)
    assert_int_equal(kl_swap_cache_walk_next(&walk, &page), KL_ERR_MALFORMED);
  expect(9, 3);
  assert_int_equal(kl_swap_cache_walk_next(&walk, &page), KL_ERR_MALFORMED);
  assert_int_equal(walk.lost, VA(TABLE + 32));
  expect_end();
}

static void a_table_that_is_not_there_is_lost_once(void **state) {
  (void)state;
  plant_tables();
  guest_put64(&g, CLUSTERS + TABLE_AT, VA(0x30000000));
  begin();
  assert_int_equal(kl_swap_cache_walk_next(&walk, &page), KL_ERR_ABSENT);
  expect_end();
}

static void sizes_past_any_are_refused(void **state) {
  (void)state;
  guest_put(&g, VARIABLES, 33, 4);
  plant_tables();
  assert_int_equal(kl_swap_cache_walk_init(&walk, &g.kernel, &g.budget), KL_ERR_LIMIT);
  guest_put(&g, VARIABLES, 1, 4);
  guest_put(&g, AREA + MAX, UINT32_MAX, 4); // 2^26 clusters of 64 slots
  begin();
  assert_int_equal(kl_swap_cache_walk_next(&walk, &page), KL_ERR_LIMIT);
  expect_end();
}

static void every_slot_costs(void **state) {
  (void)state;
  plant_tables();
  g.budget.steps = 10;
  begin();
  assert_int_equal(kl_swap_cache_walk_next(&walk, &page), KL_ERR_BUDGET);
  assert_int_equal(g.budget.steps, 0);
}

static void a_kernel_without_swap_has_none(void **state) {
  (void)state;
  assert_int_equal(kl_swap_cache_walk_init(&walk, &g.kernel, &g.budget), KL_ERR_NOT_FOUND);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(pages_of_trees),
      TEST(entries_that_hold_struct_pages),
      TEST(entries_that_hold_numbers_of_frames),
      TEST(a_large_folio_is_given_once),
      TEST(what_does_not_agree_is_lost_and_the_next_is_given),
      TEST(a_table_that_is_not_there_is_lost_once),
      TEST(sizes_past_any_are_refused),
      TEST(every_slot_costs),
      TEST(a_kernel_without_swap_has_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
