// What an area has in memory and in swap, on page tables made by hand.
#include "page_builder.h"

#include "linux/residency.h"

static struct guest g;
static struct kl_residency_walk walk;
static struct kl_residency sums;

enum { MM = 0x1000, ROOT = 0x10000, UPPER = 0x11000, MIDDLE = 0x12000, LAST = 0x13000 };
enum { FILE_AT = 0x2000, INODE_AT = 0x2100, SUPER_AT = 0x2200, TYPE_AT = 0x2300, MAPPING = 0x2400, NODE = 0x3000 };
#define VA(phys) (GUEST_DIRECT_MAP + (phys))
#define SPECIAL (1ull << 9)

static int setup(void **state) {
  (void)state;
  pages_open(&g);
  guest_field(&g, KL_F_mm_struct_pgd, 0, 8);
  guest_put64(&g, MM, VA(ROOT));
  guest_put64(&g, ROOT, UPPER | 0x67);
  guest_put64(&g, UPPER, MIDDLE | 0x67);
  guest_put64(&g, MIDDLE, LAST | 0x67);
  memset(&sums, 0, sizeof sums);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void map_page(uint64_t page, uint64_t entry) {
  guest_put64(&g, LAST + 8 * page, entry);
}
static void put_mapped(uint64_t pfn, uint32_t mappings, uint32_t references) {
  put_page(&g, pfn, 1u << LRU | 1u << SWAPBACKED, ANON_MAPPING, 0, references);
  guest_put(&g, page_phys(pfn) + P_MAPCOUNT, mappings - 1, 4);
}
static enum kl_status add(uint64_t first, uint64_t pages, uint64_t flags, uint64_t file) {
  struct kl_vma vma = {.start = first << 12, .end = (first + pages) << 12, .flags = flags, .file = file};
  assert_int_equal(kl_residency_init(&walk, &g.kernel, &g.budget, VA(MM)), KL_OK);
  return kl_residency_add(&walk, &vma, &sums);
}

static void pages_are_divided_among_those_who_map_them(void **state) {
  (void)state;
  put_mapped(20, 1, 2);
  put_mapped(21, 3, 4);
  map_page(0, 20 << 12 | 0x67);
  map_page(1, 21 << 12 | 0x67);
  assert_int_equal(add(0, 8, 0, 0), KL_OK);
  assert_int_equal(sums.resident, 8192);
  assert_int_equal(sums.exclusive, 4096);
  assert_int_equal(sums.shared, 4096);
  assert_int_equal(sums.proportional_4096, 4096 * 4096 + 4096 * 4096 / 3);
  assert_int_equal(sums.swapped, 0);
}

static void only_the_area_counts(void **state) {
  (void)state;
  for (uint64_t i = 0; i < 8; i++) {
    put_mapped(20 + i, 1, 1);
    map_page(i, (20 + i) << 12 | 0x67);
  }
  assert_int_equal(add(2, 3, 0, 0), KL_OK);
  assert_int_equal(sums.resident, 3 * 4096);
}

static void what_the_kernel_does_not_count_is_not_resident(void **state) {
  (void)state;
  put_mapped(20, 1, 1);
  map_page(0, 20 << 12 | 0x67 | SPECIAL); // the zero page
  map_page(1, 0x4000000067);              // a device: no struct page
  assert_int_equal(add(0, 8, 0, 0), KL_OK);
  assert_int_equal(sums.resident, 0);
}

static void hugetlb_is_a_sum_of_its_own(void **state) {
  (void)state;
  put_page(&g, 20, 0, 0, 0, 1);
  put_type(&g, 20, 0xfffff7ff); // PG_hugetlb, as a bit that is clear
  map_page(0, 20 << 12 | 0x67);
  assert_int_equal(add(0, 8, 0, 0), KL_OK);
  assert_int_equal(sums.resident, 0);
  assert_int_equal(sums.hugetlb, 4096);
}

static void swap_entries_are_swapped(void **state) {
  (void)state;
  g.kernel.paging.swap_files_known = true;
  g.kernel.paging.swap_files = 2;
  map_page(0, ~5ull << 9 & ((1ull << 59) - 1)); // type 0, offset 5, inverted
  map_page(1, 1ull << 59 | (~6ull << 9 & ((1ull << 59) - 1)));
  assert_int_equal(add(0, 8, 0, 0), KL_OK);
  assert_int_equal(sums.swapped, 8192);
  assert_int_equal(sums.resident, 0);
}

static void one_reference_answers_for_the_whole_folio(void **state) {
  (void)state;
  put_folio(&g, 16, 3, 1u << LRU | 1u << SWAPBACKED, ANON_MAPPING, 0);
  for (uint64_t i = 0; i < 8; i++)
    map_page(i, (16 + i) << 12 | 0x67);
  assert_int_equal(add(0, 8, 0, 0), KL_OK);
  assert_int_equal(sums.exclusive, 8 * 4096);
}

// ── Shared memory in swap ──────────────────────────────────────────────────

static void plant_file(const char *type) {
  static const struct {
    enum kl_field_id id;
    uint32_t offset, size;
  } fields[] = {
      {KL_F_file_f_inode, 0, 8},       {KL_F_file_f_mapping, 8, 8},        {KL_F_inode_i_sb, 0, 8},
      {KL_F_super_block_s_type, 0, 8}, {KL_F_file_system_type_name, 0, 8}, {KL_F_address_space_i_pages, 8, 16},
      {KL_F_xarray_xa_head, 8, 8},     {KL_F_xa_node_shift, 0, 1},         {KL_F_xa_node_slots, 40, 512},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    guest_field(&g, fields[i].id, fields[i].offset, fields[i].size);
  guest_put64(&g, FILE_AT, VA(INODE_AT));
  guest_put64(&g, FILE_AT + 8, VA(MAPPING));
  guest_put64(&g, INODE_AT, VA(SUPER_AT));
  guest_put64(&g, SUPER_AT, VA(TYPE_AT));
  guest_put64(&g, TYPE_AT, VA(TYPE_AT + 16));
  guest_put_text(&g, TYPE_AT + 16, type);
  guest_put64(&g, MAPPING + 16, VA(NODE) | 2);
  for (uint64_t i = 2; i < 6; i++)
    guest_put64(&g, NODE + 40 + 8 * i, (1000 + i) << 1 | 1);
}

static void swapped_pages_of_shared_memory_count(void **state) {
  (void)state;
  plant_file("tmpfs");
  put_mapped(20, 1, 1);
  map_page(3, 20 << 12 | 0x67);
  assert_int_equal(add(0, 5, KL_VM_WRITE | KL_VM_SHARED, VA(FILE_AT)), KL_OK); // of 2 to 5 all but the last
  assert_int_equal(sums.swapped, 3 * 4096);
}

static void a_private_area_has_only_what_it_has_not_copied(void **state) {
  (void)state;
  plant_file("tmpfs");
  put_mapped(20, 1, 1);
  map_page(3, 20 << 12 | 0x67);
  assert_int_equal(add(0, 8, KL_VM_WRITE, VA(FILE_AT)), KL_OK);
  assert_int_equal(sums.swapped, 3 * 4096);
  memset(&sums, 0, sizeof sums);
  assert_int_equal(add(0, 8, KL_VM_READ, VA(FILE_AT)), KL_OK);
  assert_int_equal(sums.swapped, 4 * 4096);
}

static void shadows_of_other_files_are_no_swap(void **state) {
  (void)state;
  plant_file("ext4");
  assert_int_equal(add(0, 8, KL_VM_SHARED, VA(FILE_AT)), KL_OK);
  assert_int_equal(sums.swapped, 0);
}

// ── Hostile ────────────────────────────────────────────────────────────────

static void an_entry_for_everything_costs_what_it_says(void **state) {
  (void)state;
  plant_file("tmpfs");
  guest_put64(&g, MAPPING + 16, VA(NODE) | 2);
  guest_put(&g, NODE, 54, 1); // one slot for 2^54 pages: a tree of one node
  g.budget.steps = 10000;
  struct kl_vma vma = {.start = 0, .end = 1ull << 47, .flags = KL_VM_SHARED, .file = VA(FILE_AT)};
  guest_put64(&g, NODE + 40, 5 << 1 | 1);
  assert_int_equal(kl_residency_init(&walk, &g.kernel, &g.budget, VA(MM)), KL_OK);
  assert_int_equal(kl_residency_add(&walk, &vma, &sums), KL_ERR_BUDGET);
}

static void a_struct_page_that_lies_is_lost_and_the_rest_counts(void **state) {
  (void)state;
  put_tail(&g, 20, 90); // its head lies behind it
  put_mapped(21, 1, 1);
  map_page(0, 20 << 12 | 0x67);
  map_page(1, 21 << 12 | 0x67);
  assert_int_equal(add(0, 8, 0, 0), KL_ERR_MALFORMED);
  assert_int_equal(walk.lost, 0);
  assert_int_equal(sums.resident, 4096);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(pages_are_divided_among_those_who_map_them),
      TEST(only_the_area_counts),
      TEST(what_the_kernel_does_not_count_is_not_resident),
      TEST(hugetlb_is_a_sum_of_its_own),
      TEST(swap_entries_are_swapped),
      TEST(one_reference_answers_for_the_whole_folio),
      TEST(swapped_pages_of_shared_memory_count),
      TEST(a_private_area_has_only_what_it_has_not_copied),
      TEST(shadows_of_other_files_are_no_swap),
      TEST(an_entry_for_everything_costs_what_it_says),
      TEST(a_struct_page_that_lies_is_lost_and_the_rest_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
