// kernlens extract DUMP --superblock DEVICE -o FOLDER, and --pid N.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "folder.h"
#include "kernlens/inspect.h"
#include "output.h"
#include "rows.h"

enum {
  MOST_FILES = 1 << 20,
  MOST_BYTES_SHIFT = 46, // as for one file
  PAGE_BYTES = 64 << 10, // the largest granule
};

struct file {
  uint64_t inode; // its struct inode
  uint64_t number;
  int64_t bytes;
  size_t path, path_bytes; // in names; 0 bytes: it has no name in memory
};

// A file that a process has: a name for the inode, whatever paths it has.
struct wanted {
  uint64_t number;
  char device[24];
};

struct job {
  int folder, report; // the folder with the files; the report
  struct file *files;
  size_t n_files, files_room;
  struct wanted *wanted;
  size_t n_wanted, wanted_room;
  uint8_t *names;
  size_t names_used, names_room;
  uint64_t room; // bytes that may still be written: what the guest has of memory
  struct kl_memory *memory;
  uint64_t page_bytes;
  // The file being written.
  int fd;
  uint64_t next, written, missing;
  bool failed, partial;
  struct kl_text line; // of the report
  char buffer[4096];
};

static bool grow(void *array, size_t *room, size_t item, size_t wanted) {
  void *old;
  size_t more = *room ? *room : 64;
  while (more < wanted)
    more *= 2;
  memcpy(&old, array, sizeof old);
  void *bigger = realloc(old, more * item);
  if (!bigger) {
    cli_complain("extract: out of memory");
    return false;
  }
  memcpy(array, &bigger, sizeof bigger);
  *room = more;
  return true;
}

// ── Which files ────────────────────────────────────────────────────────────

static bool add_wanted(struct job *job, const struct kl_cell *device, const struct kl_cell *inode) {
  struct wanted w = {.number = inode->u64};
  if (device->kind != KL_CELL_TEXT || inode->kind != KL_CELL_U64 || device->n >= sizeof w.device ||
      job->n_wanted == MOST_FILES)
    return true;
  memcpy(w.device, device->data, device->n);
  if (job->n_wanted == job->wanted_room &&
      !grow(&job->wanted, &job->wanted_room, sizeof *job->wanted, job->n_wanted + 1))
    return false;
  job->wanted[job->n_wanted++] = w;
  return true;
}

static int compare_wanted(const void *a, const void *b) {
  const struct wanted *x = a, *y = b;
  int order = strcmp(x->device, y->device);
  return order ? order : x->number < y->number ? -1 : x->number > y->number;
}

// What a process has open, and what it has mapped.
static int find_wanted(struct cli_session *s, struct job *job) {
  static const char *const tables[] = {"open_files", "vmas"};
  static const char *const columns[] = {"device", "inode"};
  int code = CLI_ANSWERED;
  for (size_t i = 0; i < 2 && code == CLI_ANSWERED; i++) {
    struct cli_rows rows;
    struct kl_constraint condition;
    const struct kl_cell *cells[2];
    cli_rows_equal(&condition, tables[i], "tgid", s->cli->pid, NULL);
    code = cli_rows_open(&rows, s, tables[i], columns, 2, &condition, 1);
    if (code != CLI_ANSWERED)
      return code;
    while (code == CLI_ANSWERED && cli_rows_next(&rows, cells))
      if (!add_wanted(job, cells[0], cells[1]))
        code = CLI_FAILED;
    code = cli_rows_end(&rows, code);
    job->partial |= code == CLI_PARTIAL;
    code = code == CLI_PARTIAL ? CLI_ANSWERED : code;
  }
  if (code == CLI_ANSWERED && !job->n_wanted) {
    cli_complain("extract: process %" PRIu64 " has no files in this dump", s->cli->pid);
    return CLI_FAILED;
  }
  qsort(job->wanted, job->n_wanted, sizeof *job->wanted, compare_wanted);
  return code;
}

