// The tables that look for tampering, on memory made by hand: what was changed is
// told, and memory that lies ends every walk.
#include "opened_table.h"

#include <stdio.h>

#include "kernel/symbol_table.h"

static struct opened o;

// The kernel's code is [TEXT, TEXT + 0x1000) in the direct map, where the guest
// maps it; nothing of it is executed here.
enum { TEXT = 0x10000, TABLE = 0x1000, TABLE_END = 0x1040, IDT = 0x2000, OPS_LIST = 0x3000, OPS = 0x3100 };
enum { PROBES = 0x4000, PROBE = 0x4400, NETS = 0x5000, NET = 0x5100, ENTRIES = 0x5400, HOOK_OPS = 0x5800 };
enum { MODULES = 0x6000, MODULE = 0x6100, KSET = 0x6800, KSET_VARIABLE = 0x6900 };
enum { TASK = 0x8000, TASK_BYTES = 0x400, PID_NS = 0x7000, NODE = 0x20000, STRUCT_PID = 0x7200 };

static char map[1024];

static int setup(void **state) {
  (void)state;
  opened_init(&o);
  static const struct {
    enum kl_field_id id;
    uint32_t offset, size;
  } fields[] = {
      {KL_F_ftrace_ops_func, 0, 8},
      {KL_F_ftrace_ops_next, 8, 8},
      {KL_F_ftrace_ops_flags, 16, 8},
      {KL_F_ftrace_ops_trampoline, 24, 8},
      {KL_F_kprobe_hlist, 0, 16},
      {KL_F_kprobe_list, 16, 16},
      {KL_F_kprobe_addr, 32, 8},
      {KL_F_kprobe_pre_handler, 40, 8},
      {KL_F_kprobe_post_handler, 48, 8},
      {KL_F_kprobe_flags, 56, 4},
      {KL_F_net_list, 0, 16},
      {KL_F_net_ns, 16, 32},
      {KL_F_net_nf, 64, 128},
      {KL_F_net_dev_base_head, 48, 16},
      {KL_F_net_device_dev_list, 0, 16},
      {KL_F_ns_common_inum, 0, 4},
      {KL_F_netns_nf_hooks_ipv4, 0, 40},
      {KL_F_nf_hook_entries_num_hook_entries, 0, 2},
      {KL_F_nf_hook_entries_hooks, 8, 0},
      {KL_F_nf_hook_entry_hook, 0, 8},
      {KL_F_nf_hook_ops_hook, 0, 8},
      {KL_F_nf_hook_ops_priority, 8, 4},
      {KL_F_module_state, 0, 4},
      {KL_F_module_list, 8, 16},
      {KL_F_module_name, 24, 56},
      {KL_F_module_mkobj, 96, 64},
      {KL_F_module_core_layout, 160, 16},
      {KL_F_module_layout_base, 0, 8},
      {KL_F_module_kobject_kobj, 0, 32},
      {KL_F_module_kobject_mod, 32, 8},
      {KL_F_kobject_entry, 0, 16},
      {KL_F_kobject_kset, 16, 8},
      {KL_F_kset_list, 0, 16},
      {KL_F_task_struct_tasks, 0x10, 16},
      {KL_F_task_struct_pid, 0x20, 4},
      {KL_F_task_struct_tgid, 0x24, 4},
      {KL_F_task_struct___state, 0x28, 4},
      {KL_F_task_struct_exit_state, 0x2c, 4},
      {KL_F_task_struct_comm, 0x30, 16},
      {KL_F_task_struct_signal, 0x40, 8},
      {KL_F_task_struct_thread_node, 0x48, 16},
      {KL_F_task_struct_pid_links, 0x58, 16},
      {KL_F_signal_struct_thread_head, 0, 16},
      {KL_F_pid_namespace_idr, 0, 24},
      {KL_F_idr_idr_rt, 0, 16},
      {KL_F_xarray_xa_head, 8, 8},
      {KL_F_xa_node_shift, 0, 1},
      {KL_F_xa_node_slots, 8, 512},
      {KL_F_pid_tasks, 0, 32},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    guest_field(&o.g, fields[i].id, fields[i].offset, fields[i].size);
  opened_symbol(&o, KL_S__stext, VA(TEXT));
  opened_symbol(&o, KL_S__etext, VA(TEXT + 0x1000));
  snprintf(map, sizeof map,
           "%016llx D sys_call_table\n%016llx d what_follows\n%016llx T __x64_sys_read\n%016llx T __x64_sys_write\n"
           "%016llx T kernel_halt\n",
           (unsigned long long)VA(TABLE), (unsigned long long)VA(TABLE_END), (unsigned long long)VA(TEXT),
           (unsigned long long)VA(TEXT + 0x100), (unsigned long long)VA(TEXT + 0x200));
  assert_int_equal(kl_symbols_from_map(&o.g.arena, kl_bytes_of(map, strlen(map)), &o.g.limits, &o.g.kernel.symbols),
                   KL_OK);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  opened_close(&o);
  return 0;
}

static void expect_verdict(bool agrees) {
  assert_true(opened_next(&o));
  expect_number(&o, "agrees", agrees);
}

// ── Tables of code ─────────────────────────────────────────────────────────

static void system_calls_are_starts_of_functions_named_so(void **state) {
  (void)state;
  opened_symbol(&o, KL_S_sys_call_table, VA(TABLE));
  guest_put64(&o.g, TABLE, VA(TEXT));
  guest_put64(&o.g, TABLE + 8, VA(TEXT + 0x104));   // behind the start
  guest_put64(&o.g, TABLE + 16, VA(TEXT + 0x200));  // another function
  guest_put64(&o.g, TABLE + 24, VA(TEXT + 0x1000)); // behind the kernel's code
  guest_put64(&o.g, TABLE + 40, VA(TEXT + 0x100));  // and an empty one before it
  opened_open(&o, "syscall_table");
  expect_verdict(true);
  expect_text(&o, "symbol", "__x64_sys_read");
  expect_verdict(false);
  expect_text(&o, "symbol", "__x64_sys_write+0x4");
  expect_number(&o, "in_kernel", true);
  expect_number(&o, "is_system_call", false);
  expect_verdict(false);
  expect_text(&o, "symbol", "kernel_halt");
  expect_verdict(false);
  expect_number(&o, "in_kernel", false);
  expect_null(&o, "symbol");
  expect_verdict(true);
  expect_number(&o, "number", 5);
  expect_end(&o, false);
}

static void a_system_call_table_without_end_is_cut(void **state) {
  (void)state;
  // The next symbol is further away than any table is long.
  snprintf(map, sizeof map, "%016llx D sys_call_table\n%016llx D far\n", (unsigned long long)VA(TABLE),
           (unsigned long long)VA(TABLE) + (1ull << 24));
  assert_int_equal(kl_symbols_from_map(&o.g.arena, kl_bytes_of(map, strlen(map)), &o.g.limits, &o.g.kernel.symbols),
                   KL_OK);
  opened_symbol(&o, KL_S_sys_call_table, VA(TABLE));
  for (uint64_t at = TABLE; at < 0x30000; at += 8)
    guest_put64(&o.g, at, VA(TEXT));
  opened_open(&o, "syscall_table");
  assert_int_equal(opened_count(&o), o.g.limits.system_calls);
  assert_true(was_told(&o, KL_ERR_LIMIT));
}

static void gates_are_read_as_the_processor_does(void **state) {
  (void)state;
  opened_symbol(&o, KL_S_idt_table, VA(IDT));
  // Intel SDM: offset 0xffff888000010204, selector 0x10, IST 3, present, DPL 3, trap.
  const uint8_t gate[16] = {0x04, 0x02, 0x10, 0x00, 0x03, 0xef, 0x01, 0x00, 0x80, 0x88, 0xff, 0xff};
  for (size_t i = 0; i < 16; i++)
    guest_put(&o.g, IDT + 16 * 3 + i, gate[i], 1);
  for (size_t i = 0; i < 16; i++)
    guest_put(&o.g, IDT + 16 * 200 + i, i == 10 ? 0 : gate[i], 1);
  opened_open(&o, "interrupt_table");
  expect_verdict(true);
  expect_number(&o, "vector", 3);
  expect_number(&o, "address", VA(TEXT + 0x204));
  expect_text(&o, "symbol", "kernel_halt+0x4");
  expect_text(&o, "kind", "trap");
  expect_number(&o, "privilege", 3);
  expect_number(&o, "stack", 3);
  expect_verdict(false);
  expect_number(&o, "vector", 200);
  expect_end(&o, false);
  o.g.kernel.paging.arch = KL_ARCH_AARCH64;
  assert_int_equal(opened_try(&o, "interrupt_table", 100), KL_OK);
  assert_int_equal(opened_count(&o), 0);
}

// ── Hooks ──────────────────────────────────────────────────────────────────

static void tracers_are_followed_to_the_last(void **state) {
  (void)state;
  opened_symbol(&o, KL_S_ftrace_ops_list, VA(OPS_LIST));
  guest_put64(&o.g, OPS_LIST, VA(OPS));
  guest_put64(&o.g, OPS, VA(TEXT + 0x200));
  guest_put64(&o.g, OPS + 8, VA(OPS + 0x40));
  guest_put64(&o.g, OPS + 0x40, 0x1000);
  guest_put64(&o.g, OPS + 0x48, VA(OPS + 0x80)); // the place holder: nothing behind it
  opened_open(&o, "ftrace_ops");
  expect_verdict(true);
  expect_text(&o, "symbol", "kernel_halt");
  expect_verdict(false);
  expect_end(&o, false);
  guest_put64(&o.g, OPS + 0x48, VA(OPS)); // a ring
  opened_open(&o, "ftrace_ops");
  assert_in_range(opened_count(&o), 2, 8);
  assert_true(was_told(&o, KL_ERR_CYCLE));
}

static void plant_probe(unsigned n, uint64_t handler) {
  uint64_t at = PROBE + 0x40 * (uint64_t)n;
  const uint64_t alone[] = {at + 16};
  opened_ring(&o, 1, alone);
  guest_put64(&o.g, at + 32, VA(TEXT + 4));
  guest_put64(&o.g, at + 40, handler);
}

static void probes_of_one_place_are_told_one_by_one(void **state) {
  (void)state;
  opened_symbol(&o, KL_S_kprobe_table, VA(PROBES));
  plant_probe(0, VA(TEXT + 0x200));
  plant_probe(1, VA(TEXT + 0x100));
  plant_probe(2, 0x1234);
  guest_put64(&o.g, PROBES + 8 * 63, VA(PROBE));
  const uint64_t group[] = {PROBE + 16, PROBE + 0x40 + 16, PROBE + 0x80 + 16};
  opened_ring(&o, 3, group);
  guest_put(&o.g, PROBE + 0x40 + 56, 2, 4);
  opened_open(&o, "kprobes");
  expect_verdict(true);
  expect_text(&o, "symbol", "__x64_sys_read+0x4");
  expect_text(&o, "handler_symbol", "__x64_sys_write");
  expect_number(&o, "disabled", true);
  expect_verdict(false);
  expect_number(&o, "disabled", false);
  expect_end(&o, false);
  // A group that never comes back, in a chain that does not either.
  guest_put64(&o.g, PROBE + 0x80 + 16, VA(PROBE + 0x40 + 16));
  guest_put64(&o.g, PROBE, VA(PROBE));
  opened_open(&o, "kprobes");
  assert_in_range(opened_count(&o), 2, 64);
  assert_true(was_told(&o, KL_ERR_CYCLE));
}

static void plant_net(void) {
  opened_symbol(&o, KL_S_net_namespace_list, VA(NETS));
  opened_type(&o, KL_T_nf_hook_entry, 16);
  const uint64_t nets[] = {NETS, NET}, devices[] = {NET + 48};
  opened_ring(&o, 2, nets);
  opened_ring(&o, 1, devices);
  guest_put(&o.g, NET + 16, 77, 4);
}

static void hooks_are_compared_with_what_was_registered(void **state) {
  (void)state;
  plant_net();
  guest_put64(&o.g, NET + 64 + 8, VA(ENTRIES)); // LOCAL_IN
  guest_put(&o.g, ENTRIES, 2, 2);
  guest_put64(&o.g, ENTRIES + 8, VA(TEXT + 0x200));
  guest_put64(&o.g, ENTRIES + 8 + 16, VA(TEXT + 0x100));
  guest_put64(&o.g, ENTRIES + 8 + 32, VA(HOOK_OPS));
  guest_put64(&o.g, ENTRIES + 8 + 40, VA(HOOK_OPS + 16));
  guest_put64(&o.g, HOOK_OPS, VA(TEXT + 0x200));
  guest_put(&o.g, HOOK_OPS + 8, 5, 4);
  guest_put64(&o.g, HOOK_OPS + 16, VA(TEXT + 0x300));
  opened_open(&o, "netfilter_hooks");
  expect_verdict(true);
  expect_text(&o, "family", "ip");
  expect_text(&o, "hook", "input");
  expect_text(&o, "symbol", "kernel_halt");
  expect_number(&o, "namespace", 77);
  assert_int_equal(opened_cell(&o, "priority")->i64, 5);
  expect_verdict(false);
  expect_number(&o, "as_registered", false);
  expect_end(&o, false);
}

static void more_hooks_than_there_can_be_are_refused(void **state) {
  (void)state;
  plant_net();
  guest_put64(&o.g, NET + 64, VA(ENTRIES));
  guest_put(&o.g, ENTRIES, 0xffff, 2);
  guest_put64(&o.g, NET + 64 + 16, 0xdead00000000); // nowhere
  opened_open(&o, "netfilter_hooks");
  expect_end(&o, true);
  assert_true(was_told(&o, KL_ERR_LIMIT));
  assert_true(was_told(&o, KL_ERR_UNMAPPED));
}

// ── Hidden ─────────────────────────────────────────────────────────────────

static uint64_t module_at(unsigned n) {
  return MODULE + 0x100 * (uint64_t)n;
}

// Three modules, all on the list and in the set.
static void plant_modules(void) {
  const char *const names[] = {"one", "two", "three"};
  opened_symbol(&o, KL_S_modules, VA(MODULES));
  opened_symbol(&o, KL_S_module_kset, VA(KSET_VARIABLE));
  guest_put64(&o.g, KSET_VARIABLE, VA(KSET));
  o.g.kernel.enums[KL_E_module_state_MODULE_STATE_LIVE].present = true;
  const uint64_t list[] = {MODULES, module_at(0) + 8, module_at(1) + 8, module_at(2) + 8};
  const uint64_t set[] = {KSET, module_at(0) + 96, module_at(1) + 96, module_at(2) + 96};
  opened_ring(&o, 4, list);
  opened_ring(&o, 4, set);
  for (unsigned n = 0; n < 3; n++) {
    guest_put_text(&o.g, module_at(n) + 24, names[n]);
    guest_put64(&o.g, module_at(n) + 96 + 32, VA(module_at(n)));
  }
}

static void a_module_that_left_the_list_is_told(void **state) {
  (void)state;
  plant_modules();
  opened_open(&o, "hidden_modules");
  for (unsigned n = 0; n < 3; n++)
    expect_verdict(true);
  expect_null(&o, "in_tree"); // this kernel has none that could be asked
  expect_end(&o, false);
  const uint64_t list[] = {MODULES, module_at(0) + 8, module_at(2) + 8};
  opened_ring(&o, 3, list);
  opened_open(&o, "hidden_modules");
  expect_verdict(true);
  expect_verdict(true);
  expect_verdict(false);
  expect_text(&o, "name", "two");
  expect_number(&o, "in_list", false);
  expect_number(&o, "in_sysfs", true);
  expect_end(&o, false);
}

static void a_set_that_loops_accuses_nobody(void **state) {
  (void)state;
  plant_modules();
  guest_put64(&o.g, module_at(1) + 96, VA(module_at(0) + 96)); // three is not reached
  opened_open(&o, "hidden_modules");
  for (unsigned n = 0; n < 3; n++)
    expect_verdict(true);
  expect_null(&o, "in_sysfs");
  expect_end(&o, true);
  assert_true(was_told(&o, KL_ERR_CYCLE));
}

static uint64_t task_at(unsigned n) {
  return TASK + TASK_BYTES * (uint64_t)n;
}

// Processes 1, 2 and 3 behind the idle task, by list and by pid.
static void plant_tasks(void) {
  opened_symbol(&o, KL_S_init_task, VA(task_at(0)));
  opened_symbol(&o, KL_S_init_pid_ns, VA(PID_NS));
  guest_put64(&o.g, PID_NS + 8, VA(NODE) | 2);
  guest_put(&o.g, NODE, 0, 1);
  uint64_t list[4];
  for (unsigned n = 0; n < 4; n++) {
    uint64_t pid = STRUCT_PID + 0x40 * (uint64_t)n;
    const uint64_t threads[] = {task_at(n) + 0x100, task_at(n) + 0x48};
    opened_ring(&o, 2, threads);
    list[n] = task_at(n) + 0x10;
    guest_put64(&o.g, task_at(n) + 0x40, VA(task_at(n) + 0x100));
    guest_put(&o.g, task_at(n) + 0x20, n, 4);
    guest_put(&o.g, task_at(n) + 0x24, n, 4);
    if (!n)
      continue;
    guest_put64(&o.g, NODE + 8 + 8 * (uint64_t)n, VA(pid));
    guest_put64(&o.g, pid, VA(task_at(n) + 0x58));
  }
  opened_ring(&o, 4, list);
}

static void a_task_that_left_a_list_is_told(void **state) {
  (void)state;
  plant_tasks();
  opened_open(&o, "hidden_tasks");
  for (unsigned n = 1; n < 4; n++) {
    expect_verdict(true);
    expect_number(&o, "pid", n);
  }
  expect_null(&o, "in_cgroup");
  expect_end(&o, false);
  const uint64_t list[] = {task_at(0) + 0x10, task_at(1) + 0x10, task_at(3) + 0x10};
  opened_ring(&o, 3, list);
  guest_put64(&o.g, STRUCT_PID + 0x40 * 3, 0);
  opened_open(&o, "hidden_tasks");
  expect_verdict(true);
  expect_verdict(false);
  expect_number(&o, "pid", 2);
  expect_number(&o, "in_list", false);
  expect_number(&o, "in_pids", true);
  expect_verdict(false);
  expect_number(&o, "pid", 3);
  expect_number(&o, "in_list", true);
  expect_number(&o, "in_pids", false);
  expect_end(&o, false);
}

static void two_tasks_of_one_pid_do_not_agree(void **state) {
  (void)state;
  plant_tasks();
  guest_put64(&o.g, STRUCT_PID + 0x40 * 2, VA(task_at(3) + 0x58)); // pid 2 leads to task 3
  opened_open(&o, "hidden_tasks");
  expect_verdict(true);
  expect_verdict(false);
  expect_verdict(true);
  expect_end(&o, false);
}

static void pids_are_bounded_and_far_apart(void **state) {
  (void)state;
  plant_tasks();
  guest_put(&o.g, task_at(2) + 0x20, 4194303, 4); // the highest there may be
  guest_put(&o.g, task_at(2) + 0x24, 4194303, 4);
  guest_put(&o.g, task_at(3) + 0x20, 0x7fffffff, 4);
  guest_put(&o.g, task_at(3) + 0x24, 0x7fffffff, 4);
  opened_open(&o, "hidden_tasks");
  expect_verdict(true);
  expect_number(&o, "pid", 1);
  assert_true(opened_next(&o)); // the pids 2 and 3 still lead to tasks
  assert_true(opened_next(&o));
  assert_true(opened_next(&o));
  expect_number(&o, "pid", 4194303);
  expect_end(&o, true);
  assert_true(was_told(&o, KL_ERR_MALFORMED));
}

static void a_small_budget_ends_every_table(void **state) {
  (void)state;
  plant_tasks();
  plant_modules();
  plant_net();
  for (uint64_t steps = 1; steps < 40; steps++) {
    const char *const names[] = {"hidden_tasks", "hidden_modules", "netfilter_hooks"};
    for (size_t i = 0; i < 3; i++) {
      assert_int_equal(opened_try(&o, names[i], steps), KL_OK);
      assert_in_range(opened_count(&o), 0, 3);
    }
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(system_calls_are_starts_of_functions_named_so),
      TEST(a_system_call_table_without_end_is_cut),
      TEST(gates_are_read_as_the_processor_does),
      TEST(tracers_are_followed_to_the_last),
      TEST(probes_of_one_place_are_told_one_by_one),
      TEST(hooks_are_compared_with_what_was_registered),
      TEST(more_hooks_than_there_can_be_are_refused),
      TEST(a_module_that_left_the_list_is_told),
      TEST(a_set_that_loops_accuses_nobody),
      TEST(a_task_that_left_a_list_is_told),
      TEST(two_tasks_of_one_pid_do_not_agree),
      TEST(pids_are_bounded_and_far_apart),
      TEST(a_small_budget_ends_every_table),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
