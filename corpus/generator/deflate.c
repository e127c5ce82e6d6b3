// A small compressor: greedy matches, one block of fixed codes (RFC 1951, 3.2.6).
#include <string.h>

#include "containers.h"

struct bits {
  struct bytes *to;
  uint32_t pending;
  unsigned n;
};

static void put_bits(struct bits *b, uint32_t v, unsigned n) {
  b->pending |= v << b->n;
  for (b->n += n; b->n >= 8; b->n -= 8, b->pending >>= 8)
    bytes_number(b->to, b->pending & 255, 1);
}

static void put_code(struct bits *b, uint32_t code, unsigned n) { // most significant bit first
  for (unsigned i = n; i-- > 0;)
    put_bits(b, code >> i & 1, 1);
}

static void put_symbol(struct bits *b, unsigned s) {
  if (s < 144)
    put_code(b, 0x30 + s, 8);
  else if (s < 256)
    put_code(b, 0x190 + s - 144, 9);
  else if (s < 280)
    put_code(b, s - 256, 7);
  else
    put_code(b, 0xc0 + s - 280, 8);
}

// Length and distance codes: a base, and extra bits that grow every few codes.
static void put_match(struct bits *b, unsigned length, unsigned distance) {
  unsigned base = 3, code = 257, extra = 0;
  for (; code < 284 && length >= base + (1u << extra); code++) {
    base += 1u << extra;
    extra = code + 1 < 265 ? 0 : (code + 1 - 261) / 4;
  }
  put_symbol(b, code);
  put_bits(b, length - base, extra);
  base = 1, code = 0, extra = 0;
  for (; distance >= base + (1u << extra); code++) {
    base += 1u << extra;
    extra = code + 1 < 4 ? 0 : (code + 1 - 2) / 2;
  }
  put_code(b, code, 5);
  put_bits(b, distance - base, extra);
}

static uint32_t hash_of(const uint8_t *p) {
  return ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16) * 2654435761u >> 20;
}

void deflate(const uint8_t *p, size_t n, struct bytes *ret) {
  static size_t last[4096]; // position + 1 of three bytes that hash there
  memset(last, 0, sizeof last);
  struct bits b = {.to = ret};
  bytes_number(ret, 0x0178, 2);
  put_bits(&b, 3, 3); // last block, fixed codes
  uint32_t s1 = 1, s2 = 0;
  for (size_t i = 0; i < n; i++) {
    s1 = (s1 + p[i]) % 65521;
    s2 = (s2 + s1) % 65521;
  }
  for (size_t i = 0; i < n;) {
    size_t length = 0, from = 0;
    if (n - i >= 3) {
      size_t *slot = &last[hash_of(p + i)];
      from = *slot;
      *slot = i + 1;
      if (from && i - (from - 1) <= 32768)
        while (length < 257 && i + length < n && p[from - 1 + length] == p[i + length])
          length++;
    }
    if (length >= 3) {
      put_match(&b, (unsigned)length, (unsigned)(i - (from - 1)));
      i += length;
    } else {
      put_symbol(&b, p[i++]);
    }
  }
  put_symbol(&b, 256);
  put_bits(&b, 0, 7);
  store_big(bytes_grow(ret, 4), s2 << 16 | s1, 4);
}
