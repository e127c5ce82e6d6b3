// Compressed AVML: blocks of memory, each a framed snappy stream, so that any
// 64 KiB can be read alone. Where a block's chunks lie is found out when the
// block is first read.
//
// AVML leaves out blocks that are all zero, and a file does not tell them from
// places where the machine has no memory: see kl_runs_fill_elided.
#include "image/avml.h"

enum {
  AVML_BLOCK = 16 << 20, // MAX_BLOCK_SIZE of AVML
  SLOT = 65536,          // bytes of a block that one entry of its index stands for
  // Writers fill their chunks. A stream of crumbs makes every read walk far.
  MAX_CHUNKS_A_SLOT = 16,
  MAX_CHUNK_BYTES = 4 + 4 + 76490
};

// The chunk that holds the first byte of a slot.
struct slot {
  uint32_t at;   // from the block's body
  uint32_t from; // as in struct kl_avml_chunk
};

struct avml {
  struct kl_avml_block *blocks; // a run's order is the number of its block
  struct slot *slots;
  uint8_t *in; // one chunk, for files that cannot lend
  struct kl_crc32c *crc;
  struct kl_block_cache cache;
  // The chunk of the last read.
  uint64_t last_start, last_end; // guest-physical; equal: none
  const uint8_t *last;
};

static uint64_t slots_of(const struct kl_avml_block *block) {
  return (block->end - block->start + SLOT - 1) / SLOT;
}

// ── The index of a block ───────────────────────────────────────────────────

static void index_chunk(struct slot *slots, const struct kl_avml_block *block, const struct kl_avml_chunk *chunk) {
  uint64_t end = (uint64_t)chunk->from + chunk->head.inflated;
  for (uint64_t s = ((uint64_t)chunk->from + SLOT - 1) / SLOT; s * SLOT < end; s++)
    slots[s] = (struct slot){.at = (uint32_t)(chunk->at - block->body), .from = chunk->from};
}

// What is wrong with the stream is remembered. A read that failed is not: the
// next one begins anew.
static enum kl_status index_block(const struct kl_source *file, struct avml *a, struct kl_avml_block *block) {
  uint64_t at = block->body, n = block->end - block->start, left = MAX_CHUNKS_A_SLOT;
  struct kl_avml_chunk chunk;
  enum kl_status status = KL_OK;
  for (block->known = 0; block->known < n; left--) {
    status = !left || at - block->body > UINT32_MAX ? KL_ERR_LIMIT
                                                    : kl_avml_chunk_read(file, block, at, block->known, &chunk);
    if (kl_failed_outside(status))
      return status;
    if (status != KL_OK)
      break;
    index_chunk(a->slots + block->first_slot, block, &chunk);
    at += chunk.head.bytes;
    block->known += chunk.head.inflated;
    if (block->known / SLOT > chunk.from / SLOT)
      left = MAX_CHUNKS_A_SLOT + 1;
  }
  block->indexed = status;
  return KL_OK;
}

// The chunk with byte `pos` of a block.
static enum kl_status find_chunk(const struct kl_source *file, struct avml *a, struct kl_avml_block *block,
                                 uint32_t pos, struct kl_avml_chunk *ret) {
  if (block->indexed == KL_END)
    KL_TRY(index_block(file, a, block));
  if (pos >= block->known)
    return block->indexed == KL_OK ? KL_ERR_INTERNAL : block->indexed;
  const struct slot *slot = &a->slots[block->first_slot + pos / SLOT];
  uint64_t at = block->body + slot->at;
  uint32_t from = slot->from;
  for (;;) {
    KL_TRY(kl_avml_chunk_read(file, block, at, from, ret));
    if (pos - from < ret->head.inflated)
      return KL_OK;
    at += ret->head.bytes;
    from += ret->head.inflated;
  }
}

// ── One chunk ──────────────────────────────────────────────────────────────

