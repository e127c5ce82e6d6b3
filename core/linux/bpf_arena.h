// The pages of a BPF arena (6.9): memory that a program and user space share.
//
// kernel/bpf/arena.c: kern_vm spans the arena's 4 GiB at most and a guard of
// round_up(64 KiB, 2 pages), half of it on either side; pages come on demand.
#ifndef KL_LINUX_BPF_ARENA_H
#define KL_LINUX_BPF_ARENA_H

#include "base/budget.h"
#include "linux/bpf_map.h"

struct kl_bpf_arena {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  struct kl_leaf_walk walk;
  uint64_t start;      // kernel address of page 0
  uint64_t user_start; // 0: not mapped by user space yet
  uint64_t scratch;    // physical address of the page that stands in for absent ones; ~0: none
};

struct kl_bpf_arena_page {
  uint64_t page; // its number
  uint64_t kernel_address, user_address, physical;
};

// KL_ERR_MALFORMED: the area contradicts itself.
enum kl_status kl_bpf_arena_open(struct kl_bpf_arena *a, struct kl_kernel *k, struct kl_budget *budget,
                                 const struct kl_bpf_map *map) KL_MUST_USE;
// The next present page. KL_END after the last; a table that can't be read is
// an error once, and the walk goes on behind it.
enum kl_status kl_bpf_arena_next(struct kl_bpf_arena *a, struct kl_bpf_arena_page *ret) KL_MUST_USE;

#endif
