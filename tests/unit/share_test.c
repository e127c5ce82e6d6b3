// Ranges of frames, and further contexts on one dump.
#include "opened_table.h"
#include "page_builder.h"

#include "kernel/symbol_table.h"
#include "kernlens/share.h"
#include "linux/frames.h"

// 128 frames, half of them on each side of where two windows meet; their struct
// pages are behind the first 64.
enum { BORDER = 1 << KL_FRAME_WINDOW_SHIFT, FIRST = BORDER - 64, LAST = BORDER + 63, FRAMES = LAST - FIRST + 1 };
enum { MEMORY = FIRST << 12, STRUCTS = BORDER << 12 };

static struct opened o;

static uint64_t struct_page(uint64_t pfn) {
  return STRUCTS + PAGE_BYTES * (pfn - FIRST);
}

static int setup(void **state) {
  (void)state;
  memset(&o, 0, sizeof o);
  pages_open(&o.g);
  struct kl_kernel kernel = o.g.kernel;
  guest_close(&o.g);
  guest_open(&o.g, MEMORY, FRAMES << 12);
  guest_map(&o.g);
  struct kl_kernel *k = &o.g.kernel;
  memcpy(k->fields, kernel.fields, sizeof k->fields);
  memcpy(k->types, kernel.types, sizeof k->types);
  memcpy(k->enums, kernel.enums, sizeof k->enums);
  k->vmemmap_base = VA(STRUCTS) - (uint64_t)FIRST * PAGE_BYTES;
  o.dump.options = kl_dump_options_default();
  o.dump.options.sources = &o.g.source;
  o.dump.options.n_sources = 1;
  o.dump.diagnostics = (struct kl_diagnostics){.items = o.diagnostics, .capacity = 64};
  o.dump.image = o.g.image;
  o.dump.kernel = k;
  k->diagnostics = &o.dump.diagnostics;
  assert_int_equal(kl_symbols_none(&o.g.arena, &k->symbols), KL_OK);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  opened_close(&o);
  return 0;
}

static uint32_t chance;
static uint32_t below(uint32_t n) {
  chance = chance * 1664525 + 1013904223;
  return (chance >> 8) % n;
}

// Struct pages of all sorts: blocks of any order at any place, with and without
// users, one over the other.
static void put_anything(void) {
  for (uint64_t pfn = FIRST; pfn <= LAST; pfn++) {
    uint64_t at = struct_page(pfn);
    bool buddy = below(3) == 0;
    guest_put64(&o.g, at + P_FLAGS, below(2) ? 1u << LRU : 0);
    guest_put64(&o.g, at + P_HEAD, 0);
    guest_put64(&o.g, at + P_MAPPING, below(2) ? ANON_MAPPING : 0);
    guest_put64(&o.g, at + P_PRIVATE, below(18));
    guest_put(&o.g, at + P_MAPCOUNT, buddy ? 0xffffff7f : UINT32_MAX, 4);
    guest_put(&o.g, at + P_REFERENCES, below(2), 4);
  }
}

struct seen {
  enum kl_status status;
  enum kl_page_kind kind;
  uint8_t order;
};

static size_t walk(uint64_t first, uint64_t last, struct seen *ret) {
  struct kl_frame_walk walk;
  struct kl_frame frame;
  size_t n = 0;
  kl_frame_walk_init(&walk, &o.g.kernel, &o.g.budget, first, last, NULL);
  for (;;) {
    memset(&frame, 0, sizeof frame);
    enum kl_status status = kl_frame_walk_next(&walk, &frame);
    if (status == KL_END)
      return n;
    assert_int_equal(frame.page.pfn, first + n);
    ret[n].status = status;
    ret[n].kind = status == KL_OK ? frame.kind : 0;
    ret[n++].order = status == KL_OK ? frame.order : 0;
  }
}

static void two_ranges_give_what_one_walk_gives(void **state) {
  (void)state;
  for (chance = 1; chance < 4000; chance += 13) {
    struct seen whole[FRAMES] = {0}, parts[FRAMES] = {0};
    uint32_t seed = chance;
    put_anything();
    o.g.budget.steps = 1 << 20;
    assert_int_equal(walk(FIRST, LAST, whole), FRAMES);
    assert_int_equal(walk(FIRST, BORDER - 1, parts), FRAMES / 2);
    assert_int_equal(walk(BORDER, LAST, parts + FRAMES / 2), FRAMES / 2);
    for (size_t i = 0; i < FRAMES; i++)
      if (whole[i].status != parts[i].status || whole[i].kind != parts[i].kind || whole[i].order != parts[i].order)
        fail_msg("seed %u: frame %zu", seed, FIRST + i);
    chance = seed;
  }
}

static struct kl_query pages_query(const struct kl_constraint *constraints, size_t n) {
  return (struct kl_query){.table = kl_table_find("pages"),
                           .constraints = constraints,
                           .n_constraints = n,
                           .columns = 1, // pfn
                           .steps = 0};
}

static void expect_range(const struct kl_range *range, uint64_t first, uint64_t end) {
  assert_int_equal(range->constraints[0].op, KL_OP_GE);
  assert_int_equal(range->constraints[0].value.u64, first);
  assert_int_equal(range->constraints[1].op, KL_OP_LT);
  assert_int_equal(range->constraints[1].value.u64, end);
}

