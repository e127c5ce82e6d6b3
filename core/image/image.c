// The image: recognises the container, and reads through whatever it is.
#include "image/image.h"

#include "image/internal.h"

static const struct kl_container *const containers[] = {
    &kl_container_kdump, &kl_container_elf,     &kl_container_lime,
    &kl_container_avml,  &kl_container_foreign, &kl_container_raw, // raw takes whatever is left
};
enum { CONTAINERS = sizeof containers / sizeof *containers };

void kl_image_note(struct kl_image *image, const char *what, uint64_t object, enum kl_status reason) {
  kl_diagnostics_add(image->diagnostics, "image", what, object, reason);
}

// ── Recognition ────────────────────────────────────────────────────────────

// The signature of a swap area ends its first page.
enum { SWAP_SIGNATURE = 4096 - 10, SWAP_BYTES = 10 };

enum kl_status kl_image_head(const struct kl_source *file, uint8_t *ret) {
  memset(ret, 0, KL_HEAD_BYTES);
  KL_TRY(kl_must_hold(kl_file_read(file, 0, ret, (size_t)kl_min(file->bytes, KL_HEAD_SWAP))));
  if (file->bytes < SWAP_SIGNATURE + SWAP_BYTES)
    return KL_OK;
  // What a flattened file leaves out there is no signature.
  enum kl_status status = kl_file_read(file, SWAP_SIGNATURE, ret + KL_HEAD_SWAP, SWAP_BYTES);
  return status == KL_ERR_ABSENT ? KL_OK : status;
}

static enum kl_status is_flattened(const struct kl_source *file, bool *ret) {
  uint8_t head[KL_HEAD_BYTES];
  if (!file->bytes)
    return KL_ERR_MALFORMED;
  KL_TRY(kl_image_head(file, head));
  *ret = kl_flat_recognise(head);
  return KL_OK;
}

static enum kl_status recognise(const struct kl_source *file, const struct kl_container **ret) {
  uint8_t head[KL_HEAD_BYTES];
  KL_TRY(kl_image_head(file, head));
  size_t i = 0;
  while (i < CONTAINERS - 1 && !containers[i]->recognise(head))
    i++;
  *ret = containers[i];
  return KL_OK;
}

static enum kl_status check_count(size_t n, const struct kl_limits *limits) {
  return !n ? KL_ERR_ARGUMENT : n > limits->source_files ? KL_ERR_LIMIT : KL_OK;
}

// ── Opening ────────────────────────────────────────────────────────────────

// A header takes two walks over the records of a flattened file.
enum { PEEKS = 4 };

// What unwrapping one file may take; and the file as containers see it, as far
// as that goes without memory.
static enum kl_status measure_file(const struct kl_source *source, const struct kl_limits *limits, uint64_t *bytes,
                                   struct kl_flat_peek *peek, struct kl_source *inner) {
  bool flattened;
  uint64_t part = 0;
  *inner = *source;
  KL_TRY(is_flattened(source, &flattened));
  if (flattened) {
    KL_TRY(kl_flat_workspace(source, limits, &part));
    *peek = (struct kl_flat_peek){.outer = source, .records = limits->flat_records};
    if (!kl_mul(peek->records, PEEKS, &peek->steps))
      return KL_ERR_LIMIT;
    *inner = kl_flat_peek_source(peek);
  }
  return kl_add(*bytes, part, bytes) ? KL_OK : KL_ERR_LIMIT;
}

enum kl_status kl_image_workspace(const struct kl_source *sources, size_t n, const struct kl_limits *limits,
                                  uint64_t *ret) {
  KL_TRY(check_count(n, limits));
  uint64_t bytes = kl_arena_cost(sizeof(struct kl_image)) + kl_arena_cost(n * sizeof(struct kl_source)), part;
  struct kl_flat_peek peek, unused_peek;
  struct kl_source first, unused;
  KL_TRY(measure_file(&sources[0], limits, &bytes, &peek, &first));
  for (size_t i = 1; i < n; i++)
    KL_TRY(measure_file(&sources[i], limits, &bytes, &unused_peek, &unused));
  const struct kl_container *container;
  KL_TRY(recognise(&first, &container));
  KL_TRY(container->workspace(&first, n, limits, &part));
  return kl_add(bytes, part, ret) ? KL_OK : KL_ERR_LIMIT;
}

// The files as containers see them: what flattened ones hold, others as given.
static enum kl_status unwrap(struct kl_image *image, const struct kl_source *sources, size_t n, bool *flattened) {
  struct kl_source *files;
  KL_TRY(KL_TAKE(image->arena, n, &files));
  for (size_t i = 0; i < n; i++) {
    bool flat;
    files[i] = sources[i];
    KL_TRY(is_flattened(&sources[i], &flat));
    if (flat)
      KL_TRY(kl_flat_open(image, &sources[i], &files[i]));
    *flattened |= flat;
  }
  image->files = files;
  image->n_files = n;
  return KL_OK;
}