static enum kl_status inflate(struct kl_image *image, const struct kl_avml_chunk *chunk, uint8_t *out) {
  struct avml *a = image->state;
  const struct kl_source *file = &image->files[0];
  uint64_t data = chunk->at + chunk->head.data;
  size_t n = chunk->head.bytes - chunk->head.data, made;
  if (chunk->head.kind == KL_SNAPPY_STORED) {
    KL_TRY(kl_file_read(file, data, out, n));
  } else {
    const uint8_t *in;
    KL_TRY(kl_file_view(file, data, n, a->in, &in));
    KL_TRY(kl_image_inflate(image, KL_METHOD_SNAPPY, kl_bytes_of(in, n), out, SLOT, &made));
    if (made != chunk->head.inflated)
      return KL_ERR_MALFORMED;
  }
  return kl_snappy_checksum(a->crc, out, chunk->head.inflated) == chunk->head.checksum ? KL_OK : KL_ERR_MALFORMED;
}

static enum kl_status load(struct kl_image *image, struct kl_avml_block *block, uint64_t phys) {
  struct avml *a = image->state;
  struct kl_avml_chunk chunk;
  KL_TRY(find_chunk(&image->files[0], a, block, (uint32_t)(phys - block->start), &chunk));
  const uint8_t *bytes = kl_block_cache_find(&a->cache, chunk.at);
  if (!bytes) {
    size_t slot;
    uint8_t *out = kl_block_cache_slot(&a->cache, chunk.at, &slot);
    a->last_start = a->last_end = 0; // the slot may have been its
    KL_TRY(inflate(image, &chunk, out));
    kl_block_cache_keep(&a->cache, chunk.at, slot);
    bytes = out;
  }
  a->last_start = block->start + chunk.from;
  a->last_end = a->last_start + chunk.head.inflated;
  a->last = bytes;
  return KL_OK;
}

static enum kl_status avml_locate(struct kl_image *image, uint64_t phys, struct kl_piece *ret) {
  struct avml *a = image->state;
  size_t i = kl_runs_find(&image->runs, phys, image->hint);
  if (i == image->runs.n || image->runs.items[i].start > phys)
    return KL_ERR_ABSENT;
  image->hint = i;
  const struct kl_run *r = &image->runs.items[i];
  *ret = (struct kl_piece){.state = (enum kl_segment_state)r->state, .n = r->end - phys};
  if (r->state == KL_SEGMENT_ZERO)
    return KL_OK;
  struct kl_avml_block *block = &a->blocks[r->order];
  if (phys < kl_max(a->last_start, block->start) || phys >= kl_min(a->last_end, block->end)) {
    enum kl_status status = load(image, block, phys);
    if (status == KL_ERR_MALFORMED || status == KL_ERR_UNSUPPORTED || status == KL_ERR_LIMIT)
      kl_image_note(image, "a block that does not decompress", phys, status);
    KL_TRY(status);
  }
  ret->p = a->last + (phys - a->last_start);
  ret->n = kl_min(ret->n, a->last_end - phys);
  return KL_OK;
}

static enum kl_status avml_segment(struct kl_image *image, uint64_t phys, struct kl_segment *ret) {
  return kl_runs_segment(&image->runs, phys, ret);
}

static const struct kl_image_ops avml_ops = {avml_locate, avml_segment};

// ── Opening ────────────────────────────────────────────────────────────────

static enum kl_status add_runs(struct kl_image *image, struct kl_avml_walk walk) {
  struct kl_avml_block block;
  enum kl_status status;
  while ((status = kl_avml_walk_next(&walk, &block)) == KL_OK) {
    if (image->runs.n == image->limits->segments) {
      status = KL_ERR_LIMIT;
      break;
    }
    struct kl_run run = {.start = block.start,
                         .end = block.end,
                         .offset = block.body,
                         .order = (uint32_t)image->runs.n,
                         .state = KL_SEGMENT_FILE};
    if (block.cut) {
      image->facts.incomplete = true;
      kl_image_note(image, "this block of memory is cut short", block.start, KL_ERR_ABSENT);
    }
    KL_TRY(kl_runs_add(image->arena, &image->runs, &run));
  }
  if (kl_failed_outside(status))
    return status;
  if (status != KL_END) {
    image->facts.incomplete = true;
    kl_image_note(image, "no AVML block where one should be: the rest of the file is left out", walk.at, status);
  }
  if (image->runs.n)
    return KL_OK;
  return kl_must_hold(status);
}

