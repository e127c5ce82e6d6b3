// The bump arena.
#include "base/arena.h"

#include "base/checked.h"
#include "base/memory.h"

void kl_arena_init(struct kl_arena *arena, void *block, size_t size) {
  *arena = (struct kl_arena){.base = block, .size = size};
}

enum kl_status kl_arena_take(struct kl_arena *arena, uint64_t count, size_t item_bytes, size_t align, void *ret) {
  uint64_t bytes;
  if (!kl_mul(count, item_bytes, &bytes))
    return KL_ERR_NO_MEMORY;
  size_t pad = (size_t)(-((uintptr_t)arena->base + arena->used) & (align - 1));
  size_t left = arena->size - arena->used;
  if (pad > left || bytes > left - pad)
    return KL_ERR_NO_MEMORY;
  void *p = arena->base + arena->used + pad;
  arena->used += pad + (size_t)bytes;
  if (arena->used > arena->peak)
    arena->peak = arena->used;
  memcpy(ret, &p, sizeof p); // ret is a pointer to a pointer of any type
  return KL_OK;
}

enum kl_status kl_arena_take_zeroed(struct kl_arena *arena, uint64_t count, size_t item_bytes, size_t align,
                                    void *ret) {
  KL_TRY(kl_arena_take(arena, count, item_bytes, align, ret));
  void *p;
  memcpy(&p, ret, sizeof p);
  memset(p, 0, (size_t)count * item_bytes);
  return KL_OK;
}
