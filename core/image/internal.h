// What the containers share: the image behind struct kl_image, the runs of
// memory it is made of, and the small table of functions each container gives.
#ifndef KL_IMAGE_INTERNAL_H
#define KL_IMAGE_INTERNAL_H

#include "base/checked.h"
#include "base/memory.h"
#include "image/image.h"

// ── Files ──────────────────────────────────────────────────────────────────

// Copies [offset, offset + n) of a file. KL_ERR_ABSENT when that does not lie
// inside the file: a truncated file, or a number in it that points nowhere.
enum kl_status kl_file_read(const struct kl_source *file, uint64_t offset, void *dst, size_t n) KL_MUST_USE;

// The same range where the file lends it, or else copied to copy (n bytes).
enum kl_status kl_file_view(const struct kl_source *file, uint64_t offset, size_t n, uint8_t *copy,
                            const uint8_t **ret) KL_MUST_USE;

// The same range, kept: lent where the file can lend it, or else copied into the
// arena.
enum kl_status kl_file_keep(const struct kl_source *file, uint64_t offset, uint64_t n, struct kl_arena *arena,
                            struct kl_bytes *ret) KL_MUST_USE;

// The world outside failed: nothing can be concluded about the file.
static inline bool kl_failed_outside(enum kl_status status) {
  return status == KL_ERR_IO || status == KL_ERR_CANCELLED;
}

// For what every file of a container must hold: that it is not there is a
// defect of the file.
static inline enum kl_status kl_must_hold(enum kl_status status) {
  return status == KL_ERR_ABSENT ? KL_ERR_MALFORMED : status;
}

// Arena bytes that one taken block of n bytes can cost, its alignment included.
static inline uint64_t kl_arena_cost(uint64_t n) {
  return n > UINT64_MAX - 16 ? UINT64_MAX : n + 16;
}

// ── Runs ───────────────────────────────────────────────────────────────────

// A run of memory as a container lists it. Several may claim one address: then
// the lower (weight, order) wins.
struct kl_run {
  uint64_t start, end; // guest-physical; end is exclusive
  uint64_t offset;     // in the file, of the byte at start (FILE)
  uint32_t order;      // number in the container's own order
  uint8_t weight;
  uint8_t state; // enum kl_segment_state
};

// Runs that are collected at the top of an arena: nothing else may take from
// it between the first and the last kl_runs_add.
struct kl_runs {
  struct kl_run *items;
  size_t n;
};

enum kl_status kl_runs_add(struct kl_arena *arena, struct kl_runs *runs, const struct kl_run *run) KL_MUST_USE;

// Sorts, and resolves what overlaps: afterwards the runs are disjoint and
// ascending. *conflicts counts the places where two runs of equal weight claim
// one address with different bytes of the file.
enum kl_status kl_runs_resolve(struct kl_arena *arena, struct kl_runs *runs, uint64_t *conflicts) KL_MUST_USE;

// For writers that cut memory into blocks of one size and leave out those that
// are all zero (AVML): a gap of whole blocks behind a whole block becomes ZERO,
// unless it ends at 4 GiB, as the hole of x86 machines does. The runs are
// resolved. *filled: where the first such gap is, or 0; *doubtful: where the
// first other gap behind a whole block is, which may hold such blocks, but also
// places where the machine has no memory: it stays a gap.
enum kl_status kl_runs_fill_elided(struct kl_arena *arena, struct kl_runs *runs, uint64_t block, uint64_t *filled,
                                   uint64_t *doubtful) KL_MUST_USE;

// Joins neighbours that continue each other, in memory and in the file.
void kl_runs_merge(struct kl_runs *runs);

// The first run that ends after phys; runs->n when there is none. hint: where
// to look first, any value.
size_t kl_runs_find(const struct kl_runs *runs, uint64_t phys, size_t hint);

// Arena bytes that n runs can cost at most, resolved.
uint64_t kl_runs_cost(uint64_t n);

