// Aligned columns for people: sized from the first rows, then streaming.
#ifndef CLI_GRID_H
#define CLI_GRID_H

#include "output.h"

struct cli_sink;

enum { CLI_GRID_ROWS = 200, CLI_GRID_BYTES = 256 << 10, CLI_GRID_CELL = 64 << 10 };

struct cli_grid_cell {
  uint32_t at, bytes; // in held
  uint32_t width;
  enum cli_style style;
};

struct cli_grid {
  size_t width[64];
  size_t shown; // columns that fit, from the first
  bool flowing; // widths are settled
  int64_t began_at;
  size_t held_rows, held_bytes;
  char cell[CLI_GRID_CELL]; // the one being shown
  char *held;                  // text of the rows held back
  struct cli_grid_cell *cells; // CLI_GRID_ROWS of them for each column
};

void cli_grid_begin(struct cli_sink *sink);
void cli_grid_row(struct cli_sink *sink, const struct kl_cell *cells);
void cli_grid_end(struct cli_sink *sink, const struct cli *cli);

// A cell as a person reads it, and how it is styled.
enum cli_style cli_cell_show(struct kl_text *out, const struct kl_cell *cell);

#endif
