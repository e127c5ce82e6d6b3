// Files under names that a dump gives.
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum {
  NAME_BYTES = 200, // of one component: 255 less a number
  MOST_DEPTH = 48,  // what lies deeper is put into the last folder
  MOST_NUMBERS = 100000,
};

// The next component, made harmless: valid UTF-8 without characters that act on
// a terminal; never empty, "." or "..".
static size_t take_component(const uint8_t **p, size_t *n, char name[NAME_BYTES + 1]) {
  size_t used = 0;
  while (*n && **p != '/') {
    size_t length = kl_utf8_length(*p, *n);
    bool plain = length && !kl_text_hidden(kl_utf8_decode(*p, length)) && **p != '\\';
    if (!length)
      length = 1;
    if (used + length <= NAME_BYTES) {
      if (plain)
        memcpy(name + used, *p, length);
      else
        name[used] = '_';
      used += plain ? length : 1;
    }
    *p += length;
    *n -= length;
  }
  name[used] = 0;
  if (strspn(name, ".") == used && used <= 2) { // "", "." and ".."
    memset(name, '_', used + !used);
    used += !used;
    name[used] = 0;
  }
  return used;
}

static void number_name(char out[NAME_BYTES + 16], const char *name, unsigned number) {
  snprintf(out, NAME_BYTES + 16, number ? "%s~%u" : "%s", name, number);
}

// cli_folder_create sees that what is appended fits.
static void append(char *made, const char *name, const char *end) {
  size_t n = strlen(made);
  snprintf(made + n, CLI_FOLDER_PATH - n, "%s%s", name, end);
}

// A folder below another, new or made by us before. *made is appended to.
static int enter(int folder, const char *name, char *made) {
  char numbered[NAME_BYTES + 16];
  for (unsigned number = 0; number < MOST_NUMBERS; number++) {
    number_name(numbered, name, number);
    if (mkdirat(folder, numbered, 0700) != 0 && errno != EEXIST)
      return -1;
    int fd = openat(folder, numbered, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 || (errno != ENOTDIR && errno != ELOOP)) {
      append(made, numbered, "/");
      return fd;
    }
  }
  errno = EEXIST;
  return -1;
}

static int create(int folder, const char *name, char *made) {
  char numbered[NAME_BYTES + 16];
  for (unsigned number = 0; number < MOST_NUMBERS; number++) {
    number_name(numbered, name, number);
    int fd = openat(folder, numbered, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0)
      append(made, numbered, "");
    if (fd >= 0 || errno != EEXIST)
      return fd;
  }
  return -1;
}

int cli_folder_create(int folder, const uint8_t *path, size_t n, char made[CLI_FOLDER_PATH]) {
  char name[NAME_BYTES + 1];
  int at = folder;
  made[0] = 0;
  for (unsigned depth = 0;; depth++) {
    do { // slashes at the beginning, and doubled ones
      if (n && *path == '/') {
        path++;
        n--;
      }
    } while (n && *path == '/');
    (void)take_component(&path, &n, name);
    bool last = !n;
    bool fits = strlen(made) + 2 * sizeof name < CLI_FOLDER_PATH;
    if (!last && (depth >= MOST_DEPTH || !fits))
      continue; // too deep: only the last name counts
    int next = last ? create(at, name, made) : enter(at, name, made);
    int error = errno;
    if (at != folder)
      close(at);
    errno = error;
    if (last || next < 0)
      return next;
    at = next;
  }
}
