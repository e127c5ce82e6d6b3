// What BPF objects bring along: split BTF on the guest's own vmlinux BTF, the
// special fields of values, and the lines of programs.
#include "bpf_builder.h"
#include "btf_builder.h"

#include "linux/bpf_btf.h"
#include "linux/bpf_lines.h"
#include "linux/bpf_render.h"
#include "linux/enum_name.h"

enum {
  BTF = 0x2000, // struct btf
  DATA = 0x40000,
  AUX = 0x3000,
  FUNCTIONS = 0x3100,
  LINES = 0x3200,
  RECORD = 0x4000,
};

static struct btf_builder base, other, split;
static struct kl_bpf_lines lines;

static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void put_bytes(uint64_t phys, struct kl_bytes bytes) {
  memcpy(g.memory + phys, bytes.p, bytes.n);
}

// A struct btf at BTF whose data are those of the builder.
static void put_btf(struct btf_builder *b, uint64_t base_address) {
  struct kl_bytes data = btfb_finish(b);
  guest_field(&g, KL_F_btf_id, 0, 4);
  guest_field(&g, KL_F_btf_data_size, 4, 4);
  guest_field(&g, KL_F_btf_data, 8, 8);
  guest_field(&g, KL_F_btf_base_btf, 16, 8);
  guest_put(&g, BTF + 4, data.n, 4);
  guest_put64(&g, BTF + 8, VA(DATA));
  guest_put64(&g, BTF + 16, base_address);
  put_bytes(DATA, data);
}

// Ids of a split BTF go on behind its base: here 1 is the guest's "pid_number",
// 2 its "clock_number"; in the BTF of some other kernel 1 and 2 are the other
// way round, and sizes too.
static void split_btf_continues_the_guests_own(void **state) {
  (void)state;
  bpf_guest(KL_BPF_HASH, 4, 4, 1);
  btfb_init(&base);
  btfb_int(&base, "pid_number", 4, BTFB_SIGNED, 32);
  btfb_int(&base, "clock_number", 8, 0, 64);
  btfb_init(&other);
  btfb_int(&other, "clock_number", 8, 0, 64);
  btfb_int(&other, "pid_number", 4, BTFB_SIGNED, 32);
  struct kl_bytes vmlinux = btfb_finish(&base);
  assert_int_equal(kl_btf_open(&g.arena, vmlinux, NULL, &g.limits, &g.kernel.btf, NULL), KL_OK);
  btfb_init_split(&split, kl_btf_count(g.kernel.btf), (uint32_t)base.n_strings);
  uint32_t value = btfb_struct(&split, "value", 8, 1);
  btfb_member(&split, "owner", 1, 0);
  put_btf(&split, VA(BTF + 0x100));

  const struct kl_btf *types;
  assert_int_equal(kl_bpf_btf_types(&g.kernel, VA(BTF), &types), KL_OK);
  char text[64];
  struct kl_text out = kl_text_into(text, sizeof text);
  uint8_t bytes[8] = {0xfe, 0xff, 0xff, 0xff, 1, 2, 3, 4};
  assert_int_equal(kl_bpf_render(types, value, kl_bytes_of(bytes, sizeof bytes), &out), KL_OK);
  text[out.used] = 0;
  assert_string_equal(text, "{\"owner\":-2}");
  // The same bytes on the other kernel's BTF open as well, and say another thing.
  struct kl_btf *wrong, *wrong_base;
  struct kl_bytes data = btfb_finish(&split);
  assert_int_equal(kl_btf_open(&g.arena, btfb_finish(&other), NULL, &g.limits, &wrong_base, NULL), KL_OK);
  assert_int_equal(kl_btf_open(&g.arena, data, wrong_base, &g.limits, &wrong, NULL), KL_OK);
  out = kl_text_into(text, sizeof text);
  assert_int_equal(kl_bpf_render(wrong, value, kl_bytes_of(bytes, sizeof bytes), &out), KL_OK);
  text[out.used] = 0;
  assert_string_equal(text, "{\"owner\":289077008695033854}");
}

static void btf_larger_than_its_cap_is_not_read(void **state) {
  (void)state;
  bpf_guest(KL_BPF_HASH, 4, 4, 1);
  btfb_init(&split);
  btfb_int(&split, "int", 4, BTFB_SIGNED, 32);
  put_btf(&split, 0);
  guest_put(&g, BTF + 4, UINT32_MAX, 4);
  const struct kl_btf *types;
  assert_int_equal(kl_bpf_btf_types(&g.kernel, VA(BTF), &types), KL_ERR_LIMIT);
}

