// What of a query a table is asked for: SQLite's planning, as idxStr.
#include <stdlib.h>

#include "kernlens/table.h"
#include "plan.h"
#include "sql_internal.h"

enum { USUAL_ROWS = 200 }; // of a table that does not say

struct pushes { // how many constraints of each kind
  int equal, equal_paying, bounded, bounded_paying;
};

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

// What a query finds, as far as can be known without asking: how many rows a
// table has is what such tables have.
struct estimate {
  double rows, cost;
};

// An equality that a table pushes goes to one object; any other needs the whole
// walk the first time, and little when it comes again (kept.h).
static struct estimate estimate_of(const struct kl_table *t, const struct pushes *p, bool costly) {
  double rows = t->flags & KL_TABLE_ONE_ROW ? 1 : t->typical_rows ? t->typical_rows : USUAL_ROWS;
  struct estimate e = {rows, rows};
  if (p->equal_paying)
    e = (struct estimate){rows / 100 + 1, rows / 100 + 5};
  else if (p->equal)
    e = (struct estimate){rows / 20 + 1, rows / 10 + 20};
  else if (p->bounded_paying)
    e = (struct estimate){rows / 8 + 1, rows / 8 + 1};
  else if (p->bounded)
    e.rows = rows / 4 + 1;
  if (costly)
    e.cost *= 2;
  return e;
}

static bool any_costly(const struct kl_table *t, uint64_t columns) {
  for (uint32_t i = 0; i < t->n_columns; i++)
    if (columns >> i & 1 && t->columns[i].flags & KL_COLUMN_COSTLY)
      return true;
  return false;
}

// idxStr: for each pushed constraint three characters: column (2 hex digits)
// and operator (a digit); a blank; the columns that are wanted, in hex. idxNum is
// not used.
int sql_plan_make(const struct kl_table *t, sqlite3_index_info *info) {
  char plan[SQL_PLAN_PUSHED * 3 + 1];
  int pushed = 0;
  struct pushes kinds = {0};
  for (int i = 0; i < info->nConstraint && pushed < SQL_PLAN_PUSHED; i++) {
    int column = info->aConstraint[i].iColumn;
    enum kl_op op;
    if (column < 0 || !info->aConstraint[i].usable || !op_of(info->aConstraint[i].op, &op) ||
        !pushable(&t->columns[column], op))
      continue;
    bool paying = t->columns[column].flags & KL_COLUMN_PUSHED;
    *(op == KL_OP_EQ ? paying ? &kinds.equal_paying : &kinds.equal
      : paying       ? &kinds.bounded_paying
                     : &kinds.bounded) += 1;
    sqlite3_snprintf(4, plan + 3 * (size_t)pushed, "%02x%d", column, (int)op);
    info->aConstraintUsage[i].argvIndex = ++pushed;
    // An address may be asked for as a number, which SQLite would not find
    // equal to its text.
    info->aConstraintUsage[i].omit = t->columns[column].kind == KL_CELL_ADDRESS;
  }
  plan[3 * (size_t)pushed] = 0;
  struct estimate e = estimate_of(t, &kinds, any_costly(t, info->colUsed));
  info->estimatedCost = e.cost;
  info->estimatedRows = (sqlite3_int64)e.rows;
  info->idxStr = sqlite3_mprintf("%s %llx", plan, info->colUsed);
  info->needToFreeIdxStr = 1;
  return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

static unsigned hex_value(char c) {
  return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void sql_plan_column(const char *plan, int i, uint32_t *column, enum kl_op *op) {
  plan += 3 * (size_t)i;
  *column = hex_value(plan[0]) << 4 | hex_value(plan[1]);
  *op = (enum kl_op)hex_value(plan[2]);
}

uint64_t sql_plan_wanted(const char *plan, int pushed) {
  return strtoull(plan + 3 * (size_t)pushed, NULL, 16);
}
