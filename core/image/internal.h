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

// The same range, lent where the file can lend it, or else copied into the
// arena.
enum kl_status kl_file_keep(const struct kl_source *file, uint64_t offset, uint64_t n, struct kl_arena *arena,
                            struct kl_bytes *ret) KL_MUST_USE;

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
// it between the first kl_runs_add and kl_runs_resolve.
struct kl_runs {
  struct kl_run *items;
  size_t n;
};

enum kl_status kl_runs_add(struct kl_arena *arena, struct kl_runs *runs, const struct kl_run *run) KL_MUST_USE;

// Sorts, and resolves what overlaps: afterwards the runs are disjoint and
// ascending. *conflicts counts the places where two runs of equal weight claim
// one address with different bytes of the file.
enum kl_status kl_runs_resolve(struct kl_arena *arena, struct kl_runs *runs, uint64_t *conflicts) KL_MUST_USE;

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
  const uint8_t *p; // FILE: the bytes, or null: read them from files[0] at offset
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
  void *state; // of the container, in the arena
};

// Notes what was wrong in the container, with an offset in the file or an
// address.
void kl_image_note(struct kl_image *image, const char *what, uint64_t object, enum kl_status reason);

// For containers that are runs and nothing else: resolves the collected runs,
// cuts what lies past the end of the file, and sets ops, bytes and end.
enum kl_status kl_image_use_runs(struct kl_image *image) KL_MUST_USE;

// The segment of a run list, and the sums over one.
enum kl_status kl_runs_segment(const struct kl_runs *runs, uint64_t phys, struct kl_segment *ret) KL_MUST_USE;
void kl_image_sum_runs(struct kl_image *image);

// Reads the ELF notes of CPUs and VMCOREINFO (the first of each wins over what
// a later call finds). notes: kept by the image. Its cost in arena bytes.
uint64_t kl_notes_cost(uint64_t bytes, const struct kl_limits *limits);
enum kl_status kl_notes_read(struct kl_image *image, struct kl_bytes notes) KL_MUST_USE;

// ── Containers ─────────────────────────────────────────────────────────────

enum { KL_HEAD_BYTES = 64 }; // of a file, for recognition; zero-padded

struct kl_container {
  const char *name;
  const char *flattened_name; // its name inside a flattened file; null: not found there
  bool has_parts;             // may come as several files
  bool (*recognise)(const uint8_t *head);
  // Arena bytes that open may take, at most.
  enum kl_status (*workspace)(const struct kl_source *files, size_t n, const struct kl_limits *limits,
                              uint64_t *ret);
  enum kl_status (*open)(struct kl_image *image);
};

extern const struct kl_container kl_container_raw;
extern const struct kl_container kl_container_elf;

#endif
