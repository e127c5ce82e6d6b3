// Areas of an address space, as a list and as a tree, and their names.
#include "guest.h"

#include "linux/vma.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

enum { START = 0, END = 8, NEXT = 16, FLAGS = 32, FILE_AT = 40, PGOFF = 48, OPS = 56, PRIVATE = 64, SHARED = 72 };
enum { MMAP = 0, BRK = 0x10, START_BRK = 0x18, STACK = 0x20, MM_MT = 0x40, MA_ROOT = 8 };
enum { MM = 0x1000, VMAS = 0x2000, VMA_BYTES = 0x100, TREE_NODE = 0x8000, TEXT = 0xa000, PATHS = 0x10000 };
#define NODE_OF_LEAVES (VA(TREE_NODE) | 1 << 3 | 4)

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  guest_field(&g, KL_F_mm_struct_mmap, MMAP, 8);
  guest_field(&g, KL_F_mm_struct_brk, BRK, 8);
  guest_field(&g, KL_F_mm_struct_start_brk, START_BRK, 8);
  guest_field(&g, KL_F_mm_struct_start_stack, STACK, 8);
  guest_field(&g, KL_F_vm_area_struct_vm_start, START, 8);
  guest_field(&g, KL_F_vm_area_struct_vm_end, END, 8);
  guest_field(&g, KL_F_vm_area_struct_vm_next, NEXT, 8);
  guest_field(&g, KL_F_vm_area_struct_vm_flags, FLAGS, 8);
  guest_field(&g, KL_F_vm_area_struct_vm_file, FILE_AT, 8);
  guest_field(&g, KL_F_vm_area_struct_vm_pgoff, PGOFF, 8);
  guest_field(&g, KL_F_vm_area_struct_vm_ops, OPS, 8);
  guest_field(&g, KL_F_vm_area_struct_vm_private_data, PRIVATE, 8);
  guest_field(&g, KL_F_vm_operations_struct_name, 8, 8);
  guest_field(&g, KL_F_vm_special_mapping_name, 0, 8);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// From 6.1 on: a tree, of one leaf here.
static void have_a_tree(void) {
  g.kernel.fields[KL_F_mm_struct_mmap].present = false;
  g.kernel.fields[KL_F_vm_area_struct_vm_next].present = false;
  guest_field(&g, KL_F_mm_struct_mm_mt, MM_MT, 16);
  guest_field(&g, KL_F_maple_tree_ma_root, MA_ROOT, 8);
  guest_field(&g, KL_F_maple_node_parent, 0, 8);
  guest_field(&g, KL_F_maple_range_64_pivot, 8, 8 * 15);
  guest_field(&g, KL_F_maple_range_64_slot, 128, 8 * 16);
  guest_field(&g, KL_F_maple_range_64_meta, 128 + 8 * 15, 2);
  guest_field(&g, KL_F_maple_metadata_end, 0, 1);
  g.kernel.enums[KL_E_maple_type_maple_leaf_64].present = true;
  g.kernel.enums[KL_E_maple_type_maple_leaf_64].value = 1;
  guest_put64(&g, MM + MM_MT + MA_ROOT, NODE_OF_LEAVES | 2);
}
static void leaf(unsigned i, uint64_t last, uint64_t entry) {
  guest_put64(&g, TREE_NODE + 8 + 8 * (uint64_t)i, last);
  guest_put64(&g, TREE_NODE + 128 + 8 * (uint64_t)i, entry);
  guest_put(&g, TREE_NODE + 128 + 8 * 15, i, 1);
}

static uint64_t vma(unsigned n) {
  return VA(VMAS + VMA_BYTES * (uint64_t)n);
}
static void put_vma(unsigned n, uint64_t start, uint64_t end, uint64_t next) {
  uint64_t at = VMAS + VMA_BYTES * (uint64_t)n;
  guest_put64(&g, at + START, start);
  guest_put64(&g, at + END, end);
  guest_put64(&g, at + NEXT, next);
  guest_put64(&g, at + FLAGS, KL_VM_READ | n << 4);
}

static struct kl_vma_walk walk;
static struct kl_vma area;

static void begin(uint64_t first, uint64_t last) {
  assert_int_equal(kl_vma_walk_init(&walk, &g.kernel, &g.budget, VA(MM), first, last), KL_OK);
}
static void expect(unsigned n, uint64_t start, uint64_t end) {
  assert_int_equal(kl_vma_walk_next(&walk, &area), KL_OK);
  assert_int_equal(area.address, vma(n));
  assert_int_equal(area.start, start);
  assert_int_equal(area.end, end);
  assert_int_equal(area.flags, KL_VM_READ | n << 4);
}
static void expect_lost(enum kl_status status, uint64_t at) {
  assert_int_equal(kl_vma_walk_next(&walk, &area), status);
  assert_int_equal(walk.lost, at);
}
static void expect_end(void) {
  assert_int_equal(kl_vma_walk_next(&walk, &area), KL_END);
  assert_int_equal(kl_vma_walk_next(&walk, &area), KL_END);
}

