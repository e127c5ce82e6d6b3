// A virtual address space, and reads through it.
#include "arch/entry.h"
#include "arch/paging.h"
#include "base/checked.h"
#include "base/memory.h"

void kl_space_init(struct kl_space *space, const struct kl_paging *paging, struct kl_image *image,
                   uint64_t kernel_root, uint64_t user_root) {
  memset(space, 0, sizeof *space);
  space->paging = paging;
  space->image = image;
  space->kernel_root = kernel_root;
  space->user_root = user_root;
}

enum kl_status kl_space_phys(struct kl_space *space, uint64_t va, uint64_t *ret) {
  unsigned shift = space->paging->granule_shift;
  if (shift > 16)
    return KL_ERR_ARGUMENT;
  uint64_t page = va >> shift, in_page = va & ((1ull << shift) - 1);
  size_t slot = page % KL_SPACE_CACHE;
  if (space->cache[slot].page == page + 1 && shift) {
    *ret = space->cache[slot].phys + in_page;
    return KL_OK;
  }
  uint64_t root = kl_is_kernel_half(va) ? space->kernel_root : space->user_root;
  if (!root && !kl_is_kernel_half(va))
    return KL_ERR_UNMAPPED;
  struct kl_translation t;
  KL_TRY(kl_paging_translate(space->paging, space->image, root, va, &t));
  if (t.state != KL_ENTRY_PRESENT && t.state != KL_ENTRY_PROT_NONE)
    return KL_ERR_UNMAPPED;
  space->cache[slot].page = page + 1;
  space->cache[slot].phys = t.phys - in_page;
  *ret = t.phys;
  return KL_OK;
}

enum kl_status kl_space_read(struct kl_space *space, uint64_t va, void *dst, size_t n) {
  uint8_t *to = dst;
  uint64_t page_bytes = 1ull << (space->paging->granule_shift & 31);
  while (n) {
    size_t part = (size_t)kl_min(n, page_bytes - (va & (page_bytes - 1)));
    uint64_t phys;
    KL_TRY(kl_space_phys(space, va, &phys));
    KL_TRY(kl_image_read(space->image, phys, to, part));
    to += part;
    n -= part;
    if (n && !kl_add(va, part, &va))
      return KL_ERR_UNMAPPED; // past the end of the address space
  }
  return KL_OK;
}
