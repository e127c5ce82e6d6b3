// Variables found from instructions, on kernels that name only their functions.
#include <stdio.h>

#include "guest.h"

#include "kernel/attach.h"
#include "kernel/symbol_table.h"

static struct guest g;
static struct kl_attach a;
static struct kl_paging x86;
enum {
  CODE = 0x1000,
  SUPERS = 0x4ac0, // super_blocks
  DECOY = 0x4a80,  // an empty list
  SUPER = 0x6000,  // the one super block
  TYPE = 0x7000,
  NAME = 0x7800,
  IDR = 0x5108,
  EMPTY_IDR = 0x50f0,
  MAP = 0x8000,
  NODE = 0x9000,
};
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

static void put_list(uint64_t head, uint64_t node) {
  guest_put64(&g, head, VA(node));
  guest_put64(&g, head + 8, VA(node));
  guest_put64(&g, node, VA(head));
  guest_put64(&g, node + 8, VA(head));
}

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  memset(&a, 0, sizeof a);
  a.k = &g.kernel;
  a.hold.image_to_phys = GUEST_DIRECT_MAP;
  a.hold.start = GUEST_DIRECT_MAP;
  a.hold.end = GUEST_DIRECT_MAP + 0x20000;
  x86 = g.kernel.paging;
  g.kernel.space.paging = &x86; // tests of arm64 code still read through these tables
  guest_field(&g, KL_F_list_head_next, 0, 8);
  guest_field(&g, KL_F_list_head_prev, 8, 8);
  guest_field(&g, KL_F_super_block_s_list, 0, 16);
  guest_field(&g, KL_F_super_block_s_type, 0x28, 8);
  guest_field(&g, KL_F_file_system_type_name, 0, 8);
  guest_field(&g, KL_F_idr_idr_rt, 0, 16);
  guest_field(&g, KL_F_xarray_xa_flags, 4, 4);
  guest_field(&g, KL_F_xarray_xa_head, 8, 8);
  guest_field(&g, KL_F_xa_node_shift, 0, 1);
  guest_field(&g, KL_F_xa_node_slots, 40, 512);
  guest_field(&g, KL_F_bpf_map_id, 0x30, 4);
  put_list(SUPERS, SUPER);
  put_list(DECOY, DECOY);
  guest_put64(&g, SUPER + 0x28, VA(TYPE));
  guest_put64(&g, TYPE, VA(NAME));
  guest_put_text(&g, NAME, "ext4");
  for (int i = 0; i < 2; i++) {
    uint64_t idr = i ? IDR : EMPTY_IDR;
    guest_put(&g, idr + 4, 0x04000004, 4); // IDR_RT_MARKER of a kernel with 26 gfp bits
    guest_put64(&g, idr + 8, i ? VA(NODE) | 2 : 0);
  }
  guest_put64(&g, NODE + 40 + 8 * 5, VA(MAP)); // id 5
  guest_put(&g, MAP + 0x30, 5, 4);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

// The symbols: two functions, of these bytes each.
static void run_of(const char *first, const char *second, unsigned bytes) {
  static char map[256];
  int n = snprintf(map, sizeof map, "%016llx T %s\n%016llx T %s\n%016llx T end\n", (unsigned long long)VA(CODE),
                   first, (unsigned long long)VA(CODE + bytes), second, (unsigned long long)VA(CODE + 2 * bytes));
  assert_int_equal(kl_symbols_from_map(&g.arena, kl_bytes_of(map, (size_t)n), &g.limits, &g.kernel.symbols), KL_OK);
  assert_int_equal(kl_attach_code_symbols(&a), KL_OK);
}

static void run(unsigned bytes) {
  run_of("iterate_supers", "bpf_map_get_curr_or_next", bytes);
}

static void found(enum kl_symbol_id id, uint64_t phys) {
  assert_true(g.kernel.known[id].present);
  assert_int_equal(g.kernel.known[id].address, VA(phys));
}

// ── arm64 ──────────────────────────────────────────────────────────────────

static uint32_t adrp(unsigned d, uint64_t pc, uint64_t target) {
  uint64_t pages = (target >> 12) - (pc >> 12);
  return 0x90000000 | d | (uint32_t)(pages & 3) << 29 | (uint32_t)(pages >> 2 & 0x7ffff) << 5;
}
static uint32_t add(unsigned d, unsigned n, unsigned imm) {
  return 0x91000000 | d | n << 5 | imm << 10;
}

static void put_code(uint64_t at, const uint32_t *code, size_t n) {
  for (size_t i = 0; i < n; i++)
    guest_put(&g, at + 4 * i, code[i], 4);
}

