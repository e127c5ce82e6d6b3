// Cells: what a user types, what is compared, what is printed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tables/cell.h"

static struct kl_bytes bytes(const char *s) {
  return kl_bytes_of(s, strlen(s));
}

static struct kl_cell u64(uint64_t v) {
  return (struct kl_cell){.kind = KL_CELL_U64, .u64 = v};
}
static struct kl_cell i64(int64_t v) {
  return (struct kl_cell){.kind = KL_CELL_I64, .i64 = v};
}
static struct kl_cell text(const char *s) {
  return (struct kl_cell){.kind = KL_CELL_TEXT, .data = (const uint8_t *)s, .n = strlen(s)};
}

static int sign(int v) {
  return (v > 0) - (v < 0);
}

static void numbers_of_both_signs_compare_by_value(void **state) {
  (void)state;
  const struct {
    struct kl_cell a, b;
    int expected;
  } cases[] = {
      {u64(1), u64(2), -1},
      {u64(UINT64_MAX), u64(1), 1},
      {i64(-1), u64(UINT64_MAX), -1}, // the same bits
      {i64(-1), i64(1), -1},
      {i64(INT64_MIN), i64(-1), -1},
      {i64(5), u64(5), 0},
      {u64((uint64_t)INT64_MAX + 1), i64(INT64_MAX), 1},
      {text("abc"), text("abd"), -1},
      {text("ab"), text("abc"), -1},
      {text(""), text(""), 0},
      {text("\xff"), text("a"), 1}, // bytes are unsigned
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int order;
    assert_true(kl_cell_compare(&cases[i].a, &cases[i].b, &order));
    assert_int_equal(sign(order), cases[i].expected);
    assert_true(kl_cell_compare(&cases[i].b, &cases[i].a, &order));
    assert_int_equal(sign(order), -cases[i].expected);
  }
}

static void what_has_no_value_meets_no_condition(void **state) {
  (void)state;
  const struct kl_cell null = {0}, unreadable = {.kind = KL_CELL_UNREADABLE, .why = KL_ERR_ABSENT};
  for (int op = KL_OP_EQ; op <= KL_OP_GE; op++) {
    const struct kl_constraint zero = {.op = (enum kl_op)op, .value = u64(0)};
    const struct kl_constraint word = {.op = (enum kl_op)op, .value = text("")};
    const struct kl_cell some = u64(0);
    assert_false(kl_cell_meets(&null, &zero));
    assert_false(kl_cell_meets(&unreadable, &zero));
    assert_false(kl_cell_meets(&null, &word));
    assert_false(kl_cell_meets(&some, &word)); // a number against text
  }
}

