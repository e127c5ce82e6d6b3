// Page frames.
#include "linux/page.h"

enum {
  MAX_PAGE_BYTES = 256, // struct page is 56 to 96
  MAX_ORDER = 20,       // 16 GiB pages of 64K; no folio is larger
  MAX_PFN_SHIFT = 40,   // 52 bits of physical address in pages of 4K
  MAPPING_ANON = 1,     // PAGE_MAPPING_ANON (include/linux/page-flags.h)
  MAPPING_MOVABLE = 2,
  MAPPING_BITS = 3,
};

// ── Where fields lie ───────────────────────────────────────────────────────

// A field of a struct page whose bytes are at hand; 0 where it is absent.
static uint64_t field_of(const struct kl_kernel *k, const uint8_t *bytes, enum kl_field_id id) {
  const struct kl_field *f = &k->fields[id];
  uint64_t bytes_there = k->types[KL_T_page].bytes; // at most MAX_PAGE_BYTES: bytes_of()
  if (!f->present || f->size > 8 || f->offset > bytes_there || f->size > bytes_there - f->offset)
    return 0;
  return kl_le_n(bytes + f->offset, f->size);
}

static enum kl_status bytes_of(struct kl_kernel *k, uint64_t page, uint8_t bytes[MAX_PAGE_BYTES]) {
  if (!k->types[KL_T_page].present || !k->vmemmap_base)
    return KL_ERR_NOT_FOUND;
  if (k->types[KL_T_page].bytes > MAX_PAGE_BYTES || !k->types[KL_T_page].bytes)
    return KL_ERR_MALFORMED;
  return kl_read(k, page, bytes, (size_t)k->types[KL_T_page].bytes);
}

enum kl_status kl_page_pfn(const struct kl_kernel *k, uint64_t page, uint64_t *ret) {
  uint64_t size = k->types[KL_T_page].bytes;
  if (!k->types[KL_T_page].present || !size)
    return KL_ERR_NOT_FOUND;
  uint64_t offset = page - k->vmemmap_base;
  if (offset % size || offset / size >> MAX_PFN_SHIFT)
    return KL_ERR_MALFORMED;
  *ret = offset / size;
  return KL_OK;
}

// ── Types ──────────────────────────────────────────────────────────────────

// enum pagetype since 6.12 (4ffca5a96678): the top byte is the type.
static const struct {
  enum kl_enum_id value;
  enum kl_page_type type;
} byte_types[] = {
    {KL_E_pagetype_PGTY_buddy, KL_PAGE_BUDDY},     {KL_E_pagetype_PGTY_offline, KL_PAGE_OFFLINE},
    {KL_E_pagetype_PGTY_table, KL_PAGE_TABLE},     {KL_E_pagetype_PGTY_guard, KL_PAGE_GUARD},
    {KL_E_pagetype_PGTY_hugetlb, KL_PAGE_HUGETLB}, {KL_E_pagetype_PGTY_slab, KL_PAGE_SLAB},
};

// Before, a type is a bit that is clear under a base of bits that are set: by
// enum pagetype in 6.11, by these constants before (6e292b9be7f4). hugetlb is
// one since 6.10 (d99e3140a4d3), slab since 6.11 (46df8e73a4a3).
static const struct {
  enum kl_enum_id value;
  uint32_t constant;
  enum kl_page_type type;
} bit_types[] = {
    {KL_E_pagetype_PG_buddy, 0x80, KL_PAGE_BUDDY},      {KL_E_pagetype_PG_offline, 0x100, KL_PAGE_OFFLINE},
    {KL_E_pagetype_PG_table, 0x200, KL_PAGE_TABLE},     {KL_E_pagetype_PG_guard, 0x400, KL_PAGE_GUARD},
    {KL_E_pagetype_PG_hugetlb, 0x800, KL_PAGE_HUGETLB}, {KL_E_pagetype_PG_slab, 0x1000, KL_PAGE_SLAB},
};

enum { FIRST_MOVED = 2 }; // index in bit_types

