// Files: what is refused and how, reading, and files that shrink meanwhile.
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "io.h"

static char folder[] = "/tmp/kernlens-io-XXXXXX";
static char path[256];

static const char *in_folder(const char *name) {
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

// A file of n bytes, each its offset's low byte.
static const char *make_file(const char *name, size_t n) {
  FILE *f = fopen(in_folder(name), "wb");
  assert_non_null(f);
  for (size_t i = 0; i < n; i++)
    assert_int_not_equal(fputc((int)(i & 0xff), f), EOF);
  assert_int_equal(fclose(f), 0);
  return path;
}

static int start(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}
static int finish(void **state) {
  (void)state;
  char command[300];
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command);
}

static void expect_refused(const char *what, const char *says, const char *advises) {
  struct io_file *file = NULL;
  struct io_error why = {0};
  assert_false(io_file_open(what, &file, &why));
  assert_null(file);
  assert_int_equal(strncmp(why.text, what, strlen(what)), 0); // where
  if (!strstr(why.text, says) || !strstr(why.text, advises))
    fail_msg("%s", why.text);
  assert_null(strchr(why.text, '\n')); // one line
}

static void what_is_no_file_is_refused_with_advice(void **state) {
  (void)state;
  expect_refused(folder, "is a directory", "give the dump file in it");
  make_file("empty", 0);
  expect_refused(path, "is empty", "written to its end?");
  expect_refused(in_folder("missing"), "No such file", "check the name");
  assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
  expect_refused(path, "is a pipe", "save it to a file first"); // and does not wait for a writer
  expect_refused("/dev/null", "is a device", "save");
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  in_folder("socket");
  memcpy(address.sun_path, path, strlen(path) + 1);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  expect_refused(path, "is a socket", "save it to a file first");
  close(fd);
}

static void expect_bytes(struct kl_source s) {
  uint8_t got[64];
  assert_int_equal(s.bytes, 10000);
  assert_int_equal(s.read(s.user, 0x123, got, 64), KL_OK);
  for (size_t i = 0; i < 64; i++)
    assert_int_equal(got[i], (0x123 + i) & 0xff);
  assert_int_equal(s.read(s.user, 9999, got, 1), KL_OK);
  assert_int_equal(got[0], 9999 & 0xff);
  assert_int_equal(s.read(s.user, 10000, got, 1), KL_ERR_IO);
  assert_int_equal(s.read(s.user, 9999, got, 2), KL_ERR_IO);
  assert_int_equal(s.read(s.user, UINT64_MAX, got, 2), KL_ERR_IO);
  assert_int_equal(s.read(s.user, 10000, got, 0), KL_OK);
}

static void mapped_file_is_read_and_lent(void **state) {
  (void)state;
  struct io_file *file;
  struct io_error why = {0};
  const uint8_t *lent;
  size_t n;
  assert_true(io_file_open(make_file("plain", 10000), &file, &why));
  struct kl_source s = io_file_source(file);
  expect_bytes(s);
  assert_non_null(s.lend);
  assert_int_equal(s.lend(s.user, 1000, 9000, &lent), KL_OK);
  assert_int_equal(lent[0], 1000 & 0xff);
  assert_int_equal(s.lend(s.user, 1001, 9000, &lent), KL_ERR_IO);
  assert_ptr_equal(io_file_bytes(file, 1, &n, &why), lent - 1000); // mapped: no size is too large
  assert_int_equal(n, 10000);
  assert_true(io_file_intact(file, &why));
  io_file_close(file);
}

// Without room to map, everything is read.
static int read_unmapped(void *user) {
  struct io_file *file;
  struct io_error why = {0};
  size_t n;
  struct rlimit none = {0, 0};
  (void)user;
  setrlimit(RLIMIT_AS, &none);
  bool opened = io_file_open(path, &file, &why);
  if (!opened)
    return 2;
  struct kl_source s = io_file_source(file);
  if (s.lend)
    return 77; // a sanitizer keeps the limit from working
  expect_bytes(s);
  if (io_file_bytes(file, 9999, &n, &why) || !strstr(why.text, "is larger than 9999 bytes"))
    return 3;
  if (!io_file_intact(file, &why) || truncate(path, 5000) != 0)
    return 4;
  uint8_t got[8];
  if (s.read(s.user, 4000, got, 8) != KL_OK || s.read(s.user, 4996, got, 8) != KL_ERR_IO)
    return 5;
  if (io_file_intact(file, &why) || !strstr(why.text, "shrank while it was read: from 10000 to 5000"))
    return 6;
  return 0;
}

static void file_that_cannot_be_mapped_is_read(void **state) {
  (void)state;
#ifdef IO_INSTRUMENTED
  skip(); // sanitizers want address space
#endif
  make_file("unmapped", 10000);
  assert_int_equal(in_child(read_unmapped, NULL), 0);
}

static void loaded_file_is_one_piece(void **state) {
  (void)state;
  struct io_file *file;
  struct io_error why = {0};
  size_t n;
  assert_true(io_file_open(make_file("small", 3), &file, &why));
  const uint8_t *p = io_file_bytes(file, 3, &n, &why);
  assert_int_equal(n, 3);
  assert_memory_equal(p, "\0\1\2", 3);
  io_file_close(file);
  io_file_close(NULL);
}

// ── Files that shrink ──────────────────────────────────────────────────────

struct reading {
  struct kl_source source;
  uint64_t offset;
  bool reached; // the end of the work
};

