// Page frames: struct pages built by hand, in the forms that kernels had.
#include "page_builder.h"

static struct guest g;
static struct kl_page p;

static int setup(void **state) {
  (void)state;
  pages_open(&g);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static enum kl_status read_page(uint64_t pfn) {
  memset(&p, 0xa5, sizeof p);
  return kl_page_read(&g.kernel, pfn, &p);
}
static void expect_head(uint64_t pfn, uint64_t head, uint8_t order) {
  assert_int_equal(read_page(pfn), KL_OK);
  assert_int_equal(p.pfn, pfn);
  assert_int_equal(p.address, page_va(pfn));
  assert_int_equal(p.head_pfn, head);
  assert_int_equal(p.head, page_va(head));
  assert_int_equal(p.order, order);
}

static void addresses_are_numbered_from_the_base(void **state) {
  (void)state;
  uint64_t pfn;
  assert_int_equal(kl_page_pfn(&g.kernel, page_va(5), &pfn), KL_OK);
  assert_int_equal(pfn, 5);
  assert_int_equal(kl_page_pfn(&g.kernel, page_va(5) + 8, &pfn), KL_ERR_MALFORMED);
  assert_int_equal(kl_page_pfn(&g.kernel, page_va(0) - 64, &pfn), KL_ERR_MALFORMED);
  assert_int_equal(kl_page_pfn(&g.kernel, 0, &pfn), KL_ERR_MALFORMED);
  g.kernel.types[KL_T_page].bytes = 0;
  assert_int_equal(kl_page_pfn(&g.kernel, page_va(5), &pfn), KL_ERR_NOT_FOUND);
}

static void a_page_speaks_for_itself(void **state) {
  (void)state;
  put_page(&g, 5, 1u << UPTODATE | 1u << LRU, 0xffff888000011000, 7, 3);
  guest_put(&g, page_phys(5) + P_MAPCOUNT, 1, 4); // two entries
  expect_head(5, 5, 0);
  assert_int_equal(p.type, KL_PAGE_PLAIN);
  assert_int_equal(p.mapping, 0xffff888000011000);
  assert_int_equal(p.index, 7);
  assert_int_equal(p.references, 3);
  assert_int_equal(p.mappings, 2);
  assert_true(kl_page_has(&g.kernel, &p, KL_E_pageflags_PG_lru));
  assert_false(kl_page_has(&g.kernel, &p, KL_E_pageflags_PG_dirty));
  assert_false(kl_page_has(&g.kernel, &p, KL_E_pageflags_PG_active)); // this kernel has no such flag
  assert_int_equal(kl_page_file(&p), 0xffff888000011000);
  // Counts below zero are no billions.
  put_page(&g, 5, 0, 0, 0, 0xfffffffe);
  guest_put(&g, page_phys(5) + P_MAPCOUNT, 0xfffffff0, 4);
  assert_int_equal(read_page(5), KL_OK);
  assert_int_equal(p.references, -2);
  assert_int_equal(p.mappings, 0);
}

static void tails_tell_of_their_folio(void **state) {
  (void)state;
  put_folio(&g, 4, 2, 1u << LRU, 0xffff888000011000, 40);
  put_page(&g, 8, 0, 0, 0, 1);
  guest_field(&g, KL_F_page_compound_mapcount, P_WHOLE, 4);
  guest_put(&g, page_phys(5) + P_WHOLE, 2, 4);    // three entries for all of it
  guest_put(&g, page_phys(6) + P_MAPCOUNT, 0, 4); // one for this page
  for (uint64_t pfn = 4; pfn < 8; pfn++) {
    expect_head(pfn, 4, 2);
    assert_int_equal(p.index, 40);
    assert_int_equal(p.references, 1);
    assert_int_equal(p.mappings, pfn == 6 ? 4 : 3);
    assert_true(kl_page_has(&g.kernel, &p, KL_E_pageflags_PG_lru));
  }
  expect_head(8, 8, 0);
}

static void orders_stand_where_the_kernel_puts_them(void **state) {
  (void)state;
  put_folio(&g, 4, 2, 0, 0, 0);
  guest_put(&g, page_phys(5) + P_ORDER, 0, 1);
  g.kernel.fields[KL_F_page_compound_order].present = false;
  guest_field(&g, KL_F_folio__folio_order, PAGE_BYTES + P_ORDER, 1); // 6.1
  guest_put(&g, page_phys(5) + P_ORDER, 2, 1);
  expect_head(6, 4, 2);
  g.kernel.fields[KL_F_folio__folio_order].present = false;
  guest_field(&g, KL_F_folio__flags_1, PAGE_BYTES + P_FLAGS, 8); // 6.6
  guest_put64(&g, page_phys(5) + P_FLAGS, 0xfffffc0000000002);
  expect_head(6, 4, 2);
}

static void tails_without_a_folio_are_malformed(void **state) {
  (void)state;
  put_folio(&g, 4, 2, 0, 0, 0);
  put_folio(&g, 16, 2, 0, 0, 0);
  const uint64_t heads[] = {
      page_va(16),                    // behind the tail
      page_va(4) + 8,                 // not the address of a struct page
      page_va(0) - 64,                // before the first
      GUEST_DIRECT_MAP,               // no struct page at all
      page_va(0) + 64 * (1ull << 41), // past every frame
      page_va(3),                     // which is alone
      page_va(4),                     // whose folio ends before
      0,                              // null
  };
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    put_page(&g, 3, 0, 0, 0, 0);
    put_page(&g, 8, 0, 0, 0, 0);
    guest_put64(&g, page_phys(8) + P_HEAD, heads[i] | 1);
    assert_int_equal(read_page(8), KL_ERR_MALFORMED);
  }
  // A folio of more pages than there are, and a head further away than any.
  guest_put(&g, page_phys(5) + P_ORDER, 21, 1);
  assert_int_equal(read_page(4), KL_ERR_MALFORMED);
  assert_int_equal(read_page(6), KL_ERR_MALFORMED);
  guest_put(&g, page_phys(5) + P_ORDER, 255, 1);
  assert_int_equal(read_page(6), KL_ERR_MALFORMED);
  g.kernel.vmemmap_base -= 64ull << 20;
  assert_int_equal(read_page((1u << 20) + 8), KL_ERR_MALFORMED);
}

