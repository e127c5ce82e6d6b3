// The program's command line for harnesses: nobody types, and no library for
// editing lines is wanted.
#include "../frontends/cli/sql_line.h"

#include <stddef.h>

struct cli_line *cli_line_open(void) {
  return NULL;
}

void cli_line_close(struct cli_line *line) {
  (void)line;
}

enum cli_line_end cli_line_next(struct cli_line *line, bool more, const char **ret) {
  (void)line;
  (void)more;
  *ret = NULL;
  return CLI_LINE_END;
}
