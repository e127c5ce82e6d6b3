// The virtual tables: SQLite's questions turned into cursors.
#include <stdlib.h>
#include <string.h>

#include "kernlens/table.h"
#include "sql_internal.h"
#include "tables/cell.h"

enum {
  MAX_PUSHED = 16,          // constraints handed to one cursor
  ROOM_BYTES = 64 << 10,    // their text
  WHOLE_TABLE_ROWS = 100000 // what a walk is taken to cost where nothing is known
};

struct table {
  sqlite3_vtab base; // must be first
  struct kl_dump *dump;
  const struct kl_table *table;
};

struct cursor {
  sqlite3_vtab_cursor base; // must be first
  struct table *table;
  void *memory; // of the kernlens cursor
  struct kl_cursor *rows;
  const struct kl_cell *cells;
  bool ended;
  sqlite3_int64 row;
  struct kl_constraint constraints[MAX_PUSHED];
  char room[ROOM_BYTES];
};

// What the module is told when it is registered.
struct client {
  struct kl_dump *dump;
  const struct kl_table *table;
};

static const char *declared_type(enum kl_cell_kind kind) {
  return kind == KL_CELL_TEXT || kind == KL_CELL_BYTES || kind == KL_CELL_ADDRESS ? "TEXT" : "INTEGER";
}

