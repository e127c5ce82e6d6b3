// Keys, values and targets of BPF maps as JSON text.
#ifndef KL_LINUX_BPF_RENDER_H
#define KL_LINUX_BPF_RENDER_H

#include "base/text.h"
#include "linux/bpf_entries.h"
#include "linux/bpf_special.h"

// The types that describe a map's keys and values; null and 0 without.
struct kl_bpf_map_types {
  const struct kl_btf *btf;
  uint32_t key, value;
};

// Finds them: in the map's own BTF, or for struct_ops in that of the kernel or
// module that defines the operations. KL_ERR_NOT_FOUND: the map has none.
enum kl_status kl_bpf_map_types(struct kl_kernel *k, const struct kl_bpf_map *map,
                                struct kl_bpf_map_types *ret) KL_MUST_USE;

// Bytes as JSON: by their type, or without one as an unsigned number when they
// are 1, 2, 4 or 8 bytes: a plain guess by size. KL_ERR_NOT_FOUND: neither.
enum kl_status kl_bpf_render(const struct kl_btf *btf, uint32_t type, struct kl_bytes bytes,
                             struct kl_text *out) KL_MUST_USE;

// The same of a value, with its special fields as what they are.
enum kl_status kl_bpf_render_value(struct kl_kernel *k, const struct kl_bpf_map_types *types,
                                   const struct kl_bpf_specials *specials, struct kl_bytes bytes,
                                   struct kl_text *out) KL_MUST_USE;

// A stack trace as a JSON list, innermost call first: kernel addresses as
// "symbol+0x12", others as numbers in hex; with BPF_F_STACK_BUILD_ID as
// {"build_id":"...","offset":"0x..."}, the offset being in the file.
void kl_bpf_render_stack(struct kl_kernel *k, const struct kl_bpf_map *map, struct kl_bytes frames,
                         struct kl_text *out);

// What an entry refers to, as a JSON object: {"program":3,"name":"drop"}.
// What can't be read is left out, never guessed; the address is always there.
void kl_bpf_render_target(struct kl_kernel *k, const struct kl_bpf_entry *entry, struct kl_text *out);

#endif
