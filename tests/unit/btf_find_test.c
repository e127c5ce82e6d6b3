// Finding types, members, paths and enum values by name.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "btf_opened.h"

static struct btf_builder b;

static bool find_path(const struct opened *o, uint32_t id, const char *path, struct kl_btf_field *f) {
  return kl_btf_find_path(o->btf, id, text_bytes(path), f);
}

// struct outer {            size 40
//   int a;                  0
//   union {                 4 (8 bytes)
//     int b;                4
//     struct {
//       short c;            4
//       const struct {      6
//         char d;           6
//         char e;           7
//       };
//     };
//     char f[2][3];         4
//   };
//   struct inner {          12
//     int x;
//     int y : 3, z : 5;
//   } in[2];
//   ...
// };
struct outer {
  uint32_t outer, inner, the_int;
};
static struct outer outer_struct(void) {
  struct outer r;
  btfb_init(&b);
  uint32_t i32 = r.the_int = btfb_int(&b, "int", 4, BTFB_SIGNED, 32);
  uint32_t i16 = btfb_int(&b, "short int", 2, BTFB_SIGNED, 16);
  uint32_t i8 = btfb_int(&b, "char", 1, BTFB_SIGNED, 8);
  uint32_t de = btfb_struct(&b, 0, 2, 2);
  btfb_member(&b, "d", i8, 0);
  btfb_member(&b, "e", i8, 8);
  uint32_t const_de = btfb_type(&b, KL_BTF_CONST, 0, 0, de);
  uint32_t cde = btfb_struct(&b, 0, 4, 2);
  btfb_member(&b, "c", i16, 0);
  btfb_member(&b, 0, const_de, 16);
  uint32_t row = btfb_array(&b, i8, i32, 3);
  uint32_t grid = btfb_array(&b, row, i32, 2);
  uint32_t any = btfb_union(&b, 0, 8, 3);
  btfb_member(&b, "b", i32, 0);
  btfb_member(&b, 0, cde, 0);
  btfb_member(&b, "f", grid, 0);
  r.inner = btfb_struct_with_bitfields(&b, "inner", 8, 3);
  btfb_bitfield(&b, "x", i32, 0, 0);
  btfb_bitfield(&b, "y", i32, 32, 3);
  btfb_bitfield(&b, "z", i32, 35, 5);
  uint32_t inner_t = btfb_typedef(&b, "inner_t", r.inner);
  uint32_t two = btfb_array(&b, inner_t, i32, 2);
  uint32_t flexible = btfb_array(&b, r.inner, i32, 0);
  r.outer = btfb_struct(&b, "outer", 40, 5);
  btfb_member(&b, "a", i32, 0);
  btfb_member(&b, 0, any, 32);
  btfb_member(&b, "in", two, 96);
  btfb_member(&b, "last", i32, 256);
  btfb_member(&b, "more", flexible, 320);
  return r;
}

static void members_are_found_through_anonymous_ones(void **state) {
  (void)state;
  struct outer r = outer_struct();
  struct opened o;
  struct kl_btf_field f;
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  static const struct {
    const char *name;
    uint32_t bit_offset;
  } members[] = {{"a", 0}, {"b", 32}, {"c", 32}, {"d", 48}, {"e", 56}, {"f", 32}, {"in", 96}, {"last", 256}};
  for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
    assert_true(kl_btf_find_member(o.btf, r.outer, text_bytes(members[i].name), &f));
    assert_int_equal(f.bit_offset, members[i].bit_offset);
    assert_int_equal(f.bit_size, 0);
  }
  assert_int_equal(f.type, r.the_int);
  // A member of a named inner struct is not the outer one's; nor is a type, a part of a name, or nothing.
  static const char *const absent[] = {"x", "outer", "", "i", "inn", "ina", "lasts"};
  for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
    assert_false(kl_btf_find_member(o.btf, r.outer, text_bytes(absent[i]), &f));
  assert_false(kl_btf_find_member(o.btf, r.the_int, text_bytes("a"), &f));
  assert_false(kl_btf_find_member(o.btf, 0, text_bytes("a"), &f));
  assert_false(kl_btf_find_member(o.btf, 1000, text_bytes("a"), &f));
  opened_close(&o);
}

static void bitfields_keep_their_width(void **state) {
  (void)state;
  struct outer r = outer_struct();
  struct opened o;
  struct kl_btf_field f;
  opened(&o, btfb_finish(&b), 0);
  assert_true(kl_btf_find_member(o.btf, r.inner, text_bytes("z"), &f));
  assert_int_equal(f.bit_offset, 35);
  assert_int_equal(f.bit_size, 5);
  assert_true(find_path(&o, r.outer, "in[1].z", &f));
  assert_int_equal(f.bit_offset, 96 + 64 + 35);
  assert_int_equal(f.bit_size, 5);
  opened_close(&o);
}

