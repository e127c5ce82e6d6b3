// What every harness shares: options from the input's tail, sources that fail
// on demand, memory with guards, and the beliefs that must hold.
//
// A harness is one function, LLVMFuzzerTestOneInput. libFuzzer, AFL++ and the
// replayer (replay.c) all call it.
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "kernlens/limits.h"
#include "kernlens/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

// Ends the program loudly when a belief about kernlens is false.
#define FUZZ_REQUIRE(condition)                                                                                    \
  do {                                                                                                             \
    if (!(condition))                                                                                              \
      fuzz_fail(__FILE__, __LINE__, #condition);                                                                   \
  } while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

// A status that a function returned: never KL_ERR_INTERNAL, never out of range.
enum kl_status fuzz_status(enum kl_status status);

// The input: its last FUZZ_TAIL bytes are options, taken from the end; a seed
// is a file and as many zeros, which stand for "nothing special". What is
// missing reads as zero.
enum { FUZZ_TAIL = 16 };
struct fuzz_input {
  struct kl_bytes body;
  uint8_t tail[FUZZ_TAIL];
  size_t used;
};
void fuzz_input_init(struct fuzz_input *input, const uint8_t *data, size_t n);
uint8_t fuzz_option8(struct fuzz_input *input);
uint16_t fuzz_option16(struct fuzz_input *input);
uint32_t fuzz_option32(struct fuzz_input *input);

// A copy of n bytes that ends at an unreadable page, or (front) begins behind
// one. Under AddressSanitizer both ends are guarded.
struct fuzz_guarded {
  uint8_t *p;
  size_t n;
  void *mapping; // null: under AddressSanitizer
  size_t mapping_bytes;
};
struct fuzz_guarded fuzz_guard(const uint8_t *p, size_t n, int front);
void fuzz_release(struct fuzz_guarded *guarded);

// The block of a workspace: bytes of it may be touched, what is behind them may
// not. It holds rubbish at each begin: never zeros, but what inputs before left.
// One at a time.
enum { FUZZ_WORKSPACE = 64 << 20 };
void *fuzz_workspace_begin(size_t bytes);
void fuzz_workspace_end(size_t touched); // kl_arena.peak, or all

// Another such block, never given back: up to the unreadable bytes behind it.
uint8_t *fuzz_block(void);

// What is allocated between them is no leak.
void fuzz_leak_begin(void);
void fuzz_leak_end(void);

// A block that ends where memory ends, with what was in it before. One at a
// time; up to FUZZ_WORKSPACE. Aligned to 16 when bytes is.
void *fuzz_scratch(size_t bytes);

// A source over bytes. fail_at: the read that fails, counted from 1; 0: none.
struct fuzz_source {
  struct kl_source source;
  const uint8_t *p;
  uint32_t reads, fail_at;
  enum kl_status failure;
};
// options: bit 0 of the first option byte: no lend; the next byte: fail_at.
void fuzz_source_init(struct fuzz_source *s, const uint8_t *p, size_t n, struct fuzz_input *options);

// A decompressor that keeps to its contract and no more: how many bytes come
// out, and whether it fails, depends on the first bytes.
extern const struct kl_codec fuzz_codec;

// Small caps, so that a walk that honours them ends within milliseconds.
struct kl_limits fuzz_limits(void);

#endif
