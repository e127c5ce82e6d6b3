// Containers made by hand, in memory: a file that grows as it is written, read
// with and without lending, whole, cut short and failing; and what the guest's
// memory in it must be.
#ifndef KL_TEST_IMAGE_FILES_H
#define KL_TEST_IMAGE_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/image.h"
#include "image/internal.h"

// ── Files ──────────────────────────────────────────────────────────────────

struct file {
  uint8_t *p;
  size_t n, room;
  uint64_t reads;   // so far
  uint64_t fail_at; // the number of the read that fails; 0: none
  uint64_t bytes;   // that were read
};

static inline void file_grow(struct file *f, size_t n) {
  if (n > f->room) {
    size_t room = 2 * n;
    f->p = realloc(f->p, room);
    assert_non_null(f->p);
    memset(f->p + f->room, 0, room - f->room);
    f->room = room;
  }
  if (n > f->n)
    f->n = n;
}
static inline void file_put(struct file *f, size_t at, const void *p, size_t n) {
  file_grow(f, at + n);
  memcpy(f->p + at, p, n);
}
// An integer of n bytes, little-endian.
static inline void file_le(struct file *f, size_t at, uint64_t v, size_t n) {
  file_grow(f, at + n);
  for (size_t i = 0; i < n; i++)
    f->p[at + i] = (uint8_t)(v >> 8 * i);
}
static inline void file_be64(struct file *f, size_t at, uint64_t v) {
  file_grow(f, at + 8);
  for (size_t i = 0; i < 8; i++)
    f->p[at + i] = (uint8_t)(v >> (56 - 8 * i));
}
static inline void file_fill(struct file *f, size_t at, uint8_t byte, size_t n) {
  file_grow(f, at + n);
  memset(f->p + at, byte, n);
}
static inline void file_free(struct file *f) {
  free(f->p);
  *f = (struct file){0};
}
static inline struct file file_copy(const struct file *f) {
  struct file copy = {0};
  file_put(&copy, 0, f->p, f->n);
  return copy;
}

// The core promises to stay inside: a read outside is a defect, not an error.
static inline enum kl_status file_read(void *user, uint64_t offset, void *dst, size_t n) {
  struct file *f = user;
  assert_true(offset <= f->n && n <= f->n - offset);
  if (++f->reads == f->fail_at)
    return KL_ERR_IO;
  f->bytes += n;
  memcpy(dst, f->p + offset, n);
  return KL_OK;
}
static inline enum kl_status file_lend(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  struct file *f = user;
  assert_true(offset <= f->n && n <= f->n - offset);
  *ret = f->p + offset;
  return KL_OK;
}

// ── A decompressor that both sides of a test understand ────────────────────

// Every method: pairs of (count - 1, byte). Snappy has its varint in front, as
// framing looks at that.
static inline enum kl_status pairs_inflate(void *user, enum kl_method method, const uint8_t *in, size_t in_n,
                                           uint8_t *out, size_t out_cap, size_t *out_n) {
  size_t n = 0, i = 0;
  (void)user;
  if (method == KL_METHOD_SNAPPY)
    while (i < in_n && in[i++] & 0x80)
      ;
  for (; i + 1 < in_n; i += 2)
    for (size_t count = (size_t)in[i] + 1; count; count--) {
      if (n == out_cap)
        return KL_ERR_MALFORMED;
      out[n++] = in[i + 1];
    }
  *out_n = n;
  return i == in_n ? KL_OK : KL_ERR_MALFORMED;
}

// n bytes of one value, compressed; gives the size.
static inline size_t put_pairs(struct file *f, size_t at, uint8_t byte, size_t n) {
  size_t start = at;
  for (; n; at += 2) {
    size_t part = n < 32 ? n : 32; // no better than real methods
    file_le(f, at, part - 1, 1);
    file_le(f, at + 1, byte, 1);
    n -= part;
  }
  return at - start;
}

// ── An image over them ─────────────────────────────────────────────────────

enum { MAX_FILES = 8, MAX_NOTES = 64 };

