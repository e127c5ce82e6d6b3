// SQL for the worker: one statement at a time, its rows in slices.
#include <string.h>

#include "sql.h"
#include "web.h"

enum { MEMORY_BYTES = 64 << 20 };
enum { CELL_NULL, CELL_TEXT = 6, CELL_BYTES = 7, CELL_I64 = 3, CELL_F64 = 8 };

static struct {
  struct sql *sql;
  sqlite3_stmt *statement;
} query;

static void put_text(const void *p, int n, uint8_t kind) {
  web_out_u8(kind);
  web_out_u32((uint32_t)n);
  web_out_bytes(p, (size_t)n);
}

static enum kl_status failed(const char *why) {
  struct kl_text *t = web_out_begin();
  kl_text_string(t, why);
  return KL_ERR_ARGUMENT;
}

// Prepares a statement. The answer: names of its columns, each ended by NUL; or
// what is wrong with it.
enum kl_status WEB_EXPORT(web_sql_open)(const char *text, uint32_t n) {
  const char *why = NULL, *rest = NULL;
  struct sql_limits limits = {.memory_bytes = MEMORY_BYTES};
  if (!web_attached())
    return failed("no kernel was found in this dump: SQL has nothing to ask");
  if (!query.sql && sql_open(web_dump(), &limits, NULL, &query.sql, &why) != SQLITE_OK)
    return failed(why);
  sqlite3_finalize(query.statement);
  query.statement = NULL;
  if (sqlite3_prepare_v2(sql_handle(query.sql), text, (int)n, &query.statement, &rest) != SQLITE_OK)
    return failed(sqlite3_errmsg(sql_handle(query.sql)));
  if (!query.statement)
    return failed("no statement");
  for (; rest < text + n; rest++)
    if (!strchr(" \t\r\n;", *rest))
      return failed("one statement at a time");
  sql_begin(query.sql);
  struct kl_text *t = web_out_begin();
  for (int i = 0; i < sqlite3_column_count(query.statement); i++) {
    kl_text_string(t, sqlite3_column_name(query.statement, i));
    kl_text_char(t, 0);
  }
  return KL_OK;
}

enum kl_status WEB_EXPORT(web_sql_bind_text)(uint32_t i, const char *text, uint32_t n) {
  return sqlite3_bind_text(query.statement, (int)i, text, (int)n, SQLITE_TRANSIENT) == SQLITE_OK ? KL_OK
                                                                                                 : KL_ERR_ARGUMENT;
}

enum kl_status WEB_EXPORT(web_sql_bind_integer)(uint32_t i, uint32_t low, uint32_t high) {
  return sqlite3_bind_int64(query.statement, (int)i, (sqlite3_int64)web_u64(low, high)) == SQLITE_OK
             ? KL_OK
             : KL_ERR_ARGUMENT;
}

static void put_value(int i) {
  sqlite3_stmt *s = query.statement;
  double real;
  switch (sqlite3_column_type(s, i)) {
  case SQLITE_INTEGER:
    web_out_u8(CELL_I64);
    web_out_u64((uint64_t)sqlite3_column_int64(s, i));
    return;
  case SQLITE_FLOAT:
    real = sqlite3_column_double(s, i);
    web_out_u8(CELL_F64);
    web_out_bytes(&real, sizeof real);
    return;
  case SQLITE_TEXT:
    put_text(sqlite3_column_text(s, i), sqlite3_column_bytes(s, i), CELL_TEXT);
    return;
  case SQLITE_BLOB:
    put_text(sqlite3_column_blob(s, i), sqlite3_column_bytes(s, i), CELL_BYTES);
    return;
  default:
    web_out_u8(CELL_NULL);
  }
}

// The answer: how many rows, and their cells; or what went wrong. KL_OK: there
// may be more.
enum kl_status WEB_EXPORT(web_sql_next)(uint32_t most, double milliseconds) {
  enum { MOST_BYTES = 8 << 20 };
  struct web_slice slice = web_slice_begin(milliseconds);
  uint32_t rows = 0;
  int rc = SQLITE_ROW;
  web_out_begin();
  web_out_u32(0);
  while (rows < most && web_out_used() < MOST_BYTES && !web_slice_over(&slice)) {
    rc = sqlite3_step(query.statement);
    if (rc != SQLITE_ROW)
      break;
    for (int i = 0; i < sqlite3_column_count(query.statement); i++)
      put_value(i);
    rows++;
  }
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    return failed(sqlite3_errmsg(sql_handle(query.sql)));
  web_out_patch(0, &rows, sizeof rows);
  return rc == SQLITE_DONE ? KL_END : KL_OK;
}

void WEB_EXPORT(web_sql_close)(void) {
  sqlite3_finalize(query.statement);
  query.statement = NULL;
}
