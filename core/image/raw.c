// Raw images: memory and nothing else, so the container does not say where its
// bytes lie. The layouts that machines use are proposed, and attach keeps the
// one under which the kernel's own tables make sense.
#include "image/internal.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

// A layout fits a file of at least min_bytes. Where two machines share one, it
// is proposed once, under the first name that fits.
static const struct known_layout {
  struct kl_image_layout layout;
  uint64_t min_bytes;
} known_layouts[] = {
    {{"flat", 0, 0, 0}, 0},
    // x86: RAM leaves room for devices below 4 GiB and goes on above.
    {{"q35", 0, 0x80000000, 4 * GIB}, 0xb0000000},         // QEMU hw/i386/pc_q35.c
    {{"i440fx", 0, 0xc0000000, 4 * GIB}, 0xe0000000},      // QEMU hw/i386/pc_piix.c
    {{"microvm", 0, 0xc0000000, 4 * GIB}, 0xc0000000},     // QEMU; VMware and Cloud Hypervisor too
    {{"firecracker", 0, 0xd0000000, 4 * GIB}, 0xd0000000}, // 768 MiB gap; crosvm and kvmtool too
    {{"virtualbox", 0, 0xe0000000, 4 * GIB}, 0xe0000000},  // 512 MiB gap; i440fx of QEMU before 2.0 too
    {{"xen", 0, 0xf0000000, 4 * GIB}, 0xf0000000},         // 256 MiB gap
    {{"hyper-v", 0, 0xf8000000, 4 * GIB}, 0xf8000000},     // 128 MiB gap
    {{"q35-2.75G", 0, 0xb0000000, 4 * GIB}, 0xb0000000},   // q35 without gigabyte alignment
    {{"1G", 0, 0x40000000, 4 * GIB}, 0x40000000},          // max-ram-below-4g=1G
    // arm64: RAM starts high, the file at 0.
    {{"arm64-virt", 0x40000000, 0, 0}, 0}, // QEMU hw/arm/virt.c
    {{"arm64-cloud-hypervisor", 0x40000000, 0xfc000000, 4 * GIB}, 0xbc000000},
    {{"arm64-firecracker", 0x80000000, 0, 0}, 0}, // kvmtool too
    {{"arm64-apple", 0x70000000, 0, 0}, 0},       // Virtualization.framework
    // LiME's raw mode: System RAM without its gaps. Where RAM ends below 1 MiB,
    // the BIOS or UEFI says; the gaps that it makes near 4 GiB are not known.
    {{"lime-raw-bios", 0x1000, 0x9fc00, MIB}, MIB},
    {{"lime-raw-uefi", 0x1000, 0xa0000, MIB}, MIB},
};
enum { KNOWN_LAYOUTS = sizeof known_layouts / sizeof *known_layouts };

static bool same_place(const struct kl_image_layout *a, const struct kl_image_layout *b) {
  return a->base == b->base && a->hole_start == b->hole_start && a->hole_end == b->hole_end;
}

static bool proposed(size_t k, uint64_t bytes) {
  if (bytes < known_layouts[k].min_bytes)
    return false;
  for (size_t i = 0; i < k; i++)
    if (bytes >= known_layouts[i].min_bytes && same_place(&known_layouts[i].layout, &known_layouts[k].layout))
      return false;
  return true;
}

enum kl_status kl_image_layout_propose(const struct kl_image *image, uint64_t i, struct kl_image_layout *ret) {
  if (!image->has_layouts)
    return KL_END;
  for (size_t k = 0; k < KNOWN_LAYOUTS; k++) {
    if (!proposed(k, image->files[0].bytes))
      continue;
    if (!i--) {
      *ret = known_layouts[k].layout;
      return KL_OK;
    }
  }
  return KL_END;
}

enum kl_status kl_image_layout_use(struct kl_image *image, const struct kl_image_layout *layout) {
  uint64_t bytes = image->files[0].bytes, end;
  bool hole = layout->hole_start != layout->hole_end;
  if (!image->has_layouts)
    return KL_ERR_UNSUPPORTED;
  if (hole && (layout->hole_start <= layout->base || layout->hole_end < layout->hole_start))
    return KL_ERR_ARGUMENT;
  uint64_t low = hole ? kl_min(bytes, layout->hole_start - layout->base) : bytes;
  if (!kl_add(layout->base, low, &end) || !kl_add(layout->hole_end, bytes - low, &end))
    return KL_ERR_ARGUMENT;
  struct kl_run *runs = image->runs.items;
  runs[0] = (struct kl_run){.start = layout->base, .end = layout->base + low, .state = KL_SEGMENT_FILE};
  image->runs.n = 1;
  if (low < bytes) {
    runs[1] = (struct kl_run){.start = layout->hole_end, .end = end, .offset = low, .state = KL_SEGMENT_FILE};
    image->runs.n = 2;
  }
  image->hint = 0;
  kl_image_sum_runs(image);
  return KL_OK;
}

void kl_image_layout_follow(struct kl_image *image, const struct kl_image *other) {
  if (!image->has_layouts || !other->has_layouts)
    return;
  memcpy(image->runs.items, other->runs.items, other->runs.n * sizeof *other->runs.items);
  image->runs.n = other->runs.n;
  image->hint = 0;
  kl_image_sum_runs(image);
}

static enum kl_status raw_workspace(const struct kl_source *file, size_t n, const struct kl_limits *limits,
                                    uint64_t *ret) {
  (void)file, (void)n, (void)limits;
  *ret = kl_arena_cost(2 * sizeof(struct kl_run));
  return KL_OK;
}

static enum kl_status raw_open(struct kl_image *image) {
  // The lender of the file, the sums and the reads are those of any container
  // that holds memory as it is; the layout in use is one run or two.
  struct kl_run flat = {.end = image->files[0].bytes, .state = KL_SEGMENT_FILE};
  KL_TRY(kl_runs_add(image->arena, &image->runs, &flat));
  KL_TRY(kl_runs_add(image->arena, &image->runs, &flat)); // room for the second
  image->runs.n = 1;
  image->has_layouts = true;
  return kl_image_use_runs(image, 0);
}

const struct kl_container kl_container_raw = {
    .name = "raw",
    .workspace = raw_workspace,
    .open = raw_open,
};
