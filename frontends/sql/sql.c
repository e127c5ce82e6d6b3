// Opening a database over a dump, and stopping what takes too long.
#include <stdlib.h>
#include <time.h>

#include "sql_internal.h"

enum { STEPS_BETWEEN_CHECKS = 2000 };

struct sql {
  sqlite3 *db;
  struct kl_dump *dump;
  struct sql_limits limits;
  bool (*cancelled)(void);
  int64_t deadline; // ms; 0: none
  bool timed_out;
};

// Of the processor: who reads the answer may be slow.
static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool sql_has_to_stop(struct sql *sql) {
  if (sql->cancelled && sql->cancelled())
    return true;
  sql->timed_out = sql->deadline && now_ms() > sql->deadline;
  return sql->timed_out;
}

// SQLite asks between steps; anything but 0 interrupts.
static int check(void *user) {
  return sql_has_to_stop(user);
}

void *sql_block(size_t n) {
  return aligned_alloc(16, (n + 15) & ~(size_t)15);
}

// JSON is read by tables too, which come into being when they are first named:
// before the guard stands.
static void name_json(sqlite3 *db) {
  (void)sqlite3_exec(db, "SELECT 1 FROM json_each('[]'); SELECT 1 FROM json_tree('[]')", NULL, NULL, NULL);
}

static int prepare(struct sql *sql, struct kl_dump *dump) {
  int rc = sqlite3_open_v2(":memory:", &sql->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_exec(sql->db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
  if (rc == SQLITE_OK)
    rc = sql_tables_register(sql->db, dump);
  if (rc == SQLITE_OK)
    rc = sql_functions_register(sql->db, dump);
  if (rc == SQLITE_OK)
    rc = sql_views_create(sql->db);
  name_json(sql->db);
  return rc == SQLITE_OK ? sql_guard(sql->db) : rc;
}

int sql_open(struct kl_dump *dump, const struct sql_limits *limits, bool (*cancelled)(void), struct sql **ret,
             const char **why) {
  struct sql *sql = calloc(1, sizeof *sql);
  *ret = NULL;
  if (!sql)
    return SQLITE_NOMEM;
  sql->dump = dump;
  sql->limits = *limits;
  sql->cancelled = cancelled;
  if (limits->memory_bytes)
    sqlite3_hard_heap_limit64(limits->memory_bytes);
  int rc = prepare(sql, dump);
  if (rc != SQLITE_OK) {
    if (why)
      *why = sqlite3_errstr(rc);
    sql_close(sql);
    return rc;
  }
  sqlite3_progress_handler(sql->db, STEPS_BETWEEN_CHECKS, check, sql);
  *ret = sql;
  return SQLITE_OK;
}

void sql_close(struct sql *sql) {
  if (!sql)
    return;
  sqlite3_close(sql->db);
  free(sql);
}

sqlite3 *sql_handle(struct sql *sql) {
  return sql->db;
}

void sql_begin(struct sql *sql) {
  sql->timed_out = false;
  kl_dump_resume(sql->dump);
  sql->deadline = sql->limits.time_ms ? now_ms() + sql->limits.time_ms : 0;
}

bool sql_timed_out(const struct sql *sql) {
  return sql->timed_out;
}
