// File systems in memory.
#include "linux/fs.h"

#include "base/checked.h"

// ── Super blocks ───────────────────────────────────────────────────────────

// The super block of the first process's root directory.
static enum kl_status root_super(struct kl_kernel *k, uint64_t *ret) {
  struct kl_path_root root;
  KL_TRY(kl_task_root(k, k->known[KL_S_init_task].address, &root));
  return kl_get_pointer(k, root.dentry, KL_F_dentry_d_sb, ret);
}

enum kl_status kl_super_walk_init(struct kl_super_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget) {
  uint64_t head;
  *walk = (struct kl_super_walk){.kernel = kernel, .budget = budget};
  if (kernel->known[KL_S_super_blocks].present) {
    head = kernel->known[KL_S_super_blocks].address;
  } else {
    KL_TRY(root_super(kernel, &walk->first));
    KL_TRY(kl_member(kernel, walk->first, KL_F_super_block_s_list, &head));
  }
  kl_list_init(&walk->list, kernel, budget, head);
  return KL_OK;
}

// Whether an address lies in the kernel image: the list's head does, and no
// super block.
static bool in_image(const struct kl_kernel *k, uint64_t address) {
  return k->known[KL_S__end].present && address - k->image_base < k->known[KL_S__end].address - k->image_base;
}

// Steps along the mounts of a super block: a list since 3.3, a plain chain since
// 2025 (mnt_next_for_sb). 0: no more.
static enum kl_status next_mount(struct kl_kernel *k, uint64_t head, uint64_t mount, uint64_t *ret) {
  bool chain = kl_has(k, KL_F_mount_mnt_next_for_sb);
  uint64_t link = head, next = 0;
  *ret = 0;
  if (mount)
    KL_TRY(kl_member(k, mount, chain ? KL_F_mount_mnt_next_for_sb : KL_F_mount_mnt_instance, &link));
  KL_TRY(kl_read_u64(k, link, &next));
  if (chain) {
    *ret = next;
    return KL_OK;
  }
  return next == head || !next ? KL_OK : kl_container(k, next, KL_F_mount_mnt_instance, ret);
}

// The mount by which a file system's files are named: of its whole tree, in the
// first process's namespace, if there is one; else any. After an error: the best
// of those that could be read.
static enum kl_status mount_of(struct kl_kernel *k, uint64_t super, uint64_t *ret) {
  enum { MOUNTS_LOOKED_AT = 64, WHOLE = 1, FIRST_NAMESPACE = 2 };
  uint64_t head, root, mount = 0, init_namespace = 0, top;
  struct kl_path_root process = {0};
  unsigned best = 0, mounts = 0;
  *ret = 0;
  if (!kl_has(k, KL_F_super_block_s_mounts))
    return KL_OK;
  KL_TRY(kl_member(k, super, KL_F_super_block_s_mounts, &head));
  KL_TRY(kl_get_pointer(k, super, KL_F_super_block_s_root, &root));
  enum kl_status namespaced = kl_task_root(k, k->known[KL_S_init_task].address, &process);
  if (namespaced == KL_OK)
    namespaced = kl_container(k, process.mount, KL_F_mount_mnt, &top);
  if (namespaced == KL_OK)
    namespaced = kl_get_pointer(k, top, KL_F_mount_mnt_ns, &init_namespace);
  for (unsigned i = 0; i < MOUNTS_LOOKED_AT; i++) {
    uint64_t vfsmount, dentry, namespace;
    KL_TRY(next_mount(k, head, mount, &mount));
    if (!mount)
      break;
    mounts++;
    KL_TRY(kl_member(k, mount, KL_F_mount_mnt, &vfsmount));
    KL_TRY(kl_get_pointer(k, vfsmount, KL_F_vfsmount_mnt_root, &dentry));
    KL_TRY(kl_get_pointer(k, mount, KL_F_mount_mnt_ns, &namespace));
    unsigned fit = 4u | (dentry == root ? WHOLE : 0u) | (namespace == init_namespace ? FIRST_NAMESPACE : 0u);
    if (fit > best) {
      best = fit;
      *ret = vfsmount;
    }
  }
  return mounts > 1 ? namespaced : KL_OK; // one is chosen without it
}

