// Every leaf of every process's page tables, process by process.
#ifndef KL_LINUX_MAPPING_H
#define KL_LINUX_MAPPING_H

#include "linux/process.h"

struct kl_mapping {
  uint64_t address; // virtual
  struct kl_translation leaf;
};

struct kl_mapping_walk {
  struct kl_process_walk processes;
  struct kl_process process; // whose leaves are being given
  struct kl_leaf_walk leaves;
  struct kl_budget *budget;
  uint64_t first, last;
  bool in_process;
  uint64_t lost;         // where the last error arose
  const char *lost_what; // "task" or "page_table"
};

// only: a tgid, or 0 for all; addresses from first to last. KL_END: no such
// process. Processes that share an mm are each given all of it.
enum kl_status kl_mapping_walk_init(struct kl_mapping_walk *walk, struct kl_kernel *kernel,
                                    struct kl_budget *budget, uint64_t only, uint64_t first,
                                    uint64_t last) KL_MUST_USE;
// The next leaf that is not empty. KL_END at the end; KL_ERR_BUDGET ends the
// walk; any other status: something was lost, and the walk goes on.
enum kl_status kl_mapping_walk_next(struct kl_mapping_walk *walk, struct kl_mapping *ret) KL_MUST_USE;

#endif
