// Verifies that a page-table root maps a kernel image, and measures the image.
#include "kernel/foothold.h"

#include "base/checked.h"

static const uint64_t X86_IMAGE_START = 0xffffffff80000000; // __START_KERNEL_map
static const uint64_t X86_IMAGE_END = 0xffffffffc0000000;   // KERNEL_IMAGE_SIZE with KASLR

// A kernel image with BTF and kallsyms is larger than this; what firmware or a
// boot loader maps up there is not.
static const uint64_t MIN_IMAGE_BYTES = 4ull << 20;
// The room that arm64 and x86-64 linker scripts leave; allyesconfig is 200 MiB.
static const uint64_t MAX_IMAGE_BYTES = 512ull << 20;

// 8 GiB in 4 KiB pages, and the tables above them: before an arm64 image comes
// what vmalloc and ioremap placed below it, with a PCI window of 256 MiB and a
// stack a table (1.07 million entries seen).
enum { MAX_STEPS = 1 << 21 };

struct kl_paging kl_paging_x86_64(uint8_t levels, uint64_t sme_mask) {
  return (struct kl_paging){.arch = KL_ARCH_X86_64,
                            .granule_shift = 12,
                            .levels = levels,
                            .va_bits = levels == 5 ? 57 : 48,
                            .sme_mask = sme_mask};
}

// A kernel that has 52-bit addresses with 4K or 16K pages uses LPA2 descriptors;
// with 64K pages the high output bits are zero where LPA is not in use. The
// bits above the address may hold a signature in kernels with PAC, and are all
// ones in those without.
struct kl_paging kl_paging_aarch64(uint8_t granule_shift, uint8_t va_bits) {
  unsigned stride = granule_shift - 3u;
  return (struct kl_paging){.arch = KL_ARCH_AARCH64,
                            .granule_shift = granule_shift,
                            .levels = (uint8_t)((va_bits - granule_shift + stride - 1) / stride),
                            .va_bits = va_bits,
                            .lpa2 = va_bits == 52 && granule_shift != 16,
                            .lpa = granule_shift == 16,
                            .pac_mask = ~0ull << va_bits};
}

// Most bits first: a table below the root maps the image too, as the root of
// fewer bits, but not the direct map.
static const uint8_t ways[][2] = {{12, 52}, {12, 48}, {12, 39}, {14, 52}, {14, 48},
                                  {14, 47}, {14, 36}, {16, 52}, {16, 48}, {16, 42}};

bool kl_paging_aarch64_way(size_t i, struct kl_paging *ret) {
  if (i >= sizeof ways / sizeof *ways)
    return false;
  *ret = kl_paging_aarch64(ways[i][0], ways[i][1]);
  return true;
}

uint64_t kl_paging_root_bytes(const struct kl_paging *paging) {
  unsigned below = paging->granule_shift + (paging->levels - 1u) * (paging->granule_shift - 3u);
  return 8ull << (paging->va_bits - below);
}

bool kl_maps(const struct kl_paging *paging, struct kl_image *image, uint64_t root, uint64_t va, uint64_t phys) {
  struct kl_translation t;
  return kl_paging_translate(paging, image, root, va, &t) == KL_OK && t.state == KL_ENTRY_PRESENT && t.phys == phys;
}

static void add_constant(struct kl_foothold *hold, uint64_t phys, uint64_t bytes) {
  if (hold->n_constant && hold->constant[hold->n_constant - 1].end == phys)
    hold->constant[hold->n_constant - 1].end += bytes;
  else if (hold->n_constant < KL_FOOTHOLD_RANGES)
    hold->constant[hold->n_constant++] = (struct kl_range){phys, phys + bytes};
}

// Measures what of [start, end) is mapped with one distance to its physical
// addresses: image_to_phys, or when that is not known that of the first run
// that is long enough and has code. Init memory, freed after boot, leaves gaps.
static enum kl_status measure_within(struct kl_foothold *hold, struct kl_image *image, uint64_t start, uint64_t end,
                                     bool known, struct kl_budget *budget) {
  struct kl_leaf_walk walk;
  uint64_t mapped = 0;
  bool executable = false;
  kl_leaf_walk_init(&walk, &hold->paging, image, hold->root, start, end);
  for (;;) {
    uint64_t va;
    struct kl_translation t;
    enum kl_status status = kl_leaf_walk_next(&walk, budget, &va, &t);
    if (status == KL_END || status == KL_ERR_BUDGET)
      break;
    if (status == KL_ERR_CANCELLED)
      return status;
    if (status != KL_OK || t.state != KL_ENTRY_PRESENT)
      continue;
    if (va - t.phys != hold->image_to_phys || !mapped) {
      if (known ? va - t.phys != hold->image_to_phys : mapped >= MIN_IMAGE_BYTES && executable)
        continue;
      hold->image_to_phys = va - t.phys;
      hold->start = va;
      hold->n_constant = 0;
      mapped = 0;
      executable = false;
    }
    if (va - hold->start > MAX_IMAGE_BYTES)
      break;
    mapped += t.page_bytes;
    executable |= t.executable;
    hold->end = va + t.page_bytes;
    if (!t.writable && !t.executable)
      add_constant(hold, t.phys, t.page_bytes);
  }
  return mapped >= MIN_IMAGE_BYTES && executable ? KL_OK : KL_ERR_NOT_FOUND;
}

static enum kl_status measure(struct kl_foothold *hold, struct kl_image *image, uint64_t start, uint64_t end,
                              bool known) {
  struct kl_budget budget = {.steps = MAX_STEPS};
  enum kl_status status = measure_within(hold, image, start, end, known, &budget);
  hold->steps += MAX_STEPS - budget.steps;
  return status;
}

// arm64 puts the image into the upper half of the kernel's addresses, among
// vmalloc memory, the direct map into the lower: 14c127c957c1 ("arm64: mm: Flip
// kernel VA space") in 5.4.
enum kl_status kl_foothold_find(struct kl_foothold *hold, struct kl_image *image) {
  if (hold->paging.arch == KL_ARCH_X86_64)
    return measure(hold, image, X86_IMAGE_START, X86_IMAGE_END, false);
  return measure(hold, image, 0 - (1ull << (hold->paging.va_bits - 1)), 0, false);
}

enum kl_status kl_foothold_around(struct kl_foothold *hold, struct kl_image *image, uint64_t va) {
  if (!kl_maps(&hold->paging, image, hold->root, va, va - hold->image_to_phys))
    return KL_ERR_NOT_FOUND;
  uint64_t reach = MAX_IMAGE_BYTES / 2;
  if (hold->paging.arch == KL_ARCH_X86_64)
    return measure(hold, image, X86_IMAGE_START, X86_IMAGE_END, true);
  return measure(hold, image, va > reach ? va - reach : 0, va > ~0ull - reach ? 0 : va + reach, true);
}
