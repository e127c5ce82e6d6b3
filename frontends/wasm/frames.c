// A byte for every frame of memory: what the map of the page is drawn from.
//
// Two cursors go side by side: pages says what a frame is used for, segments
// which memory the dump knows and whether its bytes are there.
#include <stdlib.h>
#include <string.h>

#include "linux/page.h"
#include "tables/cell.h"
#include "web.h"

enum {
  ABSENT = 0,
  UNREADABLE = 1,
  FIRST_KIND = 2, // of enum kl_page_kind: KINDS in the low five bits
  MAPPED = 0x20,
  SHARED = 0x40,
  FILTERED = 0x80,
  CHUNK = 1 << 16, // frames
  MOST_RUNS = 1 << 16
};

struct source {
  struct kl_constraint from; // the cursor borrows it
  void *memory;
  struct kl_cursor *cursor;
  const struct kl_cell *cells; // of the row that waits; null: none
  enum kl_status ended;
};

static struct {
  struct source pages, segments;
  int pfn, kind, mappings, start, end, state; // columns
  unsigned shift;
  uint8_t last; // kind met last: most often the next one's too
  uint8_t chunk[CHUNK];
} frames;
_Static_assert(FIRST_KIND + KL_KINDS <= MAPPED, "kinds and flags share a byte");

// With least: only rows of which the first column is at least that.
static enum kl_status open_source(struct source *s, const char *name, const char *const *columns,
                                  int *const *numbers, size_t n, uint64_t least) {
  const struct kl_table *table = kl_table_find(name);
  struct kl_query query = {
      .table = table, .constraints = &s->from, .n_constraints = least != 0, .steps = UINT64_MAX};
  for (size_t i = 0; i < n; i++) {
    *numbers[i] = kl_table_column(table, columns[i]);
    query.columns |= 1ull << *numbers[i];
  }
  size_t bytes = kl_cursor_bytes(table);
  free(s->memory);
  *s = (struct source){.memory = aligned_alloc(16, (bytes + 15) & ~(size_t)15)};
  s->from = (struct kl_constraint){
      .column = (uint32_t)*numbers[0], .op = KL_OP_GE, .value = {.kind = KL_CELL_U64, .u64 = least}};
  if (!s->memory)
    return KL_ERR_NO_MEMORY;
  return kl_cursor_open(web_dump(), &query, s->memory, bytes, &s->cursor);
}

// The row that waits, or null.
static const struct kl_cell *peek(struct source *s) {
  if (!s->cells && s->ended == KL_OK) {
    s->ended = kl_cursor_next(s->cursor, &s->cells);
    if (s->ended != KL_OK)
      s->cells = NULL;
  }
  return s->cells;
}

static void drop(struct source *s) {
  s->cells = NULL;
}

static bool is(const struct kl_cell *cell, const char *text) {
  return cell->kind == KL_CELL_TEXT && kl_bytes_equal(kl_bytes_of(cell->data, cell->n), text);
}

static uint8_t kind_number(const struct kl_cell *cell) {
  if (is(cell, kl_page_kind_name((enum kl_page_kind)frames.last)))
    return (uint8_t)(frames.last + FIRST_KIND);
  for (uint8_t i = 0; i < KL_KINDS; i++)
    if (is(cell, kl_page_kind_name((enum kl_page_kind)i))) {
      frames.last = i;
      return (uint8_t)(i + FIRST_KIND);
    }
  return UNREADABLE;
}

// ── Runs ───────────────────────────────────────────────────────────────────

// The runs of frames that the dump knows, as pairs of pfn: adjoining segments
// are one. A run ends with the last whole or partial frame.
enum kl_status WEB_EXPORT(web_frame_runs)(void) {
  struct source s = {0};
  int start, end;
  uint64_t page = kl_page_bytes(web_dump()), from = 0, to = 0;
  const struct kl_cell *row;
  size_t n = 0;
  web_out_begin();
  enum kl_status status =
      open_source(&s, "segments", (const char *const[]){"start", "end"}, (int *const[]){&start, &end}, 2, 0);
  while (status == KL_OK && n < MOST_RUNS && (row = peek(&s))) {
    uint64_t first = row[start].u64 / page, last = (row[end].u64 - 1) / page + 1;
    drop(&s);
    if (to && first <= to) {
      to = last > to ? last : to;
      continue;
    }
    if (to) {
      web_out_u64(from);
      web_out_u64(to);
      n++;
    }
    from = first;
    to = last;
  }
  if (to) {
    web_out_u64(from);
    web_out_u64(to);
  }
  free(s.memory);
  return status;
}

