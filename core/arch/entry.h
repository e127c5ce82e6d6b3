// What one entry of a page table says: the part of translation that differs
// between machines. Inside core/arch only.
#ifndef KL_ARCH_ENTRY_H
#define KL_ARCH_ENTRY_H

#include "arch/paging.h"

// What the tables above an entry allow. All set at the root.
enum { KL_RIGHT_WRITE = 1, KL_RIGHT_USER = 2, KL_RIGHT_KERNEL_EXECUTE = 4, KL_RIGHT_USER_EXECUTE = 8 };
enum { KL_RIGHTS_ALL = 15 };

struct kl_entry {
  bool is_table;
  uint8_t rights; // what is left of the rights: for the next table
  uint64_t table; // physical address of the next table (is_table)
  // Otherwise: phys is that of the leaf's first byte.
  struct kl_translation leaf;
};

// level: of the table that holds the entry, 0 = last. kernel: the address that
// is looked up lies in the upper half.
void kl_x86_64_entry(const struct kl_paging *paging, unsigned level, bool kernel, uint8_t rights, uint64_t raw,
                     struct kl_entry *ret);
void kl_aarch64_entry(const struct kl_paging *paging, unsigned level, bool kernel, uint8_t rights, uint64_t raw,
                      struct kl_entry *ret);
void kl_paging_entry(const struct kl_paging *paging, unsigned level, bool kernel, uint8_t rights, uint64_t raw,
                     struct kl_entry *ret);

// The state of a swap entry with this type and offset, and both into ret.
void kl_swap_classify(const struct kl_paging *paging, uint64_t type, uint64_t offset, unsigned physical_bits,
                      struct kl_translation *ret);

// Bits of an address that one entry of a table of this level maps.
static inline unsigned kl_level_shift(const struct kl_paging *paging, unsigned level) {
  return paging->granule_shift + level * (paging->granule_shift - 3u);
}
static inline uint64_t kl_level_bytes(const struct kl_paging *paging, unsigned level) {
  return 1ull << kl_level_shift(paging, level);
}
// Entries of a table of this level: the top one may be smaller.
static inline uint64_t kl_level_entries(const struct kl_paging *paging, unsigned level) {
  unsigned bits =
      level + 1u == paging->levels ? paging->va_bits - kl_level_shift(paging, level) : paging->granule_shift - 3u;
  return 1ull << bits;
}
static inline uint64_t kl_level_index(const struct kl_paging *paging, unsigned level, uint64_t va) {
  return va >> kl_level_shift(paging, level) & (kl_level_entries(paging, level) - 1);
}
// The top table of a root that may still have flags in its low bits.
static inline uint64_t kl_root_table(const struct kl_paging *paging, uint64_t root) {
  return paging->arch == KL_ARCH_X86_64 ? kl_paging_root(paging, root) : root & ~63ull;
}
// The upper half of the address space.
static inline bool kl_is_kernel_half(uint64_t va) {
  return va >> 63;
}
bool kl_is_canonical(const struct kl_paging *paging, uint64_t va);

#endif
