// Validation, part one: each type for itself, as the kernel's own
// btf_check_all_metas does (kernel/bpf/btf.c), which every BTF that a kernel
// has loaded went through. Differences, all to the lenient side: linkage 2,
// unknown kinds that the layout section describes, sizes of enums.
#include "base/memory.h"
#include "btf/internal.h"

enum {
  CHUNK_SHIFT = 6,
  INT_MASK = 0x0fffffff, // encoding, offset and bits of an INT's word
  INT_BITS_CAP = 128,
  LINKAGE_CAP = 2, // extern
};

struct check {
  const struct kl_btf *btf;
  const uint8_t *at;    // what is being looked at: the culprit on failure
  uint32_t strings_end; // one past the highest string offset
  // A byte for each 64 of the string section: a string that touches it needs a
  // look (it has a byte no identifier has, or is long). In real kernels hardly
  // any is set, and identifiers are checked once each, not once a use.
  const uint8_t *suspect;
};

// What a byte of the string section may be part of.
enum { PLAIN = 1, IN_IDENTIFIER = 2, FIRST_IN_IDENTIFIER = 4, LETTER = 7 };
static const uint8_t byte_class[256] = {
    [0] = PLAIN,    ['.'] = LETTER,         ['0' ... '9'] = PLAIN | IN_IDENTIFIER, ['A' ... 'Z'] = LETTER,
    ['_'] = LETTER, ['a' ... 'z'] = LETTER,
};
static bool is_identifier_byte(uint8_t c) {
  return byte_class[c] & IN_IDENTIFIER;
}

// True when 64 bytes have nothing but identifiers and NULs.
static bool chunk_is_plain(const uint8_t *p) {
  uint8_t plain = PLAIN;
  for (size_t i = 0; i < 1 << CHUNK_SHIFT; i += 4)
    plain &= byte_class[p[i]] & byte_class[p[i + 1]] & byte_class[p[i + 2]] & byte_class[p[i + 3]];
  return plain;
}

static void mark_suspects(struct kl_bytes strings, uint32_t name_cap, uint8_t *suspect) {
  size_t start = 0; // of the string that i is in
  for (size_t i = 0; i < strings.n;) {
    if (!(i & 63) && i - start + 64 < name_cap && strings.n - i >= 64 && chunk_is_plain(strings.p + i)) {
      size_t back = 64;
      while (back && strings.p[i + back - 1])
        back--;
      start = back ? i + back : start;
      i += 64;
      continue;
    }
    uint8_t c = strings.p[i];
    if (c && (!is_identifier_byte(c) || i - start >= name_cap)) {
      size_t end = i + kl_btf_string_length((struct kl_bytes){strings.p + i, strings.n - i}, SIZE_MAX);
      memset(suspect + (start >> CHUNK_SHIFT), 1, ((end - 1) >> CHUNK_SHIFT) - (start >> CHUNK_SHIFT) + 1);
      i = start = end;
      continue;
    }
    i++;
    if (!c)
      start = i;
  }
}

// The rules of __btf_name_valid: a letter, '_' or '.', then digits too; and
// shorter than the cap.
static bool identifier_ok(const struct check *c, uint32_t offset) {
  const struct kl_btf *btf = c->btf;
  struct kl_bytes rest = kl_btf_string_rest(btf, offset);
  if (!(byte_class[rest.p[0]] & FIRST_IN_IDENTIFIER))
    return false;
  if (offset < btf->string_start) { // the base's: rare
    size_t n = kl_btf_string_length(rest, (size_t)btf->name_cap + 1);
    for (size_t i = 0; i < n && n <= btf->name_cap; i++)
      if (!is_identifier_byte(rest.p[i]))
        return false;
    return n <= btf->name_cap;
  }
  if (!c->suspect[(offset - btf->string_start) >> CHUNK_SHIFT])
    return true;
  for (size_t i = 0; i <= btf->name_cap; i++) {
    if (!rest.p[i])
      return true;
    if (!is_identifier_byte(rest.p[i]))
      return false;
  }
  return false;
}

