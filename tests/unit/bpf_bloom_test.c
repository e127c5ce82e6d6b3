// Bloom filters: the hash, membership, how full one is, and sizes that lie.
#include "bpf_builder.h"

#include "linux/bpf_bloom.h"

enum { MASK = 0x80, SEED = 0x84, FUNCTIONS = 0x88, BITS = 0x90 };

static struct kl_bpf_bloom bloom;

static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void bloom_guest(uint32_t mask, uint32_t functions) {
  bpf_guest(KL_BPF_BLOOM_FILTER, 0, 8, 100);
  guest_field(&g, KL_F_bpf_bloom_filter_bitset_mask, MASK, 4);
  guest_field(&g, KL_F_bpf_bloom_filter_hash_seed, SEED, 4);
  guest_field(&g, KL_F_bpf_bloom_filter_nr_hash_funcs, FUNCTIONS, 4);
  guest_field(&g, KL_F_bpf_bloom_filter_bitset, BITS, 0);
  guest_put(&g, BPF_MAP + MASK, mask, 4);
  guest_put(&g, BPF_MAP + SEED, 7, 4);
  guest_put(&g, BPF_MAP + FUNCTIONS, functions, 4);
}

// The values that Bob Jenkins publishes with lookup3.
static void the_hash_is_lookup3(void **state) {
  (void)state;
  static const char text[] = "Four score and seven years ago";
  assert_int_equal(kl_bpf_jhash(kl_bytes_of("", 0), 0), 0xdeadbeef);
  assert_int_equal(kl_bpf_jhash(kl_bytes_of(text, sizeof text - 1), 0), 0x17770551);
  assert_int_equal(kl_bpf_jhash(kl_bytes_of(text, sizeof text - 1), 1), 0xcd628161);
}

// "12345678" started with 7 hashes to 0x0ca5a90a.
static void a_value_is_in_when_all_its_bits_are_set(void **state) {
  (void)state;
  bool in = true;
  struct kl_bytes value = kl_bytes_of("12345678", 8);
  bloom_guest(1023, 1);
  assert_int_equal(kl_bpf_bloom_open(&bloom, &g.kernel, &map), KL_OK);
  assert_int_equal(kl_bpf_bloom_test(&bloom, value, &in), KL_OK);
  assert_false(in);
  guest_put(&g, BPF_MAP + BITS + 0x10a / 8, 1u << 0x10a % 8, 1);
  assert_int_equal(kl_bpf_bloom_test(&bloom, value, &in), KL_OK);
  assert_true(in);
  assert_int_equal(kl_bpf_bloom_test(&bloom, kl_bytes_of("123456", 6), &in), KL_ERR_ARGUMENT);
}

static void density_is_the_share_of_bits_that_are_set(void **state) {
  (void)state;
  char text[128];
  struct kl_text out = kl_text_into(text, sizeof text);
  bloom_guest(16383, 5);
  for (unsigned i = 0; i < 512; i++)
    guest_put(&g, BPF_MAP + BITS + 4 * i, 0x81, 1);
  assert_int_equal(kl_bpf_bloom_open(&bloom, &g.kernel, &map), KL_OK);
  assert_int_equal(kl_bpf_bloom_render(&bloom, &g.budget, &out), KL_OK);
  text[out.used] = 0;
  assert_string_equal(text, "{\"bits\":16384,\"set\":1024,\"density\":0.0625,\"hash_functions\":5}");
}

static void sizes_that_contradict_are_refused(void **state) {
  (void)state;
  bloom_guest(1022, 5);
  assert_int_equal(kl_bpf_bloom_open(&bloom, &g.kernel, &map), KL_ERR_MALFORMED);
  guest_close(&g);
  bloom_guest(1023, 0);
  assert_int_equal(kl_bpf_bloom_open(&bloom, &g.kernel, &map), KL_ERR_MALFORMED);
  guest_close(&g);
  bloom_guest(1023, 16);
  assert_int_equal(kl_bpf_bloom_open(&bloom, &g.kernel, &map), KL_ERR_MALFORMED);
}

// 2^32 bits in a guest of 4 MiB: the count ends where memory does.
static void a_filter_larger_than_memory_is_bounded(void **state) {
  (void)state;
  uint64_t set = 0;
  bloom_guest(UINT32_MAX, 15);
  assert_int_equal(kl_bpf_bloom_open(&bloom, &g.kernel, &map), KL_OK);
  g.budget.steps = 100;
  assert_int_equal(kl_bpf_bloom_count(&bloom, &g.budget, &set), KL_ERR_BUDGET);
  g.budget.steps = 1 << 20;
  assert_int_not_equal(kl_bpf_bloom_count(&bloom, &g.budget, &set), KL_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_hash_is_lookup3),
      cmocka_unit_test_teardown(a_value_is_in_when_all_its_bits_are_set, teardown),
      cmocka_unit_test_teardown(density_is_the_share_of_bits_that_are_set, teardown),
      cmocka_unit_test_teardown(sizes_that_contradict_are_refused, teardown),
      cmocka_unit_test_teardown(a_filter_larger_than_memory_is_bounded, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
