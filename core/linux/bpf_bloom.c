// Bloom filters.
#include "linux/bpf_bloom.h"

enum { MAX_HASH_FUNCTIONS = 15, CHUNK = 1024 }; // map_extra has 4 bits for them

static uint32_t turned(uint32_t v, unsigned by) {
  return v << by | v >> (32 - by);
}

// One round of lookup3 over its state, by the table of its rotations: each takes
// one word from another, turns a third into it, and adds.
static const uint8_t mix_turns[6] = {4, 6, 8, 16, 19, 4};

static void mix(uint32_t s[3]) {
  for (unsigned i = 0; i < 6; i++) {
    uint32_t *a = &s[i % 3], *b = &s[(i + 1) % 3], *c = &s[(i + 2) % 3];
    *a = (*a - *c) ^ turned(*c, mix_turns[i]);
    *c += *b;
  }
}

static const uint8_t finish_turns[7] = {14, 11, 25, 16, 4, 14, 24};

static void finish(uint32_t s[3]) {
  for (unsigned i = 0; i < 7; i++) {
    uint32_t *to = &s[(2 + i) % 3], from = s[(1 + i) % 3];
    *to = (*to ^ from) - turned(from, finish_turns[i]);
  }
}

uint32_t kl_bpf_jhash(struct kl_bytes bytes, uint32_t start) {
  uint32_t first = 0xdeadbeef + (uint32_t)bytes.n + start, s[3] = {first, first, first};
  if (!bytes.n)
    return s[2];
  for (size_t left = bytes.n;; left -= 12) {
    uint8_t block[12] = {0};
    size_t n = left < sizeof block ? left : sizeof block;
    for (size_t i = 0; i < n; i++)
      block[i] = bytes.p[bytes.n - left + i];
    for (size_t i = 0; i < 3; i++)
      s[i] += kl_le32(block + 4 * i);
    if (left <= sizeof block)
      break;
    mix(s);
  }
  finish(s);
  return s[2];
}

enum kl_status kl_bpf_bloom_open(struct kl_bpf_bloom *b, struct kl_kernel *k, const struct kl_bpf_map *map) {
  uint64_t mask, seed, functions;
  KL_TRY(kl_get(k, map->address, KL_F_bpf_bloom_filter_bitset_mask, &mask));
  KL_TRY(kl_get(k, map->address, KL_F_bpf_bloom_filter_hash_seed, &seed));
  KL_TRY(kl_get(k, map->address, KL_F_bpf_bloom_filter_nr_hash_funcs, &functions));
  KL_TRY(kl_member(k, map->address, KL_F_bpf_bloom_filter_bitset, &b->bitset));
  if (mask & (mask + 1) || mask > UINT32_MAX || !functions || functions > MAX_HASH_FUNCTIONS)
    return KL_ERR_MALFORMED;
  b->kernel = k;
  b->bits = mask + 1;
  b->seed = (uint32_t)seed;
  b->hash_functions = (uint32_t)functions;
  b->value_bytes = map->value_bytes;
  return KL_OK;
}

enum kl_status kl_bpf_bloom_count(const struct kl_bpf_bloom *b, struct kl_budget *budget, uint64_t *ret) {
  uint8_t chunk[CHUNK];
  uint64_t n = 0, bytes = (b->bits + 7) / 8;
  for (uint64_t at = 0; at < bytes; at += sizeof chunk) {
    size_t take = bytes - at < sizeof chunk ? (size_t)(bytes - at) : sizeof chunk;
    KL_TRY(kl_budget_spend(budget, 1));
    KL_TRY(kl_read(b->kernel, b->bitset + at, chunk, take));
    for (size_t i = 0; i < take; i++)
      for (uint8_t left = chunk[i]; left; left &= (uint8_t)(left - 1))
        n++;
  }
  *ret = n;
  return KL_OK;
}

enum kl_status kl_bpf_bloom_test(const struct kl_bpf_bloom *b, struct kl_bytes value, bool *ret) {
  if (value.n != b->value_bytes)
    return KL_ERR_ARGUMENT;
  for (uint32_t i = 0; i < b->hash_functions; i++) {
    uint64_t bit = kl_bpf_jhash(value, b->seed + i) & (b->bits - 1);
    uint8_t byte;
    KL_TRY(kl_read(b->kernel, b->bitset + bit / 8, &byte, 1));
    if (!(byte >> bit % 8 & 1)) {
      *ret = false;
      return KL_OK;
    }
  }
  *ret = true;
  return KL_OK;
}

enum kl_status kl_bpf_bloom_render(const struct kl_bpf_bloom *b, struct kl_budget *budget, struct kl_text *out) {
  enum { PARTS = 10000 };
  uint64_t set = 0;
  KL_TRY(kl_bpf_bloom_count(b, budget, &set));
  uint64_t parts = set * PARTS / b->bits; // at most 2^32 bits
  kl_text_string(out, "{\"bits\":");
  kl_text_decimal(out, b->bits);
  kl_text_string(out, ",\"set\":");
  kl_text_decimal(out, set);
  kl_text_string(out, ",\"density\":");
  kl_text_decimal(out, parts / PARTS);
  kl_text_char(out, '.');
  for (uint64_t digit = PARTS / 10; digit; digit /= 10)
    kl_text_char(out, (char)('0' + parts / digit % 10));
  kl_text_string(out, ",\"hash_functions\":");
  kl_text_decimal(out, b->hash_functions);
  kl_text_char(out, '}');
  return KL_OK;
}
