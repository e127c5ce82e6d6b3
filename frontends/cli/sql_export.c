#include "sql_export.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sql.h"
#include "tables/cell.h"

enum { MOST_TABLES = 128, ROOM_BYTES = 256 << 10 };

struct cli_export {
  sqlite3 *db;
  const char *path;
  const struct kl_table *tables[MOST_TABLES];
  size_t n;
  bool partial;
  char room[ROOM_BYTES];
};

static int failed(struct cli_export *e, const char *what) {
  cli_complain("sql: %s: %s", e->path, what);
  return CLI_FAILED;
}

static int execute(struct cli_export *e, char *sql) {
  int rc = sql ? sqlite3_exec(e->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
  sqlite3_free(sql);
  return rc == SQLITE_OK ? CLI_ANSWERED : failed(e, sql ? sqlite3_errmsg(e->db) : "out of memory");
}

// ── Making it ──────────────────────────────────────────────────────────────

static bool listed(const char *names, const char *name) {
  size_t n = strlen(name);
  for (const char *p = names; p; p = strchr(p, ','), p = p ? p + 1 : p)
    if (strncmp(p, name, n) == 0 && (p[n] == ',' || !p[n]))
      return true;
  return false;
}

// Diagnostics come last, and always: they say what the others lack.
static int choose(struct cli_export *e, const struct cli *cli) {
  const struct kl_table *t;
  for (const char *p = cli->tables; p && *p; p += strcspn(p, ","), p += *p == ',') {
    char name[64] = "";
    size_t n = strcspn(p, ",");
    memcpy(name, p, n < sizeof name ? n : sizeof name - 1);
    if (!kl_table_find(name))
      return cli_misuse(cli, "--tables: no table '%s'", name);
  }
  for (size_t i = 0; (t = kl_table_at(i)) && e->n < MOST_TABLES - 1; i++)
    if (!(t->flags & KL_TABLE_GROWS) && (!cli->tables || listed(cli->tables, t->name)))
      e->tables[e->n++] = t;
  for (size_t i = 0; (t = kl_table_at(i)) && e->n < MOST_TABLES; i++)
    if (t->flags & KL_TABLE_GROWS)
      e->tables[e->n++] = t;
  return CLI_ANSWERED;
}

// The file is opened now; without locks and journals nothing else will be. It
// is not there yet, so nobody else can be using it.
static int make(struct cli_export *e) {
  int fd = open(e->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0)
    return failed(e, strerror(errno));
  close(fd);
  if (sqlite3_open_v2(e->path, &e->db, SQLITE_OPEN_READWRITE, "unix-none") != SQLITE_OK)
    return failed(e, e->db ? sqlite3_errmsg(e->db) : "out of memory");
  static const char first[] =
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
      "PRAGMA temp_store = MEMORY; PRAGMA page_size = 4096;"
      "CREATE TABLE kernlens_tables(name TEXT PRIMARY KEY, rows INTEGER, partial INTEGER, doc TEXT);";
  return execute(e, sqlite3_mprintf("%s", first));
}

int cli_export_open(const struct cli *cli, struct cli_export **ret) {
  struct cli_export *e = calloc(1, sizeof *e);
  *ret = e;
  if (!e) {
    cli_complain("sql: out of memory");
    return CLI_FAILED;
  }
  e->path = cli->database;
  int code = choose(e, cli);
  return code == CLI_ANSWERED ? make(e) : code;
}

void cli_export_close(struct cli_export *e) {
  if (!e)
    return;
  sqlite3_close(e->db);
  free(e);
}

// ── One table ──────────────────────────────────────────────────────────────

static int create(struct cli_export *e, const struct kl_table *t, sqlite3_stmt **insert) {
  sqlite3_str *make_sql = sqlite3_str_new(e->db), *values = sqlite3_str_new(e->db);
  sqlite3_str_appendf(make_sql, "CREATE TABLE \"%w\"(", t->name);
  sqlite3_str_appendf(values, "INSERT INTO \"%w\" VALUES (", t->name);
  for (uint32_t i = 0; i < t->n_columns; i++) {
    sqlite3_str_appendf(make_sql, "%s\"%w\" %s", i ? ", " : "", t->columns[i].name,
                        sql_type_of(t->columns[i].kind));
    sqlite3_str_appendf(values, i ? ", ?" : "?");
  }
  sqlite3_str_appendf(make_sql, ")");
  sqlite3_str_appendf(values, ")");
  char *text = sqlite3_str_finish(values);
  int code = execute(e, sqlite3_str_finish(make_sql));
  if (code == CLI_ANSWERED && (!text || sqlite3_prepare_v2(e->db, text, -1, insert, NULL) != SQLITE_OK))
    code = failed(e, text ? sqlite3_errmsg(e->db) : "out of memory");
  sqlite3_free(text);
  return code;
}

// Text, bytes and addresses as SQL spells them.
static int bind_printed(struct cli_export *e, sqlite3_stmt *insert, int i, const struct kl_cell *cell) {
  struct kl_text text = kl_text_into(e->room, sizeof e->room);
  kl_cell_print(&text, cell);
  return text.truncated ? SQLITE_TOOBIG : sqlite3_bind_text(insert, i, e->room, (int)text.used, SQLITE_TRANSIENT);
}

static int bind(struct cli_export *e, sqlite3_stmt *insert, int i, const struct kl_cell *cell) {
  switch (cell->kind) {
  case KL_CELL_NULL:
  case KL_CELL_UNREADABLE:
    return sqlite3_bind_null(insert, i);
  case KL_CELL_U64:
  case KL_CELL_BOOL:
    return cell->u64 > INT64_MAX ? bind_printed(e, insert, i, cell)
                                 : sqlite3_bind_int64(insert, i, (sqlite3_int64)cell->u64);
  case KL_CELL_I64:
  case KL_CELL_DURATION:
  case KL_CELL_TIME:
    return sqlite3_bind_int64(insert, i, cell->i64);
  case KL_CELL_ADDRESS:
  case KL_CELL_TEXT:
  case KL_CELL_BYTES:
    break;
  }
  return bind_printed(e, insert, i, cell);
}

static int insert_rows(struct cli_export *e, struct kl_cursor *cursor, const struct kl_table *t,
                       sqlite3_stmt *insert, uint64_t *rows) {
  const struct kl_cell *cells;
  while (kl_cursor_next(cursor, &cells) == KL_OK) {
    for (uint32_t i = 0; i < t->n_columns; i++)
      if (bind(e, insert, (int)i + 1, &cells[i]) != SQLITE_OK)
        return failed(e, "a value is too long, or memory is short");
    if (sqlite3_step(insert) != SQLITE_DONE)
      return failed(e, sqlite3_errmsg(e->db));
    sqlite3_reset(insert);
    ++*rows;
  }
  return cli_cancelled() ? CLI_CANCELLED : CLI_ANSWERED;
}

static int fill(struct cli_export *e, struct cli_session *s, const struct kl_table *t, sqlite3_stmt *insert) {
  struct kl_query query = {.table = t, .columns = UINT64_MAX};
  struct kl_cursor *cursor;
  uint64_t rows = 0;
  size_t bytes = kl_cursor_bytes(t);
  void *memory = aligned_alloc(16, bytes);
  if (!memory)
    return failed(e, "out of memory");
  // A table that this kernel has nothing for is empty, and partial.
  bool opened = kl_cursor_open(s->dump, &query, memory, bytes, &cursor) == KL_OK;
  int code = opened ? insert_rows(e, cursor, t, insert, &rows) : CLI_ANSWERED;
  bool partial = !opened || kl_cursor_partial(cursor);
  free(memory);
  e->partial |= partial;
  if (code != CLI_ANSWERED)
    return code;
  return execute(e, sqlite3_mprintf("INSERT INTO kernlens_tables VALUES (%Q, %lld, %d, %Q)", t->name,
                                    (sqlite3_int64)rows, partial, t->doc));
}

// One for each column that rows are found by.
static int create_indexes(struct cli_export *e, const struct kl_table *t) {
  int code = CLI_ANSWERED;
  for (uint32_t i = 0; i < t->n_columns && code == CLI_ANSWERED; i++)
    if (t->columns[i].flags & (KL_COLUMN_KEY | KL_COLUMN_PUSHED) && !(t->flags & KL_TABLE_ONE_ROW))
      code = execute(e, sqlite3_mprintf("CREATE INDEX \"%w_%w\" ON \"%w\"(\"%w\")", t->name, t->columns[i].name,
                                        t->name, t->columns[i].name));
  return code;
}

// ── All ────────────────────────────────────────────────────────────────────

static bool has_table(const struct cli_export *e, const char *name) {
  for (size_t i = 0; i < e->n; i++)
    if (strcmp(e->tables[i]->name, name) == 0)
      return true;
  return false;
}

static int create_views(struct cli_export *e) {
  const struct sql_view *view;
  int code = CLI_ANSWERED;
  for (size_t i = 0; (view = sql_view_at(i)) && code == CLI_ANSWERED; i++) {
    bool all = true;
    for (size_t k = 0; k < sizeof view->needs / sizeof *view->needs && view->needs[k]; k++)
      all &= has_table(e, view->needs[k]);
    if (all)
      code = execute(e, sqlite3_mprintf("CREATE VIEW \"%w\" AS %s", view->name, view->select));
  }
  return code;
}

static int export_table(struct cli_export *e, struct cli_session *s, const struct kl_table *t) {
  sqlite3_stmt *insert = NULL;
  int code = execute(e, sqlite3_mprintf("BEGIN"));
  if (code == CLI_ANSWERED)
    code = create(e, t, &insert);
  if (code == CLI_ANSWERED)
    code = fill(e, s, t, insert);
  sqlite3_finalize(insert);
  if (code == CLI_ANSWERED)
    code = create_indexes(e, t);
  return code == CLI_ANSWERED ? execute(e, sqlite3_mprintf("COMMIT")) : code;
}

int cli_export_run(struct cli_export *e, struct cli_session *s) {
  int code = CLI_ANSWERED;
  size_t entries = kl_dump_diagnostics(s->dump)->used;
  for (size_t i = 0; i < e->n && code == CLI_ANSWERED; i++)
    code = export_table(e, s, e->tables[i]);
  if (code == CLI_ANSWERED)
    code = create_views(e);
  cli_progress_clear(&s->progress);
  if (code != CLI_ANSWERED) {
    if (code == CLI_CANCELLED)
      cli_complain("sql: %s: cancelled: the database is not whole", e->path);
    return code;
  }
  cli_session_tell_lost(s, entries);
  return e->partial ? CLI_PARTIAL : CLI_ANSWERED;
}
