// Statements of SQL, and the rows that they give.
#include "sql_query.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tables/cell.h"

enum {
  MOST_COLUMNS = 64,
  ROW_BYTES = 128 << 20, // text of one row: two texts of the length that SQLite is let have
};

// One result set: columns as SQLite names them, cells as it gives them.
struct cli_sql_result {
  sqlite3_stmt *statement;
  int n;
  uint64_t rows;
  struct kl_column columns[MOST_COLUMNS];
  struct kl_cell cells[MOST_COLUMNS];
  char *room; // text of the row, as the dump has it
  size_t room_bytes;
  struct cli_sink sink;
};

static int failed(struct cli_sql *q, const char *what) {
  cli_progress_clear(&q->session->progress);
  cli_complain("sql: %s", what);
  return CLI_FAILED;
}

// ── Rows ───────────────────────────────────────────────────────────────────

static bool room_for_row(struct cli_sql_result *r) {
  size_t bytes = 0;
  for (int i = 0; i < r->n; i++)
    if (sqlite3_column_type(r->statement, i) == SQLITE_TEXT || sqlite3_column_type(r->statement, i) == SQLITE_FLOAT)
      bytes += 1 + (size_t)(sqlite3_column_text(r->statement, i), sqlite3_column_bytes(r->statement, i));
  if (bytes <= r->room_bytes)
    return true;
  char *room = bytes > ROW_BYTES ? NULL : realloc(r->room, 2 * bytes);
  if (!room)
    return false;
  r->room = room;
  r->room_bytes = 2 * bytes;
  return true;
}

