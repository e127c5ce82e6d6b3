// Modules in a guest built by hand, in both forms of their memory.
#include "guest.h"

#include "linux/module.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

// struct module, and where its parts are.
enum {
  STATE = 0,
  LIST = 8,
  NAME = 0x18,
  TAINTS = 0x50,
  REFCNT = 0x58,
  MEM = 0x60,
  SECTS = 0x100,
  KALLSYMS = 0x108
};
enum { PIECE_BYTES = 16, HEAD = 0x1000, MODULES = 0x2000, TABLES = 0x20000 };

static const enum kl_enum_id kinds[] = {KL_E_mod_mem_type_MOD_TEXT,       KL_E_mod_mem_type_MOD_DATA,
                                        KL_E_mod_mem_type_MOD_RODATA,     KL_E_mod_mem_type_MOD_RO_AFTER_INIT,
                                        KL_E_mod_mem_type_MOD_INIT_TEXT,  KL_E_mod_mem_type_MOD_INIT_DATA,
                                        KL_E_mod_mem_type_MOD_INIT_RODATA};

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  struct kl_kernel *k = &g.kernel;
  guest_field(&g, KL_F_list_head_next, 0, 8);
  guest_field(&g, KL_F_module_state, STATE, 4);
  guest_field(&g, KL_F_module_list, LIST, 16);
  guest_field(&g, KL_F_module_name, NAME, 56);
  guest_field(&g, KL_F_module_taints, TAINTS, 8);
  guest_field(&g, KL_F_module_refcnt, REFCNT, 4);
  guest_field(&g, KL_F_module_mem, MEM, 7 * PIECE_BYTES);
  guest_field(&g, KL_F_module_memory_base, 0, 8);
  guest_field(&g, KL_F_module_memory_size, 8, 4);
  guest_field(&g, KL_F_module_kallsyms, KALLSYMS, 8);
  guest_field(&g, KL_F_mod_kallsyms_symtab, 0, 8);
  guest_field(&g, KL_F_mod_kallsyms_num_symtab, 8, 4);
  guest_field(&g, KL_F_mod_kallsyms_strtab, 16, 8);
  guest_field(&g, KL_F_mod_kallsyms_typetab, 24, 8);
  guest_field(&g, KL_F_module_sect_attrs, SECTS, 8);
  guest_field(&g, KL_F_module_sect_attrs_grp, 0, 16);
  guest_field(&g, KL_F_attribute_group_bin_attrs, 8, 8);
  guest_field(&g, KL_F_bin_attribute_attr, 0, 16);
  guest_field(&g, KL_F_bin_attribute_private, 16, 8);
  guest_field(&g, KL_F_attribute_name, 0, 8);
  k->types[KL_T_module_memory].present = true;
  k->types[KL_T_module_memory].bytes = PIECE_BYTES;
  for (int i = 0; i < 7; i++) {
    k->enums[kinds[i]].present = true;
    k->enums[kinds[i]].value = i;
  }
  static const enum kl_enum_id states[] = {KL_E_module_state_MODULE_STATE_LIVE,
                                           KL_E_module_state_MODULE_STATE_COMING,
                                           KL_E_module_state_MODULE_STATE_GOING};
  for (int i = 0; i < 3; i++) {
    k->enums[states[i]].present = true;
    k->enums[states[i]].value = i;
  }
  k->known[KL_S_modules].present = true;
  k->known[KL_S_modules].address = VA(HEAD);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static uint64_t module(unsigned n) {
  return MODULES + 0x1000 * (uint64_t)n;
}

// n modules in a ring behind the head; each lies in its own data.
static void plant(unsigned n) {
  guest_put64(&g, HEAD, n ? VA(module(0) + LIST) : VA(HEAD));
  for (unsigned i = 0; i < n; i++) {
    char name[] = "modA";
    name[3] = (char)('A' + i);
    guest_put64(&g, module(i) + LIST, i + 1 < n ? VA(module(i + 1) + LIST) : VA(HEAD));
    guest_put_text(&g, module(i) + NAME, name);
    guest_put64(&g, module(i) + MEM, 0xffffffffc0000000 + 0x10000 * (uint64_t)i);
    guest_put(&g, module(i) + MEM + 8, 0x3000, 4);
    guest_put64(&g, module(i) + MEM + PIECE_BYTES, VA(module(i)));
    guest_put(&g, module(i) + MEM + PIECE_BYTES + 8, 0x1000, 4);
  }
}

