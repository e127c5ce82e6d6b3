// Files and inodes.
#include "linux/file.h"

enum kl_status kl_file_inode(struct kl_kernel *k, uint64_t file, uint64_t *ret) {
  return kl_get_pointer(k, file, KL_F_file_f_inode, ret);
}

// include/linux/fs.h. FMODE_BACKING was bit 25, and is bit 24 where bit 25 is for
// fsnotify; a backing file is never accounted (alloc_empty_backing_file()).
enum { FMODE_BACKING_EITHER = 3 << 24, FMODE_NOACCOUNT = 1 << 29 };

// Whether what lies behind a struct file is a path: its dentry and its mount
// are of one file system.
static bool is_path(struct kl_kernel *k, uint64_t path) {
  uint64_t mount, dentry, of_mount, of_dentry;
  return kl_get_pointer(k, path, KL_F_path_mnt, &mount) == KL_OK &&
         kl_get_pointer(k, path, KL_F_path_dentry, &dentry) == KL_OK && mount && dentry &&
         kl_get_pointer(k, mount, KL_F_vfsmount_mnt_sb, &of_mount) == KL_OK &&
         kl_get_pointer(k, dentry, KL_F_dentry_d_sb, &of_dentry) == KL_OK && of_mount && of_mount == of_dentry;
}

// struct backing_file begins with its struct file. Only the flags tell the two
// apart, and they have moved: memory decides.
static enum kl_status backing_path(struct kl_kernel *k, uint64_t file, bool *found, uint64_t *ret) {
  uint64_t mode = 0;
  *found = false;
  if (!kl_has(k, KL_F_backing_file_user_path))
    return KL_OK;
  KL_TRY(kl_get(k, file, KL_F_file_f_mode, &mode));
  if (!(mode & FMODE_BACKING_EITHER) || !(mode & FMODE_NOACCOUNT))
    return KL_OK;
  KL_TRY(kl_member(k, file, KL_F_backing_file_user_path, ret));
  *found = is_path(k, *ret);
  return KL_OK;
}

enum kl_status kl_file_user_path(struct kl_kernel *k, uint64_t file, uint64_t *ret) {
  bool backing;
  KL_TRY(backing_path(k, file, &backing, ret));
  return backing ? KL_OK : kl_member(k, file, KL_F_file_f_path, ret);
}

enum kl_status kl_file_user_inode(struct kl_kernel *k, uint64_t file, uint64_t *ret) {
  uint64_t path, dentry;
  bool backing;
  KL_TRY(backing_path(k, file, &backing, &path));
  if (!backing)
    return kl_file_inode(k, file, ret);
  KL_TRY(kl_get_pointer(k, path, KL_F_path_dentry, &dentry));
  return kl_get_pointer(k, dentry, KL_F_dentry_d_inode, ret);
}

enum kl_status kl_inode_device(struct kl_kernel *k, uint64_t inode, uint64_t *ret) {
  uint64_t super_block;
  KL_TRY(kl_get_pointer(k, inode, KL_F_inode_i_sb, &super_block));
  return kl_get(k, super_block, KL_F_super_block_s_dev, ret);
}

void kl_device_print(struct kl_text *out, uint64_t device) {
  kl_text_decimal(out, device >> 20);
  kl_text_char(out, ':');
  kl_text_decimal(out, device & 0xfffff);
}

// By the top four bits of the mode.
static const char *const kinds[16] = {
    [0] = "anon",  [1] = "pipe",    [2] = "char",  [4] = "directory",
    [6] = "block", [8] = "regular", [10] = "link", [12] = "socket",
};

const char *kl_mode_kind(uint64_t mode) {
  const char *kind = kinds[mode >> 12 & 15];
  return kind ? kind : "unknown";
}
