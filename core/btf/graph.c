// Validation, part two: types against each other. After it, every reference
// chain is short and ends, no type holds itself by value, every member lies
// inside its struct, and every size fits 32 bits.
#include "btf/internal.h"

// Size of what has none (or is no C type), and of what depends on an unknown
// kind.
#define NO_SIZE 0xffffffffu
#define ANY_SIZE 0xfffffffeu

enum { HEIGHT_OPEN = 255 };

struct graph {
  const struct kl_btf *btf;
  const uint8_t *kinds; // of own types
  uint32_t *sizes;      // of own types
  uint8_t *heights;     // by-value nesting below an own type; 0: not looked at; HEIGHT_OPEN: being looked at
  uint32_t depth;
  const uint8_t *at;
};

static enum kl_btf_kind kind_of(const struct graph *g, uint32_t id) {
  return id >= g->btf->first_id ? (enum kl_btf_kind)g->kinds[id - g->btf->first_id] : kl_btf_kind(g->btf, id);
}

// What C calls a type: can be pointed to, named, returned.
static bool is_c_type(enum kl_btf_kind kind) {
  return kind != KL_BTF_FUNC && kind != KL_BTF_VAR && kind != KL_BTF_DATASEC && kind != KL_BTF_DECL_TAG;
}

static uint32_t size_of(const struct graph *g, uint32_t id) {
  uint64_t size;
  if (id >= g->btf->first_id)
    return g->sizes[id - g->btf->first_id];
  return is_c_type(kind_of(g, id)) && kl_btf_size(g->btf, id, &size) ? (uint32_t)size : NO_SIZE;
}

static uint32_t target_of(const struct graph *g, uint32_t id) {
  const uint8_t *p = kl_btf_raw(g->btf, id);
  return kl_le32(p + (kind_of(g, id) == KL_BTF_ARRAY ? KL_BTF_TYPE_BYTES : 8));
}

static bool is_link(enum kl_btf_kind kind) {
  return kl_btf_is_transparent(kind) || kind == KL_BTF_PTR || kind == KL_BTF_ARRAY || kind == KL_BTF_VAR;
}

// Follows pointers, arrays and modifiers to the end: at most depth of them.
// Gives the size of id itself.
static enum kl_status check_chain(struct graph *g, uint32_t id, uint32_t *ret) {
  uint64_t count = 1;
  bool sized = false;
  enum kl_btf_kind kind = kind_of(g, id);
  g->at = kl_btf_raw(g->btf, id);
  for (uint32_t steps = 0; is_link(kind); steps++) {
    if (steps == g->depth)
      return KL_ERR_MALFORMED;
    if (!sized && kind == KL_BTF_PTR) {
      count *= KL_BTF_POINTER_BYTES;
      sized = true;
    }
    if (!sized && kind == KL_BTF_ARRAY)
      count *= kl_le32(kl_btf_raw(g->btf, id) + KL_BTF_TYPE_BYTES + 8);
    if (count > KL_BTF_SIZE_TOP) // fine if what it counts has no bytes
      count = (uint64_t)KL_BTF_SIZE_TOP + 1;
    id = target_of(g, id);
    kind = kind_of(g, id);
    if (!is_c_type(kind))
      return KL_ERR_MALFORMED;
  }
  if (!sized) {
    uint32_t size = size_of(g, id);
    if (size >= ANY_SIZE) {
      *ret = size;
      return KL_OK;
    }
    count *= size;
  }
  *ret = (uint32_t)count;
  return count <= KL_BTF_SIZE_TOP ? KL_OK : KL_ERR_MALFORMED;
}

// Sizes: first of the kinds that state theirs, then of the rest.
static enum kl_status check_sizes(struct graph *g) {
  const struct kl_btf *btf = g->btf;
  uint32_t n = btf->count - btf->first_id;
  for (uint32_t i = 0; i < n; i++) {
    enum kl_btf_kind kind = (enum kl_btf_kind)g->kinds[i];
    if (kind == KL_BTF_UNKNOWN)
      g->sizes[i] = ANY_SIZE;
    else if (kl_btf_shapes[kind].word == KL_BTF_WORD_SIZE && is_c_type(kind))
      g->sizes[i] = kl_le32(btf->types.p + btf->offsets[i] + 8);
    else
      g->sizes[i] = NO_SIZE;
  }
  for (uint32_t i = 0; i < n; i++) {
    if (!is_link((enum kl_btf_kind)g->kinds[i]))
      continue;
    KL_TRY(check_chain(g, btf->first_id + i, &g->sizes[i]));
    if (g->kinds[i] == KL_BTF_VAR) // checked; nothing may hold one
      g->sizes[i] = NO_SIZE;
    if (g->kinds[i] == KL_BTF_ARRAY && g->sizes[i] == NO_SIZE)
      return KL_ERR_MALFORMED;
  }
  return KL_OK;
}