// ── Frames ─────────────────────────────────────────────────────────────────

// For frames from pfn on.
enum kl_status WEB_EXPORT(web_frames_open)(uint32_t low, uint32_t high) {
  uint64_t page = kl_page_bytes(web_dump());
  for (frames.shift = 0; page >> frames.shift > 1; frames.shift++)
    ;
  KL_TRY(open_source(&frames.segments, "segments", (const char *const[]){"start", "end", "state"},
                     (int *const[]){&frames.start, &frames.end, &frames.state}, 3, 0));
  enum kl_status status =
      open_source(&frames.pages, "pages", (const char *const[]){"pfn", "kind", "mappings"},
                  (int *const[]){&frames.pfn, &frames.kind, &frames.mappings}, 3, web_u64(low, high));
  if (status != KL_OK) // no struct pages: memory is shown all the same
    frames.pages.ended = status;
  return KL_OK;
}

// Memory that is known, before pages say what it is: all frames from pfn to end.
static void mark_known(uint64_t pfn, uint64_t end) {
  const struct kl_cell *row;
  memset(frames.chunk, ABSENT, (size_t)(end - pfn));
  while ((row = peek(&frames.segments))) {
    uint64_t first = row[frames.start].u64 >> frames.shift, last = ((row[frames.end].u64 - 1) >> frames.shift) + 1;
    uint8_t mark = is(&row[frames.state], "filtered") ? FILTERED | UNREADABLE : UNREADABLE;
    if (first >= end)
      return;
    for (uint64_t i = first > pfn ? first : pfn; i < last && i < end; i++)
      frames.chunk[i - pfn] = mark;
    if (last > end)
      return;
    drop(&frames.segments);
    if (last == end)
      return;
  }
}

static void mark_kinds(uint64_t pfn, uint64_t end) {
  const struct kl_cell *row;
  while ((row = peek(&frames.pages)) && row[frames.pfn].u64 < end) {
    const struct kl_cell *mappings = &row[frames.mappings];
    if (row[frames.pfn].u64 >= pfn) {
      uint8_t *mark = &frames.chunk[row[frames.pfn].u64 - pfn];
      *mark = (uint8_t)((*mark & FILTERED) | kind_number(&row[frames.kind]));
      if (mappings->kind == KL_CELL_I64 && mappings->i64 > 0)
        *mark |= mappings->i64 > 1 ? MAPPED | SHARED : MAPPED;
    }
    drop(&frames.pages);
  }
}

// The answer: a byte for each of the n (at most 65,536) frames from pfn on.
// Frames are asked for in ascending order.
enum kl_status WEB_EXPORT(web_frames_next)(uint32_t low, uint32_t high, uint32_t n) {
  uint64_t pfn = web_u64(low, high);
  web_out_begin();
  if (n > CHUNK || pfn > UINT64_MAX - n)
    return KL_ERR_ARGUMENT;
  mark_known(pfn, pfn + n);
  mark_kinds(pfn, pfn + n);
  web_out_bytes(frames.chunk, n);
  return frames.pages.ended == KL_ERR_CANCELLED ? KL_ERR_CANCELLED : KL_OK;
}

// Names by number, a line each.
void WEB_EXPORT(web_frame_kinds)(void) {
  struct kl_text *t = web_out_begin();
  kl_text_string(t, "absent\nunreadable\n");
  for (uint8_t i = 0; i < KL_KINDS; i++) {
    kl_text_string(t, kl_page_kind_name((enum kl_page_kind)i));
    kl_text_char(t, '\n');
  }
}
