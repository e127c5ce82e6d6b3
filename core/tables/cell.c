// Cells: compare, parse, print.
#include "tables/cell.h"

#include "base/memory.h"

// What a number of any kind is worth: sign and magnitude apart, so that u64 and
// i64 compare without wrapping.
struct number {
  bool negative;
  uint64_t bits;
};

static bool cell_number(const struct kl_cell *c, struct number *ret) {
  switch (c->kind) {
  case KL_CELL_U64:
  case KL_CELL_BOOL:
  case KL_CELL_ADDRESS:
    *ret = (struct number){false, c->u64};
    return true;
  case KL_CELL_I64:
  case KL_CELL_DURATION:
  case KL_CELL_TIME:
    *ret = (struct number){c->i64 < 0, (uint64_t)c->i64};
    return true;
  case KL_CELL_NULL:
  case KL_CELL_UNREADABLE:
  case KL_CELL_TEXT:
  case KL_CELL_BYTES:
    break;
  }
  return false;
}

static bool cell_data(const struct kl_cell *c, struct kl_bytes *ret) {
  *ret = kl_bytes_of(c->data, c->n);
  return c->kind == KL_CELL_TEXT || c->kind == KL_CELL_BYTES;
}

static int order_u64(uint64_t a, uint64_t b) {
  return (a > b) - (a < b);
}

bool kl_cell_compare(const struct kl_cell *a, const struct kl_cell *b, int *ret) {
  struct number x, y;
  if (cell_number(a, &x) && cell_number(b, &y)) {
    // Within one sign two's complement orders as unsigned does.
    *ret = x.negative != y.negative ? (x.negative ? -1 : 1) : order_u64(x.bits, y.bits);
    return true;
  }
  struct kl_bytes s, t;
  if (!cell_data(a, &s) || !cell_data(b, &t))
    return false;
  size_t shared = s.n < t.n ? s.n : t.n;
  int order = shared ? memcmp(s.p, t.p, shared) : 0;
  *ret = order ? order : order_u64(s.n, t.n);
  return true;
}

bool kl_cell_meets(const struct kl_cell *cell, const struct kl_constraint *constraint) {
  int order;
  if (!kl_cell_compare(cell, &constraint->value, &order))
    return false;
  switch (constraint->op) {
  case KL_OP_EQ:
    return order == 0;
  case KL_OP_LT:
    return order < 0;
  case KL_OP_LE:
    return order <= 0;
  case KL_OP_GT:
    return order > 0;
  case KL_OP_GE:
    return order >= 0;
  }
  return false;
}

void kl_text_guest(struct kl_text *out, const uint8_t *p, size_t n) {
  for (size_t i = 0; i < n;) {
    size_t plain = kl_text_plain(p + i, n - i);
    kl_text_put(out, (const char *)p + i, plain);
    i += plain;
    if (i == n)
      break;
    size_t length = kl_utf8_length(p + i, n - i);
    if (!length || !p[i]) {
      kl_text_string(out, "\\x");
      kl_text_hex(out, p[i++], 2);
      continue;
    }
    if (p[i] == '\\')
      kl_text_char(out, '\\');
    kl_text_put(out, (const char *)p + i, length);
    i += length;
  }
}

void kl_text_guest_undo(struct kl_text *out, struct kl_bytes text) {
  for (size_t i = 0; i < text.n; i++) {
    const char *p = (const char *)text.p + i;
    size_t left = text.n - i;
    uint64_t byte;
    if (left >= 2 && p[0] == '\\' && p[1] == '\\') {
      i++;
    } else if (left >= 4 && p[0] == '\\' && p[1] == 'x' && kl_parse_hex(kl_bytes_of(p + 2, 2), &byte)) {
      kl_text_char(out, (char)byte);
      i += 3;
      continue;
    }
    kl_text_char(out, *p);
  }
}

void kl_cell_print(struct kl_text *out, const struct kl_cell *cell) {
  switch (cell->kind) {
  case KL_CELL_NULL:
  case KL_CELL_UNREADABLE:
    return;
  case KL_CELL_U64:
    kl_text_decimal(out, cell->u64);
    return;
  case KL_CELL_I64:
  case KL_CELL_DURATION:
  case KL_CELL_TIME:
    kl_text_signed(out, cell->i64);
    return;
  case KL_CELL_BOOL:
    kl_text_string(out, cell->u64 ? "true" : "false");
    return;
  case KL_CELL_ADDRESS:
    kl_text_address(out, cell->u64);
    return;
  case KL_CELL_TEXT:
    kl_text_guest(out, cell->data, cell->n);
    return;
  case KL_CELL_BYTES:
    kl_text_bytes_hex(out, cell->data, cell->n);
    return;
  }
}

