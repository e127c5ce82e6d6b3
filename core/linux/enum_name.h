// Names of the kernel's own enum values, as its BTF spells them.
#ifndef KL_LINUX_ENUM_NAME_H
#define KL_LINUX_ENUM_NAME_H

#include "base/text.h"
#include "kernel/kernel.h"

// Writes the name of a value of enum name without its prefix and in lower case
// ("BPF_PROG_TYPE_XDP" less "BPF_PROG_TYPE_" is "xdp"). KL_ERR_NOT_FOUND: no
// such enum or value, or the value's name has another prefix.
enum kl_status kl_enum_name(const struct kl_kernel *k, const char *name, const char *prefix, int64_t value,
                            struct kl_text *out) KL_MUST_USE;

#endif
