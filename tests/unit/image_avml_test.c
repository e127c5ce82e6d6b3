// Compressed AVML: blocks of framed snappy.
#include "image_files.h"

enum { HEADER = 32, TRAILER = 8, CHUNK = 65536 };
#define MIB (1ull << 20)

// CRC-32C bit by bit, masked as the framing format says.
static uint32_t checksum(uint8_t byte, size_t n) {
  uint32_t crc = 0xffffffff;
  while (n--) {
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8;
}

static void put_stream_start(struct file *f, size_t *at) {
  file_put(f, *at, "\xff\x06\x00\x00sNaPpY", 10);
  *at += 10;
}

// A chunk of n bytes of one value.
static void put_compressed(struct file *f, size_t *at, uint8_t byte, size_t n) {
  size_t p = *at + 8, size;
  for (size_t left = n; left || p == *at + 8; left >>= 7) // the varint in front
    file_le(f, p++, (left & 0x7f) | (left > 0x7f ? 0x80 : 0), 1);
  size = p - (*at + 4) + put_pairs(f, p, byte, n);
  file_le(f, *at, size << 8, 4);
  file_le(f, *at + 4, checksum(byte, n), 4);
  *at += 4 + size;
}
static void put_stored(struct file *f, size_t *at, uint8_t byte, size_t n) {
  file_le(f, *at, (n + 4) << 8 | 1, 4);
  file_le(f, *at + 4, checksum(byte, n), 4);
  file_fill(f, *at + 8, byte, n);
  *at += 8 + n;
}
static void put_padding(struct file *f, size_t *at, uint8_t type, size_t n) {
  file_le(f, *at, n << 8 | type, 4);
  file_fill(f, *at + 4, 0, n);
  *at += 4 + n;
}

static void put_header(struct file *f, size_t *at, uint64_t first, uint64_t n) {
  file_le(f, *at, 0x4c4d5641, 4);
  file_le(f, *at + 4, 2, 4);
  file_le(f, *at + 8, first, 8);
  file_le(f, *at + 16, first + n - 1, 8);
  file_le(f, *at + 24, 0, 8);
  *at += HEADER;
}
static void put_trailer(struct file *f, size_t *at, size_t body) {
  file_le(f, *at, *at - body, 8);
  *at += TRAILER;
}

// A block of one value, as AVML writes it.
static void put_block(struct file *f, size_t *at, uint64_t first, uint8_t byte, size_t n) {
  put_header(f, at, first, n);
  size_t body = *at;
  put_stream_start(f, at);
  for (size_t left = n; left;) {
    size_t part = left < CHUNK ? left : CHUNK;
    put_compressed(f, at, byte, part);
    left -= part;
  }
  put_trailer(f, at, body);
}

static void checksum_is_that_of_the_framing_format(void **state) {
  (void)state;
  static struct kl_crc32c crc;
  kl_crc32c_init(&crc);
  // CRC-32C("123456789") is 0xe3069283 (RFC 3720, B.4, has the polynomial).
  uint32_t raw = 0xe3069283;
  assert_int_equal(kl_snappy_checksum(&crc, (const uint8_t *)"123456789", 9), (raw >> 15 | raw << 17) + 0xa282ead8);
  uint8_t zeros[32] = {0}; // RFC 3720: 32 bytes of zeros: aa 36 91 8a
  raw = 0x8a9136aa;
  assert_int_equal(kl_snappy_checksum(&crc, zeros, 32), (raw >> 15 | raw << 17) + 0xa282ead8);
}

static void blocks_are_read_at_any_place(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  static const struct expected runs[] = {
      {0x1000, 0x9f000, KL_OK, 0x11},
      {0x100000, 0x140000, KL_OK, 0x22},
      {0, 0x1000, KL_ERR_ABSENT, 0},
      {0x9f000, 0x100000, KL_ERR_ABSENT, 0},
  };
  put_block(&f, &at, 0x1000, 0x11, 0x9e000);
  put_block(&f, &at, 0x100000, 0x22, 0x40000);
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    assert_string_equal(kl_image_facts(o.image)->container, "avml");
    assert_int_equal(o.diagnostics.used, 0);
    expect_runs(&o, runs, 4);
    expect_segment(&o, 0, 0x1000, 0x9f000, KL_SEGMENT_FILE, HEADER);
    expect_order(&o);
    // From the cache: lent for now, within one chunk.
    const uint8_t *lent;
    bool stable = true;
    assert_int_equal(kl_image_lend(o.image, 0x1000, 4096, &lent, &stable), KL_OK);
    assert_false(stable);
    assert_int_equal(lent[4095], 0x11);
    assert_int_equal(kl_image_lend(o.image, 0x10fff, 2, &lent, &stable), KL_ERR_UNSUPPORTED); // two chunks
    close_image(&o);
  }
  expect_faults_hold(&f, runs, 4);
  expect_mutations_end(&f, 0, 64, runs, 4);
  expect_mutations_end(&f, f.n - 16, f.n, runs, 4);
  file_free(&f);
}

