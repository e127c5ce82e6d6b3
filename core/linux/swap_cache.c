// The swap cache.
#include "linux/swap_cache.h"

#include "base/checked.h"

enum {
  TYPE_SHIFT = 58, // of swp_entry_t (SWP_TYPE_SHIFT): the same for all since 5.5
  MAX_CLUSTERS = 1 << 24,
};

enum kl_status kl_swap_cache_walk_init(struct kl_swap_cache_walk *walk, struct kl_kernel *k,
                                       struct kl_budget *budget) {
  uint32_t areas;
  walk->kernel = k;
  walk->budget = budget;
  walk->area = walk->areas = 0;
  walk->left = walk->give = walk->given = 0;
  walk->entry = walk->entries = walk->loaded = 0;
  walk->tree.done = walk->tree.begun = true;
  walk->tree.kernel = k;
  // 8578e0c00dcf ("mm, swap: use the swap table for the swap cache and switch API").
  walk->tables = kl_has(k, KL_F_swap_cluster_info_table);
  if (!k->known[KL_S_nr_swapfiles].present || !k->known[KL_S_swap_info].present ||
      (!walk->tables && (!k->known[KL_S_swapper_spaces].present || !k->known[KL_S_nr_swapper_spaces].present)))
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_read_u32(k, k->known[KL_S_nr_swapfiles].address, &areas));
  if (areas > KL_SWAP_AREAS)
    return KL_ERR_LIMIT;
  walk->areas = areas;
  return KL_OK;
}

// The clusters of an area that has the table, or none of one that was given back.
static enum kl_status begin_clusters(struct kl_swap_cache_walk *walk) {
  struct kl_kernel *k = walk->kernel;
  uint64_t bytes = k->fields[KL_F_swap_table_entries].size, slots;
  walk->entries = 0;
  KL_TRY(kl_get_pointer(k, walk->info, KL_F_swap_info_struct_cluster_info, &walk->next));
  if (!walk->next)
    return KL_OK;
  KL_TRY(kl_get(k, walk->info, KL_F_swap_info_struct_max, &slots));
  if (bytes < 8 || bytes % KL_SWAP_TABLE_BYTES)
    return KL_ERR_UNSUPPORTED;
  walk->left = (slots + bytes / 8 - 1) / (bytes / 8);
  return walk->left <= MAX_CLUSTERS ? KL_OK : KL_ERR_LIMIT;
}

// An address_space for each 64 MiB of an area.
static enum kl_status begin_spaces(struct kl_swap_cache_walk *walk, uint32_t area) {
  struct kl_kernel *k = walk->kernel;
  uint32_t n;
  KL_TRY(kl_read_u64(k, k->known[KL_S_swapper_spaces].address + 8ull * area, &walk->next));
  KL_TRY(kl_read_u32(k, k->known[KL_S_nr_swapper_spaces].address + 4ull * area, &n));
  walk->left = walk->next ? n : 0;
  return walk->left <= MAX_CLUSTERS ? KL_OK : KL_ERR_LIMIT;
}

static enum kl_status begin_area(struct kl_swap_cache_walk *walk) {
  uint32_t area = walk->area++;
  walk->lost = walk->kernel->known[KL_S_swap_info].address + 8ull * area;
  walk->left = 0;
  KL_TRY(kl_budget_spend(walk->budget, 1));
  KL_TRY(kl_read_u64(walk->kernel, walk->lost, &walk->info));
  if (!walk->info)
    return KL_OK;
  enum kl_status status = walk->tables ? begin_clusters(walk) : begin_spaces(walk, area);
  if (status != KL_OK)
    walk->left = 0;
  return status;
}

// The next tree or table of the area.
static enum kl_status begin_part(struct kl_swap_cache_walk *walk) {
  struct kl_kernel *k = walk->kernel;
  uint64_t at = walk->next;
  walk->left--;
  walk->lost = at;
  KL_TRY(kl_budget_spend(walk->budget, 1));
  if (walk->tables) {
    walk->next += k->types[KL_T_swap_cluster_info].bytes;
    KL_TRY(kl_get_pointer(k, at, KL_F_swap_cluster_info_table, &walk->table));
    walk->entry = 0;
    walk->entries = walk->table ? k->fields[KL_F_swap_table_entries].size / 8 : 0;
    return KL_OK;
  }
  walk->next += k->types[KL_T_address_space].bytes;
  KL_TRY(kl_member(k, at, KL_F_address_space_i_pages, &at));
  kl_xarray_init(&walk->tree, k, walk->budget, at, 0, UINT64_MAX);
  return KL_OK;
}

