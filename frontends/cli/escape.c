// Escaping, and the width of what comes out of it.
#include "escape.h"

#include <wchar.h>

static void escape_code(struct kl_text *out, uint32_t c) {
  switch (c) {
  case '\n':
    kl_text_string(out, "\\n");
    return;
  case '\t':
    kl_text_string(out, "\\t");
    return;
  case '\r':
    kl_text_string(out, "\\r");
    return;
  default:
    break;
  }
  kl_text_string(out, c < 0x80 ? "\\x" : c <= 0xffff ? "\\u" : "\\U");
  kl_text_hex(out, c, c < 0x80 ? 2 : c <= 0xffff ? 4 : 8);
}

static void escape(struct kl_text *out, const uint8_t *p, size_t n, bool double_backslash) {
  for (size_t i = 0; i < n;) {
    size_t plain = kl_text_plain(p + i, n - i);
    kl_text_put(out, (const char *)p + i, plain);
    i += plain;
    if (i == n)
      break;
    size_t length = kl_utf8_length(p + i, n - i);
    if (!length) {
      kl_text_string(out, "\\x");
      kl_text_hex(out, p[i++], 2);
      continue;
    }
    uint32_t c = kl_utf8_decode(p + i, length);
    if (kl_text_hidden(c)) {
      escape_code(out, c);
    } else {
      if (c == '\\' && double_backslash)
        kl_text_char(out, '\\');
      kl_text_put(out, (const char *)p + i, length);
    }
    i += length;
  }
}

void cli_escape(struct kl_text *out, const uint8_t *p, size_t n) {
  escape(out, p, n, true);
}

void cli_escape_line(struct kl_text *out, const char *p, size_t n) {
  escape(out, (const uint8_t *)p, n, false);
}

// One character of escaped text: its bytes and columns.
static size_t step(const char *p, size_t n, size_t *width) {
  const uint8_t *u = (const uint8_t *)p;
  if (*u < 0x80) {
    *width = 1;
    return 1;
  }
  size_t length = kl_utf8_length(u, n);
  int w = length ? wcwidth((wchar_t)kl_utf8_decode(u, length)) : 1;
  *width = w < 0 ? 1 : (size_t)w; // unassigned: terminals show one box
  return length ? length : 1;
}

size_t cli_width(const char *p, size_t n) {
  size_t total = 0, width;
  for (size_t i = 0; i < n; total += width)
    i += step(p + i, n - i, &width);
  return total;
}

size_t cli_fit(const char *p, size_t n, size_t width) {
  size_t used = 0, one;
  for (size_t i = 0; i < n; used += one) {
    size_t length = step(p + i, n - i, &one);
    if (used + one > width)
      return i;
    i += length;
  }
  return n;
}
