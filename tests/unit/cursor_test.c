// The generic part of every table, on tables made for the test.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tables/cursor.h"

// A table of numbers 0 .. 9: n, its name ("n3"), its square, and a cell that
// can't be read where n is odd.
enum { N, NAME, SQUARE, ODD, COLUMNS };
static const struct kl_column columns[] = {
    [N] = {"n", KL_CELL_U64, KL_COLUMN_PUSHED, "number"},
    [NAME] = {"name", KL_CELL_TEXT, 0, "its name"},
    [SQUARE] = {"square", KL_CELL_I64, KL_COLUMN_COSTLY, "its square"},
    [ODD] = {"odd", KL_CELL_ADDRESS, KL_COLUMN_HIDDEN, "unreadable when odd"},
};

struct state {
  uint64_t next;
  uint64_t squares; // computed
};

static enum kl_status next_number(struct kl_cursor *c) {
  struct state *s = c->state;
  if (s->next == 10)
    return KL_END;
  uint64_t n = s->next++;
  char name[2] = {'n', (char)('0' + n)};
  kl_put(c, N, KL_OK, 0, n);
  kl_put_bytes(c, NAME, KL_OK, 0, name, 2);
  kl_put(c, ODD, n % 2 ? KL_ERR_ABSENT : KL_OK, 0x1000 + n, n);
  if (!kl_keeps(c))
    return KL_OK;
  if (kl_wants(c, SQUARE))
    s->squares++;
  kl_put(c, SQUARE, KL_OK, 0, n * n);
  return KL_OK;
}

static const struct kl_table_code numbers_code = {
    .state_bytes = sizeof(struct state), .text_bytes = 4, .next = next_number};
static const struct kl_table numbers = {.name = "numbers",
                                        .flags = KL_TABLE_IMAGE_ONLY,
                                        .n_columns = COLUMNS,
                                        .columns = columns,
                                        .code = &numbers_code};

struct fixture {
  struct kl_dump dump;
  struct kl_diagnostic diagnostics[8];
  _Alignas(16) uint8_t memory[4096];
  struct kl_cursor *cursor;
  const struct kl_cell *cells;
};

static int setup(void **state) {
  struct fixture *f = aligned_alloc(16, (sizeof *f + 15) & ~(size_t)15);
  memset(f, 0, sizeof *f);
  f->dump.options.limits = kl_limits_default();
  f->dump.diagnostics = (struct kl_diagnostics){.items = f->diagnostics, .capacity = 8};
  memset(f->memory, 0xa5, sizeof f->memory); // nothing may be taken for zeroed
  *state = f;
  return 0;
}

static int teardown(void **state) {
  free(*state);
  return 0;
}

static struct kl_cell number(uint64_t v) {
  return (struct kl_cell){.kind = KL_CELL_U64, .u64 = v};
}
static struct kl_cell word(const char *s) {
  return (struct kl_cell){.kind = KL_CELL_TEXT, .data = (const uint8_t *)s, .n = strlen(s)};
}

static void open_on(struct fixture *f, const struct kl_table *table, const struct kl_constraint *constraints,
                    size_t n, uint64_t wanted, uint64_t steps) {
  struct kl_query query = {table, constraints, n, wanted, steps};
  assert_true(kl_cursor_bytes(table) <= sizeof f->memory);
  assert_int_equal(kl_cursor_open(&f->dump, &query, f->memory, kl_cursor_bytes(table), &f->cursor), KL_OK);
}

static uint64_t count_rows(struct fixture *f) {
  uint64_t rows = 0;
  while (kl_cursor_next(f->cursor, &f->cells) == KL_OK)
    rows++;
  return rows;
}