static void expect_modules(unsigned n) {
  struct kl_module_walk walk;
  uint64_t at;
  assert_int_equal(kl_module_walk_init(&walk, &g.kernel, &g.budget), KL_OK);
  for (unsigned i = 0; i < n; i++) {
    assert_int_equal(kl_module_walk_next(&walk, &at), KL_OK);
    assert_int_equal(at, VA(module(i)));
  }
  assert_int_equal(kl_module_walk_next(&walk, &at), KL_END);
}

static void modules_are_walked_up_to_a_cap(void **state) {
  (void)state;
  plant(0);
  expect_modules(0);
  plant(3);
  expect_modules(3);
  g.limits.modules = 2;
  struct kl_module_walk walk;
  uint64_t at;
  assert_int_equal(kl_module_walk_init(&walk, &g.kernel, &g.budget), KL_OK);
  assert_int_equal(kl_module_walk_next(&walk, &at), KL_OK);
  assert_int_equal(kl_module_walk_next(&walk, &at), KL_OK);
  assert_int_equal(kl_module_walk_next(&walk, &at), KL_ERR_LIMIT);
  assert_int_equal(kl_module_walk_next(&walk, &at), KL_END);
}

static void plain_properties(void **state) {
  (void)state;
  plant(1);
  uint64_t at = VA(module(0)), v;
  const char *name;
  char taints[KL_MODULE_TAINTS];
  size_t n;
  guest_put(&g, module(0) + REFCNT, 1, 4);
  assert_int_equal(kl_module_references(&g.kernel, at, &v), KL_OK);
  assert_int_equal(v, 0);
  guest_put64(&g, module(0) + TAINTS, 1 << 12 | 1 << 13 | 1ull << 40);
  assert_int_equal(kl_module_taints(&g.kernel, at, taints, &n), KL_OK);
  assert_int_equal(n, 3);
  assert_memory_equal(taints, "OE?", 3);
  guest_put(&g, module(0) + STATE, 2, 4);
  assert_int_equal(kl_module_state(&g.kernel, at, &name), KL_OK);
  assert_string_equal(name, "Unloading");
  guest_put(&g, module(0) + STATE, 77, 4);
  assert_int_equal(kl_module_state(&g.kernel, at, &name), KL_ERR_MALFORMED);
  assert_int_equal(kl_module_base(&g.kernel, at, &v), KL_OK);
  assert_int_equal(v, 0xffffffffc0000000);
  assert_int_equal(kl_module_bytes(&g.kernel, at, &v), KL_OK);
  assert_int_equal(v, 0x4000);
}

static void expect_region(uint64_t i, const char *kind, uint64_t address, uint64_t bytes) {
  struct kl_module_region region;
  assert_int_equal(kl_module_region(&g.kernel, VA(module(0)), i, &region), KL_OK);
  assert_string_equal(region.kind, kind);
  assert_int_equal(region.address, address);
  assert_int_equal(region.bytes, bytes);
}

static void older_modules_have_layouts(void **state) {
  (void)state;
  struct kl_module_region region;
  g.kernel.fields[KL_F_module_mem].present = false;
  guest_field(&g, KL_F_module_core_layout, MEM, 32);
  guest_field(&g, KL_F_module_init_layout, MEM + 32, 32);
  guest_field(&g, KL_F_module_layout_base, 0, 8);
  guest_field(&g, KL_F_module_layout_size, 8, 4);
  guest_field(&g, KL_F_module_layout_text_size, 12, 4);
  guest_field(&g, KL_F_module_layout_ro_size, 16, 4);
  guest_field(&g, KL_F_module_layout_ro_after_init_size, 20, 4);
  guest_put64(&g, module(0) + MEM, 0xffffffffc0000000);
  static const uint32_t ends[] = {0x8000, 0x3000, 0x5000, 0x5000};
  for (uint64_t i = 0; i < 4; i++)
    guest_put(&g, module(0) + MEM + 8 + 4 * i, ends[i], 4);
  expect_region(0, "text", 0xffffffffc0000000, 0x3000);
  expect_region(1, "rodata", 0xffffffffc0003000, 0x2000);
  expect_region(2, "ro_after_init", 0, 0);
  expect_region(3, "data", 0xffffffffc0005000, 0x3000);
  uint64_t v;
  assert_int_equal(kl_module_bytes(&g.kernel, VA(module(0)), &v), KL_OK);
  assert_int_equal(v, 0x8000);
  assert_int_equal(kl_module_region(&g.kernel, VA(module(0)), 9, &region), KL_END);
}

