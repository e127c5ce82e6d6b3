// Translation against page tables built by hand, from the processors' manuals.
#include "guest.h"

static const struct kl_paging X86 = {.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 4, .va_bits = 48};
static const struct kl_paging X86_5 = {.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 5, .va_bits = 57};
static const struct kl_paging ARM_4K = {.arch = KL_ARCH_AARCH64,
                                        .granule_shift = 12,
                                        .levels = 4,
                                        .va_bits = 48,
                                        .prot_none_bit = 1ull << 58,
                                        .swap_type_shift = 3,
                                        .swap_type_bits = 5,
                                        .swap_offset_shift = 8};

// Tables lie at 0x1000, 0x2000, ... in the order of the levels.
static struct guest g;

static int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static struct kl_translation translate(const struct kl_paging *paging, uint64_t va) {
  struct kl_translation t;
  memset(&t, 0x5a, sizeof t);
  assert_int_equal(kl_paging_translate(paging, g.image, 0x1000, va, &t), KL_OK);
  return t;
}

// 0x0000_7f12_3456_7890: indices 254, 72, 418, 359.
static void map_x86(uint64_t pte) {
  guest_put64(&g, 0x1000 + 8 * 254, 0x2067);
  guest_put64(&g, 0x2000 + 8 * 72, 0x3067);
  guest_put64(&g, 0x3000 + 8 * 418, 0x4067);
  guest_put64(&g, 0x4000 + 8 * 359, pte);
}
static const uint64_t va = 0x00007f1234567890;

static void x86_64_walks_four_levels(void **state) {
  (void)state;
  map_x86(0x8000000012345067);
  struct kl_translation t = translate(&X86, va);
  assert_int_equal(t.state, KL_ENTRY_PRESENT);
  assert_int_equal(t.phys, 0x12345890);
  assert_int_equal(t.page_bytes, 4096);
  assert_int_equal(t.level, 0);
  assert_true(t.writable && t.user && t.dirty && t.accessed);
  assert_false(t.executable);
}

static void x86_64_walks_five_levels(void **state) {
  (void)state;
  // 0xff12_3456_789a_bcde: indices 274, 104, 345, 452, 427.
  guest_put64(&g, 0x1000 + 8 * 274, 0x2063);
  guest_put64(&g, 0x2000 + 8 * 104, 0x3063);
  guest_put64(&g, 0x3000 + 8 * 345, 0x4063);
  guest_put64(&g, 0x4000 + 8 * 452, 0x5063);
  guest_put64(&g, 0x5000 + 8 * 427, 0x000ffffffffff161);
  struct kl_translation t = translate(&X86_5, 0xff123456789abcde);
  assert_int_equal(t.state, KL_ENTRY_PRESENT);
  assert_int_equal(t.phys, 0x000ffffffffffcde); // up to bit 51
  assert_true(t.executable);
  assert_false(t.writable || t.user);
}

static void x86_64_large_pages_ignore_their_pat_bit(void **state) {
  (void)state;
  guest_put64(&g, 0x1000 + 8 * 254, 0x2067);
  guest_put64(&g, 0x2000 + 8 * 72, 0x3067);
  guest_put64(&g, 0x3000 + 8 * 418, 0x40000000 | 0x1000 | 0xe7); // 2 MiB with PAT
  struct kl_translation t = translate(&X86, va);
  assert_int_equal(t.phys, 0x40000000 + 0x167890);
  assert_int_equal(t.page_bytes, 2 << 20);
  assert_int_equal(t.level, 1);
  guest_put64(&g, 0x2000 + 8 * 72, 0x80000000 | 0x1000 | 0xe7); // 1 GiB with PAT
  t = translate(&X86, va);
  assert_int_equal(t.phys, 0x80000000 + 0x34567890);
  assert_int_equal(t.page_bytes, 1 << 30);
  guest_put64(&g, 0x1000 + 8 * 254, 0x80000000 | 0xe7); // no such page
  assert_int_equal(translate(&X86, va).state, KL_ENTRY_OTHER);
}

