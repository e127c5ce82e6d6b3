// Variables that code names are known by the shape of what lies there.
#include "code_guest.h"

enum { VARIABLE = 0x4000, OBJECT = 0xa000, INSIDE = 0xa100 };

// Probes point back to their chains; the last tracer is the one that does nothing.
static void probes_and_tracers_are_known_by_their_shape(void **state) {
  (void)state;
  enum { LIST = 0x4000, OPS = 0xa000, PROBES = 0x4200, PROBE = 0xb000 };
  static char map[256];
  g.kernel.paging.arch = KL_ARCH_AARCH64;
  guest_field(&g, KL_F_ftrace_ops_func, 0, 8);
  guest_field(&g, KL_F_ftrace_ops_next, 8, 8);
  guest_field(&g, KL_F_kprobe_hlist, 0, 16);
  guest_put64(&g, LIST, VA(OPS));
  guest_put64(&g, OPS, VA(CODE));
  guest_put64(&g, OPS + 8, VA(OPS + 32));
  guest_put64(&g, OPS + 32, VA(CODE + 64)); // ftrace_stub
  // hash_64(0xffff888000001000, 6), by hand: the product's top six bits.
  enum { BUCKET = (0xffff888000001000 * 0x61c8864680b583eb) >> 58 };
  guest_field(&g, KL_F_kprobe_addr, 16, 8);
  guest_put64(&g, PROBE + 16, VA(CODE));
  guest_put64(&g, PROBES + 8 * BUCKET, VA(PROBE));
  guest_put64(&g, PROBE + 8, VA(PROBES + 8 * BUCKET));
  // Each function names a place that is not it first.
  const uint32_t probes[] = {adrp(1, VA(CODE), VA(PROBES)), add(1, 1, (PROBES + 8) & 0xfff), add(1, 1, 0),
                             adrp(2, VA(CODE + 12), VA(PROBES)), add(2, 2, PROBES & 0xfff)};
  const uint32_t tracers[] = {adrp(1, VA(CODE + 32), VA(OPS)), add(1, 1, OPS & 0xfff),
                              adrp(2, VA(CODE + 40), VA(LIST)), add(2, 2, LIST & 0xfff)};
  put_code(CODE, probes, 5);
  put_code(CODE + 32, tracers, 4);
  int n =
      snprintf(map, sizeof map, "%016llx T get_kprobe\n%016llx T update_ftrace_function\n%016llx T ftrace_stub\n",
               (unsigned long long)VA(CODE), (unsigned long long)VA(CODE + 32), (unsigned long long)VA(CODE + 64));
  assert_int_equal(kl_symbols_from_map(&g.arena, kl_bytes_of(map, (size_t)n), &g.limits, &g.kernel.symbols), KL_OK);
  assert_int_equal(kl_attach_code_symbols(&a), KL_OK);
  found(KL_S_kprobe_table, PROBES);
  found(KL_S_ftrace_ops_list, LIST);
  // A list that goes round is none.
  memset(g.kernel.known, 0, sizeof g.kernel.known);
  guest_put64(&g, OPS + 40, VA(OPS));
  assert_int_equal(kl_attach_code_symbols(&a), KL_OK);
  assert_false(g.kernel.known[KL_S_ftrace_ops_list].present);
}

// One function, which forms the address of the variable.
static void run_one(const char *function, uint64_t variable) {
  static char map[256];
  g.kernel.paging.arch = KL_ARCH_AARCH64;
  const uint32_t code[] = {adrp(1, VA(CODE), VA(variable)), add(1, 1, variable & 0xfff)};
  put_code(CODE, code, 2);
  int n = snprintf(map, sizeof map, "%016llx T %s\n%016llx T next\n", (unsigned long long)VA(CODE), function,
                   (unsigned long long)VA(CODE + 32));
  memset(g.kernel.known, 0, sizeof g.kernel.known);
  assert_int_equal(kl_symbols_from_map(&g.arena, kl_bytes_of(map, (size_t)n), &g.limits, &g.kernel.symbols), KL_OK);
  assert_int_equal(kl_attach_code_symbols(&a), KL_OK);
}

