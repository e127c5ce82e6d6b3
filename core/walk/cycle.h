// Brent's cycle check, for a walk along pointers: the tortoise waits where the
// hare was at every power of two. No memory, one comparison a step.
#ifndef KL_WALK_CYCLE_H
#define KL_WALK_CYCLE_H

#include <stdbool.h>
#include <stdint.h>

// Begins cleared.
struct kl_cycle {
  uint64_t tortoise;
  uint64_t steps, wait; // since the tortoise moved, and before it moves again
};

// True when the walk has come back: at (not 0) is where the tortoise waits.
static inline bool kl_cycle_met(struct kl_cycle *cycle, uint64_t at) {
  if (at == cycle->tortoise)
    return true;
  if (++cycle->steps > cycle->wait) {
    cycle->tortoise = at;
    cycle->wait = 2 * cycle->wait + 1;
    cycle->steps = 0;
  }
  return false;
}

#endif
