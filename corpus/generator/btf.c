// BTF: ids for the types, then each as its record.
#include "btf.h"

#include <stdlib.h>
#include <string.h>

enum { // enum of include/uapi/linux/btf.h
  BTF_INT = 1,
  BTF_PTR,
  BTF_ARRAY,
  BTF_STRUCT,
  BTF_UNION,
  BTF_ENUM,
  BTF_FWD,
  BTF_TYPEDEF,
  BTF_VOLATILE,
  BTF_CONST,
  BTF_RESTRICT,
  BTF_FUNC,
  BTF_FUNC_PROTO,
  BTF_VAR,
  BTF_DATASEC,
  BTF_FLOAT,
  BTF_DECL_TAG,
  BTF_TYPE_TAG,
  BTF_ENUM64
};

struct writer {
  const struct btf_style *style;
  struct bytes records, strings;
  uint32_t strings_before; // of the base
  uint32_t n;              // records written
};

static uint32_t string_at(struct writer *w, const char *s) {
  if (!s)
    return 0;
  size_t length = strlen(s);
  for (size_t at = 0; at + length < w->strings.n; at += strlen((char *)w->strings.p + at) + 1)
    if (strcmp((char *)w->strings.p + at, s) == 0)
      return w->strings_before + (uint32_t)at;
  uint32_t at = (uint32_t)w->strings.n;
  bytes_put(&w->strings, s, length + 1);
  return w->strings_before + at;
}

static void record(struct writer *w, const char *name, unsigned kind, size_t vlen, bool kflag,
                   uint64_t size_or_type) {
  bytes_number(&w->records, string_at(w, name), 4);
  bytes_number(&w->records, vlen | (uint64_t)kind << 24 | (uint64_t)kflag << 31, 4);
  bytes_number(&w->records, size_or_type, 4);
  w->n++;
}

static void word(struct writer *w, uint64_t v) {
  bytes_number(&w->records, v, 4);
}

static unsigned kind_of(const struct type *type) {
  switch (type->kind) {
  case TYPE_INT:
    return BTF_INT;
  case TYPE_POINTER:
    return BTF_PTR;
  case TYPE_ARRAY:
    return BTF_ARRAY;
  case TYPE_STRUCT:
    return type->complete ? BTF_STRUCT : BTF_FWD;
  case TYPE_UNION:
    return type->complete ? BTF_UNION : BTF_FWD;
  case TYPE_ENUM:
    return BTF_ENUM;
  case TYPE_TYPEDEF:
    return BTF_TYPEDEF;
  case TYPE_CONST:
    return BTF_CONST;
  case TYPE_VOLATILE:
    return BTF_VOLATILE;
  case TYPE_TAG:
    return BTF_TYPE_TAG;
  case TYPE_FUNCTION:
    return BTF_FUNC_PROTO;
  case TYPE_VOID:
    break;
  }
  die("void has no record");
}

static void write_int(struct writer *w, const struct type *type, uint64_t bits) {
  record(w, type->name, BTF_INT, 0, false, type->bytes);
  // Compilers do not mark char as CHAR, but as SIGNED at most.
  word(w, (uint64_t)type->is_signed << 24 | (uint64_t)type->is_bool << 26 | bits);
}

static void write_struct(struct writer *w, const struct type *type, const uint32_t *bitfield_ids) {
  bool kflag = false;
  for (size_t i = 0; i < type->n; i++)
    kflag |= type->members[i].bits && !w->style->old_bitfields;
  record(w, type->name, kind_of(type), type->n, kflag, type->bytes);
  for (size_t i = 0; i < type->n; i++) {
    const struct member *m = &type->members[i];
    word(w, string_at(w, m->name));
    word(w, m->bits && !kflag ? bitfield_ids[m->bits] : m->type->id);
    word(w, kflag ? (uint64_t)m->bits << 24 | m->bit_offset : m->bit_offset);
  }
}

static void write_enum(struct writer *w, const struct type *type) {
  bool negative = false;
  for (size_t i = 0; i < type->n; i++)
    negative |= type->values[i].value < 0;
  record(w, type->name, BTF_ENUM, type->n, negative, type->bytes ? type->bytes : 4);
  for (size_t i = 0; i < type->n; i++) {
    word(w, string_at(w, type->values[i].name));
    word(w, (uint64_t)type->values[i].value & 0xffffffff);
  }
}

static void write_type(struct writer *w, struct types *types, const struct type *type, const uint32_t *bitfields) {
  switch (kind_of(type)) {
  case BTF_INT:
    write_int(w, type, 8 * type->bytes);
    break;
  case BTF_STRUCT:
  case BTF_UNION:
    write_struct(w, type, bitfields);
    break;
  case BTF_ENUM:
    write_enum(w, type);
    break;
  case BTF_FWD:
    record(w, type->name, BTF_FWD, 0, type->kind == TYPE_UNION, 0);
    break;
  case BTF_ARRAY:
    record(w, NULL, BTF_ARRAY, 0, false, 0);
    word(w, type->target->id);
    word(w, type_named(types, "unsigned int")->id);
    word(w, type->count);
    break;
  default: // all that only refer
    record(w, type->kind == TYPE_TYPEDEF || type->kind == TYPE_TAG ? type->name : NULL, kind_of(type), 0, false,
           type->target->id);
  }
}

// The order of ids.

static int by_name(const void *a, const void *b) {
  const struct type *const *x = a, *const *y = b;
  if (!(*x)->name || !(*y)->name)
    return ((*x)->name != NULL) - ((*y)->name != NULL);
  int order = strcmp((*x)->name, (*y)->name);
  return order ? order : (int)(*x)->kind - (int)(*y)->kind;
}

