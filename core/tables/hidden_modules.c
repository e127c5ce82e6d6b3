// hidden_modules: every module that any of the kernel's lists knows, and which of
// them do.
#include "base/text.h"
#include "linux/module.h"
#include "tables/cursor.h"
#include "tables/registry.h"
#include "walk/rbtree.h"

enum { ADDRESS, NAME, STATE, BASE, IN_LIST, IN_SYSFS, IN_TREE, AGREES, COLUMNS };

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_KEY, "of its struct module"},
    [NAME] = {"name", KL_CELL_TEXT, 0, "its name"},
    [STATE] = {"state", KL_CELL_TEXT, 0, "Live, Loading, Unloading or Unformed"},
    [BASE] = {"base", KL_CELL_ADDRESS, 0, "where its code begins"},
    [IN_LIST] = {"in_list", KL_CELL_BOOL, 0, "whether it is on the list behind /proc/modules and lsmod"},
    [IN_SYSFS] = {"in_sysfs", KL_CELL_BOOL, 0, "whether it is among the objects behind /sys/module"},
    [IN_TREE] = {"in_tree", KL_CELL_BOOL, 0, "whether it is in the tree by which addresses of code are looked up"},
    [AGREES] = {"agrees", KL_CELL_BOOL, 0,
                "whether all that can be asked know it; if not, it is hidden (one that is being loaded or unloaded "
                "may be on some)"},
};

enum { LIST = 1, SYSFS = 2, TREE = 4, MODULES = 4096 };

struct state {
  uint64_t modules[MODULES];
  uint8_t places[MODULES];
  uint8_t asked; // the places that could be asked
  size_t n, next;
  bool gathered;
};

// Notes that a module is known in a place.
static enum kl_status note(struct state *s, uint64_t module, uint8_t place) {
  size_t i = 0;
  while (i < s->n && s->modules[i] != module)
    i++;
  if (i == MODULES)
    return KL_ERR_LIMIT;
  if (i == s->n) {
    s->modules[s->n++] = module;
    s->places[i] = 0;
  }
  s->places[i] |= place;
  return KL_OK;
}

static enum kl_status walk_list(struct kl_cursor *c) {
  struct kl_module_walk walk;
  uint64_t module;
  KL_TRY(kl_module_walk_init(&walk, c->kernel, &c->budget));
  for (;;) {
    KL_TRY(kl_module_walk_next(&walk, &module));
    KL_TRY(note(c->state, module, LIST));
  }
}

// The set of objects that module_kset names; every module names it too.
static enum kl_status module_kset(struct kl_cursor *c, uint64_t *ret) {
  const struct state *s = c->state;
  if (c->kernel->known[KL_S_module_kset].present) {
    KL_TRY(kl_read_u64(c->kernel, c->kernel->known[KL_S_module_kset].address, ret));
    *ret = kl_paging_strip(&c->kernel->paging, *ret);
    return *ret ? KL_OK : KL_ERR_NOT_FOUND;
  }
  uint64_t object;
  if (!s->n)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_member(c->kernel, s->modules[0], KL_F_module_mkobj, &object));
  KL_TRY(kl_member(c->kernel, object, KL_F_module_kobject_kobj, &object));
  KL_TRY(kl_get_pointer(c->kernel, object, KL_F_kobject_kset, ret));
  return *ret ? KL_OK : KL_ERR_NOT_FOUND;
}

// What is built in has an object there, and no module.
static enum kl_status walk_sysfs(struct kl_cursor *c) {
  uint64_t kset, head, node, object, module;
  struct kl_list objects;
  KL_TRY(module_kset(c, &kset));
  KL_TRY(kl_member(c->kernel, kset, KL_F_kset_list, &head));
  kl_list_init(&objects, c->kernel, &c->budget, head);
  for (;;) {
    KL_TRY(kl_list_next(&objects, &node));
    KL_TRY(kl_container(c->kernel, node, KL_F_kobject_entry, &object));
    KL_TRY(kl_container(c->kernel, object, KL_F_module_kobject_kobj, &object));
    KL_TRY(kl_get_pointer(c->kernel, object, KL_F_module_kobject_mod, &module));
    if (module)
      KL_TRY(note(c->state, module, SYSFS));
  }
}

// A latched tree: two red-black trees of the same elements, of which readers use
// one while the other is changed. Either will do.
static enum kl_status walk_tree(struct kl_cursor *c) {
  uint64_t root, node, element, module;
  struct kl_rbtree tree;
  if (!c->kernel->known[KL_S_mod_tree].present)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_member(c->kernel, c->kernel->known[KL_S_mod_tree].address, KL_F_mod_tree_root_root, &root));
  KL_TRY(kl_member(c->kernel, root, KL_F_latch_tree_root_tree, &root));
  kl_rbtree_init(&tree, c->kernel, &c->budget, root);
  for (;;) {
    KL_TRY(kl_rbtree_next(&tree, &node));
    KL_TRY(kl_container(c->kernel, node, KL_F_latch_tree_node_node, &element));
    KL_TRY(kl_container(c->kernel, element, KL_F_mod_tree_node_node, &element));
    KL_TRY(kl_get_pointer(c->kernel, element, KL_F_mod_tree_node_mod, &module));
    KL_TRY(note(c->state, module, TREE));
  }
}

// What a place that was asked in part does not know is not held against a module.
static enum kl_status take(struct kl_cursor *c, enum kl_status status, uint8_t place, const char *what) {
  struct state *s = c->state;
  if (status == KL_END)
    s->asked |= place;
  else if (status != KL_ERR_BUDGET && status != KL_ERR_NOT_FOUND)
    kl_lost(c, what, 0, status);
  return status == KL_ERR_BUDGET ? status : KL_OK;
}

static enum kl_status gather(struct kl_cursor *c) {
  struct state *s = c->state;
  s->gathered = true;
  KL_TRY(take(c, walk_list(c), LIST, "list of modules"));
  KL_TRY(take(c, walk_sysfs(c), SYSFS, "objects of modules"));
  KL_TRY(take(c, walk_tree(c), TREE, "tree of modules"));
  return s->asked ? KL_OK : KL_ERR_NOT_FOUND;
}

static const struct {
  uint32_t column;
  uint8_t place;
} places[] = {{IN_LIST, LIST}, {IN_SYSFS, SYSFS}, {IN_TREE, TREE}};

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  const char *name = "";
  uint64_t base = 0;
  if (!s->gathered)
    KL_TRY(gather(c));
  if (s->next == s->n)
    return KL_END;
  uint64_t module = s->modules[s->next];
  uint8_t known = s->places[s->next++];
  kl_put(c, ADDRESS, KL_OK, 0, module);
  kl_put_field(c, NAME, module, KL_F_module_name);
  enum kl_status status = kl_module_state(c->kernel, module, &name);
  kl_put_bytes(c, STATE, status, module, name, kl_string_length(name));
  bool moves = status == KL_OK && !kl_text_equal(name, "Live");
  status = kl_module_base(c->kernel, module, &base);
  kl_put(c, BASE, status, module, base);
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    if (known & places[i].place || s->asked & places[i].place)
      kl_put(c, places[i].column, KL_OK, 0, (known & places[i].place) != 0);
  kl_put(c, AGREES, KL_OK, 0, (known & s->asked) == s->asked || (moves && known & LIST));
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 128, .open = NULL, .next = next};

const struct kl_table kl_hidden_modules_table = {
    .name = "hidden_modules",
    .group = "tampering",
    .doc = "modules by every list that has them; agrees is false for one that is hidden from some",
    .example = "hidden_modules DUMP agrees=false",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
