// Storage that belongs to something else: SK, INODE, TASK and CGRP storage
// (kernel/bpf/bpf_local_storage.c), the older cgroup storage
// (kernel/bpf/local_storage.c), and STRUCT_OPS (kernel/bpf/bpf_struct_ops.c).
#include "linux/bpf_reader.h"

#include "base/memory.h"

static enum kl_status storage_open(struct kl_bpf_entries *e) {
  uint64_t log;
  if (!e->kernel->types[KL_T_bpf_local_storage_map_bucket].present)
    return KL_ERR_NOT_FOUND;
  uint64_t stride = e->kernel->types[KL_T_bpf_local_storage_map_bucket].bytes;
  KL_TRY(kl_get_pointer(e->kernel, e->map.address, KL_F_bpf_local_storage_map_buckets, &e->table));
  KL_TRY(kl_get(e->kernel, e->map.address, KL_F_bpf_local_storage_map_bucket_log, &log));
  if (log > 31 || !stride || stride > KL_BPF_BUCKET_BATCH)
    return KL_ERR_MALFORMED;
  e->stride = (uint32_t)stride;
  e->slots = 1ull << log;
  return KL_OK;
}

static enum kl_bpf_target owner_kind(uint32_t type) {
  return type == KL_BPF_SK_STORAGE      ? KL_BPF_TARGET_SOCKET
         : type == KL_BPF_INODE_STORAGE ? KL_BPF_TARGET_INODE
         : type == KL_BPF_TASK_STORAGE  ? KL_BPF_TARGET_TASK
                                        : KL_BPF_TARGET_CGROUP;
}

// Whether the element is being taken down (2026: state is a set of bits:
// 1 unlinked from the map, 2 from the storage, 4 to be freed).
static bool dying(struct kl_bpf_entries *e, uint64_t element) {
  uint64_t state = 0;
  return kl_has(e->kernel, KL_F_bpf_local_storage_elem_state) &&
         kl_get(e->kernel, element, KL_F_bpf_local_storage_elem_state, &state) == KL_OK && state;
}

static enum kl_status storage_fill(struct kl_bpf_entries *e, struct kl_bpf_entry *ret, uint64_t element) {
  struct kl_kernel *k = e->kernel;
  uint64_t sdata, value, storage, map = 0;
  KL_TRY(kl_member(k, element, KL_F_bpf_local_storage_elem_sdata, &sdata));
  KL_TRY(kl_member(k, sdata, KL_F_bpf_local_storage_data_data, &value));
  KL_TRY(kl_get_pointer(k, sdata, KL_F_bpf_local_storage_data_smap, &map));
  if (map != e->map.address)
    return KL_ERR_MALFORMED;
  ret->object = element;
  kl_bpf_value_at(ret, value, e->map.value_bytes);
  ret->target = owner_kind(e->map.type);
  if (kl_get_pointer(k, element, KL_F_bpf_local_storage_elem_local_storage, &storage) != KL_OK ||
      kl_get_pointer(k, storage, KL_F_bpf_local_storage_owner, &ret->target_address) != KL_OK)
    ret->target_address = 0;
  return KL_OK;
}

static enum kl_status storage_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  for (;;) {
    uint64_t node, element;
    KL_TRY(kl_bpf_chain_next(e, KL_F_bpf_local_storage_map_bucket_list, false, &node));
    enum kl_status status = kl_container(e->kernel, node, KL_F_bpf_local_storage_elem_map_node, &element);
    if (status == KL_OK && dying(e, element))
      continue;
    if (status == KL_OK)
      status = storage_fill(e, ret, element);
    return status == KL_OK ? KL_OK : kl_bpf_lost(e, node, status);
  }
}

const struct kl_bpf_reader kl_bpf_storage_reader = {storage_open, storage_next};

// The older form: a list of buffers, keyed by cgroup (and attach type).
static enum kl_status cgroup_storage_open(struct kl_bpf_entries *e) {
  KL_TRY(kl_member(e->kernel, e->map.address, KL_F_bpf_cgroup_storage_map_list, &e->table));
  if (!kl_has(e->kernel, KL_F_bpf_cgroup_storage_key))
    return KL_ERR_NOT_FOUND;
  if (!e->kernel->types[KL_T_bpf_cgroup_storage_key].present ||
      e->map.key_bytes > e->kernel->types[KL_T_bpf_cgroup_storage_key].bytes)
    return KL_ERR_MALFORMED;
  kl_list_init(&e->chain, e->kernel, e->budget, e->table);
  return KL_OK;
}

static enum kl_status cgroup_storage_key(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  uint64_t key;
  KL_TRY(kl_member(e->kernel, e->element, KL_F_bpf_cgroup_storage_key, &key));
  ret->object = e->element;
  kl_bpf_key_read(e, ret, key, e->map.key_bytes);
  return KL_OK;
}

