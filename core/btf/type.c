// Decoded accessors. Everything here works on validated data and cannot fail.
#include "base/memory.h"
#include "btf/internal.h"

// Bits of the info word that a kind has no use for.
#define VLEN 0x00ffffffu
#define KFLAG 0x80000000u
#define BOTH (VLEN | KFLAG)
#define ANY 0xffffffffu

#define THERE KL_BTF_IS_THERE
#define TYPE (KL_BTF_IS_TYPE | THERE)
#define LINK (TYPE | KL_BTF_OPEN)
#define PROTO (TYPE | KL_BTF_IS_PROTO)
#define VARIABLE (KL_BTF_IS_VARIABLE | THERE)
#define NEST (TYPE | KL_BTF_HOLDS)
#define TOP KL_BTF_SIZE_TOP

const struct kl_btf_shape kl_btf_shapes[KL_BTF_UNKNOWN] = {
    [KL_BTF_INT] = {4, 0, KL_BTF_WORD_SIZE, 8, KL_BTF_INT | TYPE, BOTH, TOP},
    [KL_BTF_PTR] = {0, 0, KL_BTF_WORD_TYPE, 8, KL_BTF_PTR | LINK, BOTH, ANY},
    [KL_BTF_ARRAY] = {12, 0, KL_BTF_WORD_ZERO, 12, KL_BTF_ARRAY | LINK, BOTH, 0},
    [KL_BTF_STRUCT] = {0, 12, KL_BTF_WORD_SIZE, 8, KL_BTF_STRUCT | NEST, 0, TOP},
    [KL_BTF_UNION] = {0, 12, KL_BTF_WORD_SIZE, 8, KL_BTF_UNION | NEST, 0, TOP},
    [KL_BTF_ENUM] = {0, 8, KL_BTF_WORD_SIZE, 8, KL_BTF_ENUM | TYPE, 0, TOP},
    [KL_BTF_FWD] = {0, 0, KL_BTF_WORD_ZERO, 0, KL_BTF_FWD | TYPE, VLEN, 0},
    [KL_BTF_TYPEDEF] = {0, 0, KL_BTF_WORD_TYPE, 8, KL_BTF_TYPEDEF | LINK, BOTH, ANY},
    [KL_BTF_VOLATILE] = {0, 0, KL_BTF_WORD_TYPE, 8, KL_BTF_VOLATILE | LINK, BOTH, ANY},
    [KL_BTF_CONST] = {0, 0, KL_BTF_WORD_TYPE, 8, KL_BTF_CONST | LINK, BOTH, ANY},
    [KL_BTF_RESTRICT] = {0, 0, KL_BTF_WORD_TYPE, 8, KL_BTF_RESTRICT | LINK, BOTH, ANY},
    // vlen: linkage; in .ksyms a function stands for a variable
    [KL_BTF_FUNC] = {0, 0, KL_BTF_WORD_TYPE, 0, KL_BTF_FUNC | VARIABLE, BOTH & ~3u, ANY},
    [KL_BTF_FUNC_PROTO] = {0, 8, KL_BTF_WORD_TYPE, 0, KL_BTF_FUNC_PROTO | PROTO, KFLAG, ANY},
    [KL_BTF_VAR] = {4, 0, KL_BTF_WORD_TYPE, 8, KL_BTF_VAR | VARIABLE | KL_BTF_OPEN, BOTH, ANY},
    [KL_BTF_DATASEC] = {0, 12, KL_BTF_WORD_SIZE, 0, KL_BTF_DATASEC | THERE, KFLAG, TOP},
    [KL_BTF_FLOAT] = {0, 0, KL_BTF_WORD_SIZE, 8, KL_BTF_FLOAT | TYPE, BOTH, TOP},
    [KL_BTF_DECL_TAG] = {4, 0, KL_BTF_WORD_TYPE, 0, KL_BTF_DECL_TAG | THERE, VLEN, ANY},
    [KL_BTF_TYPE_TAG] = {0, 0, KL_BTF_WORD_TYPE, 8, KL_BTF_TYPE_TAG | LINK, VLEN, ANY},
    [KL_BTF_ENUM64] = {0, 12, KL_BTF_WORD_SIZE, 8, KL_BTF_ENUM64 | TYPE, 0, TOP},
};

bool kl_btf_string_is(const struct kl_btf *btf, uint32_t offset, struct kl_bytes name) {
  struct kl_bytes rest = kl_btf_string_rest(btf, offset);
  return name.n < rest.n && !rest.p[name.n] && (!name.n || memcmp(rest.p, name.p, name.n) == 0);
}

uint32_t kl_btf_count(const struct kl_btf *btf) {
  return btf->count;
}

uint64_t kl_btf_bytes(const struct kl_btf *btf) {
  return btf->bytes;
}

void kl_btf_type(const struct kl_btf *btf, uint32_t id, struct kl_btf_type *ret) {
  *ret = (struct kl_btf_type){.id = id};
  if (!id)
    return;
  const uint8_t *p = kl_btf_raw(btf, id);
  uint32_t info = kl_le32(p + 4), word = kl_le32(p + 8);
  ret->kind = kl_btf_kind_of(info);
  ret->kflag = kl_btf_info_kflag(info);
  ret->vlen = kl_btf_info_vlen(info);
  ret->extra = p + KL_BTF_TYPE_BYTES;
  if (ret->kind == KL_BTF_UNKNOWN) // its name is whatever that kind means by it
    return;
  ret->name = kl_btf_string(btf, kl_le32(p));
  uint8_t holds = kl_btf_shapes[ret->kind].word;
  ret->size = holds == KL_BTF_WORD_SIZE ? word : 0;
  ret->type = holds == KL_BTF_WORD_TYPE ? word : 0;
}

