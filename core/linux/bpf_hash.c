// Hash tables: HASH, LRU_HASH, HASH_OF_MAPS and the per-CPU forms.
//
// kernel/bpf/hashtab.c: an element holds the key at htab_elem.key, and behind
// it the value, or a pointer to the per-CPU values, or to the inner map.
#include "base/checked.h"
#include "linux/bpf_reader.h"

enum { FORM_UNKNOWN, FORM_ROUNDED, FORM_PACKED };

static uint32_t rounded(uint32_t n) {
  return n + (-n & 7u);
}

static enum kl_status hash_open(struct kl_bpf_entries *e) {
  struct kl_kernel *k = e->kernel;
  KL_TRY(kl_get_pointer(k, e->map.address, KL_F_bpf_htab_buckets, &e->table));
  KL_TRY(kl_get(k, e->map.address, KL_F_bpf_htab_n_buckets, &e->slots));
  if (!k->types[KL_T_bucket].present)
    return KL_ERR_NOT_FOUND;
  uint64_t stride = k->types[KL_T_bucket].bytes;
  bool power_of_2 = e->slots && !(e->slots & (e->slots - 1));
  if (!power_of_2 || !stride || stride > KL_BPF_BUCKET_BATCH)
    return KL_ERR_MALFORMED;
  e->stride = (uint32_t)stride;
  return KL_OK;
}

// The next element, with its key, and where the key ends.
static enum kl_status hash_element(struct kl_bpf_entries *e, struct kl_bpf_entry *ret, uint64_t *key) {
  uint64_t node, element;
  KL_TRY(kl_bpf_chain_next(e, KL_F_bucket_head, true, &node));
  enum kl_status status = kl_container(e->kernel, node, KL_F_htab_elem_hash_node, &element);
  if (status == KL_OK)
    status = kl_member(e->kernel, element, KL_F_htab_elem_key, key);
  if (status != KL_OK)
    return kl_bpf_lost(e, node, status);
  ret->object = element;
  kl_bpf_key_read(e, ret, *key, e->map.key_bytes);
  return KL_OK;
}

static enum kl_status hash_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  uint64_t key;
  KL_TRY(hash_element(e, ret, &key));
  uint64_t value = key + rounded(e->map.key_bytes);
  if (e->map.type != KL_BPF_HASH_OF_MAPS) {
    kl_bpf_value_at(ret, value, e->map.value_bytes);
    return KL_OK;
  }
  // What the system call shows of an inner map is its id.
  uint64_t id = 0;
  enum kl_status status = kl_read_u64(e->kernel, value, &ret->target_address);
  if (status == KL_OK)
    status = kl_get(e->kernel, ret->target_address, KL_F_bpf_map_id, &id);
  ret->target = KL_BPF_TARGET_MAP;
  kl_bpf_value_u32(ret, status, (uint32_t)id);
  return KL_OK;
}

// Whether the pointer at slot leads to memory on every CPU.
static bool per_cpu_resolves(struct kl_bpf_entries *e, uint64_t slot, uint64_t *ret) {
  uint64_t pointer, address, phys;
  if (kl_read_u64(e->kernel, slot, &pointer) != KL_OK || !pointer || pointer & 7)
    return false;
  *ret = pointer;
  for (uint32_t cpu = 0; cpu < e->kernel->cpus; cpu++) {
    enum kl_status status = kl_per_cpu_address(e->kernel, pointer, cpu, &address);
    if (status == KL_ERR_NOT_FOUND)
      continue;
    if (status != KL_OK || kl_space_phys(&e->kernel->space, address, &phys) != KL_OK)
      return false;
  }
  return true;
}

// Linux commit 11ba7ce076e5 moved the pointer from right behind the key to the
// next multiple of 8, and was backported: only memory can tell. Decided by the
// first element where one form resolves and the other does not. Where per-CPU
// pointers are offsets, the upper half of one, read from the later place, may
// pass for an offset too: of two that resolve the larger is the whole one.
static uint64_t per_cpu_slot(struct kl_bpf_entries *e, uint64_t key) {
  uint64_t tight = key + e->map.key_bytes, aligned = key + rounded(e->map.key_bytes);
  if (tight == aligned || e->slot_form == FORM_ROUNDED)
    return aligned;
  if (e->slot_form == FORM_PACKED)
    return tight;
  uint64_t far = 0, near = 0;
  bool at_aligned = per_cpu_resolves(e, aligned, &far), at_tight = per_cpu_resolves(e, tight, &near);
  if (at_aligned != at_tight)
    e->slot_form = at_aligned ? FORM_ROUNDED : FORM_PACKED;
  return at_tight && (!at_aligned || near > far) ? tight : aligned;
}

static enum kl_status percpu_hash_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  for (;;) {
    uint64_t key;
    if (!e->element) {
      KL_TRY(hash_element(e, ret, &key));
      e->cpu = 0;
      enum kl_status status = kl_read_u64(e->kernel, per_cpu_slot(e, key), &e->per_cpu);
      if (status != KL_OK) { // the key is known all the same
        ret->has_value = true;
        ret->value_status = status;
        return KL_OK;
      }
      e->element = ret->object;
    } else {
      ret->object = e->element;
      KL_TRY(kl_member(e->kernel, e->element, KL_F_htab_elem_key, &key));
      kl_bpf_key_read(e, ret, key, e->map.key_bytes);
    }
    enum kl_status status = kl_bpf_value_next_cpu(e, ret);
    if (status != KL_END)
      return status;
    e->element = 0;
  }
}

