// Linux's own bits in page-table entries.
#include "kernel/software_bits.h"

#include "base/bytes.h"

static const uint64_t PROT_NONE_OLD = 1ull << 58;
static const uint64_t PROT_NONE_NEW = 1ull << 11; // shared with nG: in every user entry

enum { MAX_SWAP_TYPES = 32 }; // 1 << MAX_SWAPFILES_SHIFT

// protection_map[0] is PAGE_NONE: what an entry without any access looks like.
// The bit moved with "arm64/mm: Remove PTE_PROT_NONE bit" in 6.10 or 6.11. A
// kernel that does not name the map tells by what else it has: thread_group
// left in 6.7, enum pagetype came in 6.12.
static uint64_t prot_none_bit(struct kl_kernel *k) {
  uint64_t none;
  if (k->known[KL_S_protection_map].present &&
      kl_read_u64(k, k->known[KL_S_protection_map].address, &none) == KL_OK && !(none & 1)) {
    if (none & PROT_NONE_OLD)
      return PROT_NONE_OLD;
    if (none & PROT_NONE_NEW)
      return PROT_NONE_NEW;
  }
  if (kl_has(k, KL_F_task_struct_thread_group))
    return PROT_NONE_OLD;
  return k->enums[KL_E_pagetype_PGTY_buddy].present ? PROT_NONE_NEW : 0;
}

// arch/arm64/include/asm/pgtable.h, __SWP_TYPE_SHIFT: the move of PROT_NONE
// moved the fields too; before, 5.19 took a bit for PG_anon_exclusive.
static void learn_arm64(struct kl_kernel *k) {
  struct kl_paging *p = &k->paging;
  p->prot_none_bit = prot_none_bit(k);
  if (!p->prot_none_bit)
    return;
  bool moved = p->prot_none_bit == PROT_NONE_NEW, exclusive = k->enums[KL_E_pageflags_PG_anon_exclusive].present;
  p->swap_type_shift = moved ? 6 : exclusive ? 3 : 2;
  p->swap_type_bits = moved || exclusive ? 5 : 6;
  p->swap_offset_shift = moved ? 12 : 8;
}

void kl_learn_software_bits(struct kl_kernel *k) {
  uint32_t files;
  if (k->paging.arch == KL_ARCH_AARCH64)
    learn_arm64(k);
  if (k->known[KL_S_nr_swapfiles].present && kl_read_u32(k, k->known[KL_S_nr_swapfiles].address, &files) == KL_OK &&
      files <= MAX_SWAP_TYPES) {
    k->paging.swap_files_known = true;
    k->paging.swap_files = (uint8_t)files;
  }
}
