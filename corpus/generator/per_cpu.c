// Per-CPU memory: one area a CPU in the direct map, and the offsets to it.
// On x86-64 up to 6.14 the variables' addresses begin at zero (9d7de2aa8b41).
//
// A kernel for one CPU has none of this: its per-CPU variables are variables, and
// what it allocates for each CPU is memory (include/linux/percpu-defs.h,
// include/asm-generic/percpu.h, mm/percpu-km.c).
#include "subjects.h"

enum { AREA_BYTES = 8192 };

void declare_per_cpu(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    struct pcpu_hot { struct task_struct *current_task; int preempt_count; int cpu_number; } since(2) until(2);
    typedef struct cpumask { unsigned long bits[2]; } cpumask_t;
    struct rq {
      unsigned int nr_running; struct task_struct __rcu *curr; struct task_struct *idle;
      int cpu smp until(2); int cpu since(3);
    };
    ));
  // clang-format on
}

static void build_areas(struct guest *g) {
  bool zero_based = g->o.kallsyms == KALLSYMS_ABSOLUTE_PERCPU;
  g->per_cpu_start = zero_based ? 0 : image_take(g, IMAGE_DATA, AREA_BYTES, g->page);
  g->per_cpu_bytes = 0;
  uint64_t offsets = image_take(g, IMAGE_DATA, 8 * 64, 8);
  for (unsigned cpu = 0; cpu < g->cpus; cpu++) {
    g->per_cpu_area[cpu] = direct_of(g, frames_take(g, AREA_BYTES));
    g->per_cpu_offset[cpu] = g->per_cpu_area[cpu] - g->per_cpu_start;
    poke_number(g, offsets + 8 * cpu, g->per_cpu_offset[cpu], 8);
  }
  symbol_add(g, "__per_cpu_start", g->per_cpu_start, zero_based ? 'A' : 'D');
  symbol_add(g, "__per_cpu_end", g->per_cpu_start + AREA_BYTES, zero_based ? 'A' : 'D');
  symbol_add(g, "__per_cpu_offset", offsets, 'D');

  uint64_t this_off = per_cpu_take(g, "this_cpu_off", 8, 8), number = per_cpu_take(g, "cpu_number", 4, 4);
  for (unsigned cpu = 0; cpu < g->cpus; cpu++) {
    poke_number(g, per_cpu_on(g, this_off, cpu), g->per_cpu_offset[cpu], 8);
    poke_number(g, per_cpu_on(g, number, cpu), cpu, 4);
  }
}

static void build_masks(struct guest *g) {
  static const char *const masks[] = {"__cpu_possible_mask", "__cpu_present_mask", "__cpu_online_mask",
                                      "__cpu_active_mask"};
  for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
    uint64_t mask = object_in_image(g, "cpumask");
    set(g, mask, "cpumask", "bits[0]", (1ull << g->cpus) - 1);
    symbol_add(g, masks[i], mask, 'D');
  }
}

// What the cpus table should say: every CPU runs its idle task.
static void write_truth(struct guest *g) {
  truth_table(g, "cpus");
  for (unsigned cpu = 0; cpu < g->cpus; cpu++) {
    truth_row(g);
    truth_number(g, "cpu", cpu);
    truth_bool(g, "online", true);
    truth_address(g, "per_cpu_offset", g->per_cpu_offset[cpu]);
    truth_number(g, "current_pid", 0);
  }
}

void build_per_cpu(struct guest *g) {
  if (!g->o.uniprocessor)
    build_areas(g);
  build_masks(g);
  write_truth(g);
  if (g->o.uniprocessor) // nr_cpu_ids is a constant there
    return;
  uint64_t nr_cpu_ids = image_take(g, IMAGE_DATA, 4, 4);
  poke_number(g, nr_cpu_ids, g->cpus, 4);
  symbol_add(g, "nr_cpu_ids", nr_cpu_ids, 'D');
}

uint64_t per_cpu_reserve(struct guest *g, uint64_t bytes, uint64_t align) {
  if (g->o.uniprocessor)
    return slab_take(g, bytes, align);
  uint64_t at = round_up(g->per_cpu_start + g->per_cpu_bytes, align);
  g->per_cpu_bytes = at + bytes - g->per_cpu_start;
  if (g->per_cpu_bytes > AREA_BYTES)
    die("the per-CPU area is too small");
  return at;
}

uint64_t per_cpu_take(struct guest *g, const char *name, uint64_t bytes, uint64_t align) {
  uint64_t at = g->o.uniprocessor ? image_take(g, IMAGE_DATA, bytes, align) : per_cpu_reserve(g, bytes, align);
  symbol_add(g, name, at, g->o.kallsyms == KALLSYMS_ABSOLUTE_PERCPU ? 'A' : 'D');
  return at;
}

uint64_t per_cpu_on(const struct guest *g, uint64_t variable, unsigned cpu) {
  return variable + g->per_cpu_offset[cpu];
}
