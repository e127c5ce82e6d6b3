// A kernel made by hand, over a page script: one gigabyte of memory through a
// direct map, and members, types and enums where the harness says they are.
#ifndef FUZZ_MADE_KERNEL_H
#define FUZZ_MADE_KERNEL_H

#include "kernel/kernel.h"
#include "page_script.h"

struct made_field {
  enum kl_field_id id;
  uint32_t offset, size;
};
struct made_type {
  enum kl_type_id id;
  uint64_t bytes;
};
struct made_enum {
  enum kl_enum_id id;
  int64_t value;
};

struct made_layout {
  size_t workspace; // bytes
  const struct made_field *fields;
  size_t n_fields;
  const struct made_type *types;
  size_t n_types;
  const struct made_enum *enums;
  size_t n_enums;
};

// Reads the script in data (options from its tail into input) and makes the
// kernel over it; *at: where the script's first frame is seen. Null, and nothing
// to end, when the script has no frame or no image opens. One at a time, always the
// same: what a harness changes of fields, types, enums and known addresses, it sets
// for each input.
struct kl_kernel *made_begin(const struct made_layout *layout, const uint8_t *data, size_t n,
                             struct fuzz_input *input, uint64_t *at);
void made_end(void);

#endif