static void modules_are_a_list_of_what_has_a_name(void **state) {
  (void)state;
  guest_field(&g, KL_F_module_list, 8, 16);
  guest_field(&g, KL_F_module_name, 24, 56);
  put_list(VARIABLE, OBJECT + 8);
  guest_put_text(&g, OBJECT + 24, "ext4");
  run_one("find_module_all", VARIABLE);
  found(KL_S_modules, VARIABLE);
  static const char *const no_names[] = {"", "with space", "\x7f"};
  for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++) {
    guest_put_text(&g, OBJECT + 24, no_names[i]);
    run_one("find_module_all", VARIABLE);
    assert_false(g.kernel.known[KL_S_modules].present);
  }
}

// A node that its neighbour does not know is no list's.
static void neighbours_of_a_list_know_its_head(void **state) {
  (void)state;
  guest_field(&g, KL_F_module_list, 8, 16);
  guest_field(&g, KL_F_module_name, 24, 56);
  guest_put_text(&g, OBJECT + 24, "ext4");
  static const struct {
    uint64_t at, v;
  } damages[] = {{OBJECT + 16, VA(OBJECT)},  // the first's prev
                 {OBJECT + 8, VA(OBJECT)},   // the last's next
                 {VARIABLE, VA(0x30000000)}, // memory that the dump lacks
                 {VARIABLE + 8, VA(0x30000000)}};
  for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
    put_list(VARIABLE, OBJECT + 8);
    guest_put64(&g, damages[i].at, damages[i].v);
    run_one("find_module_all", VARIABLE);
    assert_false(g.kernel.known[KL_S_modules].present);
  }
}

static void every_index_of_bpf_is_known_by_the_ids_in_it(void **state) {
  (void)state;
  static const struct {
    const char *function;
    enum kl_symbol_id symbol;
  } indexes[] = {{"bpf_prog_free_id", KL_S_prog_idr}, {"bpf_link_free", KL_S_link_idr}, {"btf_put", KL_S_btf_idr}};
  guest_field(&g, KL_F_bpf_prog_aux, 0x38, 8);
  guest_field(&g, KL_F_bpf_prog_aux_id, 0x8, 4);
  guest_field(&g, KL_F_bpf_link_id, 0x30, 4);
  guest_field(&g, KL_F_btf_id, 0x30, 4);
  guest_put64(&g, MAP + 0x38, VA(INSIDE));
  guest_put(&g, INSIDE + 8, 5, 4); // as its place in the index says
  for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
    run_one(indexes[i].function, IDR);
    found(indexes[i].symbol, IDR);
  }
  guest_put(&g, MAP + 0x30, 6, 4);
  guest_put(&g, INSIDE + 8, 6, 4);
  for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
    run_one(indexes[i].function, IDR);
    assert_false(g.kernel.known[indexes[i].symbol].present);
  }
  // An index whose first node is not there, has no entry, or whose mark is not an IDR's.
  guest_put(&g, INSIDE + 8, 5, 4);
  guest_put64(&g, NODE + 40 + 8 * 5, 0);
  run_one("bpf_prog_free_id", IDR);
  assert_false(g.kernel.known[KL_S_prog_idr].present);
  guest_put64(&g, IDR + 8, VA(0x30000000) | 2);
  run_one("bpf_prog_free_id", IDR);
  assert_false(g.kernel.known[KL_S_prog_idr].present);
  guest_put64(&g, IDR + 8, 0);
  guest_put(&g, IDR + 4, 0x04000000, 4);
  run_one("bpf_prog_free_id", IDR);
  assert_false(g.kernel.known[KL_S_prog_idr].present);
}

