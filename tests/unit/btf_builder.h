// Builds small BTFs by hand, for tests. Every field can be made wrong: the
// helpers write what they are told.
//
//   struct btf_builder b;
//   btfb_init(&b);
//   uint32_t u32 = btfb_int(&b, "unsigned int", 4, 0, 32);
//   uint32_t pair = btfb_struct(&b, "pair", 8, 2);
//   btfb_member(&b, "a", u32, 0);
//   btfb_member(&b, "b", u32, 32);
//   struct kl_bytes data = btfb_finish(&b);   // lives as long as b
#ifndef KL_TESTS_BTF_BUILDER_H
#define KL_TESTS_BTF_BUILDER_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "btf/btf.h"

enum { BTFB_TYPES = 1 << 16, BTFB_STRINGS = 1 << 15, BTFB_HEADER = 64, BTFB_LAYOUT = 512 };

struct btf_builder {
  uint8_t types[BTFB_TYPES];
  uint8_t strings[BTFB_STRINGS];
  uint8_t layout[BTFB_LAYOUT];
  uint8_t out[BTFB_HEADER + BTFB_TYPES + BTFB_LAYOUT + BTFB_STRINGS];
  size_t n_types, n_strings, n_layout;
  uint32_t next_id;      // of the type that is added next
  uint32_t string_start; // string offset of strings[0]: not 0 in a split BTF
  uint32_t header_bytes; // 24, or 32 and more: then the layout section is written
};

static inline void btfb_put32(uint8_t *p, uint32_t v) {
  for (int i = 0; i < 4; i++)
    p[i] = (uint8_t)(v >> 8 * i);
}

static inline void btfb_init(struct btf_builder *b) {
  memset(b, 0, sizeof *b);
  b->next_id = 1;
  b->header_bytes = 24;
  b->n_strings = 1; // offset 0 is ""
}

// A split BTF that continues a base with this count of types and this many
// bytes of strings.
static inline void btfb_init_split(struct btf_builder *b, uint32_t base_count, uint32_t base_strings) {
  btfb_init(b);
  b->next_id = base_count;
  b->string_start = base_strings;
}

// The offset of a string; "" and null are offset 0. Equal strings share one.
static inline uint32_t btfb_string(struct btf_builder *b, const char *s) {
  if (!s || !*s)
    return 0;
  size_t n = strlen(s) + 1;
  for (size_t at = b->string_start ? 0 : 1; at + n <= b->n_strings; at += strlen((char *)b->strings + at) + 1)
    if (strcmp((char *)b->strings + at, s) == 0)
      return b->string_start + (uint32_t)at;
  assert(b->n_strings + n <= BTFB_STRINGS);
  memcpy(b->strings + b->n_strings, s, n);
  b->n_strings += n;
  return b->string_start + (uint32_t)(b->n_strings - n);
}

static inline void btfb_word(struct btf_builder *b, uint32_t v) {
  assert(b->n_types + 4 <= BTFB_TYPES);
  btfb_put32(b->types + b->n_types, v);
  b->n_types += 4;
}

