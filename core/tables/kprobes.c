// kprobes: probed instructions of the kernel, as in /sys/kernel/debug/kprobes/list.
#include "tables/code_cells.h"
#include "tables/registry.h"
#include "walk/buckets.h"

enum { ADDRESS, PROBED, SYMBOL, MODULE, HANDLER, HANDLER_SYMBOL, HANDLER_MODULE, DISABLED, FLAGS, AGREES, COLUMNS };

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_KEY, "of its struct kprobe"},
    [PROBED] = {"probed", KL_CELL_ADDRESS, 0, "the instruction"},
    [SYMBOL] = {"symbol", KL_CELL_TEXT, 0, "the function that it is in; name+0x... behind its start"},
    [MODULE] = {"module", KL_CELL_TEXT, 0, "the module that it is in; none for the kernel itself"},
    [HANDLER] = {"handler", KL_CELL_ADDRESS, 0, "what is called before the instruction, or else behind it"},
    [HANDLER_SYMBOL] =
        {"handler_symbol", KL_CELL_TEXT, 0,
         "that function (kprobe_dispatcher: a trace event or BPF; pre_handler_kretprobe: a return probe)"},
    [HANDLER_MODULE] = {"handler_module", KL_CELL_TEXT, 0, "the module that the handler is in"},
    [DISABLED] = {"disabled", KL_CELL_BOOL, 0, "whether it is registered, but off"},
    [FLAGS] = {"flags", KL_CELL_U64, 0, "KPROBE_FLAG_ flags: bit 2 optimized, bit 3 by ftrace"},
    [AGREES] = {"agrees", KL_CELL_BOOL, 0, "whether the handler is code of the kernel or of a module on its list"},
};

enum { BUCKETS = 64, DISABLED_FLAGS = 3 }; // KPROBE_TABLE_SIZE; gone or disabled

struct state {
  struct kl_buckets table;
  struct kl_list group; // probes at one place, under one that stands for all
  bool in_group;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  if (!c->kernel->known[KL_S_kprobe_table].present || !kl_has(c->kernel, KL_F_kprobe_hlist))
    return KL_ERR_NOT_FOUND;
  return kl_buckets_init(&s->table, c->kernel, &c->budget, c->kernel->known[KL_S_kprobe_table].address, BUCKETS, 8,
                         0, KL_CHAIN_HLIST);
}

// Several probes of one place are on a list of one that is made for them, and
// that alone is in the table (kernel/kprobes.c: aggr_kprobe).
static enum kl_status next_probe(struct kl_cursor *c, uint64_t *probe) {
  struct state *s = c->state;
  uint64_t node, head, first;
  for (;;) {
    if (s->in_group) {
      enum kl_status status = kl_list_next(&s->group, &node);
      if (status == KL_OK)
        return kl_container(c->kernel, node, KL_F_kprobe_list, probe);
      s->in_group = false;
      *probe = s->group.current;
      if (status != KL_END)
        return status;
    }
    enum kl_status status = kl_buckets_next(&s->table, &node);
    *probe = s->table.lost;
    KL_TRY(status);
    KL_TRY(kl_container(c->kernel, node, KL_F_kprobe_hlist, probe));
    KL_TRY(kl_member(c->kernel, *probe, KL_F_kprobe_list, &head));
    KL_TRY(kl_get_pointer(c->kernel, head, KL_F_list_head_next, &first));
    if (first == head)
      return KL_OK;
    kl_list_init(&s->group, c->kernel, &c->budget, head);
    s->in_group = true;
  }
}

static enum kl_status handler_of(struct kl_cursor *c, uint64_t probe, uint64_t *ret) {
  KL_TRY(kl_get_pointer(c->kernel, probe, KL_F_kprobe_pre_handler, ret));
  return *ret ? KL_OK : kl_get_pointer(c->kernel, probe, KL_F_kprobe_post_handler, ret);
}

static void put_row(struct kl_cursor *c, uint64_t probe) {
  uint64_t probed = 0, handler = 0, flags = 0;
  struct kl_code_verdict verdict = {.status = KL_OK};
  kl_put(c, ADDRESS, KL_OK, 0, probe);
  enum kl_status status = kl_get(c->kernel, probe, KL_F_kprobe_flags, &flags);
  kl_put(c, FLAGS, status, probe, flags);
  kl_put(c, DISABLED, status, probe, (flags & DISABLED_FLAGS) != 0);
  status = kl_get_pointer(c->kernel, probe, KL_F_kprobe_addr, &probed);
  kl_put(c, PROBED, status, probe, probed);
  if (status == KL_OK)
    kl_put_code(c, SYMBOL, MODULE, probed, &verdict);
  status = handler_of(c, probe, &handler);
  if (status == KL_OK && !handler) { // it only counts
    kl_put(c, AGREES, KL_OK, 0, true);
    return;
  }
  kl_put(c, HANDLER, status, probe, handler);
  if (status == KL_OK) {
    kl_put_code(c, HANDLER_SYMBOL, HANDLER_MODULE, handler, &verdict);
    status = verdict.status;
  }
  kl_put(c, AGREES, status, handler, verdict.agrees);
}

static enum kl_status next(struct kl_cursor *c) {
  for (;;) {
    uint64_t probe = 0;
    enum kl_status status = next_probe(c, &probe);
    if (status == KL_OK) {
      put_row(c, probe);
      return KL_OK;
    }
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, "kprobe", probe, status);
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = (size_t)2 * KL_CODE_TEXT, .open = open, .next = next};

const struct kl_table kl_kprobes_table = {
    .name = "kprobes",
    .group = "tampering",
    .doc = "probed instructions of the kernel; agrees is false for handlers that no module on the list has",
    .example = "kprobes DUMP",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
