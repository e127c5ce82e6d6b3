// rot: real dumps whose memory is damaged, read to the end.
//
//   rot DUMP [--from SEED] [--seeds N] [--every N] [--steps N] [--anew N] [--names]
//
// A seed decides what kind of damage, how much of it and where; the file is never
// written: each seed is a process of its own that damages its private copy of the
// mapped pages. Most seeds damage memory behind the back of an attach that has
// succeeded (and has copied the types and symbols that it believes), every N-th
// (8) is attached to as it is. Some let reads fail instead, or let attach have known
// less. Then every table is read, and
// SQL's views. What must hold: no crash; no KL_ERR_INTERNAL; a reading that was
// cut says that it is partial, so that the program ends with 0 or 4; two readings
// are equal; the seconds and the memory that a seed takes are bounded.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../fuzz/rows.h"
#include "kernlens/table.h"
#include "sql.h"

enum {
  PAGE = 4096,
  HEAD = 64 << 10,    // headers and notes: fuzz/container_fuzzer.c
  WINDOW = 48 << 20,  // heavy damage is done to so much in one piece, and no more
  ROWS = 2048,        // of a table
  SQL_ROWS = 64,      // of a view
  SECONDS = 60,       // of CPU, a seed: over ten times what it takes
  ENDED_WHOLE = 40,   // the program would end with 0; no sanitizer ends with these
  ENDED_PARTIAL = 44, // with 4
  ENDED_UNATTACHED = 41,
};

static struct {
  uint8_t *p; // private: writes stay here
  size_t n;
  const char *path;
  uint64_t anew;          // every seed of so many is attached to when it is damaged
  uint64_t failing, salt; // of a million places in the file so many cannot be read, the salt decides which
  struct kl_source source;
  struct kl_dump_options options;
  struct kl_dump *dump;
  void *workspace;
  size_t workspace_bytes;
} rot;

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "rot: %s: %s\n", what, strerror(errno));
  exit(2);
}

// ── The dump ───────────────────────────────────────────────────────────────

static uint64_t mixed(uint64_t z) { // splitmix64
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

// The same places whenever they are asked for.
static bool cannot_be_read(uint64_t offset) {
  return rot.failing && mixed(rot.salt + offset * 0x9e3779b97f4a7c15) % 1000000 < rot.failing;
}

static enum kl_status read_file(void *user, uint64_t offset, void *dst, size_t n) {
  (void)user;
  if (offset > rot.n || n > rot.n - offset || cannot_be_read(offset))
    return KL_ERR_IO;
  if (n)
    memcpy(dst, rot.p + offset, n);
  return KL_OK;
}

static enum kl_status lend_file(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  (void)user;
  if (offset > rot.n || n > rot.n - offset)
    return KL_ERR_IO;
  *ret = rot.p + offset;
  return KL_OK;
}

static void map_file(const char *path) {
  struct stat s;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &s) != 0)
    fail(path);
  rot.path = path;
  rot.n = (size_t)s.st_size;
  rot.p = mmap(NULL, rot.n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
  if (rot.p == MAP_FAILED)
    fail("mmap");
  close(fd);
  rot.source = (struct kl_source){.bytes = rot.n, .read = read_file};
}

static enum kl_status attach(void) {
  KL_TRY(kl_dump_open(rot.workspace, rot.workspace_bytes, &rot.options, &rot.dump, NULL));
  return kl_dump_attach(rot.dump, NULL);
}