static void every_operator_means_what_it_says(void **state) {
  (void)state;
  const struct {
    enum kl_op op;
    bool below, equal, above;
  } cases[] = {{KL_OP_EQ, false, true, false},
               {KL_OP_LT, true, false, false},
               {KL_OP_LE, true, true, false},
               {KL_OP_GT, false, false, true},
               {KL_OP_GE, false, true, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const struct kl_constraint k = {.op = cases[i].op, .value = u64(7)};
    const struct kl_cell below = u64(6), equal = u64(7), above = u64(8);
    assert_int_equal(kl_cell_meets(&below, &k), cases[i].below);
    assert_int_equal(kl_cell_meets(&equal, &k), cases[i].equal);
    assert_int_equal(kl_cell_meets(&above, &k), cases[i].above);
  }
}

static void values_parse_in_their_plain_spelling(void **state) {
  (void)state;
  const struct {
    enum kl_cell_kind kind;
    const char *text;
    bool ok;
    uint64_t value;
  } cases[] = {
      {KL_CELL_U64, "0", true, 0},
      {KL_CELL_U64, "18446744073709551615", true, UINT64_MAX},
      {KL_CELL_U64, "18446744073709551616", false, 0},
      {KL_CELL_U64, "0x1f", true, 31},
      {KL_CELL_U64, "-1", false, 0},
      {KL_CELL_U64, "", false, 0},
      {KL_CELL_U64, "1 ", false, 0},
      {KL_CELL_ADDRESS, "0xffffffff81000000", true, 0xffffffff81000000},
      {KL_CELL_ADDRESS, "0x10000000000000000", false, 0},
      {KL_CELL_ADDRESS, "ffffffff81000000", false, 0}, // hex says so
      {KL_CELL_I64, "-9223372036854775808", true, 0x8000000000000000},
      {KL_CELL_I64, "-9223372036854775809", false, 0},
      {KL_CELL_I64, "9223372036854775807", true, INT64_MAX},
      {KL_CELL_I64, "9223372036854775808", false, 0},
      {KL_CELL_I64, "--1", false, 0},
      {KL_CELL_TIME, "1700000000", true, 1700000000},
      {KL_CELL_BOOL, "true", true, 1},
      {KL_CELL_BOOL, "no", true, 0},
      {KL_CELL_BOOL, "2", false, 0},
      {KL_CELL_BOOL, "", false, 0},
      {KL_CELL_BYTES, "0g", false, 0},
      {KL_CELL_BYTES, "abc", false, 0},
      {KL_CELL_NULL, "", false, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char room[16];
    struct kl_text t = kl_text_into(room, sizeof room);
    struct kl_cell cell;
    enum kl_status status = kl_cell_parse(cases[i].kind, bytes(cases[i].text), &t, &cell);
    assert_int_equal(status, cases[i].ok ? KL_OK : KL_ERR_ARGUMENT);
    if (cases[i].ok)
      assert_true(cell.u64 == cases[i].value || cell.i64 == (int64_t)cases[i].value);
  }
}

static void text_and_bytes_parse_into_the_given_room(void **state) {
  (void)state;
  char room[8];
  struct kl_text t = kl_text_into(room, sizeof room);
  struct kl_cell a, b;
  assert_int_equal(kl_cell_parse(KL_CELL_TEXT, bytes("a\\xffb"), &t, &a), KL_OK);
  assert_int_equal(kl_cell_parse(KL_CELL_BYTES, bytes("00Ff"), &t, &b), KL_OK);
  assert_int_equal(a.n, 3);
  assert_memory_equal(a.data,
                      "a\xff"
                      "b",
                      3);
  assert_int_equal(b.n, 2);
  assert_memory_equal(b.data, "\x00\xff", 2);
  assert_int_equal(kl_cell_parse(KL_CELL_TEXT, bytes("four"), &t, &a), KL_ERR_LIMIT);
}

static void assert_public(const char *raw, size_t n, const char *expected) {
  char buffer[256], back[256];
  struct kl_text t = kl_text_into(buffer, sizeof buffer), u = kl_text_into(back, sizeof back);
  kl_text_guest(&t, (const uint8_t *)raw, n);
  assert_int_equal(t.used, strlen(expected));
  assert_memory_equal(buffer, expected, t.used);
  kl_text_guest_undo(&u, kl_bytes_of(buffer, t.used));
  assert_int_equal(u.used, n);
  assert_memory_equal(back, raw, n);
}

static void the_public_form_of_text_keeps_every_byte(void **state) {
  (void)state;
  assert_public("plain", 5, "plain");
  assert_public("a\\b", 3, "a\\\\b");
  assert_public("\\x41", 4, "\\\\x41"); // was a backslash in the guest
  assert_public("\xc3\xa9\xff", 3, "\xc3\xa9\\xff");
  assert_public("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"); // a surrogate is not UTF-8
  assert_public("\x00\x1b", 2, "\\x00\x1b");
  for (int c = 0; c < 256; c++) {
    char raw[4] = {(char)c, '\\', (char)c, 'x'}, buffer[32], back[32];
    struct kl_text t = kl_text_into(buffer, sizeof buffer), u = kl_text_into(back, sizeof back);
    kl_text_guest(&t, (const uint8_t *)raw, sizeof raw);
    kl_text_guest_undo(&u, kl_bytes_of(buffer, t.used));
    assert_int_equal(u.used, sizeof raw);
    assert_memory_equal(back, raw, sizeof raw);
  }
}

static void assert_printed(struct kl_cell cell, const char *plain, const char *json) {
  char buffer[128];
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  kl_cell_print(&t, &cell);
  assert_int_equal(t.used, strlen(plain));
  assert_memory_equal(buffer, plain, t.used);
  t = kl_text_into(buffer, sizeof buffer);
  kl_cell_json(&t, &cell);
  assert_int_equal(t.used, strlen(json));
  assert_memory_equal(buffer, json, t.used);
}

static void every_kind_has_one_spelling(void **state) {
  (void)state;
  assert_printed((struct kl_cell){0}, "", "null");
  assert_printed((struct kl_cell){.kind = KL_CELL_UNREADABLE, .why = KL_ERR_IO}, "", "null");
  assert_printed(u64(UINT64_MAX), "18446744073709551615", "18446744073709551615");
  assert_printed(i64(INT64_MIN), "-9223372036854775808", "-9223372036854775808");
  assert_printed((struct kl_cell){.kind = KL_CELL_BOOL, .u64 = 1}, "true", "true");
  assert_printed((struct kl_cell){.kind = KL_CELL_BOOL}, "false", "false");
  assert_printed((struct kl_cell){.kind = KL_CELL_ADDRESS, .u64 = 0x1000}, "0x0000000000001000",
                 "\"0x0000000000001000\"");
  assert_printed((struct kl_cell){.kind = KL_CELL_BYTES, .data = (const uint8_t *)"\x00\xAB", .n = 2}, "00ab",
                 "\"00ab\"");
  assert_printed(text("say \"hi\"\\"), "say \"hi\"\\\\", "\"say \\\"hi\\\"\\\\\\\\\"");
  // A right-to-left override reaches no terminal through JSON.
  assert_printed((struct kl_cell){.kind = KL_CELL_TEXT, .data = (const uint8_t *)"\0", .n = 1}, "\\x00",
                 "\"\\\\x00\"");
  assert_printed(text("\xe2\x80\xae"), "\xe2\x80\xae", "\"\\u202e\"");
}

static const struct kl_column columns[] = {
    {"pid", KL_CELL_U64, 0, ""}, {"comm", KL_CELL_TEXT, 0, ""}, {"mm", KL_CELL_ADDRESS, 0, ""}};
static const struct kl_table table = {.name = "t", .n_columns = 3, .columns = columns};

static void conditions_parse_with_their_operator(void **state) {
  (void)state;
  const struct {
    const char *text;
    enum kl_status status;
    uint32_t column;
    enum kl_op op;
  } cases[] = {
      {"pid=1", KL_OK, 0, KL_OP_EQ},
      {"pid==1", KL_OK, 0, KL_OP_EQ},
      {"pid<1", KL_OK, 0, KL_OP_LT},
      {"pid<=1", KL_OK, 0, KL_OP_LE},
      {"pid>1", KL_OK, 0, KL_OP_GT},
      {"pid>=1", KL_OK, 0, KL_OP_GE},
      {"comm=", KL_OK, 1, KL_OP_EQ},
      {"comm=a=b", KL_OK, 1, KL_OP_EQ},
      {"mm>=0xff", KL_OK, 2, KL_OP_GE},
      {"pid", KL_ERR_ARGUMENT, 0, KL_OP_EQ},
      {"", KL_ERR_ARGUMENT, 0, KL_OP_EQ},
      {"pid=x", KL_ERR_ARGUMENT, 0, KL_OP_EQ},
      {"nope=1", KL_ERR_NOT_FOUND, 0, KL_OP_EQ},
      {"=1", KL_ERR_NOT_FOUND, 0, KL_OP_EQ},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char room[32];
    struct kl_text t = kl_text_into(room, sizeof room);
    struct kl_constraint k = {0};
    assert_int_equal(kl_constraint_parse(&table, bytes(cases[i].text), &t, &k, NULL), cases[i].status);
    if (cases[i].status != KL_OK)
      continue;
    assert_int_equal(k.column, cases[i].column);
    assert_int_equal(k.op, cases[i].op);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_of_both_signs_compare_by_value),
      cmocka_unit_test(what_has_no_value_meets_no_condition),
      cmocka_unit_test(every_operator_means_what_it_says),
      cmocka_unit_test(values_parse_in_their_plain_spelling),
      cmocka_unit_test(text_and_bytes_parse_into_the_given_room),
      cmocka_unit_test(the_public_form_of_text_keeps_every_byte),
      cmocka_unit_test(every_kind_has_one_spelling),
      cmocka_unit_test(conditions_parse_with_their_operator),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
