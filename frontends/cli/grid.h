// Aligned columns for people: sized from the first rows, then streaming.
#ifndef CLI_GRID_H
#define CLI_GRID_H

#include "output.h"

struct cli_sink;

enum { CLI_GRID_ROWS = 200 };

// One grid is printed at a time: rows held back lie in static memory.
struct cli_grid {
  size_t width[64];
  size_t shown; // columns that fit, from the first
  bool flowing; // widths are settled
  int64_t began_at;
  size_t held_rows, held_bytes;
};

void cli_grid_begin(struct cli_sink *sink);
void cli_grid_row(struct cli_sink *sink, const struct kl_cell *cells);
void cli_grid_end(struct cli_sink *sink, const struct cli *cli);

// A cell as a person reads it, and how it is styled.
enum cli_style cli_cell_show(struct kl_text *out, const struct kl_cell *cell);

#endif