// 0x1000-0x3000, 0x3000-0x4000, 0x8000-0x9000.
static void plant_list(void) {
  guest_put64(&g, MM + MMAP, vma(1));
  put_vma(1, 0x1000, 0x3000, vma(2));
  put_vma(2, 0x3000, 0x4000, vma(3));
  put_vma(3, 0x8000, 0x9000, 0);
}
static void plant_tree(void) {
  have_a_tree();
  plant_list();
  leaf(0, 0xfff, 0);
  leaf(1, 0x2fff, vma(1));
  leaf(2, 0x3fff, vma(2));
  leaf(3, 0x7fff, 0);
  leaf(4, 0x8fff, vma(3));
  leaf(5, UINT64_MAX, 0);
}

static void expect_three(void) {
  begin(0, UINT64_MAX);
  expect(1, 0x1000, 0x3000);
  expect(2, 0x3000, 0x4000);
  expect(3, 0x8000, 0x9000);
  expect_end();
  begin(0x2fff, 0x3000);
  expect(1, 0x1000, 0x3000);
  expect(2, 0x3000, 0x4000);
  expect_end();
  begin(0x4000, 0x7fff);
  expect_end();
}

static void a_list_is_followed(void **state) {
  (void)state;
  plant_list();
  expect_three();
}

static void a_tree_is_walked(void **state) {
  (void)state;
  plant_tree();
  expect_three();
}

static void an_empty_address_space_has_no_areas(void **state) {
  (void)state;
  begin(0, UINT64_MAX);
  expect_end();
  have_a_tree();
  guest_put64(&g, MM + MM_MT + MA_ROOT, 0);
  begin(0, UINT64_MAX);
  expect_end();
}

static void offsets_are_those_of_files(void **state) {
  (void)state;
  plant_list();
  guest_put64(&g, VMAS + VMA_BYTES + PGOFF, 5); // anonymous: a page offset of no file
  guest_put64(&g, VMAS + 2 * VMA_BYTES + PGOFF, 5);
  guest_put64(&g, VMAS + 2 * VMA_BYTES + FILE_AT, VA(0x3000));
  begin(0, UINT64_MAX);
  expect(1, 0x1000, 0x3000);
  assert_int_equal(area.offset, 0);
  expect(2, 0x3000, 0x4000);
  assert_int_equal(area.offset, 0x5000);
  assert_int_equal(area.file, VA(0x3000));
}

static void a_list_that_does_not_rise_ends(void **state) {
  (void)state;
  plant_list();
  put_vma(2, 0x3000, 0x4000, vma(1)); // back to the first
  begin(0, UINT64_MAX);
  expect(1, 0x1000, 0x3000);
  expect(2, 0x3000, 0x4000);
  expect_lost(KL_ERR_CYCLE, vma(1));
  expect_end();
  put_vma(2, 0x3000, 0x4000, vma(2)); // to itself
  begin(0, UINT64_MAX);
  expect(1, 0x1000, 0x3000);
  expect(2, 0x3000, 0x4000);
  expect_lost(KL_ERR_CYCLE, vma(2));
  expect_end();
  plant_list();
  put_vma(2, 0x2000, 0x4000, vma(3)); // into the one before
  begin(0, UINT64_MAX);
  expect(1, 0x1000, 0x3000);
  expect_lost(KL_ERR_CYCLE, vma(2));
  expect_end();
  put_vma(1, 0x3000, 0x3000, vma(2)); // of no length
  begin(0, UINT64_MAX);
  expect_lost(KL_ERR_CYCLE, vma(1));
  expect_end();
  put_vma(1, 0x3000, 0, vma(2)); // of less
  begin(0, UINT64_MAX);
  expect_lost(KL_ERR_CYCLE, vma(1));
  expect_end();
}

static void a_list_ends_where_memory_is_missing(void **state) {
  (void)state;
  plant_list();
  put_vma(1, 0x1000, 0x3000, VA(0x30000000));
  begin(0, UINT64_MAX);
  expect(1, 0x1000, 0x3000);
  expect_lost(KL_ERR_ABSENT, VA(0x30000000));
  expect_end();
  put_vma(1, 0x1000, 0x3000, 0xdead000000000100);
  begin(0, UINT64_MAX);
  expect(1, 0x1000, 0x3000);
  expect_lost(KL_ERR_UNMAPPED, 0xdead000000000100);
  expect_end();
}

