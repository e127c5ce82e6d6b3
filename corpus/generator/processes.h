// What makes a task a process: addresses, pages, arguments, open files.
#ifndef GENERATOR_PROCESSES_H
#define GENERATOR_PROCESSES_H

#include "subjects.h"

struct process {
  uint64_t mm, root; // 0: has none
  uint64_t files;
};

// role->exe must be there.
struct process process_new(struct guest *g, const struct role *role);

#endif