static bool bits_fit(const struct graph *g, uint32_t type, uint32_t offset, uint32_t bits, uint32_t struct_bytes) {
  enum kl_btf_kind kind = kind_of(g, kl_btf_strip(g->btf, type));
  return (kind == KL_BTF_INT || kl_btf_is_enum(kind)) && (uint64_t)size_of(g, type) * 8 >= bits &&
         (uint64_t)offset + bits <= (uint64_t)struct_bytes * 8;
}

// A bitfield from before kflag: the INT itself has fewer bits than its bytes.
static bool old_bitfield_fits(const struct graph *g, uint32_t type, uint32_t offset, uint32_t struct_bytes) {
  uint32_t id = kl_btf_strip(g->btf, type);
  if (kind_of(g, id) != KL_BTF_INT)
    return false;
  uint32_t word = kl_le32(kl_btf_raw(g->btf, id) + KL_BTF_TYPE_BYTES);
  return bits_fit(g, type, offset, (word & 0xff) + (word >> 16 & 0xff), struct_bytes);
}

static bool check_members(struct graph *g, const uint8_t *p) {
  uint32_t info = kl_le32(p + 4), struct_bytes = kl_le32(p + 8);
  bool kflag = kl_btf_info_kflag(info);
  const uint8_t *item = p + KL_BTF_TYPE_BYTES;
  for (uint32_t i = 0; i < kl_btf_info_vlen(info); i++, item += 12) {
    g->at = item + 4;
    uint32_t type = kl_le32(item + 4), word = kl_le32(item + 8), size = size_of(g, type);
    uint32_t offset = kflag ? word & 0xffffff : word, bits = kflag ? word >> 24 : 0;
    if (size == ANY_SIZE)
      continue;
    if (size == NO_SIZE)
      return false;
    g->at = item + 8;
    bool fits = bits ? bits_fit(g, type, offset, bits, struct_bytes)
                     : offset % 8 == 0 && offset / 8 + (uint64_t)size <= struct_bytes;
    if (!fits && (kflag || !old_bitfield_fits(g, type, offset, struct_bytes)))
      return false;
  }
  return true;
}

static bool check_parameters(struct graph *g, const uint8_t *p) {
  const uint8_t *item = p + KL_BTF_TYPE_BYTES;
  g->at = p + 8;
  if (!is_c_type(kind_of(g, kl_le32(p + 8))))
    return false;
  for (uint32_t i = 0; i < kl_btf_info_vlen(kl_le32(p + 4)); i++, item += 8) {
    g->at = item + 4;
    if (!is_c_type(kind_of(g, kl_le32(item + 4))))
      return false;
  }
  return true;
}

static bool check_section(struct graph *g, const uint8_t *p) {
  const uint8_t *item = p + KL_BTF_TYPE_BYTES;
  for (uint32_t i = 0; i < kl_btf_info_vlen(kl_le32(p + 4)); i++, item += 12) {
    g->at = item;
    enum kl_btf_kind kind = kind_of(g, kl_le32(item));
    if (kind != KL_BTF_VAR && kind != KL_BTF_FUNC && kind != KL_BTF_UNKNOWN) // FUNC: .ksyms
      return false;
  }
  return true;
}

