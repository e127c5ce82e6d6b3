// Files and inodes.
#include "linux/file.h"

enum kl_status kl_file_inode(struct kl_kernel *k, uint64_t file, uint64_t *ret) {
  return kl_get_pointer(k, file, KL_F_file_f_inode, ret);
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
