// Hash maps: chains, per-CPU slots, values across pages, and what is no hash.
#include "bpf_builder.h"

// struct bpf_htab, struct bucket and struct htab_elem of our own making.
enum { BUCKETS = 0x100, N_BUCKETS = 0x108, BUCKET_BYTES = 16, HASH_NODE = 8, KEY = 0x30 };
enum { TABLE = 0x100000 };

static void hash_guest(uint32_t type, uint32_t key_bytes, uint32_t value_bytes, uint64_t buckets) {
  bpf_guest(type, key_bytes, value_bytes, 1000);
  guest_field(&g, KL_F_bpf_htab_buckets, BUCKETS, 8);
  guest_field(&g, KL_F_bpf_htab_n_buckets, N_BUCKETS, 4);
  guest_field(&g, KL_F_bucket_head, 0, 8);
  guest_field(&g, KL_F_hlist_nulls_head_first, 0, 8);
  guest_field(&g, KL_F_hlist_nulls_node_next, 0, 8);
  guest_field(&g, KL_F_htab_elem_hash_node, HASH_NODE, 16);
  guest_field(&g, KL_F_htab_elem_key, KEY, 0);
  g.kernel.types[KL_T_bucket].present = true;
  g.kernel.types[KL_T_bucket].bytes = BUCKET_BYTES;
  guest_put64(&g, BPF_MAP + BUCKETS, VA(TABLE));
  guest_put(&g, BPF_MAP + N_BUCKETS, buckets, 4);
  for (uint64_t i = 0; i < buckets; i++)
    guest_put64(&g, TABLE + i * BUCKET_BYTES, i << 1 | 1);
}

static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// An element at phys at the head of a bucket's chain, with a key of up to 8 bytes.
static void put_first(uint64_t bucket, uint64_t phys, uint64_t key, uint32_t key_bytes) {
  uint64_t head = TABLE + bucket * BUCKET_BYTES, before = 0;
  for (unsigned i = 0; i < 8; i++)
    before |= (uint64_t)g.memory[head + i] << 8 * i;
  guest_put64(&g, phys + HASH_NODE, before);
  guest_put64(&g, head, VA(phys + HASH_NODE));
  guest_put(&g, phys + KEY, key, key_bytes);
}

static void gives_each_element_of_each_chain(void **state) {
  (void)state;
  hash_guest(KL_BPF_HASH, 4, 8, 8);
  for (uint64_t i = 0; i < 5; i++) {
    put_first(i < 3 ? 2 : 7, 0x2000 + 0x100 * i, 40 + i, 4);
    guest_put64(&g, 0x2000 + 0x100 * i + KEY + 8, 900 + i);
  }
  assert_int_equal(bpf_open(), KL_OK);
  static const uint64_t order[] = {42, 41, 40, 44, 43}; // the newest is first in its chain
  for (size_t i = 0; i < 5; i++) {
    assert_int_equal(bpf_next(), KL_OK);
    assert_int_equal(bpf_key(), order[i]);
    assert_int_equal(bpf_value(), order[i] + 860);
    assert_int_equal(entry.cpu, -1);
  }
  assert_int_equal(bpf_next(), KL_END);
}

static void more_than_65536_buckets_are_all_read(void **state) {
  (void)state;
  hash_guest(KL_BPF_HASH, 8, 8, 1 << 17);
  put_first(3, 0x2000, 1, 8);
  put_first(70000, 0x2100, 2, 8);
  put_first((1 << 17) - 1, 0x2200, 3, 8);
  assert_int_equal(bpf_open(), KL_OK);
  for (uint64_t i = 1; i <= 3; i++) {
    assert_int_equal(bpf_next(), KL_OK);
    assert_int_equal(bpf_key(), i);
  }
  assert_int_equal(bpf_next(), KL_END);
}

// The element lies across two pages whose frames are far apart; the frame that
// follows the first holds something else.
static void key_and_value_across_pages_come_from_both_frames(void **state) {
  (void)state;
  hash_guest(KL_BPF_HASH, 16, 8, 1);
  enum { FIRST = 0x20000, SECOND = 0x50000 };
  bpf_map_page(0, FIRST);
  bpf_map_page(1, SECOND);
  memset(g.memory + FIRST + 0x1000, 0xee, 0x1000);
  // The key's first 8 bytes end the first page.
  uint64_t element = 0x1000 - KEY - 8;
  guest_put64(&g, TABLE, SCATTERED + element + HASH_NODE);
  guest_put64(&g, FIRST + element + HASH_NODE, 1);
  guest_put64(&g, FIRST + element + KEY, 0x1111111111111111);
  guest_put64(&g, SECOND, 0x2222222222222222);
  guest_put64(&g, SECOND + 8, 0x3333333333333333);
  assert_int_equal(bpf_open(), KL_OK);
  assert_int_equal(bpf_next(), KL_OK);
  assert_int_equal(entry.key_bytes, 16);
  assert_int_equal(kl_le64(entry.key), 0x1111111111111111);
  assert_int_equal(kl_le64(entry.key + 8), 0x2222222222222222);
  assert_int_equal(bpf_value(), 0x3333333333333333);
  assert_int_equal(bpf_next(), KL_END);
}

