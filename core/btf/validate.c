// Validation, part one: each type for itself, as the kernel's own
// btf_check_all_metas does (kernel/bpf/btf.c), which every BTF that a kernel
// has loaded went through. More lenient: linkages, and unknown kinds that the
// layout section describes.
//
// It is what takes the time of opening: what is common is asked first and
// inline, and only what is not goes the long way, which also knows the culprit.
#include "btf/internal.h"

enum {
  INT_MASK = 0x0fffffff, // encoding, offset and bits of an INT's word
  INT_BITS_CAP = 128,
  LINKAGE_CAP = 2, // extern
};

enum name_rule {
  NAME_OPTIONAL,   // an identifier, or none
  NAME_IDENTIFIER, // an identifier
  NAME_PRINTABLE,  // printable ASCII or none ("long int")
  NAME_SECTION,    // printable ASCII
  NAME_TAG,        // anything but empty
};

// By the kernel offset 0 is "no name"; an offset to another NUL is one too
// where none is needed.
static bool is_anonymous(const struct kl_btf_check *c, uint32_t offset) {
  return !offset || !*kl_btf_string_rest(c->btf, offset).p;
}

static bool in_strings(const struct kl_btf_check *c, uint32_t offset) {
  return offset < c->btf->string_start + c->btf->strings.n;
}

static bool slow_name_ok(const struct kl_btf_check *c, uint32_t offset, enum name_rule rule) {
  if (!in_strings(c, offset))
    return false;
  if (is_anonymous(c, offset))
    return rule == NAME_OPTIONAL || rule == NAME_PRINTABLE;
  switch (rule) {
  case NAME_OPTIONAL:
  case NAME_IDENTIFIER:
    return kl_btf_is_identifier(kl_btf_string(c->btf, offset));
  case NAME_PRINTABLE:
  case NAME_SECTION:
    return kl_btf_is_printable(kl_btf_string(c->btf, offset));
  case NAME_TAG:
  default:
    return true;
  }
}

// An own string that is an identifier, which every rule allows. Where no string
// is suspect, what lies above the digits begins one.
static inline bool is_plain(const struct kl_btf_check *c, uint32_t offset) {
  uint32_t own = offset - c->btf->string_start;
  return own < c->btf->strings.n && c->btf->strings.p[own] > '9' && !c->suspect[own >> KL_BTF_CHUNK_SHIFT];
}

static inline bool name_ok(struct kl_btf_check *c, const uint8_t *p, enum name_rule rule) {
  uint32_t offset = kl_le32(p);
  return is_plain(c, offset) || (!offset && rule == NAME_OPTIONAL) || slow_name_ok(c, offset, rule) ||
         kl_btf_fail(c, p);
}

static inline bool has_no_name(struct kl_btf_check *c, const uint8_t *p) {
  uint32_t offset = kl_le32(p);
  return !offset || (in_strings(c, offset) && is_anonymous(c, offset)) || kl_btf_fail(c, p);
}

// A name that can be asked for: not longer than a name may be.
static bool slow_function_name_ok(struct kl_btf_check *c, const uint8_t *p) {
  if (!name_ok(c, p, NAME_IDENTIFIER))
    return false;
  struct kl_bytes rest = kl_btf_string_rest(c->btf, kl_le32(p));
  size_t cap = c->btf->name_cap;
  return kl_btf_string_length(rest, cap + 1) <= cap || kl_btf_fail(c, p);
}
static inline bool function_name_ok(struct kl_btf_check *c, const uint8_t *p) {
  return (is_plain(c, kl_le32(p)) && c->btf->name_cap >= KL_BTF_PLAIN_BYTES) || slow_function_name_ok(c, p);
}

// The name of a type that is found by it: checks it, and notes its hash.
static inline bool is_named(struct kl_btf_check *c, const uint8_t *p, uint32_t i, enum name_rule rule) {
  if (!name_ok(c, p, rule))
    return false;
  const struct kl_btf *btf = c->btf;
  size_t length;
  uint32_t hash = kl_btf_hash_string(kl_btf_string_rest(btf, kl_le32(p)), btf->name_cap, &length);
  if (length || kl_btf_is_enum(kl_btf_kind_of(kl_le32(p + 4)))) // values are asked for of anonymous enums too
    btf->next[i] = hash | KL_BTF_INDEXED;
  return length <= btf->name_cap || kl_btf_fail(c, p); // too long to be found
}

// A reference at p.
static inline bool refers(struct kl_btf_check *c, const uint8_t *p, uint32_t need) {
  return kl_btf_note(c, kl_le32(p)).marks & need || kl_btf_fail(c, p);
}
static inline bool refers_not_to_void(struct kl_btf_check *c, const uint8_t *p, uint32_t need) {
  return kl_le32(p) ? refers(c, p, need) : kl_btf_fail(c, p);
}