static void x86_64_permissions_are_those_of_the_whole_path(void **state) {
  (void)state;
  map_x86(0x12345067);
  assert_true(translate(&X86, va).executable);
  guest_put64(&g, 0x2000 + 8 * 72, 0x8000000000003065); // read-only, no execute
  struct kl_translation t = translate(&X86, va);
  assert_false(t.writable || t.executable);
  assert_true(t.user);
  guest_put64(&g, 0x2000 + 8 * 72, 0x3063); // supervisor
  assert_false(translate(&X86, va).user);
}

static void x86_64_isolation_hides_no_execute_rights_of_users(void **state) {
  (void)state;
  map_x86(0x12345067);
  guest_put64(&g, 0x1000 + 8 * 254, 0x8000000000002067); // as the kernel's half of PTI has it
  assert_true(translate(&X86, va).executable);
}

static void x86_64_memory_encryption_bits_are_no_address(void **state) {
  (void)state;
  struct kl_paging sme = X86;
  sme.sme_mask = 1ull << 47;
  map_x86(0x12345067 | 1ull << 47);
  guest_put64(&g, 0x1000 + 8 * 254, 0x2067 | 1ull << 47);
  assert_int_equal(translate(&sme, va).phys, 0x12345890);
}

static void x86_64_empty_entries_end_the_walk_at_their_level(void **state) {
  (void)state;
  struct kl_translation t = translate(&X86, va);
  assert_int_equal(t.state, KL_ENTRY_NONE);
  assert_int_equal(t.level, 3);
  assert_int_equal(t.page_bytes, 1ull << 39);
  map_x86(0x60); // accessed and dirty alone are noise of the hardware
  t = translate(&X86, va);
  assert_int_equal(t.state, KL_ENTRY_NONE);
  assert_int_equal(t.level, 0);
}

static void x86_64_prot_none_pages_have_inverted_addresses(void **state) {
  (void)state;
  // PROT_NONE of pfn 0x12345: bits 51:12 inverted, bit 8 set.
  map_x86((~0x12345000ull & 0x000ffffffffff000) | 0x120);
  struct kl_translation t = translate(&X86, va);
  assert_int_equal(t.state, KL_ENTRY_PROT_NONE);
  assert_int_equal(t.phys, 0x12345890);
  assert_false(t.user);
  // A huge page in the middle of a split: PSE without P, inverted too.
  guest_put64(&g, 0x3000 + 8 * 418, (~0x40000000ull & 0x000fffffffe00000) | 0xe6);
  t = translate(&X86, va);
  assert_int_equal(t.state, KL_ENTRY_PROT_NONE);
  assert_int_equal(t.phys, 0x40000000 + 0x167890);
  assert_int_equal(t.page_bytes, 2 << 20);
}

static void x86_64_swap_entries_have_inverted_offsets(void **state) {
  (void)state;
  // Type 3, offset 0x1234: ~0x1234 << 14 >> 5, type in the top 5 bits.
  map_x86((~0x1234ull << 14 >> 5) | 3ull << 59);
  struct kl_translation t = translate(&X86, va);
  assert_int_equal(t.state, KL_ENTRY_SWAP);
  assert_int_equal(t.swap_type, 3);
  assert_int_equal(t.swap_offset, 0x1234);
}

static void types_that_are_no_swap_files_are_told_apart(void **state) {
  (void)state;
  struct kl_paging p = X86;
  p.swap_files_known = true;
  p.swap_files = 2;
  p.migration_first = 28;
  p.migration_count = 3;
  map_x86((~0x1234ull << 14 >> 5) | 1ull << 59);
  assert_int_equal(translate(&p, va).state, KL_ENTRY_SWAP);
  map_x86((~0x1234ull << 14 >> 5) | 2ull << 59);
  assert_int_equal(translate(&p, va).state, KL_ENTRY_OTHER);
  map_x86((~0x1234ull << 14 >> 5) | 30ull << 59);
  assert_int_equal(translate(&p, va).state, KL_ENTRY_MIGRATION);
  // Young and dirty lie above the pfn: 46 - 12 bits of it with four levels.
  map_x86((~(0x1234ull | 3ull << 34) << 14 >> 5) | 28ull << 59);
  struct kl_translation t = translate(&p, va);
  assert_int_equal(t.state, KL_ENTRY_MIGRATION);
  assert_int_equal(t.swap_offset, 0x1234);
}