static void rows_come_in_order_and_end(void **state) {
  struct fixture *f = *state;
  open_on(f, &numbers, NULL, 0, 1 << N | 1 << NAME | 1 << SQUARE, 0);
  for (uint64_t n = 0; n < 10; n++) {
    assert_int_equal(kl_cursor_next(f->cursor, &f->cells), KL_OK);
    assert_int_equal(f->cells[N].u64, n);
    assert_int_equal(f->cells[NAME].n, 2);
    assert_int_equal(f->cells[NAME].data[1], '0' + n);
    assert_int_equal(f->cells[SQUARE].i64, n * n);
    assert_int_equal(f->cells[ODD].kind, KL_CELL_NULL); // not wanted
  }
  assert_int_equal(kl_cursor_next(f->cursor, &f->cells), KL_END);
  assert_int_equal(kl_cursor_next(f->cursor, &f->cells), KL_END);
  assert_false(kl_cursor_partial(f->cursor));
  assert_int_equal(f->dump.diagnostics.used, 0);
}

static void all_constraints_must_hold(void **state) {
  struct fixture *f = *state;
  const struct {
    struct kl_constraint k[2];
    size_t n;
    uint64_t rows;
  } cases[] = {
      {{{N, KL_OP_EQ, {0}}}, 1, 1},
      {{{N, KL_OP_LT, {0}}}, 1, 3},
      {{{N, KL_OP_LE, {0}}}, 1, 4},
      {{{N, KL_OP_GT, {0}}}, 1, 6},
      {{{N, KL_OP_GE, {0}}}, 1, 7},
      {{{N, KL_OP_GE, {0}}, {N, KL_OP_LT, {0}}}, 2, 0},
      {{{N, KL_OP_GE, {0}}, {NAME, KL_OP_LE, {0}}}, 2, 3},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct kl_constraint k[2];
    memcpy(k, cases[i].k, sizeof k);
    for (size_t j = 0; j < 2; j++)
      k[j].value = k[j].column == NAME ? word("n5") : number(3);
    open_on(f, &numbers, k, cases[i].n, 1 << N, 0);
    assert_int_equal(count_rows(f), cases[i].rows);
  }
}

static void a_constrained_column_is_filled_though_nobody_shows_it(void **state) {
  struct fixture *f = *state;
  const struct kl_constraint k = {NAME, KL_OP_EQ, word("n7")};
  open_on(f, &numbers, &k, 1, 1 << N, 0);
  assert_int_equal(kl_cursor_next(f->cursor, &f->cells), KL_OK);
  assert_int_equal(f->cells[N].u64, 7);
  assert_int_equal(f->cells[NAME].kind, KL_CELL_TEXT);
}

static void costly_cells_are_left_out_of_rows_that_are_not_kept(void **state) {
  struct fixture *f = *state;
  const struct kl_constraint k = {N, KL_OP_EQ, number(4)};
  open_on(f, &numbers, &k, 1, 1 << SQUARE, 0);
  assert_int_equal(count_rows(f), 1);
  assert_int_equal(((struct state *)f->cursor->state)->squares, 1);
}

static void unreadable_cells_of_given_rows_are_diagnosed(void **state) {
  struct fixture *f = *state;
  const struct kl_constraint k = {N, KL_OP_GE, number(6)};
  open_on(f, &numbers, &k, 1, 1 << N | 1 << ODD, 0);
  assert_int_equal(count_rows(f), 4);
  assert_true(kl_cursor_partial(f->cursor));
  assert_int_equal(f->dump.diagnostics.used, 1);
  assert_string_equal(f->diagnostics[0].subject, "numbers");
  assert_string_equal(f->diagnostics[0].what, "odd");
  assert_int_equal(f->diagnostics[0].reason, KL_ERR_ABSENT);
  assert_int_equal(f->diagnostics[0].object, 0x1007);
  assert_int_equal(f->diagnostics[0].count, 2); // 7 and 9, not 1, 3 and 5
}

static void a_row_that_can_not_be_judged_is_left_out_and_said(void **state) {
  struct fixture *f = *state;
  const struct kl_constraint k[] = {{ODD, KL_OP_GE, number(0)}, {N, KL_OP_LT, number(2)}};
  open_on(f, &numbers, k, 2, 1 << N, 0);
  assert_int_equal(count_rows(f), 1); // 0; and 1 may or may not belong
  assert_true(kl_cursor_partial(f->cursor));
  assert_int_equal(f->diagnostics[0].count, 1);
}