// A bitfield of an INT or an enum.
static bool bits_fit(const struct kl_btf_check *c, uint32_t type, uint32_t offset, uint32_t bits,
                     uint32_t struct_bytes) {
  enum kl_btf_kind kind = kl_btf_kind(c->btf, kl_btf_strip(c->btf, type));
  return (kind == KL_BTF_INT || kl_btf_is_enum(kind)) && (uint64_t)kl_btf_note(c, type).word * 8 >= bits &&
         (uint64_t)offset + bits <= (uint64_t)struct_bytes * 8;
}

// A bitfield from before kflag: the INT itself has fewer bits than its bytes.
static bool old_bitfield_fits(const struct kl_btf_check *c, uint32_t type, uint32_t offset, uint32_t struct_bytes) {
  uint32_t id = kl_btf_strip(c->btf, type);
  if (kl_btf_kind(c->btf, id) != KL_BTF_INT)
    return false;
  uint32_t word = kl_le32(kl_btf_raw(c->btf, id) + KL_BTF_TYPE_BYTES);
  return bits_fit(c, type, offset, (word & 0xff) + (word >> 16 & 0xff), struct_bytes);
}

// Never for what has no size, or one that is not known: those are above any.
static inline bool whole_fits(uint32_t size, uint32_t offset, uint32_t struct_bytes) {
  return offset % 8 == 0 && offset / 8 + (uint64_t)size <= struct_bytes;
}

static bool slow_member_ok(struct kl_btf_check *c, const uint8_t *item, bool kflag, uint32_t struct_bytes) {
  if (!name_ok(c, item, NAME_OPTIONAL) || !refers_not_to_void(c, item + 4, KL_BTF_IS_TYPE))
    return false;
  uint32_t type = kl_le32(item + 4), word = kl_le32(item + 8), size = kl_btf_note(c, type).word;
  uint32_t offset = kflag ? word & 0xffffff : word, bits = kflag ? word >> 24 : 0;
  if (size == KL_BTF_NO_SIZE)
    return kl_btf_fail(c, item + 4);
  bool fits = size == KL_BTF_ANY_SIZE ? offset <= (uint64_t)struct_bytes * 8
              : bits                  ? bits_fit(c, type, offset, bits, struct_bytes)
                                      : whole_fits(size, offset, struct_bytes);
  return fits || (!kflag && old_bitfield_fits(c, type, offset, struct_bytes)) || kl_btf_fail(c, item + 8);
}

// What a member that holds a struct adds to the height of the struct it is in; 0
// stays 0: some height below is not known yet.
static bool add_height(struct kl_btf_check *c, const uint8_t *item, uint32_t *height) {
  const struct kl_btf_note *held = kl_btf_held_by_value(c, kl_le32(item + 4));
  if (held->height >= c->depth)
    return kl_btf_fail(c, item + 4);
  if (!held->height)
    *height = 0;
  else if (*height && *height <= held->height)
    *height = held->height + 1u;
  return true;
}

static bool check_members(struct kl_btf_check *c, const uint8_t *p, struct kl_btf_note *note) {
  uint32_t info = kl_le32(p + 4), struct_bytes = kl_le32(p + 8), last = 0, height = 1;
  bool kflag = kl_btf_info_kflag(info), is_union = kl_btf_info_kind(info) == KL_BTF_UNION;
  const uint8_t *item = p + KL_BTF_TYPE_BYTES;
  for (uint32_t left = kl_btf_info_vlen(info); left; left--, item += 12) {
    uint32_t name = kl_le32(item), word = kl_le32(item + 8), offset = kflag ? word & 0xffffff : word;
    struct kl_btf_note below = kl_btf_note(c, kl_le32(item + 4));
    bool plain = (is_plain(c, name) || !name) && below.marks & KL_BTF_IS_TYPE && offset == word &&
                 whole_fits(below.word, offset, struct_bytes);
    if (!plain && !slow_member_ok(c, item, kflag, struct_bytes))
      return false;
    if (offset < last || (is_union && offset))
      return kl_btf_fail(c, item + 8);
    last = offset;
    if (below.marks & KL_BTF_HOLDS && !add_height(c, item, &height))
      return false;
  }
  note->height = (uint16_t)height;
  c->unsettled = c->unsettled || !height;
  return true;
}

static bool check_enum(struct kl_btf_check *c, const uint8_t *p, size_t each) {
  uint32_t info = kl_le32(p + 4), size = kl_le32(p + 8);
  if (!size || size > 8 || (size & (size - 1)))
    return kl_btf_fail(c, p + 8);
  if (kl_btf_info_kflag(info) || kl_btf_info_kind(info) == KL_BTF_ENUM64)
    c->old_enums = false;
  const uint8_t *item = p + KL_BTF_TYPE_BYTES;
  for (uint32_t left = kl_btf_info_vlen(info); left; left--, item += each)
    if (!name_ok(c, item, NAME_IDENTIFIER))
      return false;
  return true;
}

static bool check_parameters(struct kl_btf_check *c, const uint8_t *p) {
  const uint8_t *item = p + KL_BTF_TYPE_BYTES;
  for (uint32_t left = kl_btf_info_vlen(kl_le32(p + 4)); left; left--, item += 8) {
    if (!name_ok(c, item, NAME_OPTIONAL) || !refers(c, item + 4, KL_BTF_IS_TYPE))
      return false;
    if (!kl_le32(item + 4) && (left > 1 || kl_le32(item))) // void only as the last "..."
      return kl_btf_fail(c, item + 4);
  }
  return true;
}

