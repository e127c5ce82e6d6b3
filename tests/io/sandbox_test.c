// The sandbox, from inside: each try is a child that confines itself first.
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "io.h"

enum { NOT_CONFINED = 77, LET_THROUGH = 1, REFUSED = 0 };

// What the child has open before it confines itself.
struct held {
  struct io_file *file;
  char path[64];
};
static struct held held = {.path = "/tmp/kernlens-sandbox-XXXXXX"};

static int confined(void *user) {
  int (*try)(void) = *(int (**)(void))user;
  struct io_error note;
  if (!(io_sandbox_enter(&note) & IO_CONFINED_SYSCALLS))
    return note.text[0] ? NOT_CONFINED : 99; // never without a word
  return try();
}

static void expect(int (*try)(void), int code) {
  int got = in_child(confined, &try);
  if (got == NOT_CONFINED)
    skip();
  assert_int_equal(got, code);
}

static int refused(long result) {
  return result < 0 && (errno == EPERM || errno == EACCES || errno == ENOSYS) ? REFUSED : LET_THROUGH;
}

// ── What is forbidden ──────────────────────────────────────────────────────

static int try_open(void) {
  return refused(open("/etc/passwd", O_RDONLY));
}
static int try_open_itself(void) {
  return refused(open(held.path, O_RDONLY));
}
static int try_create(void) {
  return refused(open("/tmp/kernlens-made", O_WRONLY | O_CREAT, 0600));
}
static int try_openat2(void) {
  uint64_t how[3] = {0};
  return refused(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof how));
}
static int try_unlink(void) {
  return refused(unlink(held.path));
}
static int try_rename(void) {
  return refused(rename(held.path, "/tmp/kernlens-renamed"));
}
static int try_chmod(void) {
  return refused(chmod(held.path, 0777));
}
static int try_stat(void) {
  struct stat st;
  return refused(syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &st, 0));
}
static int try_fork(void) {
  pid_t pid = fork();
  if (pid == 0)
    _exit(0);
  return refused(pid);
}
static int try_kill(void) {
  return refused(kill(getppid(), 0));
}
static int try_signal_thread(void) {
  return refused(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1));
}
static int try_executable_memory(void) {
  return refused(
      (long)(intptr_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
static int try_make_executable(void) {
  void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? 2 : refused(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int try_type(void) {
  char c = 'x';
  return refused(ioctl(0, TIOCSTI, &c));
}
static int try_io_uring(void) {
  return refused(syscall(SYS_io_uring_setup, 1, NULL));
}
static int try_pidfd(void) {
  return refused(syscall(SYS_pidfd_open, getppid(), 0));
}
static int try_other_memory(void) {
  return refused(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
}
static int try_unshare(void) {
  return refused(syscall(SYS_unshare, 0x10000000));
}
static int try_memfd(void) {
  return refused(syscall(SYS_memfd_create, "x", 0));
}

static void everything_outside_is_refused(void **state) {
  (void)state;
  static int (*const tries[])(void) = {
      try_open,
      try_open_itself,
      try_create,
      try_openat2,
      try_unlink,
      try_rename,
      try_chmod,
      try_stat,
      try_fork,
      try_kill,
      try_type,
      try_io_uring,
      try_signal_thread,
      try_executable_memory,
      try_make_executable,
      try_pidfd,
      try_other_memory,
      try_unshare,
      try_memfd,
  };
  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
    expect(tries[i], REFUSED);
}

static int try_socket(void) {
  return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}
static int try_socketpair(void) {
  int fds[2];
  return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}
static int try_exec(void) {
  return execl("/bin/true", "true", (char *)NULL);
}
static int try_exec_fd(void) {
  char *none[] = {NULL};
  return (int)syscall(SYS_execveat, AT_FDCWD, "/bin/true", none, none, 0);
}
static int try_ptrace(void) {
  return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void what_only_an_attacker_asks_for_ends_the_process(void **state) {
  (void)state;
  static int (*const tries[])(void) = {try_socket, try_socketpair, try_exec, try_exec_fd, try_ptrace};
  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
    expect(tries[i], CHILD_KILLED + SIGSYS);
}

// ── What goes on working ───────────────────────────────────────────────────

static int read_file(void) {
  struct kl_source s = io_file_source(held.file);
  uint8_t byte = 0;
  return s.read(s.user, 4000, &byte, 1) == KL_OK && byte == 'k' ? 0 : 1;
}

static int use_memory(void) {
  struct io_error why;
  uint8_t *large = malloc(64 << 20), *workspace = io_workspace_create(1 << 30, &why);
  if (!large || !workspace)
    return 1;
  large[(64 << 20) - 1] = workspace[(1 << 30) - 1] = 1;
  large = realloc(large, 128 << 20);
  free(large);
  io_workspace_destroy(workspace, 1 << 30);
  return large ? 0 : 2;
}

static int write_out(void) {
  FILE *f = stdout;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return fprintf(f, "%s", "") < 0 || fflush(f) != 0 || isatty(1) < 0;
}

static void *add_one(void *user) {
  *(int *)user += 1;
  return user;
}
static int run_threads(void) {
  int sum = 0;
  for (int i = 0; i < 8; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, add_one, &sum) != 0 || pthread_join(thread, NULL) != 0)
      return 1;
  }
  return sum == 8 ? 0 : 2;
}

struct crew {
  atomic_int came, ended;
  pthread_t threads[IO_MOST_THREADS];
};
static void come(void *user, size_t i) {
  struct crew *crew = user;
  crew->threads[i] = pthread_self();
  atomic_fetch_add(&crew->came, 1);
  while (crew->came < IO_MOST_THREADS) // all at the same time
    sched_yield();
}
static void note_end(void *user) {
  atomic_fetch_add(&((struct crew *)user)->ended, 1);
}
static int run_crew(void) {
  struct crew crew = {0};
  struct io_error why;
  if (!io_threads_run(IO_MOST_THREADS, come, note_end, &crew, &why) || crew.came != IO_MOST_THREADS || crew.ended)
    return 1;
  size_t n = io_processors();
  return pthread_equal(crew.threads[0], pthread_self()) && n >= 1 && n <= IO_MOST_THREADS ? 0 : 2;
}

static int inflate_something(void) {
  struct io_codec *codec = io_codec_create();
  struct kl_codec c = io_codec_calls(codec);
  // "aaaaaaaaaa" as a zlib stream
  static const uint8_t in[] = {0x78, 0x9c, 0x4b, 0x84, 0x03, 0x00, 0x14, 0xe1, 0x03, 0xcb};
  uint8_t out[16];
  size_t n = 0;
  return c.inflate(c.user, KL_METHOD_ZLIB, in, sizeof in, out, sizeof out, &n) == KL_OK && n == 10 ? 0 : 1;
}

static int touch_lost(void *user) {
  struct kl_source *s = user;
  uint8_t byte;
  return (int)s->read(s->user, 90000, &byte, 1);
}
static int lose_a_page(void) { // the parent has cut the file
  struct io_error why = {0};
  struct kl_source s = io_file_source(held.file);
  int code;
  for (int i = 0; i < 2; i++)
    if (io_guard_run(touch_lost, &s, &code, &why) || !strstr(why.text, "shrank"))
      return 1;
  return 0;
}

static void touch_in_thread(void *user, size_t i) {
  struct kl_source s = io_file_source(held.file);
  uint8_t byte;
  come(user, i);
  if (i % 2)
    (void)s.read(s.user, 90000, &byte, 1);
}
static int lose_a_page_in_threads(void) {
  struct crew crew = {0};
  struct io_error why = {0};
  return !io_threads_run(IO_MOST_THREADS, touch_in_thread, note_end, &crew, &why) &&
                 crew.ended == IO_MOST_THREADS / 2 && strstr(why.text, "shrank")
             ? 0
             : 1;
}

static int abort_itself(void) {
  abort();
}

static void parsing_goes_on(void **state) {
  (void)state;
  expect(read_file, 0);
  expect(use_memory, 0);
  expect(write_out, 0);
  expect(run_threads, 0);
  expect(run_crew, 0);
  expect(inflate_something, 0);
  expect(abort_itself, CHILD_KILLED + SIGABRT);
  assert_int_equal(truncate(held.path, 4096), 0);
  expect(lose_a_page, 0);
  expect(lose_a_page_in_threads, 0);
}

static int enter_twice(void) {
  struct io_error note;
  (void)io_sandbox_enter(&note); // refused the second time; does no harm
  return read_file();
}

static void second_entry_does_no_harm(void **state) {
  (void)state;
  expect(enter_twice, 0);
}

static int start(void **state) {
  (void)state;
  struct io_error why;
  int fd = mkstemp(held.path);
  if (fd < 0)
    return -1;
  for (int i = 0; i < 100; i++) {
    char bytes[1000];
    memset(bytes, 'k', sizeof bytes);
    if (write(fd, bytes, sizeof bytes) != sizeof bytes)
      return -1;
  }
  close(fd);
  return io_file_open(held.path, &held.file, &why) ? 0 : -1;
}
static int finish(void **state) {
  (void)state;
  io_file_close(held.file);
  return unlink(held.path);
}

// ── But for a folder ───────────────────────────────────────────────────────

static int in_folder(void *user) {
  (void)user;
  struct io_error note;
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  int folder = open("/tmp/kernlens-sandbox-folder", O_PATH | O_DIRECTORY);
  unsigned force = io_sandbox_enter_folder(folder, &note);
  if (!(force & IO_CONFINED_SYSCALLS) || !(force & IO_CONFINED_FILES))
    return NOT_CONFINED;
  if (mkdirat(folder, "below", 0700) != 0)
    return 2;
  int below = openat(folder, "below", O_PATH | O_DIRECTORY | O_NOFOLLOW);
  int fd = openat(below, "file", flags, 0600);
  if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 4096) != 0)
    return 3;
  if (openat(folder, "../kernlens-sandbox-outside", flags, 0600) >= 0 ||
      openat(folder, "/tmp/kernlens-sandbox-outside", flags, 0600) >= 0 || mkdirat(folder, "../outside", 0700) == 0)
    return LET_THROUGH;
  if (openat(folder, "below/file", O_RDONLY | O_NOFOLLOW) >= 0 ||
      openat(folder, "below/other", O_WRONLY | O_CREAT, 0600) >= 0)
    return LET_THROUGH;
  return refused(open("/etc/passwd", O_RDONLY));
}

static void only_the_folder_can_be_filled(void **state) {
  (void)state;
  assert_int_equal(mkdir("/tmp/kernlens-sandbox-folder", 0700), 0);
  int got = in_child(in_folder, NULL);
  (void)unlink("/tmp/kernlens-sandbox-folder/below/file");
  (void)rmdir("/tmp/kernlens-sandbox-folder/below");
  assert_int_equal(rmdir("/tmp/kernlens-sandbox-folder"), 0);
  if (got == NOT_CONFINED)
    skip();
  assert_int_equal(got, REFUSED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everything_outside_is_refused),
      cmocka_unit_test(what_only_an_attacker_asks_for_ends_the_process),
      cmocka_unit_test(parsing_goes_on),
      cmocka_unit_test(second_entry_does_no_harm),
      cmocka_unit_test(only_the_folder_can_be_filled),
  };
  return cmocka_run_group_tests(tests, start, finish);
}
