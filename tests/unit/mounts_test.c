// Mounts of a namespace: a list with the cursors of those who read it, a tree
// since 6.8.
#include "fs_builder.h"

#include "linux/mounts.h"

static struct guest g;

enum { NAMESPACE = 0x30000, NS_LIST = 0x10, NS_TREE = 0x30, NS_COMMON = 0x40, PROXY = 0x31000, TASK = 0x32000 };
enum { MNT_CURSOR = 0x10000000 };

static int setup(void **state) {
  (void)state;
  fs_open(&g);
  guest_field(&g, KL_F_mount_mnt_list, M_LIST, 16);
  guest_field(&g, KL_F_mnt_namespace_list, NS_LIST, 16);
  guest_field(&g, KL_F_mnt_namespace_ns, NS_COMMON, 24);
  guest_field(&g, KL_F_ns_common_inum, 16, 4);
  guest_field(&g, KL_F_task_struct_nsproxy, 0, 8);
  guest_field(&g, KL_F_nsproxy_mnt_ns, 8, 8);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static struct kl_mount_walk walk;
static struct kl_mount mount;

static void begin(void) {
  assert_int_equal(kl_mount_walk_init(&walk, &g.kernel, &g.budget, va(NAMESPACE)), KL_OK);
}
static void expect(unsigned n, unsigned parent) {
  assert_int_equal(kl_mount_walk_next(&walk, &mount), KL_OK);
  assert_int_equal(mount.address, va(mount_phys(n)));
  assert_int_equal(mount.vfsmount, va(mount_phys(n) + M_MNT));
  assert_int_equal(mount.parent, va(mount_phys(parent)));
  assert_int_equal(mount.id, 20 + n);
  assert_int_equal(mount.parent_id, 20 + parent);
  assert_int_equal(mount.super_block, va(super_phys(1)));
}
static void expect_lost(enum kl_status status, uint64_t at) {
  assert_int_equal(kl_mount_walk_next(&walk, &mount), status);
  assert_int_equal(walk.lost, at);
}
static void expect_end(void) {
  assert_int_equal(kl_mount_walk_next(&walk, &mount), KL_END);
  assert_int_equal(kl_mount_walk_next(&walk, &mount), KL_END);
}

static void plant(void) {
  put_dentry(&g, 0, 0, "/", 0);
  put_dentry(&g, 1, 0, "mnt", 1);
  put_mount(&g, 1, 0, 1, 0, 1);
  put_mount(&g, 2, 0, 1, 1, 1);
  put_mount(&g, 3, 1, 2, 1, 1);
}
static void plant_list(void) {
  const uint64_t list[] = {NAMESPACE + NS_LIST, mount_phys(1) + M_LIST, mount_phys(2) + M_LIST,
                           mount_phys(3) + M_LIST};
  plant();
  put_ring(&g, 4, list);
}

// The red-black tree's node of mount n.
static void tree_node(unsigned n, unsigned left, unsigned right) {
  uint64_t at = mount_phys(n) + M_NODE;
  guest_put64(&g, at, 0);
  guest_put64(&g, at + 8, right ? va(mount_phys(right) + M_NODE) : 0);
  guest_put64(&g, at + 16, left ? va(mount_phys(left) + M_NODE) : 0);
}
static void plant_tree(void) {
  g.kernel.fields[KL_F_mnt_namespace_list].present = false;
  guest_field(&g, KL_F_mnt_namespace_mounts, NS_TREE, 8);
  guest_field(&g, KL_F_mount_mnt_node, M_NODE, 24);
  guest_field(&g, KL_F_rb_root_rb_node, 0, 8);
  guest_field(&g, KL_F_rb_node_rb_right, 8, 8);
  guest_field(&g, KL_F_rb_node_rb_left, 16, 8);
  plant();
  guest_put64(&g, NAMESPACE + NS_TREE, va(mount_phys(2) + M_NODE));
  tree_node(2, 1, 3);
  tree_node(1, 0, 0);
  tree_node(3, 0, 0);
}

static void expect_three(void) {
  begin();
  expect(1, 1);
  expect(2, 1);
  expect(3, 2);
  expect_end();
}

static void a_list_gives_every_mount(void **state) {
  (void)state;
  plant_list();
  expect_three();
}

static void a_tree_gives_every_mount_by_its_id(void **state) {
  (void)state;
  plant_tree();
  expect_three();
}

static void cursors_are_no_mounts(void **state) {
  (void)state;
  plant_list();
  // Nothing else is in them: neither a parent nor a super block.
  for (size_t i = 0; i < MOUNT_BYTES; i++)
    guest_put(&g, mount_phys(7) + i, 0, 1);
  guest_put(&g, mount_phys(7) + M_FLAGS, MNT_CURSOR, 4);
  const uint64_t list[] = {NAMESPACE + NS_LIST, mount_phys(1) + M_LIST, mount_phys(7) + M_LIST,
                           mount_phys(2) + M_LIST, mount_phys(3) + M_LIST};
  put_ring(&g, 5, list);
  expect_three();
  // Where there are none any more, the flag is some other.
  plant_tree();
  guest_put(&g, mount_phys(2) + M_FLAGS, MNT_CURSOR, 4);
  expect_three();
}

static void a_broken_mount_is_lost_alone(void **state) {
  (void)state;
  plant_list();
  guest_put64(&g, mount_phys(2) + M_PARENT, 0);
  begin();
  expect(1, 1);
  expect_lost(KL_ERR_UNMAPPED, va(mount_phys(2)));
  expect(3, 2);
  expect_end();
  plant_tree();
  guest_put64(&g, mount_phys(2) + M_PARENT, va(0x30000000));
  begin();
  expect(1, 1);
  expect_lost(KL_ERR_ABSENT, va(mount_phys(2)));
  expect(3, 2);
  expect_end();
}

static void a_list_without_its_head_ends(void **state) {
  (void)state;
  plant_list();
  guest_put64(&g, mount_phys(3) + M_LIST, va(mount_phys(2) + M_LIST));
  begin();
  enum kl_status status;
  unsigned given = 0;
  while ((status = kl_mount_walk_next(&walk, &mount)) == KL_OK)
    given++;
  assert_int_equal(status, KL_ERR_CYCLE);
  assert_in_range(given, 3, 12);
  expect_end();
  // Of cursors alone: nothing is given, and it ends all the same.
  guest_put(&g, mount_phys(2) + M_FLAGS, MNT_CURSOR, 4);
  guest_put64(&g, mount_phys(2) + M_LIST, va(mount_phys(2) + M_LIST));
  begin();
  expect(1, 1);
  assert_int_equal(kl_mount_walk_next(&walk, &mount), KL_ERR_CYCLE);
  expect_end();
}

static void a_tree_that_shares_or_repeats_nodes_ends(void **state) {
  (void)state;
  plant_tree();
  tree_node(3, 0, 2); // its own ancestor
  begin();
  expect(1, 1);
  expect(2, 1);
  expect(3, 2);
  expect_lost(KL_ERR_CYCLE, va(mount_phys(2) + M_NODE));
  expect_end();
  // Both sides lead to the next: 2^20 ways down through 20 nodes.
  plant_tree();
  for (unsigned n = 1; n <= 20; n++) {
    put_mount(&g, n, 0, 1, 0, 1);
    tree_node(n, n < 20 ? n + 1 : 0, n < 20 ? n + 1 : 0);
  }
  guest_put64(&g, NAMESPACE + NS_TREE, va(mount_phys(1) + M_NODE));
  g.limits.list_nodes = 500;
  begin();
  enum kl_status status;
  unsigned given = 0;
  while ((status = kl_mount_walk_next(&walk, &mount)) == KL_OK)
    given++;
  assert_int_equal(status, KL_ERR_LIMIT);
  assert_in_range(given, 100, 500);
  expect_end();
}

static void every_mount_costs(void **state) {
  (void)state;
  plant_list();
  g.budget.steps = 2;
  begin();
  expect(1, 1);
  expect(2, 1);
  assert_int_equal(kl_mount_walk_next(&walk, &mount), KL_ERR_BUDGET);
}

static char buffer[KL_PATH_BYTES];

static void mounts_have_a_point_and_a_root(void **state) {
  (void)state;
  plant_list();
  begin();
  expect(1, 1);
  expect(2, 1);
  struct kl_path_text text = kl_path_into(buffer, sizeof buffer);
  assert_int_equal(kl_mount_point(&g.kernel, &g.budget, &mount, &text), KL_OK);
  assert_memory_equal(text.buffer + text.start, "/mnt", 4);
  expect(3, 2); // of mnt, on mnt of mount 2, which is on /mnt
  text = kl_path_into(buffer, sizeof buffer);
  assert_int_equal(kl_mount_point(&g.kernel, &g.budget, &mount, &text), KL_OK);
  assert_int_equal(text.capacity - text.start, 8);
  assert_memory_equal(text.buffer + text.start, "/mnt/mnt", 8);
  text = kl_path_into(buffer, sizeof buffer);
  assert_int_equal(kl_mount_root(&g.kernel, &g.budget, &mount, &text), KL_OK);
  assert_memory_equal(text.buffer + text.start, "/mnt", 4);
}

static void tasks_are_in_a_namespace(void **state) {
  (void)state;
  uint64_t v;
  guest_put64(&g, TASK, va(PROXY));
  guest_put64(&g, PROXY + 8, va(NAMESPACE));
  guest_put(&g, NAMESPACE + NS_COMMON + 16, 4026531841u, 4);
  assert_int_equal(kl_task_mount_namespace(&g.kernel, va(TASK), &v), KL_OK);
  assert_int_equal(v, va(NAMESPACE));
  assert_int_equal(kl_mount_namespace_number(&g.kernel, v, &v), KL_OK);
  assert_int_equal(v, 4026531841u);
  guest_put64(&g, TASK, 0); // it is exiting
  assert_int_equal(kl_task_mount_namespace(&g.kernel, va(TASK), &v), KL_OK);
  assert_int_equal(v, 0);
  guest_put64(&g, TASK, va(0x30000000));
  assert_int_equal(kl_task_mount_namespace(&g.kernel, va(TASK), &v), KL_ERR_ABSENT);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_list_gives_every_mount),
      TEST(a_tree_gives_every_mount_by_its_id),
      TEST(cursors_are_no_mounts),
      TEST(a_broken_mount_is_lost_alone),
      TEST(a_list_without_its_head_ends),
      TEST(a_tree_that_shares_or_repeats_nodes_ends),
      TEST(every_mount_costs),
      TEST(mounts_have_a_point_and_a_root),
      TEST(tasks_are_in_a_namespace),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
