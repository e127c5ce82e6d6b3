// All page frames in order, each with what it is used for.
#ifndef KL_LINUX_FRAMES_H
#define KL_LINUX_FRAMES_H

#include "linux/holders.h"

// Frames are walked by windows: no free block reaches from one into another, as
// none is larger than a section of sparse memory (128 MiB on x86-64 and arm64
// with 4K pages; with larger pages orders end lower). What a walk has met in one
// window says nothing of the next, so ranges that begin at a window give what
// one walk over all of them gives.
enum { KL_FRAME_WINDOW_SHIFT = 15 };

struct kl_frame_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint64_t pfn, last;            // the next frame; the last one wanted
  uint64_t run_end;              // frames from pfn up to it are known to the dump
  uint64_t window;               // of the frame given last
  uint64_t free_start, free_end; // the free block that was met last in it
  uint8_t free_order;
  const struct kl_holders *holders; // may be null
  size_t held;                      // where the last frame was looked up there
};

struct kl_frame {
  struct kl_page page;
  enum kl_page_kind kind;
  uint8_t order;                  // of the folio, or of the free block it lies in
  bool unread;                    // the dump left its struct page out, and only kind and order are known
  const struct kl_holder *holder; // of kinds that a holder tells; else null
};

// Frames from first to last (both included) that the dump knows and that have
// a struct page. holders: kl_holders_find(), or null for what struct pages say
// alone. The walk itself needs no memory, and ranges can be walked apart.
void kl_frame_walk_init(struct kl_frame_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                        uint64_t first, uint64_t last, const struct kl_holders *holders);
// KL_END at the end. A frame whose struct page can't be read is an error once,
// with ret->page.pfn set; the walk goes on behind it. One step a frame.
enum kl_status kl_frame_walk_next(struct kl_frame_walk *walk, struct kl_frame *ret) KL_MUST_USE;

#endif
