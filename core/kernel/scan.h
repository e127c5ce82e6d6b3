// One pass over physical memory for the marks that kernels leave.
//
// A detector looks at one word every few bytes (at page heads, cache lines or
// less), so a pass costs little more than touching the memory. A hit is only a
// proposal: who asked verifies it. Memory that the dump lacks, left out or
// declares to be zero is stepped over.
#ifndef KL_KERNEL_SCAN_H
#define KL_KERNEL_SCAN_H

#include "base/arena.h"
#include "image/image.h"
#include "kernlens/source.h"

enum kl_mark {
  KL_MARK_VMCOREINFO = 1, // text that starts with OSRELEASE= at a page's head, or in a note there
  KL_MARK_TOKENS = 2,     // the tokens "0", "1", "2", ... of kallsyms: the place of "0"
  KL_MARK_BTF = 4,        // the magic of a BTF header, little-endian, version 1
  KL_MARK_BANNER = 8,     // "Linux version "
  KL_MARK_SWAPPER = 16,   // "swapper" or "swapper/0", NUL-terminated, aligned to 8: comm of init_task
};

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
  unsigned mark;      // detector that looks at it, one after the other
  size_t at;          // where it goes on
  unsigned last_mark; // given last: two words can show the same thing
  uint64_t last_phys;
  uint8_t *buffer;
};

enum { KL_SCAN_CHUNK = 1 << 18, KL_SCAN_COPY = 1 << 16 };

// Looks for marks (a set of enum kl_mark) in guest-physical [start, end); end 0:
// all there is. Takes 64 KiB of arena, given back by the caller's rewind. Who
// wants to tell progress sets progress and stage afterwards.
enum kl_status kl_scan_init(struct kl_scan *scan, struct kl_arena *arena, struct kl_image *image, unsigned marks,
                            uint64_t start, uint64_t end) KL_MUST_USE;

// The next mark. KL_END after the last, KL_ERR_CANCELLED. Memory that can't be
// read is stepped over. Marks of one kind come in ascending order.
enum kl_status kl_scan_next(struct kl_scan *scan, enum kl_mark *mark, uint64_t *phys) KL_MUST_USE;

#endif