static void what_the_kernel_took_away_from_itself_is_no_swap(void **state) {
  (void)state;
  guest_put64(&g, 0x1000 + 8 * 511, 0x2063);
  guest_put64(&g, 0x2000 + 8 * 511, 0x3063);
  guest_put64(&g, 0x3000 + 8 * 511, 0x4063);
  guest_put64(&g, 0x4000 + 8 * 511, 0x8000000012345162);
  assert_int_equal(translate(&X86, 0xfffffffffffff000).state, KL_ENTRY_OTHER);
}

static void addresses_that_are_not_canonical_are_unmapped(void **state) {
  (void)state;
  struct kl_translation t;
  static const uint64_t bad[] = {0x0000800000000000, 0xffff7fffffffffff, 0x8000000000000000, 0x1000000000000};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(kl_paging_translate(&X86, g.image, 0x1000, bad[i], &t), KL_ERR_UNMAPPED);
  assert_int_equal(kl_paging_translate(&X86_5, g.image, 0x1000, 0x0100000000000000, &t), KL_ERR_UNMAPPED);
  assert_int_equal(kl_paging_translate(&ARM_4K, g.image, 0x1000, 0x0001000000000000, &t), KL_ERR_UNMAPPED);
  assert_int_equal(kl_paging_translate(&ARM_4K, g.image, 0x1000, 0xfffe800000000000, &t), KL_ERR_UNMAPPED);
  // arm64 has all of its va_bits on both sides.
  assert_int_equal(kl_paging_translate(&ARM_4K, g.image, 0x1000, 0x0000ffffffffffff, &t), KL_OK);
  assert_int_equal(kl_paging_translate(&ARM_4K, g.image, 0x1000, 0xffff000000000000, &t), KL_OK);
}

static void tables_that_point_nowhere_are_absent_memory(void **state) {
  (void)state;
  struct kl_translation t;
  guest_put64(&g, 0x1000 + 8 * 254, 0x000fffff00000067);
  assert_int_equal(kl_paging_translate(&X86, g.image, 0x1000, va, &t), KL_ERR_ABSENT);
  assert_int_equal(kl_paging_translate(&X86, g.image, 0x000ffffffffff000, va, &t), KL_ERR_ABSENT);
  assert_int_equal(kl_paging_translate(&X86, g.image, 0xfffffffffffff000, va, &t), KL_ERR_ABSENT);
}

static void a_table_that_names_itself_ends_with_the_levels(void **state) {
  (void)state;
  for (uint64_t i = 0; i < 512; i++)
    guest_put64(&g, 0x1000 + 8 * i, 0x1067);
  struct kl_translation t = translate(&X86, va);
  assert_int_equal(t.state, KL_ENTRY_PRESENT);
  assert_int_equal(t.phys, 0x1890);
}

static void parameters_that_do_not_fit_translate_nothing(void **state) {
  (void)state;
  static const struct kl_paging bad[] = {
      {0},
      {.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 3, .va_bits = 39},
      {.arch = KL_ARCH_X86_64, .granule_shift = 14, .levels = 4, .va_bits = 48},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 13, .levels = 4, .va_bits = 48},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 0, .va_bits = 48},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 3, .va_bits = 48},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 5, .va_bits = 48},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 16, .levels = 200, .va_bits = 52},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct kl_translation t;
    assert_false(kl_paging_valid(&bad[i]));
    assert_int_equal(kl_paging_translate(&bad[i], g.image, 0x1000, 0, &t), KL_ERR_ARGUMENT);
  }
}

