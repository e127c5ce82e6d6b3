// BPF ring buffers: what is in them, and positions and headers that lie.
#include "bpf_builder.h"

#include "linux/bpf_ring.h"

// struct bpf_ringbuf on a page, the positions on pages of their own, the data
// behind them; a ring of 4 KiB.
enum { RB = 0x80, RING = 0x10000, MASK = 0x30, CONSUMER = 0x1000, PRODUCER = 0x2000, DATA = 0x3000, SIZE = 0x1000 };
#define BUSY (1u << 31)
#define DISCARDED (1u << 30)

static struct kl_bpf_ring ring;
static struct kl_bpf_ring_record record;

static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void ring_guest(uint32_t type, uint64_t consumer, uint64_t producer) {
  bpf_guest(type, 0, 0, SIZE);
  guest_field(&g, KL_F_bpf_ringbuf_map_rb, RB, 8);
  guest_field(&g, KL_F_bpf_ringbuf_mask, MASK, 8);
  guest_field(&g, KL_F_bpf_ringbuf_consumer_pos, CONSUMER, 8);
  guest_field(&g, KL_F_bpf_ringbuf_producer_pos, PRODUCER, 8);
  guest_field(&g, KL_F_bpf_ringbuf_data, DATA, 0);
  guest_put64(&g, BPF_MAP + RB, VA(RING));
  guest_put64(&g, RING + MASK, SIZE - 1);
  guest_put64(&g, RING + CONSUMER, consumer);
  guest_put64(&g, RING + PRODUCER, producer);
}

static void put_header(uint64_t position, uint32_t length) {
  uint64_t at = DATA + (position & (SIZE - 1));
  guest_put(&g, RING + at, length, 4);
  guest_put(&g, RING + at + 4, at >> 12, 4);
}

static enum kl_status ring_open(void) {
  return kl_bpf_ring_open(&ring, &g.kernel, &g.budget, &map);
}
static void expect(uint64_t position, enum kl_bpf_ring_state state, uint32_t bytes) {
  assert_int_equal(kl_bpf_ring_next(&ring, &record), KL_OK);
  assert_int_equal(record.position, position);
  assert_int_equal(record.state, state);
  assert_int_equal(record.bytes, bytes);
}

static void records_are_told_by_their_state(void **state) {
  (void)state;
  ring_guest(KL_BPF_RINGBUF, 24, 104);
  put_header(0, 16); // read, and still there
  put_header(24, 5);
  put_header(40, 24 | DISCARDED);
  put_header(72, 20 | BUSY);
  assert_int_equal(ring_open(), KL_OK);
  expect(0, KL_BPF_RING_CONSUMED, 16);
  expect(24, KL_BPF_RING_COMMITTED, 5);
  expect(40, KL_BPF_RING_DISCARDED, 24);
  expect(72, KL_BPF_RING_BUSY, 20);
  assert_int_equal(kl_bpf_ring_next(&ring, &record), KL_END);
}

static void a_record_that_wraps_is_read_whole(void **state) {
  (void)state;
  uint64_t start = 5 * SIZE - 16;
  ring_guest(KL_BPF_RINGBUF, start, start + 24);
  put_header(start, 16);
  guest_put64(&g, RING + DATA + SIZE - 8, 0x1111);
  guest_put64(&g, RING + DATA, 0x2222);
  uint8_t data[16];
  assert_int_equal(ring_open(), KL_OK);
  expect(start, KL_BPF_RING_COMMITTED, 16);
  assert_int_equal(kl_bpf_ring_read(&ring, record.position + 8, data, sizeof data), KL_OK);
  assert_int_equal(kl_le64(data), 0x1111);
  assert_int_equal(kl_le64(data + 8), 0x2222);
  assert_int_equal(kl_bpf_ring_next(&ring, &record), KL_END);
}

