// Paths of dentries: fs/d_path.c.
#include "linux/path.h"

#include "base/memory.h"
#include "base/text.h"

enum { NAME_BYTES = 255, TYPE_BYTES = 32 }; // NAME_MAX

static enum kl_status prepend(struct kl_path_text *text, const char *p, size_t n) {
  if (n > text->start)
    return KL_ERR_LIMIT;
  text->start -= n;
  memcpy(text->buffer + text->start, p, n);
  return KL_OK;
}

static enum kl_status prepend_string(struct kl_path_text *text, const char *s) {
  return prepend(text, s, kl_string_length(s));
}

// What a text writer holds.
static enum kl_status prepend_text(struct kl_path_text *text, const struct kl_text *t) {
  return t->truncated ? KL_ERR_LIMIT : prepend(text, t->buffer, t->used);
}

static enum kl_status prepend_name(struct kl_kernel *k, uint64_t dentry, struct kl_path_text *text) {
  uint64_t qstr, length, name;
  KL_TRY(kl_member(k, dentry, KL_F_dentry_d_name, &qstr));
  KL_TRY(kl_get(k, qstr, KL_F_qstr_len, &length));
  KL_TRY(kl_get_pointer(k, qstr, KL_F_qstr_name, &name));
  if (length > NAME_BYTES)
    return KL_ERR_MALFORMED;
  if (length > text->start)
    return KL_ERR_LIMIT;
  KL_TRY(kl_read(k, name, text->buffer + text->start - length, (size_t)length));
  text->start -= (size_t)length;
  return KL_OK;
}

enum kl_status kl_super_type(struct kl_kernel *k, uint64_t super_block, char *dst, size_t capacity, size_t *ret) {
  uint64_t type, name;
  KL_TRY(kl_get_pointer(k, super_block, KL_F_super_block_s_type, &type));
  KL_TRY(kl_get_pointer(k, type, KL_F_file_system_type_name, &name));
  enum kl_status status = kl_read_string(k, name, dst, capacity, ret);
  return status == KL_ERR_LIMIT ? KL_OK : status;
}

// ── Walking up ─────────────────────────────────────────────────────────────

// Where the walk is, and Brent's cycle check over it.
struct climb {
  uint64_t dentry, mount; // mount: the struct mount; 0: stay in this file system
  uint64_t seen_dentry, seen_mount, power, length, steps;
};

static enum kl_status count_step(struct kl_kernel *k, struct kl_budget *budget, struct climb *c) {
  if (c->dentry == c->seen_dentry && c->mount == c->seen_mount)
    return KL_ERR_CYCLE;
  if (++c->length >= c->power) {
    c->seen_dentry = c->dentry;
    c->seen_mount = c->mount;
    c->power = c->power ? c->power * 2 : 1;
    c->length = 0;
  }
  if (c->steps++ >= k->limits->path_depth)
    return KL_ERR_LIMIT;
  return kl_budget_spend(budget, 1);
}

// At the root of a mount: goes to where it is mounted. KL_END when that is
// nowhere.
static enum kl_status cross(struct kl_kernel *k, struct climb *c) {
  uint64_t parent;
  KL_TRY(kl_get_pointer(k, c->mount, KL_F_mount_mnt_parent, &parent));
  if (parent == c->mount)
    return KL_END;
  KL_TRY(kl_get_pointer(k, c->mount, KL_F_mount_mnt_mountpoint, &c->dentry));
  c->mount = parent;
  return KL_OK;
}

static bool at_root(struct kl_kernel *k, const struct climb *c, const struct kl_path_root *root) {
  return root && root->dentry && c->dentry == root->dentry && c->mount &&
         c->mount + k->fields[KL_F_mount_mnt].offset == root->mount;
}

// One component, or one mount. KL_END at the top.
static enum kl_status step(struct kl_kernel *k, struct climb *c, struct kl_path_text *text) {
  if (c->mount) {
    uint64_t vfsmount, mount_root;
    KL_TRY(kl_member(k, c->mount, KL_F_mount_mnt, &vfsmount));
    KL_TRY(kl_get_pointer(k, vfsmount, KL_F_vfsmount_mnt_root, &mount_root));
    if (c->dentry == mount_root)
      return cross(k, c);
  }
  uint64_t parent;
  KL_TRY(kl_get_pointer(k, c->dentry, KL_F_dentry_d_parent, &parent));
  if (parent == c->dentry)
    return KL_END;
  KL_TRY(prepend_name(k, c->dentry, text));
  KL_TRY(prepend_string(text, "/"));
  c->dentry = parent;
  return KL_OK;
}

