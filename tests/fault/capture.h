// A capture of the lab, cut to what a few readings of it touch: real kernels'
// structures, small enough to be attached to again and again.
#ifndef FAULT_CAPTURE_H
#define FAULT_CAPTURE_H

#include "../../fuzz/attached.h"

enum { CAPTURE_WORKSPACE = 1 << 30 };
// Memory that costs when it is touched.
void *capture_block(size_t bytes);

// Reads the tables of a whole dump (an ELF core), keeps the frames that were
// read, and attaches to those alone. query is the reading of each table, but for
// its table; up to `rows` of each. Null: it is no such dump.
struct attached *capture_cut(const char *path, const struct kl_query *query, uint64_t rows);
void capture_free(struct attached *cut);

#endif