static void a_page_that_heads_itself_is_alone(void **state) {
  (void)state;
  put_tail(&g, 9, 9);
  expect_head(9, 9, 0);
}

static void masks_lead_to_the_head(void **state) {
  (void)state;
  put_folio(&g, 4, 2, 0, 0xffff888000011000, 9);
  g.kernel.fields[KL_F_page_compound_head].present = false;
  guest_field(&g, KL_F_page_compound_info, P_HEAD, 8); // 7.1
  expect_head(6, 4, 2);                                // pointers, as before
  for (uint64_t pfn = 5; pfn < 8; pfn++)
    guest_put64(&g, page_phys(pfn) + P_HEAD, 0xffffffffffffff00 | 1); // 4 pages of 64 bytes
  for (uint64_t pfn = 4; pfn < 8; pfn++)
    expect_head(pfn, 4, 2);
  // The mask of a larger folio than the head has; of everything.
  guest_put64(&g, page_phys(6) + P_HEAD, 0xfffffffffffffe00 | 1);
  assert_int_equal(read_page(6), KL_ERR_MALFORMED);
  guest_put64(&g, page_phys(6) + P_HEAD, 1);
  assert_int_equal(read_page(6), KL_ERR_MALFORMED);
  guest_put64(&g, page_phys(6) + P_HEAD, UINT64_MAX);
  expect_head(6, 6, 0);
}

static void heads_in_the_middle_of_a_folio_are_no_heads(void **state) {
  (void)state;
  // 2 MiB of hugetlb, whose struct pages from the second frame of them on are
  // the first frame's.
  put_folio(&g, 0, 9, 0, 0, 0);
  for (uint64_t pfn = 64; pfn < 512; pfn++)
    memcpy(g.memory + page_phys(pfn), g.memory + page_phys(pfn % 64), PAGE_BYTES);
  expect_head(0, 0, 9);
  expect_head(1, 0, 9);
  expect_head(64, 0, 9);
  expect_head(511, 0, 9);
}

static void expect_types(const uint32_t *values, size_t n, const enum kl_page_type *types) {
  for (size_t i = 0; i < n; i++) {
    put_page(&g, 3, 0, 0, 0, 0);
    put_type(&g, 3, values[i]);
    assert_int_equal(read_page(3), KL_OK);
    assert_int_equal(p.type, types[i]);
  }
}

