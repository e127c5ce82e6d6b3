// The walk over all maps: the list, and what only programs and maps refer to.
#include "bpf_builder.h"

#include "linux/bpf_maps.h"
#include "linux/bpf_program.h"

// struct idr: a root without nodes, or one node; map, program and hash as below.
enum {
  MAP_IDR = 0x8000,
  PROG_IDR = 0x8100,
  MAP_NODE = 0x9000,
  MAPS = 0x20000, // struct bpf_map i at MAPS + 0x100 * i
  PROGRAM = 0xc000,
  AUX = 0xc100,
  USED = 0xc200,
  TYPE = 0,
  ID = 4,
  MAX_ENTRIES = 8,
  POINTERS = 0x40, // bpf_array.ptrs
};

static struct kl_bpf_maps maps;
static enum kl_bpf_found_by found_by;

static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static uint64_t map_at(unsigned i) {
  return MAPS + 0x100 * i;
}

static void put_map(unsigned i, uint32_t type, uint32_t id, bool listed) {
  guest_put(&g, map_at(i) + TYPE, type, 4);
  guest_put(&g, map_at(i) + ID, id, 4);
  guest_put(&g, map_at(i) + MAX_ENTRIES, 4, 4);
  if (listed)
    guest_put64(&g, MAP_NODE + 0x28 + 8 * id, VA(map_at(i)));
}

static void idr_at(uint64_t at, uint64_t node, enum kl_symbol_id symbol) {
  guest_put64(&g, at + 8, VA(node) | 2);
  g.kernel.known[symbol].present = true;
  g.kernel.known[symbol].address = VA(at);
}

static void maps_guest(void) {
  bpf_guest(0, 0, 0, 0);
  guest_field(&g, KL_F_xarray_xa_head, 8, 8);
  guest_field(&g, KL_F_xa_node_shift, 0, 1);
  guest_field(&g, KL_F_xa_node_slots, 0x28, 512);
  guest_field(&g, KL_F_idr_idr_rt, 0, 16);
  guest_field(&g, KL_F_idr_idr_base, 16, 4);
  guest_field(&g, KL_F_bpf_map_map_type, TYPE, 4);
  guest_field(&g, KL_F_bpf_map_id, ID, 4);
  guest_field(&g, KL_F_bpf_map_max_entries, MAX_ENTRIES, 4);
  static const enum kl_field_id zeros[] = {KL_F_bpf_map_key_size,          KL_F_bpf_map_value_size,
                                           KL_F_bpf_map_map_flags,         KL_F_bpf_map_btf_key_type_id,
                                           KL_F_bpf_map_btf_value_type_id, KL_F_bpf_map_btf_vmlinux_value_type_id};
  for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
    guest_field(&g, zeros[i], 0x10, 4);
  guest_field(&g, KL_F_bpf_map_btf, 0x18, 8);
  guest_field(&g, KL_F_bpf_map_name, 0x20, 16);
  guest_field(&g, KL_F_bpf_array_ptrs, POINTERS, 0);
  guest_field(&g, KL_F_bpf_prog_aux, 0, 8);
  guest_field(&g, KL_F_bpf_prog_aux_id, 0, 4);
  guest_field(&g, KL_F_bpf_prog_aux_used_map_cnt, 4, 4);
  guest_field(&g, KL_F_bpf_prog_aux_used_maps, 8, 8);
  idr_at(MAP_IDR, MAP_NODE, KL_S_map_idr);
  idr_at(PROG_IDR, MAP_NODE + 0x1000, KL_S_prog_idr);
  guest_put64(&g, MAP_NODE + 0x1000 + 0x28 + 8 * 5, VA(PROGRAM));
  guest_put64(&g, PROGRAM, VA(AUX));
  guest_put64(&g, AUX + 8, VA(USED));
}

