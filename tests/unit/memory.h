// Guest-physical memory with gaps, made by hand: an ELF core whose segments are
// the runs of pages that the test keeps. Nothing is lent unless it is asked for.
#ifndef KL_TEST_MEMORY_H
#define KL_TEST_MEMORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/image.h"

enum { MEMORY_PAGE = 4096, MEMORY_HEAD = 1 << 16, MEMORY_ARENA = 8 << 20 };

struct memory {
  uint8_t *file, *p; // p: the byte at start
  uint64_t start, bytes;
  bool lends;
  void *block;
  struct kl_arena arena;
  struct kl_source source;
  struct kl_limits limits;
  struct kl_image *image;
};

static inline enum kl_status memory_read(void *user, uint64_t offset, void *dst, size_t n) {
  struct memory *m = user;
  if (offset > m->source.bytes || n > m->source.bytes - offset)
    return KL_ERR_IO;
  memcpy(dst, m->file + offset, n);
  return KL_OK;
}
static inline enum kl_status memory_lend(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  struct memory *m = user;
  if (!m->lends || offset > m->source.bytes || n > m->source.bytes - offset)
    return KL_ERR_UNSUPPORTED;
  *ret = m->file + offset;
  return KL_OK;
}

// Memory to be written through p, then opened.
static inline void memory_init(struct memory *m, uint64_t start, uint64_t bytes) {
  memset(m, 0, sizeof *m);
  m->start = start;
  m->bytes = bytes;
  m->file = calloc(1, (size_t)(MEMORY_HEAD + bytes));
  m->block = malloc(MEMORY_ARENA);
  assert_non_null(m->file);
  assert_non_null(m->block);
  m->p = m->file + MEMORY_HEAD;
  m->lends = true;
  m->limits = kl_limits_default();
}
static inline void memory_close(struct memory *m) {
  free(m->file);
  free(m->block);
}

static inline void memory_le(uint8_t *p, uint64_t v, size_t n) {
  for (size_t i = 0; i < n; i++)
    p[i] = (uint8_t)(v >> 8 * i);
}
static inline void memory_put(struct memory *m, uint64_t phys, uint64_t v, size_t n) {
  assert_true(phys >= m->start && phys - m->start <= m->bytes && n <= m->bytes - (phys - m->start));
  memory_le(m->p + (phys - m->start), v, n);
}
static inline void memory_put_bytes(struct memory *m, uint64_t phys, const void *p, size_t n) {
  assert_true(phys >= m->start && phys - m->start <= m->bytes && n <= m->bytes - (phys - m->start));
  memcpy(m->p + (phys - m->start), p, n);
}

// Opens it. absent: pages that the dump lacks, ascending, ended by UINT64_MAX;
// may be null.
static inline void memory_open(struct memory *m, const uint64_t *absent) {
  const uint8_t head[64] = {
      0x7f, 'E', 'L', 'F', 2, 1, 1, [16] = 4, [18] = 62, [20] = 1, [32] = 64, [52] = 64, [54] = 56};
  memcpy(m->file, head, sizeof head);
  uint64_t at = m->start, end = m->start + m->bytes, n = 0;
  while (at < end) {
    uint64_t stop = end;
    if (absent && *absent < end)
      stop = *absent++;
    if (stop > at) {
      uint64_t segment[7] = {1 | 4ull << 32, MEMORY_HEAD + (at - m->start), 0, at, stop - at, stop - at, 0};
      assert_true(64 + 56 * (n + 1) <= MEMORY_HEAD);
      memcpy(m->file + 64 + 56 * n++, segment, sizeof segment);
    }
    at = stop < end ? stop + MEMORY_PAGE : end;
  }
  memory_le(m->file + 56, n, 2);
  m->source =
      (struct kl_source){.user = m, .bytes = MEMORY_HEAD + m->bytes, .read = memory_read, .lend = memory_lend};
  kl_arena_init(&m->arena, m->block, MEMORY_ARENA);
  assert_int_equal(kl_image_open(&m->arena, &m->source, 1, NULL, &m->limits, NULL, &m->image), KL_OK);
}

#endif
