// Whole guests, and the seeds of the fuzzers made from them.
#ifndef GENERATOR_SEEDS_H
#define GENERATOR_SEEDS_H

#include "guest.h"

// What the era decides. kallsyms: an enum kallsyms_encoding, or -1.
void options_complete(struct options *options, int kallsyms);
struct guest *guest_build(const struct options *options);

// Writes DIRECTORY/HARNESS/NAME for every harness of fuzz/.
void write_seeds(const char *directory);

#endif