static int declare(sqlite3 *db, const struct kl_table *t) {
  sqlite3_str *sql = sqlite3_str_new(db);
  sqlite3_str_appendf(sql, "CREATE TABLE \"%w\"(", t->name);
  for (uint32_t i = 0; i < t->n_columns; i++)
    sqlite3_str_appendf(sql, "%s\"%w\" %s%s", i ? ", " : "", t->columns[i].name, declared_type(t->columns[i].kind),
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
  sqlite3_free(vtab);
  return SQLITE_OK;
}

static bool op_of(unsigned char sqlite_op, enum kl_op *ret) {
  switch (sqlite_op) {
  case SQLITE_INDEX_CONSTRAINT_EQ:
    *ret = KL_OP_EQ;
    return true;
  case SQLITE_INDEX_CONSTRAINT_GT:
    *ret = KL_OP_GT;
    return true;
  case SQLITE_INDEX_CONSTRAINT_GE:
    *ret = KL_OP_GE;
    return true;
  case SQLITE_INDEX_CONSTRAINT_LT:
    *ret = KL_OP_LT;
    return true;
  case SQLITE_INDEX_CONSTRAINT_LE:
    *ret = KL_OP_LE;
    return true;
  default:
    return false;
  }
}

// Text and bytes are only pushed for equality: their order in SQL is that of
// the escaped form.
static bool pushable(const struct kl_column *column, enum kl_op op) {
  return op == KL_OP_EQ || (column->kind != KL_CELL_TEXT && column->kind != KL_CELL_BYTES);
}

// What a walk costs, as far as can be known without doing it: an equality that
// the table pushes touches one object.
static void estimate(sqlite3_index_info *info, int equal, int bounded) {
  double rows = WHOLE_TABLE_ROWS, cost = WHOLE_TABLE_ROWS;
  if (equal) {
    rows = 30;
    cost = 60;
  } else if (bounded) {
    rows /= 8;
    cost /= 8;
  }
  info->estimatedCost = cost;
  info->estimatedRows = (sqlite3_int64)rows;
}

// idxStr: for each pushed constraint three characters: column (2 hex digits)
// and operator (a digit). idxNum is not used.
static int best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  const struct kl_table *t = ((struct table *)vtab)->table;
  char plan[MAX_PUSHED * 3 + 1];
  int pushed = 0, equal = 0, bounded = 0;
  for (int i = 0; i < info->nConstraint && pushed < MAX_PUSHED; i++) {
    int column = info->aConstraint[i].iColumn;
    enum kl_op op;
    if (column < 0 || !op_of(info->aConstraint[i].op, &op) || !pushable(&t->columns[column], op))
      continue;
    bool paying = t->columns[column].flags & KL_COLUMN_PUSHED;
    if (!info->aConstraint[i].usable)
      continue;
    equal += paying && op == KL_OP_EQ;
    bounded += paying && op != KL_OP_EQ;
    sqlite3_snprintf(4, plan + 3 * (size_t)pushed, "%02x%d", column, (int)op);
    info->aConstraintUsage[i].argvIndex = ++pushed;
    // An address may be asked for as a number, which SQLite would not find
    // equal to its text.
    info->aConstraintUsage[i].omit = t->columns[column].kind == KL_CELL_ADDRESS;
  }
  plan[3 * (size_t)pushed] = 0;
  info->idxStr = sqlite3_mprintf("%s %llx", plan, info->colUsed);
  info->needToFreeIdxStr = 1;
  estimate(info, equal, bounded);
  return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

static int open_cursor(sqlite3_vtab *vtab, sqlite3_vtab_cursor **ret) {
  struct table *t = (struct table *)vtab;
  struct cursor *c = sqlite3_malloc(sizeof *c);
  if (!c)
    return SQLITE_NOMEM;
  c->base = (sqlite3_vtab_cursor){0};
  c->table = t;
  c->rows = NULL;
  // Not SQLite's own: it is large, mostly untouched, and aligned to 16.
  c->memory = malloc(kl_cursor_bytes(t->table));
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

static int advance(struct cursor *c) {
  enum kl_status status = c->ended ? KL_END : kl_cursor_next(c->rows, &c->cells);
  c->row++;
  if (status == KL_OK)
    return SQLITE_OK;
  c->ended = true;
  if (status == KL_ERR_CANCELLED)
    return SQLITE_INTERRUPT;
  return SQLITE_OK; // a walk that stopped early is in the diagnostics: what came counts
}

static unsigned hex_value(char c) {
  return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *plan, int argc, sqlite3_value **argv) {
  (void)number;
  struct cursor *c = (struct cursor *)base;
  const struct kl_table *t = c->table->table;
  struct kl_text room = kl_text_into(c->room, sizeof c->room);
  struct kl_query query = {.table = t, .constraints = c->constraints};
  c->row = 0;
  c->ended = false;
  for (int i = 0; i < argc; i++, plan += 3) {
    struct kl_constraint *k = &c->constraints[query.n_constraints];
    k->column = hex_value(plan[0]) << 4 | hex_value(plan[1]);
    k->op = (enum kl_op)hex_value(plan[2]);
    if (push_value(c, t->columns[k->column].kind, argv[i], &room, &k->value, &c->ended))
      query.n_constraints++;
  }
  query.columns = strtoull(plan, NULL, 16);
  if (c->ended)
    return SQLITE_OK;
  enum kl_status status = kl_cursor_open(c->table->dump, &query, c->memory, kl_cursor_bytes(t), &c->rows);
  if (status != KL_OK) { // the table has nothing to walk in this kernel: it says so in the diagnostics
    c->ended = true;
    return status == KL_ERR_ARGUMENT ? SQLITE_INTERNAL : SQLITE_OK;
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

// Text, addresses and bytes in their one spelling.
static void result_printed(sqlite3_context *context, const struct kl_cell *cell) {
  char buffer[4096];
  sqlite3_str *all = sqlite3_str_new(sqlite3_context_db_handle(context));
  struct kl_text text = kl_text_into(buffer, sizeof buffer);
  text.flush = append;
  text.user = all;
  kl_cell_print(&text, cell);
  enum kl_status status = kl_text_flush(&text);
  int n = sqlite3_str_length(all), rc = sqlite3_str_errcode(all);
  char *p = sqlite3_str_finish(all);
  if (status != KL_OK || rc != SQLITE_OK) {
    sqlite3_free(p);
    sqlite3_result_error_code(context, rc == SQLITE_TOOBIG ? SQLITE_TOOBIG : SQLITE_NOMEM);
  } else if (!p) { // nothing was written: the empty text
    sqlite3_result_text(context, "", 0, SQLITE_STATIC);
  } else {
    sqlite3_result_text(context, p, n, sqlite3_free);
  }
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i) {
  const struct kl_cell *cell = &((struct cursor *)base)->cells[i];
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
