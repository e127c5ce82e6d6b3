// Rows kept in memory.
#include "kept_rows.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tables/cell.h"

struct cli_kept_row {
  uint64_t hash;
  size_t at;     // its cells, in bytes: those of the key first
  uint32_t next; // of its bucket
  uint32_t key_bytes;
  bool taken;
};

enum { CELL_BYTES = 10 }; // kind, and a number or a length

void cli_kept_init(struct cli_kept_rows *kept, uint64_t key, uint64_t rest, uint32_t n_columns) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  *kept = (struct cli_kept_rows){.key = key, .rest = rest & ~key, .n_columns = n_columns};
  // The address of this object is chance too.
  kept->seed = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u ^ (uint64_t)(uintptr_t)kept ^ (uint64_t)now.tv_sec;
}

void cli_kept_free(struct cli_kept_rows *kept) {
  free(kept->bytes);
  free(kept->rows);
  free(kept->buckets);
}

static bool has_bytes(const struct kl_cell *cell) {
  return cell->kind == KL_CELL_TEXT || cell->kind == KL_CELL_BYTES;
}

// ── In bytes ───────────────────────────────────────────────────────────────

static uint8_t *put_cell(uint8_t *p, const struct kl_cell *cell) {
  uint64_t number = has_bytes(cell)                    ? cell->n
                    : cell->kind == KL_CELL_UNREADABLE ? (uint64_t)cell->why
                    : cell->kind == KL_CELL_I64        ? (uint64_t)cell->i64
                    : cell->kind == KL_CELL_DURATION   ? (uint64_t)cell->i64
                    : cell->kind == KL_CELL_TIME       ? (uint64_t)cell->i64
                    : cell->kind == KL_CELL_NULL       ? 0
                                                       : cell->u64;
  *p++ = (uint8_t)cell->kind;
  memcpy(p, &number, sizeof number);
  p += sizeof number;
  if (!has_bytes(cell))
    return p;
  if (cell->n)
    memcpy(p, cell->data, cell->n);
  return p + cell->n;
}

static const uint8_t *get_cell(const uint8_t *p, struct kl_cell *ret) {
  uint64_t number;
  *ret = (struct kl_cell){.kind = (enum kl_cell_kind) * p++};
  memcpy(&number, p, sizeof number);
  p += sizeof number;
  if (ret->kind == KL_CELL_UNREADABLE) {
    ret->why = (enum kl_status)number;
  } else if (has_bytes(ret)) {
    ret->data = p;
    ret->n = (size_t)number;
    p += ret->n;
  } else {
    ret->u64 = number;
    ret->i64 = (int64_t)number;
  }
  return p;
}

static size_t bytes_of(const struct cli_kept_rows *kept, const struct kl_cell *cells) {
  size_t bytes = 0;
  for (uint32_t i = 0; i < kept->n_columns; i++)
    if ((kept->key | kept->rest) >> i & 1)
      bytes += CELL_BYTES + (has_bytes(&cells[i]) ? cells[i].n : 0);
  return bytes;
}

static uint8_t *put_cells(uint8_t *p, const struct cli_kept_rows *kept, uint64_t columns,
                          const struct kl_cell *cells) {
  for (uint32_t i = 0; i < kept->n_columns; i++)
    if (columns >> i & 1)
      p = put_cell(p, &cells[i]);
  return p;
}

static uint64_t hash_of(const struct cli_kept_rows *kept, const uint8_t *p, size_t n) {
  uint64_t h = kept->seed ^ n;
  for (; n; p += n < 8 ? n : 8, n -= n < 8 ? n : 8) {
    uint64_t word = 0;
    memcpy(&word, p, n < 8 ? n : 8);
    h = (h ^ word) * (kept->seed | 1);
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9u;
    h ^= h >> 32;
  }
  return h;
}

// ── Room ───────────────────────────────────────────────────────────────────

static enum kl_status grow(void *array, size_t *capacity, size_t item, size_t wanted) {
  void *old;
  size_t more = *capacity ? *capacity : 4096;
  while (more < wanted)
    more *= 2;
  memcpy(&old, array, sizeof old);
  void *bigger = realloc(old, more * item);
  if (!bigger)
    return KL_ERR_NO_MEMORY;
  memcpy(array, &bigger, sizeof bigger);
  *capacity = more;
  return KL_OK;
}

