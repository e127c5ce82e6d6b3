// tasks: every process and thread, a thread a row.
#include "base/checked.h"
#include "linux/path.h"
#include "linux/task.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum {
  ADDRESS,
  PID,
  TGID,
  PPID,
  COMM,
  STATE,
  KIND,
  UID,
  GID,
  EUID,
  START_TIME_NS,
  CPU,
  PRIORITY,
  MM,
  PAGE_TABLE_ROOT,
  EXE,
  COMMAND_LINE,
  CGROUP,
  THREADS,
  COLUMNS
};

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "of its task_struct"},
    [PID] = {"pid", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "its number; that of a thread is its own"},
    [TGID] = {"tgid", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the process it belongs to"},
    [PPID] = {"ppid", KL_CELL_U64, 0, "the process that started it, or that adopted it"},
    [COMM] = {"comm", KL_CELL_TEXT, 0, "its name, at most 15 bytes"},
    [STATE] =
        {"state", KL_CELL_TEXT, 0,
         "R running, S sleeping, D not to be disturbed, T stopped, t traced, Z zombie, X dead, I idle, P parked"},
    [KIND] = {"kind", KL_CELL_TEXT, 0, "user or kernel"},
    [UID] = {"uid", KL_CELL_U64, 0, "real user id"},
    [GID] = {"gid", KL_CELL_U64, 0, "real group id"},
    [EUID] = {"euid", KL_CELL_U64, 0, "effective user id"},
    [START_TIME_NS] = {"start_time_ns", KL_CELL_DURATION, KL_COLUMN_KEY, "when it started, since boot"},
    [CPU] = {"cpu", KL_CELL_U64, 0, "the CPU it runs or ran last on"},
    [PRIORITY] = {"priority", KL_CELL_I64, 0, "0 to 39 by nice, below 0 for real-time"},
    [MM] = {"mm", KL_CELL_ADDRESS, 0, "of its mm_struct; none for kernel threads and zombies"},
    [PAGE_TABLE_ROOT] = {"page_table_root", KL_CELL_ADDRESS, 0, "physical address of its page-table root"},
    [EXE] = {"exe", KL_CELL_TEXT, KL_COLUMN_COSTLY, "the program it runs, as it sees the path itself"},
    [COMMAND_LINE] = {"command_line", KL_CELL_TEXT, KL_COLUMN_COSTLY,
                      "its arguments, a space between them, or the title it gave itself"},
    [CGROUP] = {"cgroup", KL_CELL_TEXT, KL_COLUMN_COSTLY, "its place in the cgroup v2 hierarchy"},
    [THREADS] = {"threads", KL_CELL_U64, 0, "threads of its process"},
};

enum { ARGUMENT_BYTES = 32 << 10 };

struct state {
  struct kl_task_walk walk;
  struct kl_space space; // of the process that the row is about
  bool one, given;       // pid was pushed: its only row
  uint64_t only;
  char scratch[ARGUMENT_BYTES];
};

static enum kl_status open_process(struct kl_cursor *c, struct state *s, uint64_t tgid) {
  uint64_t own;
  KL_TRY(kl_task_walk_init_number(&s->walk, c->kernel, &c->budget, tgid));
  KL_TRY(kl_get(c->kernel, s->walk.leader, KL_F_task_struct_tgid, &own));
  return own == tgid ? KL_OK : KL_END; // a thread's number
}

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t v;
  if (kl_pushed_u64(c, PID, &v)) {
    s->one = true;
    enum kl_status status = kl_task_find(c->kernel, &c->budget, v, &s->only);
    return status == KL_ERR_NOT_FOUND ? KL_END : status;
  }
  if (kl_pushed_u64(c, TGID, &v))
    return open_process(c, s, v);
  kl_task_walk_init(&s->walk, c->kernel, &c->budget, true);
  return KL_OK;
}

static void put_state(struct kl_cursor *c, uint64_t task) {
  char letter = 0;
  if (!kl_wants(c, STATE))
    return;
  enum kl_status status = kl_task_state(c->kernel, task, &letter);
  kl_put_bytes(c, STATE, status, task, &letter, 1);
}

static void put_priority(struct kl_cursor *c, uint64_t task) {
  int64_t priority = 0;
  if (!kl_wants(c, PRIORITY))
    return;
  enum kl_status status = kl_task_priority(c->kernel, task, &priority);
  kl_put(c, PRIORITY, status, task, (uint64_t)priority);
}

static const struct {
  uint32_t column;
  enum kl_status (*get)(struct kl_kernel *k, uint64_t task, uint64_t *ret);
} numbers[] = {
    {PPID, kl_task_parent}, {START_TIME_NS, kl_task_start_time}, {CPU, kl_task_cpu}, {THREADS, kl_task_threads}};

static void put_plain(struct kl_cursor *c, uint64_t task) {
  kl_put(c, ADDRESS, KL_OK, 0, task);
  kl_put_field(c, PID, task, KL_F_task_struct_pid);
  kl_put_field(c, TGID, task, KL_F_task_struct_tgid);
  kl_put_field(c, COMM, task, KL_F_task_struct_comm);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    uint64_t v = 0;
    if (!kl_wants(c, numbers[i].column))
      continue;
    enum kl_status status = numbers[i].get(c->kernel, task, &v);
    kl_put(c, numbers[i].column, status, task, v);
  }
  put_state(c, task);
  put_priority(c, task);
}

