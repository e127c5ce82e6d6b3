// Typed reads: what a member holds, by its size, sign and bits; strings up to a
// gap; per-CPU addresses.
#include "guest.h"

static struct guest g;
enum { OBJECT = 0x3000 };
static const uint64_t VA = GUEST_DIRECT_MAP + OBJECT;
static const enum kl_field_id F = KL_F_task_struct_pid; // any: the tests say what it is

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void field(uint32_t offset, uint32_t size, bool is_signed, uint8_t bit_offset, uint8_t bit_size) {
  g.kernel.fields[F] = (struct kl_field){.present = true,
                                         .is_signed = is_signed,
                                         .bit_offset = bit_offset,
                                         .bit_size = bit_size,
                                         .offset = offset,
                                         .size = size};
}

static uint64_t got(void) {
  uint64_t v;
  assert_int_equal(kl_get(&g.kernel, VA, F, &v), KL_OK);
  return v;
}

static void numbers_have_their_size_and_sign(void **state) {
  (void)state;
  guest_put64(&g, OBJECT + 8, 0x8182838485868788);
  field(8, 8, false, 0, 0);
  assert_int_equal(got(), 0x8182838485868788);
  field(8, 4, false, 0, 0);
  assert_int_equal(got(), 0x85868788);
  field(8, 4, true, 0, 0);
  assert_int_equal(got(), 0xffffffff85868788);
  field(9, 1, true, 0, 0);
  assert_int_equal(got(), 0xffffffffffffff87);
  field(10, 3, false, 0, 0);
  assert_int_equal(got(), 0x848586);
  field(8, 8, true, 0, 0);
  assert_int_equal(got(), 0x8182838485868788);
}

// struct { unsigned a : 3; int b : 5; unsigned c : 11; } as gcc lays it out.
static void bitfields_are_cut_out(void **state) {
  (void)state;
  guest_put(&g, OBJECT, 5 | 0x13 << 3 | 0x5a5 << 8, 4);
  field(0, 1, false, 0, 3);
  assert_int_equal(got(), 5);
  field(0, 1, true, 3, 5);
  assert_int_equal(got(), 0xfffffffffffffff3); // 0x13 of 5 bits is -13
  field(1, 2, false, 0, 11);
  assert_int_equal(got(), 0x5a5);
  guest_put64(&g, OBJECT, 0xfedcba9876543210);
  field(0, 8, false, 1, 63);
  assert_int_equal(got(), 0xfedcba9876543210 >> 1);
  field(0, 8, false, 0, 64);
  assert_int_equal(got(), 0xfedcba9876543210);
}

static void what_is_no_number_is_refused(void **state) {
  (void)state;
  uint64_t v = 1;
  field(0, 16, false, 0, 0);
  assert_int_equal(kl_get(&g.kernel, VA, F, &v), KL_ERR_ARGUMENT);
  field(0, 0, false, 0, 0);
  assert_int_equal(kl_get(&g.kernel, VA, F, &v), KL_ERR_ARGUMENT);
  g.kernel.fields[F].present = false;
  assert_int_equal(kl_get(&g.kernel, VA, F, &v), KL_ERR_NOT_FOUND);
  assert_int_equal(kl_member(&g.kernel, VA, F, &v), KL_ERR_NOT_FOUND);
  assert_int_equal(kl_container(&g.kernel, VA, F, &v), KL_ERR_NOT_FOUND);
  assert_int_equal(v, 1);
}

static void gaps_and_holes_are_told_apart(void **state) {
  (void)state;
  uint64_t v;
  field(0, 8, false, 0, 0);
  // The one large page maps a GiB, of which the dump has little.
  assert_int_equal(kl_get(&g.kernel, GUEST_DIRECT_MAP + 0x40000, F, &v), KL_ERR_ABSENT);
  assert_int_equal(kl_get(&g.kernel, GUEST_DIRECT_MAP + (1ull << 40), F, &v), KL_ERR_UNMAPPED);
  assert_int_equal(kl_get(&g.kernel, 0x8000000000000000, F, &v), KL_ERR_UNMAPPED);
  assert_int_equal(kl_get(&g.kernel, UINT64_MAX - 3, F, &v), KL_ERR_UNMAPPED);
}

static void members_and_containers_are_inverse(void **state) {
  (void)state;
  uint64_t member, object;
  field(0x248, 8, false, 0, 0);
  assert_int_equal(kl_member(&g.kernel, VA, F, &member), KL_OK);
  assert_int_equal(member, VA + 0x248);
  assert_int_equal(kl_container(&g.kernel, member, F, &object), KL_OK);
  assert_int_equal(object, VA);
}

