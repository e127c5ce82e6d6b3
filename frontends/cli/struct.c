// kernlens struct DUMP TYPE [ADDRESS]
#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "output.h"
#include "place.h"

static int unknown_type(struct cli_session *s, const char *text, size_t bad, enum kl_status status) {
  if (status == KL_ERR_UNSUPPORTED)
    cli_complain("%s: %s is a bitfield: ask for the struct around it", s->cli->dump, text);
  else if (bad)
    cli_complain("%s: %.*s has no member '%s'; see: kernlens struct %s %.*s", s->cli->dump, (int)bad - 1, text,
                 text + bad, s->cli->dump, (int)bad - 1, text);
  else
    cli_complain("%s: no type '%s'; see: kernlens types %s", s->cli->dump, text, s->cli->dump);
  return CLI_FAILED;
}

static int print_failed(struct cli_session *s, const char *what, enum kl_status status) {
  cli_complain("%s: %s: %s", s->cli->dump, what, kl_status_text(status));
  return CLI_FAILED;
}

static int declare(struct cli_session *s, struct cli_output *out, const struct kl_type_place *type) {
  enum kl_status status = kl_type_declare(type, true, &out->text);
  int code = cli_output_end(out);
  return status == KL_OK ? code : print_failed(s, s->cli->arguments[0], status);
}

static int show_value(struct cli_session *s, struct cli_output *out, const struct kl_type_place *type) {
  struct cli_place place;
  int code = cli_place_open(s, s->cli->arguments[1], &place);
  if (code != CLI_ANSWERED)
    return code;
  enum kl_status lost;
  bool json = s->cli->format != CLI_TABLE;
  uint64_t address = place.place.address + type->offset;
  enum kl_status status = kl_type_value(s->dump, place.memory, type, address, json, &out->text, &lost);
  if (status == KL_OK)
    kl_text_char(&out->text, '\n');
  code = cli_output_end(out);
  if (status != KL_OK)
    return print_failed(s, s->cli->arguments[1], status);
  if (lost == KL_OK || code != CLI_ANSWERED)
    return code;
  if (!s->cli->quiet)
    cli_complain("in part: the end of %s at 0x%" PRIx64 ": %s", s->cli->arguments[0], address,
                 kl_status_text(lost));
  return CLI_PARTIAL;
}

static int answer(struct cli_session *s, void *user) {
  const char *text = s->cli->arguments[0];
  struct kl_type_place type;
  size_t bad;
  enum kl_status status = kl_type_find(s->dump, text, strlen(text), &type, &bad);
  if (status != KL_OK)
    return unknown_type(s, text, bad, status);
  if (type.others && !s->cli->quiet)
    cli_complain("%u more of this name; kernlens types %s name=... lists them, TYPE may be #ID", type.others,
                 s->cli->dump);
  return s->cli->n_arguments == 1 ? declare(s, user, &type) : show_value(s, user, &type);
}

static int run(const struct cli *cli) {
  static struct cli_output out;
  const char *text = cli->arguments[0];
  if (cli->format == CLI_CSV)
    return cli_misuse(cli, "a struct is no table: see kernlens members DUMP type=%s", text);
  if (cli->n_arguments == 1 && cli->format != CLI_TABLE)
    return cli_misuse(cli, "a declaration is C: for rows see kernlens members DUMP type=%s", text);
  cli_output_init(&out, cli);
  return cli_session_run(cli, CLI_KERNEL, answer, &out);
}

const struct cli_command cli_struct_command = {
    .name = "struct",
    .arguments = "DUMP TYPE [ADDRESS]",
    .doc = "print a type with its layout, or its value at an address",
    .about = "TYPE is the name of a struct, union, enum or typedef (or #ID, as in the table types), and may go on "
             "to a member: task_struct.se.vruntime. MODULE:TYPE asks for a module's. " CLI_ADDRESS_ABOUT,
    .examples = "struct DUMP list_head\nstruct DUMP task_struct init_task\n"
                "struct DUMP task_struct.comm init_task --format json",
    .needs = CLI_NEEDS_DUMP | CLI_NEEDS_KERNEL,
    .options = 1u << CLI_OPTION_FORMAT | 1u << CLI_OPTION_PID,
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run,
};
