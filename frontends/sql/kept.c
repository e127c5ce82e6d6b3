#include "kept.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "kernlens/dump.h"
#include "sql_internal.h"
#include "tables/cell.h"

enum {
  MOST_PLANS = 8,           // of one table
  ASKED_BEFORE = 4,         // before anything is kept: most queries ask once
  BLOCK_BYTES = 64 << 10,   // of rows
  MOST_BYTES = 64 << 20,    // of one plan: what does not fit is not kept
  FEWEST_BUCKETS = 1 << 10, // misses need some too
  MOST_MISSES = 1 << 14,    // later ones are asked each time
};

struct sql_kept_row {
  struct sql_kept_row *next; // of its bucket; while rows are collected, the one before
  uint64_t hash;
  bool miss; // no row: keys that the table has nothing for
  struct kl_cell cells[];
};

struct block {
  struct block *next;
  size_t used, bytes;
  uint8_t data[]; // aligned to 8, as SQLite gives memory
};

struct sql_kept {
  struct sql_kept *next;
  struct sql_kept_plan plan;
  size_t n_cells;
  uint8_t place[64]; // of a column's cell in a row
  uint64_t asked, credit;
  enum { COLLECTING, READY, REFUSED } state;
  void *memory; // of the walk
  struct kl_cursor *walk;
  struct block *blocks;
  size_t bytes, rows, misses, n_buckets;
  struct sql_kept_row *last;     // that was collected
  struct sql_kept_row **buckets; // once all are
};

// ── Memory: SQLite's, so that its limit holds for all ──────────────────────

static void *take(struct sql_kept *k, size_t n) {
  n = (n + 7) & ~(size_t)7;
  if (!k->blocks || n > k->blocks->bytes - k->blocks->used) {
    size_t bytes = n > BLOCK_BYTES ? n : BLOCK_BYTES;
    struct block *b = k->bytes + bytes > MOST_BYTES ? NULL : sqlite3_malloc64(sizeof *b + bytes);
    if (!b)
      return NULL;
    *b = (struct block){.next = k->blocks, .bytes = bytes};
    k->blocks = b;
    k->bytes += bytes;
  }
  void *p = k->blocks->data + k->blocks->used;
  k->blocks->used += n;
  return p;
}

static void drop_rows(struct sql_kept *k) {
  while (k->blocks) {
    struct block *next = k->blocks->next;
    sqlite3_free(k->blocks);
    k->blocks = next;
  }
  sqlite3_free(k->buckets);
  free(k->memory);
  k->buckets = NULL;
  k->memory = NULL;
  k->walk = NULL;
  k->last = NULL;
  k->bytes = k->rows = k->n_buckets = 0;
}

void sql_kept_free(struct sql_kept *list) {
  while (list) {
    struct sql_kept *next = list->next;
    drop_rows(list);
    free(list);
    list = next;
  }
}

static bool same_plan(const struct sql_kept_plan *a, const struct sql_kept_plan *b) {
  return a->columns == b->columns && a->n_keys == b->n_keys &&
         memcmp(a->keys, b->keys, a->n_keys * sizeof *a->keys) == 0;
}

struct sql_kept *sql_kept_find(struct sql_kept **list, const struct sql_kept_plan *plan) {
  size_t n = 0;
  for (struct sql_kept *k = *list; k; k = k->next, n++)
    if (same_plan(&k->plan, plan))
      return k;
  struct sql_kept *k = n < MOST_PLANS ? calloc(1, sizeof *k) : NULL;
  if (!k)
    return NULL;
  k->plan = *plan;
  for (uint32_t i = 0; i < plan->table->n_columns; i++)
    if (plan->columns >> i & 1)
      k->place[i] = (uint8_t)k->n_cells++;
  k->next = *list;
  *list = k;
  return k;
}

// ── Finding ────────────────────────────────────────────────────────────────

static uint64_t mix(uint64_t hash, uint64_t v) { // FNV-1a, eight bytes at a time
  return (hash ^ v) * 0x100000001b3 ^ hash >> 29;
}

// Cells that compare as equal have one hash: numbers of any kind by their bits.
static uint64_t hash_cell(uint64_t hash, const struct kl_cell *cell) {
  switch (cell->kind) {
  case KL_CELL_NULL:
  case KL_CELL_UNREADABLE:
    break;
  case KL_CELL_U64:
  case KL_CELL_BOOL:
  case KL_CELL_ADDRESS:
    return mix(hash, cell->u64);
  case KL_CELL_I64:
  case KL_CELL_DURATION:
  case KL_CELL_TIME:
    return mix(hash, (uint64_t)cell->i64);
  case KL_CELL_TEXT:
  case KL_CELL_BYTES:
    for (size_t i = 0; i < cell->n; i++)
      hash = mix(hash, cell->data[i]);
    return hash;
  }
  return hash;
}

static uint64_t hash_values(const struct sql_kept *k, const struct kl_cell *values) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < k->plan.n_keys; i++)
    hash = hash_cell(hash, &values[i]);
  return hash;
}

const struct kl_cell *sql_kept_cell(const struct sql_kept *k, const struct sql_kept_row *row, uint32_t column) {
  return &row->cells[k->place[column]];
}

static uint64_t hash_row(const struct sql_kept *k, const struct sql_kept_row *row) {
  struct kl_cell values[SQL_KEPT_KEYS];
  for (size_t i = 0; i < k->plan.n_keys; i++)
    values[i] = *sql_kept_cell(k, row, k->plan.keys[i]);
  return hash_values(k, values);
}

