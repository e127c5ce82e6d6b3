// File systems in memory: super blocks, their inodes, and their names.
//
// Sources: fs/super.c (super_blocks), fs/inode.c (s_inodes), fs/dcache.c.
#ifndef KL_LINUX_FS_H
#define KL_LINUX_FS_H

#include "linux/path.h"
#include "walk/list.h"

enum { KL_FS_NAME_BYTES = 32 };

struct kl_super {
  uint64_t address;            // of the super_block
  uint64_t device;             // dev_t
  uint64_t mount;              // a struct vfsmount of it; 0: not mounted anywhere
  enum kl_status mount_status; // not KL_OK: there may be a better one than mount, or one at all
  char type[KL_FS_NAME_BYTES]; // not terminated
  uint8_t type_bytes;
};

// Every super block: by the symbol super_blocks, or where kallsyms has no data
// symbols, around the ring that the root file system's is in.
struct kl_super_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  struct kl_list list;
  uint64_t first; // given before the list's; 0: none
  uint64_t lost;  // where the last error arose
};
enum kl_status kl_super_walk_init(struct kl_super_walk *walk, struct kl_kernel *kernel,
                                  struct kl_budget *budget) KL_MUST_USE;
// KL_END at the end. A super block that can't be read is an error once.
enum kl_status kl_super_walk_next(struct kl_super_walk *walk, struct kl_super *ret) KL_MUST_USE;

// The super block of one inode.
enum kl_status kl_super_of_inode(struct kl_kernel *k, uint64_t inode, struct kl_super *ret) KL_MUST_USE;

// The inodes of one super block.
struct kl_inode_walk {
  struct kl_list list;
  uint64_t lost;
};
enum kl_status kl_inode_walk_init(struct kl_inode_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                                  const struct kl_super *super) KL_MUST_USE;
enum kl_status kl_inode_walk_next(struct kl_inode_walk *walk, uint64_t *inode) KL_MUST_USE;

// The inode's own address_space, and base pages in it; *mapping is 0 when the
// pages belong to another inode (a block device's special file).
enum kl_status kl_inode_mapping(struct kl_kernel *k, uint64_t inode, uint64_t *mapping,
                                uint64_t *pages) KL_MUST_USE;

// One name of an inode, as its mount namespace sees it: the first of its
// dentries, under one mount of its file system. From the file system's root
// when it is mounted nowhere. KL_END when no dentry is in memory.
enum kl_status kl_inode_path(struct kl_kernel *k, struct kl_budget *budget, const struct kl_super *super,
                             uint64_t inode, struct kl_path_text *text) KL_MUST_USE;

#endif
