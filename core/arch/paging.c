// Translation of one address, and what is common to both machines.
#include "arch/paging.h"

#include "arch/entry.h"
#include "base/bytes.h"
#include "base/memory.h"

bool kl_paging_valid(const struct kl_paging *paging) {
  if (paging->arch == KL_ARCH_X86_64)
    return paging->granule_shift == 12 &&
           ((paging->levels == 4 && paging->va_bits == 48) || (paging->levels == 5 && paging->va_bits == 57));
  if (paging->arch != KL_ARCH_AARCH64)
    return false;
  if (paging->granule_shift != 12 && paging->granule_shift != 14 && paging->granule_shift != 16)
    return false;
  if (paging->levels < 1 || paging->levels > KL_PAGING_MAX_LEVELS || paging->va_bits > 52)
    return false;
  unsigned top = kl_level_shift(paging, paging->levels - 1u);
  return paging->va_bits > top && paging->va_bits - top <= paging->granule_shift - 3u;
}

// x86-64 extends bit va_bits - 1; arm64 has a hole of its own above each half's
// va_bits, so that its bit va_bits - 1 is free.
bool kl_is_canonical(const struct kl_paging *paging, uint64_t va) {
  unsigned low = paging->arch == KL_ARCH_X86_64 ? paging->va_bits - 1u : paging->va_bits;
  uint64_t high = va >> low;
  return high == 0 || high == ~0ull >> low;
}

uint64_t kl_paging_root(const struct kl_paging *paging, uint64_t value) {
  if (paging->arch != KL_ARCH_AARCH64)
    return value & 0x000ffffffffff000 & ~paging->sme_mask;
  uint64_t root = value & 0x0000ffffffffffc0;
  if (paging->lpa || paging->lpa2) // BADDR[51:48] in bits 5:2 (Arm ARM, TTBR1_EL1)
    root |= (value & 0x3c) << 46;
  return root;
}

uint64_t kl_paging_strip(const struct kl_paging *paging, uint64_t va) {
  if (paging->arch != KL_ARCH_AARCH64)
    return va;
  // Bit 55 says which half; the top byte may be a tag.
  uint64_t loose = (paging->pac_mask | 0xff00000000000000) & ~(1ull << 55);
  return va >> 55 & 1 ? va | loose : va & ~loose;
}

void kl_paging_entry(const struct kl_paging *paging, unsigned level, bool kernel, uint8_t rights, uint64_t raw,
                     struct kl_entry *ret) {
  if (paging->arch == KL_ARCH_X86_64)
    kl_x86_64_entry(paging, level, kernel, rights, raw, ret);
  else
    kl_aarch64_entry(paging, level, kernel, rights, raw, ret);
}

void kl_swap_classify(const struct kl_paging *paging, uint64_t type, uint64_t offset, unsigned physical_bits,
                      struct kl_translation *ret) {
  ret->swap_type = type;
  ret->swap_offset = offset;
  if (paging->migration_count && type >= paging->migration_first &&
      type - paging->migration_first < paging->migration_count) {
    ret->state = KL_ENTRY_MIGRATION;
    // Above the pfn lie young and dirty: 2e3468778dbe ("mm: remember young/dirty
    // bit for page migrations") in 6.1.
    ret->swap_offset = offset & ((1ull << (physical_bits - paging->granule_shift)) - 1);
  } else if (!paging->swap_files_known || type < paging->swap_files) {
    ret->state = KL_ENTRY_SWAP;
  } else {
    ret->state = KL_ENTRY_OTHER;
  }
}

enum kl_status kl_paging_translate(const struct kl_paging *paging, struct kl_image *image, uint64_t root,
                                   uint64_t va, struct kl_translation *ret) {
  if (!kl_paging_valid(paging))
    return KL_ERR_ARGUMENT;
  if (!kl_is_canonical(paging, va))
    return KL_ERR_UNMAPPED;
  bool kernel = kl_is_kernel_half(va);
  uint8_t rights = KL_RIGHTS_ALL;
  uint64_t table = kl_root_table(paging, root);
  for (unsigned level = paging->levels; level-- > 0;) {
    uint8_t raw[8];
    KL_TRY(kl_image_read(image, table + 8 * kl_level_index(paging, level, va), raw, sizeof raw));
    struct kl_entry entry;
    kl_paging_entry(paging, level, kernel, rights, kl_le64(raw), &entry);
    if (!entry.is_table) {
      *ret = entry.leaf;
      if (ret->state == KL_ENTRY_PRESENT || ret->state == KL_ENTRY_PROT_NONE)
        ret->phys += va & (ret->page_bytes - 1);
      return KL_OK;
    }
    rights = entry.rights;
    table = entry.table;
  }
  return KL_ERR_INTERNAL; // the last level has no tables below it
}
