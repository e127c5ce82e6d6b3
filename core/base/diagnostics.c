// The list of what could not be told.
#include "kernlens/diagnostics.h"

#include "base/text.h"

void kl_diagnostics_add(struct kl_diagnostics *diagnostics, const char *subject, const char *what, uint64_t object,
                        enum kl_status reason) {
  if (!diagnostics)
    return;
  for (size_t i = 0; i < diagnostics->used; i++) {
    struct kl_diagnostic *d = &diagnostics->items[i];
    if (d->reason == reason && kl_text_equal(d->subject, subject) && kl_text_equal(d->what, what)) {
      d->count++;
      return;
    }
  }
  if (diagnostics->used == diagnostics->capacity) {
    diagnostics->dropped++;
    return;
  }
  diagnostics->items[diagnostics->used++] =
      (struct kl_diagnostic){.subject = subject, .what = what, .object = object, .reason = reason, .count = 1};
}