static bool check_targets(struct graph *g, uint32_t i) {
  const uint8_t *p = g->btf->types.p + g->btf->offsets[i];
  switch ((enum kl_btf_kind)g->kinds[i]) {
  case KL_BTF_ARRAY:
    g->at = p + KL_BTF_TYPE_BYTES + 4;
    return is_c_type(kind_of(g, kl_le32(p + KL_BTF_TYPE_BYTES + 4)));
  case KL_BTF_STRUCT:
  case KL_BTF_UNION:
    return check_members(g, p);
  case KL_BTF_FUNC: {
    g->at = p + 8;
    enum kl_btf_kind kind = kind_of(g, kl_le32(p + 8));
    return kind == KL_BTF_FUNC_PROTO || kind == KL_BTF_UNKNOWN;
  }
  case KL_BTF_FUNC_PROTO:
    return check_parameters(g, p);
  case KL_BTF_DATASEC:
    return check_section(g, p);
  case KL_BTF_VOID:
  case KL_BTF_INT:
  case KL_BTF_PTR:
  case KL_BTF_ENUM:
  case KL_BTF_FWD:
  case KL_BTF_TYPEDEF:
  case KL_BTF_VOLATILE:
  case KL_BTF_CONST:
  case KL_BTF_RESTRICT:
  case KL_BTF_VAR: // with check_chain
  case KL_BTF_FLOAT:
  case KL_BTF_DECL_TAG:
  case KL_BTF_TYPE_TAG:
  case KL_BTF_ENUM64:
  case KL_BTF_UNKNOWN:
  default:
    return true;
  }
}

// The struct or union that a member of this type holds by value, or 0.
static uint32_t held_by_value(const struct graph *g, uint32_t id) {
  for (;;) {
    enum kl_btf_kind kind = kind_of(g, id);
    if (kl_btf_is_composite(kind))
      return id >= g->btf->first_id ? id : 0; // the base's were checked with it
    if (kind != KL_BTF_ARRAY && !kl_btf_is_transparent(kind))
      return 0;
    id = target_of(g, id);
  }
}

struct frame {
  uint32_t id, next_member;
  uint32_t height; // of the members so far
};

// Depth-first over by-value members. Every type is entered once, and its height
// kept: how many levels it needs of those that walk by value.
static enum kl_status check_nesting_from(struct graph *g, uint32_t root) {
  struct frame stack[KL_BTF_DEPTH];
  uint32_t used = 1, first = g->btf->first_id;
  stack[0] = (struct frame){root, 0, 0};
  g->heights[root - first] = HEIGHT_OPEN;
  while (used) {
    struct frame *top = &stack[used - 1];
    const uint8_t *p = kl_btf_raw(g->btf, top->id);
    if (top->next_member == kl_btf_info_vlen(kl_le32(p + 4))) {
      uint32_t height = top->height + 1;
      g->heights[top->id - first] = (uint8_t)height;
      if (--used && stack[used - 1].height < height)
        stack[used - 1].height = height;
      continue;
    }
    g->at = p + KL_BTF_TYPE_BYTES + (size_t)top->next_member++ * 12 + 4;
    uint32_t child = held_by_value(g, kl_le32(g->at));
    if (!child)
      continue;
    uint32_t height = g->heights[child - first]; // 0: not entered yet, at least 1
    if (height == HEIGHT_OPEN || used + (height ? height : 1) > g->depth)
      return KL_ERR_MALFORMED;
    if (!height) {
      g->heights[child - first] = HEIGHT_OPEN;
      stack[used++] = (struct frame){child, 0, 0};
    } else if (top->height < height) {
      top->height = height;
    }
  }
  return KL_OK;
}

enum kl_status kl_btf_check_graph(const struct kl_btf *btf, struct kl_arena *arena, uint32_t depth,
                                  const uint8_t *kinds, const uint8_t **bad) {
  struct graph g = {.btf = btf, .kinds = kinds, .depth = depth};
  uint32_t n = btf->count - btf->first_id;
  KL_TRY(kl_arena_take(arena, n, sizeof *g.sizes, _Alignof(uint32_t), &g.sizes));
  KL_TRY(KL_TAKE(arena, n, &g.heights));
  enum kl_status status = check_sizes(&g);
  for (uint32_t i = 0; i < n && status == KL_OK; i++)
    if (!check_targets(&g, i))
      status = KL_ERR_MALFORMED;
  for (uint32_t i = 0; i < n && status == KL_OK; i++)
    if (kl_btf_is_composite((enum kl_btf_kind)kinds[i]) && !g.heights[i])
      status = check_nesting_from(&g, btf->first_id + i);
  *bad = g.at;
  return status;
}
