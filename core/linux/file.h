// Files and inodes: what stat and /proc/PID/fdinfo would say.
#ifndef KL_LINUX_FILE_H
#define KL_LINUX_FILE_H

#include "base/text.h"
#include "kernel/kernel.h"

// The inode of a struct file.
enum kl_status kl_file_inode(struct kl_kernel *k, uint64_t file, uint64_t *ret) KL_MUST_USE;
// The struct path by which user space knows an open file: its own, but for a
// backing file (6.6), through which a layered file system maps the file below.
enum kl_status kl_file_user_path(struct kl_kernel *k, uint64_t file, uint64_t *ret) KL_MUST_USE;
// The inode that goes with it, as /proc/PID/maps shows it.
enum kl_status kl_file_user_inode(struct kl_kernel *k, uint64_t file, uint64_t *ret) KL_MUST_USE;
// The device number of the file system that an inode is on (MAJOR << 20 | MINOR,
// include/linux/kdev_t.h).
enum kl_status kl_inode_device(struct kl_kernel *k, uint64_t inode, uint64_t *ret) KL_MUST_USE;
// "MAJOR:MINOR" in decimal.
void kl_device_print(struct kl_text *out, uint64_t device);
// regular, directory, socket, pipe, char, block, link, or anon for what has no
// mode (include/uapi/linux/stat.h).
const char *kl_mode_kind(uint64_t mode);

#endif
