// Values of any type from their bytes, as C initialisers or as JSON.
//
// Members of anonymous structs and unions appear as members of what is around
// them, as C names them. Padding has no value.
#include "btf/print.h"

struct frame {
  uint32_t id;         // a struct, union, array or section
  uint32_t next;       // member, element or variable
  uint64_t bit_offset; // of it, from the first of the bytes
  bool flat;           // anonymous: without braces of its own
  bool inline_items;   // text: all in one line
};

struct value_printer {
  const struct kl_btf *btf;
  struct kl_bytes bytes;
  struct kl_text *out;
  bool json;
  bool first; // nothing stands since the last brace
  const struct kl_btf_shown *shown;
  size_t n_shown;
  uint64_t steps;
  uint32_t used, depth; // depth: frames with braces
  struct frame frames[KL_BTF_DEPTH];
};

static void put_unreadable(struct value_printer *p) {
  kl_text_string(p->out, p->json ? "null" : "<unreadable>");
}

static void new_line(struct value_printer *p) {
  kl_text_char(p->out, '\n');
  for (uint32_t i = 0; i < p->depth; i++)
    kl_text_char(p->out, '\t');
}

// What stands before an item: comma, line, name.
static void begin_item(struct value_printer *p, const struct frame *f, struct kl_bytes name) {
  if (p->json) {
    if (!p->first)
      kl_text_char(p->out, ',');
    if (name.n) {
      kl_text_json_string(p->out, name.p, name.n);
      kl_text_char(p->out, ':');
    }
  } else if (f->inline_items) {
    kl_text_string(p->out, p->first ? " " : ", ");
  } else {
    new_line(p);
    if (name.n) {
      kl_text_char(p->out, '.');
      kl_text_put(p->out, (const char *)name.p, name.n);
      kl_text_string(p->out, " = ");
    }
  }
  p->first = false;
}

static void end_item(struct value_printer *p, const struct frame *f) {
  if (!p->json && !f->inline_items)
    kl_text_char(p->out, ',');
}

static bool is_array(const struct value_printer *p, const struct frame *f) {
  return kl_btf_kind(p->btf, f->id) == KL_BTF_ARRAY;
}

static enum kl_status open_frame(struct value_printer *p, const struct frame *f) {
  if (p->used == KL_BTF_DEPTH)
    return KL_ERR_LIMIT;
  p->frames[p->used++] = *f;
  if (f->flat)
    return KL_OK;
  kl_text_char(p->out, p->json && is_array(p, f) ? '[' : '{');
  p->depth++;
  p->first = true;
  return KL_OK;
}

static void close_frame(struct value_printer *p) {
  const struct frame *f = &p->frames[--p->used];
  if (f->flat)
    return;
  p->depth--;
  if (p->json)
    kl_text_char(p->out, is_array(p, f) ? ']' : '}');
  else if (f->inline_items)
    kl_text_string(p->out, p->first ? "}" : " }");
  else if (p->first)
    kl_text_char(p->out, '}');
  else {
    new_line(p);
    kl_text_char(p->out, '}');
  }
  p->first = false;
  if (p->used)
    end_item(p, &p->frames[p->used - 1]);
}

static bool is_char(const struct kl_btf *btf, uint32_t id) {
  struct kl_btf_type t;
  struct kl_btf_int i;
  kl_btf_type(btf, kl_btf_strip(btf, id), &t);
  if (t.kind != KL_BTF_INT || t.size != 1)
    return false;
  kl_btf_int(btf, &t, &i);
  return i.is_char || kl_bytes_equal(t.name, "char"); // compilers say signed, or nothing, for char
}

