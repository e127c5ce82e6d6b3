// memory_summary: how much memory is used for what.
#include "base/checked.h"
#include "linux/frames.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { KIND, PAGES, BYTES, SHARE, COLUMNS };

static const struct kl_column columns[] = {
    [KIND] = {"kind", KL_CELL_TEXT, KL_COLUMN_KEY, "as the table pages has it"},
    [PAGES] = {"pages", KL_CELL_U64, 0, "page frames of this kind"},
    [BYTES] = {"bytes", KL_CELL_U64, 0, "the same in bytes"},
    [SHARE] = {"share", KL_CELL_TEXT, 0, "of all frames, in percent with one decimal"},
};

enum { REPORT_FRAMES = 1 << 16, MAX_PARTS = 64 };

struct counts {
  uint64_t of[KL_KINDS], total, spent;
  bool whole; // all was counted
};

struct state {
  struct kl_frame_walk frames;
  struct counts counts;
  bool counted;
  unsigned next;
  // Parts that are counted apart, each of so many frames from 0 on.
  const struct kl_holders *holders;
  uint64_t part_frames, steps;
  struct counts parts[MAX_PARTS];
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  const struct kl_holders *holders;
  KL_TRY(kl_holders_find(c->kernel, &c->budget, &holders));
  s->holders = holders;
  if (holders->why != KL_OK)
    kl_lost(c, holders->lost_what, holders->lost, holders->why);
  kl_frame_walk_init(&s->frames, c->kernel, &c->budget, 0, UINT64_MAX, holders);
  return KL_OK;
}

static bool wanted_on(const struct kl_dump *dump, uint64_t pfn) {
  const struct kl_progress *progress = &dump->options.progress;
  return !progress->report ||
         progress->report(progress->user, "memory_summary", pfn << dump->kernel->paging.granule_shift,
                          kl_image_end(dump->image));
}

// One part, by whoever comes for it. What is lost is not noted here.
static void count_part(void *argument, uint64_t part, struct kl_dump *dump) {
  struct state *s = argument;
  struct counts *counts = &s->parts[part];
  struct kl_budget budget = {.steps = s->steps};
  struct kl_frame_walk walk;
  uint64_t first = part * s->part_frames;
  *counts = (struct counts){0};
  kl_frame_walk_init(&walk, dump->kernel, &budget, first, first + (s->part_frames - 1), s->holders);
  for (;;) {
    struct kl_frame frame;
    enum kl_status status = kl_frame_walk_next(&walk, &frame);
    counts->spent = s->steps - budget.steps;
    counts->whole = status == KL_END;
    if (status != KL_OK)
      return;
    counts->of[frame.kind]++;
    if (++counts->total % REPORT_FRAMES == 0 && !wanted_on(dump, frame.page.pfn))
      return;
  }
}

// Counts by parts, where the frontend brings workers. False: that could not be
// done, or something is lost, which one walk over all tells in order.
static bool count_shared(struct kl_cursor *c) {
  struct state *s = c->state;
  const struct kl_workers *workers = &c->dump->options.workers;
  uint64_t shift = c->kernel->paging.granule_shift, frames = kl_image_bytes(c->dump->image) >> shift,
           windows = (kl_image_end(c->dump->image) >> shift >> KL_FRAME_WINDOW_SHIFT) + 1, n;
  if (!workers->run || frames > c->budget.steps) // each part has all of the budget
    return false;
  n = kl_min(windows, MAX_PARTS);
  s->part_frames = (windows + n - 1) / n << KL_FRAME_WINDOW_SHIFT;
  s->steps = c->budget.steps;
  if (!workers->run(workers->user, c->dump, frames, n, count_part, s))
    return false;
  struct counts sum = {0};
  for (uint64_t i = 0; i < n; i++) {
    const struct counts *part = &s->parts[i];
    if (!part->whole || part->spent > s->steps - sum.spent)
      return false;
    sum.spent += part->spent;
    sum.total += part->total;
    for (unsigned kind = 0; kind < KL_KINDS; kind++)
      sum.of[kind] += part->of[kind];
  }
  s->counts = sum;
  c->budget.steps -= sum.spent;
  return true;
}

static enum kl_status count(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t shift = c->kernel->paging.granule_shift;
  if (count_shared(c))
    return KL_OK;
  for (;;) {
    struct kl_frame frame;
    enum kl_status status = kl_frame_walk_next(&s->frames, &frame);
    if (status == KL_END)
      return KL_OK;
    if (status == KL_ERR_BUDGET)
      return status;
    s->counts.total++;
    if (status == KL_OK)
      s->counts.of[frame.kind]++;
    else
      kl_lost(c, "pages", frame.page.pfn << shift, status);
    if (s->counts.total % REPORT_FRAMES == 0 && !wanted_on(c->dump, frame.page.pfn))
      return KL_ERR_CANCELLED;
  }
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  if (!s->counted) {
    KL_TRY(count(c));
    s->counted = true;
  }
  while (s->next < KL_KINDS && !s->counts.of[s->next])
    s->next++;
  if (s->next == KL_KINDS)
    return KL_END;
  uint64_t pages = s->counts.of[s->next], thousandths = pages * 1000 / s->counts.total;
  kl_put_string(c, KIND, kl_page_kind_name((enum kl_page_kind)s->next++));
  kl_put(c, PAGES, KL_OK, 0, pages);
  kl_put(c, BYTES, KL_OK, 0, pages << c->kernel->paging.granule_shift);
  size_t start = c->text.used;
  kl_text_decimal(&c->text, thousandths / 10);
  kl_text_char(&c->text, '.');
  kl_text_decimal(&c->text, thousandths % 10);
  kl_put_written(c, SHARE, KL_OK, 0, start);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 64, .open = open, .next = next};

const struct kl_table kl_memory_summary_table = {
    .name = "memory_summary",
    .group = "memory",
    .doc = "how much memory is used for what",
    .example = "memory_summary DUMP",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
