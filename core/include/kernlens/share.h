// Work that is shared among threads: the core cuts it into ranges, and the
// frontend brings the threads, each with a context of its own on the same dump.
//
//   kl_dump_share_size(dump, &n);                           in each thread:
//   kl_dump_share(dump, block, n, &codec, &progress, &own);
//   while (kl_range_next(dump, &query, &range)) ...         under a lock
//     kl_cursor_open(own, &query with range.constraints, ...)
//     kl_dump_absorb(dump, own);                            in the order of ranges
#ifndef KERNLENS_SHARE_H
#define KERNLENS_SHARE_H

#include "kernlens/dump.h"

// A further context on an attached dump, for another thread: image, caches and
// diagnostics of its own, and what attaching has found, which it borrows. The
// sources, the dump and its block must outlive it. codec and progress are used
// by that thread alone; either may be null. While contexts are in use, the first
// one may be used by one thread, too. Nothing to close.
// Errors: those of opening the container, KL_ERR_NO_MEMORY, KL_ERR_ARGUMENT (not
// attached).
enum kl_status kl_dump_share(const struct kl_dump *dump, void *block, size_t bytes, const struct kl_codec *codec,
                             const struct kl_progress *progress, struct kl_dump **ret) KL_MUST_USE;
// How large a block suffices: 1 MiB, and what the container takes (nothing for
// raw, ELF and LiME files; for kdump 16 MiB of cache and the bitmaps).
enum kl_status kl_dump_share_size(const struct kl_dump *dump, size_t *ret) KL_MUST_USE;
// Adds to a dump what a further context has lost and cost, which it then forgets.
void kl_dump_absorb(struct kl_dump *dump, struct kl_dump *shared);

// Ranges of page frames that together are the answer to a query: the rows under
// the constraints of each range, one range after the other, are those of the
// query, in its order. 32768 frames each, none of them without memory.
struct kl_range {
  uint64_t next;                       // where to go on; 0 at first
  struct kl_constraint constraints[2]; // to be added to those of the query
};
// Whether a query can be cut, and how many frames it may walk. Not where memory
// has more frames than limits.steps: ranges have a budget each.
bool kl_query_frames(struct kl_dump *dump, const struct kl_query *query, uint64_t *ret);
// The next range of such a query; false past the last.
bool kl_range_next(struct kl_dump *dump, const struct kl_query *query, struct kl_range *range);
// What all ranges need and one context can find for all of them: to be called
// before the first kl_dump_share. False: the query is to be answered uncut.
bool kl_query_prepare(struct kl_dump *dump, const struct kl_query *query);

#endif