static const struct {
  uint32_t column;
  enum kl_field_id field;
} ids[] = {{UID, KL_F_cred_uid}, {GID, KL_F_cred_gid}, {EUID, KL_F_cred_euid}};

static void put_cred(struct kl_cursor *c, uint64_t task) {
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    uint64_t v = 0;
    if (!kl_wants(c, ids[i].column))
      continue;
    enum kl_status status = kl_task_cred(c->kernel, task, ids[i].field, &v);
    kl_put(c, ids[i].column, status, task, v);
  }
}

static void put_kind(struct kl_cursor *c, uint64_t task) {
  bool kernel = false;
  if (!kl_wants(c, KIND))
    return;
  enum kl_status status = kl_task_is_kernel(c->kernel, task, &kernel);
  if (status == KL_OK)
    kl_put_string(c, KIND, kernel ? "kernel" : "user");
  else
    kl_put_bytes(c, KIND, status, task, NULL, 0);
}

static void put_exe(struct kl_cursor *c, struct state *s, uint64_t task, uint64_t mm) {
  uint64_t file = 0;
  struct kl_path_root root = {0};
  struct kl_path_text path = kl_path_into(s->scratch, KL_PATH_BYTES);
  if (!kl_wants(c, EXE))
    return;
  enum kl_status status = kl_get_pointer(c->kernel, mm, KL_F_mm_struct_exe_file, &file);
  if (status == KL_OK && !file)
    return;
  if (status == KL_OK) {
    status = kl_task_root(c->kernel, task, &root);
    if (status == KL_END)
      status = KL_OK;
  }
  if (status == KL_OK)
    status = kl_file_path(c->kernel, &c->budget, file, &root, &path);
  kl_put_bytes(c, EXE, status, file, path.buffer + path.start, path.capacity - path.start);
}

static void put_command_line(struct kl_cursor *c, struct state *s, uint64_t mm) {
  size_t n = 0, capacity = (size_t)kl_min(c->kernel->limits->command_line_bytes, sizeof s->scratch);
  if (!kl_wants(c, COMMAND_LINE))
    return;
  enum kl_status status = kl_mm_arguments(c->kernel, &s->space, mm, s->scratch, capacity, &n);
  if (status != KL_OK && n) { // what is there is shown
    kl_lost(c, "command_line", mm, status);
    status = KL_OK;
  }
  // Every argument is ended by a NUL: the last one's says nothing.
  if (n && !s->scratch[n - 1])
    n--;
  for (size_t i = 0; i < n; i++)
    if (!s->scratch[i])
      s->scratch[i] = ' ';
  kl_put_bytes(c, COMMAND_LINE, status, mm, s->scratch, n);
}

static void put_memory(struct kl_cursor *c, struct state *s, uint64_t task) {
  uint64_t mm = 0;
  if (!(c->query.columns & (1ull << MM | 1ull << PAGE_TABLE_ROOT | 1ull << EXE | 1ull << COMMAND_LINE)))
    return;
  enum kl_status status = kl_task_mm(c->kernel, task, &mm);
  if (status != KL_OK || mm)
    kl_put(c, MM, status, task, mm);
  if (status == KL_OK && !mm)
    return;
  if (status == KL_OK)
    status = kl_mm_space(c->kernel, mm, &s->space);
  kl_put(c, PAGE_TABLE_ROOT, status, mm, s->space.user_root);
  if (!kl_keeps(c))
    return;
  if (mm)
    put_exe(c, s, task, mm);
  if (status == KL_OK)
    put_command_line(c, s, mm);
  else
    kl_put_bytes(c, COMMAND_LINE, status, mm, NULL, 0);
}

static void put_cgroup(struct kl_cursor *c, struct state *s, uint64_t task) {
  struct kl_path_text path = kl_path_into(s->scratch, KL_PATH_BYTES);
  if (!kl_wants(c, CGROUP) || !kl_has(c->kernel, KL_F_task_struct_cgroups))
    return;
  enum kl_status status = kl_task_cgroup(c->kernel, &c->budget, task, &path);
  kl_put_bytes(c, CGROUP, status, task, path.buffer + path.start, path.capacity - path.start);
}

static enum kl_status next_task(struct kl_cursor *c, struct state *s, uint64_t *task) {
  if (s->one) {
    *task = s->only;
    enum kl_status status = s->given ? KL_END : KL_OK;
    s->given = true;
    return status;
  }
  for (;;) {
    enum kl_status status = kl_task_walk_next(&s->walk, task);
    if (status == KL_OK || status == KL_END)
      return status;
    kl_lost(c, s->walk.lost, *task, status);
  }
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t task;
  KL_TRY(next_task(c, s, &task));
  put_plain(c, task);
  put_kind(c, task);
  if (!kl_keeps(c))
    return KL_OK;
  put_cred(c, task);
  put_memory(c, s, task);
  put_cgroup(c, s, task);
  return KL_OK;
}

static const struct kl_table_code code = {.state_bytes = sizeof(struct state),
                                          .text_bytes = 64 + ARGUMENT_BYTES + 2 * KL_PATH_BYTES,
                                          .open = open,
                                          .next = next};

const struct kl_table kl_tasks_table = {
    .name = "tasks",
    .group = "processes",
    .doc = "processes and their threads, a thread a row",
    .example = "tasks DUMP kind=user --columns pid,comm,state,command_line",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
