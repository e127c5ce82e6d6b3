// Conditions on a table's columns, as the command line gives them.
#ifndef CLI_CONDITIONS_H
#define CLI_CONDITIONS_H

#include "base/text.h"
#include "cli.h"

struct cli_conditions {
  struct kl_constraint items[CLI_MAX_ARGUMENTS];
  size_t n;
  char room[64 << 10]; // their text
};

// CLI_ANSWERED, or CLI_USAGE after it has said what is wrong. n: at most
// CLI_MAX_ARGUMENTS.
int cli_conditions_parse(struct cli_conditions *ret, const struct cli *cli, const struct kl_table *table,
                         const char *const *words, size_t n);

#endif
