// x86-64 page-table entries: Intel SDM volume 3, chapter 4; the forms that are
// not present: arch/x86/include/asm/pgtable*.h.
#include "arch/entry.h"
#include "base/memory.h"

enum {
  PRESENT = 1 << 0,
  WRITE = 1 << 1,
  USER = 1 << 2,
  ACCESSED = 1 << 5,
  DIRTY = 1 << 6,
  SPECIAL = 1 << 9,  // software
  LARGE = 1 << 7,    // PS in a table above the last; PAT in the last
  PROTNONE = 1 << 8, // software, when PRESENT is clear (Global otherwise)
};
static const uint64_t NO_EXECUTE = 1ull << 63;
static const uint64_t ADDRESS = 0x000ffffffffff000;

// Entries in which only these are set count as empty: the hardware may set them
// by mistake (_PAGE_KNL_ERRATUM_MASK).
static const uint64_t STRAY = ACCESSED | DIRTY;

// Swap entries: the type in the top 5 bits, the offset inverted from bit 9 on.
enum { SWAP_TYPE_SHIFT = 59, SWAP_OFFSET_SHIFT = 9, SWAP_OFFSET_BITS = 50 };

static uint8_t narrowed(uint8_t rights, uint64_t raw, bool ignore_nx) {
  if (!(raw & WRITE))
    rights &= (uint8_t)~KL_RIGHT_WRITE;
  if (!(raw & USER))
    rights &= (uint8_t)~KL_RIGHT_USER;
  if (raw & NO_EXECUTE && !ignore_nx)
    rights &= (uint8_t) ~(KL_RIGHT_KERNEL_EXECUTE | KL_RIGHT_USER_EXECUTE);
  return rights;
}

static void leaf(const struct kl_paging *paging, uint64_t raw, uint64_t address, uint8_t rights, bool kernel,
                 struct kl_translation *ret) {
  ret->phys = address & ADDRESS & ~paging->sme_mask & ~(ret->page_bytes - 1);
  ret->writable = rights & KL_RIGHT_WRITE;
  ret->user = rights & KL_RIGHT_USER;
  ret->executable = rights & (kernel ? KL_RIGHT_KERNEL_EXECUTE : KL_RIGHT_USER_EXECUTE);
  ret->dirty = raw & DIRTY;
  ret->accessed = raw & ACCESSED;
  ret->special = raw & SPECIAL;
}

// Present for Linux though not for the processor: PROT_NONE, and huge pages
// that are being split (pmd_present()). Such entries hold their address
// inverted, so that speculation finds no memory there: 6b28baca9b1f
// ("x86/speculation/l1tf: Protect PROT_NONE PTEs against speculation") in 4.19.
static bool present_for_linux(unsigned level, uint64_t raw) {
  if (level == 0)
    return raw & PROTNONE;
  return level <= 2 && raw & LARGE;
}

static void not_present(const struct kl_paging *paging, unsigned level, bool kernel, uint8_t rights, uint64_t raw,
                        struct kl_translation *ret) {
  if (!(raw & ~STRAY)) {
    ret->state = KL_ENTRY_NONE;
  } else if (kernel) {
    ret->state = KL_ENTRY_OTHER; // taken away by set_memory_np() and the like
  } else if (present_for_linux(level, raw)) {
    ret->state = KL_ENTRY_PROT_NONE;
    leaf(paging, raw, ~raw, rights, kernel, ret);
  } else if (level <= 2) {
    uint64_t offset = ~raw >> SWAP_OFFSET_SHIFT & ((1ull << SWAP_OFFSET_BITS) - 1);
    kl_swap_classify(paging, raw >> SWAP_TYPE_SHIFT, offset, paging->levels == 5 ? 52 : 46, ret);
  } else {
    ret->state = KL_ENTRY_OTHER;
  }
}

void kl_x86_64_entry(const struct kl_paging *paging, unsigned level, bool kernel, uint8_t rights, uint64_t raw,
                     struct kl_entry *ret) {
  memset(ret, 0, sizeof *ret);
  ret->leaf.entry = raw;
  ret->leaf.level = (uint8_t)level;
  ret->leaf.page_bytes = kl_level_bytes(paging, level);
  // Page-table isolation sets NX on the kernel's view of user memory at the
  // root: __pti_set_user_pgtbl(). What the user may do is in the tables below.
  bool isolated = !kernel && level + 1u == paging->levels;
  ret->rights = narrowed(rights, raw, isolated);
  if (!(raw & PRESENT)) {
    not_present(paging, level, kernel, ret->rights, raw, &ret->leaf);
  } else if (level == 0 || raw & LARGE) {
    // The processor has no larger pages than 1 GiB.
    ret->leaf.state = level <= 2 ? KL_ENTRY_PRESENT : KL_ENTRY_OTHER;
    if (level <= 2)
      leaf(paging, raw, raw, ret->rights, kernel, &ret->leaf);
  } else {
    ret->is_table = true;
    ret->table = raw & ADDRESS & ~paging->sme_mask;
  }
}
