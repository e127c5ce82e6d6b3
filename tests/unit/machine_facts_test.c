// What attach finds out about the machine and the build: CPUs, per-CPU memory, the build id.
#include "guest.h"

#include "kernel/attach.h"
#include "kernel/symbol_table.h"

static struct guest g;
static struct kl_attach a;
static struct kl_symbols *symbols;
static struct kl_diagnostic items[8];
static struct kl_diagnostics diagnostics;
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

enum { MASK = 0x4000, NR_CPU_IDS = 0x4100, OFFSETS = 0x5000, NOTES = 0x6000, QUEUES = 0x7000 };

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  memset(&a, 0, sizeof a);
  a.k = &g.kernel;
  a.hold.image_to_phys = GUEST_DIRECT_MAP;
  a.hold.start = GUEST_DIRECT_MAP;
  a.hold.end = GUEST_DIRECT_MAP + 0x20000;
  diagnostics = (struct kl_diagnostics){.items = items, .capacity = 8};
  g.kernel.diagnostics = &diagnostics;
  g.limits.cpus = 256;
  assert_int_equal(kl_symbols_none(&g.arena, &symbols), KL_OK);
  g.kernel.symbols = symbols;
  a.confirmed = kl_text_into(g.kernel.confirmed_by, sizeof g.kernel.confirmed_by - 1);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void know(enum kl_symbol_id symbol, uint64_t address) {
  g.kernel.known[symbol].present = true;
  g.kernel.known[symbol].address = address;
}
static void know_mask(void) {
  know(KL_S___cpu_possible_mask, VA(MASK));
  g.kernel.types[KL_T_cpumask].present = true;
  g.kernel.types[KL_T_cpumask].bytes = 32;
}
static void forget_confirmed(void) {
  memset(g.kernel.confirmed_by, 0, sizeof g.kernel.confirmed_by);
  a.confirmed.used = 0;
}
static bool told(const char *what) {
  for (size_t i = 0; i < diagnostics.used; i++)
    if (strcmp(items[i].what, what) == 0)
      return true;
  return false;
}

// ── CPUs ───────────────────────────────────────────────────────────────────

static void the_highest_bit_of_the_mask_counts(void **state) {
  (void)state;
  know_mask();
  guest_put64(&g, MASK, 0xf);
  kl_attach_machine(&a);
  assert_int_equal(g.kernel.cpus, 4);
  guest_put64(&g, MASK + 16, 1); // bit 128
  kl_attach_machine(&a);
  assert_int_equal(g.kernel.cpus, 129);
}

static void a_mask_that_says_nothing_means_one(void **state) {
  (void)state;
  know_mask();
  kl_attach_machine(&a); // no bit
  assert_int_equal(g.kernel.cpus, 1);
  know(KL_S___cpu_possible_mask, VA(0x30000000)); // memory that the dump lacks
  kl_attach_machine(&a);
  assert_int_equal(g.kernel.cpus, 1);
  assert_false(told("possible CPUs")); // a kernel for one CPU has no mask
}

static void without_the_mask_the_number_is_taken(void **state) {
  (void)state;
  know(KL_S___per_cpu_offset, VA(OFFSETS));
  know(KL_S_nr_cpu_ids, VA(NR_CPU_IDS));
  guest_put(&g, NR_CPU_IDS, 6, 4);
  kl_attach_machine(&a);
  assert_int_equal(g.kernel.cpus, 6);
  assert_true(told("possible CPUs"));
  // An absurd number, none, and one that can't be read: offsets that differ are counted.
  for (uint64_t i = 0; i < 5; i++)
    guest_put64(&g, OFFSETS + 8 * i, 0x1000 * (i < 3 ? i + 1 : 9)); // the last two are as they were made
  guest_put(&g, NR_CPU_IDS, 257, 4);
  kl_attach_machine(&a);
  assert_int_equal(g.kernel.cpus, 4);
  guest_put(&g, NR_CPU_IDS, 0, 4);
  kl_attach_machine(&a);
  assert_int_equal(g.kernel.cpus, 4);
  know(KL_S_nr_cpu_ids, VA(0x30000000));
  kl_attach_machine(&a);
  assert_int_equal(g.kernel.cpus, 4);
  guest_put64(&g, OFFSETS + 16, 0); // and an offset of zero ends them
  kl_attach_machine(&a);
  assert_int_equal(g.kernel.cpus, 2);
}

static void several_cpus_without_offsets_are_told(void **state) {
  (void)state;
  // Only a kernel for several has one of these: from 5.16 on the second.
  const enum kl_field_id fields[] = {KL_F_task_struct_cpu, KL_F_thread_info_cpu};
  for (size_t i = 0; i < 2; i++) {
    guest_field(&g, fields[i], 0x20, 4);
    kl_attach_machine(&a);
    assert_true(g.kernel.per_cpu_unknown);
    assert_true(told("per-CPU offsets"));
    g.kernel.fields[fields[i]].present = g.kernel.per_cpu_unknown = false;
    diagnostics.used = 0;
  }
}