static void every_area_costs(void **state) {
  (void)state;
  plant_list();
  g.budget.steps = 1;
  begin(0, UINT64_MAX);
  expect(1, 0x1000, 0x3000);
  assert_int_equal(kl_vma_walk_next(&walk, &area), KL_ERR_BUDGET);
}

static void tree_and_area_must_agree(void **state) {
  (void)state;
  plant_tree();
  put_vma(1, 0x1000, 0x2000, 0);   // shorter than its range
  put_vma(2, 0x2000, 0x4000, 0);   // begins before it
  leaf(4, 0x8fff, VA(0x30000000)); // not in the dump
  leaf(5, UINT64_MAX, vma(5));     // up to the end
  put_vma(5, 0x9000, 0, 0);
  begin(0, UINT64_MAX);
  expect_lost(KL_ERR_MALFORMED, vma(1));
  expect_lost(KL_ERR_MALFORMED, vma(2));
  expect_lost(KL_ERR_ABSENT, VA(0x30000000));
  expect_lost(KL_ERR_MALFORMED, vma(5));
  expect_end();
  // One area in two ranges is in neither.
  plant_tree();
  leaf(2, 0x3fff, vma(1));
  begin(0, 0x7fff);
  expect(1, 0x1000, 0x3000);
  expect_lost(KL_ERR_MALFORMED, vma(1));
  expect_end();
}

static void a_tree_that_can_not_be_read_is_lost(void **state) {
  (void)state;
  plant_tree();
  guest_put64(&g, TREE_NODE, VA(TREE_NODE)); // dead
  begin(0, UINT64_MAX);
  expect_lost(KL_ERR_MALFORMED, VA(TREE_NODE));
  expect_end();
  assert_int_equal(kl_vma_walk_init(&walk, &g.kernel, &g.budget, VA(0x30000000), 0, UINT64_MAX), KL_OK);
  assert_int_equal(kl_vma_walk_next(&walk, &area), KL_ERR_ABSENT);
  expect_end();
}

static void without_the_members_there_is_no_walk(void **state) {
  (void)state;
  g.kernel.fields[KL_F_mm_struct_mmap].present = false;
  assert_int_equal(kl_vma_walk_init(&walk, &g.kernel, &g.budget, VA(MM), 0, 1), KL_ERR_NOT_FOUND);
}

// ── Names ──────────────────────────────────────────────────────────────────

static char buffer[KL_PATH_BYTES];

static enum kl_status name_of(const struct kl_vma *a, size_t capacity, struct kl_path_text *text) {
  const struct kl_path_root root = {0};
  *text = kl_path_into(buffer, capacity);
  return kl_vma_name(&g.kernel, &g.budget, VA(MM), a, &root, text);
}
static void expect_name(unsigned n, uint64_t start, uint64_t end, const char *wanted) {
  struct kl_vma a = {.address = vma(n), .start = start, .end = end};
  struct kl_path_text text;
  assert_int_equal(name_of(&a, sizeof buffer, &text), KL_OK);
  assert_int_equal(text.capacity - text.start, strlen(wanted));
  assert_memory_equal(text.buffer + text.start, wanted, strlen(wanted));
}
static void expect_no_name(enum kl_status status, size_t capacity, unsigned n, uint64_t start, uint64_t end) {
  struct kl_vma a = {.address = vma(n), .start = start, .end = end};
  struct kl_path_text text;
  assert_int_equal(name_of(&a, capacity, &text), status);
}

static void heap_and_stack_are_where_the_process_says(void **state) {
  (void)state;
  guest_put64(&g, MM + START_BRK, 0x5000);
  guest_put64(&g, MM + BRK, 0x8000);
  guest_put64(&g, MM + STACK, 0x7ffd0800);
  expect_name(1, 0x5000, 0x8000, "[heap]");
  expect_name(1, 0x4000, 0x5001, "[heap]");
  expect_name(1, 0x4000, 0x5000, "");
  expect_name(1, 0x8000, 0x9000, "");
  expect_name(1, 0x7ffd0000, 0x7ffd1000, "[stack]");
  expect_name(1, 0x7ffe0000, 0x7ffe1000, "");
  expect_no_name(KL_ERR_LIMIT, 5, 1, 0x5000, 0x8000);
  g.kernel.fields[KL_F_mm_struct_brk].present = false;
  expect_no_name(KL_ERR_NOT_FOUND, sizeof buffer, 1, 0x5000, 0x8000);
}