static void chunks_of_any_size_and_kind_are_found(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  static const struct expected runs[] = {
      {0x10000, 0x11000, KL_OK, 1}, {0x11000, 0x21000, KL_OK, 2}, {0x21000, 0x21800, KL_OK, 3},
      {0x21800, 0x31800, KL_OK, 4}, {0x31800, 0x32000, KL_OK, 5},
  };
  put_header(&f, &at, 0x10000, 0x22000);
  size_t body = at;
  put_stream_start(&f, &at);
  put_compressed(&f, &at, 1, 0x1000);
  put_padding(&f, &at, 0xfe, 100);
  put_stored(&f, &at, 2, 0x10000);
  put_compressed(&f, &at, 3, 0x800);
  put_padding(&f, &at, 0x80, 0); // a kind that may be skipped
  put_compressed(&f, &at, 4, 0x10000);
  put_stored(&f, &at, 5, 0x800);
  put_trailer(&f, &at, body);
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    expect_runs(&o, runs, 5);
    uint8_t got[4];
    assert_int_equal(kl_image_read(o.image, 0x20ffe, got, 4), KL_OK);
    assert_memory_equal(got, "\2\2\3\3", 4);
    close_image(&o);
  }
  expect_faults_hold(&f, runs, 5);
  file_free(&f);
}

static void every_cut_leaves_the_rest(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  static const struct expected runs[] = {{0x1000, 0x1400, KL_OK, 0x11}, {0x3000, 0x3600, KL_OK, 0x22}};
  put_block(&f, &at, 0x1000, 0x11, 0x400);
  put_header(&f, &at, 0x3000, 0x600);
  size_t body = at;
  put_stream_start(&f, &at);
  put_compressed(&f, &at, 0x22, 0x500);
  size_t first_chunk = at;
  put_compressed(&f, &at, 0x22, 0x100);
  put_trailer(&f, &at, body);
  expect_truncations_hold(&f, runs, 2);
  f.n = first_chunk + 3;
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(kl_image_facts(o.image)->incomplete);
  assert_true(has_note(&o, "cut short", KL_ERR_ABSENT));
  expect_byte(&o, 0x13ff, KL_OK, 0x11);
  expect_byte(&o, 0x34ff, KL_OK, 0x22);
  expect_byte(&o, 0x3500, KL_ERR_ABSENT, 0);
  close_image(&o);
  file_free(&f);
}

static void damaged_chunk_costs_only_itself(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  put_block(&f, &at, 0, 0x11, 3 * CHUNK);
  size_t chunk = 4 + 4 + 3 + 2 * CHUNK / 32; // header, checksum, varint, pairs
  f.p[HEADER + 10 + chunk + 4] ^= 1;         // the checksum of the second
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_byte(&o, CHUNK - 1, KL_OK, 0x11);
  expect_byte(&o, CHUNK, KL_ERR_MALFORMED, 0);
  expect_byte(&o, 2 * CHUNK, KL_OK, 0x11);
  assert_true(has_note(&o, "does not decompress", KL_ERR_MALFORMED));
  uint8_t *all = malloc(3 * CHUNK);
  assert_int_equal(kl_image_read(o.image, 0, all, 3 * CHUNK), KL_ERR_MALFORMED);
  free(all);
  close_image(&o);
  f.p[HEADER + 10 + chunk + 4] ^= 1;
  f.p[HEADER + 10 + chunk] = 0x02; // a kind that may not be skipped
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_byte(&o, CHUNK - 1, KL_OK, 0x11);
  expect_byte(&o, CHUNK, KL_ERR_MALFORMED, 0);
  expect_byte(&o, 2 * CHUNK, KL_ERR_MALFORMED, 0); // behind it nothing can be found
  close_image(&o);
  file_free(&f);
}

static void output_is_bounded(void **state) {
  // A chunk that says it holds less than it does, or more than a chunk may.
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  put_header(&f, &at, 0, CHUNK);
  size_t body = at;
  put_stream_start(&f, &at);
  size_t chunk = at;
  put_compressed(&f, &at, 9, CHUNK);
  put_trailer(&f, &at, body);
  file_le(&f, chunk + 8, 0x03ffff, 3); // 65535
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_byte(&o, 0, KL_ERR_MALFORMED, 0);
  close_image(&o);
  file_le(&f, chunk + 8, 0x048080 + 1, 3); // 65537
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_byte(&o, 0, KL_ERR_MALFORMED, 0);
  close_image(&o);
  file_free(&f);
}

static void streams_of_crumbs_are_refused(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  put_header(&f, &at, 0, 100);
  size_t body = at;
  put_stream_start(&f, &at);
  for (int i = 0; i < 100; i++)
    put_stored(&f, &at, 9, 1);
  put_trailer(&f, &at, body);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_byte(&o, 0, KL_OK, 9);
  expect_byte(&o, 99, KL_ERR_LIMIT, 0);
  close_image(&o);
  file_free(&f);
}

