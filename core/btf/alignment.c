// The alignment that C gives a type. BTF does not record it: it follows from
// the members, and where members or the size contradict that, the struct was
// declared packed.
#include "btf/print.h"

struct nest {
  uint32_t id, next_member, align;
  bool packed;
};

// A struct or union held by value is given back to be looked into; the
// alignment of anything else comes at once.
static uint32_t alignment_base(const struct kl_btf *btf, uint32_t id, uint32_t *align) {
  for (;;) {
    enum kl_btf_kind kind = kl_btf_kind(btf, id);
    *align = 1;
    if (kl_btf_is_composite(kind))
      return id;
    if (kl_btf_is_transparent(kind)) {
      id = kl_le32(kl_btf_raw(btf, id) + 8);
    } else if (kind == KL_BTF_ARRAY) {
      id = kl_le32(kl_btf_raw(btf, id) + KL_BTF_TYPE_BYTES);
    } else {
      uint64_t size;
      if (kl_btf_size(btf, id, &size) && size <= 16 && kind != KL_BTF_VAR)
        *align = size & (size - 1) ? 4 : size ? (uint32_t)size : 1; // 12: x87 on 32 bits
      return 0;
    }
  }
}

static void apply_member(const struct kl_btf *btf, struct nest *n, const struct kl_btf_member *m, uint32_t align) {
  uint64_t size;
  if (m->bit_size) {
    uint64_t unit = kl_btf_size(btf, m->type, &size) && size ? size * 8 : 8;
    n->packed = n->packed || m->bit_offset % unit + m->bit_size > unit;
  } else {
    n->packed = n->packed || m->bit_offset % (align * 8);
  }
  if (align > n->align)
    n->align = align;
}

enum kl_status kl_btf_alignment(const struct kl_btf *btf, uint32_t id, uint64_t *steps, uint32_t *align,
                                bool *packed) {
  struct nest stack[KL_BTF_DEPTH];
  uint32_t used = 0, result;
  bool have = false; // result is that of the top's next member
  *packed = false;
  uint32_t base = alignment_base(btf, id, align);
  if (!base)
    return KL_OK;
  stack[used++] = (struct nest){base, 0, 1, false};
  while (used) {
    struct nest *top = &stack[used - 1];
    struct kl_btf_type t;
    struct kl_btf_member m;
    if (!*steps)
      return KL_ERR_LIMIT;
    --*steps;
    kl_btf_type(btf, top->id, &t);
    if (top->next_member == t.vlen) {
      top->packed = top->packed || t.size % top->align;
      *packed = top->packed;
      result = top->packed ? 1 : top->align;
      have = true;
      used--;
      continue;
    }
    kl_btf_member(btf, &t, top->next_member, &m);
    if (!have) {
      base = alignment_base(btf, m.type, &result);
      if (base) {
        if (used == KL_BTF_DEPTH)
          return KL_ERR_LIMIT;
        stack[used++] = (struct nest){base, 0, 1, false};
        continue;
      }
    }
    apply_member(btf, top, &m, result);
    top->next_member++;
    have = false;
  }
  *align = result;
  return KL_OK;
}