static enum kl_status climb(struct kl_kernel *k, struct kl_budget *budget, uint64_t dentry, uint64_t mount,
                            const struct kl_path_root *root, struct kl_path_text *text) {
  struct climb c = {.dentry = dentry, .mount = mount};
  size_t end = text->start;
  while (!at_root(k, &c, root)) {
    KL_TRY(count_step(k, budget, &c));
    enum kl_status status = step(k, &c, text);
    if (status == KL_END)
      break;
    KL_TRY(status);
  }
  return text->start == end ? prepend_string(text, "/") : KL_OK;
}

enum kl_status kl_dentry_path(struct kl_kernel *k, struct kl_budget *budget, uint64_t dentry,
                              struct kl_path_text *text) {
  return climb(k, budget, dentry, 0, NULL, text);
}

// ── Files without a place ──────────────────────────────────────────────────

// "name:[inode]"
static enum kl_status bracketed(struct kl_kernel *k, uint64_t dentry, const char *name, size_t n,
                                struct kl_path_text *text) {
  uint64_t inode, number;
  KL_TRY(kl_get_pointer(k, dentry, KL_F_dentry_d_inode, &inode));
  KL_TRY(kl_get(k, inode, KL_F_inode_i_ino, &number));
  char buffer[TYPE_BYTES + 32];
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  kl_text_put(&t, name, n);
  kl_text_string(&t, ":[");
  kl_text_decimal(&t, number);
  kl_text_string(&t, "]");
  return prepend_text(text, &t);
}

static enum kl_status pipe_name(struct kl_kernel *k, uint64_t dentry, struct kl_path_text *text) {
  return bracketed(k, dentry, "pipe", 4, text);
}

static enum kl_status socket_name(struct kl_kernel *k, uint64_t dentry, struct kl_path_text *text) {
  return bracketed(k, dentry, "socket", 6, text);
}

static enum kl_status anonymous_name(struct kl_kernel *k, uint64_t dentry, struct kl_path_text *text) {
  KL_TRY(prepend_name(k, dentry, text));
  return prepend_string(text, "anon_inode:");
}

static enum kl_status pidfd_name(struct kl_kernel *k, uint64_t dentry, struct kl_path_text *text) {
  (void)k, (void)dentry;
  return prepend_string(text, "anon_inode:[pidfd]");
}

// The namespace's own name for its kind: inode -> ns_common -> operations.
enum kl_status kl_namespace_path(struct kl_kernel *k, uint64_t dentry, struct kl_path_text *text) {
  uint64_t inode, ns, ops, name;
  char kind[TYPE_BYTES];
  size_t n;
  KL_TRY(kl_get_pointer(k, dentry, KL_F_dentry_d_inode, &inode));
  KL_TRY(kl_get_pointer(k, inode, KL_F_inode_i_private, &ns));
  KL_TRY(kl_get_pointer(k, ns, KL_F_ns_common_ops, &ops));
  KL_TRY(kl_get_pointer(k, ops, KL_F_proc_ns_operations_name, &name));
  KL_TRY(kl_read_string(k, name, kind, sizeof kind, &n));
  return bracketed(k, dentry, kind, n, text);
}

// "/dmabuf:" and the name that the buffer was given.
static enum kl_status dma_buffer_name(struct kl_kernel *k, uint64_t dentry, struct kl_path_text *text) {
  uint64_t inode, buffer, name;
  char given[TYPE_BYTES];
  size_t n = 0;
  KL_TRY(kl_get_pointer(k, dentry, KL_F_dentry_d_inode, &inode));
  KL_TRY(kl_get_pointer(k, inode, KL_F_inode_i_private, &buffer));
  if (buffer) {
    KL_TRY(kl_get_pointer(k, buffer, KL_F_dma_buf_name, &name));
    if (name)
      KL_TRY(kl_read_string(k, name, given, sizeof given, &n));
  }
  KL_TRY(prepend(text, given, n));
  KL_TRY(prepend_string(text, ":"));
  KL_TRY(prepend_name(k, dentry, text));
  return prepend_string(text, "/");
}

// Memory without a name in any directory: memfd, SYSV segments, /dev/zero.
static enum kl_status simple_name(struct kl_kernel *k, uint64_t dentry, struct kl_path_text *text) {
  KL_TRY(prepend_string(text, " (deleted)"));
  KL_TRY(prepend_name(k, dentry, text));
  return prepend_string(text, "/");
}