// ── Special fields ─────────────────────────────────────────────────────────

static struct kl_bpf_specials specials;

static void record_guest(uint32_t count) {
  bpf_guest(KL_BPF_ARRAY, 4, 32, 1);
  guest_field(&g, KL_F_bpf_map_record, 0x60, 8);
  guest_field(&g, KL_F_btf_record_cnt, 0, 4);
  guest_field(&g, KL_F_btf_record_fields, 8, 0);
  guest_field(&g, KL_F_btf_field_offset, 0, 4);
  guest_field(&g, KL_F_btf_field_size, 4, 4);
  guest_field(&g, KL_F_btf_field_type, 8, 4);
  g.kernel.types[KL_T_btf_field].present = true;
  g.kernel.types[KL_T_btf_field].bytes = 16;
  btfb_init(&base);
  btfb_type(&base, KL_BTF_ENUM, "btf_field_type", 1, 4);
  btfb_word(&base, btfb_string(&base, "BPF_TIMER"));
  btfb_word(&base, 2);
  assert_int_equal(kl_btf_open(&g.arena, btfb_finish(&base), NULL, &g.limits, &g.kernel.btf, NULL), KL_OK);
  guest_put64(&g, BPF_MAP + 0x60, VA(RECORD));
  guest_put(&g, RECORD, count, 4);
}

static void put_special(unsigned i, uint32_t offset, uint32_t bytes, uint32_t type) {
  guest_put(&g, RECORD + 8 + 16 * i, offset, 4);
  guest_put(&g, RECORD + 12 + 16 * i, bytes, 4);
  guest_put(&g, RECORD + 16 + 16 * i, type, 4);
}

static void special_fields_are_named_by_the_kernel_and_hidden(void **state) {
  (void)state;
  record_guest(2);
  put_special(0, 8, 16, 2);
  put_special(1, 30, 2, 1 << 20); // a kind that this kernel's enum does not name
  assert_int_equal(kl_bpf_specials_read(&g.kernel, &map, &specials), KL_OK);
  assert_int_equal(specials.count, 2);
  assert_string_equal(specials.fields[0].kind, "timer");
  assert_string_equal(specials.fields[1].kind, "");
  uint8_t value[32], hidden[32];
  memset(value, 0xaa, sizeof value);
  memset(hidden, 0xaa, sizeof hidden);
  memset(hidden + 8, 0, 16);
  memset(hidden + 30, 0, 2);
  kl_bpf_specials_hide(&specials, value, sizeof value);
  assert_memory_equal(value, hidden, sizeof value);
  kl_bpf_specials_hide(&specials, value, 20); // fewer bytes than the map says: nothing past them
}

static void special_fields_outside_the_value_are_refused(void **state) {
  (void)state;
  record_guest(1);
  put_special(0, 24, 16, 2);
  assert_int_equal(kl_bpf_specials_read(&g.kernel, &map, &specials), KL_ERR_MALFORMED);
  put_special(0, UINT32_MAX, 16, 2);
  assert_int_equal(kl_bpf_specials_read(&g.kernel, &map, &specials), KL_ERR_MALFORMED);
  guest_put(&g, RECORD, KL_BPF_SPECIALS + 1, 4);
  assert_int_equal(kl_bpf_specials_read(&g.kernel, &map, &specials), KL_ERR_MALFORMED);
  guest_put64(&g, BPF_MAP + 0x60, (uint64_t)-22); // ERR_PTR(-EINVAL): a value that is no struct
  assert_int_equal(kl_bpf_specials_read(&g.kernel, &map, &specials), KL_OK);
  assert_int_equal(specials.count, 0);
}

