// Arrays of pointers: one slot a number, each null or a reference to something
// else. They differ in where the array lies and in what a slot leads to.
//
// DEVMAP, SOCKMAP, CPUMAP, XSKMAP and REUSEPORT_SOCKARRAY do not embed struct
// bpf_array: each has its own (kernel/bpf/devmap.c, cpumap.c, net/core/sock_map.c,
// net/xdp/xskmap.c, kernel/bpf/reuseport_array.c).
#include "linux/bpf_reader.h"

struct form {
  enum kl_field_id array;
  enum kl_bpf_target target;
  // What the system call shows: the id of the target (program, map), or a
  // member of the slot's object, or a socket's cookie.
  enum { VALUE_NONE, VALUE_PROGRAM_ID, VALUE_MAP_ID, VALUE_MEMBER, VALUE_COOKIE } shows;
  enum kl_field_id member; // VALUE_MEMBER: of the object; otherwise the pointer to the target
  enum kl_field_id leads;  // from the slot's object to the target
  bool behind_pointer;     // array is a pointer to the slots, not the slots
  bool leads_on;           // whether leads is to be followed
};

static const struct form forms[KL_BPF_MAP_TYPES] = {
    [KL_BPF_PROG_ARRAY] = {KL_F_bpf_array_ptrs, KL_BPF_TARGET_PROGRAM, VALUE_PROGRAM_ID, 0, 0, false, false},
    [KL_BPF_PERF_EVENT_ARRAY] = {KL_F_bpf_array_ptrs, KL_BPF_TARGET_PERF_EVENT, VALUE_NONE, 0,
                                 KL_F_bpf_event_entry_event, false, true},
    [KL_BPF_CGROUP_ARRAY] = {KL_F_bpf_array_ptrs, KL_BPF_TARGET_CGROUP, VALUE_NONE, 0, 0, false, false},
    [KL_BPF_ARRAY_OF_MAPS] = {KL_F_bpf_array_ptrs, KL_BPF_TARGET_MAP, VALUE_MAP_ID, 0, 0, false, false},
    [KL_BPF_DEVMAP] = {KL_F_bpf_dtab_netdev_map, KL_BPF_TARGET_NETDEV, VALUE_MEMBER, KL_F_bpf_dtab_netdev_val,
                       KL_F_bpf_dtab_netdev_dev, true, true},
    [KL_BPF_SOCKMAP] = {KL_F_bpf_stab_sks, KL_BPF_TARGET_SOCKET, VALUE_COOKIE, 0, 0, true, false},
    [KL_BPF_CPUMAP] = {KL_F_bpf_cpu_map_cpu_map, KL_BPF_TARGET_PROGRAM, VALUE_MEMBER, KL_F_bpf_cpu_map_entry_value,
                       KL_F_bpf_cpu_map_entry_prog, true, true},
    [KL_BPF_XSKMAP] = {KL_F_xsk_map_xsk_map, KL_BPF_TARGET_SOCKET, VALUE_NONE, 0, 0, false, false},
    [KL_BPF_REUSEPORT_SOCKARRAY] = {KL_F_reuseport_array_ptrs, KL_BPF_TARGET_SOCKET, VALUE_COOKIE, 0, 0, false,
                                    false},
};

static enum kl_status slots_open(struct kl_bpf_entries *e) {
  const struct form *form = &forms[e->map.type];
  e->stride = 8;
  e->slots = e->map.max_entries;
  if (form->behind_pointer)
    return kl_get_pointer(e->kernel, e->map.address, form->array, &e->table);
  return kl_member(e->kernel, e->map.address, form->array, &e->table);
}

// The call shows a socket as its cookie, if values have room for one; a cookie
// is made when it is first asked for (__sock_gen_cookie), and is 0 until then.
static void fill_cookie(struct kl_bpf_entries *e, struct kl_bpf_entry *ret, uint64_t sock) {
  uint64_t common, cookie;
  if (e->map.value_bytes != 8)
    return;
  if (kl_member(e->kernel, sock, KL_F_sock___sk_common, &common) == KL_OK &&
      kl_member(e->kernel, common, KL_F_sock_common_skc_cookie, &cookie) == KL_OK)
    kl_bpf_value_at(ret, cookie, 8);
}

