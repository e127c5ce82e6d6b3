// What the files of core/btf share. Nothing outside includes this.
#ifndef KL_BTF_INTERNAL_H
#define KL_BTF_INTERNAL_H

#include "btf/btf.h"

// The most levels that anything here descends: by-value nesting, reference
// chains, declarators. limits.btf_depth can only lower it.
enum { KL_BTF_DEPTH = 64 };

enum { KL_BTF_TYPE_BYTES = 12, KL_BTF_POINTER_BYTES = 8 };

// Sizes above it are refused: what lies above marks "has no size".
#define KL_BTF_SIZE_TOP 0xfffffff0u

enum { KL_BTF_INDEXED = 1 };

struct kl_btf {
  const struct kl_btf *base; // null unless split
  struct kl_bytes types;     // sections of the caller's data
  struct kl_bytes strings;
  struct kl_bytes layout;
  uint64_t bytes;        // of the whole BTF
  uint32_t first_id;     // 1, or the count of the base
  uint32_t count;        // one past the last id
  uint32_t string_start; // string offset of strings.p[0]: where the base ends
  uint32_t name_cap;     // what is longer (a member's, a tag's) is cut
  bool old_enums;        // from an encoder that did not tell signed from unsigned
  uint64_t steps;        // cap on what one question looks at
  uint32_t hash_shift;
  uint32_t *offsets; // [id - first_id]: where in types
  // [id - first_id]: next id of the same bucket, ascending; 0 ends. Until the
  // index is built: hash of the name with KL_BTF_INDEXED, or 0.
  uint32_t *next;
  uint32_t *heads; // [hash >> hash_shift]: first id; 0: none
};

struct kl_btf_header {
  uint32_t header_bytes;
  struct {
    uint32_t offset, bytes; // offset from the end of the header
  } types, strings, layout;
  uint64_t total; // header and all sections
};
// False when this can't be the head of a BTF; *bad is the offset of the field.
bool kl_btf_header_parse(struct kl_bytes head, struct kl_btf_header *ret, uint32_t *bad);

// How each kind is laid out.
enum kl_btf_word { KL_BTF_WORD_ZERO, KL_BTF_WORD_SIZE, KL_BTF_WORD_TYPE };
struct kl_btf_shape {
  uint8_t fixed, each; // bytes behind the common part: always, and for each of vlen
  uint8_t word;        // enum kl_btf_word: what the third word holds
  uint8_t word_at;     // where the size, or the type below, of a C type is; 0: it has neither
  uint16_t marks;      // for kl_btf_note
  uint32_t info_zero;  // bits of the info word that must be 0
  uint32_t word_cap;   // the third word's top
};
extern const struct kl_btf_shape kl_btf_shapes[KL_BTF_UNKNOWN];

// The info word. Up to 7.0 the kernel's UAPI gave vlen 16 bits and kind 5, and
// its validator refused any of the bits between that are set: read in the wider
// form of 2026 (vlen 24 bits, kind 7) old data means the same.
static inline uint32_t kl_btf_info_vlen(uint32_t info) {
  return info & 0xffffff;
}
static inline uint32_t kl_btf_info_kind(uint32_t info) {
  return info >> 24 & 0x7f;
}
static inline bool kl_btf_info_kflag(uint32_t info) {
  return info >> 31;
}
static inline enum kl_btf_kind kl_btf_kind_of(uint32_t info) {
  uint32_t kind = kl_btf_info_kind(info);
  return kind < KL_BTF_UNKNOWN ? (enum kl_btf_kind)kind : KL_BTF_UNKNOWN;
}

// The 12 bytes of a type: id from 1 to count - 1.
static inline const uint8_t *kl_btf_raw(const struct kl_btf *btf, uint32_t id) {
  while (id < btf->first_id)
    btf = btf->base;
  return btf->types.p + btf->offsets[id - btf->first_id];
}
static inline enum kl_btf_kind kl_btf_kind(const struct kl_btf *btf, uint32_t id) {
  return id ? kl_btf_kind_of(kl_le32(kl_btf_raw(btf, id) + 4)) : KL_BTF_VOID;
}

// TYPEDEF, CONST, VOLATILE, RESTRICT, TYPE_TAG: the type below is the same in
// memory.
static inline bool kl_btf_is_transparent(enum kl_btf_kind kind) {
  return (kind >= KL_BTF_TYPEDEF && kind <= KL_BTF_RESTRICT) || kind == KL_BTF_TYPE_TAG;
}
static inline bool kl_btf_is_composite(enum kl_btf_kind kind) {
  return kind == KL_BTF_STRUCT || kind == KL_BTF_UNION;
}
static inline bool kl_btf_is_enum(enum kl_btf_kind kind) {
  return kind == KL_BTF_ENUM || kind == KL_BTF_ENUM64;
}