static void use(unsigned n, const unsigned *which) {
  guest_put(&g, AUX + 4, n, 4);
  for (unsigned i = 0; i < n; i++)
    guest_put64(&g, USED + 8 * i, VA(map_at(which[i])));
}

static void expect(unsigned i, uint32_t id, enum kl_bpf_found_by how) {
  assert_int_equal(kl_bpf_maps_next(&maps, &map, &found_by), KL_OK);
  assert_int_equal(map.address, VA(map_at(i)));
  assert_int_equal(map.id, id);
  assert_int_equal(found_by, how);
}
static void expect_end(void) {
  assert_int_equal(kl_bpf_maps_next(&maps, &map, &found_by), KL_END);
}

static void a_map_that_only_a_program_uses_is_found_once(void **state) {
  (void)state;
  maps_guest();
  put_map(0, KL_BPF_QUEUE, 3, true);
  put_map(1, KL_BPF_QUEUE, 0, false);  // its id was taken back
  put_map(2, KL_BPF_QUEUE, 3, false);  // an id that is another's now
  put_map(3, KL_BPF_QUEUE, 40, false); // hidden: its slot in the list is empty
  use(5, (const unsigned[]){0, 1, 2, 3, 1});
  assert_int_equal(kl_bpf_maps_open(&maps, &g.kernel, &g.budget, 0, UINT64_MAX), KL_OK);
  expect(0, 3, KL_BPF_FOUND_BY_ID);
  expect(1, 0, KL_BPF_FOUND_BY_PROGRAM);
  expect(2, 3, KL_BPF_FOUND_BY_PROGRAM);
  expect(3, 40, KL_BPF_FOUND_BY_PROGRAM);
  expect_end();
}

static void inner_maps_are_followed_once(void **state) {
  (void)state;
  maps_guest();
  put_map(0, KL_BPF_ARRAY_OF_MAPS, 1, true);
  put_map(1, KL_BPF_ARRAY_OF_MAPS, 0, false); // holds itself and another
  put_map(2, KL_BPF_QUEUE, 0, false);
  guest_put64(&g, map_at(0) + POINTERS + 8, VA(map_at(1)));
  guest_put64(&g, map_at(1) + POINTERS, VA(map_at(1)));
  guest_put64(&g, map_at(1) + POINTERS + 16, VA(map_at(2)));
  assert_int_equal(kl_bpf_maps_open(&maps, &g.kernel, &g.budget, 0, UINT64_MAX), KL_OK);
  expect(0, 1, KL_BPF_FOUND_BY_ID);
  expect(1, 0, KL_BPF_FOUND_BY_MAP);
  expect(2, 0, KL_BPF_FOUND_BY_MAP);
  expect_end();
}

static void ids_that_are_not_wanted_are_not_given(void **state) {
  (void)state;
  maps_guest();
  put_map(0, KL_BPF_QUEUE, 3, true);
  put_map(1, KL_BPF_QUEUE, 7, true);
  put_map(2, KL_BPF_QUEUE, 7, false);
  put_map(3, KL_BPF_QUEUE, 8, false);
  use(2, (const unsigned[]){2, 3});
  assert_int_equal(kl_bpf_maps_open(&maps, &g.kernel, &g.budget, 7, 7), KL_OK);
  expect(1, 7, KL_BPF_FOUND_BY_ID);
  expect(2, 7, KL_BPF_FOUND_BY_PROGRAM);
  expect_end();
}

static void a_program_with_too_many_maps_is_told_and_passed(void **state) {
  (void)state;
  maps_guest();
  put_map(0, KL_BPF_QUEUE, 3, true);
  guest_put(&g, AUX + 4, KL_BPF_USED_MAPS + 1, 4);
  assert_int_equal(kl_bpf_maps_open(&maps, &g.kernel, &g.budget, 0, UINT64_MAX), KL_OK);
  expect(0, 3, KL_BPF_FOUND_BY_ID);
  assert_int_equal(kl_bpf_maps_next(&maps, &map, &found_by), KL_ERR_LIMIT);
  assert_string_equal(maps.what, "program");
  assert_int_equal(maps.lost, VA(PROGRAM));
  expect_end();
}

