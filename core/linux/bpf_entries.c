// The entries of a map: which reader serves which type, and what all share.
#include "linux/bpf_entries.h"

#include "base/memory.h"
#include "linux/bpf_reader.h"

static const struct kl_bpf_reader *const readers[KL_BPF_MAP_TYPES] = {
    [KL_BPF_HASH] = &kl_bpf_hash_reader,
    [KL_BPF_ARRAY] = &kl_bpf_array_reader,
    [KL_BPF_PROG_ARRAY] = &kl_bpf_slots_reader,
    [KL_BPF_PERF_EVENT_ARRAY] = &kl_bpf_slots_reader,
    [KL_BPF_PERCPU_HASH] = &kl_bpf_percpu_hash_reader,
    [KL_BPF_PERCPU_ARRAY] = &kl_bpf_percpu_array_reader,
    [KL_BPF_STACK_TRACE] = &kl_bpf_stack_trace_reader,
    [KL_BPF_CGROUP_ARRAY] = &kl_bpf_slots_reader,
    [KL_BPF_LRU_HASH] = &kl_bpf_hash_reader,
    [KL_BPF_LRU_PERCPU_HASH] = &kl_bpf_percpu_hash_reader,
    [KL_BPF_LPM_TRIE] = &kl_bpf_trie_reader,
    [KL_BPF_ARRAY_OF_MAPS] = &kl_bpf_slots_reader,
    [KL_BPF_HASH_OF_MAPS] = &kl_bpf_hash_reader,
    [KL_BPF_DEVMAP] = &kl_bpf_slots_reader,
    [KL_BPF_SOCKMAP] = &kl_bpf_slots_reader,
    [KL_BPF_CPUMAP] = &kl_bpf_slots_reader,
    [KL_BPF_XSKMAP] = &kl_bpf_slots_reader,
    [KL_BPF_SOCKHASH] = &kl_bpf_sockhash_reader,
    [KL_BPF_CGROUP_STORAGE] = &kl_bpf_cgroup_storage_reader,
    [KL_BPF_REUSEPORT_SOCKARRAY] = &kl_bpf_slots_reader,
    [KL_BPF_PERCPU_CGROUP_STORAGE] = &kl_bpf_cgroup_storage_reader,
    [KL_BPF_QUEUE] = &kl_bpf_queue_reader,
    [KL_BPF_STACK] = &kl_bpf_queue_reader,
    [KL_BPF_SK_STORAGE] = &kl_bpf_storage_reader,
    [KL_BPF_DEVMAP_HASH] = &kl_bpf_devmap_hash_reader,
    [KL_BPF_STRUCT_OPS] = &kl_bpf_struct_ops_reader,
    [KL_BPF_INODE_STORAGE] = &kl_bpf_storage_reader,
    [KL_BPF_TASK_STORAGE] = &kl_bpf_storage_reader,
    [KL_BPF_CGRP_STORAGE] = &kl_bpf_storage_reader,
    [KL_BPF_INSN_ARRAY] = &kl_bpf_insn_array_reader,
    [KL_BPF_RHASH] = &kl_bpf_rhash_reader,
};

enum kl_status kl_bpf_entries_open(struct kl_bpf_entries *e, struct kl_kernel *k, struct kl_budget *budget,
                                   const struct kl_bpf_map *map) {
  memset(e, 0, sizeof *e);
  e->kernel = k;
  e->budget = budget;
  e->map = *map;
  e->lost = map->address;
  if (map->type >= KL_BPF_MAP_TYPES || !readers[map->type])
    return KL_ERR_UNSUPPORTED;
  if (map->key_bytes > KL_BPF_KEY_MAX)
    return KL_ERR_MALFORMED;
  e->reader = readers[map->type];
  return e->reader->open(e);
}

enum kl_status kl_bpf_entries_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  ret->object = 0;
  ret->cpu = -1;
  ret->key_bytes = 0;
  ret->key_status = KL_OK;
  ret->has_value = false;
  ret->value_status = KL_OK;
  ret->value_bytes = 0;
  ret->value_made = false;
  ret->value_address = 0;
  ret->target = KL_BPF_TARGET_NONE;
  ret->target_address = 0;
  return e->reader->next(e, ret);
}

static void put_le32(uint8_t *p, uint32_t v) {
  for (unsigned i = 0; i < 4; i++)
    p[i] = (uint8_t)(v >> 8 * i);
}

enum kl_status kl_bpf_entry_value(struct kl_bpf_entries *e, const struct kl_bpf_entry *entry, void *dst, size_t n) {
  KL_TRY(entry->value_status);
  if (!entry->has_value || n != entry->value_bytes)
    return KL_ERR_ARGUMENT;
  if (entry->value_made) {
    memcpy(dst, entry->value, n);
    return KL_OK;
  }
  KL_TRY(kl_read(e->kernel, entry->value_address, dst, n));
  for (size_t i = 0; e->overlaid && i < 2; i++)
    if (n >= 4 && e->overlay[i].at <= n - 4)
      put_le32((uint8_t *)dst + e->overlay[i].at, e->overlay[i].value);
  return KL_OK;
}

