// The workspace: address space that is committed when it is touched.
#include "io_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_bytes(void) {
  return (size_t)sysconf(_SC_PAGESIZE);
}

// The size with both guard pages; 0 when there is no such size.
static size_t with_guards(uint64_t bytes) {
  size_t page = page_bytes();
  return bytes > SIZE_MAX / 2 - 3 * page ? 0 : ((size_t)bytes + page - 1) / page * page + 2 * page;
}

void *io_workspace_create(uint64_t bytes, struct io_error *why) {
  size_t page = page_bytes(), size = with_guards(bytes);
  uint8_t *p = MAP_FAILED;
  errno = ENOMEM;
  if (size)
    p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p != MAP_FAILED && mprotect(p + page, size - 2 * page, PROT_READ | PROT_WRITE) == 0) {
    (void)madvise(p, size, MADV_DONTDUMP);
    return p + page;
  }
  int error = errno;
  if (p != MAP_FAILED)
    munmap(p, size);
  io_error_set(why, "a workspace of %llu MiB cannot be had: %s; see ulimit -v",
               (unsigned long long)(bytes >> 20) + 1, strerror(error));
  return NULL;
}

void io_workspace_destroy(void *workspace, uint64_t bytes) {
  if (workspace)
    munmap((uint8_t *)workspace - page_bytes(), with_guards(bytes));
}
