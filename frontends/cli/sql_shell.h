// Queries line by line: from a person at a terminal, or from a script.
#ifndef CLI_SQL_SHELL_H
#define CLI_SQL_SHELL_H

#include "sql_line.h"
#include "sql_query.h"

// Reads and runs until the end or .quit. CLI_ANSWERED.
int cli_shell_person(struct cli_sql *q, struct cli_line *line);
// Runs a script, until something in it fails: as cli_sql_run.
int cli_shell_script(struct cli_sql *q, const char *text);

// The names of the shell's own commands, without their dot; null past the last.
const char *cli_shell_command_at(size_t i);

#endif
