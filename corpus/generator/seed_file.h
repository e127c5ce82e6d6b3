// Where seeds are written: DIRECTORY/HARNESS/NAME, each with its options behind.
#ifndef GENERATOR_SEED_FILE_H
#define GENERATOR_SEED_FILE_H

#include "support.h"

struct folder {
  const char *root;
};

// options: the first ones of the harness, as it takes them (fuzz/harness.h).
void write_seed(const struct folder *to, const char *harness, const char *name, struct bytes *body,
                const uint8_t *options, size_t n_options);

void path_seeds(const struct folder *to);
// Of what the program is made of besides the core: arguments, codec, extract, output.
void program_seeds(const struct folder *to);

#endif
