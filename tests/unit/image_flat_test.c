// Flattened files: records in any order, and what they hold.
#include "image_files.h"

enum { HEADER = 4096, RECORD = 16 };

static void put_start(struct file *f, size_t *at) {
  file_put(f, 0, "makedumpfile", 12);
  file_be64(f, 16, 1);
  file_be64(f, 24, 1);
  file_grow(f, HEADER);
  *at = HEADER;
}
static void put_record(struct file *f, size_t *at, uint64_t offset, const uint8_t *p, size_t n) {
  file_be64(f, *at, offset);
  file_be64(f, *at + 8, n);
  file_put(f, *at + RECORD, p, n);
  *at += RECORD + n;
}
static void put_end(struct file *f, size_t *at) {
  file_be64(f, *at, UINT64_MAX);
  file_be64(f, *at + 8, UINT64_MAX);
  *at += RECORD;
}

// An ELF core: physical 0x1000 is 64 bytes of 0x11, 0x2000 is 32 of 0x22.
static struct file elf(void) {
  struct file f = {0};
  file_put(&f, 0, "\177ELF\2\1\1", 7);
  file_le(&f, 16, 4, 2);
  file_le(&f, 18, 62, 2);
  file_le(&f, 32, 64, 8);
  file_le(&f, 54, 56, 2);
  file_le(&f, 56, 2, 2);
  for (uint64_t i = 0; i < 2; i++) {
    size_t at = 64 + i * 56, n = i ? 32 : 64;
    file_le(&f, at, 1, 4);
    file_le(&f, at + 8, i ? 0x140 : 0x100, 8);
    file_le(&f, at + 24, 0x1000 * (i + 1), 8);
    file_le(&f, at + 32, n, 8);
    file_le(&f, at + 40, n, 8);
  }
  file_fill(&f, 0x100, 0x11, 64);
  file_fill(&f, 0x140, 0x22, 32);
  return f;
}
static const struct expected elf_runs[] = {
    {0x1000, 0x1040, KL_OK, 0x11}, {0x2000, 0x2020, KL_OK, 0x22}, {0x1040, 0x1041, KL_ERR_ABSENT, 0}};

// The inner file in pieces of n bytes, the last first.
static struct file flatten(const struct file *inner, size_t n) {
  struct file f = {0};
  size_t at, end = inner->n;
  put_start(&f, &at);
  while (end) {
    size_t start = end > n ? end - n : 0;
    put_record(&f, &at, start, inner->p + start, end - start);
    end = start;
  }
  put_end(&f, &at);
  return f;
}

static void records_in_any_order_make_one_file(void **state) {
  (void)state;
  struct file inner = elf();
  for (size_t n = 1; n < 400; n = n * 2 + 1) {
    struct file f = flatten(&inner, n);
    struct opened o;
    for (int lend = 0; lend < 2; lend++) {
      assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
      assert_string_equal(kl_image_facts(o.image)->container, "flattened elf");
      assert_int_equal(o.diagnostics.used, 0);
      expect_runs(&o, elf_runs, 3);
      expect_order(&o);
      close_image(&o);
    }
    file_free(&f);
  }
  file_free(&inner);
}

static void headers_may_stand_behind_thousands_of_records(void **state) {
  (void)state;
  struct file inner = elf(), f = {0};
  struct opened o;
  size_t at;
  put_start(&f, &at);
  for (uint64_t i = 0; i < 5000; i++)
    put_record(&f, &at, 0x10000 + 16 * i, (const uint8_t *)"x", 1);
  put_record(&f, &at, 0, inner.p, inner.n);
  put_end(&f, &at);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_runs(&o, elf_runs, 3);
  close_image(&o);
  file_free(&f);
  file_free(&inner);
}

