// Validation, part one: each type for itself, as the kernel's own
// btf_check_all_metas does (kernel/bpf/btf.c), which every BTF that a kernel
// has loaded went through. More lenient: linkage 2, and unknown kinds that the
// layout section describes. Then the kinds that references lead to.
#include "base/memory.h"
#include "btf/internal.h"

enum {
  INT_MASK = 0x0fffffff, // encoding, offset and bits of an INT's word
  INT_BITS_CAP = 128,
  LINKAGE_CAP = 2, // extern
};

// What a reference asks of the kind it leads to.
enum {
  NEED_TYPE = 1,     // what C calls a type
  NEED_PROTO = 2,    // FUNC's
  NEED_VARIABLE = 4, // a section's
};

struct check {
  const struct kl_btf *btf;
  uint8_t *needs; // of own types
  // Set when a reference is known to be wrong, to find it: the type, and what it can't give.
  uint32_t wrong_type;
  uint8_t wrong_needs;
  const uint8_t *at;      // what is being looked at: the culprit on failure
  uint32_t strings_end;   // one past the highest string offset
  const uint8_t *suspect; // of own strings: kl_btf_mark_suspects
};

static bool slow_name_ok(const struct check *c, uint32_t offset, enum kl_btf_name_rule rule) {
  if (offset >= c->strings_end)
    return false;
  // By the kernel offset 0 is "no name"; an offset to another NUL is one too
  // where none is needed.
  if (!offset || !*kl_btf_string_rest(c->btf, offset).p)
    return rule == KL_BTF_NAME_NONE || rule == KL_BTF_NAME_OPTIONAL || rule == KL_BTF_NAME_PRINTABLE;
  switch (rule) {
  case KL_BTF_NAME_OPTIONAL:
  case KL_BTF_NAME_IDENTIFIER:
    return kl_btf_is_identifier(kl_btf_string(c->btf, offset));
  case KL_BTF_NAME_PRINTABLE:
  case KL_BTF_NAME_SECTION:
    return kl_btf_is_printable(kl_btf_string(c->btf, offset));
  case KL_BTF_NAME_TAG:
    return true;
  case KL_BTF_NAME_NONE:
  default:
    return false;
  }
}

static inline bool name_ok(const struct check *c, uint32_t offset, enum kl_btf_name_rule rule) {
  uint32_t own = offset - c->btf->string_start;
  if (own < c->btf->strings.n && offset && kl_btf_begins_identifier(c->btf->strings.p[own]) &&
      !c->suspect[own >> KL_BTF_CHUNK_SHIFT])
    return rule != KL_BTF_NAME_NONE; // an identifier, which all others allow
  return slow_name_ok(c, offset, rule);
}

static uint8_t gives(enum kl_btf_kind kind) {
  switch (kind) {
  case KL_BTF_FUNC_PROTO:
    return NEED_TYPE | NEED_PROTO;
  case KL_BTF_FUNC: // in .ksyms
  case KL_BTF_VAR:
    return NEED_VARIABLE;
  case KL_BTF_DATASEC:
  case KL_BTF_DECL_TAG:
    return 0;
  case KL_BTF_UNKNOWN:
    return NEED_TYPE | NEED_PROTO | NEED_VARIABLE;
  case KL_BTF_VOID:
  case KL_BTF_INT:
  case KL_BTF_PTR:
  case KL_BTF_ARRAY:
  case KL_BTF_STRUCT:
  case KL_BTF_UNION:
  case KL_BTF_ENUM:
  case KL_BTF_FWD:
  case KL_BTF_TYPEDEF:
  case KL_BTF_VOLATILE:
  case KL_BTF_CONST:
  case KL_BTF_RESTRICT:
  case KL_BTF_FLOAT:
  case KL_BTF_TYPE_TAG:
  case KL_BTF_ENUM64:
  default:
    return NEED_TYPE;
  }
}

// A reference at p. The kinds of own types may not be known yet: what is needed
// is noted, and compared when all are.
static bool refers(struct check *c, const uint8_t *p, uint8_t need) {
  uint32_t id = kl_le32(p);
  c->at = p;
  if (id >= c->btf->count || (id == c->wrong_type && (need & c->wrong_needs)))
    return false;
  if (id >= c->btf->first_id)
    c->needs[id - c->btf->first_id] |= need;
  else
    return !(need & ~gives(kl_btf_kind(c->btf, id)));
  return true;
}
static bool refers_not_to_void(struct check *c, const uint8_t *p, uint8_t need) {
  return refers(c, p, need) && kl_le32(p);
}

