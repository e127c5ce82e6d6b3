// Names that a dump gives to files (frontends/cli/folder.c), in a real folder:
// an input is some paths, each behind its length. Whatever they are, a file
// comes about below the folder, under a name that harms nobody and that no other
// one has, and nothing outside is touched.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../frontends/cli/folder.h"
#include "base/text.h"
#include "harness.h"

enum { PATHS = 16, LONGEST = 8192 };

// The folder, what lies beside it, and what was made in it.
static char top[128], inside[160], outside[160];
static int folder = -1;
static char made[PATHS][CLI_FOLDER_PATH];
static size_t n_made;

static void remove_top(void) {
  rmdir(inside);
  rmdir(outside);
  rmdir(top);
}

static void make_top(void) {
  const char *temporary = getenv("TMPDIR"), *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(top, sizeof top, "%.90s/kernlens-extract-XXXXXX", temporary ? temporary : memory);
  char real[4096];
  FUZZ_REQUIRE(mkdtemp(top) != NULL && realpath(top, real) != NULL && strlen(real) < sizeof top);
  strcpy(top, real);
  snprintf(inside, sizeof inside, "%s/inside", top);
  snprintf(outside, sizeof outside, "%s/outside", top);
  FUZZ_REQUIRE(mkdir(inside, 0700) == 0 && mkdir(outside, 0700) == 0);
  folder = open(inside, O_PATH | O_DIRECTORY);
  FUZZ_REQUIRE(folder >= 0);
  atexit(remove_top);
}

// A component that is a name, and shows as what it is.
static size_t check_component(const char *p) {
  size_t n = strcspn(p, "/");
  FUZZ_REQUIRE(n > 0 && n <= 255);
  FUZZ_REQUIRE(!(n == 1 && p[0] == '.') && !(n == 2 && p[0] == '.' && p[1] == '.'));
  for (size_t i = 0; i < n;) {
    const uint8_t *u = (const uint8_t *)p + i;
    size_t length = kl_utf8_length(u, n - i);
    FUZZ_REQUIRE(length > 0 && *u >= 0x20 && *u != 0x7f && *u != '\\');
    FUZZ_REQUIRE(!kl_text_hidden(kl_utf8_decode(u, length)));
    i += length;
  }
  return n;
}

static void check_name(const char *name) {
  size_t n = strlen(name);
  FUZZ_REQUIRE(n > 0 && n < CLI_FOLDER_PATH);
  for (size_t i = 0;; i++) {
    i += check_component(name + i);
    if (!name[i])
      break;
  }
  for (size_t i = 0; i < n_made; i++)
    FUZZ_REQUIRE(strcmp(made[i], name) != 0);
}

// The file that is open is the one below the folder that has this name.
static void check_place(int fd, const char *name) {
  struct stat here, there;
  char link[32], at[CLI_FOLDER_PATH + 256], wanted[CLI_FOLDER_PATH + 256];
  FUZZ_REQUIRE(fstat(fd, &here) == 0 && fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) == 0);
  FUZZ_REQUIRE(S_ISREG(there.st_mode) && here.st_dev == there.st_dev && here.st_ino == there.st_ino);
  FUZZ_REQUIRE(there.st_nlink == 1 && there.st_size == 0);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, at, sizeof at - 1);
  if (n < 0)
    return; // no /proc
  at[n] = 0;
  snprintf(wanted, sizeof wanted, "%s/%s", inside, name);
  FUZZ_REQUIRE(strcmp(at, wanted) == 0);
}

static void create(const uint8_t *path, size_t n) {
  struct fuzz_guarded guarded = fuzz_guard(path, n, 0);
  char name[CLI_FOLDER_PATH];
  memset(name, 0x5a, sizeof name);
  int fd = cli_folder_create(folder, guarded.p, n, name);
  FUZZ_REQUIRE(fd >= 0);
  FUZZ_REQUIRE(memchr(name, 0, sizeof name) != NULL);
  check_name(name);
  check_place(fd, name);
  memcpy(made[n_made++], name, strlen(name) + 1);
  close(fd);
  fuzz_release(&guarded);
}

// A link out of the folder, under a name that paths may have.
static void plant(const char *name, const char *target) {
  FUZZ_REQUIRE(symlinkat(target, folder, name) == 0);
}

// What was made goes, and then nothing may be left.
static void empty(bool links) {
  for (size_t i = 0; i < n_made; i++)
    FUZZ_REQUIRE(unlinkat(folder, made[i], 0) == 0);
  for (size_t i = 0; i < n_made; i++)
    for (char *slash; (slash = strrchr(made[i], '/'));) {
      *slash = 0;
      if (unlinkat(folder, made[i], AT_REMOVEDIR) != 0)
        FUZZ_REQUIRE(errno == ENOENT || errno == ENOTEMPTY);
    }
  n_made = 0;
  if (links)
    FUZZ_REQUIRE(unlinkat(folder, "a", 0) == 0 && unlinkat(folder, "b", 0) == 0);
  // A folder that is not empty can't be removed: neither has more than it had.
  close(folder);
  FUZZ_REQUIRE(rmdir(inside) == 0 && rmdir(outside) == 0);
  FUZZ_REQUIRE(mkdir(inside, 0700) == 0 && mkdir(outside, 0700) == 0);
  folder = open(inside, O_PATH | O_DIRECTORY);
  FUZZ_REQUIRE(folder >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  uint16_t length;
  fuzz_input_init(&input, data, n);
  if (folder < 0)
    make_top();
  bool links = fuzz_option8(&input) & 1;
  if (links) {
    plant("a", outside);
    plant("b", "../outside/file");
  }
  while (n_made < PATHS && kl_bytes_u16(&input.body, &length)) {
    struct kl_bytes path;
    size_t given = length < input.body.n ? length : input.body.n;
    FUZZ_REQUIRE(kl_bytes_take(&input.body, given, &path));
    create(path.p, given < LONGEST ? given : LONGEST);
  }
  empty(links);
  return 0;
}
