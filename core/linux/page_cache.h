// The page cache of one address_space: which frame holds which part of a file.
//
// Source: mm/filemap.c. Values in the tree (shadows, swapped shmem, DAX) are no
// pages and are stepped over.
#ifndef KL_LINUX_PAGE_CACHE_H
#define KL_LINUX_PAGE_CACHE_H

#include "linux/page.h"
#include "walk/xarray.h"

struct kl_cached_page {
  uint64_t pfn;
  uint64_t offset;      // in the file, bytes
  struct kl_page folio; // what its struct page says
};

struct kl_page_cache_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint64_t mapping;
  uint64_t first, last; // page indices that are wanted, both included
  struct kl_xarray tree;
  struct kl_page folio;
  uint64_t pfn, index; // the next page of the entry
  uint64_t left;       // pages of the entry not yet given
  uint64_t lost;       // where the last error arose
};

// Pages that hold bytes from first to last of the file.
enum kl_status kl_page_cache_walk_init(struct kl_page_cache_walk *walk, struct kl_kernel *kernel,
                                       struct kl_budget *budget, uint64_t mapping, uint64_t first,
                                       uint64_t last) KL_MUST_USE;
// The next base page, in order of the file. KL_END at the end. An entry that
// leads nowhere (KL_ERR_MALFORMED) or a node that can't be read is an error
// once, and the walk goes on behind it. One step a page.
enum kl_status kl_page_cache_walk_next(struct kl_page_cache_walk *walk, struct kl_cached_page *ret) KL_MUST_USE;

#endif
