// BTF of the declared types. Source: include/uapi/linux/btf.h.
#ifndef GENERATOR_BTF_H
#define GENERATOR_BTF_H

#include "types.h"

struct btf_style {
  bool header_32;     // with the layout section of 2026
  bool sorted;        // named types by name, behind the anonymous ones
  bool old_bitfields; // the width in the INT rather than in the member
};

// Appends a whole BTF. Types must be laid out; each gets its id.
void btf_write(struct types *types, const struct btf_style *style, struct chance *chance, struct bytes *ret);
// A split BTF on top of one that was written: a struct of two members whose
// types and names come from the base, and a typedef to it.
void btf_write_split(struct types *types, const struct bytes *base, const char *name, struct bytes *ret);

#endif
