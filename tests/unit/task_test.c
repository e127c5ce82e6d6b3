// Tasks and their memory in a guest built by hand.
#include "guest.h"

#include "linux/task.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

// A task_struct of our own making, and the other structs it leads to.
enum {
  TASKS = 0x10, // list_head
  PID = 0x20,
  TGID = 0x24,
  STATE = 0x28,
  EXIT_STATE = 0x2c,
  FLAGS = 0x30,
  PRIO = 0x34,
  PARENT = 0x38,
  SIGNAL = 0x40,
  NODE = 0x48,  // thread_node
  LINKS = 0x58, // pid_links
  MM = 0x68,
  INFO = 0x70,         // thread_info
  THREADS_HEAD = 0x10, // in signal_struct
  THREADS_N = 0x20,
};
enum { INIT = 0x1000, NAMESPACE = 0x20000 };

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x80000);
  guest_map(&g);
  guest_field(&g, KL_F_list_head_next, 0, 8);
  guest_field(&g, KL_F_hlist_head_first, 0, 8);
  guest_field(&g, KL_F_task_struct_tasks, TASKS, 16);
  guest_field(&g, KL_F_task_struct_pid, PID, 4);
  guest_field(&g, KL_F_task_struct_tgid, TGID, 4);
  guest_field(&g, KL_F_task_struct___state, STATE, 4);
  guest_field(&g, KL_F_task_struct_exit_state, EXIT_STATE, 4);
  guest_field(&g, KL_F_task_struct_flags, FLAGS, 4);
  guest_field(&g, KL_F_task_struct_prio, PRIO, 4);
  g.kernel.fields[KL_F_task_struct_prio].is_signed = true;
  guest_field(&g, KL_F_task_struct_real_parent, PARENT, 8);
  guest_field(&g, KL_F_task_struct_signal, SIGNAL, 8);
  guest_field(&g, KL_F_task_struct_thread_node, NODE, 16);
  guest_field(&g, KL_F_task_struct_pid_links, LINKS, 16);
  guest_field(&g, KL_F_task_struct_mm, MM, 8);
  guest_field(&g, KL_F_task_struct_thread_info, INFO, 8);
  guest_field(&g, KL_F_thread_info_cpu, 4, 4);
  guest_field(&g, KL_F_signal_struct_thread_head, THREADS_HEAD, 16);
  guest_field(&g, KL_F_signal_struct_nr_threads, THREADS_N, 4);
  guest_field(&g, KL_F_pid_namespace_idr, 0, 24);
  guest_field(&g, KL_F_idr_idr_rt, 0, 16);
  guest_field(&g, KL_F_xarray_xa_head, 8, 8);
  guest_field(&g, KL_F_xa_node_shift, 0, 1);
  guest_field(&g, KL_F_xa_node_slots, 40, 512);
  guest_field(&g, KL_F_pid_tasks, 0x10, 32);
  guest_field(&g, KL_F_mm_struct_pgd, 0, 8);
  guest_field(&g, KL_F_mm_struct_arg_start, 0x10, 8);
  guest_field(&g, KL_F_mm_struct_arg_end, 0x18, 8);
  guest_field(&g, KL_F_mm_struct_env_start, 0x20, 8);
  guest_field(&g, KL_F_mm_struct_env_end, 0x28, 8);
  g.kernel.known[KL_S_init_task].present = true;
  g.kernel.known[KL_S_init_task].address = VA(INIT);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// Task n lies at 0x1000 * (n + 1), its signal_struct 0x800 behind; n 0 is
// init_task.
static uint64_t task(unsigned n) {
  return 0x1000 + 0x1000 * (uint64_t)n;
}
static uint64_t signal_of(unsigned n) {
  return task(n) + 0x800;
}

// A circular list of the nodes at these physical addresses.
static void ring(size_t n, const uint64_t *at) {
  for (size_t i = 0; i < n; i++)
    guest_put64(&g, at[i], VA(at[(i + 1) % n]));
}

