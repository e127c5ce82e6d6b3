// Aligned columns. Rows are held back until their widths are known well enough
// (CLI_GRID_ROWS of them, or a moment has passed); after that they stream. On a
// terminal wide text is cut with an ellipsis and columns that do not fit are
// left out, and said; into a file nothing is cut.
#include "grid.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "escape.h"
#include "format.h"
#include "tables/cell.h"

enum { HOLD_MS = 300, NARROWEST = 12, WIDEST = 120, HELD_BYTES = 256 << 10, CELL_BYTES = 64 << 10 };

static char held_text[HELD_BYTES];
static struct held_cell {
  uint32_t at, bytes; // in held_text
  uint32_t width;
  enum cli_style style;
} held_cells[CLI_GRID_ROWS * 64];  // a row takes as many as there are columns
static char cell_text[CELL_BYTES]; // the cell being shown

static void show_time(struct kl_text *out, int64_t seconds) {
  time_t t = (time_t)seconds;
  struct tm tm;
  char text[64];
  if (gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
    kl_text_string(out, text);
  else
    kl_text_signed(out, seconds);
}

static enum cli_style style_of(const struct kl_cell *cell) {
  return cell->kind == KL_CELL_NULL ? CLI_FAINT : cell->kind == KL_CELL_UNREADABLE ? CLI_WARNING : CLI_PLAIN;
}

enum cli_style cli_cell_show(struct kl_text *out, const struct kl_cell *cell) {
  switch (cell->kind) {
  case KL_CELL_NULL:
    kl_text_char(out, '-');
    break;
  case KL_CELL_UNREADABLE:
    kl_text_char(out, '?');
    break;
  case KL_CELL_TEXT:
    cli_escape(out, cell->data, cell->n);
    break;
  case KL_CELL_TIME:
    show_time(out, cell->i64);
    break;
  case KL_CELL_U64:
  case KL_CELL_I64:
  case KL_CELL_BOOL:
  case KL_CELL_ADDRESS:
  case KL_CELL_BYTES:
  case KL_CELL_DURATION:
    kl_cell_print(out, cell);
    break;
  }
  return style_of(cell);
}

static bool is_number(const struct kl_column *column) {
  return column->kind == KL_CELL_U64 || column->kind == KL_CELL_I64 || column->kind == KL_CELL_DURATION;
}

static bool may_shrink(const struct kl_column *column) {
  return column->kind == KL_CELL_TEXT || column->kind == KL_CELL_BYTES;
}

static const struct kl_column *column_of(const struct cli_sink *sink, size_t i) {
  return &sink->columns[sink->order[i]];
}

void cli_grid_begin(struct cli_sink *sink) {
  struct cli_grid *g = &sink->grid;
  *g = (struct cli_grid){.shown = sink->n};
  for (size_t i = 0; i < sink->n; i++)
    g->width[i] = strlen(column_of(sink, i)->name);
}

// One cell at its place: padded, or cut where the terminal demands it.
static void put_cell(struct cli_sink *sink, size_t i, const char *p, size_t n, size_t width, enum cli_style style) {
  struct cli_grid *g = &sink->grid;
  struct kl_text *t = &sink->out->text;
  size_t room = g->width[i];
  bool cut = sink->out->tty && width > room && may_shrink(column_of(sink, i));
  if (cut) {
    n = cli_fit(p, n, room - 1);
    width = cli_width(p, n) + 1;
  }
  size_t pad = width < room ? room - width : 0;
  bool last = i + 1 == g->shown;
  if (i)
    cli_blanks(t, 2);
  if (is_number(column_of(sink, i)))
    cli_blanks(t, pad);
  cli_style_begin(sink->out, style);
  kl_text_put(t, p, n);
  if (cut)
    kl_text_string(t, "\xe2\x80\xa6");
  cli_style_end(sink->out, style);
  if (!is_number(column_of(sink, i)) && !last)
    cli_blanks(t, pad);
  if (last)
    kl_text_char(t, '\n');
}

// A cell too large to be measured: as it is.
static void put_whole(struct cli_sink *sink, size_t i, const struct kl_cell *cell) {
  if (i)
    cli_blanks(&sink->out->text, 2);
  (void)cli_cell_show(&sink->out->text, cell);
  if (i + 1 == sink->grid.shown)
    kl_text_char(&sink->out->text, '\n');
}

static size_t total_width(const struct cli_grid *g) {
  size_t total = 0;
  for (size_t i = 0; i < g->shown; i++)
    total += g->width[i] + (i ? 2 : 0);
  return total;
}

// Takes from the widest text columns first; then leaves columns out, from the
// last, unless they were asked for by name.
static void fit_terminal(struct cli_sink *sink) {
  struct cli_grid *g = &sink->grid;
  while (total_width(g) > sink->out->width) {
    size_t widest = SIZE_MAX;
    for (size_t i = 0; i < g->shown; i++)
      if (may_shrink(column_of(sink, i)) && g->width[i] > NARROWEST &&
          g->width[i] > strlen(column_of(sink, i)->name) && (widest == SIZE_MAX || g->width[i] > g->width[widest]))
        widest = i;
    if (widest != SIZE_MAX)
      g->width[widest]--;
    else if (!sink->explicit && g->shown > 1)
      g->shown--;
    else
      return;
  }
}

// What leaving columns out has freed goes back to those that were narrowed.
static void give_back(struct cli_sink *sink, const size_t *wanted) {
  struct cli_grid *g = &sink->grid;
  for (size_t i = 0; i < g->shown; i++) {
    size_t total = total_width(g);
    size_t room = total < sink->out->width ? sink->out->width - total : 0;
    size_t lack = wanted[i] - g->width[i];
    g->width[i] += lack < room ? lack : room;
  }
}

// In a file a column is padded to WIDEST at most: what is wider sticks out.
static void widen(size_t *width, size_t to, bool tty) {
  if (!tty && to > WIDEST)
    to = *width > WIDEST ? *width : WIDEST;
  if (to > *width)
    *width = to;
}

static void settle(struct cli_sink *sink) {
  struct cli_grid *g = &sink->grid;
  if (g->flowing)
    return;
  g->flowing = true;
  for (size_t r = 0; r < g->held_rows; r++)
    for (size_t i = 0; i < sink->n; i++)
      widen(&g->width[i], held_cells[r * sink->n + i].width, sink->out->tty);
  if (sink->out->tty) {
    size_t wanted[64];
    memcpy(wanted, g->width, sizeof wanted);
    fit_terminal(sink);
    give_back(sink, wanted);
  }
  for (size_t i = 0; i < g->shown; i++) {
    const char *name = column_of(sink, i)->name;
    put_cell(sink, i, name, strlen(name), strlen(name), CLI_HEADING);
  }
  for (size_t r = 0; r < g->held_rows; r++)
    for (size_t i = 0; i < g->shown; i++) {
      const struct held_cell *cell = &held_cells[r * sink->n + i];
      put_cell(sink, i, held_text + cell->at, cell->bytes, cell->width, cell->style);
    }
}

// Keeps a row back. False when it does not fit any more.
static bool hold(struct cli_sink *sink, const struct kl_cell *cells) {
  struct cli_grid *g = &sink->grid;
  struct kl_text t = kl_text_into(held_text + g->held_bytes, HELD_BYTES - g->held_bytes);
  for (size_t i = 0; i < sink->n; i++) {
    struct held_cell *cell = &held_cells[g->held_rows * sink->n + i];
    size_t start = t.used;
    cell->style = cli_cell_show(&t, &cells[sink->order[i]]);
    cell->at = (uint32_t)(g->held_bytes + start);
    cell->bytes = (uint32_t)(t.used - start);
    cell->width = (uint32_t)cli_width(t.buffer + start, t.used - start);
  }
  if (t.truncated)
    return false;
  g->held_bytes += t.used;
  g->held_rows++;
  return true;
}

static void flow(struct cli_sink *sink, const struct kl_cell *cells) {
  for (size_t i = 0; i < sink->grid.shown; i++) {
    struct kl_text t = kl_text_into(cell_text, sizeof cell_text);
    enum cli_style style = cli_cell_show(&t, &cells[sink->order[i]]);
    if (t.truncated && !sink->out->tty)
      put_whole(sink, i, &cells[sink->order[i]]);
    else
      put_cell(sink, i, cell_text, t.used, cli_width(cell_text, t.used), style);
  }
}

static void upright(struct cli_sink *sink, const struct kl_cell *cells) {
  size_t width = 0;
  for (size_t i = 0; i < sink->n; i++)
    if (strlen(column_of(sink, i)->name) > width)
      width = strlen(column_of(sink, i)->name);
  for (size_t i = 0; i < sink->n; i++) {
    const char *name = column_of(sink, i)->name;
    cli_style_begin(sink->out, CLI_HEADING);
    kl_text_string(&sink->out->text, name);
    cli_style_end(sink->out, CLI_HEADING);
    cli_blanks(&sink->out->text, width - strlen(name) + 2);
    enum cli_style style = style_of(&cells[sink->order[i]]);
    cli_style_begin(sink->out, style);
    (void)cli_cell_show(&sink->out->text, &cells[sink->order[i]]);
    cli_style_end(sink->out, style);
    kl_text_char(&sink->out->text, '\n');
  }
}

void cli_grid_row(struct cli_sink *sink, const struct kl_cell *cells) {
  struct cli_grid *g = &sink->grid;
  if (sink->upright) {
    upright(sink, cells);
    return;
  }
  if (!g->flowing) {
    int64_t now = cli_now_ms();
    if (!g->held_rows)
      g->began_at = now;
    bool held = hold(sink, cells);
    if (held && g->held_rows < CLI_GRID_ROWS && now - g->began_at < HOLD_MS)
      return;
    settle(sink);
    if (held)
      return;
  }
  flow(sink, cells);
}

static void tell_left_out(const struct cli_sink *sink) {
  char names[1024];
  struct kl_text t = kl_text_into(names, sizeof names - 1);
  for (size_t i = sink->grid.shown; i < sink->n; i++) {
    kl_text_string(&t, i > sink->grid.shown ? ", " : "");
    kl_text_string(&t, column_of(sink, i)->name);
  }
  names[t.used] = 0;
  fprintf(stderr, "not shown on a terminal this wide: %s (--columns picks)\n", names);
}

void cli_grid_end(struct cli_sink *sink, const struct cli *cli) {
  struct cli_grid *g = &sink->grid;
  if (!sink->upright)
    settle(sink);
  if (g->shown < sink->n && !cli->quiet) {
    (void)kl_text_flush(&sink->out->text);
    tell_left_out(sink);
  }
}
