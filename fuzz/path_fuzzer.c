// Paths: of dentries through mounts, of files, of kernfs nodes, of what has no
// place in a tree; over memory whose objects lie at fixed places of the first
// frame (path_layout.h), all of it seen through a direct map.
#include <string.h>

#include "linux/fs.h"
#include "linux/mounts.h"
#include "made_kernel.h"
#include "path_layout.h"

enum { WORKSPACE = 1 << 20, STEPS = 1 << 12, CANARY = 16, SLACK = 4 };

static const struct made_field fields[] = {
    {KL_F_list_head_next, 0, 8},
    {KL_F_hlist_head_first, 0, 8},
    {KL_F_hlist_bl_node_pprev, 8, 8},
    {KL_F_rb_root_rb_node, 0, 8},
    {KL_F_rb_node_rb_right, 8, 8},
    {KL_F_rb_node_rb_left, 16, 8},
    {KL_F_task_struct_cgroups, PATH_TASK_CGROUPS, 8},
    {KL_F_task_struct_fs, PATH_TASK_FS, 8},
    {KL_F_task_struct_nsproxy, PATH_TASK_NSPROXY, 8},
    {KL_F_fs_struct_root, 0, 16},
    {KL_F_nsproxy_mnt_ns, 0, 8},
    {KL_F_mnt_namespace_ns, 0, 16},
    {KL_F_mnt_namespace_mounts, PATH_NAMESPACE_MOUNTS, 8},
    {KL_F_ns_common_ops, 0, 8},
    {KL_F_ns_common_inum, PATH_NAMESPACE_NUMBER, 4},
    {KL_F_proc_ns_operations_name, 0, 8},
    {KL_F_dma_buf_name, 0, 8},
    {KL_F_css_set_dfl_cgrp, 0, 8},
    {KL_F_cgroup_kn, 0, 8},
    {KL_F_kernfs_node_name, 0, 8},
    {KL_F_file_f_path, 0, 16},
    {KL_F_path_mnt, 0, 8},
    {KL_F_path_dentry, 8, 8},
    {KL_F_dentry_d_hash, PATH_DENTRY_HASH, 16},
    {KL_F_dentry_d_parent, PATH_DENTRY_PARENT, 8},
    {KL_F_dentry_d_name, PATH_DENTRY_NAME, 16},
    {KL_F_dentry_d_inode, PATH_DENTRY_INODE, 8},
    {KL_F_dentry_d_op, PATH_DENTRY_OPERATIONS, 8},
    {KL_F_dentry_d_sb, PATH_DENTRY_SUPER, 8},
    {KL_F_dentry_d_u, PATH_DENTRY_ALIAS, 16},
    {KL_F_dentry_operations_d_dname, PATH_OPERATIONS_NAME, 8},
    {KL_F_qstr_len, 4, 4},
    {KL_F_qstr_name, 8, 8},
    {KL_F_mount_mnt_parent, PATH_MOUNT_PARENT, 8},
    {KL_F_mount_mnt_mountpoint, PATH_MOUNT_POINT, 8},
    {KL_F_mount_mnt, PATH_MOUNT_MNT, 32},
    {KL_F_mount_mnt_instance, PATH_MOUNT_INSTANCE, 16},
    {KL_F_mount_mnt_ns, PATH_MOUNT_NAMESPACE, 8},
    {KL_F_mount_mnt_id, PATH_MOUNT_ID, 4},
    {KL_F_mount_mnt_list, PATH_MOUNT_LIST, 16},
    {KL_F_mount_mnt_node, PATH_MOUNT_NODE, 24},
    {KL_F_vfsmount_mnt_root, 0, 8},
    {KL_F_vfsmount_mnt_sb, 8, 8},
    {KL_F_vfsmount_mnt_flags, 16, 4},
    {KL_F_super_block_s_dev, 0, 4},
    {KL_F_super_block_s_root, PATH_SUPER_ROOT, 8},
    {KL_F_super_block_s_mounts, PATH_SUPER_MOUNTS, 16},
    {KL_F_super_block_s_type, PATH_SUPER_TYPE, 8},
    {KL_F_file_system_type_name, 0, 8},
    {KL_F_inode_i_sb, 0, 8},
    {KL_F_inode_i_ino, PATH_INODE_NUMBER, 8},
    {KL_F_inode_i_private, PATH_INODE_PRIVATE, 8},
    {KL_F_inode_i_dentry, PATH_INODE_DENTRY, 8},
};

static const struct made_layout layout = {
    .workspace = WORKSPACE, .fields = fields, .n_fields = sizeof fields / sizeof *fields};

static void add_forms(struct kl_kernel *k, uint8_t forms) {
  bool is_new = forms & PATH_FORM_NEW_PARENT;
  struct kl_field parent = {.present = is_new, .offset = PATH_KERNFS_PARENT, .size = 8};
  k->fields[KL_F_mnt_namespace_list] =
      (struct kl_field){.present = !(forms & PATH_FORM_TREE), .offset = PATH_NAMESPACE_MOUNTS, .size = 16};
  k->fields[KL_F_kernfs_node___parent] = parent;
  parent.present = !is_new;
  k->fields[KL_F_kernfs_node_parent] = parent;
}