// Any type: info is kflag << 31 | kind << 24 | vlen. Items follow by
// btfb_word or the helpers below. Gives its id.
static inline uint32_t btfb_raw(struct btf_builder *b, uint32_t name_offset, uint32_t info, uint32_t size_or_type) {
  btfb_word(b, name_offset);
  btfb_word(b, info);
  btfb_word(b, size_or_type);
  return b->next_id++;
}
static inline uint32_t btfb_type(struct btf_builder *b, enum kl_btf_kind kind, const char *name, uint32_t vlen,
                                 uint32_t size_or_type) {
  return btfb_raw(b, btfb_string(b, name), (uint32_t)kind << 24 | vlen, size_or_type);
}
enum { BTFB_SIGNED = 1, BTFB_CHAR = 2, BTFB_BOOL = 4 };
static inline uint32_t btfb_int(struct btf_builder *b, const char *name, uint32_t bytes, uint32_t encoding,
                                uint32_t bits) {
  uint32_t id = btfb_type(b, KL_BTF_INT, name, 0, bytes);
  btfb_word(b, encoding << 24 | bits);
  return id;
}
static inline uint32_t btfb_ptr(struct btf_builder *b, uint32_t to) {
  return btfb_type(b, KL_BTF_PTR, 0, 0, to);
}
static inline uint32_t btfb_array(struct btf_builder *b, uint32_t element, uint32_t index, uint32_t count) {
  uint32_t id = btfb_type(b, KL_BTF_ARRAY, 0, 0, 0);
  btfb_word(b, element);
  btfb_word(b, index);
  btfb_word(b, count);
  return id;
}
// vlen calls of btfb_member follow.
static inline uint32_t btfb_struct(struct btf_builder *b, const char *name, uint32_t bytes, uint32_t vlen) {
  return btfb_type(b, KL_BTF_STRUCT, name, vlen, bytes);
}
static inline uint32_t btfb_union(struct btf_builder *b, const char *name, uint32_t bytes, uint32_t vlen) {
  return btfb_type(b, KL_BTF_UNION, name, vlen, bytes);
}
// With kflag: members carry bit sizes (btfb_bitfield), or 0 for none.
static inline uint32_t btfb_struct_with_bitfields(struct btf_builder *b, const char *name, uint32_t bytes,
                                                  uint32_t vlen) {
  return btfb_raw(b, btfb_string(b, name), 1u << 31 | (uint32_t)KL_BTF_STRUCT << 24 | vlen, bytes);
}
static inline void btfb_member(struct btf_builder *b, const char *name, uint32_t type, uint32_t bit_offset) {
  btfb_word(b, btfb_string(b, name));
  btfb_word(b, type);
  btfb_word(b, bit_offset);
}
static inline void btfb_bitfield(struct btf_builder *b, const char *name, uint32_t type, uint32_t bit_offset,
                                 uint32_t bits) {
  btfb_member(b, name, type, bits << 24 | bit_offset);
}
// vlen calls of btfb_value follow.
static inline uint32_t btfb_enum(struct btf_builder *b, const char *name, uint32_t bytes, bool is_signed,
                                 uint32_t vlen) {
  return btfb_raw(b, btfb_string(b, name), (uint32_t)is_signed << 31 | (uint32_t)KL_BTF_ENUM << 24 | vlen, bytes);
}
static inline void btfb_value(struct btf_builder *b, const char *name, int32_t value) {
  btfb_word(b, btfb_string(b, name));
  btfb_word(b, (uint32_t)value);
}
static inline uint32_t btfb_enum64(struct btf_builder *b, const char *name, bool is_signed, uint32_t vlen) {
  return btfb_raw(b, btfb_string(b, name), (uint32_t)is_signed << 31 | (uint32_t)KL_BTF_ENUM64 << 24 | vlen, 8);
}
static inline void btfb_value64(struct btf_builder *b, const char *name, uint64_t value) {
  btfb_word(b, btfb_string(b, name));
  btfb_word(b, (uint32_t)value);
  btfb_word(b, (uint32_t)(value >> 32));
}
static inline uint32_t btfb_typedef(struct btf_builder *b, const char *name, uint32_t of) {
  return btfb_type(b, KL_BTF_TYPEDEF, name, 0, of);
}
// vlen calls of btfb_parameter follow; type 0 without name is "...".
static inline uint32_t btfb_proto(struct btf_builder *b, uint32_t returns, uint32_t vlen) {
  return btfb_type(b, KL_BTF_FUNC_PROTO, 0, vlen, returns);
}
static inline void btfb_parameter(struct btf_builder *b, const char *name, uint32_t type) {
  btfb_word(b, btfb_string(b, name));
  btfb_word(b, type);
}
static inline uint32_t btfb_func(struct btf_builder *b, const char *name, uint32_t proto) {
  return btfb_type(b, KL_BTF_FUNC, name, 0, proto);
}
static inline uint32_t btfb_var(struct btf_builder *b, const char *name, uint32_t type) {
  uint32_t id = btfb_type(b, KL_BTF_VAR, name, 0, type);
  btfb_word(b, 1); // linkage: global
  return id;
}
// vlen calls of btfb_section_variable follow.
static inline uint32_t btfb_datasec(struct btf_builder *b, const char *name, uint32_t bytes, uint32_t vlen) {
  return btfb_type(b, KL_BTF_DATASEC, name, vlen, bytes);
}
static inline void btfb_section_variable(struct btf_builder *b, uint32_t var, uint32_t offset, uint32_t bytes) {
  btfb_word(b, var);
  btfb_word(b, offset);
  btfb_word(b, bytes);
}
static inline uint32_t btfb_fwd(struct btf_builder *b, const char *name, bool is_union) {
  return btfb_raw(b, btfb_string(b, name), (uint32_t)is_union << 31 | (uint32_t)KL_BTF_FWD << 24, 0);
}
static inline uint32_t btfb_decl_tag(struct btf_builder *b, const char *value, uint32_t of, uint32_t component) {
  uint32_t id = btfb_type(b, KL_BTF_DECL_TAG, value, 0, of);
  btfb_word(b, component);
  return id;
}

// How long a type of a kind is, for the layout section; kinds below stay 0.
static inline void btfb_layout(struct btf_builder *b, uint32_t kind, uint8_t fixed, uint8_t each) {
  size_t end = (size_t)(kind + 1) * 4;
  assert(end <= BTFB_LAYOUT);
  b->layout[end - 4] = fixed;
  b->layout[end - 3] = each;
  if (b->n_layout < end)
    b->n_layout = end;
  if (b->header_bytes < 32)
    b->header_bytes = 32;
}

// The whole BTF: header, types, layout, strings.
static inline struct kl_bytes btfb_finish(struct btf_builder *b) {
  uint8_t *p = b->out;
  assert(b->header_bytes >= 24 && b->header_bytes <= BTFB_HEADER);
  memset(p, 0, b->header_bytes);
  btfb_put32(p, 0x0001eb9f); // magic, version 1, no flags
  btfb_put32(p + 4, b->header_bytes);
  btfb_put32(p + 8, 0);
  btfb_put32(p + 12, (uint32_t)b->n_types);
  btfb_put32(p + 16, (uint32_t)(b->n_types + b->n_layout));
  btfb_put32(p + 20, (uint32_t)b->n_strings);
  if (b->header_bytes >= 32) {
    btfb_put32(p + 24, (uint32_t)b->n_types);
    btfb_put32(p + 28, (uint32_t)b->n_layout);
  }
  p += b->header_bytes;
  memcpy(p, b->types, b->n_types);
  memcpy(p + b->n_types, b->layout, b->n_layout);
  memcpy(p + b->n_types + b->n_layout, b->strings, b->n_strings);
  return kl_bytes_of(b->out, b->header_bytes + b->n_types + b->n_layout + b->n_strings);
}

#endif
