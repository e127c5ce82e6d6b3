// Every command, one file each.
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "output.h"

extern const struct cli_command cli_summary_command;
extern const struct cli_command cli_struct_command;
extern const struct cli_command cli_translate_command;
extern const struct cli_command cli_read_command;
extern const struct cli_command cli_sql_command;
extern const struct cli_command cli_extract_command;
extern const struct cli_command cli_map_command;
extern const struct cli_command cli_diff_command;
extern const struct cli_command cli_prog_command;
extern const struct cli_command cli_tables_command;
extern const struct cli_command cli_help_command;
extern const struct cli_command cli_completion_command;
extern const struct cli_command cli_man_command;

// extract with --superblock or --pid: many files into a folder.
int cli_extract_folder(const struct cli *cli);

// What --help prints: of a command, a table (command is then the table
// command), or all.
int cli_help_print(const struct cli *cli, const struct cli_command *command, const struct kl_table *table);

// What a table holds, where answers go.
void cli_help_table(struct cli_output *out, const struct kl_table *table);

#endif
