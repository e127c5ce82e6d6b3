// Threads for answers that walk many page frames.
//
// Each has a context of its own on the dump (kl_dump_share): for a dump of 64 GiB
// 1 MiB as ELF, LiME or raw, 21 MiB as kdump; and, where it prints rows, up to
// CLI_WORKER_TEXT bytes of them that wait for their turn. Nothing of it grows
// with memory but the kdump bitmaps (a bit a page, twice).
#ifndef CLI_WORKERS_H
#define CLI_WORKERS_H

#include <stdatomic.h>

#include "format.h"
#include "kernlens/share.h"
#include "session.h"

enum {
  // Below this (2 GiB of 4 KiB pages) one thread is done before others have begun.
  CLI_WORKER_FRAMES = 1 << 19,
  CLI_WORKER_TEXT = 16 << 20,
};

struct cli_worker {
  struct cli_workers *all;
  uint64_t rows; // of its cursor, as it last said
  struct kl_dump *dump;
  void *workspace;
  size_t workspace_bytes;
  struct io_codec *codec;
};

struct cli_workers {
  struct cli_session *session;
  struct cli_worker each[IO_MOST_THREADS];
  size_t n;
  atomic_bool stop; // what they do is of no more use
  atomic_ullong rows;
};

// How many threads a walk over so many frames is worth: 1 for none but one's own.
size_t cli_workers_wanted(const struct cli_session *session, uint64_t frames);
// Makes n contexts. False when that can't be had; nothing is to be closed then.
bool cli_workers_open(struct cli_workers *workers, struct cli_session *session, size_t n);
void cli_workers_close(struct cli_workers *workers);

// For kl_dump_options.
struct kl_workers cli_workers_callback(struct cli_session *session);

// Prints the rows of a query by several threads, as one would have printed them,
// byte for byte. False: that is not worth it here, or can't be done, and nothing
// was printed. What cursors would have told goes to *status and *partial.
bool cli_shared_rows(struct cli_session *session, const struct kl_query *query, struct cli_sink *sink,
                     enum kl_status *status, bool *partial);

#endif
