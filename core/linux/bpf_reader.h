// What the readers of the map types share. For core/linux/bpf_*.c only.
#ifndef KL_LINUX_BPF_READER_H
#define KL_LINUX_BPF_READER_H

#include "linux/bpf_entries.h"

struct kl_bpf_reader {
  enum kl_status (*open)(struct kl_bpf_entries *e);
  // ret comes cleared, with cpu -1.
  enum kl_status (*next)(struct kl_bpf_entries *e, struct kl_bpf_entry *ret);
};

extern const struct kl_bpf_reader kl_bpf_hash_reader;           // HASH, LRU_HASH, HASH_OF_MAPS
extern const struct kl_bpf_reader kl_bpf_percpu_hash_reader;    // PERCPU_HASH, LRU_PERCPU_HASH
extern const struct kl_bpf_reader kl_bpf_rhash_reader;          // RHASH
extern const struct kl_bpf_reader kl_bpf_array_reader;          // ARRAY
extern const struct kl_bpf_reader kl_bpf_percpu_array_reader;   // PERCPU_ARRAY
extern const struct kl_bpf_reader kl_bpf_insn_array_reader;     // INSN_ARRAY
extern const struct kl_bpf_reader kl_bpf_queue_reader;          // QUEUE, STACK
extern const struct kl_bpf_reader kl_bpf_slots_reader;          // arrays of pointers: programs, maps, sockets ...
extern const struct kl_bpf_reader kl_bpf_devmap_hash_reader;    // DEVMAP_HASH
extern const struct kl_bpf_reader kl_bpf_sockhash_reader;       // SOCKHASH
extern const struct kl_bpf_reader kl_bpf_stack_trace_reader;    // STACK_TRACE
extern const struct kl_bpf_reader kl_bpf_trie_reader;           // LPM_TRIE
extern const struct kl_bpf_reader kl_bpf_storage_reader;        // SK, INODE, TASK, CGRP storage
extern const struct kl_bpf_reader kl_bpf_cgroup_storage_reader; // CGROUP_STORAGE, PERCPU_CGROUP_STORAGE
extern const struct kl_bpf_reader kl_bpf_struct_ops_reader;     // STRUCT_OPS

// Notes where something was lost, and gives the status back.
static inline enum kl_status kl_bpf_lost(struct kl_bpf_entries *e, uint64_t object, enum kl_status status) {
  e->lost = object;
  return status;
}

// The address of slot i of the table.
static inline uint64_t kl_bpf_slot(const struct kl_bpf_entries *e, uint64_t i) {
  return e->table + i * e->stride;
}

// Makes the key the number of a slot, as the array types have it.
void kl_bpf_key_index(struct kl_bpf_entry *entry, uint64_t index);
// Reads the key from guest memory; a failure stays in key_status.
void kl_bpf_key_read(struct kl_bpf_entries *e, struct kl_bpf_entry *entry, uint64_t address, uint32_t bytes);
// Makes the value a 32-bit number.
void kl_bpf_value_u32(struct kl_bpf_entry *entry, enum kl_status status, uint32_t v);
// Says where the value lies.
void kl_bpf_value_at(struct kl_bpf_entry *entry, uint64_t address, uint32_t bytes);
// The value of the next CPU of e->per_cpu: KL_END when all were given.
enum kl_status kl_bpf_value_next_cpu(struct kl_bpf_entries *e, struct kl_bpf_entry *entry) KL_MUST_USE;

// The next element of a table of buckets (e->table, e->slots, e->stride), each
// a list head at the start of head_field's struct: steps to the next bucket
// when a chain ends. *node is the list node.
enum kl_status kl_bpf_chain_next(struct kl_bpf_entries *e, enum kl_field_id head_field, bool nulls,
                                 uint64_t *node) KL_MUST_USE;

#endif
