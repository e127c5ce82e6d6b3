// What the printers of core/btf share.
#ifndef KL_BTF_PRINT_H
#define KL_BTF_PRINT_H

#include "btf/internal.h"

// A declarator as C writes it, "int (*name[4])(long)": the type around a name.
// name: a string offset; 0 for none. base_done: what stands leftmost (a struct
// with its body, say) is written already. *steps is spent. KL_ERR_LIMIT: nested
// too deep, or no steps left; the text is cut there.
enum kl_status kl_btf_declare(const struct kl_btf *btf, uint32_t id, uint32_t name, bool base_done, uint64_t *steps,
                              struct kl_text *out) KL_MUST_USE;

// What stands leftmost in the declaration of a type: through pointers, arrays,
// functions and modifiers; not through typedefs.
uint32_t kl_btf_declaration_base(const struct kl_btf *btf, uint32_t id);

// How C lays out a struct or union, or what holds one by value: its alignment
// in bytes, and whether it must be packed for its members to lie where the BTF
// says. 1 and false for what has no size. *steps is spent.
enum kl_status kl_btf_alignment(const struct kl_btf *btf, uint32_t id, uint64_t *steps, uint32_t *align,
                                bool *packed) KL_MUST_USE;

static inline bool kl_btf_is_qualifier(enum kl_btf_kind kind) {
  return kind == KL_BTF_CONST || kind == KL_BTF_VOLATILE || kind == KL_BTF_RESTRICT;
}
// "const"
const char *kl_btf_qualifier_text(enum kl_btf_kind kind);

// "struct", "union", "enum".
const char *kl_btf_keyword(enum kl_btf_kind kind, bool fwd_union);

static inline uint32_t kl_btf_name_offset(const struct kl_btf *btf, uint32_t id) {
  return id ? kl_le32(kl_btf_raw(btf, id)) : 0;
}

#endif