static bool printable_ok(const struct check *c, uint32_t offset) {
  struct kl_bytes rest = kl_btf_string_rest(c->btf, offset);
  for (size_t i = 0; i <= c->btf->name_cap; i++) {
    if (!rest.p[i])
      return true;
    if (rest.p[i] < 0x20 || rest.p[i] >= 0x7f)
      return false;
  }
  return false;
}

static bool name_ok(const struct check *c, uint32_t offset, enum kl_btf_name_rule rule) {
  if (offset >= c->strings_end)
    return false;
  // By the kernel offset 0 is "no name"; an offset to another NUL is one too
  // where none is needed.
  if (!offset || !*kl_btf_string_rest(c->btf, offset).p)
    return rule == KL_BTF_NAME_NONE || rule == KL_BTF_NAME_OPTIONAL || rule == KL_BTF_NAME_PRINTABLE;
  switch (rule) {
  case KL_BTF_NAME_OPTIONAL:
  case KL_BTF_NAME_IDENTIFIER:
    return identifier_ok(c, offset);
  case KL_BTF_NAME_PRINTABLE:
  case KL_BTF_NAME_SECTION:
    return printable_ok(c, offset);
  case KL_BTF_NAME_TAG:
    return true;
  case KL_BTF_NAME_NONE:
  default:
    return false;
  }
}

static bool type_ok(struct check *c, const uint8_t *p) {
  c->at = p;
  return kl_le32(p) < c->btf->count;
}
static bool type_not_void_ok(struct check *c, const uint8_t *p) {
  return type_ok(c, p) && kl_le32(p);
}

static bool check_members(struct check *c, const uint8_t *p, const uint8_t *items) {
  uint32_t info = kl_le32(p + 4), size = kl_le32(p + 8), last = 0;
  bool kflag = kl_btf_info_kflag(info), is_union = kl_btf_info_kind(info) == KL_BTF_UNION;
  for (uint32_t i = 0; i < kl_btf_info_vlen(info); i++, items += 12) {
    c->at = items;
    if (!name_ok(c, kl_le32(items), KL_BTF_NAME_OPTIONAL))
      return false;
    if (!type_not_void_ok(c, items + 4))
      return false;
    c->at = items + 8;
    uint32_t word = kl_le32(items + 8), offset = kflag ? word & 0xffffff : word;
    if ((is_union && offset) || offset < last || ((uint64_t)offset + 7) / 8 > size)
      return false;
    last = offset;
  }
  return true;
}

static bool check_enum(struct check *c, const uint8_t *p, const uint8_t *items, size_t each) {
  uint32_t size = kl_le32(p + 8);
  c->at = p + 8;
  if (!size || size > 8 || (size & (size - 1)))
    return false;
  for (uint32_t i = 0; i < kl_btf_info_vlen(kl_le32(p + 4)); i++, items += each) {
    c->at = items;
    if (!name_ok(c, kl_le32(items), KL_BTF_NAME_IDENTIFIER))
      return false;
  }
  return true;
}

static bool check_parameters(struct check *c, const uint8_t *p, const uint8_t *items) {
  uint32_t vlen = kl_btf_info_vlen(kl_le32(p + 4));
  for (uint32_t i = 0; i < vlen; i++, items += 8) {
    c->at = items;
    if (!name_ok(c, kl_le32(items), KL_BTF_NAME_OPTIONAL))
      return false;
    if (!type_ok(c, items + 4) || (!kl_le32(items + 4) && (i + 1 < vlen || kl_le32(items))))
      return false; // void only as the last "..."
  }
  return true;
}

