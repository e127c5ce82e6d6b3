// Rows of a table that a query asks for again and again, kept.
//
// SQLite joins by asking the inner table once for each row of the outer one. A
// table that can't go straight to what is asked for walks all of itself each
// time. So what such walks cost is counted, and as much again is spent, piece
// by piece, on one walk over the whole table, whose rows are kept and found by
// the columns of the equalities. From then on rows come from there. Never more
// than twice the work without it; what a dump holds does not change, so what
// is kept holds for the session.
#ifndef SQL_KEPT_H
#define SQL_KEPT_H

#include "kernlens/table.h"

struct kl_dump;

enum { SQL_KEPT_KEYS = 4 }; // columns of equalities; more: nothing is kept

struct sql_kept;     // rows of one table, for one set of columns and keys
struct sql_kept_row; // opaque

// What one cursor asks: equalities on these columns, in this order.
struct sql_kept_plan {
  const struct kl_table *table;
  uint64_t columns; // that are wanted, constrained ones included
  uint32_t keys[SQL_KEPT_KEYS];
  size_t n_keys; // at least 1
};

// The rows for a plan; the list (null at first) belongs to the caller, who
// frees it as a whole. Null when memory is short or there are too many plans.
struct sql_kept *sql_kept_find(struct sql_kept **list, const struct sql_kept_plan *plan);
void sql_kept_free(struct sql_kept *list);

// A cursor was opened or stepped for this plan, which took so many steps.
void sql_kept_spent(struct sql_kept *kept, uint64_t steps);
// Goes on keeping, as far as was spent. True once all rows are kept.
// *cancelled: the user wants no more.
bool sql_kept_ready(struct sql_kept *kept, struct kl_dump *dump, bool *cancelled);

// The first row that may have these keys (values in the order of the plan's),
// and the next; null at the end. The caller looks at the cells: rows of other
// keys may be among them.
const struct sql_kept_row *sql_kept_first(const struct sql_kept *kept, const struct kl_cell *values);
const struct sql_kept_row *sql_kept_next(const struct sql_kept_row *row);
// The cell of a column that is wanted.
const struct kl_cell *sql_kept_cell(const struct sql_kept *kept, const struct sql_kept_row *row, uint32_t column);

// A table may go straight to an object that its own walk does not find (a task
// that is in no list): where no row is kept, ask the table itself, once: note a
// miss when it has none either.
bool sql_kept_missed(const struct sql_kept *kept, const struct kl_cell *values);
void sql_kept_miss(struct sql_kept *kept, const struct kl_cell *values);

#endif
