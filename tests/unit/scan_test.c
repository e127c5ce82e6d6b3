// The scan: each mark at each place where it may stand, and nothing else.
#include "memory.h"

#include "kernel/scan.h"

enum { START = 0x40000000, BYTES = 2 * KL_SCAN_CHUNK };
static struct memory m;
static struct kl_scan scan;

static const uint8_t digits[20] = {'0', 0, '1', 0, '2', 0, '3', 0, '4', 0, '5', 0, '6', 0, '7', 0, '8', 0, '9', 0};

// The single mark of a kind, or 0.
static uint64_t only(unsigned marks) {
  enum kl_mark mark;
  uint64_t phys, again;
  size_t used = m.arena.used;
  assert_int_equal(kl_scan_init(&scan, &m.arena, m.image, marks, 0, 0), KL_OK);
  enum kl_status status = kl_scan_next(&scan, &mark, &phys);
  if (status == KL_OK) {
    assert_int_equal(mark, marks);
    assert_int_equal(kl_scan_next(&scan, &mark, &again), KL_END);
  } else {
    assert_int_equal(status, KL_END);
  }
  kl_arena_rewind(&m.arena, used);
  return status == KL_OK ? phys : 0;
}

static void tokens_are_found_at_every_place(void **state) {
  (void)state;
  for (int lends = 0; lends < 2; lends++)
    for (uint64_t shift = 0; shift < 48; shift++) {
      // Across the border of two chunks, too.
      uint64_t at = START + KL_SCAN_CHUNK - 24 + shift;
      memory_init(&m, START, BYTES);
      memory_put_bytes(&m, at, digits, sizeof digits);
      m.lends = lends;
      memory_open(&m, NULL);
      assert_int_equal(only(KL_MARK_TOKENS), at);
      memory_close(&m);
    }
}

static void pieces_of_tokens_are_none(void **state) {
  (void)state;
  memory_init(&m, START, BYTES);
  memory_put_bytes(&m, START + 64, digits + 2, 18);   // without "0"
  memory_put_bytes(&m, START + 256, digits, 18);      // without "9"
  memory_put_bytes(&m, START, "1\0002\0003", 6);      // at the very start
  memory_put_bytes(&m, START + BYTES - 8, digits, 8); // cut by the end
  memory_open(&m, NULL);
  assert_int_equal(only(KL_MARK_TOKENS), 0);
  memory_close(&m);
}

static void vmcoreinfo_stands_at_a_page_head_or_in_a_note(void **state) {
  (void)state;
  memory_init(&m, START, BYTES);
  memory_put_bytes(&m, START + 5 * MEMORY_PAGE, "OSRELEASE=6.1\n", 14);
  memory_put_bytes(&m, START + 7 * MEMORY_PAGE + 64, "OSRELEASE=elsewhere\n", 20);
  memory_put_bytes(&m, START + 8 * MEMORY_PAGE, "OSRELEASED", 10);
  memory_open(&m, NULL);
  assert_int_equal(only(KL_MARK_VMCOREINFO), START + 5 * MEMORY_PAGE);
  memory_close(&m);

  memory_init(&m, START, BYTES);
  memory_put_bytes(&m, START + 9 * MEMORY_PAGE + 12, "VMCOREINFO\0\0OSRELEASE=6.1\n", 26);
  memory_put_bytes(&m, START + 11 * MEMORY_PAGE + 12, "VMCOREINFO\0\0and no release", 26);
  memory_open(&m, NULL);
  assert_int_equal(only(KL_MARK_VMCOREINFO), START + 9 * MEMORY_PAGE + 24);
  memory_close(&m);
}