// ── The image ──────────────────────────────────────────────────────────────

// What lies at an address, and how far on it goes.
struct kl_piece {
  enum kl_segment_state state;
  bool stable;      // p stays valid as long as the image
  const uint8_t *p; // FILE: the bytes, or null: read them from file at offset
  const struct kl_source *file;
  uint64_t offset;
  uint64_t n; // bytes from the address on, at least 1
};

struct kl_image_ops {
  // The piece at phys, or why there is none.
  enum kl_status (*locate)(struct kl_image *image, uint64_t phys, struct kl_piece *ret);
  // As kl_image_segment.
  enum kl_status (*segment)(struct kl_image *image, uint64_t phys, struct kl_segment *ret);
};

struct kl_image {
  const struct kl_image_ops *ops;
  const struct kl_source *files; // as given, or what a flattened file holds
  size_t n_files;
  struct kl_codec codec; // inflate may be null
  const struct kl_limits *limits;
  struct kl_diagnostics *diagnostics;
  struct kl_arena *arena; // while the image is opened

  // Containers that hold memory as it is: read straight from files[0].
  const uint8_t *mapped; // files[0] as a whole, or null
  struct kl_runs runs;
  size_t hint;      // run of the last hit
  bool has_layouts; // raw: the runs are the layout in use, room for two

  struct kl_image_facts facts;
  struct kl_cpu_registers *cpus;
  uint64_t n_cpus;
  uint64_t bytes, end;
  uint64_t reads, read_bytes; // that were asked for
  const struct kl_progress *progress;
  bool stopped; // the user wants no more: nothing is read until kl_image_resume
  void *state;  // of the container, in the arena
};

// Notes what was wrong in the container, with an offset in the file or an
// address.
void kl_image_note(struct kl_image *image, const char *what, uint64_t object, enum kl_status reason);

// Cuts what runs claim beyond the end of files[0]: that is absent. Before they
// are resolved.
void kl_image_cut_runs(struct kl_image *image);

// For containers that are runs of files[0] and nothing else: sets ops, bytes
// and end. The runs are cut and resolved; conflicts as kl_runs_resolve gave.
enum kl_status kl_image_use_runs(struct kl_image *image, uint64_t conflicts) KL_MUST_USE;

// The segment of a run list, and the sums over one.
enum kl_status kl_runs_segment(const struct kl_runs *runs, uint64_t phys, struct kl_segment *ret) KL_MUST_USE;
void kl_image_sum_runs(struct kl_image *image);

// ── Decompressed blocks ────────────────────────────────────────────────────

// A small cache: sets of four slots, the least recently used one goes first.
struct kl_block_cache {
  uint8_t *data;
  uint64_t *keys; // + 1; 0: empty
  uint32_t *used; // clock of the last use
  size_t block_bytes, sets;
  uint32_t clock;
};

enum kl_status kl_block_cache_init(struct kl_block_cache *cache, struct kl_arena *arena, size_t block_bytes,
                                   const struct kl_limits *limits) KL_MUST_USE;
uint64_t kl_block_cache_cost(uint64_t block_bytes, const struct kl_limits *limits);
// The slot that holds key, or null.
const uint8_t *kl_block_cache_find(struct kl_block_cache *cache, uint64_t key);
// A slot to fill, empty until kl_block_cache_keep names what it holds.
uint8_t *kl_block_cache_slot(struct kl_block_cache *cache, uint64_t key, size_t *slot);
void kl_block_cache_keep(struct kl_block_cache *cache, uint64_t key, size_t slot);

// Decompresses one block. KL_ERR_UNSUPPORTED without a decompressor.
enum kl_status kl_image_inflate(struct kl_image *image, enum kl_method method, struct kl_bytes in, uint8_t *out,
                                size_t out_cap, size_t *out_n) KL_MUST_USE;

// ── Snappy framing ─────────────────────────────────────────────────────────

