// Bits of a page-table entry that belong to Linux and not to the processor:
// they changed over time, and memory or BTF says how this kernel has them.
#ifndef KL_KERNEL_SOFTWARE_BITS_H
#define KL_KERNEL_SOFTWARE_BITS_H

#include "kernel/kernel.h"

// Fills k->paging's prot_none_bit, swap_* and swap_files. What can't be told
// stays unknown. The numbers of migration entries follow from a configuration
// that leaves no trace in BTF or symbols, so migration_count stays 0: such
// entries are KL_ENTRY_OTHER, for their type lies above every swap file's.
void kl_learn_software_bits(struct kl_kernel *k);

#endif
