// The dump's files, read through a cache of blocks.
//
// The browser takes some 0.6 ms for any read, however small, and reads 256 KiB
// at 200 MB/s: so what is read is a block, and blocks are kept.
#include <stdlib.h>
#include <string.h>

#include "web.h"

enum {
  BLOCK_SHIFT = 18, // 256 KiB
  BLOCK = 1 << BLOCK_SHIFT,
  BLOCKS = 128,     // 32 MiB
  BUCKETS = 256,    // of the hash table; a power of two
  DIRECT = 1 << 20, // reads from this length on are sequential passes: they go by the cache
  NONE = 255
};

struct block {
  uint64_t number;
  uint32_t file;
  uint8_t next;  // in its bucket
  uint8_t older; // towards the one that goes next
  uint8_t newer;
  bool filled;
};

static struct {
  uint64_t sizes[WEB_FILES];
  uint32_t numbers[WEB_FILES]; // what a source's user points to
  size_t n;
  uint8_t *room; // BLOCKS blocks
  struct block blocks[BLOCKS];
  uint8_t buckets[BUCKETS];
  uint8_t newest, oldest;
} cache;

static uint8_t *bucket_of(uint32_t file, uint64_t number) {
  uint64_t h = (number ^ (uint64_t)file << 40) * 0x9e3779b97f4a7c15u;
  return &cache.buckets[h >> 56];
}

bool web_sources_init(const uint64_t *sizes, size_t n) {
  if (n > WEB_FILES)
    return false;
  if (!cache.room)
    cache.room = malloc((size_t)BLOCKS * BLOCK);
  if (!cache.room)
    return false;
  memset(cache.buckets, NONE, sizeof cache.buckets);
  for (unsigned i = 0; i < BLOCKS; i++)
    cache.blocks[i] = (struct block){
        .next = NONE, .older = i ? (uint8_t)(i - 1) : NONE, .newer = i + 1 < BLOCKS ? (uint8_t)(i + 1) : NONE};
  cache.oldest = 0;
  cache.newest = BLOCKS - 1;
  for (size_t i = 0; i < n; i++) {
    cache.sizes[i] = sizes[i];
    cache.numbers[i] = (uint32_t)i;
  }
  cache.n = n;
  return true;
}

static void unlink_age(uint8_t i) {
  struct block *b = &cache.blocks[i];
  *(b->older == NONE ? &cache.oldest : &cache.blocks[b->older].newer) = b->newer;
  *(b->newer == NONE ? &cache.newest : &cache.blocks[b->newer].older) = b->older;
}

static void make_newest(uint8_t i) {
  if (cache.newest == i)
    return;
  unlink_age(i);
  cache.blocks[i].older = cache.newest;
  cache.blocks[i].newer = NONE;
  cache.blocks[cache.newest].newer = i;
  cache.newest = i;
}

static void unlink_bucket(uint8_t i) {
  struct block *b = &cache.blocks[i];
  uint8_t *link = bucket_of(b->file, b->number);
  while (*link != i)
    link = &cache.blocks[*link].next;
  *link = b->next;
  b->filled = false;
}

static uint8_t *room_of(uint8_t i) {
  return cache.room + ((size_t)i << BLOCK_SHIFT);
}

// The bytes of a block; null when the file can't be read.
static const uint8_t *block_bytes(uint32_t file, uint64_t number) {
  uint8_t *bucket = bucket_of(file, number), i = *bucket;
  while (i != NONE && (cache.blocks[i].number != number || cache.blocks[i].file != file))
    i = cache.blocks[i].next;
  if (i == NONE) {
    i = cache.oldest;
    if (cache.blocks[i].filled)
      unlink_bucket(i);
    uint64_t offset = number << BLOCK_SHIFT, left = cache.sizes[file] - offset;
    if (web_host_read(file, (uint32_t)offset, (uint32_t)(offset >> 32), room_of(i),
                      left < BLOCK ? (uint32_t)left : BLOCK) != 0)
      return NULL;
    struct block *b = &cache.blocks[i];
    b->number = number;
    b->file = file;
    b->next = *bucket;
    b->filled = true;
    *bucket = i;
  }
  make_newest(i);
  return room_of(i);
}

static enum kl_status read_cached(void *user, uint64_t offset, void *dst, size_t n) {
  uint32_t file = *(const uint32_t *)user;
  uint8_t *p = dst;
  if (offset > cache.sizes[file] || n > cache.sizes[file] - offset)
    return KL_ERR_IO;
  if (n >= DIRECT)
    return web_host_read(file, (uint32_t)offset, (uint32_t)(offset >> 32), p, (uint32_t)n) ? KL_ERR_IO : KL_OK;
  while (n) {
    size_t at = (size_t)offset & (BLOCK - 1), piece = BLOCK - at < n ? BLOCK - at : n;
    const uint8_t *block = block_bytes(file, offset >> BLOCK_SHIFT);
    if (!block)
      return KL_ERR_IO;
    memcpy(p, block + at, piece);
    p += piece;
    offset += piece;
    n -= piece;
  }
  return KL_OK;
}

struct kl_source web_source(size_t i) {
  return (struct kl_source){.user = &cache.numbers[i], .bytes = cache.sizes[i], .read = read_cached};
}
