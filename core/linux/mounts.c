// The mounts of a mount namespace.
#include "linux/mounts.h"

#include "base/text.h"

// include/linux/mount.h, up to 6.8: a place holder of somebody who reads
// /proc/mounts.
enum { MNT_CURSOR = 0x10000000 };

enum kl_status kl_task_mount_namespace(struct kl_kernel *k, uint64_t task, uint64_t *ret) {
  uint64_t proxy;
  *ret = 0;
  KL_TRY(kl_get_pointer(k, task, KL_F_task_struct_nsproxy, &proxy));
  return proxy ? kl_get_pointer(k, proxy, KL_F_nsproxy_mnt_ns, ret) : KL_OK;
}

enum kl_status kl_mount_namespace_number(struct kl_kernel *k, uint64_t namespace, uint64_t *ret) {
  uint64_t common;
  KL_TRY(kl_member(k, namespace, KL_F_mnt_namespace_ns, &common));
  return kl_get(k, common, KL_F_ns_common_inum, ret);
}

enum kl_status kl_mount_walk_init(struct kl_mount_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                                  uint64_t namespace) {
  uint64_t head;
  walk->kernel = kernel;
  walk->budget = budget;
  walk->lost = namespace;
  walk->is_tree = !kl_has(kernel, KL_F_mnt_namespace_list);
  KL_TRY(kl_member(kernel, namespace, walk->is_tree ? KL_F_mnt_namespace_mounts : KL_F_mnt_namespace_list, &head));
  if (walk->is_tree)
    kl_rbtree_init(&walk->tree, kernel, budget, head);
  else
    kl_list_init(&walk->list, kernel, budget, head);
  return KL_OK;
}

// Of a cursor nothing but its flags is there.
static enum kl_status read_mount(struct kl_kernel *k, uint64_t address, bool may_be_cursor, struct kl_mount *ret) {
  *ret = (struct kl_mount){.address = address};
  KL_TRY(kl_member(k, address, KL_F_mount_mnt, &ret->vfsmount));
  KL_TRY(kl_get(k, ret->vfsmount, KL_F_vfsmount_mnt_flags, &ret->flags));
  if (may_be_cursor && ret->flags & MNT_CURSOR)
    return KL_OK;
  KL_TRY(kl_get_pointer(k, address, KL_F_mount_mnt_parent, &ret->parent));
  KL_TRY(kl_get_pointer(k, ret->vfsmount, KL_F_vfsmount_mnt_sb, &ret->super_block));
  KL_TRY(kl_get(k, address, KL_F_mount_mnt_id, &ret->id));
  return kl_get(k, ret->parent, KL_F_mount_mnt_id, &ret->parent_id);
}

enum kl_status kl_mount_walk_next(struct kl_mount_walk *walk, struct kl_mount *ret) {
  for (;;) {
    uint64_t node = 0, mount;
    enum kl_status status = walk->is_tree ? kl_rbtree_next(&walk->tree, &node) : kl_list_next(&walk->list, &node);
    walk->lost = node;
    KL_TRY(status);
    KL_TRY(kl_container(walk->kernel, node, walk->is_tree ? KL_F_mount_mnt_node : KL_F_mount_mnt_list, &mount));
    walk->lost = mount;
    KL_TRY(read_mount(walk->kernel, mount, !walk->is_tree, ret));
    if (walk->is_tree || !(ret->flags & MNT_CURSOR))
      return KL_OK;
  }
}

enum kl_status kl_mount_point(struct kl_kernel *k, struct kl_budget *budget, const struct kl_mount *mount,
                              struct kl_path_text *text) {
  uint64_t dentry;
  struct kl_path_root root = {0};
  KL_TRY(kl_get_pointer(k, mount->vfsmount, KL_F_vfsmount_mnt_root, &dentry));
  return kl_mounted_path(k, budget, mount->vfsmount, dentry, &root, text);
}

enum kl_status kl_mount_root(struct kl_kernel *k, struct kl_budget *budget, const struct kl_mount *mount,
                             struct kl_path_text *text) {
  uint64_t dentry;
  char type[8];
  size_t n = 0;
  KL_TRY(kl_get_pointer(k, mount->vfsmount, KL_F_vfsmount_mnt_root, &dentry));
  // nsfs_show_path(): what is mounted is a file without a place.
  if (kl_super_type(k, mount->super_block, type, sizeof type, &n) == KL_OK &&
      kl_bytes_equal(kl_bytes_of(type, n), "nsfs"))
    return kl_namespace_path(k, dentry, text);
  return kl_dentry_path(k, budget, dentry, text);
}
