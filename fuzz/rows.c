// Reading a table as a frontend does.
#include "rows.h"

#include "kernlens/table.h"

static uint64_t mix(uint64_t sum, uint64_t v) {
  return (sum ^ v) * 0x100000001b3;
}

// A cell is what the contract says, and its bytes can be read.
static uint64_t check_cell(const struct kl_column *column, const struct kl_cell *cell, uint64_t sum) {
  sum = mix(sum, cell->kind);
  if (cell->kind == KL_CELL_UNREADABLE) {
    fuzz_status(cell->why);
    FUZZ_REQUIRE(cell->why != KL_OK && cell->why != KL_END);
    return mix(sum, cell->why);
  }
  if (cell->kind == KL_CELL_NULL)
    return sum;
  FUZZ_REQUIRE(cell->kind == column->kind);
  FUZZ_REQUIRE(cell->kind != KL_CELL_BOOL || cell->u64 <= 1);
  if (cell->kind != KL_CELL_TEXT && cell->kind != KL_CELL_BYTES)
    return mix(sum, cell->u64 ^ (uint64_t)cell->i64);
  for (size_t i = 0; i < cell->n; i++)
    sum = mix(sum, cell->data[i]);
  return sum;
}

struct fuzz_rows fuzz_read_rows(struct kl_dump *dump, const struct kl_query *query, uint64_t max_rows,
                                uint64_t *each) {
  enum { CURSOR_BYTES = 32 << 20 };
  struct fuzz_rows r = {.ended = KL_END, .sum = 0xcbf29ce484222325};
  const struct kl_table *table = query->table;
  size_t bytes = kl_cursor_bytes(table);
  FUZZ_REQUIRE(bytes <= CURSOR_BYTES && table->n_columns <= 64);
  struct kl_cursor *cursor;
  r.opened = fuzz_status(kl_cursor_open(dump, query, fuzz_scratch((bytes + 15) & ~(size_t)15), bytes, &cursor));
  if (r.opened != KL_OK) {
    r.ended = r.opened;
    r.partial = true;
    return r;
  }
  const struct kl_cell *row;
  while (r.rows < max_rows && (r.ended = fuzz_status(kl_cursor_next(cursor, &row))) == KL_OK) {
    r.rows++;
    bool unreadable = false;
    uint64_t sum = 0xcbf29ce484222325;
    for (uint32_t i = 0; i < table->n_columns; i++) {
      sum = check_cell(&table->columns[i], &row[i], sum);
      unreadable |= row[i].kind == KL_CELL_UNREADABLE;
    }
    FUZZ_REQUIRE(!unreadable || kl_cursor_partial(cursor));
    r.sum = mix(r.sum, sum);
    if (each)
      each[r.rows - 1] = sum;
  }
  r.partial = kl_cursor_partial(cursor);
  FUZZ_REQUIRE(r.ended == KL_OK || r.ended == KL_END || r.partial);
  return r;
}