// Where a string begins and how many bytes its section has from there. offset
// must be in range.
static inline struct kl_bytes kl_btf_string_rest(const struct kl_btf *btf, uint32_t offset) {
  while (offset < btf->string_start)
    btf = btf->base;
  uint32_t at = offset - btf->string_start;
  return (struct kl_bytes){btf->strings.p + at, btf->strings.n - at};
}
// The top bit of the first zero byte of eight (those of later bytes may be
// wrong); 0 when none is zero.
static inline uint64_t kl_btf_zero_bytes(uint64_t bytes) {
  return (bytes - 0x0101010101010101) & ~bytes & 0x8080808080808080;
}
// How many bytes come before it.
static inline size_t kl_btf_bytes_before(uint64_t zero) {
  if (sizeof(size_t) > 4)
    return (size_t)__builtin_ctzll(zero) / 8;
  // Where a count of 64 bits may be a call of the compiler's library.
  uint32_t low = (uint32_t)zero, high = (uint32_t)(zero >> 32);
  return (size_t)(low ? __builtin_ctz(low) : 32 + __builtin_ctz(high)) / 8;
}
// Bytes before the first NUL, at most cap.
static inline size_t kl_btf_string_length(struct kl_bytes rest, size_t cap) {
  if (rest.n < cap)
    cap = rest.n;
  size_t n = 0;
  for (; n + 8 <= cap; n += 8) {
    uint64_t zero = kl_btf_zero_bytes(kl_le64(rest.p + n));
    if (zero)
      return n + kl_btf_bytes_before(zero);
  }
  while (n < cap && rest.p[n])
    n++;
  return n;
}
static inline struct kl_bytes kl_btf_string(const struct kl_btf *btf, uint32_t offset) {
  struct kl_bytes rest = kl_btf_string_rest(btf, offset);
  return (struct kl_bytes){rest.p, kl_btf_string_length(rest, btf->name_cap)};
}
// The string at offset against a name, without looking for its end first.
bool kl_btf_string_is(const struct kl_btf *btf, uint32_t offset, struct kl_bytes name);

static inline struct kl_bytes kl_btf_c_string(const char *s) {
  return kl_bytes_of(s, s ? kl_string_length(s) : 0);
}

static inline bool kl_btf_begins_identifier(uint8_t c) {
  return (uint8_t)((c | 0x20) - 'a') < 26 || c == '_' || c == '.';
}
bool kl_btf_is_identifier(struct kl_bytes name);
bool kl_btf_is_printable(struct kl_bytes name); // ASCII
// Sets a byte of suspect for each 64 of the section in which a string lies, in
// whole or in part, that is no identifier or has KL_BTF_PLAIN_BYTES or more. In
// real kernels hardly any is set.
enum { KL_BTF_CHUNK_SHIFT = 6, KL_BTF_PLAIN_BYTES = 128 };
void kl_btf_mark_suspects(struct kl_bytes strings, uint8_t *suspect);

// Names are hashed eight bytes at a time: multiply and fold; the rest, 0 to 7
// bytes, with the length.
static inline uint64_t kl_btf_hash_word(uint64_t h, uint64_t word) {
  h = (h ^ word) * 0x9e3779b97f4a7c15;
  return h ^ h >> 32;
}
static inline uint32_t kl_btf_hash_end(uint64_t h, uint64_t rest, size_t n) {
  return (uint32_t)((h ^ rest ^ (uint64_t)n << 56) * 0x9e3779b97f4a7c15 >> 32);
}
static inline uint32_t kl_btf_hash(struct kl_bytes name) {
  uint64_t h = 0;
  size_t n = name.n;
  for (; name.n >= 8; name.p += 8, name.n -= 8)
    h = kl_btf_hash_word(h, kl_le64(name.p));
  return kl_btf_hash_end(h, kl_le_n(name.p, name.n), n);
}
// The same of a string, and its length, in one go. A string longer than cap
// ends a little behind it.
static inline uint32_t kl_btf_hash_string(struct kl_bytes rest, size_t cap, size_t *length) {
  uint64_t h = 0;
  size_t n = 0, last = rest.n < 8 ? 0 : (rest.n - 8 < cap ? rest.n - 8 : cap) + 1; // words begin before it
  for (; n < last; n += 8) {
    uint64_t word = kl_le64(rest.p + n), zero = kl_btf_zero_bytes(word);
    if (zero) {
      uint64_t below = ((zero & (0 - zero)) >> 7) - 1; // the bits of the bytes before the first
      *length = n + kl_btf_bytes_before(zero);
      return kl_btf_hash_end(h, word & below, *length);
    }
    h = kl_btf_hash_word(h, word);
  }
  size_t i = n;
  while (i < rest.n && i < n + 8 && rest.p[i])
    i++;
  *length = i;
  return kl_btf_hash_end(h, kl_le_n(rest.p + n, i - n), i);
}