static bool check_section(struct check *c, const uint8_t *p, const uint8_t *items) {
  uint32_t size = kl_le32(p + 8);
  uint64_t end = 0;
  c->at = p + 8;
  if (!size)
    return false;
  for (uint32_t i = 0; i < kl_btf_info_vlen(kl_le32(p + 4)); i++, items += 12) {
    if (!type_not_void_ok(c, items))
      return false;
    c->at = items + 4;
    uint32_t offset = kl_le32(items + 4), bytes = kl_le32(items + 8);
    if (offset < end || offset >= size)
      return false;
    c->at = items + 8;
    end = (uint64_t)offset + bytes;
    if (!bytes || end > size)
      return false;
  }
  return true;
}

static bool check_int(struct check *c, const uint8_t *p, const uint8_t *extra) {
  uint32_t word = kl_le32(extra), encoding = word >> 24;
  uint32_t bits = (word & 0xff) + (word >> 16 & 0xff);
  c->at = extra;
  if ((word & ~(uint32_t)INT_MASK) || bits > INT_BITS_CAP || (bits + 7) / 8 > kl_le32(p + 8))
    return false;
  c->at = p + 8;
  if (kl_le32(p + 8) > INT_BITS_CAP / 8)
    return false;
  c->at = extra;
  return encoding <= 2 || encoding == 4; // none, or one of signed, char, bool
}

static bool check_float(struct check *c, const uint8_t *p) {
  uint32_t size = kl_le32(p + 8);
  c->at = p + 8;
  return size == 2 || size == 4 || size == 8 || size == 12 || size == 16;
}

static bool check_items(struct check *c, const uint8_t *p, enum kl_btf_kind kind) {
  const uint8_t *extra = p + KL_BTF_TYPE_BYTES;
  switch (kind) {
  case KL_BTF_INT:
    return check_int(c, p, extra);
  case KL_BTF_ARRAY:
    return type_not_void_ok(c, extra) && type_not_void_ok(c, extra + 4); // element, index
  case KL_BTF_STRUCT:
  case KL_BTF_UNION:
    return check_members(c, p, extra);
  case KL_BTF_ENUM:
    return check_enum(c, p, extra, 8);
  case KL_BTF_ENUM64:
    return check_enum(c, p, extra, 12);
  case KL_BTF_FUNC:
    c->at = p + 4;
    return kl_btf_info_vlen(kl_le32(p + 4)) <= LINKAGE_CAP && kl_le32(p + 8);
  case KL_BTF_FUNC_PROTO:
    return check_parameters(c, p, extra);
  case KL_BTF_VAR:
    c->at = extra;
    return kl_le32(extra) <= LINKAGE_CAP && kl_le32(p + 8);
  case KL_BTF_DATASEC:
    return check_section(c, p, extra);
  case KL_BTF_FLOAT:
    return check_float(c, p);
  case KL_BTF_DECL_TAG:
    c->at = extra;
    return (int32_t)kl_le32(extra) >= -1 && kl_le32(p + 8);
  case KL_BTF_VOID:
  case KL_BTF_PTR:
  case KL_BTF_FWD:
  case KL_BTF_TYPEDEF:
  case KL_BTF_VOLATILE:
  case KL_BTF_CONST:
  case KL_BTF_RESTRICT:
  case KL_BTF_TYPE_TAG:
  case KL_BTF_UNKNOWN:
  default:
    return true;
  }
}

// The 12 bytes that all kinds share.
static bool check_common(struct check *c, const uint8_t *p, const struct kl_btf_shape *shape) {
  uint32_t info = kl_le32(p + 4), word = kl_le32(p + 8);
  c->at = p + 4;
  if ((!shape->vlen && kl_btf_info_vlen(info)) || (!shape->kflag && kl_btf_info_kflag(info)))
    return false;
  c->at = p + 8;
  if ((shape->word == KL_BTF_WORD_TYPE && !type_ok(c, p + 8)) || (shape->word == KL_BTF_WORD_ZERO && word) ||
      (shape->word == KL_BTF_WORD_SIZE && word > KL_BTF_SIZE_TOP))
    return false;
  c->at = p;
  return name_ok(c, kl_le32(p), (enum kl_btf_name_rule)shape->name);
}

