// cpus: every possible CPU, and what it was doing.
#include "linux/task.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { CPU, ONLINE, PER_CPU_OFFSET, CURRENT_PID, INSTRUCTION_POINTER, PAGE_TABLE_ROOT, COLUMNS };

static const struct kl_column columns[] = {
    [CPU] = {"cpu", KL_CELL_U64, KL_COLUMN_KEY, "its number"},
    [ONLINE] = {"online", KL_CELL_BOOL, 0, "whether the kernel used it"},
    [PER_CPU_OFFSET] = {"per_cpu_offset", KL_CELL_ADDRESS, 0,
                        "added to a per-CPU variable's address gives its own"},
    [CURRENT_PID] = {"current_pid", KL_CELL_U64, 0, "the thread that it ran; 0 for the idle one"},
    [INSTRUCTION_POINTER] = {"instruction_pointer", KL_CELL_ADDRESS, 0, "where it was, if the dump says so"},
    [PAGE_TABLE_ROOT] = {"page_table_root", KL_CELL_ADDRESS, 0,
                         "physical address of the root in use, if the dump says so"},
};

struct state {
  uint64_t next;
};

// A bit of a struct cpumask. KL_ERR_NOT_FOUND: there is no such bit.
static enum kl_status mask_bit(struct kl_kernel *k, enum kl_symbol_id mask, uint64_t cpu, bool *ret) {
  uint64_t word;
  if (!k->known[mask].present || !k->types[KL_T_cpumask].present)
    return KL_ERR_NOT_FOUND;
  if (cpu / 8 >= k->types[KL_T_cpumask].bytes)
    return KL_END;
  KL_TRY(kl_read_u64(k, k->known[mask].address + cpu / 64 * 8, &word));
  *ret = word >> cpu % 64 & 1;
  return KL_OK;
}

// Without the symbol of the runqueues: the thread that is on this CPU; the
// idle one is in no list. (Before 6.17 a kernel for one CPU marks no thread so.)
static enum kl_status find_current(struct kl_cursor *c, uint64_t cpu, uint64_t *ret) {
  struct kl_kernel *k = c->kernel;
  struct kl_task_walk walk;
  uint64_t task, on_cpu, its_cpu;
  *ret = 0;
  if (!kl_has(k, KL_F_task_struct_on_cpu))
    return KL_ERR_NOT_FOUND;
  kl_task_walk_init(&walk, k, &c->budget, true);
  for (;;) {
    enum kl_status status = kl_task_walk_next(&walk, &task);
    if (status == KL_END)
      return KL_OK;
    KL_TRY(status);
    KL_TRY(kl_get(k, task, KL_F_task_struct_on_cpu, &on_cpu));
    KL_TRY(kl_task_cpu(k, task, &its_cpu));
    if (on_cpu && its_cpu == cpu)
      return kl_get(k, task, KL_F_task_struct_pid, ret);
  }
}

// The runqueue's current task: on every machine, unlike a current variable.
static enum kl_status current_pid(struct kl_cursor *c, uint64_t cpu, uint64_t *ret) {
  struct kl_kernel *k = c->kernel;
  uint64_t runqueue, task;
  if (!k->known[KL_S_runqueues].present)
    return find_current(c, cpu, ret);
  KL_TRY(kl_per_cpu_address(k, k->known[KL_S_runqueues].address, (uint32_t)cpu, &runqueue));
  KL_TRY(kl_get_pointer(k, runqueue, KL_F_rq_curr, &task));
  return kl_get(k, task, KL_F_task_struct_pid, ret);
}

static void put_registers(struct kl_cursor *c, uint64_t cpu) {
  struct kl_cpu_registers registers;
  if (!kl_image_cpu(c->kernel->image, cpu, &registers))
    return;
  if (registers.known & KL_REGISTER_IP)
    kl_put(c, INSTRUCTION_POINTER, KL_OK, 0, registers.ip);
  if (registers.known & KL_REGISTER_CR3)
    kl_put(c, PAGE_TABLE_ROOT, KL_OK, 0, kl_paging_root(&c->kernel->paging, registers.cr3));
}

// The next possible CPU. Without a mask, all up to the count.
static enum kl_status next_cpu(struct kl_cursor *c, struct state *s, uint64_t *cpu) {
  struct kl_kernel *k = c->kernel;
  for (;;) {
    bool possible = s->next < k->cpus;
    KL_TRY(kl_budget_spend(&c->budget, 1));
    *cpu = s->next++;
    if (*cpu >= k->limits->cpus)
      return KL_END;
    enum kl_status status = mask_bit(k, KL_S___cpu_possible_mask, *cpu, &possible);
    if (status == KL_END || (status != KL_OK && !possible))
      return KL_END;
    if (possible)
      return KL_OK;
  }
}

static enum kl_status next(struct kl_cursor *c) {
  struct kl_kernel *k = c->kernel;
  uint64_t cpu, v = 0;
  bool online = false;
  KL_TRY(next_cpu(c, c->state, &cpu));
  kl_put(c, CPU, KL_OK, 0, cpu);
  enum kl_status status = mask_bit(k, KL_S___cpu_online_mask, cpu, &online);
  if (status != KL_ERR_NOT_FOUND)
    kl_put(c, ONLINE, status, k->known[KL_S___cpu_online_mask].address, online);
  status = kl_per_cpu_offset(k, (uint32_t)cpu, &v);
  kl_put(c, PER_CPU_OFFSET, status, k->per_cpu_offset_address, v);
  if (kl_wants(c, CURRENT_PID)) {
    status = current_pid(c, cpu, &v);
    kl_put(c, CURRENT_PID, status, k->known[KL_S_runqueues].address, v);
  }
  put_registers(c, cpu);
  return KL_OK;
}

static const struct kl_table_code code = {.state_bytes = sizeof(struct state), .next = next};

const struct kl_table kl_cpus_table = {
    .name = "cpus",
    .group = "machine",
    .doc = "possible CPUs, and what each one was doing",
    .example = "cpus DUMP",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
