// The whole way: a page script is opened, attached to, and a table is read with a
// small budget.
#include <string.h>

#include "kernel/dump.h"
#include "kernlens/table.h"
#include "page_script.h"
#include "rows.h"

// A whole guest is attached to with some 300 reads; a table takes 200.
enum { ROWS = 256, STEPS = 1 << 12, PATIENCE = 1 << 9, MORE_PATIENCE = 1 << 11 };

static const struct kl_table *table_of(size_t option) {
  size_t n = 0;
  while (kl_table_at(n))
    n++;
  return kl_table_at(option % n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  uint8_t flags = fuzz_option8(&input);
  struct page_script *script = script_read(input.body, &input);
  // A damaged guest sends attach through every page of it for each way of
  // paging, which the owner of a real dump may cancel. So do we.
  script->patience = PATIENCE;
  script_elf(script, flags & 1 ? 183 : 62);
  struct kl_dump_options options = kl_dump_options_default();
  options.sources = &script->source;
  options.n_sources = 1;
  options.limits = fuzz_limits();
  options.codec = fuzz_codec;
  size_t bytes = flags & 2 ? (size_t)fuzz_option16(&input) * 64 : FUZZ_WORKSPACE;
  struct kl_dump *dump;
  struct kl_diagnostic why = {0};
  void *block = fuzz_workspace_begin(bytes);
  size_t touched = bytes < (1 << 20) ? bytes : 1 << 20;
  if (fuzz_status(kl_dump_open(block, bytes, &options, &dump, &why)) == KL_OK) {
    bool attached = fuzz_status(kl_dump_attach(dump, &why)) == KL_OK;
    FUZZ_REQUIRE(attached || why.what != NULL);
    script->patience = script->reads + MORE_PATIENCE;
    const struct kl_table *table = table_of(fuzz_option8(&input));
    struct kl_constraint constraint = {.column = fuzz_option8(&input) % table->n_columns,
                                       .op = KL_OP_EQ,
                                       .value = {.kind = KL_CELL_U64, .u64 = fuzz_option16(&input)}};
    struct kl_query query = {.table = table,
                             .columns = ~0ull,
                             .steps = STEPS,
                             .constraints = &constraint,
                             .n_constraints = flags & 4 ? 1 : 0};
    if (attached || table->flags & KL_TABLE_IMAGE_ONLY)
      (void)fuzz_read_rows(dump, &query, ROWS, NULL);
    touched = dump->arena.peak;
  }
  fuzz_workspace_end(touched);
  return 0;
}
