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
      cmocka_unit_test(gaps_and_bounds_are_stepped_over),
      cmocka_unit_test(a_scan_tells_progress_and_can_be_cancelled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
