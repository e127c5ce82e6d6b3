// The table of exported symbols (__ksymtab), for kernels whose kallsyms has no
// data symbols (CONFIG_KALLSYMS_ALL off) or is not in the dump.
//
// Sources: include/linux/export.h, kernel/module/main.c. An entry is a struct
// kernel_symbol of 32-bit distances, each from its own place: value, name, and
// since 5.4 namespace (8651ec01daed "module: add support for symbol
// namespaces."). x86-64 and arm64 write it so since 4.19.
#ifndef KL_KERNEL_EXPORTS_H
#define KL_KERNEL_EXPORTS_H

#include "kernel/view.h"

struct kl_exports {
  struct kl_image *image;
  uint64_t next, end; // physical: of entries
  unsigned stride;
};

// Finds the table in guest-physical [start, end), by the name of one of
// its entries.
// KL_ERR_NOT_FOUND when it is not there. Takes arena for as long as it runs.
enum kl_status kl_exports_find(struct kl_arena *arena, struct kl_image *image, uint64_t start, uint64_t end,
                               struct kl_exports *ret) KL_MUST_USE;

// The next entry: its name (at most capacity bytes; longer ones are stepped
// over) and the *physical* place of its value. KL_END after the last.
enum kl_status kl_exports_next(struct kl_exports *exports, char *name, size_t capacity, size_t *name_n,
                               uint64_t *value) KL_MUST_USE;

#endif
