// Opening a dump, and saying what stood in the way.
#include "session.h"

#include "workers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// ── Files ──────────────────────────────────────────────────────────────────

static bool open_dump(struct cli_session *s, struct io_error *why) {
  for (size_t i = 0; i <= s->cli->n_parts; i++) {
    if (!io_file_open(i ? s->cli->parts[i - 1] : s->path, &s->files[i], why))
      return false;
    s->n_files = i + 1;
    s->sources[i] = io_file_source(s->files[i]);
  }
  s->options.sources = s->sources;
  s->options.n_sources = s->n_files;
  return true;
}

// A side file is read whole.
static bool open_side(const char *path, struct io_file **file, const uint8_t **bytes, size_t *n,
                      struct io_error *why) {
  enum { MOST = 256 << 20 }; // past any BTF or System.map; only for files that can't be mapped
  return !path || (io_file_open(path, file, why) && (*bytes = io_file_bytes(*file, MOST, n, why)));
}

static void close_files(struct cli_session *s) {
  for (size_t i = 0; i < s->n_files; i++)
    io_file_close(s->files[i]);
  io_file_close(s->btf);
  io_file_close(s->symbols);
}

static bool files_intact(struct cli_session *s, struct io_error *why) {
  for (size_t i = 0; i < s->n_files; i++)
    if (!io_file_intact(s->files[i], why))
      return false;
  return (!s->btf || io_file_intact(s->btf, why)) && (!s->symbols || io_file_intact(s->symbols, why));
}

// ── What failed, and what may help ─────────────────────────────────────────

// By a word in what the core says it lacks, and the reason; the first that fits.
static const struct {
  const char *word; // null: any
  enum kl_status reason;
  const char *advice;
} advice[] = {
    {"BTF", KL_ERR_NOT_FOUND, "give its types with --btf FILE: /sys/kernel/btf/vmlinux of that very kernel"},
    {"symbol", KL_ERR_NOT_FOUND, "give its symbols with --symbols FILE: System.map of that very kernel"},
    {"kallsyms", KL_ERR_NOT_FOUND, "give its symbols with --symbols FILE: System.map of that very kernel"},
    {"kernel", KL_ERR_NOT_FOUND, "if it is one, name its page tables with --root ADDRESS"},
    {NULL, KL_ERR_NO_MEMORY, "free some memory, or open a smaller dump"},
    {NULL, KL_ERR_IO, "the file may be damaged, or still being written"},
};

static const char *advice_on(enum kl_status status, const char *what) {
  for (size_t i = 0; i < sizeof advice / sizeof *advice; i++)
    if (advice[i].reason == status && (!advice[i].word || strstr(what, advice[i].word)))
      return advice[i].advice;
  return NULL;
}

// What the container said of itself, if that is not what failed: it may be why.
static const char *image_trouble(const struct cli_session *s, const char *what) {
  const struct kl_diagnostics *d = s->dump ? kl_dump_diagnostics(s->dump) : NULL;
  for (size_t i = 0; d && i < d->used; i++)
    if (strcmp(d->items[i].subject, "image") == 0 && strcmp(d->items[i].what, what) != 0)
      return d->items[i].what;
  return NULL;
}