static void the_first_task_is_swapper_or_swapper_0(void **state) {
  (void)state;
  const struct {
    const char *comm;
    size_t n;
    bool found;
  } cases[] = {{"swapper/0\0", 10, true}, {"swapper\0", 8, true},   {"swapper/1\0", 10, false},
               {"swapper/0x", 10, false}, {"swappers\0", 9, false}, {"kswapper", 8, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    memory_init(&m, START, BYTES);
    memory_put_bytes(&m, START + 0x1238, cases[i].comm, cases[i].n);
    memory_put(&m, START + 0x1238 + cases[i].n, cases[i].found ? 0 : 'z', 1);
    memory_open(&m, NULL);
    assert_int_equal(only(KL_MARK_SWAPPER), cases[i].found ? START + 0x1238 : 0);
    memory_close(&m);
  }
}

static void banner_and_btf_stand_on_their_alignment(void **state) {
  (void)state;
  memory_init(&m, START, BYTES);
  memory_put_bytes(&m, START + 0x208, "Linux version 6.1", 17);
  memory_put_bytes(&m, START + 0x300, "Linux versions", 14);
  memory_put(&m, START + 0x404, 0x0001eb9f, 4);
  memory_put(&m, START + 0x502, 0x0001eb9f, 4); // never so in memory
  memory_open(&m, NULL);
  assert_int_equal(only(KL_MARK_BANNER), START + 0x208);
  assert_int_equal(only(KL_MARK_BTF), START + 0x404);
  memory_close(&m);
}

static void one_pass_finds_marks_of_several_kinds(void **state) {
  (void)state;
  memory_init(&m, START, BYTES);
  memory_put_bytes(&m, START + 3 * MEMORY_PAGE, "OSRELEASE=6.1\n", 14);
  memory_put_bytes(&m, START + 0x100, "Linux version 6.1", 17);
  memory_open(&m, NULL);
  assert_int_equal(
      kl_scan_init(&scan, &m.arena, m.image, KL_MARK_VMCOREINFO | KL_MARK_BANNER | KL_MARK_TOKENS, 0, 0), KL_OK);
  enum kl_mark mark;
  uint64_t phys;
  unsigned seen = 0;
  while (kl_scan_next(&scan, &mark, &phys) == KL_OK)
    seen |= mark;
  assert_int_equal(seen, KL_MARK_VMCOREINFO | KL_MARK_BANNER);
  memory_close(&m);
}

// Memory that holds these entries at these indices (of 8 bytes from START): the
// place of the one root in it, or 0.
static uint64_t root_of(const uint64_t entries[][2], size_t n) {
  memory_init(&m, START, BYTES);
  for (size_t i = 0; i < n; i++)
    memory_put(&m, START + 8 * entries[i][0], entries[i][1], 8);
  memory_open(&m, NULL);
  uint64_t found = only(KL_MARK_ROOT);
  memory_close(&m);
  return found;
}
#define ROOT(...) root_of((const uint64_t[][2]){__VA_ARGS__}, sizeof((const uint64_t[][2]){__VA_ARGS__}) / 16)

static void a_root_of_x86_64_leads_to_the_image_by_its_last_entry(void **state) {
  (void)state;
  const uint64_t table = START + 0x5000, garbage = 0x1111111111111112;
  assert_int_equal(ROOT({511, table | 0x63}), START);
  assert_int_equal(ROOT({0, garbage}, {511, table | 0x67}), START); // whatever else is there
  assert_int_equal(ROOT({1023, table | 0x63}), START + MEMORY_PAGE);
  assert_int_equal(ROOT({511, table | 0x62}), 0);              // not present
  assert_int_equal(ROOT({511, table | 0xe3}), 0);              // a large page
  assert_int_equal(ROOT({511, table | 0x63 | 1ull << 63}), 0); // nothing to execute
  assert_int_equal(ROOT({511, (START + BYTES) | 0x63}), 0);    // no memory there
  assert_int_equal(ROOT({511, 1ull << 51 | table | 0x63}), 0);
  assert_int_equal(ROOT({510, table | 0x63}), 0);
}

static void a_root_of_arm64_has_tables_and_empty_entries_only(void **state) {
  (void)state;
  const uint64_t table = START + 0x5000, beyond = (START + BYTES) | 3, garbage = 0x1111111111111112;
  assert_int_equal(ROOT({0, table | 3}, {300, table | 3}), START);
  assert_int_equal(ROOT({510, table | 3}, {509, table | 3}), START);
  assert_int_equal(ROOT({0, table | 3}), 0);                                 // one is not enough
  assert_int_equal(ROOT({0, beyond}, {1, beyond}), 0);                       // no memory there
  assert_int_equal(ROOT({0, beyond}, {1, table | 3}), START);                // lost tables are no objection
  assert_int_equal(ROOT({0, garbage}, {1, table | 3}, {2, table | 3}), 0);   // not an entry
  assert_int_equal(ROOT({1, table | 1}, {2, table | 3}, {3, table | 3}), 0); // no block at the top
}

// 16K pages with 48 bits: a table of two entries, on a page of 16 KiB. 4K pages
// with 52 bits: one of sixteen.
static void what_follows_a_short_root_is_no_matter(void **state) {
  (void)state;
  const uint64_t table = START + 0x5000, garbage = 0x1111111111111112;
  assert_int_equal(ROOT({0, table | 3}, {1, table | 3}, {2, garbage}), START);
  enum { ON_4K = 512 };
  assert_int_equal(ROOT({ON_4K, table | 3}, {ON_4K + 1, table | 3}, {ON_4K + 2, garbage}), 0);
  assert_int_equal(ROOT({ON_4K, table | 3}, {ON_4K + 1, table | 3}, {ON_4K + 16, garbage}), START + MEMORY_PAGE);
  assert_int_equal(ROOT({ON_4K, table | 3}, {ON_4K + 16, table | 3}, {ON_4K + 17, garbage}), 0);
}

// No page of these has two tables, but what begins at the first one has: with 64K
// pages and 52 bits 8 KiB (of which only the end is in use when run with 48), with
// 16K pages and 47 bits 16 KiB.
static void a_root_may_be_longer_than_a_page(void **state) {
  (void)state;
  const uint64_t table = START + 0x5000, garbage = 0x1111111111111112;
  assert_int_equal(ROOT({510, table | 3}, {1022, table | 3}, {1024, garbage}), START);
  assert_int_equal(ROOT({510, table | 3}, {1024, table | 3}, {1025, garbage}), 0);
  enum { ON_16K = 2048 };
  assert_int_equal(ROOT({1, garbage}, {ON_16K + 600, table | 3}, {ON_16K + 1200, table | 3}), START + 0x4000);
  assert_int_equal(ROOT({ON_16K + 600, table | 3}, {ON_16K + 1200, table | 3}, {ON_16K + 2000, garbage}), 0);
}

static void marks_of_all_kinds_in_one_block_are_all_given(void **state) {
  (void)state;
  memory_init(&m, START, BYTES);
  const uint64_t at = START + KL_SCAN_CHUNK - 64;
  memory_put(&m, at, 0x0001eb9f, 4);
  memory_put(&m, at + 4, 0x0001eb9f, 4);
  memory_put_bytes(&m, at + 8, "swapper", 8);
  memory_put_bytes(&m, at + 16, "swapper/0", 10);
  memory_put_bytes(&m, at + 40, digits, sizeof digits);
  for (int lends = 0; lends < 2; lends++) {
    m.lends = lends;
    memory_open(&m, NULL);
    unsigned marks = KL_MARK_TOKENS | KL_MARK_BTF | KL_MARK_SWAPPER | KL_MARK_ROOT;
    assert_int_equal(kl_scan_init(&scan, &m.arena, m.image, marks, 0, 0), KL_OK);
    assert_int_equal(scan.lends, lends);
    const struct {
      enum kl_mark mark;
      uint64_t phys;
    } wanted[] = {{KL_MARK_TOKENS, at + 40},
                  {KL_MARK_BTF, at},
                  {KL_MARK_BTF, at + 4},
                  {KL_MARK_SWAPPER, at + 8},
                  {KL_MARK_SWAPPER, at + 16}};
    enum kl_mark mark;
    uint64_t phys;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
      assert_int_equal(kl_scan_next(&scan, &mark, &phys), KL_OK);
      assert_int_equal(mark, wanted[i].mark);
      assert_int_equal(phys, wanted[i].phys);
    }
    assert_int_equal(kl_scan_next(&scan, &mark, &phys), KL_END);
  }
  memory_close(&m);
}

