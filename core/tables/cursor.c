// The generic part of every table: memory, constraints, cells, diagnostics.
#include "tables/cursor.h"

#include "base/checked.h"
#include "base/memory.h"
#include "tables/cell.h"

enum { ALIGN = 16, REPORT_ROWS = 4096 };

static size_t rounded(size_t n) {
  return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

// The parts of the caller's memory, in the order in which they lie.
struct layout {
  size_t cells, objects, state, text, bytes;
};

static struct layout layout_of(const struct kl_table *table) {
  struct layout l;
  l.cells = rounded(sizeof(struct kl_cursor));
  l.objects = l.cells + rounded(table->n_columns * sizeof(struct kl_cell));
  l.state = l.objects + rounded(table->n_columns * sizeof(uint64_t));
  l.text = l.state + rounded(table->code->state_bytes);
  l.bytes = l.text + rounded(table->code->text_bytes);
  return l;
}

size_t kl_cursor_bytes(const struct kl_table *table) {
  return layout_of(table).bytes;
}

// The user wants no more: what was read last may not be what memory holds.
static bool stopped(const struct kl_dump *dump) {
  return dump->image && kl_image_stopped(dump->image);
}

static bool query_valid(const struct kl_query *q) {
  if (q->table->n_columns > 64)
    return false;
  for (size_t i = 0; i < q->n_constraints; i++)
    if (q->constraints[i].column >= q->table->n_columns)
      return false;
  return true;
}

enum kl_status kl_cursor_open(struct kl_dump *dump, const struct kl_query *query, void *memory, size_t bytes,
                              struct kl_cursor **ret) {
  struct layout l = layout_of(query->table);
  if (!query_valid(query) || (uintptr_t)memory % ALIGN || bytes < l.bytes)
    return KL_ERR_ARGUMENT;
  if (!dump->kernel && !(query->table->flags & KL_TABLE_IMAGE_ONLY))
    return KL_ERR_ARGUMENT;
  memset(memory, 0, l.text);
  uint8_t *p = memory;
  struct kl_cursor *c = memory;
  c->dump = dump;
  c->kernel = dump->kernel;
  c->query = *query;
  for (size_t i = 0; i < query->n_constraints; i++)
    c->query.columns |= 1ull << query->constraints[i].column;
  uint64_t before = query->steps ? query->steps : dump->options.limits.steps;
  c->budget.steps = before;
  c->cells = (void *)(p + l.cells);
  c->objects = (void *)(p + l.objects);
  c->state = p + l.state;
  c->text = kl_text_into((char *)p + l.text, query->table->code->text_bytes);
  *ret = c;
  if (!query->table->code->open)
    return KL_OK;
  enum kl_status status = query->table->code->open(c);
  dump->steps += before - c->budget.steps;
  if (stopped(dump))
    status = KL_ERR_CANCELLED;
  if (status == KL_OK)
    return KL_OK;
  c->done = true;
  if (status == KL_END)
    return KL_OK;
  kl_lost(c, "rows", 0, status);
  return status;
}

// The unreadable cells of a row that is given, or that could not be judged.
static void note_unreadable(struct kl_cursor *c, uint64_t columns) {
  const struct kl_table *table = c->query.table;
  for (uint32_t i = 0; i < table->n_columns; i++)
    if (columns >> i & 1 && c->cells[i].kind == KL_CELL_UNREADABLE)
      kl_lost(c, table->columns[i].name, c->objects[i], c->cells[i].why);
}

// Whether the row is given. A row that fails no constraint, but whose
// constrained cell is unreadable, might belong: that is said.
static bool row_kept(struct kl_cursor *c) {
  uint64_t doubtful = 0;
  for (size_t i = 0; i < c->query.n_constraints; i++) {
    const struct kl_constraint *k = &c->query.constraints[i];
    if (kl_cell_meets(&c->cells[k->column], k))
      continue;
    if (c->cells[k->column].kind != KL_CELL_UNREADABLE)
      return false;
    doubtful |= 1ull << k->column;
  }
  note_unreadable(c, doubtful ? doubtful : c->query.columns);
  return !doubtful;
}

static enum kl_status make_row(struct kl_cursor *c) {
  const struct kl_progress *progress = &c->dump->options.progress;
  memset(c->cells, 0, c->query.table->n_columns * sizeof *c->cells);
  c->filled = 0;
  c->text.used = 0;
  c->text.truncated = false;
  if (++c->rows % REPORT_ROWS == 0 && progress->report &&
      !progress->report(progress->user, c->query.table->name, c->rows, 0))
    return KL_ERR_CANCELLED;
  uint64_t before = c->budget.steps;
  KL_TRY(kl_budget_spend(&c->budget, 1));
  enum kl_status status = c->query.table->code->next(c);
  c->dump->steps += before - c->budget.steps;
  return stopped(c->dump) ? KL_ERR_CANCELLED : status;
}

enum kl_status kl_cursor_next(struct kl_cursor *c, const struct kl_cell **ret) {
  while (!c->done) {
    enum kl_status status = make_row(c);
    if (status == KL_OK) {
      if (!row_kept(c))
        continue;
      *ret = c->cells;
      return KL_OK;
    }
    c->done = true;
    if (status != KL_END)
      kl_lost(c, "rows", 0, status);
    return status;
  }
  return KL_END;
}

bool kl_cursor_partial(const struct kl_cursor *cursor) {
  return cursor->partial;
}

bool kl_wants(const struct kl_cursor *c, uint32_t column) {
  return c->query.columns >> column & 1;
}

static const struct kl_cell *pushed(const struct kl_cursor *c, uint32_t column) {
  for (size_t i = 0; i < c->query.n_constraints; i++)
    if (c->query.constraints[i].column == column && c->query.constraints[i].op == KL_OP_EQ)
      return &c->query.constraints[i].value;
  return NULL;
}

// The value of a constraint as an unsigned number. False: not a number, or
// negative.
static bool unsigned_value(const struct kl_cell *v, uint64_t *ret) {
  switch (v->kind) {
  case KL_CELL_U64:
  case KL_CELL_BOOL:
  case KL_CELL_ADDRESS:
    *ret = v->u64;
    return true;
  case KL_CELL_I64:
  case KL_CELL_DURATION:
  case KL_CELL_TIME:
    *ret = (uint64_t)v->i64;
    return v->i64 >= 0;
  case KL_CELL_NULL:
  case KL_CELL_UNREADABLE:
  case KL_CELL_TEXT:
  case KL_CELL_BYTES:
    break;
  }
  return false;
}

bool kl_pushed_u64(const struct kl_cursor *c, uint32_t column, uint64_t *ret) {
  const struct kl_cell *v = pushed(c, column);
  return v && unsigned_value(v, ret);
}

bool kl_pushed_bytes(const struct kl_cursor *c, uint32_t column, struct kl_bytes *ret) {
  const struct kl_cell *v = pushed(c, column);
  if (!v || (v->kind != KL_CELL_TEXT && v->kind != KL_CELL_BYTES))
    return false;
  *ret = kl_bytes_of(v->data, v->n);
  return true;
}

// Narrows [*min, *max] by one bound.
static bool narrow(enum kl_op op, uint64_t v, uint64_t *min, uint64_t *max) {
  if ((op == KL_OP_LT && v == 0) || (op == KL_OP_GT && v == UINT64_MAX))
    return false;
  if (op == KL_OP_EQ || op == KL_OP_GE || op == KL_OP_GT)
    *min = kl_max(*min, op == KL_OP_GT ? v + 1 : v);
  if (op == KL_OP_EQ || op == KL_OP_LE || op == KL_OP_LT)
    *max = kl_min(*max, op == KL_OP_LT ? v - 1 : v);
  return *min <= *max;
}

bool kl_pushed_range(const struct kl_cursor *c, uint32_t column, uint64_t *min, uint64_t *max) {
  *min = 0;
  *max = UINT64_MAX;
  for (size_t i = 0; i < c->query.n_constraints; i++) {
    const struct kl_constraint *k = &c->query.constraints[i];
    uint64_t v;
    // A negative or textual bound is left to the generic check.
    if (k->column == column && unsigned_value(&k->value, &v) && !narrow(k->op, v, min, max))
      return false;
  }
  return true;
}

bool kl_keeps(const struct kl_cursor *c) {
  for (size_t i = 0; i < c->query.n_constraints; i++) {
    const struct kl_constraint *k = &c->query.constraints[i];
    if (c->filled >> k->column & 1 && c->cells[k->column].kind != KL_CELL_UNREADABLE &&
        !kl_cell_meets(&c->cells[k->column], k))
      return false;
  }
  return true;
}

void kl_lost(struct kl_cursor *c, const char *what, uint64_t object, enum kl_status why) {
  c->partial = true;
  if (why == KL_ERR_CANCELLED) {       // nothing is wrong there: the user knows, and no step more is taken
    c->dump->steps -= c->budget.steps; // what is left is not spent
    c->budget.steps = 0;
    return;
  }
  kl_diagnostics_add(&c->dump->diagnostics, c->query.table->name, what, object, why);
}

// The cell to fill, with its kind set: null when the column is not wanted.
static struct kl_cell *cell_of(struct kl_cursor *c, uint32_t column, enum kl_status status, uint64_t object) {
  if (!kl_wants(c, column))
    return NULL;
  struct kl_cell *cell = &c->cells[column];
  c->filled |= 1ull << column;
  c->objects[column] = object;
  *cell = (struct kl_cell){.kind = c->query.table->columns[column].kind};
  if (status != KL_OK)
    *cell = (struct kl_cell){.kind = KL_CELL_UNREADABLE, .why = status};
  return cell;
}

void kl_put(struct kl_cursor *c, uint32_t column, enum kl_status status, uint64_t object, uint64_t v) {
  struct kl_cell *cell = cell_of(c, column, status, object);
  if (!cell || status != KL_OK)
    return;
  cell->u64 = cell->kind == KL_CELL_BOOL ? v != 0 : v;
  cell->i64 = (int64_t)v;
}

void kl_put_written(struct kl_cursor *c, uint32_t column, enum kl_status status, uint64_t object, size_t start) {
  struct kl_cell *cell = cell_of(c, column, status, object);
  if (c->text.truncated) {
    c->text.truncated = false;
    if (cell && status == KL_OK)
      kl_lost(c, c->query.table->columns[column].name, object, KL_ERR_LIMIT);
  }
  if (!cell || status != KL_OK) {
    c->text.used = start;
    return;
  }
  cell->data = (const uint8_t *)c->text.buffer + start;
  cell->n = c->text.used - start;
}

void kl_put_bytes(struct kl_cursor *c, uint32_t column, enum kl_status status, uint64_t object, const void *p,
                  size_t n) {
  size_t start = c->text.used;
  if (status == KL_OK && kl_wants(c, column))
    kl_text_put(&c->text, p, n);
  kl_put_written(c, column, status, object, start);
}

void kl_put_string(struct kl_cursor *c, uint32_t column, const char *s) {
  struct kl_cell *cell = cell_of(c, column, KL_OK, 0);
  if (!cell)
    return;
  cell->data = (const uint8_t *)s;
  cell->n = kl_string_length(s);
}

static void put_text_field(struct kl_cursor *c, uint32_t column, uint64_t object, enum kl_field_id field) {
  char text[256];
  size_t n = 0;
  enum kl_status status = kl_get_text(c->kernel, object, field, text, sizeof text, &n);
  bool cut = status == KL_ERR_LIMIT; // it is longer than any array of names
  kl_put_bytes(c, column, cut ? KL_OK : status, object, text, n);
  if (cut)
    kl_lost(c, c->query.table->columns[column].name, object, status);
}

void kl_put_field(struct kl_cursor *c, uint32_t column, uint64_t object, enum kl_field_id field) {
  if (!kl_wants(c, column))
    return;
  enum kl_cell_kind kind = c->query.table->columns[column].kind;
  if (kind == KL_CELL_TEXT) {
    put_text_field(c, column, object, field);
    return;
  }
  uint64_t v = 0;
  enum kl_status status =
      kind == KL_CELL_ADDRESS ? kl_get_pointer(c->kernel, object, field, &v) : kl_get(c->kernel, object, field, &v);
  kl_put(c, column, status, object, v);
}
