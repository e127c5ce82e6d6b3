// Processes, their threads and the kernel's own threads.
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "processes.h"

enum { MAX_PID = 4096, PF_KTHREAD = 0x00200000, PF_FORKNOEXEC = 0x40 };

void declare_tasks(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    typedef struct { u64 val; } kernel_cap_t since(2);
    typedef struct kernel_cap_struct { u32 cap[2]; } kernel_cap_t until(1);
    struct cred {
      atomic_long_t usage; kuid_t uid; kgid_t gid; kuid_t suid; kgid_t sgid; kuid_t euid; kgid_t egid;
      kuid_t fsuid; kgid_t fsgid; unsigned int securebits;
      kernel_cap_t cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
      struct user_namespace *user_ns;
    };
    struct signal_struct {
      refcount_t sigcnt; atomic_t live; int nr_threads; struct list_head thread_head; struct pid *pids[4];
    };
    struct thread_info { unsigned long flags; u32 cpu since(1) smp; u32 status; } since(0);
    struct task_struct {
      struct thread_info thread_info;
      volatile long state until(0);
      unsigned int __state since(1);
      void *stack;
      refcount_t usage;
      unsigned int flags, ptrace;
      int on_cpu smp until(2);
      int on_cpu since(3);
      unsigned int cpu until(0) smp;
      int prio, static_prio, normal_prio;
      unsigned int rt_priority, policy;
      struct list_head tasks;
      struct mm_struct *mm, *active_mm;
      int exit_state, exit_code;
      int pid, tgid;
      struct task_struct __rcu *real_parent, *parent;
      struct list_head children, sibling;
      struct task_struct *group_leader;
      struct list_head thread_group until(1);
      struct list_head thread_node;
      u64 utime, stime, start_time;
      u64 start_boottime;
      const struct cred __rcu *real_cred;
      const struct cred __rcu *cred;
      char comm[16];
      struct fs_struct *fs;
      struct files_struct *files;
      struct nsproxy *nsproxy;
      struct signal_struct *signal;
      struct css_set __rcu *cgroups;
    };
    ));
  // clang-format on
}

uint64_t task_of(const struct guest *g, unsigned pid) {
  if (pid >= MAX_PID || !g->task_by_pid[pid])
    die("no task %u", pid);
  return g->task_by_pid[pid];
}

// The state letter of /proc, as the bits of <linux/sched.h>.
static void set_state(struct guest *g, uint64_t task, char letter) {
  static const struct {
    char letter;
    unsigned state, exit_state;
  } states[] = {{'R', 0, 0}, {'S', 1, 0},     {'D', 2, 0},       {'T', 4, 0},
                {'t', 8, 0}, {'I', 0x402, 0}, {'Z', 0x80, 0x20}, {'X', 0x80, 0x10}};
  for (size_t i = 0; i < sizeof states / sizeof *states; i++)
    if (states[i].letter == letter) {
      set(g, task, "task_struct", g->era >= ERA_6_1 ? "__state" : "state", states[i].state);
      set(g, task, "task_struct", "exit_state", states[i].exit_state);
      return;
    }
  die("no task state %c", letter);
}

static uint64_t new_cred(struct guest *g, uint64_t uid, uint64_t gid) {
  static const char *const uids[] = {"uid.val", "suid.val", "euid.val", "fsuid.val"};
  static const char *const gids[] = {"gid.val", "sgid.val", "egid.val", "fsgid.val"};
  uint64_t cred = object_new(g, "cred");
  for (size_t i = 0; i < 4; i++) {
    set(g, cred, "cred", uids[i], uid);
    set(g, cred, "cred", gids[i], gid);
  }
  static const char *const sets[] = {"cap_permitted", "cap_effective", "cap_bset"};
  for (size_t i = 0; i < 3; i++) {
    uint64_t all = uid == 0 || i == 2 ? 0x1ffffffffff : 0;
    poke_number(g, member_at(g, cred, "cred", sets[i]), all, 8);
  }
  return cred;
}