static void later_record_replaces_an_earlier_one(void **state) {
  (void)state;
  struct file inner = elf(), f = {0};
  struct opened o;
  size_t at;
  uint8_t patch[16];
  memset(patch, 0x77, sizeof patch);
  put_start(&f, &at);
  put_record(&f, &at, 0, inner.p, inner.n);
  put_record(&f, &at, 0x110, patch, sizeof patch); // physical 0x1010
  put_end(&f, &at);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  uint8_t got[64];
  assert_int_equal(kl_image_read(o.image, 0x1000, got, 64), KL_OK);
  for (size_t i = 0; i < 64; i++)
    assert_int_equal(got[i], i >= 0x10 && i < 0x20 ? 0x77 : 0x11);
  close_image(&o);
  file_free(&f);
  file_free(&inner);
}

static void what_no_record_holds_is_absent(void **state) {
  (void)state;
  struct file inner = elf(), f = {0};
  struct opened o;
  size_t at;
  put_start(&f, &at);
  put_record(&f, &at, 0, inner.p, 0x120);
  put_record(&f, &at, 0x130, inner.p + 0x130, inner.n - 0x130);
  put_end(&f, &at);
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    expect_byte(&o, 0x101f, KL_OK, 0x11);
    expect_byte(&o, 0x1020, KL_ERR_ABSENT, 0); // never zero
    expect_byte(&o, 0x1030, KL_OK, 0x11);
    close_image(&o);
  }
  file_free(&f);
  file_free(&inner);
}

static void missing_end_mark_is_told(void **state) {
  (void)state;
  struct file inner = elf(), f = flatten(&inner, 100);
  struct opened o;
  f.n -= RECORD;
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(kl_image_facts(o.image)->incomplete);
  assert_true(has_note(&o, "end mark", KL_ERR_ABSENT));
  expect_runs(&o, elf_runs, 3);
  close_image(&o);
  file_free(&f);
  // In the order of the file, so that its end is what is cut.
  size_t at;
  put_start(&f, &at);
  for (size_t i = 0; i < inner.n; i += 32)
    put_record(&f, &at, i, inner.p + i, inner.n - i < 32 ? inner.n - i : 32);
  f.n -= 40; // the last record is cut in its middle
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_byte(&o, 0x1000, KL_OK, 0x11);
  expect_byte(&o, 0x201f, KL_ERR_ABSENT, 0);
  close_image(&o);
  file_free(&f);
  file_free(&inner);
}

static void hostile_records_end_the_walk(void **state) {
  (void)state;
  static const struct {
    uint64_t offset, size;
    enum kl_status status;
  } cases[] = {
      {1ull << 63, 8, KL_ERR_MALFORMED},
      {0x200, 1ull << 63, KL_ERR_MALFORMED},
      {0x200, 0, KL_ERR_MALFORMED},
      {UINT64_MAX, 8, KL_ERR_MALFORMED},
      {8, UINT64_MAX, KL_ERR_MALFORMED},
      {INT64_MAX, INT64_MAX, KL_ERR_ABSENT}, // past the file's end: cut, and so is the file
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct file inner = elf(), f = {0};
    struct opened o;
    size_t at;
    put_start(&f, &at);
    put_record(&f, &at, 0, inner.p, inner.n);
    file_be64(&f, at, cases[i].offset);
    file_be64(&f, at + 8, cases[i].size);
    file_grow(&f, at + 100);
    assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
    assert_true(has_note(&o, "end mark", cases[i].status));
    expect_runs(&o, elf_runs, 3);
    close_image(&o);
    file_free(&f);
    file_free(&inner);
  }
}

static void only_kdump_and_elf_come_flattened(void **state) {
  (void)state;
  struct file inner = {0}, f;
  struct opened o;
  file_fill(&inner, 0, 0x5a, 100); // raw
  f = flatten(&inner, 40);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_UNSUPPORTED);
  assert_true(has_note(&o, "neither kdump nor ELF", KL_ERR_UNSUPPORTED));
  close_image(&o);
  struct file twice = flatten(&f, 1000);
  assert_int_equal(open_files(&o, &twice, 1, true, NULL), KL_ERR_UNSUPPORTED);
  assert_true(has_note(&o, "neither kdump nor ELF", KL_ERR_UNSUPPORTED));
  close_image(&o);
  file_free(&twice);
  file_free(&f);
  size_t at;
  put_start(&f, &at); // and nothing
  put_end(&f, &at);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_MALFORMED);
  close_image(&o);
  file_free(&f);
  file_free(&inner);
}

