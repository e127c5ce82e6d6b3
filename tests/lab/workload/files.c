/*
 * Files in known states of caching on every file system given as argument: files MOUNT...
 *
 * Contents are blocks (fill_block) named after the file. Each file is a fact with its SHA-256;
 * what is resident in the end the witness asks of mincore, for each path in /facts/cached.txt.
 */
#include "workload.h"

#include <limits.h>
#include <sys/mman.h>

/* What to do with the pages once the file is written. */
enum caching { KEEP, DIRTY, DROP, SECOND_HALF, SINGLE_PAGES };

struct file {
  const char *name;
  unsigned blocks;
  unsigned tail; /* bytes after the blocks */
  enum caching caching;
};

static const struct file files[] = {
    {"whole", 64, 0, KEEP},    {"tail", 3, 100, KEEP},        {"one-byte", 0, 1, KEEP},
    {"empty", 0, 0, KEEP},     {"big", 2048, 0, KEEP},        {"dirty", 32, 0, DIRTY},
    {"uncached", 64, 0, DROP}, {"half", 128, 0, SECOND_HALF}, {"single-pages", 256, 0, SINGLE_PAGES},
};

/* With a space, a newline, a quote, a backslash; UTF-8; not UTF-8; 255 bytes long. */
static const char *const names[] = {
    "a b\nc\"d\\e",
    "\xe6\x97\xa5\xe6\x9c\xac.txt",
    "\xff\xfe",
    NULL,
};

static void tell(const char *path, const char *content) {
  char path_hex[2 * PATH_MAX + 1];
  struct stat facts;
  must(lstat(path, &facts), path);
  fact("files",
       "{\"fact\": \"file\", \"path_hex\": \"%s\", \"device\": \"%u:%u\", \"inode\": %lu, "
       "\"mode\": \"%o\", \"links\": %lu, \"bytes\": %ld, \"blocks\": %ld, \"content\": \"%s\"}",
       hex(path, strlen(path), path_hex), major(facts.st_dev), minor(facts.st_dev), (unsigned long)facts.st_ino,
       facts.st_mode, (unsigned long)facts.st_nlink, (long)facts.st_size, (long)facts.st_blocks, content);
}

/* busybox reads the file while all of it is cached; no second program computes digests here. */
static void tell_digest(const char *path) {
  char command[PATH_MAX + 64], digest[65] = "", path_hex[2 * PATH_MAX + 1];
  snprintf(command, sizeof command, "/bin/busybox sha256sum < %s", path);
  FILE *output = popen(command, "r");
  if (output == NULL || fread(digest, 1, 64, output) != 64)
    die(path);
  pclose(output);
  fact("files", "{\"fact\": \"digest\", \"path_hex\": \"%s\", \"sha256\": \"%s\"}",
       hex(path, strlen(path), path_hex), digest);
}

static void ask_residence(const char *path) {
  FILE *list = fopen("/facts/cached.txt", "ae");
  if (list == NULL)
    die("/facts/cached.txt");
  fprintf(list, "%s\n", path);
  fclose(list);
}

static int create(const char *path) {
  return (int)must(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644), path);
}

static void write_blocks(int fd, const char *content, unsigned long first, unsigned count, unsigned tail) {
  static char block[BLOCK];
  for (unsigned long at = first; at <= first + count; at++) {
    size_t bytes = at < first + count ? BLOCK : tail;
    fill_block(block, content, at);
    if (must(pwrite(fd, block, bytes, (off_t)(at * BLOCK)), content) != (long)bytes)
      die(content);
  }
}

/* Reads pages with no read-ahead, so that these and no others come in. */
static void read_pages(int fd, off_t from, off_t to, off_t step) {
  char byte;
  must(-posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), "fadvise");
  for (off_t at = from; at < to; at += step)
    must(pread(fd, &byte, 1, at), "pread");
}

