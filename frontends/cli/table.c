// kernlens TABLE DUMP [column=value ...]
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "conditions.h"
#include "format.h"
#include "session.h"
#include "workers.h"

struct question {
  struct cli_conditions conditions;
  struct cli_sink *sink;
};

static uint64_t wanted(const struct cli_sink *sink) {
  uint64_t columns = 0;
  for (size_t i = 0; i < sink->n; i++)
    columns |= 1ull << sink->order[i];
  return columns;
}

// Prints all rows. Returns the cursor's last status.
static enum kl_status print_rows(struct cli_session *s, struct kl_cursor *cursor, struct cli_sink *sink) {
  const struct kl_cell *cells;
  for (uint64_t rows = 0; rows < s->cli->limit; rows++) {
    if (cli_cancelled())
      return KL_ERR_CANCELLED;
    enum kl_status status = kl_cursor_next(cursor, &cells);
    if (status != KL_OK)
      return status;
    if (s->progress.on_screen)
      cli_progress_clear(&s->progress);
    if (!cli_sink_row(sink, cells))
      return KL_ERR_IO;
  }
  return KL_END;
}

static int answer(struct cli_session *s, void *user) {
  const struct question *q = user;
  struct cli_sink *sink = q->sink;
  struct kl_query query = {.table = s->cli->table,
                           .constraints = q->conditions.items,
                           .n_constraints = q->conditions.n,
                           .columns = wanted(sink),
                           .steps = s->cli->steps};
  size_t bytes = kl_cursor_bytes(query.table), lost_before = kl_dump_diagnostics(s->dump)->used;
  void *memory = aligned_alloc(16, bytes);
  if (!memory) {
    cli_complain("%s: out of memory for a cursor", query.table->name);
    return CLI_FAILED;
  }
  struct kl_cursor *cursor = NULL;
  bool partial = true;
  enum kl_status status;
  cli_sink_begin(sink);
  if (!cli_shared_rows(s, &query, sink, &status, &partial)) {
    status = kl_cursor_open(s->dump, &query, memory, bytes, &cursor);
    if (status == KL_OK) {
      status = print_rows(s, cursor, sink);
      partial = kl_cursor_partial(cursor);
    }
  }
  cli_sink_end(sink, s->cli);
  free(memory);
  int code = cli_output_end(sink->out);
  if (status == KL_ERR_CANCELLED || cli_cancelled())
    return CLI_CANCELLED;
  if (code != CLI_ANSWERED || !partial)
    return code;
  cli_session_tell_lost(s, lost_before);
  return CLI_PARTIAL;
}

static enum cli_reach reach_of(const struct kl_table *table) {
  if (!(table->flags & KL_TABLE_IMAGE_ONLY))
    return CLI_KERNEL;
  return strcmp(table->name, "diagnostics") == 0 ? CLI_TRY_KERNEL : CLI_IMAGE;
}

static int run(const struct cli *cli) {
  static struct question question;
  static struct cli_output out;
  static struct cli_sink sink;
  cli_output_init(&out, cli);
  cli_sink_init(&sink, cli, &out, cli->table->columns, kl_table_shown(cli->table));
  sink.upright = cli->table->flags & KL_TABLE_ONE_ROW;
  if (!cli_sink_choose(&sink, cli, cli->table->n_columns))
    return CLI_USAGE;
  int code = cli_conditions_parse(&question.conditions, cli, cli->table, cli->arguments, cli->n_arguments);
  if (code != CLI_ANSWERED)
    return code;
  question.sink = &sink;
  return cli_session_run(cli, reach_of(cli->table), answer, &question);
}

const struct cli_command cli_table_command = {
    .name = "TABLE",
    .arguments = "DUMP [column=value ...]",
    .doc = "print a table; all conditions must hold (=, <, <=, >, >=)",
    .about =
        "Every table has a command of its own name. Conditions compare a column with a value: text byte for "
        "byte, with \\\\ for a backslash and \\xNN for any byte; numbers in decimal or, with 0x, in hex. Quote "
        "conditions with < or > for the shell.",
    .examples = "tasks DUMP --columns pid,comm,exe\nsymbols DUMP name=init_task --format json",
    .needs = CLI_NEEDS_DUMP,
    .options = 1u << CLI_OPTION_FORMAT | 1u << CLI_OPTION_COLUMNS | 1u << CLI_OPTION_LIMIT |
               1u << CLI_OPTION_THREADS | 1u << CLI_OPTION_STEPS,
    .max_arguments = CLI_MAX_ARGUMENTS,
    .run = run,
};
