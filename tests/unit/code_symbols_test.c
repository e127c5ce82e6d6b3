// Variables found from instructions, on kernels that name only their functions.
#include "code_guest.h"

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

// ── arm64 ──────────────────────────────────────────────────────────────────

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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