// Process 1 with threads 1, 2, 3; process 4; process 5 with thread 6.
static void plant(void) {
  const uint64_t processes[] = {task(0) + TASKS, task(1) + TASKS, task(4) + TASKS, task(5) + TASKS};
  const uint64_t first[] = {signal_of(1) + THREADS_HEAD, task(1) + NODE, task(2) + NODE, task(3) + NODE};
  const uint64_t second[] = {signal_of(4) + THREADS_HEAD, task(4) + NODE};
  const uint64_t third[] = {signal_of(5) + THREADS_HEAD, task(5) + NODE, task(6) + NODE};
  ring(4, processes);
  ring(4, first);
  ring(2, second);
  ring(3, third);
  static const unsigned leaders[] = {0, 1, 1, 1, 4, 5, 5};
  for (unsigned n = 0; n < 7; n++) {
    guest_put(&g, task(n) + PID, n, 4);
    guest_put(&g, task(n) + TGID, leaders[n], 4);
    guest_put64(&g, task(n) + SIGNAL, VA(signal_of(leaders[n])));
  }
}

static void expect(struct kl_task_walk *walk, size_t n, const unsigned *pids) {
  uint64_t t;
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(kl_task_walk_next(walk, &t), KL_OK);
    assert_int_equal(t, VA(task(pids[i])));
  }
  assert_int_equal(kl_task_walk_next(walk, &t), KL_END);
  assert_int_equal(kl_task_walk_next(walk, &t), KL_END);
}

static void processes_come_with_their_threads(void **state) {
  (void)state;
  plant();
  struct kl_task_walk walk;
  kl_task_walk_init(&walk, &g.kernel, &g.budget, true);
  expect(&walk, 6, (const unsigned[]){1, 2, 3, 4, 5, 6});
  kl_task_walk_init(&walk, &g.kernel, &g.budget, false);
  expect(&walk, 3, (const unsigned[]){1, 4, 5});
  kl_task_walk_init_process(&walk, &g.kernel, &g.budget, VA(task(1)));
  expect(&walk, 3, (const unsigned[]){1, 2, 3});
}

static void what_is_lost_has_a_name_also_without_the_list(void **state) {
  (void)state;
  plant();
  memset(&g.kernel.fields[KL_F_task_struct_tasks], 0, sizeof g.kernel.fields[0]);
  struct kl_task_walk walk;
  uint64_t t;
  kl_task_walk_init(&walk, &g.kernel, &g.budget, true);
  enum kl_status status = KL_OK;
  for (int i = 0; i < 100 && status != KL_END; i++) {
    status = kl_task_walk_next(&walk, &t);
    assert_true(status != KL_OK);
    assert_non_null(walk.lost);
  }
  assert_int_equal(status, KL_END);
}

static void old_kernels_keep_threads_in_a_ring(void **state) {
  (void)state;
  plant();
  g.kernel.fields[KL_F_task_struct_thread_node].present = false;
  guest_field(&g, KL_F_task_struct_thread_group, NODE, 16);
  const uint64_t first[] = {task(1) + NODE, task(2) + NODE, task(3) + NODE}, second[] = {task(4) + NODE},
                 third[] = {task(5) + NODE, task(6) + NODE};
  ring(3, first);
  ring(1, second);
  ring(2, third);
  struct kl_task_walk walk;
  kl_task_walk_init(&walk, &g.kernel, &g.budget, true);
  expect(&walk, 6, (const unsigned[]){1, 2, 3, 4, 5, 6});
}

static void a_broken_thread_list_loses_only_its_rest(void **state) {
  (void)state;
  plant();
  guest_put64(&g, task(2) + NODE, VA(task(2) + NODE)); // loops
  struct kl_task_walk walk;
  uint64_t t;
  kl_task_walk_init(&walk, &g.kernel, &g.budget, true);
  unsigned given = 0;
  enum kl_status status;
  while ((status = kl_task_walk_next(&walk, &t)) == KL_OK)
    given++;
  assert_int_equal(status, KL_ERR_CYCLE);
  assert_true(given >= 2);
  expect(&walk, 3, (const unsigned[]){4, 5, 6});
  // A leader without a signal_struct is given, then what is missing is said.
  plant();
  guest_put64(&g, task(4) + SIGNAL, VA(0x30000000));
  kl_task_walk_init_process(&walk, &g.kernel, &g.budget, VA(task(4)));
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_OK);
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_ERR_ABSENT);
  assert_int_equal(t, VA(0x30000000 + THREADS_HEAD)); // where the list broke
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_END);
}

