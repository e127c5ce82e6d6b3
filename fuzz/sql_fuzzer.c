// SQL over a synthetic guest: the input is what somebody who is not trusted
// asks. The dump is whole; the questions are not.
#include <sqlite3.h>
#include <string.h>

#include "attached.h"
#include "sql.h"

enum {
  MOST_ASKED = 4096,     // bytes of SQL
  MOST_STATEMENTS = 4,   // of one input
  ROWS = 32,             // of one statement
  CHECKS = 12,           // between which SQLite or the core does some thousand steps
  MEMORY = 32 << 20,     // of SQLite
  LONGEST_TEXT = 1 << 14 // so that no function takes long
};

static struct sql *sql;
static uint32_t checks; // left; 0: stop
static int tables;      // and views, in the schema

static bool enough(void) {
  return checks == 0 || --checks == 0;
}

static _Bool stop(void *user) {
  (void)user;
  return enough();
}

// What a query could change, if it could change anything.
static int count_schema(sqlite3 *db) {
  sqlite3_stmt *s = NULL;
  checks = CHECKS;
  FUZZ_REQUIRE(sqlite3_prepare_v2(db, "SELECT count(*) FROM sqlite_schema", -1, &s, NULL) == SQLITE_OK);
  FUZZ_REQUIRE(sqlite3_step(s) == SQLITE_ROW);
  int n = sqlite3_column_int(s, 0);
  sqlite3_finalize(s);
  return n;
}

static void open_once(void) {
  static const struct sql_limits limits = {.memory_bytes = MEMORY};
  struct attached *a = attached_begin(0, (struct kl_bytes){0});
  checks = CHECKS;
  a->dump->options.progress.stop = stop;
  a->dump->options.limits.steps = 1 << 16;
  FUZZ_REQUIRE(sql_open(a->dump, &limits, enough, &sql, NULL) == SQLITE_OK);
  sqlite3_limit(sql_handle(sql), SQLITE_LIMIT_LENGTH, LONGEST_TEXT);
  tables = count_schema(sql_handle(sql));
  FUZZ_REQUIRE(tables > 0);
}

// No answer of SQLite's that would mean a defect of ours.
static int fine(int rc) {
  FUZZ_REQUIRE(rc != SQLITE_INTERNAL && rc != SQLITE_MISUSE && rc != SQLITE_CORRUPT && rc != SQLITE_READONLY);
  return rc;
}

static void read_row(sqlite3_stmt *s) {
  for (int i = 0; i < sqlite3_column_count(s); i++) {
    const unsigned char *text = sqlite3_column_text(s, i);
    int n = sqlite3_column_bytes(s, i);
    FUZZ_REQUIRE(!text || (n >= 0 && n <= 2 * LONGEST_TEXT && text[n] == 0));
  }
}

static void run(sqlite3_stmt *s) {
  checks = CHECKS;
  sql_begin(sql);
  for (int rows = 0; rows < ROWS && fine(sqlite3_step(s)) == SQLITE_ROW; rows++)
    read_row(s);
  FUZZ_REQUIRE(sqlite3_stmt_readonly(s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  char text[MOST_ASKED + 1];
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  size_t asked = input.body.n < MOST_ASKED ? input.body.n : MOST_ASKED;
  if (!sql)
    open_once();
  if (asked)
    memcpy(text, input.body.p, asked);
  text[asked] = 0;
  sqlite3 *db = sql_handle(sql);
  const char *rest = text;
  for (int i = 0; i < MOST_STATEMENTS && *rest; i++) {
    sqlite3_stmt *s = NULL;
    checks = CHECKS;
    if (fine(sqlite3_prepare_v2(db, rest, -1, &s, &rest)) != SQLITE_OK)
      break;
    if (s)
      run(s);
    sqlite3_finalize(s);
  }
  FUZZ_REQUIRE(sqlite3_total_changes(db) == 0 && sqlite3_get_autocommit(db));
  FUZZ_REQUIRE(count_schema(db) == tables);
  FUZZ_REQUIRE(sqlite3_memory_used() <= MEMORY);
  return 0;
}
