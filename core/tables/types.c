// types: every type that a BTF in the dump describes.
#include "tables/cursor.h"
#include "tables/registry.h"
#include "tables/type_scan.h"

enum { ID, BTF, KIND, NAME, BYTES, MEMBERS, REFERS_TO, COLUMNS };

static const struct kl_column columns[] = {
    [ID] = {"id", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "BTF type id"},
    [BTF] = {"btf", KL_CELL_TEXT, KL_COLUMN_KEY | KL_COLUMN_PUSHED,
             "whose BTF: vmlinux, a module's name, or bpf:ID of a program's"},
    [KIND] = {"kind", KL_CELL_TEXT, 0, "struct, union, int, ptr, typedef, func, ..."},
    [NAME] = {"name", KL_CELL_TEXT, KL_COLUMN_PUSHED, "its name; none for anonymous types"},
    [BYTES] = {"bytes", KL_CELL_U64, 0, "its size; none for void, functions and forward declarations"},
    [MEMBERS] = {"members", KL_CELL_U64, 0, "members, values, parameters or variables"},
    [REFERS_TO] = {"refers_to", KL_CELL_U64, 0, "id of the type it points to, renames, qualifies or returns"},
};

struct state {
  struct kl_type_scan scan;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  kl_type_scan_init(&s->scan, c->kernel, &c->budget);
  s->scan.has_id = kl_pushed_u64(c, ID, &s->scan.id);
  s->scan.has_name = kl_pushed_bytes(c, NAME, &s->scan.name);
  s->scan.has_btf = kl_pushed_bytes(c, BTF, &s->scan.in);
  return KL_OK;
}

static bool refers(enum kl_btf_kind kind) {
  return kind == KL_BTF_PTR || kind == KL_BTF_TYPEDEF || kind == KL_BTF_VOLATILE || kind == KL_BTF_CONST ||
         kind == KL_BTF_RESTRICT || kind == KL_BTF_FUNC || kind == KL_BTF_FUNC_PROTO || kind == KL_BTF_VAR ||
         kind == KL_BTF_DECL_TAG || kind == KL_BTF_TYPE_TAG;
}

static bool has_members(enum kl_btf_kind kind) {
  return kind == KL_BTF_STRUCT || kind == KL_BTF_UNION || kind == KL_BTF_ENUM || kind == KL_BTF_ENUM64 ||
         kind == KL_BTF_FUNC_PROTO || kind == KL_BTF_DATASEC;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_btf_type t;
  uint64_t bytes;
  enum kl_status status;
  while ((status = kl_type_scan_next(&s->scan, &t)) != KL_OK) {
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, "btf", s->scan.lost, status);
  }
  kl_put(c, ID, KL_OK, 0, t.id);
  kl_put_bytes(c, BTF, KL_OK, 0, s->scan.btf_name, s->scan.btf_name_bytes);
  kl_put_string(c, KIND, kl_btf_kind_name(t.kind));
  if (t.name.n)
    kl_put_bytes(c, NAME, KL_OK, 0, t.name.p, t.name.n);
  if (kl_wants(c, BYTES) && kl_btf_size(s->scan.btf, t.id, &bytes))
    kl_put(c, BYTES, KL_OK, 0, bytes);
  if (has_members(t.kind))
    kl_put(c, MEMBERS, KL_OK, 0, t.vlen);
  if (refers(t.kind))
    kl_put(c, REFERS_TO, KL_OK, 0, t.type);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 1024, .open = open, .next = next};

const struct kl_table kl_types_table = {
    .name = "types",
    .group = "types",
    .doc = "every type that the BTF of the kernel, its modules and BPF programs describes",
    .example = "types DUMP kind=struct \"bytes>=256\"",
    .typical_rows = 100000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
