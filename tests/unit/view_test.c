// Views of physical memory: lent, or copied with their gaps.
#include "memory.h"

#include "kernel/view.h"

enum { START = 0x10000, BYTES = 8 * MEMORY_PAGE };
static struct memory m;

static void setup(bool lends, const uint64_t *absent) {
  memory_init(&m, START, BYTES);
  for (uint64_t i = 0; i < BYTES; i += 2)
    memory_put(&m, START + i, i / 2, 2);
  m.lends = lends;
  memory_open(&m, absent);
}

static void whole_memory_is_lent_without_a_copy(void **state) {
  (void)state;
  struct kl_view v;
  const uint8_t *p;
  setup(true, NULL);
  size_t used = m.arena.used;
  assert_int_equal(kl_view_open(&m.arena, m.image, START + 100, 3 * MEMORY_PAGE, &v), KL_OK);
  assert_ptr_equal(v.all.p, m.p + 100);
  assert_int_equal(m.arena.used, used);
  assert_int_equal(kl_view_at(&v, 2, 4, &p), KL_OK);
  assert_int_equal(kl_le32(p), 51 | 52 << 16);
  memory_close(&m);
}

static void an_absent_page_costs_that_page_and_no_more(void **state) {
  (void)state;
  const uint64_t absent[] = {START + 2 * MEMORY_PAGE, UINT64_MAX};
  struct kl_view v;
  const uint8_t *p;
  setup(true, absent);
  // From the middle of page 1 to the middle of page 4.
  assert_int_equal(kl_view_open(&m.arena, m.image, START + MEMORY_PAGE + 2048, 3 * MEMORY_PAGE, &v), KL_OK);
  assert_non_null(v.pages);
  assert_int_equal(kl_view_at(&v, 0, 2048, &p), KL_OK);
  assert_int_equal(kl_le16(p), (MEMORY_PAGE + 2048) / 2);
  assert_int_equal(kl_view_at(&v, 2047, 2, &p), KL_ERR_ABSENT);
  assert_int_equal(kl_view_at(&v, 2048, 1, &p), KL_ERR_ABSENT);
  assert_int_equal(kl_view_at(&v, 2048 + 4095, 1, &p), KL_ERR_ABSENT);
  assert_int_equal(kl_view_at(&v, 2048 + 4096, 2, &p), KL_OK);
  assert_int_equal(kl_le16(p), 3 * MEMORY_PAGE / 2);
  assert_int_equal(kl_view_at(&v, 0, 3 * MEMORY_PAGE, &p), KL_ERR_ABSENT);
  assert_int_equal(kl_view_at(&v, 2048, 0, &p), KL_OK); // nothing is asked for
  memory_close(&m);
}

static void stretches_are_what_lies_between_lost_pages(void **state) {
  (void)state;
  const uint64_t absent[] = {START, START + 3 * MEMORY_PAGE, START + 4 * MEMORY_PAGE, UINT64_MAX};
  struct kl_view v;
  size_t at = 0, end;
  setup(true, NULL);
  assert_int_equal(kl_view_open(&m.arena, m.image, START + 100, 5000, &v), KL_OK);
  assert_true(kl_view_stretch(&v, &at, &end));
  assert_int_equal(at, 0);
  assert_int_equal(end, 5000);
  at = end;
  assert_false(kl_view_stretch(&v, &at, &end));
  memory_close(&m);
  setup(true, absent);
  // From the middle of page 0 to the middle of page 5.
  assert_int_equal(kl_view_open(&m.arena, m.image, START + 2048, 5 * MEMORY_PAGE, &v), KL_OK);
  at = 0;
  assert_true(kl_view_stretch(&v, &at, &end));
  assert_int_equal(at, 2048);
  assert_int_equal(end, 2048 + 2 * MEMORY_PAGE);
  at = 3000; // also from within
  assert_true(kl_view_stretch(&v, &at, &end));
  assert_int_equal(at, 3000);
  at = end;
  assert_true(kl_view_stretch(&v, &at, &end));
  assert_int_equal(at, 2048 + 4 * MEMORY_PAGE);
  assert_int_equal(end, 5 * MEMORY_PAGE);
  at = end;
  assert_false(kl_view_stretch(&v, &at, &end));
  memory_close(&m);
}

static void bounds_are_those_of_the_view(void **state) {
  (void)state;
  struct kl_view v;
  const uint8_t *p;
  setup(false, NULL);
  assert_int_equal(kl_view_open(&m.arena, m.image, START, 10, &v), KL_OK);
  assert_null(v.pages);
  assert_int_equal(kl_view_at(&v, 8, 2, &p), KL_OK);
  assert_int_equal(kl_view_at(&v, 8, 3, &p), KL_ERR_MALFORMED);
  assert_int_equal(kl_view_at(&v, 11, 0, &p), KL_ERR_MALFORMED);
  assert_int_equal(kl_view_at(&v, UINT64_MAX, 1, &p), KL_ERR_MALFORMED);
  assert_int_equal(kl_view_open(&m.arena, m.image, START, 0, &v), KL_OK);
  assert_int_equal(kl_view_at(&v, 0, 1, &p), KL_ERR_MALFORMED);
  assert_int_equal(kl_view_open(&m.arena, m.image, UINT64_MAX - 1, 4, &v), KL_ERR_ARGUMENT);
  assert_int_equal(kl_view_open(&m.arena, m.image, START, 1ull << 40, &v), KL_ERR_NO_MEMORY);
  memory_close(&m);
}

static void peeks_cross_pages_and_tell_gaps(void **state) {
  (void)state;
  const uint64_t absent[] = {START + 2 * MEMORY_PAGE, UINT64_MAX};
  static struct kl_peek peek;
  uint64_t v;
  setup(false, absent);
  kl_peek_init(&peek, m.image);
  assert_int_equal(kl_peek_uint(&peek, START + MEMORY_PAGE - 2, 4, &v), KL_OK);
  assert_int_equal(v, 2047 | 2048 << 16);
  assert_int_equal(kl_peek_uint(&peek, START + 2 * MEMORY_PAGE - 1, 2, &v), KL_ERR_ABSENT);
  assert_int_equal(kl_peek_uint(&peek, START + 2 * MEMORY_PAGE - 1, 1, &v), KL_OK);
  assert_int_equal(kl_peek_uint(&peek, UINT64_MAX, 8, &v), KL_ERR_ABSENT);
  memory_close(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_memory_is_lent_without_a_copy),
      cmocka_unit_test(an_absent_page_costs_that_page_and_no_more),
      cmocka_unit_test(stretches_are_what_lies_between_lost_pages),
      cmocka_unit_test(bounds_are_those_of_the_view),
      cmocka_unit_test(peeks_cross_pages_and_tell_gaps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