static struct type **ordered(struct types *types, const struct btf_style *style, struct chance *chance, size_t *n) {
  struct type **order = take(types->n * sizeof *order);
  *n = 0;
  for (size_t i = 0; i < types->n; i++)
    if (types->all[i]->used && !(types->all[i]->kind == TYPE_ENUM && !types->all[i]->complete))
      order[(*n)++] = types->all[i];
  for (size_t i = *n; i > 1; i--) {
    size_t j = (size_t)chance_below(chance, i);
    struct type *moved = order[i - 1];
    order[i - 1] = order[j];
    order[j] = moved;
  }
  if (style->sorted)
    qsort(order, *n, sizeof(struct type *), by_name);
  return order;
}

// Kinds that no struct needs, for readers to step over: a function with its
// prototype, a per-CPU variable in its section, a float, a tag, 64-bit enumerators.
static void write_extras(struct writer *w, struct types *types, bool modern) {
  uint32_t int_id = type_named(types, "int")->id, first = w->n + 1;
  record(w, NULL, BTF_FUNC_PROTO, 2, false, int_id);
  word(w, string_at(w, "code"));
  word(w, int_id);
  word(w, 0);
  word(w, 0);
  record(w, "vprintk_emit", BTF_FUNC, 1, false, first);
  record(w, "cpu_number", BTF_VAR, 0, false, int_id);
  word(w, 1);
  record(w, ".data..percpu", BTF_DATASEC, 1, false, 4);
  word(w, first + 2);
  word(w, 0);
  word(w, 4);
  if (!modern)
    return;
  record(w, "double", BTF_FLOAT, 0, false, 8);
  record(w, "noreturn", BTF_DECL_TAG, 0, false, first + 1);
  word(w, 0xffffffff);
  record(w, "wide", BTF_ENUM64, 1, false, 8);
  word(w, string_at(w, "WIDE_VALUE"));
  word(w, 0x89abcdef);
  word(w, 0x01234567);
}

static void write_layout(struct bytes *ret) {
  static const uint8_t sizes[][2] = {{0, 0}, {4, 0},  {0, 0}, {12, 0}, {0, 12}, {0, 12}, {0, 8},
                                     {0, 0}, {0, 0},  {0, 0}, {0, 0},  {0, 0},  {0, 0},  {0, 8},
                                     {4, 0}, {0, 12}, {0, 0}, {4, 0},  {0, 0},  {0, 12}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    bytes_number(ret, sizes[i][0], 1);
    bytes_number(ret, sizes[i][1], 1);
    bytes_number(ret, 0, 2);
  }
}

static void finish(struct writer *w, struct bytes *ret) {
  size_t header = ret->n, header_bytes = w->style->header_32 ? 32 : 24;
  uint8_t *h = bytes_grow(ret, header_bytes);
  store(h, 0xeb9f, 2);
  h[2] = 1;
  store(h + 4, header_bytes, 4);
  store(h + 8, 0, 4);
  store(h + 12, w->records.n, 4);
  store(h + 16, w->records.n, 4);
  bytes_align(&w->strings, w->style->header_32 ? 4 : 1);
  store(h + 20, w->strings.n, 4);
  bytes_put(ret, w->records.p, w->records.n);
  bytes_put(ret, w->strings.p, w->strings.n);
  if (w->style->header_32) {
    size_t at = ret->n;
    write_layout(ret);
    store(ret->p + header + 24, w->records.n + w->strings.n, 4);
    store(ret->p + header + 28, ret->n - at, 4);
  }
}

void btf_write(struct types *types, const struct btf_style *style, struct chance *chance, struct bytes *ret) {
  struct writer w = {.style = style};
  bytes_number(&w.strings, 0, 1);
  size_t n;
  struct type **order = ordered(types, style, chance, &n);
  for (size_t i = 0; i < n; i++)
    order[i]->id = (uint32_t)i + 1;
  uint32_t bitfields[65] = {0};
  uint32_t next = (uint32_t)n + 1;
  if (style->old_bitfields)
    for (uint32_t bits = 1; bits <= 32; bits++)
      bitfields[bits] = next++;
  for (size_t i = 0; i < n; i++)
    write_type(&w, types, order[i], bitfields);
  if (style->old_bitfields)
    for (uint32_t bits = 1; bits <= 32; bits++)
      write_int(&w, type_named(types, "unsigned int"), bits);
  write_extras(&w, types, types->era >= 1);
  finish(&w, ret);
}

void btf_write_split(struct types *types, const struct bytes *base, const char *name, struct bytes *ret) {
  static const struct btf_style plain;
  // Ids go on where the base's end: count its records.
  uint64_t header = load(base->p + 4, 4), types_bytes = load(base->p + 12, 4);
  const uint8_t *p = base->p + header, *end = p + types_bytes;
  static const uint8_t fixed[] = {0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0};
  static const uint8_t each[] = {0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12};
  uint32_t ids = 1;
  for (; p < end; ids++) {
    uint64_t info = load(p + 4, 4), kind = info >> 24 & 31;
    p += 12 + fixed[kind] + (info & 0xffff) * each[kind];
  }
  struct writer w = {.style = &plain, .strings_before = (uint32_t)load(base->p + 20, 4)};
  record(&w, name, BTF_STRUCT, 2, false, 24);
  word(&w, string_at(&w, "list"));
  word(&w, type_named(types, "list_head")->id);
  word(&w, 0);
  word(&w, string_at(&w, "value"));
  word(&w, type_named(types, "int")->id);
  word(&w, 128);
  record(&w, print("%s_t", name), BTF_TYPEDEF, 0, false, ids);
  finish(&w, ret);
}