// 5.15 to 6.0 keep two offsets in struct bpf_map, and a table of pointers (61df10c7799e "bpf: Allow storing
// unreferenced kptr in map").
static void older_kernels_keep_offsets_and_a_table_of_pointers(void **state) {
  (void)state;
  bpf_guest(KL_BPF_ARRAY, 4, 64, 1);
  map.value_bytes = 64;
  guest_field(&g, KL_F_bpf_map_spin_lock_off, 0x68, 4);
  guest_field(&g, KL_F_bpf_map_timer_off, 0x6c, 4);
  g.kernel.fields[KL_F_bpf_map_spin_lock_off].is_signed = g.kernel.fields[KL_F_bpf_map_timer_off].is_signed = true;
  guest_put(&g, BPF_MAP + 0x68, 4, 4);
  guest_put(&g, BPF_MAP + 0x6c, (uint32_t)-22, 4); // -EINVAL: it has no timer
  assert_int_equal(kl_bpf_specials_read(&g.kernel, &map, &specials), KL_OK);
  assert_int_equal(specials.count, 1);
  assert_string_equal(specials.fields[0].kind, "spin_lock");
  assert_int_equal(specials.fields[0].offset, 4);
  assert_int_equal(specials.fields[0].bytes, 4);
  guest_put(&g, BPF_MAP + 0x6c, 48, 4);
  guest_field(&g, KL_F_bpf_map_kptr_off_tab, 0x60, 8);
  guest_field(&g, KL_F_bpf_map_value_off_nr_off, 0, 4);
  guest_field(&g, KL_F_bpf_map_value_off_off, 8, 0);
  guest_field(&g, KL_F_bpf_map_value_off_desc_offset, 0, 4);
  g.kernel.types[KL_T_bpf_map_value_off_desc].present = true;
  g.kernel.types[KL_T_bpf_map_value_off_desc].bytes = 24;
  guest_put64(&g, BPF_MAP + 0x60, VA(RECORD));
  guest_put(&g, RECORD, 2, 4);
  guest_put(&g, RECORD + 8, 16, 4);
  guest_put(&g, RECORD + 8 + 24, 24, 4);
  assert_int_equal(kl_bpf_specials_read(&g.kernel, &map, &specials), KL_OK);
  assert_int_equal(specials.count, 4);
  assert_string_equal(specials.fields[1].kind, "timer");
  assert_string_equal(specials.fields[3].kind, "kptr");
  assert_int_equal(specials.fields[3].offset, 24);
  assert_int_equal(specials.fields[3].bytes, 8);
  guest_put(&g, RECORD + 8 + 24, 57, 4); // its end is not in the value
  assert_int_equal(kl_bpf_specials_read(&g.kernel, &map, &specials), KL_ERR_MALFORMED);
  guest_put(&g, RECORD, KL_BPF_SPECIALS + 1, 4);
  assert_int_equal(kl_bpf_specials_read(&g.kernel, &map, &specials), KL_ERR_MALFORMED);
  guest_put(&g, BPF_MAP + 0x6c, 49, 4); // nor is the timer's
  assert_int_equal(kl_bpf_specials_read(&g.kernel, &map, &specials), KL_ERR_MALFORMED);
  guest_put(&g, BPF_MAP + 0x6c, 48, 4);
  guest_put64(&g, BPF_MAP + 0x60, 0);
  assert_int_equal(kl_bpf_specials_read(&g.kernel, &map, &specials), KL_OK);
  assert_int_equal(specials.count, 2);
}

// ── Lines ──────────────────────────────────────────────────────────────────

static void lines_guest(uint32_t functions, uint32_t n_lines) {
  bpf_guest(KL_BPF_HASH, 4, 4, 1);
  guest_field(&g, KL_F_bpf_prog_aux_btf, 0, 8);
  guest_field(&g, KL_F_bpf_prog_aux_func_info, 8, 8);
  guest_field(&g, KL_F_bpf_prog_aux_func_info_cnt, 16, 4);
  guest_field(&g, KL_F_bpf_prog_aux_linfo, 24, 8);
  guest_field(&g, KL_F_bpf_prog_aux_nr_linfo, 32, 4);
  guest_put64(&g, AUX, VA(BTF));
  guest_put64(&g, AUX + 8, VA(FUNCTIONS));
  guest_put(&g, AUX + 16, functions, 4);
  guest_put64(&g, AUX + 24, VA(LINES));
  guest_put(&g, AUX + 32, n_lines, 4);
}

static void each_instruction_has_the_line_before_it(void **state) {
  (void)state;
  lines_guest(2, 2);
  btfb_init(&base);
  uint32_t proto = btfb_type(&base, KL_BTF_FUNC_PROTO, 0, 0, 0);
  uint32_t first = btfb_type(&base, KL_BTF_FUNC, "first", 0, proto);
  uint32_t second = btfb_type(&base, KL_BTF_FUNC, "second", 0, proto);
  uint32_t file = btfb_string(&base, "a.c"), source = btfb_string(&base, "  n++;");
  put_btf(&base, 0);
  guest_put64(&g, FUNCTIONS, (uint64_t)first << 32 | 0);
  guest_put64(&g, FUNCTIONS + 8, (uint64_t)second << 32 | 7);
  guest_put64(&g, LINES, (uint64_t)file << 32 | 0);
  guest_put64(&g, LINES + 8, (uint64_t)(12 << 10 | 3) << 32 | source);
  guest_put64(&g, LINES + 16, (uint64_t)file << 32 | 7);
  guest_put64(&g, LINES + 24, (uint64_t)(40 << 10 | 5) << 32 | source);
  assert_int_equal(kl_bpf_lines_open(&lines, &g.kernel, &g.budget, VA(AUX)), KL_OK);
  for (uint64_t i = 0; i < 9; i++) {
    assert_int_equal(kl_bpf_lines_at(&lines, i), KL_OK);
    assert_int_equal(lines.line, i < 7 ? 12 : 40);
    assert_int_equal(lines.column, i < 7 ? 3 : 5);
    assert_int_equal(lines.function.n, i < 7 ? 5 : 6);
    assert_memory_equal(lines.source.p, "  n++;", 6);
  }
}

