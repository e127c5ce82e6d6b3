// The page cache of a file whose tree and struct pages are built by hand.
#include "page_builder.h"

#include "linux/page_cache.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

enum {
  FILE_MAPPING = 0x1000,
  OTHER_MAPPING = 0x1800,
  I_PAGES = 8,
  XA_HEAD = 8,
  NODES = 0x2000,
  NODE_BYTES = 0x400
};
enum { SLOTS = 40 };
#define MAPPING VA(FILE_MAPPING)

static int setup(void **state) {
  (void)state;
  pages_open(&g);
  guest_field(&g, KL_F_address_space_i_pages, I_PAGES, 16);
  guest_field(&g, KL_F_xarray_xa_head, XA_HEAD, 8);
  guest_field(&g, KL_F_xa_node_shift, 0, 1);
  guest_field(&g, KL_F_xa_node_slots, SLOTS, 512);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static uint64_t node(unsigned n, uint8_t shift) {
  guest_put(&g, NODES + NODE_BYTES * (uint64_t)n, shift, 1);
  return VA(NODES + NODE_BYTES * (uint64_t)n) | 2;
}
static void slot(unsigned n, unsigned i, uint64_t v) {
  guest_put64(&g, NODES + NODE_BYTES * (uint64_t)n + SLOTS + 8 * (uint64_t)i, v);
}
static void root(uint64_t v) {
  guest_put64(&g, FILE_MAPPING + I_PAGES + XA_HEAD, v);
}
// What the slots of an entry's other indices hold.
static uint64_t sibling(unsigned of) {
  return (uint64_t)of << 2 | 2;
}
static void put_cached(uint64_t pfn, uint64_t index) {
  put_page(&g, pfn, 1u << UPTODATE | 1u << LRU, MAPPING, index, 2);
}

static struct kl_page_cache_walk walk;
static struct kl_cached_page page;

static void begin(uint64_t first, uint64_t last) {
  assert_int_equal(kl_page_cache_walk_init(&walk, &g.kernel, &g.budget, MAPPING, first, last), KL_OK);
}
static void expect(uint64_t index, uint64_t pfn) {
  assert_int_equal(kl_page_cache_walk_next(&walk, &page), KL_OK);
  assert_int_equal(page.offset, index * 4096);
  assert_int_equal(page.pfn, pfn);
}
static void expect_lost(enum kl_status status, uint64_t at) {
  assert_int_equal(kl_page_cache_walk_next(&walk, &page), status);
  assert_int_equal(walk.lost, at);
}
static void expect_end(void) {
  assert_int_equal(kl_page_cache_walk_next(&walk, &page), KL_END);
  assert_int_equal(kl_page_cache_walk_next(&walk, &page), KL_END);
}

static void pages_come_in_order_of_the_file(void **state) {
  (void)state;
  root(node(0, 6));
  slot(0, 0, node(1, 0));
  slot(0, 1, node(2, 0));
  put_cached(9, 0);
  put_cached(3, 2);
  put_cached(7, 65);
  slot(1, 0, page_va(9));
  slot(1, 1, 77 << 1 | 1); // what was reclaimed leaves a value
  slot(1, 2, page_va(3));
  slot(2, 1, page_va(7));
  begin(0, UINT64_MAX);
  expect(0, 9);
  assert_true(kl_page_has(&g.kernel, &page.folio, KL_E_pageflags_PG_uptodate));
  expect(2, 3);
  expect(65, 7);
  expect_end();
  begin(2 * 4096 + 5, 65 * 4096);
  expect(2, 3);
  expect(65, 7);
  expect_end();
}

static void one_page_needs_no_node(void **state) {
  (void)state;
  put_cached(9, 0);
  root(page_va(9));
  begin(0, UINT64_MAX);
  expect(0, 9);
  expect_end();
  root(0);
  begin(0, UINT64_MAX);
  expect_end();
}

// Four pages at 4 .. 7 of the file, in frames 16 .. 19.
static void plant_folio(void) {
  put_folio(&g, 16, 2, 1u << UPTODATE | 1u << LRU, MAPPING, 4);
  root(node(0, 0));
  slot(0, 4, page_va(16));
  for (unsigned i = 5; i < 8; i++)
    slot(0, i, sibling(4));
}

static void a_folio_is_given_page_by_page(void **state) {
  (void)state;
  plant_folio();
  begin(0, UINT64_MAX);
  for (uint64_t i = 0; i < 4; i++) {
    expect(4 + i, 16 + i);
    assert_int_equal(page.folio.order, 2);
  }
  expect_end();
}

static void only_what_is_wanted_of_a_folio_is_given(void **state) {
  (void)state;
  plant_folio();
  begin(5 * 4096, 6 * 4096 + 4095);
  expect(5, 17);
  expect(6, 18);
  expect_end();
  begin(7 * 4096, 7 * 4096);
  expect(7, 19);
  expect_end();
  begin(8 * 4096, UINT64_MAX);
  expect_end();
}

static void entries_may_name_every_page_of_a_folio(void **state) {
  (void)state;
  plant_folio();
  for (unsigned i = 4; i < 8; i++)
    slot(0, i, page_va(12 + i)); // tails
  begin(0, UINT64_MAX);
  for (uint64_t i = 0; i < 4; i++)
    expect(4 + i, 16 + i);
  for (unsigned i = 4; i < 8; i++)
    slot(0, i, page_va(16)); // the head each time
  begin(0, UINT64_MAX);
  for (uint64_t i = 0; i < 4; i++)
    expect(4 + i, 16 + i);
  expect_end();
}

static void huge_pages_were_counted_whole(void **state) {
  (void)state;
  put_folio(&g, 16, 2, 1u << UPTODATE, MAPPING, 3);
  guest_put(&g, page_phys(17) + P_DTOR, 2, 1);
  guest_field(&g, KL_F_page_compound_dtor, P_DTOR, 1);
  page_flag(&g, KL_E_compound_dtor_id_HUGETLB_PAGE_DTOR, 2);
  root(node(0, 0));
  slot(0, 3, page_va(16));
  begin(0, UINT64_MAX);
  for (uint64_t i = 0; i < 4; i++)
    expect(12 + i, 16 + i);
  expect_end();
}

static void entries_that_lead_nowhere_are_errors_once(void **state) {
  (void)state;
  put_cached(9, 63);
  put_page(&g, 3, 1u << LRU, VA(OTHER_MAPPING), 1, 1);
  put_page(&g, 4, 1u << LRU, MAPPING + 1, 2, 1); // anonymous memory, it says
  put_free_block(&g, 8, 1);
  put_cached(5, 4);
  root(node(0, 0));
  const uint64_t entries[] = {
      VA(0x100),                      // no struct page
      page_va(3),                     // of another file
      page_va(4),                     // of no file
      page_va(8),                     // free
      page_va(9) + 8,                 // inside of one
      page_va(0) + 64 * (1ull << 45), // past every frame
      page_va(5),                     // whose page says that it is at 4
      0xdead000000000100,             // LIST_POISON1
  };
  const size_t n = sizeof entries / sizeof *entries;
  for (unsigned i = 0; i < n; i++)
    slot(0, i, entries[i]);
  slot(0, 63, page_va(9));
  begin(0, UINT64_MAX);
  for (size_t i = 0; i < n; i++)
    expect_lost(KL_ERR_MALFORMED, entries[i]);
  expect(63, 9);
  expect_end();
  // A struct page that is not in the dump.
  slot(0, 7, page_va(1u << 20));
  begin(7 * 4096, 7 * 4096);
  expect_lost(KL_ERR_ABSENT, page_va(1u << 20));
  expect_end();
}

static void a_folio_holds_no_more_than_its_pages(void **state) {
  (void)state;
  plant_folio();
  slot(0, 8, sibling(4)); // five indices of four pages
  put_cached(9, 20);
  slot(0, 20, page_va(9));
  slot(0, 21, sibling(20)); // two of one
  begin(0, UINT64_MAX);
  expect_lost(KL_ERR_MALFORMED, page_va(16));
  expect_lost(KL_ERR_MALFORMED, page_va(9));
  expect_end();
  // All indices that there are, of one page at 0.
  put_cached(9, 0);
  root(node(1, 60));
  slot(1, 0, page_va(9));
  for (unsigned i = 1; i < 16; i++)
    slot(1, i, sibling(0));
  begin(0, UINT64_MAX);
  expect_lost(KL_ERR_MALFORMED, page_va(9));
  expect_end();
}

static void broken_nodes_lose_only_themselves(void **state) {
  (void)state;
  put_cached(9, 5 * 64);
  root(node(0, 6));
  slot(0, 0, node(1, 6)); // whose shift does not fall
  slot(0, 1, node(0, 6)); // which is its own child
  slot(0, 2, VA(0x30000000) | 2);
  slot(0, 3, sibling(3));  // its own sibling
  slot(0, 4, sibling(60)); // of one behind it
  slot(0, 5, node(2, 0));
  slot(2, 0, page_va(9));
  slot(2, 1, sibling(1));
  begin(0, UINT64_MAX);
  expect_lost(KL_ERR_MALFORMED, VA(NODES + NODE_BYTES));
  expect_lost(KL_ERR_MALFORMED, VA(NODES));
  expect_lost(KL_ERR_ABSENT, VA(0x30000000));
  expect_lost(KL_ERR_MALFORMED, VA(NODES));
  expect_lost(KL_ERR_MALFORMED, VA(NODES));
  expect(5 * 64, 9);
  expect_lost(KL_ERR_MALFORMED, VA(NODES + 2 * NODE_BYTES));
  expect_end();
}

static void a_node_in_every_slot_is_bounded(void **state) {
  (void)state;
  // Ten levels of 64 times the same node: 2^60 ways down.
  root(node(10, 60));
  for (unsigned n = 0; n < 11; n++)
    for (unsigned i = 0; i < 64; i++)
      slot(n, i, n ? node(n - 1, (uint8_t)(6 * (n - 1))) : 0);
  g.limits.list_nodes = 1000;
  begin(0, UINT64_MAX);
  assert_int_equal(kl_page_cache_walk_next(&walk, &page), KL_ERR_LIMIT);
  expect_end();
  g.limits.list_nodes = UINT64_MAX;
  g.budget.steps = 5000;
  begin(0, UINT64_MAX);
  assert_int_equal(kl_page_cache_walk_next(&walk, &page), KL_ERR_BUDGET);
}

static void every_page_costs(void **state) {
  (void)state;
  plant_folio();
  g.budget.steps = 4; // the tree, its node, two pages
  begin(0, UINT64_MAX);
  expect(4, 16);
  expect(5, 17);
  assert_int_equal(kl_page_cache_walk_next(&walk, &page), KL_ERR_BUDGET);
  assert_int_equal(kl_page_cache_walk_next(&walk, &page), KL_ERR_BUDGET);
}

static void offsets_end_with_the_file(void **state) {
  (void)state;
  // An index whose offset is past 2^64, which no file has.
  put_cached(9, 1ull << 53);
  root(node(0, 48));
  slot(0, 32, node(1, 42));
  for (unsigned n = 1; n < 8; n++)
    slot(n, 0, node(n + 1, (uint8_t)(42 - 6 * n)));
  slot(8, 0, page_va(9));
  begin(0, UINT64_MAX);
  expect_end();
}

static void without_the_member_there_is_no_walk(void **state) {
  (void)state;
  g.kernel.fields[KL_F_address_space_i_pages].present = false;
  assert_int_equal(kl_page_cache_walk_init(&walk, &g.kernel, &g.budget, MAPPING, 0, 1), KL_ERR_NOT_FOUND);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(pages_come_in_order_of_the_file),
      TEST(one_page_needs_no_node),
      TEST(a_folio_is_given_page_by_page),
      TEST(only_what_is_wanted_of_a_folio_is_given),
      TEST(entries_may_name_every_page_of_a_folio),
      TEST(huge_pages_were_counted_whole),
      TEST(entries_that_lead_nowhere_are_errors_once),
      TEST(a_folio_holds_no_more_than_its_pages),
      TEST(broken_nodes_lose_only_themselves),
      TEST(a_node_in_every_slot_is_bounded),
      TEST(every_page_costs),
      TEST(offsets_end_with_the_file),
      TEST(without_the_member_there_is_no_walk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
