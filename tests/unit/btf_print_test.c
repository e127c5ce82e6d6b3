// C declarations. What is expected is what a C programmer would write; that it
// compiles to the BTF's layout is for tests/diff.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "btf_opened.h"

static struct btf_builder b;
static char out[1 << 16];

static const char *name_of(const struct opened *o, uint32_t id) {
  struct kl_text t = kl_text_into(out, sizeof out - 1);
  kl_btf_print_name(o->btf, id, &t);
  out[t.used] = 0;
  return out;
}

static const char *printed(const struct opened *o, uint32_t id, bool layout) {
  struct kl_text t = kl_text_into(out, sizeof out - 1);
  assert_int_equal(kl_btf_print_type(o->btf, id, layout, &t), KL_OK);
  out[t.used] = 0;
  return out;
}

static void names_are_written_as_c_writes_them(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, BTFB_SIGNED, 32);
  uint32_t c = btfb_int(&b, "char", 1, BTFB_SIGNED, 8);
  uint32_t s = btfb_struct(&b, "task_struct", 0, 0);
  uint32_t u = btfb_union(&b, 0, 0, 0);
  uint32_t e = btfb_enum(&b, "pid_type", 4, false, 0);
  uint32_t fs = btfb_fwd(&b, "gone", false), fu = btfb_fwd(&b, "gone", true);
  uint32_t ps = btfb_ptr(&b, s);
  uint32_t ci = btfb_type(&b, KL_BTF_CONST, 0, 0, i);
  uint32_t cvi = btfb_type(&b, KL_BTF_VOLATILE, 0, 0, ci);
  uint32_t pci = btfb_ptr(&b, ci);
  uint32_t cpci = btfb_type(&b, KL_BTF_CONST, 0, 0, pci);
  uint32_t rcpci = btfb_type(&b, KL_BTF_RESTRICT, 0, 0, cpci);
  uint32_t pcpci = btfb_ptr(&b, cpci);
  uint32_t a4 = btfb_array(&b, i, i, 4);
  uint32_t a2a4 = btfb_array(&b, a4, i, 2);
  uint32_t pa4 = btfb_ptr(&b, a4);
  uint32_t ap = btfb_array(&b, ps, i, 3);
  uint32_t papa = btfb_ptr(&b, btfb_array(&b, pa4, i, 5));
  uint32_t f0 = btfb_proto(&b, 0, 0);
  uint32_t pf0 = btfb_ptr(&b, f0);
  uint32_t f2 = btfb_proto(&b, ps, 3);
  btfb_parameter(&b, "first", pci);
  btfb_parameter(&b, "handler", pf0);
  btfb_parameter(&b, 0, 0);
  uint32_t pf2 = btfb_ptr(&b, f2);
  uint32_t signal = btfb_proto(&b, pf0, 1); // returns a function pointer
  btfb_parameter(&b, 0, pf0);
  uint32_t psignal = btfb_ptr(&b, signal);
  uint32_t apf = btfb_array(&b, pf0, i, 16);
  uint32_t cf = btfb_ptr(&b, btfb_type(&b, KL_BTF_CONST, 0, 0, a4));
  uint32_t td = btfb_typedef(&b, "handler_t", pf2);
  uint32_t ptd = btfb_ptr(&b, td);
  uint32_t user = btfb_ptr(&b, btfb_type(&b, KL_BTF_TYPE_TAG, "user", 0, c));
  uint32_t odd = btfb_ptr(&b, btfb_type(&b, KL_BTF_TYPE_TAG, "a \"b\"\n", 0, c));
  uint32_t attribute =
      btfb_ptr(&b, btfb_raw(&b, btfb_string(&b, "address_space(1)"), KL_BTF_TYPE_TAG << 24 | 0x80000000u, c));
  uint32_t flexible = btfb_array(&b, c, i, 0);
  uint32_t func = btfb_func(&b, "vfs_read", f2);
  const struct {
    uint32_t id;
    const char *name;
  } cases[] = {
      {0, "void"},
      {i, "int"},
      {s, "struct task_struct"},
      {u, "union {...}"},
      {e, "enum pid_type"},
      {fs, "struct gone"},
      {fu, "union gone"},
      {ps, "struct task_struct *"},
      {cvi, "volatile const int"},
      {pci, "const int *"},
      {cpci, "const int *const"},
      {rcpci, "const int *const restrict"},
      {pcpci, "const int *const *"},
      {a4, "int [4]"},
      {a2a4, "int [2][4]"},
      {pa4, "int (*)[4]"},
      {ap, "struct task_struct *[3]"},
      {papa, "int (*(*)[5])[4]"},
      {f0, "void (void)"},
      {pf0, "void (*)(void)"},
      {pf2, "struct task_struct *(*)(const int *first, void (*handler)(void), ...)"},
      {psignal, "void (*(*)(void (*)(void)))(void)"},
      {apf, "void (*[16])(void)"},
      {cf, "const int (*)[4]"},
      {td, "handler_t"},
      {ptd, "handler_t *"},
      {user, "char __user *"},
      {odd, "char __attribute__((btf_type_tag(\"a \\x22b\\x22\\x0a\"))) *"},
      {attribute, "char __attribute__((address_space(1))) *"},
      {flexible, "char [0]"},
      {func, "vfs_read"},
  };
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
    assert_string_equal(name_of(&o, cases[k].id), cases[k].name);
  assert_string_equal(name_of(&o, 100000), "");
  opened_close(&o);
}

