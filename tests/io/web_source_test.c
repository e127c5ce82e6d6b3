// The blocks of the dump that the page's worker keeps (frontends/wasm/source.c): over a made-up
// host that counts what is read of it.
#include "child.h"

#include "web.h"

#define KIB 1024ull
#define MIB (1024 * KIB)
#define BLOCK (256 * KIB)
#define KEPT (96 * MIB) // that README.md of web/ declares
#define MOST (4 * MIB)  // of one read

static struct {
  uint64_t sizes[2];
  uint64_t bad, bad_end; // what can't be read
  uint64_t reads, bytes, largest;
} host;

// The byte at an offset of a file is one of a number made of both.
static uint64_t word_at(uint32_t file, uint64_t offset) {
  return ((offset >> 3) + 1 + file) * 0x9e3779b97f4a7c15u;
}

int32_t web_host_read(uint32_t file, uint32_t low, uint32_t high, uint8_t *dst, uint32_t n) {
  uint64_t offset = web_u64(low, high), word;
  assert_true(file < 2 && offset % 8 == 0 && offset <= host.sizes[file] && n <= host.sizes[file] - offset);
  host.reads++;
  host.bytes += n;
  host.largest = n > host.largest ? n : host.largest;
  if (offset < host.bad_end && offset + n > host.bad)
    return 5;
  for (uint32_t i = 0; i < n; i += 8) {
    word = word_at(file, offset + i);
    memcpy(dst + i, &word, n - i < 8 ? n - i : 8);
  }
  return 0;
}

static void open_files(uint64_t first, uint64_t second) {
  memset(&host, 0, sizeof host);
  host.sizes[0] = first;
  host.sizes[1] = second;
  assert_true(web_sources_init(host.sizes, 2));
}

static enum kl_status read_at(size_t file, uint64_t offset, void *dst, size_t n) {
  struct kl_source source = web_source(file);
  return source.read(source.user, offset, dst, n);
}

// Reads some bytes at each of n places; how many reads of the host that took.
static uint64_t walk(uint64_t from, int64_t step, unsigned n) {
  uint64_t before = host.reads, word, offset = from;
  for (unsigned i = 0; i < n; i++, offset += (uint64_t)step) {
    assert_int_equal(read_at(0, offset, &word, sizeof word), KL_OK);
    assert_true(word == word_at(0, offset));
  }
  return host.reads - before;
}

static void reads_give_the_bytes_of_the_file(void **state) {
  (void)state;
  static uint8_t got[600 * KIB];
  uint64_t random = 1;
  open_files(5 * 1024 * MIB + 12345, 40 * MIB);
  for (unsigned i = 0; i < 400; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    uint32_t file = i % 3 == 2;
    size_t n = (random >> 20) % (i % 8 ? 100 : sizeof got) + 1;
    uint64_t last = host.sizes[file] - n, offset = i % 16 == 7 ? last : (random >> 24) % (last + 1);
    assert_int_equal(read_at(file, offset, got, n), KL_OK);
    for (size_t at = 0; at < n; at++) {
      uint64_t word = word_at(file, offset + at);
      assert_int_equal(got[at], ((uint8_t *)&word)[(offset + at) % 8]);
    }
  }
  assert_int_equal(read_at(1, 40 * MIB - 1, got, 2), KL_ERR_IO);
  assert_int_equal(read_at(1, UINT64_MAX, got, 1), KL_ERR_IO);
}

static void what_was_read_is_not_read_again(void **state) {
  (void)state;
  open_files(1024 * MIB, 0);
  assert_int_equal(walk(0, 3 * BLOCK, KEPT / BLOCK), KEPT / BLOCK);
  assert_int_equal(walk(96, 3 * BLOCK, KEPT / BLOCK), 0);
}

static void the_block_that_was_wanted_longest_ago_goes_first(void **state) {
  (void)state;
  open_files(1024 * MIB, 0);
  walk(0, 3 * BLOCK, KEPT / BLOCK);
  assert_int_equal(walk(0, 1, 1), 0);
  assert_int_equal(walk(1000 * MIB, 1, 1), 1); // one more than it keeps
  assert_int_equal(walk(0, 1, 1), 0);
  assert_int_equal(walk(3 * BLOCK, 1, 1), 1);
}

