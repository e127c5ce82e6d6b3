// C declarations of types, with bodies. Two ways:
//
// plain: compiles to the very layout that the BTF states: packed where members
// demand it, and unnamed bitfields where there is a gap that alignment does not
// explain.
// layout: for people, in the way of pahole: byte offset and size behind each
// member, holes, and totals.
#include "btf/print.h"

// "const struct name {" and a level for what follows. at: where it lies, in
// bytes.
static enum kl_status open_body(struct kl_btf_printer *p, uint32_t type, uint32_t base, uint32_t at) {
  struct kl_btf_type t;
  if (p->used == KL_BTF_DEPTH)
    return KL_ERR_LIMIT;
  for (enum kl_btf_kind kind; kl_btf_is_qualifier(kind = kl_btf_kind(p->btf, type));
       type = kl_le32(kl_btf_raw(p->btf, type) + 8)) {
    kl_text_string(p->out, kl_btf_qualifier_text(kind));
    kl_text_char(p->out, ' ');
  }
  struct kl_btf_level *level = &p->levels[p->used++];
  uint32_t align;
  *level = (struct kl_btf_level){.id = base, .base = at};
  KL_TRY(kl_btf_alignment(p->btf, base, &p->steps, &align, &level->packed));
  level->align = (uint8_t)align; // at most 16
  kl_btf_type(p->btf, base, &t);
  kl_text_string(p->out, kl_btf_keyword(t.kind, false));
  kl_btf_put_name(p, t.name);
  kl_text_string(p->out, " {\n");
  return p->out->failed;
}

static const char *const widths[] = {"char", "short", "int", "long"}; // 8 << i bits

// The gap [from, to) in bits as unnamed bitfields: up to a byte, then the widest
// that are aligned and do not raise the struct's alignment, then the last bits.
static void pad_bits(struct kl_btf_printer *p, const struct kl_btf_level *level, uint32_t depth, uint64_t from,
                     uint64_t to) {
  while (from < to && p->steps && p->out->failed == KL_OK) {
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
    kl_btf_indent(p, depth);
    kl_text_string(p->out, widths[name]);
    kl_text_string(p->out, " : ");
    kl_text_decimal(p->out, width);
    kl_text_string(p->out, ";\n");
    from += width;
  }
}

static uint64_t end_of(const struct kl_btf_level *level) {
  return (uint64_t)level->end * 8 + level->end_bits;
}

static uint64_t round_up(uint64_t v, uint64_t to) {
  return (v + to - 1) / to * to;
}

// Where C would put a member, in bits.
static uint64_t natural_offset(const struct kl_btf_level *level, uint64_t unit_bits, uint32_t align,
                               uint32_t bit_size) {
  uint64_t end = end_of(level);
  if (bit_size)
    return !level->packed && end % unit_bits + bit_size > unit_bits ? round_up(end, unit_bits) : end;
  return round_up(end, level->packed ? 8 : (uint64_t)align * 8);
}

// What lies between the previous member and this one.
static enum kl_status gap_before(struct kl_btf_printer *p, struct kl_btf_level *level,
                                 const struct kl_btf_member *m) {
  if (kl_btf_kind(p->btf, level->id) == KL_BTF_UNION || m->bit_offset <= end_of(level))
    return KL_OK;
  uint64_t from = end_of(level), to = m->bit_offset, size;
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
  kl_btf_print_comment(p, p->used, bits, " bit", "hole");
  kl_btf_print_comment(p, p->used, bytes, " byte", "hole");
  kl_btf_print_comment(p, p->used, lead, " bit", "hole");
  if (p->used == 1) {
    p->holes += bytes ? 1u : 0;
    p->hole_bytes += bytes;
    p->bit_holes += (bits ? 1u : 0) + (lead ? 1u : 0);
    p->hole_bits += bits + lead;
  }
  return KL_OK;
}

