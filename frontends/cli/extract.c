// kernlens extract DUMP --path P -o FILE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "kernlens/inspect.h"
#include "session.h"
#include "tables/cell.h"

enum {
  MOST_BYTES_SHIFT = 46, // 64 TiB: more than any cache; sparse files may say they are larger
  MISSING_SHOWN = 8,     // ranges that are named; all are counted
};

struct job {
  int fd;
  char room[8192]; // text of the constraints
  struct kl_constraint constraints[2];
  size_t n;

  uint64_t inode; // its struct inode: one file, whatever names it has
  int64_t bytes;  // its size
  uint64_t written;
  uint64_t next;    // the first byte not yet accounted for
  uint64_t missing; // bytes that are not in the dump
  uint64_t ranges;
  bool failed;
};

static int file_failed(const struct cli *cli) {
  cli_complain("extract: %s: %s", cli->output, strerror(errno));
  return CLI_FAILED;
}

// ── Which file ─────────────────────────────────────────────────────────────

static bool add(struct job *job, const struct kl_table *table, const char *condition, struct kl_text *room) {
  return kl_constraint_parse(table, kl_bytes_of(condition, strlen(condition)), room, &job->constraints[job->n++],
                             NULL) == KL_OK;
}

// The conditions on a table that pick the file.
static bool choose(const struct cli *cli, struct job *job, const struct kl_table *table) {
  struct kl_text room = kl_text_into(job->room, sizeof job->room);
  char condition[5000];
  job->n = 0;
  if (cli->path) {
    int n = snprintf(condition, sizeof condition, "path=%s", cli->path);
    return n > 0 && (size_t)n < sizeof condition && add(job, table, condition, &room);
  }
  const char *colon = strrchr(cli->inode, ':');
  if (!colon || colon == cli->inode)
    return false;
  int n = snprintf(condition, sizeof condition, "device=%.*s", (int)(colon - cli->inode), cli->inode);
  if (n < 0 || (size_t)n >= sizeof condition || !add(job, table, condition, &room))
    return false;
  n = snprintf(condition, sizeof condition, "inode=%s", colon + 1);
  return n > 0 && (size_t)n < sizeof condition && add(job, table, condition, &room);
}

// Opens a cursor over a table with the job's conditions. Null after it has said
// why not; *memory is to be freed.
static struct kl_cursor *open_cursor(struct cli_session *s, struct job *job, const char *name, void **memory) {
  const struct kl_table *table = kl_table_find(name);
  struct kl_cursor *cursor = NULL;
  *memory = NULL;
  if (!choose(s->cli, job, table)) {
    (void)cli_misuse(s->cli, "--inode takes MAJOR:MINOR:INODE, as the tables have device and inode");
    return NULL;
  }
  struct kl_query query = {
      .table = table, .constraints = job->constraints, .n_constraints = job->n, .columns = UINT64_MAX};
  *memory = aligned_alloc(16, kl_cursor_bytes(table));
  enum kl_status status =
      *memory ? kl_cursor_open(s->dump, &query, *memory, kl_cursor_bytes(table), &cursor) : KL_ERR_NO_MEMORY;
  if (status == KL_OK)
    return cursor;
  cli_complain("extract: %s: %s", name, kl_status_text(status));
  free(*memory);
  *memory = NULL;
  return NULL;
}

// Finds the inode: exactly one, or the first with cached pages.
static int find_file(struct cli_session *s, struct job *job) {
  const struct kl_table *table = kl_table_find("inodes");
  int address = kl_table_column(table, "address"), bytes = kl_table_column(table, "bytes");
  int cached = kl_table_column(table, "cached_pages");
  const struct kl_cell *cells;
  void *memory;
  bool found = false;
  struct kl_cursor *cursor = open_cursor(s, job, "inodes", &memory);
  if (!cursor)
    return CLI_FAILED;
  while (kl_cursor_next(cursor, &cells) == KL_OK) {
    if (found && (cells[cached].kind != KL_CELL_U64 || !cells[cached].u64))
      continue;
    found = true;
    job->inode = cells[address].u64;
    job->bytes = cells[bytes].kind == KL_CELL_I64 ? cells[bytes].i64 : -1;
    if (cells[cached].kind == KL_CELL_U64 && cells[cached].u64)
      break;
  }
  free(memory);
  if (!found) {
    cli_complain("extract: no inode of %s is in this dump; look for it in the table inodes",
                 s->cli->path ? s->cli->path : s->cli->inode);
    return CLI_FAILED;
  }
  if (job->bytes < 0 || job->bytes >> MOST_BYTES_SHIFT) {
    cli_complain("extract: the file says it has %" PRId64 " bytes, which can't be", job->bytes);
    return CLI_FAILED;
  }
  return CLI_ANSWERED;
}

// ── Its bytes ──────────────────────────────────────────────────────────────

static void note_missing(const struct cli *cli, struct job *job, uint64_t start, uint64_t end) {
  job->missing += end - start;
  if (job->ranges++ < MISSING_SHOWN && !cli->quiet)
    cli_complain("extract: not in the dump: bytes %" PRIu64 " to %" PRIu64, start, end - 1);
}

static bool write_all(int fd, const uint8_t *p, size_t n, uint64_t offset) {
  if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
    return false;
  while (n) {
    ssize_t wrote = write(fd, p, n);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0)
      return false;
    p += wrote;
    n -= (size_t)wrote;
  }
  return true;
}

