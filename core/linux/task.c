// Tasks: the walk over them, and their plain properties.
#include "linux/task.h"

#include "base/memory.h"

// include/linux/sched.h
enum {
  TASK_UNINTERRUPTIBLE = 0x2,
  TASK_REPORT = 0x7f,
  TASK_REPORT_IDLE = 0x80,
  TASK_IDLE = 0x402, // uninterruptible, and no load
  TASK_RTLOCK_WAIT = 0x1000,
  TASK_FROZEN = 0x8000,
  PF_KTHREAD = 0x00200000,
  MAX_RT_PRIO = 100,
};

void kl_task_walk_init(struct kl_task_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                       bool with_threads) {
  memset(walk, 0, sizeof *walk);
  walk->kernel = kernel;
  walk->budget = budget;
  walk->with_threads = with_threads;
  uint64_t head = kernel->known[KL_S_init_task].address + kernel->fields[KL_F_task_struct_tasks].offset;
  kl_list_init(&walk->processes, kernel, budget, head);
}

// The leader's other threads: on the signal_struct's list, or, where a task has
// no thread_node, on the ring through the leader.
static enum kl_status begin_threads(struct kl_task_walk *walk) {
  struct kl_kernel *k = walk->kernel;
  uint64_t head;
  if (kl_has(k, KL_F_task_struct_thread_node) && kl_has(k, KL_F_signal_struct_thread_head)) {
    uint64_t signal;
    KL_TRY(kl_get_pointer(k, walk->leader, KL_F_task_struct_signal, &signal));
    if (!signal)
      return KL_ERR_MALFORMED;
    KL_TRY(kl_member(k, signal, KL_F_signal_struct_thread_head, &head));
  } else {
    KL_TRY(kl_member(k, walk->leader, KL_F_task_struct_thread_group, &head));
  }
  kl_list_init(&walk->threads, k, walk->budget, head);
  return KL_OK;
}

static enum kl_status next_thread(struct kl_task_walk *walk, uint64_t *task) {
  struct kl_kernel *k = walk->kernel;
  enum kl_field_id link = kl_either(k, KL_F_task_struct_thread_node, KL_F_task_struct_thread_group);
  for (;;) {
    uint64_t node;
    enum kl_status status = kl_list_next(&walk->threads, &node);
    if (status != KL_OK) {
      *task = walk->threads.current;
      return status;
    }
    KL_TRY(kl_container(k, node, link, task));
    if (*task != walk->leader)
      return KL_OK;
  }
}

// The leader is the task given now; its threads are next.
static void begin_process(struct kl_task_walk *walk, uint64_t leader) {
  walk->leader = leader;
  if (!walk->with_threads)
    return;
  walk->threads_lost = begin_threads(walk);
  walk->in_threads = true;
}

static enum kl_status rest_of_process(struct kl_task_walk *walk, uint64_t *task) {
  enum kl_status status = walk->threads_lost;
  *task = walk->leader;
  if (status == KL_OK)
    status = next_thread(walk, task);
  walk->in_threads = status == KL_OK;
  walk->lost = "threads of a process";
  return status;
}

void kl_task_walk_init_process(struct kl_task_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                               uint64_t leader) {
  kl_task_walk_init(walk, kernel, budget, true);
  walk->processes.done = true;
  walk->leader = leader;
  walk->leader_next = true;
}

enum kl_status kl_task_walk_init_number(struct kl_task_walk *walk, struct kl_kernel *kernel,
                                        struct kl_budget *budget, uint64_t number) {
  uint64_t leader;
  enum kl_status status = number ? kl_task_find(kernel, budget, number, &leader) : KL_ERR_NOT_FOUND;
  if (status == KL_OK)
    kl_task_walk_init_process(walk, kernel, budget, leader);
  return status == KL_ERR_NOT_FOUND ? KL_END : status;
}

// ── By pid ─────────────────────────────────────────────────────────────────

// The task that uses a pid as its own: tasks[PIDTYPE_PID] of a struct pid.
// KL_ERR_NOT_FOUND: only a group or a session still uses the number.
enum kl_status kl_pid_task(struct kl_kernel *k, uint64_t pid, uint64_t *ret) {
  uint64_t tasks, node;
  KL_TRY(kl_member(k, kl_paging_strip(&k->paging, pid), KL_F_pid_tasks, &tasks));
  KL_TRY(kl_get_pointer(k, tasks, KL_F_hlist_head_first, &node));
  if (!node)
    return KL_ERR_NOT_FOUND;
  return kl_container(k, node, KL_F_task_struct_pid_links, ret);
}