static void paths_go_through_members_and_elements(void **state) {
  (void)state;
  struct outer r = outer_struct();
  struct opened o;
  struct kl_btf_field f;
  opened(&o, btfb_finish(&b), 0);
  static const struct {
    const char *path;
    uint32_t bit_offset;
  } there[] = {
      {"a", 0},           {"e", 56},          {"f[0][0]", 32},         {"f[1][2]", 32 + 40},
      {"in[0].x", 96},    {"in[1]", 96 + 64}, {"in[1].y", 192},        {"more", 320},
      {"more[0].x", 320}, {"more[5].x", 640}, {"more[1000].y", 64352},
  };
  for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
    assert_true(find_path(&o, r.outer, there[i].path, &f));
    assert_int_equal(f.bit_offset, there[i].bit_offset);
  }
  static const char *const missing[] = {"",
                                        ".a",
                                        "a.",
                                        "a.b",
                                        "in[2]",
                                        "in[-1]",
                                        "in[",
                                        "in[]",
                                        "in[1",
                                        "in[1]x",
                                        "in[1].",
                                        "in.[1]",
                                        "[0]",
                                        "f[0][3]",
                                        "a[0]",
                                        "in[x]",
                                        "in[1]..x",
                                        "in..x",
                                        "in[0x1]",
                                        "nope",
                                        "in[1].nope",
                                        "more[99999999]",
                                        "more[18446744073709551615]",
                                        "in[1] .x"};
  for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
    assert_false(find_path(&o, r.outer, missing[i], &f));
  assert_false(find_path(&o, 1000, "a", &f));
  opened_close(&o);
}

// An INT of fewer bits than its bytes, in a struct without kflag, as compilers
// wrote bitfields before Linux 5.0.
static void bitfields_of_the_old_form_are_read_too(void **state) {
  (void)state;
  struct opened o;
  struct kl_btf_field f;
  btfb_init(&b);
  uint32_t three = btfb_int(&b, "unsigned int", 4, 0, 3);
  uint32_t shifted = btfb_int(&b, "unsigned int", 4, 0, 5u | 3u << 8 << 8); // 5 bits, 3 in
  uint32_t s = btfb_struct(&b, "old", 4, 3);
  btfb_member(&b, "a", three, 0);
  btfb_member(&b, "b", shifted, 0);
  btfb_member(&b, "c", three, 29);
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  assert_true(kl_btf_find_member(o.btf, s, text_bytes("a"), &f) && f.bit_offset == 0 && f.bit_size == 3);
  assert_true(kl_btf_find_member(o.btf, s, text_bytes("b"), &f) && f.bit_offset == 3 && f.bit_size == 5);
  assert_true(kl_btf_find_member(o.btf, s, text_bytes("c"), &f) && f.bit_offset == 29 && f.bit_size == 3);
  opened_close(&o);
}

// u0 holds two of u1, which holds two of u2, ...: 2^40 ways, one step each.
static void a_search_that_would_not_end_is_given_up(void **state) {
  (void)state;
  struct opened o;
  struct kl_btf_field f;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, 0, 32);
  for (uint32_t k = 0; k < 40; k++) {
    uint32_t u = btfb_union(&b, k ? 0 : "top", 4, 2);
    btfb_member(&b, 0, k == 39 ? i : u + 1, 0);
    btfb_member(&b, 0, k == 39 ? i : u + 1, 0);
  }
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  assert_false(kl_btf_find_member(o.btf, 2, text_bytes("x"), &f));
  opened_close(&o);
}

static void every_type_is_found_by_kind_and_name(void **state) {
  (void)state;
  static const enum kl_btf_kind kinds[] = {KL_BTF_STRUCT, KL_BTF_UNION, KL_BTF_ENUM, KL_BTF_TYPEDEF, KL_BTF_FWD};
  struct opened o;
  char name[40];
  btfb_init(&b);
  for (uint32_t n = 0; n < 400; n++) { // names of 2 to 26 bytes: each way of hashing a rest
    snprintf(name, sizeof name, "n%u%.*s", n, (int)(n % 23), "abcdefghijklmnopqrstuvw");
    enum kl_btf_kind kind = kinds[n % 5];
    (void)btfb_type(&b, kind, name, 0, kind == KL_BTF_ENUM ? 4 : 0);
  }
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  for (uint32_t n = 0; n < 400; n++) {
    snprintf(name, sizeof name, "n%u%.*s", n, (int)(n % 23), "abcdefghijklmnopqrstuvw");
    for (size_t k = 0; k < 5; k++)
      assert_int_equal(kl_btf_find(o.btf, kinds[k], text_bytes(name), 0), k == n % 5 ? n + 1 : 0);
  }
  assert_int_equal(kl_btf_find(o.btf, KL_BTF_STRUCT, text_bytes("n"), 0), 0);
  assert_int_equal(kl_btf_find(o.btf, KL_BTF_STRUCT, text_bytes(""), 0), 0);
  opened_close(&o);
}