void kl_cell_json(struct kl_text *out, const struct kl_cell *cell) {
  switch (cell->kind) {
  case KL_CELL_NULL:
  case KL_CELL_UNREADABLE:
    kl_text_string(out, "null");
    return;
  case KL_CELL_TEXT:
    kl_text_json_string(out, cell->data, cell->n);
    return;
  case KL_CELL_ADDRESS:
  case KL_CELL_BYTES:
    kl_text_char(out, '"');
    kl_cell_print(out, cell);
    kl_text_char(out, '"');
    return;
  case KL_CELL_U64:
  case KL_CELL_I64:
  case KL_CELL_BOOL:
  case KL_CELL_DURATION:
  case KL_CELL_TIME:
    kl_cell_print(out, cell);
    return;
  }
}

static bool parse_unsigned(struct kl_bytes text, uint64_t *ret) {
  if (kl_bytes_start(text, "0x"))
    return kl_parse_hex(text, ret);
  return text.n && text.p[0] != '-' && kl_parse_decimal(text, ret);
}

static bool parse_signed(struct kl_bytes text, int64_t *ret) {
  bool negative = text.n && text.p[0] == '-';
  uint64_t v;
  struct kl_bytes sign;
  if (negative)
    (void)kl_bytes_take(&text, 1, &sign);
  if (!parse_unsigned(text, &v) || v > (uint64_t)INT64_MAX + negative)
    return false;
  *ret = (int64_t)(negative ? 0 - v : v);
  return true;
}

static bool parse_bool(struct kl_bytes text, uint64_t *ret) {
  *ret = kl_bytes_equal(text, "1") || kl_bytes_equal(text, "true") || kl_bytes_equal(text, "yes");
  return *ret || kl_bytes_equal(text, "0") || kl_bytes_equal(text, "false") || kl_bytes_equal(text, "no");
}

static bool parse_bytes(struct kl_bytes text, struct kl_text *room) {
  if (text.n % 2)
    return false;
  for (size_t i = 0; i < text.n; i += 2) {
    uint64_t byte;
    if (!kl_parse_hex(kl_bytes_of(text.p + i, 2), &byte))
      return false;
    kl_text_char(room, (char)byte);
  }
  return true;
}

enum kl_status kl_cell_parse(enum kl_cell_kind kind, struct kl_bytes text, struct kl_text *room,
                             struct kl_cell *ret) {
  *ret = (struct kl_cell){.kind = kind};
  size_t start = room->used;
  bool ok = false;
  switch (kind) {
  case KL_CELL_NULL:
  case KL_CELL_UNREADABLE:
    break;
  case KL_CELL_U64:
  case KL_CELL_ADDRESS:
    ok = parse_unsigned(text, &ret->u64);
    break;
  case KL_CELL_BOOL:
    ok = parse_bool(text, &ret->u64);
    break;
  case KL_CELL_I64:
  case KL_CELL_DURATION:
  case KL_CELL_TIME:
    ok = parse_signed(text, &ret->i64);
    break;
  case KL_CELL_TEXT:
    kl_text_guest_undo(room, text);
    ok = true;
    break;
  case KL_CELL_BYTES:
    ok = parse_bytes(text, room);
    break;
  }
  if (!ok)
    return KL_ERR_ARGUMENT;
  if (room->truncated)
    return KL_ERR_LIMIT;
  if (kind == KL_CELL_TEXT || kind == KL_CELL_BYTES) {
    ret->data = (const uint8_t *)room->buffer + start;
    ret->n = room->used - start;
  }
  return KL_OK;
}

// Longer spellings first.
static const struct {
  const char *spelling;
  enum kl_op op;
} operators[] = {{"<=", KL_OP_LE}, {">=", KL_OP_GE}, {"==", KL_OP_EQ},
                 {"=", KL_OP_EQ},  {"<", KL_OP_LT},  {">", KL_OP_GT}};

static bool parse_operator(struct kl_bytes *text, enum kl_op *ret) {
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    struct kl_bytes cut;
    if (!kl_bytes_start(*text, operators[i].spelling))
      continue;
    *ret = operators[i].op;
    return kl_bytes_take(text, kl_string_length(operators[i].spelling), &cut);
  }
  return false;
}

enum kl_status kl_constraint_parse(const struct kl_table *table, struct kl_bytes text, struct kl_text *room,
                                   struct kl_constraint *ret, struct kl_bytes *column) {
  size_t n = 0;
  while (n < text.n && text.p[n] != '=' && text.p[n] != '<' && text.p[n] != '>')
    n++;
  struct kl_bytes name;
  (void)kl_bytes_take(&text, n, &name);
  if (column)
    *column = name;
  if (!parse_operator(&text, &ret->op))
    return KL_ERR_ARGUMENT;
  for (uint32_t i = 0; i < table->n_columns; i++) {
    if (!kl_bytes_equal(name, table->columns[i].name))
      continue;
    ret->column = i;
    return kl_cell_parse(table->columns[i].kind, text, room, &ret->value);
  }
  return KL_ERR_NOT_FOUND;
}
