// The kernel's own virtual areas: vmalloc, vmap, ioremap, stacks of tasks,
// modules, chunks of per-CPU memory. Source: mm/vmalloc.c.
#ifndef KL_LINUX_VMALLOC_H
#define KL_LINUX_VMALLOC_H

#include "kernel/kernel.h"
#include "walk/list.h"

// Of vm_struct.flags (include/linux/vmalloc.h): these have not moved since 2.6.
enum { KL_VMALLOC_IOREMAP = 1, KL_VMALLOC_ALLOC = 2, KL_VMALLOC_MAP = 4 };

struct kl_vmalloc_area {
  uint64_t start, end; // end is exclusive, and includes the guard page
  uint64_t vm;         // its vm_struct; 0: vm_map_ram(), and what follows is 0
  uint64_t flags;
  uint64_t pages;  // that it counts; 0 where it keeps no list of them
  uint64_t phys;   // of what ioremap() mapped
  uint64_t caller; // a code address
};

struct kl_vmalloc_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  struct kl_list list;
  uint64_t nodes; // the next VMAP node; 0: there is one list
  uint64_t left;  // nodes that follow
  uint64_t above; // where the one before ended: in one list they do not overlap
  uint64_t lost;  // where the last error arose
};

// KL_ERR_NOT_FOUND: no symbol leads to them.
enum kl_status kl_vmalloc_walk_init(struct kl_vmalloc_walk *walk, struct kl_kernel *kernel,
                                    struct kl_budget *budget) KL_MUST_USE;
// The next area in use; areas come by address, or by address in each node
// (6.9). KL_END at the end; KL_ERR_BUDGET ends the walk; after any other status
// it goes on. One step each.
enum kl_status kl_vmalloc_walk_next(struct kl_vmalloc_walk *walk, struct kl_vmalloc_area *ret) KL_MUST_USE;

#endif
