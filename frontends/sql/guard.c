// What a query may not do: anything but read.
#include "sql_internal.h"

#include <string.h>

// Functions of SQLite that reach outside, or spend memory out of proportion.
static const char *const denied_functions[] = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"};

// Pragmas that only describe.
static const char *const allowed_pragmas[] = {"table_info",    "table_xinfo", "table_list",
                                              "function_list", "module_list", "database_list"};

static bool listed(const char *name, const char *const *list, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (name && sqlite3_stricmp(name, list[i]) == 0)
      return true;
  return false;
}

#define LISTED(name, list) listed((name), (list), sizeof(list) / sizeof *(list))

static int authorize(void *user, int action, const char *a, const char *b, const char *database,
                     const char *trigger) {
  (void)user;
  (void)database;
  (void)trigger;
  switch (action) {
  case SQLITE_SELECT:
  case SQLITE_READ:
  case SQLITE_RECURSIVE:
    return SQLITE_OK;
  case SQLITE_FUNCTION:
    return LISTED(b, denied_functions) ? SQLITE_DENY : SQLITE_OK;
  case SQLITE_PRAGMA:
    return LISTED(a, allowed_pragmas) ? SQLITE_OK : SQLITE_DENY;
  default:
    return SQLITE_DENY;
  }
}

int sql_guard(sqlite3 *db) {
  static const struct {
    int id, value;
  } limits[] = {
      {SQLITE_LIMIT_ATTACHED, 0},      {SQLITE_LIMIT_LENGTH, 64 << 20},    {SQLITE_LIMIT_SQL_LENGTH, 1 << 20},
      {SQLITE_LIMIT_EXPR_DEPTH, 200},  {SQLITE_LIMIT_COMPOUND_SELECT, 64}, {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
      {SQLITE_LIMIT_TRIGGER_DEPTH, 0}, {SQLITE_LIMIT_WORKER_THREADS, 0},   {SQLITE_LIMIT_VDBE_OP, 100000},
      {SQLITE_LIMIT_COLUMN, 500},      {SQLITE_LIMIT_FUNCTION_ARG, 100},   {SQLITE_LIMIT_VARIABLE_NUMBER, 100},
  };
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    sqlite3_limit(db, limits[i].id, limits[i].value);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  return sqlite3_set_authorizer(db, authorize, NULL);
}
