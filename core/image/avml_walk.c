// Finding the blocks of an AVML file. A header gives a block's place in memory,
// but only the trailer behind its stream gives the stream's length: so from the
// end of the file backwards, a block costs two reads; forwards, one for each
// 64 KiB.
#include "image/avml.h"

enum {
  HEADER_BYTES = 32,
  TRAILER_BYTES = 8,
  // AVML writes 16 MiB at most. Offsets in a block have 32 bits here.
  MAX_BLOCK = 1 << 30,
  // Snappy makes at least 3 bytes of 64, so a stream this much shorter than
  // its block is a lie, and its index would cost memory for nothing.
  MAX_RATIO = 64
};

static enum kl_status read_header(const struct kl_source *file, uint64_t at, struct kl_avml_block *ret) {
  uint8_t h[HEADER_BYTES];
  KL_TRY(kl_file_read(file, at, h, sizeof h));
  uint64_t first = kl_le64(h + 8), last = kl_le64(h + 16);
  if (kl_le32(h) != KL_AVML_MAGIC)
    return KL_ERR_MALFORMED;
  if (kl_le32(h + 4) != 2)
    return KL_ERR_UNSUPPORTED;
  if (last < first || last == UINT64_MAX || kl_le64(h + 24))
    return KL_ERR_MALFORMED;
  if (last - first >= MAX_BLOCK)
    return KL_ERR_LIMIT;
  *ret = (struct kl_avml_block){.start = first, .end = last + 1, .body = at + HEADER_BYTES, .indexed = KL_END};
  return KL_OK;
}

enum kl_status kl_avml_chunk_read(const struct kl_source *file, const struct kl_avml_block *block, uint64_t at,
                                  uint32_t from, struct kl_avml_chunk *ret) {
  uint8_t head[KL_SNAPPY_HEAD];
  size_t n = (size_t)kl_min(sizeof head, block->body_end - at);
  KL_TRY(kl_file_read(file, at, head, n));
  KL_TRY(kl_snappy_chunk(kl_bytes_of(head, n), &ret->head));
  ret->at = at;
  ret->from = from;
  if (ret->head.bytes > block->body_end - at)
    return KL_ERR_ABSENT;
  return ret->head.inflated > block->end - block->start - from ? KL_ERR_MALFORMED : KL_OK;
}

static enum kl_status previous_block(struct kl_avml_walk *walk, struct kl_avml_block *ret) {
  uint8_t trailer[TRAILER_BYTES];
  if (walk->at < HEADER_BYTES + TRAILER_BYTES)
    return KL_ERR_MALFORMED;
  uint64_t body_end = walk->at - TRAILER_BYTES;
  KL_TRY(kl_file_read(walk->file, body_end, trailer, sizeof trailer));
  uint64_t length = kl_le64(trailer);
  if (length > body_end - HEADER_BYTES)
    return KL_ERR_MALFORMED;
  uint64_t header = body_end - length - HEADER_BYTES;
  KL_TRY(read_header(walk->file, header, ret));
  ret->body_end = body_end;
  walk->at = header;
  return (ret->end - ret->start) / MAX_RATIO > length ? KL_ERR_MALFORMED : KL_OK;
}

static enum kl_status next_block(struct kl_avml_walk *walk, struct kl_avml_block *ret) {
  KL_TRY(read_header(walk->file, walk->at, ret));
  ret->body_end = walk->file->bytes;
  struct kl_avml_chunk chunk;
  uint64_t at = ret->body;
  uint32_t from = 0;
  while (from < ret->end - ret->start) {
    enum kl_status status = kl_avml_chunk_read(walk->file, ret, at, from, &chunk);
    if (kl_failed_outside(status))
      return status;
    if (status != KL_OK) { // what came out before it holds; where the next block is, nobody knows
      ret->cut = true;
      walk->at = status == KL_ERR_ABSENT ? walk->file->bytes : at;
      return KL_OK;
    }
    at += chunk.head.bytes;
    from += chunk.head.inflated;
  }
  ret->body_end = at;
  walk->at = at + kl_min(TRAILER_BYTES, walk->file->bytes - at);
  return KL_OK;
}

enum kl_status kl_avml_walk_next(struct kl_avml_walk *walk, struct kl_avml_block *ret) {
  if (walk->at == (walk->backwards ? 0 : walk->file->bytes))
    return KL_END;
  return walk->backwards ? previous_block(walk, ret) : next_block(walk, ret);
}

enum kl_status kl_avml_walk_init(struct kl_avml_walk *walk, const struct kl_source *file) {
  struct kl_avml_block block;
  struct kl_avml_walk whole = {.file = file, .backwards = true, .at = file->bytes};
  enum kl_status status;
  while ((status = kl_avml_walk_next(&whole, &block)) == KL_OK)
    ;
  bool backwards = status == KL_END;
  *walk = (struct kl_avml_walk){.file = file, .backwards = backwards, .at = backwards ? file->bytes : 0};
  return kl_failed_outside(status) ? status : KL_OK;
}
