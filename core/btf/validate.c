// Validation, part one: each type for itself, as the kernel's own
// btf_check_all_metas does (kernel/bpf/btf.c), which every BTF that a kernel
// has loaded went through. More lenient: linkages, and unknown kinds that the
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
  NEED_SOMETHING = 8,
};
#define TYPE (NEED_TYPE | NEED_SOMETHING)
#define VARIABLE (NEED_VARIABLE | NEED_SOMETHING)
static const uint8_t gives[KL_BTF_UNKNOWN + 1] = {
    [KL_BTF_VOID] = TYPE,
    [KL_BTF_INT] = TYPE,
    [KL_BTF_PTR] = TYPE,
    [KL_BTF_ARRAY] = TYPE,
    [KL_BTF_STRUCT] = TYPE,
    [KL_BTF_UNION] = TYPE,
    [KL_BTF_ENUM] = TYPE,
    [KL_BTF_FWD] = TYPE,
    [KL_BTF_TYPEDEF] = TYPE,
    [KL_BTF_VOLATILE] = TYPE,
    [KL_BTF_CONST] = TYPE,
    [KL_BTF_RESTRICT] = TYPE,
    [KL_BTF_FUNC] = VARIABLE, // in .ksyms
    [KL_BTF_FUNC_PROTO] = TYPE | NEED_PROTO,
    [KL_BTF_VAR] = VARIABLE,
    [KL_BTF_DATASEC] = NEED_SOMETHING,
    [KL_BTF_DECL_TAG] = NEED_SOMETHING,
    [KL_BTF_FLOAT] = TYPE,
    [KL_BTF_TYPE_TAG] = TYPE,
    [KL_BTF_ENUM64] = TYPE,
    [KL_BTF_UNKNOWN] = TYPE | NEED_PROTO | NEED_VARIABLE,
};

struct check {
  const struct kl_btf *btf;
  uint16_t *kinds, *needs; // of struct kl_btf_scratch
  uint32_t *words;
  uint32_t *hashes;        // btf->next, for now
  uint32_t first_id, room; // own types are at most room
  struct kl_bytes strings; // own
  uint32_t string_start;
  const uint8_t *suspect; // of own strings: kl_btf_mark_suspects
  // Set when a reference is known to be wrong, to find it: the type, and what it can't give.
  uint32_t wrong_type, wrong_needs;
  const uint8_t *at; // the culprit
  bool full;         // more types than there is room for
};

static bool fail(struct check *c, const uint8_t *at) {
  c->at = at;
  return false;
}

static bool slow_name_ok(const struct check *c, uint32_t offset, enum kl_btf_name_rule rule) {
  if (offset >= c->string_start + c->strings.n)
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
  uint32_t offset = kl_le32(p), own = offset - c->string_start;
  if (!offset && (rule == KL_BTF_NAME_NONE || rule == KL_BTF_NAME_OPTIONAL))
    return true;
  if (rule != KL_BTF_NAME_NONE && offset && own < c->strings.n && kl_btf_begins_identifier(c->strings.p[own]) &&
      !c->suspect[own >> KL_BTF_CHUNK_SHIFT])
    return true; // an identifier, which all of these allow
  return slow_name_ok(c, offset, rule) || fail(c, p);
}

// A reference at p. Which own types there are, and of what kinds, is not known
// yet: what is needed is noted, and compared when it is. needs[0] is of the type
// before the first own one: void, unless split.
static inline bool refers(struct check *c, const uint8_t *p, uint32_t need) {
  uint32_t id = kl_le32(p), own = id + 1 - c->first_id;
  if (id == c->wrong_type && need & c->wrong_needs)
    return fail(c, p);
  if (own <= c->room)
    c->needs[own] |= (uint16_t)(need | NEED_SOMETHING);
  else if (id >= c->first_id || need & ~(uint32_t)gives[kl_btf_kind(c->btf, id)])
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

// What is particular to a kind; those without an entry here have no items.
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
  case KL_BTF_FUNC_PROTO:
    return check_parameters(c, p);
  case KL_BTF_VAR:
    return kl_le32(p + 8) ? kl_le32(extra) <= LINKAGE_CAP || fail(c, extra) : fail(c, p + 8);
  case KL_BTF_DATASEC:
    return check_section(c, p);
  case KL_BTF_FLOAT:
    return check_float(c, p);
  case KL_BTF_DECL_TAG:
    return kl_le32(p + 8) ? (int32_t)kl_le32(extra) >= -1 || fail(c, extra) : fail(c, p + 8);
  case KL_BTF_VOID:
  case KL_BTF_PTR:
  case KL_BTF_FWD:
  case KL_BTF_TYPEDEF:
  case KL_BTF_VOLATILE:
  case KL_BTF_CONST:
  case KL_BTF_RESTRICT:
  case KL_BTF_FUNC:
  case KL_BTF_TYPE_TAG:
  case KL_BTF_UNKNOWN:
  default:
    return true;
  }
}

static bool has_items(enum kl_btf_kind kind) {
  const uint32_t without = 1u << KL_BTF_PTR | 1u << KL_BTF_FWD | 1u << KL_BTF_TYPEDEF | 1u << KL_BTF_VOLATILE |
                           1u << KL_BTF_CONST | 1u << KL_BTF_RESTRICT | 1u << KL_BTF_FUNC | 1u << KL_BTF_TYPE_TAG;
  return !(without >> kind & 1);
}

