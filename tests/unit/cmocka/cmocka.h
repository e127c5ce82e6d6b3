// The part of cmocka's API that these tests use, in one header: for targets
// that Debian has no cmocka for (32-bit x86, WebAssembly).
#ifndef KL_TESTS_CMOCKA_H
#define KL_TESTS_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*CMFixtureFunction)(void **state);

struct CMUnitTest {
  const char *name;
  void (*test_func)(void **state);
  CMFixtureFunction setup_func;
  CMFixtureFunction teardown_func;
  void *initial_state;
};

#define cmocka_unit_test(f)                                                                                        \
  { #f, f, NULL, NULL, NULL }
#define cmocka_unit_test_setup(f, setup)                                                                           \
  { #f, f, setup, NULL, NULL }
#define cmocka_unit_test_teardown(f, teardown)                                                                     \
  { #f, f, NULL, teardown, NULL }
#define cmocka_unit_test_setup_teardown(f, setup, teardown)                                                        \
  { #f, f, setup, teardown, NULL }
#define cmocka_unit_test_prestate(f, state)                                                                        \
  { #f, f, NULL, NULL, state }
#define cmocka_unit_test_prestate_setup_teardown(f, setup, teardown, state)                                        \
  { #f, f, setup, teardown, state }

enum { OWN_CMOCKA_FAILED = 1, OWN_CMOCKA_SKIPPED = 2 };
static jmp_buf own_cmocka_leave;

__attribute__((noreturn, format(printf, 3, 4), unused)) static void own_cmocka_fail(const char *file, int line,
                                                                                    const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s:%d: ", file, line);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  longjmp(own_cmocka_leave, OWN_CMOCKA_FAILED);
}

__attribute__((unused)) static void own_cmocka_numbers(uint64_t a, uint64_t b, bool wanted, const char *text,
                                                       const char *file, int line) {
  if ((a == b) != wanted)
    own_cmocka_fail(file, line, "%s: 0x%llx, 0x%llx", text, (unsigned long long)a, (unsigned long long)b);
}

__attribute__((unused)) static void own_cmocka_memory(const void *a, const void *b, size_t n, bool wanted,
                                                      const char *text, const char *file, int line) {
  const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;
  size_t i = 0;
  while (i < n && x[i] == y[i])
    i++;
  if ((i == n) != wanted)
    own_cmocka_fail(file, line, "%s: first difference at byte %zu of %zu", text, i, n);
}

#define OWN_CMOCKA_NUMBERS(a, b, wanted, op)                                                                       \
  own_cmocka_numbers((uint64_t)(a), (uint64_t)(b), wanted, #a " " op " " #b, __FILE__, __LINE__)
// As cmocka has it: pointers too may be asserted true.
#define assert_true(c) ((c) ? (void)0 : own_cmocka_fail(__FILE__, __LINE__, "%s", #c))
#define assert_false(c) ((c) ? own_cmocka_fail(__FILE__, __LINE__, "not %s", #c) : (void)0)
#define assert_null(p) assert_true((p) == NULL)
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_ptr_equal(a, b) assert_true((const void *)(a) == (const void *)(b))
#define assert_ptr_not_equal(a, b) assert_true((const void *)(a) != (const void *)(b))
#define assert_int_equal(a, b) OWN_CMOCKA_NUMBERS(a, b, true, "==")
#define assert_int_not_equal(a, b) OWN_CMOCKA_NUMBERS(a, b, false, "!=")
#define assert_in_range(v, low, high)                                                                              \
  assert_true((uint64_t)(v) >= (uint64_t)(low) && (uint64_t)(v) <= (uint64_t)(high))
#define assert_return_code(code, error) assert_true((code) >= 0)
#define assert_string_equal(a, b)                                                                                  \
  (strcmp(a, b) ? own_cmocka_fail(__FILE__, __LINE__, "\"%s\" is not \"%s\"", a, b) : (void)0)
#define assert_string_not_equal(a, b) assert_true(strcmp(a, b) != 0)
#define assert_memory_equal(a, b, n) own_cmocka_memory(a, b, n, true, #a " == " #b, __FILE__, __LINE__)
#define assert_memory_not_equal(a, b, n) own_cmocka_memory(a, b, n, false, #a " != " #b, __FILE__, __LINE__)
#define fail() own_cmocka_fail(__FILE__, __LINE__, "fail()")
#define fail_msg(...) own_cmocka_fail(__FILE__, __LINE__, __VA_ARGS__)
#define skip() longjmp(own_cmocka_leave, OWN_CMOCKA_SKIPPED)
#define print_message(...) printf(__VA_ARGS__)
#define print_error(...) fprintf(stderr, __VA_ARGS__)

// False when the test failed.
static bool own_cmocka_run(const struct CMUnitTest *test, void *shared) {
  void *state = test->initial_state ? test->initial_state : shared;
  if (test->setup_func && test->setup_func(&state)) {
    printf("[  FAILED  ] %s: its setup\n", test->name);
    return false;
  }
  int left = setjmp(own_cmocka_leave);
  if (!left)
    test->test_func(&state);
  if (test->teardown_func && test->teardown_func(&state))
    left = OWN_CMOCKA_FAILED;
  printf("[  %s  ] %s\n", left == OWN_CMOCKA_FAILED ? "FAILED" : left ? "SKIPPED" : "OK", test->name);
  return left != OWN_CMOCKA_FAILED;
}

__attribute__((unused)) static int own_cmocka_run_group(const struct CMUnitTest *tests, size_t n,
                                                        CMFixtureFunction setup, CMFixtureFunction teardown) {
  void *state = NULL;
  int failed = 0;
  if (setup && setup(&state))
    return 1;
  for (size_t i = 0; i < n; i++)
    failed += !own_cmocka_run(&tests[i], state);
  if (teardown && teardown(&state))
    failed++;
  return failed;
}

#define cmocka_run_group_tests(tests, setup, teardown)                                                             \
  own_cmocka_run_group(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown) cmocka_run_group_tests(tests, setup, teardown)

#endif