static void more_unlisted_maps_than_may_be_are_told(void **state) {
  (void)state;
  enum { HELD = KL_BPF_UNLISTED_MAPS + 5, FIRST = 0x40000 };
  maps_guest();
  put_map(0, KL_BPF_ARRAY_OF_MAPS, 1, true);
  // The slots lie past the next maps' places: nothing else is there.
  guest_field(&g, KL_F_bpf_array_ptrs, 0x10000, 0);
  guest_put(&g, map_at(0) + MAX_ENTRIES, HELD, 4);
  for (unsigned i = 0; i < HELD; i++)
    guest_put64(&g, map_at(0) + 0x10000 + 8 * i, VA(FIRST + 0x100 * i));
  assert_int_equal(kl_bpf_maps_open(&maps, &g.kernel, &g.budget, 0, UINT64_MAX), KL_OK);
  unsigned given = 0, told = 0;
  enum kl_status status;
  while ((status = kl_bpf_maps_next(&maps, &map, &found_by)) != KL_END) {
    assert_true(status == KL_OK || status == KL_ERR_LIMIT);
    given += status == KL_OK;
    told += status == KL_ERR_LIMIT;
  }
  assert_int_equal(given, 1 + KL_BPF_UNLISTED_MAPS);
  assert_int_equal(told, 1);
}

static void a_kernel_without_programs_has_none_that_use_a_map(void **state) {
  (void)state;
  char buffer[16];
  struct kl_text text = kl_text_into(buffer, sizeof buffer);
  maps_guest();
  idr_at(PROG_IDR, 0xb000, KL_S_prog_idr);
  g.kernel.known[KL_S_prog_idr].present = false;
  assert_int_equal(kl_bpf_programs_using(&g.kernel, &g.budget, VA(map_at(0)), &text), KL_ERR_NOT_FOUND);
  memset(&g.kernel.fields[KL_F_bpf_prog_aux_id], 0, sizeof g.kernel.fields[0]);
  assert_int_equal(kl_bpf_programs_using(&g.kernel, &g.budget, VA(map_at(0)), &text), KL_OK);
  assert_int_equal(text.used, 0);
}

// Sixty-four ids of one program, which uses one map sixty-four times: each is
// compared with all that were noted.
static void every_map_that_a_program_uses_costs_a_step(void **state) {
  (void)state;
  unsigned which[64];
  maps_guest();
  put_map(1, KL_BPF_QUEUE, 0, false);
  for (unsigned i = 0; i < 64; i++) {
    which[i] = 1;
    guest_put64(&g, MAP_NODE + 0x1000 + 0x28 + 8 * i, VA(PROGRAM));
  }
  use(64, which);
  uint64_t before = g.budget.steps;
  assert_int_equal(kl_bpf_maps_open(&maps, &g.kernel, &g.budget, 0, UINT64_MAX), KL_OK);
  expect(1, 0, KL_BPF_FOUND_BY_PROGRAM);
  expect_end();
  assert_true(before - g.budget.steps >= 64 * 64 + 64);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(a_map_that_only_a_program_uses_is_found_once, teardown),
      cmocka_unit_test_teardown(inner_maps_are_followed_once, teardown),
      cmocka_unit_test_teardown(ids_that_are_not_wanted_are_not_given, teardown),
      cmocka_unit_test_teardown(a_program_with_too_many_maps_is_told_and_passed, teardown),
      cmocka_unit_test_teardown(more_unlisted_maps_than_may_be_are_told, teardown),
      cmocka_unit_test_teardown(a_kernel_without_programs_has_none_that_use_a_map, teardown),
      cmocka_unit_test_teardown(every_map_that_a_program_uses_costs_a_step, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