static enum kl_page_type type_of(const struct kl_kernel *k, uint32_t value) {
  if (k->enums[KL_E_pagetype_PGTY_buddy].present) {
    for (size_t i = 0; i < sizeof byte_types / sizeof *byte_types; i++)
      if (k->enums[byte_types[i].value].present && value >> 24 == (uint32_t)k->enums[byte_types[i].value].value)
        return byte_types[i].type;
    return KL_PAGE_PLAIN;
  }
  // PAGE_TYPE_BASE left its low three bits to the types when these moved up.
  bool high = k->enums[KL_E_pagetype_PG_buddy].present && k->enums[KL_E_pagetype_PG_buddy].value >> 28;
  uint32_t base = high ? 0x80000000u : 0xf0000000u;
  // Up to 5.10 there was one for kmemcg, before those of tables and guards
  // (18b2db3b0385); struct page lost mem_cgroup together with it.
  unsigned moved = kl_has(k, KL_F_page_mem_cgroup);
  for (size_t i = 0; i < sizeof bit_types / sizeof *bit_types; i++) {
    uint32_t constant = bit_types[i].constant << (i >= FIRST_MOVED ? moved : 0);
    uint32_t bit = k->enums[bit_types[i].value].present ? (uint32_t)k->enums[bit_types[i].value].value : constant;
    if ((value & (base | bit)) == base)
      return bit_types[i].type;
  }
  return KL_PAGE_PLAIN;
}

static bool flag_in(const struct kl_kernel *k, uint64_t flags, enum kl_enum_id flag) {
  return k->enums[flag].present && (uint64_t)k->enums[flag].value < 64 && flags >> k->enums[flag].value & 1;
}

bool kl_page_has(const struct kl_kernel *k, const struct kl_page *page, enum kl_enum_id flag) {
  return flag_in(k, page->flags, flag);
}

// ── Folios ─────────────────────────────────────────────────────────────────

// The head of the folio that a tail page belongs to. Since 7.1 the field may
// hold a mask, which leads from a page's address to its head's
// (compound_info_has_mask()).
static uint64_t head_of(const struct kl_kernel *k, uint64_t page, const uint8_t *bytes) {
  enum kl_field_id id = kl_either(k, KL_F_page_compound_head, KL_F_page_compound_info);
  uint64_t info = field_of(k, bytes, id);
  if (!(info & 1))
    return page;
  info &= ~1ull;
  uint64_t low = ~info; // a mask has zeros only at its end
  return low && !(low & (low + 1)) ? page & info : info;
}

// The head of the folio that a page belongs to. Where memory of hugetlb's struct
// pages was given back, pages in the middle of a folio read as heads, too; the
// page behind a head knows (page_fixed_fake_head()).
static enum kl_status find_head(struct kl_kernel *k, uint64_t page, const uint8_t *bytes, uint64_t *ret) {
  uint8_t next[MAX_PAGE_BYTES];
  uint64_t second = page + k->types[KL_T_page].bytes;
  *ret = head_of(k, page, bytes);
  if (*ret != page || !flag_in(k, field_of(k, bytes, KL_F_page_flags), KL_E_pageflags_PG_head))
    return KL_OK;
  KL_TRY(bytes_of(k, second, next));
  uint64_t head = head_of(k, second, next);
  *ret = head == second ? page : head;
  return KL_OK;
}

// The order of a folio, which its second page tells.
static enum kl_status order_of(struct kl_kernel *k, uint64_t head, uint8_t *ret) {
  uint64_t v = 0, size = k->types[KL_T_page].bytes;
  if (kl_has(k, KL_F_folio__folio_order))
    KL_TRY(kl_get(k, head, KL_F_folio__folio_order, &v));
  else if (kl_has(k, KL_F_page_compound_order))
    KL_TRY(kl_get(k, head + size, KL_F_page_compound_order, &v));
  else
    KL_TRY(kl_get(k, head, KL_F_folio__flags_1, &v));
  v &= 0xff; // of _flags_1: folio_order() since 6.6
  if (v > MAX_ORDER)
    return KL_ERR_MALFORMED;
  *ret = (uint8_t)v;
  return KL_OK;
}

