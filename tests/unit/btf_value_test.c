// Values from their bytes, as C initialisers and as JSON.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "btf_opened.h"

static struct btf_builder b;
static char out[1 << 20];

// The bytes are copied to the heap, so that a read past them is caught.
static enum kl_status print_value(const struct opened *o, uint32_t id, const void *bytes, size_t n,
                                  enum kl_btf_value_style style) {
  struct kl_text t = kl_text_into(out, sizeof out - 1);
  uint8_t *copy = malloc(n ? n : 1);
  assert_non_null(copy);
  if (n)
    memcpy(copy, bytes, n);
  enum kl_status status = kl_btf_print_value(o->btf, id, kl_bytes_of(copy, n), style, &t);
  free(copy);
  out[t.used] = 0;
  return status;
}

static const char *text(const struct opened *o, uint32_t id, const void *bytes, size_t n) {
  assert_int_equal(print_value(o, id, bytes, n, KL_BTF_VALUE_TEXT), KL_OK);
  return out;
}
static const char *json(const struct opened *o, uint32_t id, const void *bytes, size_t n) {
  assert_int_equal(print_value(o, id, bytes, n, KL_BTF_VALUE_JSON), KL_OK);
  return out;
}

static void integers_have_their_sign_and_width(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t u8 = btfb_int(&b, "unsigned char", 1, 0, 8), s8 = btfb_int(&b, "signed char", 1, BTFB_SIGNED, 8);
  uint32_t s64 = btfb_int(&b, "long int", 8, BTFB_SIGNED, 64), u64 = btfb_int(&b, "long unsigned int", 8, 0, 64);
  uint32_t s128 = btfb_int(&b, "__int128", 16, BTFB_SIGNED, 128);
  uint32_t u128 = btfb_int(&b, "__int128 unsigned", 16, 0, 128);
  uint32_t yes = btfb_int(&b, "_Bool", 1, BTFB_BOOL, 8);
  uint32_t p = btfb_ptr(&b, 0);
  uint32_t t = btfb_typedef(&b, "u8", u8);
  uint8_t ones[16];
  memset(ones, 0xff, sizeof ones);
  opened(&o, btfb_finish(&b), 0);
  assert_string_equal(text(&o, u8, ones, 1), "255");
  assert_string_equal(text(&o, t, ones, 1), "255");
  assert_string_equal(text(&o, s8, ones, 1), "-1");
  assert_string_equal(json(&o, s64, ones, 8), "-1");
  assert_string_equal(json(&o, u64, ones, 8), "18446744073709551615");
  assert_string_equal(json(&o, s128, ones, 16), "-1");
  assert_string_equal(json(&o, u128, ones, 16), "340282366920938463463374607431768211455");
  ones[15] = 0x7f;
  assert_string_equal(text(&o, s128, ones, 16), "170141183460469231731687303715884105727");
  memset(ones, 0, 16);
  ones[15] = 0x80;
  assert_string_equal(text(&o, s128, ones, 16), "-170141183460469231731687303715884105728");
  ones[15] = 0;
  ones[8] = 1;
  assert_string_equal(text(&o, u128, ones, 16), "18446744073709551616");
  assert_string_equal(text(&o, yes, "\x01", 1), "true");
  assert_string_equal(json(&o, yes, "\0", 1), "false");
  assert_string_equal(json(&o, yes, "\x02", 1), "2"); // no bool that C made
  assert_string_equal(text(&o, p, "\x00\x10\x20\x30\x81\x88\xff\xff", 8), "0xffff888130201000");
  assert_string_equal(json(&o, p, "\x00\x10\x20\x30\x81\x88\xff\xff", 8), "\"0xffff888130201000\"");
  opened_close(&o);
}