static enum kl_status make_room(struct cli_kept_rows *kept, size_t bytes) {
  uint64_t index = (uint64_t)(kept->n + 1) * (sizeof *kept->rows + 2 * sizeof *kept->buckets);
  if (bytes > CLI_KEPT_BYTES || kept->used + (uint64_t)bytes + index > CLI_KEPT_BYTES)
    return KL_ERR_LIMIT;
  if (kept->used + bytes > kept->capacity)
    KL_TRY(grow(&kept->bytes, &kept->capacity, 1, kept->used + bytes));
  if (kept->n == kept->rows_capacity)
    KL_TRY(grow(&kept->rows, &kept->rows_capacity, sizeof *kept->rows, kept->n + 1));
  return KL_OK;
}

// Behind the kept rows: a row that is looked for, or about to be kept.
static enum kl_status write_row(struct cli_kept_rows *kept, const struct kl_cell *cells, size_t *key_bytes,
                                size_t *bytes) {
  KL_TRY(make_room(kept, bytes_of(kept, cells)));
  uint8_t *start = kept->bytes + kept->used, *rest = put_cells(start, kept, kept->key, cells);
  *key_bytes = (size_t)(rest - start);
  *bytes = (size_t)(put_cells(rest, kept, kept->rest, cells) - start);
  return KL_OK;
}

enum kl_status cli_kept_add(struct cli_kept_rows *kept, const struct kl_cell *cells) {
  size_t key_bytes, bytes;
  KL_TRY(write_row(kept, cells, &key_bytes, &bytes));
  if (key_bytes > UINT32_MAX || kept->n == UINT32_MAX - 1)
    return KL_ERR_LIMIT;
  kept->rows[kept->n++] = (struct cli_kept_row){.hash = hash_of(kept, kept->bytes + kept->used, key_bytes),
                                                .at = kept->used,
                                                .key_bytes = (uint32_t)key_bytes};
  kept->used += bytes;
  return KL_OK;
}

// ── By key ─────────────────────────────────────────────────────────────────

enum kl_status cli_kept_index(struct cli_kept_rows *kept) {
  kept->n_buckets = 16;
  while (kept->n_buckets < kept->n)
    kept->n_buckets *= 2;
  kept->buckets = calloc(kept->n_buckets, sizeof *kept->buckets);
  if (!kept->buckets)
    return KL_ERR_NO_MEMORY;
  for (size_t i = kept->n; i-- > 0;) { // backwards: a bucket's first is the first that was kept
    uint32_t *bucket = &kept->buckets[kept->rows[i].hash & (kept->n_buckets - 1)];
    kept->rows[i].next = *bucket;
    *bucket = (uint32_t)i + 1;
  }
  return KL_OK;
}

size_t cli_kept_take(struct cli_kept_rows *kept, const struct kl_cell *cells) {
  size_t key_bytes, bytes;
  if (write_row(kept, cells, &key_bytes, &bytes) != KL_OK)
    return SIZE_MAX;
  const uint8_t *key = kept->bytes + kept->used;
  uint64_t hash = hash_of(kept, key, key_bytes);
  uint32_t *link = &kept->buckets[hash & (kept->n_buckets - 1)];
  while (*link) {
    struct cli_kept_row *row = &kept->rows[*link - 1];
    if (row->hash == hash && row->key_bytes == key_bytes && !memcmp(kept->bytes + row->at, key, key_bytes)) {
      row->taken = true;
      *link = row->next; // rows of one key are looked at once each
      return (size_t)(row - kept->rows);
    }
    link = &row->next;
  }
  return SIZE_MAX;
}

bool cli_kept_taken(const struct cli_kept_rows *kept, size_t row) {
  return kept->rows[row].taken;
}

void cli_kept_cells(const struct cli_kept_rows *kept, size_t row, struct kl_cell *cells) {
  const uint8_t *p = kept->bytes + kept->rows[row].at;
  const uint64_t parts[] = {kept->key, kept->rest};
  memset(cells, 0, kept->n_columns * sizeof *cells);
  for (size_t part = 0; part < 2; part++)
    for (uint32_t i = 0; i < kept->n_columns; i++)
      if (parts[part] >> i & 1)
        p = get_cell(p, &cells[i]);
}

bool cli_rows_same(const struct kl_cell *a, const struct kl_cell *b, uint64_t columns) {
  for (uint32_t i = 0; i < 64; i++) {
    int order;
    if (!(columns >> i & 1) || a[i].kind == KL_CELL_UNREADABLE || b[i].kind == KL_CELL_UNREADABLE)
      continue;
    if (a[i].kind != b[i].kind)
      return false;
    if (a[i].kind != KL_CELL_NULL && (!kl_cell_compare(&a[i], &b[i], &order) || order))
      return false;
  }
  return true;
}
