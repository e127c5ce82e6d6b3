// Where Linux keeps its own bits in page tables, told by memory or by BTF.
#include "guest.h"

#include "kernel/software_bits.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))
enum { MAP = 0x1000, FILES = 0x1100 };

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x10000);
  guest_map(&g);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// The kernel says that it is an arm64 one, but is read through x86-64 tables.
static struct kl_paging learn(void) {
  static struct kl_paging x86;
  x86 = g.kernel.paging;
  g.kernel.space.paging = &x86;
  g.kernel.paging = (struct kl_paging){.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 4, .va_bits = 48};
  kl_learn_software_bits(&g.kernel);
  struct kl_paging learnt = g.kernel.paging;
  g.kernel.paging = x86;
  g.kernel.space.paging = &g.kernel.paging;
  return learnt;
}

static void map_says(uint64_t page_none) {
  g.kernel.known[KL_S_protection_map].present = true;
  g.kernel.known[KL_S_protection_map].address = VA(MAP);
  guest_put64(&g, MAP, page_none);
}

static void expect_swap(struct kl_paging p, unsigned type_shift, unsigned type_bits, unsigned offset_shift) {
  assert_int_equal(p.swap_type_shift, type_shift);
  assert_int_equal(p.swap_type_bits, type_bits);
  assert_int_equal(p.swap_offset_shift, offset_shift);
}

static void the_protection_map_tells(void **state) {
  (void)state;
  map_says(0x0460000000000f82); // 5.10
  struct kl_paging p = learn();
  assert_int_equal(p.prot_none_bit, 1ull << 58);
  expect_swap(p, 2, 6, 8);
  g.kernel.enums[KL_E_pageflags_PG_anon_exclusive].present = true; // 6.1
  expect_swap(learn(), 3, 5, 8);
  map_says(0x0060000000000c82); // 6.12
  p = learn();
  assert_int_equal(p.prot_none_bit, 1 << 11);
  expect_swap(p, 6, 5, 12);
  map_says(0x0060000000000c83); // valid: no such thing
  assert_int_equal(learn().prot_none_bit, 0);
}

static void without_it_other_members_tell(void **state) {
  (void)state;
  struct kl_paging p = learn();
  assert_int_equal(p.prot_none_bit, 0);
  expect_swap(p, 0, 0, 0);
  g.kernel.enums[KL_E_pagetype_PGTY_buddy].present = true;
  assert_int_equal(learn().prot_none_bit, 1 << 11);
  g.kernel.fields[KL_F_task_struct_thread_group].present = true;
  assert_int_equal(learn().prot_none_bit, 1ull << 58);
}

static void swap_files_are_counted(void **state) {
  (void)state;
  assert_false(learn().swap_files_known);
  g.kernel.known[KL_S_nr_swapfiles].present = true;
  g.kernel.known[KL_S_nr_swapfiles].address = VA(FILES);
  guest_put(&g, FILES, 2, 4);
  assert_true(learn().swap_files_known);
  assert_int_equal(learn().swap_files, 2);
  guest_put(&g, FILES, 33, 4); // more than there are types
  assert_false(learn().swap_files_known);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(the_protection_map_tells),
      TEST(without_it_other_members_tell),
      TEST(swap_files_are_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