// The text of a char array: up to its NUL, all printable; empty only when all
// is zero.
static bool text_of(struct kl_bytes chars, struct kl_bytes *ret) {
  size_t n = kl_btf_string_length(chars, chars.n);
  for (size_t i = 0; i < n;) {
    size_t length = kl_utf8_length(chars.p + i, n - i);
    uint8_t c = chars.p[i];
    if (!length || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
      return false;
    i += length;
  }
  for (size_t i = 0; !n && i < chars.n; i++)
    if (chars.p[i])
      return false;
  *ret = (struct kl_bytes){chars.p, n};
  return true;
}

static void put_c_string(struct kl_text *out, struct kl_bytes s) {
  kl_text_char(out, '"');
  for (size_t i = 0; i < s.n; i++) {
    uint8_t c = s.p[i];
    if (c == '"' || c == '\\')
      kl_text_char(out, '\\');
    if (c >= 0x20 && c < 0x7f) {
      kl_text_char(out, (char)c);
    } else if (c == '\n' || c == '\t' || c == '\r') {
      kl_text_string(out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
    } else { // octal: at most three digits belong to it
      kl_text_char(out, '\\');
      kl_text_char(out, (char)('0' + (c >> 6)));
      kl_text_char(out, (char)('0' + (c >> 3 & 7)));
      kl_text_char(out, (char)('0' + (c & 7)));
    }
  }
  kl_text_char(out, '"');
}

// True when the array is written as a string.
static bool put_char_array(struct value_printer *p, const struct kl_btf_type *t, uint64_t bit_offset) {
  struct kl_btf_array array;
  struct kl_bytes chars, text;
  kl_btf_array(p->btf, t, &array);
  if (!array.count || bit_offset % 8 || !is_char(p->btf, array.type) || bit_offset / 8 >= p->bytes.n)
    return false;
  uint64_t left = p->bytes.n - bit_offset / 8, n = array.count < left ? array.count : left;
  if (!kl_bytes_slice(p->bytes, bit_offset / 8, n, &chars) || !text_of(chars, &text))
    return false;
  if (n < array.count && text.n == n) // its end is not here
    return false;
  if (p->json)
    kl_text_json_string(p->out, text.p, text.n);
  else
    put_c_string(p->out, text);
  return true;
}

// Text: arrays of anything but structs stay in one line.
static bool is_inline(const struct kl_btf *btf, uint32_t id) {
  for (;;) {
    id = kl_btf_strip(btf, id);
    if (kl_btf_kind(btf, id) != KL_BTF_ARRAY)
      return !kl_btf_is_composite(kl_btf_kind(btf, id));
    id = kl_le32(kl_btf_raw(btf, id) + KL_BTF_TYPE_BYTES);
  }
}

// A struct in whose place the caller has text.
static const struct kl_btf_shown *shown_at(const struct value_printer *p, uint32_t id, uint64_t bit_offset) {
  uint64_t size;
  for (size_t i = 0; i < p->n_shown; i++)
    if (p->shown[i].offset * 8 == bit_offset && kl_btf_is_composite(kl_btf_kind(p->btf, id)) &&
        kl_btf_size(p->btf, id, &size) && size == p->shown[i].size)
      return &p->shown[i];
  return NULL;
}

// A whole value, or a frame whose items follow.
static enum kl_status put_value(struct value_printer *p, uint32_t id, uint64_t bit_offset, uint32_t bit_size,
                                bool flat) {
  struct kl_btf_type t;
  uint64_t size;
  kl_btf_type(p->btf, kl_btf_strip(p->btf, id), &t);
  bool is_array = t.kind == KL_BTF_ARRAY;
  const struct kl_btf_shown *shown = flat ? NULL : shown_at(p, t.id, bit_offset);
  if (shown) {
    kl_text_put(p->out, (const char *)shown->text.p, shown->text.n);
  } else if (!is_array && !kl_btf_is_composite(t.kind) && t.kind != KL_BTF_DATASEC) {
    struct kl_btf_scalar scalar = {.btf = p->btf,
                                   .out = p->out,
                                   .steps = &p->steps,
                                   .json = p->json,
                                   .bytes = p->bytes,
                                   .type = t.id,
                                   .bit_size = bit_size,
                                   .bit_offset = bit_offset};
    if (!kl_btf_print_scalar(&scalar))
      put_unreadable(p);
  } else if (!flat && kl_btf_size(p->btf, t.id, &size) && size && bit_offset / 8 >= p->bytes.n) {
    put_unreadable(p);
  } else if (!is_array || !put_char_array(p, &t, bit_offset)) {
    struct frame f = {
        .id = t.id, .bit_offset = bit_offset, .flat = flat, .inline_items = is_array && is_inline(p->btf, t.id)};
    return open_frame(p, &f);
  }
  if (p->used)
    end_item(p, &p->frames[p->used - 1]);
  return p->out->failed;
}

static enum kl_status next_member(struct value_printer *p, struct frame *f, const struct kl_btf_type *t) {
  struct kl_btf_member m;
  kl_btf_member(p->btf, t, f->next++, &m);
  bool composite = kl_btf_is_composite(kl_btf_kind(p->btf, kl_btf_strip(p->btf, m.type)));
  if (!m.name.n && !composite)
    return KL_OK; // padding
  if (m.name.n)
    begin_item(p, f, m.name);
  return put_value(p, m.type, f->bit_offset + m.bit_offset, m.bit_size, !m.name.n);
}

static enum kl_status next_element(struct value_printer *p, struct frame *f, const struct kl_btf_array *array) {
  uint64_t bytes = 0;
  (void)kl_btf_size(p->btf, array->type, &bytes); // 0 of an unknown kind
  uint64_t at = f->bit_offset + f->next++ * bytes * 8;
  begin_item(p, f, (struct kl_bytes){0});
  return put_value(p, array->type, at, 0, false);
}

static enum kl_status next_variable(struct value_printer *p, struct frame *f, const struct kl_btf_type *t) {
  struct kl_btf_section_variable v;
  struct kl_btf_type var;
  kl_btf_section_variable(p->btf, t, f->next++, &v);
  kl_btf_type(p->btf, v.type, &var);
  begin_item(p, f, var.name);
  if (var.kind == KL_BTF_VAR)
    return put_value(p, var.type, (uint64_t)v.offset * 8, 0, false);
  put_unreadable(p);
  end_item(p, f);
  return p->out->failed;
}

static enum kl_status step(struct value_printer *p) {
  struct frame *f = &p->frames[p->used - 1];
  struct kl_btf_type t;
  struct kl_btf_array array = {0};
  kl_btf_type(p->btf, f->id, &t);
  if (t.kind == KL_BTF_ARRAY)
    kl_btf_array(p->btf, &t, &array);
  if (f->next == (t.kind == KL_BTF_ARRAY ? array.count : t.vlen)) {
    close_frame(p);
    return p->out->failed;
  }
  if (t.kind == KL_BTF_ARRAY)
    return next_element(p, f, &array);
  if (t.kind == KL_BTF_DATASEC)
    return next_variable(p, f, &t);
  return next_member(p, f, &t);
}

enum kl_status kl_btf_print_value(const struct kl_btf *btf, uint32_t id, struct kl_bytes bytes,
                                  enum kl_btf_value_style style, struct kl_text *out) {
  return kl_btf_print_value_with(btf, id, bytes, style, NULL, 0, out);
}

enum kl_status kl_btf_print_value_with(const struct kl_btf *btf, uint32_t id, struct kl_bytes bytes,
                                       enum kl_btf_value_style style, const struct kl_btf_shown *shown, size_t n,
                                       struct kl_text *out) {
  struct value_printer p;
  if (id >= btf->count)
    return KL_ERR_ARGUMENT;
  p.btf = btf;
  p.bytes = bytes;
  p.out = out;
  p.json = style == KL_BTF_VALUE_JSON;
  p.first = true;
  p.shown = shown;
  p.n_shown = n;
  p.steps = btf->steps;
  p.used = p.depth = 0;
  if (kl_btf_kind(btf, id) == KL_BTF_VAR)
    id = kl_le32(kl_btf_raw(btf, id) + 8);
  KL_TRY(put_value(&p, id, 0, 0, false));
  while (p.used) {
    if (!p.steps)
      return KL_ERR_LIMIT;
    p.steps--;
    KL_TRY(step(&p));
  }
  return out->failed;
}
