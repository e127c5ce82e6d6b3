// cgroups: the control groups of every hierarchy, and what they use.
#include "linux/cgroup.h"
#include "linux/path.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { PATH, HIERARCHY, NAME, ID, TASKS, MEMORY, MEMORY_MAX, CPU, ADDRESS, COLUMNS };

static const struct kl_column columns[] = {
    [PATH] = {"path", KL_CELL_TEXT, KL_COLUMN_KEY, "from the hierarchy's root"},
    [HIERARCHY] = {"hierarchy", KL_CELL_U64, KL_COLUMN_KEY,
                   "its number, as /proc/PID/cgroup has it: 0 for version 2"},
    [NAME] = {"name", KL_CELL_TEXT, 0, "the name that a hierarchy of version 1 was mounted with, if any"},
    [ID] = {"id", KL_CELL_U64, 0, "the group's number: that of its directory"},
    [TASKS] = {"tasks", KL_CELL_U64, 0, "threads in it, not those below"},
    [MEMORY] = {"memory_bytes", KL_CELL_U64, 0,
                "memory.current: of it and what is below; none where it is not counted"},
    [MEMORY_MAX] = {"memory_max_bytes", KL_CELL_U64, 0, "memory.max; none without a limit"},
    [CPU] = {"cpu_ns", KL_CELL_DURATION, 0,
             "CPU time of it and what is below, as the kernel last added it up (when cpu.stat was read)"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "of its struct cgroup"},
};

struct state {
  struct kl_cgroup_walk walk;
  char scratch[KL_PATH_BYTES];
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  return kl_cgroup_walk_init(&s->walk, c->kernel, &c->budget, false);
}

static void put_optional(struct kl_cursor *c, uint32_t column, enum kl_status status, uint64_t object, uint64_t v) {
  if (status != KL_END)
    kl_put(c, column, status, object, v);
}

static void put_names(struct kl_cursor *c, uint64_t cgroup) {
  struct state *s = c->state;
  uint64_t node = 0;
  char name[64];
  size_t n = 0;
  enum kl_status status = kl_get_pointer(c->kernel, cgroup, KL_F_cgroup_kn, &node);
  if (status == KL_OK)
    kl_put_field(c, ID, node, KL_F_kernfs_node_id);
  else
    kl_put(c, ID, status, cgroup, 0);
  struct kl_path_text path = kl_path_into(s->scratch, sizeof s->scratch);
  if (status == KL_OK && kl_wants(c, PATH))
    status = kl_kernfs_path(c->kernel, &c->budget, node, &path);
  kl_put_bytes(c, PATH, status, cgroup, path.buffer + path.start, path.capacity - path.start);
  kl_put_field(c, HIERARCHY, s->walk.root, KL_F_cgroup_root_hierarchy_id);
  status = kl_get_text(c->kernel, s->walk.root, KL_F_cgroup_root_name, name, sizeof name, &n);
  if (status != KL_OK || n)
    kl_put_bytes(c, NAME, status, s->walk.root, name, n);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t cgroup = 0, v = 0;
  for (;;) {
    enum kl_status status = kl_cgroup_walk_next(&s->walk, &cgroup);
    if (status == KL_OK)
      break;
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, "cgroups", s->walk.lost, status);
  }
  kl_put(c, ADDRESS, KL_OK, 0, cgroup);
  put_names(c, cgroup);
  if (!kl_keeps(c))
    return KL_OK;
  if (kl_wants(c, TASKS)) {
    enum kl_status status = kl_cgroup_tasks(c->kernel, &c->budget, cgroup, &v);
    kl_put(c, TASKS, status, cgroup, v);
  }
  enum kl_status status = kl_cgroup_memory(c->kernel, cgroup, &v);
  put_optional(c, MEMORY, status, cgroup, v);
  status = kl_cgroup_memory_max(c->kernel, cgroup, &v);
  put_optional(c, MEMORY_MAX, status, cgroup, v);
  status = kl_cgroup_cpu(c->kernel, cgroup, &v);
  put_optional(c, CPU, status, cgroup, v);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = KL_PATH_BYTES + 64, .open = open, .next = next};

const struct kl_table kl_cgroups_table = {
    .name = "cgroups",
    .group = "processes",
    .doc = "control groups of every hierarchy, and the memory and CPU time they use",
    .example = "cgroups DUMP --columns path,tasks,memory_bytes,cpu_ns",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
