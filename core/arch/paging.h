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
  // arm64: software bits of this kernel, found from memory or BTF-era facts
  // by attach (0: unknown).
  uint64_t prot_none_bit;
};

enum kl_entry_state {
  KL_ENTRY_PRESENT,
  KL_ENTRY_NONE,      // all zero
  KL_ENTRY_PROT_NONE, // a page is there; user may not touch it (phys is valid)
  KL_ENTRY_SWAP,      // swap_type and swap_offset are valid
  KL_ENTRY_MIGRATION, // swap_offset is a pfn
  KL_ENTRY_OTHER,     // another not-present form: see entry
};

struct kl_translation {
  enum kl_entry_state state;
  uint64_t phys;       // of the address asked for (PRESENT, PROT_NONE)
  uint64_t page_bytes; // of the leaf: 4 KiB to 1 GiB (or what ends here for NONE)
  uint64_t entry;      // the raw leaf, or the entry at which the walk ended
  uint8_t level;       // 0 = last-level table
  bool writable, executable, user, dirty, accessed;
  uint64_t swap_type, swap_offset;
};

// Walks root (physical, flags in low bits are stripped) for va. KL_OK also when
// nothing is mapped: ret->state tells. Errors are those of reading the tables:
// KL_ERR_ABSENT, KL_ERR_FILTERED, KL_ERR_IO; KL_ERR_UNMAPPED for a va that is
// not canonical. Cost: at most 5 reads, each a step of nothing: the caller
// spends.
enum kl_status kl_paging_translate(const struct kl_paging *paging, struct kl_image *image, uint64_t root,
                                   uint64_t va, struct kl_translation *ret) KL_MUST_USE;

// A pointer without tag and signature, and sign-extended: what can be
// translated. x86-64: unchanged.
uint64_t kl_paging_strip(const struct kl_paging *paging, uint64_t va);

// A cursor over all leaves of a root between two addresses, in order. Equal
// and absent subtrees are stepped over, never entry by entry.
enum { KL_PAGING_MAX_LEVELS = 5 };
struct kl_leaf_walk {
  const struct kl_paging *paging;
  struct kl_image *image;
  uint64_t root;
  uint64_t next, end; // end is exclusive; end 0 means up to 2^64
  bool done;
};
void kl_leaf_walk_init(struct kl_leaf_walk *walk, const struct kl_paging *paging, struct kl_image *image,
                       uint64_t root, uint64_t start, uint64_t end);
// The next entry whose state is not NONE: its virtual address and what it
// says. KL_END after the last. A table that can't be read is returned once as
// an error with *va set to where it starts; the walk goes on behind it.
// Spends one step a table entry looked at.
enum kl_status kl_leaf_walk_next(struct kl_leaf_walk *walk, struct kl_budget *budget, uint64_t *va,
                                 struct kl_translation *ret) KL_MUST_USE;

// A virtual address space: a root with a small translation cache.
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
