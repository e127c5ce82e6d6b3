// The base floor: the bounds that everything above relies on.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/budget.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "base/text.h"
#include "kernlens/diagnostics.h"
#include "kernlens/limits.h"

static void failed_take_leaves_the_cursor(void **state) {
  (void)state;
  const uint8_t data[3] = {1, 2, 3};
  struct kl_bytes b = kl_bytes_of(data, 3), cut;
  assert_false(kl_bytes_take(&b, 4, &cut));
  assert_ptr_equal(b.p, data);
  assert_int_equal(b.n, 3);
  assert_true(kl_bytes_take(&b, 3, &cut));
  assert_ptr_equal(cut.p, data);
  assert_int_equal(b.n, 0);
  assert_true(kl_bytes_take(&b, 0, &cut));
  struct kl_bytes empty = {0};
  assert_true(kl_bytes_take(&empty, 0, &cut));
  assert_false(kl_bytes_take(&empty, 1, &cut));
}

static void getters_are_little_endian_and_bounded(void **state) {
  (void)state;
  const uint8_t data[15] = {0xff, 0x01, 0x80, 0x04, 0x03, 0x02, 0x81, 8, 7, 6, 5, 4, 3, 2, 0x91};
  struct kl_bytes b = kl_bytes_of(data, sizeof data);
  uint8_t u8;
  uint16_t u16;
  uint32_t u32;
  uint64_t u64;
  assert_true(kl_bytes_u8(&b, &u8) && u8 == 0xff);
  assert_true(kl_bytes_u16(&b, &u16) && u16 == 0x8001);
  assert_true(kl_bytes_u32(&b, &u32) && u32 == 0x81020304u);
  assert_true(kl_bytes_u64(&b, &u64) && u64 == 0x9102030405060708u);
  assert_false(kl_bytes_u8(&b, &u8));
  assert_false(kl_bytes_u16(&b, &u16));
  assert_false(kl_bytes_u32(&b, &u32));
  assert_false(kl_bytes_u64(&b, &u64));
  assert_int_equal(kl_be64((const uint8_t *)"\x01\x02\x03\x04\x05\x06\x07\x08"), 0x0102030405060708u);
  assert_int_equal(kl_le_n((const uint8_t *)"\x01\x02\x03", 3), 0x030201);
  assert_int_equal(kl_le_n(data, 0), 0);
}

static void slice_refuses_what_wraps(void **state) {
  (void)state;
  const uint8_t data[8] = {0};
  struct kl_bytes b = kl_bytes_of(data, 8), s;
  assert_true(kl_bytes_slice(b, 2, 6, &s));
  assert_ptr_equal(s.p, data + 2);
  assert_int_equal(s.n, 6);
  assert_true(kl_bytes_slice(b, 8, 0, &s));
  assert_false(kl_bytes_slice(b, 2, 7, &s));
  assert_false(kl_bytes_slice(b, 9, 0, &s));
  assert_false(kl_bytes_slice(b, 4, UINT64_MAX - 2, &s));
  assert_false(kl_bytes_slice(b, UINT64_MAX, 2, &s));
}

static void checked_arithmetic_refuses_overflow(void **state) {
  (void)state;
  uint64_t v = 7;
  size_t n = 7;
  assert_true(kl_add(UINT64_MAX - 1, 1, &v) && v == UINT64_MAX);
  assert_false(kl_add(UINT64_MAX, 1, &v));
  assert_true(kl_mul(1ull << 32, (1ull << 32) - 1, &v) && v == 0xffffffff00000000u);
  assert_false(kl_mul(1ull << 32, 1ull << 32, &v));
  assert_int_equal(v, 0xffffffff00000000u); // left alone
  assert_true(kl_round_up(4097, 4096, &v) && v == 8192);
  assert_true(kl_round_up(4096, 4096, &v) && v == 4096);
  assert_false(kl_round_up(UINT64_MAX - 5, 4096, &v));
  assert_true(kl_narrow(9, &n) && n == 9);
  if (SIZE_MAX < UINT64_MAX)
    assert_false(kl_narrow((uint64_t)SIZE_MAX + 1, &n));
  assert_int_equal(kl_min(3, 4), 3);
  assert_int_equal(kl_min(4, 3), 3);
  assert_int_equal(kl_max(3, 4), 4);
  assert_int_equal(kl_max(4, 3), 4);
}

