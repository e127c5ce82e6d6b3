// The virtual tables: SQLite's questions turned into cursors.
#include <stdlib.h>
#include <string.h>

#include "kept.h"
#include "kernlens/table.h"
#include "plan.h"
#include "sql_internal.h"
#include "tables/cell.h"

enum { ROOM_BYTES = 64 << 10 }; // text of the constraints that are handed to one cursor

struct table {
  sqlite3_vtab base; // must be first
  struct kl_dump *dump;
  const struct kl_table *table;
  struct sql_kept *kept; // rows that were asked for again and again
};

struct cursor {
  sqlite3_vtab_cursor base; // must be first
  struct table *table;
  void *memory; // of the kernlens cursor
  struct kl_cursor *rows;
  const struct kl_cell *cells;
  bool ended;
  sqlite3_int64 row;
  uint64_t given;
  struct kl_query query; // with the constraints below
  struct kl_constraint constraints[SQL_PLAN_PUSHED];
  struct sql_kept *kept;               // for this query; null: nothing is to be kept
  const struct sql_kept_row *kept_row; // rows come from there; null: from the table
  struct kl_cell keys[SQL_KEPT_KEYS];  // the values of its equalities
  bool bounded;                        // there are others
  bool tell_miss;                      // when the table has none for these keys
  char room[ROOM_BYTES];
};

// What the module is told when it is registered.
struct client {
  struct kl_dump *dump;
  const struct kl_table *table;
};

const char *sql_type_of(enum kl_cell_kind kind) {
  return kind == KL_CELL_TEXT || kind == KL_CELL_BYTES || kind == KL_CELL_ADDRESS ? "TEXT" : "INTEGER";
}

static int declare(sqlite3 *db, const struct kl_table *t) {
  sqlite3_str *sql = sqlite3_str_new(db);
  sqlite3_str_appendf(sql, "CREATE TABLE \"%w\"(", t->name);
  for (uint32_t i = 0; i < t->n_columns; i++)
    sqlite3_str_appendf(sql, "%s\"%w\" %s%s", i ? ", " : "", t->columns[i].name, sql_type_of(t->columns[i].kind),
                        t->columns[i].flags & KL_COLUMN_HIDDEN ? " HIDDEN" : "");
  sqlite3_str_appendf(sql, ")");
  char *text = sqlite3_str_finish(sql);
  if (!text)
    return SQLITE_NOMEM;
  int rc = sqlite3_declare_vtab(db, text);
  sqlite3_free(text);
  return rc;
}

static int connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **ret, char **error) {
  (void)argc;
  (void)argv;
  (void)error;
  const struct client *client = aux;
  int rc = declare(db, client->table);
  if (rc != SQLITE_OK)
    return rc;
  sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS); // reads guest memory, has no side effect
  struct table *t = sqlite3_malloc(sizeof *t);
  if (!t)
    return SQLITE_NOMEM;
  *t = (struct table){.dump = client->dump, .table = client->table};
  *ret = &t->base;
  return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *vtab) {
  sql_kept_free(((struct table *)vtab)->kept);
  sqlite3_free(vtab);
  return SQLITE_OK;
}

static int best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  return sql_plan_make(((struct table *)vtab)->table, info);
}

static int open_cursor(sqlite3_vtab *vtab, sqlite3_vtab_cursor **ret) {
  struct table *t = (struct table *)vtab;
  struct cursor *c = sqlite3_malloc(sizeof *c);
  if (!c)
    return SQLITE_NOMEM;
  c->base = (sqlite3_vtab_cursor){0};
  c->table = t;
  c->rows = NULL;
  // Not SQLite's own: it is large, and mostly untouched.
  c->memory = sql_block(kl_cursor_bytes(t->table));
  if (!c->memory) {
    sqlite3_free(c);
    return SQLITE_NOMEM;
  }
  *ret = &c->base;
  return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base) {
  struct cursor *c = (struct cursor *)base;
  free(c->memory);
  sqlite3_free(c);
  return SQLITE_OK;
}

// Whether a value can be pushed as a constraint of this kind of column; the
// cell is filled. *never: no row can meet it.
static bool push_value(struct cursor *c, enum kl_cell_kind kind, sqlite3_value *value, struct kl_text *room,
                       struct kl_cell *ret, bool *never) {
  int type = sqlite3_value_type(value);
  if (type == SQLITE_NULL) {
    *never = true; // a comparison with NULL is never true
    return false;
  }
  bool textual = kind == KL_CELL_TEXT || kind == KL_CELL_BYTES;
  if (kind == KL_CELL_ADDRESS) {
    *ret = (struct kl_cell){.kind = kind};
    *never = !sql_address(value, &ret->u64);
    return !*never;
  }
  if (textual ? type != SQLITE_TEXT : type != SQLITE_INTEGER)
    return false; // SQLite compares as it does
  if (!textual) {
    *ret = (struct kl_cell){.kind = KL_CELL_I64, .i64 = sqlite3_value_int64(value)};
    return true;
  }
  (void)c;
  struct kl_bytes text = kl_bytes_of(sqlite3_value_text(value), (size_t)sqlite3_value_bytes(value));
  return kl_cell_parse(kind, text, room, ret) == KL_OK;
}