static void too_few_bytes_are_unreadable(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, BTFB_SIGNED, 32), c = btfb_int(&b, "char", 1, BTFB_SIGNED, 8);
  uint32_t inner = btfb_struct(&b, "inner", 4, 1);
  btfb_member(&b, "x", i, 0);
  uint32_t name = btfb_array(&b, c, i, 8), three = btfb_array(&b, i, i, 3);
  uint32_t s = btfb_struct(&b, "s", 28, 4);
  btfb_member(&b, "a", i, 0);
  btfb_member(&b, "name", name, 32);
  btfb_member(&b, "three", three, 96);
  btfb_member(&b, "in", inner, 192);
  const char bytes[28] = "\x01\0\0\0init\0\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05";
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  assert_string_equal(json(&o, s, bytes, 28), "{\"a\":1,\"name\":\"init\",\"three\":[2,3,4],\"in\":{\"x\":5}}");
  assert_string_equal(json(&o, s, bytes, 27), "{\"a\":1,\"name\":\"init\",\"three\":[2,3,4],\"in\":{\"x\":null}}");
  assert_string_equal(json(&o, s, bytes, 24), "{\"a\":1,\"name\":\"init\",\"three\":[2,3,4],\"in\":null}");
  assert_string_equal(json(&o, s, bytes, 19), "{\"a\":1,\"name\":\"init\",\"three\":[2,null,null],\"in\":null}");
  assert_string_equal(json(&o, s, bytes, 9), "{\"a\":1,\"name\":\"init\",\"three\":null,\"in\":null}");
  // Without its NUL the text may go on: characters, as far as they are there.
  assert_string_equal(json(&o, s, bytes, 7),
                      "{\"a\":1,\"name\":[105,110,105,null,null,null,null,null],\"three\":null,\"in\":null}");
  assert_string_equal(json(&o, s, bytes, 3), "{\"a\":null,\"name\":null,\"three\":null,\"in\":null}");
  assert_string_equal(json(&o, s, bytes, 0), "null");
  assert_string_equal(text(&o, i, bytes, 3), "<unreadable>");
  assert_string_equal(text(&o, s, bytes, 19),
                      "{\n\t.a = 1,\n\t.name = \"init\",\n\t.three = { 2, <unreadable>, <unreadable> },\n"
                      "\t.in = <unreadable>,\n}");
  opened_close(&o);
}

static void char_arrays_are_text_where_they_hold_text(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, BTFB_SIGNED, 32), c = btfb_int(&b, "char", 1, BTFB_SIGNED, 8);
  uint32_t u8 = btfb_int(&b, "unsigned char", 1, 0, 8), coded = btfb_int(&b, "c8", 1, BTFB_CHAR, 8);
  uint32_t a = btfb_array(&b, c, i, 8), bytes = btfb_array(&b, u8, i, 3), chars = btfb_array(&b, coded, i, 3);
  uint32_t names = btfb_array(&b, btfb_array(&b, c, i, 4), i, 2), none = btfb_array(&b, c, i, 0);
  opened(&o, btfb_finish(&b), 0);
  assert_string_equal(text(&o, a, "init\0\0\0\0", 8), "\"init\"");
  assert_string_equal(text(&o, a, "12345678", 8), "\"12345678\""); // no NUL at all
  assert_string_equal(text(&o, a, "sh\0thd/0", 8), "\"sh\"");      // what a shorter name left behind
  assert_string_equal(text(&o, a, "\0\0\0\0\0\0\0\0", 8), "\"\""); // empty
  assert_string_equal(text(&o, a, "\0a\0\0\0\0\0\0", 8), "{ 0, 97, 0, 0, 0, 0, 0, 0 }");
  assert_string_equal(text(&o, a, "a\x01\0\0\0\0\0\0", 8), "{ 97, 1, 0, 0, 0, 0, 0, 0 }");
  assert_string_equal(json(&o, a, "a\x80\0\0\0\0\0\0", 8), "[97,-128,0,0,0,0,0,0]");
  assert_string_equal(json(&o, a, "a\"b\\c\n\0\0", 8), "\"a\\\"b\\\\\\\\c\\n\""); // table text doubles a backslash
  assert_string_equal(text(&o, a, "a\"b\\c\n\0\0", 8), "\"a\\\"b\\\\c\\n\"");
  assert_string_equal(text(&o, a, "\xc3\xa4x\0\0\0\0\0", 8), "\"\\303\\244x\"");
  assert_string_equal(json(&o, a, "\xc3\xa4x\0\0\0\0\0", 8), "\"\xc3\xa4x\"");
  assert_string_equal(text(&o, bytes, "abc", 3), "{ 97, 98, 99 }"); // u8 is a number
  assert_string_equal(text(&o, chars, "abc", 3), "\"abc\"");
  assert_string_equal(json(&o, names, "ab\0\0cd\0\0", 8), "[\"ab\",\"cd\"]");
  assert_string_equal(json(&o, none, "", 0), "[]");
  assert_string_equal(text(&o, none, "", 0), "{}");
  opened_close(&o);
}