static void prepare(uint64_t steps) {
  rot.options = kl_dump_options_default();
  rot.options.sources = &rot.source;
  rot.options.n_sources = 1;
  rot.options.limits.steps = steps;
  if (kl_workspace_size(&rot.options, &rot.workspace_bytes) != KL_OK)
    fail("workspace");
  rot.workspace =
      mmap(NULL, rot.workspace_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (rot.workspace == MAP_FAILED)
    fail("workspace");
  if (attach() != KL_OK) {
    fprintf(stderr, "rot: %s: cannot be attached to even when it is whole\n", rot.path);
    exit(2);
  }
}

// ── Damage ─────────────────────────────────────────────────────────────────

static uint64_t chance_state;

static uint64_t chance(uint64_t n) { // 0 .. n - 1
  return mixed(chance_state += 0x9e3779b97f4a7c15) % n;
}

struct window {
  uint8_t *p;
  size_t n; // whole pages
};

static uint64_t word_at(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

static uint8_t *any_page(const struct window *w) {
  return w->p + chance(w->n / PAGE) * PAGE;
}

static bool flip_bit(const struct window *w) {
  w->p[chance(w->n)] ^= (uint8_t)(1 << chance(8));
  return true;
}

static bool change_word(const struct window *w) {
  static const uint64_t values[] = {0, 1, ~0ull, 1ull << 63, 0x7fffffff, 0xffffffff, 0xdead000000000100, 4096};
  uint64_t v = chance(2) ? values[chance(sizeof values / sizeof *values)] : chance(UINT64_MAX);
  memcpy(w->p + chance(w->n / 8) * 8, &v, sizeof v);
  return true;
}

// A word that looks like a pointer of the kernel, from a page of chance on.
static uint8_t *any_pointer(const struct window *w) {
  for (int tries = 0; tries < 256; tries++) {
    uint8_t *page = any_page(w);
    size_t first = chance(PAGE / 8);
    for (size_t i = 0; i < PAGE / 8; i++) {
      uint8_t *at = page + (first + i) % (PAGE / 8) * 8;
      if (word_at(at) >> 48 == 0xffff && word_at(at) != ~0ull)
        return at;
    }
  }
  return NULL;
}

static bool swap_pointers(const struct window *w) {
  uint8_t *a = any_pointer(w), *b = any_pointer(w);
  if (!a || !b)
    return false; // nothing of the kernel is here
  uint64_t x = word_at(a), y = word_at(b);
  memcpy(a, &y, sizeof y);
  memcpy(b, &x, sizeof x);
  return true;
}

static bool swap_pages(const struct window *w) {
  static uint8_t saved[PAGE];
  uint8_t *a = any_page(w), *b = any_page(w);
  memcpy(saved, a, PAGE);
  memmove(a, b, PAGE);
  memcpy(b, saved, PAGE);
  return true;
}

static bool zero_page(const struct window *w) {
  memset(any_page(w), 0, PAGE);
  return true;
}

// A kernel that lacks a member, a type, a constant, a symbol: of all that attach knows some are gone.
static void forget(uint64_t rate) {
  struct kl_kernel *k = rot.dump->kernel;
  enum { ALL = KL_FIELD_COUNT + KL_TYPE_COUNT + KL_ENUM_COUNT + KL_SYMBOL_COUNT };
  uint64_t one = chance(ALL);
  for (uint64_t i = 0; i < ALL; i++) {
    if (i != one && chance(1000000) >= rate)
      continue;
    uint64_t at = i;
    if (at < KL_FIELD_COUNT)
      memset(&k->fields[at], 0, sizeof *k->fields);
    else if ((at -= KL_FIELD_COUNT) < KL_TYPE_COUNT)
      memset(&k->types[at], 0, sizeof *k->types);
    else if ((at -= KL_TYPE_COUNT) < KL_ENUM_COUNT)
      memset(&k->enums[at], 0, sizeof *k->enums);
    else
      memset(&k->known[at - KL_ENUM_COUNT], 0, sizeof *k->known);
  }
}

static const struct {
  const char *name;
  size_t unit; // bytes of which a part is damaged
  bool (*damage)(const struct window *w);
} kinds[] = {{"bits", 8, flip_bit},
             {"words", 8, change_word},
             {"pointers", 64, swap_pointers}, // a structure has one in so many bytes
             {"pages swapped", PAGE, swap_pages},
             {"pages zeroed", PAGE, zero_page},
             {"reads", PAGE, NULL},  // fail, by the place that is read
             {"names", PAGE, NULL}}; // are forgotten
enum { READS = 5, NAMES = 6, KINDS = sizeof kinds / sizeof *kinds };
static const unsigned millionths[] = {10, 100, 1000, 10000, 100000}; // 0.001 % .. 10 %
enum { RATES = sizeof millionths / sizeof *millionths };

static void damage(uint64_t seed) {
  chance_state = seed * 0x9e3779b97f4a7c15;
  struct window w = {rot.p + HEAD, (rot.n - HEAD) / PAGE * PAGE};
  unsigned rate = millionths[seed / KINDS % RATES];
  size_t kind = seed % KINDS;
  if (kind == READS) {
    rot.failing = rate;
    rot.salt = chance(UINT64_MAX);
    return;
  }
  if (kind == NAMES) {
    forget(rate);
    return;
  }
  if (rate > 100 && kinds[kind].unit < PAGE && w.n > WINDOW) {
    size_t skipped = chance((w.n - WINDOW) / PAGE) * PAGE;
    w = (struct window){w.p + skipped, WINDOW};
  }
  for (uint64_t n = 1 + w.n / kinds[kind].unit * rate / 1000000; n > 0 && kinds[kind].damage(&w);)
    n--;
}

// ── Reading ────────────────────────────────────────────────────────────────

static bool read_table(const struct kl_table *table, bool twice, uint64_t steps) {
  struct kl_query query = {.table = table, .columns = ~0ull, .steps = steps};
  struct fuzz_rows first = fuzz_read_rows(rot.dump, &query, ROWS, NULL);
  if (twice && strcmp(table->name, "diagnostics") != 0) { // which tells of the first
    struct fuzz_rows again = fuzz_read_rows(rot.dump, &query, ROWS, NULL);
    // A translation that is remembered needs no read; later it may, and that fails.
    bool lost = rot.failing && again.partial;
    FUZZ_REQUIRE(lost || (again.sum == first.sum && again.ended == first.ended && again.rows == first.rows));
  }
  return first.partial;
}

static void read_view(struct sql *sql, const char *name) {
  char text[256];
  sqlite3_stmt *statement;
  snprintf(text, sizeof text, "SELECT * FROM %s LIMIT %d", name, SQL_ROWS);
  FUZZ_REQUIRE(sqlite3_prepare_v2(sql_handle(sql), text, -1, &statement, NULL) == SQLITE_OK);
  sql_begin(sql);
  int rc;
  while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
    ;
  FUZZ_REQUIRE(rc == SQLITE_DONE || rc == SQLITE_INTERRUPT || rc == SQLITE_NOMEM);
  sqlite3_finalize(statement);
}

static void read_views(void) {
  static const char *const names[] = {"processes",         "process_tree",         "anonymous_executable",
                                      "process_libraries", "deleted_in_use",       "map_users",
                                      "loader_overrides",  "files_by_cached_bytes"};
  struct sql *sql;
  struct sql_limits limits = {.memory_bytes = 256 << 20, .time_ms = 2000};
  FUZZ_REQUIRE(sql_open(rot.dump, &limits, NULL, &sql, NULL) == SQLITE_OK);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    read_view(sql, names[i]);
  sql_close(sql);
}

// In a process of its own.
static int read_all(uint64_t seed, uint64_t steps) {
  setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS, SECONDS});
  bool anew = seed % rot.anew == rot.anew - 1 && seed % KINDS != NAMES, partial = false;
  damage(seed);
  // What attach remembers of translations was true before.
  memset(rot.dump->kernel->space.cache, 0, sizeof rot.dump->kernel->space.cache);
  if (anew) {
    rot.source.lend = rot.failing ? NULL : lend_file;
    enum kl_status status = fuzz_status(attach());
    if (status != KL_OK)
      return ENDED_UNATTACHED;
  }
  const struct kl_table *table;
  for (size_t i = 0; (table = kl_table_at(i)); i++)
    partial |= read_table(table, i % 8 == seed % 8, steps);
  if (seed % 4 == 3)
    read_views();
  return partial ? ENDED_PARTIAL : ENDED_WHOLE;
}

