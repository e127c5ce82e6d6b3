// The pages of a BPF arena.
#include "linux/bpf_arena.h"

#include "base/checked.h"

enum { GUARD_BYTES = 64 << 10 };
#define ARENA_MAX (4ull << 30)

// Since 2026 a fault maps scratch_page where nothing was allocated.
static uint64_t scratch_of(struct kl_kernel *k, uint64_t arena) {
  uint64_t page = 0;
  if (!k->types[KL_T_page].present || !k->types[KL_T_page].bytes || !kl_has(k, KL_F_bpf_arena_scratch_page) ||
      kl_get_pointer(k, arena, KL_F_bpf_arena_scratch_page, &page) != KL_OK || !page)
    return UINT64_MAX;
  return (page - k->vmemmap_base) / k->types[KL_T_page].bytes << k->paging.granule_shift;
}

enum kl_status kl_bpf_arena_open(struct kl_bpf_arena *a, struct kl_kernel *k, struct kl_budget *budget,
                                 const struct kl_bpf_map *map) {
  *a = (struct kl_bpf_arena){.kernel = k, .budget = budget};
  uint64_t vm, address, page_bytes = 1ull << k->paging.granule_shift, guard, bytes;
  KL_TRY(kl_get_pointer(k, map->address, KL_F_bpf_arena_kern_vm, &vm));
  KL_TRY(kl_get_pointer(k, vm, KL_F_vm_struct_addr, &address));
  KL_TRY(kl_get(k, map->address, KL_F_bpf_arena_user_vm_start, &a->user_start));
  // The kernel's offset is the low half of the user address (arena_vm_fault).
  uint64_t low = (uint32_t)a->user_start;
  if (!kl_round_up(GUARD_BYTES, 2 * page_bytes, &guard) || !kl_mul(map->max_entries, page_bytes, &bytes) ||
      low + bytes > ARENA_MAX || !kl_add(address, guard / 2 + low, &a->start) || a->start + bytes < a->start ||
      a->start & (page_bytes - 1))
    return KL_ERR_MALFORMED;
  a->scratch = scratch_of(k, map->address);
  kl_leaf_walk_init(&a->walk, &k->paging, k->image, k->root, a->start, a->start + bytes);
  return KL_OK;
}

enum kl_status kl_bpf_arena_next(struct kl_bpf_arena *a, struct kl_bpf_arena_page *ret) {
  struct kl_translation leaf;
  for (;;) {
    KL_TRY(kl_leaf_walk_next(&a->walk, a->budget, &ret->kernel_address, &leaf));
    if (leaf.state != KL_ENTRY_PRESENT || leaf.phys == a->scratch)
      continue;
    // A leaf that begins before the arena is none of its pages.
    if (ret->kernel_address < a->start || leaf.page_bytes > 1ull << a->kernel->paging.granule_shift)
      return KL_ERR_MALFORMED;
    uint64_t offset = ret->kernel_address - a->start;
    ret->page = offset >> a->kernel->paging.granule_shift;
    ret->user_address = a->user_start ? a->user_start + offset : 0;
    ret->physical = leaf.phys;
    return KL_OK;
  }
}
