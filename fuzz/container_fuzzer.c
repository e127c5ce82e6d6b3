// Containers: the input is a dump, or the parts of a split one.
#include <string.h>

#include "harness.h"
#include "image/image.h"

enum { PARTS = 4, READS = 4, WORKSPACE = 16 << 20 };

static void read_around(struct kl_image *image, uint64_t phys) {
  static uint8_t page[4096 + 64];
  const uint8_t *lent;
  bool stable;
  (void)fuzz_status(kl_image_read(image, phys, page, 1));
  (void)fuzz_status(kl_image_read(image, phys, page, sizeof page));
  (void)fuzz_status(kl_image_read(image, phys - 1, page, 2));
  if (fuzz_status(kl_image_lend(image, phys, 64, &lent, &stable)) == KL_OK)
    memcpy(page, lent, 64);
}

static void read_all(struct kl_image *image) {
  uint64_t at = 0;
  struct kl_segment segment;
  for (int i = 0; i < READS && fuzz_status(kl_image_segment(image, at, &segment)) == KL_OK; i++) {
    FUZZ_REQUIRE(segment.end > at && segment.start < segment.end);
    read_around(image, segment.start);
    read_around(image, segment.start + (segment.end - segment.start) / 2);
    read_around(image, segment.end - 1);
    at = segment.end;
  }
  FUZZ_REQUIRE(kl_image_end(image) || !kl_image_bytes(image));
  read_around(image, kl_image_end(image));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  uint8_t flags = fuzz_option8(&input);
  size_t parts = 1 + flags % PARTS;
  struct fuzz_source files[PARTS];
  struct kl_source sources[PARTS];
  struct fuzz_guarded guarded[PARTS];
  struct kl_bytes rest = input.body;
  for (size_t i = 0; i < parts; i++) {
    struct kl_bytes part = rest;
    size_t cut = i + 1 < parts ? fuzz_option16(&input) : rest.n;
    if (cut < rest.n)
      (void)kl_bytes_take(&rest, cut, &part);
    guarded[i] = fuzz_guard(part.p, part.n, flags & 16);
    fuzz_source_init(&files[i], guarded[i].p, part.n, &input);
    sources[i] = files[i].source;
  }
  unsigned proposal = fuzz_option8(&input) % 16; // of a layout; 0: as it is
  struct kl_limits limits = fuzz_limits();
  struct kl_arena arena;
  uint64_t needed = 0;
  enum kl_status sized = fuzz_status(kl_image_workspace(sources, parts, &limits, &needed));
  // What the image says it needs must suffice; less must be an ordinary error.
  bool enough = sized == KL_OK && needed <= WORKSPACE;
  size_t bytes = enough ? (flags & 32 ? (size_t)needed / 2 : (size_t)needed) : WORKSPACE;
  kl_arena_init(&arena, fuzz_workspace_begin(bytes), bytes);
  struct kl_diagnostic items[16];
  struct kl_diagnostics diagnostics = {.items = items, .capacity = 16};
  struct kl_image *image;
  enum kl_status status = fuzz_status(
      kl_image_open(&arena, sources, parts, flags & 64 ? NULL : &fuzz_codec, &limits, &diagnostics, &image));
  FUZZ_REQUIRE(status != KL_ERR_NO_MEMORY || !enough || flags & 32 || files[0].fail_at);
  if (status == KL_OK) {
    struct kl_image_layout layout;
    struct kl_cpu_registers cpu;
    for (uint64_t i = 0; i < 64 && kl_image_cpu(image, i, &cpu); i++)
      ;
    FUZZ_REQUIRE(kl_image_facts(image)->container != NULL);
    if (!proposal || (kl_image_layout_propose(image, proposal - 1, &layout) == KL_OK &&
                      fuzz_status(kl_image_layout_use(image, &layout)) == KL_OK))
      read_all(image);
  }
  fuzz_workspace_end(arena.peak);
  for (size_t i = 0; i < parts; i++)
    fuzz_release(&guarded[i]);
  return 0;
}
