// Paths in a tree of dentries and mounts built by hand: what d_path() would
// say of it.
#include "guest.h"

#include "linux/path.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

enum { D_HASH = 0, D_PARENT = 16, D_NAME = 24, D_INODE = 40, D_OP = 48, D_SB = 56, DENTRY_BYTES = 64 };
enum { M_PARENT = 0, M_POINT = 8, M_MNT = 16, MOUNT_BYTES = 64 };
enum {
  DENTRIES = 0x1000,
  NAMES = 0x8000,
  MOUNTS = 0x10000,
  PATHS = 0x12000,
  OPS = 0x14000,
  SUPERS = 0x15000,
  INODES = 0x18000
};

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  guest_field(&g, KL_F_dentry_d_hash, D_HASH, 16);
  guest_field(&g, KL_F_hlist_bl_node_pprev, 8, 8);
  guest_field(&g, KL_F_dentry_d_parent, D_PARENT, 8);
  guest_field(&g, KL_F_dentry_d_name, D_NAME, 16);
  guest_field(&g, KL_F_dentry_d_inode, D_INODE, 8);
  guest_field(&g, KL_F_dentry_d_op, D_OP, 8);
  guest_field(&g, KL_F_dentry_d_sb, D_SB, 8);
  guest_field(&g, KL_F_qstr_len, 4, 4);
  guest_field(&g, KL_F_qstr_name, 8, 8);
  guest_field(&g, KL_F_mount_mnt_parent, M_PARENT, 8);
  guest_field(&g, KL_F_mount_mnt_mountpoint, M_POINT, 8);
  guest_field(&g, KL_F_mount_mnt, M_MNT, 24);
  guest_field(&g, KL_F_vfsmount_mnt_root, 0, 8);
  guest_field(&g, KL_F_path_mnt, 0, 8);
  guest_field(&g, KL_F_path_dentry, 8, 8);
  guest_field(&g, KL_F_file_f_path, 0x20, 16);
  guest_field(&g, KL_F_dentry_operations_d_dname, 8, 8);
  guest_field(&g, KL_F_super_block_s_type, 0, 8);
  guest_field(&g, KL_F_file_system_type_name, 0, 8);
  guest_field(&g, KL_F_inode_i_ino, 0, 8);
  guest_field(&g, KL_F_inode_i_private, 8, 8);
  guest_field(&g, KL_F_ns_common_ops, 0, 8);
  guest_field(&g, KL_F_proc_ns_operations_name, 0, 8);
  guest_field(&g, KL_F_kernfs_node_name, 0, 8);
  guest_field(&g, KL_F_kernfs_node_parent, 8, 8);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static uint64_t dentry(unsigned n) {
  return VA(DENTRIES + DENTRY_BYTES * (uint64_t)n);
}
static uint64_t vfsmount(unsigned n) {
  return VA(MOUNTS + MOUNT_BYTES * (uint64_t)n + M_MNT);
}

// A name that is in the hash, below a parent (itself: a root).
static void make_dentry(unsigned n, unsigned parent, const char *name) {
  uint64_t at = DENTRIES + DENTRY_BYTES * (uint64_t)n, text = NAMES + 64 * (uint64_t)n;
  guest_put64(&g, at + D_HASH + 8, 1);
  guest_put64(&g, at + D_PARENT, dentry(parent));
  guest_put(&g, at + D_NAME + 4, strlen(name), 4);
  guest_put64(&g, at + D_NAME + 8, VA(text));
  guest_put_text(&g, text, name);
}
// A mount of what is below root, on a dentry of the mount parent (itself: the
// first of all).
static void make_mount(unsigned n, unsigned root, unsigned parent, unsigned point) {
  uint64_t at = MOUNTS + MOUNT_BYTES * (uint64_t)n;
  guest_put64(&g, at + M_PARENT, VA(MOUNTS + MOUNT_BYTES * (uint64_t)parent));
  guest_put64(&g, at + M_POINT, dentry(point));
  guest_put64(&g, at + M_MNT, dentry(root));
}
// The kind of file system that names its dentries itself.
static void name_itself(unsigned n, const char *file_system, uint64_t inode) {
  uint64_t at = DENTRIES + DENTRY_BYTES * (uint64_t)n;
  guest_put64(&g, at + D_OP, VA(OPS));
  guest_put64(&g, OPS + 8, 0xffffffff81234567);
  guest_put64(&g, at + D_SB, VA(SUPERS));
  guest_put64(&g, SUPERS, VA(SUPERS + 0x100));
  guest_put64(&g, SUPERS + 0x100, VA(SUPERS + 0x200));
  guest_put_text(&g, SUPERS + 0x200, file_system);
  guest_put64(&g, at + D_INODE, VA(INODES));
  guest_put64(&g, INODES, inode);
}