// A kind that is not known here is stepped over by the layout section (of the
// base, when a split BTF has none).
static bool unknown_type_bytes(const struct kl_btf *btf, uint32_t info, uint64_t *ret) {
  uint32_t number = kl_btf_info_kind(info);
  struct kl_bytes entry;
  while (!btf->layout.n && btf->base)
    btf = btf->base;
  if (!number || !kl_bytes_slice(btf->layout, (uint64_t)number * 4, 4, &entry) || entry.p[0] % 4 || entry.p[1] % 4)
    return false;
  *ret = KL_BTF_TYPE_BYTES + entry.p[0] + (uint64_t)entry.p[1] * kl_btf_info_vlen(info);
  return true;
}

static inline bool type_bytes(const struct kl_btf *btf, uint32_t info, uint64_t *ret) {
  uint32_t number = kl_btf_info_kind(info);
  if (number == KL_BTF_VOID || number >= KL_BTF_UNKNOWN)
    return unknown_type_bytes(btf, info, ret);
  const struct kl_btf_shape *shape = &kl_btf_shapes[number];
  *ret = KL_BTF_TYPE_BYTES + shape->fixed + (uint64_t)shape->each * kl_btf_info_vlen(info);
  return true;
}

enum kl_status kl_btf_count_types(const struct kl_btf *btf, uint64_t cap, uint32_t *ret, const uint8_t **bad) {
  struct kl_bytes left = btf->types, type;
  uint32_t n = 0;
  for (; left.n; n++) {
    uint64_t bytes;
    *bad = left.p;
    if (left.n < KL_BTF_TYPE_BYTES || !type_bytes(btf, kl_le32(left.p + 4), &bytes) || bytes > left.n ||
        !kl_bytes_take(&left, (size_t)bytes, &type))
      return KL_ERR_MALFORMED;
    if (n >= cap)
      return KL_ERR_LIMIT;
  }
  *ret = n;
  return KL_OK;
}

static bool check_strings(const struct kl_btf *btf, const uint8_t **bad) {
  struct kl_bytes strings = btf->strings;
  *bad = strings.p;
  if (!btf->base && (!strings.n || strings.p[0]))
    return false;
  if (strings.n)
    *bad = strings.p + strings.n - 1;
  return !strings.n || !strings.p[strings.n - 1];
}

enum kl_status kl_btf_check_types(const struct kl_btf *btf, struct kl_arena *arena, uint8_t *kinds,
                                  const uint8_t **bad) {
  struct check c = {.btf = btf, .strings_end = btf->string_start + (uint32_t)btf->strings.n};
  if (!check_strings(btf, bad))
    return KL_ERR_MALFORMED;
  uint8_t *suspect;
  KL_TRY(KL_TAKE(arena, (btf->strings.n >> CHUNK_SHIFT) + 1, &suspect));
  mark_suspects(btf->strings, btf->name_cap, suspect);
  c.suspect = suspect;
  uint32_t at = 0;
  for (uint32_t i = 0; i < btf->count - btf->first_id; i++) {
    const uint8_t *p = btf->types.p + at;
    uint32_t info = kl_le32(p + 4);
    enum kl_btf_kind kind = kl_btf_kind_of(info);
    uint64_t bytes;
    if (!type_bytes(btf, info, &bytes) ||
        (kind != KL_BTF_UNKNOWN && (!check_common(&c, p, &kl_btf_shapes[kind]) || !check_items(&c, p, kind)))) {
      *bad = c.at;
      return KL_ERR_MALFORMED;
    }
    btf->offsets[i] = at;
    kinds[i] = (uint8_t)kind;
    at += (uint32_t)bytes;
  }
  return KL_OK;
}
