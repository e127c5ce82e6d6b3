// Fields: what the tables of fields.h become, given types.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "btf_opened.h"

#include "kernel/resolve.h"

static struct btf_builder b;
static struct opened o;
static struct kl_diagnostic items[256];
static struct kl_diagnostics diagnostics;
static struct kl_kernel k;

static void resolve(void) {
  opened(&o, btfb_finish(&b), NULL);
  assert_int_equal(o.status, KL_OK);
  memset(&k, 0, sizeof k);
  diagnostics = (struct kl_diagnostics){.items = items, .capacity = 256};
  k.btf = o.btf;
  k.diagnostics = &diagnostics;
  kl_resolve_fields(&k);
}

static const struct kl_field *field(enum kl_field_id id) {
  assert_true(k.fields[id].present);
  return &k.fields[id];
}

static bool noted(const char *what) {
  for (size_t i = 0; i < diagnostics.used; i++)
    if (strcmp(diagnostics.items[i].what, what) == 0)
      return true;
  return false;
}

static void members_have_place_size_and_sign(void **state) {
  (void)state;
  btfb_init(&b);
  uint32_t s32 = btfb_int(&b, "int", 4, 1, 32), u32 = btfb_int(&b, "unsigned int", 4, 0, 32);
  uint32_t s64 = btfb_int(&b, "long", 8, 1, 64), c = btfb_int(&b, "char", 1, 1, 8);
  uint32_t comm = btfb_array(&b, c, u32, 16), pid = btfb_typedef(&b, "pid_t", s32);
  uint32_t pointer = btfb_ptr(&b, 0);
  uint32_t atomic = btfb_struct(&b, "atomic64_t", 8, 1);
  btfb_member(&b, "counter", s64, 0);
  btfb_struct(&b, "task_struct", 64, 4);
  btfb_member(&b, "flags", u32, 0);
  btfb_member(&b, "pid", pid, 32);
  btfb_member(&b, "comm", comm, 128);
  btfb_member(&b, "mm", pointer, 256);
  btfb_struct(&b, "bpf_map", 16, 1);
  btfb_member(&b, "refcnt", atomic, 64);
  resolve();
  assert_int_equal(field(KL_F_task_struct_flags)->offset, 0);
  assert_false(field(KL_F_task_struct_flags)->is_signed);
  assert_int_equal(field(KL_F_task_struct_pid)->offset, 4);
  assert_true(field(KL_F_task_struct_pid)->is_signed); // through the typedef
  assert_int_equal(field(KL_F_task_struct_comm)->size, 16);
  assert_int_equal(field(KL_F_task_struct_mm)->offset, 32);
  assert_int_equal(field(KL_F_task_struct_mm)->size, 8);
  assert_false(field(KL_F_task_struct_mm)->is_signed);
  assert_int_equal(field(KL_F_bpf_map_refcnt)->offset, 8);
  assert_int_equal(field(KL_F_bpf_map_refcnt)->size, 8);
  assert_true(field(KL_F_bpf_map_refcnt)->is_signed); // a number in a struct of its own
  assert_true(k.types[KL_T_task_struct].present);
  assert_int_equal(k.types[KL_T_task_struct].bytes, 64);
  opened_close(&o);
}

static void members_of_nameless_structs_count(void **state) {
  (void)state;
  btfb_init(&b);
  uint32_t u64 = btfb_int(&b, "unsigned long", 8, 0, 64), u32 = btfb_int(&b, "unsigned int", 4, 0, 32);
  uint32_t inner = btfb_struct(&b, "", 16, 2);
  btfb_member(&b, "other", u64, 0);
  btfb_member(&b, "exit_state", u32, 64);
  uint32_t either = btfb_union(&b, "", 16, 1);
  btfb_member(&b, "", inner, 0);
  btfb_struct(&b, "task_struct", 40, 2);
  btfb_member(&b, "first", u64, 0);
  btfb_member(&b, "", either, 128);
  resolve();
  assert_int_equal(field(KL_F_task_struct_exit_state)->offset, 24);
  opened_close(&o);
}

static void bitfields_keep_their_bits(void **state) {
  (void)state;
  btfb_init(&b);
  uint32_t s32 = btfb_int(&b, "int", 4, 1, 32);
  btfb_struct_with_bitfields(&b, "task_struct", 8, 2);
  btfb_bitfield(&b, "flags", s32, 0, 3);
  btfb_bitfield(&b, "exit_state", s32, 35, 7);
  resolve();
  const struct kl_field *f = field(KL_F_task_struct_exit_state);
  assert_int_equal(f->offset, 4);
  assert_int_equal(f->bit_offset, 3);
  assert_int_equal(f->bit_size, 7);
  assert_int_equal(f->size, 2); // bits 3 to 9 reach into the next byte
  assert_true(f->is_signed);
  assert_int_equal(field(KL_F_task_struct_flags)->size, 1);
  opened_close(&o);
}