// Up to 6.5 the folio's second page says who gives it back; up to 6.9 it has a
// flag (9c5ccf2db04b).
static bool is_hugetlb(struct kl_kernel *k, uint64_t head) {
  uint64_t flags = 0, dtor = 0, second = head + k->types[KL_T_page].bytes;
  enum kl_status status = kl_has(k, KL_F_folio__folio_dtor) ? kl_get(k, head, KL_F_folio__folio_dtor, &dtor)
                                                            : kl_get(k, second, KL_F_page_compound_dtor, &dtor);
  if (status == KL_ERR_NOT_FOUND && kl_get(k, head, KL_F_folio__flags_1, &flags) == KL_OK)
    return flag_in(k, flags, KL_E_pageflags_PG_hugetlb);
  return status == KL_OK && k->enums[KL_E_compound_dtor_id_HUGETLB_PAGE_DTOR].present &&
         dtor == (uint64_t)k->enums[KL_E_compound_dtor_id_HUGETLB_PAGE_DTOR].value;
}

// Entries that map the folio as a whole.
static int64_t whole_mappings(struct kl_kernel *k, uint64_t head) {
  uint64_t v = 0, second = head + k->types[KL_T_page].bytes;
  enum kl_status status = kl_has(k, KL_F_folio__entire_mapcount)
                              ? kl_get(k, head, KL_F_folio__entire_mapcount, &v)
                              : kl_get(k, second, KL_F_page_compound_mapcount, &v);
  int64_t count = status == KL_OK ? (int64_t)(int32_t)(uint32_t)v + 1 : 0;
  return count > 0 ? count : 0;
}

static void fill(const struct kl_kernel *k, const uint8_t *bytes, struct kl_page *p) {
  p->flags = field_of(k, bytes, KL_F_page_flags);
  p->mapping = field_of(k, bytes, KL_F_page_mapping);
  p->index = field_of(k, bytes, kl_either(k, KL_F_page_index, KL_F_page___folio_index));
  p->swap = field_of(k, bytes, KL_F_page_private); // folio.swap lies there, too
  p->references = (int32_t)field_of(k, bytes, KL_F_page__refcount);
  p->type = type_of(k, (uint32_t)field_of(k, bytes, KL_F_page__mapcount));
  if (flag_in(k, p->flags, KL_E_pageflags_PG_slab))
    p->type = KL_PAGE_SLAB;
}

enum kl_status kl_page_read(struct kl_kernel *k, uint64_t pfn, struct kl_page *ret) {
  uint8_t bytes[MAX_PAGE_BYTES];
  struct kl_page p = {.pfn = pfn, .head_pfn = pfn};
  if (pfn >> MAX_PFN_SHIFT)
    return KL_ERR_UNMAPPED;
  p.address = k->vmemmap_base + pfn * k->types[KL_T_page].bytes;
  KL_TRY(bytes_of(k, p.address, bytes));
  int64_t mappings = (int64_t)(int32_t)field_of(k, bytes, KL_F_page__mapcount) + 1;
  KL_TRY(find_head(k, p.address, bytes, &p.head));
  if (p.head != p.address) {
    KL_TRY(kl_page_pfn(k, p.head, &p.head_pfn));
    if (p.head_pfn >= pfn || pfn - p.head_pfn >= 1ull << MAX_ORDER)
      return KL_ERR_MALFORMED;
    KL_TRY(bytes_of(k, p.head, bytes));
  }
  fill(k, bytes, &p);
  uint64_t block = p.type == KL_PAGE_BUDDY ? field_of(k, bytes, KL_F_page_private) : 0; // buddy_order()
  if (block > MAX_ORDER)
    return KL_ERR_MALFORMED;
  p.order = (uint8_t)block;
  if (kl_page_has(k, &p, KL_E_pageflags_PG_head))
    KL_TRY(order_of(k, p.head, &p.order));
  if (k->enums[KL_E_pageflags_PG_head].present && (pfn - p.head_pfn) >> p.order)
    return KL_ERR_MALFORMED; // the folio does not reach as far
  if (p.type == KL_PAGE_PLAIN && p.order) {
    if (is_hugetlb(k, p.head))
      p.type = KL_PAGE_HUGETLB;
    mappings += whole_mappings(k, p.head);
  }
  if (p.type == KL_PAGE_SLAB &&
      kl_get_pointer(k, p.head, kl_either(k, KL_F_slab_slab_cache, KL_F_page_slab_cache), &p.slab_cache) != KL_OK)
    p.slab_cache = 0;
  p.mappings = p.type == KL_PAGE_PLAIN && mappings > 0 ? mappings : 0;
  *ret = p;
  return KL_OK;
}