static void sections_are_those_of_sysfs(void **state) {
  (void)state;
  struct kl_module_section section;
  assert_int_equal(kl_module_section(&g.kernel, VA(module(0)), 0, &section), KL_END); // no sysfs
  guest_put64(&g, module(0) + SECTS, VA(TABLES));
  guest_put64(&g, TABLES + 8, VA(TABLES + 0x100));
  guest_put64(&g, TABLES + 0x100, VA(TABLES + 0x200));
  guest_put64(&g, TABLES + 0x200, VA(TABLES + 0x300)); // name
  guest_put64(&g, TABLES + 0x210, 0xffffffffc0000123); // private
  assert_int_equal(kl_module_section(&g.kernel, VA(module(0)), 0, &section), KL_OK);
  assert_int_equal(section.name, VA(TABLES + 0x300));
  assert_int_equal(section.address, 0xffffffffc0000123);
  assert_int_equal(kl_module_section(&g.kernel, VA(module(0)), 1, &section), KL_END);
  // Up to 6.13.
  guest_field(&g, KL_F_module_sect_attrs_nsections, 16, 4);
  guest_field(&g, KL_F_module_sect_attrs_attrs, 24, 0);
  guest_field(&g, KL_F_module_sect_attr_battr, 0, 24);
  guest_field(&g, KL_F_module_sect_attr_address, 24, 8);
  g.kernel.types[KL_T_module_sect_attr].bytes = 32;
  guest_put(&g, TABLES + 16, 2, 4);
  guest_put64(&g, TABLES + 24 + 32, VA(TABLES + 0x300));
  guest_put64(&g, TABLES + 24 + 32 + 24, 0xffffffffc0000456);
  assert_int_equal(kl_module_section(&g.kernel, VA(module(0)), 1, &section), KL_OK);
  assert_int_equal(section.address, 0xffffffffc0000456);
  assert_int_equal(kl_module_section(&g.kernel, VA(module(0)), 2, &section), KL_END);
}

static void symbols_have_names_and_types(void **state) {
  (void)state;
  struct kl_module_symbols symbols;
  struct kl_module_symbol symbol;
  uint64_t at = VA(module(0));
  assert_int_equal(kl_module_symbols_open(&g.kernel, at, &symbols), KL_ERR_NOT_FOUND);
  guest_put64(&g, module(0) + KALLSYMS, VA(TABLES));
  guest_put64(&g, TABLES, VA(TABLES + 0x100));
  guest_put(&g, TABLES + 8, 2, 4);
  guest_put64(&g, TABLES + 16, VA(TABLES + 0x200));
  guest_put64(&g, TABLES + 24, VA(TABLES + 0x300));
  guest_put(&g, TABLES + 0x118, 1, 4); // the second symbol
  guest_put64(&g, TABLES + 0x120, 0xffffffffc0000010);
  guest_put_text(&g, TABLES + 0x201, "probe");
  guest_put_text(&g, TABLES + 0x300, "?t");
  assert_int_equal(kl_module_symbols_open(&g.kernel, at, &symbols), KL_OK);
  assert_int_equal(symbols.count, 2);
  assert_int_equal(kl_module_symbol(&g.kernel, &symbols, 0, &symbol), KL_ERR_NOT_FOUND);
  assert_int_equal(kl_module_symbol(&g.kernel, &symbols, 1, &symbol), KL_OK);
  assert_int_equal(symbol.address, 0xffffffffc0000010);
  assert_int_equal(symbol.type, 't');
  assert_int_equal(symbol.name, VA(TABLES + 0x201));
  assert_int_equal(kl_module_symbol(&g.kernel, &symbols, 2, &symbol), KL_ERR_ARGUMENT);
  g.limits.module_symbols = 1;
  assert_int_equal(kl_module_symbols_open(&g.kernel, at, &symbols), KL_ERR_LIMIT);
}