// A buffer that ends where memory does, with a canary before it.
static struct kl_path_text room(size_t capacity) {
  char *p = fuzz_scratch(capacity + CANARY);
  memset(p, 0x5a, CANARY);
  return kl_path_into(p + CANARY, capacity);
}

enum form { FORM_ROOTED, FORM_ANY };

// What was made lies in its buffer, and is a path; making it took a step for
// each component and mount, and a few.
static void check(const struct kl_kernel *k, enum kl_status status, const struct kl_path_text *text,
                  const struct kl_budget *budget, enum form form) {
  fuzz_status(status);
  FUZZ_REQUIRE(text->start <= text->capacity);
  FUZZ_REQUIRE(STEPS - budget->steps <= k->limits->path_depth + SLACK);
  for (int i = 1; i <= CANARY; i++)
    FUZZ_REQUIRE(text->buffer[-i] == 0x5a);
  if (status != KL_OK)
    return;
  FUZZ_REQUIRE(text->start < text->capacity);
  FUZZ_REQUIRE(form == FORM_ANY || text->buffer[text->start] == '/');
}

#define CHECK(form, call)                                                                                          \
  do {                                                                                                             \
    struct kl_budget budget = {STEPS};                                                                             \
    struct kl_path_text out = room(capacity);                                                                      \
    check(k, call, &out, &budget, form);                                                                           \
  } while (0)

static void dentries(struct kl_kernel *k, uint64_t at, size_t capacity) {
  struct kl_path_root root = {0};
  (void)fuzz_status(kl_task_root(k, at + PATH_TASK, &root));
  for (uint64_t i = 0; i < 4; i++) {
    uint64_t dentry = at + PATH_DENTRY + i * PATH_DENTRY_BYTES;
    CHECK(FORM_ROOTED, kl_dentry_path(k, &budget, dentry, &out));
    CHECK(FORM_ANY, kl_mounted_path(k, &budget, at + PATH_MOUNT + PATH_MOUNT_MNT, dentry, &root, &out));
    CHECK(FORM_ANY, kl_namespace_path(k, dentry, &out));
  }
}

static void files(struct kl_kernel *k, uint64_t at, size_t capacity) {
  struct kl_path_root root = {0};
  struct kl_super super;
  (void)fuzz_status(kl_task_root(k, at + PATH_TASK, &root));
  CHECK(FORM_ANY, kl_path_print(k, &budget, at + PATH_FILE, &root, &out));
  CHECK(FORM_ANY, kl_file_path(k, &budget, at + PATH_FILE, NULL, &out));
  if (fuzz_status(kl_super_of_inode(k, at + PATH_INODE, &super)) == KL_OK) {
    FUZZ_REQUIRE(super.type_bytes <= KL_FS_NAME_BYTES);
    CHECK(FORM_ANY, kl_inode_path(k, &budget, &super, at + PATH_INODE, &out));
  }
}

static void nodes(struct kl_kernel *k, uint64_t at, size_t capacity) {
  for (uint64_t i = 0; i < 3; i++)
    CHECK(FORM_ROOTED, kl_kernfs_path(k, &budget, at + PATH_KERNFS + i * PATH_KERNFS_BYTES, &out));
  CHECK(FORM_ROOTED, kl_task_cgroup(k, &budget, at + PATH_TASK, &out));
}

static void mounts(struct kl_kernel *k, uint64_t at, size_t capacity) {
  uint64_t namespace = 0, number;
  struct kl_mount_walk walk;
  struct kl_mount mount;
  struct kl_budget steps = {STEPS};
  if (fuzz_status(kl_task_mount_namespace(k, at + PATH_TASK, &namespace)) != KL_OK || !namespace)
    return;
  (void)fuzz_status(kl_mount_namespace_number(k, namespace, &number));
  if (fuzz_status(kl_mount_walk_init(&walk, k, &steps, namespace)) != KL_OK)
    return;
  for (int i = 0;; i++) {
    FUZZ_REQUIRE(i <= STEPS);
    enum kl_status status = fuzz_status(kl_mount_walk_next(&walk, &mount));
    if (status == KL_END || status == KL_ERR_BUDGET)
      return;
    if (status != KL_OK || i >= 16)
      continue;
    CHECK(FORM_ANY, kl_mount_point(k, &budget, &mount, &out));
    CHECK(FORM_ANY, kl_mount_root(k, &budget, &mount, &out));
  }
}

static void (*const subjects[PATH_SUBJECTS])(struct kl_kernel *k, uint64_t at, size_t capacity) = {
    [PATH_OF_DENTRIES] = dentries,
    [PATH_OF_FILES] = files,
    [PATH_OF_NODES] = nodes,
    [PATH_OF_MOUNTS] = mounts,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  uint64_t at;
  struct kl_kernel *kernel = made_begin(&layout, data, n, &input, &at);
  if (!kernel)
    return 0;
  add_forms(kernel, fuzz_option8(&input));
  uint8_t small = fuzz_option8(&input); // a buffer of so many bytes; 0: a good one
  size_t capacity = small ? small : KL_PATH_BYTES;
  subjects[fuzz_option8(&input) % PATH_SUBJECTS](kernel, at, capacity);
  made_end();
  return 0;
}
