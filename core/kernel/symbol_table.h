// The symbol table behind struct kl_symbols: kallsyms, a System.map, or none.
#ifndef KL_KERNEL_SYMBOL_TABLE_H
#define KL_KERNEL_SYMBOL_TABLE_H

#include "base/arena.h"
#include "kernel/kallsyms.h"
#include "kernel/kernel.h"
#include "kernel/symbols.h"

struct kl_symbols {
  uint64_t count;
  struct kl_kallsyms *kallsyms; // null: a System.map, or nothing at all
  // System.map: the whole text (borrowed), and where each line begins.
  struct kl_bytes map;
  const uint32_t *lines;
  uint64_t shift; // added to every address that moves with the image
  // The cursor: offset into the compressed names of symbol next.
  uint64_t next, next_offset;
  uint8_t *name; // type letter and name of the symbol given last
  size_t name_bytes;
};

// No symbols: every question is answered with KL_ERR_NOT_FOUND.
enum kl_status kl_symbols_none(struct kl_arena *arena, struct kl_symbols **ret) KL_MUST_USE;

enum kl_status kl_symbols_from_kallsyms(struct kl_arena *arena, struct kl_kallsyms *kallsyms,
                                        const struct kl_limits *limits, struct kl_symbols **ret) KL_MUST_USE;

// text: lines of "address type name", as nm -n and /proc/kallsyms write them;
// borrowed. Lines of modules ("[name]" at the end) are left out.
// KL_ERR_MALFORMED when no line is a symbol.
enum kl_status kl_symbols_from_map(struct kl_arena *arena, struct kl_bytes text, const struct kl_limits *limits,
                                   struct kl_symbols **ret) KL_MUST_USE;
enum kl_status kl_map_at(const struct kl_symbols *symbols, uint64_t i, struct kl_symbol *ret) KL_MUST_USE;

// The same table for another thread: with a cursor and a name of its own.
enum kl_status kl_symbols_share(struct kl_arena *arena, const struct kl_symbols *symbols,
                                struct kl_symbols **ret) KL_MUST_USE;

// The lowest address of a symbol above this one: where what lies there ends.
enum kl_status kl_symbols_next_address(const struct kl_symbols *symbols, uint64_t address,
                                       uint64_t *ret) KL_MUST_USE;

// The names of KL_SYMBOL_LIST, as a hash table in the arena.
struct kl_wanted {
  const uint16_t *slots;
};
enum kl_status kl_wanted_open(struct kl_arena *arena, struct kl_wanted *ret) KL_MUST_USE;
// The place of a name in KL_SYMBOL_LIST; false when it is not there.
bool kl_wanted_find(const struct kl_wanted *wanted, struct kl_bytes name, enum kl_symbol_id *ret);
const char *kl_wanted_name(enum kl_symbol_id id);

// The first symbol of each wanted name, in one pass; those already present are
// left alone.
enum kl_status kl_symbols_known(struct kl_symbols *symbols, const struct kl_wanted *wanted,
                                struct kl_kernel *k) KL_MUST_USE;

#endif
