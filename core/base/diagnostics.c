// The list of what could not be told.
#include "kernlens/diagnostics.h"

#include "base/text.h"

// Texts of a diagnostic are static: most often it is one and the same.
static bool same(const char *a, const char *b) {
  return a == b || kl_text_equal(a, b);
}

static void add(struct kl_diagnostics *diagnostics, const struct kl_diagnostic *more) {
  for (size_t i = 0; i < diagnostics->used; i++) {
    struct kl_diagnostic *d = &diagnostics->items[i];
    if (d->reason == more->reason && same(d->what, more->what) && same(d->subject, more->subject)) {
      d->count += more->count;
      return;
    }
  }
  if (diagnostics->used == diagnostics->capacity) {
    diagnostics->dropped += more->count;
    return;
  }
  diagnostics->items[diagnostics->used++] = *more;
}

void kl_diagnostics_add(struct kl_diagnostics *diagnostics, const char *subject, const char *what, uint64_t object,
                        enum kl_status reason) {
  if (diagnostics)
    add(diagnostics,
        &(struct kl_diagnostic){.subject = subject, .what = what, .object = object, .reason = reason, .count = 1});
}

void kl_diagnostics_move(struct kl_diagnostics *diagnostics, struct kl_diagnostics *from) {
  for (size_t i = 0; i < from->used; i++)
    add(diagnostics, &from->items[i]);
  diagnostics->dropped += from->dropped;
  from->used = 0;
  from->dropped = 0;
}
