// image_compare REFERENCE FILE...: the memory of two dumps of one machine, page by
// page. Prints what became of the reference's pages in the other (all parts of
// a split dump are one), as JSON. Exit: 0 nothing differs, 1 something does or a
// file cannot be opened.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "io.h"

enum { PAGE = 4096, MAX_FILES = 64 };

struct dump {
  struct io_file *files[MAX_FILES];
  struct kl_source sources[MAX_FILES];
  struct kl_limits limits;
  struct kl_diagnostic notes[64];
  struct kl_diagnostics diagnostics;
  struct kl_codec codec;
  struct kl_arena arena;
  struct kl_image *image;
};

static int failed(const char *what, const char *why) {
  fprintf(stderr, "image_compare: %s: %s\n", what, why);
  return 1;
}

static int open_dump(struct dump *d, char **paths, size_t n) {
  struct io_error why;
  uint64_t bytes;
  if (n > MAX_FILES)
    return failed(paths[0], "too many files");
  for (size_t i = 0; i < n; i++) {
    if (!io_file_open(paths[i], &d->files[i], &why))
      return failed("cannot open", why.text);
    d->sources[i] = io_file_source(d->files[i]);
  }
  d->limits = kl_limits_default();
  d->diagnostics = (struct kl_diagnostics){.items = d->notes, .capacity = 64};
  d->codec = io_codec_calls(io_codec_create());
  enum kl_status status = kl_image_workspace(d->sources, n, &d->limits, &bytes);
  void *block = status == KL_OK ? io_workspace_create(bytes, &why) : NULL;
  if (!block)
    return failed(paths[0], kl_status_text(status));
  kl_arena_init(&d->arena, block, (size_t)bytes);
  status = kl_image_open(&d->arena, d->sources, n, &d->codec, &d->limits, &d->diagnostics, &d->image);
  return status == KL_OK ? 0 : failed(paths[0], kl_status_text(status));
}

struct sums {
  uint64_t same, differ, first_difference;
  uint64_t filtered, absent, zero_absent, failed; // in the other; zero_absent: and all zero in the reference
};

static void compare_page(struct dump *a, struct dump *b, uint64_t phys, struct sums *sums) {
  static uint8_t left[PAGE], right[PAGE], zeros[PAGE];
  if (kl_image_read(a->image, phys, left, PAGE) != KL_OK)
    return;
  enum kl_status status = kl_image_read(b->image, phys, right, PAGE);
  bool zero = !memcmp(left, zeros, PAGE), same = !memcmp(left, right, PAGE);
  sums->same += status == KL_OK && same;
  if (status == KL_OK && !same && !sums->differ++)
    sums->first_difference = phys;
  sums->filtered += status == KL_ERR_FILTERED;
  sums->absent += status == KL_ERR_ABSENT;
  sums->zero_absent += status == KL_ERR_ABSENT && zero;
  sums->failed += status != KL_OK && status != KL_ERR_FILTERED && status != KL_ERR_ABSENT;
}

static void compare(struct dump *a, struct dump *b, uint64_t step, struct sums *sums) {
  struct kl_segment s;
  for (uint64_t at = 0; kl_image_segment(a->image, at, &s) == KL_OK; at = s.end)
    for (uint64_t phys = s.start; phys < s.end; phys += step)
      compare_page(a, b, phys, sums);
}

// A raw image has no layout of its own: the one under which the most of a sample
// agrees.
static void choose_layout(struct dump *a, struct dump *b) {
  struct kl_image_layout layout, best = {0};
  uint64_t best_same = 0;
  for (uint64_t i = 0; kl_image_layout_propose(b->image, i, &layout) == KL_OK; i++) {
    struct sums sums = {0};
    if (kl_image_layout_use(b->image, &layout) != KL_OK)
      continue;
    compare(a, b, 256 * PAGE, &sums);
    if (sums.same > best_same) {
      best_same = sums.same;
      best = layout;
    }
  }
  if (best.name && kl_image_layout_use(b->image, &best) != KL_OK)
    abort();
}

int main(int argc, char **argv) {
  static struct dump a, b;
  struct sums sums = {0};
  if (argc < 3)
    return failed("usage", "image_compare REFERENCE FILE...");
  if (open_dump(&a, argv + 1, 1) || open_dump(&b, argv + 2, (size_t)argc - 2))
    return 1;
  choose_layout(&a, &b);
  compare(&a, &b, PAGE, &sums);
  printf("{\"container\": \"%s\", \"same\": %" PRIu64 ", \"differ\": %" PRIu64 ", \"first_difference\": %" PRIu64
         ", \"filtered\": %" PRIu64 ", \"absent\": %" PRIu64 ", \"zero_absent\": %" PRIu64 ", \"failed\": %" PRIu64
         ", \"notes\": [",
         kl_image_facts(b.image)->container, sums.same, sums.differ, sums.first_difference, sums.filtered,
         sums.absent, sums.zero_absent, sums.failed);
  for (size_t i = 0; i < b.diagnostics.used; i++)
    printf("%s\"%s\"", i ? ", " : "", b.notes[i].what);
  printf("], \"workspace\": %zu, \"used\": %zu}\n", b.arena.size, b.arena.peak);
  return sums.differ || sums.failed;
}