static void the_budget_ends_a_walk_that_gives_no_row(void **state) {
  struct fixture *f = *state;
  const struct kl_constraint k = {N, KL_OP_EQ, number(9)};
  open_on(f, &numbers, &k, 1, 1 << N, 5);
  assert_int_equal(kl_cursor_next(f->cursor, &f->cells), KL_ERR_BUDGET);
  assert_int_equal(kl_cursor_next(f->cursor, &f->cells), KL_END);
  assert_true(kl_cursor_partial(f->cursor));
  assert_int_equal(f->diagnostics[0].reason, KL_ERR_BUDGET);
}

static void memory_that_does_not_fit_is_refused(void **state) {
  struct fixture *f = *state;
  struct kl_query query = {.table = &numbers, .columns = 1};
  size_t n = kl_cursor_bytes(&numbers);
  assert_int_equal(kl_cursor_open(&f->dump, &query, f->memory, n - 1, &f->cursor), KL_ERR_ARGUMENT);
  assert_int_equal(kl_cursor_open(&f->dump, &query, f->memory + 8, n, &f->cursor), KL_ERR_ARGUMENT);
  const struct kl_constraint k = {COLUMNS, KL_OP_EQ, number(9)};
  query.constraints = &k;
  query.n_constraints = 1;
  assert_int_equal(kl_cursor_open(&f->dump, &query, f->memory, n, &f->cursor), KL_ERR_ARGUMENT);
}

static void a_kernel_table_wants_an_attached_dump(void **state) {
  struct fixture *f = *state;
  struct kl_table table = numbers;
  table.flags = 0;
  struct kl_query query = {.table = &table, .columns = 1};
  assert_int_equal(kl_cursor_open(&f->dump, &query, f->memory, sizeof f->memory, &f->cursor), KL_ERR_ARGUMENT);
}

// A table whose text does not fit, and whose walk breaks off.
static enum kl_status next_long(struct kl_cursor *c) {
  uint64_t *n = c->state;
  if (++*n == 3)
    return KL_ERR_CYCLE;
  kl_put_bytes(c, NAME, KL_OK, 0x42, "abcdefgh", 8);
  kl_put(c, N, KL_OK, 0, *n);
  return KL_OK;
}
static const struct kl_table_code long_code = {.state_bytes = 8, .text_bytes = 4, .next = next_long};
static const struct kl_table long_table = {
    .name = "long", .flags = KL_TABLE_IMAGE_ONLY, .n_columns = COLUMNS, .columns = columns, .code = &long_code};

static void text_that_does_not_fit_is_cut_and_said(void **state) {
  struct fixture *f = *state;
  open_on(f, &long_table, NULL, 0, 1 << NAME, 0);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(kl_cursor_next(f->cursor, &f->cells), KL_OK);
    assert_int_equal(f->cells[NAME].n, 4);
    assert_memory_equal(f->cells[NAME].data, "abcd", 4);
  }
  assert_int_equal(f->diagnostics[0].reason, KL_ERR_LIMIT);
  assert_int_equal(f->diagnostics[0].object, 0x42);
  assert_int_equal(f->diagnostics[0].count, 2);
}

static void text_that_nobody_wants_costs_nothing_and_loses_nothing(void **state) {
  struct fixture *f = *state;
  open_on(f, &long_table, NULL, 0, 1 << N, 0);
  assert_int_equal(kl_cursor_next(f->cursor, &f->cells), KL_OK);
  assert_false(kl_cursor_partial(f->cursor));
}

static void a_walk_that_breaks_off_is_said_once(void **state) {
  struct fixture *f = *state;
  open_on(f, &long_table, NULL, 0, 1 << N, 0);
  assert_int_equal(count_rows(f), 2);
  assert_int_equal(kl_cursor_next(f->cursor, &f->cells), KL_END);
  assert_int_equal(f->dump.diagnostics.used, 1);
  assert_string_equal(f->diagnostics[0].what, "rows");
  assert_int_equal(f->diagnostics[0].reason, KL_ERR_CYCLE);
}

// A table that never ends, to be cancelled.
static enum kl_status next_for_ever(struct kl_cursor *c) {
  kl_put(c, N, KL_OK, 0, 1);
  return KL_OK;
}
static const struct kl_table_code endless_code = {.next = next_for_ever};
static const struct kl_table endless = {.name = "endless",
                                        .flags = KL_TABLE_IMAGE_ONLY,
                                        .n_columns = COLUMNS,
                                        .columns = columns,
                                        .code = &endless_code};

