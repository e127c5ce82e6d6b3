// Kernel modules: the list, their memory, sections and symbols.
#ifndef KL_LINUX_MODULE_H
#define KL_LINUX_MODULE_H

#include "kernel/kernel.h"
#include "walk/list.h"

struct kl_module_walk {
  struct kl_list list;
  uint64_t count;
};
// KL_ERR_NOT_FOUND: this kernel has no modules, or neither a symbol nor a file
// system leads to them.
enum kl_status kl_module_walk_init(struct kl_module_walk *walk, struct kl_kernel *kernel,
                                   struct kl_budget *budget) KL_MUST_USE;
// The next struct module, youngest first as in /proc/modules. KL_END at the
// end; else what stopped the walk (KL_ERR_LIMIT: limits.modules). One step each.
enum kl_status kl_module_walk_next(struct kl_module_walk *walk, uint64_t *module) KL_MUST_USE;

// Live, Loading, Unloading or Unformed: a static string.
enum kl_status kl_module_state(struct kl_kernel *k, uint64_t module, const char **ret) KL_MUST_USE;
// Where its code begins, and all that it occupies: as /proc/modules shows them.
enum kl_status kl_module_base(struct kl_kernel *k, uint64_t module, uint64_t *ret) KL_MUST_USE;
enum kl_status kl_module_bytes(struct kl_kernel *k, uint64_t module, uint64_t *ret) KL_MUST_USE;
// Users of it. KL_ERR_NOT_FOUND: this kernel can't unload and does not count.
enum kl_status kl_module_references(struct kl_kernel *k, uint64_t module, uint64_t *ret) KL_MUST_USE;
// Letters of its taints, as in /proc/modules ("OE"); at most 64 bytes.
enum { KL_MODULE_TAINTS = 64 };
enum kl_status kl_module_taints(struct kl_kernel *k, uint64_t module, char *dst, size_t *ret) KL_MUST_USE;

// Region i of its memory; KL_END past the last. Those of 0 bytes are given too.
struct kl_module_region {
  const char *kind; // text, data, rodata, ro_after_init, init_text, ..., percpu: a static string
  uint64_t address, bytes;
};
enum kl_status kl_module_region(struct kl_kernel *k, uint64_t module, uint64_t i,
                                struct kl_module_region *ret) KL_MUST_USE;

// ELF section i of those in /sys/module/NAME/sections; KL_END past the last.
struct kl_module_section {
  uint64_t name; // address of a NUL-terminated string
  uint64_t address;
};
enum kl_status kl_module_section(struct kl_kernel *k, uint64_t module, uint64_t i,
                                 struct kl_module_section *ret) KL_MUST_USE;

// Its symbols: those that /proc/kallsyms shows.
struct kl_module_symbols {
  uint64_t table, strings, types, count;
};
struct kl_module_symbol {
  uint64_t address;
  char type;     // as in /proc/kallsyms; 0 on kernels that do not keep it
  uint64_t name; // address of a NUL-terminated string, of limits.symbol_name_bytes at most
};
// KL_ERR_NOT_FOUND: none; KL_ERR_LIMIT: more than limits.module_symbols.
enum kl_status kl_module_symbols_open(struct kl_kernel *k, uint64_t module,
                                      struct kl_module_symbols *ret) KL_MUST_USE;
// Symbol i below count. KL_ERR_NOT_FOUND: a symbol without a name. The caller
// spends.
enum kl_status kl_module_symbol(struct kl_kernel *k, const struct kl_module_symbols *symbols, uint64_t i,
                                struct kl_module_symbol *ret) KL_MUST_USE;

#endif
