// Pages that are free, and that a CPU keeps for itself: they are in no free
// block, and their struct pages look like those in use. Source: mm/page_alloc.c.
#ifndef KL_LINUX_FREE_LISTS_H
#define KL_LINUX_FREE_LISTS_H

#include "linux/page.h"
#include "walk/list.h"

struct kl_free_list_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  struct kl_list list;
  uint32_t node, nodes, zone, zones, cpu, index, lists;
  uint64_t zone_at;  // of the node's first
  uint64_t pages_at; // the CPU's struct per_cpu_pages in this zone
  uint64_t lost;     // where the last error arose
};

// KL_ERR_NOT_FOUND: no symbol leads to them.
enum kl_status kl_free_list_walk_init(struct kl_free_list_walk *walk, struct kl_kernel *kernel,
                                      struct kl_budget *budget) KL_MUST_USE;
// The next block of 1 << order free pages, by zone, CPU and list. KL_END at the
// end; KL_ERR_BUDGET ends the walk; after any other status it goes on, with the
// next list. One step a block, a list and a CPU.
enum kl_status kl_free_list_walk_next(struct kl_free_list_walk *walk, uint64_t *pfn, uint8_t *order) KL_MUST_USE;

#endif
