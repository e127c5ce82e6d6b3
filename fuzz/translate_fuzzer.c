// Address translation of every architecture, over a page script. The tail says
// which: see paging_of. The root is the script's first frame.
#include <string.h>

#include "arch/paging.h"
#include "page_script.h"

enum { WORKSPACE = 2 << 20, LEAVES = 16, STEPS = 1 << 8 };

// The last option: what is asked.
enum { ASK_READS, ASK_LOWER_HALF, ASK_UPPER_HALF, ASKS };

static struct kl_paging paging_of(struct fuzz_input *input) {
  static const struct kl_paging shapes[] = {
      {.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 4, .va_bits = 48},
      {.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 5, .va_bits = 57},
      {.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 4, .va_bits = 48, .sme_mask = 1ull << 47},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 4, .va_bits = 48},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 3, .va_bits = 39},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 5, .va_bits = 52, .lpa2 = true},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 14, .levels = 3, .va_bits = 47},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 14, .levels = 2, .va_bits = 36},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 14, .levels = 4, .va_bits = 52, .lpa2 = true},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 16, .levels = 3, .va_bits = 48},
      {.arch = KL_ARCH_AARCH64, .granule_shift = 16, .levels = 3, .va_bits = 52, .lpa = true},
  };
  uint8_t which = fuzz_option8(input);
  struct kl_paging paging = shapes[which % (sizeof shapes / sizeof *shapes)];
  if (paging.arch == KL_ARCH_AARCH64) {
    paging.prot_none_bit = which & 128 ? 1ull << 58 : 0;
    paging.pac_mask = which & 64 ? 0x007f000000000000 : 0;
  }
  return paging;
}

static void check_leaf(uint64_t va, const struct kl_translation *t) {
  if (t->state != KL_ENTRY_PRESENT)
    return;
  FUZZ_REQUIRE(t->page_bytes && !(t->page_bytes & (t->page_bytes - 1)));
  FUZZ_REQUIRE((va & (t->page_bytes - 1)) == (t->phys & (t->page_bytes - 1)));
}

// What the walk over all leaves gives, translation of the address gives too.
static void walk_all(const struct kl_paging *paging, struct kl_image *image, uint64_t root, uint64_t start,
                     uint64_t end) {
  struct kl_leaf_walk walk;
  struct kl_budget budget = {STEPS};
  kl_leaf_walk_init(&walk, paging, image, root, start, end);
  uint64_t va = 0, last = 0;
  bool any = false;
  struct kl_translation leaf, again;
  for (int i = 0; i < LEAVES; i++) {
    enum kl_status status = fuzz_status(kl_leaf_walk_next(&walk, &budget, &va, &leaf));
    if (status == KL_END || status == KL_ERR_BUDGET || status == KL_ERR_UNMAPPED)
      return;
    if (status != KL_OK)
      continue;
    FUZZ_REQUIRE(!any || va > last); // in order, no address twice
    any = true;
    last = va;
    check_leaf(va, &leaf);
    FUZZ_REQUIRE(fuzz_status(kl_paging_translate(paging, image, root, va, &again)) == KL_OK);
    FUZZ_REQUIRE(again.state == leaf.state && again.phys == leaf.phys && again.entry == leaf.entry &&
                 again.page_bytes == leaf.page_bytes);
  }
}

static struct kl_space space; // an empty cache for each input

static void read_through(const struct kl_paging *paging, struct kl_image *image, uint64_t root, uint64_t va) {
  static uint8_t bytes[4096 + 16];
  struct kl_translation t;
  uint64_t phys;
  if (fuzz_status(kl_paging_translate(paging, image, root, va, &t)) == KL_OK)
    check_leaf(va, &t);
  enum kl_status first = fuzz_status(kl_space_phys(&space, va, &phys));
  uint64_t again;
  FUZZ_REQUIRE(fuzz_status(kl_space_phys(&space, va, &again)) == first); // from the cache
  FUZZ_REQUIRE(first != KL_OK || phys == again);
  (void)fuzz_status(kl_space_read(&space, va, bytes, sizeof bytes));
  (void)fuzz_status(kl_space_read(&space, va - 3, bytes, 7));
  (void)kl_paging_strip(paging, va);
}

// The places of the options, and what the script itself has.
static void read_all(const struct kl_paging *paging, struct kl_image *image, uint64_t root, const uint64_t *places,
                     struct kl_bytes script) {
  for (size_t i = 0; i < 4; i++)
    read_through(paging, image, root, places[i]);
  for (size_t i = 0; i + 8 <= script.n && i < 512; i += 72)
    read_through(paging, image, root, kl_le64(script.p + i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  struct kl_paging paging = paging_of(&input);
  struct page_script *script = script_read(input.body, &input);
  if (!script->n)
    return 0;
  if (script->fail_at) // a failing source breaks the promise that both ways agree
    script->fail_at = 0;
  uint64_t root = script->frames[0].pfn * SCRIPT_PAGE;
  struct kl_limits limits = fuzz_limits();
  struct kl_arena arena;
  kl_arena_init(&arena, fuzz_workspace_begin(WORKSPACE), WORKSPACE);
  struct kl_image *image;
  if (fuzz_status(script_image(script, &arena, &limits, &image)) == KL_OK) {
    uint64_t upper = 0 - (1ull << (paging.va_bits - (paging.arch == KL_ARCH_X86_64)));
    uint64_t places[4];
    kl_space_init(&space, &paging, image, root, root);
    for (size_t i = 0; i < 4; i++)
      places[i] = (uint64_t)fuzz_option16(&input) << 12 | (i % 2 ? upper : 0);
    uint64_t start = (uint64_t)fuzz_option16(&input) << 30;
    uint8_t ask = fuzz_option8(&input) % ASKS;
    if (ask == ASK_READS)
      read_all(&paging, image, root, places, input.body);
    else
      walk_all(&paging, image, root, ask == ASK_UPPER_HALF ? upper | start : start, 0);
  }
  fuzz_workspace_end(arena.peak);
  return 0;
}