static void arena_aligns_rewinds_and_runs_out(void **state) {
  (void)state;
  _Alignas(64) uint8_t block[128];
  memset(block, 0xaa, sizeof block);
  struct kl_arena arena;
  kl_arena_init(&arena, block, sizeof block);
  uint8_t *one;
  struct {
    _Alignas(8) uint64_t v; // 4 is enough for a uint64_t on 32-bit x86
  } * eight;
  assert_int_equal(kl_arena_take(&arena, 1, 1, 1, &one), KL_OK);
  assert_ptr_equal(one, block);
  assert_int_equal(*one, 0xaa); // take does not clear
  size_t mark = kl_arena_mark(&arena);
  assert_int_equal(KL_TAKE(&arena, 2, &eight), KL_OK);
  assert_ptr_equal(eight, block + 8);
  assert_int_equal(eight[0].v | eight[1].v, 0);
  assert_int_equal(kl_arena_left(&arena), 128 - 24);
  assert_int_equal(kl_arena_take(&arena, 128 - 23, 1, 1, &one), KL_ERR_NO_MEMORY);
  assert_int_equal(kl_arena_take(&arena, UINT64_MAX / 4, 8, 8, &eight), KL_ERR_NO_MEMORY);
  assert_int_equal(kl_arena_take_zeroed(&arena, UINT64_MAX, 1, 1, &one), KL_ERR_NO_MEMORY);
  assert_int_equal(arena.used, 24); // unchanged by failures
  assert_int_equal(kl_arena_take(&arena, 128 - 24, 1, 1, &one), KL_OK);
  assert_int_equal(kl_arena_take(&arena, 1, 1, 64, &one), KL_ERR_NO_MEMORY);
  kl_arena_rewind(&arena, mark);
  assert_int_equal(arena.used, 1);
  assert_int_equal(arena.peak, 128);
}

static void budget_is_spent_before_the_work(void **state) {
  (void)state;
  struct kl_budget budget = {.steps = 3};
  assert_int_equal(kl_budget_spend(&budget, 2), KL_OK);
  assert_int_equal(kl_budget_spend(&budget, 2), KL_ERR_BUDGET);
  assert_int_equal(budget.steps, 1);
  assert_int_equal(kl_budget_spend(&budget, 1), KL_OK);
  assert_int_equal(kl_budget_spend(&budget, 1), KL_ERR_BUDGET);
}

static void every_status_has_its_own_text(void **state) {
  (void)state;
  for (int a = KL_OK; a <= KL_ERR_INTERNAL; a++)
    for (int b = a + 1; b <= KL_ERR_INTERNAL; b++)
      assert_string_not_equal(kl_status_text((enum kl_status)a), kl_status_text((enum kl_status)b));
  assert_string_equal(kl_status_text((enum kl_status)9999), "unknown status");
}

static void limits_have_their_defaults(void **state) {
  (void)state;
  struct kl_limits limits = kl_limits_default();
  assert_int_equal(limits.cpus, 8192);
  assert_int_equal(limits.steps, 1ull << 28);
}

static void diagnostics_merge_and_count_what_does_not_fit(void **state) {
  (void)state;
  struct kl_diagnostic items[2];
  struct kl_diagnostics d = {.items = items, .capacity = 2};
  kl_diagnostics_add(&d, "tasks", "comm", 0x10, KL_ERR_ABSENT);
  char comm[] = "comm"; // the same text elsewhere is the same
  kl_diagnostics_add(&d, "tasks", comm, 0x20, KL_ERR_ABSENT);
  kl_diagnostics_add(&d, "tasks", "comm", 0x30, KL_ERR_FILTERED);
  kl_diagnostics_add(&d, "tasks", "pid", 0x40, KL_ERR_ABSENT);
  kl_diagnostics_add(NULL, "tasks", "pid", 0x40, KL_ERR_ABSENT);
  assert_int_equal(d.used, 2);
  assert_int_equal(d.dropped, 1);
  assert_int_equal(items[0].count, 2);
  assert_int_equal(items[0].object, 0x10); // the first one is kept
  assert_int_equal(items[1].reason, KL_ERR_FILTERED);
}

#define ASSERT_TEXT(t, expected)                                                                                   \
  do {                                                                                                             \
    assert_int_equal((t).used, strlen(expected));                                                                  \
    assert_memory_equal((t).buffer, expected, (t).used);                                                           \
  } while (0)

