// kallsyms: the input is a page script in which the tables are looked for.
#include <string.h>

#include "kernel/kallsyms.h"
#include "kernel/scan.h"
#include "kernel/symbol_table.h"
#include "page_script.h"

enum { WORKSPACE = 8 << 20, HITS = 2, STEPS = 1 << 16 };

// One of them is looked for, which is a walk over all names.
static void ask_all(struct kl_symbols *symbols, uint16_t one) {
  struct kl_symbol symbol, found;
  uint64_t offset, count = kl_symbols_count(symbols);
  for (uint64_t i = 0; i < count; i++) {
    enum kl_status status = fuzz_status(kl_symbols_at(symbols, i, &symbol));
    if (status != KL_OK || i != one % count)
      continue;
    char name[2048];
    FUZZ_REQUIRE(symbol.name.n <= sizeof name);
    if (symbol.name.n)
      memcpy(name, symbol.name.p, symbol.name.n);
    size_t n = symbol.name.n;
    uint64_t address = symbol.address;
    (void)fuzz_status(kl_symbols_by_address(symbols, address, &found, &offset));
    // A name that a pass gives can be found by itself, here or before.
    FUZZ_REQUIRE(fuzz_status(kl_symbols_find(symbols, kl_bytes_of(name, n), &found)) == KL_OK);
  }
  (void)fuzz_status(kl_symbols_at(symbols, count, &symbol));
  (void)fuzz_status(kl_symbols_by_address(symbols, 0, &symbol, &offset));
  (void)fuzz_status(kl_symbols_by_address(symbols, UINT64_MAX, &symbol, &offset));
}

static void try_tables(struct kl_arena *arena, struct kl_image *image, const struct kl_limits *limits,
                       uint64_t digits, const struct kl_kallsyms_places *given, uint16_t one) {
  struct kl_kallsyms *tables;
  struct kl_budget budget = {STEPS};
  struct kl_symbols *symbols;
  size_t mark = kl_arena_mark(arena);
  if (fuzz_status(kl_kallsyms_locate(arena, image, limits, &budget, digits, given, &tables)) == KL_OK &&
      fuzz_status(kl_symbols_from_kallsyms(arena, tables, limits, &symbols)) == KL_OK)
    ask_all(symbols, one);
  kl_arena_rewind(arena, mark);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  uint8_t flags = fuzz_option8(&input);
  struct page_script *script = script_read(input.body, &input);
  uint64_t base = script->n ? script->frames[0].pfn * SCRIPT_PAGE : 0;
  struct kl_limits limits = fuzz_limits();
  limits.symbols = 1 << 11; // each is three bytes to search below a token table; the seeds have 600
  struct kl_arena arena;
  kl_arena_init(&arena, fuzz_workspace_begin(WORKSPACE), WORKSPACE);
  struct kl_image *image;
  if (fuzz_status(script_image(script, &arena, &limits, &image)) == KL_OK) {
    struct kl_kallsyms_places given = {0};
    if (flags & 1) // as VMCOREINFO would say
      given = (struct kl_kallsyms_places){base + fuzz_option16(&input), base + fuzz_option16(&input),
                                          base + fuzz_option16(&input), base + fuzz_option16(&input), 0};
    uint16_t one = fuzz_option16(&input);
    if (flags & 1)
      try_tables(&arena, image, &limits, 0, &given, one);
    struct kl_scan scan;
    enum kl_mark mark;
    uint64_t phys;
    memset(&given, 0, sizeof given);
    if (fuzz_status(kl_scan_init(&scan, &arena, image, KL_MARK_TOKENS, 0, 0)) == KL_OK)
      for (int i = 0; i < HITS && fuzz_status(kl_scan_next(&scan, &mark, &phys)) == KL_OK; i++)
        try_tables(&arena, image, &limits, phys, &given, one);
  }
  fuzz_workspace_end(arena.peak);
  return 0;
}