static void records_past_the_cap_are_left_out(void **state) {
  (void)state;
  struct file inner = elf(), f = {0};
  struct opened o;
  size_t at;
  struct kl_limits limits = kl_limits_default();
  limits.flat_records = 2;
  put_start(&f, &at);
  put_record(&f, &at, 0, inner.p, 0x100);
  put_record(&f, &at, 0x100, inner.p + 0x100, 0x40);
  put_record(&f, &at, 0x140, inner.p + 0x140, 0x20);
  put_end(&f, &at);
  assert_int_equal(open_files(&o, &f, 1, true, &limits), KL_OK);
  assert_true(has_note(&o, "end mark", KL_ERR_LIMIT));
  expect_byte(&o, 0x1000, KL_OK, 0x11);
  expect_byte(&o, 0x2000, KL_ERR_ABSENT, 0);
  close_image(&o);
  file_free(&f);
  file_free(&inner);
}

static void a_kdump_file_is_read_through_it(void **state) {
  (void)state;
  enum { BLOCK = 4096 };
  struct file inner = {0}, f;
  struct opened o;
  file_put(&inner, 0, "KDUMP   ", 8);
  file_le(&inner, 8, 6, 4);
  file_put(&inner, 12 + 4 * 65, "x86_64", 7);
  file_le(&inner, 428, BLOCK, 4);
  file_le(&inner, 432, 1, 4);
  file_le(&inner, 436, 2, 4);
  file_le(&inner, BLOCK + 96, 3, 8);
  file_le(&inner, 2 * BLOCK, 7, 1);
  file_le(&inner, 3 * BLOCK, 5, 1); // page 1 is filtered
  file_le(&inner, 4 * BLOCK, 5 * BLOCK, 8);
  file_le(&inner, 4 * BLOCK + 8, BLOCK, 4);
  file_le(&inner, 4 * BLOCK + 24, 6 * BLOCK, 8);
  file_le(&inner, 4 * BLOCK + 24 + 8, put_pairs(&inner, 6 * BLOCK, 0x33, BLOCK), 4);
  file_le(&inner, 4 * BLOCK + 24 + 12, 1, 4);
  file_fill(&inner, 5 * BLOCK, 0x11, BLOCK);
  f = flatten(&inner, 1000); // pages and bitmaps lie across records
  static const struct expected runs[] = {{0, BLOCK, KL_OK, 0x11},
                                         {BLOCK, 2 * BLOCK, KL_ERR_FILTERED, 0},
                                         {2 * BLOCK, 3 * BLOCK, KL_OK, 0x33},
                                         {3 * BLOCK, 4 * BLOCK, KL_ERR_ABSENT, 0}};
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    assert_string_equal(kl_image_facts(o.image)->container, "flattened kdump");
    expect_runs(&o, runs, 4);
    expect_order(&o);
    close_image(&o);
  }
  expect_faults_hold(&f, runs, 4);
  file_free(&f);
  file_free(&inner);
}

static void no_cut_and_no_fault_makes_up_a_byte(void **state) {
  (void)state;
  struct file inner = elf(), f = flatten(&inner, 50);
  expect_truncations_hold(&f, elf_runs, 3);
  expect_faults_hold(&f, elf_runs, 3);
  expect_mutations_end(&f, HEADER, f.n, elf_runs, 3);
  file_free(&f);
  file_free(&inner);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(headers_may_stand_behind_thousands_of_records),
      cmocka_unit_test(records_in_any_order_make_one_file),
      cmocka_unit_test(later_record_replaces_an_earlier_one),
      cmocka_unit_test(what_no_record_holds_is_absent),
      cmocka_unit_test(missing_end_mark_is_told),
      cmocka_unit_test(hostile_records_end_the_walk),
      cmocka_unit_test(only_kdump_and_elf_come_flattened),
      cmocka_unit_test(records_past_the_cap_are_left_out),
      cmocka_unit_test(a_kdump_file_is_read_through_it),
      cmocka_unit_test(no_cut_and_no_fault_makes_up_a_byte),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