static char buffer[KL_PATH_BYTES];
static struct kl_path_text text;

static enum kl_status print_path(unsigned mount, unsigned n, const struct kl_path_root *root, size_t capacity) {
  guest_put64(&g, PATHS, vfsmount(mount));
  guest_put64(&g, PATHS + 8, dentry(n));
  text = kl_path_into(buffer, capacity);
  return kl_path_print(&g.kernel, &g.budget, VA(PATHS), root, &text);
}
static void expect(unsigned mount, unsigned n, const struct kl_path_root *root, const char *wanted) {
  assert_int_equal(print_path(mount, n, root, sizeof buffer), KL_OK);
  assert_int_equal(text.capacity - text.start, strlen(wanted));
  assert_memory_equal(text.buffer + text.start, wanted, strlen(wanted));
}

// File system 0-4: / usr usr/bin usr/bin/ls mnt; mount 0 is all of it.
// File system 5-7: / a a/b; mount 1 has it on /mnt, mount 2 has a on /usr.
static void plant(void) {
  make_dentry(0, 0, "/");
  make_dentry(1, 0, "usr");
  make_dentry(2, 1, "bin");
  make_dentry(3, 2, "ls");
  make_dentry(4, 0, "mnt");
  make_dentry(5, 5, "/");
  make_dentry(6, 5, "a");
  make_dentry(7, 6, "b");
  make_mount(0, 0, 0, 0);
  make_mount(1, 5, 0, 4);
  make_mount(2, 6, 0, 1);
}

static void names_are_joined_up_to_the_root(void **state) {
  (void)state;
  plant();
  expect(0, 3, NULL, "/usr/bin/ls");
  expect(0, 0, NULL, "/");
  const struct kl_path_root root = {vfsmount(0), dentry(0)};
  expect(0, 3, &root, "/usr/bin/ls");
}

static void mounts_are_crossed(void **state) {
  (void)state;
  plant();
  expect(1, 7, NULL, "/mnt/a/b");
  expect(1, 5, NULL, "/mnt");
  expect(2, 7, NULL, "/usr/b"); // part of a file system
  expect(2, 6, NULL, "/usr");
}

static void a_jailed_process_sees_less(void **state) {
  (void)state;
  plant();
  const struct kl_path_root jail = {vfsmount(0), dentry(1)}, mounted = {vfsmount(1), dentry(5)};
  expect(0, 3, &jail, "/bin/ls");
  expect(0, 1, &jail, "/");
  expect(1, 7, &mounted, "/a/b");
  expect(0, 3, &mounted, "/usr/bin/ls"); // outside of it
  // The same dentry by another mount is not the root.
  const struct kl_path_root other = {vfsmount(2), dentry(5)};
  expect(1, 7, &other, "/mnt/a/b");
}

static void deleted_files_say_so(void **state) {
  (void)state;
  plant();
  guest_put64(&g, DENTRIES + DENTRY_BYTES * 3 + D_HASH + 8, 0);
  expect(0, 3, NULL, "/usr/bin/ls (deleted)");
  guest_put64(&g, DENTRIES + D_HASH + 8, 0); // roots are in no hash
  expect(0, 0, NULL, "/");
}

static void files_without_a_place_have_forms_of_their_own(void **state) {
  (void)state;
  plant();
  make_dentry(8, 8, "");
  make_mount(3, 9, 3, 9);
  name_itself(8, "pipefs", 1234);
  expect(3, 8, NULL, "pipe:[1234]");
  name_itself(8, "sockfs", 18446744073709551615u);
  expect(3, 8, NULL, "socket:[18446744073709551615]");
  make_dentry(8, 8, "[eventfd]");
  name_itself(8, "anon_inodefs", 7);
  expect(3, 8, NULL, "anon_inode:[eventfd]");
  name_itself(8, "pidfs", 7);
  expect(3, 8, NULL, "anon_inode:[pidfd]");
  make_dentry(8, 8, "memfd:x");
  name_itself(8, "tmpfs", 7);
  expect(3, 8, NULL, "/memfd:x (deleted)");
  name_itself(8, "nsfs", 4026531840);
  guest_put64(&g, INODES + 8, VA(INODES + 0x100));
  guest_put64(&g, INODES + 0x100, VA(INODES + 0x200));
  guest_put64(&g, INODES + 0x200, VA(INODES + 0x300));
  guest_put_text(&g, INODES + 0x300, "net");
  expect(3, 8, NULL, "net:[4026531840]");
  // Mounted somewhere, it has a place.
  make_mount(3, 8, 0, 4);
  expect(3, 8, NULL, "/mnt");
}

