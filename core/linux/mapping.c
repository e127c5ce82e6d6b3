// Every leaf of every process's page tables.
#include "linux/mapping.h"

enum kl_status kl_mapping_walk_init(struct kl_mapping_walk *walk, struct kl_kernel *kernel,
                                    struct kl_budget *budget, uint64_t only, uint64_t first, uint64_t last) {
  walk->budget = budget;
  walk->first = first;
  walk->last = last;
  walk->in_process = false;
  return kl_process_walk_init(&walk->processes, kernel, budget, only);
}

static enum kl_status next_process(struct kl_mapping_walk *walk) {
  struct kl_kernel *k = walk->processes.kernel;
  const struct kl_paging *p = &k->paging;
  uint64_t root;
  walk->lost_what = "task";
  enum kl_status status = kl_process_walk_next(&walk->processes, &walk->process);
  walk->lost = status == KL_OK ? walk->process.mm : walk->processes.lost;
  KL_TRY(status);
  KL_TRY(kl_mm_root(k, walk->process.mm, &root));
  // x86-64 has both halves under one root.
  uint64_t end = 1ull << (p->arch == KL_ARCH_X86_64 ? p->va_bits - 1 : p->va_bits);
  if (walk->last < end)
    end = walk->last + 1;
  kl_leaf_walk_init(&walk->leaves, p, k->image, root, walk->first, end);
  walk->in_process = true;
  return KL_OK;
}

enum kl_status kl_mapping_walk_next(struct kl_mapping_walk *walk, struct kl_mapping *ret) {
  for (;;) {
    if (!walk->in_process)
      KL_TRY(next_process(walk));
    enum kl_status status = kl_leaf_walk_next(&walk->leaves, walk->budget, &ret->address, &ret->leaf);
    if (status != KL_END) {
      walk->lost_what = "page_table";
      walk->lost = ret->address;
      return status;
    }
    walk->in_process = false;
  }
}
