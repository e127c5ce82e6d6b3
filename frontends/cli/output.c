// Standard output.
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

enum { FLUSH_MS = 50, WAIT_MS = 50 };

int64_t cli_now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// How much can be written without being stuck there; 0: Ctrl-C came first. A pipe
// that is ready takes PIPE_BUF bytes.
static size_t room_for(const struct cli_output *out, size_t n) {
  struct pollfd ready = {.fd = out->fd, .events = POLLOUT};
  if (!out->patient)
    return n;
  while (!cli_cancelled())
    if (poll(&ready, 1, WAIT_MS) > 0)
      return n < PIPE_BUF ? n : PIPE_BUF;
  return 0;
}

static enum kl_status write_all(void *user, const char *p, size_t n) {
  struct cli_output *out = user;
  while (n) {
    size_t part = room_for(out, n);
    ssize_t done = part ? write(out->fd, p, part) : -1;
    if (!part)
      errno = EINTR;
    if (done < 0 && errno == EINTR && !cli_cancelled())
      continue;
    if (done <= 0) {
      out->error = done < 0 ? errno : EIO;
      return KL_ERR_IO;
    }
    p += done;
    n -= (size_t)done;
  }
  return KL_OK;
}

static size_t terminal_width(int fd) {
  struct winsize w;
  if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col)
    return w.ws_col;
  return 80;
}

// https://no-color.org: any value but the empty one turns colours off.
static bool wants_color(const struct cli *cli, bool tty) {
  const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
  if (cli->color != CLI_COLOR_AUTO)
    return cli->color == CLI_COLOR_ALWAYS;
  return tty && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

void cli_output_init(struct cli_output *out, const struct cli *cli) {
  out->fd = STDOUT_FILENO;
  out->error = 0;
  out->tty = isatty(out->fd);
  out->width = out->tty ? terminal_width(out->fd) : 0;
  out->color = wants_color(cli, out->tty);
  out->flushed_at = 0;
  out->text = kl_text_into(out->buffer, sizeof out->buffer);
  out->text.flush = write_all;
  out->text.user = out;
}

void cli_output_wait(struct cli_output *out, bool patient) {
  struct stat facts;
  out->patient = patient && (fstat(out->fd, &facts) != 0 || !S_ISREG(facts.st_mode));
}

bool cli_output_row(struct cli_output *out) {
  if (out->tty) {
    int64_t now = cli_now_ms();
    if (now - out->flushed_at >= FLUSH_MS) {
      out->flushed_at = now;
      (void)kl_text_flush(&out->text);
    }
  }
  return out->text.failed == KL_OK;
}

int cli_output_end(struct cli_output *out) {
  if (kl_text_flush(&out->text) == KL_OK && close(out->fd) != 0) // some file systems tell only now
    out->error = errno;
  if (!out->error)
    return CLI_ANSWERED;
  if (out->error != EPIPE && out->error != EINTR)
    cli_complain("cannot write the answer: %s", strerror(out->error));
  return CLI_FAILED;
}

bool cli_output_flush(struct cli_output *out) {
  bool written = kl_text_flush(&out->text) == KL_OK;
  if (!written && out->error != EPIPE && out->error != EINTR)
    cli_complain("cannot write the answer: %s", strerror(out->error));
  out->text.failed = KL_OK;
  out->text.used = 0;
  out->error = 0;
  return written;
}

void cli_blanks(struct kl_text *text, size_t n) {
  while (n--)
    kl_text_char(text, ' ');
}

static const char *const styles[] = {
    [CLI_PLAIN] = "", [CLI_HEADING] = "\033[1m", [CLI_FAINT] = "\033[2m", [CLI_WARNING] = "\033[31m"};

void cli_style_begin(struct cli_output *out, enum cli_style style) {
  if (out->color)
    kl_text_string(&out->text, styles[style]);
}

void cli_style_end(struct cli_output *out, enum cli_style style) {
  if (out->color && style != CLI_PLAIN)
    kl_text_string(&out->text, "\033[0m");
}