static void enums_go_by_name(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t e = btfb_enum(&b, "colour", 4, true, 2);
  btfb_value(&b, "RED", 0);
  btfb_value(&b, "NONE", -1);
  uint32_t tiny = btfb_enum(&b, "tiny", 1, false, 1);
  btfb_value(&b, "TOP", 200);
  uint32_t wide = btfb_enum64(&b, "wide", false, 1);
  btfb_value64(&b, "HIGH", 1ull << 63);
  opened(&o, btfb_finish(&b), 0);
  assert_string_equal(text(&o, e, "\xff\xff\xff\xff", 4), "NONE");
  assert_string_equal(json(&o, e, "\0\0\0\0", 4), "\"RED\"");
  assert_string_equal(json(&o, e, "\xfe\xff\xff\xff", 4), "-2");
  assert_string_equal(text(&o, tiny, "\xc8", 1), "TOP");
  assert_string_equal(text(&o, tiny, "\xff", 1), "255");
  assert_string_equal(text(&o, wide, "\0\0\0\0\0\0\0\x80", 8), "HIGH");
  assert_string_equal(text(&o, wide, "\x01\0\0\0\0\0\0\x80", 8), "9223372036854775809");
  opened_close(&o);
}

static void packed_enums_of_old_encoders_are_compared_by_their_bits(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t tiny = btfb_enum(&b, "tiny", 1, false, 1);
  btfb_value(&b, "TOP", 200);
  opened(&o, btfb_finish(&b), 0);
  assert_string_equal(text(&o, tiny, "\xc8", 1), "TOP");
  opened_close(&o);
}

// Against printf("%a"), which writes the same form.
static void floats_are_written_exactly(void **state) {
  (void)state;
  static const double doubles[] = {0.0,   -0.0,    1.0,       -1.5,   0.1,    3.141592653589793,
                                   1e300, -1e-300, 5e-324,    2e-310, 1024.0, 65504.0,
                                   1e10,  0.3,     123456789, 2.5e-8, -7.0,   1.7976931348623157e308};
  struct opened o;
  char expected[64];
  btfb_init(&b);
  uint32_t d = btfb_type(&b, KL_BTF_FLOAT, "double", 0, 8), f = btfb_type(&b, KL_BTF_FLOAT, "float", 0, 4);
  uint32_t half = btfb_type(&b, KL_BTF_FLOAT, "_Float16", 0, 2);
  uint32_t quad = btfb_type(&b, KL_BTF_FLOAT, "long double", 0, 16);
  opened(&o, btfb_finish(&b), 0);
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
    float single = (float)doubles[i];
    snprintf(expected, sizeof expected, "%a", doubles[i]);
    if (isnormal(doubles[i]) || doubles[i] == 0)
      assert_string_equal(text(&o, d, &doubles[i], 8), expected);
    else // a subnormal, which each libc writes in a form of its own
      assert_true(strtod(text(&o, d, &doubles[i], 8), NULL) == doubles[i]);
    uint32_t bits;
    memcpy(&bits, &single, 4);
    if (bits << 1 && (bits >> 23 & 0xff) == 0)
      continue; // printf has only doubles, where it is normal
    snprintf(expected, sizeof expected, "%a", (double)single);
    assert_string_equal(text(&o, f, &single, 4), expected);
  }
  assert_string_equal(text(&o, f, "\x01\0\0\0", 4), "0x0.000002p-126"); // the least there is
  assert_string_equal(json(&o, d, "\0\0\0\0\0\0\xf0\xff", 8), "\"-inf\"");
  assert_string_equal(json(&o, d, "\x01\0\0\0\0\0\xf0\x7f", 8), "\"nan\"");
  assert_string_equal(text(&o, half, "\0\x3c", 2), "0x1p+0");
  assert_string_equal(text(&o, half, "\0\xc1", 2), "-0x1.4p+1");
  assert_string_equal(json(&o, quad, "\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\x80", 16),
                      "\"0x80000000000000020000000000000001\"");
  opened_close(&o);
}

