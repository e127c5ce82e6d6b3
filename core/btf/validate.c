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
static const uint8_t gives[KL_BTF_UNKNOWN + 1] = {
    [KL_BTF_VOID] = NEED_TYPE,
    [KL_BTF_INT] = NEED_TYPE,
    [KL_BTF_PTR] = NEED_TYPE,
    [KL_BTF_ARRAY] = NEED_TYPE,
    [KL_BTF_STRUCT] = NEED_TYPE,
    [KL_BTF_UNION] = NEED_TYPE,
    [KL_BTF_ENUM] = NEED_TYPE,
    [KL_BTF_FWD] = NEED_TYPE,
    [KL_BTF_TYPEDEF] = NEED_TYPE,
    [KL_BTF_VOLATILE] = NEED_TYPE,
    [KL_BTF_CONST] = NEED_TYPE,
    [KL_BTF_RESTRICT] = NEED_TYPE,
    [KL_BTF_FUNC] = NEED_VARIABLE, // in .ksyms
    [KL_BTF_FUNC_PROTO] = NEED_TYPE | NEED_PROTO,
    [KL_BTF_VAR] = NEED_VARIABLE,
    [KL_BTF_FLOAT] = NEED_TYPE,
    [KL_BTF_TYPE_TAG] = NEED_TYPE,
    [KL_BTF_ENUM64] = NEED_TYPE,
    [KL_BTF_UNKNOWN] = NEED_TYPE | NEED_PROTO | NEED_VARIABLE,
};

struct check {
  const struct kl_btf *btf;
  struct kl_btf_scratch *scratch;
  const uint8_t *suspect; // of own strings: kl_btf_mark_suspects
  uint32_t strings_end;   // one past the highest string offset
  // Set when a reference is known to be wrong, to find it: the type, and what it can't give.
  uint32_t wrong_type, wrong_needs;
  const uint8_t *at; // the culprit
};

static bool fail(struct check *c, const uint8_t *at) {
  c->at = at;
  return false;
}

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

static inline bool name_ok(struct check *c, const uint8_t *p, enum kl_btf_name_rule rule) {
  uint32_t offset = kl_le32(p), own = offset - c->btf->string_start;
  if (!offset && (rule == KL_BTF_NAME_NONE || rule == KL_BTF_NAME_OPTIONAL))
    return true;
  if (rule != KL_BTF_NAME_NONE && offset && own < c->btf->strings.n &&
      kl_btf_begins_identifier(c->btf->strings.p[own]) && !c->suspect[own >> KL_BTF_CHUNK_SHIFT])
    return true; // an identifier, which all of these allow
  return slow_name_ok(c, offset, rule) || fail(c, p);
}

// A reference at p. The kinds of own types may not be known yet: what is needed
// is noted, and compared when all are.
static inline bool refers(struct check *c, const uint8_t *p, uint32_t need) {
  uint32_t id = kl_le32(p), first = c->btf->first_id;
  if (id >= c->btf->count || (id == c->wrong_type && (need & c->wrong_needs)))
    return fail(c, p);
  if (id >= first)
    c->scratch->needs[id - first] |= (uint16_t)need;
  else if (need & ~(uint32_t)gives[kl_btf_kind(c->btf, id)])
    return fail(c, p);
  return true;
}
static inline bool refers_not_to_void(struct check *c, const uint8_t *p, uint32_t need) {
  return kl_le32(p) ? refers(c, p, need) : fail(c, p);
}

static bool check_members(struct check *c, const uint8_t *p) {
  uint32_t info = kl_le32(p + 4), last = 0;
  uint64_t bits = (uint64_t)kl_le32(p + 8) * 8;
  bool kflag = kl_btf_info_kflag(info), is_union = kl_btf_info_kind(info) == KL_BTF_UNION;
  const uint8_t *item = p + KL_BTF_TYPE_BYTES;
  for (uint32_t left = kl_btf_info_vlen(info); left; left--, item += 12) {
    uint32_t word = kl_le32(item + 8), offset = kflag ? word & 0xffffff : word;
    if (!name_ok(c, item, KL_BTF_NAME_OPTIONAL) || !refers_not_to_void(c, item + 4, NEED_TYPE))
      return false;
    if (offset < last || offset > bits || (is_union && offset))
      return fail(c, item + 8);
    last = offset;
  }
  return true;
}