static void a_value_that_is_half_unmapped_is_no_value(void **state) {
  (void)state;
  hash_guest(KL_BPF_HASH, 8, 16, 1);
  bpf_map_page(0, 0x20000);
  bpf_map_page(1, 0);
  uint64_t element = 0x1000 - KEY - 16; // half of the value is on the page that is not there
  guest_put64(&g, TABLE, SCATTERED + element + HASH_NODE);
  guest_put64(&g, 0x20000 + element + HASH_NODE, 1);
  uint8_t value[16];
  assert_int_equal(bpf_open(), KL_OK);
  assert_int_equal(bpf_next(), KL_OK);
  assert_int_equal(entry.key_status, KL_OK);
  assert_int_equal(kl_bpf_entry_value(&entries, &entry, value, sizeof value), KL_ERR_UNMAPPED);
}

enum { OFFSETS = 0x3000, AREA = 0x40000, CPU_BYTES = 0x10000 };
static void two_cpus(void) {
  g.kernel.cpus = 2;
  g.kernel.per_cpu_offset_address = VA(OFFSETS);
  guest_put64(&g, OFFSETS, VA(AREA));
  guest_put64(&g, OFFSETS + 8, VA(AREA + CPU_BYTES));
}

// Key of 4 bytes; the per-CPU pointer right behind it, or 8-aligned.
static void per_cpu_at(uint32_t distance, uint64_t elsewhere) {
  hash_guest(KL_BPF_PERCPU_HASH, 4, 8, 1);
  two_cpus();
  put_first(0, 0x2000, 5, 4);
  guest_put64(&g, 0x2000 + KEY + (distance == 4 ? 12 : 4), elsewhere);
  guest_put64(&g, 0x2000 + KEY + distance, 0x500);
  guest_put64(&g, AREA + 0x500, 71);
  guest_put64(&g, AREA + CPU_BYTES + 0x500, 72);
  assert_int_equal(bpf_open(), KL_OK);
  for (uint64_t cpu = 0; cpu < 2; cpu++) {
    assert_int_equal(bpf_next(), KL_OK);
    assert_int_equal(entry.cpu, cpu);
    assert_int_equal(bpf_key(), 5);
    assert_int_equal(bpf_value(), 71 + cpu);
  }
  assert_int_equal(bpf_next(), KL_END);
}

static void the_per_cpu_pointer_may_follow_the_key_at_once(void **state) {
  (void)state;
  per_cpu_at(4, 0x7777777777777777);
}

static void the_per_cpu_pointer_may_be_aligned(void **state) {
  (void)state;
  per_cpu_at(8, 0);
}

// The pointer 0x408000001000 of a kernel of the packed form, whose upper half
// passes for the offset 0x4080: per-CPU areas begin with static variables.
static void the_upper_half_of_a_per_cpu_pointer_is_none(void **state) {
  (void)state;
  enum { CHUNK = 0x60000 };
  const uint64_t pointer = 0x408000001000;
  hash_guest(KL_BPF_PERCPU_HASH, 4, 8, 1);
  two_cpus();
  // The whole pointer leads to pages that are mapped one by one.
  bpf_map_page((unsigned)((VA(AREA) + pointer - SCATTERED) >> 12), CHUNK);
  bpf_map_page((unsigned)((VA(AREA + CPU_BYTES) + pointer - SCATTERED) >> 12), CHUNK + 0x1000);
  put_first(0, 0x2000, 5, 4);
  guest_put64(&g, 0x2000 + KEY + 4, pointer);
  guest_put64(&g, CHUNK, 71);
  guest_put64(&g, CHUNK + 0x1000, 72);
  assert_int_equal(bpf_open(), KL_OK);
  for (uint64_t cpu = 0; cpu < 2; cpu++) {
    assert_int_equal(bpf_next(), KL_OK);
    assert_int_equal(bpf_value(), 71 + cpu);
  }
}

static void a_value_at_address_0_is_not_in_this_process(void **state) {
  (void)state;
  hash_guest(KL_BPF_HASH, 4, 4096, 1);
  static uint8_t value[4096];
  entry = (struct kl_bpf_entry){.has_value = true, .value_bytes = sizeof value};
  assert_int_equal(bpf_open(), KL_OK);
  assert_int_equal(kl_bpf_entry_value(&entries, &entry, value, sizeof value), KL_ERR_UNMAPPED);
}

