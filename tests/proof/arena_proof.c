// The arena and the budget: nothing is given that is not there.
#include "base/arena.h"
#include "base/budget.h"

#include "proof.h"

enum { ROOM = 64 };
static _Alignas(16) uint8_t room[ROOM];

// Whatever was taken before, and whatever is asked for.
void prove_take(void) {
  struct kl_arena arena;
  size_t size = any_size(), used = any_size(), shift = any_size(), item = any_size();
  uint64_t count = any_u64();
  ASSUME(size <= ROOM && used <= size && shift <= 4);
  ASSUME(item <= 16); // products of wide numbers are hard to prove anything of
  kl_arena_init(&arena, room, size);
  arena.used = used;
  uint8_t *p = NULL;
  if (kl_arena_take(&arena, count, item, (size_t)1 << shift, &p) == KL_OK) {
    PROVE(p >= room + used && p <= room + size);
    PROVE(arena.used <= size && arena.used >= used);
    PROVE((__uint128_t)count * item == arena.used - (size_t)(p - room));
    PROVE(((uintptr_t)p & (((size_t)1 << shift) - 1)) == 0);
    PROVE(arena.peak >= arena.used);
  } else {
    PROVE(!p && arena.used == used);
  }
}

// What was given back is given again, and never what is still held.
void prove_rewind(void) {
  struct kl_arena arena;
  kl_arena_init(&arena, room, ROOM);
  uint64_t first = any_u64(), second = any_u64();
  uint8_t *held = NULL, *a = NULL, *b = NULL;
  if (kl_arena_take(&arena, first, 1, 1, &held) != KL_OK)
    return;
  size_t mark = kl_arena_mark(&arena);
  if (kl_arena_take(&arena, second, 1, 1, &a) != KL_OK)
    return;
  kl_arena_rewind(&arena, mark);
  PROVE(kl_arena_left(&arena) == ROOM - first);
  PROVE(kl_arena_take(&arena, second, 1, 1, &b) == KL_OK);
  PROVE(a == b && b >= held + first);
}

void prove_budget(void) {
  struct kl_budget budget = {.steps = any_u64()};
  uint64_t before = budget.steps, n = any_u64();
  if (kl_budget_spend(&budget, n) == KL_OK)
    PROVE(n <= before && budget.steps == before - n);
  else
    PROVE(n > before && budget.steps == before);
}
