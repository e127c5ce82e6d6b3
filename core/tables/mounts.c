// mounts: what is mounted where, in every mount namespace.
#include "linux/mounts.h"
#include "linux/file.h"
#include "linux/task.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { ID, PARENT_ID, DEVICE, ROOT, MOUNT_POINT, FS_TYPE, SOURCE, OPTIONS, NAMESPACE, ADDRESS, COLUMNS };

static const struct kl_column columns[] = {
    [ID] = {"id", KL_CELL_U64, KL_COLUMN_KEY, "the mount's number"},
    [PARENT_ID] = {"parent_id", KL_CELL_U64, 0, "the mount that it is mounted on"},
    [DEVICE] = {"device", KL_CELL_TEXT, 0, "the file system, major:minor"},
    [ROOT] = {"root", KL_CELL_TEXT, 0, "the directory of the file system that shows here"},
    [MOUNT_POINT] = {"mount_point", KL_CELL_TEXT, 0, "where, from the namespace's root"},
    [FS_TYPE] = {"fs_type", KL_CELL_TEXT, 0, "the file system's type"},
    [SOURCE] = {"source", KL_CELL_TEXT, 0, "what was mounted"},
    [OPTIONS] = {"options", KL_CELL_TEXT, 0, "options of this mount (not those that its file system adds)"},
    [NAMESPACE] = {"namespace", KL_CELL_U64, KL_COLUMN_KEY,
                   "number of the mount namespace, as in /proc/PID/ns/mnt"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_HIDDEN, "of its struct mount"},
};

enum { NAMESPACES = 256 }; // that are told apart; the rest is noted as lost

struct state {
  struct kl_task_walk tasks;
  struct kl_mount_walk mounts;
  uint64_t seen[NAMESPACES];
  size_t n_seen;
  uint64_t number;
  bool in_namespace;
  char scratch[KL_PATH_BYTES];
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  kl_task_walk_init(&s->tasks, c->kernel, &c->budget, false);
  return KL_OK;
}

static bool is_new(struct state *s, uint64_t namespace) {
  for (size_t i = 0; i < s->n_seen; i++)
    if (s->seen[i] == namespace)
      return false;
  return namespace != 0;
}

static enum kl_status next_namespace(struct kl_cursor *c, uint64_t *task) {
  struct state *s = c->state;
  uint64_t namespace;
  KL_TRY(kl_task_walk_next(&s->tasks, task));
  KL_TRY(kl_task_mount_namespace(c->kernel, *task, &namespace));
  if (!is_new(s, namespace))
    return KL_OK;
  if (s->n_seen == NAMESPACES)
    return KL_ERR_LIMIT;
  s->seen[s->n_seen++] = namespace;
  KL_TRY(kl_mount_namespace_number(c->kernel, namespace, &s->number));
  KL_TRY(kl_mount_walk_init(&s->mounts, c->kernel, &c->budget, namespace));
  s->in_namespace = true;
  return KL_OK;
}

// show_mnt_opts() in fs/proc_namespace.c, in its order.
static const struct {
  uint32_t flag;
  const char *name;
} flag_names[] = {
    {0x01, ",nosuid"},     {0x02, ",nodev"},    {0x04, ",noexec"},      {0x08, ",noatime"},
    {0x10, ",nodiratime"}, {0x20, ",relatime"}, {0x80, ",nosymfollow"},
};
enum { MNT_READONLY = 0x40 };

static void put_options(struct kl_cursor *c, uint64_t flags) {
  size_t start = c->text.used;
  kl_text_string(&c->text, flags & MNT_READONLY ? "ro" : "rw");
  for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++)
    if (flags & flag_names[i].flag)
      kl_text_string(&c->text, flag_names[i].name);
  kl_put_written(c, OPTIONS, KL_OK, 0, start);
}

static void put_super(struct kl_cursor *c, const struct kl_mount *mount) {
  uint64_t device = 0;
  char type[32];
  size_t n = 0, start = c->text.used;
  enum kl_status status = kl_get(c->kernel, mount->super_block, KL_F_super_block_s_dev, &device);
  kl_device_print(&c->text, device);
  kl_put_written(c, DEVICE, status, mount->super_block, start);
  status = kl_super_type(c->kernel, mount->super_block, type, sizeof type, &n);
  kl_put_bytes(c, FS_TYPE, status, mount->super_block, type, n);
}

static void put_source(struct kl_cursor *c, const struct kl_mount *mount) {
  char source[512];
  uint64_t name = 0;
  size_t n = 0;
  enum kl_status status = kl_get_pointer(c->kernel, mount->address, KL_F_mount_mnt_devname, &name);
  if (status == KL_OK && !name) {
    kl_put_string(c, SOURCE, "none");
    return;
  }
  if (status == KL_OK)
    status = kl_read_string(c->kernel, name, source, sizeof source, &n);
  kl_put_bytes(c, SOURCE, status, mount->address, source, n);
}

static void put_path(struct kl_cursor *c, uint32_t column, const struct kl_mount *mount,
                     enum kl_status (*print)(struct kl_kernel *, struct kl_budget *, const struct kl_mount *,
                                             struct kl_path_text *)) {
  struct state *s = c->state;
  struct kl_path_text path = kl_path_into(s->scratch, sizeof s->scratch);
  if (!kl_wants(c, column))
    return;
  enum kl_status status = print(c->kernel, &c->budget, mount, &path);
  kl_put_bytes(c, column, status, mount->address, path.buffer + path.start, path.capacity - path.start);
}

static void put_row(struct kl_cursor *c, const struct kl_mount *mount) {
  struct state *s = c->state;
  kl_put(c, ID, KL_OK, 0, mount->id);
  kl_put(c, PARENT_ID, KL_OK, 0, mount->parent_id);
  kl_put(c, NAMESPACE, KL_OK, 0, s->number);
  kl_put(c, ADDRESS, KL_OK, 0, mount->address);
  put_options(c, mount->flags);
  put_super(c, mount);
  put_source(c, mount);
  put_path(c, ROOT, mount, kl_mount_root);
  put_path(c, MOUNT_POINT, mount, kl_mount_point);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    struct kl_mount mount;
    uint64_t task = 0;
    bool inside = s->in_namespace;
    enum kl_status status = inside ? kl_mount_walk_next(&s->mounts, &mount) : next_namespace(c, &task);
    if (inside && status == KL_OK) {
      put_row(c, &mount);
      return KL_OK;
    }
    if (status == KL_ERR_BUDGET || (status == KL_END && !inside))
      return status;
    if (status == KL_END)
      s->in_namespace = false;
    else if (status != KL_OK)
      kl_lost(c, inside ? "mount" : "namespace", inside ? s->mounts.lost : task, status);
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = (size_t)3 * KL_PATH_BYTES, .open = open, .next = next};

const struct kl_table kl_mounts_table = {
    .name = "mounts",
    .group = "machine",
    .doc = "what is mounted where, in every mount namespace",
    .example = "mounts DUMP fs_type=tmpfs",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