static void declarations_of_what_is_no_struct(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, BTFB_SIGNED, 32);
  uint32_t s = btfb_struct(&b, 0, 4, 1);
  btfb_member(&b, "counter", i, 0);
  uint32_t atomic = btfb_typedef(&b, "atomic_t", s);
  uint32_t proto = btfb_proto(&b, i, 1);
  btfb_parameter(&b, "v", i);
  uint32_t func = btfb_func(&b, "square", proto);
  uint32_t callback = btfb_typedef(&b, "callback_t", btfb_ptr(&b, proto));
  uint32_t fwd = btfb_fwd(&b, "later", true);
  uint32_t var = btfb_var(&b, "cpu_number", i);
  uint32_t sec = btfb_datasec(&b, ".data..percpu", 16, 1);
  btfb_section_variable(&b, var, 12, 4);
  uint32_t tag = btfb_decl_tag(&b, "bpf_fastcall", func, (uint32_t)-1);
  uint32_t small = btfb_enum(&b, "tiny", 1, true, 2);
  btfb_value(&b, "A", -1);
  btfb_value(&b, "B", 5);
  uint32_t big = btfb_enum64(&b, 0, false, 2);
  btfb_value64(&b, "C", 0xffffffffffffffff);
  btfb_value64(&b, "D", 1);
  uint32_t big_t = btfb_typedef(&b, "big_t", big);
  uint32_t none = btfb_enum(&b, "opaque", 4, false, 0);
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  assert_string_equal(printed(&o, i, false), "int;\n");
  assert_string_equal(printed(&o, 0, false), "void;\n");
  assert_string_equal(printed(&o, atomic, false), "typedef struct {\n\tint counter;\n} atomic_t;\n");
  assert_string_equal(printed(&o, func, false), "int square(int v);\n");
  assert_string_equal(printed(&o, callback, false), "typedef int (*callback_t)(int v);\n");
  assert_string_equal(printed(&o, fwd, false), "union later;\n");
  assert_string_equal(printed(&o, var, false), "int cpu_number;\n");
  assert_string_equal(printed(&o, sec, false), "/* section .data..percpu: 16 bytes */\nint cpu_number;\n");
  assert_string_equal(printed(&o, tag, false), "/* tag \"bpf_fastcall\" of square */\n");
  assert_string_equal(printed(&o, small, false),
                      "enum tiny {\n\tA = -1,\n\tB = 5,\n} __attribute__((mode(QI)));\n");
  assert_string_equal(printed(&o, big_t, false),
                      "typedef enum {\n\tC = 18446744073709551615ULL,\n\tD = 1,\n} big_t;\n");
  assert_string_equal(printed(&o, none, false), "enum opaque;\n");
  struct kl_text t = kl_text_into(out, sizeof out);
  assert_int_equal(kl_btf_print_type(o.btf, 100000, false, &t), KL_ERR_ARGUMENT);
  opened_close(&o);
}

// struct thing {
//   char a;
//   (3 bytes hole)
//   int flags : 3, more : 5;  at 4
//   (24 bits hole)
//   struct { char x; (1) short y; } *p, ... at 8
//   union { int i; long l; } at 16
//   char tail;                at 24
//   (7 bytes padding)
// }
static uint32_t thing(void) {
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, BTFB_SIGNED, 32);
  uint32_t c = btfb_int(&b, "char", 1, BTFB_SIGNED, 8);
  uint32_t h = btfb_int(&b, "short int", 2, BTFB_SIGNED, 16);
  uint32_t l = btfb_int(&b, "long int", 8, BTFB_SIGNED, 64);
  uint32_t xy = btfb_struct(&b, 0, 4, 2);
  btfb_member(&b, "x", c, 0);
  btfb_member(&b, "y", h, 16);
  uint32_t pxy = btfb_ptr(&b, xy);
  uint32_t any = btfb_union(&b, 0, 8, 2);
  btfb_member(&b, "i", i, 0);
  btfb_member(&b, "l", l, 0);
  uint32_t id = btfb_struct_with_bitfields(&b, "thing", 32, 6);
  btfb_bitfield(&b, "a", c, 0, 0);
  btfb_bitfield(&b, "flags", i, 32, 3);
  btfb_bitfield(&b, "more", i, 35, 5);
  btfb_bitfield(&b, "p", pxy, 64, 0);
  btfb_bitfield(&b, 0, any, 128, 0);
  btfb_bitfield(&b, "tail", c, 192, 0);
  return id;
}