// arm64, 4K: 0xffff_8012_3456_7890: indices 256, 72, 418, 359.
static void map_arm_4k(uint64_t pte) {
  guest_put64(&g, 0x1000 + 8 * 256, 0x2003);
  guest_put64(&g, 0x2000 + 8 * 72, 0x3003);
  guest_put64(&g, 0x3000 + 8 * 418, 0x4003);
  guest_put64(&g, 0x4000 + 8 * 359, pte);
}
static const uint64_t arm_va = 0xffff801234567890;

static void arm64_walks_4k_tables(void **state) {
  (void)state;
  map_arm_4k(0x0068000012345703); // valid, AF, PXN, UXN, DBM, writable
  struct kl_translation t = translate(&ARM_4K, arm_va);
  assert_int_equal(t.state, KL_ENTRY_PRESENT);
  assert_int_equal(t.phys, 0x12345890);
  assert_int_equal(t.page_bytes, 4096);
  assert_true(t.writable && t.accessed && t.dirty);
  assert_false(t.user || t.executable);
  guest_put64(&g, 0x3000 + 8 * 418, 0x0040000040000f81); // a block of 2 MiB, read-only, executable for the kernel
  t = translate(&ARM_4K, arm_va);
  assert_int_equal(t.phys, 0x40000000 + 0x167890);
  assert_int_equal(t.page_bytes, 2 << 20);
  assert_true(t.executable);
  assert_false(t.writable);
  guest_put64(&g, 0x2000 + 8 * 72, 0x0060000080000f01); // 1 GiB
  assert_int_equal(translate(&ARM_4K, arm_va).phys, 0x80000000 + 0x34567890);
}

static void arm64_clean_pages_that_may_be_written_are_writable(void **state) {
  (void)state;
  map_arm_4k(0x0068000012345fc3); // read-only for now, DBM
  guest_put64(&g, 0x1000 + 8 * 256, 0);
  guest_put64(&g, 0x1000 + 8 * 128, 0x2003); // the same tables in the lower half, at 0x4012_3456_7000
  struct kl_translation t = translate(&ARM_4K, 0x0000401234567000);
  assert_true(t.writable && t.user);
  assert_false(t.dirty || t.executable);
  guest_put64(&g, 0x4000 + 8 * 359, 0x00e0000012345f43); // software dirty
  assert_true(translate(&ARM_4K, 0x0000401234567000).dirty);
  guest_put64(&g, 0x4000 + 8 * 359, 0x0020000012345f83); // execute only
  t = translate(&ARM_4K, 0x0000401234567000);
  assert_true(t.user && t.executable);
}

static void arm64_tables_take_rights_away(void **state) {
  (void)state;
  map_arm_4k(0x0008000012345743);
  guest_put64(&g, 0x2000 + 8 * 72, 0x3003 | 1ull << 59 | 1ull << 61 | 1ull << 62);
  struct kl_translation t = translate(&ARM_4K, arm_va);
  assert_false(t.writable || t.user || t.executable);
}

static void arm64_reserved_forms_are_no_pages(void **state) {
  (void)state;
  map_arm_4k(0x0060000012345701); // a block in the last table
  assert_int_equal(translate(&ARM_4K, arm_va).state, KL_ENTRY_OTHER);
  guest_put64(&g, 0x1000 + 8 * 256, 0x0060000000000701); // 512 GiB, without LPA2
  assert_int_equal(translate(&ARM_4K, arm_va).state, KL_ENTRY_OTHER);
}

static void arm64_52_bit_addresses_with_4k_pages(void **state) {
  (void)state;
  // Level -1 has 16 entries. 0xfffc_8012_3456_7890: indices 12, 256, 72, 418, 359.
  static const struct kl_paging lpa2 = {
      .arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 5, .va_bits = 52, .lpa2 = true};
  guest_put64(&g, 0x1000 + 8 * 12, 0x2003);
  guest_put64(&g, 0x2000 + 8 * 256, 0x3003);
  guest_put64(&g, 0x3000 + 8 * 72, 0x4003);
  guest_put64(&g, 0x4000 + 8 * 418, 0x5003);
  guest_put64(&g, 0x5000 + 8 * 359, 0x0063ffff12345703); // bits 49:48 and, in 9:8, 51:50
  struct kl_translation t = translate(&lpa2, 0xfffc801234567890);
  assert_int_equal(t.phys, 0x000fffff12345890);
  guest_put64(&g, 0x2000 + 8 * 256, 0x0060000000000701); // a block of 512 GiB, bits 51:50 set
  t = translate(&lpa2, 0xfffc801234567890);
  assert_int_equal(t.phys, 0x000c000000000000 + 0x1234567890);
  assert_int_equal(t.page_bytes, 1ull << 39);
}