static void equal_names_come_in_ascending_order(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t ids[3], n = 0;
  for (uint32_t i = 0; i < 9; i++) {
    uint32_t id = btfb_struct(&b, i % 3 ? "other" : "twin", 0, 0);
    if (i % 3 == 0)
      ids[n++] = id;
    (void)btfb_union(&b, "twin", 0, 0);
  }
  opened(&o, btfb_finish(&b), 0);
  uint32_t id = 0;
  for (uint32_t i = 0; i < 3; i++)
    assert_int_equal(id = kl_btf_find(o.btf, KL_BTF_STRUCT, text_bytes("twin"), id), ids[i]);
  assert_int_equal(kl_btf_find(o.btf, KL_BTF_STRUCT, text_bytes("twin"), id), 0);
  assert_int_equal(kl_btf_find(o.btf, KL_BTF_STRUCT, text_bytes("twin"), 0xffffffff), 0);
  opened_close(&o);
}

static void a_struct_is_found_complete_or_through_a_typedef(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, 0, 32);
  (void)btfb_fwd(&b, "task_struct", false);
  uint32_t task = btfb_struct(&b, "task_struct", 8, 0);
  (void)btfb_fwd(&b, "only_forward", false);
  uint32_t anonymous = btfb_struct(&b, 0, 4, 1);
  btfb_member(&b, "counter", i, 0);
  (void)btfb_typedef(&b, "atomic_t", i); // another of that name, of no use
  uint32_t constant = btfb_type(&b, KL_BTF_CONST, 0, 0, anonymous);
  (void)btfb_typedef(&b, "atomic_t", constant);
  uint32_t either = btfb_union(&b, "either", 4, 0);
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(kl_btf_find_struct(o.btf, "task_struct"), task);
  assert_int_equal(kl_btf_find_struct(o.btf, "atomic_t"), anonymous);
  assert_int_equal(kl_btf_find_struct(o.btf, "either"), either);
  assert_int_equal(kl_btf_find_struct(o.btf, "only_forward"), 0);
  assert_int_equal(kl_btf_find_struct(o.btf, "int"), 0);
  opened_close(&o);
}

static void enum_values_are_found_in_named_and_anonymous_enums(void **state) {
  (void)state;
  struct opened o;
  int64_t v = 99;
  btfb_init(&b);
  (void)btfb_enum(&b, "maple_type", 4, false, 2);
  btfb_value(&b, "maple_dense", 0);
  btfb_value(&b, "maple_leaf_64", 1);
  (void)btfb_enum(&b, 0, 4, true, 1);
  btfb_value(&b, "MINUS", -5);
  uint32_t e = btfb_enum(&b, 0, 4, false, 1);
  btfb_value(&b, "LARGE", -1); // 0xffffffff
  (void)btfb_typedef(&b, "flags_t", e);
  (void)btfb_enum64(&b, "wide", true, 1);
  btfb_value64(&b, "LOWEST", 1ull << 63);
  opened(&o, btfb_finish(&b), 0);
  assert_true(kl_btf_find_enum(o.btf, "maple_type", "maple_leaf_64", &v) && v == 1);
  assert_true(kl_btf_find_enum(o.btf, 0, "MINUS", &v) && v == -5);
  assert_true(kl_btf_find_enum(o.btf, "", "LARGE", &v) && v == 0xffffffff);
  assert_true(kl_btf_find_enum(o.btf, "flags_t", "LARGE", &v) && v == 0xffffffff);
  assert_true(kl_btf_find_enum(o.btf, "wide", "LOWEST", &v) && v == INT64_MIN);
  assert_false(kl_btf_find_enum(o.btf, "maple_type", "MINUS", &v));
  assert_false(kl_btf_find_enum(o.btf, 0, "maple_dense", &v));
  assert_false(kl_btf_find_enum(o.btf, "maple", "maple_dense", &v));
  assert_false(kl_btf_find_enum(o.btf, "maple_type", "", &v));
  opened_close(&o);
}