static bool is_wanted(const struct cli_session *s, const struct job *job, const struct kl_cell *device,
                      uint64_t number) {
  struct wanted w = {.number = number};
  if (s->cli->superblock)
    return true; // the rows are of that device
  if (device->kind != KL_CELL_TEXT || device->n >= sizeof w.device)
    return false;
  memcpy(w.device, device->data, device->n);
  return bsearch(&w, job->wanted, job->n_wanted, sizeof w, compare_wanted);
}

static bool add_file(struct job *job, const struct kl_cell *const *cells) {
  struct file f = {
      .inode = cells[0]->u64, .number = cells[2]->u64, .bytes = cells[3]->i64, .path = job->names_used};
  if (job->n_files == MOST_FILES) {
    cli_complain("extract: more than %d files; the others are left out", MOST_FILES);
    job->partial = true;
    return false;
  }
  f.path_bytes = cells[5]->kind == KL_CELL_TEXT ? cells[5]->n : 0;
  if ((job->n_files == job->files_room &&
       !grow(&job->files, &job->files_room, sizeof *job->files, job->n_files + 1)) ||
      (job->names_used + f.path_bytes > job->names_room &&
       !grow(&job->names, &job->names_room, 1, job->names_used + f.path_bytes))) {
    job->failed = true;
    return false;
  }
  if (f.path_bytes)
    memcpy(job->names + job->names_used, cells[5]->data, f.path_bytes);
  job->names_used += f.path_bytes;
  job->files[job->n_files++] = f;
  return true;
}

static int compare_files(const void *a, const void *b) {
  const struct file *x = a, *y = b;
  return x->inode < y->inode ? -1 : x->inode > y->inode;
}

// Conditions that are the same for both walks over files.
static size_t conditions(const struct cli_session *s, const char *table, struct kl_constraint *ret) {
  if (!s->cli->superblock)
    return 0;
  cli_rows_equal(ret, table, "device", 0, s->cli->superblock);
  return 1;
}

static int find_files(struct cli_session *s, struct job *job) {
  static const char *const columns[] = {"address", "device", "inode", "bytes", "cached_pages", "path", "kind"};
  struct cli_rows rows;
  struct kl_constraint condition;
  const struct kl_cell *cells[7];
  int code = cli_rows_open(&rows, s, "inodes", columns, 7, &condition, conditions(s, "inodes", &condition));
  if (code != CLI_ANSWERED)
    return code;
  while (cli_rows_next(&rows, cells)) {
    bool regular =
        cells[6]->kind == KL_CELL_TEXT && kl_bytes_equal(kl_bytes_of(cells[6]->data, cells[6]->n), "regular");
    bool cached = cells[4]->kind == KL_CELL_U64 && cells[4]->u64;
    if (regular && cached && is_wanted(s, job, cells[1], cells[2]->u64) && !add_file(job, cells))
      break;
  }
  code = cli_rows_end(&rows, job->failed ? CLI_FAILED : CLI_ANSWERED);
  job->partial |= code == CLI_PARTIAL;
  if (code == CLI_PARTIAL)
    code = CLI_ANSWERED;
  if (code == CLI_ANSWERED && !job->n_files) {
    cli_complain("extract: no cached file of %s is in this dump; see the table inodes",
                 s->cli->superblock ? s->cli->superblock : "this process");
    return CLI_FAILED;
  }
  qsort(job->files, job->n_files, sizeof *job->files, compare_files);
  return code;
}

// ── The report ─────────────────────────────────────────────────────────────

static bool write_all(int fd, const void *p, size_t n) {
  for (const uint8_t *at = p; n;) {
    ssize_t wrote = write(fd, at, n);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0)
      return false;
    at += wrote;
    n -= (size_t)wrote;
  }
  return true;
}

static enum kl_status flush_report(void *user, const char *p, size_t n) {
  return write_all(((struct job *)user)->report, p, n) ? KL_OK : KL_ERR_IO;
}

