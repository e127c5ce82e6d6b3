// What the variables of the swap code look like in memory, for kernels that do
// not name them. Sources: mm/swapfile.c, mm/swap_state.c.
#ifndef KL_KERNEL_SWAP_SHAPES_H
#define KL_KERNEL_SWAP_SHAPES_H

#include "kernel/kernel.h"

// swap_info[]: an area in use at least, each of which knows its own number and
// the file that it is in.
bool kl_is_swap_info(struct kl_kernel *k, uint64_t at);
// The others are told by it, and so are false while it is not known.
// nr_swapfiles: as many as swap_info has.
bool kl_is_swap_count(struct kl_kernel *k, uint64_t at);
// nr_swapper_spaces[]: an address_space for each 2^14 pages of each area.
bool kl_is_swap_space_counts(struct kl_kernel *k, uint64_t at);
// swapper_spaces[]: so many of them, of no file, all with the same operations.
bool kl_is_swap_spaces(struct kl_kernel *k, uint64_t at);

#endif
