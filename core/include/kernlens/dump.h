// A dump: one workspace, an image of guest memory, and the kernel found in it.
//
//   size_t n; kl_workspace_size(&options, &n);
//   struct kl_dump *dump; kl_dump_open(malloc(n), n, &options, &dump);
//   kl_dump_attach(dump); ... kl_cursor_open(dump, ...) ...
//
// There is nothing to close: give the block back. A dump is used by one thread
// at a time; two dumps may be open on one source.
#ifndef KERNLENS_DUMP_H
#define KERNLENS_DUMP_H

#include <stddef.h>
#include <stdint.h>

#include "kernlens/diagnostics.h"
#include "kernlens/limits.h"
#include "kernlens/source.h"
#include "kernlens/table.h"

struct kl_dump;

// Threads that a frontend may bring for work that falls into parts (share.h).
struct kl_workers {
  void *user;
  // Calls work(argument, part, dump) once for each part below n, in ascending
  // order as threads become free, each with a context that no other thread uses;
  // the caller's own thread, with the dump itself, is one of them. Then true, with
  // what contexts have cost added to the dump. False: too little to share, or it
  // could not be done, and parts may have been worked on or not.
  bool (*run)(void *user, struct kl_dump *dump, uint64_t frames, uint64_t n,
              void (*work)(void *argument, uint64_t part, struct kl_dump *dump), void *argument);
};

struct kl_dump_options {
  const struct kl_source *sources; // borrowed for the life of the dump
  size_t n_sources;
  struct kl_codec codec;
  struct kl_limits limits;
  struct kl_progress progress;
  struct kl_workers workers; // run may be null
  // What the user knows better; each may be empty. Borrowed.
  const uint8_t *btf; // a vmlinux BTF, raw
  size_t btf_bytes;
  const uint8_t *symbols; // a System.map
  size_t symbols_bytes;
  uint64_t root; // physical address of the kernel's page-table root; 0: find it
};

// Options with default limits and nothing else.
struct kl_dump_options kl_dump_options_default(void);

// How large a block suffices for these options: an upper bound; what is not
// touched costs nothing where memory is committed on demand.
enum kl_status kl_workspace_size(const struct kl_dump_options *options, size_t *ret) KL_MUST_USE;

// Recognises the container. On an error *why (may be null) names stage, what
// and where.
enum kl_status kl_dump_open(void *workspace, size_t bytes, const struct kl_dump_options *options,
                            struct kl_dump **ret, struct kl_diagnostic *why) KL_MUST_USE;
// What kind of file it is: raw, lime, avml, elf, kdump, ...: a static string.
const char *kl_dump_container(const struct kl_dump *dump);
// Finds and verifies the kernel. The image stays usable when it fails.
enum kl_status kl_dump_attach(struct kl_dump *dump, struct kl_diagnostic *why) KL_MUST_USE;

// After progress.stop ended something: what is asked next is answered again.
void kl_dump_resume(struct kl_dump *dump);

// What answers have cost so far, attaching included.
struct kl_statistics {
  uint64_t reads, read_bytes; // of guest-physical memory, page tables included
  uint64_t steps;             // of the budgets of cursors
};
void kl_dump_statistics(const struct kl_dump *dump, struct kl_statistics *ret);

// What was lost so far: grows as tables are read.
const struct kl_diagnostics *kl_dump_diagnostics(const struct kl_dump *dump);

#endif