static void report_missing(struct job *job, uint64_t start, uint64_t end) {
  kl_text_string(&job->line, job->missing ? ",[" : "[");
  kl_text_decimal(&job->line, start);
  kl_text_char(&job->line, ',');
  kl_text_decimal(&job->line, end);
  kl_text_char(&job->line, ']');
  job->missing += end - start;
}

static void report_begin(struct job *job, const struct file *f, const char *made) {
  kl_text_string(&job->line, "{\"file\":");
  kl_text_json_string(&job->line, (const uint8_t *)made, strlen(made));
  kl_text_string(&job->line, ",\"path\":");
  if (f->path_bytes)
    kl_text_json_string(&job->line, job->names + f->path, f->path_bytes);
  else
    kl_text_string(&job->line, "null");
  kl_text_string(&job->line, ",\"inode\":");
  kl_text_decimal(&job->line, f->number);
  kl_text_string(&job->line, ",\"bytes\":");
  kl_text_signed(&job->line, f->bytes);
  kl_text_string(&job->line, ",\"missing\":[");
}

static void report_end(struct job *job, const char *error) {
  kl_text_string(&job->line, "],\"written\":");
  kl_text_decimal(&job->line, job->written);
  kl_text_string(&job->line, ",\"error\":");
  if (error)
    kl_text_json_string(&job->line, (const uint8_t *)error, strlen(error));
  else
    kl_text_string(&job->line, "null");
  kl_text_string(&job->line, "}\n");
}

// ── Their bytes ────────────────────────────────────────────────────────────

static void begin_file(struct job *job, const struct file *f) {
  char made[CLI_FOLDER_PATH] = "", name[32];
  struct kl_text t = kl_text_into(name, sizeof name);
  const char *error = NULL;
  kl_text_string(&t, "inode-");
  kl_text_decimal(&t, f->number);
  job->fd = -1;
  job->next = job->written = job->missing = 0;
  if (f->bytes < 0 || f->bytes >> MOST_BYTES_SHIFT)
    error = "its size can't be";
  else if ((job->fd = cli_folder_create(job->folder, f->path_bytes ? job->names + f->path : (const uint8_t *)name,
                                        f->path_bytes ? f->path_bytes : t.used, made)) < 0 ||
           ftruncate(job->fd, (off_t)f->bytes) != 0)
    error = strerror(errno);
  report_begin(job, f, made);
  if (!error)
    return;
  report_end(job, error);
  job->partial = true;
  if (job->fd >= 0)
    close(job->fd);
  job->fd = -1;
}

static void end_file(struct job *job, const struct file *f) {
  if (job->fd < 0)
    return;
  if (job->next < (uint64_t)f->bytes)
    report_missing(job, job->next, (uint64_t)f->bytes);
  job->partial |= job->missing != 0;
  report_end(job, NULL);
  if (close(job->fd) != 0)
    job->failed = true;
  job->fd = -1;
}

static void take_page(struct job *job, const struct file *f, uint64_t physical, uint64_t offset) {
  static uint8_t page[PAGE_BYTES];
  if (job->fd < 0 || job->failed || offset < job->next || offset >= (uint64_t)f->bytes)
    return;
  uint64_t left = (uint64_t)f->bytes - offset, n = left < job->page_bytes ? left : job->page_bytes;
  if (n > job->room || kl_memory_read(job->memory, physical, page, (size_t)job->page_bytes) != KL_OK)
    return; // the next page, or the end, notes the gap
  if (offset > job->next)
    report_missing(job, job->next, offset);
  if (lseek(job->fd, (off_t)offset, SEEK_SET) < 0 || !write_all(job->fd, page, (size_t)n)) {
    job->failed = true;
    cli_complain("extract: %s", strerror(errno));
    return;
  }
  job->next = offset + n;
  job->written += n;
  job->room -= n;
}

