// Members by name and by path, through anonymous structs and unions.
#include "btf/internal.h"

struct level {
  uint32_t id, next_member, bit_offset;
};

// Depth-first in the order of declaration. Nesting is bounded by validation;
// how often the same anonymous type is entered is not, hence the steps.
bool kl_btf_find_member(const struct kl_btf *btf, uint32_t struct_id, struct kl_bytes name,
                        struct kl_btf_field *ret) {
  struct level stack[KL_BTF_DEPTH];
  uint32_t used = 0;
  uint64_t steps = btf->steps;
  uint32_t id = struct_id < btf->count ? kl_btf_strip(btf, struct_id) : 0;
  if (!name.n || !kl_btf_is_composite(kl_btf_kind(btf, id)))
    return false;
  stack[used++] = (struct level){id, 0, 0};
  while (used) {
    struct level *top = &stack[used - 1];
    const uint8_t *p = kl_btf_raw(btf, top->id);
    uint32_t i = top->next_member++;
    if (i >= kl_btf_info_vlen(kl_le32(p + 4))) {
      used--;
      continue;
    }
    if (!steps--)
      return false;
    uint32_t name_offset = kl_le32(p + KL_BTF_TYPE_BYTES + (size_t)i * 12);
    bool anonymous = !*kl_btf_string_rest(btf, name_offset).p;
    if (!anonymous && !kl_btf_string_is(btf, name_offset, name))
      continue;
    struct kl_btf_type t;
    struct kl_btf_member m;
    kl_btf_type(btf, top->id, &t);
    kl_btf_member(btf, &t, i, &m);
    if (!anonymous) {
      *ret = (struct kl_btf_field){m.type, top->bit_offset + m.bit_offset, m.bit_size};
      return true;
    }
    uint32_t inner = kl_btf_strip(btf, m.type);
    if (!kl_btf_is_composite(kl_btf_kind(btf, inner)))
      continue; // padding: an unnamed bitfield
    if (used == KL_BTF_DEPTH)
      return false;
    stack[used++] = (struct level){inner, 0, top->bit_offset + m.bit_offset};
  }
  return false;
}

// "[123]" at the head of path; false when there is another thing.
static bool take_index(struct kl_bytes *path, uint64_t *ret) {
  size_t end = 1;
  while (end < path->n && path->p[end] != ']')
    end++;
  struct kl_bytes digits, taken;
  if (end >= path->n || !kl_bytes_slice(*path, 1, end - 1, &digits) || !digits.n || digits.p[0] == '-')
    return false;
  return kl_parse_decimal(digits, ret) && kl_bytes_take(path, end + 1, &taken);
}

static bool step_into_element(const struct kl_btf *btf, uint64_t index, struct kl_btf_field *field) {
  struct kl_btf_type t;
  struct kl_btf_array array;
  uint64_t bytes, offset;
  kl_btf_type(btf, kl_btf_strip(btf, field->type), &t);
  if (t.kind != KL_BTF_ARRAY)
    return false;
  kl_btf_array(btf, &t, &array);
  // The element after the last is fine for an array of 0: it has no bound.
  if ((array.count && index >= array.count) || !kl_btf_size(btf, array.type, &bytes))
    return false;
  if (__builtin_mul_overflow(index, bytes * 8, &offset) || offset > UINT32_MAX - field->bit_offset)
    return false;
  *field = (struct kl_btf_field){array.type, field->bit_offset + (uint32_t)offset, 0};
  return true;
}

static bool step_into_member(const struct kl_btf *btf, struct kl_bytes name, struct kl_btf_field *field) {
  struct kl_btf_field inner;
  if (!kl_btf_find_member(btf, field->type, name, &inner) || inner.bit_offset > UINT32_MAX - field->bit_offset)
    return false;
  inner.bit_offset += field->bit_offset;
  *field = inner;
  return true;
}

bool kl_btf_find_path(const struct kl_btf *btf, uint32_t struct_id, struct kl_bytes path,
                      struct kl_btf_field *ret) {
  struct kl_btf_field field = {.type = struct_id};
  if (!path.n || struct_id >= btf->count)
    return false;
  bool first = true;
  while (path.n) {
    struct kl_bytes taken;
    uint64_t index;
    if (path.p[0] == '[') {
      if (!take_index(&path, &index) || !step_into_element(btf, index, &field))
        return false;
    } else {
      if (!first && (path.p[0] != '.' || !kl_bytes_take(&path, 1, &taken)))
        return false;
      size_t end = 0;
      while (end < path.n && path.p[end] != '.' && path.p[end] != '[')
        end++;
      if (!kl_bytes_take(&path, end, &taken) || !step_into_member(btf, taken, &field))
        return false;
    }
    first = false;
  }
  *ret = field;
  return true;
}
