// A cursor over bytes that came from the dump, and little-endian getters.
//
// Every getter goes through kl_bytes_take, the one bounds check. A failed call
// leaves the cursor where it was. Guest bytes are never cast to structs.
#ifndef KL_BASE_BYTES_H
#define KL_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernlens/status.h"

struct kl_bytes {
  const uint8_t *p; // may be null when n is 0
  size_t n;
};

static inline struct kl_bytes kl_bytes_of(const void *p, size_t n) {
  return (struct kl_bytes){(const uint8_t *)p, n};
}

// Cuts the first n bytes off and gives them. False when there are fewer.
static inline bool kl_bytes_take(struct kl_bytes *b, size_t n, struct kl_bytes *ret) {
  if (n > b->n)
    return false;
  *ret = (struct kl_bytes){b->p, n};
  if (n) // null + 0 is undefined in C11
    b->p += n;
  b->n -= n;
  return true;
}

// The sub-range [off, off + n). False when it does not lie inside.
static inline bool kl_bytes_slice(struct kl_bytes b, uint64_t off, uint64_t n, struct kl_bytes *ret) {
  if (off > b.n || n > b.n - off)
    return false;
  *ret = (struct kl_bytes){off ? b.p + (size_t)off : b.p, (size_t)n};
  return true;
}

// Decoders of bytes that are known to be there: one load each, which sanitizers
// check once. Every machine that this is built for is little-endian. (Freestanding,
// only the builtin copies without a call.)
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "these decoders copy");

static inline uint16_t kl_le16(const uint8_t *p) {
  uint16_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
static inline uint32_t kl_le32(const uint8_t *p) {
  uint32_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
static inline uint64_t kl_le64(const uint8_t *p) {
  uint64_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
static inline uint64_t kl_be64(const uint8_t *p) {
  return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32 |
         (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | (uint64_t)p[6] << 8 | (uint64_t)p[7];
}
// A little-endian unsigned integer of n bytes, n from 0 to 8.
static inline uint64_t kl_le_n(const uint8_t *p, size_t n) {
  uint64_t v = 0;
  for (size_t i = n; i-- > 0;)
    v = v << 8 | p[i];
  return v;
}

static inline bool kl_bytes_u8(struct kl_bytes *b, uint8_t *ret) {
  struct kl_bytes t;
  if (!kl_bytes_take(b, 1, &t))
    return false;
  *ret = t.p[0];
  return true;
}
static inline bool kl_bytes_u16(struct kl_bytes *b, uint16_t *ret) {
  struct kl_bytes t;
  if (!kl_bytes_take(b, 2, &t))
    return false;
  *ret = kl_le16(t.p);
  return true;
}
static inline bool kl_bytes_u32(struct kl_bytes *b, uint32_t *ret) {
  struct kl_bytes t;
  if (!kl_bytes_take(b, 4, &t))
    return false;
  *ret = kl_le32(t.p);
  return true;
}
static inline bool kl_bytes_u64(struct kl_bytes *b, uint64_t *ret) {
  struct kl_bytes t;
  if (!kl_bytes_take(b, 8, &t))
    return false;
  *ret = kl_le64(t.p);
  return true;
}

#endif
