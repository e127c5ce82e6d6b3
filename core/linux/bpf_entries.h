// A cursor over the entries of one BPF map, of any type that keeps data.
//
// Each type is read by its own structure (one reader a family, in bpf_*.c).
// Nothing is assumed contiguous past a page: values are given by address.
// Sources: kernel/bpf/{hashtab,arraymap,lpm_trie,devmap,cpumap,queue_stack_maps,
// stackmap,local_storage,bpf_local_storage,bpf_struct_ops,reuseport_array}.c,
// net/core/sock_map.c, net/xdp/xskmap.c.
#ifndef KL_LINUX_BPF_ENTRIES_H
#define KL_LINUX_BPF_ENTRIES_H

#include "linux/bpf_map.h"
#include "walk/list.h"

enum {
  KL_BPF_KEY_MAX = 512,      // MAX_BPF_STACK: what htab_map_alloc_check allows
  KL_BPF_SMALL_VALUE = 64,   // values that are made, not read in place
  KL_BPF_TRIE_DEPTH = 2052,  // prefixes of at most 2048 bits, and the root
  KL_BPF_BUCKET_BATCH = 2048 // bytes of bucket heads read at a time
};

// What an entry of a map of references refers to.
enum kl_bpf_target {
  KL_BPF_TARGET_NONE,
  KL_BPF_TARGET_PROGRAM,
  KL_BPF_TARGET_MAP,
  KL_BPF_TARGET_PERF_EVENT,
  KL_BPF_TARGET_CGROUP,
  KL_BPF_TARGET_NETDEV,
  KL_BPF_TARGET_SOCKET,
  KL_BPF_TARGET_INODE,
  KL_BPF_TARGET_TASK,
};

struct kl_bpf_entry {
  uint64_t object;    // the element or the slot: where to look in memory
  int64_t cpu;        // -1 unless the value is one CPU's
  uint32_t key_bytes; // 0: this type has no keys
  enum kl_status key_status;
  uint8_t key[KL_BPF_KEY_MAX];
  bool has_value;
  enum kl_status value_status;
  uint32_t value_bytes;
  bool value_made;        // it is in value, not in guest memory
  uint64_t value_address; // guest virtual, whatever the guest says: 0 too
  uint8_t value[KL_BPF_SMALL_VALUE];
  enum kl_bpf_target target;
  uint64_t target_address;
};

struct kl_bpf_reader;

// The state of a walk. The members serve the readers; a caller uses lost.
struct kl_bpf_entries {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  struct kl_bpf_map map;
  const struct kl_bpf_reader *reader;
  uint64_t lost; // where the last status that was an error arose

  uint64_t table;  // the first slot or bucket
  uint64_t slots;  // how many there are
  uint64_t slot;   // the next one
  uint32_t stride; // bytes of one

  struct kl_list chain; // the list of one bucket
  bool in_chain;
  uint8_t heads[KL_BPF_BUCKET_BATCH];
  uint64_t heads_first, heads_count; // which buckets are in heads

  uint64_t element; // whose CPUs are being given; 0: none
  uint64_t per_cpu; // its per-CPU pointer
  uint32_t cpu;
  uint8_t slot_form; // per-CPU hash: 0 not decided, 1 key rounded up to 8, 2 not

  uint64_t future; // rhash: the table that grows beside this one
  uint32_t nest;   // rhash: bits of a bucket's number that the first nested table takes; 0: not nested
  uint64_t given;  // rhash, trie: elements so far, bounded by max_entries
  uint64_t left;   // queue, stack: values not yet given

  bool overlaid; // struct_ops: 32-bit numbers of the value that come from elsewhere
  struct {
    uint32_t at, value;
  } overlay[2];

  uint32_t pendings;
  struct {
    uint64_t node;
    uint64_t above; // prefix length of the node above, plus 1
  } pending[KL_BPF_TRIE_DEPTH];
};

// Opens a walk. budget is borrowed. KL_ERR_UNSUPPORTED: a type that keeps no
// entries of this kind (ring buffers, arenas, bloom filters) or is not known.
// KL_ERR_MALFORMED: the map's metadata contradict each other.
enum kl_status kl_bpf_entries_open(struct kl_bpf_entries *e, struct kl_kernel *k, struct kl_budget *budget,
                                   const struct kl_bpf_map *map) KL_MUST_USE;

// The next entry. KL_END after the last. KL_ERR_BUDGET ends the walk. Any other
// status: a part was lost at e->lost (a slot, or the rest of a chain), and the
// walk goes on behind it.
enum kl_status kl_bpf_entries_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) KL_MUST_USE;

// Copies the value. n must be ret->value_bytes of an entry that has one.
enum kl_status kl_bpf_entry_value(struct kl_bpf_entries *e, const struct kl_bpf_entry *entry, void *dst,
                                  size_t n) KL_MUST_USE;

#endif