// One walk over the pages of all files: those of one come together.
static int copy_pages(struct cli_session *s, struct job *job) {
  static const char *const columns[] = {"inode_address", "physical", "file_offset", "uptodate"};
  struct cli_rows rows;
  struct kl_constraint condition;
  const struct kl_cell *cells[4];
  struct file key, *f = NULL;
  uint64_t inode = 0;
  int code = cli_rows_open(&rows, s, "page_cache", columns, 4, &condition, conditions(s, "page_cache", &condition));
  if (code != CLI_ANSWERED)
    return code;
  while (!job->failed && cli_rows_next(&rows, cells)) {
    if (cells[0]->kind != KL_CELL_ADDRESS)
      continue;
    if (!inode || cells[0]->u64 != inode) {
      if (f)
        end_file(job, f);
      key.inode = inode = cells[0]->u64;
      f = bsearch(&key, job->files, job->n_files, sizeof key, compare_files);
      if (f)
        begin_file(job, f);
    }
    if (f && cells[1]->kind == KL_CELL_ADDRESS && cells[2]->kind == KL_CELL_U64 && cells[3]->u64)
      take_page(job, f, cells[1]->u64, cells[2]->u64);
  }
  if (f)
    end_file(job, f);
  return cli_rows_end(&rows, job->failed ? CLI_FAILED : CLI_ANSWERED);
}

static uint64_t memory_of(struct cli_session *s) {
  static const char *const columns[] = {"memory_bytes"};
  struct cli_rows rows;
  const struct kl_cell *cells[1];
  uint64_t bytes = 0;
  if (cli_rows_open(&rows, s, "kernel", columns, 1, NULL, 0) != CLI_ANSWERED)
    return 0;
  if (cli_rows_next(&rows, cells) && cells[0]->kind == KL_CELL_U64)
    bytes = cells[0]->u64;
  (void)cli_rows_end(&rows, CLI_ANSWERED);
  return bytes;
}

static int answer(struct cli_session *s, void *user) {
  struct job *job = user;
  struct kl_place place = {.kind = KL_PLACE_PHYSICAL};
  void *block = aligned_alloc(16, (kl_memory_bytes() + 15) & ~(size_t)15);
  if (!block || kl_memory_open(s->dump, &place, block, kl_memory_bytes(), &job->memory) != KL_OK) {
    free(block);
    cli_complain("extract: out of memory");
    return CLI_FAILED;
  }
  job->page_bytes = kl_page_bytes(s->dump);
  job->room = memory_of(s);
  int code = s->cli->superblock ? CLI_ANSWERED : find_wanted(s, job);
  if (code == CLI_ANSWERED)
    code = find_files(s, job);
  if (code == CLI_ANSWERED)
    code = copy_pages(s, job);
  if (kl_text_flush(&job->line) != KL_OK) {
    cli_complain("extract: the report could not be written");
    code = CLI_FAILED;
  }
  free(block);
  free(job->files);
  free(job->names);
  free(job->wanted);
  if (code == CLI_ANSWERED && job->partial && !s->cli->quiet)
    cli_complain("extract: some bytes are not in the dump: %s/report.ndjson says which", s->cli->output);
  return code == CLI_ANSWERED && job->partial ? CLI_PARTIAL : code;
}

static int refused(const struct cli *cli) {
  cli_complain("extract: %s: %s", cli->output, strerror(errno));
  return CLI_FAILED;
}

int cli_extract_folder(const struct cli *cli) {
  static struct job job;
  // All is made before the dump is read, and new: nothing of it is a link.
  if (mkdir(cli->output, 0700) != 0)
    return refused(cli);
  int top = open(cli->output, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (top < 0 || mkdirat(top, "files", 0700) != 0)
    return refused(cli);
  job.report = openat(top, "report.ndjson", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  job.folder = openat(top, "files", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (job.report < 0 || job.folder < 0)
    return refused(cli);
  job.line = kl_text_into(job.buffer, sizeof job.buffer);
  job.line.flush = flush_report;
  job.line.user = &job;
  int code = cli_session_run_folder(cli, job.folder, answer, &job);
  if (close(job.report) != 0 && code == CLI_ANSWERED)
    code = refused(cli);
  close(job.folder);
  close(top);
  return code;
}
