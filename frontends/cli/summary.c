// kernlens DUMP: what machine this is, how it was found, and what is in it.
//
// The summary is made of tables like every answer; a table that a line wants
// and the registry lacks leaves that line out.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "format.h"
#include "session.h"
#include "summary.h"
#include "tables/cell.h"

bool cli_summary_ask(struct cli_summary *s, const struct kl_table *table, uint64_t columns,
                     bool (*each)(void *user, const struct kl_cell *cells), void *user) {
  struct kl_query query = {.table = table, .columns = columns, .steps = s->session->cli->steps};
  size_t bytes = kl_cursor_bytes(table);
  void *memory = aligned_alloc(16, bytes);
  struct kl_cursor *cursor;
  const struct kl_cell *cells;
  if (!memory || s->stopped != KL_OK) {
    free(memory);
    return false;
  }
  enum kl_status status = kl_cursor_open(s->session->dump, &query, memory, bytes, &cursor);
  bool opened = status == KL_OK;
  s->partial |= !opened;
  if (opened) {
    while ((status = cli_cancelled() ? KL_ERR_CANCELLED : kl_cursor_next(cursor, &cells)) == KL_OK)
      if (!each(user, cells))
        break;
    s->partial |= kl_cursor_partial(cursor);
  }
  if (status == KL_ERR_CANCELLED)
    s->stopped = status;
  free(memory);
  return opened;
}

struct kl_text *cli_summary_line(struct cli_summary *s, const char *name) {
  struct kl_text *t = &s->out->text;
  if (s->json) {
    kl_text_string(t, s->first ? "{\"" : ",\n \"");
    kl_text_string(t, name);
    kl_text_string(t, "\":");
  } else {
    cli_style_begin(s->out, CLI_HEADING);
    kl_text_string(t, name);
    cli_style_end(s->out, CLI_HEADING);
    cli_blanks(t, strlen(name) < 18 ? 19 - strlen(name) : 1);
  }
  s->first = false;
  return t;
}

void cli_summary_end_line(struct cli_summary *s) {
  if (!s->json)
    kl_text_char(&s->out->text, '\n');
}

bool cli_summary_columns(const struct kl_table *table, const char *const *names, size_t n, int *numbers,
                         uint64_t *mask) {
  *mask = 0;
  for (size_t i = 0; i < n; i++) {
    numbers[i] = kl_table_column(table, names[i]);
    if (numbers[i] < 0)
      return false;
    *mask |= 1ull << numbers[i];
  }
  return true;
}

static bool print_kernel(void *user, const struct kl_cell *cells) {
  struct cli_summary *s = user;
  const struct kl_table *table = kl_table_find("kernel");
  for (uint32_t i = 0; i < table->n_columns; i++) {
    if (cells[i].kind == KL_CELL_NULL && !s->json)
      continue;
    struct kl_text *t = cli_summary_line(s, table->columns[i].name);
    if (s->json)
      kl_cell_json(t, &cells[i]);
    else
      (void)cli_cell_show(t, &cells[i]);
    cli_summary_end_line(s);
  }
  return false;
}

struct memory {
  uint64_t held, zero, filtered, runs;
};

static bool add_segment(void *user, const struct kl_cell *cells) {
  struct memory *m = user;
  const struct kl_table *table = kl_table_find("segments");
  uint64_t bytes = cells[kl_table_column(table, "bytes")].u64;
  const struct kl_cell *state = &cells[kl_table_column(table, "state")];
  struct kl_bytes name = kl_bytes_of(state->data, state->n);
  m->runs++;
  *(kl_bytes_equal(name, "zero") ? &m->zero : kl_bytes_equal(name, "filtered") ? &m->filtered : &m->held) += bytes;
  return true;
}

static void print_bytes(struct kl_text *t, uint64_t bytes) {
  kl_text_decimal(t, bytes >> 20);
  kl_text_string(t, " MiB");
}

static void print_memory(struct cli_summary *s) {
  struct memory m = {0};
  (void)cli_summary_ask(s, kl_table_find("segments"), UINT64_MAX, add_segment, &m);
  struct kl_text *t = cli_summary_line(s, "memory");
  if (s->json) {
    kl_text_string(t, "{\"held_bytes\":");
    kl_text_decimal(t, m.held);
    kl_text_string(t, ",\"zero_bytes\":");
    kl_text_decimal(t, m.zero);
    kl_text_string(t, ",\"filtered_bytes\":");
    kl_text_decimal(t, m.filtered);
    kl_text_string(t, ",\"segments\":");
    kl_text_decimal(t, m.runs);
    kl_text_char(t, '}');
    return;
  }
  print_bytes(t, m.held);
  kl_text_string(t, " held");
  if (m.zero) {
    kl_text_string(t, ", ");
    print_bytes(t, m.zero);
    kl_text_string(t, " declared zero");
  }
  if (m.filtered) {
    kl_text_string(t, ", ");
    print_bytes(t, m.filtered);
    kl_text_string(t, " left out");
  }
  kl_text_string(t, m.runs == 1 ? ", in 1 segment\n" : ", in ");
  if (m.runs != 1) {
    kl_text_decimal(t, m.runs);
    kl_text_string(t, " segments\n");
  }
}

