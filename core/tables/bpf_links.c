// bpf_links: what BPF programs are attached to.
#include "linux/bpf_object.h"
#include "linux/enum_name.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { ID, TYPE, PROGRAM_ID, TARGET, ADDRESS, TYPE_ID, COLUMNS };

static const struct kl_column columns[] = {
    [ID] = {"id", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the link's id"},
    [TYPE] = {"type", KL_CELL_TEXT, 0, "its type as bpftool names it"},
    [PROGRAM_ID] = {"program_id", KL_CELL_U64, 0, "the program; null where the link has none (struct_ops)"},
    [TARGET] = {"target", KL_CELL_TEXT, 0,
                "what it is attached to: the operations' symbol where nothing better is known"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "struct bpf_link"},
    [TYPE_ID] = {"type_id", KL_CELL_U64, KL_COLUMN_HIDDEN, "its type as enum bpf_link_type numbers it"},
};

struct state {
  struct kl_bpf_objects links;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t first, last;
  if (!kl_pushed_range(c, ID, &first, &last))
    return KL_END;
  return kl_bpf_objects_open(&s->links, c->kernel, &c->budget, KL_BPF_LINKS, first, last);
}

static void put_type(struct kl_cursor *c, uint64_t link) {
  uint64_t type = 0;
  size_t start = c->text.used;
  enum kl_status status = kl_get(c->kernel, link, KL_F_bpf_link_type, &type);
  kl_put(c, TYPE_ID, status, link, type);
  if (status == KL_OK &&
      kl_enum_name(c->kernel, "bpf_link_type", "BPF_LINK_TYPE_", (int64_t)type, &c->text) == KL_ERR_NOT_FOUND)
    return;
  kl_put_written(c, TYPE, status, link, start);
}

static void put_program(struct kl_cursor *c, uint64_t link) {
  uint64_t program = 0, aux = 0, id = 0;
  enum kl_status status = kl_get_pointer(c->kernel, link, KL_F_bpf_link_prog, &program);
  if (status == KL_OK && !program)
    return;
  if (status == KL_OK)
    status = kl_get_pointer(c->kernel, program, KL_F_bpf_prog_aux, &aux);
  if (status == KL_OK)
    status = kl_get(c->kernel, aux, KL_F_bpf_prog_aux_id, &id);
  kl_put(c, PROGRAM_ID, status, link, id);
}

// The function that a tracing program is attached to. KL_END, or that the kernel
// has no such member: it names none.
static enum kl_status function_of(struct kl_cursor *c, uint64_t link, char *text, size_t capacity, size_t *n) {
  uint64_t program, aux, name;
  KL_TRY(kl_get_pointer(c->kernel, link, KL_F_bpf_link_prog, &program));
  if (!program)
    return KL_END;
  KL_TRY(kl_get_pointer(c->kernel, program, KL_F_bpf_prog_aux, &aux));
  KL_TRY(kl_get_pointer(c->kernel, aux, KL_F_bpf_prog_aux_attach_func_name, &name));
  return name ? kl_read_string(c->kernel, name, text, capacity, n) : KL_END;
}

// Elsewhere the link's operations tell at least whose it is.
static enum kl_status operations_of(struct kl_cursor *c, uint64_t link, struct kl_bytes *ret) {
  uint64_t ops, offset;
  struct kl_symbol symbol;
  if (!c->kernel->symbols)
    return KL_END;
  KL_TRY(kl_get_pointer(c->kernel, link, KL_F_bpf_link_ops, &ops));
  KL_TRY(kl_symbols_by_address(c->kernel->symbols, ops, &symbol, &offset));
  *ret = symbol.name;
  return offset ? KL_END : KL_OK;
}

static void put_target(struct kl_cursor *c, uint64_t link) {
  char text[512]; // KSYM_NAME_LEN
  size_t n = 0;
  struct kl_bytes name = {0};
  if (!kl_wants(c, TARGET))
    return;
  enum kl_status status = function_of(c, link, text, sizeof text, &n);
  if (status == KL_OK)
    name = kl_bytes_of(text, n);
  else if (status == KL_END || status == KL_ERR_NOT_FOUND)
    status = operations_of(c, link, &name);
  if (status != KL_END && status != KL_ERR_NOT_FOUND)
    kl_put_bytes(c, TARGET, status, link, name.p, name.n);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t link, id;
  enum kl_status status;
  while ((status = kl_bpf_objects_next(&s->links, &link, &id)) != KL_OK) {
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, "link_idr", s->links.lost, status);
  }
  kl_put(c, ID, KL_OK, 0, id);
  kl_put(c, ADDRESS, KL_OK, 0, link);
  put_type(c, link);
  put_program(c, link);
  put_target(c, link);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 2048, .open = open, .next = next};

const struct kl_table kl_bpf_links_table = {
    .name = "bpf_links",
    .group = "bpf",
    .doc = "BPF links: which program is attached to what",
    .example = "bpf_links DUMP",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
