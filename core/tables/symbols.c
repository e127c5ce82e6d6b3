// symbols: the kernel's symbols and its modules', as /proc/kallsyms shows them.
#include "base/text.h"
#include "linux/module.h"
#include "linux/module_exports.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { ADDRESS, NAME, TYPE, MODULE, COLUMNS };

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_KEY | KL_COLUMN_PUSHED,
                 "its address; of a per-CPU variable on x86 its offset"},
    [NAME] = {"name", KL_CELL_TEXT, KL_COLUMN_KEY, "its name; several symbols may share one"},
    [TYPE] = {"type", KL_CELL_TEXT, 0,
              "letter as in nm: T and t text, D and d data, R and r read-only, B and b zeroed"},
    [MODULE] = {"module", KL_CELL_TEXT, KL_COLUMN_KEY | KL_COLUMN_PUSHED,
                "the module it belongs to; none for the kernel itself"},
};

enum { NAME_BYTES = 1024, MODULE_BYTES = 64 };

struct state {
  uint64_t min, max;  // of addresses that are asked for
  uint64_t next, end; // of the kernel's
  bool in_modules, has_modules;
  struct kl_module_walk modules;
  uint64_t module;
  struct kl_module_symbols symbols; // of module
  uint64_t next_in_module;
  struct kl_module_exports exports; // of module
  char name[MODULE_BYTES];          // of module
  size_t name_bytes;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_bytes only;
  if (!kl_pushed_range(c, ADDRESS, &s->min, &s->max))
    return KL_END;
  s->in_modules = kl_pushed_bytes(c, MODULE, &only) || !c->kernel->symbols;
  if (!s->in_modules)
    kl_symbols_between(c->kernel->symbols, s->min, s->max, &s->next, &s->end);
  enum kl_status status = kl_module_walk_init(&s->modules, c->kernel, &c->budget);
  s->has_modules = status == KL_OK;
  if (status != KL_OK && status != KL_ERR_NOT_FOUND)
    kl_lost(c, "modules", 0, status);
  return KL_OK;
}

// Without them the letters stay small: noted, and the symbols are given.
static enum kl_status open_exports(struct kl_cursor *c) {
  struct state *s = c->state;
  if (!kl_wants(c, TYPE))
    return KL_OK;
  enum kl_status status = kl_module_exports_open(c->kernel, &c->budget, s->module, &s->exports);
  if (status != KL_OK)
    kl_lost(c, "exports", s->module, status);
  return KL_OK;
}

// Whether the module may have a symbol among the addresses that are asked for.
// Once it is live only those are kept that lie in its memory, or at its end
// (kernel/module/kallsyms.c, is_core_symbol).
static bool may_hold(struct kl_cursor *c) {
  const struct state *s = c->state;
  const char *state;
  struct kl_module_region region;
  if (s->min == 0 && s->max == UINT64_MAX)
    return true;
  if (kl_module_state(c->kernel, s->module, &state) != KL_OK || !kl_text_equal(state, "Live"))
    return true;
  for (uint64_t i = 0;; i++) {
    enum kl_status status = kl_module_region(c->kernel, s->module, i, &region);
    if (status == KL_END)
      return false;
    if (status != KL_OK || (region.bytes && s->min <= region.address + region.bytes && s->max >= region.address))
      return true;
  }
}

// Goes on to the next module that has symbols; one that can't be read is noted.
static enum kl_status next_module(struct kl_cursor *c) {
  struct state *s = c->state;
  if (!s->has_modules)
    return KL_END;
  for (;;) {
    s->symbols = (struct kl_module_symbols){0};
    s->next_in_module = 0;
    KL_TRY(kl_module_walk_next(&s->modules, &s->module));
    if (!may_hold(c))
      continue;
    enum kl_status status =
        kl_get_text(c->kernel, s->module, KL_F_module_name, s->name, sizeof s->name, &s->name_bytes);
    if (status == KL_OK || status == KL_ERR_LIMIT)
      status = kl_module_symbols_open(c->kernel, s->module, &s->symbols);
    if (status == KL_OK && s->symbols.count)
      return open_exports(c);
    if (status != KL_OK && status != KL_ERR_NOT_FOUND)
      kl_lost(c, "module", s->module, status);
  }
}