static void numbers_print_as_people_write_them(void **state) {
  (void)state;
  char buffer[256];
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  kl_text_decimal(&t, 0);
  kl_text_char(&t, ' ');
  kl_text_decimal(&t, UINT64_MAX);
  kl_text_char(&t, ' ');
  kl_text_signed(&t, INT64_MIN);
  kl_text_char(&t, ' ');
  kl_text_signed(&t, 42);
  kl_text_char(&t, ' ');
  kl_text_hex(&t, 0xbeef, 0);
  kl_text_char(&t, ' ');
  kl_text_hex(&t, 0xb, 99);
  kl_text_char(&t, ' ');
  kl_text_address(&t, 0xffffffff81000000u);
  kl_text_char(&t, ' ');
  kl_text_bytes_hex(&t, (const uint8_t *)"\x00\x0f\xf0", 3);
  ASSERT_TEXT(t, "0 18446744073709551615 -9223372036854775808 42 beef 000000000000000b 0xffffffff81000000 000ff0");
}

static void text_that_does_not_fit_is_cut_and_says_so(void **state) {
  (void)state;
  char buffer[4];
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  kl_text_string(&t, "abcdef");
  ASSERT_TEXT(t, "abcd");
  assert_true(t.truncated);
  struct kl_text none = kl_text_into(buffer, 0);
  none.flush = NULL;
  kl_text_string(&none, "x");
  assert_true(none.truncated);
  assert_int_equal(kl_text_flush(&none), KL_OK);
}

struct sink {
  char bytes[64];
  size_t n;
  int calls_left; // then fails
};

static enum kl_status sink_write(void *user, const char *p, size_t n) {
  struct sink *sink = user;
  if (sink->calls_left-- <= 0)
    return KL_ERR_IO;
  memcpy(sink->bytes + sink->n, p, n);
  sink->n += n;
  return KL_OK;
}

static void text_flows_through_flush_and_stays_failed(void **state) {
  (void)state;
  char buffer[4];
  struct sink sink = {.calls_left = 3};
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  t.flush = sink_write;
  t.user = &sink;
  kl_text_string(&t, "0123456789");
  assert_int_equal(kl_text_flush(&t), KL_OK);
  assert_memory_equal(sink.bytes, "0123456789", 10);
  assert_false(t.truncated);
  kl_text_string(&t, "abcdefgh");
  kl_text_string(&t, "more");
  kl_text_char(&t, '!');
  assert_int_equal(kl_text_flush(&t), KL_ERR_IO);
  assert_int_equal(sink.n, 10);
  // Without a buffer there is nothing to hand on.
  struct kl_text none = kl_text_into(buffer, 0);
  none.flush = sink_write;
  none.user = &sink;
  kl_text_string(&none, "x");
  assert_true(none.truncated);
  assert_int_equal(sink.n, 10);
}

static void json_strings_are_valid_json_and_keep_every_byte(void **state) {
  (void)state;
  char buffer[256];
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  const uint8_t bytes[] = "a\"b\\c\n\r\t\x01\x7f\xff\xc3\xa9";
  kl_text_json_string(&t, bytes, sizeof bytes - 1);
  ASSERT_TEXT(t, "\"a\\\"b\\\\\\\\c\\n\\r\\t\\u0001\\u007f\\\\xff\xc3\xa9\"");
}

// U+E0001 is a language tag, U+13430 joins hieroglyphs: two halves each (RFC 8259, section 7). U+E0080 is neither.
static void hidden_characters_beyond_the_first_plane_are_pairs(void **state) {
  (void)state;
  char buffer[64];
  struct kl_text t = kl_text_into(buffer, sizeof buffer);
  kl_text_json_string(&t, (const uint8_t *)"\xf3\xa0\x80\x81\xf0\x93\x90\xb0", 8);
  ASSERT_TEXT(t, "\"\\udb40\\udc01\\ud80d\\udc30\"");
  assert_true(kl_text_hidden(0xe007f));
  assert_false(kl_text_hidden(0xe0080));
  assert_false(kl_text_hidden(0xe0000));
}