static enum kl_status read_super(struct kl_kernel *k, uint64_t address, struct kl_super *ret) {
  size_t n = 0;
  *ret = (struct kl_super){.address = address};
  KL_TRY(kl_get(k, address, KL_F_super_block_s_dev, &ret->device));
  KL_TRY(kl_super_type(k, address, ret->type, sizeof ret->type, &n));
  ret->type_bytes = (uint8_t)n;
  ret->mount_status = mount_of(k, address, &ret->mount);
  return KL_OK;
}

enum kl_status kl_super_of_inode(struct kl_kernel *k, uint64_t inode, struct kl_super *ret) {
  uint64_t super;
  KL_TRY(kl_get_pointer(k, inode, KL_F_inode_i_sb, &super));
  return read_super(k, super, ret);
}

enum kl_status kl_super_walk_next(struct kl_super_walk *walk, struct kl_super *ret) {
  for (;;) {
    uint64_t node, super = walk->first;
    walk->first = 0;
    if (!super) {
      enum kl_status status = kl_list_next(&walk->list, &node);
      walk->lost = walk->list.current;
      KL_TRY(status);
      if (in_image(walk->kernel, node))
        continue;
      KL_TRY(kl_container(walk->kernel, node, KL_F_super_block_s_list, &super));
    }
    walk->lost = super;
    return read_super(walk->kernel, super, ret);
  }
}

// ── Inodes ─────────────────────────────────────────────────────────────────

enum kl_status kl_inode_walk_init(struct kl_inode_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                                  const struct kl_super *super) {
  uint64_t head;
  walk->lost = super->address;
  KL_TRY(kl_member(kernel, super->address, KL_F_super_block_s_inodes, &head));
  kl_list_init(&walk->list, kernel, budget, head);
  return KL_OK;
}

enum kl_status kl_inode_walk_next(struct kl_inode_walk *walk, uint64_t *inode) {
  uint64_t node;
  enum kl_status status = kl_list_next(&walk->list, &node);
  walk->lost = walk->list.current;
  KL_TRY(status);
  return kl_container(walk->list.kernel, node, KL_F_inode_i_sb_list, inode);
}

enum kl_status kl_inode_mapping(struct kl_kernel *k, uint64_t inode, uint64_t *mapping, uint64_t *pages) {
  uint64_t own;
  *pages = 0;
  KL_TRY(kl_get_pointer(k, inode, KL_F_inode_i_mapping, mapping));
  KL_TRY(kl_member(k, inode, KL_F_inode_i_data, &own));
  if (*mapping != own) {
    *mapping = 0;
    return KL_OK;
  }
  return kl_get(k, own, KL_F_address_space_nrpages, pages);
}

enum kl_status kl_inode_path(struct kl_kernel *k, struct kl_budget *budget, const struct kl_super *super,
                             uint64_t inode, struct kl_path_text *text) {
  uint64_t head, alias = 0, dentry;
  KL_TRY(kl_member(k, inode, KL_F_inode_i_dentry, &head));
  KL_TRY(kl_read_u64(k, head, &alias));
  if (!alias)
    return KL_END;
  // d_alias is the first member of the union d_u up to 7.0.
  KL_TRY(kl_container(k, alias, kl_either(k, KL_F_dentry_d_alias, KL_F_dentry_d_u), &dentry));
  if (!super->mount && super->mount_status != KL_OK)
    return super->mount_status;
  if (!super->mount)
    return kl_dentry_path(k, budget, dentry, text);
  struct kl_path_root root = {0};
  return kl_mounted_path(k, budget, super->mount, dentry, &root, text);
}