// A struct pid in the index, and the task that uses it; n 0: none, and a struct
// that lies outside of memory is only pointed to.
static void plant_pid(unsigned pid, uint64_t struct_pid, unsigned n) {
  guest_put64(&g, 0x21000 + 40 + 8 * (uint64_t)pid, VA(struct_pid));
  if (struct_pid < g.bytes)
    guest_put64(&g, struct_pid + 0x10, n ? VA(task(n) + LINKS) : 0);
}

static void a_broken_process_list_ends_the_walk(void **state) {
  (void)state;
  plant();
  guest_put64(&g, task(4) + TASKS, VA(0x30000000));
  struct kl_task_walk walk;
  uint64_t t;
  kl_task_walk_init(&walk, &g.kernel, &g.budget, false);
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_OK);
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_OK);
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_OK); // the node is known, what is in it is not
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_ERR_ABSENT);
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_END);
}

static void what_a_broken_list_lost_is_found_by_pid(void **state) {
  (void)state;
  plant();
  g.kernel.known[KL_S_init_pid_ns].present = true;
  g.kernel.known[KL_S_init_pid_ns].address = VA(NAMESPACE);
  guest_put64(&g, NAMESPACE + 8, VA(0x21000) | 2);
  for (unsigned n = 1; n < 7; n++)
    plant_pid(n, 0x22000 + 0x100 * (uint64_t)n, n);
  plant_pid(7, 0x22000, 0);
  plant_pid(9, 0x30000000, 0);
  guest_put64(&g, task(1) + TASKS, 0xdead000000000100); // LIST_POISON1
  struct kl_task_walk walk;
  uint64_t t;
  kl_task_walk_init(&walk, &g.kernel, &g.budget, true);
  for (unsigned n = 1; n <= 3; n++) {
    assert_int_equal(kl_task_walk_next(&walk, &t), KL_OK);
    assert_int_equal(t, VA(task(n)));
  }
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_OK);           // where the poison leads
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_ERR_UNMAPPED); // its threads
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_ERR_UNMAPPED);
  assert_string_equal(walk.lost, "list of processes");
  for (unsigned n = 4; n <= 6; n++) {
    assert_int_equal(kl_task_walk_next(&walk, &t), KL_OK);
    assert_int_equal(t, VA(task(n)));
  }
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_ERR_ABSENT); // pid 9
  assert_string_equal(walk.lost, "processes by pid");
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_END);
  assert_int_equal(kl_task_walk_next(&walk, &t), KL_END);
}

static void tasks_are_found_by_pid(void **state) {
  (void)state;
  plant();
  uint64_t t;
  // Without the namespace: by looking at all.
  assert_int_equal(kl_task_find(&g.kernel, &g.budget, 3, &t), KL_OK);
  assert_int_equal(t, VA(task(3)));
  assert_int_equal(kl_task_find(&g.kernel, &g.budget, 7, &t), KL_ERR_NOT_FOUND);
  // By the index.
  g.kernel.known[KL_S_init_pid_ns].present = true;
  g.kernel.known[KL_S_init_pid_ns].address = VA(NAMESPACE);
  guest_put64(&g, NAMESPACE + 8, VA(0x21000) | 2);
  plant_pid(6, 0x22000, 6);
  plant_pid(7, 0x22100, 0); // a session's number
  assert_int_equal(kl_task_find(&g.kernel, &g.budget, 6, &t), KL_OK);
  assert_int_equal(t, VA(task(6)));
  assert_int_equal(kl_task_find(&g.kernel, &g.budget, 7, &t), KL_ERR_NOT_FOUND);
  assert_int_equal(kl_task_find(&g.kernel, &g.budget, 70, &t), KL_ERR_NOT_FOUND);
  // An index that leads to another task, or nowhere, is not believed.
  plant_pid(5, 0x22200, 6);
  assert_int_equal(kl_task_find(&g.kernel, &g.budget, 5, &t), KL_OK);
  assert_int_equal(t, VA(task(5)));
  guest_put64(&g, NAMESPACE + 8, VA(0x30000000) | 2);
  assert_int_equal(kl_task_find(&g.kernel, &g.budget, 4, &t), KL_OK);
  assert_int_equal(t, VA(task(4)));
}