enum {
  KL_SNAPPY_BLOCK = 65536,     // most that one chunk holds
  KL_SNAPPY_HEAD = 4 + 4 + 10, // chunk header, checksum, and the longest varint
};

enum kl_snappy_kind { KL_SNAPPY_SKIP, KL_SNAPPY_STORED, KL_SNAPPY_COMPRESSED };

// A chunk of a framed stream, from its first bytes.
struct kl_snappy_chunk {
  enum kl_snappy_kind kind;
  uint32_t bytes;    // of the whole chunk, its header included
  uint32_t data;     // where its data starts, from its first byte
  uint32_t checksum; // of the uncompressed bytes, masked
  uint32_t inflated; // bytes that come out; 0 for SKIP
};

// Decodes the head of a chunk: up to KL_SNAPPY_HEAD bytes, fewer only at the
// end of the file. KL_ERR_MALFORMED, or KL_ERR_ABSENT when more is needed.
enum kl_status kl_snappy_chunk(struct kl_bytes head, struct kl_snappy_chunk *ret) KL_MUST_USE;

// CRC-32C as the framing wants it, over eight bytes a step.
struct kl_crc32c {
  uint32_t table[8][256];
};
void kl_crc32c_init(struct kl_crc32c *crc);
uint32_t kl_snappy_checksum(const struct kl_crc32c *crc, const uint8_t *p, size_t n);

// ── Flattened files ────────────────────────────────────────────────────────

bool kl_flat_recognise(const uint8_t *head);
// Makes *inner a source of the file that the records of outer make up. Ranges
// that no record covers are KL_ERR_ABSENT.
enum kl_status kl_flat_open(struct kl_image *image, const struct kl_source *outer,
                            struct kl_source *inner) KL_MUST_USE;
enum kl_status kl_flat_workspace(const struct kl_source *outer, const struct kl_limits *limits,
                                 uint64_t *ret) KL_MUST_USE;
// The same file without memory for a map: each read walks all records, as long
// as there are steps left. Enough for headers.
struct kl_flat_peek {
  const struct kl_source *outer; // borrowed
  uint64_t records;              // that count, as in kl_flat_open
  uint64_t steps;                // records that may still be looked at
};
struct kl_source kl_flat_peek_source(struct kl_flat_peek *peek);

// ── Notes ──────────────────────────────────────────────────────────────────

// Reads the ELF notes of CPUs and VMCOREINFO (the first of each wins over what
// a later call finds). notes: kept by the image. Its cost in arena bytes.
#define KL_ERASED "data inside pages that makedumpfile overwrote on purpose"
uint64_t kl_notes_cost(uint64_t bytes, const struct kl_limits *limits);
enum kl_status kl_notes_read(struct kl_image *image, struct kl_bytes notes) KL_MUST_USE;

// ── Containers ─────────────────────────────────────────────────────────────

// What containers are recognised by: the first bytes of a file, and then those
// where swap areas have their signature. Zero where the file has none.
enum { KL_HEAD_SWAP = 64, KL_HEAD_BYTES = KL_HEAD_SWAP + 16 };
enum kl_status kl_image_head(const struct kl_source *file, uint8_t *ret) KL_MUST_USE;

struct kl_container {
  const char *name;
  const char *flattened_name; // its name inside a flattened file; null: not found there
  bool has_parts;             // may come as several files
  bool (*recognise)(const uint8_t *head);
  // Arena bytes that open may take, at most, for a dump of n files of which
  // this is the first.
  enum kl_status (*workspace)(const struct kl_source *file, size_t n, const struct kl_limits *limits,
                              uint64_t *ret);
  enum kl_status (*open)(struct kl_image *image);
};

extern const struct kl_container kl_container_raw;
extern const struct kl_container kl_container_lime;
extern const struct kl_container kl_container_avml;
extern const struct kl_container kl_container_elf;
extern const struct kl_container kl_container_kdump;
extern const struct kl_container kl_container_foreign; // known, and refused

#endif
