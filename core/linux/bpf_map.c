// What struct bpf_map says of a map.
#include "linux/bpf_map.h"

#include "base/memory.h"

static const char *const type_names[KL_BPF_MAP_TYPES] = {
    [0] = "unspec",
    [KL_BPF_HASH] = "hash",
    [KL_BPF_ARRAY] = "array",
    [KL_BPF_PROG_ARRAY] = "prog_array",
    [KL_BPF_PERF_EVENT_ARRAY] = "perf_event_array",
    [KL_BPF_PERCPU_HASH] = "percpu_hash",
    [KL_BPF_PERCPU_ARRAY] = "percpu_array",
    [KL_BPF_STACK_TRACE] = "stack_trace",
    [KL_BPF_CGROUP_ARRAY] = "cgroup_array",
    [KL_BPF_LRU_HASH] = "lru_hash",
    [KL_BPF_LRU_PERCPU_HASH] = "lru_percpu_hash",
    [KL_BPF_LPM_TRIE] = "lpm_trie",
    [KL_BPF_ARRAY_OF_MAPS] = "array_of_maps",
    [KL_BPF_HASH_OF_MAPS] = "hash_of_maps",
    [KL_BPF_DEVMAP] = "devmap",
    [KL_BPF_SOCKMAP] = "sockmap",
    [KL_BPF_CPUMAP] = "cpumap",
    [KL_BPF_XSKMAP] = "xskmap",
    [KL_BPF_SOCKHASH] = "sockhash",
    [KL_BPF_CGROUP_STORAGE] = "cgroup_storage",
    [KL_BPF_REUSEPORT_SOCKARRAY] = "reuseport_sockarray",
    [KL_BPF_PERCPU_CGROUP_STORAGE] = "percpu_cgroup_storage",
    [KL_BPF_QUEUE] = "queue",
    [KL_BPF_STACK] = "stack",
    [KL_BPF_SK_STORAGE] = "sk_storage",
    [KL_BPF_DEVMAP_HASH] = "devmap_hash",
    [KL_BPF_STRUCT_OPS] = "struct_ops",
    [KL_BPF_RINGBUF] = "ringbuf",
    [KL_BPF_INODE_STORAGE] = "inode_storage",
    [KL_BPF_TASK_STORAGE] = "task_storage",
    [KL_BPF_BLOOM_FILTER] = "bloom_filter",
    [KL_BPF_USER_RINGBUF] = "user_ringbuf",
    [KL_BPF_CGRP_STORAGE] = "cgrp_storage",
    [KL_BPF_ARENA] = "arena",
    [KL_BPF_INSN_ARRAY] = "insn_array",
    [KL_BPF_RHASH] = "rhash",
};

const char *kl_bpf_map_type_name(uint32_t type) {
  return type < KL_BPF_MAP_TYPES ? type_names[type] : "";
}

// The 32-bit members, and where they go.
static const struct {
  enum kl_field_id field;
  size_t offset;
} numbers[] = {
    {KL_F_bpf_map_id, offsetof(struct kl_bpf_map, id)},
    {KL_F_bpf_map_map_type, offsetof(struct kl_bpf_map, type)},
    {KL_F_bpf_map_key_size, offsetof(struct kl_bpf_map, key_bytes)},
    {KL_F_bpf_map_value_size, offsetof(struct kl_bpf_map, value_bytes)},
    {KL_F_bpf_map_max_entries, offsetof(struct kl_bpf_map, max_entries)},
    {KL_F_bpf_map_map_flags, offsetof(struct kl_bpf_map, flags)},
    {KL_F_bpf_map_btf_key_type_id, offsetof(struct kl_bpf_map, key_type)},
    {KL_F_bpf_map_btf_value_type_id, offsetof(struct kl_bpf_map, value_type)},
    {KL_F_bpf_map_btf_vmlinux_value_type_id, offsetof(struct kl_bpf_map, vmlinux_value_type)},
};

enum kl_status kl_bpf_map_read(struct kl_kernel *k, uint64_t address, struct kl_bpf_map *ret) {
  struct kl_bpf_map map = {.address = address};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    uint64_t v = 0;
    KL_TRY(kl_get(k, address, numbers[i].field, &v));
    uint32_t narrow = (uint32_t)v;
    memcpy((uint8_t *)&map + numbers[i].offset, &narrow, sizeof narrow);
  }
  if (kl_has(k, KL_F_bpf_map_map_extra))
    KL_TRY(kl_get(k, address, KL_F_bpf_map_map_extra, &map.extra));
  KL_TRY(kl_get_pointer(k, address, KL_F_bpf_map_btf, &map.btf));
  size_t n = 0;
  enum kl_status named = kl_get_text(k, address, KL_F_bpf_map_name, map.name, sizeof map.name, &n);
  if (named != KL_OK && named != KL_ERR_LIMIT) // 16 bytes without a NUL are a name all the same
    return named;
  map.name_bytes = (uint8_t)n;
  *ret = map;
  return KL_OK;
}