static void states_are_those_of_proc(void **state) {
  (void)state;
  static const struct {
    uint32_t state, exit_state;
    char letter;
  } cases[] = {{0, 0, 'R'},      {1, 0, 'S'},       {2, 0, 'D'},       {0x102, 0, 'D'}, {0x104, 0, 'T'},
               {0x108, 0, 't'},  {0x80, 0x10, 'X'}, {0x80, 0x20, 'Z'}, {0x40, 0, 'P'},  {0x402, 0, 'I'},
               {0x1002, 0, 'D'}, {0x8000, 0, 'D'},  {0x2001, 0, 'S'},  {0x200, 0, 'R'}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char letter;
    guest_put(&g, task(1) + STATE, cases[i].state, 4);
    guest_put(&g, task(1) + EXIT_STATE, cases[i].exit_state, 4);
    assert_int_equal(kl_task_state(&g.kernel, VA(task(1)), &letter), KL_OK);
    assert_int_equal(letter, cases[i].letter);
  }
}

// CONFIG_SMP=n: no task says its CPU, and there is one. A kernel for several that
// does not say it has lost it.
static void a_kernel_for_one_cpu_has_cpu_0(void **state) {
  (void)state;
  plant();
  uint64_t v = 7;
  g.kernel.fields[KL_F_thread_info_cpu].present = false;
  assert_int_equal(kl_task_cpu(&g.kernel, VA(task(5)), &v), KL_OK);
  assert_int_equal(v, 0);
  g.kernel.per_cpu_unknown = true;
  assert_int_equal(kl_task_cpu(&g.kernel, VA(task(5)), &v), KL_ERR_NOT_FOUND);
  g.kernel.per_cpu_unknown = false;
  g.kernel.per_cpu_offset_address = VA(0x1000);
  assert_int_equal(kl_task_cpu(&g.kernel, VA(task(5)), &v), KL_ERR_NOT_FOUND);
}

static void plain_properties(void **state) {
  (void)state;
  plant();
  uint64_t v;
  int64_t priority;
  bool kernel;
  guest_put64(&g, task(5) + PARENT, VA(task(2)));
  assert_int_equal(kl_task_parent(&g.kernel, VA(task(5)), &v), KL_OK);
  assert_int_equal(v, 1);
  guest_put(&g, task(5) + PRIO, 120, 4);
  assert_int_equal(kl_task_priority(&g.kernel, VA(task(5)), &priority), KL_OK);
  assert_int_equal(priority, 20);
  guest_put(&g, task(5) + PRIO, 0xffffffff, 4); // deadline: -1
  assert_int_equal(kl_task_priority(&g.kernel, VA(task(5)), &priority), KL_OK);
  assert_int_equal(priority, -101);
  guest_put(&g, task(5) + INFO + 4, 3, 4);
  assert_int_equal(kl_task_cpu(&g.kernel, VA(task(5)), &v), KL_OK);
  assert_int_equal(v, 3);
  guest_put(&g, task(5) + FLAGS, 0x00200040, 4);
  assert_int_equal(kl_task_is_kernel(&g.kernel, VA(task(5)), &kernel), KL_OK);
  assert_true(kernel);
  // What a kernel thread has borrowed is not its own.
  guest_put64(&g, task(5) + MM, VA(0x23000));
  assert_int_equal(kl_task_mm(&g.kernel, VA(task(5)), &v), KL_OK);
  assert_int_equal(v, 0);
}

// ── Arguments ──────────────────────────────────────────────────────────────

enum { MM_AT = 0x23000, STACK = 0x7ffe00000000 };

// An mm with two pages at STACK; the second may be missing.
static struct kl_space *space_of(unsigned pages, uint64_t arg_start, uint64_t arg_end, uint64_t env_start,
                                 uint64_t env_end) {
  static struct kl_space space;
  guest_put64(&g, MM_AT, VA(0x30000));
  guest_put64(&g, 0x30000 + 8 * (STACK >> 39 & 511), 0x31067);
  guest_put64(&g, 0x31000 + 8 * (STACK >> 30 & 511), 0x32067);
  guest_put64(&g, 0x32000 + 8 * (STACK >> 21 & 511), 0x33067);
  guest_put64(&g, 0x33000, 0x34067);
  guest_put64(&g, 0x33008, pages > 1 ? 0x36067 : 0);
  guest_put64(&g, MM_AT + 0x10, arg_start);
  guest_put64(&g, MM_AT + 0x18, arg_end);
  guest_put64(&g, MM_AT + 0x20, env_start);
  guest_put64(&g, MM_AT + 0x28, env_end);
  assert_int_equal(kl_mm_space(&g.kernel, VA(MM_AT), &space), KL_OK);
  return &space;
}

