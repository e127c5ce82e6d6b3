// Namespaces that a task is in: what /proc/PID/ns shows.
#ifndef KL_LINUX_NAMESPACES_H
#define KL_LINUX_NAMESPACES_H

#include "kernel/kernel.h"

enum { KL_NAMESPACE_KINDS = 10 };
// Kind i below KL_NAMESPACE_KINDS: its name in /proc/PID/ns, a static string.
const char *kl_namespace_kind(size_t i);
// The task's namespace of that kind: the object, and the number that names it.
// KL_END: this kernel has no such kind, or the task has left them (it has
// exited).
enum kl_status kl_task_namespace(struct kl_kernel *k, uint64_t task, size_t kind, uint64_t *address,
                                 uint64_t *number) KL_MUST_USE;

#endif
