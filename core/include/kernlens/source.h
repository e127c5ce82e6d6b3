// The outside world of the core: bytes of a file, and a decompressor.
//
// The frontend implements both. The core bounds every offset, length and
// output before it calls, and never keeps a lent pointer past the life of the
// dump that was opened on the source.
#ifndef KERNLENS_SOURCE_H
#define KERNLENS_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "kernlens/status.h"

// One file of bytes. All functions must be safe to call from the thread that
// uses the dump; two dumps may share one source from two threads.
struct kl_source {
  void *user;     // handed back to the functions; may be null
  uint64_t bytes; // size of the file

  // Copies [offset, offset + n) to dst: all of it or an error. Not null.
  // Returns KL_OK, KL_ERR_IO or KL_ERR_CANCELLED.
  enum kl_status (*read)(void *user, uint64_t offset, void *dst, size_t n);

  // Lends a pointer to [offset, offset + n), valid as long as the source.
  // Null when the source cannot lend (then everything goes through read), and
  // it may refuse any one range with KL_ERR_UNSUPPORTED.
  enum kl_status (*lend)(void *user, uint64_t offset, size_t n, const uint8_t **ret);
};

enum kl_method {
  KL_METHOD_ZLIB,   // a zlib stream (RFC 1950)
  KL_METHOD_LZO,    // LZO1X, one block
  KL_METHOD_SNAPPY, // raw snappy, one block (no framing)
  KL_METHOD_ZSTD,   // one zstd frame
};

struct kl_codec {
  void *user; // handed back; may be null

  // Decompresses one block of in_n bytes into at most out_cap bytes and says
  // how many came out. Null when no decompressor is there. Returns KL_OK,
  // KL_ERR_MALFORMED (also when out_cap does not suffice) or
  // KL_ERR_UNSUPPORTED (a method that this frontend lacks).
  enum kl_status (*inflate)(void *user, enum kl_method method, const uint8_t *in, size_t in_n, uint8_t *out,
                            size_t out_cap, size_t *out_n);
};

// Told about work over about a tenth of a second. Returns false to cancel: the
// running call then ends with KL_ERR_CANCELLED. Unit of done and total: bytes.
struct kl_progress {
  void *user;
  _Bool (*report)(void *user, const char *stage, uint64_t done, uint64_t total); // may be null
  // Asked every few thousand reads of guest memory, once a kernel is attached:
  // true ends the call that runs, however little it gives. May be null.
  _Bool (*stop)(void *user);
};

#endif