static uint64_t steps_now(const struct cursor *c) {
  struct kl_statistics now;
  kl_dump_statistics(c->table->dump, &now);
  return now.steps;
}

static bool meets_all(const struct cursor *c, const struct sql_kept_row *row) {
  for (size_t i = 0; i < c->query.n_constraints; i++)
    if (!kl_cell_meets(sql_kept_cell(c->kept, row, c->constraints[i].column), &c->constraints[i]))
      return false;
  return true;
}

// The next kept row that the query wants, from this one on.
static int advance_kept(struct cursor *c, const struct sql_kept_row *row) {
  while (row && !meets_all(c, row))
    row = sql_kept_next(row);
  c->kept_row = row;
  c->ended = !row;
  return SQLITE_OK;
}

static int advance(struct cursor *c) {
  c->row++;
  if (c->kept_row)
    return advance_kept(c, sql_kept_next(c->kept_row));
  uint64_t before = steps_now(c);
  enum kl_status status = c->ended ? KL_END : kl_cursor_next(c->rows, &c->cells);
  if (c->kept)
    sql_kept_spent(c->kept, steps_now(c) - before);
  if (status == KL_OK) {
    c->given++;
    return SQLITE_OK;
  }
  c->ended = true;
  if (status == KL_END && !c->given && c->tell_miss)
    sql_kept_miss(c->kept, c->keys);
  if (status == KL_ERR_CANCELLED)
    return SQLITE_INTERRUPT;
  return SQLITE_OK; // a walk that stopped early is in the diagnostics: what came counts
}

// The values that SQLite gives for the constraints of a plan.
static void take_constraints(struct cursor *c, const char *plan, int argc, sqlite3_value **argv) {
  struct kl_text room = kl_text_into(c->room, sizeof c->room);
  const struct kl_table *t = c->table->table;
  c->query = (struct kl_query){.table = t, .constraints = c->constraints, .columns = sql_plan_wanted(plan, argc)};
  for (int i = 0; i < argc; i++) {
    struct kl_constraint *k = &c->constraints[c->query.n_constraints];
    sql_plan_column(plan, i, &k->column, &k->op);
    if (push_value(c, t->columns[k->column].kind, argv[i], &room, &k->value, &c->ended))
      c->query.n_constraints++;
  }
}

// Whether rows may be kept for this query, and whether the table may know more
// than its whole walk.
static struct sql_kept *kept_for(struct cursor *c, bool *direct) {
  struct sql_kept_plan plan = {.table = c->table->table, .columns = c->query.columns};
  *direct = false;
  if (plan.table->flags & (KL_TABLE_ONE_ROW | KL_TABLE_GROWS))
    return NULL;
  for (size_t i = 0; i < c->query.n_constraints; i++) {
    const struct kl_constraint *k = &c->constraints[i];
    plan.columns |= 1ull << k->column;
    c->bounded |= k->op != KL_OP_EQ;
    if (k->op != KL_OP_EQ)
      continue;
    if (plan.n_keys == SQL_KEPT_KEYS)
      return NULL;
    c->keys[plan.n_keys] = k->value;
    plan.keys[plan.n_keys++] = k->column;
    *direct |= (plan.table->columns[k->column].flags & KL_COLUMN_PUSHED) != 0;
  }
  return plan.n_keys ? sql_kept_find(&c->table->kept, &plan) : NULL;
}

// Answers from kept rows. False: the table has to be asked.
static bool answer_kept(struct cursor *c, int *rc) {
  bool direct, cancelled = false;
  c->kept = kept_for(c, &direct);
  bool ready = c->kept && sql_kept_ready(c->kept, c->table->dump, &cancelled);
  *rc = cancelled ? SQLITE_INTERRUPT : SQLITE_OK;
  if (!ready)
    return cancelled;
  (void)advance_kept(c, sql_kept_first(c->kept, c->keys));
  if (c->kept_row || !direct || sql_kept_missed(c->kept, c->keys))
    return true;
  c->ended = false;
  c->tell_miss = !c->bounded; // else the keys alone may have rows
  return false;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *plan, int argc, sqlite3_value **argv) {
  (void)number;
  int rc;
  struct cursor *c = (struct cursor *)base;
  c->row = 0;
  c->given = 0;
  c->ended = c->bounded = c->tell_miss = false;
  c->kept_row = NULL;
  take_constraints(c, plan, argc, argv);
  if (c->ended)
    return SQLITE_OK;
  if (answer_kept(c, &rc))
    return rc;
  uint64_t before = steps_now(c);
  enum kl_status status =
      kl_cursor_open(c->table->dump, &c->query, c->memory, kl_cursor_bytes(c->query.table), &c->rows);
  if (c->kept)
    sql_kept_spent(c->kept, steps_now(c) - before);
  if (status != KL_OK) { // the table has nothing to walk in this kernel: it says so in the diagnostics
    c->ended = true;
    return status == KL_ERR_ARGUMENT ? SQLITE_INTERNAL : status == KL_ERR_CANCELLED ? SQLITE_INTERRUPT : SQLITE_OK;
  }
  return advance(c);
}