static void a_cyclic_chain_ends_and_is_told(void **state) {
  (void)state;
  hash_guest(KL_BPF_HASH, 4, 4, 2);
  put_first(0, 0x2000, 1, 4);
  put_first(0, 0x2100, 2, 4);
  guest_put64(&g, 0x2000 + HASH_NODE, VA(0x2100 + HASH_NODE)); // 2 -> 1 -> 2
  put_first(1, 0x2200, 3, 4);
  assert_int_equal(bpf_open(), KL_OK);
  unsigned given = 0;
  enum kl_status status;
  while ((status = bpf_next()) == KL_OK)
    given++;
  assert_int_equal(status, KL_ERR_CYCLE);
  assert_in_range(given, 2, 4);        // Brent sees a cycle of 2 within twice its length
  assert_int_equal(bpf_next(), KL_OK); // the next bucket is not lost
  assert_int_equal(bpf_key(), 3);
  assert_int_equal(bpf_next(), KL_END);
}

static void a_chain_into_nowhere_costs_its_bucket_only(void **state) {
  (void)state;
  hash_guest(KL_BPF_HASH, 4, 4, 4);
  guest_put64(&g, TABLE, 0xffff800000000000 + HASH_NODE); // nothing is mapped there
  put_first(2, 0x2000, 9, 4);
  assert_int_equal(bpf_open(), KL_OK);
  assert_int_equal(bpf_next(), KL_OK);
  assert_int_equal(entry.key_status, KL_ERR_UNMAPPED);
  assert_int_equal(bpf_next(), KL_ERR_UNMAPPED);
  assert_int_equal(bpf_next(), KL_OK);
  assert_int_equal(bpf_key(), 9);
  assert_int_equal(bpf_next(), KL_END);
}

static void a_chain_that_ends_in_another_bucket_is_told(void **state) {
  (void)state;
  hash_guest(KL_BPF_HASH, 4, 4, 4);
  put_first(1, 0x2000, 9, 4);
  guest_put64(&g, 0x2000 + HASH_NODE, 3 << 1 | 1);
  assert_int_equal(bpf_open(), KL_OK);
  assert_int_equal(bpf_next(), KL_OK);
  assert_int_equal(bpf_next(), KL_ERR_MALFORMED);
  assert_int_equal(bpf_next(), KL_END);
}

static void sizes_that_contradict_are_refused(void **state) {
  (void)state;
  hash_guest(KL_BPF_HASH, 4, 4, 4);
  guest_put(&g, BPF_MAP + N_BUCKETS, 3, 4); // not a power of two
  assert_int_equal(bpf_open(), KL_ERR_MALFORMED);
  guest_put(&g, BPF_MAP + N_BUCKETS, 0, 4);
  assert_int_equal(bpf_open(), KL_ERR_MALFORMED);
  guest_put(&g, BPF_MAP + N_BUCKETS, 4, 4);
  map.key_bytes = KL_BPF_KEY_MAX;
  assert_int_equal(bpf_open(), KL_OK);
  map.key_bytes = KL_BPF_KEY_MAX + 1;
  assert_int_equal(bpf_open(), KL_ERR_MALFORMED);
  map.key_bytes = 4;
  map.type = KL_BPF_MAP_TYPES;
  assert_int_equal(bpf_open(), KL_ERR_UNSUPPORTED);
  map.type = UINT32_MAX;
  assert_int_equal(bpf_open(), KL_ERR_UNSUPPORTED);
}

static void a_budget_ends_the_walk(void **state) {
  (void)state;
  hash_guest(KL_BPF_HASH, 4, 4, 1 << 16);
  g.budget.steps = 1000;
  assert_int_equal(bpf_open(), KL_OK);
  enum kl_status status;
  unsigned calls = 0;
  while ((status = bpf_next()) == KL_OK)
    calls++;
  assert_int_equal(status, KL_ERR_BUDGET);
  assert_int_equal(calls, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(gives_each_element_of_each_chain, teardown),
      cmocka_unit_test_teardown(more_than_65536_buckets_are_all_read, teardown),
      cmocka_unit_test_teardown(key_and_value_across_pages_come_from_both_frames, teardown),
      cmocka_unit_test_teardown(a_value_that_is_half_unmapped_is_no_value, teardown),
      cmocka_unit_test_teardown(the_per_cpu_pointer_may_follow_the_key_at_once, teardown),
      cmocka_unit_test_teardown(the_per_cpu_pointer_may_be_aligned, teardown),
      cmocka_unit_test_teardown(the_upper_half_of_a_per_cpu_pointer_is_none, teardown),
      cmocka_unit_test_teardown(a_value_at_address_0_is_not_in_this_process, teardown),
      cmocka_unit_test_teardown(a_cyclic_chain_ends_and_is_told, teardown),
      cmocka_unit_test_teardown(a_chain_into_nowhere_costs_its_bucket_only, teardown),
      cmocka_unit_test_teardown(a_chain_that_ends_in_another_bucket_is_told, teardown),
      cmocka_unit_test_teardown(sizes_that_contradict_are_refused, teardown),
      cmocka_unit_test_teardown(a_budget_ends_the_walk, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
