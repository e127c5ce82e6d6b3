// hidden_tasks: every task that any of the kernel's lists knows, and which of them
// do.
//
// Lists are compared for a window of pids at a time: each is walked whole for
// every window that has any, which is one on most machines.
#include "base/memory.h"
#include "linux/cgroup.h"
#include "linux/task.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { PID, TGID, COMM, ADDRESS, STATE, IN_LIST, IN_PIDS, IN_CGROUP, ON_CPU, AGREES, COLUMNS };

static const struct kl_column columns[] = {
    [PID] = {"pid", KL_CELL_U64, KL_COLUMN_KEY, "the task, as gettid() numbers it"},
    [TGID] = {"tgid", KL_CELL_U64, 0, "its process"},
    [COMM] = {"comm", KL_CELL_TEXT, 0, "its name"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "of its struct task_struct"},
    [STATE] = {"state", KL_CELL_TEXT, 0, "R, S, D, T, t, Z, X or I"},
    [IN_LIST] = {"in_list", KL_CELL_BOOL, 0, "whether it is on the list of processes, or of its process's threads"},
    [IN_PIDS] = {"in_pids", KL_CELL_BOOL, 0, "whether its pid leads to it: what /proc, ps and kill go by"},
    [IN_CGROUP] = {"in_cgroup", KL_CELL_BOOL, 0,
                   "whether it is among the tasks of a control group; zombies are in none in late kernels"},
    [ON_CPU] = {"on_cpu", KL_CELL_BOOL, 0, "whether it runs, or waits for a CPU (real-time tasks: runs)"},
    [AGREES] = {"agrees", KL_CELL_BOOL, 0,
                "whether the first three know it, as the same task; if not, it is hidden"},
};

enum {
  LIST = 1,
  PIDS = 2,
  CGROUP = 4,
  CPU = 8,
  CONFLICT = 16, // two places have different tasks of that pid
  WINDOW = 8192,
  MAX_PID = 1 << 22, // PID_MAX_LIMIT of 64-bit kernels
};

struct state {
  uint64_t first, beyond; // of the window; the lowest pid behind it that was seen
  uint64_t tasks[WINDOW];
  uint8_t places[WINDOW];
  uint8_t asked; // the places that could be asked whole, in this window
  size_t next;
  // Scratch of the walks.
  struct kl_task_walk walk;
  struct kl_xarray pids;
  struct kl_cgroup_walk groups;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  s->next = WINDOW;
  s->beyond = 1;
  return KL_OK;
}

static enum kl_status note(struct state *s, uint64_t pid, uint64_t task, uint8_t place) {
  if (!pid) // idle tasks
    return KL_OK;
  if (pid >= MAX_PID)
    return KL_ERR_MALFORMED;
  if (pid >= s->first + WINDOW && pid < s->beyond)
    s->beyond = pid;
  uint64_t i = pid - s->first;
  if (i >= WINDOW)
    return KL_OK;
  if (!s->places[i])
    s->tasks[i] = task;
  else if (s->tasks[i] != task)
    s->places[i] |= CONFLICT;
  s->places[i] |= place;
  return KL_OK;
}

static enum kl_status note_task(struct kl_cursor *c, uint64_t task, uint8_t place) {
  uint64_t pid;
  KL_TRY(kl_get(c->kernel, task, KL_F_task_struct_pid, &pid));
  return note(c->state, pid, task, place);
}

// ── Places ─────────────────────────────────────────────────────────────────

// Each gives KL_END when all of it was seen, KL_ERR_BUDGET, or KL_OK when what it
// lost has been noted.

static enum kl_status walk_list(struct kl_cursor *c) {
  struct state *s = c->state;
  bool whole = true;
  kl_task_walk_init(&s->walk, c->kernel, &c->budget, true);
  for (;;) {
    uint64_t task = 0;
    enum kl_status status = kl_task_walk_next(&s->walk, &task);
    if (status == KL_END)
      return whole ? KL_END : KL_OK;
    if (status == KL_OK && !s->walk.by_pid) // once the list has broken, the rest comes by pid
      status = note_task(c, task, LIST);
    if (status == KL_ERR_BUDGET)
      return status;
    if (status != KL_OK) {
      kl_lost(c, "list of tasks", task, status);
      whole = false;
    }
    whole &= !s->walk.by_pid;
  }
}

