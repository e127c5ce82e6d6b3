// Processes with memory, and the leaves of their page tables.
#include "guest.h"

#include "linux/mapping.h"
#include "linux/process.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

enum { TASKS = 0x10, PID = 0x20, TGID = 0x24, FLAGS = 0x30, SIGNAL = 0x40, NODE = 0x48, MM = 0x68, COMM = 0x80 };
enum { THREADS_HEAD = 0x10, ROOTS = 0x20000, TABLES = 0x30000, PF_KTHREAD = 0x200000 };

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x80000);
  guest_map(&g);
  guest_field(&g, KL_F_list_head_next, 0, 8);
  guest_field(&g, KL_F_task_struct_tasks, TASKS, 16);
  guest_field(&g, KL_F_task_struct_pid, PID, 4);
  guest_field(&g, KL_F_task_struct_tgid, TGID, 4);
  guest_field(&g, KL_F_task_struct_flags, FLAGS, 4);
  guest_field(&g, KL_F_task_struct_signal, SIGNAL, 8);
  guest_field(&g, KL_F_task_struct_thread_node, NODE, 16);
  guest_field(&g, KL_F_task_struct_mm, MM, 8);
  guest_field(&g, KL_F_task_struct_comm, COMM, 16);
  guest_field(&g, KL_F_signal_struct_thread_head, THREADS_HEAD, 16);
  guest_field(&g, KL_F_mm_struct_pgd, 0, 8);
  g.kernel.known[KL_S_init_task].present = true;
  g.kernel.known[KL_S_init_task].address = VA(0x1000);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// Task n lies at 0x1000 * (n + 1), the signal_struct of its process 0x800
// behind; n 0 is init_task. Its mm_struct, if any, is at MMS + 0x100 * mm.
enum { MMS = 0x18000 };
static uint64_t task(unsigned n) {
  return 0x1000 + 0x1000 * (uint64_t)n;
}
static void put_task(unsigned n, unsigned tgid, unsigned mm, const char *comm) {
  guest_put(&g, task(n) + PID, n, 4);
  guest_put(&g, task(n) + TGID, tgid, 4);
  guest_put(&g, task(n) + FLAGS, 0, 4);
  guest_put64(&g, task(n) + SIGNAL, VA(task(tgid) + 0x800));
  guest_put64(&g, task(n) + MM, mm ? VA(MMS + 0x100 * (uint64_t)mm) : 0);
  memcpy(g.memory + task(n) + COMM, comm, strlen(comm));
}
static void ring(size_t n, const uint64_t *at) {
  for (size_t i = 0; i < n; i++)
    guest_put64(&g, at[i], VA(at[(i + 1) % n]));
}

// A kernel thread 2; processes 1, 3 (its leader has exited, thread 4 has not)
// and 5, which shares the memory of 1.
static void plant(void) {
  put_task(0, 0, 0, "swapper");
  put_task(1, 1, 1, "init");
  put_task(2, 2, 1, "kthread"); // borrows memory
  guest_put(&g, task(2) + FLAGS, PF_KTHREAD, 4);
  put_task(3, 3, 0, "gone");
  put_task(4, 3, 2, "a_name_of_16_by!");
  put_task(5, 5, 1, "clone");
  const uint64_t all[] = {task(0) + TASKS, task(1) + TASKS, task(2) + TASKS, task(3) + TASKS, task(5) + TASKS};
  ring(5, all);
  for (unsigned n = 1; n < 6; n++) {
    const uint64_t alone[] = {task(n) + 0x800 + THREADS_HEAD, task(n) + NODE};
    if (n != 3 && n != 4)
      ring(2, alone);
  }
  const uint64_t two[] = {task(3) + 0x800 + THREADS_HEAD, task(3) + NODE, task(4) + NODE};
  ring(3, two);
}

static struct kl_process_walk walk;
static struct kl_process process;

static void begin(uint64_t only) {
  assert_int_equal(kl_process_walk_init(&walk, &g.kernel, &g.budget, only), KL_OK);
}
static void expect(unsigned n, unsigned tgid, unsigned mm, const char *comm) {
  assert_int_equal(kl_process_walk_next(&walk, &process), KL_OK);
  assert_int_equal(process.task, VA(task(n)));
  assert_int_equal(process.tgid, tgid);
  assert_int_equal(process.mm, VA(MMS + 0x100 * (uint64_t)mm));
  assert_int_equal(process.comm_bytes, strlen(comm));
  assert_memory_equal(process.comm, comm, strlen(comm));
}
static void expect_end(void) {
  assert_int_equal(kl_process_walk_next(&walk, &process), KL_END);
  assert_int_equal(kl_process_walk_next(&walk, &process), KL_END);
}

static void processes_with_memory_are_given_once(void **state) {
  (void)state;
  plant();
  begin(0);
  expect(1, 1, 1, "init");
  expect(4, 3, 2, "a_name_of_16_by!");
  expect(5, 5, 1, "clone");
  expect_end();
}

static void one_process_is_found(void **state) {
  (void)state;
  plant();
  begin(3);
  expect(4, 3, 2, "a_name_of_16_by!");
  expect_end();
  begin(2); // a kernel thread: nothing of it
  expect_end();
  assert_int_equal(kl_process_walk_init(&walk, &g.kernel, &g.budget, 77), KL_END);
}

static void what_is_broken_is_told_once_and_the_rest_given(void **state) {
  (void)state;
  plant();
  guest_put64(&g, task(1) + NODE, VA(0x30000000)); // a thread that is not in the dump
  begin(0);
  expect(1, 1, 1, "init");
  unsigned errors = 0;
  enum kl_status status;
  while ((status = kl_process_walk_next(&walk, &process)) != KL_OK && errors < 10) {
    assert_int_equal(status, KL_ERR_ABSENT);
    errors++;
  }
  assert_in_range(errors, 1, 3);
  assert_int_equal(process.tgid, 3);
  expect(5, 5, 1, "clone");
  expect_end();
}

