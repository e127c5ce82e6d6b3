// What the parser of declarations and the layout share.
#ifndef GENERATOR_PARSE_H
#define GENERATOR_PARSE_H

#include "types.h"

struct type *type_new(struct types *types, enum type_kind kind, const char *name);
struct type *type_lookup(struct types *types, enum type_kind kind, const char *name); // or null

#endif
