// What a table is made of, and the helpers that fill its rows.
//
// A table is one file (core/tables/README.md says how to add one): an enum of
// its columns, the array of kl_column in the same order, a fixed-size state,
// open and next. The generic part (cursor.c) applies every constraint again, so a table pushes down only what pays.
#ifndef KL_TABLES_CURSOR_H
#define KL_TABLES_CURSOR_H

#include "base/budget.h"
#include "base/text.h"
#include "kernel/dump.h"
#include "kernlens/table.h"

struct kl_table_code {
  size_t state_bytes; // of the table's own state, zeroed before open
  size_t text_bytes;  // room for the text and bytes of one row
  // Both return KL_OK, KL_END (open: no rows at all) or what stopped the walk.
  enum kl_status (*open)(struct kl_cursor *cursor); // may be null
  enum kl_status (*next)(struct kl_cursor *cursor); // fills one row
  // Tables whose rows follow page frames, by the column that has their numbers:
  // finds what all ranges of them need (share.h). False: this query is not to be
  // cut. Null: none is.
  bool (*share)(struct kl_cursor *cursor);
  uint32_t frame_column;
};

struct kl_cursor {
  struct kl_dump *dump;
  struct kl_kernel *kernel; // null for KL_TABLE_IMAGE_ONLY on a dump that is not attached
  struct kl_query query;    // columns: with those that a constraint names
  struct kl_budget budget;
  void *state;
  struct kl_cell *cells;
  uint64_t *objects;   // by column: where an unreadable cell's value should have been
  uint64_t filled;     // bit i: cell i of this row has been put
  struct kl_text text; // of the row being made
  uint64_t rows;       // made so far, given or not
  bool partial, done;
};

// True when the column is wanted (asked for, or constrained).
bool kl_wants(const struct kl_cursor *c, uint32_t column);
// An equality on a column that the caller pushed: its value.
bool kl_pushed_u64(const struct kl_cursor *c, uint32_t column, uint64_t *ret);
bool kl_pushed_bytes(const struct kl_cursor *c, uint32_t column, struct kl_bytes *ret);
// The bounds that all constraints on a column leave, both inclusive: 0 and
// UINT64_MAX without any. False when nothing can meet them.
bool kl_pushed_range(const struct kl_cursor *c, uint32_t column, uint64_t *min, uint64_t *max);
// False when a cell of this row that has been put fails a constraint: next may
// then return KL_OK at once, without the costly columns.
bool kl_keeps(const struct kl_cursor *c);

// Cells. status is that of getting the value: anything but KL_OK makes the cell
// unreadable, with object (an address, or 0) in the diagnostics;
// KL_ERR_NOT_FOUND too (a member that this kernel lacks). Null: what is not put.
void kl_put(struct kl_cursor *c, uint32_t column, enum kl_status status, uint64_t object, uint64_t v);
void kl_put_bytes(struct kl_cursor *c, uint32_t column, enum kl_status status, uint64_t object, const void *p,
                  size_t n);                                             // TEXT and BYTES: copied into the row
void kl_put_string(struct kl_cursor *c, uint32_t column, const char *s); // static string: not copied
// What was appended to c->text since its used was start: for text that is made
// in place (paths, type names). What did not fit is noted as lost.
void kl_put_written(struct kl_cursor *c, uint32_t column, enum kl_status status, uint64_t object, size_t start);
// A field of an object, by the column's kind (numbers, addresses, char arrays).
void kl_put_field(struct kl_cursor *c, uint32_t column, uint64_t object, enum kl_field_id field);
// Notes that the walk lost something here, and the answer is partial.
void kl_lost(struct kl_cursor *c, const char *what, uint64_t object, enum kl_status why);

#endif
