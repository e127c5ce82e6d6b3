// symbols: the kernel's symbol table, as /proc/kallsyms shows it.
#include "tables/cursor.h"
#include "tables/registry.h"

enum { ADDRESS, NAME, TYPE, MODULE, COLUMNS };

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_KEY, "its address; of a per-CPU variable on x86 its offset"},
    [NAME] = {"name", KL_CELL_TEXT, KL_COLUMN_KEY, "its name; several symbols may share one"},
    [TYPE] = {"type", KL_CELL_TEXT, 0,
              "letter as in nm: T and t text, D and d data, R and r read-only, B and b zeroed"},
    [MODULE] = {"module", KL_CELL_TEXT, KL_COLUMN_KEY, "the module it belongs to; none for the kernel itself"},
};

struct state {
  uint64_t next;
};

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_symbols *symbols = c->kernel->symbols;
  struct kl_symbol symbol;
  if (!symbols || s->next == kl_symbols_count(symbols))
    return KL_END;
  KL_TRY(kl_symbols_at(symbols, s->next++, &symbol));
  kl_put(c, ADDRESS, KL_OK, 0, symbol.address);
  kl_put_bytes(c, NAME, KL_OK, 0, symbol.name.p, symbol.name.n);
  kl_put_bytes(c, TYPE, KL_OK, 0, &symbol.type, 1);
  return KL_OK;
}

static const struct kl_table_code code = {.state_bytes = sizeof(struct state), .text_bytes = 1025, .next = next};

const struct kl_table kl_symbols_table = {
    .name = "symbols",
    .group = "machine",
    .doc = "the kernel's symbols, as /proc/kallsyms shows them",
    .example = "symbols DUMP name=init_task",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
