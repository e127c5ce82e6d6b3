// kernlens prog DUMP ID
#include <string.h>

#include "commands.h"
#include "escape.h"
#include "output.h"
#include "rows.h"
#include "tables/cell.h"

enum { INDEX, CODE, TEXT, FUNCTION, FILE_NAME, LINE, SOURCE, CODE_COLUMNS };
static const char *const code_columns[] = {"index", "code", "text", "function", "file", "line", "source"};

// What is said of a program before its instructions.
static const char *const facts[] = {
    "id",     "type", "name",         "tag",         "gpl_compatible",    "loaded_at", "uid",
    "btf_id", "maps", "xlated_bytes", "jited_bytes", "attached_function", "run_count", "run_time_ns"};
enum { FACTS = sizeof facts / sizeof *facts, ID = 0 };

struct listing {
  struct cli_output *out;
  bool json;
  char function[256]; // of the instruction before
  uint64_t line;      // likewise; 0: none
};

static void put_fact(struct listing *l, const char *name, const struct kl_cell *cell, bool first) {
  struct kl_text *t = &l->out->text;
  if (l->json) {
    kl_text_string(t, first ? "\"" : ",\"");
    kl_text_string(t, name);
    kl_text_string(t, "\":");
    kl_cell_json(t, cell);
    return;
  }
  if (cell->kind == KL_CELL_NULL || (cell->kind == KL_CELL_TEXT && !cell->n))
    return;
  kl_text_string(t, first ? "" : "  ");
  kl_text_string(t, name);
  kl_text_char(t, ' ');
  if (cell->kind == KL_CELL_TEXT)
    cli_escape(t, cell->data, cell->n);
  else if (cell->kind == KL_CELL_UNREADABLE)
    kl_text_char(t, '?');
  else
    kl_cell_print(t, cell);
}

// The facts; *found tells whether there is such a program.
static int put_facts(struct cli_session *s, struct listing *l, const struct kl_constraint *by, bool *found) {
  struct cli_rows rows;
  const struct kl_cell *cells[FACTS];
  int code = cli_rows_open(&rows, s, "bpf_programs", facts, FACTS, by, 1);
  if (code != CLI_ANSWERED)
    return code;
  *found = cli_rows_next(&rows, cells);
  if (*found) {
    kl_text_string(&l->out->text, l->json ? "{" : "");
    for (size_t i = 0; i < FACTS; i++)
      put_fact(l, facts[i], cells[i], i == ID);
    kl_text_string(&l->out->text, l->json ? ",\"instructions\":[" : "\n");
  }
  return cli_rows_end(&rows, CLI_ANSWERED);
}

static void put_member(struct kl_text *t, const char *name, const struct kl_cell *cell) {
  kl_text_string(t, ",\"");
  kl_text_string(t, name);
  kl_text_string(t, "\":");
  kl_cell_json(t, cell);
}

// Where a function or a line begins: "count:" and "; n++;", as bpftool prog dump xlated has them.
static void put_origin(struct listing *l, const struct kl_cell *cells[]) {
  struct kl_text *t = &l->out->text;
  const struct kl_cell *function = cells[FUNCTION];
  size_t n = function->kind == KL_CELL_TEXT && function->n < sizeof l->function ? function->n : 0;
  if (n && (memcmp(l->function, function->data, n) != 0 || l->function[n])) {
    memcpy(l->function, function->data, n);
    l->function[n] = 0;
    l->line = 0;
    cli_escape(t, function->data, n);
    kl_text_string(t, ":\n");
  }
  uint64_t line = cells[LINE]->kind == KL_CELL_U64 ? cells[LINE]->u64 : 0;
  if (line != l->line && cells[SOURCE]->kind == KL_CELL_TEXT) {
    kl_text_string(t, "; ");
    cli_escape(t, cells[SOURCE]->data, cells[SOURCE]->n);
    kl_text_char(t, '\n');
  }
  l->line = line;
}

