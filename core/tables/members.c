// members: the members of structs and unions, and the values of enums.
#include "tables/cursor.h"
#include "tables/registry.h"
#include "tables/type_scan.h"

enum { TYPE_ID, TYPE, NAME, MEMBER_TYPE, OFFSET_BITS, SIZE_BITS, VALUE, MEMBER_TYPE_ID, BTF, COLUMNS };

static const struct kl_column columns[] = {
    [TYPE_ID] = {"type_id", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED,
                 "BTF type id of the struct, union or enum"},
    [TYPE] = {"type", KL_CELL_TEXT, KL_COLUMN_PUSHED, "its name; none when anonymous"},
    [NAME] = {"name", KL_CELL_TEXT, 0, "the member's name; none when it is an anonymous struct or union"},
    [MEMBER_TYPE] = {"member_type", KL_CELL_TEXT, 0, "the member's type as C writes it"},
    [OFFSET_BITS] = {"offset_bits", KL_CELL_U64, KL_COLUMN_KEY, "from the start of the struct"},
    [SIZE_BITS] = {"size_bits", KL_CELL_U64, 0, "of the member; of a bitfield its width"},
    [VALUE] = {"value", KL_CELL_I64, KL_COLUMN_KEY, "an enum's value"},
    [MEMBER_TYPE_ID] = {"member_type_id", KL_CELL_U64, 0, "BTF type id of the member's type"},
    [BTF] = {"btf", KL_CELL_TEXT, KL_COLUMN_KEY | KL_COLUMN_PUSHED,
             "whose BTF: vmlinux, a module's name, or bpf:ID of a program's"},
};

struct state {
  struct kl_type_scan scan;
  struct kl_btf_type type;
  uint32_t next; // item of type
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  kl_type_scan_init(&s->scan, c->kernel, &c->budget);
  s->scan.has_id = kl_pushed_u64(c, TYPE_ID, &s->scan.id);
  s->scan.has_name = kl_pushed_bytes(c, TYPE, &s->scan.name);
  s->scan.has_btf = kl_pushed_bytes(c, BTF, &s->scan.in);
  return KL_OK;
}

static bool is_enum(enum kl_btf_kind kind) {
  return kind == KL_BTF_ENUM || kind == KL_BTF_ENUM64;
}

// The next type that has items.
static enum kl_status next_type(struct kl_cursor *c) {
  struct state *s = c->state;
  s->next = 0;
  for (;;) {
    enum kl_status status = kl_type_scan_next(&s->scan, &s->type);
    if (status == KL_OK) {
      KL_TRY(kl_budget_spend(&c->budget, 1));
      enum kl_btf_kind kind = s->type.kind;
      if (s->type.vlen && (kind == KL_BTF_STRUCT || kind == KL_BTF_UNION || is_enum(kind)))
        return KL_OK;
      continue;
    }
    s->type.vlen = 0;
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, "btf", s->scan.lost, status);
  }
}

static void put_name(struct kl_cursor *c, uint32_t column, struct kl_bytes name) {
  if (name.n)
    kl_put_bytes(c, column, KL_OK, 0, name.p, name.n);
}

static void put_member(struct kl_cursor *c, const struct kl_btf *btf, const struct kl_btf_type *t, uint32_t i) {
  struct kl_btf_member m;
  kl_btf_member(btf, t, i, &m);
  put_name(c, NAME, m.name);
  if (kl_wants(c, MEMBER_TYPE)) {
    size_t start = c->text.used;
    kl_btf_print_name(btf, m.type, &c->text);
    kl_put_written(c, MEMBER_TYPE, KL_OK, 0, start);
  }
  kl_put(c, OFFSET_BITS, KL_OK, 0, m.bit_offset);
  uint64_t bytes;
  if (m.bit_size)
    kl_put(c, SIZE_BITS, KL_OK, 0, m.bit_size);
  else if (kl_btf_size(btf, m.type, &bytes) && bytes <= UINT64_MAX / 8)
    kl_put(c, SIZE_BITS, KL_OK, 0, bytes * 8);
  kl_put(c, MEMBER_TYPE_ID, KL_OK, 0, m.type);
}

static void put_value(struct kl_cursor *c, const struct kl_btf *btf, const struct kl_btf_type *t, uint32_t i) {
  struct kl_btf_value v;
  kl_btf_enum_value(btf, t, i, &v);
  put_name(c, NAME, v.name);
  kl_put(c, VALUE, KL_OK, 0, (uint64_t)v.value);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  if (s->next == s->type.vlen)
    KL_TRY(next_type(c));
  kl_put(c, TYPE_ID, KL_OK, 0, s->type.id);
  kl_put_bytes(c, BTF, KL_OK, 0, s->scan.btf_name, s->scan.btf_name_bytes);
  put_name(c, TYPE, s->type.name);
  if (is_enum(s->type.kind))
    put_value(c, s->scan.btf, &s->type, s->next++);
  else
    put_member(c, s->scan.btf, &s->type, s->next++);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 4096, .open = open, .next = next};

const struct kl_table kl_members_table = {
    .name = "members",
    .group = "types",
    .doc = "members of structs and unions, values of enums",
    .example = "members DUMP type=task_struct name=comm",
    .typical_rows = 100000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
