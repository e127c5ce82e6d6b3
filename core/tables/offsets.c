// offsets: every field, type, enum value and symbol that kernlens looks for,
// and where this kernel has it.
#include "tables/cursor.h"
#include "tables/registry.h"

enum {
  KIND,
  TYPE,
  NAME,
  NEED,
  PRESENT,
  OFFSET_BYTES,
  SIZE_BYTES,
  BIT_OFFSET,
  BIT_SIZE,
  VALUE,
  ADDRESS,
  NOTE,
  COLUMNS
};

static const struct kl_column columns[] = {
    [KIND] = {"kind", KL_CELL_TEXT, KL_COLUMN_KEY, "field, type, enum or symbol"},
    [TYPE] = {"type", KL_CELL_TEXT, KL_COLUMN_KEY, "the struct or enum"},
    [NAME] = {"name", KL_CELL_TEXT, KL_COLUMN_KEY, "the member, enum value or symbol"},
    [NEED] = {"need", KL_CELL_TEXT, 0, "required, or optional: some kernels lack it and another form stands in"},
    [PRESENT] = {"present", KL_CELL_BOOL, 0, "whether this kernel has it"},
    [OFFSET_BYTES] = {"offset_bytes", KL_CELL_U64, 0, "of a field, from the start of its struct"},
    [SIZE_BYTES] = {"size_bytes", KL_CELL_U64, 0, "of a field or type"},
    [BIT_OFFSET] = {"bit_offset", KL_CELL_U64, 0, "of a bitfield, within the byte at its offset"},
    [BIT_SIZE] = {"bit_size", KL_CELL_U64, 0, "of a bitfield"},
    [VALUE] = {"value", KL_CELL_I64, 0, "of an enum value"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "of a symbol"},
    [NOTE] = {"note", KL_CELL_TEXT, 0, "the kernel commit or release that changed it"},
};

struct name {
  const char *type, *name;
  enum kl_need need;
  const char *note;
};
static const struct name fields[] = {
#define FIELD(type, member, need, note) {#type, #member, KL_##need, note},
    KL_FIELD_LIST(FIELD)
#undef FIELD
};
static const struct name types[] = {
#define TYPE_NAME(type) {#type, "", KL_OPTIONAL, ""},
    KL_TYPE_LIST(TYPE_NAME)
#undef TYPE_NAME
};
static const struct name enums[] = {
#define ENUM_VALUE(type, value) {#type, #value, KL_OPTIONAL, ""},
    KL_ENUM_LIST(ENUM_VALUE)
#undef ENUM_VALUE
};
static const struct name symbols[] = {
#define SYMBOL(symbol, need) {"", #symbol, KL_##need, ""},
    KL_SYMBOL_LIST(SYMBOL)
#undef SYMBOL
};

struct state {
  size_t next; // through the four lists, one after the other
};

static void put_common(struct kl_cursor *c, const char *kind, const struct name *n, bool present) {
  kl_put_string(c, KIND, kind);
  if (*n->type)
    kl_put_string(c, TYPE, n->type);
  if (*n->name)
    kl_put_string(c, NAME, n->name);
  kl_put_string(c, NEED, n->need == KL_REQUIRED ? "required" : "optional");
  kl_put(c, PRESENT, KL_OK, 0, present);
  if (*n->note)
    kl_put_string(c, NOTE, n->note);
}

static void put_field(struct kl_cursor *c, size_t i) {
  const struct kl_field *f = &c->kernel->fields[i];
  put_common(c, "field", &fields[i], f->present);
  if (!f->present)
    return;
  kl_put(c, OFFSET_BYTES, KL_OK, 0, f->offset);
  kl_put(c, SIZE_BYTES, KL_OK, 0, f->size);
  if (f->bit_size) {
    kl_put(c, BIT_OFFSET, KL_OK, 0, f->bit_offset);
    kl_put(c, BIT_SIZE, KL_OK, 0, f->bit_size);
  }
}

static void put_type(struct kl_cursor *c, size_t i) {
  put_common(c, "type", &types[i], c->kernel->types[i].present);
  if (c->kernel->types[i].present)
    kl_put(c, SIZE_BYTES, KL_OK, 0, c->kernel->types[i].bytes);
}

static void put_enum(struct kl_cursor *c, size_t i) {
  put_common(c, "enum", &enums[i], c->kernel->enums[i].present);
  if (c->kernel->enums[i].present)
    kl_put(c, VALUE, KL_OK, 0, (uint64_t)c->kernel->enums[i].value);
}

static void put_symbol(struct kl_cursor *c, size_t i) {
  put_common(c, "symbol", &symbols[i], c->kernel->known[i].present);
  if (c->kernel->known[i].present)
    kl_put(c, ADDRESS, KL_OK, 0, c->kernel->known[i].address);
}

static const struct {
  size_t n;
  void (*put)(struct kl_cursor *c, size_t i);
} lists[] = {{KL_FIELD_COUNT, put_field},
             {KL_TYPE_COUNT, put_type},
             {KL_ENUM_COUNT, put_enum},
             {KL_SYMBOL_COUNT, put_symbol}};

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  size_t i = s->next++;
  for (size_t list = 0; list < sizeof lists / sizeof *lists; list++) {
    if (i < lists[list].n) {
      lists[list].put(c, i);
      return KL_OK;
    }
    i -= lists[list].n;
  }
  return KL_END;
}

static const struct kl_table_code code = {.state_bytes = sizeof(struct state), .next = next};

const struct kl_table kl_offsets_table = {
    .name = "offsets",
    .group = "types",
    .doc = "every field, type, enum value and symbol that kernlens looks for, and where this kernel has it",
    .example = "offsets DUMP present=false",
    .typical_rows = 1000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
