// Paths: the name of a file as a process sees it, by the rules of d_path().
#ifndef KL_LINUX_PATH_H
#define KL_LINUX_PATH_H

#include "kernel/kernel.h"

// Where paths are made, from the end to the front: [start, capacity) of the
// buffer is the path so far.
struct kl_path_text {
  char *buffer; // borrowed
  size_t capacity, start;
};
static inline struct kl_path_text kl_path_into(char *buffer, size_t capacity) {
  return (struct kl_path_text){buffer, capacity, capacity};
}
enum { KL_PATH_BYTES = 4096 }; // PATH_MAX: a good capacity

// Who looks: a struct vfsmount and a dentry; both 0: the mount namespace's own
// root, whichever the file's is.
struct kl_path_root {
  uint64_t mount, dentry;
};
// The root directory of a task. KL_END when it has none (it has exited).
enum kl_status kl_task_root(struct kl_kernel *k, uint64_t task, struct kl_path_root *ret) KL_MUST_USE;

// The name of a struct path at an address. As in /proc: deleted files end in
// " (deleted)"; what has no place in a tree has a form of its own (pipe:[7],
// socket:[8], anon_inode:[eventfd], net:[9], /memfd:x (deleted)); what lies
// outside root is shown from the mount namespace's root. KL_ERR_LIMIT: it does
// not fit, or is deeper than limits.path_depth; KL_ERR_CYCLE: its parents lead
// back to it. One step a component.
enum kl_status kl_path_print(struct kl_kernel *k, struct kl_budget *budget, uint64_t path,
                             const struct kl_path_root *root, struct kl_path_text *text) KL_MUST_USE;
// That of a dentry under a struct vfsmount.
enum kl_status kl_mounted_path(struct kl_kernel *k, struct kl_budget *budget, uint64_t vfsmount, uint64_t dentry,
                               const struct kl_path_root *root, struct kl_path_text *text) KL_MUST_USE;
// That of a struct file.
enum kl_status kl_file_path(struct kl_kernel *k, struct kl_budget *budget, uint64_t file,
                            const struct kl_path_root *root, struct kl_path_text *text) KL_MUST_USE;
// From a dentry up to the root of its file system: no mount is known, and
// nothing is said of deletion.
enum kl_status kl_dentry_path(struct kl_kernel *k, struct kl_budget *budget, uint64_t dentry,
                              struct kl_path_text *text) KL_MUST_USE;

// The name of a dentry of nsfs, net:[9]: such a file can be mounted, too.
enum kl_status kl_namespace_path(struct kl_kernel *k, uint64_t dentry, struct kl_path_text *text) KL_MUST_USE;

// The name of the file system type of a super_block. *ret bytes at most
// capacity.
enum kl_status kl_super_type(struct kl_kernel *k, uint64_t super_block, char *dst, size_t capacity,
                             size_t *ret) KL_MUST_USE;

// The path of a kernfs_node from its root (sysfs, cgroup): "/" for the root.
enum kl_status kl_kernfs_path(struct kl_kernel *k, struct kl_budget *budget, uint64_t node,
                              struct kl_path_text *text) KL_MUST_USE;
// A task's place in the v2 cgroup hierarchy. KL_ERR_NOT_FOUND: this kernel has
// no cgroups.
enum kl_status kl_task_cgroup(struct kl_kernel *k, struct kl_budget *budget, uint64_t task,
                              struct kl_path_text *text) KL_MUST_USE;

#endif
