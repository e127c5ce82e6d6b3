// modules: the loaded kernel modules.
#include "linux/module.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { ADDRESS, NAME, STATE, BASE, BYTES, REFERENCES, VERSION, TAINTS, COLUMNS };

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "of its struct module"},
    [NAME] = {"name", KL_CELL_TEXT, KL_COLUMN_KEY, "its name"},
    [STATE] = {"state", KL_CELL_TEXT, 0, "Live, Loading, Unloading or Unformed"},
    [BASE] = {"base", KL_CELL_ADDRESS, 0, "where its code begins"},
    [BYTES] = {"bytes", KL_CELL_U64, 0, "memory that it occupies"},
    [REFERENCES] = {"references", KL_CELL_U64, 0, "users of it"},
    [VERSION] = {"version", KL_CELL_TEXT, 0, "the version that it states"},
    [TAINTS] = {"taints", KL_CELL_TEXT, 0,
                "letters: P proprietary, O out of tree, E unsigned, F forced, C staging ..."},
};

enum { VERSION_BYTES = 256 };

struct state {
  struct kl_module_walk walk;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  return kl_module_walk_init(&s->walk, c->kernel, &c->budget);
}

static void put_texts(struct kl_cursor *c, uint64_t module) {
  char text[VERSION_BYTES];
  const char *name = "";
  uint64_t at = 0;
  size_t n = 0;
  enum kl_status status = kl_module_state(c->kernel, module, &name);
  if (status == KL_OK)
    kl_put_string(c, STATE, name);
  else
    kl_put_bytes(c, STATE, status, module, NULL, 0);
  status = kl_get_pointer(c->kernel, module, KL_F_module_version, &at);
  if (status == KL_OK && at)
    status = kl_read_string(c->kernel, at, text, sizeof text, &n);
  if (status != KL_OK || at)
    kl_put_bytes(c, VERSION, status, module, text, n);
  status = kl_module_taints(c->kernel, module, text, &n);
  kl_put_bytes(c, TAINTS, status, module, text, n);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t module, v = 0;
  KL_TRY(kl_module_walk_next(&s->walk, &module));
  kl_put(c, ADDRESS, KL_OK, 0, module);
  kl_put_field(c, NAME, module, KL_F_module_name);
  enum kl_status status = kl_module_base(c->kernel, module, &v);
  kl_put(c, BASE, status, module, v);
  status = kl_module_bytes(c->kernel, module, &v);
  kl_put(c, BYTES, status, module, v);
  status = kl_module_references(c->kernel, module, &v);
  if (status != KL_ERR_NOT_FOUND) // not counted by this kernel
    kl_put(c, REFERENCES, status, module, v);
  put_texts(c, module);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 2 * (size_t)VERSION_BYTES, .open = open, .next = next};

const struct kl_table kl_modules_table = {
    .name = "modules",
    .group = "machine",
    .doc = "loaded kernel modules, as in /proc/modules",
    .example = "modules DUMP --columns name,base,bytes,references",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
