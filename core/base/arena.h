// A bump arena over the one block that the caller gave.
//
// Nothing else in the core allocates. mark and rewind give back everything
// that was taken since, in stack order. Exhaustion is an ordinary status.
#ifndef KL_BASE_ARENA_H
#define KL_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "kernlens/status.h"

struct kl_arena {
  uint8_t *base; // borrowed
  size_t size;
  size_t used;
  size_t peak; // highest used so far
};

// Takes over a block (borrowed; may be null when size is 0).
void kl_arena_init(struct kl_arena *arena, void *block, size_t size);

// Gives count items of item_bytes each, aligned to align (a power of two), not
// cleared. KL_ERR_NO_MEMORY when they do not fit; the arena is then unchanged.
enum kl_status kl_arena_take(struct kl_arena *arena, uint64_t count, size_t item_bytes, size_t align,
                             void *ret) KL_MUST_USE;

// As kl_arena_take, and cleared to zero.
enum kl_status kl_arena_take_zeroed(struct kl_arena *arena, uint64_t count, size_t item_bytes, size_t align,
                                    void *ret) KL_MUST_USE;

// KL_TAKE(arena, count, &pointer): typed form of kl_arena_take_zeroed.
#define KL_TAKE(arena, count, pointer)                                                                             \
  kl_arena_take_zeroed((arena), (count), sizeof(**(pointer)), _Alignof(__typeof__(**(pointer))), (pointer))

static inline size_t kl_arena_mark(const struct kl_arena *arena) {
  return arena->used;
}
// Gives back all that was taken since the mark.
static inline void kl_arena_rewind(struct kl_arena *arena, size_t mark) {
  arena->used = mark;
}
static inline size_t kl_arena_left(const struct kl_arena *arena) {
  return arena->size - arena->used;
}

#endif
