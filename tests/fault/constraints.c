// What a table gives under a constraint is what the whole table has of it, whichever way it found it.
//
// For each synthetic guest and table: the table is read whole; then, for each column and some of the values that
// stand there, under =, <, <=, > and >=, with all columns and with that one alone. A cursor may use a constraint
// to go another way (one process by its number, one frame's file, a stretch of a map): it must come to the same
// rows.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../fuzz/attached.h"
#include "kernlens/table.h"

enum {
  ROWS = 8192,
  VALUES = 4,
  MANY = 1024, // rows: then of one value
  STEPS = 1 << 22,
  CURSOR_BYTES = 32 << 20
};

static uint64_t asked, failures;

struct row {
  uint64_t sum; // of all its cells
  struct kl_cell *cells;
};

struct reading {
  struct row *rows;
  uint64_t n;
  enum kl_status ended; // KL_OK: there are more than ROWS
  bool partial;
};

static void *copy(const void *p, size_t n) {
  void *q = malloc(n ? n : 1);
  FUZZ_REQUIRE(q != NULL);
  if (n)
    memcpy(q, p, n);
  return q;
}

static uint64_t mix(uint64_t sum, uint64_t v) {
  return (sum ^ v) * 0x100000001b3;
}

static bool is_text(enum kl_cell_kind kind) {
  return kind == KL_CELL_TEXT || kind == KL_CELL_BYTES;
}

static uint64_t sum_of(const struct kl_cell *cells, size_t n) {
  uint64_t sum = 0xcbf29ce484222325;
  for (size_t i = 0; i < n; i++) {
    const struct kl_cell *c = &cells[i];
    sum = mix(sum, c->kind);
    if (is_text(c->kind))
      for (size_t at = 0; at < c->n; at++)
        sum = mix(sum, c->data[at]);
    else if (c->kind != KL_CELL_NULL && c->kind != KL_CELL_UNREADABLE)
      sum = mix(sum, c->u64 ^ (uint64_t)c->i64);
  }
  return sum;
}

static void keep(struct reading *r, const struct kl_cell *cells, size_t n) {
  struct row *row = &r->rows[r->n++];
  row->sum = sum_of(cells, n);
  row->cells = copy(cells, n * sizeof *cells);
  for (size_t i = 0; i < n; i++)
    if (is_text(cells[i].kind))
      row->cells[i].data = copy(cells[i].data, cells[i].n);
}

static void forget(struct reading *r, size_t n_columns) {
  for (uint64_t row = 0; row < r->n; row++) {
    for (size_t i = 0; i < n_columns; i++)
      if (is_text(r->rows[row].cells[i].kind))
        free((void *)(uintptr_t)r->rows[row].cells[i].data);
    free(r->rows[row].cells);
  }
  free(r->rows);
}

static struct reading read_rows(struct attached *a, const struct kl_query *query) {
  struct reading r = {.rows = calloc(ROWS, sizeof *r.rows)};
  size_t bytes = (kl_cursor_bytes(query->table) + 15) & ~(size_t)15;
  struct kl_cursor *cursor;
  const struct kl_cell *cells;
  FUZZ_REQUIRE(r.rows != NULL && bytes <= CURSOR_BYTES);
  (void)attached_again(a);
  r.ended = fuzz_status(kl_cursor_open(a->dump, query, fuzz_scratch(bytes), bytes, &cursor));
  r.partial = r.ended != KL_OK;
  if (r.partial)
    return r;
  while (r.n < ROWS && (r.ended = fuzz_status(kl_cursor_next(cursor, &cells))) == KL_OK)
    keep(&r, cells, query->table->n_columns);
  r.partial = kl_cursor_partial(cursor);
  return r;
}

// ── What must come ─────────────────────────────────────────────────────────

