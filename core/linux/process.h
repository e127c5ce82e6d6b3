// Processes that have memory: the walk under every table that lists something
// by process.
#ifndef KL_LINUX_PROCESS_H
#define KL_LINUX_PROCESS_H

#include "linux/task.h"

struct kl_process {
  uint64_t task; // the leader, or a thread that still has what a leader that exited gave up
  uint64_t tgid;
  uint64_t mm;
  char comm[16]; // not terminated
  uint8_t comm_bytes;
};

struct kl_process_walk {
  struct kl_kernel *kernel;
  struct kl_task_walk tasks;
  uint64_t only; // the one tgid that is wanted; 0: all
  uint64_t last; // the tgid given last
  uint64_t lost; // where the last error arose
};

// only: a tgid, or 0 for all. KL_END: no such process.
enum kl_status kl_process_walk_init(struct kl_process_walk *walk, struct kl_kernel *kernel,
                                    struct kl_budget *budget, uint64_t only) KL_MUST_USE;
// The next process with an mm. KL_END at the end; KL_ERR_BUDGET ends the walk;
// any other status: something was lost at walk->lost, and the walk goes on.
enum kl_status kl_process_walk_next(struct kl_process_walk *walk, struct kl_process *ret) KL_MUST_USE;

#endif
