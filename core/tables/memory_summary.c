// memory_summary: how much memory is used for what.
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

enum { REPORT_FRAMES = 1 << 16 };

struct state {
  struct kl_frame_walk frames;
  uint64_t counts[KL_KINDS], total;
  bool counted;
  unsigned next;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  const struct kl_holders *holders;
  KL_TRY(kl_holders_find(c->kernel, &c->budget, &holders));
  if (holders->why != KL_OK)
    kl_lost(c, holders->lost_what, holders->lost, holders->why);
  kl_frame_walk_init(&s->frames, c->kernel, &c->budget, 0, UINT64_MAX, holders);
  return KL_OK;
}

static enum kl_status count(struct kl_cursor *c) {
  struct state *s = c->state;
  const struct kl_progress *progress = &c->dump->options.progress;
  uint64_t shift = c->kernel->paging.granule_shift, end = kl_image_end(c->kernel->image);
  for (;;) {
    struct kl_frame frame;
    enum kl_status status = kl_frame_walk_next(&s->frames, &frame);
    if (status == KL_END)
      return KL_OK;
    if (status == KL_ERR_BUDGET)
      return status;
    s->total++;
    if (status == KL_OK)
      s->counts[frame.kind]++;
    else
      kl_lost(c, "pages", frame.page.pfn << shift, status);
    if (s->total % REPORT_FRAMES == 0 && progress->report &&
        !progress->report(progress->user, "memory_summary", frame.page.pfn << shift, end))
      return KL_ERR_CANCELLED;
  }
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  if (!s->counted) {
    KL_TRY(count(c));
    s->counted = true;
  }
  while (s->next < KL_KINDS && !s->counts[s->next])
    s->next++;
  if (s->next == KL_KINDS)
    return KL_END;
  uint64_t pages = s->counts[s->next], thousandths = pages * 1000 / s->total;
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