// ── Kernels that do not name their list ────────────────────────────────────

enum { TASK = 0x30000, SUPERS = 0x31000, TYPES = 0x32000 };

static void plant_file_systems(void) {
  struct kl_kernel *k = &g.kernel;
  guest_field(&g, KL_F_task_struct_nsproxy, 0, 8);
  guest_field(&g, KL_F_nsproxy_mnt_ns, 0, 8);
  guest_field(&g, KL_F_mnt_namespace_root, 0, 8);
  guest_field(&g, KL_F_mount_mnt, 0, 16);
  guest_field(&g, KL_F_vfsmount_mnt_sb, 8, 8);
  guest_field(&g, KL_F_super_block_s_list, 0, 16);
  guest_field(&g, KL_F_super_block_s_type, 16, 8);
  guest_field(&g, KL_F_file_system_type_owner, 8, 8);
  guest_field(&g, KL_F_file_system_type_next, 16, 8);
  k->known[KL_S_modules].present = false;
  k->known[KL_S_init_task].address = VA(TASK);
  guest_put64(&g, TASK, VA(TASK + 0x100));
  guest_put64(&g, TASK + 0x100, VA(TASK + 0x200));
  guest_put64(&g, TASK + 0x200, VA(TASK + 0x300));
  guest_put64(&g, TASK + 0x308, VA(SUPERS));
  // Two super_blocks and the head of their list, which leads nowhere.
  guest_put64(&g, SUPERS, VA(SUPERS + 0x800));
  guest_put64(&g, SUPERS + 0x800, VA(SUPERS + 0x100));
  guest_put64(&g, SUPERS + 0x810, 0x1234567812345678);
  guest_put64(&g, SUPERS + 0x100, VA(SUPERS));
  guest_put64(&g, SUPERS + 16, VA(TYPES));
  guest_put64(&g, SUPERS + 0x110, VA(TYPES + 0x100));
  // The first type was never registered, the second is followed by a third.
  guest_put64(&g, TYPES + 0x110, VA(TYPES + 0x200));
}

static void lists_without_a_name_are_found_by_an_owner(void **state) {
  (void)state;
  plant(3);
  plant_file_systems();
  struct kl_module_walk walk;
  assert_int_equal(kl_module_walk_init(&walk, &g.kernel, &g.budget), KL_ERR_NOT_FOUND);
  guest_put64(&g, TYPES + 0x208, VA(module(1)));
  expect_modules(3);
  assert_int_equal(g.kernel.known[KL_S_modules].address, VA(HEAD));
}

static void owners_that_are_no_modules_are_not_believed(void **state) {
  (void)state;
  plant(3);
  plant_file_systems();
  struct kl_module_walk walk;
  guest_put64(&g, TYPES + 0x208, VA(module(1)));
  guest_put(&g, module(1) + NAME, 7, 1);
  assert_int_equal(kl_module_walk_init(&walk, &g.kernel, &g.budget), KL_ERR_NOT_FOUND);
  guest_put(&g, module(1) + NAME, 'm', 1);
  guest_put64(&g, module(1) + MEM + PIECE_BYTES, VA(0)); // its data is elsewhere
  assert_int_equal(kl_module_walk_init(&walk, &g.kernel, &g.budget), KL_ERR_NOT_FOUND);
  // Types that lead back to themselves end by a cap.
  guest_put64(&g, TYPES + 0x210, VA(TYPES + 0x100));
  assert_int_equal(kl_module_walk_init(&walk, &g.kernel, &g.budget), KL_ERR_NOT_FOUND);
  g.budget.steps = 10;
  assert_int_equal(kl_module_walk_init(&walk, &g.kernel, &g.budget), KL_ERR_BUDGET);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(modules_are_walked_up_to_a_cap),
      TEST(plain_properties),
      TEST(older_modules_have_layouts),
      TEST(sections_are_those_of_sysfs),
      TEST(symbols_have_names_and_types),
      TEST(lists_without_a_name_are_found_by_an_owner),
      TEST(owners_that_are_no_modules_are_not_believed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
