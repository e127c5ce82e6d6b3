// Looking for one byte, eight at a time.
#ifndef KL_BASE_FIND_H
#define KL_BASE_FIND_H

#include "base/bytes.h"

// Whether one of eight bytes is b: taking one from a byte that is zero by then
// borrows through its top bit.
static inline bool kl_any_is(uint64_t eight, uint8_t b) {
  const uint64_t each = 0x0101010101010101;
  uint64_t v = eight ^ each * b;
  return (v - each) & ~v & each << 7;
}

// Where the first b stands; the length when there is none.
static inline size_t kl_bytes_find(struct kl_bytes bytes, uint8_t b) {
  size_t at = 0;
  while (bytes.n - at >= 8 && !kl_any_is(kl_le64(bytes.p + at), b))
    at += 8;
  while (at < bytes.n && bytes.p[at] != b)
    at++;
  return at;
}

#endif