static void of_two_structs_of_one_name_the_fitting_one_is_taken(void **state) {
  (void)state;
  for (int order = 0; order < 2; order++) {
    btfb_init(&b);
    uint32_t u64 = btfb_int(&b, "unsigned long", 8, 0, 64);
    for (int i = 0; i < 2; i++) {
      if (i == order) { // of another part of the kernel
        btfb_struct(&b, "bucket", 24, 1);
        btfb_member(&b, "io_time", u64, 64);
      } else {
        btfb_struct(&b, "bucket", 16, 1);
        btfb_member(&b, "head", u64, 0);
      }
    }
    resolve();
    assert_int_equal(field(KL_F_bucket_head)->offset, 0);
    assert_int_equal(k.types[KL_T_bucket].bytes, 16);
    opened_close(&o);
  }
}

static void a_declaration_is_no_struct(void **state) {
  (void)state;
  btfb_init(&b);
  uint32_t u64 = btfb_int(&b, "unsigned long", 8, 0, 64);
  btfb_fwd(&b, "list_head", false);
  btfb_fwd(&b, "hlist_head", false);
  btfb_struct(&b, "list_head", 16, 2);
  btfb_member(&b, "next", u64, 0);
  btfb_member(&b, "prev", u64, 64);
  resolve();
  assert_int_equal(field(KL_F_list_head_prev)->offset, 8);
  assert_false(k.fields[KL_F_hlist_head_first].present);
  opened_close(&o);
}

static void what_is_required_and_missing_is_said(void **state) {
  (void)state;
  btfb_init(&b);
  btfb_int(&b, "int", 4, 1, 32);
  resolve();
  for (size_t i = 0; i < KL_FIELD_COUNT; i++)
    assert_false(k.fields[i].present);
  assert_true(noted("next"));          // of list_head
  assert_false(noted("thread_group")); // optional
  assert_false(k.types[KL_T_task_struct].present);
  assert_false(k.enums[KL_E_maple_type_maple_leaf_64].present);
  opened_close(&o);
}

static void enum_values_are_found_by_both_names(void **state) {
  (void)state;
  btfb_init(&b);
  btfb_enum(&b, "maple_type", 4, false, 2);
  btfb_value(&b, "maple_dense", 0);
  btfb_value(&b, "maple_leaf_64", 7);
  btfb_enum(&b, "other", 4, false, 1);
  btfb_value(&b, "maple_range_64", 9);
  resolve();
  assert_true(k.enums[KL_E_maple_type_maple_leaf_64].present);
  assert_int_equal(k.enums[KL_E_maple_type_maple_leaf_64].value, 7);
  assert_true(k.enums[KL_E_maple_type_maple_dense].present);
  assert_false(k.enums[KL_E_maple_type_maple_range_64].present);
  opened_close(&o);
}

static void a_bitfield_past_eight_bytes_is_none(void **state) {
  (void)state;
  btfb_init(&b);
  uint32_t u64 = btfb_int(&b, "unsigned long", 8, 0, 64);
  btfb_struct_with_bitfields(&b, "wide", 16, 1);
  btfb_bitfield(&b, "bits", u64, 4, 62); // 62 bits from bit 4 on touch nine bytes
  opened(&o, btfb_finish(&b), NULL);
  struct kl_field f;
  struct kl_btf_field member = {.type = u64, .bit_offset = 4, .bit_size = 62};
  assert_false(kl_field_of_member(o.btf, &member, &f));
  member.bit_size = 60;
  assert_true(kl_field_of_member(o.btf, &member, &f));
  assert_int_equal(f.size, 8);
  opened_close(&o);
}

// Comparing structs goes through all their members, and a BTF has room for a
// million of one name.
static void of_many_structs_of_one_name_the_first_are_compared(void **state) {
  (void)state;
  btfb_init(&b);
  uint32_t u64 = btfb_int(&b, "unsigned long", 8, 0, 64);
  for (int i = 0; i < 99; i++) {
    btfb_struct(&b, "bucket", 24, 1);
    btfb_member(&b, "io_time", u64, 64);
  }
  btfb_struct(&b, "bucket", 16, 1);
  btfb_member(&b, "head", u64, 0);
  resolve();
  assert_false(k.fields[KL_F_bucket_head].present);
  assert_int_equal(k.types[KL_T_bucket].bytes, 24);
  opened_close(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_have_place_size_and_sign),
      cmocka_unit_test(members_of_nameless_structs_count),
      cmocka_unit_test(bitfields_keep_their_bits),
      cmocka_unit_test(of_two_structs_of_one_name_the_fitting_one_is_taken),
      cmocka_unit_test(a_declaration_is_no_struct),
      cmocka_unit_test(what_is_required_and_missing_is_said),
      cmocka_unit_test(enum_values_are_found_by_both_names),
      cmocka_unit_test(a_bitfield_past_eight_bytes_is_none),
      cmocka_unit_test(of_many_structs_of_one_name_the_first_are_compared),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
