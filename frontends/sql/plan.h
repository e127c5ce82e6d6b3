// What of a query a table is asked for: constraints pushed into its cursor, the
// columns that are used, and what that is likely to cost.
#ifndef SQL_PLAN_H
#define SQL_PLAN_H

#include <sqlite3.h>

#include "kernlens/table.h"

enum { SQL_PLAN_PUSHED = 16 }; // constraints handed to one cursor

// xBestIndex for a table: SQLITE_OK or SQLITE_NOMEM.
int sql_plan_make(const struct kl_table *table, sqlite3_index_info *info);
// Of the text that it left in idxStr: constraint i, and the columns wanted, of
// a plan with that many constraints.
void sql_plan_column(const char *plan, int i, uint32_t *column, enum kl_op *op);
uint64_t sql_plan_wanted(const char *plan, int pushed);

#endif