struct opened {
  struct kl_limits limits;
  struct kl_codec codec;
  struct kl_source sources[MAX_FILES];
  struct kl_diagnostic notes[MAX_NOTES];
  struct kl_diagnostics diagnostics;
  struct kl_arena arena;
  void *block;
  struct kl_image *image;
};

static inline void close_image(struct opened *o) {
  free(o->block);
  o->block = NULL;
  o->image = NULL;
}

// Opens with exactly the workspace that kl_image_workspace names: that it
// suffices is part of every test. limits may be null.
static inline enum kl_status open_files(struct opened *o, struct file *files, size_t n, bool lend,
                                        const struct kl_limits *limits) {
  uint64_t bytes = 0;
  memset(o, 0, sizeof *o);
  o->limits = limits ? *limits : kl_limits_default();
  if (!limits)
    o->limits.block_cache_bytes = 1 << 20; // tests open thousands
  o->codec.inflate = pairs_inflate;
  o->diagnostics = (struct kl_diagnostics){.items = o->notes, .capacity = MAX_NOTES};
  for (size_t i = 0; i < n; i++)
    o->sources[i] = (struct kl_source){&files[i], files[i].n, file_read, lend ? file_lend : NULL};
  enum kl_status status = kl_image_workspace(o->sources, n, &o->limits, &bytes);
  if (status != KL_OK)
    return status;
  assert_true(bytes < 1ull << 32);
  o->block = malloc((size_t)bytes + 1);
  assert_non_null(o->block);
  kl_arena_init(&o->arena, o->block, (size_t)bytes);
  status = kl_image_open(&o->arena, o->sources, n, &o->codec, &o->limits, &o->diagnostics, &o->image);
  assert_int_not_equal(status, KL_ERR_NO_MEMORY);
  assert_int_not_equal(status, KL_ERR_INTERNAL);
  if (status != KL_OK)
    o->image = NULL;
  return status;
}

static inline bool has_note(const struct opened *o, const char *what, enum kl_status reason) {
  for (size_t i = 0; i < o->diagnostics.used; i++)
    if (o->notes[i].reason == reason && strstr(o->notes[i].what, what))
      return true;
  return false;
}

// ── Expectations ───────────────────────────────────────────────────────────

// A run of memory that must read as one byte value, or not at all.
struct expected {
  uint64_t start, end;
  enum kl_status status; // KL_OK: byte
  uint8_t byte;
};

static inline void expect_byte(struct opened *o, uint64_t phys, enum kl_status status, uint8_t byte) {
  uint8_t got = (uint8_t)~byte;
  enum kl_status s = kl_image_read(o->image, phys, &got, 1);
  if (s != status || (s == KL_OK && got != byte))
    fail_msg("at 0x%llx: %s 0x%02x, expected %s 0x%02x", (unsigned long long)phys, kl_status_text(s), got,
             kl_status_text(status), byte);
  const uint8_t *lent;
  bool stable;
  s = kl_image_lend(o->image, phys, 1, &lent, &stable);
  if (s == KL_ERR_UNSUPPORTED)
    return;
  assert_int_equal(s, status);
  if (s == KL_OK)
    assert_int_equal(*lent, byte);
}

// Both ends, the middle, and the whole in one read; nothing reaches past the end
// unless the next run continues it.
static inline void expect_runs(struct opened *o, const struct expected *runs, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const struct expected *r = &runs[i];
    expect_byte(o, r->start, r->status, r->byte);
    expect_byte(o, r->end - 1, r->status, r->byte);
    expect_byte(o, r->start + (r->end - r->start) / 2, r->status, r->byte);
    size_t size = (size_t)(r->end - r->start);
    if (size > 1 << 20)
      continue;
    uint8_t *all = malloc(size);
    assert_int_equal(kl_image_read(o->image, r->start, all, size), r->status);
    for (size_t k = 0; r->status == KL_OK && k < size; k++)
      assert_int_equal(all[k], r->byte);
    free(all);
  }
}

static inline void expect_segment(struct opened *o, uint64_t from, uint64_t start, uint64_t end,
                                  enum kl_segment_state state, uint64_t file_offset) {
  struct kl_segment s = {0};
  assert_int_equal(kl_image_segment(o->image, from, &s), KL_OK);
  assert_int_equal(s.start, start);
  assert_int_equal(s.end, end);
  assert_int_equal(s.state, state);
  assert_int_equal(s.file_offset, file_offset);
}
static inline void expect_no_segment(struct opened *o, uint64_t from) {
  struct kl_segment s;
  assert_int_equal(kl_image_segment(o->image, from, &s), KL_END);
}

