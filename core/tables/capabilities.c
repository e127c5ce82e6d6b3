// capabilities: what each process may do, as in the Cap lines of
// /proc/PID/status, one row a capability.
#include "linux/task.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { TGID, COMM, NAME, EFFECTIVE, PERMITTED, INHERITABLE, BOUNDING, AMBIENT, COLUMNS };

static const struct kl_column columns[] = {
    [TGID] = {"tgid", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the process"},
    [COMM] = {"comm", KL_CELL_TEXT, 0, "its name"},
    [NAME] = {"name", KL_CELL_TEXT, KL_COLUMN_KEY,
              "the capability, such as cap_net_raw; one that is in no set has no row"},
    [EFFECTIVE] = {"effective", KL_CELL_BOOL, 0, "whether it counts now"},
    [PERMITTED] = {"permitted", KL_CELL_BOOL, 0, "whether the process may make it effective"},
    [INHERITABLE] = {"inheritable", KL_CELL_BOOL, 0, "whether programs that ask for it get it on exec"},
    [BOUNDING] = {"bounding", KL_CELL_BOOL, 0, "whether exec may ever give it"},
    [AMBIENT] = {"ambient", KL_CELL_BOOL, 0, "whether every program gets it on exec"},
};

// Bit i of a set: include/uapi/linux/capability.h.
static const char *const names[] = {
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
};

static const struct {
  uint32_t column;
  enum kl_field_id field;
} sets[] = {
    {EFFECTIVE, KL_F_cred_cap_effective},     {PERMITTED, KL_F_cred_cap_permitted},
    {INHERITABLE, KL_F_cred_cap_inheritable}, {BOUNDING, KL_F_cred_cap_bset},
    {AMBIENT, KL_F_cred_cap_ambient},
};
enum { SETS = sizeof sets / sizeof *sets, CAPABILITIES = 64 };

struct state {
  struct kl_task_walk tasks;
  uint64_t task, tgid;
  uint64_t sets[SETS];
  uint64_t any; // capabilities of the task that are in a set, and not given yet
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t tgid;
  if (kl_pushed_u64(c, TGID, &tgid))
    return kl_task_walk_init_number(&s->tasks, c->kernel, &c->budget, tgid);
  kl_task_walk_init(&s->tasks, c->kernel, &c->budget, false);
  return KL_OK;
}

// Two words of 32 bits up to 6.2, one of 64 since (f122a08b197d "capability: just
// use a 'u64' instead of a 'u32[2]' array"): the same bytes.
static enum kl_status next_task(struct kl_cursor *c) {
  struct state *s = c->state;
  KL_TRY(kl_task_walk_next(&s->tasks, &s->task));
  KL_TRY(kl_get(c->kernel, s->task, KL_F_task_struct_tgid, &s->tgid));
  uint64_t pid, any = 0;
  KL_TRY(kl_get(c->kernel, s->task, KL_F_task_struct_pid, &pid));
  if (pid != s->tgid) // what tgid=N walks has the other threads too
    return KL_OK;
  for (size_t i = 0; i < SETS; i++) {
    KL_TRY(kl_task_cred(c->kernel, s->task, sets[i].field, &s->sets[i]));
    any |= s->sets[i];
  }
  s->any = any;
  return KL_OK;
}

static void put_row(struct kl_cursor *c, unsigned capability) {
  struct state *s = c->state;
  kl_put(c, TGID, KL_OK, 0, s->tgid);
  kl_put_field(c, COMM, s->task, KL_F_task_struct_comm);
  if (capability < sizeof names / sizeof *names) {
    kl_put_string(c, NAME, names[capability]);
  } else { // one that came later
    size_t start = c->text.used;
    kl_text_string(&c->text, "cap_");
    kl_text_decimal(&c->text, capability);
    kl_put_written(c, NAME, KL_OK, 0, start);
  }
  for (size_t i = 0; i < SETS; i++)
    kl_put(c, sets[i].column, KL_OK, 0, s->sets[i] >> capability & 1);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  while (!s->any) {
    s->task = 0;
    enum kl_status status = next_task(c);
    if (status == KL_ERR_BUDGET || status == KL_END)
      return status;
    if (status != KL_OK)
      kl_lost(c, "task", s->task, status);
  }
  unsigned capability = 0;
  while (!(s->any >> capability & 1))
    capability++;
  s->any &= s->any - 1;
  put_row(c, capability);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 64, .open = open, .next = next};

const struct kl_table kl_capabilities_table = {
    .name = "capabilities",
    .group = "processes",
    .doc = "capabilities of every process, as in the Cap lines of /proc/PID/status",
    .example = "capabilities DUMP tgid=1",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
