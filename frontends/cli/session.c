// Opening a dump, and saying what stood in the way.
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int file_failed(const char *path, const char *what) {
  cli_complain("%s: %s", path, what);
  return CLI_FAILED;
}

static int map_file(const char *path, struct cli_file *ret) {
  *ret = (struct cli_file){0};
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return file_failed(path, strerror(errno));
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    close(fd);
    return file_failed(path, "not a file");
  }
  ret->bytes = (size_t)st.st_size;
  void *p = ret->bytes ? mmap(NULL, ret->bytes, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
  int error = errno;
  close(fd);
  if (p == MAP_FAILED)
    return file_failed(path, strerror(error));
  ret->data = p;
  return CLI_ANSWERED;
}

static void unmap_file(struct cli_file *file) {
  if (file->data)
    munmap(file->data, file->bytes);
  *file = (struct cli_file){0};
}

static enum kl_status read_file(void *user, uint64_t offset, void *dst, size_t n) {
  const struct cli_file *file = user;
  if (offset > file->bytes || n > file->bytes - offset)
    return KL_ERR_IO;
  memcpy(dst, file->data + offset, n);
  return KL_OK;
}

static enum kl_status lend_file(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  const struct cli_file *file = user;
  if (offset > file->bytes || n > file->bytes - offset)
    return KL_ERR_IO;
  *ret = file->data + offset;
  return KL_OK;
}

static int open_files(struct cli_session *s) {
  const struct cli *cli = s->cli;
  for (size_t i = 0; i <= cli->n_parts; i++) {
    int code = map_file(i ? cli->parts[i - 1] : cli->dump, &s->files[i]);
    if (code != CLI_ANSWERED)
      return code;
    s->n_files = i + 1;
    s->sources[i] = (struct kl_source){&s->files[i], s->files[i].bytes, read_file, lend_file};
  }
  int code = cli->btf ? map_file(cli->btf, &s->btf) : CLI_ANSWERED;
  if (code == CLI_ANSWERED && cli->symbols)
    code = map_file(cli->symbols, &s->symbols);
  return code;
}

// What may help, by the stage that failed and how. The first that fits.
static const struct {
  const char *subject; // null: any
  enum kl_status reason;
  const char *advice;
} advice[] = {
    {"btf", KL_ERR_NOT_FOUND, "give its types with --btf FILE (/sys/kernel/btf/vmlinux of that kernel)"},
    {"symbols", KL_ERR_NOT_FOUND, "give its symbols with --symbols System.map"},
    {"kallsyms", KL_ERR_NOT_FOUND, "give its symbols with --symbols System.map"},
    {"root", KL_ERR_NOT_FOUND, "give the physical address of its page tables with --root ADDRESS"},
    {NULL, KL_ERR_NO_MEMORY, "free some memory, or open a smaller dump"},
    {NULL, KL_ERR_IO, "the file may be damaged, or still being written"},
};

static int core_failed(struct cli_session *s, const char *what, enum kl_status status,
                       const struct kl_diagnostic *why) {
  cli_progress_clear(&s->progress);
  if (status == KL_ERR_CANCELLED)
    return CLI_CANCELLED;
  const char *hint = NULL;
  for (size_t i = 0; i < sizeof advice / sizeof *advice && !hint; i++)
    if (advice[i].reason == status &&
        (!advice[i].subject || (why->subject && strcmp(why->subject, advice[i].subject) == 0)))
      hint = advice[i].advice;
  char at[32] = "";
  if (why->object)
    snprintf(at, sizeof at, " at 0x%" PRIx64, why->object);
  cli_complain("%s: %s: %s%s%s%s: %s%s%s", s->cli->dump, what, why->subject ? why->subject : "",
               why->subject && why->what ? ", " : "", why->what ? why->what : "", at, kl_status_text(status),
               hint ? "; " : "", hint ? hint : "");
  return CLI_FAILED;
}

static int take_workspace(struct cli_session *s, const struct kl_dump_options *options) {
  struct kl_diagnostic why = {.subject = "workspace"};
  enum kl_status status = kl_workspace_size(options, &s->workspace_bytes);
  if (status != KL_OK)
    return core_failed(s, "cannot open", status, &why);
  s->workspace =
      mmap(NULL, s->workspace_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (s->workspace != MAP_FAILED)
    return CLI_ANSWERED;
  s->workspace = NULL;
  return core_failed(s, "cannot open", KL_ERR_NO_MEMORY, &why);
}

static struct kl_dump_options options_of(struct cli_session *s) {
  struct kl_dump_options options = kl_dump_options_default();
  options.sources = s->sources;
  options.n_sources = s->n_files;
  options.progress = cli_progress_callback(&s->progress);
  options.btf = s->btf.data;
  options.btf_bytes = s->btf.bytes;
  options.symbols = s->symbols.data;
  options.symbols_bytes = s->symbols.bytes;
  options.root = s->cli->root;
  return options;
}

int cli_session_open(struct cli_session *s, const struct cli *cli, enum cli_reach reach) {
  memset(s, 0, sizeof *s);
  s->cli = cli;
  cli_progress_init(&s->progress, cli);
  cli_cancel_init();
  int code = open_files(s);
  if (code != CLI_ANSWERED)
    return code;
  struct kl_dump_options options = options_of(s);
  code = take_workspace(s, &options);
  if (code != CLI_ANSWERED)
    return code;
  struct kl_diagnostic why = {0};
  enum kl_status status = kl_dump_open(s->workspace, s->workspace_bytes, &options, &s->dump, &why);
  if (status != KL_OK)
    return core_failed(s, "cannot open", status, &why);
  if (reach == CLI_IMAGE)
    return CLI_ANSWERED;
  status = kl_dump_attach(s->dump, &why);
  s->attached = status == KL_OK;
  if (!s->attached && (reach == CLI_KERNEL || status == KL_ERR_CANCELLED))
    return core_failed(s, "no kernel found", status, &why);
  return CLI_ANSWERED;
}

void cli_session_close(struct cli_session *s) {
  cli_progress_clear(&s->progress);
  if (s->workspace)
    munmap(s->workspace, s->workspace_bytes);
  for (size_t i = 0; i < s->n_files; i++)
    unmap_file(&s->files[i]);
  unmap_file(&s->btf);
  unmap_file(&s->symbols);
}

void cli_session_tell_lost(struct cli_session *s, size_t from) {
  const struct kl_diagnostics *d = kl_dump_diagnostics(s->dump);
  cli_progress_clear(&s->progress);
  if (s->cli->quiet)
    return;
  for (size_t i = from; i < d->used; i++) {
    const struct kl_diagnostic *one = &d->items[i];
    char at[48] = "";
    if (one->object)
      snprintf(at, sizeof at, ", first at 0x%" PRIx64, one->object);
    cli_complain("in part: %s.%s: %s (%" PRIu64 " time%s%s)", one->subject, one->what, kl_status_text(one->reason),
                 one->count, one->count == 1 ? "" : "s", at);
  }
}
