// One table of a guest that was attached to: the input is a page script that
// lies over the guest's memory. The options say which guest and which table.
#include <string.h>

#include "attached.h"
#include "kernlens/table.h"
#include "rows.h"

enum { ROWS = 64, STEPS = 1 << 10, READS_A_STEP = 64, READS_MORE = 1 << 13 };

static struct kl_constraint constraint_of(struct fuzz_input *input, const struct kl_table *table) {
  uint8_t column = fuzz_option8(input), op = fuzz_option8(input);
  struct kl_constraint c = {.column = column % table->n_columns, .op = (enum kl_op)(op % (KL_OP_GE + 1))};
  enum kl_cell_kind kind = table->columns[c.column].kind;
  uint64_t v = fuzz_option16(input);
  v |= op & 64 ? 0xffff888000000000 : 0;
  c.value = (struct kl_cell){.kind = op & 32 ? KL_CELL_U64 : kind, .u64 = v, .i64 = (int64_t)v};
  if (c.value.kind == KL_CELL_TEXT || c.value.kind == KL_CELL_BYTES) {
    c.value.data = input->body.p;
    c.value.n = v < input->body.n ? (size_t)v : input->body.n;
  }
  return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  uint8_t flags = fuzz_option8(&input), which = fuzz_option8(&input);
  const struct kl_table *table = attached_table(fuzz_option16(&input));
  struct attached *a = attached_begin(which, input.body);
  a->fail_at = fuzz_option16(&input);
  a->fail_once = flags & 1;
  a->poison = flags & 2;
  struct kl_query query = {.table = table, .columns = ~0ull, .steps = STEPS};
  if (flags & 4)
    query.steps = fuzz_option8(&input);
  if (flags & 8) // what is asked for, beside what a constraint names
    query.columns = fuzz_option32(&input);
  struct kl_constraint constraint;
  if (flags & 16) {
    constraint = constraint_of(&input, table);
    query.constraints = &constraint;
    query.n_constraints = 1;
  }
  (void)fuzz_read_rows(a->dump, &query, ROWS, NULL);
  // Steps bound reads, or a guest decides how long it takes.
  FUZZ_REQUIRE(a->reads <= (uint64_t)READS_A_STEP * STEPS + READS_MORE);
  attached_end(a);
  return 0;
}