static void bitfields_are_cut_out_wherever_they_lie(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t u64 = btfb_int(&b, "long unsigned int", 8, 0, 64), s64 = btfb_int(&b, "long int", 8, BTFB_SIGNED, 64);
  uint32_t u128 = btfb_int(&b, "__int128 unsigned", 16, 0, 128);
  uint32_t e = btfb_enum(&b, "mode", 4, true, 1);
  btfb_value(&b, "LAST", -1);
  uint32_t s = btfb_struct_with_bitfields(&b, "s", 32, 6);
  btfb_bitfield(&b, "a", u64, 0, 1);
  btfb_bitfield(&b, "b", s64, 1, 2);
  btfb_bitfield(&b, "c", u64, 3, 64); // over nine bytes
  btfb_bitfield(&b, "d", u128, 67, 127);
  btfb_bitfield(&b, "e", e, 194, 2);
  btfb_bitfield(&b, 0, u64, 196, 3); // padding
  uint8_t bytes[32];
  memset(bytes, 0xff, sizeof bytes);
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  assert_string_equal(json(&o, s, bytes, 32), "{\"a\":1,\"b\":-1,\"c\":18446744073709551615,"
                                              "\"d\":170141183460469231731687303715884105727,\"e\":\"LAST\"}");
  memset(bytes, 0, sizeof bytes);
  bytes[0] = 0x0c; // b = -2, c = 1
  bytes[8] = 0x0c; // c's top bit set (bit 66), d = 1 (bit 67)
  assert_string_equal(json(&o, s, bytes, 32), "{\"a\":0,\"b\":-2,\"c\":9223372036854775809,\"d\":1,\"e\":0}");
  assert_string_equal(json(&o, s, bytes, 8), "{\"a\":0,\"b\":-2,\"c\":null,\"d\":null,\"e\":null}");
  opened_close(&o);
}

static void anonymous_members_belong_to_what_is_around_them(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, BTFB_SIGNED, 32);
  uint32_t pair = btfb_struct(&b, 0, 8, 2);
  btfb_member(&b, "x", i, 0);
  btfb_member(&b, "y", i, 32);
  uint32_t any = btfb_union(&b, 0, 8, 3);
  btfb_member(&b, "first", i, 0);
  btfb_member(&b, 0, pair, 0);
  btfb_member(&b, "whole", pair, 0);
  uint32_t nothing = btfb_struct(&b, 0, 0, 0);
  uint32_t s = btfb_struct(&b, "s", 16, 4);
  btfb_member(&b, 0, nothing, 0);
  btfb_member(&b, 0, any, 0);
  btfb_member(&b, "empty", nothing, 64);
  btfb_member(&b, "z", i, 64);
  const char bytes[16] = "\x01\0\0\0\x02\0\0\0\x03";
  opened(&o, btfb_finish(&b), 0);
  assert_string_equal(json(&o, s, bytes, 16),
                      "{\"first\":1,\"x\":1,\"y\":2,\"whole\":{\"x\":1,\"y\":2},\"empty\":{},\"z\":3}");
  assert_string_equal(text(&o, s, bytes, 16), "{\n\t.first = 1,\n\t.x = 1,\n\t.y = 2,\n"
                                              "\t.whole = {\n\t\t.x = 1,\n\t\t.y = 2,\n\t},\n\t.empty = {},\n"
                                              "\t.z = 3,\n}");
  opened_close(&o);
}

static void arrays_nest(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, BTFB_SIGNED, 32), u8 = btfb_int(&b, "unsigned char", 1, 0, 8);
  uint32_t grid = btfb_array(&b, btfb_array(&b, u8, i, 3), i, 2);
  uint32_t s = btfb_struct(&b, "s", 1, 1);
  btfb_member(&b, "v", u8, 0);
  uint32_t list = btfb_array(&b, s, i, 2);
  opened(&o, btfb_finish(&b), 0);
  assert_string_equal(text(&o, grid, "\1\2\3\4\5\6", 6), "{ { 1, 2, 3 }, { 4, 5, 6 } }");
  assert_string_equal(json(&o, grid, "\1\2\3\4\5\6", 6), "[[1,2,3],[4,5,6]]");
  assert_string_equal(json(&o, grid, "\1\2\3\4", 4), "[[1,2,3],[4,null,null]]");
  assert_string_equal(json(&o, grid, "\1\2\3", 3), "[[1,2,3],null]");
  assert_string_equal(text(&o, list, "\1\2", 2), "{\n\t{\n\t\t.v = 1,\n\t},\n\t{\n\t\t.v = 2,\n\t},\n}");
  assert_string_equal(json(&o, list, "\1\2", 2), "[{\"v\":1},{\"v\":2}]");
  opened_close(&o);
}

