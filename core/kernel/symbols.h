// kallsyms: the kernel's symbol table, as it lies in the dump.
//
// Sources: kernel/kallsyms.c, scripts/kallsyms.c. Encodings are detected from
// data, never from a version. The names stay where they are in guest memory
// and are expanded one at a time.
#ifndef KL_KERNEL_SYMBOLS_H
#define KL_KERNEL_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "kernlens/status.h"

struct kl_symbols; // opaque; lives in the arena

struct kl_symbol {
  uint64_t address;
  char type;            // as in /proc/kallsyms
  struct kl_bytes name; // valid until the next call on this kl_symbols
};

uint64_t kl_symbols_count(const struct kl_symbols *symbols);
// Symbol i, in the order of /proc/kallsyms. Sequential access is cheap (a
// cursor is kept); random access decodes up to 255 names.
enum kl_status kl_symbols_at(struct kl_symbols *symbols, uint64_t i, struct kl_symbol *ret) KL_MUST_USE;
// The first symbol of this name, or KL_ERR_NOT_FOUND.
enum kl_status kl_symbols_find(struct kl_symbols *symbols, struct kl_bytes name, struct kl_symbol *ret) KL_MUST_USE;
// The symbol with the highest address at or below this one: *offset is the
// distance. KL_ERR_NOT_FOUND below the first or past the image's end.
enum kl_status kl_symbols_by_address(struct kl_symbols *symbols, uint64_t address, struct kl_symbol *ret,
                                     uint64_t *offset) KL_MUST_USE;

// The address alone of symbol i.
enum kl_status kl_symbols_address(const struct kl_symbols *symbols, uint64_t i, uint64_t *ret) KL_MUST_USE;
// The symbols [*first, *end) whose addresses are from min to max, both included;
// those before them whose addresses are lost, which may be such, are given too.
void kl_symbols_between(const struct kl_symbols *symbols, uint64_t min, uint64_t max, uint64_t *first,
                        uint64_t *end);

#endif
