// Lines that a person types, by libedit.
#include "sql_line.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "progress.h"
#include "sql_complete.h"

enum { HISTORY_LINES = 1000, HISTORY_BYTES = 1 << 20, LINE_BYTES = 64 << 10 };

struct cli_line {
  EditLine *edit;
  History *history;
  int history_file; // to append to; -1: none
  bool more;
  bool interrupted; // Ctrl-C, as a key
};

// ── History ────────────────────────────────────────────────────────────────

// $XDG_STATE_HOME/kernlens/sql_history: a regular file of ours that nobody else
// can write, or none.
static int open_history(void) {
  const char *state = getenv("XDG_STATE_HOME");
  char path[4096];
  struct stat st;
  if (!state || state[0] != '/')
    return -1;
  int n = snprintf(path, sizeof path, "%s/kernlens", state);
  static const char history[] = "/sql_history";
  if (n < 0 || (size_t)n + sizeof history > sizeof path)
    return -1;
  if (mkdir(path, 0700) != 0 && errno != EEXIST)
    return -1;
  memcpy(path + n, history, sizeof history);
  int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd < 0)
    return -1;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022) &&
      st.st_nlink == 1)
    return fd;
  close(fd);
  return -1;
}

static void enter(struct cli_line *l, const char *text) {
  HistEvent event;
  history(l->history, &event, H_ENTER, text);
}

// The last lines of the file. It is cut when it has grown far past them.
static void load_history(struct cli_line *l) {
  struct stat st;
  char *text = malloc(HISTORY_BYTES + 1);
  if (!text || fstat(l->history_file, &st) != 0) {
    free(text);
    return;
  }
  off_t from = st.st_size > HISTORY_BYTES ? st.st_size - HISTORY_BYTES : 0;
  ssize_t got = pread(l->history_file, text, HISTORY_BYTES, from);
  text[got > 0 ? got : 0] = 0;
  char *line = from && strchr(text, '\n') ? strchr(text, '\n') + 1 : text, *kept = line;
  for (char *end; (end = strchr(line, '\n')); line = end + 1) {
    *end = 0;
    if (*line)
      enter(l, line);
    *end = '\n';
  }
  size_t n = strlen(kept);
  if (from && ftruncate(l->history_file, 0) == 0)
    (void)!write(l->history_file, kept, n);
  free(text);
}

static void remember(struct cli_line *l, const char *text) {
  size_t n = strlen(text);
  while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
    n--;
  char *copy = n ? strndup(text, n) : NULL;
  if (!copy)
    return;
  enter(l, copy);
  copy[n] = '\n'; // in place of the NUL
  if (l->history_file >= 0)
    (void)!write(l->history_file, copy, n + 1);
  free(copy);
}

// ── Completion ─────────────────────────────────────────────────────────────

static void list(const struct cli_completions *c) {
  enum { WIDTH = 26, ACROSS = 3, MOST = 60 };
  for (size_t i = 0; i < c->n && i < MOST; i++)
    printf("%s%-*s", i % ACROSS ? "" : "\n", WIDTH, c->names[i]);
  printf(c->n > MOST ? "\n... and %zu more\n" : "\n", c->n - MOST);
  fflush(stdout);
}

static unsigned char complete(EditLine *edit, int key) {
  (void)key;
  static struct cli_completions c;
  const LineInfo *info = el_line(edit);
  cli_complete(info->buffer, (size_t)(info->cursor - info->buffer), &c);
  if (!c.n)
    return CC_ERROR;
  char text[128];
  snprintf(text, sizeof text, "%.*s%s", (int)c.common, c.names[0],
           c.n == 1 && c.names[0][c.common - 1] != '(' ? " " : "");
  bool adds = c.common > c.typed || c.n == 1;
  if (!adds) {
    list(&c);
    return CC_REDISPLAY;
  }
  // The word as it is spelled takes the place of what was typed.
  el_deletestr(edit, (int)c.typed);
  return el_insertstr(edit, text) == 0 ? CC_REFRESH : CC_ERROR;
}

// ── Lines ──────────────────────────────────────────────────────────────────

static char *prompt(EditLine *edit) {
  static char first[] = "kernlens> ", rest[] = "     ...> ";
  struct cli_line *l = NULL;
  el_get(edit, EL_CLIENTDATA, &l);
  return l && l->more ? rest : first;
}

// A signal may come just before the wait for a key begins, and be seen only at
// the next one: while a line is edited Ctrl-C is a key.
static unsigned char interrupt(EditLine *edit, int key) {
  struct cli_line *l = NULL;
  (void)key;
  el_get(edit, EL_CLIENTDATA, &l);
  l->interrupted = true;
  return CC_NEWLINE;
}

static bool set_up(struct cli_line *l) {
  HistEvent event;
  l->history = history_init();
  l->edit = el_init("kernlens", stdin, stdout, stderr);
  if (!l->history || !l->edit)
    return false;
  history(l->history, &event, H_SETSIZE, HISTORY_LINES);
  history(l->history, &event, H_SETUNIQUE, 1);
  el_set(l->edit, EL_CLIENTDATA, l);
  el_set(l->edit, EL_PROMPT, prompt);
  el_set(l->edit, EL_EDITOR, "emacs");
  el_set(l->edit, EL_HIST, history, l->history);
  el_set(l->edit, EL_ADDFN, "kernlens-complete", "complete a word", complete);
  el_set(l->edit, EL_ADDFN, "kernlens-interrupt", "forget the line", interrupt);
  el_set(l->edit, EL_SETTY, "-d", "-isig", NULL);
  el_set(l->edit, EL_BIND, "^C", "kernlens-interrupt", NULL);
  el_set(l->edit, EL_BIND, "^I", "kernlens-complete", NULL);
  el_set(l->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
  return true;
}

struct cli_line *cli_line_open(void) {
  struct cli_line *l = calloc(1, sizeof *l);
  if (!l)
    return NULL;
  setlocale(LC_CTYPE, ""); // what a character of the terminal is
  l->history_file = -1;
  if (!set_up(l)) {
    cli_line_close(l);
    return NULL;
  }
  l->history_file = open_history();
  if (l->history_file >= 0)
    load_history(l);
  return l;
}

void cli_line_close(struct cli_line *l) {
  if (!l)
    return;
  if (l->edit)
    el_end(l->edit);
  if (l->history)
    history_end(l->history);
  if (l->history_file >= 0)
    close(l->history_file);
  free(l);
}

enum cli_line_end cli_line_next(struct cli_line *l, bool more, const char **ret) {
  int n = 0;
  l->more = more;
  l->interrupted = false;
  if (cli_cancelled()) // a Ctrl-C for a query that had ended by itself
    cli_cancel_again();
  el_resize(l->edit);
  el_set(l->edit, EL_PREP_TERM, 1); // before the prompt stands there: what is typed from then on is keys
  *ret = el_gets(l->edit, &n);
  if (l->interrupted || cli_cancelled()) { // what was typed is forgotten
    cli_cancel_again();
    el_reset(l->edit);
    fputc('\n', stdout);
    fflush(stdout);
    return CLI_LINE_INTERRUPTED;
  }
  if (!*ret || n <= 0)
    return CLI_LINE_END;
  remember(l, *ret);
  return CLI_LINE_GIVEN;
}