// dmabuffs_dname(): "/%pd:%s", and no name before one is given.
static void shared_buffers_are_called_what_they_were_named(void **state) {
  (void)state;
  plant();
  guest_field(&g, KL_F_dma_buf_name, 8, 8);
  make_dentry(8, 8, "dmabuf");
  make_mount(3, 9, 3, 9);
  name_itself(8, "dmabuf", 7);
  expect(3, 8, NULL, "/dmabuf:");
  guest_put64(&g, INODES + 8, VA(INODES + 0x100));
  expect(3, 8, NULL, "/dmabuf:");
  guest_put64(&g, INODES + 0x108, VA(INODES + 0x200));
  guest_put_text(&g, INODES + 0x200, "camera");
  expect(3, 8, NULL, "/dmabuf:camera");
  for (size_t capacity = 0; capacity < strlen("/dmabuf:camera"); capacity++)
    assert_int_equal(print_path(3, 8, NULL, capacity), KL_ERR_LIMIT);
  static const uint64_t links[] = {INODES + 0x108, INODES + 8, DENTRIES + DENTRY_BYTES * 8 + D_INODE};
  for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
    guest_put64(&g, links[i], VA(0x30000000));
    assert_int_equal(print_path(3, 8, NULL, sizeof buffer), KL_ERR_ABSENT);
  }
}

static void names_of_their_own_are_cut_and_missed_as_others_are(void **state) {
  (void)state;
  static const struct {
    const char *file_system, *name, *path;
  } forms[] = {{"pipefs", "", "pipe:[42]"},
               {"anon_inodefs", "[eventfd]", "anon_inode:[eventfd]"},
               {"pidfs", "", "anon_inode:[pidfd]"},
               {"tmpfs", "memfd:x", "/memfd:x (deleted)"},
               {"nsfs", "", "net:[42]"}};
  plant();
  make_mount(3, 9, 3, 9);
  guest_put64(&g, INODES + 8, VA(INODES + 0x100));
  guest_put64(&g, INODES + 0x100, VA(INODES + 0x200));
  guest_put64(&g, INODES + 0x200, VA(INODES + 0x300));
  guest_put_text(&g, INODES + 0x300, "net");
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    make_dentry(8, 8, forms[i].name);
    name_itself(8, forms[i].file_system, 42);
    expect(3, 8, NULL, forms[i].path);
    for (size_t capacity = 0; capacity < strlen(forms[i].path); capacity++)
      assert_int_equal(print_path(3, 8, NULL, capacity), KL_ERR_LIMIT);
  }
  // Each step from the dentry to the namespace's kind.
  static const uint64_t links[] = {INODES + 0x200, INODES + 0x100, INODES + 8,
                                   DENTRIES + DENTRY_BYTES * 8 + D_INODE};
  for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
    guest_put64(&g, links[i], VA(0x30000000));
    assert_int_equal(print_path(3, 8, NULL, sizeof buffer), KL_ERR_ABSENT);
  }
  plant();
  guest_put64(&g, DENTRIES + DENTRY_BYTES * 3 + D_HASH + 8, 0);
  for (size_t capacity = 0; capacity < strlen("/usr/bin/ls (deleted)"); capacity++)
    assert_int_equal(print_path(0, 3, NULL, capacity), KL_ERR_LIMIT);
}

static void parents_that_lead_back_are_a_cycle(void **state) {
  (void)state;
  plant();
  guest_put64(&g, DENTRIES + DENTRY_BYTES * 1 + D_PARENT, dentry(3));
  assert_int_equal(print_path(0, 3, NULL, sizeof buffer), KL_ERR_CYCLE);
  plant(); // mounts on each other
  make_mount(0, 0, 1, 5);
  make_mount(1, 5, 0, 0);
  assert_int_equal(print_path(0, 0, NULL, sizeof buffer), KL_ERR_CYCLE);
}

