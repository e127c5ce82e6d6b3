// Page scripts: guest memory as a list of the bytes in it that are not zero.
//
// A record is a little-endian u64 and bytes: pfn (40 bits, of 4096-byte frames)
// << 24 | offset in the frame << 12 | length - 1; then the bytes. What a record
// says beyond its frame's end is dropped, and so is what lies behind the
// script's own end. A frame that no record names is absent from the dump; a
// byte that no record names is zero. The records of one frame stand together
// and in order as the generator writes them, but need not.
//
// Harnesses of what lies above the image get one over the frames; guest gets an
// ELF core, served from the frames through a kl_source.
#ifndef FUZZ_PAGE_SCRIPT_H
#define FUZZ_PAGE_SCRIPT_H

#include <stdbool.h>

#include "harness.h"
#include "image/image.h"

enum {
  SCRIPT_PAGE = 4096,
  SCRIPT_FRAMES = 512,
  SCRIPT_RECORD = 8,
};

struct script_frame {
  uint64_t pfn;
  uint8_t *bytes;
  uint16_t low, high; // all that is not zero lies in [low, high)
};

struct page_script {
  struct kl_source source;
  struct script_frame frames[SCRIPT_FRAMES];
  size_t n;
  uint64_t highest; // pfn
  bool in_order;    // the frames stand one behind the other
  const uint8_t *head;
  size_t head_bytes; // of the ELF core; 0 without one
  uint32_t reads, fail_at;
  uint32_t patience; // reads after which all is cancelled; 0: none
  int no_lend;
};

// Reads the script. Options: as those of fuzz_source_init. There is one at a
// time, always the same.
struct page_script *script_read(struct kl_bytes script, struct fuzz_input *options);
// Writes into a frame: that of the script, or a new one. False when there is no room.
bool script_write(struct page_script *script, uint64_t pfn, size_t offset, const void *p, size_t n);
// Takes back what the script says of a frame, if anything.
void script_clear(struct page_script *script, uint64_t pfn);

// One of the two, at last. An image of the frames, which no container holds
// (those have a harness of their own), borrowing the limits:
enum kl_status script_image(struct page_script *script, struct kl_arena *arena, const struct kl_limits *limits,
                            struct kl_image **ret) KL_MUST_USE;
// or script->source as an ELF core; machine: its e_machine.
void script_elf(struct page_script *script, uint16_t machine);

#endif