static void arm64_code_forms_addresses(void **state) {
  (void)state;
  g.kernel.paging.arch = KL_ARCH_AARCH64;
  const uint32_t nop = 0xd503201f;
  const uint32_t supers[] = {nop,
                             adrp(1, VA(CODE + 4), VA(DECOY)),
                             add(1, 1, DECOY & 0xfff),
                             adrp(21, VA(CODE + 12), VA(SUPERS)),
                             nop,
                             add(21, 21, SUPERS & 0xfff),
                             0xd65f03c0};
  put_code(CODE, supers, 7);
  // The variable as what lies behind an anchor: ldr x0, [x2, #IDR - EMPTY_IDR + 8]
  const uint32_t map[] = {adrp(2, VA(CODE + 32), VA(EMPTY_IDR)), add(2, 2, EMPTY_IDR & 0xfff),
                          0xaa0203e3, // mov x3, x2
                          0xf9400000 | 0 | 3 << 5 | (IDR - EMPTY_IDR) / 8 << 10, 0xd65f03c0};
  put_code(CODE + 32, map, 5);
  run(32);
  found(KL_S_super_blocks, SUPERS);
  found(KL_S_map_idr, IDR); // and not the empty one at the anchor
}

// ldr x0, [x21, #0x40]!: as gcc reads the head of a list behind an anchor.
static void arm64_loads_may_move_their_base(void **state) {
  (void)state;
  g.kernel.paging.arch = KL_ARCH_AARCH64;
  const uint32_t supers[] = {adrp(21, VA(CODE), VA(SUPERS)), add(21, 21, (SUPERS - 0x40) & 0xfff),
                             0xf8400c00 | 0 | 21 << 5 | 0x40 << 12};
  put_code(CODE, supers, 3);
  run(32);
  found(KL_S_super_blocks, SUPERS);
}

// One area of swap: its array, the count of areas between two words of eight
// bytes, and behind an anchor its spaces and how many they are.
static void the_swap_code_tells_its_variables(void **state) {
  (void)state;
  enum { INFO = 0x4000, COUNT = 0x4214, SPACES = 0x4300, COUNTS = 0x4304 + 0x100, AREA = 0x8000, FILE_AT = 0x8100 };
  g.kernel.paging.arch = KL_ARCH_AARCH64;
  guest_field(&g, KL_F_swap_info_struct_type, 0x10, 1);
  guest_field(&g, KL_F_swap_info_struct_max, 0x14, 4);
  guest_field(&g, KL_F_swap_info_struct_swap_file, 0x18, 8);
  guest_field(&g, KL_F_file_f_inode, 0, 8);
  guest_field(&g, KL_F_address_space_host, 0, 8);
  guest_field(&g, KL_F_address_space_a_ops, 8, 8);
  g.kernel.types[KL_T_address_space].present = true;
  g.kernel.types[KL_T_address_space].bytes = 16;
  guest_put64(&g, INFO, VA(AREA));
  guest_put(&g, AREA + 0x14, 3000, 4);
  guest_put64(&g, AREA + 0x18, VA(FILE_AT));
  guest_put64(&g, FILE_AT, VA(0x8200));
  guest_put(&g, COUNT, 1, 4);
  guest_put64(&g, SPACES, VA(0x8300));
  guest_put64(&g, 0x8308, VA(0x5000)); // operations
  guest_put(&g, COUNTS, 1, 4);
  const uint32_t sums[] = {adrp(1, VA(CODE), VA(INFO)),      add(1, 1, 0x218),                          // neither
                           adrp(2, VA(CODE + 8), VA(COUNT)), 0xb9400000 | 3 | 2 << 5 | 0x214 / 4 << 10, // ldr w3
                           adrp(4, VA(CODE + 16), VA(INFO)), add(4, 4, INFO & 0xfff)};
  const uint32_t exits[] = {adrp(5, VA(CODE + 32), VA(SPACES)), add(5, 5, 0x2f8), add(6, 5, SPACES - 0x42f8),
                            add(7, 5, COUNTS - 0x42f8)};
  put_code(CODE, sums, 6);
  put_code(CODE + 32, exits, 4);
  run_of("si_swapinfo", "exit_swap_address_space", 32);
  found(KL_S_swap_info, INFO);
  found(KL_S_nr_swapfiles, COUNT);
  found(KL_S_swapper_spaces, SPACES);
  found(KL_S_nr_swapper_spaces, COUNTS);
}

