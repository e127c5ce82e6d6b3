// What the files of the summary share.
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "output.h"
#include "session.h"

struct cli_summary {
  struct cli_session *session;
  struct cli_output *out;
  bool json, first, partial;
  enum kl_status stopped; // KL_ERR_CANCELLED: at once; others are in the diagnostics
};

// Reads a table row by row; each is called with each row, and ends it by false.
// False when there is no answer at all.
bool cli_summary_ask(struct cli_summary *s, const struct kl_table *table, uint64_t columns,
                     bool (*each)(void *user, const struct kl_cell *cells), void *user);
// Opens a line (or a JSON member); the value follows.
struct kl_text *cli_summary_line(struct cli_summary *s, const char *name);
void cli_summary_end_line(struct cli_summary *s);
// The mask of columns named, and their numbers. False when the table lacks one.
bool cli_summary_columns(const struct kl_table *table, const char *const *names, size_t n, int *numbers,
                         uint64_t *mask);

// Memory by kind, the largest processes, the files of which most is cached.
void cli_summary_memory(struct cli_summary *s);

#endif
