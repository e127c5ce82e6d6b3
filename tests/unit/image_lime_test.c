// LiME, and what AVML writes without compression.
#include "image_files.h"

enum { HEADER = 32 };
#define MIB (1ull << 20)

// A record at *at: [first, first + n) of one byte value.
static void put_record(struct file *f, size_t *at, uint64_t first, uint8_t byte, size_t n) {
  file_le(f, *at, 0x4c694d45, 4);
  file_le(f, *at + 4, 1, 4);
  file_le(f, *at + 8, first, 8);
  file_le(f, *at + 16, first + n - 1, 8); // inclusive
  file_fill(f, *at + 24, 0, 8);
  file_fill(f, *at + HEADER, byte, n);
  *at += HEADER + n;
}

static void the_last_address_is_inclusive(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  static const struct expected runs[] = {
      {0x1000, 0x9fc00, KL_OK, 0xa1},        {0x100000, 0x100010, KL_OK, 0xb2},      {0, 0x1000, KL_ERR_ABSENT, 0},
      {0x9fc00, 0x100000, KL_ERR_ABSENT, 0}, {0x100010, 0x100020, KL_ERR_ABSENT, 0},
  };
  put_record(&f, &at, 0x1000, 0xa1, 0x9ec00);
  put_record(&f, &at, 0x100000, 0xb2, 0x10);
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    assert_string_equal(kl_image_facts(o.image)->container, "lime");
    assert_false(kl_image_facts(o.image)->incomplete);
    assert_int_equal(o.diagnostics.used, 0);
    expect_runs(&o, runs, 5);
    expect_segment(&o, 0, 0x1000, 0x9fc00, KL_SEGMENT_FILE, HEADER);
    expect_segment(&o, 0x9fc00, 0x100000, 0x100010, KL_SEGMENT_FILE, HEADER + 0x9ec00 + HEADER);
    expect_order(&o);
    close_image(&o);
  }
  expect_faults_hold(&f, runs, 5);
  expect_mutations_end(&f, 0, HEADER, runs, 5);
  expect_mutations_end(&f, HEADER + 0x9ec00, 2 * HEADER + 0x9ec00, runs, 5);
  file_free(&f);
}

static void every_cut_leaves_the_rest(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  static const struct expected runs[] = {{0x1000, 0x1040, KL_OK, 0xa1}, {0x3000, 0x3020, KL_OK, 0xb2}};
  put_record(&f, &at, 0x1000, 0xa1, 0x40);
  put_record(&f, &at, 0x3000, 0xb2, 0x20);
  expect_truncations_hold(&f, runs, 2);
  f.n -= 0x10;
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(kl_image_facts(o.image)->incomplete);
  expect_byte(&o, 0x300f, KL_OK, 0xb2);
  expect_byte(&o, 0x3010, KL_ERR_ABSENT, 0);
  close_image(&o);
  f.n = HEADER + 0x40 + 10; // in the middle of a header
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(kl_image_facts(o.image)->incomplete);
  assert_true(has_note(&o, "no LiME header", KL_ERR_ABSENT));
  expect_byte(&o, 0x1000, KL_OK, 0xa1);
  close_image(&o);
  file_free(&f);
}

static void what_follows_the_last_record_is_told(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  put_record(&f, &at, 0x1000, 0xa1, 0x40);
  file_fill(&f, at, 0xee, 0x100);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(has_note(&o, "no LiME header", KL_ERR_MALFORMED));
  expect_byte(&o, 0x103f, KL_OK, 0xa1);
  close_image(&o);
  file_free(&f);
}

static void hostile_headers_are_refused(void **state) {
  (void)state;
  static const struct {
    uint32_t version;
    uint64_t first, last;
    enum kl_status status;
  } cases[] = {
      {2, 0, 0xf, KL_ERR_UNSUPPORTED},
      {1, 0x10, 0xf, KL_ERR_MALFORMED},          // ends before it starts
      {1, 0, UINT64_MAX, KL_ERR_MALFORMED},      // its size is 2^64
      {1, 0x1000, UINT64_MAX, KL_ERR_MALFORMED}, // its end is 2^64
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct file f = {0};
    struct opened o;
    size_t at = 0;
    put_record(&f, &at, 0, 1, 0x10);
    file_le(&f, 4, cases[i].version, 4);
    file_le(&f, 8, cases[i].first, 8);
    file_le(&f, 16, cases[i].last, 8);
    assert_int_equal(open_files(&o, &f, 1, true, NULL), cases[i].status);
    close_image(&o);
    file_free(&f);
  }
}

