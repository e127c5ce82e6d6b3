// Super blocks, inodes, dentries and mounts by hand. Each kind has numbers; what
// lies where is of our own making.
#ifndef KL_TEST_FS_BUILDER_H
#define KL_TEST_FS_BUILDER_H

#include "guest.h"

enum { DENTRIES = 0x1000, NAMES = 0x4000, MOUNTS = 0x8000, SUPERS = 0x10000, INODES = 0x18000, TYPES = 0x20000 };
enum { DENTRY_BYTES = 0x80, NAME_BYTES = 0x40, MOUNT_BYTES = 0x100, SUPER_BYTES = 0x80, INODE_BYTES = 0x100 };
enum { D_HASH = 0, D_PARENT = 16, D_NAME = 24, D_INODE = 40, D_OP = 48, D_SB = 56, D_U = 64 };
enum { M_PARENT = 0, M_POINT = 8, M_MNT = 16, M_INSTANCE = 48, M_NS = 64, M_NEXT = 72, M_ID = 80 };
enum { M_LIST = 96, M_NODE = 112, M_FLAGS = M_MNT + 16 };
enum { S_LIST = 0, S_DEV = 16, S_ROOT = 24, S_INODES = 32, S_MOUNTS = 48, S_TYPE = 64 };
enum { I_SB = 0, I_MODE = 8, I_LIST = 16, I_DENTRY = 32, I_MAPPING = 40, I_DATA = 48, I_SIZE = 128, I_INO = 136 };
enum { A_HOST = 0, A_PAGES = 8, A_NRPAGES = 24 };