static void pointers_lose_tag_and_signature(void **state) {
  (void)state;
  uint64_t v;
  field(0, 8, false, 0, 0);
  guest_put64(&g, OBJECT, 0x2cb5800010203040); // bit 55 set: a kernel pointer
  g.kernel.paging = (struct kl_paging){
      .arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 4, .va_bits = 48, .pac_mask = 0xffff000000000000};
  struct kl_paging x86 = {.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 4, .va_bits = 48};
  g.kernel.space.paging = &x86; // reads still go through the tables that are there
  assert_int_equal(kl_get_pointer(&g.kernel, VA, F, &v), KL_OK);
  assert_int_equal(v, 0xffff800010203040);
  assert_int_equal(kl_get(&g.kernel, VA, F, &v), KL_OK);
  assert_int_equal(v, 0x2cb5800010203040);
}

static void text_ends_at_its_nul_or_with_its_array(void **state) {
  (void)state;
  char text[32];
  size_t n;
  guest_put_text(&g, OBJECT, "kworker/0:1H");
  field(0, 16, false, 0, 0);
  assert_int_equal(kl_get_text(&g.kernel, VA, F, text, sizeof text, &n), KL_OK);
  assert_int_equal(n, 12);
  assert_memory_equal(text, "kworker/0:1H", 12);
  assert_int_equal(kl_get_text(&g.kernel, VA, F, text, 7, &n), KL_ERR_LIMIT);
  assert_int_equal(n, 7);
  assert_memory_equal(text, "kworker", 7);
  guest_put_text(&g, OBJECT, "0123456789abcdef and what follows");
  assert_int_equal(kl_get_text(&g.kernel, VA, F, text, sizeof text, &n), KL_OK); // the array is full
  assert_int_equal(n, 16);
  assert_int_equal(kl_get_text(&g.kernel, VA, F, text, 0, &n), KL_ERR_LIMIT);
  assert_int_equal(n, 0);
}

static void a_string_that_ends_before_a_gap_is_told(void **state) {
  (void)state;
  char text[1024];
  size_t n;
  uint64_t end = 0x40000 - 8192 - 8; // before the page tables, at the end of memory
  guest_put_text(&g, end - 20, "up to here");
  assert_int_equal(kl_read_string(&g.kernel, GUEST_DIRECT_MAP + end - 20, text, sizeof text, &n), KL_OK);
  assert_int_equal(n, 10);
  for (uint64_t at = 0x3ffc0; at < 0x40000; at++)
    guest_put(&g, at, 'x', 1);
  guest_put(&g, 0x3ffe0, 0, 1);
  assert_int_equal(kl_read_string(&g.kernel, GUEST_DIRECT_MAP + 0x3ffd0, text, sizeof text, &n), KL_OK);
  assert_int_equal(n, 16);
  assert_int_equal(kl_read_string(&g.kernel, GUEST_DIRECT_MAP + 0x3ffe1, text, sizeof text, &n), KL_ERR_ABSENT);
  assert_int_equal(kl_read_string(&g.kernel, GUEST_DIRECT_MAP + 0x3ffe1, text, 16, &n), KL_ERR_LIMIT);
  assert_int_equal(n, 16);
}

static void a_cpu_has_its_own_copy(void **state) {
  (void)state;
  uint64_t v;
  g.kernel.cpus = 2;
  g.kernel.per_cpu_offset_address = VA;
  guest_put64(&g, OBJECT, 0xffff88801f000000);
  guest_put64(&g, OBJECT + 8, 0xffff88801f100000);
  assert_int_equal(kl_per_cpu_address(&g.kernel, 0x19158, 1, &v), KL_OK);
  assert_int_equal(v, 0xffff88801f119158);
  assert_int_equal(kl_per_cpu_address(&g.kernel, 0xffffffff83000000, 0, &v), KL_OK); // linked at a real address
  assert_int_equal(v, 0xffffffff83000000 + 0xffff88801f000000);
  assert_int_equal(kl_per_cpu_address(&g.kernel, 0x19158, 2, &v), KL_ERR_NOT_FOUND);
}

static void one_cpu_has_the_variable_itself(void **state) {
  (void)state;
  uint64_t v;
  g.kernel.cpus = 1;
  assert_int_equal(kl_per_cpu_address(&g.kernel, 0xffffffff83000000, 0, &v), KL_OK);
  assert_int_equal(v, 0xffffffff83000000);
  assert_int_equal(kl_per_cpu_address(&g.kernel, 0xffffffff83000000, 1, &v), KL_ERR_NOT_FOUND);
  g.kernel.per_cpu_unknown = true; // several CPUs, and no telling where
  assert_int_equal(kl_per_cpu_address(&g.kernel, 0xffffffff83000000, 0, &v), KL_ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(numbers_have_their_size_and_sign),
      TEST(bitfields_are_cut_out),
      TEST(what_is_no_number_is_refused),
      TEST(gaps_and_holes_are_told_apart),
      TEST(members_and_containers_are_inverse),
      TEST(pointers_lose_tag_and_signature),
      TEST(text_ends_at_its_nul_or_with_its_array),
      TEST(a_string_that_ends_before_a_gap_is_told),
      TEST(a_cpu_has_its_own_copy),
      TEST(one_cpu_has_the_variable_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
