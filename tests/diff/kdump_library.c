// The pages of kdump files here, next to what libkdumpfile reads: each page byte
// for byte, and each that is not there.
//
//   kdump_library FILE... [-- FILE]    all files are one dump (makedumpfile --split); libkdumpfile reads
//                                      the one behind --, where it can't read those
//
// What may differ: libkdumpfile has one answer for pages that were left out and
// for addresses without memory; we tell them apart.
#include <fcntl.h>
#include <inttypes.h>
#include <libkdumpfile/kdumpfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../frontends/io/io.h"
#include "files.h"
#include "image/image.h"

enum { MOST_FILES = 8, MOST_PAGE = 1 << 16, WORKSPACE = 64 << 20 };

static enum kl_status read_file(void *user, uint64_t offset, void *dst, size_t n) {
  memcpy(dst, ((const struct kl_bytes *)user)->p + offset, n);
  return KL_OK;
}

static struct kl_image *open_ours(char **paths, size_t n) {
  static struct kl_bytes files[MOST_FILES];
  static struct kl_source sources[MOST_FILES];
  static struct kl_limits limits;
  static struct kl_codec codec;
  static struct kl_arena arena;
  struct kl_image *image;
  for (size_t i = 0; i < n; i++) {
    files[i] = file_bytes(paths[i]);
    sources[i] = (struct kl_source){.user = &files[i], .bytes = files[i].n, .read = read_file};
  }
  limits = kl_limits_default();
  codec = io_codec_calls(io_codec_create());
  kl_arena_init(&arena, malloc(WORKSPACE), WORKSPACE);
  enum kl_status status = kl_image_open(&arena, sources, n, &codec, &limits, NULL, &image);
  if (status == KL_OK)
    return image;
  printf("%s: %s\n", paths[0], kl_status_text(status));
  exit(1);
}

static kdump_ctx_t *open_theirs(char **paths, size_t n) {
  int fds[MOST_FILES];
  kdump_ctx_t *ctx = kdump_new();
  for (size_t i = 0; i < n; i++)
    fds[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
  kdump_status status = ctx ? kdump_open_fdset(ctx, (unsigned)n, fds) : KDUMP_ERR_SYSTEM;
  if (status == KDUMP_OK)
    return ctx;
  printf("%s: libkdumpfile: %s\n", paths[0], ctx ? kdump_get_err(ctx) : "no memory");
  exit(1);
}

int main(int argc, char **argv) {
  static uint8_t ours[MOST_PAGE], theirs[MOST_PAGE];
  uint64_t same = 0, left_out = 0, absent = 0, failures = 0;
  size_t n = 0;
  while (n + 1 < (size_t)argc && strcmp(argv[n + 1], "--") != 0)
    n++;
  bool other = n + 3 == (size_t)argc;
  if (!n || n > MOST_FILES || (!other && n + 1 != (size_t)argc))
    return 2;
  struct kl_image *image = open_ours(argv + 1, n);
  kdump_ctx_t *ctx = other ? open_theirs(argv + n + 2, 1) : open_theirs(argv + 1, n);
  kdump_num_t page = 0;
  if (kdump_get_number_attr(ctx, "arch.page_size", &page) != KDUMP_OK || !page || page > MOST_PAGE)
    return printf("%s: libkdumpfile has no page size\n", argv[1]), 1;
  uint64_t end = kl_image_end(image);
  for (uint64_t phys = 0; phys < end + 64 * page; phys += page) {
    size_t length = page;
    enum kl_status status = kl_image_read(image, phys, ours, page);
    kdump_status their_status = kdump_read(ctx, KDUMP_MACHPHYSADDR, phys, theirs, &length);
    bool gone = their_status == KDUMP_ERR_NODATA || (their_status == KDUMP_ERR_INVALID && phys >= end);
    if (status == KL_OK && their_status == KDUMP_OK && length == page && memcmp(ours, theirs, page) == 0)
      same++;
    else if (status == KL_ERR_FILTERED && gone)
      left_out++;
    else if (status == KL_ERR_ABSENT && gone)
      absent++;
    else if (failures++ < 10)
      printf("%s: 0x%" PRIx64 ": %s; libkdumpfile: %s\n", argv[1], phys,
             status == KL_OK && their_status == KDUMP_OK ? "other bytes" : kl_status_text(status),
             their_status == KDUMP_OK ? "there" : kdump_get_err(ctx));
    kdump_clear_err(ctx);
  }
  printf("%" PRIu64 " pages the same, %" PRIu64 " left out, %" PRIu64 " absent: %" PRIu64 " differences\n", same,
         left_out, absent, failures);
  kdump_free(ctx);
  return failures || !same;
}