// Up to Linux 5.19 no BTF told signed from unsigned enums, and all were read as
// signed.
static void enums_of_old_encoders_are_signed(void **state) {
  (void)state;
  struct opened o;
  int64_t v = 0;
  btfb_init(&b);
  (void)btfb_enum(&b, "old", 4, false, 1);
  btfb_value(&b, "MINUS", -1);
  opened(&o, btfb_finish(&b), 0);
  assert_true(kl_btf_find_enum(o.btf, "old", "MINUS", &v) && v == -1);
  opened_close(&o);
  (void)btfb_enum64(&b, "wide", false, 0); // a kind of newer encoders
  opened(&o, btfb_finish(&b), 0);
  assert_true(kl_btf_find_enum(o.btf, "old", "MINUS", &v) && v == 0xffffffff);
  opened_close(&o);
}

static void strip_ends_at_what_is_in_memory(void **state) {
  (void)state;
  struct opened o;
  uint64_t size;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, 0, 32);
  uint32_t id = btfb_type(&b, KL_BTF_TYPE_TAG, "rcu", 0, i);
  id = btfb_type(&b, KL_BTF_CONST, 0, 0, id);
  id = btfb_typedef(&b, "t", id);
  id = btfb_type(&b, KL_BTF_VOLATILE, 0, 0, id);
  id = btfb_type(&b, KL_BTF_RESTRICT, 0, 0, id);
  uint32_t p = btfb_ptr(&b, id);
  uint32_t nothing = btfb_typedef(&b, "nothing", 0);
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(kl_btf_strip(o.btf, id), i);
  assert_int_equal(kl_btf_strip(o.btf, p), p);
  assert_int_equal(kl_btf_strip(o.btf, nothing), 0);
  assert_int_equal(kl_btf_strip(o.btf, 0), 0);
  assert_true(kl_btf_size(o.btf, id, &size) && size == 4);
  assert_true(kl_btf_size(o.btf, p, &size) && size == 8);
  assert_false(kl_btf_size(o.btf, nothing, &size));
  assert_false(kl_btf_size(o.btf, 0, &size));
  opened_close(&o);
}

// They are not in the index, but are found as all else is.
static void functions_are_found_own_ones_first(void **state) {
  (void)state;
  static struct btf_builder split;
  struct opened base, o;
  btfb_init(&b);
  uint32_t proto = btfb_proto(&b, 0, 0);
  uint32_t first = btfb_func(&b, "probe", proto), other = btfb_func(&b, "prober", proto);
  (void)btfb_struct(&b, "probe", 0, 0);
  uint32_t second = btfb_func(&b, "probe", proto);
  opened(&base, btfb_finish(&b), 0);
  assert_int_equal(base.status, KL_OK);
  btfb_init_split(&split, kl_btf_count(base.btf), (uint32_t)b.n_strings);
  uint32_t own = btfb_func(&split, "probe", proto);
  opened(&o, btfb_finish(&split), base.btf);
  assert_int_equal(o.status, KL_OK);
  const uint32_t expected[] = {own, first, second, 0};
  uint32_t id = 0;
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    id = kl_btf_find(o.btf, KL_BTF_FUNC, text_bytes("probe"), id);
    assert_int_equal(id, expected[i]);
  }
  assert_int_equal(kl_btf_find(o.btf, KL_BTF_FUNC, text_bytes("prober"), 0), other);
  assert_int_equal(kl_btf_find(o.btf, KL_BTF_FUNC, text_bytes("prob"), 0), 0);
  opened_close(&o);
  opened_close(&base);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_are_found_through_anonymous_ones),
      cmocka_unit_test(bitfields_keep_their_width),
      cmocka_unit_test(paths_go_through_members_and_elements),
      cmocka_unit_test(bitfields_of_the_old_form_are_read_too),
      cmocka_unit_test(a_search_that_would_not_end_is_given_up),
      cmocka_unit_test(every_type_is_found_by_kind_and_name),
      cmocka_unit_test(equal_names_come_in_ascending_order),
      cmocka_unit_test(functions_are_found_own_ones_first),
      cmocka_unit_test(a_struct_is_found_complete_or_through_a_typedef),
      cmocka_unit_test(enum_values_are_found_in_named_and_anonymous_enums),
      cmocka_unit_test(enums_of_old_encoders_are_signed),
      cmocka_unit_test(strip_ends_at_what_is_in_memory),
  };
  return cmocka_run_group_tests(tests, 0, 0);
}
