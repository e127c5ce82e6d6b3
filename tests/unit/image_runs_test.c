// Runs of memory: sorted, made disjoint, joined, found.
#include "image_files.h"

enum { ROOM = 4096 };

struct list {
  struct kl_arena arena;
  struct kl_runs runs;
  uint8_t block[1 << 16];
};

static void start(struct list *l) {
  l->runs = (struct kl_runs){0};
  kl_arena_init(&l->arena, l->block, sizeof l->block);
}

static void add(struct list *l, uint64_t from, uint64_t to, uint64_t offset, uint8_t weight, uint8_t state) {
  struct kl_run r = {
      .start = from, .end = to, .offset = offset, .order = (uint32_t)l->runs.n, .weight = weight, .state = state};
  assert_int_equal(kl_runs_add(&l->arena, &l->runs, &r), KL_OK);
}

static void is(const struct list *l, size_t i, uint64_t from, uint64_t to, uint64_t offset) {
  assert_true(i < l->runs.n);
  assert_int_equal(l->runs.items[i].start, from);
  assert_int_equal(l->runs.items[i].end, to);
  assert_int_equal(l->runs.items[i].offset, offset);
}

static void unsorted_runs_are_sorted(void **state) {
  (void)state;
  static struct list l;
  uint64_t conflicts;
  start(&l);
  add(&l, 0x3000, 0x4000, 0x30, 0, 0);
  add(&l, 0x1000, 0x2000, 0x10, 0, 0);
  add(&l, 0x2000, 0x2800, 0x20, 0, 0);
  assert_int_equal(kl_runs_resolve(&l.arena, &l.runs, &conflicts), KL_OK);
  assert_int_equal(conflicts, 0);
  assert_int_equal(l.runs.n, 3);
  is(&l, 0, 0x1000, 0x2000, 0x10);
  is(&l, 1, 0x2000, 0x2800, 0x20);
  is(&l, 2, 0x3000, 0x4000, 0x30);
}

static void first_listed_wins_where_two_overlap(void **state) {
  (void)state;
  static struct list l;
  uint64_t conflicts;
  start(&l);
  add(&l, 0x2000, 0x3000, 0x100000, 0, 0);
  add(&l, 0x1000, 0x5000, 0x200000, 0, 0); // around it: cut in two
  assert_int_equal(kl_runs_resolve(&l.arena, &l.runs, &conflicts), KL_OK);
  assert_int_equal(conflicts, 1);
  assert_int_equal(l.runs.n, 3);
  is(&l, 0, 0x1000, 0x2000, 0x200000);
  is(&l, 1, 0x2000, 0x3000, 0x100000);
  is(&l, 2, 0x3000, 0x5000, 0x202000);
}

static void same_bytes_twice_are_no_conflict(void **state) {
  (void)state;
  static struct list l;
  uint64_t conflicts;
  start(&l);
  add(&l, 0x1000, 0x5000, 0x1000, 0, 0);
  add(&l, 0x2000, 0x6000, 0x2000, 0, 0);
  assert_int_equal(kl_runs_resolve(&l.arena, &l.runs, &conflicts), KL_OK);
  assert_int_equal(conflicts, 0);
  kl_runs_merge(&l.runs);
  assert_int_equal(l.runs.n, 1);
  is(&l, 0, 0x1000, 0x6000, 0x1000);
}

static void bytes_win_over_what_was_left_out(void **state) {
  (void)state;
  static struct list l;
  uint64_t conflicts;
  start(&l);
  add(&l, 0x1000, 0x9000, 0, 2, KL_SEGMENT_FILTERED);
  add(&l, 0x3000, 0x4000, 0x70, 0, KL_SEGMENT_FILE);
  assert_int_equal(kl_runs_resolve(&l.arena, &l.runs, &conflicts), KL_OK);
  assert_int_equal(conflicts, 0);
  assert_int_equal(l.runs.n, 3);
  assert_int_equal(l.runs.items[1].state, KL_SEGMENT_FILE);
  is(&l, 1, 0x3000, 0x4000, 0x70);
}