static bool check_members(struct check *c, const uint8_t *p, const uint8_t *items) {
  uint32_t info = kl_le32(p + 4), size = kl_le32(p + 8), last = 0;
  bool kflag = kl_btf_info_kflag(info), is_union = kl_btf_info_kind(info) == KL_BTF_UNION;
  for (uint32_t i = 0; i < kl_btf_info_vlen(info); i++, items += 12) {
    c->at = items;
    if (!name_ok(c, kl_le32(items), KL_BTF_NAME_OPTIONAL))
      return false;
    if (!refers_not_to_void(c, items + 4, NEED_TYPE))
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
    if (!refers(c, items + 4, NEED_TYPE) || (!kl_le32(items + 4) && (i + 1 < vlen || kl_le32(items))))
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
    if (!refers_not_to_void(c, items, NEED_VARIABLE))
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
    // Element and index.
    return refers_not_to_void(c, extra, NEED_TYPE) && refers_not_to_void(c, extra + 4, NEED_TYPE);
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

static uint8_t word_need(enum kl_btf_kind kind) {
  return kind == KL_BTF_FUNC ? NEED_PROTO : kind == KL_BTF_DECL_TAG ? 0 : NEED_TYPE;
}

// The 12 bytes that all kinds share.
static bool check_common(struct check *c, const uint8_t *p, enum kl_btf_kind kind) {
  const struct kl_btf_shape *shape = &kl_btf_shapes[kind];
  uint32_t info = kl_le32(p + 4), word = kl_le32(p + 8);
  c->at = p + 4;
  if ((!shape->vlen && kl_btf_info_vlen(info)) || (!shape->kflag && kl_btf_info_kflag(info)))
    return false;
  c->at = p + 8;
  if ((shape->word == KL_BTF_WORD_TYPE && !refers(c, p + 8, word_need(kind))) ||
      (shape->word == KL_BTF_WORD_ZERO && word) || (shape->word == KL_BTF_WORD_SIZE && word > KL_BTF_SIZE_TOP))
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

// Which types are found by name: all that have one, but tags; and enums
// without, as the values of those are asked for too.
static bool is_indexed(enum kl_btf_kind kind, bool named) {
  return named ? kind != KL_BTF_DECL_TAG && kind != KL_BTF_TYPE_TAG : kl_btf_is_enum(kind);
}

// What check_graph and the index want to know, while the type is at hand. False:
// a name that is too long to be found.
static bool note(struct check *c, const uint8_t *p, enum kl_btf_kind kind, uint32_t i,
                 struct kl_btf_scratch *scratch) {
  uint32_t word = kl_le32(p + 8), name_offset = kl_le32(p);
  scratch->kinds[i] = (uint8_t)kind;
  if (kind == KL_BTF_UNKNOWN) {
    scratch->words[i] = KL_BTF_ANY_SIZE;
    return true;
  }
  if (kl_btf_is_composite(kind))
    scratch->kinds[i] |= KL_BTF_HOLDS;
  if (kind == KL_BTF_ARRAY)
    word = kl_le32(p + KL_BTF_TYPE_BYTES);
  else if (!kl_btf_is_link(kind) && (kl_btf_shapes[kind].word != KL_BTF_WORD_SIZE || kind == KL_BTF_DATASEC))
    word = KL_BTF_NO_SIZE;
  scratch->words[i] = word;
  size_t length;
  uint32_t hash = kl_btf_hash_string(kl_btf_string_rest(c->btf, name_offset), c->btf->name_cap, &length);
  if (is_indexed(kind, length != 0)) {
    scratch->kinds[i] |= KL_BTF_INDEXED;
    c->btf->next[i] = hash;
  }
  c->at = p;
  return length <= c->btf->name_cap || kind == KL_BTF_DECL_TAG || kind == KL_BTF_TYPE_TAG;
}

static bool check_each(struct check *c, struct kl_btf_scratch *scratch) {
  const struct kl_btf *btf = c->btf;
  uint32_t at = 0;
  for (uint32_t i = 0; i < btf->count - btf->first_id; i++) {
    const uint8_t *p = btf->types.p + at;
    uint32_t info = kl_le32(p + 4);
    enum kl_btf_kind kind = kl_btf_kind_of(info);
    uint64_t bytes;
    if (!type_bytes(btf, info, &bytes) ||
        (kind != KL_BTF_UNKNOWN && (!check_common(c, p, kind) || !check_items(c, p, kind))))
      return false;
    if (!note(c, p, kind, i, scratch))
      return false;
    btf->offsets[i] = at;
    at += (uint32_t)bytes;
  }
  return true;
}

// The first type that is asked for what it is not, and what; or 0.
static uint32_t find_wrong(const struct kl_btf *btf, const struct kl_btf_scratch *scratch, uint8_t *ret) {
  for (uint32_t i = 0; i < btf->count - btf->first_id; i++) {
    *ret = scratch->needs[i] & (uint8_t)~gives((enum kl_btf_kind)(scratch->kinds[i] & KL_BTF_KIND_MASK));
    if (*ret)
      return btf->first_id + i;
  }
  return 0;
}

enum kl_status kl_btf_check_types(const struct kl_btf *btf, struct kl_arena *arena, struct kl_btf_scratch *scratch,
                                  const uint8_t **bad) {
  struct check c = {.btf = btf,
                    .needs = scratch->needs,
                    .strings_end = btf->string_start + (uint32_t)btf->strings.n,
                    .wrong_type = UINT32_MAX};
  if (!check_strings(btf, bad))
    return KL_ERR_MALFORMED;
  uint8_t *suspect;
  KL_TRY(KL_TAKE(arena, (btf->strings.n >> KL_BTF_CHUNK_SHIFT) + 1, &suspect));
  kl_btf_mark_suspects(btf->strings, suspect);
  c.suspect = suspect;
  bool ok = check_each(&c, scratch);
  uint32_t wrong = ok ? find_wrong(btf, scratch, &c.wrong_needs) : 0;
  if (wrong) { // once more, to say where
    c.wrong_type = wrong;
    ok = check_each(&c, scratch);
  }
  *bad = c.at;
  return ok ? KL_OK : KL_ERR_MALFORMED;
}
