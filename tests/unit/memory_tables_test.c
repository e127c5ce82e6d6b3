// Tables of memory and files on a guest made by hand whose numbers are absurd:
// what is read stays bounded, and what is missing is said.
#include "fs_builder.h"

#include "kernel/dump.h"
#include "kernlens/table.h"
#include "tables/cursor.h"

static struct guest g;
static struct kl_dump dump;
static struct kl_diagnostic diagnostics[64];
static void *memory;
static struct kl_cursor *cursor;
static const struct kl_cell *cells;
static const struct kl_table *table;

enum { TASK_BYTES = 0x400, TASKS_AT = 0x28000, ROOTS = 0x30000, SUPER_BLOCKS = 0x27000, SHARED_PAGE = 0x26000 };
enum { TASKS = 0x10, PID = 0x20, TGID = 0x24, FLAGS = 0x30, SIGNAL = 0x40, NODE = 0x48, MM = 0x68, FILES = 0x70 };
enum { COMM = 0x80, HEAD = 0x100, MM_AT = 0x180, FILES_AT = 0x200, FDT_AT = 0x240, FDS = 0x280 };
enum { PGD = 0, ENV_START = 0x20, ENV_END = 0x28 };

static int setup(void **state) {
  (void)state;
  fs_open(&g);
  static const struct {
    enum kl_field_id id;
    uint32_t offset, size;
  } fields[] = {
      {KL_F_task_struct_tasks, TASKS, 16},
      {KL_F_task_struct_pid, PID, 4},
      {KL_F_task_struct_tgid, TGID, 4},
      {KL_F_task_struct_flags, FLAGS, 4},
      {KL_F_task_struct_signal, SIGNAL, 8},
      {KL_F_task_struct_thread_node, NODE, 16},
      {KL_F_task_struct_mm, MM, 8},
      {KL_F_task_struct_files, FILES, 8},
      {KL_F_task_struct_comm, COMM, 16},
      {KL_F_signal_struct_thread_head, 0, 16},
      {KL_F_mm_struct_pgd, PGD, 8},
      {KL_F_mm_struct_env_start, ENV_START, 8},
      {KL_F_mm_struct_env_end, ENV_END, 8},
      {KL_F_files_struct_fdt, 0, 8},
      {KL_F_fdtable_max_fds, 0, 8},
      {KL_F_fdtable_fd, 8, 8},
      {KL_F_file_f_inode, 0, 8},
      {KL_F_file_f_pos, 8, 8},
      {KL_F_file_f_flags, 16, 4},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    guest_field(&g, fields[i].id, fields[i].offset, fields[i].size);
  g.kernel.known[KL_S_init_task].present = true;
  g.kernel.known[KL_S_init_task].address = va(TASKS_AT);
  g.kernel.known[KL_S_super_blocks].present = true;
  g.kernel.known[KL_S_super_blocks].address = va(SUPER_BLOCKS);
  memset(&dump, 0, sizeof dump);
  dump.options = kl_dump_options_default();
  dump.options.limits = kl_limits_default();
  dump.diagnostics = (struct kl_diagnostics){.items = diagnostics, .capacity = 64};
  dump.image = g.image;
  dump.kernel = &g.kernel;
  g.kernel.diagnostics = &dump.diagnostics;
  return 0;
}
static int teardown(void **state) {
  (void)state;
  free(memory);
  memory = NULL;
  guest_close(&g);
  return 0;
}

static void open_table(const char *name, uint64_t steps) {
  free(memory);
  table = kl_table_find(name);
  assert_non_null(table);
  size_t bytes = (kl_cursor_bytes(table) + 15) & ~(size_t)15;
  memory = aligned_alloc(16, bytes);
  struct kl_query query = {.table = table, .columns = UINT64_MAX, .steps = steps};
  assert_int_equal(kl_cursor_open(&dump, &query, memory, bytes, &cursor), KL_OK);
}
static const struct kl_cell *cell(const char *column) {
  int i = kl_table_column(table, column);
  assert_true(i >= 0);
  return &cells[i];
}
static void expect_text(const char *column, const char *wanted) {
  assert_int_equal(cell(column)->kind, KL_CELL_TEXT);
  assert_int_equal(cell(column)->n, strlen(wanted));
  assert_memory_equal(cell(column)->data, wanted, strlen(wanted));
}
static void expect_row(void) {
  assert_int_equal(kl_cursor_next(cursor, &cells), KL_OK);
}
static void expect_end(bool partial) {
  assert_int_equal(kl_cursor_next(cursor, &cells), KL_END);
  assert_int_equal(kl_cursor_partial(cursor), partial);
}
static bool told(const char *subject, enum kl_status why) {
  for (size_t i = 0; i < dump.diagnostics.used; i++)
    if (!strcmp(diagnostics[i].subject, subject) && diagnostics[i].reason == why)
      return true;
  return false;
}

// ── Processes ──────────────────────────────────────────────────────────────

static uint64_t task(unsigned n) {
  return TASKS_AT + TASK_BYTES * (uint64_t)n;
}

// Processes 1 and 2, with descriptors 0 and 2 each; no environment yet.
static void plant_processes(void) {
  for (unsigned n = 0; n < 3; n++) {
    const uint64_t alone[] = {task(n) + HEAD, task(n) + NODE};
    put_ring(&g, 2, alone);
    guest_put64(&g, task(n) + SIGNAL, va(task(n) + HEAD));
    guest_put(&g, task(n) + PID, n, 4);
    guest_put(&g, task(n) + TGID, n, 4);
    guest_put_text(&g, task(n) + COMM, n == 1 ? "one" : "two");
    if (!n)
      continue;
    guest_put64(&g, task(n) + MM, va(task(n) + MM_AT));
    guest_put64(&g, task(n) + MM_AT + PGD, va(ROOTS));
    guest_put64(&g, task(n) + FILES, va(task(n) + FILES_AT));
    guest_put64(&g, task(n) + FILES_AT, va(task(n) + FDT_AT));
    guest_put64(&g, task(n) + FDT_AT, 4);
    guest_put64(&g, task(n) + FDT_AT + 8, va(task(n) + FDS));
    guest_put64(&g, task(n) + FDS, va(task(n) + 0x300));
    guest_put64(&g, task(n) + FDS + 16, va(task(n) + 0x340));
    guest_put64(&g, task(n) + 0x300, va(inode_phys(n)));
    guest_put64(&g, task(n) + 0x340, va(inode_phys(n)));
    put_inode(&g, n, 1, 0);
  }
  const uint64_t all[] = {task(0) + TASKS, task(1) + TASKS, task(2) + TASKS};
  put_ring(&g, 3, all);
  put_super(&g, 1, "tmpfs", 0x12, 0);
}

static void expect_descriptor(uint64_t tgid, uint64_t fd) {
  expect_row();
  assert_int_equal(cell("tgid")->u64, tgid);
  assert_int_equal(cell("fd")->u64, fd);
  assert_int_equal(cell("file")->u64, va(task((unsigned)tgid) + (fd ? 0x340 : 0x300)));
  assert_int_equal(cell("inode")->u64, 100 + tgid);
  expect_text("device", "0:18");
  expect_text("comm", tgid == 1 ? "one" : "two");
}

static void descriptors_are_listed(void **state) {
  (void)state;
  plant_processes();
  open_table("open_files", 0);
  expect_descriptor(1, 0);
  expect_descriptor(1, 2);
  expect_descriptor(2, 0);
  expect_descriptor(2, 2);
  assert_int_equal(kl_cursor_next(cursor, &cells), KL_END);
}

static void more_descriptors_than_there_can_be_are_not_read(void **state) {
  (void)state;
  plant_processes();
  guest_put64(&g, task(1) + FDT_AT, 1ull << 60);
  open_table("open_files", 0);
  expect_descriptor(2, 0);
  expect_descriptor(2, 2);
  expect_end(true);
  assert_true(told("open_files", KL_ERR_LIMIT));
}

static void a_lost_table_does_not_lend_anothers_files(void **state) {
  (void)state;
  plant_processes();
  // The second process's fdtable begins in the last word of the dump.
  guest_put64(&g, task(2) + FILES_AT, va(g.bytes - 8));
  guest_put64(&g, g.bytes - 8, 1u << 20);
  open_table("open_files", 10000);
  expect_descriptor(1, 0);
  expect_descriptor(1, 2);
  expect_end(true);
  assert_true(told("open_files", KL_ERR_ABSENT));
}

static void a_table_of_descriptors_past_the_dump_is_bounded(void **state) {
  (void)state;
  plant_processes();
  guest_put64(&g, task(1) + FDT_AT, 1u << 20);
  guest_put64(&g, task(1) + FDT_AT + 8, va(0x30000000));
  open_table("open_files", 500);
  assert_int_equal(kl_cursor_next(cursor, &cells), KL_ERR_BUDGET);
  assert_true(kl_cursor_partial(cursor));
  assert_true(told("open_files", KL_ERR_ABSENT));
  assert_true(dump.diagnostics.used < 8); // however many slots there are
}

// One page, mapped 512 times from address 0 on.
static void plant_environment(unsigned n, uint64_t start, uint64_t end) {
  guest_put64(&g, ROOTS, (ROOTS + 0x1000) | 0x67);
  guest_put64(&g, ROOTS + 0x1000, (ROOTS + 0x2000) | 0x67);
  guest_put64(&g, ROOTS + 0x2000, (ROOTS + 0x3000) | 0x67);
  for (uint64_t i = 0; i < 512; i++)
    guest_put64(&g, ROOTS + 0x3000 + 8 * i, SHARED_PAGE | 0x67);
  guest_put64(&g, task(n) + MM_AT + ENV_START, start);
  guest_put64(&g, task(n) + MM_AT + ENV_END, end);
}

static void variables_have_a_name_and_a_value(void **state) {
  (void)state;
  plant_processes();
  plant_environment(1, 0x1000, 0x1011);
  memcpy(g.memory + SHARED_PAGE, "A=b=c\0\0LONE\0=x\0end", 19);
  open_table("environment", 0);
  expect_row();
  expect_text("name", "A");
  expect_text("value", "b=c");
  assert_int_equal(cell("tgid")->u64, 1);
  expect_row();
  expect_text("name", "LONE");
  assert_int_equal(cell("value")->kind, KL_CELL_NULL);
  expect_row();
  expect_text("name", "");
  expect_text("value", "x");
  expect_row(); // cut by the end
  expect_text("name", "en");
  expect_end(false);
}

static void absurd_environments_are_not_read(void **state) {
  (void)state;
  plant_processes();
  memcpy(g.memory + SHARED_PAGE, "A=b\0", 4);
  plant_environment(2, 0, 4);
  const uint64_t ends[][2] = {{0, 1ull << 63}, {1ull << 63, 0}, {4096, 0}, {0, UINT64_MAX}, {1, 0}};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    plant_environment(1, ends[i][0], ends[i][1]);
    dump.diagnostics.used = 0;
    open_table("environment", 0);
    expect_row();
    assert_int_equal(cell("tgid")->u64, 2);
    expect_text("name", "A");
    expect_end(true);
    assert_true(told("environment", KL_ERR_LIMIT));
  }
}