static void gaps_and_bounds_are_stepped_over(void **state) {
  (void)state;
  const uint64_t absent[] = {START + MEMORY_PAGE, UINT64_MAX};
  memory_init(&m, START, BYTES);
  memory_put_bytes(&m, START + MEMORY_PAGE, "OSRELEASE=lost\n", 15);
  memory_put_bytes(&m, START + 2 * MEMORY_PAGE, "OSRELEASE=6.1\n", 14);
  memory_open(&m, absent);
  assert_int_equal(only(KL_MARK_VMCOREINFO), START + 2 * MEMORY_PAGE);
  enum kl_mark mark;
  uint64_t phys;
  assert_int_equal(kl_scan_init(&scan, &m.arena, m.image, KL_MARK_VMCOREINFO, START + 3 * MEMORY_PAGE, UINT64_MAX),
                   KL_OK);
  assert_int_equal(kl_scan_next(&scan, &mark, &phys), KL_END);
  assert_int_equal(kl_scan_init(&scan, &m.arena, m.image, KL_MARK_VMCOREINFO, START, START + 2 * MEMORY_PAGE),
                   KL_OK);
  assert_int_equal(kl_scan_next(&scan, &mark, &phys), KL_END);
  memory_close(&m);
}

static bool report(void *user, const char *stage, uint64_t done, uint64_t total) {
  (void)stage;
  assert_true(done <= total);
  return --*(int *)user > 0;
}

static void a_scan_tells_progress_and_can_be_cancelled(void **state) {
  (void)state;
  int left = 2;
  struct kl_progress progress = {.user = &left, .report = report};
  enum kl_mark mark;
  uint64_t phys;
  memory_init(&m, 0, 64 << 20);
  memory_open(&m, NULL);
  assert_int_equal(kl_scan_init(&scan, &m.arena, m.image, KL_MARK_VMCOREINFO, 0, 0), KL_OK);
  scan.progress = &progress;
  scan.stage = "test";
  assert_int_equal(kl_scan_next(&scan, &mark, &phys), KL_ERR_CANCELLED);
  assert_int_equal(left, 0);
  memory_close(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tokens_are_found_at_every_place),
      cmocka_unit_test(pieces_of_tokens_are_none),
      cmocka_unit_test(vmcoreinfo_stands_at_a_page_head_or_in_a_note),
      cmocka_unit_test(the_first_task_is_swapper_or_swapper_0),
      cmocka_unit_test(banner_and_btf_stand_on_their_alignment),
      cmocka_unit_test(one_pass_finds_marks_of_several_kinds),
      cmocka_unit_test(marks_of_all_kinds_in_one_block_are_all_given),
      cmocka_unit_test(a_root_of_x86_64_leads_to_the_image_by_its_last_entry),
      cmocka_unit_test(a_root_of_arm64_has_tables_and_empty_entries_only),
      cmocka_unit_test(what_follows_a_short_root_is_no_matter),
      cmocka_unit_test(a_root_may_be_longer_than_a_page),
      cmocka_unit_test(gaps_and_bounds_are_stepped_over),
      cmocka_unit_test(a_scan_tells_progress_and_can_be_cancelled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
