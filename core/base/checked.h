// Checked arithmetic, and the one place where 64-bit guest sizes become host
// sizes. Each returns false, and leaves *ret alone, when the result does not
// fit.
#ifndef KL_BASE_CHECKED_H
#define KL_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool kl_add(uint64_t a, uint64_t b, uint64_t *ret) {
  uint64_t sum;
  if (__builtin_add_overflow(a, b, &sum))
    return false;
  *ret = sum;
  return true;
}

static inline bool kl_mul(uint64_t a, uint64_t b, uint64_t *ret) {
  uint64_t product;
  if (__builtin_mul_overflow(a, b, &product))
    return false;
  *ret = product;
  return true;
}

// Without a branch: where sizes have 64 bits there is nothing that could take it.
static inline bool kl_narrow(uint64_t v, size_t *ret) {
  size_t spare, *const to[] = {&spare, ret};
  bool fits = v <= SIZE_MAX;
  *to[fits] = (size_t)v;
  return fits;
}

// Rounds up to a power of two.
static inline bool kl_round_up(uint64_t v, uint64_t to, uint64_t *ret) {
  uint64_t sum;
  if (!kl_add(v, to - 1, &sum))
    return false;
  *ret = sum & ~(to - 1);
  return true;
}

static inline uint64_t kl_min(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}
static inline uint64_t kl_max(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

#endif
