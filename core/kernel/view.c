// Physically contiguous guest memory: lent, or copied with its gaps known.
#include "kernel/view.h"

#include "base/checked.h"
#include "base/memory.h"

enum { PAGE_SHIFT = 12, PAGE_BYTES = 1 << PAGE_SHIFT };

void kl_view_of(struct kl_bytes bytes, struct kl_view *ret) {
  *ret = (struct kl_view){.all = bytes};
}

static enum kl_status copy_pages(struct kl_image *image, struct kl_view *view, uint8_t *bytes, uint8_t *pages) {
  bool lost = false;
  uint64_t at = view->phys, end = view->phys + view->all.n;
  for (size_t page = 0; at < end; page++) {
    size_t part = (size_t)kl_min(end - at, PAGE_BYTES - (at & (PAGE_BYTES - 1)));
    uint8_t *to = bytes + (at - view->phys);
    enum kl_status status = kl_image_read(image, at, to, part);
    if (status == KL_ERR_CANCELLED)
      return status;
    if (status != KL_OK) {
      memset(to, 0, part);
      lost = true;
    }
    pages[page] = (uint8_t)status;
    at += part;
  }
  if (lost)
    view->pages = pages;
  return KL_OK;
}

enum kl_status kl_view_open(struct kl_arena *arena, struct kl_image *image, uint64_t phys, uint64_t n,
                            struct kl_view *ret) {
  uint64_t end;
  size_t size;
  if (!kl_add(phys, n, &end))
    return KL_ERR_ARGUMENT;
  if (!kl_narrow(n, &size)) // more than this machine can address
    return KL_ERR_NO_MEMORY;
  *ret = (struct kl_view){.phys = phys};
  if (!n)
    return KL_OK;
  const uint8_t *lent;
  bool stable;
  if (kl_image_lend(image, phys, size, &lent, &stable) == KL_OK && stable) {
    ret->all = kl_bytes_of(lent, size);
    return KL_OK;
  }
  uint8_t *bytes, *pages;
  KL_TRY(kl_arena_take(arena, n, 1, 8, &bytes));
  KL_TRY(kl_arena_take(arena, ((end - 1) >> PAGE_SHIFT) - (phys >> PAGE_SHIFT) + 1, 1, 1, &pages));
  ret->all = kl_bytes_of(bytes, size);
  return copy_pages(image, ret, bytes, pages);
}

enum kl_status kl_view_at(const struct kl_view *view, uint64_t offset, size_t n, const uint8_t **ret) {
  struct kl_bytes slice;
  if (!kl_bytes_slice(view->all, offset, n, &slice))
    return KL_ERR_MALFORMED;
  if (view->pages && n) {
    uint64_t first = view->phys >> PAGE_SHIFT;
    uint64_t from = ((view->phys + offset) >> PAGE_SHIFT) - first;
    uint64_t to = ((view->phys + offset + n - 1) >> PAGE_SHIFT) - first;
    for (uint64_t page = from; page <= to; page++)
      if (view->pages[page] != KL_OK)
        return (enum kl_status)view->pages[page];
  }
  *ret = slice.p;
  return KL_OK;
}

bool kl_view_stretch(const struct kl_view *view, size_t *at, size_t *end) {
  uint64_t first = view->phys >> PAGE_SHIFT, stop = view->phys + view->all.n, from = view->phys + *at;
  while (view->pages && from < stop && view->pages[(from >> PAGE_SHIFT) - first] != KL_OK)
    from = (from | (PAGE_BYTES - 1)) + 1;
  uint64_t to = from;
  while (view->pages && to < stop && view->pages[(to >> PAGE_SHIFT) - first] == KL_OK)
    to = (to | (PAGE_BYTES - 1)) + 1;
  *at = (size_t)(kl_min(from, stop) - view->phys);
  *end = (size_t)((view->pages ? kl_min(to, stop) : stop) - view->phys);
  return *at < *end;
}

void kl_peek_init(struct kl_peek *peek, struct kl_image *image) {
  peek->image = image;
  peek->page = 0;
}

enum kl_status kl_peek_page(struct kl_peek *peek, uint64_t phys, const uint8_t **ret) {
  uint64_t page = phys >> PAGE_SHIFT;
  if (peek->page != page + 1) {
    peek->page = page + 1;
    peek->status = kl_image_read(peek->image, page << PAGE_SHIFT, peek->bytes, PAGE_BYTES);
  }
  *ret = peek->bytes;
  return peek->status;
}

enum kl_status kl_peek_uint(struct kl_peek *peek, uint64_t phys, size_t n, uint64_t *ret) {
  const uint8_t *bytes;
  size_t at = (size_t)(phys & (PAGE_BYTES - 1));
  if (n <= 8 && n <= PAGE_BYTES - at) { // nearly always
    KL_TRY(kl_peek_page(peek, phys, &bytes));
    *ret = n == 4 ? kl_le32(bytes + at) : kl_le_n(bytes + at, n);
    return KL_OK;
  }
  uint64_t v = 0;
  for (size_t i = 0; i < n && i < 8; i++) {
    KL_TRY(kl_peek_page(peek, phys + i, &bytes));
    v |= (uint64_t)bytes[(phys + i) & (PAGE_BYTES - 1)] << 8 * i;
  }
  *ret = v;
  return KL_OK;
}
