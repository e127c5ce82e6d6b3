// Tables for the worker: the registry, and cursors that give rows in slices.
#include <stdlib.h>
#include <string.h>

#include "tables/cell.h"
#include "web.h"

enum { CURSORS = 8, CONSTRAINTS = 16, ROOM = 64 << 10 };

// ── The registry ───────────────────────────────────────────────────────────

static const char *kind_name(enum kl_cell_kind kind) {
  static const char *const names[] = {
      [KL_CELL_U64] = "u64",   [KL_CELL_I64] = "i64",     [KL_CELL_BOOL] = "bool", [KL_CELL_ADDRESS] = "address",
      [KL_CELL_TEXT] = "text", [KL_CELL_BYTES] = "bytes", [KL_CELL_TIME] = "time", [KL_CELL_DURATION] = "duration"};
  return names[kind];
}

static void put_string(struct kl_text *t, const char *name, const char *value) {
  kl_text_char(t, '"');
  kl_text_string(t, name);
  kl_text_string(t, "\":");
  kl_text_json_string(t, (const uint8_t *)value, strlen(value));
  kl_text_char(t, ',');
}

static void put_bool(struct kl_text *t, const char *name, bool value) {
  kl_text_char(t, '"');
  kl_text_string(t, name);
  kl_text_string(t, value ? "\":true," : "\":false,");
}

static void put_column(struct kl_text *t, const struct kl_column *c) {
  kl_text_char(t, '{');
  put_string(t, "name", c->name);
  put_string(t, "doc", c->doc);
  put_bool(t, "key", c->flags & KL_COLUMN_KEY);
  put_bool(t, "pushed", c->flags & KL_COLUMN_PUSHED);
  put_bool(t, "costly", c->flags & KL_COLUMN_COSTLY);
  put_bool(t, "hidden", c->flags & KL_COLUMN_HIDDEN);
  kl_text_string(t, "\"kind\":\"");
  kl_text_string(t, kind_name(c->kind));
  kl_text_string(t, "\"}");
}

// All tables, as a JSON array.
void WEB_EXPORT(web_tables)(void) {
  struct kl_text *t = web_out_begin();
  const struct kl_table *table;
  for (size_t i = 0; (table = kl_table_at(i)); i++) {
    kl_text_string(t, i ? ",{" : "[{");
    put_string(t, "name", table->name);
    put_string(t, "group", table->group);
    put_string(t, "doc", table->doc);
    put_bool(t, "imageOnly", table->flags & KL_TABLE_IMAGE_ONLY);
    put_bool(t, "oneRow", table->flags & KL_TABLE_ONE_ROW);
    kl_text_string(t, "\"columns\":[");
    for (uint32_t c = 0; c < table->n_columns; c++) {
      kl_text_string(t, c ? "," : "");
      put_column(t, &table->columns[c]);
    }
    kl_text_string(t, "]}");
  }
  kl_text_char(t, ']');
}

// ── Cursors ────────────────────────────────────────────────────────────────

struct walk {
  void *memory; // null: free
  struct kl_cursor *cursor;
  uint64_t columns;
  uint32_t n_columns;
  struct kl_constraint constraints[CONSTRAINTS];
  struct kl_text room;
  char text[ROOM];
};
static struct walk walks[CURSORS];

// text: the table's name, and conditions as column=value, each ended by NUL.
static enum kl_status parse(struct walk *w, const char *text, uint32_t n, struct kl_query *query) {
  const char *end = text + n;
  query->table = kl_table_find(text);
  if (!query->table)
    return KL_ERR_NOT_FOUND;
  w->room = kl_text_into(w->text, sizeof w->text);
  for (const char *p = text + strlen(text) + 1; p < end; p += strlen(p) + 1) {
    if (query->n_constraints == CONSTRAINTS)
      return KL_ERR_LIMIT;
    KL_TRY(kl_constraint_parse(query->table, kl_bytes_of(p, strlen(p)), &w->room,
                               &w->constraints[query->n_constraints], NULL));
    query->n_constraints++;
  }
  query->constraints = w->constraints;
  return KL_OK;
}

// Opens a cursor; *handle is then its number. text must end in NUL.
enum kl_status WEB_EXPORT(web_rows_open)(const char *text, uint32_t n, uint32_t columns_low, uint32_t columns_high,
                                         uint32_t *handle) {
  uint32_t i = 0;
  while (i < CURSORS && walks[i].memory)
    i++;
  if (i == CURSORS)
    return KL_ERR_LIMIT;
  if (!n || text[n - 1])
    return KL_ERR_ARGUMENT;
  struct walk *w = &walks[i];
  struct kl_query query = {.columns = web_u64(columns_low, columns_high)};
  KL_TRY(parse(w, text, n, &query));
  if (!web_dump() || (!web_attached() && !(query.table->flags & KL_TABLE_IMAGE_ONLY)))
    return KL_ERR_UNSUPPORTED;
  size_t bytes = kl_cursor_bytes(query.table);
  w->columns = query.columns;
  w->n_columns = query.table->n_columns;
  w->memory = aligned_alloc(16, (bytes + 15) & ~(size_t)15);
  if (!w->memory)
    return KL_ERR_NO_MEMORY;
  enum kl_status status = kl_cursor_open(web_dump(), &query, w->memory, bytes, &w->cursor);
  if (status != KL_OK) {
    free(w->memory);
    w->memory = NULL;
  }
  *handle = i;
  return status;
}

static void put_row(const struct walk *w, const struct kl_cell *cells) {
  for (uint32_t i = 0; i < w->n_columns; i++)
    if (w->columns >> i & 1)
      web_cell(&cells[i]);
}

// The answer: how many rows, and then their cells, those of the wanted columns
// in the table's order. KL_OK: there may be more; skipped rows are counted, and
// not given.
enum kl_status WEB_EXPORT(web_rows_next)(uint32_t handle, uint32_t skip, uint32_t most, double milliseconds) {
  enum { MOST_BYTES = 8 << 20 };
  struct web_slice slice = web_slice_begin(milliseconds);
  enum kl_status status = KL_OK;
  const struct kl_cell *cells;
  uint32_t rows = 0;
  web_out_begin();
  if (handle >= CURSORS || !walks[handle].memory)
    return KL_ERR_ARGUMENT;
  uint32_t skipped = 0, counts[2];
  web_out_u64(0); // rows and skipped
  while (rows < most && web_out_used() < MOST_BYTES && !web_slice_over(&slice)) {
    status = kl_cursor_next(walks[handle].cursor, &cells);
    if (status != KL_OK)
      break;
    if (skipped < skip) {
      skipped++;
      continue;
    }
    put_row(&walks[handle], cells);
    rows++;
  }
  counts[0] = rows;
  counts[1] = skipped;
  web_out_patch(0, counts, sizeof counts);
  return status;
}

uint32_t WEB_EXPORT(web_rows_partial)(uint32_t handle) {
  return handle < CURSORS && walks[handle].memory && kl_cursor_partial(walks[handle].cursor);
}

void WEB_EXPORT(web_rows_close)(uint32_t handle) {
  if (handle >= CURSORS)
    return;
  free(walks[handle].memory);
  walks[handle].memory = NULL;
}
