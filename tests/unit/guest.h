// A guest made by hand: physical memory that a test writes, read back through
// the real image, and a kernel whose fields the test sets.
#ifndef KL_TEST_GUEST_H
#define KL_TEST_GUEST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "kernel/kernel.h"

// Where the kernel's view of physical 0 lies: one large page, see guest_map().
#define GUEST_DIRECT_MAP 0xffff888000000000ull

struct guest {
  uint8_t *file, *memory; // memory is inside file
  uint64_t start, bytes;  // guest-physical
  void *block;
  struct kl_arena arena;
  struct kl_source source;
  struct kl_limits limits;
  struct kl_image *image;
  struct kl_budget budget;
  struct kl_kernel kernel;
};

static inline enum kl_status guest_read_file(void *user, uint64_t offset, void *dst, size_t n) {
  struct guest *g = user;
  if (offset > g->source.bytes || n > g->source.bytes - offset)
    return KL_ERR_IO;
  memcpy(dst, g->file + offset, n);
  return KL_OK;
}

static inline void guest_put(struct guest *g, uint64_t phys, uint64_t v, size_t n) {
  assert_true(phys >= g->start && phys - g->start <= g->bytes && n <= g->bytes - (phys - g->start));
  for (size_t i = 0; i < n; i++)
    g->memory[phys - g->start + i] = (uint8_t)(v >> 8 * i);
}
static inline void guest_put64(struct guest *g, uint64_t phys, uint64_t v) {
  guest_put(g, phys, v, 8);
}
static inline void guest_put_text(struct guest *g, uint64_t phys, const char *s) {
  for (size_t i = 0; i <= strlen(s); i++)
    guest_put(g, phys + i, (uint8_t)s[i], 1);
}

// An ELF core of one segment: guest-physical [start, start + bytes).
static inline void guest_open(struct guest *g, uint64_t start, uint64_t bytes) {
  enum { HEAD = 4096, BLOCK = 1 << 20 };
  memset(g, 0, sizeof *g);
  g->start = start;
  g->bytes = bytes;
  g->file = calloc(1, (size_t)(HEAD + bytes));
  g->block = malloc(BLOCK);
  assert_non_null(g->file);
  assert_non_null(g->block);
  static const uint8_t head[64] = {
      0x7f, 'E', 'L', 'F', 2, 1, 1, [16] = 4, [18] = 62, [20] = 1, [32] = 64, [52] = 64, [54] = 56, [56] = 1};
  memcpy(g->file, head, sizeof head);
  uint64_t segment[7] = {1 | 4ull << 32, HEAD, 0, start, bytes, bytes, 0}; // PT_LOAD
  memcpy(g->file + 64, segment, sizeof segment);
  g->memory = g->file + HEAD;
  g->source = (struct kl_source){.user = g, .bytes = HEAD + bytes, .read = guest_read_file};
  g->limits = kl_limits_default();
  g->budget.steps = 1u << 20;
  kl_arena_init(&g->arena, g->block, BLOCK);
  assert_int_equal(kl_image_open(&g->arena, &g->source, 1, NULL, &g->limits, NULL, &g->image), KL_OK);
}

static inline void guest_close(struct guest *g) {
  free(g->file);
  free(g->block);
}

// A kernel in it, whose first GiB of physical memory is at GUEST_DIRECT_MAP.
// The last two pages become its page tables.
static inline void guest_map(struct guest *g) {
  uint64_t root = g->start + g->bytes - 8192, upper = root + 4096;
  uint64_t index = GUEST_DIRECT_MAP >> 39 & 511;
  guest_put64(g, root + 8 * index, upper | 0x63);
  guest_put64(g, upper, 0 | 0x80000000000001e3); // a writable page of 1 GiB
  struct kl_kernel *k = &g->kernel;
  k->arena = &g->arena;
  k->image = g->image;
  k->limits = &g->limits;
  k->root = root;
  k->direct_map_base = GUEST_DIRECT_MAP;
  k->paging = (struct kl_paging){.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 4, .va_bits = 48};
  kl_space_init(&k->space, &k->paging, g->image, root, 0);
}

// A member of the kernel's types.
static inline void guest_field(struct guest *g, enum kl_field_id field, uint32_t offset, uint32_t size) {
  g->kernel.fields[field] = (struct kl_field){.present = true, .offset = offset, .size = size};
}

#endif
