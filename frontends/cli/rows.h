// Rows of a table for a command that shows them in a form of its own.
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include "base/text.h"
#include "session.h"

struct cli_rows {
  struct cli_session *session;
  const struct kl_table *table;
  void *memory;
  struct kl_cursor *cursor;
  int columns[64];
  size_t n;
  size_t lost_before; // entries of the diagnostics
  bool stopped;       // by Ctrl-C
};

// A condition: column = number, or, when text is not null, column = text.
void cli_rows_equal(struct kl_constraint *ret, const char *table, const char *column, uint64_t number,
                    const char *text);
// Opens a table for these columns. CLI_ANSWERED, or CLI_FAILED after it has said why.
int cli_rows_open(struct cli_rows *rows, struct cli_session *session, const char *table, const char *const *columns,
                  size_t n, const struct kl_constraint *constraints, size_t n_constraints);
// The next row: cells[i] is that of columns[i]. False at the end.
bool cli_rows_next(struct cli_rows *rows, const struct kl_cell *cells[]);
// Closes. What to exit with when all went well so far (code): says what was lost.
int cli_rows_end(struct cli_rows *rows, int code);

// A decimal number and nothing else.
bool cli_number(const char *text, uint64_t *ret);

// Text that is kept for a while, of any length: write to text after a clear.
struct cli_room {
  struct kl_text text;
  char *kept;
  size_t used, capacity;
  char buffer[4096];
};
// Empties it. The object stays where it is: text points into it.
void cli_room_clear(struct cli_room *room);
// Writes what was kept. False when memory ran out on the way.
bool cli_room_copy(struct cli_room *room, struct kl_text *out);
void cli_room_free(struct cli_room *room);

#endif