static bool no_more(void *user, const char *stage, uint64_t done, uint64_t total) {
  assert_string_equal(stage, "endless");
  assert_int_equal(total, 0);
  *(uint64_t *)user = done;
  return false;
}

static void a_walk_without_rows_can_be_cancelled(void **state) {
  struct fixture *f = *state;
  uint64_t done = 0;
  f->dump.options.progress = (struct kl_progress){.user = &done, .report = no_more};
  const struct kl_constraint k = {N, KL_OP_EQ, number(2)};
  open_on(f, &endless, &k, 1, 1 << N, 0);
  assert_int_equal(kl_cursor_next(f->cursor, &f->cells), KL_ERR_CANCELLED);
  assert_true(done > 0);
}

static void pushed_bounds_are_those_that_all_constraints_leave(void **state) {
  struct fixture *f = *state;
  const struct {
    struct kl_constraint k[3];
    size_t n;
    bool possible;
    uint64_t min, max;
  } cases[] = {
      {{{0}}, 0, true, 0, UINT64_MAX},
      {{{N, KL_OP_GE, {0}}}, 1, true, 10, UINT64_MAX},
      {{{N, KL_OP_GT, {0}}, {N, KL_OP_LT, {0}}}, 2, false, 0, 0},
      {{{N, KL_OP_GE, {0}}, {N, KL_OP_LE, {0}}}, 2, true, 10, 10},
      {{{N, KL_OP_EQ, {0}}}, 1, true, 10, 10},
      {{{SQUARE, KL_OP_EQ, {0}}}, 1, true, 0, UINT64_MAX}, // another column
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct kl_constraint k[3];
    memcpy(k, cases[i].k, sizeof k);
    for (size_t j = 0; j < 3; j++)
      k[j].value = number(10);
    open_on(f, &numbers, k, cases[i].n, 1, 0);
    uint64_t min, max;
    assert_int_equal(kl_pushed_range(f->cursor, N, &min, &max), cases[i].possible);
    if (!cases[i].possible)
      continue;
    assert_int_equal(min, cases[i].min);
    assert_int_equal(max, cases[i].max);
  }
  struct kl_constraint edge = {N, KL_OP_LT, number(0)};
  uint64_t min, max;
  open_on(f, &numbers, &edge, 1, 1, 0);
  assert_false(kl_pushed_range(f->cursor, N, &min, &max));
  edge = (struct kl_constraint){N, KL_OP_GT, number(UINT64_MAX)};
  open_on(f, &numbers, &edge, 1, 1, 0);
  assert_false(kl_pushed_range(f->cursor, N, &min, &max));
  // What is no unsigned number is left to the generic check.
  edge = (struct kl_constraint){N, KL_OP_GT, {.kind = KL_CELL_I64, .i64 = -1}};
  open_on(f, &numbers, &edge, 1, 1, 0);
  assert_true(kl_pushed_range(f->cursor, N, &min, &max));
  assert_int_equal(min, 0);
  assert_false(kl_pushed_u64(f->cursor, N, &min));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(rows_come_in_order_and_end),
      TEST(all_constraints_must_hold),
      TEST(a_constrained_column_is_filled_though_nobody_shows_it),
      TEST(costly_cells_are_left_out_of_rows_that_are_not_kept),
      TEST(unreadable_cells_of_given_rows_are_diagnosed),
      TEST(a_row_that_can_not_be_judged_is_left_out_and_said),
      TEST(the_budget_ends_a_walk_that_gives_no_row),
      TEST(memory_that_does_not_fit_is_refused),
      TEST(a_kernel_table_wants_an_attached_dump),
      TEST(text_that_does_not_fit_is_cut_and_said),
      TEST(text_that_nobody_wants_costs_nothing_and_loses_nothing),
      TEST(a_walk_that_breaks_off_is_said_once),
      TEST(a_walk_without_rows_can_be_cancelled),
      TEST(pushed_bounds_are_those_that_all_constraints_leave),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
