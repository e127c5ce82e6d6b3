// Symbols from a System.map that the user gave.
#include "base/checked.h"
#include "base/find.h"
#include "base/text.h"
#include "kernel/symbol_table.h"

// Cuts off what stands before the first space, and the space.
static bool word_take(struct kl_bytes *line, struct kl_bytes *word) {
  size_t n = 0;
  while (n < line->n && line->p[n] != ' ')
    n++;
  struct kl_bytes space;
  return n < line->n && kl_bytes_take(line, n, word) && kl_bytes_take(line, 1, &space);
}

static bool line_parse(struct kl_bytes line, struct kl_symbol *ret) {
  struct kl_bytes address, type;
  if (!word_take(&line, &address) || !word_take(&line, &type) || type.n != 1 || !line.n ||
      !kl_parse_hex(address, &ret->address))
    return false;
  for (size_t i = 0; i < line.n; i++)
    if (line.p[i] <= ' ' || line.p[i] >= 0x7f)
      return false; // a module's line has a tab
  ret->type = (char)type.p[0];
  ret->name = line;
  return true;
}

static struct kl_bytes line_at(struct kl_bytes text, size_t at) {
  size_t end = at + kl_bytes_find(kl_bytes_of(text.p + at, text.n - at), '\n');
  return kl_bytes_of(text.p + at, end > at && text.p[end - 1] == '\r' ? end - at - 1 : end - at);
}

// Per-CPU and absolute symbols do not move with the image; they are no kernel
// addresses.
enum kl_status kl_map_at(const struct kl_symbols *symbols, uint64_t i, struct kl_symbol *ret) {
  if (i >= symbols->count || !line_parse(line_at(symbols->map, symbols->lines[i]), ret))
    return KL_ERR_NOT_FOUND;
  if (ret->address >> 48 == 0xffff)
    ret->address += symbols->shift;
  return KL_OK;
}

enum kl_status kl_symbols_from_map(struct kl_arena *arena, struct kl_bytes text, const struct kl_limits *limits,
                                   struct kl_symbols **ret) {
  if (text.n >= UINT32_MAX)
    return KL_ERR_LIMIT;
  struct kl_symbols *symbols;
  KL_TRY(KL_TAKE(arena, 1, &symbols));
  symbols->map = text;
  // Counted first, so that the index is no larger than it must be.
  uint32_t *lines = NULL;
  for (int pass = 0; pass < 2; pass++) {
    uint64_t n = 0, last = 0;
    for (size_t at = 0; at < text.n;) {
      struct kl_bytes line = line_at(text, at);
      struct kl_symbol symbol;
      if (line_parse(line, &symbol)) {
        if (symbol.address < last)
          return KL_ERR_MALFORMED; // not sorted: no System.map
        last = symbol.address;
        if (lines)
          lines[n] = (uint32_t)at;
        n++;
      }
      at = (size_t)(line.p - text.p) + line.n;
      at += at < text.n && text.p[at] == '\r';
      at++;
    }
    if (!n)
      return KL_ERR_MALFORMED;
    if (n > limits->symbols)
      return KL_ERR_LIMIT;
    symbols->count = n;
    if (!lines)
      KL_TRY(KL_TAKE(arena, n, &lines));
  }
  symbols->lines = lines;
  *ret = symbols;
  return KL_OK;
}
