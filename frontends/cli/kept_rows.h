// Rows of a table kept in memory, to be found by their key.
#ifndef CLI_KEPT_ROWS_H
#define CLI_KEPT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernlens/table.h"

enum { CLI_KEPT_BYTES = 1 << 30 }; // at most, with their index: 8 to 16 million page frames

// Which cells a row's key is made of, and which are compared: bit i is column i.
struct cli_kept_rows {
  uint64_t key, rest;
  uint32_t n_columns;
  uint8_t *bytes; // of all rows
  size_t used, capacity;
  struct cli_kept_row *rows;
  size_t n, rows_capacity;
  uint32_t *buckets; // row + 1; 0: empty
  size_t n_buckets;  // a power of two
  uint64_t seed;     // of the hash: a dump can't know it
};

void cli_kept_init(struct cli_kept_rows *kept, uint64_t key, uint64_t rest, uint32_t n_columns);
void cli_kept_free(struct cli_kept_rows *kept);
// KL_ERR_LIMIT: past CLI_KEPT_BYTES; KL_ERR_NO_MEMORY.
enum kl_status cli_kept_add(struct cli_kept_rows *kept, const struct kl_cell *cells) KL_MUST_USE;
// When all are there, and before the first is looked for.
enum kl_status cli_kept_index(struct cli_kept_rows *kept) KL_MUST_USE;
// The first row of this key that was not taken yet: takes it. SIZE_MAX: there
// is none.
size_t cli_kept_take(struct cli_kept_rows *kept, const struct kl_cell *cells);
bool cli_kept_taken(const struct cli_kept_rows *kept, size_t row);
// A row's cells, all of them: those that were not kept are null. Text stays
// where it is kept.
void cli_kept_cells(const struct cli_kept_rows *kept, size_t row, struct kl_cell *cells);

// Whether two rows say the same in these columns. A cell that can't be read in
// one of them is no difference: what it holds is not known.
bool cli_rows_same(const struct kl_cell *a, const struct kl_cell *b, uint64_t columns);

#endif
