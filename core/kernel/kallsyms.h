// kallsyms: where its tables lie in guest memory, and how they are written.
//
// Sources: scripts/kallsyms.c, kernel/kallsyms.c. The build puts the tables one
// behind the other into .rodata:
//   up to 6.3: offsets, relative_base, num_syms, names, markers, (6.2 on,
//              and later 6.1: seqs_of_names,) token_table, token_index
//   from 6.4:  num_syms, names, markers, token_table, token_index, offsets,
//              relative_base (gone in 7.0), seqs_of_names
// (404bad70fcf7 "scripts/kallsyms: change the output order" in 6.4.) The tables
// are found from the token table alone, which has a shape of its own; places
// that VMCOREINFO names are taken as given and must fit.
#ifndef KL_KERNEL_KALLSYMS_H
#define KL_KERNEL_KALLSYMS_H

#include "base/budget.h"
#include "kernel/symbols.h"
#include "kernel/view.h"
#include "kernlens/limits.h"

// How offsets[i] becomes an address.
enum kl_kallsyms_encoding {
  KL_KALLSYMS_UNSIGNED,        // base + (u32)offset: arm64, and x86-64 from 6.15
  KL_KALLSYMS_ABSOLUTE_PERCPU, // offset >= 0: the value itself, else base - 1 - offset: x86-64, 4.6 to 6.14
  KL_KALLSYMS_PLACE,           // &offsets[i] + (s32)offset: from 7.0
};

// Guest-physical places of the tables. 0: not known.
struct kl_kallsyms_places {
  uint64_t token_table, names, num_syms, offsets, relative_base;
};

enum { KL_KALLSYMS_TOKENS = 256, KL_KALLSYMS_TOKEN_BYTES = 8192, KL_KALLSYMS_BLOCK = 256 };

struct kl_kallsyms {
  struct kl_kallsyms_places at;
  uint64_t token_index; // guest-physical
  uint64_t markers;     // guest-physical; 0: not found
  uint64_t names_end;   // guest-physical: nothing of the names lies there or behind
  uint64_t count;
  enum kl_kallsyms_encoding encoding;
  uint64_t base; // value of relative_base; PLACE: address of offsets[0]
  struct kl_view names, offsets;
  const uint32_t *blocks; // offset into names of symbol 256 * i; UINT32_MAX: lost
  uint16_t token_at[KL_KALLSYMS_TOKENS + 1];
  uint8_t token_text[KL_KALLSYMS_TOKEN_BYTES];
};

// Finds and checks the tables. digits: guest-physical address of the token "0"
// in the token table (a hit of the scan), or 0 when given->token_table is known.
// PLACE: base is then the *physical* address of offsets[0], for the caller to
// move once it knows where the image is mapped. Everything is allocated in the
// arena; on an error the caller rewinds. A step of the budget is a word that is
// looked at; one search takes at most 2^24. KL_ERR_NOT_FOUND: no kallsyms here.
enum kl_status kl_kallsyms_locate(struct kl_arena *arena, struct kl_image *image, const struct kl_limits *limits,
                                  struct kl_budget *budget, uint64_t digits, const struct kl_kallsyms_places *given,
                                  struct kl_kallsyms **ret) KL_MUST_USE;

// The encoding under which n offsets ascend, as symbols do. base: the value
// where relative_base would lie; null: there is none. False: none fits.
bool kl_kallsyms_detect(const struct kl_view *offsets, uint64_t n, const uint64_t *base,
                        enum kl_kallsyms_encoding *ret);

// Address of symbol i, or the status of its lost page.
enum kl_status kl_kallsyms_address(const struct kl_kallsyms *k, uint64_t i, uint64_t *ret) KL_MUST_USE;

// The compressed name at offset into names: its token bytes and the offset of
// the next.
enum kl_status kl_kallsyms_name(const struct kl_kallsyms *k, uint64_t offset, struct kl_bytes *tokens,
                                uint64_t *next) KL_MUST_USE;
// Offset into names of symbol i. Steps over up to 255 names.
enum kl_status kl_kallsyms_name_offset(const struct kl_kallsyms *k, uint64_t i, uint64_t *ret) KL_MUST_USE;
// The text of tokens, the type letter first: its length, or 0 when it does not
// fit into capacity.
size_t kl_kallsyms_expand(const struct kl_kallsyms *k, struct kl_bytes tokens, uint8_t *dst, size_t capacity);
static inline struct kl_bytes kl_kallsyms_token(const struct kl_kallsyms *k, uint8_t token) {
  return kl_bytes_of(k->token_text + k->token_at[token], (size_t)(k->token_at[token + 1] - k->token_at[token] - 1));
}

#endif
