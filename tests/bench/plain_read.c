// Reads all of a file through a mapping, a word at a time: what a search of the
// same file is measured against.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int main(int argc, char **argv) {
  struct stat status;
  int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
  if (file < 0 || fstat(file, &status) < 0 || status.st_size <= 0) {
    fprintf(stderr, "usage: plain_read FILE\n");
    return 2;
  }
  size_t n = (size_t)status.st_size;
  const uint8_t *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, file, 0);
  if (p == MAP_FAILED)
    return 1;
  uint64_t all = 0, word;
  for (size_t i = 0; i + sizeof word <= n; i += sizeof word) {
    memcpy(&word, p + i, sizeof word);
    all ^= word;
  }
  printf("%016llx\n", (unsigned long long)all);
  return 0;
}