static void an_empty_index_is_taken_when_there_is_no_better(void **state) {
  (void)state;
  g.kernel.paging.arch = KL_ARCH_AARCH64;
  const uint32_t map[] = {adrp(2, VA(CODE + 32), VA(EMPTY_IDR)), add(2, 2, EMPTY_IDR & 0xfff)};
  put_code(CODE + 32, map, 2);
  run(32);
  found(KL_S_map_idr, EMPTY_IDR);
  assert_false(g.kernel.known[KL_S_super_blocks].present);
}

static void objects_with_another_id_are_of_another_index(void **state) {
  (void)state;
  g.kernel.paging.arch = KL_ARCH_AARCH64;
  guest_put(&g, MAP + 0x30, 6, 4);
  const uint32_t map[] = {adrp(2, VA(CODE + 32), VA(IDR)), add(2, 2, IDR & 0xfff)};
  put_code(CODE + 32, map, 2);
  run(32);
  assert_false(g.kernel.known[KL_S_map_idr].present);
}

// ── x86-64 ─────────────────────────────────────────────────────────────────

static void x86_64_code_names_addresses_by_distance(void **state) {
  (void)state;
  // mov rbx, [rip + super_blocks]; then cmp qword [rip + map_idr], 0x12345678
  const uint8_t mov[] = {0x90, 0x48, 0x8b, 0x1d};
  for (size_t i = 0; i < sizeof mov; i++)
    guest_put(&g, CODE + i, mov[i], 1);
  guest_put(&g, CODE + 4, SUPERS - (CODE + 8), 4);
  const uint8_t cmp[] = {0x48, 0x81, 0x3d};
  for (size_t i = 0; i < sizeof cmp; i++)
    guest_put(&g, CODE + 32 + i, cmp[i], 1);
  guest_put(&g, CODE + 35, IDR - (CODE + 43), 4); // four bytes of immediate follow
  guest_put(&g, CODE + 39, 0x12345678, 4);
  run(32);
  found(KL_S_super_blocks, SUPERS);
  found(KL_S_map_idr, IDR);
}

// ── Bounds ─────────────────────────────────────────────────────────────────

static void a_function_ends_where_the_next_begins(void **state) {
  (void)state;
  g.kernel.paging.arch = KL_ARCH_AARCH64;
  const uint32_t supers[] = {adrp(1, VA(CODE + 8), VA(SUPERS)), add(1, 1, SUPERS & 0xfff)};
  put_code(CODE + 8, supers, 2); // in the function behind
  run(8);
  assert_false(g.kernel.known[KL_S_super_blocks].present);
}

static void any_code_is_read_without_harm(void **state) {
  (void)state;
  uint64_t x = 88172645463325252;
  for (int round = 0; round < 400; round++) {
    g.kernel.paging.arch = round % 2 ? KL_ARCH_AARCH64 : KL_ARCH_X86_64;
    for (uint64_t at = 0; at < 4096; at += 8) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
      // Half of it near the instructions that are understood.
      static const uint32_t kinds[] = {0x90000000, 0x91000000, 0xf9400000, 0xf8400c00, 0xa9400000, 0xaa0003e0};
      guest_put(&g, CODE + at, x & 1 ? x : kinds[x % 6] | (x >> 32 & 0x3fffff), 4);
      guest_put(&g, CODE + at + 4, x >> 32, 4);
    }
    memset(g.kernel.known, 0, sizeof g.kernel.known);
    size_t mark = kl_arena_mark(&g.arena);
    run(2048);
    kl_arena_rewind(&g.arena, mark);
  }
}

// A tree of nodes that goes round.
static void an_index_that_loops_ends(void **state) {
  (void)state;
  g.kernel.paging.arch = KL_ARCH_AARCH64;
  guest_put64(&g, NODE + 40, VA(NODE) | 2);
  guest_put(&g, NODE, 6, 1);
  const uint32_t map[] = {adrp(2, VA(CODE + 32), VA(IDR)), add(2, 2, IDR & 0xfff)};
  put_code(CODE + 32, map, 2);
  run(32);
  assert_false(g.kernel.known[KL_S_map_idr].present);
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(arm64_code_forms_addresses),
      TEST(arm64_loads_may_move_their_base),
      TEST(the_swap_code_tells_its_variables),
      TEST(an_empty_index_is_taken_when_there_is_no_better),
      TEST(objects_with_another_id_are_of_another_index),
      TEST(x86_64_code_names_addresses_by_distance),
      TEST(a_function_ends_where_the_next_begins),
      TEST(any_code_is_read_without_harm),
      TEST(an_index_that_loops_ends),
      TEST(probes_and_tracers_are_known_by_their_shape),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
