// Decompressed blocks, kept for the next read of the same block.
#include "image/internal.h"

enum { WAYS = 4, MIN_SETS = 4 };

static uint64_t sets_for(uint64_t block_bytes, const struct kl_limits *limits) {
  return kl_max(limits->block_cache_bytes / block_bytes / WAYS, MIN_SETS);
}

uint64_t kl_block_cache_cost(uint64_t block_bytes, const struct kl_limits *limits) {
  uint64_t slots = sets_for(block_bytes, limits) * WAYS;
  return kl_arena_cost(slots * block_bytes) + kl_arena_cost(slots * sizeof(uint64_t)) +
         kl_arena_cost(slots * sizeof(uint32_t));
}

enum kl_status kl_block_cache_init(struct kl_block_cache *cache, struct kl_arena *arena, size_t block_bytes,
                                   const struct kl_limits *limits) {
  size_t sets;
  if (!kl_narrow(sets_for(block_bytes, limits), &sets))
    return KL_ERR_NO_MEMORY;
  *cache = (struct kl_block_cache){.block_bytes = block_bytes, .sets = sets};
  KL_TRY(kl_arena_take(arena, (uint64_t)sets * WAYS, block_bytes, 16, &cache->data)); // not touched until used
  KL_TRY(KL_TAKE(arena, (uint64_t)sets * WAYS, &cache->keys));
  return KL_TAKE(arena, (uint64_t)sets * WAYS, &cache->used);
}

static size_t first_way(const struct kl_block_cache *cache, uint64_t key) {
  return (size_t)(key % cache->sets) * WAYS; // neighbours spread over the sets
}

const uint8_t *kl_block_cache_find(struct kl_block_cache *cache, uint64_t key) {
  size_t first = first_way(cache, key);
  for (size_t i = first; i < first + WAYS; i++) {
    if (cache->keys[i] != key + 1)
      continue;
    cache->used[i] = ++cache->clock;
    return cache->data + i * cache->block_bytes;
  }
  return 0;
}

uint8_t *kl_block_cache_slot(struct kl_block_cache *cache, uint64_t key, size_t *slot) {
  size_t first = first_way(cache, key), oldest = first;
  for (size_t i = first; i < first + WAYS; i++) // ages, so that the clock may wrap
    if (cache->clock - cache->used[i] > cache->clock - cache->used[oldest])
      oldest = i;
  cache->keys[oldest] = 0;
  *slot = oldest;
  return cache->data + oldest * cache->block_bytes;
}

void kl_block_cache_keep(struct kl_block_cache *cache, uint64_t key, size_t slot) {
  cache->keys[slot] = key + 1;
  cache->used[slot] = ++cache->clock;
}

enum kl_status kl_image_inflate(struct kl_image *image, enum kl_method method, struct kl_bytes in, uint8_t *out,
                                size_t out_cap, size_t *out_n) {
  const struct kl_codec *codec = &image->codec;
  if (!codec->inflate)
    return KL_ERR_UNSUPPORTED;
  KL_TRY(codec->inflate(codec->user, method, in.p, in.n, out, out_cap, out_n));
  return *out_n > out_cap ? KL_ERR_INTERNAL : KL_OK;
}