static enum kl_status print_member(struct kl_btf_printer *p) {
  struct kl_btf_level *level = &p->levels[p->used - 1];
  struct kl_btf_type t;
  struct kl_btf_member m;
  kl_btf_type(p->btf, level->id, &t);
  uint32_t i = level->next_member++;
  kl_btf_member(p->btf, &t, i, &m);
  KL_TRY(gap_before(p, level, &m));
  uint64_t size;
  uint64_t end = m.bit_offset + (m.bit_size ? m.bit_size : kl_btf_size(p->btf, m.type, &size) ? size * 8 : 0);
  if (end > end_of(level)) {
    level->end = (uint32_t)(end / 8);
    level->end_bits = (uint8_t)(end % 8);
  }
  struct kl_btf_declaration d = {.type = m.type,
                                 .name = kl_le32(t.extra + (size_t)i * 12),
                                 .bit_offset = (uint64_t)level->base * 8 + m.bit_offset,
                                 .bit_size = m.bit_size,
                                 .placed = true};
  uint64_t columns = (uint64_t)p->used * KL_BTF_TAB;
  struct kl_btf_type base;
  kl_btf_type(p->btf, kl_btf_declaration_base(p->btf, m.type), &base);
  kl_btf_indent(p, p->used);
  if (!base.name.n && kl_btf_is_composite(base.kind)) {
    // Behind a pointer a struct begins at 0 again.
    bool inside = kl_btf_kind(p->btf, kl_btf_strip(p->btf, m.type)) != KL_BTF_PTR;
    return open_body(p, m.type, base.id, inside ? (uint32_t)(d.bit_offset / 8) : 0);
  }
  if (!base.name.n && kl_btf_is_enum(base.kind)) {
    kl_btf_print_enum(p, &base, p->used);
    d.base_done = true;
    columns = (uint64_t)p->used * KL_BTF_TAB + 1;
  }
  return kl_btf_print_line(p, &d, columns);
}

static void print_totals(struct kl_btf_printer *p, const struct kl_btf_level *level, const struct kl_btf_type *t) {
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
  uint64_t end = round_up(end_of(level), 8);
  if (t->kind == KL_BTF_STRUCT) {
    kl_btf_print_comment(p, 1, end - end_of(level), " bit", "padding");
    kl_btf_print_comment(p, 1, t->size - end / 8, " byte", "padding");
  }
}

// What lies behind the last member; the packed attribute.
static void close_body(struct kl_btf_printer *p) {
  struct kl_btf_level *level = &p->levels[p->used - 1];
  struct kl_btf_type t;
  kl_btf_type(p->btf, level->id, &t);
  uint64_t size = (uint64_t)t.size * 8;
  if (p->layout) {
    if (p->used == 1)
      print_totals(p, level, &t);
  } else if (round_up(end_of(level), level->packed ? 8 : (uint64_t)level->align * 8) != size) {
    if (t.kind == KL_BTF_UNION) {
      kl_btf_indent(p, p->used);
      kl_text_string(p->out, "struct {\n");
      pad_bits(p, level, p->used + 1, 0, size);
      kl_btf_indent(p, p->used);
      kl_text_string(p->out, "};\n");
    } else {
      pad_bits(p, level, p->used, end_of(level), size);
    }
  }
  kl_btf_indent(p, p->used - 1);
  kl_text_char(p->out, '}');
  if (level->packed)
    kl_text_string(p->out, " __attribute__((packed))");
  p->used--;
}

