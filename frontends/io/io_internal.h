// An open file, as the files of this folder see it.
#ifndef IO_IO_INTERNAL_H
#define IO_IO_INTERNAL_H

#include "io.h"

struct io_file {
  struct io_file *next; // of those that are open: where SIGBUS looks its address up
  char *path;
  int fd;
  uint64_t bytes;  // when it was opened
  uint8_t *map;    // null: not mapped
  uint8_t *loaded; // by io_file_bytes
  // What went wrong, seen from any thread: the last one stands.
  volatile int lost; // errno; -1: no bytes where there were some; 0: nothing
  volatile uint64_t lost_at;
};

extern _Atomic(struct io_file *) io_files;

void io_error_set(struct io_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