static void fill_value(struct kl_bpf_entries *e, struct kl_bpf_entry *ret, uint64_t object) {
  const struct form *form = &forms[e->map.type];
  uint64_t v = 0, aux = 0;
  enum kl_status status = KL_OK;
  switch (form->shows) {
  case VALUE_NONE:
    return;
  case VALUE_COOKIE:
    fill_cookie(e, ret, object);
    return;
  case VALUE_PROGRAM_ID:
    status = kl_get_pointer(e->kernel, object, KL_F_bpf_prog_aux, &aux);
    if (status == KL_OK)
      status = kl_get(e->kernel, aux, KL_F_bpf_prog_aux_id, &v);
    break;
  case VALUE_MAP_ID:
    status = kl_get(e->kernel, object, KL_F_bpf_map_id, &v);
    break;
  case VALUE_MEMBER:
    status = kl_member(e->kernel, object, form->member, &v);
    if (status != KL_OK)
      break;
    kl_bpf_value_at(ret, v, e->map.value_bytes);
    // The map says 4 or 8 bytes; the member holds no more.
    if (e->map.value_bytes > e->kernel->fields[form->member].size)
      ret->value_status = KL_ERR_MALFORMED;
    return;
  }
  kl_bpf_value_u32(ret, status, (uint32_t)v);
}

static enum kl_status slots_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  const struct form *form = &forms[e->map.type];
  for (;;) {
    if (e->slot >= e->slots)
      return KL_END;
    KL_TRY(kl_budget_spend(e->budget, 1));
    uint64_t slot = kl_bpf_slot(e, e->slot), object = 0;
    kl_bpf_key_index(ret, e->slot++);
    enum kl_status status = kl_read_u64(e->kernel, slot, &object);
    if (status != KL_OK)
      return kl_bpf_lost(e, slot, status);
    if (!object) // empty: the system call has no entry here either
      continue;
    ret->object = slot;
    ret->target = form->target;
    ret->target_address = object;
    if (form->leads_on && kl_get_pointer(e->kernel, object, form->leads, &ret->target_address) != KL_OK)
      ret->target_address = 0;
    fill_value(e, ret, object);
    return KL_OK;
  }
}

const struct kl_bpf_reader kl_bpf_slots_reader = {slots_open, slots_next};

// DEVMAP_HASH: the elements of DEVMAP in hash buckets, by index_hlist.
static enum kl_status devmap_hash_open(struct kl_bpf_entries *e) {
  e->stride = 8;
  KL_TRY(kl_get_pointer(e->kernel, e->map.address, KL_F_bpf_dtab_dev_index_head, &e->table));
  return kl_get(e->kernel, e->map.address, KL_F_bpf_dtab_n_buckets, &e->slots);
}

static enum kl_status devmap_hash_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  uint64_t node, index = 0, value;
  KL_TRY(kl_bpf_chain_next(e, KL_F_hlist_head_first, false, &node));
  enum kl_status status = kl_container(e->kernel, node, KL_F_bpf_dtab_netdev_index_hlist, &ret->object);
  if (status == KL_OK)
    status = kl_get(e->kernel, ret->object, KL_F_bpf_dtab_netdev_idx, &index);
  if (status == KL_OK)
    status = kl_member(e->kernel, ret->object, KL_F_bpf_dtab_netdev_val, &value);
  if (status != KL_OK)
    return kl_bpf_lost(e, node, status);
  kl_bpf_key_index(ret, index);
  kl_bpf_value_at(ret, value, e->map.value_bytes);
  if (e->map.value_bytes > e->kernel->fields[KL_F_bpf_dtab_netdev_val].size)
    ret->value_status = KL_ERR_MALFORMED;
  ret->target = KL_BPF_TARGET_NETDEV;
  if (kl_get_pointer(e->kernel, ret->object, KL_F_bpf_dtab_netdev_dev, &ret->target_address) != KL_OK)
    ret->target_address = 0;
  return KL_OK;
}