// ── Kinds ──────────────────────────────────────────────────────────────────

static bool is_anonymous(const struct kl_page *page) {
  return page->type == KL_PAGE_PLAIN && page->mapping & MAPPING_ANON;
}

uint64_t kl_page_file(const struct kl_page *page) {
  bool may = page->type == KL_PAGE_PLAIN || page->type == KL_PAGE_HUGETLB;
  return may && !(page->mapping & MAPPING_BITS) ? page->mapping : 0;
}

static bool in_image(const struct kl_kernel *k, uint64_t pfn) {
  uint64_t phys = pfn << k->paging.granule_shift;
  if (!k->known[KL_S__end].present || !k->known[KL_S__text].present)
    return false;
  return phys - k->image_phys < k->known[KL_S__end].address - k->image_base;
}

static const enum kl_page_kind kind_of_type[] = {
    [KL_PAGE_PLAIN] = KL_KIND_UNKNOWN,    [KL_PAGE_BUDDY] = KL_KIND_FREE,  [KL_PAGE_OFFLINE] = KL_KIND_OFFLINE,
    [KL_PAGE_TABLE] = KL_KIND_PAGE_TABLE, [KL_PAGE_GUARD] = KL_KIND_GUARD, [KL_PAGE_HUGETLB] = KL_KIND_HUGETLB,
    [KL_PAGE_SLAB] = KL_KIND_SLAB,
};

enum kl_page_kind kl_page_kind(const struct kl_kernel *k, const struct kl_page *page, bool free_block) {
  if (free_block)
    return KL_KIND_FREE;
  if (page->type != KL_PAGE_PLAIN)
    return kind_of_type[page->type];
  if (kl_page_has(k, page, KL_E_pageflags_PG_reserved))
    return in_image(k, page->pfn) ? KL_KIND_KERNEL_IMAGE : KL_KIND_RESERVED;
  if (is_anonymous(page)) // KSM's included
    return KL_KIND_ANON;
  // Shmem on its way to swap has left its file already.
  if (!page->mapping && kl_page_has(k, page, KL_E_pageflags_PG_swapbacked) &&
      kl_page_has(k, page, KL_E_pageflags_PG_swapcache) && page->references > 0)
    return KL_KIND_SHMEM;
  // Without a flag of the page cache, what lies at mapping is something else's:
  // a page's users may keep what they like there.
  if (!kl_page_file(page) || page->references <= 0 ||
      !(kl_page_has(k, page, KL_E_pageflags_PG_lru) || kl_page_has(k, page, KL_E_pageflags_PG_uptodate) ||
        kl_page_has(k, page, KL_E_pageflags_PG_locked) || kl_page_has(k, page, KL_E_pageflags_PG_unevictable)))
    return KL_KIND_UNKNOWN;
  return kl_page_has(k, page, KL_E_pageflags_PG_swapbacked) ? KL_KIND_SHMEM : KL_KIND_FILE;
}

static const char *const kind_names[KL_KINDS] = {
    [KL_KIND_UNKNOWN] = "unknown",
    [KL_KIND_FREE] = "free",
    [KL_KIND_FILE] = "file",
    [KL_KIND_SHMEM] = "shmem",
    [KL_KIND_ANON] = "anon",
    [KL_KIND_SLAB] = "slab",
    [KL_KIND_PAGE_TABLE] = "page_table",
    [KL_KIND_KERNEL_IMAGE] = "kernel_image",
    [KL_KIND_KERNEL_STACK] = "kernel_stack",
    [KL_KIND_VMALLOC] = "vmalloc",
    [KL_KIND_PERCPU] = "percpu",
    [KL_KIND_HUGETLB] = "hugetlb",
    [KL_KIND_RESERVED] = "reserved",
    [KL_KIND_OFFLINE] = "offline",
    [KL_KIND_GUARD] = "guard",
};

const char *kl_page_kind_name(enum kl_page_kind kind) {
  return kind_names[kind];
}
