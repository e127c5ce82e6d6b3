// System.map: a text of symbols that the user gives.
#include "harness.h"
#include "kernel/symbol_table.h"

enum { WORKSPACE = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  uint8_t flags = fuzz_option8(&input);
  struct fuzz_guarded guarded = fuzz_guard(input.body.p, input.body.n, flags & 1);
  struct kl_limits limits = fuzz_limits();
  struct kl_arena arena;
  size_t workspace = flags & 2 ? fuzz_option16(&input) : WORKSPACE;
  kl_arena_init(&arena, fuzz_workspace_begin(workspace), workspace);
  struct kl_symbols *symbols;
  struct kl_symbol symbol, found;
  uint64_t offset;
  if (fuzz_status(kl_symbols_from_map(&arena, kl_bytes_of(guarded.p, guarded.n), &limits, &symbols)) == KL_OK) {
    FUZZ_REQUIRE(kl_symbols_count(symbols) > 0);
    for (uint64_t i = 0; i < kl_symbols_count(symbols); i++) {
      FUZZ_REQUIRE(fuzz_status(kl_symbols_at(symbols, i, &symbol)) == KL_OK);
      FUZZ_REQUIRE(symbol.name.p >= guarded.p && symbol.name.p + symbol.name.n <= guarded.p + guarded.n);
      if (i % 16 == 0)
        FUZZ_REQUIRE(fuzz_status(kl_symbols_find(symbols, symbol.name, &found)) == KL_OK);
      if (i % 16 == 0)
        (void)fuzz_status(kl_symbols_by_address(symbols, symbol.address, &found, &offset));
    }
  }
  fuzz_workspace_end(arena.peak);
  fuzz_release(&guarded);
  return 0;
}
