// Rows of a table for a command that shows them in a form of its own.
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void cli_rows_equal(struct kl_constraint *ret, const char *table, const char *column, uint64_t number,
                    const char *text) {
  const struct kl_table *t = kl_table_find(table);
  int i = kl_table_column(t, column);
  *ret = (struct kl_constraint){.column = (uint32_t)i, .op = KL_OP_EQ};
  ret->value.kind = t->columns[i].kind;
  ret->value.u64 = number;
  if (text) {
    ret->value.data = (const uint8_t *)text;
    ret->value.n = strlen(text);
  }
}

int cli_rows_open(struct cli_rows *rows, struct cli_session *session, const char *table, const char *const *columns,
                  size_t n, const struct kl_constraint *constraints, size_t n_constraints) {
  *rows = (struct cli_rows){.session = session, .table = kl_table_find(table), .n = n};
  rows->lost_before = kl_dump_diagnostics(session->dump)->used;
  struct kl_query query = {.table = rows->table,
                           .constraints = constraints,
                           .n_constraints = n_constraints,
                           .steps = session->cli->steps};
  for (size_t i = 0; i < n; i++) {
    rows->columns[i] = kl_table_column(rows->table, columns[i]);
    query.columns |= 1ull << rows->columns[i];
  }
  size_t bytes = kl_cursor_bytes(rows->table);
  rows->memory = aligned_alloc(16, bytes);
  enum kl_status status =
      rows->memory ? kl_cursor_open(session->dump, &query, rows->memory, bytes, &rows->cursor) : KL_ERR_NO_MEMORY;
  if (status == KL_OK)
    return CLI_ANSWERED;
  cli_complain("%s: %s: %s", session->cli->dump, table, kl_status_text(status));
  free(rows->memory);
  rows->memory = NULL;
  return CLI_FAILED;
}

bool cli_rows_next(struct cli_rows *rows, const struct kl_cell *cells[]) {
  const struct kl_cell *row;
  rows->stopped |= cli_cancelled();
  if (rows->stopped || kl_cursor_next(rows->cursor, &row) != KL_OK)
    return false;
  if (rows->session->progress.on_screen)
    cli_progress_clear(&rows->session->progress);
  for (size_t i = 0; i < rows->n; i++)
    cells[i] = &row[rows->columns[i]];
  return true;
}

int cli_rows_end(struct cli_rows *rows, int code) {
  bool partial = kl_cursor_partial(rows->cursor);
  free(rows->memory);
  rows->memory = NULL;
  if (rows->stopped || cli_cancelled())
    return CLI_CANCELLED;
  if (code != CLI_ANSWERED || !partial)
    return code;
  cli_session_tell_lost(rows->session, rows->lost_before);
  return CLI_PARTIAL;
}

bool cli_number(const char *text, uint64_t *ret) {
  char *end;
  errno = 0;
  *ret = strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && !*end && !errno;
}

static enum kl_status keep(void *user, const char *p, size_t n) {
  struct cli_room *room = user;
  if (room->used + n > room->capacity) {
    size_t capacity = 2 * (room->used + n);
    char *kept = realloc(room->kept, capacity);
    if (!kept)
      return KL_ERR_NO_MEMORY;
    room->kept = kept;
    room->capacity = capacity;
  }
  memcpy(room->kept + room->used, p, n);
  room->used += n;
  return KL_OK;
}

void cli_room_clear(struct cli_room *room) {
  room->used = 0;
  room->text = kl_text_into(room->buffer, sizeof room->buffer);
  room->text.flush = keep;
  room->text.user = room;
}

bool cli_room_copy(struct cli_room *room, struct kl_text *out) {
  bool whole = kl_text_flush(&room->text) == KL_OK;
  if (whole && room->used)
    kl_text_put(out, room->kept, room->used);
  return whole;
}

void cli_room_free(struct cli_room *room) {
  free(room->kept);
  room->kept = NULL;
  room->used = room->capacity = 0;
}
