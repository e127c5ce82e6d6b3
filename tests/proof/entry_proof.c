// Page-table entries: for every paging a kernel can have, every level and every
// value of an entry.
#include "arch/entry.h"

#include "proof.h"

static struct kl_paging any_paging(void) {
  struct kl_paging paging = {0};
  paging.arch = any_bool() ? KL_ARCH_X86_64 : KL_ARCH_AARCH64;
  paging.granule_shift = any_u8();
  paging.levels = any_u8();
  paging.va_bits = any_u8();
  paging.lpa = any_bool();
  paging.lpa2 = any_bool();
  paging.sme_mask = any_u64();
  paging.prot_none_bit = any_u64();
  paging.swap_type_shift = any_u8();
  paging.swap_type_bits = any_u8();
  paging.swap_offset_shift = any_u8();
  paging.swap_files_known = any_bool();
  paging.swap_files = any_u8();
  paging.migration_first = any_u8();
  paging.migration_count = any_u8();
  // What attach puts there: an entry has 64 bits.
  ASSUME(paging.swap_type_shift < 64 && paging.swap_type_bits < 64 && paging.swap_offset_shift < 64);
  ASSUME(kl_paging_valid(&paging));
  return paging;
}

// An entry leads to a table below it or to a leaf, never both; rights are never
// gained; a leaf lies at a multiple of its size, in what 52 bits address.
void prove_entry(void) {
  struct kl_paging paging = any_paging();
  unsigned level = any_u8();
  ASSUME(level < paging.levels);
  bool kernel = any_bool();
  uint8_t rights = any_u8();
  ASSUME(rights <= KL_RIGHTS_ALL);
  uint64_t raw = any_u64();
  struct kl_entry entry;
  kl_paging_entry(&paging, level, kernel, rights, raw, &entry);
  PROVE((entry.rights & ~rights) == 0);
  if (entry.is_table) {
    PROVE(level > 0);
    PROVE(entry.table >> 52 == 0);
    PROVE((entry.table & 0xfff) == 0);
    return;
  }
  const struct kl_translation *leaf = &entry.leaf;
  PROVE(leaf->entry == raw && leaf->level == level);
  PROVE(leaf->page_bytes == kl_level_bytes(&paging, level));
  PROVE(raw || leaf->state == KL_ENTRY_NONE);
  if (leaf->state == KL_ENTRY_PRESENT || leaf->state == KL_ENTRY_PROT_NONE) {
    PROVE(leaf->phys >> 52 == 0);
    PROVE((leaf->phys & (leaf->page_bytes - 1)) == 0);
    PROVE(!leaf->writable || rights & KL_RIGHT_WRITE);
  } else {
    PROVE(leaf->phys == 0);
  }
  if (leaf->state == KL_ENTRY_PRESENT)
    PROVE(raw & 1);
  if (leaf->state == KL_ENTRY_NONE)
    PROVE(!leaf->writable && !leaf->executable && !leaf->user);
}

// Every index lies in its table, and the indices of an address together with
// the offset in its page are the address.
void prove_indices(void) {
  struct kl_paging paging = any_paging();
  uint64_t va = any_u64(), back = va & ((1ull << paging.granule_shift) - 1);
  for (unsigned level = 0; level < KL_PAGING_MAX_LEVELS && level < paging.levels; level++) {
    uint64_t index = kl_level_index(&paging, level, va);
    PROVE(index < kl_level_entries(&paging, level));
    PROVE(8 * kl_level_entries(&paging, level) <= 1ull << paging.granule_shift);
    back |= index << kl_level_shift(&paging, level);
  }
  PROVE(back == (va & ((1ull << paging.va_bits) - 1)));
}

// Taking tag and signature off leaves an address that can be translated, and is
// done once.
void prove_strip(void) {
  struct kl_paging paging = any_paging();
  ASSUME(paging.arch == KL_ARCH_AARCH64);
  paging.pac_mask = ~0ull << paging.va_bits;
  uint64_t va = any_u64(), stripped = kl_paging_strip(&paging, va);
  PROVE(kl_is_canonical(&paging, stripped));
  PROVE(kl_paging_strip(&paging, stripped) == stripped);
  PROVE((stripped & ((1ull << paging.va_bits) - 1)) == (va & ((1ull << paging.va_bits) - 1)));
}