// Where a page of the table is lost its symbols are rows all the same.
static void put_kernel_symbol(struct kl_cursor *c, uint64_t i) {
  struct kl_symbol symbol = {0};
  enum kl_status status = kl_symbols_at(c->kernel->symbols, i, &symbol), address = status;
  if (status != KL_OK)
    address = kl_symbols_address(c->kernel->symbols, i, &symbol.address);
  kl_put(c, ADDRESS, address, 0, symbol.address);
  kl_put_bytes(c, NAME, status, 0, symbol.name.p, symbol.name.n);
  kl_put_bytes(c, TYPE, status, 0, &symbol.type, 1);
}

// The kernel shows what a module exports by a capital letter, and only that
// (kernel/kallsyms.c, s_show).
static void put_module_type(struct kl_cursor *c, const struct kl_module_symbol *symbol, struct kl_bytes name) {
  const struct state *s = c->state;
  uint8_t type = (uint8_t)symbol->type, small = type | 0x20;
  bool exported = false;
  if (!symbol->type || !kl_wants(c, TYPE))
    return;
  enum kl_status status = kl_module_exported(c->kernel, &s->exports, symbol->address, name, &exported);
  if (small >= 'a' && small <= 'z')
    type = exported ? small & 0x5f : small;
  kl_put_bytes(c, TYPE, status, s->module, &type, 1);
}

static void put_module_symbol(struct kl_cursor *c, const struct kl_module_symbol *symbol) {
  const struct state *s = c->state;
  char name[NAME_BYTES];
  size_t n = 0;
  kl_put_bytes(c, MODULE, KL_OK, 0, s->name, s->name_bytes);
  kl_put(c, ADDRESS, KL_OK, 0, symbol->address);
  enum kl_status status = KL_OK;
  if (kl_wants(c, NAME) || kl_wants(c, TYPE))
    status = kl_read_string(c->kernel, symbol->name, name, sizeof name, &n);
  kl_put_bytes(c, NAME, status, symbol->name, name, n);
  if (status == KL_OK)
    put_module_type(c, symbol, kl_bytes_of(name, n));
}

static void put_unreadable(struct kl_cursor *c, enum kl_status status) {
  const struct state *s = c->state;
  kl_put_bytes(c, MODULE, KL_OK, 0, s->name, s->name_bytes);
  kl_put(c, ADDRESS, status, s->module, 0);
  kl_put_bytes(c, NAME, status, s->module, NULL, 0);
  kl_put_bytes(c, TYPE, status, s->module, NULL, 0);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_module_symbol symbol = {0};
  if (!s->in_modules && s->next < s->end) {
    put_kernel_symbol(c, s->next++);
    return KL_OK;
  }
  s->in_modules = true;
  enum kl_status status = KL_ERR_NOT_FOUND;
  while (status == KL_ERR_NOT_FOUND) { // without a name it is no symbol; others were not asked for
    if (s->next_in_module == s->symbols.count)
      KL_TRY(next_module(c));
    KL_TRY(kl_budget_spend(&c->budget, 1));
    status = kl_module_symbol(c->kernel, &s->symbols, s->next_in_module++, &symbol);
    if (status == KL_OK && (symbol.address < s->min || symbol.address > s->max))
      status = KL_ERR_NOT_FOUND;
  }
  if (status == KL_OK)
    put_module_symbol(c, &symbol);
  else // its entry can't be read; the next may be
    put_unreadable(c, status);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = NAME_BYTES + MODULE_BYTES + 1, .open = open, .next = next};

const struct kl_table kl_symbols_table = {
    .name = "symbols",
    .group = "machine",
    .doc = "symbols of the kernel and its modules, as in /proc/kallsyms",
    .example = "symbols DUMP name=init_task",
    .typical_rows = 200000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