static void largest_record_is_cut_to_the_file(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  put_record(&f, &at, 0, 1, 0x10);
  file_le(&f, 16, UINT64_MAX - 1, 8);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_int_equal(kl_image_bytes(o.image), 0x10);
  expect_byte(&o, 0x10, KL_ERR_ABSENT, 0);
  close_image(&o);
  file_free(&f);
}

static void more_records_than_the_cap_are_left_out(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  struct kl_limits limits = kl_limits_default();
  limits.segments = 3;
  for (uint64_t i = 0; i < 5; i++)
    put_record(&f, &at, i * 0x1000, (uint8_t)(i + 1), 0x10);
  assert_int_equal(open_files(&o, &f, 1, true, &limits), KL_OK);
  assert_true(has_note(&o, "rest of the file", KL_ERR_LIMIT));
  expect_byte(&o, 0x2000, KL_OK, 3);
  expect_byte(&o, 0x3000, KL_ERR_ABSENT, 0);
  close_image(&o);
  file_free(&f);
}

static void zero_blocks_that_avml_leaves_out_are_zero(void **state) {
  // AVML cuts what it writes at 16 MiB from a range's start, and drops zeros.
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  static const struct expected runs[] = {
      {1 * MIB, 17 * MIB, KL_OK, 5},  {17 * MIB, 49 * MIB, KL_OK, 0},         {49 * MIB, 50 * MIB, KL_OK, 6},
      {0, 1 * MIB, KL_ERR_ABSENT, 0}, {50 * MIB, 66 * MIB, KL_ERR_ABSENT, 0}, {66 * MIB, 67 * MIB, KL_OK, 7},
  };
  put_record(&f, &at, 1 * MIB, 5, 16 * MIB);
  put_record(&f, &at, 49 * MIB, 6, 1 * MIB); // the end of the range
  put_record(&f, &at, 66 * MIB, 7, 1 * MIB); // another: what lies between is not memory
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(has_note(&o, "taken as zero", KL_ERR_ABSENT));
  expect_runs(&o, runs, 6);
  expect_segment(&o, 17 * MIB, 17 * MIB, 49 * MIB, KL_SEGMENT_ZERO, 0);
  expect_order(&o);
  uint8_t got[4];
  assert_int_equal(kl_image_read(o.image, 17 * MIB - 2, got, 4), KL_OK); // bytes, then zeros
  assert_memory_equal(got, "\5\5\0\0", 4);
  close_image(&o);
  file_free(&f);
}

static void record_without_bytes_at_the_end_leaves_the_zero_blocks(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  put_record(&f, &at, 0, 5, 16 * MIB);
  put_record(&f, &at, 32 * MIB, 6, 16 * MIB);
  put_record(&f, &at, 64 * MIB, 7, 1);
  f.n -= 1;
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(kl_image_facts(o.image)->incomplete);
  expect_segment(&o, 16 * MIB, 16 * MIB, 32 * MIB, KL_SEGMENT_ZERO, 0);
  expect_byte(&o, 64 * MIB, KL_ERR_ABSENT, 0);
  expect_order(&o);
  close_image(&o);
  file_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_last_address_is_inclusive),
      cmocka_unit_test(every_cut_leaves_the_rest),
      cmocka_unit_test(what_follows_the_last_record_is_told),
      cmocka_unit_test(hostile_headers_are_refused),
      cmocka_unit_test(largest_record_is_cut_to_the_file),
      cmocka_unit_test(more_records_than_the_cap_are_left_out),
      cmocka_unit_test(zero_blocks_that_avml_leaves_out_are_zero),
      cmocka_unit_test(record_without_bytes_at_the_end_leaves_the_zero_blocks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
