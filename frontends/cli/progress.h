// Progress on a terminal, and Ctrl-C.
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli.h"
#include "kernlens/source.h"

struct cli_progress {
  bool shown;     // stderr is a terminal, and the user wants it
  bool on_screen; // a line stands there
  const char *stage;
  int64_t began_at, drawn_at; // ms
  uint64_t began_with, done;  // when the stage began, and at the last report
  bool (*stop)(void *user);   // beside Ctrl-C: true ends what runs; may be null
  void *stop_user;
};

void cli_progress_init(struct cli_progress *progress, const struct cli *cli);
// For kl_dump_options.
struct kl_progress cli_progress_callback(struct cli_progress *progress);
// Takes the line away: before anything else is written.
void cli_progress_clear(struct cli_progress *progress);

// From now on Ctrl-C asks the work to end; a second one ends the program.
void cli_cancel_init(void);
bool cli_cancelled(void);
// Ctrl-C was answered: the next one asks again.
void cli_cancel_again(void);

#endif