static bool check_enum(struct check *c, const uint8_t *p, size_t each) {
  uint32_t size = kl_le32(p + 8);
  if (!size || size > 8 || (size & (size - 1)))
    return fail(c, p + 8);
  const uint8_t *item = p + KL_BTF_TYPE_BYTES;
  for (uint32_t left = kl_btf_info_vlen(kl_le32(p + 4)); left; left--, item += each)
    if (!name_ok(c, item, KL_BTF_NAME_IDENTIFIER))
      return false;
  return true;
}

static bool check_parameters(struct check *c, const uint8_t *p) {
  const uint8_t *item = p + KL_BTF_TYPE_BYTES;
  for (uint32_t left = kl_btf_info_vlen(kl_le32(p + 4)); left; left--, item += 8) {
    if (!name_ok(c, item, KL_BTF_NAME_OPTIONAL) || !refers(c, item + 4, NEED_TYPE))
      return false;
    if (!kl_le32(item + 4) && (left > 1 || kl_le32(item))) // void only as the last "..."
      return fail(c, item + 4);
  }
  return true;
}

static bool check_section(struct check *c, const uint8_t *p) {
  uint32_t size = kl_le32(p + 8);
  uint64_t end = 0;
  if (!size)
    return fail(c, p + 8);
  const uint8_t *item = p + KL_BTF_TYPE_BYTES;
  for (uint32_t left = kl_btf_info_vlen(kl_le32(p + 4)); left; left--, item += 12) {
    uint32_t offset = kl_le32(item + 4), bytes = kl_le32(item + 8);
    if (!refers_not_to_void(c, item, NEED_VARIABLE))
      return false;
    if (offset < end || offset >= size)
      return fail(c, item + 4);
    end = (uint64_t)offset + bytes;
    if (!bytes || end > size)
      return fail(c, item + 8);
  }
  return true;
}

static bool check_int(struct check *c, const uint8_t *p) {
  const uint8_t *extra = p + KL_BTF_TYPE_BYTES;
  uint32_t word = kl_le32(extra), encoding = word >> 24, bytes = kl_le32(p + 8);
  uint32_t bits = (word & 0xff) + (word >> 16 & 0xff);
  bool encoding_ok = encoding <= 2 || encoding == 4; // none, or one of signed, char, bool
  if ((word & ~(uint32_t)INT_MASK) || bits > INT_BITS_CAP || (bits + 7) / 8 > bytes || !encoding_ok)
    return fail(c, extra);
  return bytes <= INT_BITS_CAP / 8 || fail(c, p + 8);
}

static bool check_float(struct check *c, const uint8_t *p) {
  uint32_t size = kl_le32(p + 8);
  return size == 2 || size == 4 || size == 8 || size == 12 || size == 16 || fail(c, p + 8);
}

// What is particular to a kind.
static inline bool check_items(struct check *c, const uint8_t *p, enum kl_btf_kind kind) {
  const uint8_t *extra = p + KL_BTF_TYPE_BYTES;
  switch (kind) {
  case KL_BTF_INT:
    return check_int(c, p);
  case KL_BTF_ARRAY: // element and index
    return refers_not_to_void(c, extra, NEED_TYPE) && refers_not_to_void(c, extra + 4, NEED_TYPE);
  case KL_BTF_STRUCT:
  case KL_BTF_UNION:
    return check_members(c, p);
  case KL_BTF_ENUM:
    return check_enum(c, p, 8);
  case KL_BTF_ENUM64:
    return check_enum(c, p, 12);
  case KL_BTF_FUNC:
    if (kl_btf_info_vlen(kl_le32(p + 4)) > LINKAGE_CAP)
      return fail(c, p + 4);
    return refers_not_to_void(c, p + 8, NEED_PROTO);
  case KL_BTF_FUNC_PROTO:
    return refers(c, p + 8, NEED_TYPE) && check_parameters(c, p);
  case KL_BTF_VAR:
    return refers_not_to_void(c, p + 8, NEED_TYPE) && (kl_le32(extra) <= LINKAGE_CAP || fail(c, extra));
  case KL_BTF_DATASEC:
    return check_section(c, p);
  case KL_BTF_FLOAT:
    return check_float(c, p);
  case KL_BTF_DECL_TAG:
    return refers_not_to_void(c, p + 8, 0) && ((int32_t)kl_le32(extra) >= -1 || fail(c, extra));
  case KL_BTF_FWD:
  case KL_BTF_UNKNOWN:
    return true;
  case KL_BTF_PTR:
  case KL_BTF_TYPEDEF:
  case KL_BTF_VOLATILE:
  case KL_BTF_CONST:
  case KL_BTF_RESTRICT:
  case KL_BTF_TYPE_TAG:
  case KL_BTF_VOID:
  default:
    return refers(c, p + 8, NEED_TYPE);
  }
}

