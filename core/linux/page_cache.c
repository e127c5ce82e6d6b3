// The page cache of one address_space.
#include "linux/page_cache.h"

#include "base/checked.h"

enum kl_status kl_page_cache_walk_init(struct kl_page_cache_walk *walk, struct kl_kernel *kernel,
                                       struct kl_budget *budget, uint64_t mapping, uint64_t first, uint64_t last) {
  uint64_t tree;
  walk->kernel = kernel;
  walk->budget = budget;
  walk->mapping = mapping;
  walk->left = 0;
  walk->lost = mapping;
  KL_TRY(kl_member(kernel, mapping, KL_F_address_space_i_pages, &tree));
  unsigned shift = kernel->paging.granule_shift;
  walk->first = first >> shift;
  walk->last = last >> shift;
  kl_xarray_init(&walk->tree, kernel, budget, tree, walk->first, walk->last);
  return KL_OK;
}

// An entry names the folio (up to 5.x: the page itself) that holds its indices.
static enum kl_status take_entry(struct kl_page_cache_walk *walk, const struct kl_xarray_entry *entry) {
  struct kl_page *f = &walk->folio;
  uint64_t pfn;
  KL_TRY(kl_page_pfn(walk->kernel, entry->pointer, &pfn));
  KL_TRY(kl_page_read(walk->kernel, pfn, f));
  if (kl_page_file(f) != walk->mapping)
    return KL_ERR_MALFORMED;
  uint64_t pages = 1ull << f->order, more = entry->last - entry->index; // more: indices behind the first
  walk->index = entry->index;
  if (f->type == KL_PAGE_HUGETLB && more < pages - 1 && entry->index == f->index) {
    // Up to 6.6 hugetlbfs counts in huge pages (a08c7193e4f1).
    walk->index = entry->index << f->order;
    walk->pfn = f->head_pfn;
    walk->left = pages;
    return KL_OK;
  }
  if (entry->index < f->index || entry->index - f->index >= pages || more >= pages - (entry->index - f->index))
    return KL_ERR_MALFORMED;
  walk->pfn = f->head_pfn + (entry->index - f->index);
  walk->left = more + 1;
  return KL_OK;
}

// An entry of several pages may begin before the first that is wanted, and end
// behind the last.
static void leave_out_unwanted(struct kl_page_cache_walk *walk) {
  uint64_t before = walk->index < walk->first ? kl_min(walk->first - walk->index, walk->left) : 0;
  walk->index += before;
  walk->pfn += before;
  walk->left -= before;
  if (walk->index > walk->last)
    walk->left = 0;
  else if (walk->left > walk->last - walk->index)
    walk->left = walk->last - walk->index + 1;
}

enum kl_status kl_page_cache_walk_next(struct kl_page_cache_walk *walk, struct kl_cached_page *ret) {
  while (!walk->left) {
    struct kl_xarray_entry entry = {0};
    enum kl_status status = kl_xarray_next(&walk->tree, &entry);
    walk->lost = entry.pointer;
    KL_TRY(status);
    if (entry.kind != KL_XARRAY_POINTER)
      continue;
    KL_TRY(take_entry(walk, &entry));
    leave_out_unwanted(walk);
  }
  KL_TRY(kl_budget_spend(walk->budget, 1));
  ret->pfn = walk->pfn++;
  ret->offset = walk->index++ << walk->kernel->paging.granule_shift;
  ret->folio = walk->folio;
  walk->left--;
  return KL_OK;
}
