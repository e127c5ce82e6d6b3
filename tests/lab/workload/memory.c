/*
 * Mappings of every kind, with known contents. One process has most; children share some.
 *
 * Each area is a fact: where, how long, under which name its blocks were filled (fill_block) and
 * from which index on; a name of "" says that the area is zero or was never touched.
 */
#include "workload.h"

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

enum { AREA = 16 * 16384 }; /* whole pages, whatever their size */

#define PLACE "/mnt/ext4/mapped"

static void tell_from(const char *area, const void *address, size_t bytes, const char *filled, size_t first) {
  fact("memory",
       "{\"fact\": \"area\", \"pid\": %d, \"area\": \"%s\", \"address\": \"0x%016lx\", "
       "\"bytes\": %zu, \"filled\": \"%s\", \"first_block\": %zu}",
       getpid(), area, (unsigned long)address, bytes, filled, first);
}

static void tell(const char *area, const void *address, size_t bytes, const char *filled) {
  tell_from(area, address, bytes, filled, 0);
}

static void *area(size_t bytes, int protection, int flags, int fd) {
  return must_map(mmap(NULL, bytes, protection, flags, fd, 0), "mmap");
}

static void *filled_area(const char *name, size_t bytes, int flags) {
  void *at = area(bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1);
  fill(at, name, bytes);
  return at;
}

