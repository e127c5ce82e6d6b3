// Reading a table as a frontend does, and holding it to its contract.
#ifndef FUZZ_ROWS_H
#define FUZZ_ROWS_H

#include "harness.h"
#include "kernel/dump.h"

struct fuzz_rows {
  uint64_t rows;
  enum kl_status opened, ended; // KL_END: to its end; KL_OK: at max_rows
  bool partial;
  uint64_t sum; // of all that was given: two equal readings have the same
};

// Reads up to max_rows: cells are what columns promise, their bytes can be read,
// a reading that lost something says so. query.table is set. What a reading leaves
// in the dump's arena (BTFs that it opened) stays, as it does for frontends.
// each, of max_rows, takes the sum of every row; it may be null.
struct fuzz_rows fuzz_read_rows(struct kl_dump *dump, const struct kl_query *query, uint64_t max_rows,
                                uint64_t *each);

#endif
