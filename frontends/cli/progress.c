// Progress lines and cancelling.
#include "progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

enum { SHOW_AFTER_MS = 1000, REDRAW_MS = 100 };

static volatile sig_atomic_t cancelled;

static void on_interrupt(int signal_number) {
  (void)signal_number;
  cancelled = 1;
}

void cli_cancel_init(void) {
  struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
}

void cli_cancel_again(void) {
  cancelled = 0;
  cli_cancel_init();
}

bool cli_cancelled(void) {
  return cancelled;
}

void cli_progress_init(struct cli_progress *progress, const struct cli *cli) {
  *progress = (struct cli_progress){.shown = !cli->quiet && isatty(STDERR_FILENO)};
}

void cli_progress_clear(struct cli_progress *progress) {
  if (progress->on_screen)
    fputs("\r\033[K", stderr);
  progress->on_screen = false;
}

static void print_rate(double per_second) {
  if (per_second >= 1e9)
    fprintf(stderr, "  %.1f GB/s", per_second / 1e9);
  else
    fprintf(stderr, "  %.0f MB/s", per_second / 1e6);
}

// A stage with a total counts bytes; one without counts rows.
static void draw(struct cli_progress *p, uint64_t done, uint64_t total, int64_t now) {
  double seconds = (double)(now - p->began_at) / 1000;
  double rate = (double)(done - p->began_with) / seconds;
  fprintf(stderr, "\r\033[K%s%s", total ? "searching memory: " : "", p->stage);
  if (!total) {
    fprintf(stderr, "  %" PRIu64 " rows", done);
  } else {
    fprintf(stderr, "  %3.0f%%", 100 * (double)done / (double)total);
    print_rate(rate);
    if (rate > 0 && done < total)
      fprintf(stderr, "  %.0f s left", (double)(total - done) / rate + 0.5);
  }
  fflush(stderr);
  p->on_screen = true;
  p->drawn_at = now;
}

static _Bool stop(void *user) {
  const struct cli_progress *p = user;
  return cancelled || (p->stop && p->stop(p->stop_user));
}

static _Bool report(void *user, const char *stage, uint64_t done, uint64_t total) {
  struct cli_progress *p = user;
  if (stop(user))
    return false;
  if (!p->shown)
    return true;
  int64_t now = cli_now_ms();
  if (!p->stage || strcmp(p->stage, stage) != 0 || done < p->done) { // another, or the same anew
    p->stage = stage;
    p->began_at = now;
    p->began_with = done;
  }
  p->done = done;
  if (now - p->began_at >= SHOW_AFTER_MS && now - p->drawn_at >= REDRAW_MS)
    draw(p, done, total, now);
  return true;
}

struct kl_progress cli_progress_callback(struct cli_progress *progress) {
  return (struct kl_progress){.user = progress, .report = report, .stop = stop};
}