// Rows of other hashes, and misses, are stepped over.
static const struct sql_kept_row *matching(const struct sql_kept_row *row, uint64_t hash, bool miss) {
  while (row && (row->hash != hash || row->miss != miss))
    row = row->next;
  return row;
}

const struct sql_kept_row *sql_kept_first(const struct sql_kept *k, const struct kl_cell *values) {
  uint64_t hash = hash_values(k, values);
  return k->n_buckets ? matching(k->buckets[hash & (k->n_buckets - 1)], hash, false) : NULL;
}

const struct sql_kept_row *sql_kept_next(const struct sql_kept_row *row) {
  return matching(row->next, row->hash, false);
}

// ── Keeping ────────────────────────────────────────────────────────────────

static struct sql_kept_row *new_row(struct sql_kept *k, size_t n_cells) {
  struct sql_kept_row *row = take(k, sizeof *row + n_cells * sizeof *row->cells);
  if (row)
    row->miss = false;
  return row;
}

static bool keep_cell(struct sql_kept *k, struct kl_cell *to, const struct kl_cell *from) {
  *to = *from;
  if ((from->kind != KL_CELL_TEXT && from->kind != KL_CELL_BYTES) || !from->n)
    return true;
  uint8_t *data = take(k, from->n);
  to->data = data;
  if (data)
    memcpy(data, from->data, from->n);
  return data;
}

static bool keep_row(struct sql_kept *k, const struct kl_cell *cells) {
  struct sql_kept_row *row = new_row(k, k->n_cells);
  if (!row)
    return false;
  for (uint32_t i = 0; i < k->plan.table->n_columns; i++)
    if (k->plan.columns >> i & 1 && !keep_cell(k, &row->cells[k->place[i]], &cells[i]))
      return false;
  row->hash = hash_row(k, row);
  row->next = k->last;
  k->last = row;
  k->rows++;
  return true;
}

static void insert(struct sql_kept *k, struct sql_kept_row *row) {
  struct sql_kept_row **bucket = &k->buckets[row->hash & (k->n_buckets - 1)];
  row->next = *bucket;
  *bucket = row;
}

// From the last row to the first: buckets then have them in the order of the walk.
static bool finish(struct sql_kept *k) {
  k->n_buckets = FEWEST_BUCKETS;
  while (k->n_buckets < k->rows)
    k->n_buckets *= 2;
  k->buckets = sqlite3_malloc64(k->n_buckets * sizeof *k->buckets);
  if (!k->buckets)
    return false;
  memset(k->buckets, 0, k->n_buckets * sizeof *k->buckets);
  while (k->last) {
    struct sql_kept_row *row = k->last;
    k->last = row->next;
    insert(k, row);
  }
  free(k->memory);
  k->memory = NULL;
  k->state = READY;
  return true;
}

static bool refuse(struct sql_kept *k) {
  drop_rows(k);
  k->state = REFUSED;
  return false;
}

static bool begin(struct sql_kept *k, struct kl_dump *dump) {
  struct kl_query query = {.table = k->plan.table, .columns = k->plan.columns};
  size_t bytes = kl_cursor_bytes(k->plan.table);
  k->memory = sql_block(bytes);
  return k->memory && kl_cursor_open(dump, &query, k->memory, bytes, &k->walk) == KL_OK;
}

static uint64_t steps_now(const struct kl_dump *dump) {
  struct kl_statistics now;
  kl_dump_statistics(dump, &now);
  return now.steps;
}

void sql_kept_spent(struct sql_kept *k, uint64_t steps) {
  k->credit += steps;
}

bool sql_kept_ready(struct sql_kept *k, struct kl_dump *dump, bool *cancelled) {
  if (k->state != COLLECTING || k->asked++ < ASKED_BEFORE)
    return k->state == READY;
  if (!k->walk && !begin(k, dump))
    return refuse(k);
  while (k->credit) {
    const struct kl_cell *cells;
    uint64_t before = steps_now(dump);
    enum kl_status status = kl_cursor_next(k->walk, &cells);
    uint64_t steps = steps_now(dump) - before;
    k->credit -= steps < k->credit ? steps : k->credit;
    *cancelled = status == KL_ERR_CANCELLED;
    if (status == KL_END)
      return finish(k) || refuse(k);
    if (*cancelled)
      return refuse(k);
    if (status != KL_OK ||
        !keep_row(k, cells)) // a walk that broke off found less than one that goes straight there
      return refuse(k);
  }
  return false;
}

// ── Misses ─────────────────────────────────────────────────────────────────

static bool same_values(const struct sql_kept *k, const struct sql_kept_row *row, const struct kl_cell *values) {
  for (size_t i = 0; i < k->plan.n_keys; i++) {
    struct kl_constraint equal = {.op = KL_OP_EQ, .value = values[i]};
    if (!kl_cell_meets(&row->cells[i], &equal))
      return false;
  }
  return true;
}

bool sql_kept_missed(const struct sql_kept *k, const struct kl_cell *values) {
  uint64_t hash = hash_values(k, values);
  const struct sql_kept_row *row = matching(k->buckets[hash & (k->n_buckets - 1)], hash, true);
  while (row && !same_values(k, row, values))
    row = matching(row->next, hash, true);
  return row;
}

void sql_kept_miss(struct sql_kept *k, const struct kl_cell *values) {
  if (k->state != READY || k->misses == MOST_MISSES)
    return;
  struct sql_kept_row *row = new_row(k, k->plan.n_keys);
  if (!row)
    return;
  for (size_t i = 0; i < k->plan.n_keys; i++)
    if (!keep_cell(k, &row->cells[i], &values[i]))
      return;
  row->miss = true;
  row->hash = hash_values(k, values);
  k->misses++;
  insert(k, row);
}
