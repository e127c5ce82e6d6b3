// Contexts for threads, and the work that the core hands out in parts.
#include "workers.h"

#include <stdlib.h>

size_t cli_workers_wanted(const struct cli_session *session, uint64_t frames) {
  uint64_t asked = session->cli->threads;
  if (asked)
    return asked < IO_MOST_THREADS ? (size_t)asked : IO_MOST_THREADS;
  return frames < CLI_WORKER_FRAMES ? 1 : io_processors();
}

// ── Contexts ───────────────────────────────────────────────────────────────

// Each says where it is: rows of its cursor, or its place in memory. The first one
// speaks for all, with their rows, or with its place: they go side by side.
static _Bool go_on(void *user, const char *stage, uint64_t done, uint64_t total) {
  struct cli_worker *w = user;
  struct cli_workers *all = w->all;
  if (!total) {
    uint64_t more = done > w->rows ? done - w->rows : done; // or it is another cursor
    w->rows = done;
    done = atomic_fetch_add(&all->rows, more) + more;
  }
  struct kl_progress aloud = cli_progress_callback(&all->session->progress);
  if (w == all->each && !aloud.report(aloud.user, stage, done, total))
    all->stop = true;
  return !all->stop && !cli_cancelled();
}

static _Bool is_over(void *user) {
  struct cli_worker *w = user;
  struct kl_progress aloud = cli_progress_callback(&w->all->session->progress);
  if (w == w->all->each && aloud.stop(aloud.user))
    w->all->stop = true;
  return w->all->stop || cli_cancelled();
}

static bool open_worker(struct cli_worker *worker, const struct kl_dump *dump) {
  struct kl_progress progress = {.user = worker, .report = go_on, .stop = is_over};
  struct io_error why;
  worker->codec = io_codec_create();
  if (!worker->codec || kl_dump_share_size(dump, &worker->workspace_bytes) != KL_OK)
    return false;
  struct kl_codec codec = io_codec_calls(worker->codec);
  worker->workspace = io_workspace_create(worker->workspace_bytes, &why);
  return worker->workspace &&
         kl_dump_share(dump, worker->workspace, worker->workspace_bytes, &codec, &progress, &worker->dump) == KL_OK;
}

bool cli_workers_open(struct cli_workers *workers, struct cli_session *session, size_t n) {
  *workers = (struct cli_workers){.session = session, .n = n};
  for (size_t i = 0; i < n; i++) {
    workers->each[i].all = workers;
    if (open_worker(&workers->each[i], session->dump))
      continue;
    cli_workers_close(workers);
    return false;
  }
  return true;
}

void cli_workers_close(struct cli_workers *workers) {
  for (size_t i = 0; i < workers->n; i++) {
    io_workspace_destroy(workers->each[i].workspace, workers->each[i].workspace_bytes);
    io_codec_destroy(workers->each[i].codec);
  }
  workers->n = 0;
}

// ── Parts ──────────────────────────────────────────────────────────────────

struct parts {
  struct cli_workers workers;
  uint64_t n;
  atomic_ullong next;
  void (*work)(void *argument, uint64_t part, struct kl_dump *dump);
  void *argument;
};

static void work_on(void *user, size_t i) {
  struct parts *parts = user;
  for (;;) {
    uint64_t part = atomic_fetch_add(&parts->next, 1);
    if (part >= parts->n || parts->workers.stop)
      return;
    parts->work(parts->argument, part, parts->workers.each[i].dump);
  }
}

static void give_up(void *user) {
  struct parts *parts = user;
  parts->workers.stop = true;
}

static bool run(void *user, struct kl_dump *dump, uint64_t frames, uint64_t n,
                void (*work)(void *argument, uint64_t part, struct kl_dump *dump), void *argument) {
  struct cli_session *session = user;
  struct parts parts = {.n = n, .work = work, .argument = argument};
  struct io_error why;
  size_t threads = cli_workers_wanted(session, frames);
  if (threads < 2 || session->dump != dump || !cli_workers_open(&parts.workers, session, threads))
    return false;
  bool whole = io_threads_run(threads, work_on, give_up, &parts, &why);
  for (size_t i = 0; whole && i < threads; i++)
    kl_dump_absorb(dump, parts.workers.each[i].dump);
  cli_workers_close(&parts.workers);
  return whole; // a page of the file that is gone: who walks alone meets it again
}

struct kl_workers cli_workers_callback(struct cli_session *session) {
  return (struct kl_workers){.user = session, .run = run};
}
