// kdump-compressed files (makedumpfile, QEMU): pages, each compressed alone or
// stored, with a bitmap of those that exist and one of those that are there.
#include "image/kdump.h"

#include "image/bitmap.h"

enum {
  DESCRIPTOR_BYTES = 24,
  // Flags of a page, and of the file's status.
  FLAG_ZLIB = 0x1,
  FLAG_LZO = 0x2,
  FLAG_SNAPPY = 0x4,
  FLAG_ZSTD = 0x20,
  STATUS_INCOMPLETE = 0x8
};

// One file: it has the descriptors of the pages [start, end) only.
struct part {
  const struct kl_source *file;
  uint64_t start, end;
  uint64_t first; // rank of start
  uint64_t descriptors;
};

struct kdump {
  struct kl_bitmap exists, dumped; // of all parts: each file has the whole
  struct part *parts;              // ascending
  size_t n_parts;
  uint32_t block_bytes;
  unsigned shift;
  uint8_t *in; // one compressed page, for files that cannot lend
  struct kl_block_cache cache;
  struct kl_segment last; // that was asked for: finding its ends costs as much as it is long
};

// ── One page ───────────────────────────────────────────────────────────────

static const struct part *part_of(const struct kdump *k, uint64_t pfn) {
  for (size_t i = 0; i < k->n_parts; i++)
    if (pfn >= k->parts[i].start && pfn < k->parts[i].end)
      return &k->parts[i];
  return 0;
}

struct descriptor {
  uint64_t offset;
  uint32_t bytes, flags;
};

static enum kl_status read_descriptor(const struct kdump *k, const struct part *part, uint64_t pfn,
                                      struct descriptor *ret) {
  uint8_t d[DESCRIPTOR_BYTES];
  uint64_t at = part->descriptors + (kl_bitmap_rank(&k->dumped, pfn) - part->first) * DESCRIPTOR_BYTES;
  KL_TRY(kl_file_read(part->file, at, d, sizeof d));
  *ret = (struct descriptor){.offset = kl_le64(d), .bytes = kl_le32(d + 8), .flags = kl_le32(d + 12)};
  return ret->offset ? KL_OK : KL_ERR_ABSENT; // the writer was cut off before this page
}

static enum kl_status method_of(uint32_t flags, enum kl_method *ret) {
  switch (flags) {
  case FLAG_ZLIB:
    *ret = KL_METHOD_ZLIB;
    return KL_OK;
  case FLAG_LZO:
    *ret = KL_METHOD_LZO;
    return KL_OK;
  case FLAG_SNAPPY:
    *ret = KL_METHOD_SNAPPY;
    return KL_OK;
  case FLAG_ZSTD:
    *ret = KL_METHOD_ZSTD;
    return KL_OK;
  default:
    return flags & (flags - 1) ? KL_ERR_MALFORMED : KL_ERR_UNSUPPORTED;
  }
}

static enum kl_status inflate(struct kl_image *image, const struct part *part, const struct descriptor *d,
                              uint8_t *out) {
  struct kdump *k = image->state;
  enum kl_method method;
  const uint8_t *in;
  size_t made = 0;
  KL_TRY(method_of(d->flags, &method));
  KL_TRY(kl_file_view(part->file, d->offset, d->bytes, k->in, &in));
  KL_TRY(kl_image_inflate(image, method, kl_bytes_of(in, d->bytes), out, k->block_bytes, &made));
  return made == k->block_bytes ? KL_OK : KL_ERR_MALFORMED;
}

// The bytes of a dumped page from offset in it on.
static enum kl_status page(struct kl_image *image, const struct part *part, uint64_t pfn, uint64_t offset,
                           struct kl_piece *ret) {
  struct kdump *k = image->state;
  const uint8_t *cached = kl_block_cache_find(&k->cache, pfn);
  if (cached) {
    ret->p = cached + offset;
    return KL_OK;
  }
  struct descriptor d;
  KL_TRY(read_descriptor(k, part, pfn, &d));
  if (!d.bytes || d.bytes > k->block_bytes)
    return KL_ERR_MALFORMED;
  if (d.flags) {
    size_t slot;
    uint8_t *out = kl_block_cache_slot(&k->cache, pfn, &slot);
    KL_TRY(inflate(image, part, &d, out));
    kl_block_cache_keep(&k->cache, pfn, slot);
    ret->p = out + offset;
    return KL_OK;
  }
  if (d.bytes != k->block_bytes)
    return KL_ERR_MALFORMED;
  if (d.offset > part->file->bytes || d.bytes > part->file->bytes - d.offset)
    return KL_ERR_ABSENT;
  ret->file = part->file;
  ret->offset = d.offset + offset;
  ret->stable = true;
  if (part->file->lend && part->file->lend(part->file->user, ret->offset, (size_t)ret->n, &ret->p) != KL_OK)
    ret->p = 0;
  return KL_OK;
}

