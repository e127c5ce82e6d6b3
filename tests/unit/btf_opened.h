// A BTF that a test has opened: over a heap copy of exactly its bytes, so that
// a read past either end is caught, and at an odd address, as in a dump.
#ifndef KL_TESTS_BTF_OPENED_H
#define KL_TESTS_BTF_OPENED_H

#include <stdlib.h>

#include "btf_builder.h"

struct opened {
  uint8_t *copy;
  void *block;
  struct kl_arena arena;
  struct kl_btf *btf;
  enum kl_status status;
  uint64_t bad;
};

enum { OPENED_ARENA = 4 << 20 };

static inline void opened_with(struct opened *o, struct kl_bytes data, const struct kl_btf *base,
                               const struct kl_limits *limits, size_t arena_bytes) {
  memset(o, 0, sizeof *o);
  o->copy = malloc(data.n + 1);
  o->block = malloc(arena_bytes ? arena_bytes : 1);
  assert(o->copy && o->block);
  if (data.n)
    memcpy(o->copy + 1, data.p, data.n);
  kl_arena_init(&o->arena, o->block, arena_bytes);
  o->bad = UINT64_MAX;
  o->status = kl_btf_open(&o->arena, kl_bytes_of(o->copy + 1, data.n), base, limits, &o->btf, &o->bad);
}

static inline void opened(struct opened *o, struct kl_bytes data, const struct kl_btf *base) {
  struct kl_limits limits = kl_limits_default();
  opened_with(o, data, base, &limits, OPENED_ARENA);
}

static inline void opened_close(struct opened *o) {
  free(o->copy);
  free(o->block);
}

// Is it refused, and as what? Closes.
static inline enum kl_status opening(struct kl_bytes data) {
  struct opened o;
  opened(&o, data, 0);
  enum kl_status status = o.status;
  opened_close(&o);
  return status;
}

static inline struct kl_bytes text_bytes(const char *s) {
  return kl_bytes_of(s, strlen(s));
}

#endif