static void arm64_16k_and_64k_tables(void **state) {
  (void)state;
  // 16K, 48 bits: two entries at the top, then 11 bits a level.
  static const struct kl_paging p16 = {.arch = KL_ARCH_AARCH64, .granule_shift = 14, .levels = 4, .va_bits = 48};
  // 0xffff_8012_3456_7890: indices 1, 9, 209 (bits 35:25), 345 (bits 24:14).
  uint64_t a = 0xffff801234567890;
  guest_put64(&g, 0x1000 + 8 * (a >> 47 & 1), 0x8003);
  guest_put64(&g, 0x8000 + 8 * (a >> 36 & 2047), 0xc003);
  guest_put64(&g, 0xc000 + 8 * (a >> 25 & 2047), 0x10003);
  guest_put64(&g, 0x10000 + 8 * (a >> 14 & 2047), 0x0060000012344703);
  struct kl_translation t = translate(&p16, a);
  assert_int_equal(t.phys, 0x12344000 + 0x3890);
  assert_int_equal(t.page_bytes, 16384);
  guest_put64(&g, 0xc000 + 8 * (a >> 25 & 2047), 0x0060000042000701);
  t = translate(&p16, a);
  assert_int_equal(t.phys, 0x42000000 + (a & 0x1ffffff));
  assert_int_equal(t.page_bytes, 32 << 20);

  // 64K, 52 bits, LPA: bits 51:48 of the address in 15:12.
  static const struct kl_paging p64 = {
      .arch = KL_ARCH_AARCH64, .granule_shift = 16, .levels = 3, .va_bits = 52, .lpa = true};
  guest_put64(&g, 0x1000 + 8 * (a >> 42 & 1023), 0x20003);
  guest_put64(&g, 0x20000 + 8 * (a >> 29 & 8191), 0x30003);
  guest_put64(&g, 0x30000 + 8 * (a >> 16 & 8191), 0x006000001234a703);
  t = translate(&p64, a);
  assert_int_equal(t.phys, 0x000a000012340000 + 0x7890);
  guest_put64(&g, 0x20000 + 8 * (a >> 29 & 8191), 0x0060000040001701);
  t = translate(&p64, a);
  assert_int_equal(t.phys, 0x0001000040000000 + (a & 0x1fffffff));
  assert_int_equal(t.page_bytes, 512 << 20);
}

