// Files as sources of bytes.
#include "io_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Atomic(struct io_file *) io_files;

void io_error_set(struct io_error *error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
}

// ── Opening ────────────────────────────────────────────────────────────────

static const char *what_to_try(int error) {
  switch (error) {
  case ENOENT:
  case ENOTDIR:
    return "check the name";
  case EACCES:
  case EPERM:
    return "it takes the right to read it";
  case EMFILE:
  case ENFILE:
    return "close some files first";
  default:
    return "check the disk";
  }
}

// Why a file of this type cannot be a dump; null: it can.
static const char *why_not(mode_t mode) {
  if (S_ISREG(mode) || S_ISBLK(mode))
    return NULL;
  if (S_ISDIR(mode))
    return "is a directory; give the dump file in it";
  if (S_ISFIFO(mode))
    return "is a pipe, and a dump is read at many places; save it to a file first";
  if (S_ISSOCK(mode))
    return "is a socket, and a dump is read at many places; save it to a file first";
  return "is a device without a size; save what it gives to a file first";
}

static bool measure(struct io_file *file, struct io_error *why) {
  struct stat st;
  if (fstat(file->fd, &st) != 0) {
    io_error_set(why, "%s: %s; %s", file->path, strerror(errno), what_to_try(errno));
    return false;
  }
  const char *refused = why_not(st.st_mode);
  if (refused) {
    io_error_set(why, "%s: %s", file->path, refused);
    return false;
  }
  off_t end = lseek(file->fd, 0, SEEK_END); // also where st_size says nothing: block devices
  if (end < 0) {
    io_error_set(why, "%s: its size cannot be told: %s; copy it to a file first", file->path, strerror(errno));
    return false;
  }
  if (end == 0) {
    io_error_set(why, "%s: is empty; was it written to its end?", file->path);
    return false;
  }
  file->bytes = (uint64_t)end;
  return true;
}

static void map(struct io_file *file) {
  if (file->bytes > SIZE_MAX)
    return;
  void *p = mmap(NULL, (size_t)file->bytes, PROT_READ, MAP_PRIVATE, file->fd, 0);
  if (p == MAP_FAILED)
    return; // then it is read
  // A guest's memory has no place in a core file of ours.
  (void)madvise(p, (size_t)file->bytes, MADV_DONTDUMP);
  file->map = p;
}

static bool open_path(struct io_file *file, const char *path, struct io_error *why) {
  file->path = strdup(path);
  if (!file->path) {
    io_error_set(why, "%s: no memory to open it", path);
    return false;
  }
  // Without O_NONBLOCK, a pipe would wait for its writer before it is refused.
  file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (file->fd < 0) {
    if (errno == ENXIO) // a socket
      io_error_set(why, "%s: %s", path, why_not(S_IFSOCK));
    else
      io_error_set(why, "%s: %s; %s", path, strerror(errno), what_to_try(errno));
    return false;
  }
  return measure(file, why);
}

bool io_file_open(const char *path, struct io_file **ret, struct io_error *why) {
  struct io_file *file = calloc(1, sizeof *file);
  if (!file) {
    io_error_set(why, "%s: no memory to open it", path);
    return false;
  }
  file->fd = -1;
  if (!open_path(file, path, why)) {
    io_file_close(file);
    return false;
  }
  map(file);
  file->next = io_files;
  io_files = file;
  *ret = file;
  return true;
}

void io_file_close(struct io_file *file) {
  if (!file)
    return;
  if (io_files == file) {
    io_files = file->next;
  } else {
    for (struct io_file *f = io_files; f; f = f->next)
      if (f->next == file)
        f->next = file->next;
  }
  if (file->map)
    munmap(file->map, (size_t)file->bytes);
  if (file->fd >= 0)
    close(file->fd);
  free(file->loaded);
  free(file->path);
  free(file);
}

// ── Reading ────────────────────────────────────────────────────────────────

static enum kl_status read_mapped(void *user, uint64_t offset, void *dst, size_t n) {
  const struct io_file *file = user;
  if (offset > file->bytes || n > file->bytes - offset)
    return KL_ERR_IO;
  memcpy(dst, file->map + offset, n);
  return KL_OK;
}

static enum kl_status lend_mapped(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  const struct io_file *file = user;
  if (offset > file->bytes || n > file->bytes - offset)
    return KL_ERR_IO;
  *ret = file->map + offset;
  return KL_OK;
}

static enum kl_status read_pieces(void *user, uint64_t offset, void *dst, size_t n) {
  struct io_file *file = user;
  uint8_t *p = dst;
  if (offset > file->bytes || n > file->bytes - offset)
    return KL_ERR_IO;
  while (n) {
    ssize_t got = pread(file->fd, p, n, (off_t)offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0) {
      file->lost = got < 0 ? errno : -1;
      file->lost_at = offset;
      return KL_ERR_IO;
    }
    p += got;
    offset += (uint64_t)got;
    n -= (size_t)got;
  }
  return KL_OK;
}

struct kl_source io_file_source(struct io_file *file) {
  return (struct kl_source){.user = file,
                            .bytes = file->bytes,
                            .read = file->map ? read_mapped : read_pieces,
                            .lend = file->map ? lend_mapped : NULL};
}

const uint8_t *io_file_bytes(struct io_file *file, size_t most, size_t *ret_n, struct io_error *why) {
  *ret_n = (size_t)file->bytes;
  if (file->map)
    return file->map;
  if (file->bytes > most) {
    io_error_set(why, "%s: is larger than %zu bytes; is it the right file?", file->path, most);
    return NULL;
  }
  if (!file->loaded) {
    file->loaded = malloc((size_t)file->bytes);
    if (!file->loaded)
      io_error_set(why, "%s: no memory to read it", file->path);
    else if (read_pieces(file, 0, file->loaded, (size_t)file->bytes) != KL_OK) {
      (void)io_file_intact(file, why);
      free(file->loaded);
      file->loaded = NULL;
    }
  }
  return file->loaded;
}

bool io_file_intact(struct io_file *file, struct io_error *why) {
  off_t end = lseek(file->fd, 0, SEEK_END);
  unsigned long long at = file->lost_at;
  if (end >= 0 && (uint64_t)end < file->bytes) {
    io_error_set(why, "%s: the file shrank while it was read: from %llu to %lld bytes; is it still being written?",
                 file->path, (unsigned long long)file->bytes, (long long)end);
    return false;
  }
  if (!file->lost)
    return true;
  io_error_set(why, "%s: could not be read at offset %llu: %s; check the disk", file->path, at,
               file->lost > 0 ? strerror(file->lost) : "the bytes are not there");
  return false;
}
