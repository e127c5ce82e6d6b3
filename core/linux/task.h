// Tasks: every process and thread, and what /proc says of one.
#ifndef KL_LINUX_TASK_H
#define KL_LINUX_TASK_H

#include "kernel/kernel.h"
#include "walk/list.h"
#include "walk/xarray.h"

// All tasks: the processes in the order of the kernel's list (that in which
// they started), each one's leader first, then its other threads. The idle
// tasks (pid 0) are not in it, as in /proc. When the list of processes breaks,
// the rest is found by pid.
struct kl_task_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  struct kl_list processes, threads;
  struct kl_xarray pids; // once the list has broken
  uint64_t leader;
  enum kl_status threads_lost; // why the leader's threads can't be walked: told after the leader
  const char *lost;            // of the last error: what was lost, a static string
  bool with_threads, in_threads, leader_next, by_pid;
};
void kl_task_walk_init(struct kl_task_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                       bool with_threads);
// The tasks of one process: the leader, then the other threads.
void kl_task_walk_init_process(struct kl_task_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                               uint64_t leader);
// The same by the leader's number. That of another thread begins with that
// thread: the caller looks at what it gets. KL_END: nobody has it; errors as
// kl_task_find.
enum kl_status kl_task_walk_init_number(struct kl_task_walk *walk, struct kl_kernel *kernel,
                                        struct kl_budget *budget, uint64_t number) KL_MUST_USE;
// The next task_struct. KL_END at the end. Any other status: what walk->lost
// names is lost at *task, and the walk goes on with what can still be found; it
// ends after KL_ERR_BUDGET. A step a task; by pid, as many as there were
// processes before the list broke.
enum kl_status kl_task_walk_next(struct kl_task_walk *walk, uint64_t *task) KL_MUST_USE;

// The task with this pid (a thread's too), as the initial namespace counts.
// KL_ERR_NOT_FOUND when there is none.
enum kl_status kl_task_find(struct kl_kernel *k, struct kl_budget *budget, uint64_t pid, uint64_t *ret) KL_MUST_USE;

// The task that uses a struct pid as its own number. KL_ERR_NOT_FOUND: only a
// group or a session still does.
enum kl_status kl_pid_task(struct kl_kernel *k, uint64_t pid, uint64_t *ret) KL_MUST_USE;
// The pids of the initial namespace with numbers from first to last: entries are
// struct pid. KL_ERR_NOT_FOUND: nothing names the namespace.
enum kl_status kl_pids_init(struct kl_xarray *ret, struct kl_kernel *k, struct kl_budget *budget, uint64_t first,
                            uint64_t last) KL_MUST_USE;

// R, S, D, T, t, X, Z, P or I, as in /proc/PID/stat.
enum kl_status kl_task_state(struct kl_kernel *k, uint64_t task, char *ret) KL_MUST_USE;
// True for a kernel thread. Workers that the kernel clones from a process
// (io_uring, vhost) belong to that process.
enum kl_status kl_task_is_kernel(struct kl_kernel *k, uint64_t task, bool *ret) KL_MUST_USE;
// The parent's tgid, 0 for what has none.
enum kl_status kl_task_parent(struct kl_kernel *k, uint64_t task, uint64_t *ret) KL_MUST_USE;
// Since boot, with time suspended where the kernel counts it (5.5).
enum kl_status kl_task_start_time(struct kl_kernel *k, uint64_t task, uint64_t *ns) KL_MUST_USE;
enum kl_status kl_task_cpu(struct kl_kernel *k, uint64_t task, uint64_t *ret) KL_MUST_USE;
// As in /proc/PID/stat: 0 to 39 for nice, below 0 for real-time.
enum kl_status kl_task_priority(struct kl_kernel *k, uint64_t task, int64_t *ret) KL_MUST_USE;
// A member of the task's credentials: KL_F_cred_uid and the like.
enum kl_status kl_task_cred(struct kl_kernel *k, uint64_t task, enum kl_field_id field, uint64_t *ret) KL_MUST_USE;
// Threads of its process.
enum kl_status kl_task_threads(struct kl_kernel *k, uint64_t task, uint64_t *ret) KL_MUST_USE;

// ── Its memory ─────────────────────────────────────────────────────────────

// The mm_struct; 0 for kernel threads and for what has exited.
enum kl_status kl_task_mm(struct kl_kernel *k, uint64_t task, uint64_t *ret) KL_MUST_USE;
// Physical address of an mm's page-table root.
enum kl_status kl_mm_root(struct kl_kernel *k, uint64_t mm, uint64_t *ret) KL_MUST_USE;
// The address space of an mm. space is 4 KiB: keep it in a table's state.
enum kl_status kl_mm_space(struct kl_kernel *k, uint64_t mm, struct kl_space *space) KL_MUST_USE;

// The bytes of /proc/PID/cmdline: arguments, each ended by a NUL, or what the
// process wrote over them (setproctitle). *ret bytes, at most capacity. When
// not all could be given, the status says why (KL_ERR_LIMIT: the capacity; else
// what kept the next page from us) and *ret bytes are there all the same.
enum kl_status kl_mm_arguments(struct kl_kernel *k, struct kl_space *space, uint64_t mm, char *dst, size_t capacity,
                               size_t *ret) KL_MUST_USE;

#endif
