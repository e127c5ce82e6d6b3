// Diagnostics: what could not be told, and why. Nothing is lost in silence.
#ifndef KERNLENS_DIAGNOSTICS_H
#define KERNLENS_DIAGNOSTICS_H

#include <stddef.h>
#include <stdint.h>

#include "kernlens/status.h"

struct kl_diagnostic {
  const char *subject; // table or stage: a static string
  const char *what;    // column, structure or decision: a static string
  uint64_t object;     // guest address (or file offset) of the first one; 0: none
  enum kl_status reason;
  uint64_t count; // how often the same subject, what and reason came
};

// A list in the caller's memory. When it is full, further ones are only
// counted in dropped.
struct kl_diagnostics {
  struct kl_diagnostic *items; // borrowed
  size_t capacity;
  size_t used;
  uint64_t dropped;
};

// Adds one, or counts it onto an equal one. diagnostics may be null.
void kl_diagnostics_add(struct kl_diagnostics *diagnostics, const char *subject, const char *what, uint64_t object,
                        enum kl_status reason);

// Adds all of another list, in its order, and empties that one.
void kl_diagnostics_move(struct kl_diagnostics *diagnostics, struct kl_diagnostics *from);

#endif