const struct kl_bpf_reader kl_bpf_devmap_hash_reader = {devmap_hash_open, devmap_hash_next};

// SOCKHASH: struct bpf_shtab_elem by its node; the key behind it.
static enum kl_status sockhash_open(struct kl_bpf_entries *e) {
  if (!e->kernel->types[KL_T_bpf_shtab_bucket].present)
    return KL_ERR_NOT_FOUND;
  uint64_t stride = e->kernel->types[KL_T_bpf_shtab_bucket].bytes;
  if (!stride || stride > KL_BPF_BUCKET_BATCH)
    return KL_ERR_MALFORMED;
  e->stride = (uint32_t)stride;
  KL_TRY(kl_get_pointer(e->kernel, e->map.address, KL_F_bpf_shtab_buckets, &e->table));
  return kl_get(e->kernel, e->map.address, KL_F_bpf_shtab_buckets_num, &e->slots);
}

static enum kl_status sockhash_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  uint64_t node, key;
  KL_TRY(kl_bpf_chain_next(e, KL_F_bpf_shtab_bucket_head, false, &node));
  enum kl_status status = kl_container(e->kernel, node, KL_F_bpf_shtab_elem_node, &ret->object);
  if (status == KL_OK)
    status = kl_member(e->kernel, ret->object, KL_F_bpf_shtab_elem_key, &key);
  if (status != KL_OK)
    return kl_bpf_lost(e, node, status);
  kl_bpf_key_read(e, ret, key, e->map.key_bytes);
  ret->target = KL_BPF_TARGET_SOCKET;
  if (kl_get_pointer(e->kernel, ret->object, KL_F_bpf_shtab_elem_sk, &ret->target_address) != KL_OK)
    ret->target_address = 0;
  else
    fill_cookie(e, ret, ret->target_address);
  return KL_OK;
}

const struct kl_bpf_reader kl_bpf_sockhash_reader = {sockhash_open, sockhash_next};

// STACK_TRACE: a slot leads to a bucket of nr entries, 8 bytes each, or 32
// with BPF_F_STACK_BUILD_ID (kernel/bpf/stackmap.c).
static enum kl_status stack_trace_open(struct kl_bpf_entries *e) {
  e->stride = 8;
  KL_TRY(kl_member(e->kernel, e->map.address, KL_F_bpf_stack_map_buckets, &e->table));
  return kl_get(e->kernel, e->map.address, KL_F_bpf_stack_map_n_buckets, &e->slots);
}

static enum kl_status stack_trace_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  uint64_t frame = kl_bpf_stack_frame_bytes(&e->map);
  for (;;) {
    if (e->slot >= e->slots)
      return KL_END;
    KL_TRY(kl_budget_spend(e->budget, 1));
    uint64_t slot = kl_bpf_slot(e, e->slot), nr = 0, data = 0;
    kl_bpf_key_index(ret, e->slot++);
    enum kl_status status = kl_read_u64(e->kernel, slot, &ret->object);
    if (status != KL_OK)
      return kl_bpf_lost(e, slot, status);
    if (!ret->object)
      continue;
    status = kl_get(e->kernel, ret->object, KL_F_stack_map_bucket_nr, &nr);
    if (status == KL_OK)
      status = kl_member(e->kernel, ret->object, KL_F_stack_map_bucket_data, &data);
    uint64_t most = e->map.value_bytes / frame;
    kl_bpf_value_at(ret, data, (uint32_t)((nr < most ? nr : most) * frame));
    ret->value_status = status;
    return KL_OK;
  }
}

const struct kl_bpf_reader kl_bpf_stack_trace_reader = {stack_trace_open, stack_trace_next};
