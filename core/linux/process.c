// Processes that have memory.
#include "linux/process.h"

enum kl_status kl_process_walk_init(struct kl_process_walk *walk, struct kl_kernel *kernel,
                                    struct kl_budget *budget, uint64_t only) {
  *walk = (struct kl_process_walk){.kernel = kernel, .only = only};
  if (!only) {
    kl_task_walk_init(&walk->tasks, kernel, budget, true);
    return KL_OK;
  }
  return kl_task_walk_init_number(&walk->tasks, kernel, budget, only);
}

// Reads one task; *ret->mm is 0 for what has no memory.
static enum kl_status read_process(struct kl_kernel *k, uint64_t task, struct kl_process *ret) {
  size_t n = 0;
  *ret = (struct kl_process){.task = task};
  KL_TRY(kl_get(k, task, KL_F_task_struct_tgid, &ret->tgid));
  KL_TRY(kl_task_mm(k, task, &ret->mm));
  enum kl_status status = kl_get_text(k, task, KL_F_task_struct_comm, ret->comm, sizeof ret->comm, &n);
  if (status != KL_OK && status != KL_ERR_LIMIT)
    return status;
  ret->comm_bytes = (uint8_t)n;
  return KL_OK;
}

// A process is given once: by its leader, or where the leader has exited and
// other threads live on, by the first of them.
enum kl_status kl_process_walk_next(struct kl_process_walk *walk, struct kl_process *ret) {
  for (;;) {
    uint64_t task = 0;
    enum kl_status status = kl_task_walk_next(&walk->tasks, &task);
    walk->lost = task;
    KL_TRY(status);
    KL_TRY(read_process(walk->kernel, task, ret));
    if (!ret->mm || ret->tgid == walk->last || (walk->only && ret->tgid != walk->only))
      continue;
    walk->last = ret->tgid;
    return KL_OK;
  }
}
