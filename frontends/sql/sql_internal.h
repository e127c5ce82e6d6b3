// What the files of frontends/sql share.
#ifndef SQL_INTERNAL_H
#define SQL_INTERNAL_H

#include "sql.h"

#include "base/text.h"

// A block as the core wants it, aligned to 16 (malloc aligns to 8 where pointers
// have 32 bits); to be freed. Null when memory is short.
void *sql_block(size_t n);

// Registers a virtual table for each table of the registry.
int sql_tables_register(sqlite3 *db, struct kl_dump *dump);
// Registers phys(), read_bytes(), symbol(), type_json(), addr(), regexp().
int sql_functions_register(sqlite3 *db, struct kl_dump *dump);
// Creates the views that answer common questions.
int sql_views_create(sqlite3 *db);
// From now on nothing but reading is allowed.
int sql_guard(sqlite3 *db);

// Gives what was written to text as the result of a function or a column.
void sql_result_text(sqlite3_context *context, struct kl_text *text);
// An address argument: an integer, or text in hex or decimal. False: neither.
bool sql_address(sqlite3_value *value, uint64_t *ret);

#endif
