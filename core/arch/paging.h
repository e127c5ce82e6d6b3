// Address translation: from a virtual address and a page-table root to a
// physical address, for x86-64 and arm64.
#ifndef KL_ARCH_PAGING_H
#define KL_ARCH_PAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/budget.h"
#include "image/image.h"

enum kl_arch { KL_ARCH_UNKNOWN, KL_ARCH_X86_64, KL_ARCH_AARCH64 };

// How this kernel's page tables are built. Filled by attach.
struct kl_paging {
  enum kl_arch arch;
  uint8_t granule_shift; // 12, 14, 16
  uint8_t levels;        // of the kernel's tables: x86-64 4 or 5; arm64 2 to 5
  uint8_t va_bits;       // 48, 57; arm64 36 to 52 (64 - T1SZ)
  bool lpa2;             // arm64 4K and 16K: 52-bit output addresses (TCR.DS)
  bool lpa;              // arm64 64K: 52-bit output addresses
  uint64_t sme_mask;     // x86-64: bits of an entry that mean encryption, or 0
  uint64_t pac_mask;     // arm64: bits of a pointer that may hold a signature
  // arm64: the bit that says "a page is there, but no access" in an entry for a
  // block that is not valid: 1 << 58, later 1 << 11. 0: unknown, and such
  // entries are KL_ENTRY_OTHER (in the last table they are known without it).
  uint64_t prot_none_bit;
  // arm64: a swap entry's fields. offset_shift 0: unknown, and entries that are
  // not present are KL_ENTRY_OTHER. x86-64 has one form only.
  uint8_t swap_type_shift, swap_type_bits, swap_offset_shift;
  // Types from swap_files on are not swap files but markers, migration, poison
  // (KL_ENTRY_OTHER, type and offset given). Not known: every type is a swap.
  bool swap_files_known;
  uint8_t swap_files;
  // Swap types that mean "this page is being moved". count 0: not known.
  uint8_t migration_first, migration_count;
};

enum kl_entry_state {
  KL_ENTRY_PRESENT,
  KL_ENTRY_NONE,      // all zero
  KL_ENTRY_PROT_NONE, // a page is there; user may not touch it (phys is valid)
  KL_ENTRY_SWAP,      // swap_type and swap_offset are valid
  KL_ENTRY_MIGRATION, // swap_offset is a pfn
  KL_ENTRY_OTHER,     // another form: a marker, a reserved combination of bits; see entry
};

struct kl_translation {
  enum kl_entry_state state;
  uint64_t phys;       // of the address asked for (PRESENT, PROT_NONE)
  uint64_t page_bytes; // of the leaf: 4 KiB to 1 GiB (or what ends here for NONE)
  uint64_t entry;      // the raw leaf, or the entry at which the walk ended
  uint8_t level;       // 0 = last-level table
  // What the whole path from the root allows. executable: at the privilege of
  // the address (user addresses by users, kernel addresses by the kernel).
  bool writable, executable, user;
  bool dirty, accessed; // of the leaf
  bool special;         // Linux keeps no count for what it leads to: devices, the zero page
  uint64_t swap_type, swap_offset;
};

// Walks root (physical, flags in low bits are stripped) for va. KL_OK also when
// nothing is mapped: ret->state tells. Errors are those of reading the tables:
// KL_ERR_ABSENT, KL_ERR_FILTERED, KL_ERR_IO; KL_ERR_UNMAPPED for a va that is
// not canonical. Cost: at most 5 reads, each a step of nothing: the caller
// spends.
enum kl_status kl_paging_translate(const struct kl_paging *paging, struct kl_image *image, uint64_t root,
                                   uint64_t va, struct kl_translation *ret) KL_MUST_USE;

// False when the numbers do not fit together (no arch, no such granule, more
// levels than the address has bits for). Then nothing translates:
// KL_ERR_ARGUMENT.
bool kl_paging_valid(const struct kl_paging *paging);

// The physical address of the top table in a CR3, TTBR0_EL1 or TTBR1_EL1:
// without PCID, ASID and flags, and with arm64's high bits moved where they
// belong.
uint64_t kl_paging_root(const struct kl_paging *paging, uint64_t value);

// A pointer without tag and signature, and sign-extended: what can be
// translated. x86-64: unchanged.
uint64_t kl_paging_strip(const struct kl_paging *paging, uint64_t va);

// A cursor over all leaves of a root between two addresses, in order. Absent
// subtrees are stepped over, and so is a table that the entry right before it
// names too (KASAN's shadow of unused memory; a table that maps itself all
// over): what such a table holds is given once, the rest is counted.
enum { KL_PAGING_MAX_LEVELS = 5, KL_LEAF_WALK_ENTRIES = 32 };
struct kl_leaf_walk {
  const struct kl_paging *paging;
  struct kl_image *image;
  uint64_t next, last;     // both included
  uint64_t repeated_bytes; // virtual, in tables that were stepped over as equal
  bool done;
  uint8_t top, level; // level of the table that is being read; 0 = last
  struct {
    uint64_t table;    // physical
    uint64_t previous; // the entry given before the next one, when all of it was walked
    uint8_t rights;
  } at[KL_PAGING_MAX_LEVELS];
  // A run of entries of one table, read together.
  uint64_t run_phys; // of entries[0]
  uint8_t run_count; // 0: none
  uint64_t entries[KL_LEAF_WALK_ENTRIES];
};
// end is exclusive; 0 means up to 2^64. arm64: a root holds one half of the
// addresses only, so the walk stays in the half of start.
void kl_leaf_walk_init(struct kl_leaf_walk *walk, const struct kl_paging *paging, struct kl_image *image,
                       uint64_t root, uint64_t start, uint64_t end);
// The next entry whose state is not NONE: its virtual address and what it
// says (the address of the entry's first byte, also when start lies inside
// it). KL_END after the last. A table that can't be read is returned once as
// an error with *va set to where it starts; the walk goes on behind it.
// KL_ERR_BUDGET ends nothing: with more steps the walk goes on. Spends one
// step a table entry looked at.
enum kl_status kl_leaf_walk_next(struct kl_leaf_walk *walk, struct kl_budget *budget, uint64_t *va,
                                 struct kl_translation *ret) KL_MUST_USE;

// A virtual address space: a root with a small translation cache. Addresses
// must be canonical: kl_paging_strip takes tags and signatures off first.
enum { KL_SPACE_CACHE = 256 };
struct kl_space {
  const struct kl_paging *paging;
  struct kl_image *image;
  uint64_t kernel_root; // for kernel addresses
  uint64_t user_root;   // for user addresses; arm64: TTBR0; 0: kernel only
  struct {
    uint64_t page; // virtual page number + 1; 0: empty
    uint64_t phys; // of that page
  } cache[KL_SPACE_CACHE];
};
void kl_space_init(struct kl_space *space, const struct kl_paging *paging, struct kl_image *image,
                   uint64_t kernel_root, uint64_t user_root);

// The physical address of va. KL_ERR_UNMAPPED when nothing is mapped there
// (PROT_NONE pages are mapped for this purpose).
enum kl_status kl_space_phys(struct kl_space *space, uint64_t va, uint64_t *ret) KL_MUST_USE;
// Copies [va, va + n): all or nothing; translates each page.
enum kl_status kl_space_read(struct kl_space *space, uint64_t va, void *dst, size_t n) KL_MUST_USE;

#endif
