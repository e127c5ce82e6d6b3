// struct page by hand: 64 bytes each, as x86-64 has them, in the guest's memory.
#ifndef KL_TEST_PAGE_BUILDER_H
#define KL_TEST_PAGE_BUILDER_H

#include "guest.h"

#include "linux/page.h"

// Where the struct pages lie (physical: aligned, so that masks lead to heads),
// and their members.
enum { PAGES = 0x40000, PAGE_BYTES = 64 };
enum {
  P_FLAGS = 0,
  P_HEAD = 8,
  P_DTOR = 16,  // of the second page
  P_ORDER = 17, // of the second page
  P_WHOLE = 20, // of the second page: the folio's own count of mappings
  P_MAPPING = 24,
  P_INDEX = 32,
  P_PRIVATE = 40,
  P_MAPCOUNT = 48,
  P_REFERENCES = 52,
  P_MEMCG = 56,
};
// Bits of flags; any will do.
enum {
  LOCKED = 0,
  UPTODATE = 2,
  DIRTY = 3,
  LRU = 4,
  HUGETLB_FLAG = 5,
  SLAB = 9,
  SWAPCACHE = 10,
  RESERVED = 12,
  WRITEBACK = 15,
  HEAD_FLAG = 16,
  SWAPBACKED = 19,
  UNEVICTABLE = 20,
};
#define ANON_MAPPING 0xffff888000012341ull // PAGE_MAPPING_ANON is in bit 0

static inline void page_flag(struct guest *g, enum kl_enum_id flag, int64_t bit) {
  g->kernel.enums[flag].present = true;
  g->kernel.enums[flag].value = bit;
}

// The members that every kernel has. What tells orders and types is the test's.
static inline void pages_open(struct guest *g) {
  guest_open(g, 0, 0x80000);
  guest_map(g);
  struct kl_kernel *k = &g->kernel;
  k->types[KL_T_page].present = true;
  k->types[KL_T_page].bytes = PAGE_BYTES;
  k->vmemmap_base = GUEST_DIRECT_MAP + PAGES;
  guest_field(g, KL_F_page_flags, P_FLAGS, 8);
  guest_field(g, KL_F_page_mapping, P_MAPPING, 8);
  guest_field(g, KL_F_page_index, P_INDEX, 8);
  guest_field(g, KL_F_page_private, P_PRIVATE, 8);
  guest_field(g, KL_F_page__mapcount, P_MAPCOUNT, 4);
  guest_field(g, KL_F_page__refcount, P_REFERENCES, 4);
  guest_field(g, KL_F_page_compound_head, P_HEAD, 8);
  guest_field(g, KL_F_page_compound_order, P_ORDER, 1);
  page_flag(g, KL_E_pageflags_PG_locked, LOCKED);
  page_flag(g, KL_E_pageflags_PG_uptodate, UPTODATE);
  page_flag(g, KL_E_pageflags_PG_dirty, DIRTY);
  page_flag(g, KL_E_pageflags_PG_lru, LRU);
  page_flag(g, KL_E_pageflags_PG_swapcache, SWAPCACHE);
  page_flag(g, KL_E_pageflags_PG_reserved, RESERVED);
  page_flag(g, KL_E_pageflags_PG_writeback, WRITEBACK);
  page_flag(g, KL_E_pageflags_PG_head, HEAD_FLAG);
  page_flag(g, KL_E_pageflags_PG_swapbacked, SWAPBACKED);
  page_flag(g, KL_E_pageflags_PG_unevictable, UNEVICTABLE);
}

static inline uint64_t page_phys(uint64_t pfn) {
  return PAGES + PAGE_BYTES * pfn;
}
static inline uint64_t page_va(uint64_t pfn) {
  return GUEST_DIRECT_MAP + page_phys(pfn);
}

// A page that nobody has mapped.
static inline void put_page(struct guest *g, uint64_t pfn, uint64_t flags, uint64_t mapping, uint64_t index,
                            uint32_t references) {
  for (uint64_t i = 0; i < PAGE_BYTES; i++)
    guest_put(g, page_phys(pfn) + i, 0, 1);
  guest_put64(g, page_phys(pfn) + P_FLAGS, flags);
  guest_put64(g, page_phys(pfn) + P_MAPPING, mapping);
  guest_put64(g, page_phys(pfn) + P_INDEX, index);
  guest_put(g, page_phys(pfn) + P_MAPCOUNT, UINT32_MAX, 4);
  guest_put(g, page_phys(pfn) + P_REFERENCES, references, 4);
}
static inline void put_type(struct guest *g, uint64_t pfn, uint32_t type) {
  guest_put(g, page_phys(pfn) + P_MAPCOUNT, type, 4);
}
static inline void put_tail(struct guest *g, uint64_t pfn, uint64_t head) {
  put_page(g, pfn, 0, 0, 0, 0);
  guest_put64(g, page_phys(pfn) + P_HEAD, page_va(head) | 1);
}

// A folio of 1 << order pages.
static inline void put_folio(struct guest *g, uint64_t pfn, uint8_t order, uint64_t flags, uint64_t mapping,
                             uint64_t index) {
  put_page(g, pfn, flags | 1u << HEAD_FLAG, mapping, index, 1);
  for (uint64_t i = 1; i < 1ull << order; i++)
    put_tail(g, pfn + i, pfn);
  guest_put(g, page_phys(pfn + 1) + P_ORDER, order, 1);
}

// The first page of a free block, up to 6.10.
static inline void put_free_block(struct guest *g, uint64_t pfn, uint64_t order) {
  put_page(g, pfn, 0, 0, 0, 0);
  put_type(g, pfn, 0xffffff7f);
  guest_put64(g, page_phys(pfn) + P_PRIVATE, order);
}

#endif
