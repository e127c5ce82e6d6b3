// Cells as text: parsing what a user typed, comparing, printing. Every frontend
// uses these, so that one value has one spelling everywhere.
#ifndef KL_TABLES_CELL_H
#define KL_TABLES_CELL_H

#include "base/text.h"
#include "kernlens/table.h"

// Orders two cells: *ret is negative, 0 or positive. False when they can't be
// compared (null, unreadable, text against a number). Numbers of any kind
// compare by value; text and bytes byte for byte.
bool kl_cell_compare(const struct kl_cell *a, const struct kl_cell *b, int *ret);
// Whether a cell meets a constraint. Null and unreadable cells meet none.
bool kl_cell_meets(const struct kl_cell *cell, const struct kl_constraint *constraint);

// Text of any bytes in its public form: valid UTF-8, with a byte that is not (or
// is NUL, which C strings can't carry) as \xNN and a backslash doubled.
void kl_text_guest(struct kl_text *out, const uint8_t *p, size_t n);
// The inverse, appended to out. Takes \\ and \xNN; another backslash is itself.
void kl_text_guest_undo(struct kl_text *out, struct kl_bytes text);

// A cell in its plain spelling: decimal, 0x and 16 digits, true and false,
// hex, the public form of text. Null and unreadable: nothing.
void kl_cell_print(struct kl_text *out, const struct kl_cell *cell);
// A cell as a JSON value. Addresses and bytes are strings; null and
// unreadable: null.
void kl_cell_json(struct kl_text *out, const struct kl_cell *cell);

// Parses the plain spelling of a value of this kind. Numbers also in hex with
// 0x; bool also 0, 1, yes, no. Text and bytes are appended to room, and
// borrowed from it. KL_ERR_ARGUMENT: not such a value; KL_ERR_LIMIT: room is
// too small.
enum kl_status kl_cell_parse(enum kl_cell_kind kind, struct kl_bytes text, struct kl_text *room,
                             struct kl_cell *ret) KL_MUST_USE;

// Parses "column=value" (or <, <=, >, >=) against a table. KL_ERR_ARGUMENT: no
// operator; KL_ERR_NOT_FOUND: no such column (*column is its name either way,
// may be null); otherwise as kl_cell_parse.
enum kl_status kl_constraint_parse(const struct kl_table *table, struct kl_bytes text, struct kl_text *room,
                                   struct kl_constraint *ret, struct kl_bytes *column) KL_MUST_USE;

#endif
