// kallsyms: names and addresses of a table that has been found.
#include "base/memory.h"
#include "kernel/kallsyms.h"

enum kl_status kl_kallsyms_address(const struct kl_kallsyms *k, uint64_t i, uint64_t *ret) {
  const uint8_t *p;
  KL_TRY(kl_view_at(&k->offsets, i * 4, 4, &p));
  uint32_t raw = kl_le32(p);
  uint64_t extended = (uint64_t)(int64_t)(int32_t)raw;
  switch (k->encoding) {
  case KL_KALLSYMS_UNSIGNED:
    *ret = k->base + raw;
    break;
  case KL_KALLSYMS_ABSOLUTE_PERCPU:
    *ret = (int32_t)raw >= 0 ? raw : k->base - 1 - extended;
    break;
  case KL_KALLSYMS_PLACE:
    *ret = k->base + i * 4 + extended;
    break;
  }
  return KL_OK;
}

// One byte says how many tokens follow; from 6.1 on two do when its top bit is
// set: 73bbb94466fd ("kallsyms: support "big" kernel symbols").
enum kl_status kl_kallsyms_name(const struct kl_kallsyms *k, uint64_t offset, struct kl_bytes *tokens,
                                uint64_t *next) {
  const uint8_t *p;
  KL_TRY(kl_view_at(&k->names, offset, 1, &p));
  size_t n = p[0];
  offset++;
  if (n & 0x80) {
    KL_TRY(kl_view_at(&k->names, offset, 1, &p));
    n = (n & 0x7f) | (size_t)p[0] << 7;
    offset++;
  }
  if (!n)
    return KL_ERR_MALFORMED;
  KL_TRY(kl_view_at(&k->names, offset, n, &p));
  *tokens = kl_bytes_of(p, n);
  *next = offset + n;
  return KL_OK;
}

enum kl_status kl_kallsyms_name_offset(const struct kl_kallsyms *k, uint64_t i, uint64_t *ret) {
  uint32_t block = k->blocks[i / KL_KALLSYMS_BLOCK];
  if (block == UINT32_MAX)
    return KL_ERR_ABSENT;
  uint64_t offset = block;
  struct kl_bytes tokens;
  for (uint64_t left = i % KL_KALLSYMS_BLOCK; left; left--)
    KL_TRY(kl_kallsyms_name(k, offset, &tokens, &offset));
  *ret = offset;
  return KL_OK;
}

size_t kl_kallsyms_expand(const struct kl_kallsyms *k, struct kl_bytes tokens, uint8_t *dst, size_t capacity) {
  size_t used = 0;
  for (size_t i = 0; i < tokens.n; i++) {
    struct kl_bytes text = kl_kallsyms_token(k, tokens.p[i]);
    if (text.n > capacity - used)
      return 0;
    memcpy(dst + used, text.p, text.n);
    used += text.n;
  }
  return used;
}
