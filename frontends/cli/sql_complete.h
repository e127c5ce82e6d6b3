// What a word of a query may become.
#ifndef CLI_SQL_COMPLETE_H
#define CLI_SQL_COMPLETE_H

#include <stddef.h>

enum { CLI_COMPLETIONS = 512 };

struct cli_completions {
  const char *names[CLI_COMPLETIONS]; // in order, none twice
  size_t n;
  size_t typed;  // bytes of the word before the cursor
  size_t common; // bytes that all of them share
};

// For a line up to the cursor: n bytes, not terminated. Columns are those of
// the tables that the line names, or of all where it names none.
void cli_complete(const char *line, size_t n, struct cli_completions *ret);

#endif
