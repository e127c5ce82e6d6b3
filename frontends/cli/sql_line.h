// Lines that a person types: editing, history, completion. Made before the
// process is confined: what libedit needs (the terminal's description, the
// history) is read then.
#ifndef CLI_SQL_LINE_H
#define CLI_SQL_LINE_H

#include <stdbool.h>

struct cli_line;

// Null when there is no terminal that lines can be edited on.
struct cli_line *cli_line_open(void);
void cli_line_close(struct cli_line *line); // may be null

enum cli_line_end { CLI_LINE_GIVEN, CLI_LINE_INTERRUPTED, CLI_LINE_END };
// The next line, with its newline; valid until the next call. more: it
// continues a statement.
enum cli_line_end cli_line_next(struct cli_line *line, bool more, const char **ret);

#endif
