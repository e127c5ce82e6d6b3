// The IDR trees in which the kernel keeps maps, programs, links and BTFs.
//
// Walked as trees, not by counting up to idr_next: that is where the search
// for a free id goes on, and it wraps (include/linux/idr.h).
#ifndef KL_LINUX_BPF_OBJECT_H
#define KL_LINUX_BPF_OBJECT_H

#include "walk/xarray.h"

enum kl_bpf_object { KL_BPF_MAPS, KL_BPF_PROGRAMS, KL_BPF_LINKS, KL_BPF_BTF_OBJECTS };

struct kl_bpf_objects {
  struct kl_xarray ids;
  uint64_t lost; // where the last error arose
};

// Objects with ids from first to last. KL_END: a kernel that was built without
// them. KL_ERR_NOT_FOUND: their tree can't be found.
enum kl_status kl_bpf_objects_open(struct kl_bpf_objects *o, struct kl_kernel *k, struct kl_budget *budget,
                                   enum kl_bpf_object kind, uint64_t first, uint64_t last) KL_MUST_USE;
// The next object's address and id, a step each. Ends as kl_xarray_next does.
enum kl_status kl_bpf_objects_next(struct kl_bpf_objects *o, uint64_t *address, uint64_t *id) KL_MUST_USE;

#endif
