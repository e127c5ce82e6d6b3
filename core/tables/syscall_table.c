// syscall_table: where each system call goes, and whether that is a system call.
#include "base/checked.h"
#include "kernel/symbol_table.h"
#include "tables/code_cells.h"
#include "tables/registry.h"

enum { TABLE, NUMBER, ADDRESS, SYMBOL, MODULE, IN_KERNEL, IS_SYSTEM_CALL, AGREES, COLUMNS };

static const struct kl_column columns[] = {
    [TABLE] = {"name", KL_CELL_TEXT, KL_COLUMN_KEY,
               "sys_call_table, or the one for 32-bit programs (late x86 kernels call from code, and keep the "
               "first for tracers)"},
    [NUMBER] = {"number", KL_CELL_U64, KL_COLUMN_KEY, "of the system call"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "of the function that it calls"},
    [SYMBOL] = {"symbol", KL_CELL_TEXT, 0, "that function; name+0x... behind its start"},
    [MODULE] = {"module", KL_CELL_TEXT, 0, "the module that the function is in; none for the kernel itself"},
    [IN_KERNEL] = {"in_kernel", KL_CELL_BOOL, 0, "whether it is the kernel's own code, as it should be"},
    [IS_SYSTEM_CALL] = {"is_system_call", KL_CELL_BOOL, 0,
                        "whether it is the start of a function that is named as system calls are"},
    [AGREES] = {"agrees", KL_CELL_BOOL, 0, "whether both hold; if not, the table was changed"},
};

static const struct {
  enum kl_symbol_id symbol;
  const char *name;
} tables[] = {
    {KL_S_sys_call_table, "sys_call_table"},
    {KL_S_ia32_sys_call_table, "ia32_sys_call_table"},
    {KL_S_compat_sys_call_table, "compat_sys_call_table"},
};
enum { TABLES = sizeof tables / sizeof *tables };

struct state {
  size_t table; // the next one
  uint64_t address, count, next;
};

static enum kl_status open(struct kl_cursor *c) {
  for (size_t i = 0; i < TABLES; i++)
    if (c->kernel->known[tables[i].symbol].present)
      return KL_OK;
  return KL_ERR_NOT_FOUND;
}

// A table ends at the latest where the next symbol begins.
static enum kl_status next_table(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t end;
  while (s->table < TABLES && !c->kernel->known[tables[s->table].symbol].present)
    s->table++;
  if (s->table == TABLES)
    return KL_END;
  s->address = c->kernel->known[tables[s->table++].symbol].address;
  s->next = s->count = 0;
  if (kl_symbols_next_address(c->kernel->symbols, s->address, &end) != KL_OK)
    return KL_ERR_NOT_FOUND;
  s->count = (end - s->address) / 8;
  if (s->count <= c->kernel->limits->system_calls)
    return KL_OK;
  s->count = c->kernel->limits->system_calls;
  return KL_ERR_LIMIT;
}

// Wrappers since 4.17 (fa697140f9a2), and what stands for none.
static const char *const prefixes[] = {
    "__x64_sys_",  "__ia32_sys_", "__ia32_compat_sys_", "__arm64_sys_", "__arm64_compat_sys_",
    "compat_sys_", "sys_",        "__se_sys_",          "__do_sys_",    "__do_compat_sys_"};

static bool is_system_call(const struct kl_code_place *place) {
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (kl_bytes_start(kl_bytes_of(place->symbol, place->symbol_n), prefixes[i]))
      return !place->offset;
  return false;
}

static void put_row(struct kl_cursor *c, uint64_t number, uint64_t address) {
  struct state *s = c->state;
  struct kl_code_verdict verdict;
  kl_put_string(c, TABLE, tables[s->table - 1].name);
  kl_put(c, NUMBER, KL_OK, 0, number);
  kl_put(c, ADDRESS, KL_OK, 0, address);
  kl_put_code(c, SYMBOL, MODULE, address, &verdict);
  bool in_kernel = verdict.place.kind == KL_CODE_KERNEL;
  // Without symbols nothing can be said of names.
  bool named = verdict.place.symbol_n != 0;
  bool is = is_system_call(&verdict.place);
  kl_put(c, IN_KERNEL, KL_OK, 0, in_kernel);
  if (named || !in_kernel)
    kl_put(c, IS_SYSTEM_CALL, KL_OK, 0, is);
  kl_put(c, AGREES, KL_OK, 0, in_kernel && (is || !named));
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    if (s->next == s->count) {
      enum kl_status status = next_table(c);
      if (status == KL_END)
        return status;
      if (status != KL_OK)
        kl_lost(c, "length of a system call table", s->address, status);
      continue;
    }
    uint64_t number = s->next++, address = 0;
    KL_TRY(kl_budget_spend(&c->budget, 1));
    enum kl_status status = kl_read_u64(c->kernel, s->address + 8 * number, &address);
    if (status != KL_OK) {
      kl_lost(c, "entry of a system call table", s->address + 8 * number, status);
      continue;
    }
    address = kl_paging_strip(&c->kernel->paging, address);
    if (!address) // what is between the table's end and the next symbol
      continue;
    put_row(c, number, address);
    return KL_OK;
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = KL_CODE_TEXT, .open = open, .next = next};

const struct kl_table kl_syscall_table_table = {
    .name = "syscall_table",
    .group = "tampering",
    .doc = "where each system call goes; agrees is false for what an intruder has put there",
    .example = "syscall_table DUMP agrees=false",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
