// Longest-prefix-match tries.
#include "bpf_builder.h"

enum { ROOT = 0x80, DATA_SIZE = 0x88, CHILD = 0, PREFIX = 0x20, FLAGS = 0x24, DATA = 0x28 };

static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// Keys of 4 + 4 bytes, values of 2.
static void trie_guest(uint32_t max_entries) {
  bpf_guest(KL_BPF_LPM_TRIE, 8, 2, max_entries);
  guest_field(&g, KL_F_lpm_trie_root, ROOT, 8);
  guest_field(&g, KL_F_lpm_trie_data_size, DATA_SIZE, 8);
  guest_field(&g, KL_F_lpm_trie_node_child, CHILD, 16);
  guest_field(&g, KL_F_lpm_trie_node_prefixlen, PREFIX, 4);
  guest_field(&g, KL_F_lpm_trie_node_flags, FLAGS, 4);
  guest_field(&g, KL_F_lpm_trie_node_data, DATA, 0);
  guest_put64(&g, BPF_MAP + DATA_SIZE, 4);
}

static uint64_t node_at(uint64_t i) {
  return 0x10000 + 0x40 * i;
}
static void put_node(uint64_t i, uint32_t prefix, uint32_t flags, uint32_t data, uint64_t left, uint64_t right) {
  guest_put64(&g, node_at(i) + CHILD, left ? VA(node_at(left)) : 0);
  guest_put64(&g, node_at(i) + CHILD + 8, right ? VA(node_at(right)) : 0);
  guest_put(&g, node_at(i) + PREFIX, prefix, 4);
  guest_put(&g, node_at(i) + FLAGS, flags, 4);
  guest_put(&g, node_at(i) + DATA, data, 4);
  guest_put(&g, node_at(i) + DATA + 4, 100 + i, 2);
}
static void put_root(uint64_t i) {
  guest_put64(&g, BPF_MAP + ROOT, VA(node_at(i)));
}

static void expect(uint64_t i, uint32_t prefix, uint32_t data) {
  assert_int_equal(bpf_next(), KL_OK);
  assert_int_equal(kl_le32(entry.key), prefix);
  assert_int_equal(kl_le32(entry.key + 4), data);
  assert_int_equal(bpf_value(), 100 + i);
}

static void nodes_made_to_branch_have_no_value(void **state) {
  (void)state;
  trie_guest(10);
  put_root(1);
  put_node(1, 8, 1, 0x0a, 2, 3);
  put_node(2, 16, 0, 0x010a, 0, 4);
  put_node(3, 9, 0, 0x800a, 0, 0);
  put_node(4, 24, 0, 0x80010a, 0, 0);
  assert_int_equal(bpf_open(), KL_OK);
  expect(2, 16, 0x010a);
  expect(4, 24, 0x80010a);
  expect(3, 9, 0x800a);
  assert_int_equal(bpf_next(), KL_END);
}

static void tries_33_levels_deep_are_read(void **state) {
  (void)state;
  trie_guest(40);
  put_root(1);
  for (uint32_t i = 0; i <= 32; i++)
    put_node(i + 1, i, 0, i, i < 32 ? i + 2 : 0, 0);
  assert_int_equal(bpf_open(), KL_OK);
  for (uint32_t i = 0; i <= 32; i++)
    expect(i + 1, i, i);
  assert_int_equal(bpf_next(), KL_END);
}

static void a_prefix_that_does_not_grow_ends_its_branch(void **state) {
  (void)state;
  trie_guest(10);
  put_root(1);
  put_node(1, 8, 0, 0, 2, 3);
  put_node(2, 8, 0, 0, 1, 1); // back to the root
  put_node(3, 12, 0, 0, 0, 0);
  assert_int_equal(bpf_open(), KL_OK);
  expect(1, 8, 0);
  assert_int_equal(bpf_next(), KL_ERR_CYCLE);
  assert_int_equal(entries.lost, VA(node_at(2)));
  expect(3, 12, 0);
  assert_int_equal(bpf_next(), KL_END);
}

static void a_prefix_longer_than_the_key_is_no_node(void **state) {
  (void)state;
  trie_guest(10);
  put_root(1);
  put_node(1, 33, 0, 0, 0, 0);
  assert_int_equal(bpf_open(), KL_OK);
  assert_int_equal(bpf_next(), KL_ERR_MALFORMED);
  assert_int_equal(bpf_next(), KL_END);
}

// Both children of every node are the same node: 2^32 ways down.
static void shared_children_are_not_walked_for_ever(void **state) {
  (void)state;
  trie_guest(50);
  put_root(1);
  for (uint32_t i = 0; i <= 32; i++)
    put_node(i + 1, i, 0, i, i < 32 ? i + 2 : 0, i < 32 ? i + 2 : 0);
  assert_int_equal(bpf_open(), KL_OK);
  enum kl_status status;
  unsigned given = 0;
  while ((status = bpf_next()) == KL_OK)
    given++;
  assert_int_equal(status, KL_ERR_CYCLE);
  assert_in_range(given, 50, 101);
  assert_int_equal(bpf_next(), KL_END);
}

static void sizes_that_contradict_are_refused(void **state) {
  (void)state;
  trie_guest(10);
  guest_put64(&g, BPF_MAP + DATA_SIZE, 5);
  assert_int_equal(bpf_open(), KL_ERR_MALFORMED);
  map.key_bytes = 3;
  assert_int_equal(bpf_open(), KL_ERR_MALFORMED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(nodes_made_to_branch_have_no_value, teardown),
      cmocka_unit_test_teardown(tries_33_levels_deep_are_read, teardown),
      cmocka_unit_test_teardown(a_prefix_that_does_not_grow_ends_its_branch, teardown),
      cmocka_unit_test_teardown(a_prefix_longer_than_the_key_is_no_node, teardown),
      cmocka_unit_test_teardown(shared_children_are_not_walked_for_ever, teardown),
      cmocka_unit_test_teardown(sizes_that_contradict_are_refused, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