static uint64_t new_signal(struct guest *g, uint64_t at, unsigned threads) {
  uint64_t signal = at ? at : object_new(g, "signal_struct");
  set(g, signal, "signal_struct", "nr_threads", threads);
  list_init(g, member_at(g, signal, "signal_struct", "thread_head"));
  return signal;
}

struct birth { // what a new task is made of
  unsigned pid, tgid, cpu;
  const char *comm;
  char state;
  uint64_t cred, signal, start_ns;
  struct process process;
  unsigned prio;
  bool kernel;
};

static void fill_task(struct guest *g, uint64_t task, const struct birth *b) {
  if (b->pid < MAX_PID)
    g->task_by_pid[b->pid] = task;
  set(g, task, "task_struct", "pid", b->pid);
  set(g, task, "task_struct", "tgid", b->tgid);
  set_text(g, task, "task_struct", "comm", b->comm);
  set_state(g, task, b->state);
  set(g, task, "task_struct", "flags", b->kernel ? PF_KTHREAD | PF_FORKNOEXEC : 0x400000);
  set(g, task, "task_struct", "prio", b->prio);
  set(g, task, "task_struct", "static_prio", b->prio);
  set_if(g, task, "task_struct", g->era >= ERA_6_1 ? "thread_info.cpu" : "cpu", b->cpu);
  set(g, task, "task_struct", "cred", b->cred);
  set(g, task, "task_struct", "real_cred", b->cred);
  set(g, task, "task_struct", "signal", b->signal);
  set(g, task, "task_struct", "mm", b->process.mm);
  set(g, task, "task_struct", "active_mm", b->process.mm ? b->process.mm : g->init_mm);
  set(g, task, "task_struct", "fs", init_fs(g));
  set(g, task, "task_struct", "nsproxy", init_nsproxy(g));
  set(g, task, "task_struct", "files", b->process.files);
  set(g, task, "task_struct", "start_time", b->start_ns);
  set(g, task, "task_struct", "start_boottime", b->start_ns);
  list_init(g, member_at(g, task, "task_struct", "children"));
  list_init(g, member_at(g, task, "task_struct", "sibling"));
  list_init(g, member_at(g, task, "task_struct", "tasks"));
  list_append(g, member_at(g, b->signal, "signal_struct", "thread_head"),
              member_at(g, task, "task_struct", "thread_node"));
}

static void set_family(struct guest *g, uint64_t task, uint64_t leader, uint64_t parent) {
  set(g, task, "task_struct", "group_leader", leader);
  set(g, task, "task_struct", "real_parent", parent);
  set(g, task, "task_struct", "parent", parent);
  if (task == leader && task != parent)
    list_append(g, member_at(g, parent, "task_struct", "children"), member_at(g, task, "task_struct", "sibling"));
  if (!has(g, "task_struct", "thread_group"))
    return;
  if (task == leader)
    list_init(g, member_at(g, task, "task_struct", "thread_group"));
  else
    list_append(g, member_at(g, leader, "task_struct", "thread_group"),
                member_at(g, task, "task_struct", "thread_group"));
}

static void write_truth(struct guest *g, uint64_t task, const struct birth *b, const struct role *r) {
  truth_table(g, "tasks");
  truth_row(g);
  truth_address(g, "address", task);
  truth_number(g, "pid", b->pid);
  truth_number(g, "tgid", b->tgid);
  truth_number(g, "ppid", r ? r->ppid : 0);
  truth_text(g, "comm", b->comm);
  char state[2] = {b->state, 0};
  truth_text(g, "state", state);
  truth_text(g, "kind", b->kernel ? "kernel" : "user");
  truth_number(g, "uid", r ? r->uid : 0);
  truth_number(g, "gid", r ? r->gid : 0);
  truth_number(g, "euid", r ? r->uid : 0);
  truth_number(g, "start_time_ns", b->start_ns);
  truth_number(g, "cpu", b->cpu);
  if (b->process.mm)
    truth_address(g, "mm", b->process.mm);
  else
    truth_null(g, "mm");
  truth_number(g, "priority", b->prio - 100);
  if (b->process.mm) {
    truth_address(g, "page_table_root", b->process.root);
    truth_text(g, "exe", r->exe);
    truth_text(g, "command_line", r->arguments);
  }
  truth_number(g, "threads", r ? 1 + r->n_threads : 1);
}

