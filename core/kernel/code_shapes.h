// What variables look like in memory, for kernels that do not name them.
#ifndef KL_KERNEL_CODE_SHAPES_H
#define KL_KERNEL_CODE_SHAPES_H

#include "kernel/symbol_table.h"

enum kl_shape {
  KL_SHAPE_SUPER_BLOCKS,
  KL_SHAPE_MODULES,
  KL_SHAPE_MAPS,
  KL_SHAPE_PROGRAMS,
  KL_SHAPE_LINKS,
  KL_SHAPE_BTFS,
  KL_SHAPE_TIMEKEEPER,
  KL_SHAPE_RUN_QUEUES,
  KL_SHAPE_PROBES,
  KL_SHAPE_TRACERS,
  KL_SHAPE_MODULE_TREE,
  KL_SHAPE_SWAP_INFO, // the others of swap are told by it
  KL_SHAPE_SWAP_COUNT,
  KL_SHAPE_SWAP_SPACES,
  KL_SHAPE_SWAP_SPACE_COUNTS
};

// How much a place looks like what is sought.
enum kl_likeness { KL_LIKE_NONE, KL_LIKE_MAYBE, KL_LIKE_SURE };

// How much the place looks like it; *found: where the variable begins, for those
// of which code uses a member.
enum kl_likeness kl_likeness_of(struct kl_kernel *k, enum kl_shape shape, uint64_t at, uint64_t *found);

#endif