static void layout_shows_offsets_holes_and_padding(void **state) {
  (void)state;
  struct opened o;
  uint32_t id = thing();
  opened(&o, btfb_finish(&b), 0);
  assert_string_equal(printed(&o, id, true), "struct thing {\n"
                                             "\tchar a;                                         /*     0     1 */\n"
                                             "\t/* 3 bytes hole */\n"
                                             "\tint flags : 3;                                  /*     4: 0  4 */\n"
                                             "\tint more : 5;                                   /*     4: 3  4 */\n"
                                             "\t/* 3 bytes hole */\n"
                                             "\tstruct {\n"
                                             "\t\tchar x;                                 /*     0     1 */\n"
                                             "\t\t/* 1 byte hole */\n"
                                             "\t\tshort int y;                            /*     2     2 */\n"
                                             "\t} *p;                                           /*     8     8 */\n"
                                             "\tunion {\n"
                                             "\t\tint i;                                  /*    16     4 */\n"
                                             "\t\tlong int l;                             /*    16     8 */\n"
                                             "\t};                                              /*    16     8 */\n"
                                             "\tchar tail;                                      /*    24     1 */\n"
                                             "\n"
                                             "\t/* size: 32, members: 6 */\n"
                                             "\t/* holes: 2, sum holes: 6 */\n"
                                             "\t/* 7 bytes padding */\n"
                                             "};\n");
  opened_close(&o);
}

static void plain_needs_no_more_than_c_does(void **state) {
  (void)state;
  struct opened o;
  uint32_t id = thing();
  opened(&o, btfb_finish(&b), 0);
  assert_string_equal(printed(&o, id, false),
                      "struct thing {\n"
                      "\tchar a;\n"
                      "\tchar : 8;\n" // C would put flags into byte 1
                      "\tshort : 16;\n"
                      "\tint flags : 3;\n"
                      "\tint more : 5;\n"
                      "\tstruct {\n"
                      "\t\tchar x;\n"
                      "\t\tshort int y;\n"
                      "\t} *p;\n"
                      "\tunion {\n"
                      "\t\tint i;\n"
                      "\t\tlong int l;\n"
                      "\t};\n"
                      "\tchar tail;\n"
                      "};\n");
  opened_close(&o);
}

static void packed_structs_and_odd_gaps_keep_their_layout(void **state) {
  (void)state;
  struct opened o;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, BTFB_SIGNED, 32);
  uint32_t c = btfb_int(&b, "char", 1, BTFB_SIGNED, 8);
  uint32_t packed = btfb_struct(&b, "packed", 5, 2);
  btfb_member(&b, "c", c, 0);
  btfb_member(&b, "i", i, 8);
  uint32_t far = btfb_struct(&b, "far", 64, 2); // as if i were aligned to 32
  btfb_member(&b, "c", c, 0);
  btfb_member(&b, "i", i, 256);
  uint32_t bits = btfb_struct_with_bitfields(&b, "bits", 4, 2);
  btfb_bitfield(&b, "x", i, 1, 3);
  btfb_bitfield(&b, "y", i, 14, 2);
  uint32_t stretched = btfb_union(&b, "stretched", 16, 1);
  btfb_member(&b, "i", i, 0);
  uint32_t empty = btfb_struct(&b, "empty", 0, 0);
  opened(&o, btfb_finish(&b), 0);
  assert_string_equal(printed(&o, packed, false),
                      "struct packed {\n\tchar c;\n\tint i;\n} __attribute__((packed));\n");
  assert_string_equal(
      printed(&o, far, false),
      "struct far {\n\tchar c;\n"
      "\tchar : 8;\n\tshort : 16;\n\tint : 32;\n\tint : 32;\n\tint : 32;\n\tint : 32;\n\tint : 32;\n"
      "\tint : 32;\n\tint : 32;\n\tint i;\n"
      "\tint : 32;\n\tint : 32;\n\tint : 32;\n\tint : 32;\n\tint : 32;\n\tint : 32;\n\tint : 32;\n"
      "};\n");
  assert_string_equal(printed(&o, bits, false),
                      "struct bits {\n\tchar : 1;\n\tint x : 3;\n\tchar : 4;\n\tchar : 6;\n\tint y : 2;\n};\n");
  assert_string_equal(printed(&o, stretched, false),
                      "union stretched {\n\tint i;\n\tstruct {\n\t\tint : 32;\n\t\tint : 32;\n\t\tint : 32;\n"
                      "\t\tint : 32;\n\t};\n};\n");
  assert_string_equal(printed(&o, empty, false), "struct empty {\n};\n");
  assert_string_equal(printed(&o, bits, true),
                      "struct bits {\n"
                      "\t/* 1 bit hole */\n"
                      "\tint x : 3;                                      /*     0: 1  4 */\n"
                      "\t/* 4 bits hole */\n"
                      "\t/* 6 bits hole */\n"
                      "\tint y : 2;                                      /*     0:14  4 */\n"
                      "\n"
                      "\t/* size: 4, members: 2 */\n"
                      "\t/* bit holes: 3, sum bit holes: 11 bits */\n"
                      "\t/* 2 bytes padding */\n"
                      "};\n");
  opened_close(&o);
}