// The first task, and one more idle task for each further CPU; these are in
// no list.
static void build_idle(struct guest *g) {
  g->init_mm = object_in_image(g, "mm_struct");
  set(g, g->init_mm, "mm_struct", "pgd", g->image_va + (g->root - g->image_phys));
  symbol_add(g, "init_mm", g->init_mm, 'D');
  uint64_t cred = new_cred(g, 0, 0);
  uint64_t current = g->era == ERA_6_12 && !g->o.shape->arm
                         ? per_cpu_take(g, "pcpu_hot", object_bytes(g, "pcpu_hot"), 64)
                         : per_cpu_take(g, "current_task", 8, 8);
  uint64_t runqueues = per_cpu_take(g, "runqueues", object_bytes(g, "rq"), 64);
  for (unsigned cpu = 0; cpu < g->cpus; cpu++) {
    uint64_t task = cpu ? object_new(g, "task_struct") : object_in_image(g, "task_struct");
    uint64_t signal = new_signal(g, cpu ? 0 : object_in_image(g, "signal_struct"), 1);
    struct birth b = {.pid = cpu ? MAX_PID : 0,
                      .cpu = cpu,
                      .comm = g->o.uniprocessor ? "swapper" : print("swapper/%u", cpu),
                      .state = 'R',
                      .cred = cred,
                      .signal = signal,
                      .prio = 120,
                      .kernel = true};
    fill_task(g, task, &b);
    set(g, task, "task_struct", "pid", 0);
    uint64_t first = g->task_by_pid[0];
    set_family(g, task, task, first);
    if (!cpu) {
      symbol_add(g, "init_task", task, 'D');
      symbol_add(g, "init_signals", signal, 'D');
    }
    uint64_t here = per_cpu_on(g, current, cpu);
    if (g->era == ERA_6_12 && !g->o.shape->arm)
      set(g, here, "pcpu_hot", "current_task", task);
    else
      poke_number(g, here, task, 8);
    uint64_t rq = per_cpu_on(g, runqueues, cpu);
    set(g, rq, "rq", "curr", task);
    set(g, rq, "rq", "idle", task);
    set_if(g, rq, "rq", "cpu", cpu);
  }
}

static void build_process(struct guest *g, const struct role *r, struct chance *c) {
  uint64_t signal = new_signal(g, 0, 1 + r->n_threads), leader = 0;
  uint64_t cred = new_cred(g, r->uid, r->gid);
  struct process process = r->exe && r->state != 'Z' ? process_new(g, r) : (struct process){0};
  for (unsigned i = 0; i <= r->n_threads; i++) {
    uint64_t task = object_new(g, "task_struct");
    unsigned cpu = (unsigned)chance_below(c, g->cpus);
    uint64_t start_ns = 1000000ull * (r->pid * 7 + i) + chance_below(c, 1000000);
    struct birth b = {.pid = r->pid + i,
                      .tgid = r->pid,
                      .cpu = cpu,
                      .comm = i && r->thread_comm ? r->thread_comm : r->comm,
                      .state = i ? 'S' : r->state,
                      .cred = cred,
                      .signal = signal,
                      .process = process,
                      .prio = 120,
                      .kernel = !r->exe,
                      .start_ns = start_ns};
    fill_task(g, task, &b);
    leader = leader ? leader : task;
    set_family(g, task, leader, task_of(g, r->ppid));
    if (task == leader)
      list_append(g, member_at(g, task_of(g, 0), "task_struct", "tasks"),
                  member_at(g, task, "task_struct", "tasks"));
    write_truth(g, task, &b, r);
  }
}

void build_tasks(struct guest *g) {
  struct chance c = chance_of(g->o.seed, "tasks");
  g->task_by_pid = take((MAX_PID + 1) * sizeof *g->task_by_pid);
  build_idle(g);
  truth_table(g, "tasks");
  size_t n;
  const struct role *roles = cast_roles(g, &n);
  for (size_t i = 0; i < n; i++)
    build_process(g, &roles[i], &c);
}