// What validation knows of a type: 8 bytes, given back when open is done. (16
// bits where 8 would do, so that the compiler knows that a store to them changes
// no pointer.)
struct kl_btf_note {
  uint32_t word;   // the size; the type below it while OPEN
  uint16_t marks;  // enum kl_btf_kind, and the following
  uint16_t height; // of the chain and the nest below it; 0: not known yet
};
enum {
  KL_BTF_KIND_MASK = 0x1f,
  // What a reference can ask of the kind that it leads to:
  KL_BTF_IS_TYPE = 0x100,     // what C calls a type
  KL_BTF_IS_PROTO = 0x200,    // FUNC's
  KL_BTF_IS_VARIABLE = 0x400, // a section's
  KL_BTF_IS_THERE = 0x800,
  KL_BTF_OPEN = 0x1000,  // a pointer, array, typedef, modifier or variable: the type below is yet to be looked at
  KL_BTF_HOLDS = 0x2000, // an own struct or union, or an array, typedef ... of one
};
#define KL_BTF_NO_SIZE 0xffffffffu  // has none, or is nothing that C calls a type
#define KL_BTF_ANY_SIZE 0xfffffffeu // depends on an unknown kind

struct kl_btf_check {
  const struct kl_btf *btf;
  struct kl_btf_note *notes; // of the type before the first own one (void, unless split), then of the own ones
  uint32_t n;                // own types
  // All of notes but the first, kind by kind: what to do with the next is guessed wrong else.
  uint32_t *order;
  uint32_t structs, structs_end, links, links_end; // where in order
  uint32_t depth;
  const uint8_t *suspect; // of own strings: kl_btf_mark_suspects
  bool old_enums;         // no own enum tells signed from unsigned
  bool unsettled;         // a struct was seen before one that it holds
  const uint8_t *at;      // the culprit
};
static inline bool kl_btf_fail(struct kl_btf_check *c, const uint8_t *at) {
  c->at = at;
  return false;
}
// Of a type of the base. One that is not there has no mark.
struct kl_btf_note kl_btf_base_note(const struct kl_btf *btf, uint32_t id);
static inline struct kl_btf_note *kl_btf_own_note(const struct kl_btf_check *c, uint32_t id) {
  uint32_t i = id - c->btf->first_id;
  return i < c->n ? &c->notes[i + 1] : 0;
}
static inline struct kl_btf_note kl_btf_note(const struct kl_btf_check *c, uint32_t id) {
  uint32_t i = id + 1 - c->btf->first_id;
  return i <= c->n ? c->notes[i] : kl_btf_base_note(c->btf, id);
}

// The struct or union that a type that HOLDS one is or holds.
const struct kl_btf_note *kl_btf_held_by_value(const struct kl_btf_check *c, uint32_t id);

// Validation, in the order in which open calls it.
//
// Where each type begins, and its common part: fills btf->offsets and c->notes,
// which have room for so many, and c->n. KL_OK, or KL_ERR_MALFORMED or
// KL_ERR_LIMIT with c->at at the culprit.
enum kl_status kl_btf_check_heads(struct kl_btf_check *c, uint32_t room) KL_MUST_USE;
// Fills c->order.
void kl_btf_sort_by_kind(struct kl_btf_check *c);
// The others are false with c->at at the culprit.
//
// Follows every chain of pointers, arrays and modifiers to its end: after it
// notes have no OPEN, and sizes are known.
bool kl_btf_check_links(struct kl_btf_check *c);
// Everything else of each type, and the height of structs that come behind what
// they hold. Fills btf->next with hashes.
bool kl_btf_check_types(struct kl_btf_check *c);
// The other structs: none holds itself, none nests too deep.
bool kl_btf_check_nests(struct kl_btf_check *c);

#endif
