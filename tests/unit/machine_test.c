// The machine's names and clock, in a guest built by hand.
#include "guest.h"

#include "linux/machine.h"

static struct guest g;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))
#define BOOT 1760000000ull // Unix seconds

// struct timekeeper as the test lays it out, and where things are.
enum { TKR_MONO = 0, CLOCK_IN_TKR = 8, XTIME = 56, TO_MONO = 64, OFFS_REAL = 80, OFFS_BOOT = 88 };
enum { UTS = 0x1000, CORE = 0x2000, TASK = 0x4000 };

static void known(enum kl_symbol_id symbol, uint64_t phys) {
  g.kernel.known[symbol].present = true;
  g.kernel.known[symbol].address = VA(phys);
}

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  guest_field(&g, KL_F_uts_namespace_name, 16, 390);
  guest_field(&g, KL_F_new_utsname_nodename, 65, 65);
  guest_field(&g, KL_F_new_utsname_domainname, 325, 65);
  guest_field(&g, KL_F_timekeeper_tkr_mono, TKR_MONO, 56);
  guest_field(&g, KL_F_tk_read_base_clock, CLOCK_IN_TKR, 8);
  guest_field(&g, KL_F_timekeeper_xtime_sec, XTIME, 8);
  guest_field(&g, KL_F_timekeeper_wall_to_monotonic, TO_MONO, 16);
  guest_field(&g, KL_F_timekeeper_offs_real, OFFS_REAL, 8);
  guest_field(&g, KL_F_timekeeper_offs_boot, OFFS_BOOT, 8);
  guest_field(&g, KL_F_timespec64_tv_sec, 0, 8);
  guest_field(&g, KL_F_timespec64_tv_nsec, 8, 8);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// A machine that booted at BOOT.25 and slept for 10 s.
static void plant_clock(uint64_t timekeeper) {
  guest_put64(&g, timekeeper + TKR_MONO + CLOCK_IN_TKR, VA(0x8000));
  guest_put64(&g, timekeeper + XTIME, BOOT + 3600);
  guest_put64(&g, timekeeper + TO_MONO, 0 - BOOT - 11); // -(BOOT + 10.25), normalised
  guest_put64(&g, timekeeper + TO_MONO + 8, 750000000);
  guest_put64(&g, timekeeper + OFFS_REAL, BOOT * 1000000000 + 10250000000);
  guest_put64(&g, timekeeper + OFFS_BOOT, 10000000000);
}

static void names_end_at_their_nul_or_their_field(void **state) {
  (void)state;
  char text[KL_UTS_BYTES];
  size_t n;
  assert_int_equal(kl_machine_hostname(&g.kernel, text, &n), KL_ERR_NOT_FOUND);
  known(KL_S_init_uts_ns, UTS);
  guest_put_text(&g, UTS + 16 + 65, "lab-guest");
  assert_int_equal(kl_machine_hostname(&g.kernel, text, &n), KL_OK);
  assert_int_equal(n, 9);
  assert_memory_equal(text, "lab-guest", 9);
  for (unsigned i = 0; i < 65; i++)
    guest_put(&g, UTS + 16 + 325 + i, 'd', 1);
  assert_int_equal(kl_machine_domain(&g.kernel, text, &n), KL_OK);
  assert_int_equal(n, 65);
}

static void boot_is_real_less_suspended_time(void **state) {
  (void)state;
  int64_t boot = 0;
  for (uint64_t behind = 8; behind <= 64; behind *= 2) { // the counter in front has any size
    memset(g.memory + CORE, 0, 0x1000);
    plant_clock(CORE + behind);
    known(KL_S_tk_core, CORE);
    assert_int_equal(kl_machine_boot_time(&g.kernel, &boot), KL_OK);
    assert_int_equal(boot, BOOT);
  }
}

static void what_contradicts_itself_is_no_clock(void **state) {
  (void)state;
  int64_t boot = 0;
  known(KL_S_tk_core, CORE);
  assert_int_equal(kl_machine_boot_time(&g.kernel, &boot), KL_ERR_NOT_FOUND); // all zero
  plant_clock(CORE + 8);
  guest_put64(&g, CORE + 8 + OFFS_REAL, BOOT * 1000000000 + 10250000001);
  assert_int_equal(kl_machine_boot_time(&g.kernel, &boot), KL_ERR_NOT_FOUND);
  plant_clock(CORE + 8);
  guest_put64(&g, CORE + 8 + TO_MONO + 8, 1750000000); // a second and a half of nanoseconds
  guest_put64(&g, CORE + 8 + TO_MONO, 0 - BOOT - 12);
  assert_int_equal(kl_machine_boot_time(&g.kernel, &boot), KL_ERR_NOT_FOUND);
}

static void without_a_symbol_the_clock_is_searched_behind_init_task(void **state) {
  (void)state;
  int64_t boot = 0;
  assert_int_equal(kl_machine_boot_time(&g.kernel, &boot), KL_ERR_NOT_FOUND);
  known(KL_S_init_task, TASK);
  plant_clock(0x23458); // across the end of a window
  assert_int_equal(kl_machine_boot_time(&g.kernel, &boot), KL_OK);
  assert_int_equal(boot, BOOT);
  // Numbers that keep the same sum, and are no clock, do not pass for one.
  guest_put64(&g, 0x6000 + TO_MONO, 0 - (uint64_t)5);
  guest_put64(&g, 0x6000 + OFFS_REAL, 5000000000);
  assert_int_equal(kl_machine_boot_time(&g.kernel, &boot), KL_OK);
  assert_int_equal(boot, BOOT);
}

static void the_search_is_bounded_and_survives_holes(void **state) {
  (void)state;
  int64_t boot = 0;
  known(KL_S_init_task, TASK);
  plant_clock(0x20000);
  g.limits.data_search_bytes = 0x8000;
  assert_int_not_equal(kl_machine_boot_time(&g.kernel, &boot), KL_OK);
  g.limits.data_search_bytes = 16 << 20; // far past the guest's memory
  memset(g.memory + 0x20000, 0, 0x1000);
  assert_int_equal(kl_machine_boot_time(&g.kernel, &boot), KL_ERR_ABSENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(names_end_at_their_nul_or_their_field),    TEST(boot_is_real_less_suspended_time),
      TEST(what_contradicts_itself_is_no_clock),      TEST(without_a_symbol_the_clock_is_searched_behind_init_task),
      TEST(the_search_is_bounded_and_survives_holes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
