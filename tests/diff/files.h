// Whole files, for test programs.
#ifndef KL_TESTS_FILES_H
#define KL_TESTS_FILES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"

// Ends the program when the file can't be read. Given back by file_free.
static inline struct kl_bytes file_bytes(const char *path) {
  FILE *f = fopen(path, "rb");
  long n = -1;
  uint8_t *p = 0;
  if (f && fseek(f, 0, SEEK_END) == 0 && (n = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0)
    p = malloc((size_t)n + 1);
  if (!p || fread(p, 1, (size_t)n, f) != (size_t)n) {
    fprintf(stderr, "%s: can't be read\n", path);
    exit(1);
  }
  fclose(f);
  return kl_bytes_of(p, (size_t)n);
}

static inline void file_free(struct kl_bytes file) {
  free((void *)(uintptr_t)file.p);
}

#endif