enum kl_status kl_pids_init(struct kl_xarray *ret, struct kl_kernel *k, struct kl_budget *budget, uint64_t first,
                            uint64_t last) {
  uint64_t idr;
  if (!k->known[KL_S_init_pid_ns].present)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_member(k, k->known[KL_S_init_pid_ns].address, KL_F_pid_namespace_idr, &idr));
  kl_idr_init(ret, k, budget, idr, first, last);
  return KL_OK;
}

// True when the list of processes gave this one before it broke.
static bool was_given(struct kl_task_walk *walk, uint64_t task) {
  struct kl_list again;
  uint64_t node, given;
  kl_list_init(&again, walk->kernel, walk->budget, walk->processes.head);
  while (again.count < walk->processes.count && kl_list_next(&again, &node) == KL_OK)
    if (kl_container(walk->kernel, node, KL_F_task_struct_tasks, &given) == KL_OK && given == task)
      return true;
  return false;
}

// The next process that the list did not give.
static enum kl_status next_by_pid(struct kl_task_walk *walk, uint64_t *task) {
  struct kl_kernel *k = walk->kernel;
  walk->lost = "processes by pid";
  for (;;) {
    struct kl_xarray_entry entry;
    uint64_t pid, tgid;
    enum kl_status status = kl_xarray_next(&walk->pids, &entry);
    *task = entry.pointer;
    KL_TRY(status);
    if (entry.kind != KL_XARRAY_POINTER)
      continue;
    status = kl_pid_task(k, entry.pointer, task);
    if (status == KL_ERR_NOT_FOUND)
      continue;
    KL_TRY(status);
    KL_TRY(kl_get(k, *task, KL_F_task_struct_pid, &pid));
    KL_TRY(kl_get(k, *task, KL_F_task_struct_tgid, &tgid));
    if (pid == tgid && !was_given(walk, *task)) {
      begin_process(walk, *task);
      return KL_OK;
    }
  }
}

static enum kl_status next_in_list(struct kl_task_walk *walk, uint64_t *task) {
  uint64_t node;
  enum kl_status status = kl_list_next(&walk->processes, &node);
  *task = walk->processes.current;
  walk->lost = "list of processes";
  if (status != KL_OK) {
    if (status != KL_END && status != KL_ERR_BUDGET)
      walk->by_pid = kl_pids_init(&walk->pids, walk->kernel, walk->budget, 1, UINT32_MAX) == KL_OK;
    return status;
  }
  KL_TRY(kl_container(walk->kernel, node, KL_F_task_struct_tasks, task));
  begin_process(walk, *task);
  return KL_OK;
}

enum kl_status kl_task_walk_next(struct kl_task_walk *walk, uint64_t *task) {
  if (walk->in_threads) {
    enum kl_status status = rest_of_process(walk, task);
    if (status != KL_END)
      return status;
  }
  if (walk->leader_next) {
    walk->leader_next = false;
    *task = walk->leader;
    begin_process(walk, *task);
    return KL_OK;
  }
  return walk->by_pid ? next_by_pid(walk, task) : next_in_list(walk, task);
}

static enum kl_status find_by_idr(struct kl_kernel *k, struct kl_budget *budget, uint64_t pid, uint64_t *ret) {
  struct kl_xarray x;
  struct kl_xarray_entry entry;
  KL_TRY(kl_pids_init(&x, k, budget, pid, pid));
  enum kl_status status = kl_xarray_next(&x, &entry);
  if (status == KL_END || (status == KL_OK && entry.kind != KL_XARRAY_POINTER))
    return KL_ERR_NOT_FOUND;
  KL_TRY(status);
  return kl_pid_task(k, entry.pointer, ret);
}

static bool has_pid(struct kl_kernel *k, uint64_t task, uint64_t pid) {
  uint64_t v;
  return kl_get(k, task, KL_F_task_struct_pid, &v) == KL_OK && v == pid;
}