// A value as a cell. Text from a table is spelled for SQL: the formats spell it
// again, so it goes back to what it was, which is never longer.
static void take_cell(struct cli_sql_result *r, int i, struct kl_text *room) {
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

// The next row: SQLITE_ROW, SQLITE_DONE, or why there is none.
static int step(struct cli_sql_result *r) {
  int rc = sqlite3_step(r->statement);
  if (rc != SQLITE_ROW)
    return rc;
  if (!room_for_row(r))
    return SQLITE_TOOBIG;
  struct kl_text room = kl_text_into(r->room, r->room_bytes);
  for (int i = 0; i < r->n; i++)
    take_cell(r, i, &room);
  return rc;
}

static void name_columns(struct cli_sql_result *r) {
  for (int i = 0; i < r->n; i++)
    r->columns[i] = (struct kl_column){.name = sqlite3_column_name(r->statement, i),
                                       .kind = r->cells[i].kind == KL_CELL_NULL ? KL_CELL_TEXT : r->cells[i].kind};
}

// ── Statements ─────────────────────────────────────────────────────────────

static int limit_reached(struct cli_sql *q, const char *format, uint64_t limit) {
  cli_progress_clear(&q->session->progress);
  cli_complain(format, limit);
  return CLI_PARTIAL;
}

// SQLite asks between its steps whether to go on. One step can be long: a
// function over long texts. Then only this ends it.
enum { GRACE_SECONDS = 2 };

static void give_up(int signal_number) {
  static const char what[] =
      "kernlens: sql: ended within one step of the statement, the answer is not whole: --time "
      "gives it longer\n";
  (void)signal_number;
  (void)!write(STDERR_FILENO, what, sizeof what - 1);
  _exit(CLI_PARTIAL);
}

// Of the processor's time. 0: no limit.
static void watch(uint64_t seconds) {
  struct sigaction action = {.sa_handler = give_up};
  struct itimerval when = {.it_value.tv_sec = (time_t)seconds};
  sigaction(SIGPROF, &action, NULL);
  setitimer(ITIMER_PROF, &when, NULL);
}

// What a step that gave neither a row nor the end comes to.
static int stopped(struct cli_sql *q, int rc) {
  if (rc == SQLITE_INTERRUPT && cli_cancelled())
    return CLI_CANCELLED;
  if (sql_timed_out(q->sql))
    return limit_reached(q,
                         "sql: ended after %" PRIu64 " s of CPU, the answer is not whole: --time gives it longer",
                         q->cli.seconds);
  if (rc == SQLITE_NOMEM)
    return limit_reached(q, "sql: needs more than %" PRIu64 " MiB, the answer is not whole: --memory gives it more",
                         q->cli.mebibytes);
  return failed(q, rc == SQLITE_TOOBIG ? "a text or a row is too long" : sqlite3_errmsg(sql_handle(q->sql)));
}

// Runs the prepared statement and prints what it gives.
static int run_statement(struct cli_sql *q) {
  struct cli_sql_result *r = q->result;
  r->rows = 0;
  r->n = sqlite3_column_count(r->statement);
  if (r->n > MOST_COLUMNS)
    return failed(q, "more than 64 result columns");
  sql_begin(q->sql);
  int rc = step(r);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    return stopped(q, rc);
  name_columns(r); // after the first row, which tells numbers from text
  cli_sink_init(&r->sink, &q->cli, q->out, r->columns, r->n == 64 ? UINT64_MAX : (1ull << r->n) - 1);
  cli_sink_begin(&r->sink);
  while (rc == SQLITE_ROW && r->rows < q->cli.limit && r->rows < q->cli.rows) {
    if (q->session->progress.on_screen)
      cli_progress_clear(&q->session->progress);
    if (!cli_sink_row(&r->sink, r->cells))
      break;
    r->rows++;
    rc = step(r);
  }
  cli_sink_end(&r->sink, &q->cli);
  if (rc == SQLITE_ROW && r->rows == q->cli.rows && r->rows < q->cli.limit)
    return limit_reached(q, "sql: ended after %" PRIu64 " rows: --rows allows more", q->cli.rows);
  return rc == SQLITE_ROW || rc == SQLITE_DONE ? CLI_ANSWERED : stopped(q, rc);
}

static void tell_time(struct cli_sql *q, int64_t began, clock_t cpu, uint64_t reads) {
  struct kl_statistics now;
  kl_dump_statistics(q->session->dump, &now);
  cli_progress_clear(&q->session->progress);
  fprintf(stderr, "%.3f s, %.3f s of CPU, %" PRIu64 " row%s, %" PRIu64 " reads of memory\n",
          (double)(cli_now_ms() - began) / 1000, (double)(clock() - cpu) / CLOCKS_PER_SEC, q->result->rows,
          q->result->rows == 1 ? "" : "s", now.reads - reads);
}

static int run_timed(struct cli_sql *q) {
  struct kl_statistics before;
  kl_dump_statistics(q->session->dump, &before);
  int64_t began = cli_now_ms();
  clock_t cpu = clock();
  watch(q->cli.seconds + GRACE_SECONDS);
  int code = run_statement(q);
  watch(0);
  if (q->timer)
    tell_time(q, began, cpu, before.reads);
  return code;
}

static uint64_t times_lost(const struct cli_sql *q) {
  const struct kl_diagnostics *d = kl_dump_diagnostics(q->session->dump);
  uint64_t times = 0;
  for (size_t i = 0; i < d->used; i++)
    times += d->items[i].count;
  return times;
}

int cli_sql_run(struct cli_sql *q, const char *text) {
  int code = CLI_ANSWERED;
  size_t entries = kl_dump_diagnostics(q->session->dump)->used;
  uint64_t times = times_lost(q);
  while (*text && code == CLI_ANSWERED) {
    if (sqlite3_prepare_v2(sql_handle(q->sql), text, -1, &q->result->statement, &text) != SQLITE_OK)
      return failed(q, sqlite3_errmsg(sql_handle(q->sql)));
    if (!q->result->statement) // white space or a comment
      continue;
    code = run_timed(q);
    sqlite3_finalize(q->result->statement);
  }
  if (times_lost(q) == times || (code != CLI_ANSWERED && code != CLI_PARTIAL))
    return code;
  if (kl_dump_diagnostics(q->session->dump)->used == entries && !q->cli.quiet)
    cli_complain("in part, as was said before: see the table diagnostics");
  cli_session_tell_lost(q->session, entries);
  return CLI_PARTIAL;
}

// ── Opening ────────────────────────────────────────────────────────────────

static bool has_to_stop(void *user) {
  return sql_has_to_stop(user);
}

int cli_sql_open(struct cli_sql *q, struct cli_session *session, struct cli_output *out) {
  const struct sql_limits limits = {.memory_bytes = (int64_t)session->cli->mebibytes << 20,
                                    .time_ms = (int64_t)session->cli->seconds * 1000};
  const char *why = NULL;
  *q = (struct cli_sql){.session = session, .cli = *session->cli, .out = out};
  q->result = calloc(1, sizeof *q->result);
  if (!q->result || sql_open(session->dump, &limits, cli_cancelled, &q->sql, &why) != SQLITE_OK) {
    free(q->result);
    return failed(q, why ? why : "out of memory");
  }
  session->progress.stop_user = q->sql;
  session->progress.stop = has_to_stop;
  return CLI_ANSWERED;
}

void cli_sql_close(struct cli_sql *q) {
  q->session->progress.stop = NULL;
  sql_close(q->sql);
  free(q->result->room);
  free(q->result);
}