static enum kl_status kdump_locate(struct kl_image *image, uint64_t phys, struct kl_piece *ret) {
  struct kdump *k = image->state;
  uint64_t pfn = phys >> k->shift, offset = phys & (k->block_bytes - 1);
  const struct part *part = part_of(k, pfn);
  *ret = (struct kl_piece){.state = KL_SEGMENT_FILTERED, .n = k->block_bytes - offset};
  if (!kl_bitmap_test(&k->dumped, pfn))
    return kl_bitmap_test(&k->exists, pfn) ? KL_OK : KL_ERR_ABSENT;
  if (!part)
    return KL_ERR_ABSENT; // in a file that was not given
  ret->state = KL_SEGMENT_FILE;
  enum kl_status status = page(image, part, pfn, offset, ret);
  if (status == KL_ERR_MALFORMED || status == KL_ERR_UNSUPPORTED)
    kl_image_note(image, "a page that does not decompress", phys - offset, status);
  else if (status == KL_ERR_ABSENT)
    kl_image_note(image, "a page that the file lists and does not hold", phys - offset, status);
  return status;
}

// ── Runs of pages ──────────────────────────────────────────────────────────

enum { GAP = -1 };

// Pages 64 * word and following that are in a state, as bits.
static uint64_t state_word(const struct kdump *k, uint64_t word, int state) {
  uint64_t dumped = kl_bitmap_word(&k->dumped, word), exists = kl_bitmap_word(&k->exists, word) | dumped;
  if (state == KL_SEGMENT_FILTERED)
    return exists & ~dumped;
  uint64_t covered = 0;
  for (size_t i = 0; i < k->n_parts; i++) {
    uint64_t first = word * 64, low = kl_max(k->parts[i].start, first), high = kl_min(k->parts[i].end, first + 64);
    if (low < high)
      covered |= (high - low == 64 ? ~0ull : (1ull << (high - low)) - 1) << (low - first);
  }
  return state == KL_SEGMENT_FILE ? dumped & covered : ~(dumped & covered) & ~(exists & ~dumped);
}

static int state_of(const struct kdump *k, uint64_t pfn) {
  if (!kl_bitmap_test(&k->dumped, pfn))
    return kl_bitmap_test(&k->exists, pfn) ? KL_SEGMENT_FILTERED : GAP;
  return part_of(k, pfn) ? KL_SEGMENT_FILE : GAP;
}

// The first page at or behind pfn that is not in this state; at most n.
static uint64_t run_end(const struct kdump *k, uint64_t pfn, int state) {
  uint64_t word = pfn / 64, others = ~state_word(k, word, state) & ~0ull << pfn % 64;
  while (!others && ++word * 64 < k->dumped.n)
    others = ~state_word(k, word, state);
  return others ? kl_min(word * 64 + (uint64_t)__builtin_ctzll(others), k->dumped.n) : k->dumped.n;
}

// The first page of the run that pfn is in.
static uint64_t run_start(const struct kdump *k, uint64_t pfn, int state) {
  uint64_t word = pfn / 64, others = ~state_word(k, word, state) & ~(~0ull << pfn % 64);
  while (!others && word)
    others = ~state_word(k, --word, state);
  return others ? word * 64 + 64 - (uint64_t)__builtin_clzll(others) : 0;
}

// The first run that ends behind phys, without its place in the file.
static enum kl_status find_run(const struct kdump *k, uint64_t phys, struct kl_segment *ret) {
  uint64_t pfn = phys >> k->shift;
  if (pfn >= k->dumped.n)
    return KL_END;
  int state = state_of(k, pfn);
  if (state == GAP) {
    pfn = run_end(k, pfn, GAP);
    if (pfn == k->dumped.n)
      return KL_END;
    state = state_of(k, pfn);
  }
  *ret = (struct kl_segment){.start = run_start(k, pfn, state) << k->shift,
                             .end = run_end(k, pfn, state) << k->shift,
                             .state = (enum kl_segment_state)state};
  return KL_OK;
}