static void a_variable_without_end_is_cut(void **state) {
  (void)state;
  plant_processes();
  memset(g.memory + SHARED_PAGE, 'a', 4096);
  g.memory[SHARED_PAGE + 1] = '=';
  plant_environment(1, 0, 2 << 20);
  open_table("environment", 0);
  expect_row();
  expect_text("name", "a");
  assert_int_equal(cell("value")->n, (128 << 10) - 2);
  assert_true(kl_cursor_partial(cursor));
  assert_true(told("environment", KL_ERR_LIMIT));
  expect_end(true);
}

static void an_environment_that_is_missing_in_part_is_said(void **state) {
  (void)state;
  plant_processes();
  memset(g.memory + SHARED_PAGE, 0, 4096);
  memcpy(g.memory + SHARED_PAGE, "A=b\0", 4);
  plant_environment(1, 0, 0x2000);
  guest_put64(&g, ROOTS + 0x3008, 0);
  open_table("environment", 0);
  expect_row();
  expect_text("value", "b");
  expect_end(true);
  assert_true(told("environment", KL_ERR_UNMAPPED));
}

// ── Files ──────────────────────────────────────────────────────────────────

static void plant_files(void) {
  const uint64_t all[] = {SUPER_BLOCKS, super_phys(1) + S_LIST};
  const uint64_t inodes[] = {super_phys(1) + S_INODES, inode_phys(1) + I_LIST, inode_phys(2) + I_LIST};
  put_super(&g, 1, "tmpfs", 0x12, 0);
  put_ring(&g, 2, all);
  put_inode(&g, 1, 1, 1ull << 60);
  put_inode(&g, 2, 1, 3);
  put_ring(&g, 3, inodes);
}