static void sections_are_objects_of_their_variables(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, BTFB_SIGNED, 32);
  uint32_t one = btfb_var(&b, "one", i), two = btfb_var(&b, "two", btfb_ptr(&b, i));
  uint32_t outside = btfb_func(&b, "outside", btfb_proto(&b, 0, 0));
  uint32_t sec = btfb_datasec(&b, ".bss", 24, 3);
  btfb_section_variable(&b, one, 0, 4);
  btfb_section_variable(&b, two, 8, 8);
  btfb_section_variable(&b, outside, 16, 8);
  const char bytes[16] = "\x2a\0\0\0\xee\xee\xee\xee\x10";
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  assert_string_equal(json(&o, sec, bytes, 16), "{\"one\":42,\"two\":\"0x0000000000000010\",\"outside\":null}");
  assert_string_equal(json(&o, sec, bytes, 12), "{\"one\":42,\"two\":null,\"outside\":null}");
  assert_string_equal(text(&o, one, bytes, 4), "42");
  opened_close(&o);
}

static void what_has_no_value_is_null(void **state) {
  (void)state;
  struct opened o;
  struct kl_text t = kl_text_into(out, sizeof out);
  btfb_init(&b);
  uint32_t fwd = btfb_fwd(&b, "gone", false), proto = btfb_proto(&b, 0, 0), func = btfb_func(&b, "f", proto);
  opened(&o, btfb_finish(&b), 0);
  assert_string_equal(json(&o, 0, "abcd", 4), "null");
  assert_string_equal(json(&o, fwd, "abcd", 4), "null");
  assert_string_equal(json(&o, func, "abcd", 4), "null");
  assert_int_equal(kl_btf_print_value(o.btf, 1000, kl_bytes_of("", 0), KL_BTF_VALUE_JSON, &t), KL_ERR_ARGUMENT);
  opened_close(&o);
}

// Four thousand million nothings, and unions of unions of unions.
static void values_that_would_not_end_are_cut(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, 0, 32);
  uint32_t nothing = btfb_struct(&b, "nothing", 0, 0);
  uint32_t many = btfb_array(&b, nothing, i, 0xffffffff);
  uint32_t top = b.next_id;
  for (uint32_t k = 0; k < 40; k++) {
    uint32_t u = btfb_union(&b, 0, 4, 2);
    btfb_member(&b, "a", k == 39 ? i : u + 1, 0);
    btfb_member(&b, "b", k == 39 ? i : u + 1, 0);
  }
  uint32_t deep = i;
  for (uint32_t k = 0; k < 60; k++)
    deep = btfb_array(&b, deep, i, 1);
  deep = btfb_struct(&b, 0, 4, 1) ? b.next_id - 1 : 0;
  btfb_member(&b, "m", deep - 1, 0);
  for (uint32_t k = 0; k < 8; k++) {
    deep = btfb_struct(&b, 0, 4, 1);
    btfb_member(&b, "m", deep - 1, 0);
  }
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  assert_int_equal(print_value(&o, many, "", 0, KL_BTF_VALUE_JSON), KL_ERR_LIMIT);
  assert_int_equal(print_value(&o, top, "abcd", 4, KL_BTF_VALUE_TEXT), KL_ERR_LIMIT);
  assert_int_equal(print_value(&o, deep, "abcd", 4, KL_BTF_VALUE_TEXT), KL_ERR_LIMIT);
  opened_close(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(integers_have_their_sign_and_width),
      cmocka_unit_test(too_few_bytes_are_unreadable),
      cmocka_unit_test(char_arrays_are_text_where_they_hold_text),
      cmocka_unit_test(enums_go_by_name),
      cmocka_unit_test(packed_enums_of_old_encoders_are_compared_by_their_bits),
      cmocka_unit_test(floats_are_written_exactly),
      cmocka_unit_test(bitfields_are_cut_out_wherever_they_lie),
      cmocka_unit_test(anonymous_members_belong_to_what_is_around_them),
      cmocka_unit_test(arrays_nest),
      cmocka_unit_test(sections_are_objects_of_their_variables),
      cmocka_unit_test(what_has_no_value_is_null),
      cmocka_unit_test(values_that_would_not_end_are_cut),
  };
  return cmocka_run_group_tests(tests, 0, 0);
}