static void only_well_formed_utf8_counts(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n, expected;
  } cases[] = {
      {"a", 1, 1},
      {"\xc3\xa9", 2, 2},
      {"\xe2\x82\xac", 3, 3},
      {"\xf0\x9f\x98\x80", 4, 4},
      {"\xf4\x8f\xbf\xbf", 4, 4}, // U+10FFFF
      {"\x80", 1, 0},             // continuation alone
      {"\xc0\xaf", 2, 0},         // overlong
      {"\xc1\xbf", 2, 0},
      {"\xe0\x9f\xbf", 3, 0}, // overlong
      {"\xe0\xa0\x80", 3, 3},
      {"\xed\xa0\x80", 3, 0}, // surrogate
      {"\xed\x9f\xbf", 3, 3},
      {"\xf0\x8f\xbf\xbf", 4, 0}, // overlong
      {"\xf4\x90\x80\x80", 4, 0}, // past U+10FFFF
      {"\xf5\x80\x80\x80", 4, 0},
      {"\xff", 1, 0},
      {"\xe2\x82", 2, 0}, // cut
      {"\xe2\x28\xa1", 3, 0},
      {"\xe2\x82\x28", 3, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(kl_utf8_length((const uint8_t *)cases[i].bytes, cases[i].n), cases[i].expected);
}

static struct kl_bytes bytes_of(const char *s) {
  return kl_bytes_of(s, strlen(s));
}

static void numbers_parse_whole_or_not_at_all(void **state) {
  (void)state;
  uint64_t v = 5;
  assert_true(kl_parse_decimal(bytes_of("18446744073709551615"), &v) && v == UINT64_MAX);
  assert_true(kl_parse_decimal(bytes_of("-1"), &v) && v == UINT64_MAX);
  assert_true(kl_parse_decimal(bytes_of("-9223372036854775808"), &v) && v == 1ull << 63);
  assert_true(kl_parse_decimal(bytes_of("0"), &v) && v == 0);
  v = 5;
  assert_false(kl_parse_decimal(bytes_of("18446744073709551616"), &v));
  assert_false(kl_parse_decimal(bytes_of("99999999999999999999"), &v));
  assert_false(kl_parse_decimal(bytes_of(""), &v));
  assert_false(kl_parse_decimal(bytes_of("-"), &v));
  assert_false(kl_parse_decimal(bytes_of("-9223372036854775809"), &v));
  assert_false(kl_parse_decimal(bytes_of("1x"), &v));
  assert_false(kl_parse_decimal(bytes_of("1 "), &v));
  assert_false(kl_parse_hex(bytes_of(""), &v));
  assert_false(kl_parse_hex(bytes_of("0x"), &v));
  assert_false(kl_parse_hex(bytes_of("g"), &v));
  assert_false(kl_parse_hex(bytes_of("10000000000000000"), &v));
  assert_int_equal(v, 5); // left alone
  assert_true(kl_parse_hex(bytes_of("0xFFffffff81000000"), &v) && v == 0xffffffff81000000u);
  assert_true(kl_parse_hex(bytes_of("aB0"), &v) && v == 0xab0);
}

static void strings_compare_by_length_and_bytes(void **state) {
  (void)state;
  assert_true(kl_text_equal("", ""));
  assert_false(kl_text_equal("a", "ab"));
  assert_false(kl_text_equal("ab", "a"));
  assert_false(kl_text_equal("a", "b"));
  assert_true(kl_bytes_equal(bytes_of("abc"), "abc"));
  assert_false(kl_bytes_equal(bytes_of("abd"), "abc"));
  assert_true(kl_bytes_equal((struct kl_bytes){0}, ""));
  assert_false(kl_bytes_equal(bytes_of("a"), ""));
  assert_true(kl_bytes_start(bytes_of("abc"), "ab"));
  assert_true(kl_bytes_start(bytes_of("abc"), ""));
  assert_false(kl_bytes_start(bytes_of("a"), "ab"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(failed_take_leaves_the_cursor),
      cmocka_unit_test(getters_are_little_endian_and_bounded),
      cmocka_unit_test(slice_refuses_what_wraps),
      cmocka_unit_test(checked_arithmetic_refuses_overflow),
      cmocka_unit_test(arena_aligns_rewinds_and_runs_out),
      cmocka_unit_test(budget_is_spent_before_the_work),
      cmocka_unit_test(every_status_has_its_own_text),
      cmocka_unit_test(limits_have_their_defaults),
      cmocka_unit_test(diagnostics_merge_and_count_what_does_not_fit),
      cmocka_unit_test(numbers_print_as_people_write_them),
      cmocka_unit_test(text_that_does_not_fit_is_cut_and_says_so),
      cmocka_unit_test(text_flows_through_flush_and_stays_failed),
      cmocka_unit_test(json_strings_are_valid_json_and_keep_every_byte),
      cmocka_unit_test(hidden_characters_beyond_the_first_plane_are_pairs),
      cmocka_unit_test(only_well_formed_utf8_counts),
      cmocka_unit_test(numbers_parse_whole_or_not_at_all),
      cmocka_unit_test(strings_compare_by_length_and_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