static void sizes_are_told_as_they_stand(void **state) {
  (void)state;
  plant_files();
  g.kernel.fields[KL_F_inode_i_size].is_signed = true;
  guest_put64(&g, inode_phys(1) + I_SIZE, 1ull << 63);
  open_table("inodes", 0);
  expect_row();
  assert_int_equal(cell("inode")->u64, 101);
  assert_int_equal(cell("bytes")->i64, INT64_MIN);
  assert_int_equal(cell("cached_pages")->u64, 1ull << 60);
  assert_int_equal(cell("path")->kind, KL_CELL_NULL);
  expect_row();
  assert_int_equal(cell("cached_pages")->u64, 3);
}

static void pages_are_those_of_the_tree_not_of_the_count(void **state) {
  (void)state;
  plant_files();
  guest_field(&g, KL_F_xarray_xa_head, 8, 8);
  guest_field(&g, KL_F_xa_node_slots, 40, 512);
  open_table("page_cache", 0);
  expect_end(false); // the tree is empty
}

static void sums_that_can_not_be_are_no_sums(void **state) {
  (void)state;
  plant_files();
  open_table("superblocks", 0);
  expect_row();
  assert_int_equal(cell("cached_pages")->u64, (1ull << 60) + 3);
  assert_int_equal(cell("inodes")->u64, 2);
  guest_put64(&g, inode_phys(1) + I_DATA + A_NRPAGES, UINT64_MAX);
  open_table("superblocks", 0);
  expect_row();
  assert_int_equal(cell("cached_pages")->kind, KL_CELL_UNREADABLE);
  assert_int_equal(cell("cached_pages")->why, KL_ERR_LIMIT);
}