// Whatever table of symbols there is. (CONFIG_SMP=n of 6.17: struct rq is that of all kernels.)
static void a_run_queue_that_says_its_cpu_may_be_the_only_one(void **state) {
  (void)state;
  guest_field(&g, KL_F_rq_cpu, 0x20, 4);
  kl_attach_machine(&a);
  assert_true(kl_is_uniprocessor(&g.kernel));
  assert_int_equal(g.kernel.cpus, 1);
  assert_false(told("per-CPU offsets"));
}

static void run_queues_confirm_the_offsets(void **state) {
  (void)state;
  guest_field(&g, KL_F_rq_cpu, 0x20, 4);
  know_mask();
  guest_put64(&g, MASK, 3);
  know(KL_S___per_cpu_offset, VA(OFFSETS));
  know(KL_S_runqueues, VA(QUEUES));
  guest_put64(&g, OFFSETS + 8, 0x1000);
  guest_put(&g, QUEUES + 0x1020, 1, 4);
  kl_attach_machine(&a);
  assert_non_null(strstr(g.kernel.confirmed_by, "run queues know their CPUs"));
  forget_confirmed();
  guest_put(&g, QUEUES + 0x1020, 0, 4); // the second says that it is the first
  kl_attach_machine(&a);
  assert_null(strstr(g.kernel.confirmed_by, "run queues"));
}

// ── Build id ───────────────────────────────────────────────────────────────

// An ELF note (gABI, "Note Section"): three sizes, a name, a description.
static uint64_t put_note(uint64_t at, uint32_t name_bytes, uint32_t bytes, uint32_t type, const char *name) {
  guest_put(&g, at, name_bytes, 4);
  guest_put(&g, at + 4, bytes, 4);
  guest_put(&g, at + 8, type, 4);
  guest_put_text(&g, at + 12, name);
  for (uint64_t i = 0; i < bytes && bytes < 64; i++)
    guest_put(&g, at + 12 + ((name_bytes + 3) & ~3u) + i, 0xa0 + i, 1);
  return at + 12 + ((name_bytes + 3) & ~3u) + ((bytes + 3) & ~3u);
}

static void find(uint64_t end, const char *expected) {
  know(KL_S___start_notes, VA(NOTES));
  know(KL_S___stop_notes, VA(end));
  memset(g.kernel.build_id, 0, sizeof g.kernel.build_id);
  kl_attach_machine(&a);
  assert_string_equal(g.kernel.build_id, expected);
}

static void the_build_id_is_the_gnu_note(void **state) {
  (void)state;
  uint64_t end = put_note(NOTES, 6, 8, 1, "Linux");
  end = put_note(end, 4, 4, 2, "GNU");
  end = put_note(end, 4, 6, 3, "XXX");
  end = put_note(end, 4, 21, 3, "GNU"); // longer than any is
  end = put_note(end, 4, 6, 3, "GNU");
  find(end, "a0a1a2a3a4a5");
  find(end - 4, ""); // the notes end inside
  find(NOTES, "");   // there are none
  guest_put(&g, NOTES, 5000, 4);
  find(end, "");
  guest_put(&g, NOTES, 6, 4);
  guest_put(&g, NOTES + 4, 5000, 4);
  find(end, "");
  know(KL_S___start_notes, VA(0x30000000));
  know(KL_S___stop_notes, VA(0x30000100));
  kl_attach_machine(&a);
  assert_string_equal(g.kernel.build_id, "");
}

static void what_vmcoreinfo_says_is_compared_or_taken(void **state) {
  (void)state;
  static const char text[] = "OSRELEASE=6.12.0\nBUILD-ID=a0a1a2a3\n";
  g.kernel.vmcoreinfo = kl_bytes_of(text, sizeof text - 1);
  kl_attach_machine(&a); // the image has no notes
  assert_string_equal(g.kernel.build_id, "a0a1a2a3");
  assert_null(strstr(g.kernel.confirmed_by, "build id"));
  find(put_note(NOTES, 4, 4, 3, "GNU"), "a0a1a2a3");
  assert_non_null(strstr(g.kernel.confirmed_by, "VMCOREINFO has the image's build id"));
  forget_confirmed();
  find(put_note(NOTES, 4, 5, 3, "GNU"), "a0a1a2a3a4"); // the image's word counts
  assert_null(strstr(g.kernel.confirmed_by, "build id"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_highest_bit_of_the_mask_counts),
      TEST(a_mask_that_says_nothing_means_one),
      TEST(without_the_mask_the_number_is_taken),
      TEST(several_cpus_without_offsets_are_told),
      TEST(a_run_queue_that_says_its_cpu_may_be_the_only_one),
      TEST(run_queues_confirm_the_offsets),
      TEST(the_build_id_is_the_gnu_note),
      TEST(what_vmcoreinfo_says_is_compared_or_taken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
