// Linux's own bits in page-table entries.
#include "kernel/software_bits.h"

#include "base/bytes.h"

static const uint64_t PROT_NONE_OLD = 1ull << 58;
static const uint64_t PROT_NONE_NEW = 1ull << 11; // shared with nG: in every user entry

enum { MAX_SWAP_TYPES = 32 }; // 1 << MAX_SWAPFILES_SHIFT

// protection_map[0] is PAGE_NONE: what an entry without any access looks like.
// The bit moved with "arm64/mm: Remove PTE_PROT_NONE bit" in 6.11.
static void learn_prot_none(struct kl_kernel *k) {
  uint64_t none;
  if (!k->known[KL_S_protection_map].present ||
      kl_read_u64(k, k->known[KL_S_protection_map].address, &none) != KL_OK || none & 1)
    return;
  if (none & PROT_NONE_OLD)
    k->paging.prot_none_bit = PROT_NONE_OLD;
  else if (none & PROT_NONE_NEW)
    k->paging.prot_none_bit = PROT_NONE_NEW;
}

// arch/arm64/include/asm/pgtable.h, __SWP_TYPE_SHIFT: the move of PROT_NONE
// moved the fields too; before, 5.19 took a bit for PG_anon_exclusive.
static void learn_swap_layout(struct kl_kernel *k) {
  struct kl_paging *p = &k->paging;
  if (!p->prot_none_bit)
    return;
  bool moved = p->prot_none_bit == PROT_NONE_NEW, exclusive = k->enums[KL_E_pageflags_PG_anon_exclusive].present;
  p->swap_type_shift = moved ? 6 : exclusive ? 3 : 2;
  p->swap_type_bits = moved || exclusive ? 5 : 6;
  p->swap_offset_shift = moved ? 12 : 8;
}

void kl_learn_software_bits(struct kl_kernel *k) {
  uint32_t files;
  if (k->paging.arch == KL_ARCH_AARCH64) {
    learn_prot_none(k);
    learn_swap_layout(k);
  }
  if (k->known[KL_S_nr_swapfiles].present && kl_read_u32(k, k->known[KL_S_nr_swapfiles].address, &files) == KL_OK &&
      files <= MAX_SWAP_TYPES) {
    k->paging.swap_files_known = true;
    k->paging.swap_files = (uint8_t)files;
  }
}