// tk_core is a sequence counter and the timekeeper; offs_real is wall_to_monotonic negated.
static void the_timekeeper_is_known_by_its_two_offsets(void **state) {
  (void)state;
  enum { OFFS_REAL = 0x18, TO_MONOTONIC = 0x28, KEEPER = VARIABLE + 0x10 };
  guest_field(&g, KL_F_timekeeper_offs_real, OFFS_REAL, 8);
  guest_field(&g, KL_F_timekeeper_wall_to_monotonic, TO_MONOTONIC, 16);
  guest_field(&g, KL_F_timespec64_tv_sec, 0, 8);
  guest_field(&g, KL_F_timespec64_tv_nsec, 8, 8);
  guest_put64(&g, KEEPER + OFFS_REAL, 1700000000ull * 1000000000 + 250000000);
  guest_put64(&g, KEEPER + TO_MONOTONIC, 0 - 1700000001ull);
  guest_put64(&g, KEEPER + TO_MONOTONIC + 8, 750000000);
  run_one("ktime_get_real_ts64", VARIABLE); // the counter before it is what code names
  found(KL_S_tk_core, KEEPER);
  guest_put64(&g, KEEPER + TO_MONOTONIC + 8, 750000001);
  run_one("ktime_get_real_ts64", VARIABLE);
  assert_false(g.kernel.known[KL_S_tk_core].present);
}

static void run_queues_know_their_cpus(void **state) {
  (void)state;
  enum { OFFSETS = 0xc000, AREA = 0x2000 };
  guest_field(&g, KL_F_rq_cpu, 0x20, 4);
  g.kernel.cpus = 3;
  g.kernel.per_cpu_offset_address = VA(OFFSETS);
  for (uint64_t cpu = 0; cpu < 3; cpu++) {
    guest_put64(&g, OFFSETS + 8 * cpu, 0x10000 + AREA * cpu);
    guest_put(&g, VARIABLE + 0x10000 + AREA * cpu + 0x20, cpu, 4);
  }
  run_one("idle_cpu", VARIABLE);
  found(KL_S_runqueues, VARIABLE);
  guest_put(&g, VARIABLE + 0x10000 + AREA + 0x20, 2, 4);
  run_one("idle_cpu", VARIABLE);
  assert_false(g.kernel.known[KL_S_runqueues].present);
  g.kernel.cpus = 1; // a zero says nothing
  run_one("idle_cpu", VARIABLE);
  assert_false(g.kernel.known[KL_S_runqueues].present);
}

// x86-64 up to 6.14 counts the variables of a CPU from zero.
static void per_cpu_variables_may_be_small_numbers(void **state) {
  (void)state;
  enum { OFFSETS = 0xc000, QUEUES = 0x3000 };
  static char map[128];
  guest_field(&g, KL_F_rq_cpu, 0x20, 4);
  g.kernel.cpus = 2;
  g.kernel.per_cpu_offset_address = VA(OFFSETS);
  for (uint64_t cpu = 0; cpu < 2; cpu++) {
    guest_put64(&g, OFFSETS + 8 * cpu, VA(0x10000 + 0x1000 * cpu));
    guest_put(&g, 0x10000 + 0x1000 * cpu + QUEUES + 0x20, cpu, 4);
  }
  // mov rax, QUEUES
  guest_put(&g, CODE, 0xc0c748, 3);
  guest_put(&g, CODE + 3, QUEUES, 4);
  int n = snprintf(map, sizeof map, "%016llx T task_curr\n%016llx T next\n", (unsigned long long)VA(CODE),
                   (unsigned long long)VA(CODE + 16));
  assert_int_equal(kl_symbols_from_map(&g.arena, kl_bytes_of(map, (size_t)n), &g.limits, &g.kernel.symbols), KL_OK);
  assert_int_equal(kl_attach_code_symbols(&a), KL_OK);
  assert_true(g.kernel.known[KL_S_runqueues].present);
  assert_int_equal(g.kernel.known[KL_S_runqueues].address, QUEUES);
}