static void special_mappings_name_themselves(void **state) {
  (void)state;
  const uint64_t namer = 0xffffffff81234560;
  guest_put64(&g, VMAS + VMA_BYTES + OPS, VA(TEXT));
  guest_put64(&g, VMAS + VMA_BYTES + PRIVATE, VA(TEXT + 0x100));
  guest_put64(&g, TEXT + 8, namer);
  guest_put64(&g, TEXT + 0x100, VA(TEXT + 0x200));
  guest_put_text(&g, TEXT + 0x200, "[vdso]");
  expect_name(1, 0x10000, 0x11000, ""); // which function that is is not known
  g.kernel.known[KL_S_special_mapping_name].present = true;
  g.kernel.known[KL_S_special_mapping_name].address = namer;
  expect_name(1, 0x10000, 0x11000, "[vdso]");
  guest_put64(&g, TEXT + 0x100, VA(0x30000000));
  expect_no_name(KL_ERR_ABSENT, sizeof buffer, 1, 0x10000, 0x11000);
  guest_put64(&g, VMAS + VMA_BYTES + PRIVATE, 0);
  expect_no_name(KL_ERR_UNMAPPED, sizeof buffer, 1, 0x10000, 0x11000);
  // A name without end.
  guest_put64(&g, VMAS + VMA_BYTES + PRIVATE, VA(TEXT + 0x100));
  guest_put64(&g, TEXT + 0x100, VA(TEXT + 0x200));
  memset(g.memory + TEXT + 0x200, 'a', 0x100);
  expect_no_name(KL_ERR_LIMIT, sizeof buffer, 1, 0x10000, 0x11000);
}

static void anonymous_areas_may_be_named(void **state) {
  (void)state;
  guest_field(&g, KL_F_vm_area_struct_anon_name, SHARED, 8);
  guest_field(&g, KL_F_anon_vma_name_name, 4, 0);
  expect_name(1, 0x10000, 0x11000, "");
  guest_put64(&g, VMAS + VMA_BYTES + SHARED, VA(TEXT));
  guest_put_text(&g, TEXT + 4, "lab heap");
  expect_name(1, 0x10000, 0x11000, "[anon:lab heap]");
  // A name is up to 80 bytes with its end.
  memset(g.memory + TEXT + 4, 'n', 79);
  g.memory[TEXT + 4 + 79] = 0;
  struct kl_vma a = {.address = vma(1), .start = 0x10000, .end = 0x11000};
  struct kl_path_text text;
  assert_int_equal(name_of(&a, sizeof buffer, &text), KL_OK);
  assert_int_equal(text.capacity - text.start, 6 + 79 + 1);
  g.memory[TEXT + 4 + 79] = 'n';
  expect_no_name(KL_ERR_LIMIT, sizeof buffer, 1, 0x10000, 0x11000);
  guest_put64(&g, VMAS + VMA_BYTES + SHARED, VA(0x30000000));
  expect_no_name(KL_ERR_ABSENT, sizeof buffer, 1, 0x10000, 0x11000);
}

static void what_areas_of_files_keep_there_is_no_name(void **state) {
  (void)state;
  guest_field(&g, KL_F_vm_area_struct_anon_name, SHARED, 8);
  guest_field(&g, KL_F_vm_area_struct_shared, SHARED, 32);
  guest_field(&g, KL_F_anon_vma_name_name, 4, 0);
  guest_put64(&g, VMAS + VMA_BYTES + SHARED, VA(TEXT));
  guest_put_text(&g, TEXT + 4, "x");
  struct kl_vma a = {.address = vma(1), .start = 0x10000, .end = 0x11000, .file = VA(PATHS)};
  struct kl_path_text text;
  assert_int_equal(name_of(&a, sizeof buffer, &text), KL_ERR_NOT_FOUND); // the path: this guest has no files
  g.kernel.fields[KL_F_vm_area_struct_shared].offset = SHARED + 8;       // 6.2
  assert_int_equal(name_of(&a, sizeof buffer, &text), KL_OK);
  assert_memory_equal(text.buffer + text.start, "[anon_shmem:x]", 14);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_list_is_followed),
      TEST(a_tree_is_walked),
      TEST(an_empty_address_space_has_no_areas),
      TEST(offsets_are_those_of_files),
      TEST(a_list_that_does_not_rise_ends),
      TEST(a_list_ends_where_memory_is_missing),
      TEST(every_area_costs),
      TEST(tree_and_area_must_agree),
      TEST(a_tree_that_can_not_be_read_is_lost),
      TEST(without_the_members_there_is_no_walk),
      TEST(heap_and_stack_are_where_the_process_says),
      TEST(special_mappings_name_themselves),
      TEST(anonymous_areas_may_be_named),
      TEST(what_areas_of_files_keep_there_is_no_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