static void ranges_are_windows_that_have_memory(void **state) {
  (void)state;
  struct kl_query query = pages_query(NULL, 0);
  struct kl_range range = {0};
  uint64_t frames;
  assert_true(kl_query_frames(&o.dump, &query, &frames));
  assert_int_equal(frames, FRAMES);
  assert_true(kl_range_next(&o.dump, &query, &range));
  expect_range(&range, FIRST, BORDER);
  assert_true(kl_range_next(&o.dump, &query, &range));
  expect_range(&range, BORDER, 2 * BORDER);
  assert_false(kl_range_next(&o.dump, &query, &range));
}

static void conditions_narrow_the_ranges(void **state) {
  (void)state;
  struct kl_constraint bounds[] = {
      {.column = 0, .op = KL_OP_GT, .value = {.kind = KL_CELL_U64, .u64 = BORDER + 3}},
      {.column = 0, .op = KL_OP_LE, .value = {.kind = KL_CELL_U64, .u64 = BORDER + 9}}};
  struct kl_query query = pages_query(bounds, 2);
  struct kl_range range = {0};
  uint64_t frames;
  assert_true(kl_query_frames(&o.dump, &query, &frames));
  assert_int_equal(frames, 6);
  assert_true(kl_range_next(&o.dump, &query, &range));
  expect_range(&range, BORDER + 4, 2 * BORDER);
  assert_false(kl_range_next(&o.dump, &query, &range));
  bounds[0].value.u64 = BORDER + 20; // nothing is left
  range.next = 0;
  assert_false(kl_query_frames(&o.dump, &query, &frames));
  assert_false(kl_range_next(&o.dump, &query, &range));
}

static void what_is_not_cut(void **state) {
  (void)state;
  struct kl_query query = pages_query(NULL, 0);
  uint64_t frames;
  query.steps = 1000; // of one walk
  assert_false(kl_query_frames(&o.dump, &query, &frames));
  query.steps = 0;
  o.dump.options.limits.steps = FRAMES - 1; // what one walk would not end: memory may seem to have 2^52 frames
  assert_false(kl_query_frames(&o.dump, &query, &frames));
  o.dump.options.limits.steps = FRAMES;
  assert_true(kl_query_frames(&o.dump, &query, &frames));
  query.table = kl_table_find("tasks");
  assert_false(kl_query_frames(&o.dump, &query, &frames));
}

// A further context reads the same, keeps what it loses to itself until it is
// taken over, and is as large as was said.
static void a_further_context(void **state) {
  (void)state;
  struct kl_dump *own;
  size_t bytes;
  assert_int_equal(kl_dump_share_size(&o.dump, &bytes), KL_OK);
  assert_true(bytes < 1 << 20);
  void *block = malloc(bytes), *tight = malloc(bytes / 2);
  assert_int_equal(kl_dump_share(&o.dump, tight, bytes / 2, NULL, NULL, &own), KL_ERR_NO_MEMORY);
  assert_int_equal(kl_dump_share(&o.dump, block, bytes, NULL, NULL, &own), KL_OK);
  assert_true(own->image != o.dump.image && own->kernel->image == own->image &&
              own->kernel->space.image == own->image);
  struct kl_query query = pages_query(NULL, 0);
  size_t n = kl_cursor_bytes(query.table), rows = 0;
  void *memory = aligned_alloc(16, n);
  struct kl_cursor *cursor;
  const struct kl_cell *cells;
  put_anything();
  assert_int_equal(kl_cursor_open(own, &query, memory, n, &cursor), KL_OK);
  while (kl_cursor_next(cursor, &cells) == KL_OK)
    rows++;
  assert_int_equal(rows, FRAMES);
  struct kl_statistics before, after;
  kl_dump_statistics(&o.dump, &before);
  kl_diagnostics_add(&own->diagnostics, "pages", "kind", 5, KL_ERR_ABSENT);
  kl_diagnostics_add(&own->diagnostics, "pages", "kind", 6, KL_ERR_ABSENT);
  assert_int_equal(o.dump.diagnostics.used, 0);
  kl_dump_absorb(&o.dump, own);
  kl_dump_statistics(&o.dump, &after);
  assert_int_equal(o.dump.diagnostics.used, 1);
  assert_int_equal(o.diagnostics[0].object, 5);
  assert_int_equal(o.diagnostics[0].count, 2);
  assert_int_equal(own->diagnostics.used, 0);
  assert_true(after.reads >= before.reads + FRAMES && after.steps >= before.steps + FRAMES);
  kl_dump_absorb(&o.dump, own); // there is nothing more
  kl_dump_statistics(&o.dump, &before);
  assert_int_equal(before.reads, after.reads);
  free(memory);
  free(block);
  free(tight);
}

static bool was_asked;
static bool never_run(void *user, struct kl_dump *dump, uint64_t frames, uint64_t n,
                      void (*part)(void *argument, uint64_t i, struct kl_dump *dump), void *argument) {
  (void)user, (void)dump, (void)frames, (void)n, (void)part, (void)argument;
  was_asked = true;
  return false;
}

// Parts have a budget each: what one walk can't count is not counted 64 times.
static void more_frames_than_steps_are_not_shared(void **state) {
  (void)state;
  o.dump.options.workers.run = never_run;
  for (int i = 0; i < 2; i++) {
    was_asked = false;
    assert_int_equal(opened_try(&o, "memory_summary", i ? 1u << 20 : FRAMES - 1), KL_OK);
    (void)opened_count(&o);
    assert_int_equal(was_asked, i);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(two_ranges_give_what_one_walk_gives),
      TEST(ranges_are_windows_that_have_memory),
      TEST(conditions_narrow_the_ranges),
      TEST(what_is_not_cut),
      TEST(a_further_context),
      TEST(more_frames_than_steps_are_not_shared),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