static void depth_length_and_budget_are_capped(void **state) {
  (void)state;
  plant();
  assert_int_equal(print_path(0, 3, NULL, 11), KL_OK);
  for (size_t capacity = 0; capacity < 11; capacity++)
    assert_int_equal(print_path(0, 3, NULL, capacity), KL_ERR_LIMIT);
  g.limits.path_depth = 3;
  assert_int_equal(print_path(0, 3, NULL, sizeof buffer), KL_ERR_LIMIT);
  g.limits.path_depth = 4; // three names and the root itself
  assert_int_equal(print_path(0, 3, NULL, sizeof buffer), KL_OK);
  g.budget.steps = 2;
  assert_int_equal(print_path(0, 3, NULL, sizeof buffer), KL_ERR_BUDGET);
  g.budget.steps = 1000;
  guest_put(&g, DENTRIES + DENTRY_BYTES * 2 + D_NAME + 4, 256, 4); // no name is as long
  assert_int_equal(print_path(0, 3, NULL, sizeof buffer), KL_ERR_MALFORMED);
}

static void what_can_not_be_read_is_no_path(void **state) {
  (void)state;
  plant();
  guest_put64(&g, DENTRIES + DENTRY_BYTES * 2 + D_NAME + 8, VA(0x30000000));
  assert_int_equal(print_path(0, 3, NULL, sizeof buffer), KL_ERR_ABSENT);
  plant();
  guest_put64(&g, DENTRIES + DENTRY_BYTES * 2 + D_PARENT, 0);
  assert_int_equal(print_path(0, 3, NULL, sizeof buffer), KL_ERR_UNMAPPED);
  plant();
  guest_put64(&g, DENTRIES + DENTRY_BYTES * 3 + D_OP, VA(0x30000000));
  assert_int_equal(print_path(0, 3, NULL, sizeof buffer), KL_ERR_ABSENT);
}

static void dentries_have_paths_in_their_file_system(void **state) {
  (void)state;
  plant();
  text = kl_path_into(buffer, sizeof buffer);
  assert_int_equal(kl_dentry_path(&g.kernel, &g.budget, dentry(7), &text), KL_OK);
  assert_memory_equal(text.buffer + text.start, "/a/b", 4);
}

static void make_kernfs(unsigned n, uint64_t parent, const char *name) {
  guest_put64(&g, DENTRIES + 16 * (uint64_t)n, VA(NAMES + 64 * (uint64_t)n));
  guest_put64(&g, DENTRIES + 16 * (uint64_t)n + 8, parent);
  guest_put_text(&g, NAMES + 64 * (uint64_t)n, name);
}
static void expect_kernfs(unsigned n, enum kl_status status, const char *wanted) {
  text = kl_path_into(buffer, sizeof buffer);
  assert_int_equal(kl_kernfs_path(&g.kernel, &g.budget, VA(DENTRIES + 16 * (uint64_t)n), &text), status);
  if (status == KL_OK) {
    assert_int_equal(text.capacity - text.start, strlen(wanted));
    assert_memory_equal(text.buffer + text.start, wanted, strlen(wanted));
  }
}

static void kernfs_has_paths_too(void **state) {
  (void)state;
  make_kernfs(0, 0, "");
  make_kernfs(1, VA(DENTRIES), "lab.slice");
  make_kernfs(2, VA(DENTRIES + 16), "a b");
  expect_kernfs(0, KL_OK, "/");
  expect_kernfs(2, KL_OK, "/lab.slice/a b");
  make_kernfs(1, VA(DENTRIES + 32), "lab.slice");
  expect_kernfs(2, KL_ERR_CYCLE, NULL);
  make_kernfs(1, VA(0x30000000), "lab.slice");
  expect_kernfs(2, KL_ERR_ABSENT, NULL);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(names_are_joined_up_to_the_root),
      TEST(mounts_are_crossed),
      TEST(a_jailed_process_sees_less),
      TEST(deleted_files_say_so),
      TEST(files_without_a_place_have_forms_of_their_own),
      TEST(shared_buffers_are_called_what_they_were_named),
      TEST(names_of_their_own_are_cut_and_missed_as_others_are),
      TEST(parents_that_lead_back_are_a_cycle),
      TEST(depth_length_and_budget_are_capped),
      TEST(what_can_not_be_read_is_no_path),
      TEST(dentries_have_paths_in_their_file_system),
      TEST(kernfs_has_paths_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
