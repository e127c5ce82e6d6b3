// A BPF map: what struct bpf_map says of it.
//
// Sources: include/linux/bpf.h, kernel/bpf/syscall.c; the type numbers are
// enum bpf_map_type of include/uapi/linux/bpf.h, which only grows.
#ifndef KL_LINUX_BPF_MAP_H
#define KL_LINUX_BPF_MAP_H

#include "kernel/kernel.h"

enum kl_bpf_map_type {
  KL_BPF_HASH = 1,
  KL_BPF_ARRAY,
  KL_BPF_PROG_ARRAY,
  KL_BPF_PERF_EVENT_ARRAY,
  KL_BPF_PERCPU_HASH,
  KL_BPF_PERCPU_ARRAY,
  KL_BPF_STACK_TRACE,
  KL_BPF_CGROUP_ARRAY,
  KL_BPF_LRU_HASH,
  KL_BPF_LRU_PERCPU_HASH,
  KL_BPF_LPM_TRIE,
  KL_BPF_ARRAY_OF_MAPS,
  KL_BPF_HASH_OF_MAPS,
  KL_BPF_DEVMAP,
  KL_BPF_SOCKMAP,
  KL_BPF_CPUMAP,
  KL_BPF_XSKMAP,
  KL_BPF_SOCKHASH,
  KL_BPF_CGROUP_STORAGE,
  KL_BPF_REUSEPORT_SOCKARRAY,
  KL_BPF_PERCPU_CGROUP_STORAGE,
  KL_BPF_QUEUE,
  KL_BPF_STACK,
  KL_BPF_SK_STORAGE,
  KL_BPF_DEVMAP_HASH,
  KL_BPF_STRUCT_OPS,
  KL_BPF_RINGBUF,
  KL_BPF_INODE_STORAGE,
  KL_BPF_TASK_STORAGE,
  KL_BPF_BLOOM_FILTER,
  KL_BPF_USER_RINGBUF,
  KL_BPF_CGRP_STORAGE,
  KL_BPF_ARENA,
  KL_BPF_INSN_ARRAY,
  KL_BPF_RHASH,
  KL_BPF_MAP_TYPES
};

struct kl_bpf_map {
  uint64_t address; // of struct bpf_map, with which every map type begins
  uint32_t id;      // 0: taken out of the IDR
  uint32_t type;    // a number past KL_BPF_MAP_TYPES is a type not known yet
  uint32_t key_bytes, value_bytes, max_entries, flags;
  uint64_t extra;                                    // map_extra; 0 where the kernel has none
  uint32_t key_type, value_type, vmlinux_value_type; // BTF type ids; 0: none
  uint64_t btf;                                      // address of struct btf; 0: none
  char name[16];                                     // BPF_OBJ_NAME_LEN; not terminated
  uint8_t name_bytes;
};

// Reads the map at address. KL_ERR_NOT_FOUND: a kernel without BPF.
// Cost: about 12 guest reads.
enum kl_status kl_bpf_map_read(struct kl_kernel *k, uint64_t address, struct kl_bpf_map *ret) KL_MUST_USE;

// The type as bpftool names it ("hash", "percpu_array"), or "" when this build
// does not know the number.
const char *kl_bpf_map_type_name(uint32_t type);

// Bytes of one call in a stack trace: 8, or 32 with its file's build id
// (BPF_F_STACK_BUILD_ID).
static inline uint32_t kl_bpf_stack_frame_bytes(const struct kl_bpf_map *map) {
  return map->flags & 1u << 5 ? 32 : 8;
}

#endif
