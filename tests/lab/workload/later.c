/*
 * What changes between two dumps of one boot. The scene is set, and sleeps like all others. When the
 * witness sends SIGUSR1 (only where the host wants a second dump) each thing changes once, the way
 * its name says: processes end, start and rename themselves, memory is touched, given back,
 * protected and mapped, files are read, dropped, written to and grown. What is named `kept` stays.
 *
 * Nothing here says what is different then: /proc, pagemap and mincore do, told before and after.
 */
#include "workload.h"

#include <signal.h>
#include <sys/mman.h>

enum { AREA = 16 * 16384, BLOCKS = 24 };

#define PLACE "/mnt/ext4/later"

static sigset_t wanted;

static void await_signal(void) {
  int signal;
  while (sigwait(&wanted, &signal) != 0)
    continue;
}

/* ── Processes ──────────────────────────────────────────────────────────── */

static void sleep_as(int pipe, const void *name) {
  must(prctl(PR_SET_NAME, name), "PR_SET_NAME");
  ready(pipe);
  sleep_for_ever();
}

static pid_t start(const char *name) {
  pid_t pid = spawn(sleep_as, name);
  fact("later", "{\"fact\": \"process\", \"pid\": %d, \"name\": \"%s\"}", pid, name);
  return pid;
}

/* What starts, starts here: a fork makes all that its parent has read-only in the page tables. */
static void rename_itself(int pipe, const void *settled_as) {
  must(prctl(PR_SET_NAME, "later-renames"), "PR_SET_NAME");
  ready(pipe);
  await_signal();
  start("later-starts");
  must(prctl(PR_SET_NAME, "later-renamed"), "PR_SET_NAME");
  settled(settled_as);
  sleep_for_ever();
}

/* ── Memory ─────────────────────────────────────────────────────────────── */

/* A page of its own on both sides, so that no two areas become one. */
static char *area(const char *name) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *room = must_map(mmap(NULL, AREA + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), name);
  must(mprotect(room + page, AREA, PROT_READ | PROT_WRITE), name);
  fact("later", "{\"fact\": \"area\", \"pid\": %d, \"area\": \"%s\", \"address\": \"0x%016lx\", \"bytes\": %d}",
       getpid(), name, (unsigned long)(room + page), AREA);
  return room + page;
}

static char *filled_area(const char *name) {
  char *at = area(name);
  fill(at, name, AREA);
  return at;
}

/* ── Files ──────────────────────────────────────────────────────────────── */

static int make_file(const char *path, unsigned blocks) {
  static char block[BLOCK];
  int fd = (int)must(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644), path);
  for (unsigned long at = 0; at < blocks; at++) {
    fill_block(block, "later", at);
    must(write(fd, block, BLOCK), path);
  }
  must(fsync(fd), path);
  struct stat facts;
  must(fstat(fd, &facts), path);
  fact("later", "{\"fact\": \"file\", \"path\": \"%s\", \"device\": \"%u:%u\", \"inode\": %lu}", path,
       major(facts.st_dev), minor(facts.st_dev), (unsigned long)facts.st_ino);
  FILE *list = fopen("/facts/cached.txt", "ae");
  if (list == NULL)
    die("/facts/cached.txt");
  fprintf(list, "%s\n", path);
  fclose(list);
  return fd;
}

static void drop(int fd) {
  must(-posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), "fadvise");
}

/* ── Before and after ───────────────────────────────────────────────────── */

static void tell_pid(void) {
  FILE *file = fopen("/run/later", "we");
  if (file == NULL)
    die("/run/later");
  fprintf(file, "%d\n", getpid());
  fclose(file);
}

int main(void) {
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGUSR1);
  must(sigprocmask(SIG_BLOCK, &wanted, NULL), "sigprocmask");
  static char block[BLOCK];
  size_t page = (size_t)sysconf(_SC_PAGESIZE);

  pid_t ends = start("later-ends"), renames = spawn(rename_itself, "later-renamed");
  start("later-kept");
  filled_area("kept");
  char *given_back = filled_area("given-back"), *untouched = area("untouched"), *writable = filled_area("writable"),
       *whole = filled_area("whole");
  must(mkdir(PLACE, 0755), PLACE);
  close(make_file(PLACE "/kept", BLOCKS));
  int is_read = make_file(PLACE "/read", BLOCKS), dropped = make_file(PLACE "/dropped", BLOCKS),
      dirtied = make_file(PLACE "/dirtied", BLOCKS), grown = make_file("/dev/shm/later", 2);
  drop(is_read);
  tell_pid();
  settled("later");
  await_signal();

  must(kill(ends, SIGKILL), "kill");
  must(waitpid(ends, NULL, 0), "waitpid");
  must(kill(renames, SIGUSR1), "kill");
  fill(untouched, "touched", AREA / 2);
  must(munmap(given_back, AREA), "munmap");
  must(mprotect(writable, AREA, PROT_READ), "mprotect");
  for (size_t at = page; at < AREA; at += 2 * page)
    must(madvise(whole + at, page, MADV_DONTNEED), "madvise");
  filled_area("mapped");

  for (off_t at = 0; at < BLOCKS * BLOCK; at += BLOCK)
    must(pread(is_read, block, BLOCK, at), "pread");
  drop(dropped);
  must(pwrite(dirtied, block, BLOCK, 4 * 16384), "pwrite");
  must(pwrite(grown, block, BLOCK, 16384), "pwrite");
  settled("later-changed");
  sleep_for_ever();
}
