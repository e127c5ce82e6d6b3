// kernlens sql DUMP "SELECT ..."
#include "sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "format.h"
#include "session.h"
#include "tables/cell.h"

enum {
  MOST_COLUMNS = 64,
  QUERY_MAX = 1 << 20,    // bytes of SQL on standard input
  MEMORY_MAX = 512 << 20, // of SQLite
  ROOM_BYTES = 4 << 20    // the text of one row
};

struct query {
  char *text; // NUL-terminated
  struct cli_output *out;
};

// One result set: columns as SQLite names them, cells as it gives them.
struct result {
  sqlite3_stmt *statement;
  int n;
  struct kl_column columns[MOST_COLUMNS];
  struct kl_cell cells[MOST_COLUMNS];
  char *room; // text of the row, as the dump has it
};

static int failed(const char *what) {
  cli_complain("sql: %s", what);
  return CLI_FAILED;
}

// A value as a cell. Text from a table is spelled for SQL: the formats spell it
// again, so it goes back to what it was.
static void take_cell(struct result *r, int i, struct kl_text *room) {
  struct kl_cell *cell = &r->cells[i];
  *cell = (struct kl_cell){.kind = KL_CELL_NULL};
  switch (sqlite3_column_type(r->statement, i)) {
  case SQLITE_INTEGER:
    cell->kind = KL_CELL_I64;
    cell->i64 = sqlite3_column_int64(r->statement, i);
    break;
  case SQLITE_FLOAT:
  case SQLITE_TEXT: {
    size_t start = room->used;
    const unsigned char *p = sqlite3_column_text(r->statement, i);
    kl_text_guest_undo(room, kl_bytes_of(p, (size_t)sqlite3_column_bytes(r->statement, i)));
    *cell =
        (struct kl_cell){.kind = KL_CELL_TEXT, .data = (uint8_t *)room->buffer + start, .n = room->used - start};
    break;
  }
  case SQLITE_BLOB:
    *cell = (struct kl_cell){.kind = KL_CELL_BYTES,
                             .data = sqlite3_column_blob(r->statement, i),
                             .n = (size_t)sqlite3_column_bytes(r->statement, i)};
    break;
  default:
    break;
  }
}

static void take_row(struct result *r) {
  struct kl_text room = kl_text_into(r->room, ROOM_BYTES);
  for (int i = 0; i < r->n; i++)
    take_cell(r, i, &room);
}

static void begin(struct result *r) {
  r->n = sqlite3_column_count(r->statement);
  for (int i = 0; i < r->n; i++)
    r->columns[i] = (struct kl_column){.name = sqlite3_column_name(r->statement, i),
                                       .kind = r->cells[i].kind == KL_CELL_NULL ? KL_CELL_TEXT : r->cells[i].kind};
}

// What a step that gave neither a row nor the end comes to.
static int stopped(struct sql *sql, int rc) {
  if (rc == SQLITE_INTERRUPT && cli_cancelled())
    return CLI_CANCELLED;
  return failed(sql_timed_out(sql) ? "the query took longer than it may" : sqlite3_errmsg(sql_handle(sql)));
}

// Runs one prepared statement and prints what it gives.
static int run_statement(struct cli_session *s, struct sql *sql, struct result *r, struct cli_output *out) {
  static struct cli_sink sink; // large
  r->n = sqlite3_column_count(r->statement);
  if (r->n > MOST_COLUMNS)
    return failed("more than 64 result columns");
  sql_begin(sql);
  int rc = sqlite3_step(r->statement);
  if (rc == SQLITE_ROW)
    take_row(r);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    return stopped(sql, rc);
  begin(r); // after the first row, which tells numbers from text
  cli_sink_init(&sink, s->cli, out, r->columns, r->n == 64 ? UINT64_MAX : (1ull << r->n) - 1);
  cli_sink_begin(&sink);
  for (uint64_t rows = 0; rc == SQLITE_ROW && rows < s->cli->limit; rows++) {
    if (s->progress.on_screen)
      cli_progress_clear(&s->progress);
    if (!cli_sink_row(&sink, r->cells))
      break;
    rc = sqlite3_step(r->statement);
    if (rc == SQLITE_ROW)
      take_row(r);
  }
  cli_sink_end(&sink, s->cli);
  if (rc == SQLITE_ROW || rc == SQLITE_DONE)
    return CLI_ANSWERED;
  return stopped(sql, rc);
}

