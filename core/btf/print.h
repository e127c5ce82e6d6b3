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

// A number, pointer, enum value or float among bytes.
struct kl_btf_scalar {
  const struct kl_btf *btf;
  struct kl_text *out;
  uint64_t *steps; // spent
  bool json;
  struct kl_bytes bytes;
  uint32_t type;     // stripped
  uint32_t bit_size; // 0: not a bitfield
  uint64_t bit_offset;
};
// Prints it. False, and nothing printed, when the bytes do not reach that far
// or the type is none of these.
bool kl_btf_print_scalar(const struct kl_btf_scalar *scalar);

// Printing types with bodies: the lines (print_line.c) and the nests of them
// (print_type.c).
struct kl_btf_level {
  uint32_t id, next_member;
  uint32_t base;    // bytes, of this struct from the start of the outermost
  uint32_t end;     // of the member printed last, from the start of this one: whole bytes,
  uint8_t end_bits; // and bits
  uint8_t align;
  bool packed;
};

struct kl_btf_printer {
  const struct kl_btf *btf;
  struct kl_text *out;
  bool layout;
  uint64_t steps;
  uint32_t used;
  struct kl_btf_level levels[KL_BTF_DEPTH];
  // Of the outermost struct.
  uint32_t holes, bit_holes;
  uint64_t hole_bytes, hole_bits;
};

// A declaration on a line of its own.
struct kl_btf_declaration {
  uint32_t type, name; // name: a string offset
  bool base_done;
  uint64_t bit_offset; // from the start of the outermost struct
  uint32_t bit_size;
  bool placed; // has an offset: a member
};

enum { KL_BTF_TAB = 8 }; // columns

void kl_btf_indent(struct kl_btf_printer *p, uint32_t n);
// Bytes that may be anything, between quotes: what is not printable ASCII, and
// what would end the quotes, as \\xNN.
void kl_btf_put_escaped(struct kl_text *out, struct kl_bytes bytes);
// " name", or nothing.
void kl_btf_put_name(struct kl_btf_printer *p, struct kl_bytes name);
// The declarator, ";", in a layout the comment, and the end of the line.
// columns: how far the line is.
enum kl_status kl_btf_print_line(struct kl_btf_printer *p, const struct kl_btf_declaration *d,
                                 uint64_t columns) KL_MUST_USE;
// A line "/* 4 bytes hole */". Nothing when n is 0.
void kl_btf_print_comment(struct kl_btf_printer *p, uint32_t depth, uint64_t n, const char *unit, const char *what);
// "enum name {", the values and "}". Without values: "enum name".
void kl_btf_print_enum(struct kl_btf_printer *p, const struct kl_btf_type *t, uint32_t depth);

#endif
