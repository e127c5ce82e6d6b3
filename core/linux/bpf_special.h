// The fields of map values that are the kernel's own: locks, timers, pointers to
// kernel objects, heads of lists and trees.
//
// The kernel keeps them per map: struct btf_record since 6.2 (db559117828d),
// before that offsets in struct bpf_map. bpf(2) shows them as zeros
// (check_and_init_map_value), memory has them.
#ifndef KL_LINUX_BPF_SPECIAL_H
#define KL_LINUX_BPF_SPECIAL_H

#include "base/text.h"
#include "linux/bpf_map.h"

enum { KL_BPF_SPECIALS = 16 }; // BTF_FIELDS_MAX (include/linux/btf.h) is 11

struct kl_bpf_special {
  uint32_t offset, bytes; // in the value
  char kind[16];          // as the kernel's enum btf_field_type names it: "timer", "kptr_ref"; NUL-terminated
};

struct kl_bpf_specials {
  size_t count;
  struct kl_bpf_special fields[KL_BPF_SPECIALS];
};

// Reads which fields of a map's values are special. KL_ERR_MALFORMED: more than
// there can be, or one that does not lie in the value.
enum kl_status kl_bpf_specials_read(struct kl_kernel *k, const struct kl_bpf_map *map,
                                    struct kl_bpf_specials *ret) KL_MUST_USE;

// Makes them zeros, as the system call does.
void kl_bpf_specials_hide(const struct kl_bpf_specials *specials, uint8_t *value, size_t n);

// Writes what a timer, work, list or tree is, as a JSON object: its kind and
// addresses, of a timer also when it expires and whose it is. False, and
// nothing written, for a field whose type shows it well enough (a lock, a
// pointer).
bool kl_bpf_special_render(struct kl_kernel *k, const struct kl_bpf_special *special, struct kl_bytes value,
                           struct kl_text *out);

#endif