static void types_are_clear_bits_under_a_base(void **state) {
  (void)state;
  // From 5.11 on; from 6.10 on with hugetlb.
  expect_types((const uint32_t[]){0xffffff7f, 0xfffffeff, 0xfffffdff, 0xfffffbff, 0xfffff7ff, 0xffffffff, 0, 5}, 8,
               (const enum kl_page_type[]){KL_PAGE_BUDDY, KL_PAGE_OFFLINE, KL_PAGE_TABLE, KL_PAGE_GUARD,
                                           KL_PAGE_HUGETLB, KL_PAGE_PLAIN, KL_PAGE_PLAIN, KL_PAGE_PLAIN});
  // Without the base a clear bit is a count.
  expect_types((const uint32_t[]){0x7fffff7f, 0xefffff7f, 0x0000ff7f}, 3,
               (const enum kl_page_type[]){KL_PAGE_PLAIN, KL_PAGE_PLAIN, KL_PAGE_PLAIN});
  // Up to 5.10 kmemcg came between.
  guest_field(&g, KL_F_page_mem_cgroup, P_MEMCG, 8);
  expect_types(
      (const uint32_t[]){0xffffff7f, 0xfffffeff, 0xfffffdff, 0xfffffbff, 0xfffff7ff}, 5,
      (const enum kl_page_type[]){KL_PAGE_BUDDY, KL_PAGE_OFFLINE, KL_PAGE_PLAIN, KL_PAGE_TABLE, KL_PAGE_GUARD});
}

static void types_are_bits_by_the_enum(void **state) {
  (void)state;
  static const struct {
    enum kl_enum_id id;
    int64_t low, high;
  } bits[] = {{KL_E_pagetype_PG_buddy, 0x80, 0x40000000},    {KL_E_pagetype_PG_offline, 0x100, 0x20000000},
              {KL_E_pagetype_PG_table, 0x200, 0x10000000},   {KL_E_pagetype_PG_guard, 0x400, 0x08000000},
              {KL_E_pagetype_PG_hugetlb, 0x800, 0x04000000}, {KL_E_pagetype_PG_slab, 0x1000, 0x02000000}};
  static const enum kl_page_type types[] = {KL_PAGE_BUDDY,   KL_PAGE_OFFLINE, KL_PAGE_TABLE, KL_PAGE_GUARD,
                                            KL_PAGE_HUGETLB, KL_PAGE_SLAB,    KL_PAGE_PLAIN};
  for (size_t i = 0; i < 6; i++)
    page_flag(&g, bits[i].id, bits[i].high);
  expect_types(
      (const uint32_t[]){0xbfffffff, 0xdfffffff, 0xefffffff, 0xf7ffffff, 0xfbff0010, 0xfdff0000, 0x3fffffff}, 7,
      types);
  for (size_t i = 0; i < 6; i++)
    page_flag(&g, bits[i].id, bits[i].low);
  expect_types(
      (const uint32_t[]){0xffffff7f, 0xfffffeff, 0xfffffdff, 0xfffffbff, 0xfffff7ff, 0xffffefff, 0xbfffff7f}, 7,
      types);
}

static void types_are_a_byte_since_6_12(void **state) {
  (void)state;
  page_flag(&g, KL_E_pagetype_PGTY_buddy, 0xf0);
  page_flag(&g, KL_E_pagetype_PGTY_offline, 0xf1);
  page_flag(&g, KL_E_pagetype_PGTY_table, 0xf2);
  page_flag(&g, KL_E_pagetype_PGTY_guard, 0xf3);
  page_flag(&g, KL_E_pagetype_PGTY_hugetlb, 0xf4);
  page_flag(&g, KL_E_pagetype_PGTY_slab, 0xf5);
  expect_types((const uint32_t[]){0xf0ffffff, 0xf1000000, 0xf2123456, 0xf3ffffff, 0xf4000010, 0xf5000000,
                                  0xf6ffffff, 0xffffffff, 0xffffff7f, 2},
               10,
               (const enum kl_page_type[]){KL_PAGE_BUDDY, KL_PAGE_OFFLINE, KL_PAGE_TABLE, KL_PAGE_GUARD,
                                           KL_PAGE_HUGETLB, KL_PAGE_SLAB, KL_PAGE_PLAIN, KL_PAGE_PLAIN,
                                           KL_PAGE_PLAIN, KL_PAGE_PLAIN});
}

