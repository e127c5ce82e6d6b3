// Text: nothing is written past a buffer, and what passes for UTF-8 is UTF-8.
#include "base/text.h"

#include "proof.h"

enum { ROOM = 8 };

// Whatever is in the buffer and whatever is added.
void prove_put(void) {
  char buffer[ROOM], more[ROOM];
  size_t capacity = any_size(), used = any_size(), n = any_size();
  ASSUME(capacity <= ROOM && used <= capacity && n <= ROOM);
  struct kl_text t = kl_text_into(buffer, capacity);
  t.used = used;
  kl_text_put(&t, more, n);
  PROVE(t.used <= capacity);
  PROVE(t.truncated == (n > capacity - used));
  PROVE(t.truncated || t.used == used + n);
}

void prove_numbers(void) {
  char buffer[3];
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  uint64_t v = any_u64();
  kl_text_hex(&t, v, any_u32());
  PROVE(t.used >= 1 && t.used <= sizeof buffer);
  PROVE(!t.truncated || v >> 12 || t.used == sizeof buffer);
}

// RFC 3629: the shortest form, no surrogates, nothing past U+10FFFF.
void prove_utf8(void) {
  uint8_t p[4];
  for (size_t i = 0; i < sizeof p; i++)
    p[i] = any_u8();
  size_t n = any_size();
  ASSUME(n >= 1 && n <= sizeof p);
  size_t length = kl_utf8_length(p, n);
  PROVE(length <= n);
  if (!length)
    return;
  uint32_t c = kl_utf8_decode(p, length);
  PROVE(c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));
  PROVE(length == (c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4));
  for (size_t i = 1; i < length; i++)
    PROVE((p[i] & 0xc0) == 0x80);
}

// A hex number of up to 18 digits: its value, and more than 16 are refused.
void prove_parse_hex(void) {
  enum { DIGITS = 18 };
  uint8_t text[DIGITS];
  size_t n = any_size();
  ASSUME(n <= DIGITS);
  uint64_t expected = 0, v = 7;
  bool ok = n > 0 && n <= 16;
  for (size_t i = 0; i < DIGITS; i++) {
    text[i] = any_u8();
    ASSUME((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'));
    if (i < n)
      expected = expected << 4 | (uint64_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
  }
  PROVE(kl_parse_hex(kl_bytes_of(text, n), &v) == ok);
  PROVE(!ok || v == expected);
}

// A decimal of up to four characters: digits with or without a minus, no more.
void prove_parse_decimal(void) {
  uint8_t text[4];
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = any_u8();
  size_t n = any_size();
  ASSUME(n <= sizeof text);
  bool negative = n && text[0] == '-', ok = n > (negative ? 1u : 0u);
  uint64_t expected = 0, v = 7;
  for (size_t i = negative; i < n; i++) {
    ok = ok && text[i] >= '0' && text[i] <= '9';
    expected = 10 * expected + (uint64_t)(text[i] - '0');
  }
  PROVE(kl_parse_decimal(kl_bytes_of(text, n), &v) == ok);
  PROVE(ok ? v == (negative ? 0 - expected : expected) : v == 7);
}
