// kernlens: asks a dump of guest memory.
#include <locale.h>
#include <stdio.h>

#include "cli.h"
#include "commands.h"

int main(int argc, char **argv) {
  setlocale(LC_CTYPE, "C.UTF-8"); // for the width of characters; the answer is UTF-8 in every locale
  static struct cli cli;
  int code = cli_parse(argc, argv, &cli);
  if (code != CLI_ANSWERED)
    return code;
  if (cli.version) {
    printf("kernlens %s\n", KERNLENS_VERSION);
    return CLI_ANSWERED;
  }
  if (cli.help)
    return cli_help_print(&cli, cli.command, cli.table);
  return cli.command->run(&cli);
}
