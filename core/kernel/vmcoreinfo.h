// VMCOREINFO: what a kernel tells crash tools about itself, as lines of text.
//
// Sources: kernel/vmcore_info.c, arch/*/kernel/vmcore_info*.c. The text may come
// from a note or from guest memory; it is borrowed and parsed in place, a scan
// of the whole text for each key (about 4 KB, some thirty keys at attach).
#ifndef KL_KERNEL_VMCOREINFO_H
#define KL_KERNEL_VMCOREINFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

// Cuts b down to the text at its head: up to the first byte that is neither
// printable ASCII nor a newline. False, and *ret empty, when that has no
// OSRELEASE line.
bool kl_vmcoreinfo_text(struct kl_bytes b, struct kl_bytes *ret);

// The value of "key=value". key as the kernel writes it: "SYMBOL(_stext)".
bool kl_vmcoreinfo_value(struct kl_bytes text, const char *key, struct kl_bytes *ret);

// An address: hexadecimal, without 0x.
bool kl_vmcoreinfo_address(struct kl_bytes text, const char *key, uint64_t *ret);

// A number: signed decimal (as two's complement), or hexadecimal with 0x.
bool kl_vmcoreinfo_number(struct kl_bytes text, const char *key, uint64_t *ret);

#endif
