// kernlens diff A B TABLE [column=value ...]
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "conditions.h"
#include "format.h"
#include "kept_rows.h"
#include "session.h"
#include "tables/cell.h"

enum { MAX_COLUMNS = 64 };

// What is printed: what happened to the row, and then the table's own columns.
struct job {
  const struct kl_table *table;
  struct cli_conditions conditions;
  struct kl_column columns[MAX_COLUMNS];
  struct cli_output out;
  struct cli_sink sink;
  struct cli_kept_rows before;
  uint64_t key, shown; // columns of the table
  uint64_t limit;      // rows
  bool partial;
};

// ── Rows of one dump ───────────────────────────────────────────────────────

struct rows {
  struct cli_session *session;
  void *memory;
  struct kl_cursor *cursor;
  size_t lost_before;
};

static int complain(const struct cli_session *s, const struct kl_table *table, enum kl_status status) {
  cli_complain("%s: %s: %s", s->path, table->name, kl_status_text(status));
  return CLI_FAILED;
}

static int open_rows(struct rows *rows, struct cli_session *s, const struct job *job, const struct kl_table *table,
                     uint64_t columns) {
  bool own = table == job->table;
  struct kl_query query = {.table = table,
                           .constraints = own ? job->conditions.items : NULL,
                           .n_constraints = own ? job->conditions.n : 0,
                           .columns = columns,
                           .steps = s->cli->steps};
  size_t bytes = kl_cursor_bytes(table);
  *rows = (struct rows){.session = s, .lost_before = kl_dump_diagnostics(s->dump)->used};
  rows->memory = aligned_alloc(16, (bytes + 15) & ~(size_t)15);
  enum kl_status status =
      rows->memory ? kl_cursor_open(s->dump, &query, rows->memory, bytes, &rows->cursor) : KL_ERR_NO_MEMORY;
  // A table that can not begin has no rows, and its diagnostics say why.
  return rows->cursor ? CLI_ANSWERED : complain(s, table, status);
}

static bool next_row(struct rows *rows, const struct kl_cell **cells) {
  return !cli_cancelled() && kl_cursor_next(rows->cursor, cells) == KL_OK;
}

static void close_rows(struct rows *rows, struct job *job) {
  if (rows->cursor && kl_cursor_partial(rows->cursor)) {
    cli_session_tell_lost(rows->session, rows->lost_before);
    job->partial = true;
  }
  free(rows->memory);
}

// ── One guest, one boot ────────────────────────────────────────────────────

// What two dumps of one boot have in common: the kernel and where it lies, and
// the moment at which the first process began.
static const struct {
  const char *table, *column, *condition;
} common[] = {
    // clang-format off: a line each
    {"kernel", "release", NULL},         {"kernel", "version", NULL},    {"kernel", "build_id", NULL},
    {"kernel", "image_base", NULL},      {"kernel", "image_phys", NULL}, {"kernel", "direct_map_base", NULL},
    {"tasks", "start_time_ns", "pid=1"},
    // clang-format on
};

enum { VALUE_BYTES = 600 };

// One cell as text; empty when there is none.
static int read_common(struct cli_session *s, size_t i, char *text, size_t capacity) {
  static struct job one; // a question without a user's conditions
  const struct kl_table *table = kl_table_find(common[i].table);
  int column = kl_table_column(table, common[i].column);
  const struct kl_cell *cells;
  struct rows rows;
  one.table = table;
  one.conditions.n = 0;
  if (common[i].condition &&
      cli_conditions_parse(&one.conditions, s->cli, table, &common[i].condition, 1) != CLI_ANSWERED)
    return CLI_FAILED;
  int code = open_rows(&rows, s, &one, table, 1ull << column);
  text[0] = 0;
  if (code == CLI_ANSWERED && next_row(&rows, &cells)) {
    struct kl_text out = kl_text_into(text, capacity - 1);
    kl_cell_print(&out, &cells[column]);
    text[out.used] = 0;
  }
  free(rows.memory);
  return code;
}

