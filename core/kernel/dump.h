// The context behind struct kl_dump.
#ifndef KL_KERNEL_DUMP_H
#define KL_KERNEL_DUMP_H

#include "kernel/kernel.h"
#include "kernlens/dump.h"

enum { KL_DUMP_DIAGNOSTICS = 1024 }; // distinct (subject, what, reason); the rest is counted

struct kl_dump {
  struct kl_arena arena;
  struct kl_dump_options options;
  struct kl_diagnostics diagnostics;
  struct kl_image *image;
  struct kl_kernel *kernel; // null until attached
  uint64_t steps;           // that all cursors have spent
};

#endif
