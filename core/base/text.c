// The text writer and the string functions.
#include "base/text.h"

#include "base/memory.h"

enum kl_status kl_text_flush(struct kl_text *t) {
  if (t->failed == KL_OK && t->flush && t->used) {
    t->failed = t->flush(t->user, t->buffer, t->used);
    t->used = 0;
  }
  return t->failed;
}

void kl_text_put(struct kl_text *t, const char *p, size_t n) {
  while (n && t->failed == KL_OK) {
    size_t room = t->capacity - t->used;
    if (!room) {
      if (!t->flush || !t->capacity) {
        t->truncated = true;
        return;
      }
      (void)kl_text_flush(t);
      continue;
    }
    size_t part = n < room ? n : room;
    memcpy(t->buffer + t->used, p, part);
    t->used += part;
    p += part;
    n -= part;
  }
}

void kl_text_char(struct kl_text *t, char c) {
  if (t->failed == KL_OK && t->used < t->capacity)
    t->buffer[t->used++] = c;
  else
    kl_text_put(t, &c, 1);
}

void kl_text_string(struct kl_text *t, const char *s) {
  kl_text_put(t, s, kl_string_length(s));
}

void kl_text_decimal(struct kl_text *t, uint64_t v) {
  char digits[20];
  size_t i = sizeof digits;
  do {
    digits[--i] = (char)('0' + v % 10);
    v /= 10;
  } while (v);
  kl_text_put(t, digits + i, sizeof digits - i);
}

void kl_text_signed(struct kl_text *t, int64_t v) {
  if (v < 0)
    kl_text_char(t, '-');
  kl_text_decimal(t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static char hex_digit(unsigned v) {
  return (char)(v < 10 ? '0' + v : 'a' + (v - 10));
}

void kl_text_hex(struct kl_text *t, uint64_t v, unsigned min_digits) {
  char digits[16];
  size_t i = sizeof digits;
  do {
    digits[--i] = hex_digit((unsigned)(v & 15));
    v >>= 4;
  } while (v || (sizeof digits - i < min_digits && i));
  kl_text_put(t, digits + i, sizeof digits - i);
}

void kl_text_address(struct kl_text *t, uint64_t v) {
  kl_text_string(t, "0x");
  kl_text_hex(t, v, 16);
}

void kl_text_bytes_hex(struct kl_text *t, const uint8_t *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    kl_text_hex(t, p[i], 2);
}

static void json_escape(struct kl_text *t, uint32_t c) {
  switch (c) {
  case '"':
    kl_text_string(t, "\\\"");
    return;
  case '\n':
    kl_text_string(t, "\\n");
    return;
  case '\t':
    kl_text_string(t, "\\t");
    return;
  case '\r':
    kl_text_string(t, "\\r");
    return;
  default:
    break;
  }
  if (c > 0xffff) { // a surrogate pair (RFC 8259, section 7)
    kl_text_string(t, "\\u");
    kl_text_hex(t, 0xd800 + ((c - 0x10000) >> 10), 4);
    c = 0xdc00 + ((c - 0x10000) & 0x3ff);
  }
  kl_text_string(t, "\\u");
  kl_text_hex(t, c, 4);
}

size_t kl_text_plain(const uint8_t *p, size_t n) {
  size_t i = 0;
  while (i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
    i++;
  return i;
}

void kl_text_json_string(struct kl_text *t, const uint8_t *p, size_t n) {
  kl_text_char(t, '"');
  for (size_t i = 0; i < n;) {
    size_t plain = kl_text_plain(p + i, n - i);
    kl_text_put(t, (const char *)p + i, plain);
    i += plain;
    if (i == n)
      break;
    size_t length = kl_utf8_length(p + i, n - i);
    if (!length || !p[i]) {
      kl_text_string(t, "\\\\x");
      kl_text_hex(t, p[i++], 2);
    } else if (p[i] == '\\') { // the text cell has two, JSON doubles each
      kl_text_string(t, "\\\\\\\\");
      i++;
    } else if (p[i] == '"' || kl_text_hidden(kl_utf8_decode(p + i, length))) {
      json_escape(t, kl_utf8_decode(p + i, length));
      i += length;
    } else {
      kl_text_put(t, (const char *)p + i, length);
      i += length;
    }
  }
  kl_text_char(t, '"');
}

size_t kl_string_length(const char *s) {
  size_t n = 0;
  while (s[n])
    n++;
  return n;
}

bool kl_text_equal(const char *a, const char *b) {
  for (; *a && *a == *b; a++)
    b++;
  return *a == *b;
}

bool kl_bytes_equal(struct kl_bytes b, const char *s) {
  size_t n = kl_string_length(s);
  return b.n == n && (n == 0 || memcmp(b.p, s, n) == 0);
}

bool kl_bytes_start(struct kl_bytes b, const char *prefix) {
  size_t n = kl_string_length(prefix);
  return b.n >= n && (n == 0 || memcmp(b.p, prefix, n) == 0);
}

// Well-formed sequences only: no overlong forms, no surrogates, at most
// U+10FFFF (Unicode 15, table 3-7).
size_t kl_utf8_length(const uint8_t *p, size_t n) {
  uint8_t c = p[0];
  if (c < 0x80)
    return 1;
  size_t length = c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
  if (!length || length > n)
    return 0;
  uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
  uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
  if (p[1] < low || p[1] > high)
    return 0;
  for (size_t i = 2; i < length; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  return length;
}

uint32_t kl_utf8_decode(const uint8_t *p, size_t length) {
  uint32_t c = length == 1 ? p[0] : p[0] & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; i++)
    c = c << 6 | (p[i] & 0x3f);
  return c;
}

// Unicode's Cc and Cf, and the separators that end a line.
static const struct {
  uint32_t first, last;
} hidden[] = {{0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
              {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},     {0x180e, 0x180e},
              {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},
              {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
              {0xe0001, 0xe007f}};

bool kl_text_hidden(uint32_t code_point) {
  for (size_t i = 0; i < sizeof hidden / sizeof *hidden && code_point >= hidden[i].first; i++)
    if (code_point <= hidden[i].last)
      return true;
  return false;
}

bool kl_parse_decimal(struct kl_bytes b, uint64_t *ret) {
  bool negative = b.n && b.p[0] == '-';
  size_t i = negative ? 1 : 0;
  uint64_t v = 0;
  if (i == b.n)
    return false;
  for (; i < b.n; i++) {
    if (b.p[i] < '0' || b.p[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
        __builtin_add_overflow(v, (uint64_t)(b.p[i] - '0'), &v))
      return false;
  }
  if (negative && v > 1ull << 63)
    return false;
  *ret = negative ? 0 - v : v;
  return true;
}

bool kl_parse_hex(struct kl_bytes b, uint64_t *ret) {
  struct kl_bytes prefix;
  if (kl_bytes_start(b, "0x"))
    (void)kl_bytes_take(&b, 2, &prefix);
  if (!b.n || b.n > 16)
    return false;
  uint64_t v = 0;
  for (size_t i = 0; i < b.n; i++) {
    uint8_t c = b.p[i];
    unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                            : 16;
    if (digit == 16)
      return false;
    v = v << 4 | digit;
  }
  *ret = v;
  return true;
}
