// SQL over a dump: every table of the registry as a SQLite virtual table.
//
// Each table is eponymous (there is nothing to create), read-only, and pushes
// what it can of WHERE into its cursor; columns that a query does not use are
// not computed. A query may come from somebody who is not trusted: it can read
// the dump, and spend the memory and time that it was given, and nothing else.
//
// Values: numbers are INTEGER (past 2^63 - 1: decimal TEXT), true is 1;
// addresses are TEXT, 0x and 16 digits; bytes are TEXT, hex; text is TEXT as
// the table contract spells it (\xNN for a byte that is not UTF-8). Null and
// unreadable are NULL: the table diagnostics tells the second from the first.
#ifndef SQL_SQL_H
#define SQL_SQL_H

#include <sqlite3.h>
#include <stdbool.h>

#include "kernlens/dump.h"

struct sql_limits {
  int64_t memory_bytes; // of SQLite, whole process; 0: no limit
  int64_t time_ms;      // of the processor, for one statement, from sql_begin on; 0: no limit
};

struct sql; // opaque

// Opens a database over an attached dump (borrowed). cancelled may be null: it
// is asked every few thousand steps. On an error *ret is null and *why (may be
// null) a static string.
int sql_open(struct kl_dump *dump, const struct sql_limits *limits, bool (*cancelled)(void), struct sql **ret,
             const char **why);
void sql_close(struct sql *sql);

// The database handle: for sqlite3_prepare_v2 and the like.
sqlite3 *sql_handle(struct sql *sql);
// Starts the clock of time_ms, to be called before a statement runs.
void sql_begin(struct sql *sql);
// Whether the running statement has to end: for kl_progress.stop, which ends
// walks that give no rows.
bool sql_has_to_stop(struct sql *sql);
// Whether the last statement ended by its time limit.
bool sql_timed_out(const struct sql *sql);

// What SQL calls the type of a column's values: INTEGER or TEXT.
const char *sql_type_of(enum kl_cell_kind kind);

// The views over the tables, in the order in which they are shown: null past
// the last. A view is made only where its tables are.
struct sql_view {
  const char *name;
  const char *doc;      // one line
  const char *needs[4]; // tables; null: no more
  const char *select;
  const char *example; // a query that uses it; null: all of it
};
const struct sql_view *sql_view_at(size_t i);
bool sql_view_present(const struct sql_view *view);

#endif