bool kl_btf_text(const struct kl_btf *btf, uint32_t offset, struct kl_bytes *ret) {
  if (offset >= btf->string_start && offset - btf->string_start >= btf->strings.n)
    return false;
  *ret = kl_btf_string(btf, offset);
  return true;
}

// Before Linux 5.0's kflag (9d5f9f701b18) a bitfield was a member of an INT
// with fewer bits than its bytes have.
static void old_bitfield(const struct kl_btf *btf, struct kl_btf_member *member) {
  struct kl_btf_type t;
  struct kl_btf_int i;
  kl_btf_type(btf, kl_btf_strip(btf, member->type), &t);
  if (t.kind != KL_BTF_INT)
    return;
  kl_btf_int(btf, &t, &i);
  if (i.bit_offset == 0 && i.bits == (uint64_t)t.size * 8)
    return;
  member->bit_offset += i.bit_offset;
  member->bit_size = i.bits;
}

void kl_btf_member(const struct kl_btf *btf, const struct kl_btf_type *t, uint32_t i, struct kl_btf_member *ret) {
  const uint8_t *p = t->extra + (size_t)i * 12;
  uint32_t word = kl_le32(p + 8);
  ret->name = kl_btf_string(btf, kl_le32(p));
  ret->type = kl_le32(p + 4);
  ret->bit_offset = t->kflag ? word & 0xffffff : word;
  ret->bit_size = t->kflag ? word >> 24 : 0;
  if (!t->kflag)
    old_bitfield(btf, ret);
}

// kflag tells signed from unsigned since Linux 6.0 (6089fb325cf7). BTF in which
// nothing says so comes from an older encoder: all values are C's int then.
void kl_btf_enum_value(const struct kl_btf *btf, const struct kl_btf_type *t, uint32_t i,
                       struct kl_btf_value *ret) {
  bool wide = t->kind == KL_BTF_ENUM64;
  const uint8_t *p = t->extra + (size_t)i * (wide ? 12 : 8);
  ret->name = kl_btf_string(btf, kl_le32(p));
  if (wide)
    ret->value = (int64_t)(kl_le32(p + 4) | (uint64_t)kl_le32(p + 8) << 32);
  else
    ret->value = t->kflag || btf->old_enums ? (int32_t)kl_le32(p + 4) : (int64_t)kl_le32(p + 4);
}

void kl_btf_array(const struct kl_btf *btf, const struct kl_btf_type *t, struct kl_btf_array *ret) {
  (void)btf;
  *ret = (struct kl_btf_array){kl_le32(t->extra), kl_le32(t->extra + 4), kl_le32(t->extra + 8)};
}

void kl_btf_int(const struct kl_btf *btf, const struct kl_btf_type *t, struct kl_btf_int *ret) {
  (void)btf;
  uint32_t word = kl_le32(t->extra);
  *ret = (struct kl_btf_int){
      .is_signed = word >> 24 & 1,
      .is_char = word >> 25 & 1,
      .is_bool = word >> 26 & 1,
      .bit_offset = (uint8_t)(word >> 16),
      .bits = (uint8_t)word,
  };
}

void kl_btf_section_variable(const struct kl_btf *btf, const struct kl_btf_type *t, uint32_t i,
                             struct kl_btf_section_variable *ret) {
  (void)btf;
  const uint8_t *p = t->extra + (size_t)i * 12;
  *ret = (struct kl_btf_section_variable){kl_le32(p), kl_le32(p + 4), kl_le32(p + 8)};
}

void kl_btf_parameter(const struct kl_btf *btf, const struct kl_btf_type *t, uint32_t i,
                      struct kl_btf_parameter *ret) {
  const uint8_t *p = t->extra + (size_t)i * 8;
  ret->name = kl_btf_string(btf, kl_le32(p));
  ret->type = kl_le32(p + 4);
}

uint32_t kl_btf_strip(const struct kl_btf *btf, uint32_t id) {
  while (kl_btf_is_transparent(kl_btf_kind(btf, id)))
    id = kl_le32(kl_btf_raw(btf, id) + 8);
  return id;
}

bool kl_btf_size(const struct kl_btf *btf, uint32_t id, uint64_t *ret) {
  uint64_t count = 1; // of array elements; open made sure that the bytes fit 32 bits
  for (;;) {
    enum kl_btf_kind kind = kl_btf_kind(btf, id);
    if (!id)
      return false; // void
    const uint8_t *p = kl_btf_raw(btf, id);
    if (kind == KL_BTF_ARRAY) {
      count *= kl_le32(p + KL_BTF_TYPE_BYTES + 8);
      id = kl_le32(p + KL_BTF_TYPE_BYTES);
    } else if (kl_btf_is_transparent(kind) || kind == KL_BTF_VAR) {
      id = kl_le32(p + 8);
    } else if (kind == KL_BTF_PTR) {
      *ret = count * KL_BTF_POINTER_BYTES;
      return true;
    } else if (kind < KL_BTF_UNKNOWN && kl_btf_shapes[kind].word == KL_BTF_WORD_SIZE) {
      *ret = count * kl_le32(p + 8);
      return true;
    } else {
      return false;
    }
  }
}