static void scattered_blocks_are_read_alone(void **state) {
  (void)state;
  uint64_t word;
  open_files(1024 * MIB, 64 * MIB);
  assert_int_equal(walk(0, 1, 1), 1);
  assert_int_equal(read_at(1, BLOCK, &word, sizeof word), KL_OK);
  walk(0, 2 * BLOCK, 100);
  walk(1000 * MIB, -2 * (int64_t)BLOCK, 100);
  assert_int_equal(host.largest, BLOCK);
}

// 1, 2, 4 and 8 blocks, and then 16 at a time: 64 blocks are 8 reads.
static void a_walk_upwards_or_downwards_reads_ahead(void **state) {
  (void)state;
  open_files(1024 * MIB, 0);
  assert_int_equal(walk(100 * MIB, 4096, 64 * 64), 8);
  assert_int_equal(walk(500 * MIB - 4096, -4096, 64 * 64), 8);
  assert_int_equal(host.largest, MOST);
  assert_true(host.bytes <= 2 * (64 * BLOCK + MOST));
}

static void reading_ahead_stays_in_the_file_and_ends_at_what_is_there(void **state) {
  (void)state;
  open_files(16 * BLOCK + 8, 0);
  walk(0, BLOCK, 17);
  assert_int_equal(host.bytes, host.sizes[0]);
  open_files(16 * BLOCK + 8, 0);
  walk(16 * BLOCK, -(int64_t)BLOCK, 17);
  assert_int_equal(host.bytes, host.sizes[0]);
  open_files(16 * BLOCK, 0);
  walk(5 * BLOCK, 1, 1);
  walk(0, BLOCK, 16);
  assert_int_equal(host.bytes, host.sizes[0]);
}

static void what_cannot_be_read_takes_nothing_else_along(void **state) {
  (void)state;
  uint64_t word;
  open_files(64 * MIB, 0);
  host.bad = 5 * BLOCK + 8;
  host.bad_end = host.bad + 1;
  walk(0, BLOCK, 5);
  assert_int_equal(read_at(0, 5 * BLOCK, &word, sizeof word), KL_ERR_IO);
  walk(6 * BLOCK, BLOCK, 10);
  host.bad = host.bad_end = 0; // it was no more than a moment
  walk(5 * BLOCK, 1, 1);
}

static void a_pass_goes_by_the_blocks(void **state) {
  (void)state;
  static uint8_t got[4 * MIB];
  open_files(1024 * MIB, 0);
  assert_int_equal(read_at(0, 8, got, sizeof got), KL_OK);
  assert_int_equal(host.reads, 1);
  assert_int_equal(host.bytes, sizeof got);
  assert_int_equal(walk(0, 1, 1), 1);
}

static void another_dump_begins_with_nothing(void **state) {
  (void)state;
  open_files(64 * MIB, 0);
  walk(0, BLOCK, 15);
  open_files(64 * MIB, 0);
  assert_int_equal(walk(15 * BLOCK, 1, 1), 1);
  assert_int_equal(walk(0, 1, 1), 1);
  assert_int_equal(host.bytes, 2 * BLOCK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_give_the_bytes_of_the_file),
      cmocka_unit_test(what_was_read_is_not_read_again),
      cmocka_unit_test(the_block_that_was_wanted_longest_ago_goes_first),
      cmocka_unit_test(scattered_blocks_are_read_alone),
      cmocka_unit_test(a_walk_upwards_or_downwards_reads_ahead),
      cmocka_unit_test(reading_ahead_stays_in_the_file_and_ends_at_what_is_there),
      cmocka_unit_test(what_cannot_be_read_takes_nothing_else_along),
      cmocka_unit_test(a_pass_goes_by_the_blocks),
      cmocka_unit_test(another_dump_begins_with_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
