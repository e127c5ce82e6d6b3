// namespaces: those that each process is in, as in /proc/PID/ns.
#include "linux/namespaces.h"
#include "linux/task.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { TGID, COMM, KIND, INODE, ADDRESS, COLUMNS };

static const struct kl_column columns[] = {
    [TGID] = {"tgid", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the process"},
    [COMM] = {"comm", KL_CELL_TEXT, 0, "its name"},
    [KIND] = {"kind", KL_CELL_TEXT, KL_COLUMN_KEY,
              "cgroup, ipc, mnt, net, pid, time, user, uts; pid_for_children, time_for_children"},
    [INODE] = {"inode", KL_CELL_U64, 0, "the number that names it: equal where processes share it"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "of its struct"},
};

struct state {
  struct kl_task_walk tasks;
  uint64_t task, tgid;
  size_t kind; // the next one of the task
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t tgid;
  s->kind = KL_NAMESPACE_KINDS;
  if (kl_pushed_u64(c, TGID, &tgid))
    return kl_task_walk_init_number(&s->tasks, c->kernel, &c->budget, tgid);
  kl_task_walk_init(&s->tasks, c->kernel, &c->budget, false);
  return KL_OK;
}

static enum kl_status next_task(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t pid;
  KL_TRY(kl_task_walk_next(&s->tasks, &s->task));
  KL_TRY(kl_get(c->kernel, s->task, KL_F_task_struct_tgid, &s->tgid));
  KL_TRY(kl_get(c->kernel, s->task, KL_F_task_struct_pid, &pid));
  if (pid == s->tgid) // what tgid=N walks has the other threads too
    s->kind = 0;
  return KL_OK;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    if (s->kind == KL_NAMESPACE_KINDS) {
      s->task = 0;
      enum kl_status status = next_task(c);
      if (status == KL_ERR_BUDGET || status == KL_END)
        return status;
      if (status != KL_OK)
        kl_lost(c, "task", s->task, status);
      continue;
    }
    size_t kind = s->kind++;
    uint64_t address = 0, number = 0;
    enum kl_status status = kl_task_namespace(c->kernel, s->task, kind, &address, &number);
    if (status == KL_END)
      continue;
    kl_put(c, TGID, KL_OK, 0, s->tgid);
    kl_put_field(c, COMM, s->task, KL_F_task_struct_comm);
    kl_put_string(c, KIND, kl_namespace_kind(kind));
    kl_put(c, INODE, status, s->task, number);
    kl_put(c, ADDRESS, address ? KL_OK : status, s->task, address);
    return KL_OK;
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 64, .open = open, .next = next};

const struct kl_table kl_namespaces_table = {
    .name = "namespaces",
    .group = "processes",
    .doc = "namespaces that each process is in, as in /proc/PID/ns",
    .example = "namespaces DUMP kind=mnt",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