static void claims_that_no_compression_reaches_cost_no_memory(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  put_block(&f, &at, 0, 1, 0x1000);
  file_le(&f, 16, (1ull << 30) - 1, 8); // a GiB in a few bytes
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(kl_image_facts(o.image)->incomplete);
  expect_byte(&o, 0xfff, KL_OK, 1);
  expect_byte(&o, 0x1000, KL_ERR_MALFORMED, 0); // what follows is no chunk
  close_image(&o);
  file_le(&f, 16, 1ull << 30, 8);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_LIMIT);
  close_image(&o);
  file_le(&f, 16, UINT64_MAX, 8);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_MALFORMED);
  close_image(&o);
  file_le(&f, 4, 3, 4);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_UNSUPPORTED);
  close_image(&o);
  file_free(&f);
}

static void blocks_left_out_are_zero_where_they_can_only_be_that(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  static const struct expected runs[] = {
      {1 * MIB, 17 * MIB, KL_OK, 5},          {17 * MIB, 49 * MIB, KL_OK, 0}, {49 * MIB, 65 * MIB, KL_OK, 6},
      {65 * MIB, 80 * MIB, KL_ERR_ABSENT, 0}, {80 * MIB, 81 * MIB, KL_OK, 7},
  };
  put_block(&f, &at, 1 * MIB, 5, 16 * MIB);
  put_block(&f, &at, 49 * MIB, 6, 16 * MIB);
  put_block(&f, &at, 80 * MIB, 7, 1 * MIB);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(has_note(&o, "taken as zero", KL_ERR_ABSENT));
  assert_true(has_note(&o, "may hold zero blocks", KL_ERR_ABSENT));
  expect_runs(&o, runs, 5);
  expect_segment(&o, 17 * MIB, 17 * MIB, 49 * MIB, KL_SEGMENT_ZERO, 0);
  expect_order(&o);
  uint8_t got[4];
  assert_int_equal(kl_image_read(o.image, 17 * MIB - 2, got, 4), KL_OK);
  assert_memory_equal(got, "\5\5\0\0", 4);
  close_image(&o);
  file_free(&f);
}

static void blocks_in_any_order_and_twice_are_sorted_out(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  put_block(&f, &at, 0x8000, 8, 0x1000);
  put_block(&f, &at, 0x1000, 1, 0x2000);
  put_block(&f, &at, 0x2000, 2, 0x2000); // the middle one claims part of it
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(has_note(&o, "overlap", KL_ERR_MALFORMED));
  expect_byte(&o, 0x1000, KL_OK, 1);
  expect_byte(&o, 0x3fff, KL_OK, 2);
  expect_byte(&o, 0x8000, KL_OK, 8);
  expect_order(&o);
  close_image(&o);
  file_free(&f);
}

static void a_small_cache_gives_the_same_bytes(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  struct kl_limits limits = kl_limits_default();
  limits.block_cache_bytes = 1; // the least: 16 blocks
  for (uint64_t i = 0; i < 100; i++)
    put_block(&f, &at, i * CHUNK, (uint8_t)i, CHUNK);
  assert_int_equal(open_files(&o, &f, 1, true, &limits), KL_OK);
  uint64_t random = 1;
  for (int i = 0; i < 5000; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    uint64_t phys = (random >> 33) % (100 * CHUNK);
    expect_byte(&o, phys, KL_OK, (uint8_t)(phys / CHUNK));
  }
  close_image(&o);
  file_free(&f);
}

static void no_decompressor_is_told(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  put_block(&f, &at, 0, 1, 0x1000);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  o.image->codec.inflate = NULL;
  expect_byte(&o, 0, KL_ERR_UNSUPPORTED, 0);
  close_image(&o);
  file_free(&f);
}

// What the other slots of a block do not need is no room for crumbs in one.
static void crumbs_of_one_slot_are_refused(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  size_t at = 0;
  put_header(&f, &at, 0x100000, 4 * CHUNK);
  size_t body = at;
  put_compressed(&f, &at, 1, CHUNK);
  for (int i = 0; i < 32; i++)
    put_stored(&f, &at, 2, CHUNK / 32);
  put_compressed(&f, &at, 3, CHUNK);
  put_compressed(&f, &at, 4, CHUNK);
  put_trailer(&f, &at, body);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_byte(&o, 0x100000, KL_OK, 1);
  expect_byte(&o, 0x100000 + 3 * CHUNK, KL_ERR_LIMIT, 0);
  close_image(&o);
  file_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(checksum_is_that_of_the_framing_format),
      cmocka_unit_test(blocks_are_read_at_any_place),
      cmocka_unit_test(chunks_of_any_size_and_kind_are_found),
      cmocka_unit_test(every_cut_leaves_the_rest),
      cmocka_unit_test(damaged_chunk_costs_only_itself),
      cmocka_unit_test(output_is_bounded),
      cmocka_unit_test(streams_of_crumbs_are_refused),
      cmocka_unit_test(claims_that_no_compression_reaches_cost_no_memory),
      cmocka_unit_test(blocks_left_out_are_zero_where_they_can_only_be_that),
      cmocka_unit_test(blocks_in_any_order_and_twice_are_sorted_out),
      cmocka_unit_test(a_small_cache_gives_the_same_bytes),
      cmocka_unit_test(no_decompressor_is_told),
      cmocka_unit_test(crumbs_of_one_slot_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
