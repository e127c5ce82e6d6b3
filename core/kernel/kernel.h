// The attached kernel: what was found in the image, how, and what confirmed
// it; and typed reads of its objects.
#ifndef KL_KERNEL_KERNEL_H
#define KL_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/paging.h"
#include "btf/btf.h"
#include "kernel/fields.h"
#include "kernel/symbols.h"

enum kl_need { KL_REQUIRED, KL_OPTIONAL };

enum kl_field_id {
#define KL_FIELD_ID(type, member, need, note) KL_F_##type##_##member,
  KL_FIELD_LIST(KL_FIELD_ID)
#undef KL_FIELD_ID
      KL_FIELD_COUNT
};
enum kl_type_id {
#define KL_TYPE_ID(type) KL_T_##type,
  KL_TYPE_LIST(KL_TYPE_ID)
#undef KL_TYPE_ID
      KL_TYPE_COUNT
};
enum kl_enum_id {
#define KL_ENUM_ID(type, value) KL_E_##type##_##value,
  KL_ENUM_LIST(KL_ENUM_ID)
#undef KL_ENUM_ID
      KL_ENUM_COUNT
};
enum kl_symbol_id {
#define KL_SYMBOL_ID(symbol, need) KL_S_##symbol,
  KL_SYMBOL_LIST(KL_SYMBOL_ID)
#undef KL_SYMBOL_ID
      KL_SYMBOL_COUNT
};

// Where a member lies. Offset 0 is a real offset: ask present.
struct kl_field {
  bool present;
  bool is_signed;
  uint8_t bit_offset; // within the first byte at offset; 0 unless a bitfield
  uint8_t bit_size;   // 0: not a bitfield
  uint32_t offset;    // bytes
  uint32_t size;      // bytes of the whole member; of the bytes that hold a bitfield
  uint32_t type;      // BTF type id
};

struct kl_bpf_btf_cache; // core/linux/bpf_btf.c
struct kl_holders;       // core/linux/holders.h

struct kl_kernel {
  struct kl_arena *arena;
  struct kl_image *image;
  const struct kl_limits *limits;
  struct kl_diagnostics *diagnostics;

  struct kl_paging paging;
  struct kl_space space; // the kernel's own
  struct kl_btf *btf;
  struct kl_symbols *symbols;

  struct kl_bpf_btf_cache *bpf_btfs; // null until the first is asked for
  struct kl_holders *holders;        // null until they are asked for

  struct kl_field fields[KL_FIELD_COUNT];
  struct {
    bool present;
    uint64_t bytes;
    uint32_t type;
  } types[KL_TYPE_COUNT];
  struct {
    bool present;
    int64_t value;
  } enums[KL_ENUM_COUNT];
  struct {
    bool present;
    uint64_t address;
  } known[KL_SYMBOL_COUNT];

  // Facts. All addresses are virtual unless they say phys; 0: not known.
  char release[65];      // NUL-terminated
  char version[512];     // the banner, NUL-terminated, without its newline
  char build_id[41];     // hex, NUL-terminated; empty: not known
  uint64_t root;         // physical: the kernel's page-table root
  uint64_t image_base;   // _text
  uint64_t image_phys;   // where _text lies
  uint64_t kaslr_offset; // zero is a fact (nokaslr) where it is known
  bool kaslr_known;
  uint64_t image_to_phys;    // x86-64: phys = va - __START_KERNEL_map + phys_base, arm64: va - kimage_voffset; as
                             // one number: phys = va - image_to_phys (modulo 2^64)
  uint64_t direct_map_base;  // virtual address of physical 0 would-be: va = phys + direct_map_base (modulo 2^64)
  uint64_t direct_map_start; // the lowest mapped direct-map address: what the kernel calls PAGE_OFFSET
  uint64_t vmemmap_base;     // virtual: struct page of pfn 0 would-be
  uint64_t btf_phys, btf_bytes;
  uint32_t cpus;                   // possible CPUs
  uint64_t per_cpu_offset_address; // of __per_cpu_offset[]; 0: see per_cpu_unknown
  bool per_cpu_unknown;            // several CPUs, but no __per_cpu_offset; else without it: a UP kernel
  struct kl_bytes vmcoreinfo;      // whole text; n is 0 when none was found
  char found_by[512];              // "vmcoreinfo note; BTF by __start_BTF; ...": for people
  char confirmed_by[512];
};

// Typed reads. object: virtual address of the struct. A field that this kernel
// lacks is KL_ERR_NOT_FOUND.
enum kl_status kl_read(struct kl_kernel *k, uint64_t va, void *dst, size_t n) KL_MUST_USE;
enum kl_status kl_read_u64(struct kl_kernel *k, uint64_t va, uint64_t *ret) KL_MUST_USE;
enum kl_status kl_read_u32(struct kl_kernel *k, uint64_t va, uint32_t *ret) KL_MUST_USE;
// An integer, pointer, enum or bitfield of up to 8 bytes; signed ones are
// sign-extended. arm64 pointers come as they are stored: kl_get_pointer strips.
enum kl_status kl_get(struct kl_kernel *k, uint64_t object, enum kl_field_id field, uint64_t *ret) KL_MUST_USE;
enum kl_status kl_get_pointer(struct kl_kernel *k, uint64_t object, enum kl_field_id field,
                              uint64_t *ret) KL_MUST_USE;
// The address of a member, of the object around a member.
enum kl_status kl_member(const struct kl_kernel *k, uint64_t object, enum kl_field_id field,
                         uint64_t *ret) KL_MUST_USE;
enum kl_status kl_container(const struct kl_kernel *k, uint64_t member, enum kl_field_id field,
                            uint64_t *ret) KL_MUST_USE;
// A char array member up to its NUL, or a NUL-terminated string anywhere: at
// most capacity bytes, not terminated. KL_ERR_LIMIT when there was no NUL within
// capacity (the bytes are given all the same); an array that its text fills is
// whole.
enum kl_status kl_get_text(struct kl_kernel *k, uint64_t object, enum kl_field_id field, char *dst, size_t capacity,
                           size_t *ret) KL_MUST_USE;
enum kl_status kl_read_string(struct kl_kernel *k, uint64_t va, char *dst, size_t capacity,
                              size_t *ret) KL_MUST_USE;

static inline bool kl_has(const struct kl_kernel *k, enum kl_field_id field) {
  return k->fields[field].present;
}
// The first of two forms that this kernel has (both may be absent: then b).
static inline enum kl_field_id kl_either(const struct kl_kernel *k, enum kl_field_id a, enum kl_field_id b) {
  return kl_has(k, a) ? a : b;
}

// Built for one CPU (CONFIG_SMP=n): what other kernels keep for each CPU is there
// once, and what they say of CPUs is not said.
static inline bool kl_is_uniprocessor(const struct kl_kernel *k) {
  return !k->per_cpu_offset_address && !k->per_cpu_unknown;
}
// __per_cpu_offset[cpu]. KL_ERR_NOT_FOUND: no such CPU.
enum kl_status kl_per_cpu_offset(struct kl_kernel *k, uint32_t cpu, uint64_t *ret) KL_MUST_USE;
// The address of a per-CPU variable on a CPU, from its kallsyms address (which
// is zero-based on x86-64 up to 6.14, and a real address elsewhere) or from a
// per-CPU pointer stored in memory: both only add the offset.
enum kl_status kl_per_cpu_address(struct kl_kernel *k, uint64_t variable, uint32_t cpu, uint64_t *ret) KL_MUST_USE;

#endif
