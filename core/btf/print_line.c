// The lines of printed types: a declaration with its place, a comment, an enum.
#include "btf/print.h"

enum { COMMENT_COLUMN = 56 };

void kl_btf_indent(struct kl_btf_printer *p, uint32_t n) {
  while (n--)
    kl_text_char(p->out, '\t');
}

static enum kl_status count_text(void *user, const char *text, size_t n) {
  (void)text;
  *(uint64_t *)user += n;
  return KL_OK;
}

static void pad_to_comment(struct kl_btf_printer *p, uint64_t columns) {
  do
    kl_text_char(p->out, ' ');
  while (++columns < COMMENT_COLUMN);
}

static void number(struct kl_text *out, uint64_t v, uint64_t width) {
  for (uint64_t limit = 10; width > 1; width--, limit *= 10)
    if (v < limit)
      kl_text_char(out, ' ');
  kl_text_decimal(out, v);
}

// "/*  1232: 3  4 */": byte, bit for a bitfield, and bytes.
static void place_comment(struct kl_btf_printer *p, uint64_t bit_offset, uint32_t bit_size, uint64_t bytes) {
  uint64_t at = bit_offset / 8;
  kl_text_string(p->out, "/* ");
  if (bit_size) {
    uint64_t unit = bytes ? bytes : 1; // the bytes of the declared type around it, where it does not straddle two
    at = at / unit * unit;
    if (bit_offset - at * 8 + bit_size > unit * 8)
      at = bit_offset / 8;
  }
  number(p->out, at, 5);
  if (bit_size) {
    kl_text_char(p->out, ':');
    number(p->out, bit_offset - at * 8, 2);
  }
  kl_text_char(p->out, ' ');
  number(p->out, bytes, bit_size ? 2 : 5);
  kl_text_string(p->out, " */");
}

static enum kl_status declare_text(struct kl_btf_printer *p, const struct kl_btf_declaration *d,
                                   struct kl_text *out) {
  KL_TRY(kl_btf_declare(p->btf, d->type, d->name, d->base_done, &p->steps, out));
  if (d->bit_size) {
    kl_text_string(out, " : ");
    kl_text_decimal(out, d->bit_size);
  }
  kl_text_char(out, ';');
  return out->failed;
}

enum kl_status kl_btf_print_line(struct kl_btf_printer *p, const struct kl_btf_declaration *d, uint64_t columns) {
  KL_TRY(declare_text(p, d, p->out));
  uint64_t size;
  if (p->layout && d->placed && kl_btf_size(p->btf, d->type, &size)) {
    char scratch[64];
    struct kl_text counter = kl_text_into(scratch, sizeof scratch);
    counter.flush = count_text;
    counter.user = &columns;
    KL_TRY(declare_text(p, d, &counter));
    pad_to_comment(p, columns + counter.used);
    place_comment(p, d->bit_offset, d->bit_size, size);
  }
  kl_text_char(p->out, '\n');
  return p->out->failed;
}

void kl_btf_put_escaped(struct kl_text *out, struct kl_bytes bytes) {
  for (size_t i = 0; i < bytes.n; i++) {
    uint8_t c = bytes.p[i];
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      kl_text_char(out, (char)c);
    } else {
      kl_text_string(out, "\\x");
      kl_text_hex(out, c, 2);
    }
  }
}

void kl_btf_put_name(struct kl_btf_printer *p, struct kl_bytes name) {
  if (name.n) {
    kl_text_char(p->out, ' ');
    kl_text_put(p->out, (const char *)name.p, name.n);
  }
}

// Packed into fewer or stretched to more bytes than its values ask for.
static void enum_attribute(struct kl_btf_printer *p, const struct kl_btf_type *t, bool wide) {
  if (t->size == 1)
    kl_text_string(p->out, " __attribute__((mode(QI)))");
  else if (t->size == 2)
    kl_text_string(p->out, " __attribute__((mode(HI)))");
  else if (t->size == 8 && !wide)
    kl_text_string(p->out, " __attribute__((mode(DI)))");
}

void kl_btf_print_enum(struct kl_btf_printer *p, const struct kl_btf_type *t, uint32_t depth) {
  bool wide = false;
  kl_text_string(p->out, "enum");
  kl_btf_put_name(p, t->name);
  if (!t->vlen)
    return;
  kl_text_string(p->out, " {\n");
  for (uint32_t i = 0; i < t->vlen; i++) {
    struct kl_btf_value value;
    kl_btf_enum_value(p->btf, t, i, &value);
    kl_btf_indent(p, depth + 1);
    kl_text_put(p->out, (const char *)value.name.p, value.name.n);
    kl_text_string(p->out, " = ");
    bool is_unsigned = t->kind == KL_BTF_ENUM64 && !t->kflag;
    if (is_unsigned) {
      kl_text_decimal(p->out, (uint64_t)value.value);
      kl_text_string(p->out, value.value < 0 ? "ULL" : "");
    } else if (value.value == INT64_MIN) {
      kl_text_string(p->out, "-9223372036854775807LL - 1");
    } else {
      kl_text_signed(p->out, value.value);
    }
    wide = wide || value.value > UINT32_MAX || value.value < (is_unsigned ? 0 : INT32_MIN);
    kl_text_string(p->out, ",\n");
  }
  kl_btf_indent(p, depth);
  kl_text_char(p->out, '}');
  enum_attribute(p, t, wide);
}

void kl_btf_print_comment(struct kl_btf_printer *p, uint32_t depth, uint64_t n, const char *unit,
                          const char *what) {
  if (!n)
    return;
  kl_btf_indent(p, depth);
  kl_text_string(p->out, "/* ");
  kl_text_decimal(p->out, n);
  kl_text_string(p->out, unit);
  kl_text_string(p->out, n == 1 ? " " : "s ");
  kl_text_string(p->out, what);
  kl_text_string(p->out, " */\n");
}
