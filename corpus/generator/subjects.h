// The subjects that a guest is made of. Each has a file: declare_X says its
// types, build_X makes its objects and writes down what a reader should say.
#ifndef GENERATOR_SUBJECTS_H
#define GENERATOR_SUBJECTS_H

#include "guest.h"

// X(subject): in the order of building.
#define SUBJECTS(X)                                                                                                \
  X(kernel) X(per_cpu) X(files) X(processes) X(tasks) X(modules) X(network) X(tampering) X(log) X(bpf)

#define DECLARE_SUBJECT(name)                                                                                      \
  void declare_##name(struct guest *g);                                                                            \
  void build_##name(struct guest *g);
SUBJECTS(DECLARE_SUBJECT)
#undef DECLARE_SUBJECT

// kernel.c: what frames the rest.
void begin_image(struct guest *g);  // text, the root, the banner
void finish_image(struct guest *g); // the BTF, VMCOREINFO, kallsyms
void write_kernel_truth(struct guest *g);
// kallsyms.c: lays the tables into the image. locations: addresses of names,
// num_syms, token_table, token_index, offsets, relative_base (0: not there).
struct kallsyms_locations {
  uint64_t names, num_syms, markers, token_table, token_index, offsets, relative_base, seqs;
};
void build_kallsyms(struct guest *g, struct kallsyms_locations *ret);
// Only the encoded names of some symbols, for seeds of the parsers.
void write_symbols_truth(struct guest *g);
void write_system_map(struct guest *g, struct bytes *ret);

// per_cpu.c: a variable for each CPU: what kallsyms says its address is.
uint64_t per_cpu_take(struct guest *g, const char *name, uint64_t bytes, uint64_t align);
uint64_t per_cpu_reserve(struct guest *g, uint64_t bytes, uint64_t align); // without a name
uint64_t per_cpu_on(const struct guest *g, uint64_t variable, unsigned cpu);

// tasks.c: tasks by pid, for other subjects.
uint64_t task_of(const struct guest *g, unsigned pid);

// cast.c: who lives in this machine.
struct thread_role {
  const char *comm; // null: the process's own
  char state;
};
struct role {
  unsigned pid, ppid;
  const char *comm, *exe, *arguments; // exe null: a kernel thread; arguments: separated by spaces
  unsigned uid, gid;
  char state;
  unsigned n_threads; // beside the leader
  const char *thread_comm;
};
const struct role *cast_roles(const struct guest *g, size_t *n);
struct module_role {
  const char *name, *version, *used_by;
  unsigned kib;
};
const struct module_role *cast_modules(const struct guest *g, size_t *n);
struct log_line {
  uint64_t microseconds;
  unsigned level;
  const char *text;
};
const struct log_line *cast_log(const struct guest *g, size_t *n);

#endif
