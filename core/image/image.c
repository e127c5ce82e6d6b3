// The image: recognises the container, and reads through whatever it is.
#include "image/image.h"

#include "image/internal.h"

static const struct kl_container *const containers[] = {
    &kl_container_elf,
    &kl_container_raw, // takes whatever is left
};
enum { CONTAINERS = sizeof containers / sizeof *containers };

void kl_image_note(struct kl_image *image, const char *what, uint64_t object, enum kl_status reason) {
  kl_diagnostics_add(image->diagnostics, "image", what, object, reason);
}

static enum kl_status recognise(const struct kl_source *file, const struct kl_container **ret) {
  uint8_t head[KL_HEAD_BYTES] = {0};
  if (!file->bytes)
    return KL_ERR_MALFORMED;
  KL_TRY(kl_file_read(file, 0, head, (size_t)kl_min(file->bytes, sizeof head)));
  size_t i = 0;
  while (i < CONTAINERS - 1 && !containers[i]->recognise(head))
    i++;
  *ret = containers[i];
  return KL_OK;
}

enum kl_status kl_image_workspace(const struct kl_source *sources, size_t n, const struct kl_limits *limits,
                                  uint64_t *ret) {
  if (!n)
    return KL_ERR_ARGUMENT;
  const struct kl_container *container;
  KL_TRY(recognise(&sources[0], &container));
  uint64_t bytes;
  KL_TRY(container->workspace(sources, n, limits, &bytes));
  return kl_add(bytes, kl_arena_cost(sizeof(struct kl_image)), ret) ? KL_OK : KL_ERR_LIMIT;
}

enum kl_status kl_image_open(struct kl_arena *arena, const struct kl_source *sources, size_t n,
                             const struct kl_codec *codec, const struct kl_limits *limits,
                             struct kl_diagnostics *diagnostics, struct kl_image **ret) {
  if (!n)
    return KL_ERR_ARGUMENT;
  struct kl_image *image;
  KL_TRY(KL_TAKE(arena, 1, &image));
  image->files = sources;
  image->n_files = n;
  if (codec)
    image->codec = *codec;
  image->limits = limits;
  image->diagnostics = diagnostics;
  image->arena = arena;
  const struct kl_container *container;
  KL_TRY(recognise(&sources[0], &container));
  image->facts.container = container->name;
  KL_TRY(container->open(image));
  image->arena = 0;
  *ret = image;
  return KL_OK;
}

// ── Containers that hold memory as it is ───────────────────────────────────

static enum kl_status direct_locate(struct kl_image *image, uint64_t phys, struct kl_piece *ret) {
  size_t i = kl_runs_find(&image->runs, phys, image->hint);
  if (i == image->runs.n || image->runs.items[i].start > phys)
    return KL_ERR_ABSENT;
  image->hint = i;
  const struct kl_run *r = &image->runs.items[i];
  *ret = (struct kl_piece){.state = (enum kl_segment_state)r->state, .stable = true, .n = r->end - phys};
  if (ret->state != KL_SEGMENT_FILE)
    return KL_OK;
  ret->offset = r->offset + (phys - r->start);
  if (image->mapped)
    ret->p = image->mapped + (size_t)ret->offset;
  return KL_OK;
}

static enum kl_status direct_segment(struct kl_image *image, uint64_t phys, struct kl_segment *ret) {
  return kl_runs_segment(&image->runs, phys, ret);
}

static const struct kl_image_ops direct_ops = {direct_locate, direct_segment};

void kl_image_sum_runs(struct kl_image *image) {
  image->bytes = image->end = 0;
  for (size_t i = 0; i < image->runs.n; i++) {
    image->bytes += image->runs.items[i].end - image->runs.items[i].start;
    image->end = image->runs.items[i].end;
  }
}

