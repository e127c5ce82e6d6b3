// Validation, part two: types against each other. After it, every reference
// chain is short and ends, no type holds itself by value, every member lies
// inside its struct, and every size fits 32 bits.
#include "btf/internal.h"

enum { HEIGHT_OPEN = 255 };

struct graph {
  const struct kl_btf *btf;
  struct kl_btf_scratch *own;
  uint32_t depth;
  const uint8_t *at;
};

static bool is_own(const struct graph *g, uint32_t id) {
  return id >= g->btf->first_id;
}
static enum kl_btf_kind kind_of(const struct graph *g, uint32_t id) {
  return is_own(g, id) ? (enum kl_btf_kind)(g->own->kinds[id - g->btf->first_id] & KL_BTF_KIND_MASK)
                       : kl_btf_kind(g->btf, id);
}
// Of an own type: not OPEN.
static uint32_t size_of(const struct graph *g, uint32_t id) {
  uint64_t size;
  if (is_own(g, id))
    return g->own->words[id - g->btf->first_id];
  return kl_btf_size(g->btf, id, &size) ? (uint32_t)size : KL_BTF_NO_SIZE;
}
static bool is_open(const struct graph *g, uint32_t id) {
  return is_own(g, id) && g->own->kinds[id - g->btf->first_id] & KL_BTF_OPEN;
}

// A link whose type below is no more OPEN: its size, and what else is handed
// up.
static bool resolve(struct graph *g, uint32_t id, uint32_t below) {
  uint32_t i = id - g->btf->first_id, size = size_of(g, below), height = 1, holds = 0;
  if (is_own(g, below)) { // a nest's height is not known yet, and counted on its own
    holds = g->own->kinds[below - g->btf->first_id] & KL_BTF_HOLDS;
    height += g->own->heights[below - g->btf->first_id];
  }
  enum kl_btf_kind kind = kind_of(g, id);
  if (kind == KL_BTF_PTR) {
    size = KL_BTF_POINTER_BYTES;
    holds = 0;
  } else if (kind == KL_BTF_ARRAY && size != KL_BTF_ANY_SIZE) {
    uint32_t count = kl_le32(g->btf->types.p + g->btf->offsets[i] + KL_BTF_TYPE_BYTES + 8);
    if (size == KL_BTF_NO_SIZE || (uint64_t)size * count > KL_BTF_SIZE_TOP)
      return false;
    size *= count;
  }
  g->own->words[i] = size;
  g->own->heights[i] = (uint8_t)height;
  g->own->kinds[i] = (uint16_t)((g->own->kinds[i] & ~(uint32_t)KL_BTF_OPEN) | holds);
  return height <= g->depth;
}

// Follows pointers, arrays and modifiers down to what is known, and comes back
// with it. A loop never gets there.
static bool check_chain(struct graph *g, uint32_t id) {
  uint32_t path[KL_BTF_DEPTH];
  uint32_t used = 0;
  g->at = kl_btf_raw(g->btf, id);
  for (; is_open(g, id); id = g->own->words[id - g->btf->first_id]) {
    if (used == g->depth)
      return false;
    path[used++] = id;
  }
  for (; used; id = path[used])
    if (!resolve(g, path[--used], id))
      return false;
  return true;
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

static bool check_member(struct graph *g, const uint8_t *item, bool kflag, uint32_t struct_bytes) {
  uint32_t type = kl_le32(item + 4), word = kl_le32(item + 8), size = size_of(g, type);
  uint32_t offset = kflag ? word & 0xffffff : word, bits = kflag ? word >> 24 : 0;
  g->at = item + 4;
  if (size == KL_BTF_ANY_SIZE)
    return true;
  if (size == KL_BTF_NO_SIZE)
    return false;
  g->at = item + 8;
  bool fits = bits ? bits_fit(g, type, offset, bits, struct_bytes)
                   : offset % 8 == 0 && offset / 8 + (uint64_t)size <= struct_bytes;
  return fits || (!kflag && old_bitfield_fits(g, type, offset, struct_bytes));
}

// The own struct or union that a member of this type holds by value, or 0.
// (The base's were checked with it.)
static uint32_t held_by_value(const struct graph *g, uint32_t id) {
  while (is_own(g, id) && g->own->kinds[id - g->btf->first_id] & KL_BTF_HOLDS) {
    enum kl_btf_kind kind = kind_of(g, id);
    if (kl_btf_is_composite(kind))
      return id;
    id = kl_le32(kl_btf_raw(g->btf, id) + (kind == KL_BTF_ARRAY ? KL_BTF_TYPE_BYTES : 8));
  }
  return 0;
}

struct nest {
  uint32_t id, next_member;
  uint32_t height; // of the members so far
};

static void leave(struct graph *g, struct nest *stack, uint32_t used) {
  uint32_t height = stack[used].height + 1;
  g->own->heights[stack[used].id - g->btf->first_id] = (uint8_t)height;
  if (used && stack[used - 1].height < height)
    stack[used - 1].height = height;
}

// Depth-first over by-value members. Every struct is entered once and each
// member looked at; what is kept of it is how many levels it has.
static bool check_nest(struct graph *g, uint32_t root) {
  struct nest stack[KL_BTF_DEPTH];
  uint32_t used = 1, first = g->btf->first_id;
  uint8_t *heights = g->own->heights;
  stack[0] = (struct nest){root, 0, 0};
  heights[root - first] = HEIGHT_OPEN;
  while (used) {
    struct nest *top = &stack[used - 1];
    const uint8_t *p = kl_btf_raw(g->btf, top->id);
    uint32_t info = kl_le32(p + 4), child = 0;
    while (!child && top->next_member < kl_btf_info_vlen(info)) {
      const uint8_t *item = p + KL_BTF_TYPE_BYTES + (size_t)top->next_member++ * 12;
      if (!check_member(g, item, kl_btf_info_kflag(info), kl_le32(p + 8)))
        return false;
      child = held_by_value(g, kl_le32(item + 4));
      if (!child)
        continue;
      g->at = item + 4;
      uint32_t height = heights[child - first]; // 0: not entered yet, at least 1
      if (height == HEIGHT_OPEN || used + (height ? height : 1) > g->depth)
        return false;
      if (height && top->height < height)
        top->height = height;
      if (height)
        child = 0;
    }
    if (child) {
      heights[child - first] = HEIGHT_OPEN;
      stack[used++] = (struct nest){child, 0, 0};
    } else {
      leave(g, stack, --used);
    }
  }
  return true;
}

enum kl_status kl_btf_check_graph(const struct kl_btf *btf, struct kl_btf_scratch *scratch, uint32_t depth,
                                  const uint8_t **bad) {
  struct graph g = {.btf = btf, .own = scratch, .depth = depth};
  uint32_t n = btf->count - btf->first_id;
  bool ok = true;
  for (uint32_t i = 0; i < n && ok; i++)
    if (scratch->kinds[i] & KL_BTF_OPEN) // mostly the type below is done already
      ok = is_open(&g, scratch->words[i]) ? check_chain(&g, btf->first_id + i)
                                          : resolve(&g, btf->first_id + i, scratch->words[i]);
  for (uint32_t i = 0; i < n && ok; i++)
    if (scratch->kinds[i] & KL_BTF_HOLDS && !scratch->heights[i]) // links have a height by now
      ok = check_nest(&g, btf->first_id + i);
  *bad = g.at;
  return ok ? KL_OK : KL_ERR_MALFORMED;
}