static int check_same_boot(struct cli_session *s) {
  for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
    char a[VALUE_BYTES], b[VALUE_BYTES];
    if (read_common(s, i, a, sizeof a) != CLI_ANSWERED || read_common(s->second, i, b, sizeof b) != CLI_ANSWERED)
      return CLI_FAILED;
    if (*a && *b && strcmp(a, b) != 0) { // what one of them does not know contradicts nothing
      cli_complain("diff: not dumps of one boot: %s of %s is %.160s in %s, and %.160s in %s", common[i].column,
                   common[i].condition ? "process 1" : "the kernel", a, s->path, b, s->second->path);
      return CLI_FAILED;
    }
  }
  return CLI_ANSWERED;
}

// ── Comparing ──────────────────────────────────────────────────────────────

static bool print_row(struct job *job, const char *change, const struct kl_cell *cells) {
  struct kl_cell row[MAX_COLUMNS] = {{.kind = KL_CELL_TEXT, .data = (const uint8_t *)change, .n = strlen(change)}};
  memcpy(row + 1, cells, job->table->n_columns * sizeof *cells);
  return job->sink.rows < job->limit && cli_sink_row(&job->sink, row);
}

static int keep_first(struct cli_session *s, struct job *job) {
  struct rows rows;
  const struct kl_cell *cells;
  int code = open_rows(&rows, s, job, job->table, job->key | job->shown);
  enum kl_status status = KL_OK;
  while (code == CLI_ANSWERED && status == KL_OK && next_row(&rows, &cells))
    status = cli_kept_add(&job->before, cells);
  if (status == KL_OK)
    status = cli_kept_index(&job->before);
  if (status == KL_ERR_LIMIT)
    cli_complain("diff: %s of %s takes more than %d MiB of memory: name fewer --columns, or a part by conditions",
                 job->table->name, s->path, CLI_KEPT_BYTES >> 20);
  else if (status != KL_OK)
    (void)complain(s, job->table, status);
  close_rows(&rows, job);
  return status == KL_OK ? code : CLI_FAILED;
}

// A row that is in both, under one key.
static bool compare(struct job *job, size_t before, const struct kl_cell *now) {
  struct kl_cell was[MAX_COLUMNS];
  cli_kept_cells(&job->before, before, was);
  return cli_rows_same(was, now, job->shown) || (print_row(job, "was", was) && print_row(job, "is", now));
}

static int print_differences(struct cli_session *s, struct job *job) {
  struct rows rows;
  const struct kl_cell *cells;
  int code = open_rows(&rows, s->second, job, job->table, job->key | job->shown);
  bool going = code == CLI_ANSWERED;
  while (going && next_row(&rows, &cells)) {
    size_t before = cli_kept_take(&job->before, cells);
    going = before == SIZE_MAX ? print_row(job, "added", cells) : compare(job, before, cells);
  }
  for (size_t i = 0; going && i < job->before.n && !cli_cancelled(); i++) {
    struct kl_cell was[MAX_COLUMNS];
    if (cli_kept_taken(&job->before, i))
      continue;
    cli_kept_cells(&job->before, i, was);
    going = print_row(job, "removed", was);
  }
  close_rows(&rows, job);
  return code;
}

static int answer(struct cli_session *s, void *user) {
  struct job *job = user;
  int code = check_same_boot(s);
  cli_kept_init(&job->before, job->key, job->shown, job->table->n_columns);
  if (code == CLI_ANSWERED)
    code = keep_first(s, job);
  if (code == CLI_ANSWERED) {
    cli_sink_begin(&job->sink);
    code = print_differences(s, job);
    cli_sink_end(&job->sink, s->cli);
  }
  cli_kept_free(&job->before);
  int written = cli_output_end(&job->out);
  if (cli_cancelled())
    return CLI_CANCELLED;
  if (code == CLI_ANSWERED)
    code = written;
  return code == CLI_ANSWERED && job->partial ? CLI_PARTIAL : code;
}

