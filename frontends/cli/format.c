// JSON, NDJSON and CSV; tables are in grid.c.
#include "format.h"

#include <string.h>

#include "escape.h"
#include "tables/cell.h"

void cli_sink_init(struct cli_sink *sink, const struct cli *cli, struct cli_output *out,
                   const struct kl_column *columns, uint64_t mask) {
  *sink = (struct cli_sink){.format = cli->format, .out = out, .columns = columns};
  for (uint32_t i = 0; i < 64; i++)
    if (mask >> i & 1)
      sink->order[sink->n++] = i;
}

static int column_named(const struct kl_column *columns, uint32_t n, const char *p, size_t bytes) {
  for (uint32_t i = 0; i < n; i++)
    if (strlen(columns[i].name) == bytes && memcmp(columns[i].name, p, bytes) == 0)
      return (int)i;
  return -1;
}

static bool unknown_column(const struct cli *cli, const struct cli_sink *sink, uint32_t n, const char *p,
                           size_t bytes) {
  char typed[64];
  size_t kept = bytes < sizeof typed ? bytes : sizeof typed - 1;
  memcpy(typed, p, kept);
  typed[kept] = 0;
  struct cli_guess guess = {.typed = typed};
  for (uint32_t i = 0; i < n; i++)
    cli_guess_offer(&guess, sink->columns[i].name);
  if (guess.best)
    (void)cli_misuse(cli, "--columns: no column '%s': did you mean %s?", typed, guess.best);
  else
    (void)cli_misuse(cli, "--columns: no column '%s'", typed);
  return false;
}

bool cli_sink_choose(struct cli_sink *sink, const struct cli *cli, uint32_t n_columns) {
  if (!cli->columns)
    return true;
  sink->n = 0;
  sink->explicit = true;
  for (const char *p = cli->columns;; p++) {
    size_t bytes = strcspn(p, ",");
    int column = column_named(sink->columns, n_columns, p, bytes);
    if (column < 0)
      return unknown_column(cli, sink, n_columns, p, bytes);
    for (size_t i = 0; i < sink->n; i++) // and so there are never more than 64
      if (sink->order[i] == (uint32_t)column) {
        (void)cli_misuse(cli, "--columns: %s is named twice", sink->columns[column].name);
        return false;
      }
    sink->order[sink->n++] = (uint32_t)column;
    p += bytes;
    if (!*p)
      return true;
  }
}

static void json_row(struct cli_sink *sink, const struct kl_cell *cells) {
  struct kl_text *t = &sink->out->text;
  kl_text_char(t, '{');
  for (size_t i = 0; i < sink->n; i++) {
    if (i)
      kl_text_char(t, ',');
    kl_text_char(t, '"');
    kl_text_string(t, sink->columns[sink->order[i]].name);
    kl_text_string(t, "\":");
    kl_cell_json(t, &cells[sink->order[i]]);
  }
  kl_text_char(t, '}');
}

// RFC 4180: quoted when it holds a quote, a comma, a line break, or nothing (so
// that empty text and null stay apart); quotes doubled.
static void csv_text(struct kl_text *t, const struct kl_cell *cell,
                     void (*spell)(struct kl_text *t, const uint8_t *p, size_t n)) {
  bool quoted = !cell->n;
  for (size_t i = 0; i < cell->n && !quoted; i++)
    quoted = cell->data[i] == '"' || cell->data[i] == ',' || cell->data[i] == '\r' || cell->data[i] == '\n';
  if (quoted)
    kl_text_char(t, '"');
  for (size_t at = 0; at < cell->n;) {
    const uint8_t *quote = memchr(cell->data + at, '"', cell->n - at);
    size_t n = quote ? (size_t)(quote - cell->data) + 1 - at : cell->n - at;
    spell(t, cell->data + at, n);
    if (quote)
      kl_text_char(t, '"');
    at += n;
  }
  if (quoted)
    kl_text_char(t, '"');
}

static void csv_cell(struct cli_sink *sink, const struct kl_cell *cell) {
  struct kl_text *t = &sink->out->text;
  if (cell->kind != KL_CELL_TEXT)
    kl_cell_print(t, cell);
  else // a terminal obeys what a file only stores
    csv_text(t, cell, sink->out->tty ? cli_escape : kl_text_guest);
}

static void csv_row(struct cli_sink *sink, const struct kl_cell *cells) {
  for (size_t i = 0; i < sink->n; i++) {
    if (i)
      kl_text_char(&sink->out->text, ',');
    csv_cell(sink, &cells[sink->order[i]]);
  }
  kl_text_string(&sink->out->text, "\r\n");
}

static void csv_header(struct cli_sink *sink) {
  for (size_t i = 0; i < sink->n; i++) {
    if (i)
      kl_text_char(&sink->out->text, ',');
    kl_text_string(&sink->out->text, sink->columns[sink->order[i]].name);
  }
  kl_text_string(&sink->out->text, "\r\n");
}

void cli_sink_begin(struct cli_sink *sink) {
  switch (sink->format) {
  case CLI_TABLE:
    cli_grid_begin(sink);
    break;
  case CLI_JSON:
    kl_text_char(&sink->out->text, '[');
    break;
  case CLI_NDJSON:
    break;
  case CLI_CSV:
    csv_header(sink);
    break;
  }
}

bool cli_sink_row(struct cli_sink *sink, const struct kl_cell *cells) {
  struct kl_text *t = &sink->out->text;
  switch (sink->format) {
  case CLI_TABLE:
    cli_grid_row(sink, cells);
    break;
  case CLI_JSON:
    kl_text_string(t, sink->rows ? ",\n " : "\n ");
    json_row(sink, cells);
    break;
  case CLI_NDJSON:
    json_row(sink, cells);
    kl_text_char(t, '\n');
    break;
  case CLI_CSV:
    csv_row(sink, cells);
    break;
  }
  sink->rows++;
  return cli_output_row(sink->out);
}

void cli_sink_end(struct cli_sink *sink, const struct cli *cli) {
  if (sink->format == CLI_TABLE)
    cli_grid_end(sink, cli);
  else if (sink->format == CLI_JSON)
    kl_text_string(&sink->out->text, sink->rows ? "\n]\n" : "]\n");
}
