// The log's ring in memory built by hand: kernel/printk/printk_ringbuffer.h.
#include "guest.h"

#include "linux/log.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

enum { PRB = 0x1000, RING = 0x1100, DESCS = 0x2000, INFOS = 0x3000, DATA = 0x8000 };
enum { DESC_BYTES = 24, INFO_BYTES = 32, COUNT = 8, DATA_BYTES = 256 };
enum state { RESERVED, COMMITTED, FINALIZED, REUSABLE };

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x20000);
  guest_map(&g);
  guest_field(&g, KL_F_printk_ringbuffer_desc_ring, 0, 48);
  guest_field(&g, KL_F_printk_ringbuffer_text_data_ring, 48, 32);
  guest_field(&g, KL_F_prb_desc_ring_count_bits, 0, 4);
  guest_field(&g, KL_F_prb_desc_ring_descs, 8, 8);
  guest_field(&g, KL_F_prb_desc_ring_infos, 16, 8);
  guest_field(&g, KL_F_prb_desc_ring_head_id, 24, 8);
  guest_field(&g, KL_F_prb_desc_ring_tail_id, 32, 8);
  guest_field(&g, KL_F_prb_data_ring_size_bits, 0, 4);
  guest_field(&g, KL_F_prb_data_ring_data, 8, 8);
  guest_field(&g, KL_F_prb_desc_state_var, 0, 8);
  guest_field(&g, KL_F_prb_desc_text_blk_lpos, 8, 16);
  guest_field(&g, KL_F_prb_data_blk_lpos_begin, 0, 8);
  guest_field(&g, KL_F_prb_data_blk_lpos_next, 8, 8);
  guest_field(&g, KL_F_prb_data_block_data, 8, 0);
  guest_field(&g, KL_F_printk_info_seq, 0, 8);
  guest_field(&g, KL_F_printk_info_ts_nsec, 8, 8);
  guest_field(&g, KL_F_printk_info_text_len, 16, 2);
  guest_field(&g, KL_F_printk_info_facility, 18, 1);
  guest_field(&g, KL_F_printk_info_level, 19, 1);
  g.kernel.fields[KL_F_printk_info_level].bit_offset = 5;
  g.kernel.fields[KL_F_printk_info_level].bit_size = 3;
  guest_field(&g, KL_F_printk_info_caller_id, 20, 4);
  g.kernel.types[KL_T_prb_desc].bytes = DESC_BYTES;
  g.kernel.types[KL_T_printk_info].bytes = INFO_BYTES;
  g.kernel.known[KL_S_prb].present = true;
  g.kernel.known[KL_S_prb].address = VA(PRB);
  guest_put64(&g, PRB, VA(RING));
  guest_put(&g, RING, 3, 4); // 8 descriptors
  guest_put64(&g, RING + 8, VA(DESCS));
  guest_put64(&g, RING + 16, VA(INFOS));
  guest_put(&g, RING + 48, 8, 4); // 256 bytes
  guest_put64(&g, RING + 56, VA(DATA));
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void set_ids(uint64_t tail, uint64_t head) {
  guest_put64(&g, RING + 24, head);
  guest_put64(&g, RING + 32, tail);
}

// A descriptor with its info; its text, if any, goes into the block that
// [begin, next) describes.
static void put_record(uint64_t id, enum state state, uint64_t begin, uint64_t next, const char *text) {
  uint64_t desc = DESCS + DESC_BYTES * (id % COUNT), info = INFOS + INFO_BYTES * (id % COUNT);
  guest_put64(&g, desc, (id & ((1ull << 62) - 1)) | (uint64_t)state << 62);
  guest_put64(&g, desc + 8, begin);
  guest_put64(&g, desc + 16, next);
  guest_put64(&g, info, 1000 + id);
  guest_put64(&g, info + 8, 5000000 + id);
  guest_put(&g, info + 16, text ? strlen(text) : 0, 2);
  guest_put(&g, info + 18, 3, 1);
  guest_put(&g, info + 19, 6 << 5 | 2, 1);
  guest_put(&g, info + 20, 42, 4);
  if (!text)
    return;
  bool wraps = begin / DATA_BYTES != (next - 1) / DATA_BYTES;
  uint64_t at = DATA + (wraps ? 0 : begin % DATA_BYTES);
  guest_put64(&g, at, id);
  guest_put_text(&g, at + 8, text);
}

static struct kl_log l;
static struct kl_log_record r;

static void open_log(void) {
  assert_int_equal(kl_log_open(&l, &g.kernel, &g.budget), KL_OK);
}
static void expect(uint64_t id, const char *text) {
  char got[256];
  assert_int_equal(kl_log_next(&l, &r), KL_OK);
  assert_int_equal(r.sequence, 1000 + id);
  assert_int_equal(r.text_bytes, strlen(text));
  assert_int_equal(kl_read(&g.kernel, r.text, got, r.text_bytes), KL_OK);
  assert_memory_equal(got, text, strlen(text));
}
static void expect_end(void) {
  assert_int_equal(kl_log_next(&l, &r), KL_END);
  assert_int_equal(kl_log_next(&l, &r), KL_END);
}

static void records_come_oldest_first(void **state) {
  (void)state;
  set_ids(0, 2);
  put_record(0, FINALIZED, 0, 24, "Linux version");
  put_record(1, FINALIZED, 24, 40, "second");
  put_record(2, COMMITTED, 40, 56, "third");
  open_log();
  expect(0, "Linux version");
  assert_int_equal(r.time_ns, 5000000);
  assert_int_equal(r.level, 6);
  assert_int_equal(r.facility, 3);
  assert_int_equal(r.caller, 42);
  expect(1, "second");
  expect(2, "third");
  expect_end();
}