static void positions_that_contradict_are_refused(void **state) {
  (void)state;
  static const uint64_t wrong[][2] = {{8, 0},                   // read more than was written
                                      {0, SIZE + 8},            // more than the ring holds
                                      {0, 4},                   // not aligned
                                      {UINT64_MAX - 7, 8},      // would wrap
                                      {0, 0xfffffffffffffff8}}; // far away
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    ring_guest(KL_BPF_RINGBUF, wrong[i][0], wrong[i][1]);
    assert_int_equal(ring_open(), KL_ERR_MALFORMED);
    guest_close(&g);
  }
  ring_guest(KL_BPF_RINGBUF, 0, 0);
  assert_int_equal(ring_open(), KL_OK);
  guest_put64(&g, RING + MASK, SIZE); // not a power of two less one
  assert_int_equal(ring_open(), KL_ERR_MALFORMED);
  guest_put64(&g, RING + MASK, UINT64_MAX);
  assert_int_equal(ring_open(), KL_ERR_MALFORMED);
}

static void a_record_past_the_producer_ends_the_walk(void **state) {
  (void)state;
  ring_guest(KL_BPF_USER_RINGBUF, 0, 32);
  put_header(0, 8);
  put_header(16, 9); // 24 bytes, but 16 are left
  assert_int_equal(ring_open(), KL_OK);
  expect(0, KL_BPF_RING_COMMITTED, 8);
  assert_int_equal(kl_bpf_ring_next(&ring, &record), KL_ERR_MALFORMED);
  assert_int_equal(record.position, 16);
  assert_int_equal(kl_bpf_ring_next(&ring, &record), KL_END);
}

// The kernel writes into each header how many pages it lies behind the ring.
static void a_header_that_names_another_page_is_none(void **state) {
  (void)state;
  ring_guest(KL_BPF_RINGBUF, 0, 16);
  put_header(0, 8);
  guest_put(&g, RING + DATA + 4, 9, 4);
  assert_int_equal(ring_open(), KL_OK);
  assert_int_equal(kl_bpf_ring_next(&ring, &record), KL_ERR_MALFORMED);
  assert_int_equal(kl_bpf_ring_next(&ring, &record), KL_END);
}

// A full ring whose bytes all look like headers of the shortest record.
static void the_search_for_old_records_is_bounded(void **state) {
  (void)state;
  ring_guest(KL_BPF_RINGBUF, 3 * SIZE + 8, 3 * SIZE + 8);
  for (uint64_t at = 0; at < SIZE; at += 8)
    put_header(at, 8);
  assert_int_equal(ring_open(), KL_OK);
  assert_int_not_equal(g.budget.steps, 0);
}

// A ring that claims 2^40 bytes, of which hardly any are there: what ends the
// search is said, a budget as well as its own bound.
static void the_search_ends_where_nothing_can_be_read(void **state) {
  (void)state;
  ring_guest(KL_BPF_RINGBUF, 1ull << 40, 1ull << 40);
  guest_put64(&g, RING + MASK, (1ull << 40) - 1);
  g.budget.steps = 64;
  assert_int_equal(ring_open(), KL_OK);
  assert_int_equal(ring.older, KL_ERR_BUDGET);
  g.budget.steps = 1ull << 32;
  assert_int_equal(ring_open(), KL_OK);
  assert_int_equal(ring.older, KL_ERR_LIMIT);
  assert_true((1ull << 32) - g.budget.steps <= 1 << 20);
  assert_int_equal(kl_bpf_ring_next(&ring, &record), KL_END);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(records_are_told_by_their_state, teardown),
      cmocka_unit_test_teardown(a_record_that_wraps_is_read_whole, teardown),
      cmocka_unit_test_teardown(positions_that_contradict_are_refused, teardown),
      cmocka_unit_test_teardown(a_record_past_the_producer_ends_the_walk, teardown),
      cmocka_unit_test_teardown(a_header_that_names_another_page_is_none, teardown),
      cmocka_unit_test_teardown(the_search_for_old_records_is_bounded, teardown),
      cmocka_unit_test_teardown(the_search_ends_where_nothing_can_be_read, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
