// Which of a module's symbols it exports: /proc/kallsyms shows those by a
// capital letter.
#ifndef KL_LINUX_MODULE_EXPORTS_H
#define KL_LINUX_MODULE_EXPORTS_H

#include "base/budget.h"
#include "kernel/kernel.h"

// The filter keeps the usual symbol, which is not exported, from costing a
// search; a full one costs time only.
enum { KL_EXPORT_FILTER_WORDS = 64 };

struct kl_module_exports {
  uint64_t table, count; // of struct kernel_symbol, sorted by name
  uint64_t filter[KL_EXPORT_FILTER_WORDS];
};

// Reads the table of a module once, a step each. KL_ERR_LIMIT: more than
// limits.module_symbols. A module without exports has count 0.
enum kl_status kl_module_exports_open(struct kl_kernel *k, struct kl_budget *budget, uint64_t module,
                                      struct kl_module_exports *ret) KL_MUST_USE;

// Whether a symbol of this address and name is among them. Cost: a step for a
// symbol that the filter lets through times the logarithm of count.
enum kl_status kl_module_exported(struct kl_kernel *k, const struct kl_module_exports *exports, uint64_t address,
                                  struct kl_bytes name, bool *ret) KL_MUST_USE;

#endif
