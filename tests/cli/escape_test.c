// What may reach a terminal, and how wide it is there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "escape.h"

static void assert_escaped(const char *raw, size_t n, const char *expected) {
  char buffer[512];
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  cli_escape(&t, (const uint8_t *)raw, n);
  buffer[t.used] = 0;
  assert_string_equal(buffer, expected);
}

static void what_acts_on_a_terminal_is_shown_instead(void **state) {
  (void)state;
  const struct {
    const char *raw, *expected;
  } cases[] = {
      {"plain text", "plain text"},
      {"\033[31mred\033[0m", "\\x1b[31mred\\x1b[0m"},
      {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
      {"\x7f", "\\x7f"},
      {"back\\slash", "back\\\\slash"},
      {"\\x1b", "\\\\x1b"}, // not the escape that it looks like
      {"\x9b"
       "31m",
       "\\x9b31m"}, // C1 as a byte: not UTF-8
      {"\xc2\x9b"
       "31m",
       "\\u009b31m"},                                   // C1 as UTF-8
      {"\xe2\x80\xaegnp.exe", "\\u202egnp.exe"},        // right-to-left override
      {"\xe2\x81\xa6x\xe2\x81\xa9", "\\u2066x\\u2069"}, // isolates
      {"\xd8\x9c", "\\u061c"},                          // Arabic letter mark
      {"a\xe2\x80\x8b"
       "b",
       "a\\u200bb"}, // zero-width space
      {"\xef\xbb\xbf", "\\ufeff"},
      {"\xe2\x80\xa8", "\\u2028"},         // line separator
      {"\xf3\xa0\x81\x81", "\\U000e0041"}, // tag character
      {"caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac", "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac"},
      {"\xc3", "\\xc3"},                            // cut short
      {"\xc0\xaf", "\\xc0\\xaf"},                   // overlong
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          // surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, // past U+10FFFF
      {"\xff\xfe", "\\xff\\xfe"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_escaped(cases[i].raw, strlen(cases[i].raw), cases[i].expected);
  assert_escaped("a\0b", 3, "a\\x00b");
}

// Whatever three bytes come in, what comes out is printable.
static void nothing_hidden_gets_through(void **state) {
  (void)state;
  for (uint32_t v = 0; v < 1u << 24; v += 37) {
    uint8_t raw[3] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16)};
    char buffer[64];
    struct kl_text t = kl_text_into(buffer, sizeof buffer);
    cli_escape(&t, raw, sizeof raw);
    assert_false(t.truncated);
    for (size_t i = 0; i < t.used;) {
      size_t length = kl_utf8_length((const uint8_t *)buffer + i, t.used - i);
      assert_int_not_equal(length, 0);
      assert_false(kl_text_hidden(kl_utf8_decode((const uint8_t *)buffer + i, length)));
      i += length;
    }
  }
}

static void messages_keep_their_backslashes_and_nothing_worse(void **state) {
  (void)state;
  char buffer[64];
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  cli_escape_line(&t, "C:\\x\033\n", 6);
  buffer[t.used] = 0;
  assert_string_equal(buffer, "C:\\x\\x1b\\n");
}

static void width_counts_columns_and_not_bytes(void **state) {
  (void)state;
  const struct {
    const char *text;
    size_t width;
  } cases[] = {{"", 0},
               {"abc", 3},
               {"caf\xc3\xa9", 4},
               {"\xe6\x97\xa5\xe6\x9c\xac", 4}, // two wide characters
               {"e\xcc\x81", 1}};               // combining accent
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(cli_width(cases[i].text, strlen(cases[i].text)), cases[i].width);
}

static void a_cut_never_splits_a_character(void **state) {
  (void)state;
  const char *text = "a\xe6\x97\xa5"
                     "b"; // 1 + 2 + 1 columns in 5 bytes
  const size_t expected[] = {0, 1, 1, 4, 5, 5};
  for (size_t width = 0; width < 6; width++)
    assert_int_equal(cli_fit(text, strlen(text), width), expected[width]);
}

int main(void) {
  setlocale(LC_CTYPE, "C.UTF-8");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_acts_on_a_terminal_is_shown_instead),
      cmocka_unit_test(nothing_hidden_gets_through),
      cmocka_unit_test(messages_keep_their_backslashes_and_nothing_worse),
      cmocka_unit_test(width_counts_columns_and_not_bytes),
      cmocka_unit_test(a_cut_never_splits_a_character),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
