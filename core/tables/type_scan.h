// The types of every BTF in the dump: the kernel's own, then those that its
// modules and BPF programs brought. All of them, one id, or one name.
#ifndef KL_TABLES_TYPE_SCAN_H
#define KL_TABLES_TYPE_SCAN_H

#include "linux/bpf_btf.h"
#include "linux/bpf_object.h"

enum { KL_BTF_NAME_BYTES = 64 };

struct kl_type_scan {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  // What is wanted; all by default. Borrowed as long as the scan.
  bool has_id, has_name, has_btf;
  uint64_t id;
  struct kl_bytes name; // of the type
  struct kl_bytes in;   // name of the BTF

  // The BTF that the last type was of.
  const struct kl_btf *btf;
  char btf_name[KL_BTF_NAME_BYTES]; // vmlinux, a module's name, or bpf:ID; not terminated
  size_t btf_name_bytes;

  // Where it stands.
  uint32_t first, next; // ids: the BTF's own begin with first
  enum kl_btf_kind kind;
  uint32_t previous; // of this name and kind
  struct kl_bpf_objects others;
  enum { KL_SCAN_KERNEL, KL_SCAN_OPEN, KL_SCAN_OTHERS, KL_SCAN_DONE } stage;
  uint64_t lost; // where the last error arose
};

// All types; set what is wanted before the first next.
void kl_type_scan_init(struct kl_type_scan *scan, struct kl_kernel *kernel, struct kl_budget *budget);
// KL_END past the last; KL_ERR_BUDGET ends the scan; any other status: a BTF
// could not be read, at scan->lost, and the scan goes on behind it.
enum kl_status kl_type_scan_next(struct kl_type_scan *scan, struct kl_btf_type *ret) KL_MUST_USE;

// The kind as bpftool writes it: "struct", "ptr", ...
const char *kl_btf_kind_name(enum kl_btf_kind kind);

#endif