static enum kl_status walk_pids(struct kl_cursor *c) {
  struct state *s = c->state;
  bool whole = true;
  enum kl_status status = kl_pids_init(&s->pids, c->kernel, &c->budget, s->first, MAX_PID);
  if (status != KL_OK)
    return status == KL_ERR_NOT_FOUND ? KL_OK : status;
  for (;;) {
    struct kl_xarray_entry entry = {0};
    uint64_t task = 0;
    status = kl_xarray_next(&s->pids, &entry);
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status == KL_END && !whole ? KL_OK : status;
    if (status == KL_OK && entry.kind != KL_XARRAY_POINTER)
      continue;
    if (status == KL_OK)
      status = kl_pid_task(c->kernel, entry.pointer, &task);
    if (status == KL_ERR_NOT_FOUND)
      continue;
    if (status == KL_OK)
      status = note(s, entry.index, task, PIDS);
    if (status != KL_OK) {
      kl_lost(c, "pids", entry.pointer, status);
      whole = false;
    }
    if (entry.index >= s->first + WINDOW) // that is all there is to know of what is behind
      return whole ? KL_END : KL_OK;
  }
}

static const enum kl_field_id task_lists[] = {KL_F_css_set_tasks, KL_F_css_set_mg_tasks, KL_F_css_set_dying_tasks};

static enum kl_status walk_css_set(struct kl_cursor *c, uint64_t set) {
  for (size_t i = 0; i < sizeof task_lists / sizeof *task_lists; i++) {
    struct kl_list list;
    uint64_t head, node, task;
    if (!kl_has(c->kernel, task_lists[i]))
      continue;
    KL_TRY(kl_member(c->kernel, set, task_lists[i], &head));
    kl_list_init(&list, c->kernel, &c->budget, head);
    enum kl_status status;
    while ((status = kl_list_next(&list, &node)) == KL_OK) {
      KL_TRY(kl_container(c->kernel, node, KL_F_task_struct_cg_list, &task));
      KL_TRY(note_task(c, task, CGROUP));
    }
    if (status != KL_END)
      return status;
  }
  return KL_OK;
}

// Every task is in one css_set, and each of these in one group of version 2.
static enum kl_status walk_group(struct kl_cursor *c, uint64_t cgroup) {
  struct kl_list sets;
  uint64_t set;
  KL_TRY(kl_cgroup_sets(c->kernel, &c->budget, cgroup, &sets));
  for (;;) {
    enum kl_status status = kl_cgroup_sets_next(&sets, &set);
    if (status != KL_OK)
      return status == KL_END ? KL_OK : status;
    KL_TRY(walk_css_set(c, set));
  }
}

static enum kl_status walk_cgroups(struct kl_cursor *c) {
  struct state *s = c->state;
  bool whole = true;
  enum kl_status status = kl_cgroup_walk_init(&s->groups, c->kernel, &c->budget, true);
  if (status != KL_OK || !kl_has(c->kernel, KL_F_task_struct_cg_list))
    return status == KL_ERR_NOT_FOUND ? KL_OK : status;
  for (;;) {
    uint64_t cgroup = 0;
    status = kl_cgroup_walk_next(&s->groups, &cgroup);
    if (status == KL_END)
      return whole ? KL_END : KL_OK;
    if (status == KL_OK)
      status = walk_group(c, cgroup);
    if (status == KL_ERR_BUDGET)
      return status;
    if (status != KL_OK) {
      kl_lost(c, "tasks of control groups", cgroup ? cgroup : s->groups.lost, status);
      whole = false;
    }
  }
}

static enum kl_status walk_run_queue(struct kl_cursor *c, uint64_t rq) {
  uint64_t task, head, node;
  struct kl_list list;
  KL_TRY(kl_get_pointer(c->kernel, rq, KL_F_rq_curr, &task));
  if (task)
    KL_TRY(note_task(c, task, CPU));
  if (!kl_has(c->kernel, KL_F_rq_cfs_tasks)) // CONFIG_SMP
    return KL_OK;
  KL_TRY(kl_member(c->kernel, rq, KL_F_rq_cfs_tasks, &head));
  kl_list_init(&list, c->kernel, &c->budget, head);
  for (;;) {
    enum kl_status status = kl_list_next(&list, &node);
    if (status != KL_OK)
      return status == KL_END ? KL_OK : status;
    KL_TRY(kl_container(c->kernel, node, KL_F_sched_entity_group_node, &task));
    KL_TRY(kl_container(c->kernel, task, KL_F_task_struct_se, &task));
    KL_TRY(note_task(c, task, CPU));
  }
}

