// File systems in memory: super blocks, inodes, and the names of inodes.
#include "fs_builder.h"

#include "linux/file.h"
#include "linux/fs.h"

static struct guest g;

enum { SUPER_BLOCKS = 0x30000, INIT_TASK = 0x31000, FS = 0x32000, NAMESPACE = 0x33000 };

static int setup(void **state) {
  (void)state;
  fs_open(&g);
  g.kernel.known[KL_S_super_blocks].present = true;
  g.kernel.known[KL_S_super_blocks].address = va(SUPER_BLOCKS);
  guest_field(&g, KL_F_task_struct_fs, 0, 8);
  guest_field(&g, KL_F_fs_struct_root, 0, 16);
  guest_field(&g, KL_F_path_mnt, 0, 8);
  guest_field(&g, KL_F_path_dentry, 8, 8);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static struct kl_super_walk supers;
static struct kl_super super;

static void begin(void) {
  assert_int_equal(kl_super_walk_init(&supers, &g.kernel, &g.budget), KL_OK);
}
static void expect_super(unsigned n, const char *type, uint64_t device) {
  assert_int_equal(kl_super_walk_next(&supers, &super), KL_OK);
  assert_int_equal(super.address, va(super_phys(n)));
  assert_int_equal(super.device, device);
  assert_int_equal(super.type_bytes, strlen(type));
  assert_memory_equal(super.type, type, strlen(type));
}
static void expect_end(void) {
  assert_int_equal(kl_super_walk_next(&supers, &super), KL_END);
  assert_int_equal(kl_super_walk_next(&supers, &super), KL_END);
}

static void plant_supers(void) {
  const uint64_t list[] = {SUPER_BLOCKS, super_phys(1) + S_LIST, super_phys(2) + S_LIST};
  put_super(&g, 1, "tmpfs", 0x12, 0);
  put_super(&g, 2, "a_file_system_whose_name_is_long", 0x0fe00001, 0);
  put_ring(&g, 3, list);
}

// The first process's root directory: of super block 1, by mount 0.
static void plant_root(void) {
  put_dentry(&g, 0, 0, "/", 0);
  guest_put64(&g, dentry_phys(0) + D_SB, va(super_phys(1)));
  put_mount(&g, 0, 0, 0, 0, 1);
  guest_put64(&g, mount_phys(0) + M_NS, va(NAMESPACE));
  g.kernel.known[KL_S_init_task].present = true;
  g.kernel.known[KL_S_init_task].address = va(INIT_TASK);
  guest_put64(&g, INIT_TASK, va(FS));
  guest_put64(&g, FS, va(mount_phys(0) + M_MNT));
  guest_put64(&g, FS + 8, va(dentry_phys(0)));
}

static void super_blocks_are_listed(void **state) {
  (void)state;
  plant_supers();
  begin();
  expect_super(1, "tmpfs", 0x12);
  expect_super(2, "a_file_system_whose_name_is_long", 0x0fe00001); // 32 bytes: all that are kept
  expect_end();
}

static void without_the_symbol_the_ring_is_found_by_the_root(void **state) {
  (void)state;
  plant_supers();
  plant_root();
  g.kernel.known[KL_S_super_blocks].present = false;
  // The list's head lies in the kernel image, and is no super block.
  g.kernel.image_base = va(SUPER_BLOCKS) - 0x100;
  g.kernel.known[KL_S__end].present = true;
  g.kernel.known[KL_S__end].address = va(SUPER_BLOCKS) + 0x100;
  begin();
  expect_super(1, "tmpfs", 0x12);
  expect_super(2, "a_file_system_whose_name_is_long", 0x0fe00001);
  expect_end();
  // No root directory either.
  guest_put64(&g, INIT_TASK, 0);
  assert_true(kl_super_walk_init(&supers, &g.kernel, &g.budget) != KL_OK);
}

static void a_broken_super_block_is_lost_alone(void **state) {
  (void)state;
  plant_supers();
  guest_put64(&g, super_phys(1) + S_TYPE, va(0x30000000));
  begin();
  assert_int_equal(kl_super_walk_next(&supers, &super), KL_ERR_ABSENT);
  assert_int_equal(supers.lost, va(super_phys(1)));
  expect_super(2, "a_file_system_whose_name_is_long", 0x0fe00001);
  expect_end();
}

static void a_ring_that_misses_its_head_ends(void **state) {
  (void)state;
  plant_supers();
  guest_put64(&g, super_phys(2) + S_LIST, va(super_phys(1) + S_LIST));
  begin();
  enum kl_status status;
  unsigned given = 0;
  while ((status = kl_super_walk_next(&supers, &super)) == KL_OK)
    given++;
  assert_int_equal(status, KL_ERR_CYCLE);
  assert_in_range(given, 2, 8);
  expect_end();
}

// ── Mounts of a super block ────────────────────────────────────────────────

// Super block 1 has mounts 1 (of a part), 2 (of all of it, elsewhere), 0 (of
// all, in the first namespace), 3 (the same as 2).
static void plant_mounts(void) {
  plant_supers();
  plant_root();
  put_dentry(&g, 1, 0, "part", 1);
  put_mount(&g, 1, 1, 0, 1, 1);
  put_mount(&g, 2, 0, 2, 0, 1);
  put_mount(&g, 3, 0, 2, 0, 1);
  guest_put64(&g, mount_phys(1) + M_NS, va(NAMESPACE));
  guest_put64(&g, mount_phys(2) + M_NS, va(NAMESPACE + 0x100));
  guest_put64(&g, mount_phys(3) + M_NS, va(NAMESPACE + 0x100));
}

static void the_best_mount_is_of_all_and_of_the_first_namespace(void **state) {
  (void)state;
  plant_mounts();
  const uint64_t all[] = {super_phys(1) + S_MOUNTS, mount_phys(1) + M_INSTANCE, mount_phys(2) + M_INSTANCE,
                          mount_phys(0) + M_INSTANCE, mount_phys(3) + M_INSTANCE};
  put_ring(&g, 5, all);
  begin();
  expect_super(1, "tmpfs", 0x12);
  assert_int_equal(super.mount, va(mount_phys(0) + M_MNT));
  expect_super(2, "a_file_system_whose_name_is_long", 0x0fe00001);
  assert_int_equal(super.mount, 0); // mounted nowhere
  // A list that breaks behind the first.
  guest_put64(&g, mount_phys(1) + M_INSTANCE, va(0x30000000));
  begin();
  expect_super(1, "tmpfs", 0x12);
  assert_int_equal(super.mount, va(mount_phys(1) + M_MNT));
  // One that leads back to itself.
  guest_put64(&g, mount_phys(1) + M_INSTANCE, va(mount_phys(1) + M_INSTANCE));
  begin();
  expect_super(1, "tmpfs", 0x12);
  assert_int_equal(super.mount, va(mount_phys(1) + M_MNT));
}

static void mounts_may_be_a_chain(void **state) {
  (void)state;
  plant_mounts();
  guest_field(&g, KL_F_mount_mnt_next_for_sb, M_NEXT, 8); // since 2025
  guest_put64(&g, super_phys(1) + S_MOUNTS, va(mount_phys(1)));
  guest_put64(&g, mount_phys(1) + M_NEXT, va(mount_phys(0)));
  begin();
  expect_super(1, "tmpfs", 0x12);
  assert_int_equal(super.mount, va(mount_phys(0) + M_MNT));
  guest_put64(&g, mount_phys(0) + M_NEXT, va(mount_phys(1))); // without end
  begin();
  expect_super(1, "tmpfs", 0x12);
  assert_int_equal(super.mount, va(mount_phys(0) + M_MNT));
}

// ── Inodes ─────────────────────────────────────────────────────────────────

static struct kl_inode_walk inodes;

static void begin_inodes(void) {
  super = (struct kl_super){.address = va(super_phys(1))};
  assert_int_equal(kl_inode_walk_init(&inodes, &g.kernel, &g.budget, &super), KL_OK);
}
static void expect_inode(unsigned n) {
  uint64_t inode;
  assert_int_equal(kl_inode_walk_next(&inodes, &inode), KL_OK);
  assert_int_equal(inode, va(inode_phys(n)));
}

static void plant_inodes(void) {
  const uint64_t list[] = {super_phys(1) + S_INODES, inode_phys(1) + I_LIST, inode_phys(2) + I_LIST};
  plant_supers();
  put_inode(&g, 1, 1, 5);
  put_inode(&g, 2, 1, 1ull << 60);
  put_ring(&g, 3, list);
}

static void inodes_are_listed(void **state) {
  (void)state;
  uint64_t inode;
  plant_inodes();
  begin_inodes();
  expect_inode(1);
  expect_inode(2);
  assert_int_equal(kl_inode_walk_next(&inodes, &inode), KL_END);
  assert_int_equal(kl_inode_walk_next(&inodes, &inode), KL_END);
  // A list of one inode without end.
  guest_put64(&g, inode_phys(1) + I_LIST, va(inode_phys(1) + I_LIST));
  begin_inodes();
  enum kl_status status;
  unsigned given = 0;
  while ((status = kl_inode_walk_next(&inodes, &inode)) == KL_OK)
    given++;
  assert_int_equal(status, KL_ERR_CYCLE);
  assert_in_range(given, 1, 8);
  assert_int_equal(kl_inode_walk_next(&inodes, &inode), KL_END);
  // One whose inode is gone: it is given, then what follows is lost.
  guest_put64(&g, inode_phys(1) + I_LIST, 0xdead000000000100);
  begin_inodes();
  expect_inode(1);
  assert_int_equal(kl_inode_walk_next(&inodes, &inode), KL_OK);
  assert_int_equal(kl_inode_walk_next(&inodes, &inode), KL_ERR_UNMAPPED);
  assert_int_equal(kl_inode_walk_next(&inodes, &inode), KL_END);
}

static void pages_are_counted_where_they_belong(void **state) {
  (void)state;
  uint64_t mapping, pages;
  plant_inodes();
  assert_int_equal(kl_inode_mapping(&g.kernel, va(inode_phys(1)), &mapping, &pages), KL_OK);
  assert_int_equal(mapping, va(inode_phys(1) + I_DATA));
  assert_int_equal(pages, 5);
  assert_int_equal(kl_inode_mapping(&g.kernel, va(inode_phys(2)), &mapping, &pages), KL_OK);
  assert_int_equal(pages, 1ull << 60); // as it stands there: nothing is read by it
  guest_put64(&g, inode_phys(1) + I_MAPPING, va(inode_phys(2) + I_DATA));
  assert_int_equal(kl_inode_mapping(&g.kernel, va(inode_phys(1)), &mapping, &pages), KL_OK);
  assert_int_equal(mapping, 0);
  assert_int_equal(pages, 0);
  assert_int_equal(kl_inode_mapping(&g.kernel, va(0x30000000), &mapping, &pages), KL_ERR_ABSENT);
  assert_int_equal(pages, 0);
}

static void an_inode_knows_its_super_block(void **state) {
  (void)state;
  plant_inodes();
  assert_int_equal(kl_super_of_inode(&g.kernel, va(inode_phys(1)), &super), KL_OK);
  assert_int_equal(super.address, va(super_phys(1)));
  assert_memory_equal(super.type, "tmpfs", 5);
  guest_put64(&g, inode_phys(1) + I_SB, 0);
  assert_int_equal(kl_super_of_inode(&g.kernel, va(inode_phys(1)), &super), KL_ERR_UNMAPPED);
}

// ── Names ──────────────────────────────────────────────────────────────────

static char buffer[KL_PATH_BYTES];

static enum kl_status path_of(unsigned inode, uint64_t mount, size_t capacity, struct kl_path_text *text) {
  super = (struct kl_super){.address = va(super_phys(1)), .mount = mount};
  *text = kl_path_into(buffer, capacity);
  return kl_inode_path(&g.kernel, &g.budget, &super, va(inode_phys(inode)), text);
}
static void expect_path(unsigned inode, uint64_t mount, const char *wanted) {
  struct kl_path_text text;
  assert_int_equal(path_of(inode, mount, sizeof buffer, &text), KL_OK);
  assert_int_equal(text.capacity - text.start, strlen(wanted));
  assert_memory_equal(text.buffer + text.start, wanted, strlen(wanted));
}

// / var var/log, of super block 1; all of it is on /mnt of mount 0.
static void plant_names(void) {
  plant_inodes();
  put_dentry(&g, 0, 0, "/", 0);
  put_dentry(&g, 1, 0, "var", 1);
  put_dentry(&g, 2, 1, "log", 2);
  put_dentry(&g, 3, 3, "/", 3);
  put_dentry(&g, 4, 3, "mnt", 4);
  put_mount(&g, 0, 3, 0, 3, 2);
  put_mount(&g, 1, 0, 0, 4, 1);
}

static void inodes_have_names_in_their_mount(void **state) {
  (void)state;
  plant_names();
  expect_path(2, 0, "/var/log");
  expect_path(2, va(mount_phys(1) + M_MNT), "/mnt/var/log");
  expect_path(0, va(mount_phys(1) + M_MNT), "/mnt");
  guest_put64(&g, inode_phys(2) + I_DENTRY, 0);
  struct kl_path_text text;
  assert_int_equal(path_of(2, 0, sizeof buffer, &text), KL_END);
}

static void names_that_lead_back_are_a_cycle(void **state) {
  (void)state;
  struct kl_path_text text;
  plant_names();
  guest_put64(&g, dentry_phys(1) + D_PARENT, va(dentry_phys(2)));
  assert_int_equal(path_of(2, 0, sizeof buffer, &text), KL_ERR_CYCLE);
  assert_int_equal(path_of(2, va(mount_phys(1) + M_MNT), sizeof buffer, &text), KL_ERR_CYCLE);
  plant_names();
  guest_put64(&g, mount_phys(0) + M_PARENT, va(mount_phys(1))); // mounted on each other
  guest_put64(&g, mount_phys(0) + M_POINT, va(dentry_phys(2)));
  assert_int_equal(path_of(2, va(mount_phys(1) + M_MNT), sizeof buffer, &text), KL_ERR_CYCLE);
}

static void names_end_at_every_cap(void **state) {
  (void)state;
  struct kl_path_text text;
  plant_names();
  assert_int_equal(path_of(2, 0, 8, &text), KL_OK);
  for (size_t capacity = 0; capacity < 8; capacity++)
    assert_int_equal(path_of(2, 0, capacity, &text), KL_ERR_LIMIT);
  guest_put64(&g, inode_phys(2) + I_DENTRY, va(0x30000000));
  assert_int_equal(path_of(2, 0, sizeof buffer, &text), KL_ERR_ABSENT);
  plant_names();
  g.budget.steps = 1;
  assert_int_equal(path_of(2, 0, sizeof buffer, &text), KL_ERR_BUDGET);
}

static void devices_and_modes_have_their_forms(void **state) {
  (void)state;
  uint64_t device;
  char text[32];
  plant_inodes();
  put_super(&g, 1, "tmpfs", 254u << 20 | 7, 0);
  assert_int_equal(kl_inode_device(&g.kernel, va(inode_phys(1)), &device), KL_OK);
  struct kl_text out = kl_text_into(text, sizeof text);
  kl_device_print(&out, device);
  assert_int_equal(out.used, 5);
  assert_memory_equal(text, "254:7", 5);
  static const struct {
    uint64_t mode;
    const char *kind;
  } modes[] = {{0100644, "regular"}, {040755, "directory"},  {0140777, "socket"}, {010600, "pipe"},
               {020600, "char"},     {060660, "block"},      {0120777, "link"},   {0600, "anon"},
               {0170000, "unknown"}, {UINT64_MAX, "unknown"}};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
    assert_string_equal(kl_mode_kind(modes[i].mode), modes[i].kind);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(super_blocks_are_listed),
      TEST(without_the_symbol_the_ring_is_found_by_the_root),
      TEST(a_broken_super_block_is_lost_alone),
      TEST(a_ring_that_misses_its_head_ends),
      TEST(the_best_mount_is_of_all_and_of_the_first_namespace),
      TEST(mounts_may_be_a_chain),
      TEST(inodes_are_listed),
      TEST(pages_are_counted_where_they_belong),
      TEST(an_inode_knows_its_super_block),
      TEST(inodes_have_names_in_their_mount),
      TEST(names_that_lead_back_are_a_cycle),
      TEST(names_end_at_every_cap),
      TEST(devices_and_modes_have_their_forms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
