// From BTF to offsets: what attach calls once the types are known.
#ifndef KL_KERNEL_RESOLVE_H
#define KL_KERNEL_RESOLVE_H

#include "kernel/kernel.h"

// Fills fields, types and enums of k from k->btf. A required field that is
// missing is noted in the diagnostics. Cost: a hash lookup an entry.
void kl_resolve_fields(struct kl_kernel *k);

// The field that a BTF member is. False when it has no size, or is a bitfield
// over 8 bytes.
bool kl_field_of_member(const struct kl_btf *btf, const struct kl_btf_field *member,
                        struct kl_field *ret) KL_MUST_USE;

#endif
