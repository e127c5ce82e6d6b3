// Where each type of a BTF begins, and what its first 12 bytes say.
#include "btf/internal.h"

enum { ANYTHING = KL_BTF_IS_TYPE | KL_BTF_IS_PROTO | KL_BTF_IS_VARIABLE | KL_BTF_IS_THERE };

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

struct kl_btf_note kl_btf_base_note(const struct kl_btf *btf, uint32_t id) {
  if (id >= btf->first_id)
    return (struct kl_btf_note){.word = KL_BTF_NO_SIZE};
  enum kl_btf_kind kind = kl_btf_kind(btf, id);
  uint32_t marks = kind == KL_BTF_VOID      ? KL_BTF_IS_TYPE | KL_BTF_IS_THERE
                   : kind == KL_BTF_UNKNOWN ? KL_BTF_UNKNOWN | ANYTHING
                                            : kl_btf_shapes[kind].marks & (KL_BTF_KIND_MASK | ANYTHING);
  uint64_t size;
  return (struct kl_btf_note){.word = kl_btf_size(btf, id, &size) ? (uint32_t)size : KL_BTF_NO_SIZE,
                              .marks = (uint16_t)marks};
}

enum kl_status kl_btf_check_heads(struct kl_btf_check *c, uint32_t room) {
  const struct kl_btf *btf = c->btf;
  const uint8_t *p = btf->types.p;
  size_t left = btf->types.n;
  uint32_t *offsets = btf->offsets, i = 0;
  struct kl_btf_note *notes = c->notes;
  notes[0] = kl_btf_base_note(btf, btf->first_id - 1);
  for (uint64_t bytes; left; p += bytes, left -= (size_t)bytes) {
    if (left < KL_BTF_TYPE_BYTES || i == room) {
      c->at = p;
      return i == room ? KL_ERR_LIMIT : KL_ERR_MALFORMED;
    }
    c->at = p + 4;
    offsets[i++] = (uint32_t)(p - btf->types.p);
    uint32_t info = kl_le32(p + 4), kind = kl_btf_info_kind(info);
    if (kind == KL_BTF_VOID || kind >= KL_BTF_UNKNOWN) {
      if (!unknown_type_bytes(btf, info, &bytes) || bytes > left)
        return KL_ERR_MALFORMED;
      notes[i] = (struct kl_btf_note){.word = KL_BTF_ANY_SIZE, .marks = KL_BTF_UNKNOWN | ANYTHING};
      continue;
    }
    const struct kl_btf_shape *shape = &kl_btf_shapes[kind];
    bytes = KL_BTF_TYPE_BYTES + shape->fixed + (uint64_t)shape->each * kl_btf_info_vlen(info);
    if (bytes > left || info & shape->info_zero || kl_le32(p + 8) > shape->word_cap) {
      if (bytes <= left && !(info & shape->info_zero))
        c->at = p + 8;
      return KL_ERR_MALFORMED;
    }
    uint32_t word = kl_le32(p + shape->word_at);
    notes[i] = (struct kl_btf_note){.word = shape->word_at ? word : KL_BTF_NO_SIZE, .marks = shape->marks};
  }
  c->n = i;
  return KL_OK;
}

// Structs and unions keep the order they have to each other: mostly what one
// holds comes before it. Of links, what is at the end of chains comes first.
enum { STRUCTS = 1, LINKS = 4, KINDS = KL_BTF_UNKNOWN + 1 };
static const uint8_t places[KINDS] = {
    [KL_BTF_STRUCT] = STRUCTS,
    [KL_BTF_UNION] = STRUCTS,
    [KL_BTF_FUNC_PROTO] = 2,
    [KL_BTF_FUNC] = 3,
    [KL_BTF_TYPEDEF] = LINKS,
    [KL_BTF_ARRAY] = LINKS + 1,
    [KL_BTF_CONST] = LINKS + 2,
    [KL_BTF_VOLATILE] = LINKS + 2,
    [KL_BTF_RESTRICT] = LINKS + 2,
    [KL_BTF_TYPE_TAG] = LINKS + 2,
    [KL_BTF_PTR] = LINKS + 3,
    [KL_BTF_VAR] = LINKS + 4,
    [KL_BTF_DECL_TAG] = LINKS + 5,
    [KL_BTF_ENUM] = 10,
    [KL_BTF_FWD] = 11,
};

void kl_btf_sort_by_kind(struct kl_btf_check *c) {
  uint32_t count[KINDS] = {0}, at[KINDS + 1] = {0}, n = c->n, *order = c->order;
  const struct kl_btf_note *notes = c->notes;
  for (uint32_t i = 1; i <= n; i++)
    count[places[notes[i].marks & KL_BTF_KIND_MASK]]++;
  for (uint32_t place = 0; place < KINDS; place++)
    at[place + 1] = at[place] + count[place];
  c->structs = at[STRUCTS];
  c->structs_end = at[STRUCTS + 1];
  c->links = at[LINKS];
  c->links_end = at[LINKS + 5];
  for (uint32_t i = 1; i <= n; i++)
    order[at[places[notes[i].marks & KL_BTF_KIND_MASK]]++] = i;
}