static void names_outside_the_btf_are_refused(void **state) {
  (void)state;
  lines_guest(1, 0);
  btfb_init(&base);
  btfb_int(&base, "int", 4, BTFB_SIGNED, 32);
  put_btf(&base, 0);
  guest_put64(&g, FUNCTIONS, 77ull << 32);
  assert_int_equal(kl_bpf_lines_open(&lines, &g.kernel, &g.budget, VA(AUX)), KL_OK);
  assert_int_equal(kl_bpf_lines_at(&lines, 0), KL_ERR_MALFORMED);
  guest_put(&g, AUX + 16, 0, 4);
  guest_put(&g, AUX + 32, 1, 4);
  guest_put64(&g, LINES, 0xffffffffull << 32);
  assert_int_equal(kl_bpf_lines_open(&lines, &g.kernel, &g.budget, VA(AUX)), KL_OK);
  assert_int_equal(kl_bpf_lines_at(&lines, 0), KL_ERR_MALFORMED);
  guest_put(&g, AUX + 32, KL_BPF_LINES + 1, 4);
  assert_int_equal(kl_bpf_lines_open(&lines, &g.kernel, &g.budget, VA(AUX)), KL_ERR_LIMIT);
}

// Lines that all begin with the first instruction are passed at once.
static void lines_that_do_not_ascend_cost_a_step_each(void **state) {
  (void)state;
  lines_guest(100, 1000);
  btfb_init(&base);
  btfb_int(&base, "int", 4, BTFB_SIGNED, 32);
  put_btf(&base, 0);
  g.budget.steps = 500;
  assert_int_equal(kl_bpf_lines_open(&lines, &g.kernel, &g.budget, VA(AUX)), KL_OK);
  assert_int_equal(kl_bpf_lines_at(&lines, 0), KL_ERR_BUDGET);
}

// Names are sought for each row: an enum may say that it has sixteen million.
static void an_enum_with_more_values_than_any_names_no_more(void **state) {
  (void)state;
  enum { VALUES = 2000 };
  char buffer[32];
  struct kl_text text = kl_text_into(buffer, sizeof buffer);
  bpf_guest(KL_BPF_ARRAY, 4, 32, 1);
  btfb_init(&base);
  btfb_type(&base, KL_BTF_ENUM, "bpf_link_type", VALUES, 4);
  uint32_t name = btfb_string(&base, "BPF_LINK_TYPE_XDP");
  for (uint32_t i = 0; i < VALUES; i++) {
    btfb_word(&base, name);
    btfb_word(&base, i);
  }
  assert_int_equal(kl_btf_open(&g.arena, btfb_finish(&base), NULL, &g.limits, &g.kernel.btf, NULL), KL_OK);
  assert_int_equal(kl_enum_name(&g.kernel, "bpf_link_type", "BPF_LINK_TYPE_", 1, &text), KL_OK);
  assert_memory_equal(buffer, "xdp", 3);
  assert_int_equal(kl_enum_name(&g.kernel, "bpf_link_type", "BPF_LINK_TYPE_", VALUES - 1, &text), KL_ERR_NOT_FOUND);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(split_btf_continues_the_guests_own, teardown),
      cmocka_unit_test_teardown(btf_larger_than_its_cap_is_not_read, teardown),
      cmocka_unit_test_teardown(special_fields_are_named_by_the_kernel_and_hidden, teardown),
      cmocka_unit_test_teardown(special_fields_outside_the_value_are_refused, teardown),
      cmocka_unit_test_teardown(older_kernels_keep_offsets_and_a_table_of_pointers, teardown),
      cmocka_unit_test_teardown(each_instruction_has_the_line_before_it, teardown),
      cmocka_unit_test_teardown(names_outside_the_btf_are_refused, teardown),
      cmocka_unit_test_teardown(lines_that_do_not_ascend_cost_a_step_each, teardown),
      cmocka_unit_test_teardown(an_enum_with_more_values_than_any_names_no_more, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
