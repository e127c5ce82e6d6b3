// Cursors over the kernel's lists: struct list_head, hlist, hlist_nulls.
//
// The structure ends a walk first (back at the head, a null, a nulls marker),
// a cycle check second (Brent), the budget last.
#ifndef KL_WALK_LIST_H
#define KL_WALK_LIST_H

#include "base/budget.h"
#include "kernel/kernel.h"
#include "walk/cycle.h"

struct kl_list {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint64_t head;
  uint64_t current; // node given last; head at first
  struct kl_cycle cycle;
  uint64_t count; // nodes given; capped by limits.list_nodes
  enum { KL_LIST_CIRCULAR, KL_LIST_HLIST, KL_LIST_HLIST_NULLS } kind;
  uint64_t nulls; // the marker that ended a hlist_nulls walk (without its low bit)
  bool done;
};

// head: address of the struct list_head (the head itself is not an element).
void kl_list_init(struct kl_list *list, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t head);
// head: address of the struct hlist_head.
void kl_hlist_init(struct kl_list *list, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t head);
void kl_hlist_nulls_init(struct kl_list *list, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t head);
// The next node's address (not read yet: only the following call needs it).
// KL_END at the end; KL_ERR_CYCLE, KL_ERR_LIMIT, KL_ERR_BUDGET, KL_ERR_MALFORMED
// (a null inside a circular list), or the status of a node that can't be read.
// After anything but KL_OK: KL_END. One step a call.
enum kl_status kl_list_next(struct kl_list *list, uint64_t *node) KL_MUST_USE;

#endif
