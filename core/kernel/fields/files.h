// Paths, mounts, open files, inodes and their cached pages.
#ifndef KL_KERNEL_FIELDS_FILES_H
#define KL_KERNEL_FIELDS_FILES_H

#define KL_FIELDS_FILES(X)                                                                                         \
  X(path, mnt, REQUIRED, "")                                                                                       \
  X(path, dentry, REQUIRED, "")                                                                                    \
  X(file, f_path, REQUIRED, "")                                                                                    \
  X(file, f_mode, OPTIONAL, "")                                                                                    \
  X(file, f_inode, OPTIONAL, "")                                                                                   \
  X(file, f_pos, OPTIONAL, "")                                                                                     \
  X(file, f_flags, OPTIONAL, "")                                                                                   \
  X(file, f_op, OPTIONAL, "")                                                                                      \
  X(file, f_mapping, OPTIONAL, "")                                                                                 \
  X(file, private_data, OPTIONAL, "")                                                                              \
  X(dentry, d_hash, REQUIRED, "")                                                                                  \
  X(dentry, d_parent, REQUIRED, "")                                                                                \
  X(dentry, d_name, REQUIRED, "")                                                                                  \
  X(dentry, d_inode, REQUIRED, "")                                                                                 \
  X(dentry, d_op, REQUIRED, "")                                                                                    \
  X(dentry, d_sb, REQUIRED, "")                                                                                    \
  X(dentry, d_u, OPTIONAL, "")                                                                                     \
  X(dentry, d_alias, OPTIONAL, "7.1: moved out of d_u")                                                            \
  X(dentry_operations, d_dname, REQUIRED, "")                                                                      \
  X(hlist_bl_node, pprev, REQUIRED, "")                                                                            \
  X(qstr, len, REQUIRED, "")                                                                                       \
  X(qstr, name, REQUIRED, "")                                                                                      \
  X(vfsmount, mnt_root, REQUIRED, "")                                                                              \
  X(vfsmount, mnt_flags, OPTIONAL, "")                                                                             \
  X(vfsmount, mnt_sb, OPTIONAL, "")                                                                                \
  X(mount, mnt, REQUIRED, "")                                                                                      \
  X(mount, mnt_parent, REQUIRED, "")                                                                               \
  X(mount, mnt_mountpoint, REQUIRED, "")                                                                           \
  X(mount, mnt_node, OPTIONAL, "6.8: a tree")                                                                      \
  X(mount, mnt_list, OPTIONAL, "")                                                                                 \
  X(mount, mnt_id, OPTIONAL, "")                                                                                   \
  X(mount, mnt_devname, OPTIONAL, "")                                                                              \
  X(mount, mnt_ns, OPTIONAL, "")                                                                                   \
  X(mount, mnt_next_for_sb, OPTIONAL, "2025")                                                                      \
  X(mount, mnt_instance, OPTIONAL, "before 2025: a list; since then s_mounts points to the first")                 \
  X(super_block, s_type, REQUIRED, "")                                                                             \
  X(super_block, s_flags, OPTIONAL, "")                                                                            \
  X(super_block, s_mounts, OPTIONAL, "")                                                                           \
  X(super_block, s_list, OPTIONAL, "")                                                                             \
  X(super_block, s_dev, OPTIONAL, "")                                                                              \
  X(super_block, s_id, OPTIONAL, "")                                                                               \
  X(super_block, s_root, OPTIONAL, "")                                                                             \
  X(super_block, s_bdev, OPTIONAL, "")                                                                             \
  X(super_block, s_inodes, OPTIONAL, "")                                                                           \
  X(file_system_type, name, REQUIRED, "")                                                                          \
  X(file_system_type, next, OPTIONAL, "")                                                                          \
  X(file_system_type, owner, OPTIONAL, "")                                                                         \
  X(mnt_namespace, root, OPTIONAL, "")                                                                             \
  X(mnt_namespace, ns, OPTIONAL, "")                                                                               \
  X(mnt_namespace, mounts, OPTIONAL, "a count up to 6.7, the tree of mounts since: 2eea9ce4310d")                  \
  X(mnt_namespace, list, OPTIONAL, "before 6.8: 2eea9ce4310d")                                                     \
  X(inode, i_private, OPTIONAL, "")                                                                                \
  X(inode, i_sb, OPTIONAL, "")                                                                                     \
  X(inode, i_mode, OPTIONAL, "")                                                                                   \
  X(inode, i_rdev, OPTIONAL, "")                                                                                   \
  X(inode, i_size, OPTIONAL, "")                                                                                   \
  X(inode, i_nlink, OPTIONAL, "in a union with __i_nlink")                                                         \
  X(inode, i_mapping, OPTIONAL, "")                                                                                \
  X(inode, i_sb_list, OPTIONAL, "")                                                                                \
  X(inode, i_dentry, OPTIONAL, "")                                                                                 \
  X(inode, i_data, OPTIONAL, "")                                                                                   \
  X(dma_buf, name, OPTIONAL, "CONFIG_DMA_SHARED_BUFFER")                                                           \
  X(kernfs_node, name, OPTIONAL, "")                                                                               \
  X(kernfs_node, parent, OPTIONAL, "before 6.15: 633488947ef6")                                                    \
  X(kernfs_node, __parent, OPTIONAL, "6.15: 633488947ef6")                                                         \
  X(bdev_inode, vfs_inode, OPTIONAL, "")                                                                           \
  X(backing_file, user_path, OPTIONAL, "6.8: def3ae83da02; real_path before")                                      \
  X(address_space, host, OPTIONAL, "")                                                                             \
  X(address_space, a_ops, OPTIONAL, "")                                                                            \
  X(address_space, i_pages, OPTIONAL, "")                                                                          \
  X(address_space, nrpages, OPTIONAL, "")                                                                          \
  X(address_space, flags, OPTIONAL, "")                                                                            \
  X(files_struct, fdt, OPTIONAL, "")                                                                               \
  X(fdtable, max_fds, OPTIONAL, "")                                                                                \
  X(fdtable, fd, OPTIONAL, "")

#define KL_TYPES_FILES(X) X(address_space)

#define KL_SYMBOLS_FILES(X) X(super_blocks, OPTIONAL)

#endif
