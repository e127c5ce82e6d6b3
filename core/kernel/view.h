// Bytes of guest memory that lie in one physical piece, such as a table of the
// kernel image: lent by the image where it can, else copied page by page, so
// that one absent page costs that page and no more.
#ifndef KL_KERNEL_VIEW_H
#define KL_KERNEL_VIEW_H

#include "base/arena.h"
#include "base/bytes.h"
#include "image/image.h"

struct kl_view {
  uint64_t phys;       // of the first byte
  struct kl_bytes all; // lent by the image, or in the arena; lost pages are zero
  // A kl_status for each 4 KiB page that the range touches; null when nothing
  // is lost.
  const uint8_t *pages;
};

// Guest-physical [phys, phys + n). KL_OK also when pages are lost, even all.
// Errors: KL_ERR_ARGUMENT (the range wraps), KL_ERR_NO_MEMORY (only where the
// image does not lend), KL_ERR_CANCELLED.
enum kl_status kl_view_open(struct kl_arena *arena, struct kl_image *image, uint64_t phys, uint64_t n,
                            struct kl_view *ret) KL_MUST_USE;

// Bytes that are known to be there.
void kl_view_of(struct kl_bytes bytes, struct kl_view *ret);

// [offset, offset + n) of the view: KL_ERR_MALFORMED when that is not inside,
// or the status of its first lost page. n 0 is in order up to the end.
enum kl_status kl_view_at(const struct kl_view *view, uint64_t offset, size_t n, const uint8_t **ret) KL_MUST_USE;

// The next stretch of the view without a lost page, from *at on: [*at, *end).
// False: there is none.
bool kl_view_stretch(const struct kl_view *view, size_t *at, size_t *end);

// Small reads one after the other in the same page, over any container.
enum { KL_PEEK_BYTES = 4096 };
struct kl_peek {
  struct kl_image *image;
  uint64_t page; // number of the page in bytes, plus 1; 0: none
  enum kl_status status;
  uint8_t bytes[KL_PEEK_BYTES];
};

void kl_peek_init(struct kl_peek *peek, struct kl_image *image);
// The page of phys, until the next call. Errors: of its read.
enum kl_status kl_peek_page(struct kl_peek *peek, uint64_t phys, const uint8_t **ret) KL_MUST_USE;
// n at most 8, and may cross a page.
enum kl_status kl_peek_uint(struct kl_peek *peek, uint64_t phys, size_t n, uint64_t *ret) KL_MUST_USE;

#endif
