// Maps that are arrays of references, arenas, and finding objects by id.
#include "bpf_builder.h"

#include "linux/bpf_arena.h"
#include "linux/bpf_object.h"

static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// DEVMAP keeps a pointer to its slots. Where an array would have its values,
// 0x100 behind the map, something else lies here.
static void devmap_slots_lie_behind_a_pointer(void **state) {
  (void)state;
  bpf_guest(KL_BPF_DEVMAP, 4, 4, 3);
  guest_field(&g, KL_F_bpf_dtab_netdev_map, 0xc0, 8);
  guest_field(&g, KL_F_bpf_array_ptrs, 0x100, 0);
  guest_field(&g, KL_F_bpf_dtab_netdev_val, 0x20, 8);
  guest_field(&g, KL_F_bpf_dtab_netdev_dev, 0x10, 8);
  for (unsigned i = 0; i < 3; i++)
    guest_put64(&g, BPF_MAP + 0x100 + 8 * i, 0xdddddddddddddddd);
  guest_put64(&g, BPF_MAP + 0xc0, VA(0x8000));
  guest_put64(&g, 0x8000 + 8, VA(0x9000)); // slot 1; 0 and 2 are empty
  guest_put64(&g, 0x9000 + 0x10, VA(0xa000));
  guest_put(&g, 0x9000 + 0x20, 17, 4);
  assert_int_equal(bpf_open(), KL_OK);
  assert_int_equal(bpf_next(), KL_OK);
  assert_int_equal(bpf_key(), 1);
  assert_int_equal(bpf_value(), 17);
  assert_int_equal(entry.target, KL_BPF_TARGET_NETDEV);
  assert_int_equal(entry.target_address, VA(0xa000));
  assert_int_equal(bpf_next(), KL_END);
}

static void each_socket_map_has_a_place_of_its_own(void **state) {
  (void)state;
  static const struct {
    uint32_t type;
    enum kl_field_id field;
    bool behind;
  } kinds[] = {{KL_BPF_SOCKMAP, KL_F_bpf_stab_sks, true},
               {KL_BPF_XSKMAP, KL_F_xsk_map_xsk_map, false},
               {KL_BPF_REUSEPORT_SOCKARRAY, KL_F_reuseport_array_ptrs, false}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    bpf_guest(kinds[i].type, 4, 4, 4);
    guest_field(&g, kinds[i].field, 0xd0, 8);
    if (kinds[i].behind)
      guest_put64(&g, BPF_MAP + 0xd0, VA(0x8000));
    guest_put64(&g, (kinds[i].behind ? 0x8000 : BPF_MAP + 0xd0) + 3 * 8, VA(0x9000));
    assert_int_equal(bpf_open(), KL_OK);
    assert_int_equal(bpf_next(), KL_OK);
    assert_int_equal(bpf_key(), 3);
    assert_false(entry.has_value); // the call shows none in 4 bytes
    assert_int_equal(entry.target_address, VA(0x9000));
    assert_int_equal(bpf_next(), KL_END);
    if (i + 1 < sizeof kinds / sizeof *kinds)
      guest_close(&g);
  }
}

static void an_array_whose_stride_is_too_small_is_refused(void **state) {
  (void)state;
  bpf_guest(KL_BPF_ARRAY, 4, 12, 3);
  guest_field(&g, KL_F_bpf_array_elem_size, 0x80, 4);
  guest_field(&g, KL_F_bpf_array_value, 0x100, 0);
  guest_put(&g, BPF_MAP + 0x80, 8, 4);
  assert_int_equal(bpf_open(), KL_ERR_MALFORMED);
  guest_put(&g, BPF_MAP + 0x80, 16, 4);
  assert_int_equal(bpf_open(), KL_OK);
}

