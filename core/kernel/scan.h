// One pass over physical memory for the marks that kernels leave.
//
// All kinds that are asked for are looked for together (marks.h), so a pass
// costs little more than touching the memory. A hit is only a proposal: who asked
// verifies it. Memory that the dump lacks, left out or declares to be zero is
// stepped over.
#ifndef KL_KERNEL_SCAN_H
#define KL_KERNEL_SCAN_H

#include "base/arena.h"
#include "image/image.h"
#include "kernel/marks.h"
#include "kernlens/source.h"

struct kl_scan {
  struct kl_image *image;
  const struct kl_progress *progress; // may be null
  const char *stage;
  unsigned marks;
  uint64_t next, end;  // physical: where the next chunk begins, where to stop
  uint64_t done, told; // bytes looked at; those reported
  uint64_t total;
  // The chunk at hand.
  const uint8_t *bytes;
  uint64_t phys;
  size_t n;
  size_t block, page; // where the search for marks of words goes on, and of pages
  unsigned mark;      // that is looked for in that block or page; 0: none yet
  size_t at;          // in the block
  struct kl_zeros zeros;
  uint64_t last_tokens; // given last: two words can show the same run
  uint64_t below;       // no table lies there or above
  bool lends;           // memory is looked at where it lies, and that costs little
  uint8_t *buffer;
};

enum { KL_SCAN_CHUNK = 1 << 18, KL_SCAN_COPY = 1 << 16 };

// Looks for marks (a set of enum kl_mark) in guest-physical [start, end); end 0:
// all there is. Takes 64 KiB of arena, given back by the caller's rewind. Who
// wants to tell progress sets progress and stage afterwards; who knows better
// than the image's end where memory ends sets below.
enum kl_status kl_scan_init(struct kl_scan *scan, struct kl_arena *arena, struct kl_image *image, unsigned marks,
                            uint64_t start, uint64_t end) KL_MUST_USE;

// The next mark. KL_END after the last, KL_ERR_CANCELLED. Memory that can't be
// read is stepped over. Marks of one kind come in ascending order.
enum kl_status kl_scan_next(struct kl_scan *scan, enum kl_mark *mark, uint64_t *phys) KL_MUST_USE;

#endif
