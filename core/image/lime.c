// LiME: runs of memory as it is, each behind a header of 32 bytes. Its padded
// form is raw memory from 0 on; its raw form loses the gaps (see raw.c).
//
// AVML without compression writes LiME too: newer versions in pieces of 16 MiB,
// of which they leave out the ones that are all zero.
#include "image/internal.h"

enum {
  HEADER_BYTES = 32,
  AVML_BLOCK = 16 << 20 // MAX_BLOCK_SIZE of AVML
};
#define LIME_MAGIC 0x4c694d45u

// The record at *at, and *at moved behind it. KL_END at the end of the file.
static enum kl_status next_record(const struct kl_source *file, uint64_t *at, struct kl_run *ret) {
  uint8_t h[HEADER_BYTES];
  if (*at == file->bytes)
    return KL_END;
  KL_TRY(kl_file_read(file, *at, h, sizeof h));
  uint64_t first = kl_le64(h + 8), last = kl_le64(h + 16);
  if (kl_le32(h) != LIME_MAGIC)
    return KL_ERR_MALFORMED;
  if (kl_le32(h + 4) != 1)
    return KL_ERR_UNSUPPORTED;
  if (last < first || last == UINT64_MAX)
    return KL_ERR_MALFORMED;
  *ret = (struct kl_run){.start = first, .end = last + 1, .offset = *at + HEADER_BYTES, .state = KL_SEGMENT_FILE};
  uint64_t left = file->bytes - ret->offset;
  *at = ret->offset + kl_min(left, ret->end - ret->start);
  return KL_OK;
}

static enum kl_status lime_workspace(const struct kl_source *file, size_t n, const struct kl_limits *limits,
                                     uint64_t *ret) {
  (void)n;
  struct kl_run run;
  uint64_t at = 0, count = 0;
  enum kl_status status = KL_OK;
  while (count < limits->segments && (status = next_record(file, &at, &run)) == KL_OK)
    count++;
  if (kl_failed_outside(status))
    return status;
  *ret = kl_runs_cost(2 * count); // and the gaps
  return KL_OK;
}

static enum kl_status lime_open(struct kl_image *image) {
  struct kl_run run;
  uint64_t at = 0, conflicts, elided, doubtful;
  enum kl_status status;
  while ((status = next_record(&image->files[0], &at, &run)) == KL_OK) {
    run.order = (uint32_t)image->runs.n;
    if (image->runs.n == image->limits->segments) {
      status = KL_ERR_LIMIT;
      break;
    }
    KL_TRY(kl_runs_add(image->arena, &image->runs, &run));
  }
  if (kl_failed_outside(status))
    return status;
  if (status != KL_END) {
    kl_image_note(image, "no LiME header where one should be: the rest of the file is left out", at, status);
    image->facts.incomplete = true;
    if (!image->runs.n)
      return kl_must_hold(status);
  }
  kl_image_cut_runs(image);
  KL_TRY(kl_runs_resolve(image->arena, &image->runs, &conflicts));
  KL_TRY(kl_runs_fill_elided(image->arena, &image->runs, AVML_BLOCK, &elided, &doubtful));
  if (elided)
    kl_image_note(image, "blocks of 16 MiB that are left out: taken as zero", elided, KL_ERR_ABSENT);
  return kl_image_use_runs(image, conflicts);
}

static bool lime_recognise(const uint8_t *head) {
  return kl_le32(head) == LIME_MAGIC;
}

const struct kl_container kl_container_lime = {
    .name = "lime",
    .recognise = lime_recognise,
    .workspace = lime_workspace,
    .open = lime_open,
};