static void the_tree_of_modules_leads_to_one_that_has_a_name(void **state) {
  (void)state;
  enum { LATCH = 0x10, TREE = 0x8, NODES = 0x40, NODE_IN = 0x10, MODULE = 0xb000 };
  guest_field(&g, KL_F_mod_tree_root_root, LATCH, 32);
  guest_field(&g, KL_F_latch_tree_root_tree, TREE, 16);
  guest_field(&g, KL_F_rb_root_rb_node, 0, 8);
  guest_field(&g, KL_F_latch_tree_node_node, NODE_IN, 48);
  guest_field(&g, KL_F_mod_tree_node_node, NODES, 64);
  guest_field(&g, KL_F_mod_tree_node_mod, 0x8, 8);
  guest_field(&g, KL_F_module_name, 24, 56);
  guest_put64(&g, VARIABLE + LATCH + TREE, VA(OBJECT + NODES + NODE_IN));
  guest_put64(&g, OBJECT + 8, VA(MODULE));
  guest_put_text(&g, MODULE + 24, "virtio_net");
  run_one("__module_address", VARIABLE);
  found(KL_S_mod_tree, VARIABLE);
  guest_put_text(&g, MODULE + 24, "");
  run_one("__module_address", VARIABLE);
  assert_false(g.kernel.known[KL_S_mod_tree].present);
  guest_put64(&g, VARIABLE + LATCH + TREE, 0);
  run_one("__module_address", VARIABLE);
  assert_false(g.kernel.known[KL_S_mod_tree].present);
}

static void probes_of_another_hash_or_another_chain_are_no_table(void **state) {
  (void)state;
  enum { BUCKET = (0xffff888000001000 * 0x61c8864680b583eb) >> 58, HEAD = VARIABLE + 8 * BUCKET };
  run_one("get_kprobe", VARIABLE); // nothing is known of probes
  assert_false(g.kernel.known[KL_S_kprobe_table].present);
  guest_field(&g, KL_F_kprobe_hlist, 0, 16);
  guest_field(&g, KL_F_kprobe_addr, 16, 8);
  run_one("get_kprobe", VARIABLE); // a table of empty chains may be it
  found(KL_S_kprobe_table, VARIABLE);
  guest_put64(&g, HEAD, VA(OBJECT));
  guest_put64(&g, OBJECT + 8, VA(HEAD));
  guest_put64(&g, OBJECT + 16, VA(CODE));
  run_one("get_kprobe", VARIABLE);
  found(KL_S_kprobe_table, VARIABLE);
  static const struct {
    uint64_t at, v;
  } damages[] = {{OBJECT + 8, VA(VARIABLE)}, {OBJECT + 16, VA(CODE) + 8}, {HEAD, VA(0x30000000)}};
  for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
    guest_put64(&g, HEAD, VA(OBJECT));
    guest_put64(&g, OBJECT + 8, VA(HEAD));
    guest_put64(&g, OBJECT + 16, VA(CODE));
    guest_put64(&g, damages[i].at, damages[i].v);
    run_one("get_kprobe", VARIABLE);
    assert_false(g.kernel.known[KL_S_kprobe_table].present);
  }
}

// A node has 16 slots or 64: types that say otherwise would have millions read.
static void nodes_with_other_numbers_of_slots_are_none(void **state) {
  (void)state;
  enum { SLOTS = 1024, ID = 1000 };
  guest_put64(&g, NODE + 40 + 8 * 5, 0);
  guest_put64(&g, NODE + 40 + 8 * ID, VA(MAP));
  guest_put(&g, MAP + 0x30, ID, 4);
  guest_field(&g, KL_F_xa_node_slots, 40, 8 * SLOTS);
  run_one("bpf_map_free_id", IDR);
  assert_false(g.kernel.known[KL_S_map_idr].present);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(probes_and_tracers_are_known_by_their_shape),
      TEST(modules_are_a_list_of_what_has_a_name),
      TEST(neighbours_of_a_list_know_its_head),
      TEST(every_index_of_bpf_is_known_by_the_ids_in_it),
      TEST(the_timekeeper_is_known_by_its_two_offsets),
      TEST(run_queues_know_their_cpus),
      TEST(per_cpu_variables_may_be_small_numbers),
      TEST(the_tree_of_modules_leads_to_one_that_has_a_name),
      TEST(probes_of_another_hash_or_another_chain_are_no_table),
      TEST(nodes_with_other_numbers_of_slots_are_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