static enum kl_status kdump_segment(struct kl_image *image, uint64_t phys, struct kl_segment *ret) {
  struct kdump *k = image->state;
  if (phys >= k->last.start && phys < k->last.end) {
    *ret = k->last;
    return KL_OK;
  }
  KL_TRY(find_run(k, phys, ret));
  struct descriptor d;
  uint64_t pfn = ret->start >> k->shift;
  const struct part *part = part_of(k, pfn);
  if (ret->state == KL_SEGMENT_FILE && part && read_descriptor(k, part, pfn, &d) == KL_OK)
    ret->file_offset = d.offset;
  k->last = *ret;
  return KL_OK;
}

static const struct kl_image_ops kdump_ops = {kdump_locate, kdump_segment};

// ── Opening ────────────────────────────────────────────────────────────────

// What two parts of one dump agree on.
static bool same_dump(const struct kl_kdump_header *a, const struct kl_kdump_header *b) {
  return a->block_bytes == b->block_bytes && a->pages == b->pages && a->machine == b->machine && b->split;
}

static enum kl_status add_part(struct kl_image *image, size_t i, const struct kl_kdump_header *first) {
  struct kdump *k = image->state;
  struct kl_kdump_header h;
  KL_TRY(kl_kdump_header_read(&image->files[i], image->limits, &h));
  if (h.refused || (i && !same_dump(first, &h))) {
    kl_image_note(image, "the files are not parts of one dump", i, KL_ERR_MALFORMED);
    return KL_ERR_MALFORMED;
  }
  if (h.status & STATUS_INCOMPLETE)
    image->facts.incomplete = true;
  struct part part = {.file = &image->files[i],
                      .start = kl_min(h.start_pfn, h.pages),
                      .end = kl_min(h.end_pfn, h.pages),
                      .descriptors = h.descriptors};
  if (part.start > part.end)
    part.end = part.start;
  part.first = kl_bitmap_rank(&k->dumped, part.start);
  size_t at = k->n_parts++;
  for (; at && k->parts[at - 1].start > part.start; at--)
    k->parts[at] = k->parts[at - 1];
  k->parts[at] = part;
  return KL_OK;
}

static void note_missing_parts(struct kl_image *image) {
  const struct kdump *k = image->state;
  uint64_t next = 0;
  for (size_t i = 0; i <= k->n_parts; i++) {
    uint64_t start = i < k->n_parts ? k->parts[i].start : k->dumped.n;
    if (start < next)
      kl_image_note(image, "two files hold the same pages: the first is taken", start << k->shift,
                    KL_ERR_MALFORMED);
    if (start > next && kl_bitmap_rank(&k->dumped, start) > kl_bitmap_rank(&k->dumped, next)) {
      image->facts.incomplete = true;
      kl_image_note(image, "a file of this split dump is missing", next << k->shift, KL_ERR_ABSENT);
    }
    if (i < k->n_parts)
      next = kl_max(next, k->parts[i].end);
  }
}

static enum kl_status keep_bitmap(struct kl_image *image, const struct kl_kdump_header *h, bool second,
                                  struct kl_bitmap *ret) {
  uint64_t bytes = (h->pages + 7) / 8;
  enum kl_status status =
      kl_file_keep(&image->files[0], h->bitmaps + (second ? h->bitmap_bytes : 0), bytes, image->arena, &ret->bits);
  ret->n = h->pages;
  if (status != KL_ERR_ABSENT)
    return status;
  kl_image_note(image, "the file ends before the bitmap of its pages", h->bitmaps, KL_ERR_MALFORMED);
  return KL_ERR_MALFORMED;
}

