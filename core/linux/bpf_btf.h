// The BTF that BPF programs and maps bring along, and that of modules.
//
// Sources: kernel/bpf/btf.c (struct btf). A module's is split BTF on the
// guest's own vmlinux BTF, never on anybody else's.
#ifndef KL_LINUX_BPF_BTF_H
#define KL_LINUX_BPF_BTF_H

#include "kernel/kernel.h"

struct kl_bpf_btf {
  uint64_t address; // of struct btf
  uint32_t id;
  bool kernel;   // vmlinux or a module
  uint64_t data; // its raw bytes, guest virtual
  uint32_t bytes;
  uint64_t base; // struct btf that it continues; 0: none
  char name[56]; // not terminated
  uint8_t name_bytes;
};

// Reads struct btf at address. Cost: 7 guest reads.
enum kl_status kl_bpf_btf_read(struct kl_kernel *k, uint64_t address, struct kl_bpf_btf *ret) KL_MUST_USE;

// The types of the struct btf at address: read, validated and kept for the
// life of the dump (at most KL_BPF_BTFS of them; their bytes live in the
// arena, and KL_ERR_NO_MEMORY leaves it as it was). A failure is kept too.
enum { KL_BPF_BTFS = 256 };
enum kl_status kl_bpf_btf_types(struct kl_kernel *k, uint64_t address, const struct kl_btf **ret) KL_MUST_USE;

#endif
