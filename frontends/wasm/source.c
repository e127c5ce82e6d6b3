// The dump's files, read through a cache of blocks.
//
// The browser takes some 0.6 ms for any read, however small, and reads 256 KiB
// at 200 MB/s, 4 MiB at 300: so what is read is a block, and blocks are kept; and
// where one after another is missing, several are read at once.
#include <stdlib.h>
#include <string.h>

#include "web.h"

enum {
  BLOCK_SHIFT = 18, // 256 KiB
  BLOCK = 1 << BLOCK_SHIFT,
  BLOCKS = 384,     // 96 MiB
  BUCKET_BITS = 10, // of the hash table
  AHEAD = 16,       // blocks of one read: 4 MiB
  DIRECT = 1 << 20, // reads from this length on are sequential passes: they go by the cache
  NONE = UINT16_MAX
};

struct block {
  uint64_t number;
  uint32_t file;
  uint16_t next;  // in its bucket
  uint16_t older; // towards the one that goes next
  uint16_t newer;
  bool filled;
};

static struct {
  uint64_t sizes[WEB_FILES];
  uint32_t numbers[WEB_FILES]; // what a source's user points to
  uint8_t *room;               // BLOCKS blocks, and AHEAD to read into
  struct block blocks[BLOCKS];
  uint16_t buckets[1 << BUCKET_BITS];
  uint16_t newest, oldest;
  struct { // the last read
    uint64_t first;
    uint32_t file, blocks;
  } last;
} cache;

static uint16_t *bucket_of(uint32_t file, uint64_t number) {
  uint64_t h = (number ^ (uint64_t)file << 40) * 0x9e3779b97f4a7c15u;
  return &cache.buckets[h >> (64 - BUCKET_BITS)];
}

bool web_sources_init(const uint64_t *sizes, size_t n) {
  if (n > WEB_FILES)
    return false;
  if (!cache.room)
    cache.room = malloc((size_t)(BLOCKS + AHEAD) * BLOCK);
  if (!cache.room)
    return false;
  memset(cache.buckets, 0xff, sizeof cache.buckets); // NONE
  for (unsigned i = 0; i < BLOCKS; i++)
    cache.blocks[i] = (struct block){
        .next = NONE, .older = i ? (uint16_t)(i - 1) : NONE, .newer = i + 1 < BLOCKS ? (uint16_t)(i + 1) : NONE};
  cache.oldest = 0;
  cache.newest = BLOCKS - 1;
  cache.last.blocks = 0;
  for (size_t i = 0; i < n; i++) {
    cache.sizes[i] = sizes[i];
    cache.numbers[i] = (uint32_t)i;
  }
  return true;
}

static void unlink_age(uint16_t i) {
  struct block *b = &cache.blocks[i];
  *(b->older == NONE ? &cache.oldest : &cache.blocks[b->older].newer) = b->newer;
  *(b->newer == NONE ? &cache.newest : &cache.blocks[b->newer].older) = b->older;
}

static void make_newest(uint16_t i) {
  if (cache.newest == i)
    return;
  unlink_age(i);
  cache.blocks[i].older = cache.newest;
  cache.blocks[i].newer = NONE;
  cache.blocks[cache.newest].newer = i;
  cache.newest = i;
}

static void unlink_bucket(uint16_t i) {
  struct block *b = &cache.blocks[i];
  uint16_t *link = bucket_of(b->file, b->number);
  while (*link != i)
    link = &cache.blocks[*link].next;
  *link = b->next;
}

static uint8_t *room_of(uint16_t i) {
  return cache.room + ((size_t)i << BLOCK_SHIFT);
}

static uint16_t find(uint32_t file, uint64_t number) {
  uint16_t i = *bucket_of(file, number);
  while (i != NONE && (cache.blocks[i].number != number || cache.blocks[i].file != file))
    i = cache.blocks[i].next;
  return i;
}

// Keeps it in the place of the oldest.
static void keep(uint32_t file, uint64_t number, const uint8_t *bytes) {
  uint16_t i = cache.oldest, *bucket;
  struct block *b = &cache.blocks[i];
  if (b->filled)
    unlink_bucket(i);
  bucket = bucket_of(file, number);
  b->number = number;
  b->file = file;
  b->next = *bucket;
  b->filled = true;
  *bucket = i;
  make_newest(i);
  memcpy(room_of(i), bytes, BLOCK);
}

// Reads n blocks, from the wanted one towards up or down; it is then the newest.
static bool fill(uint32_t file, uint64_t wanted, uint32_t n, bool down) {
  uint8_t *room = room_of(BLOCKS);
  uint64_t first = down ? wanted - (n - 1) : wanted, offset = first << BLOCK_SHIFT;
  uint64_t left = cache.sizes[file] - offset, bytes = (uint64_t)n << BLOCK_SHIFT;
  if (web_host_read(file, (uint32_t)offset, (uint32_t)(offset >> 32), room,
                    (uint32_t)(left < bytes ? left : bytes)))
    return false;
  for (uint32_t i = n; i-- > 0;) {
    uint64_t number = down ? wanted - i : wanted + i;
    keep(file, number, room + ((number - first) << BLOCK_SHIFT));
  }
  cache.last.file = file;
  cache.last.first = first;
  cache.last.blocks = n;
  return true;
}

// A block that is missing, and others with it when it adjoins the last read:
// twice as many as that had, up to one that is there. Slabs are often walked
// from high addresses to low ones.
static bool read_block(uint32_t file, uint64_t number) {
  uint64_t blocks = ((cache.sizes[file] - 1) >> BLOCK_SHIFT) + 1;
  bool near = cache.last.blocks && cache.last.file == file, down = near && number + 1 == cache.last.first;
  bool up = near && number == cache.last.first + cache.last.blocks;
  uint32_t most = up || down ? cache.last.blocks * 2 : 1, n = 1;
  if (most > AHEAD)
    most = AHEAD;
  while (n < most && (down ? n <= number : number + n < blocks) &&
         find(file, down ? number - n : number + n) == NONE)
    n++;
  // What was not asked for may be what can't be read.
  return fill(file, number, n, down) || (n > 1 && fill(file, number, 1, false));
}

// The bytes of a block; null when the file can't be read.
static const uint8_t *block_bytes(uint32_t file, uint64_t number) {
  uint16_t i = find(file, number);
  if (i != NONE)
    make_newest(i);
  else if (!read_block(file, number))
    return NULL;
  return room_of(cache.newest);
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