// What all kinds share.
static inline bool check_common(struct check *c, const uint8_t *p, enum kl_btf_kind kind) {
  const struct kl_btf_shape *shape = &kl_btf_shapes[kind];
  uint32_t need = kind == KL_BTF_FUNC ? NEED_PROTO : kind == KL_BTF_DECL_TAG ? 0 : NEED_TYPE;
  if (kl_le32(p + 4) & shape->info_zero)
    return fail(c, p + 4);
  if (kl_le32(p + 8) > shape->word_cap)
    return fail(c, p + 8);
  if (shape->word == KL_BTF_WORD_TYPE && !refers(c, p + 8, need))
    return false;
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

static bool check_strings(const struct kl_btf *btf, const uint8_t **bad) {
  struct kl_bytes strings = btf->strings;
  *bad = strings.p;
  if (!btf->base && (!strings.n || strings.p[0]))
    return false;
  if (strings.n)
    *bad = strings.p + strings.n - 1;
  return !strings.n || !strings.p[strings.n - 1];
}

static void note_unknown(struct check *c, uint32_t i) {
  c->words[i] = KL_BTF_ANY_SIZE;
  c->kinds[i] = KL_BTF_UNKNOWN;
  c->hashes[i] = 0;
}

// What check_graph and the index want to know, while the type is at hand. False:
// a name that is too long to be found.
static inline bool note(struct check *c, const uint8_t *p, enum kl_btf_kind kind, uint32_t i) {
  const struct kl_btf_shape *shape = &kl_btf_shapes[kind];
  c->words[i] = shape->word_at ? kl_le32(p + shape->word_at) : KL_BTF_NO_SIZE;
  c->kinds[i] = (uint16_t)(kind | shape->marks);
  c->hashes[i] = 0;
  if (!shape->indexed)
    return true;
  size_t length;
  uint32_t hash = kl_btf_hash_string(kl_btf_string_rest(c->btf, kl_le32(p)), c->btf->name_cap, &length);
  if (length || kl_btf_is_enum(kind)) // values are asked for of anonymous enums too
    c->hashes[i] = hash | KL_BTF_INDEXED;
  return length <= c->btf->name_cap || fail(c, p);
}

// *count: the types seen.
static bool check_each(struct check *c, uint32_t *count) {
  const struct kl_btf *btf = c->btf;
  const uint8_t *p = btf->types.p;
  size_t left = btf->types.n;
  uint32_t i = 0;
  for (uint64_t bytes; left; p += bytes, left -= (size_t)bytes, i++) {
    c->full = i == c->room;
    if (left < KL_BTF_TYPE_BYTES || c->full)
      return fail(c, p);
    uint32_t info = kl_le32(p + 4);
    enum kl_btf_kind kind = kl_btf_kind_of(info);
    if (!type_bytes(btf, info, &bytes) || bytes > left)
      return fail(c, p + 4);
    btf->offsets[i] = (uint32_t)(p - btf->types.p);
    if (kind == KL_BTF_UNKNOWN)
      note_unknown(c, i);
    else if (!check_common(c, p, kind) || (has_items(kind) && !check_items(c, p, kind)) || !note(c, p, kind, i))
      return false;
  }
  *count = i;
  return true;
}

// The first type that is asked for what it is not, and what; or UINT32_MAX.
// Types from the count on are not there.
static uint32_t find_wrong(const struct check *c, uint32_t count, uint32_t *ret) {
  const uint16_t *needs = c->needs + 1, *kinds = c->kinds;
  uint32_t before = gives[kl_btf_kind(c->btf, c->first_id - 1)], i = 0;
  *ret = c->needs[0] & ~before;
  if (*ret)
    return c->first_id - 1;
  while (i < count && !(needs[i] & ~(uint32_t)gives[kinds[i] & KL_BTF_KIND_MASK]))
    i++;
  while (i >= count && i < c->room && !needs[i])
    i++;
  if (i == c->room)
    return UINT32_MAX;
  *ret = i < count ? needs[i] & ~(uint32_t)gives[kinds[i] & KL_BTF_KIND_MASK] : needs[i];
  return c->first_id + i;
}

enum kl_status kl_btf_check_types(struct kl_btf *btf, struct kl_arena *arena, uint32_t room,
                                  struct kl_btf_scratch *scratch, const uint8_t **bad) {
  if (!check_strings(btf, bad))
    return KL_ERR_MALFORMED;
  uint8_t *suspect;
  KL_TRY(KL_TAKE(arena, (btf->strings.n >> KL_BTF_CHUNK_SHIFT) + 1, &suspect));
  kl_btf_mark_suspects(btf->strings, suspect);
  struct check c = {.btf = btf,
                    .kinds = scratch->kinds,
                    .needs = scratch->needs,
                    .words = scratch->words,
                    .hashes = btf->next,
                    .first_id = btf->first_id,
                    .room = room,
                    .strings = btf->strings,
                    .string_start = btf->string_start,
                    .suspect = suspect,
                    .wrong_type = UINT32_MAX};
  uint32_t count = 0;
  bool ok = check_each(&c, &count);
  if (ok)
    c.wrong_type = find_wrong(&c, count, &c.wrong_needs);
  if (c.wrong_type != UINT32_MAX) { // once more, to say where
    (void)check_each(&c, &count);
    ok = false;
  }
  *bad = c.at;
  btf->count = btf->first_id + count;
  return ok ? KL_OK : c.full ? KL_ERR_LIMIT : KL_ERR_MALFORMED;
}
