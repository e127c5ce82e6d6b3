// Flattened files (makedumpfile -F, QEMU's kdump formats): records that say
// which bytes belong where in the real file. They come in any order, and where
// two cover one byte the later one holds.
#include "image/internal.h"

enum {
  HEADER_BYTES = 4096, // signature, type and version, padded
  RECORD_BYTES = 16,
  PEEK_BYTES = 512, // the largest header that anybody looks at
  SIGNATURE_BYTES = 16
};

// One record: size bytes at `at` belong to offset.
struct record {
  uint64_t offset, size, at;
  bool cut; // the file ends inside it
};

static const char signature[SIGNATURE_BYTES] = "makedumpfile";

bool kl_flat_recognise(const uint8_t *head) {
  return !memcmp(head, signature, SIGNATURE_BYTES) && kl_be64(head + SIGNATURE_BYTES) == 1;
}

// The record at *at, and *at moved behind it. KL_END at the end marker;
// KL_ERR_ABSENT where the file ends without one.
static enum kl_status next_record(const struct kl_source *outer, uint64_t *at, struct record *ret) {
  uint8_t head[RECORD_BYTES];
  KL_TRY(kl_file_read(outer, *at, head, sizeof head));
  uint64_t offset = kl_be64(head), size = kl_be64(head + 8);
  if (offset == UINT64_MAX && size == UINT64_MAX)
    return KL_END;
  if (offset > INT64_MAX || size > INT64_MAX || !size)
    return KL_ERR_MALFORMED;
  *ret = (struct record){.offset = offset, .size = size, .at = *at + RECORD_BYTES};
  uint64_t left = outer->bytes - ret->at;
  if (size > left) {
    ret->size = left;
    ret->cut = true;
  }
  *at = ret->at + ret->size;
  return left ? KL_OK : KL_ERR_ABSENT;
}

// ── The map of all records ─────────────────────────────────────────────────

struct flat {
  const struct kl_source *outer;
  struct kl_runs runs; // "physical" addresses are offsets in the inner file
  size_t hint;
};

static enum kl_status find(struct flat *flat, uint64_t offset, uint64_t *at, uint64_t *n) {
  size_t i = kl_runs_find(&flat->runs, offset, flat->hint);
  if (i == flat->runs.n || flat->runs.items[i].start > offset)
    return KL_ERR_ABSENT;
  const struct kl_run *r = &flat->runs.items[i];
  flat->hint = i;
  *at = r->offset + (offset - r->start);
  *n = r->end - offset;
  return KL_OK;
}

static enum kl_status flat_read(void *user, uint64_t offset, void *dst, size_t n) {
  struct flat *flat = user;
  uint8_t *p = dst;
  while (n) {
    uint64_t at, run;
    KL_TRY(find(flat, offset, &at, &run));
    size_t part = (size_t)kl_min(n, run);
    // Not by kl_file_read, which may have called this: no function of the core
    // reaches itself.
    if (at > flat->outer->bytes || part > flat->outer->bytes - at)
      return KL_ERR_ABSENT;
    KL_TRY(flat->outer->read(flat->outer->user, at, p, part));
    p += part;
    offset += part;
    n -= part;
  }
  return KL_OK;
}

static enum kl_status flat_lend(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  struct flat *flat = user;
  uint64_t at, run;
  KL_TRY(find(flat, offset, &at, &run));
  if (n > run)
    return KL_ERR_UNSUPPORTED;
  return flat->outer->lend(flat->outer->user, at, n, ret);
}

static enum kl_status read_records(struct kl_image *image, struct flat *flat) {
  uint64_t at = HEADER_BYTES;
  enum kl_status status = KL_OK;
  struct record record;
  for (uint64_t i = 0; (status = next_record(flat->outer, &at, &record)) == KL_OK; i++) {
    if (i == image->limits->flat_records) {
      status = KL_ERR_LIMIT;
      break;
    }
    struct kl_run run = {.start = record.offset,
                         .end = record.offset + record.size,
                         .offset = record.at,
                         .order = UINT32_MAX - (uint32_t)i, // the later one wins
                         .state = KL_SEGMENT_FILE};
    KL_TRY(kl_runs_add(image->arena, &flat->runs, &run));
  }
  if (kl_failed_outside(status))
    return status;
  if (status != KL_END) { // what came before stays readable
    image->facts.incomplete = true;
    kl_image_note(image, "the flattened file ends without its end mark", at, status);
  }
  return flat->runs.n ? KL_OK : KL_ERR_MALFORMED;
}

enum kl_status kl_flat_open(struct kl_image *image, const struct kl_source *outer, struct kl_source *inner) {
  struct flat *flat;
  KL_TRY(KL_TAKE(image->arena, 1, &flat));
  flat->outer = outer;
  KL_TRY(read_records(image, flat));
  uint64_t rewritten;
  KL_TRY(kl_runs_resolve(image->arena, &flat->runs, &rewritten));
  *inner = (struct kl_source){.user = flat,
                              .bytes = flat->runs.items[flat->runs.n - 1].end,
                              .read = flat_read,
                              .lend = outer->lend ? flat_lend : 0};
  return KL_OK;
}

enum kl_status kl_flat_workspace(const struct kl_source *outer, const struct kl_limits *limits, uint64_t *ret) {
  uint64_t at = HEADER_BYTES, n = 0;
  enum kl_status status = KL_OK;
  struct record record;
  while (n < limits->flat_records && (status = next_record(outer, &at, &record)) == KL_OK)
    n++;
  if (kl_failed_outside(status))
    return status;
  return kl_add(kl_runs_cost(n), kl_arena_cost(sizeof(struct flat)), ret) ? KL_OK : KL_ERR_LIMIT;
}

// ── Without a map ──────────────────────────────────────────────────────────

static enum kl_status peek_read(void *user, uint64_t offset, void *dst, size_t n) {
  struct kl_flat_peek *peek = user;
  uint8_t covered[PEEK_BYTES] = {0};
  uint64_t at = HEADER_BYTES;
  enum kl_status status = KL_OK;
  struct record r;
  if (n > sizeof covered)
    return KL_ERR_ABSENT;
  for (uint64_t i = 0; i < peek->records && (status = next_record(peek->outer, &at, &r)) == KL_OK; i++) {
    uint64_t start = kl_max(r.offset, offset), end = kl_min(r.offset + r.size, offset + n);
    if (!peek->steps)
      return KL_ERR_ABSENT;
    peek->steps--;
    if (start >= end)
      continue;
    size_t first = (size_t)(start - offset), part = (size_t)(end - start);
    KL_TRY(kl_file_read(peek->outer, r.at + (start - r.offset), (uint8_t *)dst + first, part));
    memset(covered + first, 1, part);
  }
  if (kl_failed_outside(status))
    return status;
  for (size_t i = 0; i < n; i++)
    if (!covered[i])
      return KL_ERR_ABSENT;
  return KL_OK;
}

struct kl_source kl_flat_peek_source(struct kl_flat_peek *peek) {
  return (struct kl_source){.user = peek, .bytes = INT64_MAX, .read = peek_read};
}