// What all kinds share.
static inline bool check_common(struct check *c, const uint8_t *p, const struct kl_btf_shape *shape) {
  if (kl_le32(p + 4) & shape->info_zero)
    return fail(c, p + 4);
  if (kl_le32(p + 8) > shape->word_cap)
    return fail(c, p + 8);
  return name_ok(c, p, (enum kl_btf_name_rule)shape->name);
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

// What check_graph and the index want to know, while the type is at hand. False:
// a name that is too long to be found.
static inline bool note(struct check *c, const uint8_t *p, enum kl_btf_kind kind, uint32_t i) {
  const struct kl_btf_shape *shape = &kl_btf_shapes[kind];
  uint32_t marks = shape->marks;
  c->scratch->words[i] = shape->word_at ? kl_le32(p + shape->word_at) : KL_BTF_NO_SIZE;
  if (marks & KL_BTF_INDEXED) {
    size_t length;
    c->btf->next[i] = kl_btf_hash_string(kl_btf_string_rest(c->btf, kl_le32(p)), c->btf->name_cap, &length);
    if (!length && !kl_btf_is_enum(kind)) // values are asked for of anonymous enums too
      marks &= ~(uint32_t)KL_BTF_INDEXED;
    if (length > c->btf->name_cap)
      return fail(c, p);
  }
  c->scratch->kinds[i] = (uint16_t)(kind | marks);
  return true;
}

static bool check_each(struct check *c) {
  const struct kl_btf *btf = c->btf;
  uint32_t at = 0, n = btf->count - btf->first_id;
  for (uint32_t i = 0; i < n; i++) {
    const uint8_t *p = btf->types.p + at;
    uint32_t info = kl_le32(p + 4);
    enum kl_btf_kind kind = kl_btf_kind_of(info);
    uint64_t bytes;
    btf->offsets[i] = at;
    if (!type_bytes(btf, info, &bytes))
      return fail(c, p + 4);
    at += (uint32_t)bytes;
    if (kind == KL_BTF_UNKNOWN) {
      c->scratch->words[i] = KL_BTF_ANY_SIZE;
      c->scratch->kinds[i] = KL_BTF_UNKNOWN;
    } else if (!check_common(c, p, &kl_btf_shapes[kind]) || !check_items(c, p, kind) || !note(c, p, kind, i)) {
      return false;
    }
  }
  return true;
}

// The first type that is asked for what it is not, and what; or 0.
static uint32_t find_wrong(const struct kl_btf *btf, const struct kl_btf_scratch *scratch, uint32_t *ret) {
  for (uint32_t i = 0; i < btf->count - btf->first_id; i++) {
    *ret = scratch->needs[i] & ~(uint32_t)gives[scratch->kinds[i] & KL_BTF_KIND_MASK];
    if (*ret)
      return btf->first_id + i;
  }
  return 0;
}

enum kl_status kl_btf_check_types(const struct kl_btf *btf, struct kl_arena *arena, struct kl_btf_scratch *scratch,
                                  const uint8_t **bad) {
  if (!check_strings(btf, bad))
    return KL_ERR_MALFORMED;
  uint8_t *suspect;
  KL_TRY(KL_TAKE(arena, (btf->strings.n >> KL_BTF_CHUNK_SHIFT) + 1, &suspect));
  kl_btf_mark_suspects(btf->strings, suspect);
  struct check c = {.btf = btf,
                    .scratch = scratch,
                    .suspect = suspect,
                    .strings_end = btf->string_start + (uint32_t)btf->strings.n,
                    .wrong_type = UINT32_MAX};
  bool ok = check_each(&c);
  uint32_t wrong = ok ? find_wrong(btf, scratch, &c.wrong_needs) : 0;
  if (wrong) { // once more, to say where
    c.wrong_type = wrong;
    ok = check_each(&c);
  }
  *bad = c.at;
  return ok ? KL_OK : KL_ERR_MALFORMED;
}
