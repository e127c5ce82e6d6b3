// Frames that are used, or free, as something else than the struct page says:
// those under the kernel's virtual areas, the stacks of tasks, per-CPU memory,
// and free pages that a CPU keeps for itself.
//
// Found from the holder's side, so all of them at once: 8 bytes for each such
// frame and KL_HOLDER_BYTES for each area, and nothing for the other frames.
// They are kept in the dump's arena once they were asked for.
#ifndef KL_LINUX_HOLDERS_H
#define KL_LINUX_HOLDERS_H

#include "linux/page.h"

struct kl_holder {
  uint64_t start, end; // virtual; end is exclusive
  uint64_t object;     // KERNEL_STACK: the task_struct; else the code that asked for the area; 0: not known
  uint8_t kind;        // an enum kl_page_kind: KERNEL_STACK, VMALLOC, PERCPU
  bool borrows;        // vmap(): the frames may be another's, who is asked first
};
enum { KL_HOLDER_BYTES = 32, KL_HELD_FRAME_BYTES = 8 }; // at most

struct kl_holders {
  struct kl_holder *holders;
  size_t n_holders;
  uint64_t *held; // pfn, borrowed or not, number of the holder: ascending
  size_t n_held;
  // What was lost first, and why; KL_OK: nothing.
  const char *lost_what;
  uint64_t lost;
  enum kl_status why;
};

// Borrowed, for as long as the kernel. Found when it is first asked for: a step
// for each area, each frame and each table entry under it, and twice for each
// task. KL_ERR_BUDGET: nothing is kept. What can't be read is in ret->why.
enum kl_status kl_holders_find(struct kl_kernel *k, struct kl_budget *budget,
                               const struct kl_holders **ret) KL_MUST_USE;

// What is known of one frame.
struct kl_held {
  const struct kl_holder *holder; // null: free, in a block of this order
  uint8_t order;
};
// *at: where the one before was found, 0 at first; ascending frames are found
// quickest.
bool kl_holders_of(const struct kl_holders *holders, uint64_t pfn, size_t *at, struct kl_held *ret);

#endif
