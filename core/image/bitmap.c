// Bitmaps with ranks.
#include "image/bitmap.h"

enum { WORDS = KL_BITMAP_RANK / 64 };

// By hand: without the instruction, compilers call a library for this.
unsigned kl_count_bits(uint64_t v) {
  v -= v >> 1 & 0x5555555555555555;
  v = (v & 0x3333333333333333) + (v >> 2 & 0x3333333333333333);
  v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return (unsigned)(v * 0x0101010101010101 >> 56);
}

uint64_t kl_bitmap_word(const struct kl_bitmap *bitmap, uint64_t word) {
  uint64_t first = word * 64;
  if (first >= bitmap->n)
    return 0;
  uint64_t left = bitmap->n - first;
  size_t at = (size_t)(first / 8);
  if (left >= 64)
    return kl_le64(bitmap->bits.p + at);
  return kl_le_n(bitmap->bits.p + at, (size_t)(left + 7) / 8) & ((1ull << left) - 1);
}

bool kl_bitmap_test(const struct kl_bitmap *bitmap, uint64_t bit) {
  return bit < bitmap->n && (bitmap->bits.p[bit / 8] >> (bit % 8) & 1);
}

enum kl_status kl_bitmap_rank_build(struct kl_bitmap *bitmap, struct kl_arena *arena) {
  uint64_t ranks = kl_bitmap_ranks(bitmap->n);
  KL_TRY(kl_arena_take(arena, ranks, sizeof *bitmap->rank, _Alignof(uint64_t), &bitmap->rank));
  bitmap->set = 0;
  for (uint64_t i = 0; i < ranks; i++) {
    bitmap->rank[i] = bitmap->set;
    for (uint64_t word = i * WORDS; word < (i + 1) * WORDS; word++)
      bitmap->set += kl_count_bits(kl_bitmap_word(bitmap, word));
  }
  return KL_OK;
}

uint64_t kl_bitmap_rank(const struct kl_bitmap *bitmap, uint64_t bit) {
  uint64_t block = bit / KL_BITMAP_RANK, word = block * WORDS, rank = bitmap->rank[block];
  for (; word < bit / 64; word++)
    rank += kl_count_bits(kl_bitmap_word(bitmap, word));
  return rank + kl_count_bits(kl_bitmap_word(bitmap, word) & ((1ull << bit % 64) - 1));
}