static enum kl_status cgroup_storage_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  bool per_cpu = e->map.type == KL_BPF_PERCPU_CGROUP_STORAGE;
  enum kl_field_id pointer = per_cpu ? KL_F_bpf_cgroup_storage_percpu_buf : KL_F_bpf_cgroup_storage_buf;
  for (;;) {
    if (!e->element) {
      uint64_t node;
      enum kl_status status = kl_list_next(&e->chain, &node);
      if (status != KL_OK)
        return kl_bpf_lost(e, e->chain.current, status);
      e->cpu = 0;
      status = kl_container(e->kernel, node, KL_F_bpf_cgroup_storage_list_map, &e->element);
      if (status == KL_OK)
        status = kl_get_pointer(e->kernel, e->element, pointer, &e->per_cpu);
      if (status != KL_OK) {
        e->element = 0;
        return kl_bpf_lost(e, node, status);
      }
    }
    KL_TRY(cgroup_storage_key(e, ret));
    if (!per_cpu) {
      uint64_t value = 0;
      ret->value_status = kl_member(e->kernel, e->per_cpu, KL_F_bpf_storage_buffer_data, &value);
      kl_bpf_value_at(ret, value, e->map.value_bytes);
      e->element = 0;
      return KL_OK;
    }
    enum kl_status status = kl_bpf_value_next_cpu(e, ret);
    if (status != KL_END)
      return status;
    e->element = 0;
  }
}

const struct kl_bpf_reader kl_bpf_cgroup_storage_reader = {cgroup_storage_open, cgroup_storage_next};

// STRUCT_OPS: one value. The system call shows uvalue, where functions are
// program ids, with the state and the count of references of the one in use
// (bpf_struct_ops_map_sys_lookup_elem).
static enum kl_status u32_member(struct kl_kernel *k, uint64_t object, enum kl_field_id field, uint32_t *ret) {
  uint64_t address;
  KL_TRY(kl_member(k, object, field, &address));
  return kl_read_u32(k, address, ret);
}

// What the map's references exceed those of user space by.
static enum kl_status kernel_references(struct kl_kernel *k, uint64_t map, uint32_t *ret) {
  uint64_t references, users;
  KL_TRY(kl_member(k, map, KL_F_bpf_map_refcnt, &references));
  KL_TRY(kl_member(k, map, KL_F_bpf_map_usercnt, &users));
  KL_TRY(kl_read_u64(k, references, &references));
  KL_TRY(kl_read_u64(k, users, &users));
  *ret = references > users ? (uint32_t)(references - users) : 0;
  return KL_OK;
}

// Where count and state lie in a value, and what they are. Since 6.9 they are
// in a struct of their own. A kernel that counts by the map's references (6.4,
// and backported) leaves kvalue's count 0.
static enum kl_status struct_ops_overlay(struct kl_bpf_entries *e) {
  struct kl_kernel *k = e->kernel;
  uint64_t kvalue, base;
  enum kl_field_id count = KL_F_bpf_struct_ops_value_refcnt, state = KL_F_bpf_struct_ops_value_state;
  KL_TRY(kl_member(k, e->map.address, KL_F_bpf_struct_ops_map_kvalue, &kvalue));
  base = kvalue;
  if (kl_has(k, KL_F_bpf_struct_ops_value_common)) {
    count = KL_F_bpf_struct_ops_common_value_refcnt;
    state = KL_F_bpf_struct_ops_common_value_state;
    KL_TRY(kl_member(k, kvalue, KL_F_bpf_struct_ops_value_common, &base));
  }
  e->overlay[0].at = (uint32_t)(base - kvalue) + k->fields[count].offset;
  e->overlay[1].at = (uint32_t)(base - kvalue) + k->fields[state].offset;
  KL_TRY(u32_member(k, base, state, &e->overlay[1].value));
  KL_TRY(u32_member(k, base, count, &e->overlay[0].value));
  return e->overlay[0].value ? KL_OK : kernel_references(k, e->map.address, &e->overlay[0].value);
}

static enum kl_status struct_ops_open(struct kl_bpf_entries *e) {
  e->slots = 1;
  e->overlaid = struct_ops_overlay(e) == KL_OK;
  return kl_get_pointer(e->kernel, e->map.address, KL_F_bpf_struct_ops_map_uvalue, &e->table);
}

static enum kl_status struct_ops_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  if (e->slot >= e->slots)
    return KL_END;
  kl_bpf_key_index(ret, e->slot++);
  ret->object = e->map.address;
  kl_bpf_value_at(ret, e->table, e->map.value_bytes);
  return KL_OK;
}

const struct kl_bpf_reader kl_bpf_struct_ops_reader = {struct_ops_open, struct_ops_next};