static enum kl_status resolve(struct kl_image *image) {
  uint64_t conflicts, elided, doubtful;
  KL_TRY(kl_runs_resolve(image->arena, &image->runs, &conflicts));
  if (conflicts)
    kl_image_note(image, "blocks overlap: one of them is taken", 0, KL_ERR_MALFORMED);
  KL_TRY(kl_runs_fill_elided(image->arena, &image->runs, AVML_BLOCK, &elided, &doubtful));
  if (elided)
    kl_image_note(image, "blocks of 16 MiB that are left out: taken as zero", elided, KL_ERR_ABSENT);
  if (doubtful)
    kl_image_note(image, "a gap that may hold zero blocks that were left out", doubtful, KL_ERR_ABSENT);
  kl_image_sum_runs(image);
  return KL_OK;
}

static enum kl_status avml_open(struct kl_image *image) {
  struct avml *a;
  struct kl_avml_walk walk;
  struct kl_avml_block block;
  uint64_t slots = 0;
  KL_TRY(kl_avml_walk_init(&walk, &image->files[0]));
  KL_TRY(add_runs(image, walk));
  uint64_t blocks = image->runs.n;
  KL_TRY(resolve(image));
  KL_TRY(KL_TAKE(image->arena, 1, &a));
  KL_TRY(KL_TAKE(image->arena, blocks, &a->blocks));
  for (uint64_t i = 0; i < blocks; i++) {
    if (kl_avml_walk_next(&walk, &block) != KL_OK)
      return KL_ERR_IO; // not what it was when the runs were listed
    block.first_slot = slots;
    slots += slots_of(&block);
    a->blocks[i] = block;
  }
  // Entries are written before they are read: kl_avml_block.known says how far.
  KL_TRY(kl_arena_take(image->arena, slots, sizeof *a->slots, _Alignof(struct slot), &a->slots));
  KL_TRY(kl_arena_take(image->arena, MAX_CHUNK_BYTES, 1, 1, &a->in));
  KL_TRY(KL_TAKE(image->arena, 1, &a->crc));
  KL_TRY(kl_block_cache_init(&a->cache, image->arena, SLOT, image->limits));
  kl_crc32c_init(a->crc);
  image->state = a;
  image->ops = &avml_ops;
  return KL_OK;
}

static enum kl_status avml_workspace(const struct kl_source *file, size_t n, const struct kl_limits *limits,
                                     uint64_t *ret) {
  (void)n;
  struct kl_avml_walk walk;
  struct kl_avml_block block;
  uint64_t blocks = 0, slots = 0;
  KL_TRY(kl_avml_walk_init(&walk, file));
  enum kl_status status = KL_OK;
  for (; blocks < limits->segments && (status = kl_avml_walk_next(&walk, &block)) == KL_OK; blocks++)
    slots += slots_of(&block);
  if (kl_failed_outside(status))
    return status;
  *ret = kl_runs_cost(3 * blocks) + // overlaps may cut each in two; and the gaps
         kl_arena_cost(blocks * sizeof block) + kl_arena_cost(slots * sizeof(struct slot)) +
         kl_arena_cost(sizeof(struct avml)) + kl_arena_cost(MAX_CHUNK_BYTES) +
         kl_arena_cost(sizeof(struct kl_crc32c)) + kl_block_cache_cost(SLOT, limits);
  return KL_OK;
}

static bool avml_recognise(const uint8_t *head) {
  return kl_le32(head) == KL_AVML_MAGIC;
}

const struct kl_container kl_container_avml = {
    .name = "avml",
    .recognise = avml_recognise,
    .workspace = avml_workspace,
    .open = avml_open,
};
