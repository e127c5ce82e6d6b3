// Rows kept by their keys.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kept_rows.h"

enum { KEY, TEXT, NUMBER, COLUMNS };
static struct cli_kept_rows kept;
static struct kl_cell row[COLUMNS];

static int setup(void **state) {
  (void)state;
  cli_kept_init(&kept, 1u << KEY, 1u << TEXT | 1u << NUMBER, COLUMNS);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  cli_kept_free(&kept);
  return 0;
}

static const struct kl_cell *make(uint64_t key, const char *text, uint64_t number) {
  memset(row, 0, sizeof row);
  row[KEY] = (struct kl_cell){.kind = KL_CELL_U64, .u64 = key};
  row[TEXT] = (struct kl_cell){.kind = KL_CELL_TEXT, .data = (const uint8_t *)text, .n = strlen(text)};
  row[NUMBER] = (struct kl_cell){.kind = KL_CELL_I64, .u64 = number, .i64 = (int64_t)number};
  return row;
}

static void a_row_comes_back_as_it_was_kept(void **state) {
  (void)state;
  assert_int_equal(cli_kept_add(&kept, make(7, "seven", (uint64_t)-7)), KL_OK);
  row[TEXT] = (struct kl_cell){.kind = KL_CELL_NULL};
  row[NUMBER] = (struct kl_cell){.kind = KL_CELL_UNREADABLE, .why = KL_ERR_FILTERED};
  row[KEY].u64 = 8;
  assert_int_equal(cli_kept_add(&kept, row), KL_OK);
  struct kl_cell cells[COLUMNS];
  cli_kept_cells(&kept, 0, cells);
  assert_int_equal(cells[KEY].u64, 7);
  assert_int_equal(cells[TEXT].n, 5);
  assert_memory_equal(cells[TEXT].data, "seven", 5);
  assert_int_equal(cells[NUMBER].kind, KL_CELL_I64);
  assert_int_equal(cells[NUMBER].i64, -7);
  cli_kept_cells(&kept, 1, cells);
  assert_int_equal(cells[TEXT].kind, KL_CELL_NULL);
  assert_int_equal(cells[NUMBER].kind, KL_CELL_UNREADABLE);
  assert_int_equal(cells[NUMBER].why, KL_ERR_FILTERED);
}

static void rows_are_found_by_their_keys_only(void **state) {
  (void)state;
  enum { ROWS = 20000 };
  for (uint64_t i = 0; i < ROWS; i++)
    assert_int_equal(cli_kept_add(&kept, make(i * 3, "text", i)), KL_OK);
  assert_int_equal(cli_kept_index(&kept), KL_OK);
  for (uint64_t i = ROWS; i-- > 0;)
    assert_int_equal(cli_kept_take(&kept, make(i * 3, "other", 99)), i);
  assert_int_equal(cli_kept_take(&kept, make(1, "text", 0)), SIZE_MAX);
}

static void rows_of_one_key_are_taken_in_turn(void **state) {
  (void)state;
  assert_int_equal(cli_kept_add(&kept, make(1, "first", 0)), KL_OK);
  assert_int_equal(cli_kept_add(&kept, make(1, "second", 0)), KL_OK);
  assert_int_equal(cli_kept_index(&kept), KL_OK);
  assert_int_equal(cli_kept_take(&kept, make(1, "", 0)), 0);
  assert_false(cli_kept_taken(&kept, 1));
  assert_int_equal(cli_kept_take(&kept, make(1, "", 0)), 1);
  assert_int_equal(cli_kept_take(&kept, make(1, "", 0)), SIZE_MAX);
  assert_true(cli_kept_taken(&kept, 0) && cli_kept_taken(&kept, 1));
}

static void more_than_the_cap_is_refused(void **state) {
  (void)state;
  enum { LONG = 64 << 20 };
  uint8_t *text = calloc(1, LONG);
  assert_non_null(text);
  struct kl_cell cells[COLUMNS] = {{.kind = KL_CELL_U64}, {.kind = KL_CELL_TEXT, .data = text, .n = LONG}};
  enum kl_status status = KL_OK;
  unsigned rows = 0;
  for (; status == KL_OK && rows < 64; rows++) {
    cells[KEY].u64 = rows;
    status = cli_kept_add(&kept, cells);
  }
  assert_int_equal(status, KL_ERR_LIMIT);
  assert_int_equal(rows, CLI_KEPT_BYTES / LONG); // the last one did not fit beside the index
  free(text);
}

static void what_can_not_be_read_is_no_difference(void **state) {
  (void)state;
  struct kl_cell a[64] = {{0}}, b[64] = {{0}};
  a[0] = (struct kl_cell){.kind = KL_CELL_U64, .u64 = 1};
  b[0] = (struct kl_cell){.kind = KL_CELL_UNREADABLE};
  assert_true(cli_rows_same(a, b, 1));
  b[0] = (struct kl_cell){.kind = KL_CELL_NULL};
  assert_false(cli_rows_same(a, b, 1));
  b[0] = (struct kl_cell){.kind = KL_CELL_U64, .u64 = 2};
  assert_false(cli_rows_same(a, b, 1));
  assert_true(cli_rows_same(a, b, 2));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_row_comes_back_as_it_was_kept),       TEST(rows_are_found_by_their_keys_only),
      TEST(rows_of_one_key_are_taken_in_turn),     TEST(more_than_the_cap_is_refused),
      TEST(what_can_not_be_read_is_no_difference),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