struct sums {
  uint64_t whole, partial, unattached, failed;
  double seconds;
};

// Coverage is written down at exit; what else happens there says nothing about a seed.
static _Noreturn void leave(int code) {
#ifdef ROT_COUNTED
  exit(code);
#else
  _exit(code);
#endif
}

static void run_seed(uint64_t seed, uint64_t steps, bool names, struct sums *sums) {
  struct rusage used;
  int status;
  fflush(NULL);
  pid_t child = fork();
  if (child < 0)
    fail("fork");
  if (!child) {
    int code = read_all(seed, steps);
    fflush(NULL);
    leave(code);
  }
  if (wait4(child, &status, 0, &used) != child)
    fail("wait");
  double seconds = (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6;
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  sums->seconds = seconds > sums->seconds ? seconds : sums->seconds;
  sums->whole += code == ENDED_WHOLE;
  sums->partial += code == ENDED_PARTIAL;
  sums->unattached += code == ENDED_UNATTACHED;
  if (code == ENDED_WHOLE || code == ENDED_PARTIAL || code == ENDED_UNATTACHED) {
    if (names)
      printf("seed %" PRIu64 ": %d, %.2f s\n", seed, code - ENDED_WHOLE, seconds);
    return;
  }
  sums->failed++;
  printf("seed %" PRIu64 " (%s, %u millionths): %s %d after %.1f s\n", seed, kinds[seed % KINDS].name,
         millionths[seed / KINDS % RATES], WIFSIGNALED(status) ? "signal" : "status",
         WIFSIGNALED(status) ? WTERMSIG(status) : code, seconds);
}

int main(int argc, char **argv) {
  uint64_t from = 0, seeds = 100, every = 1, steps = 1 << 17;
  bool names = false;
  if (argc < 2) {
    fprintf(stderr, "rot DUMP [--from SEED] [--seeds N] [--every N] [--steps N] [--anew N] [--names]\n");
    return 2;
  }
  for (int i = 2; i < argc; i++) {
    if (strcmp(argv[i], "--names") == 0)
      names = true;
    else if (i + 1 < argc && strcmp(argv[i], "--from") == 0)
      from = strtoull(argv[++i], NULL, 0);
    else if (i + 1 < argc && strcmp(argv[i], "--seeds") == 0)
      seeds = strtoull(argv[++i], NULL, 0);
    else if (i + 1 < argc && strcmp(argv[i], "--every") == 0)
      every = strtoull(argv[++i], NULL, 0);
    else if (i + 1 < argc && strcmp(argv[i], "--steps") == 0)
      steps = strtoull(argv[++i], NULL, 0);
    else if (i + 1 < argc && strcmp(argv[i], "--anew") == 0)
      rot.anew = strtoull(argv[++i], NULL, 0);
  }
  rot.anew = rot.anew ? rot.anew : 8;
  map_file(argv[1]);
  prepare(steps);
  struct sums sums = {0};
  for (uint64_t i = 0; i < seeds; i++)
    run_seed(from + i * every, steps, names, &sums);
  printf("%s: %" PRIu64 " seeds: %" PRIu64 " whole, %" PRIu64 " partial, %" PRIu64
         " not attached to; at most %.1f s of CPU\n",
         rot.path, seeds, sums.whole, sums.partial, sums.unattached, sums.seconds);
  printf("%" PRIu64 " passed, %" PRIu64 " failed\n", seeds - sums.failed, sums.failed);
  return sums.failed ? 1 : 0;
}