static int next_row(sqlite3_vtab_cursor *base) {
  return advance((struct cursor *)base);
}

static int at_end(sqlite3_vtab_cursor *base) {
  return ((struct cursor *)base)->ended;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *ret) {
  *ret = ((struct cursor *)base)->row;
  return SQLITE_OK;
}

static enum kl_status append(void *user, const char *p, size_t n) {
  sqlite3_str_append(user, p, (int)n);
  return sqlite3_str_errcode(user) == SQLITE_OK ? KL_OK : KL_ERR_NO_MEMORY;
}

static void result_long(sqlite3_context *context, const struct kl_cell *cell) {
  char buffer[4096];
  sqlite3_str *all = sqlite3_str_new(sqlite3_context_db_handle(context));
  struct kl_text text = kl_text_into(buffer, sizeof buffer);
  text.flush = append;
  text.user = all;
  kl_cell_print(&text, cell);
  enum kl_status status = kl_text_flush(&text);
  int n = sqlite3_str_length(all), rc = sqlite3_str_errcode(all);
  char *p = sqlite3_str_finish(all);
  if (status == KL_OK && rc == SQLITE_OK) {
    sqlite3_result_text(context, p, n, sqlite3_free);
    return;
  }
  sqlite3_free(p);
  sqlite3_result_error_code(context, rc == SQLITE_TOOBIG ? SQLITE_TOOBIG : SQLITE_NOMEM);
}

// Text, addresses and bytes in their one spelling.
static void result_printed(sqlite3_context *context, const struct kl_cell *cell) {
  char buffer[512];
  struct kl_text text = kl_text_into(buffer, sizeof buffer);
  kl_cell_print(&text, cell);
  if (text.truncated)
    result_long(context, cell);
  else
    sqlite3_result_text(context, buffer, (int)text.used, SQLITE_TRANSIENT);
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i) {
  const struct cursor *c = (struct cursor *)base;
  const struct kl_cell *cell = c->kept_row ? sql_kept_cell(c->kept, c->kept_row, (uint32_t)i) : &c->cells[i];
  switch (cell->kind) {
  case KL_CELL_NULL:
  case KL_CELL_UNREADABLE:
    break; // NULL is the result without one
  case KL_CELL_U64:
  case KL_CELL_BOOL:
    if (cell->u64 > INT64_MAX)
      result_printed(context, cell);
    else
      sqlite3_result_int64(context, (sqlite3_int64)cell->u64);
    break;
  case KL_CELL_I64:
  case KL_CELL_DURATION:
  case KL_CELL_TIME:
    sqlite3_result_int64(context, cell->i64);
    break;
  case KL_CELL_ADDRESS:
  case KL_CELL_TEXT:
  case KL_CELL_BYTES:
    result_printed(context, cell);
    break;
  }
  return SQLITE_OK;
}

// xCreate is null: the table exists by its name alone.
static const sqlite3_module module = {
    .iVersion = 2,
    .xConnect = connect,
    .xBestIndex = best_index,
    .xDisconnect = disconnect,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next_row,
    .xEof = at_end,
    .xColumn = column,
    .xRowid = row_id,
};

// A table without CREATE comes into being when it is first named, and would
// then ask the authorizer, which allows nothing to be made: so it is named now.
static int name_once(sqlite3 *db, const char *name) {
  sqlite3_stmt *statement = NULL;
  char *sql = sqlite3_mprintf("SELECT 1 FROM \"%w\"", name);
  if (!sql)
    return SQLITE_NOMEM;
  int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
  sqlite3_finalize(statement);
  sqlite3_free(sql);
  return rc;
}

int sql_tables_register(sqlite3 *db, struct kl_dump *dump) {
  const struct kl_table *t;
  for (size_t i = 0; (t = kl_table_at(i)); i++) {
    struct client *client = sqlite3_malloc(sizeof *client);
    if (!client)
      return SQLITE_NOMEM;
    *client = (struct client){dump, t};
    int rc = sqlite3_create_module_v2(db, t->name, &module, client, sqlite3_free);
    if (rc == SQLITE_OK)
      rc = name_once(db, t->name);
    if (rc != SQLITE_OK)
      return rc;
  }
  return SQLITE_OK;
}