// What a run claims beyond the end of the file is absent.
static void cut_to_file(struct kl_image *image) {
  uint64_t size = image->files[0].bytes;
  size_t kept = 0;
  for (size_t i = 0; i < image->runs.n; i++) {
    struct kl_run r = image->runs.items[i];
    if (r.state == KL_SEGMENT_FILE && (r.offset > size || r.end - r.start > size - r.offset)) {
      image->facts.incomplete = true;
      kl_image_note(image, "the file ends before this memory", r.start, KL_ERR_ABSENT);
      if (r.offset >= size)
        continue;
      r.end = r.start + (size - r.offset);
    }
    image->runs.items[kept++] = r;
  }
  image->runs.n = kept;
}

enum kl_status kl_image_use_runs(struct kl_image *image) {
  cut_to_file(image);
  uint64_t conflicts;
  KL_TRY(kl_runs_resolve(image->arena, &image->runs, &conflicts));
  if (conflicts)
    kl_image_note(image, "segments overlap with different contents: the first one listed is taken", 0,
                  KL_ERR_MALFORMED);
  kl_runs_merge(&image->runs);
  kl_image_sum_runs(image);
  image->ops = &direct_ops;
  const struct kl_source *file = &image->files[0];
  size_t size;
  if (file->lend && kl_narrow(file->bytes, &size) && file->lend(file->user, 0, size, &image->mapped) != KL_OK)
    image->mapped = 0;
  return KL_OK;
}

// ── Reading ────────────────────────────────────────────────────────────────

static enum kl_status locate(struct kl_image *image, uint64_t phys, struct kl_piece *ret) {
  KL_TRY(image->ops->locate(image, phys, ret));
  return ret->state == KL_SEGMENT_FILTERED ? KL_ERR_FILTERED : KL_OK;
}

static enum kl_status read_pieces(struct kl_image *image, uint64_t phys, uint8_t *dst, size_t n) {
  while (n) {
    struct kl_piece piece;
    KL_TRY(locate(image, phys, &piece));
    size_t part = (size_t)kl_min(n, piece.n);
    if (piece.state == KL_SEGMENT_ZERO)
      memset(dst, 0, part);
    else if (piece.p)
      memcpy(dst, piece.p, part);
    else
      KL_TRY(kl_file_read(&image->files[0], piece.offset, dst, part));
    dst += part;
    phys += part; // wraps only past the last byte there is: nothing lies there
    n -= part;
  }
  return KL_OK;
}

enum kl_status kl_image_read(struct kl_image *image, uint64_t phys, void *dst, size_t n) {
  if (image->mapped && image->hint < image->runs.n) {
    const struct kl_run *r = &image->runs.items[image->hint];
    if (r->state == KL_SEGMENT_FILE && phys >= r->start && phys < r->end && n <= r->end - phys) {
      memcpy(dst, image->mapped + (size_t)(r->offset + (phys - r->start)), n);
      return KL_OK;
    }
  }
  return read_pieces(image, phys, dst, n);
}

enum kl_status kl_image_lend(struct kl_image *image, uint64_t phys, size_t n, const uint8_t **ret, bool *stable) {
  struct kl_piece piece;
  KL_TRY(locate(image, phys, &piece));
  if (piece.state != KL_SEGMENT_FILE || n > piece.n)
    return KL_ERR_UNSUPPORTED;
  *stable = piece.stable;
  if (piece.p) {
    *ret = piece.p;
    return KL_OK;
  }
  const struct kl_source *file = &image->files[0];
  return file->lend ? file->lend(file->user, piece.offset, n, ret) : KL_ERR_UNSUPPORTED;
}

enum kl_status kl_image_segment(struct kl_image *image, uint64_t phys, struct kl_segment *ret) {
  return image->ops->segment(image, phys, ret);
}

// ── Facts ──────────────────────────────────────────────────────────────────

const struct kl_image_facts *kl_image_facts(const struct kl_image *image) {
  return &image->facts;
}

bool kl_image_cpu(const struct kl_image *image, uint64_t i, struct kl_cpu_registers *ret) {
  if (i >= image->n_cpus)
    return false;
  *ret = image->cpus[i];
  return true;
}

uint64_t kl_image_bytes(const struct kl_image *image) {
  return image->bytes;
}

uint64_t kl_image_end(const struct kl_image *image) {
  return image->end;
}