// After a body: the rest of the declaration that it was opened for. That is the
// member before the next one of the level around it, or outer.
static enum kl_status close_declaration(struct kl_btf_printer *p, const struct kl_btf_declaration *outer) {
  bool packed = p->levels[p->used - 1].packed;
  close_body(p);
  struct kl_btf_declaration d = *outer;
  if (p->used) {
    const struct kl_btf_level *level = &p->levels[p->used - 1];
    struct kl_btf_type t;
    struct kl_btf_member m;
    kl_btf_type(p->btf, level->id, &t);
    kl_btf_member(p->btf, &t, level->next_member - 1, &m);
    d = (struct kl_btf_declaration){.type = m.type,
                                    .name = kl_le32(t.extra + (size_t)(level->next_member - 1) * 12),
                                    .bit_offset = (uint64_t)level->base * 8 + m.bit_offset,
                                    .bit_size = m.bit_size,
                                    .placed = true};
  }
  d.base_done = true;
  return kl_btf_print_line(
      p, &d, (uint64_t)p->used * KL_BTF_TAB + 1 + (packed ? sizeof " __attribute__((packed))" - 1 : 0));
}

static enum kl_status print_body(struct kl_btf_printer *p, const struct kl_btf_declaration *outer, uint32_t base) {
  KL_TRY(open_body(p, outer->type, base, 0));
  while (p->used) {
    if (!p->steps)
      return KL_ERR_LIMIT;
    p->steps--;
    const struct kl_btf_level *level = &p->levels[p->used - 1];
    if (level->next_member < kl_btf_info_vlen(kl_le32(kl_btf_raw(p->btf, level->id) + 4)))
      KL_TRY(print_member(p));
    else
      KL_TRY(close_declaration(p, outer));
  }
  return KL_OK;
}

// A declaration at the top: with the body of what stands leftmost, if that has
// no name to go by, or if it is what was asked for.
static enum kl_status print_declaration(struct kl_btf_printer *p, struct kl_btf_declaration d, bool with_body) {
  struct kl_btf_type base;
  kl_btf_type(p->btf, kl_btf_declaration_base(p->btf, d.type), &base);
  bool body = with_body || !base.name.n;
  if (body && kl_btf_is_composite(base.kind))
    return print_body(p, &d, base.id);
  if (body && kl_btf_is_enum(base.kind)) {
    kl_btf_print_enum(p, &base, 0);
    d.base_done = true;
  }
  return kl_btf_print_line(p, &d, 0);
}

static enum kl_status print_section(struct kl_btf_printer *p, const struct kl_btf_type *t) {
  kl_text_string(p->out, "/* section");
  kl_btf_put_name(p, t->name);
  kl_text_string(p->out, ": ");
  kl_text_decimal(p->out, t->size);
  kl_text_string(p->out, " bytes */\n");
  for (uint32_t i = 0; i < t->vlen; i++) {
    struct kl_btf_section_variable v;
    struct kl_btf_type var;
    kl_btf_section_variable(p->btf, t, i, &v);
    kl_btf_type(p->btf, v.type, &var);
    struct kl_btf_declaration d = {.type = var.type,
                                   .name = kl_btf_name_offset(p->btf, v.type),
                                   .bit_offset = (uint64_t)v.offset * 8,
                                   .placed = true};
    if (var.kind == KL_BTF_VAR || var.kind == KL_BTF_FUNC)
      KL_TRY(kl_btf_print_line(p, &d, 0));
  }
  return p->out->failed;
}

static void print_tag(struct kl_btf_printer *p, const struct kl_btf_type *t) {
  kl_text_string(p->out, "/* tag \"");
  kl_btf_put_escaped(p->out, t->name);
  kl_text_string(p->out, "\" of ");
  kl_btf_print_name(p->btf, t->type, p->out);
  kl_text_string(p->out, " */\n");
}

enum kl_status kl_btf_print_type(const struct kl_btf *btf, uint32_t id, bool layout, struct kl_text *out) {
  struct kl_btf_printer p;
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
  struct kl_btf_declaration d = {.type = id};
  switch (t.kind) {
  case KL_BTF_TYPEDEF:
    kl_text_string(out, "typedef ");
    // fall through
  case KL_BTF_FUNC:
  case KL_BTF_VAR:
    d = (struct kl_btf_declaration){.type = t.type, .name = kl_btf_name_offset(btf, id)};
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