// What an entry of a table says: the pfn of a page, with a mark in its low bits
// and a count above (since 7.0), or the struct page (6.18). Else: nothing here, a
// shadow, or a slot that can't be used.
static enum kl_status entry_page(const struct kl_kernel *k, uint64_t v, bool *is_page, uint64_t *pfn) {
  const uint64_t bad = ~0ull << 3;
  *is_page = false;
  if (!v || v & 1 || v == bad)
    return KL_OK;
  *is_page = true;
  if ((v & 3) != 2)
    return kl_page_pfn(k, v, pfn);
  *pfn = v >> 2 & ((1ull << 40) - 1); // 52 bits of physical address in pages of 4K
  return KL_OK;
}

static enum kl_status next_entry(struct kl_swap_cache_walk *walk, uint64_t *pfn) {
  while (walk->entry < walk->entries) {
    uint64_t offset = 8 * walk->entry++, start = walk->table + offset / sizeof walk->part * sizeof walk->part;
    bool is_page;
    walk->lost = walk->table + offset;
    KL_TRY(kl_budget_spend(walk->budget, 1));
    if (walk->loaded != start) {
      walk->loaded = 0;
      enum kl_status status = kl_read(walk->kernel, start, walk->part, sizeof walk->part);
      if (status != KL_OK) // all of it is lost, and that is said once
        walk->entry += (sizeof walk->part - offset % sizeof walk->part) / 8 - 1;
      KL_TRY(status);
      walk->loaded = start;
    }
    uint64_t v = kl_le64(walk->part + offset % sizeof walk->part);
    KL_TRY(entry_page(walk->kernel, v, &is_page, pfn));
    if (is_page)
      return KL_OK;
  }
  return KL_END;
}

static enum kl_status next_in_tree(struct kl_swap_cache_walk *walk, uint64_t *pfn) {
  for (;;) {
    struct kl_xarray_entry entry = {0};
    enum kl_status status = kl_xarray_next(&walk->tree, &entry);
    walk->lost = entry.pointer;
    KL_TRY(status);
    if (entry.kind == KL_XARRAY_POINTER)
      return kl_page_pfn(walk->kernel, entry.pointer, pfn);
  }
}

// A folio is given when the slot of its first page comes; every page of it has a
// slot, one behind the other. Page and area must agree on each other.
static enum kl_status take_page(struct kl_swap_cache_walk *walk, uint64_t pfn) {
  struct kl_page *f = &walk->folio;
  uint64_t area = walk->area - 1;
  bool again = walk->given && pfn >= f->head_pfn && pfn - f->head_pfn < walk->give;
  if (again)
    return KL_OK;
  walk->give = walk->given = 0;
  KL_TRY(kl_page_read(walk->kernel, pfn, f));
  if (!kl_page_has(walk->kernel, f, KL_E_pageflags_PG_swapcache) || f->type != KL_PAGE_PLAIN ||
      f->swap >> TYPE_SHIFT != area)
    return KL_ERR_MALFORMED;
  walk->give = 1ull << f->order;
  return KL_OK;
}

enum kl_status kl_swap_cache_walk_next(struct kl_swap_cache_walk *walk, struct kl_swap_page *ret) {
  for (;;) {
    if (walk->given < walk->give) {
      KL_TRY(kl_budget_spend(walk->budget, 1));
      ret->pfn = walk->folio.head_pfn + walk->given;
      ret->slot = (walk->folio.swap & ((1ull << TYPE_SHIFT) - 1)) + walk->given++;
      ret->folio = walk->folio;
      return KL_OK;
    }
    uint64_t pfn = 0;
    enum kl_status status = walk->tables ? next_entry(walk, &pfn) : next_in_tree(walk, &pfn);
    if (status == KL_OK) {
      KL_TRY(take_page(walk, pfn));
    } else if (status != KL_END) {
      return status;
    } else if (walk->left) {
      KL_TRY(begin_part(walk));
    } else if (walk->area < walk->areas) {
      KL_TRY(begin_area(walk));
    } else {
      walk->lost = 0;
      return KL_END;
    }
  }
}
