// Containers of the kernel's own making: xarrays (and IDRs), maple trees.
#ifndef GENERATOR_TREES_H
#define GENERATOR_TREES_H

#include "guest.h"

void declare_trees(struct guest *g);

// Stores an entry as it is (a pointer, or a value with bit 0) into the struct
// xarray at this address.
void xarray_store(struct guest *g, uint64_t array, uint64_t index, uint64_t entry);

// Fills an empty struct maple_tree with areas in ascending order.
struct maple_range {
  uint64_t first, last, entry;
};
void maple_fill(struct guest *g, uint64_t tree, const struct maple_range *ranges, size_t n);

#endif