static void ids_and_positions_wrap(void **state) {
  (void)state;
  // As the ring starts: ids and positions just before 0.
  uint64_t first = (1ull << 62) - 2, start = 0 - (uint64_t)DATA_BYTES;
  set_ids(first, 1);
  put_record(first, FINALIZED, start + 64, start + 80, "a");
  put_record(first + 1, FINALIZED, start + 80, start + 96, "b");
  put_record(0, FINALIZED, start + 96, start + 240, "c");
  put_record(1, FINALIZED, start + 240, 24, "at the start"); // lies in [0, 24)
  open_log();
  assert_int_equal(kl_log_next(&l, &r), KL_OK); // its sequence is not ours to compute
  assert_int_equal(kl_log_next(&l, &r), KL_OK);
  expect(0, "c");
  expect(1, "at the start");
  expect_end();
}

static void a_block_may_fill_the_ring_to_its_end(void **state) {
  (void)state;
  set_ids(0, 0);
  put_record(0, FINALIZED, 240, 256, "x");
  open_log();
  expect(0, "x");
}

static void what_is_not_finished_is_not_given(void **state) {
  (void)state;
  set_ids(8, 11);
  put_record(8, REUSABLE, 0, 16, "old");
  put_record(9, FINALIZED, 16, 32, "new");
  put_record(10, RESERVED, 32, 48, "being written");
  put_record(3, FINALIZED, 48, 64, "of the last round"); // in the place of 11
  open_log();
  expect(9, "new");
  expect_end();
}

static void empty_lines_have_no_block(void **state) {
  (void)state;
  set_ids(0, 1);
  put_record(0, FINALIZED, 3, 3, NULL);
  put_record(1, FINALIZED, 1, 1, NULL); // there was no room for it
  open_log();
  expect(0, "");
  assert_int_equal(kl_log_next(&l, &r), KL_ERR_NOT_FOUND);
  assert_int_equal(r.sequence, 1001);
  expect_end();
}

static void texts_must_hold_together(void **state) {
  (void)state;
  static const uint64_t bad[][2] = {
      {0, 0},     {0, 4},
      {8, 0},     {16, 8},
      {0, 512},   {0, 1024},
      {4, 24},    {0, 20},
      {248, 260}, {0, 0x8000000000000000},
      {1, 0},     {0xfffffffffffffff8, 0x7ffffffffffffff8},
  };
  set_ids(0, 0);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    memset(g.memory + DATA, 0, DATA_BYTES); // id 0 everywhere
    put_record(0, FINALIZED, bad[i][0], bad[i][1], NULL);
    open_log();
    assert_int_equal(kl_log_next(&l, &r), KL_ERR_MALFORMED);
    expect_end();
  }
  // The block belongs to another record by now.
  put_record(0, FINALIZED, 0, 24, "text");
  guest_put64(&g, DATA, 8);
  open_log();
  assert_int_equal(kl_log_next(&l, &r), KL_ERR_MALFORMED);
  // A length past the block's is cut to it.
  put_record(0, FINALIZED, 0, 24, "text");
  guest_put(&g, INFOS + 16, 0xffff, 2);
  open_log();
  assert_int_equal(kl_log_next(&l, &r), KL_OK);
  assert_int_equal(r.text_bytes, 16);
}

static void rings_that_can_not_be_are_refused(void **state) {
  (void)state;
  set_ids(0, 8); // nine records in a ring of eight
  assert_int_equal(kl_log_open(&l, &g.kernel, &g.budget), KL_ERR_MALFORMED);
  set_ids(0, 7);
  assert_int_equal(kl_log_open(&l, &g.kernel, &g.budget), KL_OK);
  set_ids(5, 4); // backwards
  assert_int_equal(kl_log_open(&l, &g.kernel, &g.budget), KL_ERR_MALFORMED);
  set_ids(0, 7);
  g.limits.log_records = 7;
  assert_int_equal(kl_log_open(&l, &g.kernel, &g.budget), KL_ERR_LIMIT);
  guest_put(&g, RING, 64, 4);
  assert_int_equal(kl_log_open(&l, &g.kernel, &g.budget), KL_ERR_MALFORMED);
  guest_put64(&g, PRB, VA(0x30000000));
  assert_int_equal(kl_log_open(&l, &g.kernel, &g.budget), KL_ERR_ABSENT);
  g.kernel.known[KL_S_prb].present = false;
  assert_int_equal(kl_log_open(&l, &g.kernel, &g.budget), KL_ERR_NOT_FOUND);
}

static void descriptors_that_are_missing_lose_only_themselves(void **state) {
  (void)state;
  guest_put64(&g, RING + 8, VA(0x20000 - 2 * DESC_BYTES));
  set_ids(0, 3);
  open_log();
  unsigned lost = 0;
  enum kl_status status;
  while ((status = kl_log_next(&l, &r)) != KL_END)
    if (status == KL_ERR_ABSENT)
      lost++;
  assert_int_equal(lost, 2);
  g.budget.steps = 1;
  set_ids(0, 3);
  guest_put64(&g, RING + 8, VA(DESCS));
  open_log();
  assert_int_equal(kl_log_next(&l, &r), KL_ERR_BUDGET);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(records_come_oldest_first),
      TEST(ids_and_positions_wrap),
      TEST(a_block_may_fill_the_ring_to_its_end),
      TEST(what_is_not_finished_is_not_given),
      TEST(empty_lines_have_no_block),
      TEST(texts_must_hold_together),
      TEST(rings_that_can_not_be_are_refused),
      TEST(descriptors_that_are_missing_lose_only_themselves),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