static enum kl_status keep_notes(struct kl_image *image, const struct kl_kdump_header *h) {
  const struct kl_source *file = &image->files[0];
  struct kl_bytes notes, text;
  uint64_t n = kl_min(h->notes_bytes, image->limits->note_bytes);
  uint64_t n_text = kl_min(h->vmcoreinfo_bytes, image->limits->vmcoreinfo_bytes);
  enum kl_status status = n_text ? kl_file_keep(file, h->vmcoreinfo, n_text, image->arena, &text) : KL_END;
  if (status == KL_OK)
    image->facts.vmcoreinfo = text;
  if (status == KL_ERR_NO_MEMORY || status == KL_ERR_IO)
    return status;
  if (status == KL_ERR_ABSENT)
    kl_image_note(image, "VMCOREINFO lies outside the file", h->vmcoreinfo, status);
  status = n ? kl_file_keep(file, h->notes, n, image->arena, &notes) : KL_END;
  if (status == KL_OK)
    return kl_notes_read(image, notes);
  if (status != KL_ERR_ABSENT)
    return status == KL_END ? KL_OK : status;
  kl_image_note(image, "the notes lie outside the file", h->notes, status);
  return KL_OK;
}

// By words: a crafted bitmap has 2^31 runs.
static void sum(struct kl_image *image) {
  const struct kdump *k = image->state;
  for (uint64_t word = 0; word * 64 < k->dumped.n; word++) {
    uint64_t there = state_word(k, word, KL_SEGMENT_FILE) | state_word(k, word, KL_SEGMENT_FILTERED);
    image->bytes += (uint64_t)kl_count_bits(there) << k->shift;
    if (there)
      image->end = (word * 64 + 64 - (uint64_t)__builtin_clzll(there)) << k->shift;
  }
}

static enum kl_status kdump_open(struct kl_image *image) {
  struct kl_kdump_header h;
  struct kdump *k;
  KL_TRY(kl_kdump_header_read(&image->files[0], image->limits, &h));
  if (h.refused) {
    kl_image_note(image, h.refused, 0, KL_ERR_UNSUPPORTED);
    return KL_ERR_UNSUPPORTED;
  }
  KL_TRY(KL_TAKE(image->arena, 1, &k));
  KL_TRY(KL_TAKE(image->arena, image->n_files, &k->parts));
  KL_TRY(kl_arena_take(image->arena, h.block_bytes, 1, 1, &k->in));
  image->state = k;
  k->block_bytes = h.block_bytes;
  k->shift = (unsigned)__builtin_ctz(h.block_bytes);
  KL_TRY(keep_bitmap(image, &h, h.two_bitmaps, &k->dumped));
  KL_TRY(keep_bitmap(image, &h, false, &k->exists));
  KL_TRY(kl_bitmap_rank_build(&k->dumped, image->arena));
  KL_TRY(kl_block_cache_init(&k->cache, image->arena, h.block_bytes, image->limits));
  for (size_t i = 0; i < image->n_files; i++)
    KL_TRY(add_part(image, i, &h));
  note_missing_parts(image);
  if (h.eraseinfo_bytes)
    kl_image_note(image, KL_ERASED, h.eraseinfo, KL_ERR_FILTERED);
  image->facts.elf_machine = h.machine;
  image->facts.has_phys_base = true;
  image->facts.phys_base = h.phys_base;
  image->ops = &kdump_ops;
  sum(image);
  return keep_notes(image, &h);
}

static enum kl_status kdump_workspace(const struct kl_source *file, size_t n, const struct kl_limits *limits,
                                      uint64_t *ret) {
  struct kl_kdump_header h;
  KL_TRY(kl_kdump_header_read(file, limits, &h));
  if (h.refused) {
    *ret = 0;
    return KL_OK;
  }
  uint64_t bitmap = kl_min((h.pages + 7) / 8, file->bytes);
  uint64_t notes = kl_min(h.notes_bytes, kl_min(limits->note_bytes, file->bytes));
  uint64_t text = kl_min(h.vmcoreinfo_bytes, kl_min(limits->vmcoreinfo_bytes, file->bytes));
  *ret = kl_arena_cost(sizeof(struct kdump)) + kl_arena_cost(n * sizeof(struct part)) +
         kl_arena_cost(h.block_bytes) + 2 * kl_arena_cost(bitmap) +
         kl_arena_cost(kl_bitmap_ranks(h.pages) * sizeof(uint64_t)) + kl_block_cache_cost(h.block_bytes, limits) +
         kl_arena_cost(notes) + kl_arena_cost(text) + kl_notes_cost(notes, limits);
  return KL_OK;
}

const struct kl_container kl_container_kdump = {
    .name = "kdump",
    .flattened_name = "flattened kdump",
    .has_parts = true,
    .recognise = kl_kdump_recognise,
    .workspace = kdump_workspace,
    .open = kdump_open,
};
