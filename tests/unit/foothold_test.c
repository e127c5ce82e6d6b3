// Footholds: page tables that map a kernel image, and those that map something
// else.
#include "memory.h"

#include "kernel/foothold.h"

enum {
  START = 0x1000000,
  BYTES = 256 * MEMORY_PAGE,
  ROOT = START,
  PUD = START + 0x1000,
  PMD = START + 0x2000,
  PTE = START + 0x3000,
  P4D = START + 0x4000
};
static const uint64_t TEXT = 0xffffffff81000000, PHYS = 0x3000000;
enum { PRESENT = 1, WRITE = 2, HUGE = 0x80, AD = 0x60 };
static const uint64_t NX = 1ull << 63;
static struct memory m;

static void put(uint64_t table, unsigned index, uint64_t entry) {
  memory_put(&m, table + 8 * index, entry, 8);
}

// An image of 2 MiB pages: code, constants, data, a gap where init was, data.
static void put_image(bool fifth) {
  memory_init(&m, START, BYTES);
  put(ROOT, 511, (fifth ? P4D : PUD) | PRESENT | WRITE | AD);
  put(P4D, 511, PUD | PRESENT | WRITE | AD);
  put(PUD, 510, PMD | PRESENT | WRITE | AD);
  const uint64_t flags[] = {0, 0, NX, NX, NX | WRITE, UINT64_MAX, NX | WRITE};
  for (unsigned i = 0; i < 7; i++)
    if (flags[i] != UINT64_MAX)
      put(PMD, 8 + i, (PHYS + 0x200000ull * i) | PRESENT | HUGE | AD | flags[i]);
}

static struct kl_foothold hold(uint8_t levels) {
  return (struct kl_foothold){.paging = kl_paging_x86_64(levels, 0), .root = ROOT};
}

static void an_image_is_found_and_measured(void **state) {
  (void)state;
  for (uint8_t levels = 4; levels <= 5; levels++) {
    put_image(levels == 5);
    memory_open(&m, NULL);
    struct kl_foothold h = hold(levels);
    assert_int_equal(kl_foothold_find(&h, m.image), KL_OK);
    assert_int_equal(h.start, TEXT);
    assert_int_equal(h.end, TEXT + 7 * 0x200000);
    assert_int_equal(h.image_to_phys, TEXT - PHYS);
    assert_int_equal(h.n_constant, 1);
    assert_int_equal(h.constant[0].start, PHYS + 2 * 0x200000);
    assert_int_equal(h.constant[0].end, PHYS + 4 * 0x200000);
    h = hold((uint8_t)(9 - levels)); // the other number of levels maps nothing
    assert_int_equal(kl_foothold_find(&h, m.image), KL_ERR_NOT_FOUND);
    memory_close(&m);
  }
}

static void an_address_must_lie_where_it_is_said_to(void **state) {
  (void)state;
  put_image(false);
  memory_open(&m, NULL);
  struct kl_foothold h = hold(4);
  h.image_to_phys = TEXT - PHYS;
  assert_int_equal(kl_foothold_around(&h, m.image, TEXT + 0x123456), KL_OK);
  assert_int_equal(h.start, TEXT);
  assert_int_equal(h.end, TEXT + 7 * 0x200000);
  h = hold(4);
  h.image_to_phys = TEXT - PHYS + 0x200000;
  assert_int_equal(kl_foothold_around(&h, m.image, TEXT + 0x123456), KL_ERR_NOT_FOUND);
  h = hold(4);
  h.image_to_phys = TEXT - PHYS;
  assert_int_equal(kl_foothold_around(&h, m.image, TEXT + 5 * 0x200000), KL_ERR_NOT_FOUND); // in the gap
  memory_close(&m);
}

static void something_small_or_without_code_is_no_image(void **state) {
  (void)state;
  put_image(false);
  for (unsigned i = 1; i < 7; i++)
    put(PMD, 8 + i, 0); // 2 MiB of code: a boot loader
  memory_open(&m, NULL);
  struct kl_foothold h = hold(4);
  assert_int_equal(kl_foothold_find(&h, m.image), KL_ERR_NOT_FOUND);
  memory_close(&m);

  put_image(false);
  put(PMD, 8, PHYS | PRESENT | HUGE | NX);
  put(PMD, 9, (PHYS + 0x200000) | PRESENT | HUGE | NX);
  memory_open(&m, NULL);
  h = hold(4);
  assert_int_equal(kl_foothold_find(&h, m.image), KL_ERR_NOT_FOUND);
  memory_close(&m);
}

static void what_stands_before_the_image_is_passed_by(void **state) {
  (void)state;
  put_image(false);
  put(PMD, 0, PTE | PRESENT | WRITE | AD); // small pages of anything, with code among them
  for (unsigned i = 0; i < 64; i++)
    put(PTE, i, (START + 0x8000 + 0x1000 * ((i * 5) % 8)) | PRESENT | AD);
  memory_open(&m, NULL);
  struct kl_foothold h = hold(4);
  assert_int_equal(kl_foothold_find(&h, m.image), KL_OK);
  assert_int_equal(h.start, TEXT);
  memory_close(&m);
}

// Tables whose entries lead anywhere: every walk ends.
static void tables_of_noise_are_no_image(void **state) {
  (void)state;
  memory_init(&m, START, BYTES);
  uint64_t x = 88172645463325252;
  for (uint64_t at = 0; at < BYTES; at += 8) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    memory_put(&m, START + at, (START + x % BYTES) | PRESENT | (x & HUGE), 8);
  }
  memory_open(&m, NULL);
  for (uint8_t levels = 4; levels <= 5; levels++)
    for (uint64_t root = START; root < START + BYTES; root += MEMORY_PAGE) {
      struct kl_foothold h = hold(levels);
      h.root = root;
      (void)!kl_foothold_find(&h, m.image);
    }
  struct kl_paging paging;
  for (size_t i = 0; kl_paging_aarch64_way(i, &paging); i++) {
    assert_true(kl_paging_valid(&paging));
    struct kl_foothold h = {.paging = paging, .root = START};
    (void)!kl_foothold_find(&h, m.image);
  }
  memory_close(&m);
}

static void paging_of_arm64_follows_granule_and_bits(void **state) {
  (void)state;
  const struct {
    uint8_t granule, bits, levels;
    bool lpa2, lpa;
  } cases[] = {{12, 39, 3, false, false}, {12, 48, 4, false, false}, {12, 52, 5, true, false},
               {14, 36, 2, false, false}, {14, 47, 3, false, false}, {14, 48, 4, false, false},
               {14, 52, 4, true, false},  {16, 42, 2, false, true},  {16, 48, 3, false, true},
               {16, 52, 3, false, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct kl_paging p = kl_paging_aarch64(cases[i].granule, cases[i].bits);
    assert_int_equal(p.levels, cases[i].levels); // Arm ARM, D8.2
    assert_int_equal(p.lpa2, cases[i].lpa2);
    assert_int_equal(p.lpa, cases[i].lpa);
    assert_true(kl_paging_valid(&p));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_image_is_found_and_measured),
      cmocka_unit_test(an_address_must_lie_where_it_is_said_to),
      cmocka_unit_test(something_small_or_without_code_is_no_image),
      cmocka_unit_test(what_stands_before_the_image_is_passed_by),
      cmocka_unit_test(tables_of_noise_are_no_image),
      cmocka_unit_test(paging_of_arm64_follows_granule_and_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