static void write_at(uint64_t phys, const char *p, size_t n) {
  memcpy(g.memory + phys, p, n);
}

static void expect_arguments(struct kl_space *space, size_t capacity, enum kl_status status, const char *p,
                             size_t n) {
  char text[8192];
  size_t got;
  assert_int_equal(kl_mm_arguments(&g.kernel, space, VA(MM_AT), text, capacity, &got), status);
  assert_int_equal(got, n);
  assert_memory_equal(text, p, n);
}

static void arguments_are_given_with_their_nuls(void **state) {
  (void)state;
  write_at(0x34100, "ls\0-l\0\0/tmp\0HOME=/", 19);
  struct kl_space *space = space_of(1, STACK + 0x100, STACK + 0x10c, STACK + 0x10c, STACK + 0x114);
  expect_arguments(space, 8192, KL_OK, "ls\0-l\0\0/tmp\0", 12);
  expect_arguments(space, 5, KL_ERR_LIMIT, "ls\0-l", 5);
  space = space_of(1, STACK + 0x100, STACK + 0x100, STACK + 0x100, STACK + 0x108);
  expect_arguments(space, 8192, KL_OK, "", 0);
  space = space_of(1, STACK + 0x100, STACK + 0x10c, 0, 0); // in the middle of its exec
  expect_arguments(space, 8192, KL_OK, "", 0);
  space = space_of(1, ~0ull, 16, 0, 16); // nonsense
  expect_arguments(space, 8192, KL_OK, "", 0);
}

static void titles_run_into_the_environment(void **state) {
  (void)state;
  write_at(0x34100, "server: waiting for work\0junk", 29);
  struct kl_space *space = space_of(1, STACK + 0x100, STACK + 0x108, STACK + 0x108, STACK + 0x200);
  expect_arguments(space, 8192, KL_OK, "server: waiting for work\0", 25);
  // The environment is elsewhere: the title ends with the arguments.
  space = space_of(1, STACK + 0x100, STACK + 0x107, STACK + 0x300, STACK + 0x400);
  expect_arguments(space, 8192, KL_OK, "server:", 7);
}

static void arguments_end_where_memory_is_missing(void **state) {
  (void)state;
  memset(g.memory + 0x34000, 'a', 4096);
  struct kl_space *space = space_of(1, STACK + 0xff0, STACK + 0x1010, STACK + 0x1010, STACK + 0x1020);
  expect_arguments(space, 8192, KL_ERR_UNMAPPED, "aaaaaaaaaaaaaaaa", 16);
  space = space_of(2, STACK + 0xff0, STACK + 0x1010, STACK + 0x1010, STACK + 0x1020);
  write_at(0x36000, "bbbbbbbbbbbbbbb\0", 16);
  expect_arguments(space, 8192, KL_OK, "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbb\0", 32);
  // All of the address space as arguments: only the capacity is read.
  space = space_of(2, STACK, STACK + (1ull << 45), 1, 1);
  memset(g.memory + 0x36000, 'a', 4096);
  char text[16];
  size_t got;
  assert_int_equal(kl_mm_arguments(&g.kernel, space, VA(MM_AT), text, sizeof text, &got), KL_ERR_LIMIT);
  assert_int_equal(got, 16);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(processes_come_with_their_threads),
      TEST(what_is_lost_has_a_name_also_without_the_list),
      TEST(old_kernels_keep_threads_in_a_ring),
      TEST(a_broken_thread_list_loses_only_its_rest),
      TEST(a_broken_process_list_ends_the_walk),
      TEST(what_a_broken_list_lost_is_found_by_pid),
      TEST(tasks_are_found_by_pid),
      TEST(states_are_those_of_proc),
      TEST(a_kernel_for_one_cpu_has_cpu_0),
      TEST(plain_properties),
      TEST(arguments_are_given_with_their_nuls),
      TEST(titles_run_into_the_environment),
      TEST(arguments_end_where_memory_is_missing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
