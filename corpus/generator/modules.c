// Loaded modules: their memory, sections and symbols.
// Sources: include/linux/module.h; mem[] since 6.4 (ac3b43283923).
#include <elf.h>
#include <string.h>

#include "subjects.h"

void declare_modules(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    enum module_state { MODULE_STATE_LIVE, MODULE_STATE_COMING, MODULE_STATE_GOING, MODULE_STATE_UNFORMED };
    enum mod_mem_type { MOD_TEXT, MOD_DATA, MOD_RODATA, MOD_RO_AFTER_INIT, MOD_INIT_TEXT, MOD_INIT_DATA,
      MOD_INIT_RODATA, MOD_MEM_NUM_TYPES };
    struct module_layout { void *base; unsigned int size, text_size, ro_size, ro_after_init_size; } until(1);
    struct module_memory { void *base; unsigned int size; } since(2);
    typedef struct elf64_sym {
      u32 st_name; unsigned char st_info, st_other; u16 st_shndx; u64 st_value, st_size;
    } fixed Elf64_Sym;
    struct mod_kallsyms { Elf64_Sym *symtab; unsigned int num_symtab; char *strtab; char *typetab; };
    struct kobject { const char *name; struct list_head entry; struct kobject *parent; struct kset *kset; };
    struct kset { struct list_head list; spinlock_t list_lock; struct kobject kobj; };
    struct module_kobject { struct kobject kobj; struct module *mod; };
    struct module_sect_attr { const char *name until(0); unsigned long address; };
    struct module_use { struct list_head source_list, target_list; struct module *source, *target; };
    struct module {
      enum module_state state; struct list_head list; char name[56]; struct module_kobject mkobj;
      const char *version; const char *srcversion;
      unsigned int num_syms; int (*init)(void);
      struct module_layout core_layout until(1);
      struct module_layout init_layout until(1);
      struct module_memory mem[7] since(2);
      unsigned long taints;
      struct mod_kallsyms __rcu *kallsyms; struct mod_kallsyms core_kallsyms;
      struct list_head source_list, target_list;
      atomic_t refcnt;
    };
    ));
  // clang-format on
}

static uint64_t string_of(struct guest *g, const char *s) {
  uint64_t at = slab_take(g, strlen(s) + 1, 8);
  poke(g, at, s, strlen(s) + 1);
  return at;
}

enum { SYMBOLS = 4 }; // each module has, the empty first one included

static void build_symbols(struct guest *g, uint64_t module, const struct module_role *r, uint64_t text) {
  uint64_t size = object_bytes(g, "elf64_sym"), symtab = slab_take(g, SYMBOLS * size, 8);
  uint64_t strtab = slab_take(g, 256, 8), typetab = slab_take(g, SYMBOLS, 8), next = 1;
  static const char *const names[SYMBOLS] = {"", "init_module", "%s_open", "%s_release"};
  for (unsigned i = 1; i < SYMBOLS; i++) {
    const char *name = i == 1 ? print("%s", names[i]) : print(i == 2 ? "%s_open" : "%s_release", r->name);
    uint64_t symbol = symtab + i * size;
    set(g, symbol, "elf64_sym", "st_name", next);
    set(g, symbol, "elf64_sym", "st_info", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
    set(g, symbol, "elf64_sym", "st_shndx", 1);
    set(g, symbol, "elf64_sym", "st_value", text + 64 * i);
    set(g, symbol, "elf64_sym", "st_size", 64);
    g->module_symbols[g->n_module_symbols++] = (struct module_symbol){name, r->name, text + 64 * i};
    poke(g, strtab + next, name, strlen(name) + 1);
    poke(g, typetab + i, "t", 1);
    next += strlen(name) + 1;
  }
  uint64_t kallsyms = member_at(g, module, "module", "core_kallsyms");
  set(g, kallsyms, "mod_kallsyms", "symtab", symtab);
  set(g, kallsyms, "mod_kallsyms", "num_symtab", SYMBOLS);
  set(g, kallsyms, "mod_kallsyms", "strtab", strtab);
  set(g, kallsyms, "mod_kallsyms", "typetab", typetab);
  set(g, module, "module", "kallsyms", kallsyms);
}

static uint64_t build_module(struct guest *g, const struct module_role *r, uint64_t kset) {
  uint64_t text = vmalloc_take(g, &g->modules, r->kib * 1024), data = vmalloc_take(g, &g->modules, g->page);
  uint64_t module = data;
  if (object_bytes(g, "module") > g->page)
    die("struct module is over a page");
  set(g, module, "module", "state", 0);
  set_text(g, module, "module", "name", r->name);
  set(g, module, "module", "mkobj.mod", module);
  set(g, module, "module", "mkobj.kobj.kset", kset);
  list_append(g, member_at(g, kset, "kset", "list"), member_at(g, module, "module", "mkobj.kobj.entry"));
  if (r->version)
    set(g, module, "module", "version", string_of(g, r->version));
  uint64_t bytes = r->kib * 1024;
  if (has(g, "module", "core_layout")) {
    set(g, module, "module", "core_layout.base", text);
    set(g, module, "module", "core_layout.size", bytes);
    static const char *const ends[] = {"core_layout.text_size", "core_layout.ro_size",
                                       "core_layout.ro_after_init_size"};
    for (size_t i = 0; i < 3; i++) // all of it is text
      set(g, module, "module", ends[i], bytes);
  } else {
    set(g, module, "module", "mem[0].base", text);
    set(g, module, "module", "mem[0].size", bytes);
    set(g, module, "module", "mem[1].base", data);
    set(g, module, "module", "mem[1].size", g->page);
    bytes += g->page;
  }
  set(g, module, "module", "refcnt.counter", 1 + (r->used_by != NULL)); // one is the module's own
  list_init(g, member_at(g, module, "module", "source_list"));
  list_init(g, member_at(g, module, "module", "target_list"));
  build_symbols(g, module, r, text);
  truth_row(g);
  truth_address(g, "address", module);
  truth_text(g, "name", r->name);
  truth_text(g, "state", "Live");
  truth_address(g, "base", text);
  truth_number(g, "bytes", bytes);
  truth_number(g, "references", r->used_by != NULL);
  return module;
}

void build_modules(struct guest *g) {
  uint64_t head = image_take(g, IMAGE_DATA, object_bytes(g, "list_head"), 8);
  list_init(g, head);
  symbol_add(g, "modules", head, 'D');
  uint64_t kset = object_new(g, "kset"), variable = image_take(g, IMAGE_DATA, 8, 8);
  list_init(g, member_at(g, kset, "kset", "list"));
  poke_number(g, variable, kset, 8);
  symbol_add(g, "module_kset", variable, 'B');
  truth_table(g, "modules");
  size_t n;
  const struct module_role *roles = cast_modules(g, &n);
  g->module_symbols = take(n * SYMBOLS * sizeof *g->module_symbols);
  for (size_t i = 0; i < n; i++)
    list_append(g, head, member_at(g, build_module(g, &roles[i], kset), "module", "list"));
}