// "DUMP: what at where: why; what to try".
static int core_failed(struct cli_session *s, enum kl_status status, const struct kl_diagnostic *why) {
  cli_progress_clear(&s->progress);
  if (status == KL_ERR_CANCELLED)
    return CLI_CANCELLED;
  char at[32] = "";
  const char *what = why->what ? why->what : "cannot open it",
             *hint = strstr(what, "--") ? NULL : advice_on(status, what);
  if (why->object)
    snprintf(at, sizeof at, " at 0x%" PRIx64, why->object);
  // That something was not found is what "no such thing" says already.
  bool plain = status == KL_ERR_NOT_FOUND && strncmp(what, "no ", 3) == 0;
  const char *image = image_trouble(s, what);
  cli_complain("%s: %s%s%s%s%s%s%s%s%s", s->path, what, at, plain ? "" : ": ", plain ? "" : kl_status_text(status),
               image ? " (" : "", image ? image : "", image ? ")" : "", hint ? "; " : "", hint ? hint : "");
  return CLI_FAILED;
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

// ── Opening ────────────────────────────────────────────────────────────────

static int prepare(struct cli_session *s) {
  struct io_error why = {0};
  s->options = kl_dump_options_default();
  s->options.progress = cli_progress_callback(&s->progress);
  s->options.workers = cli_workers_callback(s);
  s->options.root = s->cli->root;
  bool opened = open_dump(s, &why) &&
                open_side(s->cli->btf, &s->btf, &s->options.btf, &s->options.btf_bytes, &why) &&
                open_side(s->cli->symbols, &s->symbols, &s->options.symbols, &s->options.symbols_bytes, &why);
  if (!opened) {
    cli_complain("%s", why.text);
    return CLI_FAILED;
  }
  s->codec = io_codec_create();
  if (!s->codec) {
    cli_complain("no memory for decompression");
    return CLI_FAILED;
  }
  s->options.codec = io_codec_calls(s->codec);
  return CLI_ANSWERED;
}

struct job {
  struct cli_session *session;
  const int *folder; // null: nothing is written but what is open
  enum cli_reach reach;
  int (*work)(struct cli_session *session, void *user);
  void *user;
};

static int take_workspace(struct cli_session *s) {
  struct kl_diagnostic none = {.what = "what its header says"};
  struct io_error why = {0};
  size_t bytes;
  enum kl_status status = kl_workspace_size(&s->options, &bytes);
  if (status != KL_OK)
    return core_failed(s, status, &none);
  s->workspace = io_workspace_create(bytes, &why);
  if (!s->workspace) {
    cli_complain("%s: %s", s->path, why.text);
    return CLI_FAILED;
  }
  s->workspace_bytes = bytes;
  return CLI_ANSWERED;
}

// What the user has given is used or refused, never passed over in silence.
static bool given_refused(const struct cli_session *s, struct kl_diagnostic *ret) {
  const struct kl_diagnostics *d = kl_dump_diagnostics(s->dump);
  for (size_t i = 0; i < d->used; i++) {
    if (!strstr(d->items[i].what, "that was given") && strcmp(d->items[i].what, "System.map") != 0)
      continue;
    *ret = d->items[i];
    return true;
  }
  return false;
}

// What one part of the work has cost: guest memory, and time of this process.
struct cost {
  struct kl_statistics memory;
  clock_t time;
};

static struct cost cost_now(const struct kl_dump *dump) {
  struct cost c = {.time = clock()};
  kl_dump_statistics(dump, &c.memory);
  return c;
}

static void tell_cost(const char *what, const struct cost *from, const struct cost *to) {
  cli_complain("stats: %s: reads=%" PRIu64 " bytes=%" PRIu64 " steps=%" PRIu64 " cpu_ms=%.1f", what,
               to->memory.reads - from->memory.reads, to->memory.read_bytes - from->memory.read_bytes,
               to->memory.steps - from->memory.steps, (double)(to->time - from->time) * 1000 / CLOCKS_PER_SEC);
}

static int work_counted(const struct job *job) {
  struct cli_session *s = job->session;
  struct cost none = {0}, before = cost_now(s->dump);
  int code = job->work(s, job->user);
  struct cost after = cost_now(s->dump);
  cli_progress_clear(&s->progress);
  tell_cost("opening", &none, &before);
  tell_cost("answer", &before, &after);
  return code;
}

static int open_core(struct cli_session *s, enum cli_reach reach) {
  struct kl_diagnostic why = {0};
  int code = take_workspace(s);
  if (code != CLI_ANSWERED)
    return code;
  enum kl_status status = kl_dump_open(s->workspace, s->workspace_bytes, &s->options, &s->dump, &why);
  if (status != KL_OK)
    return core_failed(s, status, &why);
  if (reach == CLI_IMAGE)
    return CLI_ANSWERED;
  status = kl_dump_attach(s->dump, &why);
  if (status == KL_OK && given_refused(s, &why))
    return core_failed(s, why.reason, &why);
  if (status != KL_OK && (reach == CLI_KERNEL || status == KL_ERR_CANCELLED))
    return core_failed(s, status, &why);
  return CLI_ANSWERED;
}

// All that looks at a byte of the dump.
static int run_confined(void *user) {
  struct job *job = user;
  struct cli_session *s = job->session;
  struct cli_session *each = s;
  do {
    int code = open_core(each, job->reach);
    if (code != CLI_ANSWERED)
      return code;
  } while ((each = each->second));
  return s->cli->stats ? work_counted(job) : job->work(s, job->user);
}

static int run_guarded(struct job *job) {
  struct io_error why = {0};
  int code = CLI_FAILED;
  (void)(job->folder ? io_sandbox_enter_folder(*job->folder, &why)
                     : io_sandbox_enter(&why)); // what this machine can't do, it can't; the rest is in force
  bool whole = io_guard_run(run_confined, job, &code, &why);
  for (struct cli_session *s = job->session; s; s = s->second) {
    cli_progress_clear(&s->progress);
    whole = whole && files_intact(s, &why);
  }
  if (whole)
    return code;
  cli_complain("%s", why.text);
  return CLI_FAILED;
}

static int begin(struct cli_session *s, const struct cli *cli, const char *path) {
  s->cli = cli;
  s->path = path;
  cli_progress_init(&s->progress, cli);
  return prepare(s);
}

static void end(struct cli_session *s) {
  free(s->memory);
  io_workspace_destroy(s->workspace, s->workspace_bytes);
  io_codec_destroy(s->codec);
  close_files(s);
}

static int run_sessions(const struct cli *cli, const char *second, struct job *job) {
  static struct cli_session sessions[2];
  memset(sessions, 0, sizeof sessions);
  job->session = &sessions[0];
  cli_cancel_init();
  int code = begin(&sessions[0], cli, cli->dump);
  if (second) {
    sessions[0].second = &sessions[1];
    if (code == CLI_ANSWERED)
      code = begin(&sessions[1], cli, second);
  }
  if (code == CLI_ANSWERED)
    code = run_guarded(job);
  end(&sessions[0]);
  end(&sessions[1]);
  return code;
}

int cli_session_run(const struct cli *cli, enum cli_reach reach,
                    int (*work)(struct cli_session *session, void *user), void *user) {
  struct job job = {.reach = reach, .work = work, .user = user};
  return run_sessions(cli, NULL, &job);
}

int cli_session_run_two(const struct cli *cli, const char *second,
                        int (*work)(struct cli_session *session, void *user), void *user) {
  struct job job = {.reach = CLI_KERNEL, .work = work, .user = user};
  return run_sessions(cli, second, &job);
}

int cli_session_run_folder(const struct cli *cli, int folder, int (*work)(struct cli_session *session, void *user),
                           void *user) {
  struct job job = {.folder = &folder, .reach = CLI_KERNEL, .work = work, .user = user};
  return run_sessions(cli, NULL, &job);
}
