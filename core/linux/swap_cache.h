// The swap cache: pages that are in memory and have a place in a swap area.
//
// Trees of address_spaces (swapper_spaces), or since 6.18 a table for each
// cluster of slots. Sources: mm/swap_state.c, mm/swap_table.h.
#ifndef KL_LINUX_SWAP_CACHE_H
#define KL_LINUX_SWAP_CACHE_H

#include "linux/page.h"
#include "walk/xarray.h"

struct kl_swap_page {
  uint64_t pfn;
  uint64_t slot;        // in the swap area, in pages
  struct kl_page folio; // what its struct page says
};

enum { KL_SWAP_AREAS = 32, KL_SWAP_TABLE_BYTES = 512 };

struct kl_swap_cache_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint32_t area, areas; // the swap area being walked is area - 1
  uint64_t info;        // its swap_info_struct
  uint64_t next, left;  // address_spaces or clusters that follow
  bool tables;
  struct kl_xarray tree;
  uint64_t table, entry, entries; // of a cluster: the next entry
  uint64_t loaded;                // which part of the table is here; 0: none
  uint8_t part[KL_SWAP_TABLE_BYTES];
  struct kl_page folio;
  uint64_t give, given; // pages of the folio; those given
  uint64_t lost;        // where the last error arose
};

// KL_ERR_NOT_FOUND: this kernel has no swap, or no symbol leads to it.
enum kl_status kl_swap_cache_walk_init(struct kl_swap_cache_walk *walk, struct kl_kernel *kernel,
                                       struct kl_budget *budget) KL_MUST_USE;
// The next base page, area by area; walk->area - 1 and walk->info are its area's.
// KL_END at the end; KL_ERR_BUDGET ends the walk; any other status is one entry
// or part of an area that is lost, and the walk goes on. One step a slot or page.
enum kl_status kl_swap_cache_walk_next(struct kl_swap_cache_walk *walk, struct kl_swap_page *ret) KL_MUST_USE;

#endif