// ── What was asked ─────────────────────────────────────────────────────────

// The columns: first what happened, then the key, then what the table shows or
// the user chose.
static int choose_columns(const struct cli *cli, struct job *job) {
  const struct kl_table *table = job->table;
  if (table->n_columns + 1 > MAX_COLUMNS)
    return cli_misuse(cli, "%s has too many columns", table->name);
  job->columns[0] = (struct kl_column){"change", KL_CELL_TEXT, 0, "added, removed; was, is: before and after"};
  memcpy(job->columns + 1, table->columns, table->n_columns * sizeof *table->columns);
  for (uint32_t i = 0; i < table->n_columns; i++)
    if (table->columns[i].flags & KL_COLUMN_KEY)
      job->key |= 1ull << i;
  uint64_t first = 1 | job->key << 1;
  cli_sink_init(&job->sink, cli, &job->out, job->columns, first | kl_table_shown(table) << 1);
  if (!cli->columns) {
    job->shown = kl_table_shown(table);
    return CLI_ANSWERED;
  }
  struct cli_sink chosen = job->sink;
  if (!cli_sink_choose(&chosen, cli, table->n_columns + 1))
    return CLI_USAGE;
  cli_sink_init(&job->sink, cli, &job->out, job->columns, first);
  job->sink.explicit = true;
  for (size_t i = 0; i < chosen.n; i++) {
    if (chosen.order[i])
      job->shown |= 1ull << (chosen.order[i] - 1);
    if (!(first >> chosen.order[i] & 1))
      job->sink.order[job->sink.n++] = chosen.order[i];
  }
  return CLI_ANSWERED;
}

static int run(const struct cli *cli) {
  static struct job job;
  job.table = kl_table_find(cli->arguments[1]);
  if (!job.table) {
    struct cli_guess guess = {.typed = cli->arguments[1]};
    for (size_t i = 0; kl_table_at(i); i++)
      cli_guess_offer(&guess, kl_table_at(i)->name);
    return cli_misuse(cli, "%s is no table%s%s%s", cli->arguments[1], guess.best ? ": did you mean " : "",
                      guess.best ? guess.best : "", guess.best ? "?" : "");
  }
  if (cli->n_parts)
    return cli_misuse(cli, "--part names more files of one dump, and diff reads two");
  job.limit = cli->limit;
  cli_output_init(&job.out, cli);
  int code = choose_columns(cli, &job);
  if (code == CLI_ANSWERED)
    code = cli_conditions_parse(&job.conditions, cli, job.table, cli->arguments + 2, cli->n_arguments - 2);
  return code == CLI_ANSWERED ? cli_session_run_two(cli, cli->arguments[0], answer, &job) : code;
}

const struct cli_command cli_diff_command = {
    .name = "diff",
    .arguments = "DUMP LATER TABLE [column=value ...]",
    .doc = "what appeared, went and changed between two dumps of one guest",
    .about =
        "Rows of the two dumps belong together when the table's identity columns say the same: a process has "
        "its pid and start time, a cached page its file and offset. The column change tells which rows are new "
        "(added), gone (removed), or otherwise than before (was, is). Only the columns that are shown are "
        "compared; --columns chooses them. Both dumps must be of one boot of one kernel. The rows of the first "
        "are kept in memory, 1 GiB of them at most; conditions take a part of a table.",
    .examples = "diff DUMP LATER tasks --columns pid,comm,state\ndiff DUMP LATER page_cache path=/etc/passwd",
    .needs = CLI_NEEDS_DUMP | CLI_NEEDS_KERNEL,
    .options = 1u << CLI_OPTION_FORMAT | 1u << CLI_OPTION_COLUMNS | 1u << CLI_OPTION_LIMIT | 1u << CLI_OPTION_STEPS,
    .min_arguments = 2,
    .max_arguments = CLI_MAX_ARGUMENTS,
    .run = run,
};