static void free_blocks_have_an_order(void **state) {
  (void)state;
  put_free_block(&g, 8, 3);
  assert_int_equal(read_page(8), KL_OK);
  assert_int_equal(p.type, KL_PAGE_BUDDY);
  assert_int_equal(p.order, 3);
  for (uint64_t order = 21; order; order <<= 1) {
    guest_put64(&g, page_phys(8) + P_PRIVATE, order);
    if (order > 20)
      assert_int_equal(read_page(8), KL_ERR_MALFORMED);
  }
}

static void hugetlb_is_told_by_the_second_page(void **state) {
  (void)state;
  put_folio(&g, 4, 2, 0, 0xffff888000011000, 0);
  page_flag(&g, KL_E_compound_dtor_id_HUGETLB_PAGE_DTOR, 2);
  guest_field(&g, KL_F_page_compound_dtor, P_DTOR, 1); // up to 6.0
  assert_int_equal(read_page(6), KL_OK);
  assert_int_equal(p.type, KL_PAGE_PLAIN);
  guest_put(&g, page_phys(5) + P_DTOR, 2, 1);
  assert_int_equal(read_page(6), KL_OK);
  assert_int_equal(p.type, KL_PAGE_HUGETLB);
  assert_int_equal(kl_page_kind(&g.kernel, &p, false), KL_KIND_HUGETLB);
  assert_int_equal(kl_page_file(&p), 0xffff888000011000);
  g.kernel.fields[KL_F_page_compound_dtor].present = false;
  guest_field(&g, KL_F_folio__folio_dtor, PAGE_BYTES + P_DTOR, 1); // up to 6.5
  assert_int_equal(read_page(6), KL_OK);
  assert_int_equal(p.type, KL_PAGE_HUGETLB);
  g.kernel.fields[KL_F_folio__folio_dtor].present = false; // up to 6.9
  guest_field(&g, KL_F_folio__flags_1, PAGE_BYTES + P_FLAGS, 8);
  page_flag(&g, KL_E_pageflags_PG_hugetlb, HUGETLB_FLAG);
  assert_int_equal(read_page(6), KL_OK);
  assert_int_equal(p.type, KL_PAGE_PLAIN);
  guest_put64(&g, page_phys(5) + P_FLAGS, 1u << HUGETLB_FLAG);
  assert_int_equal(read_page(6), KL_OK);
  assert_int_equal(p.type, KL_PAGE_HUGETLB);
}

static void slabs_name_their_cache(void **state) {
  (void)state;
  page_flag(&g, KL_E_pageflags_PG_slab, SLAB);
  put_page(&g, 3, 1u << SLAB, 0, 0, 1);
  guest_put64(&g, page_phys(3) + P_HEAD, 0xffff888000012300);
  assert_int_equal(read_page(3), KL_OK); // no member says where
  assert_int_equal(p.type, KL_PAGE_SLAB);
  assert_int_equal(p.slab_cache, 0);
  guest_field(&g, KL_F_slab_slab_cache, 8, 8);
  assert_int_equal(read_page(3), KL_OK);
  assert_int_equal(p.slab_cache, 0xffff888000012300);
  assert_int_equal(p.mappings, 0);
  assert_int_equal(kl_page_file(&p), 0);
}

