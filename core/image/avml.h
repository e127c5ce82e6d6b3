// The blocks of a compressed AVML file, in the order of the file.
#ifndef KL_IMAGE_AVML_H
#define KL_IMAGE_AVML_H

#include "image/internal.h"

#define KL_AVML_MAGIC 0x4c4d5641u

struct kl_avml_block {
  uint64_t start, end;     // guest-physical
  uint64_t body, body_end; // of the framed stream, in the file
  uint64_t first_slot;     // of the index of its chunks: see avml.c
  enum kl_status indexed;  // KL_END: not yet; else how far the index goes
  uint32_t known;          // bytes from start that the index covers
  bool cut;                // the file ends inside it, or its stream is broken
};

// A chunk of a block's stream, and where its bytes belong.
struct kl_avml_chunk {
  uint64_t at;   // in the file
  uint32_t from; // first byte that comes out, counted from the block's start
  struct kl_snappy_chunk head;
};

// The chunk that starts at `at` in a block's stream; from as given.
enum kl_status kl_avml_chunk_read(const struct kl_source *file, const struct kl_avml_block *block, uint64_t at,
                                  uint32_t from, struct kl_avml_chunk *ret) KL_MUST_USE;

// Walks the blocks. A whole file is walked from its end, where each block's
// length is; one that was cut short from its start, chunk by chunk.
struct kl_avml_walk {
  const struct kl_source *file;
  bool backwards;
  uint64_t at;
};
enum kl_status kl_avml_walk_init(struct kl_avml_walk *walk, const struct kl_source *file) KL_MUST_USE;
// The next block. KL_END after the last; any other status: the file is broken
// at walk->at, and what came before holds.
enum kl_status kl_avml_walk_next(struct kl_avml_walk *walk, struct kl_avml_block *ret) KL_MUST_USE;

#endif