static void cache_as_wanted(int fd, const struct file *file) {
  off_t page = sysconf(_SC_PAGESIZE), bytes = (off_t)file->blocks * BLOCK;
  if (file->caching == DIRTY)
    return;
  must(fsync(fd), "fsync");
  if (file->caching == KEEP)
    return;
  must(-posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), "fadvise");
  if (file->caching == SECOND_HALF)
    read_pages(fd, bytes / 2, bytes, page);
  if (file->caching == SINGLE_PAGES)
    read_pages(fd, page, bytes, 5 * page);
}

static void make_plain(const char *mount) {
  char path[PATH_MAX];
  for (size_t at = 0; at < sizeof files / sizeof files[0]; at++) {
    snprintf(path, sizeof path, "%s/files/%s", mount, files[at].name);
    int fd = create(path);
    write_blocks(fd, files[at].name, 0, files[at].blocks, files[at].tail);
    tell_digest(path);
    cache_as_wanted(fd, &files[at]);
    close(fd);
    tell(path, files[at].name);
    ask_residence(path);
  }
}

/* Data far apart: a few blocks at the start, in the middle and a terabyte out. */
static void make_sparse(const char *mount) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/files/sparse", mount);
  int fd = create(path);
  write_blocks(fd, "sparse", 0, 2, 0);
  write_blocks(fd, "sparse", 1000, 3, 0);
  must(fsync(fd), path);
  close(fd);
  tell_digest(path);
  tell(path, "sparse");
  ask_residence(path);

  static const unsigned long places[] = {5, 70000, 268435456};
  snprintf(path, sizeof path, "%s/files/far", mount);
  fd = create(path);
  for (size_t at = 0; at < 3; at++) {
    write_blocks(fd, "far", places[at], 1, 0);
    fact("files", "{\"fact\": \"far-block\", \"mount\": \"%s\", \"block\": %lu}", mount, places[at]);
  }
  must(fsync(fd), path);
  close(fd);
  tell(path, "far");
}

static void make_names(const char *mount) {
  char path[PATH_MAX], target[PATH_MAX], longest[256];
  memset(longest, 'n', 255);
  longest[255] = '\0';
  for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
    snprintf(path, sizeof path, "%s/files/%s", mount, names[at] != NULL ? names[at] : longest);
    int fd = create(path);
    write_blocks(fd, "odd-name", 0, 1, 0);
    close(fd);
    tell(path, "odd-name");
  }

  /* Deeper than most callers expect. */
  int length = snprintf(path, sizeof path, "%s/files", mount);
  for (int depth = 0; depth < 40; depth++) {
    length += snprintf(path + length, sizeof path - (size_t)length, "/level-%d", depth);
    must(mkdir(path, 0755), path);
  }
  snprintf(path + length, sizeof path - (size_t)length, "/bottom");
  int fd = create(path);
  write_blocks(fd, "bottom", 0, 1, 0);
  close(fd);
  tell(path, "bottom");

  snprintf(target, sizeof target, "%s/files/whole", mount);
  snprintf(path, sizeof path, "%s/files/hard link", mount);
  must(link(target, path), path);
  tell(path, "whole");
  snprintf(path, sizeof path, "%s/files/symbolic", mount);
  must(symlink(target, path), path);
  tell(path, "");
}

/* Pages written through a mapping, and a file that has no name any more. */
static void make_held(const char *mount) {
  enum { BYTES = 16 * 16384 };
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/files/mapped", mount);
  int fd = create(path);
  must(ftruncate(fd, BYTES), path);
  void *mapped = must_map(mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), path);
  fill(mapped, "mapped", BYTES);
  close(fd);
  tell(path, "mapped");
  ask_residence(path);

  snprintf(path, sizeof path, "%s/files/unlinked", mount);
  fd = create(path);
  write_blocks(fd, "unlinked", 0, 16, 0);
  tell(path, "unlinked");
  must(unlink(path), path);
  /* Left open. */
}

int main(int count, char **mounts) {
  for (int at = 1; at < count; at++) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/files", mounts[at]);
    must(mkdir(path, 0755), path);
    make_plain(mounts[at]);
    make_sparse(mounts[at]);
    make_names(mounts[at]);
    make_held(mounts[at]);
  }
  settled("files");
  sleep_for_ever();
}