static bool check_section(struct kl_btf_check *c, const uint8_t *p) {
  uint32_t size = kl_le32(p + 8);
  uint64_t end = 0;
  if (!size)
    return kl_btf_fail(c, p + 8);
  const uint8_t *item = p + KL_BTF_TYPE_BYTES;
  for (uint32_t left = kl_btf_info_vlen(kl_le32(p + 4)); left; left--, item += 12) {
    uint32_t offset = kl_le32(item + 4), bytes = kl_le32(item + 8);
    if (!refers_not_to_void(c, item, KL_BTF_IS_VARIABLE))
      return false;
    if (offset < end || offset >= size)
      return kl_btf_fail(c, item + 4);
    end = (uint64_t)offset + bytes;
    if (!bytes || end > size)
      return kl_btf_fail(c, item + 8);
  }
  return true;
}

static bool check_int(struct kl_btf_check *c, const uint8_t *p) {
  const uint8_t *extra = p + KL_BTF_TYPE_BYTES;
  uint32_t word = kl_le32(extra), encoding = word >> 24, bytes = kl_le32(p + 8);
  uint32_t bits = (word & 0xff) + (word >> 16 & 0xff);
  bool encoding_ok = encoding <= 2 || encoding == 4; // none, or one of signed, char, bool
  if ((word & ~(uint32_t)INT_MASK) || bits > INT_BITS_CAP || (bits + 7) / 8 > bytes || !encoding_ok)
    return kl_btf_fail(c, extra);
  return bytes <= INT_BITS_CAP / 8 || kl_btf_fail(c, p + 8);
}

static bool check_float(struct kl_btf_check *c, const uint8_t *p) {
  uint32_t size = kl_le32(p + 8);
  return size == 2 || size == 4 || size == 8 || size == 12 || size == 16 || kl_btf_fail(c, p + 8);
}

static inline bool check_type(struct kl_btf_check *c, const uint8_t *p, uint32_t i) {
  const uint8_t *extra = p + KL_BTF_TYPE_BYTES;
  struct kl_btf_note *note = &c->notes[i + 1];
  c->btf->next[i] = 0;
  switch ((enum kl_btf_kind)(note->marks & KL_BTF_KIND_MASK)) {
  case KL_BTF_FUNC:
    return refers(c, p + 8, KL_BTF_IS_PROTO) && function_name_ok(c, p);
  case KL_BTF_FUNC_PROTO:
    return has_no_name(c, p) && refers(c, p + 8, KL_BTF_IS_TYPE) && check_parameters(c, p);
  case KL_BTF_PTR:
  case KL_BTF_VOLATILE:
  case KL_BTF_CONST:
  case KL_BTF_RESTRICT:
    return has_no_name(c, p);
  case KL_BTF_STRUCT:
  case KL_BTF_UNION:
    return is_named(c, p, i, NAME_OPTIONAL) && check_members(c, p, note);
  case KL_BTF_ARRAY: // of the index; the element is a link
    return has_no_name(c, p) && refers_not_to_void(c, extra + 4, KL_BTF_IS_TYPE);
  case KL_BTF_TYPEDEF:
  case KL_BTF_FWD:
    return is_named(c, p, i, NAME_IDENTIFIER);
  case KL_BTF_ENUM:
    return is_named(c, p, i, NAME_OPTIONAL) && check_enum(c, p, 8);
  case KL_BTF_ENUM64:
    return is_named(c, p, i, NAME_OPTIONAL) && check_enum(c, p, 12);
  case KL_BTF_INT:
    return is_named(c, p, i, NAME_PRINTABLE) && check_int(c, p);
  case KL_BTF_FLOAT:
    return is_named(c, p, i, NAME_PRINTABLE) && check_float(c, p);
  case KL_BTF_VAR:
    return is_named(c, p, i, NAME_IDENTIFIER) && (kl_le32(extra) <= LINKAGE_CAP || kl_btf_fail(c, extra));
  case KL_BTF_DATASEC:
    return is_named(c, p, i, NAME_SECTION) && check_section(c, p);
  case KL_BTF_TYPE_TAG:
    return name_ok(c, p, NAME_TAG);
  case KL_BTF_DECL_TAG:
    return name_ok(c, p, NAME_TAG) && refers_not_to_void(c, p + 8, KL_BTF_IS_THERE) &&
           ((int32_t)kl_le32(extra) >= -1 || kl_btf_fail(c, extra));
  case KL_BTF_VOID:
  case KL_BTF_UNKNOWN: // its name is whatever that kind means by it
  default:
    return true;
  }
}

bool kl_btf_check_types(struct kl_btf_check *c) {
  const struct kl_btf *btf = c->btf;
  bool ok = true;
  for (uint32_t k = 0; k < c->n && ok; k++) {
    uint32_t i = c->order[k] - 1;
    ok = check_type(c, btf->types.p + btf->offsets[i], i);
  }
  return ok;
}