// Writes one cached page; what lies between it and the one before is missing.
static void take_page(struct cli_session *s, struct job *job, struct kl_memory *memory, uint64_t physical,
                      uint64_t offset, uint8_t *page, size_t page_bytes) {
  if (offset < job->next || offset >= (uint64_t)job->bytes)
    return; // out of order, or past the end
  uint64_t left = (uint64_t)job->bytes - offset;
  size_t n = left < page_bytes ? (size_t)left : page_bytes;
  if (kl_memory_read(memory, physical, page, page_bytes) != KL_OK)
    return; // the next page, or the end, notes the gap
  if (offset > job->next)
    note_missing(s->cli, job, job->next, offset);
  if (!write_all(job->fd, page, n, offset)) {
    job->failed = true;
    return;
  }
  job->next = offset + n;
  job->written += n;
}

static int copy_pages(struct cli_session *s, struct job *job, struct kl_memory *physical_memory) {
  const struct kl_table *table = kl_table_find("page_cache");
  int physical = kl_table_column(table, "physical"), offset = kl_table_column(table, "file_offset");
  int uptodate = kl_table_column(table, "uptodate"), inode = kl_table_column(table, "inode_address");
  static uint8_t page[64 << 10]; // the largest granule
  const struct kl_cell *cells;
  void *memory;
  size_t page_bytes = (size_t)kl_page_bytes(s->dump);
  struct kl_cursor *cursor = open_cursor(s, job, "page_cache", &memory);
  if (!cursor)
    return CLI_FAILED;
  while (!job->failed && !cli_cancelled() && kl_cursor_next(cursor, &cells) == KL_OK) {
    if (cells[inode].u64 != job->inode || !cells[uptodate].u64 || cells[physical].kind != KL_CELL_ADDRESS)
      continue;
    take_page(s, job, physical_memory, cells[physical].u64, cells[offset].u64, page, page_bytes);
  }
  free(memory);
  return cli_cancelled() ? CLI_CANCELLED : CLI_ANSWERED;
}

static int finish(const struct cli *cli, struct job *job) {
  if (job->failed || ftruncate(job->fd, (off_t)job->bytes) != 0)
    return file_failed(cli);
  if (job->next < (uint64_t)job->bytes)
    note_missing(cli, job, job->next, (uint64_t)job->bytes);
  if (!cli->quiet)
    cli_complain("extract: %s: %" PRIu64 " of %" PRId64 " bytes%s", cli->output, job->written, job->bytes,
                 job->missing ? "; the rest is not in the dump, and holes stand for it" : "");
  return job->missing ? CLI_PARTIAL : CLI_ANSWERED;
}

static int answer(struct cli_session *s, void *user) {
  struct job *job = user;
  struct kl_place place = {.kind = KL_PLACE_PHYSICAL};
  struct kl_memory *memory;
  int code = find_file(s, job);
  if (code != CLI_ANSWERED)
    return code;
  void *block = aligned_alloc(16, (kl_memory_bytes() + 15) & ~(size_t)15);
  if (!block || kl_memory_open(s->dump, &place, block, kl_memory_bytes(), &memory) != KL_OK) {
    free(block);
    cli_complain("extract: out of memory");
    return CLI_FAILED;
  }
  code = copy_pages(s, job, memory);
  free(block);
  return code == CLI_ANSWERED ? finish(s->cli, job) : code;
}

static int run(const struct cli *cli) {
  static struct job job;
  if (!!cli->path + !!cli->inode + !!cli->superblock + cli->has_pid != 1)
    return cli_misuse(cli, "name one file by --path or --inode, or many by --superblock or --pid");
  if (!cli->output)
    return cli_misuse(cli, "name what to write with -o");
  if (cli->superblock || cli->has_pid)
    return cli_extract_folder(cli);
  // Opened before the dump is read, and nothing else can be afterwards: whatever
  // the dump says, only this file is written. O_EXCL follows no link.
  job.fd = open(cli->output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (job.fd < 0)
    return file_failed(cli);
  int code = cli_session_run(cli, CLI_KERNEL, answer, &job);
  if (close(job.fd) != 0 && code == CLI_ANSWERED)
    code = file_failed(cli);
  return code;
}

const struct cli_command cli_extract_command = {
    .name = "extract",
    .arguments = "DUMP",
    .doc = "write cached files from their pages in memory",
    .about =
        "With --superblock or --pid, all cached files of a file system, or all that a process has open or mapped, "
        "are written into a new folder: files/ has them under their names (what a name may not hold becomes _), "
        "report.ndjson says of each which bytes are missing. Of one file, the file's cached pages are written "
        "where they belong in it. What is not in the dump becomes a hole, "
        "is named on standard error, and makes the exit status 4. Only FILE is written, whatever the dump "
        "says, and only when it is not there yet.",
    .examples = "extract DUMP --path /etc/passwd -o passwd\nextract DUMP --inode 254:0:31 -o file\n"
                "extract DUMP --superblock 254:0 -o folder\nextract DUMP --pid 1 -o folder",
    .needs = CLI_NEEDS_DUMP | CLI_NEEDS_KERNEL,
    .options = 1u << CLI_OPTION_INODE | 1u << CLI_OPTION_PATH | 1u << CLI_OPTION_OUTPUT |
               1u << CLI_OPTION_SUPERBLOCK | 1u << CLI_OPTION_PID,
    .max_arguments = 0,
    .run = run,
};