void kl_bpf_key_index(struct kl_bpf_entry *entry, uint64_t index) {
  entry->key_bytes = 4;
  put_le32(entry->key, (uint32_t)index);
}

void kl_bpf_key_read(struct kl_bpf_entries *e, struct kl_bpf_entry *entry, uint64_t address, uint32_t bytes) {
  entry->key_bytes = bytes;
  entry->key_status = kl_read(e->kernel, address, entry->key, bytes);
}

void kl_bpf_value_u32(struct kl_bpf_entry *entry, enum kl_status status, uint32_t v) {
  entry->has_value = entry->value_made = true;
  entry->value_status = status;
  entry->value_bytes = 4;
  put_le32(entry->value, v);
}

void kl_bpf_value_at(struct kl_bpf_entry *entry, uint64_t address, uint32_t bytes) {
  entry->has_value = true;
  entry->value_address = address;
  entry->value_bytes = bytes;
}

enum kl_status kl_bpf_value_next_cpu(struct kl_bpf_entries *e, struct kl_bpf_entry *entry) {
  while (e->cpu < e->kernel->cpus) {
    uint32_t cpu = e->cpu++;
    uint64_t address = 0;
    KL_TRY(kl_budget_spend(e->budget, 1));
    enum kl_status status = kl_per_cpu_address(e->kernel, e->per_cpu, cpu, &address);
    if (status == KL_ERR_NOT_FOUND) // a number that no CPU has
      continue;
    entry->cpu = cpu;
    kl_bpf_value_at(entry, address, e->map.value_bytes);
    entry->value_status = status;
    return KL_OK;
  }
  return KL_END;
}

// The first elements of a batch of buckets lie all over memory: fetching them
// all at once takes not much longer than one.
static void prefetch_firsts(struct kl_bpf_entries *e, uint32_t offset) {
  for (uint64_t i = 0; i < e->heads_count; i++) {
    uint64_t first = kl_le64(e->heads + i * e->stride + offset), phys;
    if (first && !(first & 1) && kl_space_phys(&e->kernel->space, first, &phys) == KL_OK)
      kl_image_prefetch(e->kernel->image, phys);
  }
}

// The first pointer of bucket i, from a batch of buckets read at once: most
// buckets of a hash are empty or hold one element.
static enum kl_status head_of(struct kl_bpf_entries *e, uint64_t i, uint32_t offset, uint64_t *ret) {
  if (i < e->heads_first || i - e->heads_first >= e->heads_count) {
    uint64_t n = sizeof e->heads / e->stride;
    if (n > e->slots - i)
      n = e->slots - i;
    e->heads_first = i;
    e->heads_count = n;
    if (!n || kl_read(e->kernel, kl_bpf_slot(e, i), e->heads, (size_t)(n * e->stride)) != KL_OK) {
      e->heads_count = 0; // somewhere in the batch: this bucket alone may be readable
      return kl_read_u64(e->kernel, kl_bpf_slot(e, i) + offset, ret);
    }
    prefetch_firsts(e, offset);
  }
  *ret = kl_le64(e->heads + (i - e->heads_first) * e->stride + offset);
  return KL_OK;
}

// Begins the chain of bucket i when it is not empty.
static enum kl_status chain_begin(struct kl_bpf_entries *e, uint64_t i, enum kl_field_id head_field, bool nulls) {
  uint64_t head, first = 0;
  KL_TRY(kl_budget_spend(e->budget, 1));
  KL_TRY(kl_member(e->kernel, kl_bpf_slot(e, i), head_field, &head));
  KL_TRY(head_of(e, i, (uint32_t)(head - kl_bpf_slot(e, i)), &first));
  if (nulls ? first & 1 : !first)
    return KL_OK;
  if (nulls)
    kl_hlist_nulls_init(&e->chain, e->kernel, e->budget, head);
  else
    kl_hlist_init(&e->chain, e->kernel, e->budget, head);
  e->in_chain = true;
  return KL_OK;
}

enum kl_status kl_bpf_chain_next(struct kl_bpf_entries *e, enum kl_field_id head_field, bool nulls,
                                 uint64_t *node) {
  for (;;) {
    while (!e->in_chain) {
      if (e->slot >= e->slots)
        return KL_END;
      uint64_t i = e->slot++;
      enum kl_status status = chain_begin(e, i, head_field, nulls);
      if (status != KL_OK)
        return kl_bpf_lost(e, kl_bpf_slot(e, i), status);
    }
    enum kl_status status = kl_list_next(&e->chain, node);
    if (status == KL_OK)
      return KL_OK;
    e->in_chain = false;
    if (status != KL_END)
      return kl_bpf_lost(e, e->chain.current, status);
    // The marker names the bucket: a chain that ends in another one's has moved
    // while it was read (include/linux/list_nulls.h).
    if (nulls && e->chain.nulls != e->slot - 1)
      return kl_bpf_lost(e, e->chain.current, KL_ERR_MALFORMED);
  }
}
