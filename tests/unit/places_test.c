// Capabilities, namespaces and control groups on memory made by hand.
#include "opened_table.h"

#include "linux/cgroup.h"

static struct opened o;

enum { TASK = 0x8000, TASK_BYTES = 0x400, CRED = 0x2000, PROXY = 0x2100, NS = 0x2200, PID = 0x2400 };
enum {
  T_TASKS = 0x10,
  T_PID = 0x20,
  T_TGID = 0x24,
  T_COMM = 0x30,
  T_CRED = 0x60,
  T_PROXY = 0x68,
  T_THREAD_PID = 0x70
};
// A hierarchy: its struct, the list of all, and groups; of each its css, kernfs node and counters.
enum { ROOTS = 0x3000, ROOT = 0x3100, R_LIST = 0, R_ID = 16, R_NAME = 24, R_CGROUP = 64, GROUPS = 0x10000 };
enum { G_BYTES = 0x400, G_SELF = 0, G_ROOT = 64, G_SUBSYS = 72, G_LINKS = 136, G_BSTAT = 152, G_KN = 160 };
enum { CSS_PARENT = 8, CSS_SIBLING = 16, CSS_CHILDREN = 32, MEMCG = 0x4000, SET = 0x5000 };

static int setup(void **state) {
  (void)state;
  opened_init(&o);
  static const struct {
    enum kl_field_id id;
    uint32_t offset, size;
  } fields[] = {
      {KL_F_task_struct_tasks, T_TASKS, 16},
      {KL_F_task_struct_pid, T_PID, 4},
      {KL_F_task_struct_tgid, T_TGID, 4},
      {KL_F_task_struct_comm, T_COMM, 16},
      {KL_F_task_struct_real_cred, T_CRED, 8},
      {KL_F_task_struct_nsproxy, T_PROXY, 8},
      {KL_F_task_struct_thread_pid, T_THREAD_PID, 8},
      {KL_F_cred_cap_inheritable, 0, 8},
      {KL_F_cred_cap_permitted, 8, 8},
      {KL_F_cred_cap_effective, 16, 8},
      {KL_F_cred_cap_bset, 24, 8},
      {KL_F_cred_cap_ambient, 32, 8},
      {KL_F_nsproxy_uts_ns, 0, 8},
      {KL_F_uts_namespace_ns, 16, 24},
      {KL_F_ns_common_inum, 8, 4},
      {KL_F_pid_level, 0, 4},
      {KL_F_pid_numbers, 8, 0},
      {KL_F_upid_ns, 8, 8},
      {KL_F_pid_namespace_ns, 16, 24},
      {KL_F_cgroup_root_cgrp, R_CGROUP, 256},
      {KL_F_cgroup_root_root_list, R_LIST, 16},
      {KL_F_cgroup_root_hierarchy_id, R_ID, 4},
      {KL_F_cgroup_root_name, R_NAME, 32},
      {KL_F_cgroup_self, G_SELF, 64},
      {KL_F_cgroup_root, G_ROOT, 8},
      {KL_F_cgroup_subsys, G_SUBSYS, 64},
      {KL_F_cgroup_cset_links, G_LINKS, 16},
      {KL_F_cgroup_bstat, G_BSTAT, 8},
      {KL_F_cgroup_kn, G_KN, 8},
      {KL_F_cgroup_base_stat_cputime, 0, 8},
      {KL_F_task_cputime_sum_exec_runtime, 0, 8},
      {KL_F_cgroup_subsys_state_parent, CSS_PARENT, 8},
      {KL_F_cgroup_subsys_state_sibling, CSS_SIBLING, 16},
      {KL_F_cgroup_subsys_state_children, CSS_CHILDREN, 16},
      {KL_F_cgrp_cset_link_cset, 0, 8},
      {KL_F_cgrp_cset_link_cset_link, 8, 16},
      {KL_F_css_set_nr_tasks, 0, 4},
      {KL_F_mem_cgroup_css, 0, 64},
      {KL_F_mem_cgroup_memory, 64, 32},
      {KL_F_page_counter_usage, 0, 8},
      {KL_F_page_counter_max, 8, 8},
      {KL_F_kernfs_node_id, 0, 8},
      {KL_F_kernfs_node_name, 8, 8},
      {KL_F_kernfs_node_parent, 16, 8},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    guest_field(&o.g, fields[i].id, fields[i].offset, fields[i].size);
  opened_type(&o, KL_T_upid, 16);
  opened_symbol(&o, KL_S_init_task, VA(TASK));
  opened_symbol(&o, KL_S_cgroup_roots, VA(ROOTS));
  opened_symbol(&o, KL_S_cgrp_dfl_root, VA(ROOT));
  o.g.kernel.enums[KL_E_cgroup_subsys_id_memory_cgrp_id].present = true;
  o.g.kernel.enums[KL_E_cgroup_subsys_id_memory_cgrp_id].value = 4;
  const uint64_t tasks[] = {TASK + T_TASKS, TASK + TASK_BYTES + T_TASKS};
  opened_ring(&o, 2, tasks);
  uint64_t at = TASK + TASK_BYTES;
  guest_put(&o.g, at + T_PID, 7, 4);
  guest_put(&o.g, at + T_TGID, 7, 4);
  guest_put_text(&o.g, at + T_COMM, "seven");
  guest_put64(&o.g, at + T_CRED, VA(CRED));
  return 0;
}
static int teardown(void **state) {
  (void)state;
  opened_close(&o);
  return 0;
}

static void a_row_for_each_capability_in_any_set(void **state) {
  (void)state;
  guest_put64(&o.g, CRED + 8, 1ull << 13 | 1); // permitted: cap_net_raw, cap_chown
  guest_put64(&o.g, CRED + 16, 1ull << 13);
  guest_put64(&o.g, CRED + 24, 1ull << 63);
  opened_open(&o, "capabilities");
  assert_true(opened_next(&o));
  expect_text(&o, "name", "cap_chown");
  expect_number(&o, "permitted", true);
  expect_number(&o, "effective", false);
  assert_true(opened_next(&o));
  expect_text(&o, "name", "cap_net_raw");
  expect_number(&o, "effective", true);
  expect_number(&o, "tgid", 7);
  assert_true(opened_next(&o));
  expect_text(&o, "name", "cap_63"); // one that we do not know
  expect_number(&o, "bounding", true);
  expect_end(&o, false);
}

static void namespaces_of_a_task_that_has_left_them_are_none(void **state) {
  (void)state;
  uint64_t at = TASK + TASK_BYTES;
  opened_open(&o, "namespaces");
  expect_end(&o, false);
  guest_put64(&o.g, at + T_PROXY, VA(PROXY));
  guest_put64(&o.g, PROXY, VA(NS));
  guest_put(&o.g, NS + 16 + 8, 4026531838, 4);
  guest_put64(&o.g, at + T_THREAD_PID, VA(PID));
  guest_put(&o.g, PID, 1, 4); // the second level
  guest_put64(&o.g, PID + 8 + 16 + 8, VA(NS + 0x80));
  guest_put(&o.g, NS + 0x80 + 16 + 8, 4026532000, 4);
  opened_open(&o, "namespaces");
  assert_true(opened_next(&o));
  expect_text(&o, "kind", "pid");
  expect_number(&o, "inode", 4026532000);
  assert_true(opened_next(&o));
  expect_text(&o, "kind", "uts");
  expect_number(&o, "inode", 4026531838);
  expect_end(&o, false);
  guest_put(&o.g, PID, 0x7fffffff, 4); // a level that no pid has
  opened_open(&o, "namespaces");
  assert_true(opened_next(&o));
  expect_unreadable(&o, "inode", KL_ERR_MALFORMED);
}

// ── Control groups ─────────────────────────────────────────────────────────

static uint64_t group_at(unsigned n) {
  return n ? GROUPS + G_BYTES * (uint64_t)n : ROOT + R_CGROUP;
}

static void plant_group(unsigned n, unsigned parent, const char *name) {
  uint64_t at = group_at(n), node = GROUPS + G_BYTES * (uint64_t)n + 0x200;
  const uint64_t children[] = {at + CSS_CHILDREN}, links[] = {at + G_LINKS};
  opened_ring(&o, 1, children);
  opened_ring(&o, 1, links);
  guest_put64(&o.g, at + G_ROOT, VA(ROOT));
  guest_put64(&o.g, at + G_KN, VA(node));
  guest_put64(&o.g, node, 100 + n);
  guest_put64(&o.g, node + 8, VA(node + 32));
  guest_put_text(&o.g, node + 32, name);
  if (n) {
    guest_put64(&o.g, at + CSS_PARENT, VA(group_at(parent)));
    guest_put64(&o.g, node + 16, VA(GROUPS + G_BYTES * (uint64_t)parent + 0x200));
  }
}

// /, /a, /a/b and /c.
static void plant_groups(void) {
  const uint64_t roots[] = {ROOTS, ROOT + R_LIST};
  opened_ring(&o, 2, roots);
  plant_group(0, 0, "");
  plant_group(1, 0, "a");
  plant_group(2, 1, "b");
  plant_group(3, 0, "c");
  const uint64_t top[] = {group_at(0) + CSS_CHILDREN, group_at(1) + CSS_SIBLING, group_at(3) + CSS_SIBLING};
  const uint64_t below[] = {group_at(1) + CSS_CHILDREN, group_at(2) + CSS_SIBLING};
  opened_ring(&o, 3, top);
  opened_ring(&o, 2, below);
}

static void expect_group(const char *path) {
  assert_true(opened_next(&o));
  expect_text(&o, "path", path);
}

static void groups_come_with_what_they_use(void **state) {
  (void)state;
  plant_groups();
  guest_put64(&o.g, group_at(2) + G_SUBSYS + 8 * 4, VA(MEMCG));
  guest_put64(&o.g, MEMCG + 64, 3);
  guest_put64(&o.g, MEMCG + 72, INT64_MAX / 4096);
  guest_put64(&o.g, group_at(2) + G_BSTAT, 12345);
  const uint64_t sets[] = {group_at(2) + G_LINKS, SET + 8};
  opened_ring(&o, 2, sets);
  guest_put64(&o.g, SET, VA(SET + 0x40));
  guest_put(&o.g, SET + 0x40, 5, 4);
  opened_open(&o, "cgroups");
  expect_group("/");
  expect_null(&o, "cpu_ns");
  expect_group("/a");
  expect_null(&o, "memory_bytes");
  expect_number(&o, "tasks", 0);
  expect_group("/a/b");
  expect_number(&o, "memory_bytes", 3 * 4096);
  expect_null(&o, "memory_max_bytes");
  expect_number(&o, "tasks", 5);
  assert_int_equal(opened_cell(&o, "cpu_ns")->i64, 12345);
  expect_number(&o, "id", 102);
  expect_group("/c");
  expect_end(&o, false);
}

static void without_the_list_the_head_is_no_hierarchy(void **state) {
  (void)state;
  plant_groups();
  o.g.kernel.known[KL_S_cgroup_roots].present = false;
  opened_open(&o, "cgroups");
  assert_int_equal(opened_count(&o), 4);
  assert_false(kl_cursor_partial(o.cursor));
}

static void groups_that_are_their_own_parents_end(void **state) {
  (void)state;
  plant_groups();
  // b's children are those of the root: they name another parent.
  guest_put64(&o.g, group_at(2) + CSS_CHILDREN, VA(group_at(1) + CSS_SIBLING));
  opened_open(&o, "cgroups");
  assert_in_range(opened_count(&o), 4, 8);
  assert_true(kl_cursor_partial(o.cursor));
  // a is its own child and its own parent.
  plant_groups();
  guest_put64(&o.g, group_at(1) + CSS_CHILDREN, VA(group_at(1) + CSS_SIBLING));
  guest_put64(&o.g, group_at(1) + CSS_PARENT, VA(group_at(1)));
  opened_open(&o, "cgroups");
  assert_int_equal(opened_count(&o), 2); // the root and c
  assert_true(kl_cursor_partial(o.cursor));
}

static void memory_past_all_there_is_is_malformed(void **state) {
  (void)state;
  plant_groups();
  guest_put64(&o.g, group_at(1) + G_SUBSYS + 8 * 4, VA(MEMCG));
  guest_put64(&o.g, MEMCG + 64, 1ull << 60);
  opened_open(&o, "cgroups");
  expect_group("/");
  expect_group("/a");
  expect_unreadable(&o, "memory_bytes", KL_ERR_MALFORMED);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_row_for_each_capability_in_any_set),  TEST(namespaces_of_a_task_that_has_left_them_are_none),
      TEST(groups_come_with_what_they_use),        TEST(without_the_list_the_head_is_no_hierarchy),
      TEST(groups_that_are_their_own_parents_end), TEST(memory_past_all_there_is_is_malformed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
