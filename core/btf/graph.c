// Validation, part two: types against each other. After it, every reference
// chain is short and ends, no type holds itself by value, and every size fits 32
// bits.
#include "btf/internal.h"

enum { HEIGHT_OPEN = UINT16_MAX };

static enum kl_btf_kind kind_of(const struct kl_btf_note *note) {
  return (enum kl_btf_kind)(note->marks & KL_BTF_KIND_MASK);
}

// A link whose type below is no more OPEN: its size, and what else is handed
// up.
static bool resolve(struct kl_btf_check *c, uint32_t id) {
  struct kl_btf_note *note = kl_btf_own_note(c, id);
  struct kl_btf_note below = kl_btf_note(c, note->word);
  enum kl_btf_kind kind = kind_of(note);
  const uint8_t *p = kl_btf_raw(c->btf, id), *reference = p + kl_btf_shapes[kind].word_at;
  bool whole = kind == KL_BTF_ARRAY || kind == KL_BTF_VAR; // not of void
  if (!(below.marks & KL_BTF_IS_TYPE) || (whole && !note->word) || below.height >= c->depth)
    return kl_btf_fail(c, reference);
  uint32_t size = below.word, holds = below.marks & KL_BTF_HOLDS;
  if (kind == KL_BTF_PTR) {
    size = KL_BTF_POINTER_BYTES;
    holds = 0;
  } else if (kind == KL_BTF_ARRAY && size != KL_BTF_ANY_SIZE) {
    uint32_t count = kl_le32(p + KL_BTF_TYPE_BYTES + 8);
    if (size == KL_BTF_NO_SIZE || (uint64_t)size * count > KL_BTF_SIZE_TOP)
      return kl_btf_fail(c, p);
    size *= count;
  }
  note->word = size;
  note->height = (uint16_t)(below.height + 1u); // a nest's is not known yet, and counted on its own
  note->marks = (uint16_t)((note->marks & ~(uint32_t)KL_BTF_OPEN) | holds);
  return true;
}

// Follows pointers, arrays and modifiers down to what is known, and comes back
// with it. A loop never gets there.
static bool check_chain(struct kl_btf_check *c, uint32_t id) {
  uint32_t path[KL_BTF_DEPTH];
  uint32_t used = 0;
  const struct kl_btf_note *note;
  for (uint32_t to = id; (note = kl_btf_own_note(c, to)) && note->marks & KL_BTF_OPEN; to = note->word) {
    if (used == c->depth)
      return kl_btf_fail(c, kl_btf_raw(c->btf, id));
    path[used++] = to;
  }
  while (used)
    if (!resolve(c, path[--used]))
      return false;
  return true;
}

bool kl_btf_check_links(struct kl_btf_check *c) {
  bool ok = true;
  for (uint32_t k = c->links; k < c->links_end && ok; k++) {
    uint32_t i = c->order[k], id = c->btf->first_id + i - 1;
    if (!(c->notes[i].marks & KL_BTF_OPEN))
      continue;
    // Mostly the type below is done already.
    ok = kl_btf_note(c, c->notes[i].word).marks & KL_BTF_OPEN ? check_chain(c, id) : resolve(c, id);
  }
  return ok;
}

const struct kl_btf_note *kl_btf_held_by_value(const struct kl_btf_check *c, uint32_t id) {
  for (;;) {
    const struct kl_btf_note *note = kl_btf_own_note(c, id);
    if (!note || kl_btf_is_composite(kind_of(note)))
      return note;
    id = kl_le32(kl_btf_raw(c->btf, id) + kl_btf_shapes[kind_of(note)].word_at);
  }
}

struct nest {
  uint32_t i, next_member; // of c->notes
  uint32_t height;         // of the members so far
};

static void leave(struct kl_btf_check *c, struct nest *stack, uint32_t used) {
  uint32_t height = stack[used].height + 1;
  c->notes[stack[used].i].height = (uint16_t)height;
  if (used && stack[used - 1].height < height)
    stack[used - 1].height = height;
}

// Depth-first over by-value members. Every struct is entered once and each
// member looked at; what is kept of it is how many levels it has.
static bool check_nest(struct kl_btf_check *c, uint32_t root) {
  struct nest stack[KL_BTF_DEPTH];
  uint32_t used = 1;
  stack[0] = (struct nest){root, 0, 0};
  c->notes[root].height = HEIGHT_OPEN;
  while (used) {
    struct nest *top = &stack[used - 1];
    const uint8_t *p = c->btf->types.p + c->btf->offsets[top->i - 1];
    uint32_t vlen = kl_btf_info_vlen(kl_le32(p + 4)), child = 0;
    while (!child && top->next_member < vlen) {
      const uint8_t *item = p + KL_BTF_TYPE_BYTES + (size_t)top->next_member++ * 12;
      uint32_t type = kl_le32(item + 4);
      if (!(kl_btf_note(c, type).marks & KL_BTF_HOLDS))
        continue;
      const struct kl_btf_note *held = kl_btf_held_by_value(c, type);
      uint32_t height = held->height; // 0: not entered yet, at least 1
      if (height == HEIGHT_OPEN || used + (height ? height : 1) > c->depth)
        return kl_btf_fail(c, item + 4);
      if (top->height < height)
        top->height = height;
      if (!height)
        child = (uint32_t)(held - c->notes);
    }
    if (child) {
      c->notes[child].height = HEIGHT_OPEN;
      stack[used++] = (struct nest){child, 0, 0};
    } else {
      leave(c, stack, --used);
    }
  }
  return true;
}

bool kl_btf_check_nests(struct kl_btf_check *c) {
  bool ok = true;
  for (uint32_t k = c->structs; k < c->structs_end && ok && c->unsettled; k++)
    if (!c->notes[c->order[k]].height)
      ok = check_nest(c, c->order[k]);
  return ok;
}
