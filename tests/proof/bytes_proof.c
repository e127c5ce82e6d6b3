// The cursor: whatever is asked of it, what it gives lies inside what it had.
#include "base/bytes.h"

#include "proof.h"

enum { ROOM = 16 };
static uint8_t room[ROOM];

static struct kl_bytes any_bytes(void) {
  size_t n = any_size();
  ASSUME(n <= ROOM);
  return kl_bytes_of(n || any_bool() ? room + (ROOM - n) : NULL, n); // nothing lies behind it
}

void prove_take(void) {
  struct kl_bytes before = any_bytes(), after = before, taken = {0};
  size_t n = any_size();
  if (kl_bytes_take(&after, n, &taken)) {
    PROVE(n <= before.n);
    PROVE(taken.p == before.p && taken.n == n);
    PROVE(after.n == before.n - n);
    PROVE(!n || after.p == before.p + n);
  } else {
    PROVE(n > before.n);
    PROVE(after.p == before.p && after.n == before.n);
  }
}

void prove_slice(void) {
  struct kl_bytes whole = any_bytes(), part = {0};
  uint64_t off = any_u64(), n = any_u64();
  if (kl_bytes_slice(whole, off, n, &part)) {
    PROVE(off <= whole.n && n <= whole.n - off);
    PROVE(part.n == n);
    PROVE(!off || part.p == whole.p + off);
  } else {
    PROVE(off > whole.n || n > whole.n - off);
  }
}

// Each getter reads inside the range (that is what --bounds-check and
// --pointer-check add) and moves by what it read, or not at all.
void prove_getters(void) {
  struct kl_bytes before = any_bytes(), b = before;
  uint8_t v8;
  uint16_t v16;
  uint32_t v32;
  uint64_t v64;
  for (size_t i = 0; i < ROOM; i++)
    room[i] = any_u8();
  PROVE(kl_bytes_u8(&b, &v8) == (before.n >= 1) && b.n == before.n - (before.n >= 1 ? 1 : 0));
  b = before;
  PROVE(kl_bytes_u16(&b, &v16) == (before.n >= 2) && b.n == before.n - (before.n >= 2 ? 2 : 0));
  b = before;
  PROVE(kl_bytes_u32(&b, &v32) == (before.n >= 4) && b.n == before.n - (before.n >= 4 ? 4 : 0));
  b = before;
  PROVE(kl_bytes_u64(&b, &v64) == (before.n >= 8) && b.n == before.n - (before.n >= 8 ? 8 : 0));
  if (before.n >= 8) {
    PROVE(v8 == before.p[0]);
    PROVE(v16 == before.p[0] + 256 * before.p[1]);
    PROVE(v64 == kl_le_n(before.p, 8));
    PROVE((uint32_t)v64 == v32);
    PROVE(kl_be64(before.p) >> 56 == before.p[0]);
  }
}

// What the one bounds check is there for: without it this must be found wrong.
void refute_read_without_take(void) {
  struct kl_bytes b = any_bytes();
  PROVE(!b.n || kl_le32(b.p) == kl_le32(b.p));
}
