// What the native frontends share: files as sources of bytes, a decompressor, a
// workspace, and the confinement of the process before it parses what it was
// given.
//
//   io_file_open ... io_codec_create ... io_workspace_create
//   io_sandbox_enter
//   io_guard_run: kl_dump_open and all that follows
//   io_file_intact: was what was read the file that was opened?
#ifndef IO_IO_H
#define IO_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernlens/source.h"

// One line for people: what, where, and what to try. Not escaped for a
// terminal: it may hold a path as it was given.
struct io_error {
  char text[1024];
};

// ── Files ──────────────────────────────────────────────────────────────────

// A file that is read and never written: mapped where it can be, or else read
// piece by piece. Regular files and block devices; what has no size or no
// bytes is refused.
struct io_file;

bool io_file_open(const char *path, struct io_file **ret, struct io_error *why);
void io_file_close(struct io_file *file); // may be null

// Valid until the file is closed. Several threads may read at once.
struct kl_source io_file_source(struct io_file *file);

// The whole file as one piece of memory, valid until it is closed: mapped, or
// read into memory when it has at most `most` bytes. Null, and why, otherwise.
const uint8_t *io_file_bytes(struct io_file *file, size_t most, size_t *ret_n, struct io_error *why);

// Whether everything that was read came from the file as it was opened. False,
// and why, after an I/O error or when the file is shorter now. Ask before you
// believe an answer: a mapped page that is cut in the middle reads as zeros.
bool io_file_intact(struct io_file *file, struct io_error *why);

// ── Guard ──────────────────────────────────────────────────────────────────

// Runs work(user) and gives what it returned. When a mapped file loses the page
// that is being read (it shrank, or the disk failed), work is left at that
// instruction, and the result is false, and why. work must own nothing that has
// to be given back after such an end. Guards nest, and each thread has its own.
// Installs a handler of SIGBUS, which stays.
bool io_guard_run(int (*work)(void *user), void *user, int *ret, struct io_error *why);

// ── Threads ────────────────────────────────────────────────────────────────

enum { IO_MOST_THREADS = 8 }; // more would wait for memory, not for processors

// Processors that this process may run on, at most IO_MOST_THREADS.
size_t io_processors(void);
// Calls work(user, i) for every i below n (at most IO_MOST_THREADS) at the same
// time, i 0 in this thread, each under a guard, and returns when all have come
// back. ended(user) is called, maybe from several threads at once, when a guard
// ended one: what others wait for will not come. Where no further thread can be
// had, fewer are started. False, and why, when a guard ended any. Works inside
// the sandbox.
bool io_threads_run(size_t n, void (*work)(void *user, size_t i), void (*ended)(void *user), void *user,
                    struct io_error *why);

// ── Decompression ──────────────────────────────────────────────────────────

// zlib, LZO, snappy and zstd, with bounded outputs. One thread at a time uses
// one of them. Null when memory is short.
struct io_codec;
struct io_codec *io_codec_create(void);
void io_codec_destroy(struct io_codec *codec); // may be null
struct kl_codec io_codec_calls(struct io_codec *codec);

// ── Workspace ──────────────────────────────────────────────────────────────

// Memory for a dump, between two pages that nothing may touch. Zero, and
// committed when touched. Null, and why, when the address space has no room.
void *io_workspace_create(uint64_t bytes, struct io_error *why);
void io_workspace_destroy(void *workspace, uint64_t bytes); // may be null

// ── Sandbox ────────────────────────────────────────────────────────────────

enum {
  IO_CONFINED_SYSCALLS = 1, // seccomp: see the table in sandbox.c
  IO_CONFINED_FILES = 2,    // Landlock: no file can be opened
};

// Gives up what the process will not need once its files are open: opening
// anything, networks, other processes, new programs. Open descriptors, memory
// and threads remain. For all threads, and for good. Returns what is in force;
// note says why something is not (empty: all is).
unsigned io_sandbox_enter(struct io_error *note);
// The same, but for one folder (an open descriptor): in it and below it folders
// and files may be made and written, following no link. Where Landlock is
// missing, only the way in which openat is called is confined.
unsigned io_sandbox_enter_folder(int folder, struct io_error *note);

#endif