static inline void fs_open(struct guest *g) {
  guest_open(g, 0, 0x40000);
  guest_map(g);
  static const struct {
    enum kl_field_id id;
    uint32_t offset, size;
  } fields[] = {
      {KL_F_list_head_next, 0, 8},
      {KL_F_hlist_head_first, 0, 8},
      {KL_F_hlist_bl_node_pprev, 8, 8},
      {KL_F_dentry_d_hash, D_HASH, 16},
      {KL_F_dentry_d_parent, D_PARENT, 8},
      {KL_F_dentry_d_name, D_NAME, 16},
      {KL_F_dentry_d_inode, D_INODE, 8},
      {KL_F_dentry_d_op, D_OP, 8},
      {KL_F_dentry_d_sb, D_SB, 8},
      {KL_F_dentry_d_u, D_U, 16},
      {KL_F_dentry_operations_d_dname, 8, 8},
      {KL_F_qstr_len, 4, 4},
      {KL_F_qstr_name, 8, 8},
      {KL_F_mount_mnt_parent, M_PARENT, 8},
      {KL_F_mount_mnt_mountpoint, M_POINT, 8},
      {KL_F_mount_mnt, M_MNT, 32},
      {KL_F_mount_mnt_instance, M_INSTANCE, 16},
      {KL_F_mount_mnt_ns, M_NS, 8},
      {KL_F_mount_mnt_id, M_ID, 4},
      {KL_F_vfsmount_mnt_root, 0, 8},
      {KL_F_vfsmount_mnt_sb, 8, 8},
      {KL_F_vfsmount_mnt_flags, 16, 4},
      {KL_F_super_block_s_list, S_LIST, 16},
      {KL_F_super_block_s_dev, S_DEV, 4},
      {KL_F_super_block_s_root, S_ROOT, 8},
      {KL_F_super_block_s_inodes, S_INODES, 16},
      {KL_F_super_block_s_mounts, S_MOUNTS, 16},
      {KL_F_super_block_s_type, S_TYPE, 8},
      {KL_F_file_system_type_name, 0, 8},
      {KL_F_inode_i_sb, I_SB, 8},
      {KL_F_inode_i_mode, I_MODE, 2},
      {KL_F_inode_i_sb_list, I_LIST, 16},
      {KL_F_inode_i_dentry, I_DENTRY, 8},
      {KL_F_inode_i_mapping, I_MAPPING, 8},
      {KL_F_inode_i_data, I_DATA, 64},
      {KL_F_inode_i_size, I_SIZE, 8},
      {KL_F_inode_i_ino, I_INO, 8},
      {KL_F_address_space_host, A_HOST, 8},
      {KL_F_address_space_i_pages, A_PAGES, 16},
      {KL_F_address_space_nrpages, A_NRPAGES, 8},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    guest_field(g, fields[i].id, fields[i].offset, fields[i].size);
}

// Where thing n of a kind lies (physical), and its address.
static inline uint64_t dentry_phys(unsigned n) {
  return DENTRIES + DENTRY_BYTES * (uint64_t)n;
}
static inline uint64_t mount_phys(unsigned n) {
  return MOUNTS + MOUNT_BYTES * (uint64_t)n;
}
static inline uint64_t super_phys(unsigned n) {
  return SUPERS + SUPER_BYTES * (uint64_t)n;
}
static inline uint64_t inode_phys(unsigned n) {
  return INODES + INODE_BYTES * (uint64_t)n;
}
static inline uint64_t va(uint64_t phys) {
  return GUEST_DIRECT_MAP + phys;
}

// A circular list through these places (physical), the head first.
static inline void put_ring(struct guest *g, size_t n, const uint64_t *at) {
  for (size_t i = 0; i < n; i++)
    guest_put64(g, at[i], va(at[(i + 1) % n]));
}

// A name below a parent (itself: a root), of an inode.
static inline void put_dentry(struct guest *g, unsigned n, unsigned parent, const char *name, unsigned inode) {
  uint64_t at = dentry_phys(n), text = NAMES + NAME_BYTES * (uint64_t)n;
  guest_put64(g, at + D_HASH + 8, 1);
  guest_put64(g, at + D_PARENT, va(dentry_phys(parent)));
  guest_put(g, at + D_NAME + 4, strlen(name), 4);
  guest_put64(g, at + D_NAME + 8, va(text));
  guest_put_text(g, text, name);
  guest_put64(g, at + D_INODE, va(inode_phys(inode)));
  guest_put64(g, inode_phys(inode) + I_DENTRY, va(at + D_U));
}

// A mount of what is below root, on point of the mount parent (itself: the top).
static inline void put_mount(struct guest *g, unsigned n, unsigned root, unsigned parent, unsigned point,
                             unsigned super) {
  uint64_t at = mount_phys(n);
  guest_put64(g, at + M_PARENT, va(mount_phys(parent)));
  guest_put64(g, at + M_POINT, va(dentry_phys(point)));
  guest_put64(g, at + M_MNT, va(dentry_phys(root)));
  guest_put64(g, at + M_MNT + 8, va(super_phys(super)));
  guest_put(g, at + M_FLAGS, 0, 4);
  guest_put(g, at + M_ID, 20 + n, 4);
}

// A super block that is mounted nowhere and has no inodes.
static inline void put_super(struct guest *g, unsigned n, const char *type, uint32_t device, unsigned root) {
  uint64_t at = super_phys(n), name = TYPES + 0x80 * (uint64_t)n;
  guest_put(g, at + S_DEV, device, 4);
  guest_put64(g, at + S_ROOT, va(dentry_phys(root)));
  guest_put64(g, at + S_INODES, va(at + S_INODES));
  guest_put64(g, at + S_MOUNTS, va(at + S_MOUNTS));
  guest_put64(g, at + S_TYPE, va(name));
  guest_put64(g, name, va(name + 0x40));
  guest_put_text(g, name + 0x40, type);
}

static inline void put_inode(struct guest *g, unsigned n, unsigned super, uint64_t pages) {
  uint64_t at = inode_phys(n);
  guest_put64(g, at + I_SB, va(super_phys(super)));
  guest_put(g, at + I_MODE, 0100644, 2);
  guest_put64(g, at + I_MAPPING, va(at + I_DATA));
  guest_put64(g, at + I_DATA + A_HOST, va(at));
  guest_put64(g, at + I_DATA + A_NRPAGES, pages);
  guest_put64(g, at + I_INO, 100 + n);
}

#endif