static enum kl_status refuse(struct kl_image *image, const char *what) {
  kl_image_note(image, what, 0, KL_ERR_UNSUPPORTED);
  return KL_ERR_UNSUPPORTED;
}

static enum kl_status open_container(struct kl_image *image, bool flattened) {
  const struct kl_container *container;
  KL_TRY(recognise(&image->files[0], &container));
  if (image->n_files > 1 && !container->has_parts)
    return refuse(image, "several files, but only a split kdump file comes in parts");
  if (flattened && !container->flattened_name)
    return refuse(image, "a flattened file that holds neither kdump nor ELF");
  image->facts.container = flattened ? container->flattened_name : container->name;
  return container->open(image);
}

enum kl_status kl_image_open(struct kl_arena *arena, const struct kl_source *sources, size_t n,
                             const struct kl_codec *codec, const struct kl_limits *limits,
                             struct kl_diagnostics *diagnostics, struct kl_image **ret) {
  KL_TRY(check_count(n, limits));
  struct kl_image *image;
  bool flattened = false;
  KL_TRY(KL_TAKE(arena, 1, &image));
  if (codec)
    image->codec = *codec;
  image->limits = limits;
  image->diagnostics = diagnostics;
  image->arena = arena;
  KL_TRY(unwrap(image, sources, n, &flattened));
  KL_TRY(open_container(image, flattened));
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
  *ret = (struct kl_piece){
      .state = (enum kl_segment_state)r->state, .stable = true, .file = &image->files[0], .n = r->end - phys};
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

void kl_image_cut_runs(struct kl_image *image) {
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
  size_t cut = (image->runs.n - kept) * sizeof *image->runs.items;
  kl_arena_rewind(image->arena, kl_arena_mark(image->arena) - cut); // the runs stay at the arena's top
  image->runs.n = kept;
}

enum kl_status kl_image_use_runs(struct kl_image *image, uint64_t conflicts) {
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
      KL_TRY(kl_file_read(piece.file, piece.offset, dst, part));
    dst += part;
    phys += part; // wraps only past the last byte there is: nothing lies there
    n -= part;
  }
  return KL_OK;
}

// Counts one read, and asks now and then whether there is to be another.
static bool may_read(struct kl_image *image, size_t n) {
  enum { POLL_READS = 1 << 14 }; // well under a millisecond, where the file is mapped
  image->read_bytes += n;
  if (++image->reads % POLL_READS == 0 && image->progress && image->progress->stop &&
      image->progress->stop(image->progress->user))
    image->stopped = true;
  return !image->stopped;
}

enum kl_status kl_image_read(struct kl_image *image, uint64_t phys, void *dst, size_t n) {
  if (!may_read(image, n))
    return KL_ERR_CANCELLED;
  if (image->mapped && image->hint < image->runs.n) {
    const struct kl_run *r = &image->runs.items[image->hint];
    if (r->state == KL_SEGMENT_FILE && phys >= r->start && phys < r->end && n <= r->end - phys) {
      memcpy(dst, image->mapped + (size_t)(r->offset + (phys - r->start)), n);
      return KL_OK;
    }
  }
  return read_pieces(image, phys, dst, n);
}

void kl_image_prefetch(const struct kl_image *image, uint64_t phys) {
  if (!image->mapped || image->hint >= image->runs.n)
    return;
  const struct kl_run *r = &image->runs.items[image->hint];
  if (r->state == KL_SEGMENT_FILE && phys >= r->start && phys < r->end)
    __builtin_prefetch(image->mapped + (size_t)(r->offset + (phys - r->start)));
}

enum kl_status kl_image_lend(struct kl_image *image, uint64_t phys, size_t n, const uint8_t **ret, bool *stable) {
  struct kl_piece piece;
  KL_TRY(locate(image, phys, &piece));
  if (piece.state != KL_SEGMENT_FILE || n > piece.n)
    return KL_ERR_UNSUPPORTED;
  if (!may_read(image, n))
    return KL_ERR_CANCELLED;
  *stable = piece.stable;
  if (piece.p) {
    *ret = piece.p;
    return KL_OK;
  }
  return piece.file->lend ? piece.file->lend(piece.file->user, piece.offset, n, ret) : KL_ERR_UNSUPPORTED;
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

void kl_image_watch(struct kl_image *image, const struct kl_progress *progress) {
  image->progress = progress;
}

bool kl_image_stopped(const struct kl_image *image) {
  return image->stopped;
}

void kl_image_resume(struct kl_image *image) {
  image->stopped = false;
}

void kl_image_traffic(const struct kl_image *image, uint64_t *reads, uint64_t *bytes) {
  *reads = image->reads;
  *bytes = image->read_bytes;
}

void kl_image_traffic_move(struct kl_image *image, struct kl_image *from) {
  image->reads += from->reads;
  image->read_bytes += from->read_bytes;
  from->reads = from->read_bytes = 0;
}

uint64_t kl_image_bytes(const struct kl_image *image) {
  return image->bytes;
}

uint64_t kl_image_end(const struct kl_image *image) {
  return image->end;
}
