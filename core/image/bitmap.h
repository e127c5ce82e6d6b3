// The two bitmaps of a kdump file, and how many bits are set below one: the
// number of a page's descriptor.
#ifndef KL_IMAGE_BITMAP_H
#define KL_IMAGE_BITMAP_H

#include "base/arena.h"
#include "base/bytes.h"

struct kl_bitmap {
  struct kl_bytes bits; // bit i is bit i % 8 of byte i / 8
  uint64_t n;           // bits that count; the rest is ignored
  uint64_t *rank;       // bits set below each KL_BITMAP_RANK bits; null: not built
  uint64_t set;         // bits set, when the ranks are built
};

enum { KL_BITMAP_RANK = 4096 };

// Bits that are set.
unsigned kl_count_bits(uint64_t v);

// The 64 bits from 64 * word on; those at n and beyond are clear.
uint64_t kl_bitmap_word(const struct kl_bitmap *bitmap, uint64_t word);
bool kl_bitmap_test(const struct kl_bitmap *bitmap, uint64_t bit);

// Counts the bits and takes the rank table from the arena. bits and n are set.
enum kl_status kl_bitmap_rank_build(struct kl_bitmap *bitmap, struct kl_arena *arena) KL_MUST_USE;
static inline uint64_t kl_bitmap_ranks(uint64_t n) {
  return n / KL_BITMAP_RANK + 1;
}
// Bits set below bit; bit <= n.
uint64_t kl_bitmap_rank(const struct kl_bitmap *bitmap, uint64_t bit);

#endif