static void map_anonymous(void) {
  tell("anonymous", filled_area("anonymous", AREA, MAP_PRIVATE), AREA, "anonymous");

  void *locked = filled_area("locked", AREA, MAP_PRIVATE);
  must(mlock(locked, AREA), "mlock");
  tell("locked", locked, AREA, "locked");

  void *no_access = filled_area("no-access", AREA, MAP_PRIVATE);
  must(mprotect(no_access, AREA, PROT_NONE), "mprotect");
  tell("no-access", no_access, AREA, "no-access");

  void *read_only = filled_area("read-only", AREA, MAP_PRIVATE);
  must(mprotect(read_only, AREA, PROT_READ), "mprotect");
  tell("read-only", read_only, AREA, "read-only");

  void *executable = filled_area("executable", AREA, MAP_PRIVATE);
  must(mprotect(executable, AREA, PROT_READ | PROT_EXEC), "mprotect");
  tell("executable", executable, AREA, "executable");

  tell("untouched", area(AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1), AREA, "");
  tell("reserved", area(1UL << 36, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1), 1UL << 36, "");

  /* Reads alone bring in the one page of zeros. */
  volatile char *zeros = area(AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  for (size_t at = 0; at < AREA; at += BLOCK)
    (void)zeros[at];
  tell("zeros", (void *)zeros, AREA, "");

  void *moved = filled_area("moved", AREA, MAP_PRIVATE);
  void *grown = must_map(mremap(moved, AREA, 3 * AREA, MREMAP_MAYMOVE), "mremap");
  tell("moved", grown, AREA, "moved");

  /* Every other page given back. */
  char *holes = filled_area("holes", AREA, MAP_PRIVATE);
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  for (size_t at = page; at < AREA; at += 2 * page)
    must(madvise(holes + at, page, MADV_DONTNEED), "madvise");
  tell("holes-in-odd-pages", holes, AREA, "holes");

  void *heap = sbrk(AREA);
  uintptr_t block = ((uintptr_t)heap + BLOCK - 1) & ~(uintptr_t)(BLOCK - 1);
  fill((void *)block, "heap", AREA - BLOCK);
  tell("heap", (void *)block, AREA - BLOCK, "heap");
}

/* Low, high and unaligned to anything large, so that table indexes are all different. */
static void map_at_edges(void) {
  static const uintptr_t places[] = {0x10000, 0x7000001000000, 0x200040000, 0x7f8040200000};
  for (size_t at = 0; at < sizeof places / sizeof places[0]; at++) {
    void *wanted = (void *)places[at];
    void *got =
        mmap(wanted, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    /* Not every machine has addresses so high. */
    if (got != wanted)
      continue;
    fill(got, "edge", AREA);
    tell("edge", got, AREA, "edge");
  }
}

static void map_files(void) {
  static char block[BLOCK];
  must(mkdir(PLACE, 0755), PLACE);
  int fd = (int)must(open(PLACE "/file", O_RDWR | O_CREAT | O_CLOEXEC, 0644), "file");
  for (unsigned long at = 0; at < AREA / BLOCK; at++) {
    fill_block(block, "mapped-file", at);
    must(write(fd, block, BLOCK), "file");
  }
  must(fsync(fd), "fsync");

  char *shared = area(AREA, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
  for (size_t at = 0; at < AREA; at += BLOCK)
    (void)*(volatile char *)(shared + at);
  tell("file-shared", shared, AREA, "mapped-file");

  /* The first half copied on write, the rest still the file's. */
  char *copied = area(AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
  for (size_t at = AREA / 2; at < AREA; at += BLOCK)
    (void)*(volatile char *)(copied + at);
  fill(copied, "copied", AREA / 2);
  tell("file-copied", copied, AREA / 2, "copied");
  tell_from("file-not-copied", copied + AREA / 2, AREA / 2, "mapped-file", AREA / 2 / BLOCK);

  /* A window that starts in the middle. */
  void *window = must_map(mmap(NULL, AREA / 2, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, AREA / 2), "window");
  tell_from("file-window", window, AREA / 2, "mapped-file", AREA / 2 / BLOCK);

  int gone = (int)must(open(PLACE "/gone", O_RDWR | O_CREAT | O_CLOEXEC, 0644), "gone");
  must(ftruncate(gone, AREA), "gone");
  void *deleted = area(AREA, PROT_READ | PROT_WRITE, MAP_SHARED, gone);
  fill(deleted, "deleted", AREA);
  must(unlink(PLACE "/gone"), "gone");
  tell("file-deleted", deleted, AREA, "deleted");
  close(gone);
  close(fd);
}

static void map_shared_memory(void) {
  int memory = (int)must(memfd_create("shared", MFD_CLOEXEC), "memfd");
  must(ftruncate(memory, AREA), "memfd");
  void *memfd = area(AREA, PROT_READ | PROT_WRITE, MAP_SHARED, memory);
  fill(memfd, "memfd", AREA);
  tell("memfd", memfd, AREA, "memfd");
  close(memory);

  int fd = (int)must(open("/dev/shm/posix", O_RDWR | O_CREAT | O_CLOEXEC, 0600), "posix");
  must(ftruncate(fd, AREA), "posix");
  void *posix = area(AREA, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
  fill(posix, "posix", AREA);
  tell("posix-shm", posix, AREA, "posix");
  close(fd);

  int id = (int)must(shmget(0x1ab, AREA, IPC_CREAT | 0600), "shmget");
  void *segment = must_map(shmat(id, NULL, 0), "shmat");
  fill(segment, "sysv", AREA);
  tell("sysv-shm", segment, AREA, "sysv");
}

/* Of the size that the guest's huge pages have: 2 MiB with 4K pages, 32 MiB with 16K pages. */
static size_t huge_size(void) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  return page * page / 8;
}

static void map_huge(void) {
  size_t huge = huge_size();
  char *room = area(2 * huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  char *aligned = (char *)(((uintptr_t)room + huge - 1) & ~(huge - 1));
  /* A kernel without transparent huge pages refuses; smaps says what came of it. */
  if (madvise(aligned, huge, MADV_HUGEPAGE) == 0) {
    fill(aligned, "transparent", huge);
    tell("transparent", aligned, huge, "transparent");
  }

  /* Too small for that, but not for the smaller sizes that newer kernels have. */
  void *medium = area(AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (madvise(medium, AREA, MADV_HUGEPAGE) == 0) {
    fill(medium, "medium", AREA);
    tell("medium", medium, AREA, "medium");
  }

  void *reserved = mmap(NULL, huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
  if (reserved != MAP_FAILED) {
    fill(reserved, "hugetlb", huge);
    tell("hugetlb", reserved, huge, "hugetlb");
  }
}

/* Equal pages, which the kernel merges when it is told to scan (see init). */
static void map_mergeable(void) {
  char *equal = area(AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  memset(equal, 0x5a, AREA);
  if (madvise(equal, AREA, MADV_MERGEABLE) == 0)
    fact("memory",
         "{\"fact\": \"mergeable\", \"pid\": %d, \"address\": \"0x%016lx\", "
         "\"bytes\": %d, \"byte\": \"5a\"}",
         getpid(), (unsigned long)equal, AREA);
}

struct sharing {
  char *anonymous, *inherited;
};

/* Sees the shared area, and has its own copy of half of what it inherited. */
static void share(int pipe, const void *argument) {
  const struct sharing *with = argument;
  must(prctl(PR_SET_NAME, "memory-child"), "PR_SET_NAME");
  fill(with->inherited, "rewritten", AREA / 2);
  tell("shared-anonymous", with->anonymous, AREA, "shared");
  tell("inherited-rewritten", with->inherited, AREA / 2, "rewritten");
  ready(pipe);
  sleep_for_ever();
}

static void share_with_children(void) {
  struct sharing with = {
      .anonymous = filled_area("shared", AREA, MAP_SHARED),
      .inherited = filled_area("inherited", AREA, MAP_PRIVATE),
  };
  tell("shared-anonymous", with.anonymous, AREA, "shared");
  tell("inherited", with.inherited, AREA, "inherited");
  spawn(share, &with);
  spawn(share, &with);
}

int main(void) {
  map_anonymous();
  map_at_edges();
  map_files();
  map_shared_memory();
  map_huge();
  map_mergeable();
  share_with_children();
  settled("memory");
  sleep_for_ever();
}
