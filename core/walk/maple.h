// A cursor over a maple tree: ranges of indices and what each one holds. In
// use for VMAs and interrupts since 6.1 (54a611b60590 "Maple Tree: add new data
// structure").
//
// Sizes of the nodes' arrays and numbers of the node types are the kernel's
// own, by BTF. Every range must lie inside its parent's, a node that is its own
// ancestor is a cycle, and the height is capped.
#ifndef KL_WALK_MAPLE_H
#define KL_WALK_MAPLE_H

#include "base/budget.h"
#include "kernel/kernel.h"

enum {
  KL_MAPLE_HEIGHT = 31, // MAPLE_HEIGHT_MAX
  KL_MAPLE_SLOTS = 64,  // at most; 31 in a dense node
};

struct kl_maple_entry {
  uint64_t first, last; // indices, both included
  uint64_t pointer;     // as it is stored
};

struct kl_maple {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint64_t tree;
  uint64_t next, last; // the indices that are still wanted, both included
  uint64_t count;      // nodes read
  size_t depth;
  struct {
    uint64_t node; // with its type, as the slot above holds it
    uint64_t min, max;
  } stack[KL_MAPLE_HEIGHT];
  // The node that was read last.
  uint64_t loaded; // 0: none
  size_t slots;    // in use
  uint64_t slot[KL_MAPLE_SLOTS];
  uint64_t limit[KL_MAPLE_SLOTS]; // the last index of each slot
  bool leaf, begun, done;
};

// tree: address of the struct maple_tree. Entries that cover any of the indices
// [first, last] are given, in order; empty ranges and the tree's own reserved
// values are not.
void kl_maple_init(struct kl_maple *maple, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t tree,
                   uint64_t first, uint64_t last);
// The next entry. KL_END at the end. A node that can't be read or that does not
// hold together (KL_ERR_MALFORMED, KL_ERR_CYCLE, KL_ERR_LIMIT for the height,
// KL_ERR_UNSUPPORTED for an unknown type) is returned once as an error with its
// range in ret->first, ret->last and its address in ret->pointer; the walk goes
// on behind it. When the tree itself can't be read, past list_nodes
// (KL_ERR_LIMIT) and after KL_ERR_BUDGET nothing follows but KL_END. One step a
// node read.
enum kl_status kl_maple_next(struct kl_maple *maple, struct kl_maple_entry *ret) KL_MUST_USE;

#endif
