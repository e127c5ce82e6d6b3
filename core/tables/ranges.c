// Queries that are cut into ranges of page frames.
#include "kernlens/share.h"

#include "base/checked.h"
#include "base/memory.h"
#include "linux/frames.h"
#include "tables/cursor.h"

// A cursor as far as reading constraints goes.
static struct kl_cursor asking(struct kl_dump *dump, const struct kl_query *query) {
  struct kl_cursor c = {.dump = dump, .kernel = dump->kernel, .query = *query};
  for (size_t i = 0; i < query->n_constraints; i++)
    c.query.columns |= 1ull << query->constraints[i].column;
  c.budget.steps = dump->options.limits.steps;
  return c;
}

// One budget is for the whole answer: who sets it wants that one walk.
bool kl_query_frames(struct kl_dump *dump, const struct kl_query *query, uint64_t *ret) {
  if (!query->table->code->share || !dump->kernel || query->steps || query->table->n_columns > 64)
    return false;
  for (size_t i = 0; i < query->n_constraints; i++)
    if (query->constraints[i].column >= query->table->n_columns)
      return false;
  struct kl_cursor c = asking(dump, query);
  uint64_t first, last, shift = dump->kernel->paging.granule_shift;
  if (!kl_pushed_range(&c, query->table->code->frame_column, &first, &last))
    return false;
  uint64_t frames = kl_image_bytes(dump->image) >> shift;
  if (frames > dump->options.limits.steps) // no walk comes to their end, and ranges each have a budget
    return false;
  *ret = last - first < frames ? last - first + 1 : frames;
  return true;
}

bool kl_query_prepare(struct kl_dump *dump, const struct kl_query *query) {
  struct kl_cursor c = asking(dump, query);
  uint64_t before = c.budget.steps;
  bool shared = query->table->code->share(&c);
  dump->steps += before - c.budget.steps;
  return shared;
}

// The first frame at or behind pfn that the dump knows.
static bool find_frame(struct kl_dump *dump, uint64_t *pfn) {
  uint64_t shift = dump->kernel->paging.granule_shift;
  struct kl_segment segment;
  if (*pfn > UINT64_MAX >> shift || kl_image_segment(dump->image, *pfn << shift, &segment) != KL_OK)
    return false;
  *pfn = kl_max(*pfn, segment.start >> shift);
  return true;
}

static struct kl_constraint bound(uint32_t column, enum kl_op op, uint64_t pfn) {
  return (struct kl_constraint){.column = column, .op = op, .value = {.kind = KL_CELL_U64, .u64 = pfn}};
}

bool kl_range_next(struct kl_dump *dump, const struct kl_query *query, struct kl_range *range) {
  struct kl_cursor c = asking(dump, query);
  uint32_t column = query->table->code->frame_column;
  uint64_t first, last, pfn;
  if (!kl_pushed_range(&c, column, &first, &last))
    return false;
  pfn = kl_max(first, range->next);
  if (range->next == UINT64_MAX || !find_frame(dump, &pfn) || pfn > last)
    return false;
  uint64_t behind = ((pfn >> KL_FRAME_WINDOW_SHIFT) + 1) << KL_FRAME_WINDOW_SHIFT;
  range->constraints[0] = bound(column, KL_OP_GE, pfn);
  range->constraints[1] = bound(column, KL_OP_LT, behind);
  range->next = behind;
  return true;
}
