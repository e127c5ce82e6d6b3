// What the rows of bpf_programs cost, on an index that names one program all over.
#include "opened_table.h"

enum { IDR = 0x1000, NODE = 0x1100, PROGRAM = 0x2000, AUX = 0x2100, TASK = 0x3000, PROGRAMS = 64 };

static struct opened o;

static int setup(void **state) {
  (void)state;
  opened_init(&o);
  static const struct {
    enum kl_field_id id;
    uint32_t offset, size;
  } fields[] = {
      {KL_F_idr_idr_rt, 0, 16},
      {KL_F_xarray_xa_head, 8, 8},
      {KL_F_xa_node_shift, 0, 1},
      {KL_F_xa_node_slots, 0x28, 8 * PROGRAMS},
      {KL_F_bpf_prog_aux, 0, 8},
      {KL_F_bpf_prog_stats, 8, 8},
      {KL_F_bpf_prog_stats_cnt, 0, 8},
      {KL_F_bpf_prog_aux_id, 0, 4},
      {KL_F_bpf_prog_aux_load_time, 8, 8},
      {KL_F_timekeeper_wall_to_monotonic, 0, 16},
      {KL_F_timekeeper_offs_real, 16, 8},
      {KL_F_timekeeper_offs_boot, 24, 8},
      {KL_F_timekeeper_xtime_sec, 32, 8},
      {KL_F_timekeeper_tkr_mono, 40, 16},
      {KL_F_tk_read_base_clock, 0, 8},
      {KL_F_timespec64_tv_sec, 0, 8},
      {KL_F_timespec64_tv_nsec, 8, 8},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    guest_field(&o.g, fields[i].id, fields[i].offset, fields[i].size);
  opened_symbol(&o, KL_S_prog_idr, VA(IDR));
  opened_symbol(&o, KL_S_init_task, VA(TASK));
  guest_put64(&o.g, IDR + 8, VA(NODE) | 2);
  for (uint64_t i = 0; i < PROGRAMS; i++)
    guest_put64(&o.g, NODE + 0x28 + 8 * i, VA(PROGRAM));
  guest_put64(&o.g, PROGRAM, VA(AUX));
  o.g.kernel.cpus = 1;
  return 0;
}
static int teardown(void **state) {
  (void)state;
  opened_close(&o);
  return 0;
}

// No symbol names the clock, and it is nowhere in the kernel's data.
static void the_clock_is_searched_for_once(void **state) {
  (void)state;
  enum { WINDOW = 1024 };
  uint64_t reads, bytes;
  opened_open(&o, "bpf_programs");
  assert_int_equal(opened_count(&o), PROGRAMS);
  kl_image_traffic(o.dump.image, &reads, &bytes);
  assert_true(reads < 2 * o.g.limits.data_search_bytes / WINDOW);
}

static void each_cpu_that_is_added_up_costs_a_step(void **state) {
  (void)state;
  enum { CPUS = 8192 };
  o.g.kernel.cpus = CPUS;
  o.g.kernel.per_cpu_unknown = true;
  assert_int_equal(opened_try(&o, "bpf_programs", 4 * CPUS), KL_OK);
  assert_true(opened_count(&o) <= 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_clock_is_searched_for_once),
      TEST(each_cpu_that_is_added_up_costs_a_step),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
