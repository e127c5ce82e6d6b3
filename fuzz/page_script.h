// Page scripts: guest memory as a list of the bytes in it that are not zero.
//
// A record is a little-endian u64 and bytes: pfn (40 bits, of 4096-byte frames)
// << 24 | offset in the frame << 12 | length - 1; then the bytes. What a record
// says beyond its frame's end is dropped, and so is what lies behind the
// script's own end. A frame that no record names is absent from the dump; a
// byte that no record names is zero. The records of one frame stand together
// and in order as the generator writes them, but need not.
//
// The result is an ELF core, served from the frames through a kl_source, so that
// all of the real image code is in play.
#ifndef FUZZ_PAGE_SCRIPT_H
#define FUZZ_PAGE_SCRIPT_H

#include "harness.h"

enum {
  SCRIPT_PAGE = 4096,
  SCRIPT_FRAMES = 512,
  SCRIPT_RECORD = 8,
};

struct script_frame {
  uint64_t pfn;
  uint8_t *bytes;
};

struct page_script {
  struct kl_source source; // the ELF core
  struct script_frame frames[SCRIPT_FRAMES];
  size_t n;
  uint8_t *head; // ELF header, program headers, notes
  size_t head_bytes;
  uint32_t reads, fail_at;
  uint32_t patience; // reads after which all is cancelled; 0: none
  int no_lend;
};

// Reads the script. Options: as those of fuzz_source_init. There is one at a
// time, always the same.
struct page_script *script_read(struct kl_bytes script, struct fuzz_input *options);
// A frame: that of the script, or a new one, zeroed; null when there is no room.
uint8_t *script_frame(struct page_script *script, uint64_t pfn);
// Makes the core: script->source. machine: its e_machine. notes may be empty.
void script_finish(struct page_script *script, uint16_t machine, struct kl_bytes notes);

#endif