// Every d_dname function of the kernel belongs to one file system.
static const struct {
  const char *file_system;
  enum kl_status (*print)(struct kl_kernel *k, uint64_t dentry, struct kl_path_text *text);
} forms[] = {
    {"pipefs", pipe_name},       {"sockfs", socket_name}, {"anon_inodefs", anonymous_name},
    {"nsfs", kl_namespace_path}, {"pidfs", pidfd_name},   {"dmabuf", dma_buffer_name},
};

static enum kl_status own_name(struct kl_kernel *k, uint64_t dentry, struct kl_path_text *text) {
  uint64_t super;
  char type[TYPE_BYTES];
  size_t n;
  KL_TRY(kl_get_pointer(k, dentry, KL_F_dentry_d_sb, &super));
  KL_TRY(kl_super_type(k, super, type, sizeof type, &n));
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (kl_bytes_equal(kl_bytes_of(type, n), forms[i].file_system))
      return forms[i].print(k, dentry, text);
  return simple_name(k, dentry, text);
}

// True when the file system names this dentry itself, which a mount of it
// overrides.
static enum kl_status has_own_name(struct kl_kernel *k, uint64_t dentry, uint64_t vfsmount, bool *ret) {
  uint64_t ops, function = 0, parent, mount_root;
  KL_TRY(kl_get_pointer(k, dentry, KL_F_dentry_d_op, &ops));
  if (ops)
    KL_TRY(kl_get_pointer(k, ops, KL_F_dentry_operations_d_dname, &function));
  *ret = false;
  if (!function)
    return KL_OK;
  KL_TRY(kl_get_pointer(k, dentry, KL_F_dentry_d_parent, &parent));
  KL_TRY(kl_get_pointer(k, vfsmount, KL_F_vfsmount_mnt_root, &mount_root));
  *ret = parent != dentry || mount_root != dentry;
  return KL_OK;
}

// Not in the dentry hash, and not a root.
static enum kl_status is_deleted(struct kl_kernel *k, uint64_t dentry, bool *ret) {
  uint64_t hash, pprev, parent;
  KL_TRY(kl_member(k, dentry, KL_F_dentry_d_hash, &hash));
  KL_TRY(kl_get(k, hash, KL_F_hlist_bl_node_pprev, &pprev));
  KL_TRY(kl_get_pointer(k, dentry, KL_F_dentry_d_parent, &parent));
  *ret = !pprev && parent != dentry;
  return KL_OK;
}

// ── Whole paths ────────────────────────────────────────────────────────────

enum kl_status kl_path_print(struct kl_kernel *k, struct kl_budget *budget, uint64_t path,
                             const struct kl_path_root *root, struct kl_path_text *text) {
  uint64_t vfsmount, dentry;
  KL_TRY(kl_get_pointer(k, path, KL_F_path_mnt, &vfsmount));
  KL_TRY(kl_get_pointer(k, path, KL_F_path_dentry, &dentry));
  return kl_mounted_path(k, budget, vfsmount, dentry, root, text);
}

enum kl_status kl_mounted_path(struct kl_kernel *k, struct kl_budget *budget, uint64_t vfsmount, uint64_t dentry,
                               const struct kl_path_root *root, struct kl_path_text *text) {
  uint64_t mount;
  bool own, deleted;
  KL_TRY(kl_budget_spend(budget, 1));
  KL_TRY(has_own_name(k, dentry, vfsmount, &own));
  if (own)
    return own_name(k, dentry, text);
  KL_TRY(is_deleted(k, dentry, &deleted));
  if (deleted)
    KL_TRY(prepend_string(text, " (deleted)"));
  KL_TRY(kl_container(k, vfsmount, KL_F_mount_mnt, &mount));
  return climb(k, budget, dentry, mount, root, text);
}

enum kl_status kl_file_path(struct kl_kernel *k, struct kl_budget *budget, uint64_t file,
                            const struct kl_path_root *root, struct kl_path_text *text) {
  uint64_t path;
  KL_TRY(kl_member(k, file, KL_F_file_f_path, &path));
  return kl_path_print(k, budget, path, root, text);
}

enum kl_status kl_task_root(struct kl_kernel *k, uint64_t task, struct kl_path_root *ret) {
  uint64_t fs, path;
  KL_TRY(kl_get_pointer(k, task, KL_F_task_struct_fs, &fs));
  if (!fs)
    return KL_END;
  KL_TRY(kl_member(k, fs, KL_F_fs_struct_root, &path));
  KL_TRY(kl_get_pointer(k, path, KL_F_path_mnt, &ret->mount));
  return kl_get_pointer(k, path, KL_F_path_dentry, &ret->dentry);
}
