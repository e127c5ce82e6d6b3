// ftrace_ops: who is called when functions of the kernel are entered.
#include "tables/code_cells.h"
#include "tables/registry.h"
#include "walk/cycle.h"

enum { ADDRESS, FUNCTION, SYMBOL, MODULE, FLAGS, TRAMPOLINE, AGREES, COLUMNS };

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_KEY, "of its struct ftrace_ops"},
    [FUNCTION] = {"function", KL_CELL_ADDRESS, 0, "what is called"},
    [SYMBOL] = {"symbol", KL_CELL_TEXT, 0, "that function; name+0x... behind its start"},
    [MODULE] = {"module", KL_CELL_TEXT, 0, "the module that the function is in; none for the kernel itself"},
    [FLAGS] = {"flags", KL_CELL_U64, 0,
               "FTRACE_OPS_FL_ flags: bit 0 enabled, bit 12 may change where the function returns to"},
    [TRAMPOLINE] = {"trampoline", KL_CELL_ADDRESS, 0,
                    "of the code made to call it; none when it is called with others"},
    [AGREES] = {"agrees", KL_CELL_BOOL, 0, "whether the function is code of the kernel or of a module on its list"},
};

struct state {
  uint64_t next; // struct ftrace_ops; 0: the end
  struct kl_cycle cycle;
  uint64_t count;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  if (!c->kernel->known[KL_S_ftrace_ops_list].present || !kl_has(c->kernel, KL_F_ftrace_ops_func))
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_read_u64(c->kernel, c->kernel->known[KL_S_ftrace_ops_list].address, &s->next));
  s->next = kl_paging_strip(&c->kernel->paging, s->next);
  return KL_OK;
}

// The last one is a place holder, ftrace_list_end, and has nothing behind it.
static enum kl_status advance(struct kl_cursor *c, uint64_t ops, bool *is_end) {
  struct state *s = c->state;
  s->next = 0;
  if (kl_cycle_met(&s->cycle, ops))
    return KL_ERR_CYCLE;
  if (s->count++ >= c->kernel->limits->ftrace_ops)
    return KL_ERR_LIMIT;
  KL_TRY(kl_budget_spend(&c->budget, 1));
  KL_TRY(kl_get_pointer(c->kernel, ops, KL_F_ftrace_ops_next, &s->next));
  *is_end = !s->next;
  return KL_OK;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t ops = s->next, function = 0, trampoline = 0;
  struct kl_code_verdict verdict = {.status = KL_OK};
  bool is_end = true;
  if (!ops)
    return KL_END;
  KL_TRY(advance(c, ops, &is_end));
  if (is_end)
    return KL_END;
  kl_put(c, ADDRESS, KL_OK, 0, ops);
  kl_put_field(c, FLAGS, ops, KL_F_ftrace_ops_flags);
  enum kl_status status = kl_get_pointer(c->kernel, ops, KL_F_ftrace_ops_trampoline, &trampoline);
  if (status != KL_OK || trampoline)
    kl_put(c, TRAMPOLINE, status, ops, trampoline);
  status = kl_get_pointer(c->kernel, ops, KL_F_ftrace_ops_func, &function);
  kl_put(c, FUNCTION, status, ops, function);
  if (status == KL_OK) {
    kl_put_code(c, SYMBOL, MODULE, function, &verdict);
    status = verdict.status;
  }
  kl_put(c, AGREES, status, function, verdict.agrees);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = KL_CODE_TEXT, .open = open, .next = next};

const struct kl_table kl_ftrace_ops_table = {
    .name = "ftrace_ops",
    .group = "tampering",
    .doc = "what the function tracer calls; agrees is false for code that no module on the list has",
    .example = "ftrace_ops DUMP",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