static void the_budget_ends_it(void **state) {
  (void)state;
  plant();
  begin(0);
  g.budget.steps = 2;
  enum kl_status status;
  for (int i = 0; (status = kl_process_walk_next(&walk, &process)) == KL_OK; i++)
    assert_true(i < 2);
  assert_int_equal(status, KL_ERR_BUDGET);
}

// ── Leaves ─────────────────────────────────────────────────────────────────

// Tables of root n for addresses from 0 on; entry i of the last one.
static void put_root(unsigned n) {
  uint64_t root = ROOTS + 0x1000 * (uint64_t)n, tables = TABLES + 0x4000 * (uint64_t)n;
  guest_put64(&g, MMS + 0x100 * (uint64_t)n, VA(root));
  guest_put64(&g, root, tables | 0x67);
  guest_put64(&g, tables, (tables + 0x1000) | 0x67);
  guest_put64(&g, tables + 0x1000, (tables + 0x2000) | 0x67);
}
static void put_entry(unsigned n, unsigned i, uint64_t entry) {
  guest_put64(&g, TABLES + 0x4000 * (uint64_t)n + 0x2000 + 8 * (uint64_t)i, entry);
}

static struct kl_mapping_walk mappings;
static struct kl_mapping mapping;

static void expect_leaf(unsigned tgid, uint64_t address, uint64_t phys) {
  assert_int_equal(kl_mapping_walk_next(&mappings, &mapping), KL_OK);
  assert_int_equal(mappings.process.tgid, tgid);
  assert_int_equal(mapping.address, address);
  assert_int_equal(mapping.leaf.state, KL_ENTRY_PRESENT);
  assert_int_equal(mapping.leaf.phys, phys);
}
static void begin_leaves(uint64_t only, uint64_t first, uint64_t last) {
  assert_int_equal(kl_mapping_walk_init(&mappings, &g.kernel, &g.budget, only, first, last), KL_OK);
}
static void expect_no_leaf(void) {
  assert_int_equal(kl_mapping_walk_next(&mappings, &mapping), KL_END);
  assert_int_equal(kl_mapping_walk_next(&mappings, &mapping), KL_END);
}

static void plant_leaves(void) {
  plant();
  put_root(1);
  put_root(2);
  put_entry(1, 3, 0x7000 | 0x67);
  put_entry(1, 4, 0x8000 | 0x67);
  put_entry(2, 3, 0x9000 | 0x67);
}

static void leaves_come_process_by_process(void **state) {
  (void)state;
  plant_leaves();
  begin_leaves(0, 0, UINT64_MAX);
  expect_leaf(1, 0x3000, 0x7000);
  expect_leaf(1, 0x4000, 0x8000);
  expect_leaf(3, 0x3000, 0x9000);
  expect_leaf(5, 0x3000, 0x7000); // the same memory
  expect_leaf(5, 0x4000, 0x8000);
  expect_no_leaf();
  begin_leaves(1, 0x4000, 0x4000);
  expect_leaf(1, 0x4000, 0x8000);
  expect_no_leaf();
  begin_leaves(1, 0x5000, 0x5fff);
  expect_no_leaf();
}

static void the_kernels_half_is_nobodys(void **state) {
  (void)state;
  plant_leaves();
  guest_put64(&g, ROOTS + 0x1000 + 8 * 273, (g.bytes - 4096) | 0x63); // the direct map, as every root has it
  begin_leaves(1, 0, UINT64_MAX);
  expect_leaf(1, 0x3000, 0x7000);
  expect_leaf(1, 0x4000, 0x8000);
  expect_no_leaf();
  begin_leaves(1, 1ull << 47, UINT64_MAX);
  expect_no_leaf();
  begin_leaves(1, UINT64_MAX, UINT64_MAX);
  expect_no_leaf();
}

static void a_process_without_a_root_is_lost_alone(void **state) {
  (void)state;
  plant_leaves();
  guest_put64(&g, task(1) + MM, VA(0x30000000));
  begin_leaves(0, 0, UINT64_MAX);
  assert_int_equal(kl_mapping_walk_next(&mappings, &mapping), KL_ERR_ABSENT);
  assert_string_equal(mappings.lost_what, "task");
  assert_int_equal(mappings.lost, VA(0x30000000));
  expect_leaf(3, 0x3000, 0x9000);
  expect_leaf(5, 0x3000, 0x7000);
  expect_leaf(5, 0x4000, 0x8000);
  expect_no_leaf();
}

static void a_table_that_is_missing_is_lost_alone(void **state) {
  (void)state;
  plant_leaves();
  guest_put64(&g, TABLES + 0x4000 + 0x1000, 0x30000000 | 0x67);
  begin_leaves(0, 0, UINT64_MAX);
  assert_int_equal(kl_mapping_walk_next(&mappings, &mapping), KL_ERR_ABSENT);
  assert_string_equal(mappings.lost_what, "page_table");
  assert_int_equal(mappings.lost, 0);
  expect_leaf(3, 0x3000, 0x9000);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(processes_with_memory_are_given_once),
      TEST(one_process_is_found),
      TEST(what_is_broken_is_told_once_and_the_rest_given),
      TEST(the_budget_ends_it),
      TEST(leaves_come_process_by_process),
      TEST(the_kernels_half_is_nobodys),
      TEST(a_process_without_a_root_is_lost_alone),
      TEST(a_table_that_is_missing_is_lost_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