static void overlaps_do_not_depend_on_luck(void **state) {
  // Every byte of 64 has the winner that a plain look through the list gives.
  (void)state;
  static struct list l;
  uint64_t random = 1;
  for (int round = 0; round < 2000; round++) {
    struct kl_run given[12];
    uint64_t conflicts;
    start(&l);
    for (size_t i = 0; i < 12; i++) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      uint64_t from = random >> 58, size = 1 + (random >> 52 & 15);
      add(&l, from, from + size, 1000 * i + from, (uint8_t)(random >> 40 & 1), 0);
      given[i] = l.runs.items[i];
    }
    assert_int_equal(kl_runs_resolve(&l.arena, &l.runs, &conflicts), KL_OK);
    for (uint64_t at = 0; at < 96; at++) {
      const struct kl_run *winner = NULL;
      for (size_t i = 0; i < 12; i++)
        if (at >= given[i].start && at < given[i].end && (!winner || given[i].weight < winner->weight))
          winner = &given[i];
      size_t found = kl_runs_find(&l.runs, at, (size_t)random);
      bool covered = found < l.runs.n && l.runs.items[found].start <= at;
      assert_int_equal(covered, winner != NULL);
      if (winner)
        assert_int_equal(l.runs.items[found].offset + (at - l.runs.items[found].start),
                         winner->offset + (at - winner->start));
    }
    // And more can be added behind: the runs still stand at the arena's top.
    add(&l, 1000, 1001, 0, 0, 0);
  }
}

static void whole_blocks_left_out_are_zero(void **state) {
  (void)state;
  static struct list l;
  uint64_t filled, doubtful;
  start(&l);
  add(&l, 0x100, 0x200, 1, 0, KL_SEGMENT_FILE); // a whole block of 0x100
  add(&l, 0x400, 0x480, 2, 0, KL_SEGMENT_FILE); // two blocks on, and a short one
  add(&l, 0x580, 0x680, 3, 0, KL_SEGMENT_FILE); // behind the short one: no block
  add(&l, 0x6c0, 0x700, 4, 0, KL_SEGMENT_FILE); // no multiple: doubtful
  assert_int_equal(kl_runs_fill_elided(&l.arena, &l.runs, 0x100, &filled, &doubtful), KL_OK);
  assert_int_equal(filled, 0x200);
  assert_int_equal(doubtful, 0x680);
  assert_int_equal(l.runs.n, 5);
  is(&l, 1, 0x200, 0x400, 0);
  assert_int_equal(l.runs.items[1].state, KL_SEGMENT_ZERO);
}

static void gap_that_ends_at_4_gib_is_the_hole_of_x86(void **state) {
  (void)state;
  static struct list l;
  uint64_t filled, doubtful;
  start(&l);
  add(&l, 0x7f000000, 0x80000000, 1, 0, KL_SEGMENT_FILE);
  add(&l, 0x100000000, 0x101000000, 2, 0, KL_SEGMENT_FILE);
  add(&l, 0x102000000, 0x103000000, 3, 0, KL_SEGMENT_FILE);
  assert_int_equal(kl_runs_fill_elided(&l.arena, &l.runs, 1 << 24, &filled, &doubtful), KL_OK);
  assert_int_equal(doubtful, 0x80000000);
  assert_int_equal(filled, 0x101000000);
  assert_int_equal(l.runs.n, 4);
}

static void a_run_is_found_from_any_hint(void **state) {
  (void)state;
  static struct list l;
  uint64_t conflicts;
  start(&l);
  for (uint64_t i = 0; i < 100; i++)
    add(&l, i * 16, i * 16 + 8, i, 0, 0);
  assert_int_equal(kl_runs_resolve(&l.arena, &l.runs, &conflicts), KL_OK);
  for (uint64_t at = 0; at < 1700; at++)
    for (size_t hint = 0; hint < 110; hint += 7) {
      size_t first = at % 16 < 8 ? at / 16 : at / 16 + 1; // the first that ends behind
      assert_int_equal(kl_runs_find(&l.runs, at, hint), first < 100 ? first : 100);
    }
}

static void a_full_arena_is_an_ordinary_status(void **state) {
  (void)state;
  static struct list l;
  uint64_t conflicts;
  for (size_t size = 0; size < 2000; size++) {
    struct kl_run r = {.start = 1, .end = 9};
    enum kl_status status = KL_OK;
    start(&l);
    l.arena.size = size;
    for (uint32_t i = 0; i < 8 && status == KL_OK; i++) {
      r.order = i;
      r.start = i;
      status = kl_runs_add(&l.arena, &l.runs, &r);
    }
    if (status == KL_OK)
      status = kl_runs_resolve(&l.arena, &l.runs, &conflicts);
    assert_true(status == KL_OK || status == KL_ERR_NO_MEMORY);
    if (size >= kl_runs_cost(8))
      assert_int_equal(status, KL_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unsorted_runs_are_sorted),
      cmocka_unit_test(first_listed_wins_where_two_overlap),
      cmocka_unit_test(same_bytes_twice_are_no_conflict),
      cmocka_unit_test(bytes_win_over_what_was_left_out),
      cmocka_unit_test(overlaps_do_not_depend_on_luck),
      cmocka_unit_test(whole_blocks_left_out_are_zero),
      cmocka_unit_test(gap_that_ends_at_4_gib_is_the_hole_of_x86),
      cmocka_unit_test(a_run_is_found_from_any_hint),
      cmocka_unit_test(a_full_arena_is_an_ordinary_status),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