static void kinds_follow_from_flags_and_mapping(void **state) {
  (void)state;
  const uint64_t file = 0xffff888000011000;
  const struct {
    uint64_t flags, mapping;
    uint32_t references;
    enum kl_page_kind kind;
  } cases[] = {
      {1u << LRU, file, 1, KL_KIND_FILE},
      {1u << LOCKED, file, 1, KL_KIND_FILE},
      {1u << UPTODATE | 1u << SWAPBACKED, file, 1, KL_KIND_SHMEM},
      {1u << SWAPBACKED | 1u << SWAPCACHE, 0, 1, KL_KIND_SHMEM},
      {1u << LRU, ANON_MAPPING, 1, KL_KIND_ANON},
      {1u << LRU, ANON_MAPPING + 2, 1, KL_KIND_ANON}, // KSM
      {0, file, 1, KL_KIND_UNKNOWN},                  // what its user keeps there
      {1u << LRU, file + 2, 1, KL_KIND_UNKNOWN},      // movable
      {1u << LRU, file, 0, KL_KIND_UNKNOWN},
      {0, 0, 1, KL_KIND_UNKNOWN},
      {1u << RESERVED | 1u << LRU, file, 1, KL_KIND_RESERVED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    put_page(&g, 3, cases[i].flags, cases[i].mapping, 0, cases[i].references);
    assert_int_equal(read_page(3), KL_OK);
    assert_int_equal(kl_page_kind(&g.kernel, &p, false), cases[i].kind);
    assert_int_equal(kl_page_kind(&g.kernel, &p, true), KL_KIND_FREE);
  }
  for (int kind = 0; kind < KL_KINDS; kind++)
    assert_non_null(kl_page_kind_name((enum kl_page_kind)kind));
}

static void the_kernel_image_is_reserved_too(void **state) {
  (void)state;
  struct kl_kernel *k = &g.kernel;
  k->known[KL_S__text].present = k->known[KL_S__end].present = true;
  k->image_base = k->known[KL_S__text].address = 0xffffffff81000000;
  k->known[KL_S__end].address = 0xffffffff81002000;
  k->image_phys = 0x3000;
  for (uint64_t pfn = 2; pfn < 6; pfn++) {
    put_page(&g, pfn, 1u << RESERVED, 0, 0, 1);
    assert_int_equal(read_page(pfn), KL_OK);
    assert_int_equal(kl_page_kind(k, &p, false), pfn == 3 || pfn == 4 ? KL_KIND_KERNEL_IMAGE : KL_KIND_RESERVED);
  }
}

static void a_struct_page_of_no_size_is_refused(void **state) {
  (void)state;
  put_page(&g, 3, 1u << LRU, 0, 0, 1);
  g.kernel.types[KL_T_page].bytes = 0;
  assert_int_equal(read_page(3), KL_ERR_MALFORMED);
  g.kernel.types[KL_T_page].bytes = 257;
  assert_int_equal(read_page(3), KL_ERR_MALFORMED);
  g.kernel.types[KL_T_page].bytes = PAGE_BYTES;
  g.kernel.vmemmap_base = 0;
  assert_int_equal(read_page(3), KL_ERR_NOT_FOUND);
}

static void members_outside_of_struct_page_are_absent(void **state) {
  (void)state;
  put_page(&g, 3, 1u << LRU, 0, 0, 1);
  const uint32_t offsets[] = {57, 64, 248, 249, UINT32_MAX};
  for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
    guest_field(&g, KL_F_page_flags, offsets[i], 8);
    assert_int_equal(read_page(3), KL_OK);
    assert_int_equal(p.flags, 0);
  }
}

static void frames_past_every_memory_have_no_struct_page(void **state) {
  (void)state;
  // Where the address would wrap around to that of frame 0.
  assert_int_equal(read_page(1ull << 58), KL_ERR_UNMAPPED);
  assert_int_equal(read_page(1ull << 40), KL_ERR_UNMAPPED);
  assert_int_equal(read_page(UINT64_MAX), KL_ERR_UNMAPPED);
  assert_int_equal(read_page(1u << 20), KL_ERR_ABSENT); // there, but not in the dump
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(addresses_are_numbered_from_the_base),
      TEST(a_page_speaks_for_itself),
      TEST(tails_tell_of_their_folio),
      TEST(orders_stand_where_the_kernel_puts_them),
      TEST(tails_without_a_folio_are_malformed),
      TEST(a_page_that_heads_itself_is_alone),
      TEST(masks_lead_to_the_head),
      TEST(heads_in_the_middle_of_a_folio_are_no_heads),
      TEST(types_are_clear_bits_under_a_base),
      TEST(types_are_bits_by_the_enum),
      TEST(types_are_a_byte_since_6_12),
      TEST(free_blocks_have_an_order),
      TEST(hugetlb_is_told_by_the_second_page),
      TEST(slabs_name_their_cache),
      TEST(kinds_follow_from_flags_and_mapping),
      TEST(the_kernel_image_is_reserved_too),
      TEST(a_struct_page_of_no_size_is_refused),
      TEST(members_outside_of_struct_page_are_absent),
      TEST(frames_past_every_memory_have_no_struct_page),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