struct tasks {
  uint64_t threads, processes, kernel;
  int pid, tgid, kind;
};

static bool add_task(void *user, const struct kl_cell *cells) {
  struct tasks *t = user;
  t->threads++;
  t->processes += cells[t->pid].u64 == cells[t->tgid].u64;
  t->kernel += kl_bytes_equal(kl_bytes_of(cells[t->kind].data, cells[t->kind].n), "kernel");
  return true;
}

static void print_tasks(struct cli_summary *s) {
  const struct kl_table *table = kl_table_find("tasks");
  if (!table)
    return;
  struct tasks n = {.pid = kl_table_column(table, "pid"),
                    .tgid = kl_table_column(table, "tgid"),
                    .kind = kl_table_column(table, "kind")};
  if (n.pid < 0 || n.tgid < 0 || n.kind < 0)
    return;
  (void)cli_summary_ask(s, table, 1ull << n.pid | 1ull << n.tgid | 1ull << n.kind, add_task, &n);
  struct kl_text *t = cli_summary_line(s, "tasks");
  kl_text_string(t, s->json ? "{\"threads\":" : "");
  kl_text_decimal(t, n.threads);
  kl_text_string(t, s->json ? ",\"processes\":" : " threads of ");
  kl_text_decimal(t, n.processes - n.kernel);
  kl_text_string(t, s->json ? ",\"kernel_threads\":" : " processes, ");
  kl_text_decimal(t, n.kernel);
  kl_text_string(t, s->json ? "}" : " of the kernel's own");
  cli_summary_end_line(s);
}

static bool count(void *user, const struct kl_cell *cells) {
  (void)cells;
  ++*(uint64_t *)user;
  return true;
}

// Tables whose rows are worth counting: those that are cheap to walk.
static const char *const counted[] = {"modules",      "log",       "mounts",  "superblocks", "bpf_maps",
                                      "bpf_programs", "bpf_links", "sockets", "interfaces"};

static void print_counts(struct cli_summary *s) {
  struct kl_text *t = cli_summary_line(s, "rows");
  bool first = true;
  for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
    const struct kl_table *table = kl_table_find(counted[i]);
    uint64_t rows = 0;
    if (!table)
      continue;
    bool known = cli_summary_ask(s, table, 0, count, &rows);
    kl_text_string(t, first ? (s->json ? "{\"" : "") : s->json ? ",\"" : ", ");
    kl_text_string(t, counted[i]);
    kl_text_string(t, s->json ? "\":" : " ");
    if (known)
      kl_text_decimal(t, rows);
    else
      kl_text_string(t, s->json ? "null" : "?");
    first = false;
  }
  kl_text_string(t, s->json ? (first ? "{}" : "}") : first ? "none counted" : "");
  cli_summary_end_line(s);
}

static int sum_up(struct cli_session *session, void *user) {
  struct cli_output *out = user;
  struct cli_summary s = {.session = session, .out = out, .json = session->cli->format == CLI_JSON, .first = true};
  size_t lost_before = kl_dump_diagnostics(session->dump)->used;
  (void)cli_summary_ask(&s, kl_table_find("kernel"), UINT64_MAX, print_kernel, &s);
  print_memory(&s);
  print_tasks(&s);
  cli_summary_memory(&s);
  print_counts(&s);
  if (s.json)
    kl_text_string(&out->text, "}\n");
  int code = cli_output_end(out);
  if (s.stopped == KL_ERR_CANCELLED || cli_cancelled())
    return CLI_CANCELLED;
  if (!s.partial || code != CLI_ANSWERED)
    return code;
  cli_session_tell_lost(session, lost_before);
  return CLI_PARTIAL;
}

static int run(const struct cli *cli) {
  static struct cli_output out;
  if (cli->format == CLI_CSV || cli->format == CLI_NDJSON)
    return cli_misuse(cli, "the summary is no table: --format table or json");
  cli_output_init(&out, cli);
  return cli_session_run(cli, CLI_KERNEL, sum_up, &out);
}

const struct cli_command cli_summary_command = {
    .name = "",
    .arguments = "DUMP",
    .doc = "sum up: what machine, how it was found, what is in it",
    .examples = "guest.elf",
    .needs = CLI_NEEDS_DUMP | CLI_NEEDS_KERNEL,
    .options = 1u << CLI_OPTION_FORMAT | 1u << CLI_OPTION_THREADS | 1u << CLI_OPTION_STEPS,
    .run = run,
};
