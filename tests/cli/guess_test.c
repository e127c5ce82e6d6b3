// "Did you mean": close names and no far-fetched ones.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli.h"

static const char *guess(const char *typed) {
  const char *const names[] = {"tasks", "tables", "kernel", "segments", "symbols", "members", "bpf_maps", "format"};
  struct cli_guess g = {.typed = typed};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    cli_guess_offer(&g, names[i]);
  return g.best ? g.best : "";
}

static void close_names_are_found(void **state) {
  (void)state;
  assert_string_equal(guess("task"), "tasks");     // the beginning
  assert_string_equal(guess("tsaks"), "tasks");    // transposed
  assert_string_equal(guess("symbls"), "symbols"); // a letter lost
  assert_string_equal(guess("kernell"), "kernel");
  assert_string_equal(guess("bpf-maps"), "bpf_maps");
  assert_string_equal(guess("segmnet"), "segments");
}

static void far_names_are_not_forced(void **state) {
  (void)state;
  assert_string_equal(guess("x"), "");
  assert_string_equal(guess("guest.elf"), "");
  assert_string_equal(guess("processes"), "");
  assert_string_equal(guess(""), "");
  char long_name[200];
  memset(long_name, 't', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = 0;
  assert_string_equal(guess(long_name), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(close_names_are_found),
                                     cmocka_unit_test(far_names_are_not_forced)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
