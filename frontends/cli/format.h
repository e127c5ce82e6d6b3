// Rows in the format that was asked for.
#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include "grid.h"
#include "output.h"

// What is printed: a set of columns in an order.
struct cli_sink {
  enum cli_format format;
  struct cli_output *out;
  const struct kl_column *columns; // of a row's cells
  uint32_t order[64];              // which of them, in which order
  size_t n;
  bool upright;  // one row: a line a column, where a table is printed
  bool explicit; // the user named the columns: none is dropped
  uint64_t rows;
  struct cli_grid grid;
};

// The columns of a mask, in their own order.
void cli_sink_init(struct cli_sink *sink, const struct cli *cli, struct cli_output *out,
                   const struct kl_column *columns, uint64_t mask);
// Takes "a,b,c" for the columns. False after a usage error has been said.
bool cli_sink_choose(struct cli_sink *sink, const struct cli *cli, uint32_t n_columns);
void cli_sink_begin(struct cli_sink *sink);
// cells: as many as columns. False when writing has failed.
bool cli_sink_row(struct cli_sink *sink, const struct kl_cell *cells);
void cli_sink_end(struct cli_sink *sink, const struct cli *cli);

#endif
