// Aligned columns where cells are larger than any page.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format.h"

enum { NAME, DATA, N, COLUMNS };
static const struct kl_column columns[] = {[NAME] = {"name", KL_CELL_TEXT, 0, ""},
                                           [DATA] = {"data", KL_CELL_BYTES, 0, ""},
                                           [N] = {"n", KL_CELL_U64, 0, ""}};

static struct cli cli;
static struct cli_output out;
static struct cli_sink sink;
static FILE *file;
static char *text; // what came out, NUL-terminated

// tty: the width of a terminal, or 0 for a file.
static void begin(size_t tty) {
  memset(&out, 0, sizeof out);
  cli.format = CLI_TABLE;
  cli.quiet = true;
  cli_output_init(&out, &cli);
  file = tmpfile();
  assert_non_null(file);
  out.fd = dup(fileno(file));
  out.tty = tty != 0;
  out.width = tty;
  out.color = false;
  cli_sink_init(&sink, &cli, &out, columns, 7);
  cli_sink_begin(&sink);
}

static void row(const char *name, size_t data_bytes, uint64_t n) {
  uint8_t *data = calloc(1, data_bytes + 1);
  assert_non_null(data);
  struct kl_cell cells[COLUMNS] = {
      {.kind = KL_CELL_TEXT, .data = (const uint8_t *)name, .n = strlen(name)},
      {.kind = KL_CELL_BYTES, .data = data, .n = data_bytes},
      {.kind = KL_CELL_U64, .u64 = n},
  };
  assert_true(cli_sink_row(&sink, cells));
  free(data);
}

static void end(void) {
  cli_sink_end(&sink, &cli);
  assert_int_equal(cli_output_end(&out), CLI_ANSWERED);
  long n = (fseek(file, 0, SEEK_END), ftell(file));
  rewind(file);
  text = calloc(1, (size_t)n + 1);
  assert_non_null(text);
  assert_int_equal(fread(text, 1, (size_t)n, file), n);
  fclose(file);
}

static const char *line(size_t i, size_t *n) {
  const char *p = text;
  while (i--)
    p = strchr(p, '\n') + 1;
  *n = strcspn(p, "\n");
  return p;
}

static void a_file_gets_every_byte_of_a_huge_cell(void **state) {
  (void)state;
  size_t n;
  begin(0);
  row("huge", 1 << 20, 1); // too large to hold back, and to measure
  row("small", 2, 2);
  end();
  const char *huge = line(1, &n);
  assert_memory_equal(huge, "huge  0000", 10);
  assert_int_equal(n, 6 + (2 << 20) + 3);
  assert_memory_equal(huge + n - 3, "  1", 3);
  assert_memory_equal(line(2, &n), "small  0000", 11);
  free(text);
}

static void one_wide_row_does_not_widen_all_others(void **state) {
  (void)state;
  size_t n, wide;
  begin(0);
  row("a", 2000, 1);
  row("b", 1, 2);
  end();
  line(1, &wide);
  assert_int_equal(wide, 6 + 4000 + 3);
  line(2, &n);
  assert_int_equal(n, 6 + 120 + 3);
  free(text);
}

static void a_terminal_gets_lines_that_fit(void **state) {
  (void)state;
  begin(40);
  row("a name of some length", 1 << 20, 1);
  row("b", 1, 2);
  end();
  for (size_t i = 0, n; i < 3; i++) {
    const char *p = line(i, &n);
    // The ellipsis takes three bytes and one column.
    for (const char *q = p; (q = strstr(q, "\xe2\x80\xa6")) && q < p + n; q++)
      n -= 2;
    assert_in_range(n, 1, 40);
  }
  free(text);
}

static void rows_past_those_held_back_keep_the_columns(void **state) {
  (void)state;
  size_t first, n;
  begin(0);
  for (uint64_t i = 0; i < 3 * CLI_GRID_ROWS; i++)
    row("name", 4, i % 10);
  end();
  line(0, &first);
  for (size_t i = 1; i <= 3 * CLI_GRID_ROWS; i++) {
    line(i, &n);
    assert_int_equal(n, first);
  }
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_gets_every_byte_of_a_huge_cell),
      cmocka_unit_test(one_wide_row_does_not_widen_all_others),
      cmocka_unit_test(a_terminal_gets_lines_that_fit),
      cmocka_unit_test(rows_past_those_held_back_keep_the_columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