static void arm64_entries_that_are_not_valid(void **state) {
  (void)state;
  const uint64_t user = 0x0000001234567000;
  map_arm_4k(0);
  guest_put64(&g, 0x1000, 0x2003);
  struct kl_paging p = ARM_4K;
  assert_int_equal(translate(&p, user).state, KL_ENTRY_NONE);
  guest_put64(&g, 0x4000 + 8 * 359, 0x0460000012345f82); // PROT_NONE as up to 6.10
  struct kl_translation t = translate(&p, user);
  assert_int_equal(t.state, KL_ENTRY_PROT_NONE);
  assert_int_equal(t.phys, 0x12345000);
  // Swap type 5, offset 0x777, with the exclusive bit: as from 5.19 to 6.10.
  guest_put64(&g, 0x4000 + 8 * 359, 5 << 3 | 0x777ull << 8 | 4);
  t = translate(&p, user);
  assert_int_equal(t.state, KL_ENTRY_SWAP);
  assert_int_equal(t.swap_type, 5);
  assert_int_equal(t.swap_offset, 0x777);
  // From 6.11: PROT_NONE is bit 11, the offset is at 12.
  p.prot_none_bit = 1 << 11;
  p.swap_type_shift = 6;
  p.swap_offset_shift = 12;
  guest_put64(&g, 0x4000 + 8 * 359, 5 << 6 | 0x777ull << 12 | 4);
  t = translate(&p, user);
  assert_int_equal(t.state, KL_ENTRY_SWAP);
  assert_int_equal(t.swap_type, 5);
  assert_int_equal(t.swap_offset, 0x777);
  guest_put64(&g, 0x4000 + 8 * 359, 0x0060000012345f82);
  assert_int_equal(translate(&p, user).state, KL_ENTRY_PROT_NONE);
  // A huge page without access, in the table above.
  guest_put64(&g, 0x3000 + 8 * 418, 0x0060000040000f80);
  t = translate(&p, user);
  assert_int_equal(t.state, KL_ENTRY_PROT_NONE);
  assert_int_equal(t.phys, 0x40000000 + 0x167000);
  // Without the facts that one is not guessed, nor is a swap entry.
  p.prot_none_bit = 0;
  p.swap_offset_shift = 0;
  assert_int_equal(translate(&p, user).state, KL_ENTRY_OTHER);
  guest_put64(&g, 0x3000 + 8 * 418, 0x4003);
  assert_int_equal(translate(&p, user).state, KL_ENTRY_PROT_NONE);
  guest_put64(&g, 0x4000 + 8 * 359, 5 << 6 | 0x777ull << 12 | 4);
  assert_int_equal(translate(&p, user).state, KL_ENTRY_OTHER);
}

static void roots_lose_their_flags(void **state) {
  (void)state;
  assert_int_equal(kl_paging_root(&X86, 0x8000000012345abc), 0x12345000);
  // ASID, CnP, and bits 51:48 of the address in 5:2 where they are in use.
  assert_int_equal(kl_paging_root(&ARM_4K, 0x00d000004158f03d), 0x4158f000);
  struct kl_paging lpa = {.arch = KL_ARCH_AARCH64, .granule_shift = 16, .levels = 3, .va_bits = 52, .lpa = true};
  assert_int_equal(kl_paging_root(&lpa, 0x00d000004158f4a9), 0x000a00004158f480);
  // A walk takes them off too.
  struct kl_translation t;
  map_x86(0x12345067);
  assert_int_equal(kl_paging_translate(&X86, g.image, 0x8000000000001abc, va, &t), KL_OK);
  assert_int_equal(t.phys, 0x12345890);
}

static void pointers_lose_tags_and_signatures(void **state) {
  (void)state;
  struct kl_paging p = ARM_4K;
  p.pac_mask = 0xffff000000000000;
  assert_int_equal(kl_paging_strip(&p, 0xf2b4801234567890), 0xffff801234567890);
  assert_int_equal(kl_paging_strip(&p, 0xb72a801234567890), 0x0000801234567890);
  assert_int_equal(kl_paging_strip(&ARM_4K, 0xb4ff801234567890), 0xffff801234567890);
  assert_int_equal(kl_paging_strip(&ARM_4K, 0xb42a801234567890), 0x002a801234567890);
  assert_int_equal(kl_paging_strip(&X86, 0x1234567890abcdef), 0x1234567890abcdef);
}

static void spaces_choose_the_root_by_the_address(void **state) {
  (void)state;
  map_x86(0x5067);
  guest_put64(&g, 0x8000 + 8 * 511, 0x9063);
  guest_put64(&g, 0x9000 + 8 * 511, 0x40000000 | 0x1e3);
  struct kl_space space;
  uint64_t phys;
  kl_space_init(&space, &X86, g.image, 0x8000, 0x1000);
  assert_int_equal(kl_space_phys(&space, va, &phys), KL_OK);
  assert_int_equal(phys, 0x5890);
  assert_int_equal(kl_space_phys(&space, 0xffffffffc0001234, &phys), KL_OK);
  assert_int_equal(phys, 0x40001234);
  kl_space_init(&space, &X86, g.image, 0x8000, 0);
  assert_int_equal(kl_space_phys(&space, va, &phys), KL_ERR_UNMAPPED);
}