enum kl_status kl_task_find(struct kl_kernel *k, struct kl_budget *budget, uint64_t pid, uint64_t *ret) {
  if (k->known[KL_S_init_pid_ns].present) {
    enum kl_status status = find_by_idr(k, budget, pid, ret);
    if (status == KL_OK && has_pid(k, *ret, pid))
      return KL_OK;
    if (status == KL_ERR_NOT_FOUND && kl_has(k, KL_F_pid_namespace_idr))
      return status;
  }
  // The index can't be read, or contradicts itself: look at every task.
  struct kl_task_walk walk;
  kl_task_walk_init(&walk, k, budget, true);
  enum kl_status lost = KL_ERR_NOT_FOUND;
  for (;;) {
    enum kl_status status = kl_task_walk_next(&walk, ret);
    if (status == KL_END)
      return lost;
    if (status != KL_OK)
      lost = status;
    else if (has_pid(k, *ret, pid))
      return KL_OK;
  }
}

// What /proc shows for the highest bit of the state: bit 0 is letters[1].
static const char letters[] = "RSDTtXZPI";

enum kl_status kl_task_state(struct kl_kernel *k, uint64_t task, char *ret) {
  uint64_t state, exit_state;
  KL_TRY(kl_get(k, task, kl_either(k, KL_F_task_struct___state, KL_F_task_struct_state), &state));
  KL_TRY(kl_get(k, task, KL_F_task_struct_exit_state, &exit_state));
  uint64_t report = (state | exit_state) & TASK_REPORT;
  if ((state & TASK_IDLE) == TASK_IDLE)
    report = TASK_REPORT_IDLE;
  if (state & (TASK_RTLOCK_WAIT | TASK_FROZEN))
    report = TASK_UNINTERRUPTIBLE;
  size_t i = 0;
  while (report >> i)
    i++;
  *ret = letters[i];
  return KL_OK;
}

enum kl_status kl_task_is_kernel(struct kl_kernel *k, uint64_t task, bool *ret) {
  uint64_t flags;
  KL_TRY(kl_get(k, task, KL_F_task_struct_flags, &flags));
  *ret = flags & PF_KTHREAD;
  return KL_OK;
}

enum kl_status kl_task_parent(struct kl_kernel *k, uint64_t task, uint64_t *ret) {
  uint64_t parent;
  KL_TRY(kl_get_pointer(k, task, KL_F_task_struct_real_parent, &parent));
  return kl_get(k, parent, KL_F_task_struct_tgid, ret);
}

enum kl_status kl_task_start_time(struct kl_kernel *k, uint64_t task, uint64_t *ns) {
  return kl_get(k, task, kl_either(k, KL_F_task_struct_start_boottime, KL_F_task_struct_start_time), ns);
}

enum kl_status kl_task_cpu(struct kl_kernel *k, uint64_t task, uint64_t *ret) {
  if (kl_has(k, KL_F_task_struct_cpu))
    return kl_get(k, task, KL_F_task_struct_cpu, ret);
  if (!kl_has(k, KL_F_thread_info_cpu) && kl_is_uniprocessor(k)) {
    *ret = 0;
    return KL_OK;
  }
  uint64_t info;
  KL_TRY(kl_member(k, task, KL_F_task_struct_thread_info, &info));
  return kl_get(k, info, KL_F_thread_info_cpu, ret);
}

enum kl_status kl_task_priority(struct kl_kernel *k, uint64_t task, int64_t *ret) {
  uint64_t priority;
  KL_TRY(kl_get(k, task, KL_F_task_struct_prio, &priority));
  *ret = (int64_t)priority - MAX_RT_PRIO;
  return KL_OK;
}

enum kl_status kl_task_cred(struct kl_kernel *k, uint64_t task, enum kl_field_id field, uint64_t *ret) {
  uint64_t cred;
  KL_TRY(kl_get_pointer(k, task, KL_F_task_struct_real_cred, &cred)); // the one that /proc shows
  return kl_get(k, cred, field, ret);
}

enum kl_status kl_task_threads(struct kl_kernel *k, uint64_t task, uint64_t *ret) {
  uint64_t signal;
  KL_TRY(kl_get_pointer(k, task, KL_F_task_struct_signal, &signal));
  return kl_get(k, signal, KL_F_signal_struct_nr_threads, ret);
}
