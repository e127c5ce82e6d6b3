// The whole way: a page script is opened, attached to, and every table is read
// to its end with a small budget.
#include <string.h>

#include "kernel/dump.h"
#include "kernlens/table.h"
#include "page_script.h"

enum { CURSOR_BYTES = 32 << 20, ROWS = 256, STEPS = 1 << 12, PATIENCE = 1 << 12 };

// A cell is what the contract says, and its bytes can be read.
static void check_cell(const struct kl_column *column, const struct kl_cell *cell) {
  if (cell->kind == KL_CELL_UNREADABLE) {
    fuzz_status(cell->why);
    FUZZ_REQUIRE(cell->why != KL_OK && cell->why != KL_END);
    return;
  }
  if (cell->kind == KL_CELL_NULL)
    return;
  FUZZ_REQUIRE(cell->kind == column->kind);
  FUZZ_REQUIRE(cell->kind != KL_CELL_BOOL || cell->u64 <= 1);
  if (cell->kind == KL_CELL_TEXT || cell->kind == KL_CELL_BYTES) {
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < cell->n; i++)
      sum = (uint8_t)(sum + cell->data[i]);
  }
}

static void read_table(struct kl_dump *dump, const struct kl_table *table, struct kl_query query) {
  size_t bytes = kl_cursor_bytes(table);
  FUZZ_REQUIRE(bytes <= CURSOR_BYTES && table->n_columns <= 64);
  void *memory = fuzz_scratch((bytes + 15) & ~(size_t)15);
  query.table = table;
  size_t mark = dump->arena.used;
  struct kl_cursor *cursor;
  enum kl_status opened = fuzz_status(kl_cursor_open(dump, &query, memory, bytes, &cursor));
  for (int i = 0; opened == KL_OK && i < ROWS; i++) {
    const struct kl_cell *row;
    enum kl_status status = fuzz_status(kl_cursor_next(cursor, &row));
    if (status != KL_OK) {
      FUZZ_REQUIRE(status == KL_END || kl_cursor_partial(cursor));
      break;
    }
    for (uint32_t column = 0; column < table->n_columns; column++)
      check_cell(&table->columns[column], &row[column]);
  }
  kl_arena_rewind(&dump->arena, mark);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  uint8_t flags = fuzz_option8(&input);
  struct page_script *script = script_read(input.body, &input);
  // A damaged guest sends attach through every page of it for each way of
  // paging, which the owner of a real dump may cancel. So do we.
  script->patience = PATIENCE;
  script_finish(script, flags & 1 ? 183 : 62, (struct kl_bytes){0});
  struct kl_dump_options options = kl_dump_options_default();
  options.sources = &script->source;
  options.n_sources = 1;
  options.limits = fuzz_limits();
  options.codec = fuzz_codec;
  size_t bytes = flags & 2 ? (size_t)fuzz_option16(&input) * 64 : FUZZ_WORKSPACE;
  struct kl_dump *dump;
  struct kl_diagnostic why = {0};
  void *block = fuzz_workspace_begin(bytes);
  size_t touched = bytes < (1 << 20) ? bytes : 1 << 20;
  if (fuzz_status(kl_dump_open(block, bytes, &options, &dump, &why)) == KL_OK) {
    bool attached = fuzz_status(kl_dump_attach(dump, &why)) == KL_OK;
    FUZZ_REQUIRE(attached || why.what != NULL);
    uint32_t constrained = fuzz_option8(&input);
    struct kl_constraint constraint = {
        .column = 0, .op = KL_OP_EQ, .value = {.kind = KL_CELL_U64, .u64 = fuzz_option16(&input)}};
    struct kl_query query = {.columns = ~0ull, .steps = STEPS};
    const struct kl_table *table;
    for (size_t i = 0; (table = kl_table_at(i)); i++) {
      if (!attached && !(table->flags & KL_TABLE_IMAGE_ONLY))
        continue;
      constraint.column = constrained % table->n_columns;
      query.constraints = &constraint;
      query.n_constraints = flags & 4 ? 1 : 0;
      read_table(dump, table, query);
    }
    touched = dump->arena.peak;
  }
  fuzz_workspace_end(touched);
  return 0;
}
