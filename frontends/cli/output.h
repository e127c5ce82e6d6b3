// Where answers go: standard output through one large buffer, with write
// errors kept until someone asks.
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/text.h"
#include "cli.h"

enum { CLI_OUTPUT_BYTES = 64 << 10 };

struct cli_output {
  struct kl_text text; // write here
  int fd;
  int error; // errno of the first write that failed; 0: none
  bool tty, color;
  bool patient;       // see cli_output_wait
  size_t width;       // columns of the terminal; 0: not one
  int64_t flushed_at; // ms
  char buffer[CLI_OUTPUT_BYTES];
};

// Looks at the terminal, the environment and --color. The object stays where
// it is: text points into it.
void cli_output_init(struct cli_output *out, const struct cli *cli);
// To be called between rows: a terminal sees them within a moment. False when
// writing has failed and more is of no use.
bool cli_output_row(struct cli_output *out);
// From now on several threads write, one after the other, and Ctrl-C may come to
// one that does not: a reader that takes nothing is waited for by short waits.
void cli_output_wait(struct cli_output *out, bool patient);
// Writes what is left. CLI_ANSWERED, or CLI_FAILED after it has said why (but
// for a reader that has gone away, and Ctrl-C: both know).
int cli_output_end(struct cli_output *out);

// Writes what is there and goes on. False, and the error forgotten, when it could
// not be written: CLI_FAILED would have been said of it.
bool cli_output_flush(struct cli_output *out);

// ANSI attributes, nothing where colours are off.
enum cli_style { CLI_PLAIN, CLI_HEADING, CLI_FAINT, CLI_WARNING };
void cli_style_begin(struct cli_output *out, enum cli_style style);
void cli_style_end(struct cli_output *out, enum cli_style style);

void cli_blanks(struct kl_text *text, size_t n);

// Milliseconds of a clock that only goes forward.
int64_t cli_now_ms(void);

#endif
