// The list of commands.
#include "commands.h"

#include <string.h>

static const struct cli_command *const commands[] = {
    &cli_summary_command, &cli_table_command,   &cli_struct_command,     &cli_translate_command, &cli_read_command,
    &cli_sql_command,     &cli_extract_command, &cli_diff_command,       &cli_map_command,       &cli_prog_command,
    &cli_tables_command,  &cli_help_command,    &cli_completion_command, &cli_man_command,
};

const struct cli_command *cli_command_at(size_t i) {
  return i < sizeof commands / sizeof *commands ? commands[i] : NULL;
}

const struct cli_command *cli_command_find(const char *name) {
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (commands[i] != &cli_table_command && strcmp(commands[i]->name, name) == 0)
      return commands[i];
  return NULL;
}