// -1, 0, 1: how a cell stands to a value of its kind.
static int order(const struct kl_cell *cell, const struct kl_cell *value) {
  if (is_text(cell->kind)) {
    int n = memcmp(cell->data, value->data, cell->n < value->n ? cell->n : value->n);
    return n ? n : (cell->n > value->n) - (cell->n < value->n);
  }
  if (cell->kind == KL_CELL_I64 || cell->kind == KL_CELL_DURATION || cell->kind == KL_CELL_TIME)
    return (cell->i64 > value->i64) - (cell->i64 < value->i64);
  return (cell->u64 > value->u64) - (cell->u64 < value->u64);
}

static bool meets(const struct kl_cell *cell, const struct kl_constraint *c) {
  if (cell->kind != c->value.kind) // null, or not readable
    return false;
  int o = order(cell, &c->value);
  return c->op == KL_OP_EQ   ? o == 0
         : c->op == KL_OP_LT ? o < 0
         : c->op == KL_OP_LE ? o <= 0
         : c->op == KL_OP_GT ? o > 0
                             : o >= 0;
}

static void compare(struct attached *a, const struct kl_query *query, const struct reading *whole) {
  const struct kl_constraint *c = query->constraints;
  uint64_t n = 0, sums = 0, got = 0;
  for (uint64_t i = 0; i < whole->n; i++)
    if (meets(&whole->rows[i].cells[c->column], c)) {
      n++;
      sums += whole->rows[i].sum;
    }
  struct reading r = read_rows(a, query);
  for (uint64_t i = 0; i < r.n; i++)
    got += r.rows[i].sum;
  asked++;
  bool all = query->columns == UINT64_MAX;
  if (r.n != n || (all && got != sums) || (!whole->partial && r.partial)) {
    failures++;
    printf("%s: %s, column %s, operator %d: %" PRIu64 " rows of %" PRIu64 "%s\n", a->name, query->table->name,
           query->table->columns[c->column].name, (int)c->op, r.n, n, r.partial ? ", partial" : "");
  }
  forget(&r, query->table->n_columns);
}

static void ask(struct attached *a, const struct kl_table *table, const struct reading *whole, uint32_t column,
                const struct kl_cell *value) {
  for (int op = KL_OP_EQ; op <= KL_OP_GE; op++) {
    if (is_text(value->kind) && op != KL_OP_EQ)
      continue;
    struct kl_constraint constraint = {.column = column, .op = (enum kl_op)op, .value = *value};
    struct kl_query query = {
        .table = table, .constraints = &constraint, .n_constraints = 1, .columns = UINT64_MAX, .steps = STEPS};
    compare(a, &query, whole);
    query.columns = 1ull << column;
    compare(a, &query, whole);
  }
}

static void read_table(struct attached *a, const struct kl_table *table) {
  struct kl_query query = {.table = table, .columns = UINT64_MAX, .steps = STEPS};
  struct reading whole = read_rows(a, &query);
  for (uint32_t column = 0; column < table->n_columns && whole.ended == KL_END; column++) {
    const struct kl_cell *last = NULL;
    unsigned values = 0;
    for (uint64_t i = 0; i < whole.n && values < (whole.n > MANY ? 1 : VALUES); i++) {
      const struct kl_cell *value = &whole.rows[(i * 7 + 3) % whole.n].cells[column];
      if (value->kind == KL_CELL_NULL || value->kind == KL_CELL_UNREADABLE || (last && order(last, value) == 0))
        continue;
      ask(a, table, &whole, column, value);
      last = value;
      values++;
    }
  }
  forget(&whole, table->n_columns);
}

int main(void) {
  const struct kl_table *table;
  for (unsigned which = 0; which < ATTACHED_GUESTS; which++) {
    struct attached *a = attached_begin(which, (struct kl_bytes){0});
    for (size_t i = 0; (table = kl_table_at(i)); i++)
      read_table(a, table);
    attached_end(a);
  }
  printf("%" PRIu64 " constraints, %" PRIu64 " failures\n", asked, failures);
  return failures ? 1 : 0;
}
