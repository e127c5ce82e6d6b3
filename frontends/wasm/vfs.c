// What SQLite wants of an operating system that has no files: a clock, and
// numbers for names of temporary files that are never made.
#include <sqlite3.h>
#include <string.h>

#include "web.h"

static int open_none(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out) {
  (void)vfs;
  (void)name;
  (void)flags;
  (void)out;
  file->pMethods = NULL;
  return SQLITE_CANTOPEN;
}

static int delete_none(sqlite3_vfs *vfs, const char *name, int sync) {
  (void)vfs;
  (void)name;
  (void)sync;
  return SQLITE_IOERR_DELETE;
}

static int access_none(sqlite3_vfs *vfs, const char *name, int flags, int *ret) {
  (void)vfs;
  (void)name;
  (void)flags;
  *ret = 0;
  return SQLITE_OK;
}

static int full_path(sqlite3_vfs *vfs, const char *name, int n, char *ret) {
  (void)vfs;
  size_t length = strlen(name);
  if (n <= 0 || length >= (size_t)n)
    return SQLITE_CANTOPEN;
  memcpy(ret, name, length + 1);
  return SQLITE_OK;
}

static int randomness(sqlite3_vfs *vfs, int n, char *ret) {
  (void)vfs;
  uint64_t state = (uint64_t)(web_host_now() * 1e6) | 1;
  for (int i = 0; i < n; i++) { // xorshift: random() in a query need be no secret
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    ret[i] = (char)state;
  }
  return n;
}

static int sleep_none(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return microseconds;
}

// A dump tells its own time; this clock serves date('now') alone.
static int current_time(sqlite3_vfs *vfs, sqlite3_int64 *ret) {
  (void)vfs;
  *ret = 210866760000000 + (sqlite3_int64)web_host_now();
  return SQLITE_OK;
}

static sqlite3_vfs vfs = {.iVersion = 2,
                          .szOsFile = sizeof(sqlite3_file),
                          .mxPathname = 64,
                          .zName = "none",
                          .xOpen = open_none,
                          .xDelete = delete_none,
                          .xAccess = access_none,
                          .xFullPathname = full_path,
                          .xRandomness = randomness,
                          .xSleep = sleep_none,
                          .xCurrentTimeInt64 = current_time};

int sqlite3_os_init(void) {
  return sqlite3_vfs_register(&vfs, 1);
}

int sqlite3_os_end(void) {
  return SQLITE_OK;
}