const struct kl_bpf_reader kl_bpf_hash_reader = {hash_open, hash_next};
const struct kl_bpf_reader kl_bpf_percpu_hash_reader = {hash_open, percpu_hash_next};

// RHASH (2026): struct rhashtable, include/linux/rhashtable.h. While it grows,
// elements live in two tables; bit 0 of a bucket is its lock.
static enum kl_status rhash_use(struct kl_bpf_entries *e, uint64_t table) {
  uint64_t nest, slots;
  e->future = e->slots = 0; // a table that can't be read has no buckets, and none behind it
  KL_TRY(kl_get(e->kernel, table, KL_F_bucket_table_size, &slots));
  KL_TRY(kl_get(e->kernel, table, KL_F_bucket_table_nest, &nest));
  KL_TRY(kl_get_pointer(e->kernel, table, KL_F_bucket_table_future_tbl, &e->future));
  KL_TRY(kl_member(e->kernel, table, KL_F_bucket_table_buckets, &e->table));
  e->slot = 0;
  e->nest = (uint32_t)nest;
  // Buckets are 2^n, and the first of nested tables has part of their bits.
  if (!slots || slots & (slots - 1) || nest > e->kernel->paging.granule_shift || slots >> nest == 0)
    return KL_ERR_MALFORMED;
  e->slots = slots;
  return KL_OK;
}

// Where bucket i lies; 0: nowhere, and so it is empty. When memory is short the
// buckets are leaves of a tree of pages (__rht_bucket_nested in
// lib/rhashtable.c): the first takes nest bits of the number, the others as many
// as a page has pointers, the lowest bits first.
static enum kl_status rhash_bucket(struct kl_bpf_entries *e, uint64_t i, uint64_t *ret) {
  *ret = kl_bpf_slot(e, i);
  if (!e->nest)
    return KL_OK;
  uint32_t shift = e->kernel->paging.granule_shift - 3;
  uint64_t table;
  KL_TRY(kl_read_u64(e->kernel, e->table, &table));
  uint64_t size = e->slots >> e->nest, index = i & ((1ull << e->nest) - 1);
  i >>= e->nest;
  KL_TRY(kl_read_u64(e->kernel, table + 8 * index, &table));
  for (; table && size > 1ull << shift; size >>= shift, i >>= shift)
    KL_TRY(kl_read_u64(e->kernel, table + 8 * (i & ((1ull << shift) - 1)), &table));
  *ret = table ? table + 8 * i : 0;
  return KL_OK;
}

static enum kl_status rhash_open(struct kl_bpf_entries *e) {
  uint64_t ht, table;
  e->stride = 8;
  KL_TRY(kl_member(e->kernel, e->map.address, KL_F_bpf_rhtab_ht, &ht));
  KL_TRY(kl_get_pointer(e->kernel, ht, KL_F_rhashtable_tbl, &table));
  return rhash_use(e, table);
}

// The next node: e->element is the last one of the current bucket, or 0.
static enum kl_status rhash_step(struct kl_bpf_entries *e) {
  for (;;) {
    KL_TRY(kl_budget_spend(e->budget, 1));
    uint64_t next = 0;
    if (e->element) {
      KL_TRY(kl_get(e->kernel, e->element, KL_F_rhash_head_next, &next));
    } else if (e->slot < e->slots) {
      uint64_t bucket;
      KL_TRY(rhash_bucket(e, e->slot++, &bucket));
      if (bucket)
        KL_TRY(kl_read_u64(e->kernel, bucket, &next));
      if (next)
        next &= ~1ull; // the lock bit; an empty bucket is null
      if (!next)
        continue;
    } else if (e->future) {
      KL_TRY(rhash_use(e, e->future));
      continue;
    } else {
      return KL_END;
    }
    e->element = next & 1 ? 0 : next; // an odd next is a nulls marker
    if (e->element)
      return KL_OK;
  }
}

static enum kl_status rhash_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  if (e->given > e->map.max_entries)
    return KL_END;
  enum kl_status status = rhash_step(e);
  if (status == KL_OK && e->given++ == e->map.max_entries)
    return kl_bpf_lost(e, e->element, KL_ERR_CYCLE); // more elements than the map may have
  if (status != KL_OK) {
    e->lost = e->element ? e->element : e->table;
    e->element = 0;
    return status;
  }
  ret->object = e->element;
  uint64_t key;
  KL_TRY(kl_member(e->kernel, e->element, KL_F_rhtab_elem_data, &key));
  kl_bpf_key_read(e, ret, key, e->map.key_bytes);
  kl_bpf_value_at(ret, key + rounded(e->map.key_bytes), e->map.value_bytes);
  return KL_OK;
}

const struct kl_bpf_reader kl_bpf_rhash_reader = {rhash_open, rhash_next};