// Segments ascend, do not overlap, and end.
static inline void expect_order(struct opened *o) {
  struct kl_segment s;
  uint64_t at = 0, bytes = 0;
  for (int i = 0; i < 100000 && kl_image_segment(o->image, at, &s) == KL_OK; i++) {
    assert_true(s.start >= at && s.end > s.start);
    bytes += s.end - s.start;
    at = s.end;
  }
  expect_no_segment(o, at);
  assert_int_equal(kl_image_bytes(o->image), bytes);
  assert_int_equal(kl_image_end(o->image), at);
}

// The file cut at every byte: it may be refused or read in part, but a byte
// that is read is the right one.
static inline void expect_truncations_hold(const struct file *whole, const struct expected *runs, size_t n) {
  for (size_t size = 0; size < whole->n; size++) {
    struct file cut = file_copy(whole);
    cut.n = size;
    cut.p = realloc(cut.p, size ? size : 1); // so that a sanitizer sees one byte too far
    for (int lend = 0; lend < 2; lend++) {
      struct opened o;
      if (open_files(&o, &cut, 1, lend, NULL) == KL_OK && !o.image->has_layouts) {
        expect_order(&o);
        for (size_t i = 0; i < n; i++)
          for (int k = 0; k < 3; k++) {
            uint64_t at = k == 0 ? runs[i].start : k == 1 ? runs[i].end - 1 : (runs[i].start + runs[i].end) / 2;
            uint8_t byte;
            if (kl_image_read(o.image, at, &byte, 1) == KL_OK) {
              assert_int_equal(runs[i].status, KL_OK);
              assert_int_equal(byte, runs[i].byte);
            }
          }
      }
      close_image(&o);
    }
    free(cut.p);
  }
}

// Every read of the file fails once: that is an I/O error, or it does not
// matter; never a wrong byte.
static inline void expect_faults_hold(struct file *f, const struct expected *runs, size_t n) {
  for (uint64_t k = 1;; k++) {
    struct opened o;
    f->reads = 0;
    f->fail_at = k;
    enum kl_status status = open_files(&o, f, 1, false, NULL);
    if (status == KL_OK) {
      for (size_t i = 0; i < n; i++) {
        uint8_t byte;
        enum kl_status s = kl_image_read(o.image, runs[i].start, &byte, 1);
        if (s == KL_OK)
          assert_int_equal(byte, runs[i].byte);
        else if (s != KL_ERR_IO)
          assert_int_equal(s, runs[i].status);
      }
    } else {
      assert_int_equal(status, KL_ERR_IO);
    }
    close_image(&o);
    bool reached = f->reads >= k;
    f->fail_at = 0;
    if (!reached)
      return;
  }
}

// Every byte of a range set to hostile values: it may be refused, or read
// otherwise; it ends, and stays inside (file_read and the sanitizers look).
static inline void expect_mutations_end(const struct file *whole, size_t from, size_t to,
                                        const struct expected *runs, size_t n) {
  static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
  struct file f = file_copy(whole);
  for (size_t at = from; at < to && at < f.n; at++) {
    uint8_t was = f.p[at];
    for (size_t v = 0; v < sizeof values; v++) {
      struct opened o;
      f.p[at] = values[v];
      if (open_files(&o, &f, 1, v & 1, NULL) == KL_OK) {
        expect_order(&o);
        for (size_t i = 0; i < n; i++) {
          uint8_t bytes[16];
          enum kl_status first = kl_image_read(o.image, runs[i].start, bytes, sizeof bytes);
          enum kl_status last = kl_image_read(o.image, runs[i].end - 1, bytes, sizeof bytes);
          assert_int_not_equal(first, KL_ERR_INTERNAL);
          assert_int_not_equal(last, KL_ERR_INTERNAL);
        }
      }
      close_image(&o);
    }
    f.p[at] = was;
  }
  file_free(&f);
}

#endif
