// A cursor over all BPF maps: those that have an id in the kernel's list, and
// those that only a program or another map still refers to.
//
// A map leaves the list when its last user is gone, or its device is
// (bpf_map_free_id in kernel/bpf/syscall.c), and when somebody hides it; what
// uses it keeps its pointer: bpf_prog_aux.used_maps, and the slots of maps of
// maps.
#ifndef KL_LINUX_BPF_MAPS_H
#define KL_LINUX_BPF_MAPS_H

#include "linux/bpf_entries.h"
#include "linux/bpf_program.h"

enum kl_bpf_found_by {
  KL_BPF_FOUND_BY_ID,      // map_idr
  KL_BPF_FOUND_BY_PROGRAM, // a program uses it
  KL_BPF_FOUND_BY_MAP,     // a map of maps holds it
};
// "idr", "program", "map".
const char *kl_bpf_found_by_name(enum kl_bpf_found_by found_by);

enum { KL_BPF_UNLISTED_MAPS = 256 }; // of one walk: a kernel that is whole has next to none

struct kl_bpf_maps {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint64_t first, last; // the ids that are wanted
  enum kl_bpf_found_by stage;
  struct kl_bpf_objects objects; // maps, then programs, then maps
  uint64_t lost;                 // where the last status that was an error arose
  const char *what;              // and in what: "map_idr", "map" ...

  uint64_t used[KL_BPF_USED_MAPS]; // of the program that is looked at
  size_t used_count, used_next;

  struct kl_bpf_entries slots; // of the map of maps that is looked at
  struct kl_bpf_entry slot;
  bool in_slots;

  uint64_t unlisted[KL_BPF_UNLISTED_MAPS]; // given, or to be given: each once
  size_t unlisted_count, unlisted_next;    // next: whose slots were looked at
  bool full;
};

// Maps with ids from first to last; those that were given none count as 0.
// KL_END: a kernel that was built without maps. KL_ERR_NOT_FOUND: their tree
// can't be found. budget is borrowed.
enum kl_status kl_bpf_maps_open(struct kl_bpf_maps *m, struct kl_kernel *k, struct kl_budget *budget,
                                uint64_t first, uint64_t last) KL_MUST_USE;
// The next map: ret->id is what the list says, for others what the map says.
// KL_END after the last. KL_ERR_BUDGET ends the walk. Any other status: a part
// was lost at m->lost (named in m->what), and the walk goes on. When the map
// itself can't be read ret has its address and id, and *found_by is set.
enum kl_status kl_bpf_maps_next(struct kl_bpf_maps *m, struct kl_bpf_map *ret,
                                enum kl_bpf_found_by *found_by) KL_MUST_USE;

#endif
