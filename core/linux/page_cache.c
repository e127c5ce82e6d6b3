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
  kl_xarray_init(&walk->tree, kernel, budget, tree, first >> shift, last >> shift);
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
  uint64_t pages = 1ull << f->order, indices = entry->last - entry->index + 1;
  walk->index = entry->index;
  if (f->type == KL_PAGE_HUGETLB && indices < pages && entry->index == f->index) {
    // Up to 6.6 hugetlbfs counts in huge pages (a08c7193e4f1).
    walk->index = entry->index << f->order;
    walk->pfn = f->head_pfn;
    walk->left = pages;
    return KL_OK;
  }
  if (entry->index < f->index || entry->index - f->index >= pages || indices > pages - (entry->index - f->index))
    return KL_ERR_MALFORMED;
  walk->pfn = f->head_pfn + (entry->index - f->index);
  walk->left = indices;
  return KL_OK;
}

enum kl_status kl_page_cache_walk_next(struct kl_page_cache_walk *walk, struct kl_cached_page *ret) {
  while (!walk->left) {
    struct kl_xarray_entry entry = {0};
    enum kl_status status = kl_xarray_next(&walk->tree, &entry);
    walk->lost = entry.pointer;
    KL_TRY(status);
    if (entry.kind != KL_XARRAY_POINTER)
      continue;
    KL_TRY(kl_budget_spend(walk->budget, 1));
    KL_TRY(take_entry(walk, &entry));
  }
  ret->pfn = walk->pfn++;
  ret->offset = walk->index++ << walk->kernel->paging.granule_shift;
  ret->folio = walk->folio;
  walk->left--;
  return KL_OK;
}