// Runs every statement of the text, until one fails.
static int run_all(struct cli_session *s, struct sql *sql, const struct query *q, struct result *r) {
  const char *rest = q->text;
  while (*rest) {
    if (sqlite3_prepare_v2(sql_handle(sql), rest, -1, &r->statement, &rest) != SQLITE_OK)
      return failed(sqlite3_errmsg(sql_handle(sql)));
    if (!r->statement) // white space or a comment
      continue;
    int code = run_statement(s, sql, r, q->out);
    sqlite3_finalize(r->statement);
    if (code != CLI_ANSWERED)
      return code;
  }
  return CLI_ANSWERED;
}

static int answer(struct cli_session *s, void *user) {
  static const struct sql_limits limits = {.memory_bytes = MEMORY_MAX};
  static struct result result;
  struct query *q = user;
  struct sql *sql;
  const char *why = NULL;
  size_t lost_before = kl_dump_diagnostics(s->dump)->used;
  if (sql_open(s->dump, &limits, cli_cancelled, &sql, &why) != SQLITE_OK)
    return failed(why ? why : "out of memory");
  result.room = malloc(ROOM_BYTES);
  int code = result.room ? run_all(s, sql, q, &result) : failed("out of memory");
  free(result.room);
  sql_close(sql);
  int wrote = cli_output_end(q->out);
  if (code != CLI_ANSWERED || wrote != CLI_ANSWERED)
    return code != CLI_ANSWERED ? code : wrote;
  if (kl_dump_diagnostics(s->dump)->used == lost_before)
    return CLI_ANSWERED;
  cli_session_tell_lost(s, lost_before);
  return CLI_PARTIAL;
}

// All of standard input, NUL-terminated. Null after it has said why not.
static char *read_input(void) {
  char *text = malloc(QUERY_MAX + 1);
  size_t n = 0;
  while (text && n <= QUERY_MAX) {
    ssize_t got = read(STDIN_FILENO, text + n, QUERY_MAX + 1 - n);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      cli_complain("sql: standard input: %s", strerror(errno));
      break;
    }
    if (got == 0) {
      text[n] = 0;
      return text;
    }
    n += (size_t)got;
  }
  if (text && n > QUERY_MAX)
    cli_complain("sql: standard input: more than 1 MiB of SQL");
  free(text);
  return NULL;
}

static int run(const struct cli *cli) {
  static struct cli_output out;
  unsigned char seed;
  struct query q = {.out = &out};
  if (!cli->n_arguments && isatty(STDIN_FILENO))
    return cli_misuse(cli, "name a query, or give one on standard input");
  q.text = cli->n_arguments ? strdup(cli->arguments[0]) : read_input();
  if (!q.text)
    return CLI_FAILED;
  sqlite3_randomness(1, &seed); // opens /dev/urandom: before nothing can be opened any more
  cli_output_init(&out, cli);
  int code = cli_session_run(cli, CLI_KERNEL, answer, &q);
  free(q.text);
  return code;
}

const struct cli_command cli_sql_command = {
    .name = "sql",
    .arguments = "DUMP [QUERY]",
    .doc = "ask in SQL: every table, and functions that look into memory",
    .about = "QUERY is one or more statements of SQLite's SQL; without it they come from standard input. Every "
             "table is there under its name. Addresses are text, 0x and 16 digits; bytes are hex. Functions: "
             "phys(address [, pid]), read_bytes(address, n [, pid]), symbol(address), type_json(type, address "
             "[, pid]), addr(x), and X REGEXP pattern. Nothing can be written.",
    .examples = "sql DUMP \"SELECT comm, count(*) FROM tasks GROUP BY comm\"\n"
                "sql DUMP \"SELECT pid, symbol(mm), phys(address) FROM tasks\" --format json",
    .needs = CLI_NEEDS_DUMP | CLI_NEEDS_KERNEL,
    .options = 1u << CLI_OPTION_FORMAT | 1u << CLI_OPTION_LIMIT,
    .min_arguments = 0,
    .max_arguments = 1,
    .run = run,
};