// A queue of 5 slots for 4 values of 3 bytes, one behind the other.
static void a_queue_is_read_from_its_tail_and_a_stack_from_its_top(void **state) {
  (void)state;
  for (int stack = 0; stack < 2; stack++) {
    bpf_guest(stack ? KL_BPF_STACK : KL_BPF_QUEUE, 0, 3, 4);
    guest_field(&g, KL_F_bpf_queue_stack_head, 0x80, 4);
    guest_field(&g, KL_F_bpf_queue_stack_tail, 0x84, 4);
    guest_field(&g, KL_F_bpf_queue_stack_size, 0x88, 4);
    guest_field(&g, KL_F_bpf_queue_stack_elements, 0x90, 0);
    guest_put(&g, BPF_MAP + 0x80, stack ? 3 : 2, 4);
    guest_put(&g, BPF_MAP + 0x84, stack ? 0 : 4, 4); // the queue has wrapped: 4, 0, 1
    guest_put(&g, BPF_MAP + 0x88, 5, 4);
    for (uint64_t i = 0; i < 5; i++)
      guest_put(&g, BPF_MAP + 0x90 + 3 * i, 0x10000 + i, 3);
    assert_int_equal(bpf_open(), KL_OK);
    static const uint64_t order[2][3] = {{4, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < 3; i++) {
      assert_int_equal(bpf_next(), KL_OK);
      assert_int_equal(entry.key_bytes, 0);
      assert_int_equal(bpf_value(), 0x10000 + order[stack][i]);
    }
    assert_int_equal(bpf_next(), KL_END);
    guest_put(&g, BPF_MAP + 0x84, 5, 4);
    assert_int_equal(bpf_open(), KL_ERR_MALFORMED);
    if (!stack)
      guest_close(&g);
  }
}

// Ids live in a tree; idr_next is only where the search goes on.
static void ids_past_65535_and_past_idr_next_are_found_once(void **state) {
  (void)state;
  bpf_guest(KL_BPF_HASH, 4, 4, 1);
  guest_field(&g, KL_F_idr_idr_rt, 0, 16);
  guest_field(&g, KL_F_xarray_xa_head, 8, 8);
  guest_field(&g, KL_F_xa_node_shift, 0, 1);
  guest_field(&g, KL_F_xa_node_slots, 40, 512);
  guest_field(&g, KL_F_bpf_map_id, 0x40, 4);
  g.kernel.known[KL_S_map_idr].present = true;
  g.kernel.known[KL_S_map_idr].address = VA(0x2000);
  // Three levels: 70000 = 17 << 12 | 5 << 6 | 48; and id 1.
  uint64_t top = 0x3000, low = 0x4000, leaf_low = 0x5000, high = 0x6000, leaf_high = 0x7000;
  guest_put64(&g, 0x2008, VA(top) | 2);
  guest_put64(&g, 0x2010, 2); // idr_next
  guest_put(&g, top, 12, 1);
  guest_put(&g, low, 6, 1);
  guest_put(&g, high, 6, 1);
  guest_put64(&g, top + 40, VA(low) | 2);
  guest_put64(&g, low + 40, VA(leaf_low) | 2);
  guest_put64(&g, leaf_low + 40 + 8, VA(0x10000));
  guest_put64(&g, top + 40 + 17 * 8, VA(high) | 2);
  guest_put64(&g, high + 40 + 5 * 8, VA(leaf_high) | 2);
  guest_put64(&g, leaf_high + 40 + 48 * 8, VA(0x11000));
  struct kl_bpf_objects maps;
  uint64_t address, id;
  assert_int_equal(kl_bpf_objects_open(&maps, &g.kernel, &g.budget, KL_BPF_MAPS, 0, UINT32_MAX), KL_OK);
  assert_int_equal(kl_bpf_objects_next(&maps, &address, &id), KL_OK);
  assert_int_equal(id, 1);
  assert_int_equal(address, VA(0x10000));
  assert_int_equal(kl_bpf_objects_next(&maps, &address, &id), KL_OK);
  assert_int_equal(id, 70000);
  assert_int_equal(address, VA(0x11000));
  assert_int_equal(kl_bpf_objects_next(&maps, &address, &id), KL_END);
  // 1 + 2^18 is past the tree and no alias of 1.
  assert_int_equal(kl_bpf_objects_open(&maps, &g.kernel, &g.budget, KL_BPF_MAPS, 1 + (1 << 18), 1 + (1 << 18)),
                   KL_OK);
  assert_int_equal(kl_bpf_objects_next(&maps, &address, &id), KL_END);
}

// The kernel has page i at the low half of its user address, behind half of the
// guard of 64 KiB.
static void an_arena_lists_the_pages_that_are_there(void **state) {
  (void)state;
  bpf_guest(KL_BPF_ARENA, 0, 0, 8);
  enum { LOW = 0x4000 };
  guest_field(&g, KL_F_bpf_arena_kern_vm, 0x80, 8);
  guest_field(&g, KL_F_bpf_arena_user_vm_start, 0x88, 8);
  guest_field(&g, KL_F_vm_struct_addr, 8, 8);
  guest_put64(&g, BPF_MAP + 0x80, VA(0x2000));
  guest_put64(&g, BPF_MAP + 0x88, 0x7f0000000000 + LOW);
  guest_put64(&g, 0x2000 + 8, SCATTERED);
  unsigned first = (0x8000 + LOW) / 0x1000;
  bpf_map_page(first + 1, 0x30000);
  bpf_map_page(first + 7, 0x20000);
  bpf_map_page(first + 8, 0x10000); // past max_entries
  struct kl_bpf_arena arena;
  struct kl_bpf_arena_page page;
  assert_int_equal(kl_bpf_arena_open(&arena, &g.kernel, &g.budget, &map), KL_OK);
  assert_int_equal(kl_bpf_arena_next(&arena, &page), KL_OK);
  assert_int_equal(page.page, 1);
  assert_int_equal(page.user_address, 0x7f0000000000 + LOW + 0x1000);
  assert_int_equal(page.physical, 0x30000);
  assert_int_equal(kl_bpf_arena_next(&arena, &page), KL_OK);
  assert_int_equal(page.page, 7);
  assert_int_equal(page.physical, 0x20000);
  assert_int_equal(kl_bpf_arena_next(&arena, &page), KL_END);
  map.max_entries = UINT32_MAX; // more than 4 GiB
  assert_int_equal(kl_bpf_arena_open(&arena, &g.kernel, &g.budget, &map), KL_ERR_MALFORMED);
}

// Where the kernel's types do not say where the key is, no buffer would ever be
// passed.
static void storage_whose_keys_have_no_place_is_not_walked(void **state) {
  (void)state;
  enum { LIST = 0x80, BUFFER = 0x20000, LINK = 8, DATA = 0x18 };
  bpf_guest(KL_BPF_CGROUP_STORAGE, 8, 8, 0);
  guest_field(&g, KL_F_list_head_next, 0, 8);
  guest_field(&g, KL_F_bpf_cgroup_storage_map_list, LIST, 16);
  guest_field(&g, KL_F_bpf_cgroup_storage_list_map, LINK, 16);
  guest_field(&g, KL_F_bpf_cgroup_storage_buf, DATA, 8);
  g.kernel.types[KL_T_bpf_cgroup_storage_key].present = true;
  g.kernel.types[KL_T_bpf_cgroup_storage_key].bytes = 16;
  guest_put64(&g, BPF_MAP + LIST, VA(BUFFER + LINK));
  guest_put64(&g, BUFFER + LINK, VA(BPF_MAP + LIST));
  assert_int_equal(bpf_open(), KL_ERR_NOT_FOUND);
}

// Numbers of CPUs that lead nowhere are looked at all the same.
static void cpus_without_an_area_are_counted(void **state) {
  (void)state;
  bpf_guest(KL_BPF_PERCPU_ARRAY, 4, 8, 64);
  guest_field(&g, KL_F_bpf_array_pptrs, 0x40, 0);
  g.kernel.cpus = 8192;
  g.kernel.per_cpu_unknown = true;
  g.budget.steps = 8192;
  assert_int_equal(bpf_open(), KL_OK);
  assert_int_equal(bpf_next(), KL_ERR_BUDGET);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(devmap_slots_lie_behind_a_pointer, teardown),
      cmocka_unit_test_teardown(each_socket_map_has_a_place_of_its_own, teardown),
      cmocka_unit_test_teardown(an_array_whose_stride_is_too_small_is_refused, teardown),
      cmocka_unit_test_teardown(a_queue_is_read_from_its_tail_and_a_stack_from_its_top, teardown),
      cmocka_unit_test_teardown(ids_past_65535_and_past_idr_next_are_found_once, teardown),
      cmocka_unit_test_teardown(storage_whose_keys_have_no_place_is_not_walked, teardown),
      cmocka_unit_test_teardown(cpus_without_an_area_are_counted, teardown),
      cmocka_unit_test_teardown(an_arena_lists_the_pages_that_are_there, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
