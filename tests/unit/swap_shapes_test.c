// The variables of the swap code by what memory looks like there: two areas, of
// which the second takes two address_spaces, and what is like them but is not.
#include "guest.h"

#include "kernel/swap_shapes.h"

static struct guest g;
enum {
  INFO = 0x1000,    // swap_info[]
  SPACES = 0x2000,  // swapper_spaces[]
  COUNTS = 0x3004,  // nr_swapper_spaces[], of ints
  COUNT = 0x3104,   // nr_swapfiles
  AREA = 0x4000,    // each 0x100
  FILE_AT = 0x5000, // the same
  INODE = 0x6000,
  SPACE = 0x7000, // each 0x40
  SPACE_BYTES = 0x40,
};
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

static void put_area(unsigned i, unsigned type, uint64_t slots) {
  guest_put64(&g, INFO + 8 * i, VA(AREA + 0x100 * i));
  guest_put(&g, AREA + 0x100 * i + 0x10, type, 1);
  guest_put(&g, AREA + 0x100 * i + 0x14, slots, 4);
  guest_put64(&g, AREA + 0x100 * i + 0x18, slots ? VA(FILE_AT + 0x100 * i) : 0);
  guest_put64(&g, FILE_AT + 0x100 * i + 8, VA(INODE));
}

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  guest_field(&g, KL_F_swap_info_struct_type, 0x10, 1);
  guest_field(&g, KL_F_swap_info_struct_max, 0x14, 4);
  guest_field(&g, KL_F_swap_info_struct_swap_file, 0x18, 8);
  guest_field(&g, KL_F_file_f_inode, 8, 8);
  guest_field(&g, KL_F_address_space_host, 0, 8);
  guest_field(&g, KL_F_address_space_a_ops, 0x18, 8);
  g.kernel.types[KL_T_address_space].present = true;
  g.kernel.types[KL_T_address_space].bytes = SPACE_BYTES;
  g.kernel.known[KL_S_swap_info].present = true;
  g.kernel.known[KL_S_swap_info].address = VA(INFO);
  put_area(0, 0, 2048);
  put_area(1, 1, (1 << 14) + 1);
  guest_put(&g, COUNTS, 1, 4);
  guest_put(&g, COUNTS + 4, 2, 4);
  guest_put(&g, COUNTS + 8, 0, 4);
  guest_put64(&g, SPACES, VA(SPACE));
  guest_put64(&g, SPACES + 8, VA(SPACE + SPACE_BYTES));
  for (unsigned i = 0; i < 3; i++)
    guest_put64(&g, SPACE + SPACE_BYTES * i + 0x18, VA(0x9000));
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void areas_know_their_number_and_their_file(void **state) {
  (void)state;
  assert_true(kl_is_swap_info(&g.kernel, VA(INFO)));
  assert_false(kl_is_swap_info(&g.kernel, VA(INFO + 8))); // its first is number 1
  assert_false(kl_is_swap_info(&g.kernel, VA(SPACES)));
  assert_false(kl_is_swap_info(&g.kernel, VA(0x20000))); // nothing at all
  put_area(1, 0, 4096);
  assert_false(kl_is_swap_info(&g.kernel, VA(INFO)));
  put_area(1, 1, 4096);
  guest_put64(&g, FILE_AT + 0x100 + 8, VA(INODE)); // of an area that was given back there is none
  guest_put64(&g, AREA + 0x100 + 0x18, 0);
  assert_false(kl_is_swap_info(&g.kernel, VA(INFO)));
  put_area(1, 1, 0);
  assert_true(kl_is_swap_info(&g.kernel, VA(INFO)));
  put_area(0, 0, 0); // no area is in use: it may be anything
  assert_false(kl_is_swap_info(&g.kernel, VA(INFO)));
}

static void an_array_without_an_end_is_none(void **state) {
  (void)state;
  for (unsigned i = 0; i < 40; i++) {
    guest_put64(&g, 0x10000 + 8 * i, VA(0x11000 + 0x100 * i));
    guest_put(&g, 0x11000 + 0x100 * i + 0x10, i, 1);
  }
  assert_false(kl_is_swap_info(&g.kernel, VA(0x10000)));
}

static void the_others_agree_with_the_areas(void **state) {
  (void)state;
  guest_put(&g, COUNTS + 8, 2, 4); // of a third area, of which there is none
  assert_false(kl_is_swap_space_counts(&g.kernel, VA(COUNTS)));
  guest_put(&g, COUNTS + 8, 0, 4);
  assert_true(kl_is_swap_space_counts(&g.kernel, VA(COUNTS)));
  assert_false(kl_is_swap_space_counts(&g.kernel, VA(COUNTS + 4)));
  guest_put(&g, COUNT, 2, 4);
  assert_true(kl_is_swap_count(&g.kernel, VA(COUNT)));
  assert_false(kl_is_swap_count(&g.kernel, VA(COUNTS)));
  assert_true(kl_is_swap_spaces(&g.kernel, VA(SPACES)));
  assert_false(kl_is_swap_spaces(&g.kernel, VA(INFO)));
  guest_put(&g, AREA + 0x100 + 0x14, 1 << 14, 4); // one space would do
  assert_false(kl_is_swap_space_counts(&g.kernel, VA(COUNTS)));
}

static void spaces_are_no_files_and_of_one_kind(void **state) {
  (void)state;
  guest_put64(&g, SPACE + 2 * SPACE_BYTES + 0x18, VA(0xa000));
  assert_false(kl_is_swap_spaces(&g.kernel, VA(SPACES)));
  guest_put64(&g, SPACE + 2 * SPACE_BYTES + 0x18, VA(0x9000));
  guest_put64(&g, SPACE, VA(INODE));
  assert_false(kl_is_swap_spaces(&g.kernel, VA(SPACES)));
  guest_put64(&g, SPACE, 0);
  guest_put64(&g, SPACES + 16, VA(SPACE)); // a third area's, of which there is none
  assert_false(kl_is_swap_spaces(&g.kernel, VA(SPACES)));
}

static void an_area_that_was_given_back_has_none(void **state) {
  (void)state;
  put_area(1, 1, 0);
  guest_put(&g, COUNTS + 4, 0, 4);
  guest_put64(&g, SPACES + 8, 0);
  assert_true(kl_is_swap_space_counts(&g.kernel, VA(COUNTS)));
  assert_true(kl_is_swap_spaces(&g.kernel, VA(SPACES)));
  guest_put(&g, COUNT, 2, 4); // it still counts
  assert_true(kl_is_swap_count(&g.kernel, VA(COUNT)));
}

static void without_the_areas_nothing_is_told(void **state) {
  (void)state;
  g.kernel.known[KL_S_swap_info].present = false;
  guest_put(&g, COUNT, 2, 4);
  assert_false(kl_is_swap_count(&g.kernel, VA(COUNT)));
  assert_false(kl_is_swap_space_counts(&g.kernel, VA(COUNTS)));
  assert_false(kl_is_swap_spaces(&g.kernel, VA(SPACES)));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(areas_know_their_number_and_their_file), TEST(an_array_without_an_end_is_none),
      TEST(the_others_agree_with_the_areas),        TEST(spaces_are_no_files_and_of_one_kind),
      TEST(an_area_that_was_given_back_has_none),   TEST(without_the_areas_nothing_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
