// Questions that are not rows: bytes at an address, a translation, a type.
//
//   struct kl_place place;
//   kl_place_parse(dump, "v:42:0x7ffd1000", 15, &place);
//   kl_memory_open(dump, &place, block, kl_memory_bytes(), &memory);
//   kl_memory_read(memory, place.address, bytes, 64);
#ifndef KERNLENS_INSPECT_H
#define KERNLENS_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernlens/status.h"

struct kl_dump;
struct kl_text; // base/text.h

// ── Places ─────────────────────────────────────────────────────────────────

enum kl_place_kind {
  KL_PLACE_KERNEL,   // virtual, as the kernel sees it
  KL_PLACE_PROCESS,  // virtual, as a process sees it
  KL_PLACE_PHYSICAL, // guest-physical
};

struct kl_place {
  enum kl_place_kind kind;
  uint64_t pid; // PROCESS
  uint64_t address;
};

// The address as people write it: p:EXPRESSION (physical), v:EXPRESSION or just
// EXPRESSION (virtual, the kernel's), v:PID:EXPRESSION (a process's).
// EXPRESSION: 0xHEX, decimal or a symbol's name, joined by + and -.
// KL_ERR_ARGUMENT: not of this form; KL_ERR_NOT_FOUND: no such symbol. *bad
// (may be null) is then the offset of the term that is wrong.
enum kl_status kl_place_parse(struct kl_dump *dump, const char *text, size_t n, struct kl_place *ret,
                              size_t *bad) KL_MUST_USE;

// Writes name or name+0x10 for a kernel address, nothing when no symbol is near.
void kl_symbol_print(struct kl_dump *dump, uint64_t address, struct kl_text *out);

// ── Memory ─────────────────────────────────────────────────────────────────

struct kl_memory; // opaque; lives in the caller's memory

// Bytes of a page frame of an attached dump: 4096, 16384 or 65536.
uint64_t kl_page_bytes(const struct kl_dump *dump);

// Bytes of a kl_memory (aligned to 16 by the caller): some 100 KiB.
size_t kl_memory_bytes(void);
// Opens the space that a place lies in. block is borrowed until it is no longer
// used. All but KL_PLACE_PHYSICAL want an attached dump (KL_ERR_ARGUMENT).
// PROCESS: KL_ERR_NOT_FOUND when there is no such pid; KL_ERR_UNMAPPED when it
// has no memory of its own (a kernel thread).
enum kl_status kl_memory_open(struct kl_dump *dump, const struct kl_place *place, void *block, size_t bytes,
                              struct kl_memory **ret) KL_MUST_USE;
// Copies [address, address + n): all or nothing.
enum kl_status kl_memory_read(struct kl_memory *memory, uint64_t address, void *dst, size_t n) KL_MUST_USE;

struct kl_translated {
  const char *state; // present, none, prot_none, swap, migration, other: a static string
  bool mapped;       // physical is known
  uint64_t physical;
  uint64_t page_bytes;
  uint64_t entry; // as it lies in memory
  uint8_t level;  // 0: the last
  bool writable, executable, user, dirty, accessed;
  bool swapped; // swap_type and swap_offset are known
  uint64_t swap_type, swap_offset;
  uint64_t root; // of the tables that were walked; 0: a physical address was asked
};

// KL_OK also where nothing is mapped: state tells. Errors are those of reading
// the tables.
enum kl_status kl_memory_translate(struct kl_memory *memory, uint64_t address,
                                   struct kl_translated *ret) KL_MUST_USE;

// How the dump holds a physical address: file, zero, filtered or absent, and
// where in the file (0 unless file).
const char *kl_physical_state(struct kl_dump *dump, uint64_t physical, uint64_t *file_offset);

// ── Types ──────────────────────────────────────────────────────────────────

struct kl_btf;

struct kl_type_place {
  const struct kl_btf *btf; // the one that type is of: the kernel's, or a module's; lives as long as the dump
  uint32_t type;            // BTF type id
  uint64_t offset;          // of it from the start of the object that was named, bytes
  uint32_t others;          // further types of the same name and kind
};

// [BTF:]NAME, then members: "task_struct", "struct page", "union thread_union",
// "task_struct.se.vruntime", "xfs:xfs_inode", "bpf:5:key", "#96". NAME alone is a struct, a
// union, an enum or another type, in this order; of several with one name the
// one that kernlens itself reads, or the first. Types of the kernel come before
// those of modules and BPF programs. KL_ERR_NOT_FOUND: no such type (*bad, may
// be null, is 0) or member (*bad is the offset of the members).
// KL_ERR_UNSUPPORTED: a bitfield.
enum kl_status kl_type_find(struct kl_dump *dump, const char *text, size_t n, struct kl_type_place *ret,
                            size_t *bad) KL_MUST_USE;
// Bytes of a type; false for void, functions and forward declarations.
bool kl_type_bytes(const struct kl_type_place *type, uint64_t *ret);
// Its C declaration; with layout: offsets, sizes and holes as comments.
enum kl_status kl_type_declare(const struct kl_type_place *type, bool layout, struct kl_text *out) KL_MUST_USE;
// The value of that type at an address (offset is not added), as C initialisers
// or JSON. Bytes past the first that can't be read are shown as unreadable:
// *lost (may be null) then says why, and is KL_OK otherwise. An error when there
// is no first byte. Cap: the limit value_bytes.
enum kl_status kl_type_value(struct kl_dump *dump, struct kl_memory *memory, const struct kl_type_place *type,
                             uint64_t address, bool json, struct kl_text *out, enum kl_status *lost) KL_MUST_USE;

#endif