static void put_instruction(struct listing *l, const struct kl_cell *cells[], bool first) {
  struct kl_text *t = &l->out->text;
  if (l->json) {
    kl_text_string(t, first ? "{\"index\":" : ",\n{\"index\":");
    kl_text_decimal(t, cells[INDEX]->u64);
    kl_text_string(t, ",\"code\":");
    kl_cell_json(t, cells[CODE]);
    for (size_t i = TEXT; i < CODE_COLUMNS; i++)
      put_member(t, code_columns[i], cells[i]);
    kl_text_char(t, '}');
    return;
  }
  put_origin(l, cells);
  for (uint64_t width = 1000; width > 1 && cells[INDEX]->u64 < width; width /= 10)
    kl_text_char(t, ' ');
  kl_text_decimal(t, cells[INDEX]->u64);
  kl_text_string(t, ": ");
  if (cells[TEXT]->kind == KL_CELL_TEXT)
    cli_escape(t, cells[TEXT]->data, cells[TEXT]->n);
  else
    kl_text_string(t, kl_status_text(cells[TEXT]->why));
  kl_text_char(t, '\n');
}

static int answer(struct cli_session *s, void *user) {
  struct listing *l = user;
  struct cli_rows rows;
  struct kl_constraint by;
  const struct kl_cell *cells[CODE_COLUMNS];
  uint64_t id;
  bool found = false, first = true;
  if (!cli_number(s->cli->arguments[0], &id)) {
    cli_complain("'%s' is no id of a program; see: kernlens bpf_programs %s", s->cli->arguments[0], s->cli->dump);
    return CLI_USAGE;
  }
  cli_rows_equal(&by, "bpf_programs", "id", id, NULL);
  int before = put_facts(s, l, &by, &found);
  if (before == CLI_FAILED || before == CLI_CANCELLED)
    return before;
  if (!found) {
    cli_complain("%s: no BPF program %s; see: kernlens bpf_programs %s", s->cli->dump, s->cli->arguments[0],
                 s->cli->dump);
    return CLI_FAILED;
  }
  cli_rows_equal(&by, "bpf_instructions", "program_id", id, NULL);
  int code = cli_rows_open(&rows, s, "bpf_instructions", code_columns, CODE_COLUMNS, &by, 1);
  if (code != CLI_ANSWERED)
    return code;
  for (; cli_rows_next(&rows, cells); first = false) {
    put_instruction(l, cells, first);
    if (!cli_output_row(l->out))
      break;
  }
  if (l->json)
    kl_text_string(&l->out->text, "]}\n");
  code = cli_rows_end(&rows, cli_output_end(l->out));
  return code == CLI_ANSWERED ? before : code;
}

static int run(const struct cli *cli) {
  static struct cli_output out;
  struct listing l = {.out = &out, .json = cli->format == CLI_JSON};
  if (cli->format == CLI_CSV || cli->format == CLI_NDJSON)
    return cli_misuse(cli, "a program is no table: see kernlens bpf_instructions DUMP program_id=%s",
                      cli->arguments[0]);
  cli_output_init(&out, cli);
  return cli_session_run(cli, CLI_KERNEL, answer, &l);
}

const struct cli_command cli_prog_command = {
    .name = "prog",
    .arguments = "DUMP ID",
    .doc = "print a BPF program: what is known of it, and its instructions",
    .about = "The instructions are those that the verifier made, with the kernel's mnemonics; maps show by their "
             "ids, calls by their symbols; functions and lines of source stand before their instructions where the "
             "program's BTF has them. kernlens bpf_programs lists the programs; kernlens bpf_instructions has "
             "the same as rows.",
    .examples = "prog DUMP 3\nprog DUMP 3 --format json",
    .needs = CLI_NEEDS_DUMP | CLI_NEEDS_KERNEL,
    .options = 1u << CLI_OPTION_FORMAT | 1u << CLI_OPTION_STEPS,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