static enum kl_status walk_run_queues(struct kl_cursor *c) {
  struct kl_kernel *k = c->kernel;
  if (!k->known[KL_S_runqueues].present)
    return KL_OK;
  for (uint32_t cpu = 0; cpu < k->cpus; cpu++) {
    uint64_t rq = 0;
    KL_TRY(kl_budget_spend(&c->budget, 1));
    enum kl_status status = kl_per_cpu_address(k, k->known[KL_S_runqueues].address, cpu, &rq);
    if (status == KL_ERR_NOT_FOUND)
      continue;
    if (status == KL_OK)
      status = walk_run_queue(c, rq);
    if (status == KL_ERR_BUDGET)
      return status;
    if (status != KL_OK)
      kl_lost(c, "run queue", rq, status);
  }
  return KL_END;
}

// ── Rows ───────────────────────────────────────────────────────────────────

static enum kl_status take(struct kl_cursor *c, enum kl_status status, uint8_t place) {
  struct state *s = c->state;
  if (status == KL_END)
    s->asked |= place;
  else if (status != KL_OK && status != KL_ERR_BUDGET)
    kl_lost(c, "tasks", 0, status);
  return status == KL_ERR_BUDGET ? status : KL_OK;
}

// KL_END: there are no more pids.
static enum kl_status next_window(struct kl_cursor *c) {
  struct state *s = c->state;
  if (s->beyond == MAX_PID)
    return KL_END;
  s->first = s->beyond;
  s->beyond = MAX_PID;
  s->asked = 0;
  s->next = 0;
  memset(s->places, 0, sizeof s->places);
  KL_TRY(take(c, walk_list(c), LIST));
  KL_TRY(take(c, walk_pids(c), PIDS));
  KL_TRY(take(c, walk_cgroups(c), CGROUP));
  return take(c, walk_run_queues(c), CPU);
}

static const struct {
  uint32_t column;
  uint8_t place;
} places[] = {{IN_LIST, LIST}, {IN_PIDS, PIDS}, {IN_CGROUP, CGROUP}, {ON_CPU, CPU}};

static void put_row(struct kl_cursor *c, size_t i) {
  struct state *s = c->state;
  uint64_t task = s->tasks[i];
  uint8_t known = s->places[i], must = s->asked & (LIST | PIDS | CGROUP);
  char state = 0;
  kl_put(c, PID, KL_OK, 0, s->first + i);
  kl_put(c, ADDRESS, KL_OK, 0, task);
  kl_put_field(c, TGID, task, KL_F_task_struct_tgid);
  kl_put_field(c, COMM, task, KL_F_task_struct_comm);
  enum kl_status status = kl_task_state(c->kernel, task, &state);
  kl_put_bytes(c, STATE, status, task, &state, 1);
  // What has exited leaves its group at once in late kernels, and waits for its
  // parent everywhere else.
  if (status == KL_OK && (state == 'Z' || state == 'X'))
    must &= (uint8_t)~CGROUP;
  // A place that was seen in part does not say who is missing.
  for (size_t p = 0; p < sizeof places / sizeof *places; p++)
    if (known & places[p].place || s->asked & places[p].place)
      kl_put(c, places[p].column, KL_OK, 0, (known & places[p].place) != 0);
  kl_put(c, AGREES, KL_OK, 0, (known & must) == must && !(known & CONFLICT));
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    while (s->next < WINDOW && !s->places[s->next])
      s->next++;
    if (s->next < WINDOW) {
      put_row(c, s->next++);
      return KL_OK;
    }
    KL_TRY(next_window(c));
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 64, .open = open, .next = next};

const struct kl_table kl_hidden_tasks_table = {
    .name = "hidden_tasks",
    .group = "tampering",
    .doc = "tasks by every list that has them; agrees is false for one that is hidden from some",
    .example = "hidden_tasks DUMP agrees=false",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
