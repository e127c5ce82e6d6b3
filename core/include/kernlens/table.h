// Tables: every subject that kernlens knows, as rows of typed cells.
//
// One registry names them all; a pull cursor gives one row at a time into
// memory of the caller. The names are public: see the table contract in
// core/tables/README.md.
#ifndef KERNLENS_TABLE_H
#define KERNLENS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernlens/status.h"

struct kl_dump;

enum kl_cell_kind {
  KL_CELL_NULL,       // no such value here
  KL_CELL_UNREADABLE, // there is one; why says what kept it from us
  KL_CELL_U64,
  KL_CELL_I64,
  KL_CELL_BOOL,     // u64 is 0 or 1
  KL_CELL_ADDRESS,  // printed as 0x and 16 digits
  KL_CELL_TEXT,     // bytes of the guest: not checked, not terminated
  KL_CELL_BYTES,    // printed as hex
  KL_CELL_DURATION, // i64, nanoseconds
  KL_CELL_TIME,     // i64, Unix seconds
};

struct kl_cell {
  enum kl_cell_kind kind;
  enum kl_status why;  // UNREADABLE only
  uint64_t u64;        // U64, BOOL, ADDRESS
  int64_t i64;         // I64, DURATION, TIME
  const uint8_t *data; // TEXT, BYTES: valid until the next row
  size_t n;
};

enum {
  KL_COLUMN_KEY = 1,    // part of what identifies a row between two dumps
  KL_COLUMN_PUSHED = 2, // an equality on it makes the walk shorter
  KL_COLUMN_COSTLY = 4, // computed only when asked for, and not cheap
  KL_COLUMN_HIDDEN = 8, // shown only when named
};

struct kl_column {
  const char *name;
  enum kl_cell_kind kind;
  uint32_t flags;
  const char *doc; // one line
};

enum {
  KL_TABLE_IMAGE_ONLY = 1, // needs no attached kernel
  KL_TABLE_ONE_ROW = 2,    // always exactly one row: shown upright
  KL_TABLE_GROWS = 4,      // its rows grow as other tables are read
};

struct kl_table {
  const char *name;
  const char *group;   // machine, types, processes, network, memory, bpf, tampering: for listings
  const char *doc;     // one line
  const char *example; // a command line behind "kernlens "
  uint32_t flags;
  uint32_t typical_rows; // of a server: for planning, a power of ten will do; 0: hundreds
  uint32_t n_columns;    // at most 64
  const struct kl_column *columns;
  const struct kl_table_code *code; // how rows are made: core/tables/cursor.h
};

// Table i of the registry, null past the last; a table by name, or null.
const struct kl_table *kl_table_at(size_t i);
const struct kl_table *kl_table_find(const char *name);
// The number of a column, or -1.
int kl_table_column(const struct kl_table *table, const char *name);
// The columns that are shown when none are named: all but the hidden ones.
uint64_t kl_table_shown(const struct kl_table *table);

enum kl_op { KL_OP_EQ, KL_OP_LT, KL_OP_LE, KL_OP_GT, KL_OP_GE };

struct kl_constraint {
  uint32_t column;
  enum kl_op op;
  struct kl_cell value; // data is borrowed until the cursor is closed
};

struct kl_query {
  const struct kl_table *table;
  const struct kl_constraint *constraints; // all must hold; null when n is 0; borrowed, as their values
  size_t n_constraints;
  uint64_t columns; // bit i: column i is wanted; others come as null
  uint64_t steps;   // budget; 0: the limit's default
};

struct kl_cursor; // opaque; lives in the caller's memory

// Bytes that a cursor over this table needs (aligned to 16 by the caller).
size_t kl_cursor_bytes(const struct kl_table *table);
// Opens a cursor in memory (borrowed until it is no longer used; nothing to
// close). dump must be attached unless the table is KL_TABLE_IMAGE_ONLY.
enum kl_status kl_cursor_open(struct kl_dump *dump, const struct kl_query *query, void *memory, size_t bytes,
                              struct kl_cursor **ret) KL_MUST_USE;
// The next row that meets all constraints: table->n_columns cells, valid until
// the next call. KL_END after the last. Any other status: the walk stopped
// early there; it is in the diagnostics, and the answer is partial.
enum kl_status kl_cursor_next(struct kl_cursor *cursor, const struct kl_cell **ret) KL_MUST_USE;
// True when any cell was unreadable or the walk stopped early.
bool kl_cursor_partial(const struct kl_cursor *cursor);

#endif
