// arm64 page-table entries: Arm ARM, VMSAv8-64 stage 1 descriptors; the
// software bits: arch/arm64/include/asm/pgtable-prot.h and pgtable.h.
#include "arch/entry.h"
#include "base/memory.h"

enum {
  VALID = 1 << 0,
  TABLE = 1 << 1, // in the last table: a page
  AP_USER = 1 << 6,
  AP_READ_ONLY = 1 << 7,
  ACCESSED = 1 << 10,
};
static const uint64_t DIRTY_MANAGED = 1ull << 51; // also: Linux allows to write here
static const uint64_t KERNEL_NO_EXECUTE = 1ull << 53;
static const uint64_t USER_NO_EXECUTE = 1ull << 54;
static const uint64_t SOFTWARE_DIRTY = 1ull << 55;
static const uint64_t SPECIAL = 1ull << 56; // software
static const uint64_t OLD_PROT_NONE = 1ull << 58;
static const uint64_t OLD_SPLITTING = 1ull << 59; // PMD_PRESENT_INVALID, together with OLD_PROT_NONE's kernels

// In a table descriptor: what no entry below may grant.
static const uint64_t TABLE_KERNEL_NO_EXECUTE = 1ull << 59;
static const uint64_t TABLE_USER_NO_EXECUTE = 1ull << 60;
static const uint64_t TABLE_NO_USER = 1ull << 61;
static const uint64_t TABLE_READ_ONLY = 1ull << 62;

static unsigned physical_bits(const struct kl_paging *paging) {
  return paging->lpa || paging->lpa2 ? 52 : 48;
}

// The output address, at the granule: blocks mask more off.
static uint64_t address(const struct kl_paging *paging, uint64_t raw) {
  uint64_t page = ~((1ull << paging->granule_shift) - 1);
  if (paging->lpa2) // bits 51:50 are in 9:8
    return (raw & 0x0003ffffffffffff & page) | (raw & 0x300) << 42;
  uint64_t low = raw & 0x0000ffffffffffff & page;
  if (paging->lpa) // bits 51:48 are in 15:12
    low |= (raw & 0xf000) << 36;
  return low;
}

// The highest level whose entries may be blocks, by granule.
static unsigned highest_block(const struct kl_paging *paging) {
  switch (paging->granule_shift) {
  case 12:
    return paging->lpa2 ? 3 : 2;
  case 14:
    return paging->lpa2 ? 2 : 1;
  default:
    return paging->lpa ? 2 : 1;
  }
}

static uint8_t narrowed_by_table(uint8_t rights, uint64_t raw) {
  if (raw & TABLE_READ_ONLY)
    rights &= (uint8_t)~KL_RIGHT_WRITE;
  if (raw & TABLE_NO_USER)
    rights &= (uint8_t)~KL_RIGHT_USER;
  if (raw & TABLE_KERNEL_NO_EXECUTE)
    rights &= (uint8_t)~KL_RIGHT_KERNEL_EXECUTE;
  if (raw & TABLE_USER_NO_EXECUTE)
    rights &= (uint8_t)~KL_RIGHT_USER_EXECUTE;
  return rights;
}

static void leaf(const struct kl_paging *paging, bool kernel, uint8_t rights, uint64_t raw,
                 struct kl_translation *ret) {
  ret->phys = address(paging, raw) & ~(ret->page_bytes - 1);
  // A clean page that may be written is read-only until the first write.
  ret->writable = rights & KL_RIGHT_WRITE && (!(raw & AP_READ_ONLY) || raw & DIRTY_MANAGED);
  bool user_executes = rights & KL_RIGHT_USER_EXECUTE && !(raw & USER_NO_EXECUTE);
  bool kernel_executes = rights & KL_RIGHT_KERNEL_EXECUTE && !(raw & KERNEL_NO_EXECUTE);
  ret->executable = kernel ? kernel_executes : user_executes;
  // A user page that may only be executed has AP_USER clear.
  ret->user = (rights & KL_RIGHT_USER && raw & AP_USER) || (!kernel && user_executes);
  ret->dirty = raw & SOFTWARE_DIRTY || (raw & DIRTY_MANAGED && !(raw & AP_READ_ONLY));
  ret->accessed = raw & ACCESSED;
  ret->special = raw & SPECIAL;
}

// In the last table every kernel leaves the page's second type bit set, which
// swap entries have clear; blocks have neither.
static bool present_for_linux(const struct kl_paging *paging, unsigned level, uint64_t raw) {
  if (level == 0)
    return raw & TABLE;
  if (raw & paging->prot_none_bit)
    return true;
  return paging->prot_none_bit == OLD_PROT_NONE && raw & OLD_SPLITTING;
}

static void not_valid(const struct kl_paging *paging, unsigned level, bool kernel, uint8_t rights, uint64_t raw,
                      struct kl_translation *ret) {
  if (!raw) {
    ret->state = KL_ENTRY_NONE;
  } else if (kernel) {
    ret->state = KL_ENTRY_OTHER; // taken away by set_memory_valid() and the like
  } else if (level <= highest_block(paging) && present_for_linux(paging, level, raw)) {
    ret->state = KL_ENTRY_PROT_NONE;
    leaf(paging, kernel, rights, raw, ret);
  } else if (level <= 2 && paging->swap_offset_shift && !(raw & (VALID | TABLE))) {
    uint64_t type = raw >> paging->swap_type_shift & ((1ull << paging->swap_type_bits) - 1);
    uint64_t offset = raw >> paging->swap_offset_shift & ((1ull << 50) - 1); // __SWP_OFFSET_BITS
    kl_swap_classify(paging, type, offset, physical_bits(paging), ret);
  } else {
    ret->state = KL_ENTRY_OTHER;
  }
}

void kl_aarch64_entry(const struct kl_paging *paging, unsigned level, bool kernel, uint8_t rights, uint64_t raw,
                      struct kl_entry *ret) {
  memset(ret, 0, sizeof *ret);
  ret->rights = rights;
  ret->leaf.entry = raw;
  ret->leaf.level = (uint8_t)level;
  ret->leaf.page_bytes = kl_level_bytes(paging, level);
  bool table_bit = raw & TABLE;
  if (!(raw & VALID)) {
    not_valid(paging, level, kernel, rights, raw, &ret->leaf);
  } else if (level > 0 && table_bit) {
    ret->is_table = true;
    ret->rights = narrowed_by_table(rights, raw);
    ret->table = address(paging, raw);
  } else if (level == 0 ? table_bit : level <= highest_block(paging)) {
    ret->leaf.state = KL_ENTRY_PRESENT;
    leaf(paging, kernel, rights, raw, &ret->leaf);
  } else {
    ret->leaf.state = KL_ENTRY_OTHER; // reserved: a fault for the processor
  }
}
