// The mounts of a mount namespace, and the namespaces that processes are in.
//
// Sources: fs/mount.h, fs/namespace.c, fs/proc_namespace.c. A list up to 6.7, a
// tree by id since (2eea9ce4310d).
#ifndef KL_LINUX_MOUNTS_H
#define KL_LINUX_MOUNTS_H

#include "linux/path.h"
#include "walk/list.h"
#include "walk/rbtree.h"

struct kl_mount {
  uint64_t address; // of the struct mount
  uint64_t vfsmount;
  uint64_t parent; // struct mount; itself at the top
  uint64_t super_block;
  uint64_t flags; // MNT_ flags
  uint64_t id, parent_id;
};

struct kl_mount_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  bool is_tree;
  struct kl_list list;
  struct kl_rbtree tree;
  uint64_t lost; // where the last error arose
};

// The mount namespace of a task; 0 when it is exiting.
enum kl_status kl_task_mount_namespace(struct kl_kernel *k, uint64_t task, uint64_t *ret) KL_MUST_USE;
// The number by which /proc/PID/ns/mnt names it.
enum kl_status kl_mount_namespace_number(struct kl_kernel *k, uint64_t namespace, uint64_t *ret) KL_MUST_USE;

enum kl_status kl_mount_walk_init(struct kl_mount_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                                  uint64_t namespace) KL_MUST_USE;
// KL_END at the end. A mount that can't be read is an error once.
enum kl_status kl_mount_walk_next(struct kl_mount_walk *walk, struct kl_mount *ret) KL_MUST_USE;

// Where it is mounted, from the namespace's root; and which directory of its
// file system shows there.
enum kl_status kl_mount_point(struct kl_kernel *k, struct kl_budget *budget, const struct kl_mount *mount,
                              struct kl_path_text *text) KL_MUST_USE;
enum kl_status kl_mount_root(struct kl_kernel *k, struct kl_budget *budget, const struct kl_mount *mount,
                             struct kl_path_text *text) KL_MUST_USE;

#endif