static int read_there(void *user) {
  struct reading *r = user;
  uint8_t got[8];
  enum kl_status status = r->source.read(r->source.user, r->offset, got, sizeof got);
  r->reached = true;
  return (int)status;
}

static void lost_page_ends_the_work_with_a_reason(void **state) {
  (void)state;
  struct io_file *file;
  struct io_error why = {0};
  int code = -1;
  assert_true(io_file_open(make_file("lost", 100000), &file, &why));
  struct reading r = {.source = io_file_source(file), .offset = 90000};
  assert_true(io_guard_run(read_there, &r, &code, &why));
  assert_int_equal(code, KL_OK);
  assert_true(r.reached);
  assert_int_equal(truncate(path, 50000), 0);
  r.reached = false;
  for (int i = 0; i < 3; i++) { // again and again: the handler stays, the signal is not blocked
    why.text[0] = 0;
    assert_false(io_guard_run(read_there, &r, &code, &why));
    assert_false(r.reached);
    assert_non_null(strstr(why.text, "lost: the file shrank while it was read: from 100000 to 50000 bytes"));
  }
  r.offset = 40000; // what is there can still be read
  assert_true(io_guard_run(read_there, &r, &code, &why));
  assert_true(r.reached);
  io_file_close(file);
}

static int guard_inside(void *user) {
  struct io_error why = {0};
  struct reading *r = user;
  struct reading inner = *r;
  int code = -1;
  if (io_guard_run(read_there, &inner, &code, &why))
    return 100;
  return read_there(r) + 100; // and out through the outer one
}

static void guards_nest(void **state) {
  (void)state;
  struct io_file *file;
  struct io_error why = {0};
  int code = -1;
  assert_true(io_file_open(make_file("nested", 100000), &file, &why));
  assert_int_equal(truncate(path, 0), 0);
  struct reading r = {.source = io_file_source(file), .offset = 90000};
  assert_false(io_guard_run(guard_inside, &r, &code, &why));
  assert_false(r.reached);
  io_file_close(file);
}

static void page_cut_in_its_middle_is_noticed(void **state) {
  // It reads as zeros then, without a signal: only the file's size tells.
  (void)state;
  struct io_file *file;
  struct io_error why = {0};
  int code = -1;
  assert_true(io_file_open(make_file("middle", 10000), &file, &why));
  struct reading r = {.source = io_file_source(file), .offset = 9900};
  assert_int_equal(truncate(path, 9000), 0);
  assert_true(io_guard_run(read_there, &r, &code, &why));
  assert_false(io_file_intact(file, &why));
  assert_non_null(strstr(why.text, "shrank"));
  io_file_close(file);
}

static void growing_file_is_taken_as_it_was(void **state) {
  (void)state;
  struct io_file *file;
  struct io_error why = {0};
  assert_true(io_file_open(make_file("growing", 100), &file, &why));
  assert_int_equal(truncate(path, 200), 0);
  assert_int_equal(io_file_source(file).bytes, 100);
  assert_true(io_file_intact(file, &why));
  io_file_close(file);
}

// A SIGBUS that is not about one of our files.
static int touch_another(void *user) {
  int fd = open(in_folder("another"), O_RDWR | O_CREAT, 0600);
  volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
  (void)user;
  return p[0];
}
static int guard_another(void *user) {
  struct io_error why = {0};
  int code = 0;
  signal(SIGBUS, SIG_DFL); // a sanitizer has its own
  return io_guard_run(touch_another, user, &code, &why) ? 1 : 2;
}

static void signals_of_others_are_not_swallowed(void **state) {
  (void)state;
  assert_int_equal(in_child(guard_another, NULL), CHILD_KILLED + SIGBUS);
}

// ── Workspace ──────────────────────────────────────────────────────────────

static int touch_behind(void *user) {
  uint8_t *p = user;
  signal(SIGSEGV, SIG_DFL);
  *(volatile uint8_t *)p = 1;
  return 0;
}

static void workspace_is_zero_and_fenced(void **state) {
  (void)state;
  struct io_error why = {0};
  static const uint64_t sizes[] = {1, 4096, 100000, 16ull << 30};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    uint8_t *p = io_workspace_create(sizes[i], &why);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 4096, 0);
    assert_int_equal(p[0], 0);
    p[sizes[i] - 1] = 1;
    uint8_t *end = p + (sizes[i] + 4095) / 4096 * 4096;
    assert_int_equal(in_child(touch_behind, p - 1), CHILD_KILLED + SIGSEGV);
    assert_int_equal(in_child(touch_behind, end), CHILD_KILLED + SIGSEGV);
    io_workspace_destroy(p, sizes[i]);
  }
  io_workspace_destroy(NULL, 0);
  assert_null(io_workspace_create(UINT64_MAX, &why));
  assert_non_null(strstr(why.text, "MiB cannot be had"));
  assert_null(io_workspace_create(1ull << 60, &why));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_no_file_is_refused_with_advice), cmocka_unit_test(mapped_file_is_read_and_lent),
      cmocka_unit_test(file_that_cannot_be_mapped_is_read),     cmocka_unit_test(loaded_file_is_one_piece),
      cmocka_unit_test(lost_page_ends_the_work_with_a_reason),  cmocka_unit_test(guards_nest),
      cmocka_unit_test(page_cut_in_its_middle_is_noticed),      cmocka_unit_test(growing_file_is_taken_as_it_was),
      cmocka_unit_test(signals_of_others_are_not_swallowed),    cmocka_unit_test(workspace_is_zero_and_fenced),
  };
  return cmocka_run_group_tests(tests, start, finish);
}
