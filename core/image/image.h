// Guest-physical memory: one interface over every container.
//
// An image is opened once over the files of one dump and recognised by
// content. Reads are all or nothing, and tell present, absent, filtered and
// I/O error apart. Memory that the container declares to be zero reads as zero.
#ifndef KL_IMAGE_IMAGE_H
#define KL_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "kernlens/diagnostics.h"
#include "kernlens/limits.h"
#include "kernlens/source.h"

enum kl_segment_state {
  KL_SEGMENT_FILE,     // bytes are in the file (stored or compressed)
  KL_SEGMENT_ZERO,     // declared to be zero
  KL_SEGMENT_FILTERED, // left out on purpose
};

// A run of guest-physical memory in one state. Runs do not overlap.
struct kl_segment {
  uint64_t start, end; // guest-physical, bytes; end is exclusive
  enum kl_segment_state state;
  uint64_t file_offset; // of the byte at start; of its first block where compressed; 0 when not FILE
};

// What the container says about the machine beside its memory. The bytes are
// borrowed from the image.
struct kl_image_facts {
  const char *container; // raw, lime, avml, elf, kdump, flattened elf, flattened kdump: a static string
  uint16_t elf_machine;  // 62 x86-64, 183 arm64, 0 unknown
  bool has_phys_base;    // kdump sub-header
  uint64_t phys_base;
  struct kl_bytes vmcoreinfo; // note or sub-header; n is 0 without
  bool incomplete;            // the container itself says that it was cut short
};

// Registers of one CPU as a note gives them. A register is known when its bit
// (KL_REGISTER_*) is set in known.
enum {
  KL_REGISTER_IP = 1,
  KL_REGISTER_SP = 2,
  KL_REGISTER_CR3 = 4,
  KL_REGISTER_CR4 = 8,
  KL_REGISTER_KERNEL_GS = 16,
  KL_REGISTER_GS = 32,
  KL_REGISTER_PID = 64
};
struct kl_cpu_registers {
  uint32_t known;
  uint32_t pid;
  uint64_t ip, sp, cr3, cr4, gs_base, kernel_gs_base;
};

struct kl_image; // opaque; lives in the arena

// Recognises the container of the n files (n > 1: the parts of one split dump,
// in any order; n is 1 otherwise) and builds what is needed to read pages.
// Flattened files (makedumpfile -F) are read as what they hold.
// What sources and codec call, limits and diagnostics: borrowed for the life of
// the image; codec and diagnostics may be null. What was wrong, refused or left
// out goes to diagnostics, subject "image". A file that was cut short opens all
// the same: what it lacks is absent. Errors: KL_ERR_UNSUPPORTED (known container,
// unknown version, or a file known not to be memory: diagnosed), KL_ERR_MALFORMED, KL_ERR_LIMIT, KL_ERR_IO,
// KL_ERR_NO_MEMORY. A file of no known container opens as raw; an empty one is
// KL_ERR_MALFORMED.
enum kl_status kl_image_open(struct kl_arena *arena, const struct kl_source *sources, size_t n,
                             const struct kl_codec *codec, const struct kl_limits *limits,
                             struct kl_diagnostics *diagnostics, struct kl_image **ret) KL_MUST_USE;

// The workspace that kl_image_open may take for these files: an upper bound,
// found by reading headers only (and, for flattened files, where each record
// is). Nothing is touched that is not used: 64 GiB take some 10 KiB as ELF,
// 20 MiB as kdump (16 of them a cache, see the limit block_cache_bytes), 25 MiB
// as AVML.
enum kl_status kl_image_workspace(const struct kl_source *sources, size_t n, const struct kl_limits *limits,
                                  uint64_t *ret) KL_MUST_USE;

const struct kl_image_facts *kl_image_facts(const struct kl_image *image);

// CPU i of the notes; false past the last.
bool kl_image_cpu(const struct kl_image *image, uint64_t i, struct kl_cpu_registers *ret);

// Copies guest-physical [phys, phys + n): all of it, or the status of the first
// byte that can't be read. n may cross pages and segments.
enum kl_status kl_image_read(struct kl_image *image, uint64_t phys, void *dst, size_t n) KL_MUST_USE;

// From now on progress->stop is asked every few thousand reads (borrowed). Once
// it has said so every read is KL_ERR_CANCELLED until resume.
void kl_image_watch(struct kl_image *image, const struct kl_progress *progress);
bool kl_image_stopped(const struct kl_image *image);
void kl_image_resume(struct kl_image *image);

// How often memory was asked for, lent pieces included, and for how many bytes.
void kl_image_traffic(const struct kl_image *image, uint64_t *reads, uint64_t *bytes);

// The same of another image: added to this one, and forgotten there.
void kl_image_traffic_move(struct kl_image *image, struct kl_image *from);

// Lends [phys, phys + n) without a copy where the file is mapped and holds it
// in one piece (stable: *ret then lives as long as the image), or from the
// page cache of a compressed container (not stable: valid until the next call
// on this image; n at most one page that does not cross a page).
// KL_ERR_UNSUPPORTED: use kl_image_read.
enum kl_status kl_image_lend(struct kl_image *image, uint64_t phys, size_t n, const uint8_t **ret,
                             bool *stable) KL_MUST_USE;

// Says that memory will be read soon: where the source is mapped the processor
// fetches it meanwhile. Reads nothing, and changes no answer.
void kl_image_prefetch(const struct kl_image *image, uint64_t phys);

// The first segment that ends after phys (it may start after it: a gap, which
// is absent). KL_END when there is none. Cost: O(log segments), or for kdump
// O(1) by rank table plus the run.
enum kl_status kl_image_segment(struct kl_image *image, uint64_t phys, struct kl_segment *ret) KL_MUST_USE;

// Bytes of memory that the image knows (FILE and ZERO and FILTERED), and the
// first address past the highest one.
uint64_t kl_image_bytes(const struct kl_image *image);
uint64_t kl_image_end(const struct kl_image *image);

// Raw images (and LiME's gap-losing mode) do not say where their bytes lie.
// Layout i of the proposals that fit this file's size: base (where file offset
// 0 lies) and a hole [hole_start, hole_end) that the file does not hold (both 0
// without). KL_END past the last or when the container states its layout.
struct kl_image_layout {
  const char *name; // flat, q35, i440fx, microvm, xen, arm64-virt ...: a static string
  uint64_t base, hole_start, hole_end;
};
enum kl_status kl_image_layout_propose(const struct kl_image *image, uint64_t i,
                                       struct kl_image_layout *ret) KL_MUST_USE;
// Reads go through the layout that another image of the same files uses.
void kl_image_layout_follow(struct kl_image *image, const struct kl_image *other);
// Reads go through this layout from now on. Cheap; attach tries several.
enum kl_status kl_image_layout_use(struct kl_image *image, const struct kl_image_layout *layout) KL_MUST_USE;

#endif