static void space_reads_cross_pages_or_fail_whole(void **state) {
  (void)state;
  map_x86(0x7067);
  guest_put64(&g, 0x4000 + 8 * 360, 0x5067); // the next page lies before it
  guest_put64(&g, 0x7ff8, 0x1111111111111111);
  guest_put64(&g, 0x5000, 0x2222222222222222);
  struct kl_space space;
  uint8_t bytes[16];
  kl_space_init(&space, &X86, g.image, 0x8000, 0x1000);
  for (int again = 0; again < 2; again++) { // the second time from the cache
    assert_int_equal(kl_space_read(&space, 0x7f1234567ffc, bytes, 8), KL_OK);
    assert_int_equal(kl_le64(bytes), 0x2222222211111111);
  }
  assert_int_equal(kl_space_read(&space, 0x7f1234568ff8, bytes, 16), KL_ERR_UNMAPPED);
  assert_int_equal(kl_space_read(&space, 0x7f1234568ff8, bytes, 0), KL_OK);
  map_x86(0x0000000080000067); // a page that the dump does not have
  kl_space_init(&space, &X86, g.image, 0x8000, 0x1000);
  assert_int_equal(kl_space_read(&space, va, bytes, 8), KL_ERR_ABSENT);
}

static void space_reads_end_with_the_address_space(void **state) {
  (void)state;
  guest_put64(&g, 0x8000 + 8 * 511, 0x9063);
  guest_put64(&g, 0x9000 + 8 * 511, 0xa063);
  guest_put64(&g, 0xa000 + 8 * 511, 0xb063);
  guest_put64(&g, 0xb000 + 8 * 511, 0x5063);
  guest_put64(&g, 0x8000, 0x9067);
  struct kl_space space;
  uint8_t bytes[16];
  kl_space_init(&space, &X86, g.image, 0x8000, 0x8000);
  assert_int_equal(kl_space_read(&space, 0xfffffffffffffff8, bytes, 8), KL_OK);
  assert_int_equal(kl_space_read(&space, 0xfffffffffffffff8, bytes, 9), KL_ERR_UNMAPPED);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(x86_64_walks_four_levels),
      TEST(x86_64_walks_five_levels),
      TEST(x86_64_large_pages_ignore_their_pat_bit),
      TEST(x86_64_permissions_are_those_of_the_whole_path),
      TEST(x86_64_isolation_hides_no_execute_rights_of_users),
      TEST(x86_64_memory_encryption_bits_are_no_address),
      TEST(x86_64_empty_entries_end_the_walk_at_their_level),
      TEST(x86_64_prot_none_pages_have_inverted_addresses),
      TEST(x86_64_swap_entries_have_inverted_offsets),
      TEST(types_that_are_no_swap_files_are_told_apart),
      TEST(what_the_kernel_took_away_from_itself_is_no_swap),
      TEST(addresses_that_are_not_canonical_are_unmapped),
      TEST(tables_that_point_nowhere_are_absent_memory),
      TEST(a_table_that_names_itself_ends_with_the_levels),
      TEST(parameters_that_do_not_fit_translate_nothing),
      TEST(arm64_walks_4k_tables),
      TEST(arm64_clean_pages_that_may_be_written_are_writable),
      TEST(arm64_tables_take_rights_away),
      TEST(arm64_reserved_forms_are_no_pages),
      TEST(arm64_52_bit_addresses_with_4k_pages),
      TEST(arm64_16k_and_64k_tables),
      TEST(arm64_entries_that_are_not_valid),
      TEST(roots_lose_their_flags),
      TEST(pointers_lose_tags_and_signatures),
      TEST(spaces_choose_the_root_by_the_address),
      TEST(space_reads_cross_pages_or_fail_whole),
      TEST(space_reads_end_with_the_address_space),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