// The number of swap areas lies in memory that the dump lacks.
static void swap_that_can_not_be_read_is_told_of_once(void **state) {
  (void)state;
  static const enum kl_symbol_id symbols[] = {KL_S_nr_swapfiles, KL_S_swap_info, KL_S_swapper_spaces,
                                              KL_S_nr_swapper_spaces};
  guest_put64(&g, SUPER_BLOCKS, va(SUPER_BLOCKS)); // no file system
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    g.kernel.known[symbols[i]].present = true;
    g.kernel.known[symbols[i]].address = va(0x30000000);
  }
  open_table("page_cache", 1u << 20);
  assert_int_equal(kl_cursor_next(cursor, &cells), KL_END);
  assert_true(kl_cursor_partial(cursor));
  assert_int_equal(dump.diagnostics.used, 1);
  assert_string_equal(diagnostics[0].what, "swap");
  assert_int_equal(diagnostics[0].reason, KL_ERR_ABSENT);
  assert_int_equal(diagnostics[0].count, 1);
}

static void a_loop_of_inodes_is_partial(void **state) {
  (void)state;
  plant_files();
  guest_put64(&g, inode_phys(2) + I_LIST, va(inode_phys(1) + I_LIST));
  open_table("inodes", 0);
  unsigned rows = 0;
  while (kl_cursor_next(cursor, &cells) == KL_OK)
    rows++;
  assert_in_range(rows, 2, 16);
  assert_true(kl_cursor_partial(cursor));
  assert_true(told("inodes", KL_ERR_CYCLE));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(descriptors_are_listed),
      TEST(more_descriptors_than_there_can_be_are_not_read),
      TEST(a_lost_table_does_not_lend_anothers_files),
      TEST(a_table_of_descriptors_past_the_dump_is_bounded),
      TEST(variables_have_a_name_and_a_value),
      TEST(absurd_environments_are_not_read),
      TEST(a_variable_without_end_is_cut),
      TEST(an_environment_that_is_missing_in_part_is_said),
      TEST(sizes_are_told_as_they_stand),
      TEST(pages_are_those_of_the_tree_not_of_the_count),
      TEST(sums_that_can_not_be_are_no_sums),
      TEST(swap_that_can_not_be_read_is_told_of_once),
      TEST(a_loop_of_inodes_is_partial),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