static void long_lines_keep_their_comment(void **state) {
  (void)state;
  struct opened o;
  char name[200];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = 0;
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, BTFB_SIGNED, 32);
  uint32_t id = btfb_struct(&b, "s", 4, 1);
  btfb_member(&b, name, i, 0);
  opened(&o, btfb_finish(&b), 0);
  const char *text = printed(&o, id, true);
  assert_non_null(strstr(text, "nnn; /*     0     4 */\n"));
  opened_close(&o);
}

// What Linux would not refuse either: each must end, and say so.
static void endless_types_are_cut(void **state) {
  (void)state;
  struct opened o;
  struct kl_text t = kl_text_into(out, sizeof out);
  btfb_init(&b);
  uint32_t i = btfb_int(&b, "int", 4, BTFB_SIGNED, 32);
  uint32_t self = btfb_proto(&b, b.next_id + 1, 1); // returns and takes a pointer to itself
  btfb_parameter(&b, 0, b.next_id);
  uint32_t pself = btfb_ptr(&b, self);
  uint32_t inner = btfb_struct(&b, 0, 8, 1); // anonymous, points to itself
  btfb_member(&b, "again", b.next_id, 0);
  (void)btfb_ptr(&b, inner);
  uint32_t twice = btfb_proto(&b, 0, 2); // 2^20 parameters
  uint32_t first = twice;
  for (int k = 0; k < 20; k++) {
    btfb_parameter(&b, 0, b.next_id);
    btfb_parameter(&b, 0, b.next_id);
    uint32_t p = btfb_ptr(&b, b.next_id + 1);
    (void)p;
    twice = btfb_proto(&b, 0, k == 19 ? 0 : 2);
  }
  uint32_t wide = btfb_struct(&b, "wide", 0xfffffff0, 2); // 4 GiB of padding
  btfb_member(&b, "a", i, 0);
  btfb_member(&b, "b", i, 0xffffffe0);
  opened(&o, btfb_finish(&b), 0);
  assert_int_equal(o.status, KL_OK);
  const uint32_t ids[] = {self, pself, first};
  for (size_t k = 0; k < 3; k++) {
    t.used = 0;
    assert_int_equal(kl_btf_print_type(o.btf, ids[k], false, &t), KL_ERR_LIMIT);
    t.used = 0;
    kl_btf_print_name(o.btf, ids[k], &t);
  }
  t.used = 0;
  assert_int_equal(kl_btf_print_type(o.btf, inner, true, &t), KL_ERR_LIMIT);
  t.used = 0;
  assert_int_equal(kl_btf_print_type(o.btf, wide, false, &t), KL_ERR_LIMIT);
  assert_true(t.truncated);
  opened_close(&o);
}

static enum kl_status refuse(void *user, const char *p, size_t n) {
  (void)user;
  (void)p;
  (void)n;
  return KL_ERR_IO;
}

static void a_writer_that_fails_ends_the_print(void **state) {
  (void)state;
  struct opened o;
  char small[8];
  uint32_t id = thing();
  opened(&o, btfb_finish(&b), 0);
  for (int layout = 0; layout < 2; layout++) {
    struct kl_text t = kl_text_into(small, sizeof small);
    t.flush = refuse;
    assert_int_equal(kl_btf_print_type(o.btf, id, layout, &t), KL_ERR_IO);
  }
  opened_close(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_written_as_c_writes_them),
      cmocka_unit_test(declarations_of_what_is_no_struct),
      cmocka_unit_test(layout_shows_offsets_holes_and_padding),
      cmocka_unit_test(plain_needs_no_more_than_c_does),
      cmocka_unit_test(packed_structs_and_odd_gaps_keep_their_layout),
      cmocka_unit_test(long_lines_keep_their_comment),
      cmocka_unit_test(endless_types_are_cut),
      cmocka_unit_test(a_writer_that_fails_ends_the_print),
  };
  return cmocka_run_group_tests(tests, 0, 0);
}
