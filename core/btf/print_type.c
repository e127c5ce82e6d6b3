// C declarations of types, with bodies. Two ways:
//
// plain: compiles to the very layout that the BTF states: packed where members
// demand it, and unnamed bitfields where there is a gap that alignment does not
// explain.
// layout: for people, in the way of pahole: byte offset and size behind each
// member, holes, and totals.
#include "btf/print.h"

struct level {
  uint32_t id, next_member;
  uint32_t base_bits; // of this struct from the start of the outermost
  uint32_t end_bits;  // of the member printed last, from the start of this one
  uint32_t align;
  bool packed;
};

struct printer {
  const struct kl_btf *btf;
  struct kl_text *out;
  bool layout;
  uint64_t steps;
  uint32_t used;
  struct level levels[KL_BTF_DEPTH];
  // Of the outermost struct.
  uint32_t holes, bit_holes;
  uint64_t hole_bytes, hole_bits;
};

enum { COMMENT_COLUMN = 56, TAB = 8 };

static void indent(struct printer *p, uint32_t n) {
  while (n--)
    kl_text_char(p->out, '\t');
}

static enum kl_status count_text(void *user, const char *text, size_t n) {
  (void)text;
  *(uint64_t *)user += n;
  return KL_OK;
}

static void pad_to_comment(struct printer *p, uint64_t columns) {
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
static void place_comment(struct printer *p, uint64_t bit_offset, uint32_t bit_size, uint64_t bytes) {
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

struct declaration {
  uint32_t type, name; // name: a string offset
  bool base_done;
  uint64_t bit_offset; // from the start of the outermost struct
  uint32_t bit_size;
  bool placed; // has an offset: a member
};

static enum kl_status declare_text(struct printer *p, const struct declaration *d, struct kl_text *out) {
  KL_TRY(kl_btf_declare(p->btf, d->type, d->name, d->base_done, &p->steps, out));
  if (d->bit_size) {
    kl_text_string(out, " : ");
    kl_text_decimal(out, d->bit_size);
  }
  kl_text_char(out, ';');
  return out->failed;
}

// The declarator, ";", the comment and the end of the line. columns: where the
// line is.
static enum kl_status declare(struct printer *p, const struct declaration *d, uint64_t columns) {
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

static void put_name(struct printer *p, struct kl_bytes name) {
  if (name.n) {
    kl_text_char(p->out, ' ');
    kl_text_put(p->out, (const char *)name.p, name.n);
  }
}

// Packed into fewer or stretched to more bytes than its values ask for.
static void enum_attribute(struct printer *p, const struct kl_btf_type *t, bool wide) {
  if (t->size == 1)
    kl_text_string(p->out, " __attribute__((mode(QI)))");
  else if (t->size == 2)
    kl_text_string(p->out, " __attribute__((mode(HI)))");
  else if (t->size == 8 && !wide)
    kl_text_string(p->out, " __attribute__((mode(DI)))");
}

// "enum name {", the values and "}". Without values: "enum name".
static void enum_body(struct printer *p, const struct kl_btf_type *t, uint32_t depth) {
  bool wide = false;
  kl_text_string(p->out, "enum");
  put_name(p, t->name);
  if (!t->vlen)
    return;
  kl_text_string(p->out, " {\n");
  for (uint32_t i = 0; i < t->vlen; i++) {
    struct kl_btf_value value;
    kl_btf_enum_value(p->btf, t, i, &value);
    indent(p, depth + 1);
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
  indent(p, depth);
  kl_text_char(p->out, '}');
  enum_attribute(p, t, wide);
}

// "const struct name {" and a level for what follows.
static enum kl_status open_body(struct printer *p, uint32_t type, uint32_t base, uint64_t base_bits) {
  struct kl_btf_type t;
  if (p->used == KL_BTF_DEPTH)
    return KL_ERR_LIMIT;
  for (enum kl_btf_kind kind; kl_btf_is_qualifier(kind = kl_btf_kind(p->btf, type));
       type = kl_le32(kl_btf_raw(p->btf, type) + 8)) {
    kl_text_string(p->out, kl_btf_qualifier_text(kind));
    kl_text_char(p->out, ' ');
  }
  struct level *level = &p->levels[p->used++];
  *level = (struct level){.id = base, .base_bits = (uint32_t)base_bits};
  KL_TRY(kl_btf_alignment(p->btf, base, &p->steps, &level->align, &level->packed));
  kl_btf_type(p->btf, base, &t);
  kl_text_string(p->out, kl_btf_keyword(t.kind, false));
  put_name(p, t.name);
  kl_text_string(p->out, " {\n");
  return p->out->failed;
}

static const char *const widths[] = {"char", "short", "int", "long"}; // 8 << i bits

// The gap [from, to) in bits as unnamed bitfields: up to a byte, then the widest
// that are aligned and do not raise the struct's alignment, then the last bits.
static void pad_bits(struct printer *p, const struct level *level, uint32_t depth, uint64_t from, uint64_t to) {
  while (from < to && p->steps) {
    uint64_t width = 8, left = to - from;
    size_t name = 0;
    p->steps--;
    if (from % 8 || left < 8) {
      width = 8 - from % 8;
      width = width < left ? width : left;
    } else {
      while (name < 3 && from % (width * 2) == 0 && width * 2 <= left &&
             (level->packed || width * 2 <= (uint64_t)level->align * 8)) {
        width *= 2;
        name++;
      }
    }
    indent(p, depth);
    kl_text_string(p->out, widths[name]);
    kl_text_string(p->out, " : ");
    kl_text_decimal(p->out, width);
    kl_text_string(p->out, ";\n");
    from += width;
  }
}

static void comment(struct printer *p, uint32_t depth, uint64_t n, const char *unit, const char *what) {
  if (!n)
    return;
  indent(p, depth);
  kl_text_string(p->out, "/* ");
  kl_text_decimal(p->out, n);
  kl_text_string(p->out, unit);
  kl_text_string(p->out, n == 1 ? " " : "s ");
  kl_text_string(p->out, what);
  kl_text_string(p->out, " */\n");
}

static uint64_t round_up(uint64_t v, uint64_t to) {
  return (v + to - 1) / to * to;
}

// Where C would put a member, in bits.
static uint64_t natural_offset(const struct level *level, uint64_t unit_bits, uint32_t align, uint32_t bit_size) {
  uint64_t end = level->end_bits;
  if (bit_size)
    return !level->packed && end % unit_bits + bit_size > unit_bits ? round_up(end, unit_bits) : end;
  return round_up(end, level->packed ? 8 : (uint64_t)align * 8);
}

// What lies between the previous member and this one.
static enum kl_status gap_before(struct printer *p, struct level *level, const struct kl_btf_member *m) {
  if (kl_btf_kind(p->btf, level->id) == KL_BTF_UNION || m->bit_offset <= level->end_bits)
    return KL_OK;
  uint64_t from = level->end_bits, to = m->bit_offset, size;
  if (!p->layout) {
    uint32_t align;
    bool packed;
    KL_TRY(kl_btf_alignment(p->btf, m->type, &p->steps, &align, &packed));
    uint64_t unit = kl_btf_size(p->btf, m->type, &size) && size ? size * 8 : 8;
    if (natural_offset(level, unit, align, m->bit_size) != to)
      pad_bits(p, level, p->used, from, to);
    return KL_OK;
  }
  uint64_t byte = round_up(from, 8) < to ? round_up(from, 8) : to, bits = byte - from, bytes = (to - byte) / 8;
  uint64_t lead = (to - byte) % 8; // bits of the byte in which a bitfield begins
  comment(p, p->used, bits, " bit", "hole");
  comment(p, p->used, bytes, " byte", "hole");
  comment(p, p->used, lead, " bit", "hole");
  if (p->used == 1) {
    p->holes += bytes ? 1u : 0;
    p->hole_bytes += bytes;
    p->bit_holes += (bits ? 1u : 0) + (lead ? 1u : 0);
    p->hole_bits += bits + lead;
  }
  return KL_OK;
}

static enum kl_status print_member(struct printer *p) {
  struct level *level = &p->levels[p->used - 1];
  struct kl_btf_type t;
  struct kl_btf_member m;
  kl_btf_type(p->btf, level->id, &t);
  uint32_t i = level->next_member++;
  kl_btf_member(p->btf, &t, i, &m);
  KL_TRY(gap_before(p, level, &m));
  uint64_t size;
  uint64_t end = m.bit_offset + (m.bit_size ? m.bit_size : kl_btf_size(p->btf, m.type, &size) ? size * 8 : 0);
  if (end > level->end_bits)
    level->end_bits = (uint32_t)end;
  struct declaration d = {.type = m.type,
                          .name = kl_le32(t.extra + (size_t)i * 12),
                          .bit_offset = (uint64_t)level->base_bits + m.bit_offset,
                          .bit_size = m.bit_size,
                          .placed = true};
  uint64_t columns = (uint64_t)p->used * TAB;
  struct kl_btf_type base;
  kl_btf_type(p->btf, kl_btf_declaration_base(p->btf, m.type), &base);
  indent(p, p->used);
  if (!base.name.n && kl_btf_is_composite(base.kind)) {
    // Behind a pointer a struct begins at 0 again.
    bool inside = kl_btf_kind(p->btf, kl_btf_strip(p->btf, m.type)) != KL_BTF_PTR;
    return open_body(p, m.type, base.id, inside ? d.bit_offset : 0);
  }
  if (!base.name.n && kl_btf_is_enum(base.kind)) {
    enum_body(p, &base, p->used);
    d.base_done = true;
    columns = (uint64_t)p->used * TAB + 1;
  }
  return declare(p, &d, columns);
}

static void print_totals(struct printer *p, const struct level *level, const struct kl_btf_type *t) {
  kl_text_string(p->out, "\n\t/* size: ");
  kl_text_decimal(p->out, t->size);
  kl_text_string(p->out, ", members: ");
  kl_text_decimal(p->out, t->vlen);
  kl_text_string(p->out, " */\n");
  if (p->holes) {
    kl_text_string(p->out, "\t/* holes: ");
    kl_text_decimal(p->out, p->holes);
    kl_text_string(p->out, ", sum holes: ");
    kl_text_decimal(p->out, p->hole_bytes);
    kl_text_string(p->out, " */\n");
  }
  if (p->bit_holes) {
    kl_text_string(p->out, "\t/* bit holes: ");
    kl_text_decimal(p->out, p->bit_holes);
    kl_text_string(p->out, ", sum bit holes: ");
    kl_text_decimal(p->out, p->hole_bits);
    kl_text_string(p->out, " bits */\n");
  }
  uint64_t end = round_up(level->end_bits, 8);
  if (t->kind == KL_BTF_STRUCT) {
    comment(p, 1, end - level->end_bits, " bit", "padding");
    comment(p, 1, t->size - end / 8, " byte", "padding");
  }
}

// What lies behind the last member; the packed attribute.
static void close_body(struct printer *p) {
  struct level *level = &p->levels[p->used - 1];
  struct kl_btf_type t;
  kl_btf_type(p->btf, level->id, &t);
  uint64_t size = (uint64_t)t.size * 8;
  if (p->layout) {
    if (p->used == 1)
      print_totals(p, level, &t);
  } else if (round_up(level->end_bits, level->packed ? 8 : (uint64_t)level->align * 8) != size) {
    if (t.kind == KL_BTF_UNION) {
      indent(p, p->used);
      kl_text_string(p->out, "struct {\n");
      pad_bits(p, level, p->used + 1, 0, size);
      indent(p, p->used);
      kl_text_string(p->out, "};\n");
    } else {
      pad_bits(p, level, p->used, level->end_bits, size);
    }
  }
  indent(p, p->used - 1);
  kl_text_char(p->out, '}');
  if (level->packed)
    kl_text_string(p->out, " __attribute__((packed))");
  p->used--;
}

// After a body: the rest of the declaration that it was opened for. That is the
// member before the next one of the level around it, or outer.
static enum kl_status close_declaration(struct printer *p, const struct declaration *outer) {
  bool packed = p->levels[p->used - 1].packed;
  close_body(p);
  struct declaration d = *outer;
  if (p->used) {
    const struct level *level = &p->levels[p->used - 1];
    struct kl_btf_type t;
    struct kl_btf_member m;
    kl_btf_type(p->btf, level->id, &t);
    kl_btf_member(p->btf, &t, level->next_member - 1, &m);
    d = (struct declaration){.type = m.type,
                             .name = kl_le32(t.extra + (size_t)(level->next_member - 1) * 12),
                             .bit_offset = (uint64_t)level->base_bits + m.bit_offset,
                             .bit_size = m.bit_size,
                             .placed = true};
  }
  d.base_done = true;
  return declare(p, &d, (uint64_t)p->used * TAB + 1 + (packed ? sizeof " __attribute__((packed))" - 1 : 0));
}

static enum kl_status print_body(struct printer *p, const struct declaration *outer, uint32_t base) {
  KL_TRY(open_body(p, outer->type, base, 0));
  while (p->used) {
    if (!p->steps)
      return KL_ERR_LIMIT;
    p->steps--;
    const struct level *level = &p->levels[p->used - 1];
    if (level->next_member < kl_btf_info_vlen(kl_le32(kl_btf_raw(p->btf, level->id) + 4)))
      KL_TRY(print_member(p));
    else
      KL_TRY(close_declaration(p, outer));
  }
  return KL_OK;
}

// A declaration at the top: with the body of what stands leftmost, if that has
// no name to go by, or if it is what was asked for.
static enum kl_status print_declaration(struct printer *p, struct declaration d, bool with_body) {
  struct kl_btf_type base;
  kl_btf_type(p->btf, kl_btf_declaration_base(p->btf, d.type), &base);
  bool body = with_body || !base.name.n;
  if (body && kl_btf_is_composite(base.kind))
    return print_body(p, &d, base.id);
  if (body && kl_btf_is_enum(base.kind)) {
    enum_body(p, &base, 0);
    d.base_done = true;
  }
  return declare(p, &d, 0);
}

static enum kl_status print_section(struct printer *p, const struct kl_btf_type *t) {
  kl_text_string(p->out, "/* section");
  put_name(p, t->name);
  kl_text_string(p->out, ": ");
  kl_text_decimal(p->out, t->size);
  kl_text_string(p->out, " bytes */\n");
  for (uint32_t i = 0; i < t->vlen; i++) {
    struct kl_btf_section_variable v;
    struct kl_btf_type var;
    kl_btf_section_variable(p->btf, t, i, &v);
    kl_btf_type(p->btf, v.type, &var);
    struct declaration d = {.type = var.type,
                            .name = kl_btf_name_offset(p->btf, v.type),
                            .bit_offset = (uint64_t)v.offset * 8,
                            .placed = true};
    if (var.kind == KL_BTF_VAR || var.kind == KL_BTF_FUNC)
      KL_TRY(declare(p, &d, 0));
  }
  return p->out->failed;
}

static void print_tag(struct printer *p, const struct kl_btf_type *t) {
  kl_text_string(p->out, "/* tag ");
  kl_text_json_string(p->out, t->name.p, t->name.n);
  kl_text_string(p->out, " of ");
  kl_btf_print_name(p->btf, t->type, p->out);
  kl_text_string(p->out, " */\n");
}

enum kl_status kl_btf_print_type(const struct kl_btf *btf, uint32_t id, bool layout, struct kl_text *out) {
  struct printer p;
  struct kl_btf_type t;
  if (id >= btf->count)
    return KL_ERR_ARGUMENT;
  p.btf = btf;
  p.out = out;
  p.layout = layout;
  p.steps = btf->steps;
  p.used = p.holes = p.bit_holes = 0;
  p.hole_bytes = p.hole_bits = 0;
  kl_btf_type(btf, id, &t);
  struct declaration d = {.type = id};
  switch (t.kind) {
  case KL_BTF_TYPEDEF:
    kl_text_string(out, "typedef ");
    // fall through
  case KL_BTF_FUNC:
  case KL_BTF_VAR:
    d = (struct declaration){.type = t.type, .name = kl_btf_name_offset(btf, id)};
    return print_declaration(&p, d, false);
  case KL_BTF_STRUCT:
  case KL_BTF_UNION:
  case KL_BTF_ENUM:
  case KL_BTF_ENUM64:
    return print_declaration(&p, d, true);
  case KL_BTF_DATASEC:
    return print_section(&p, &t);
  case KL_BTF_DECL_TAG:
    print_tag(&p, &t);
    return out->failed;
  case KL_BTF_VOID:
  case KL_BTF_INT:
  case KL_BTF_PTR:
  case KL_BTF_ARRAY:
  case KL_BTF_FWD:
  case KL_BTF_VOLATILE:
  case KL_BTF_CONST:
  case KL_BTF_RESTRICT:
  case KL_BTF_FUNC_PROTO:
  case KL_BTF_FLOAT:
  case KL_BTF_TYPE_TAG:
  case KL_BTF_UNKNOWN:
  default:
    return print_declaration(&p, d, false);
  }
}
