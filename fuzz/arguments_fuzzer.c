// The command line, in words behind NULs: options, a command or a table, its
// dump, and what follows: conditions on columns, addresses, types, names of
// columns. Nothing is opened or run. What is said of a bad one is one line that
// shows itself on a terminal as it is.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../frontends/cli/conditions.h"
#include "../frontends/cli/format.h"
#include "../frontends/cli/place.h"
#include "../frontends/cli/rows.h"
#include "attached.h"
#include "tables/cell.h"

enum { INPUT = 8192, WORDS = 64, SAID = 1 << 16 };

// Of the first option: a whole command line, or only what follows the dump; of the last three one word.
enum { ASK_COMMAND, ASK_CONDITIONS, ASK_COLUMNS, ASK_PLACE, ASK_TYPE, ASKS };

static char said[SAID];
static size_t n_said;
static FILE *capture, *real;
static struct attached *guest;
static struct cli cli;

static ssize_t take_said(void *user, const char *p, size_t n) {
  (void)user;
  FUZZ_REQUIRE(n <= SAID - n_said);
  memcpy(said + n_said, p, n);
  n_said += n;
  return (ssize_t)n;
}

static void listen(void) {
  real = stderr;
  stderr = capture;
  n_said = 0;
}

// Lines of our own, and nothing in them that acts.
static void check_said(bool some) {
  stderr = real;
  FUZZ_REQUIRE(!some || n_said);
  for (size_t at = 0; at < n_said;) {
    FUZZ_REQUIRE(n_said - at > 10 && memcmp(said + at, "kernlens: ", 10) == 0);
    for (; at < n_said && said[at] != '\n';) {
      const uint8_t *p = (const uint8_t *)said + at;
      size_t length = kl_utf8_length(p, n_said - at);
      FUZZ_REQUIRE(length > 0 && !kl_text_hidden(kl_utf8_decode(p, length)));
      at += length;
    }
    FUZZ_REQUIRE(at < n_said);
    at++;
  }
}

// ── What follows the dump ──────────────────────────────────────────────────

// A value that was taken, in its own spelling, is that value.
static void check_value(const struct kl_table *table, const struct kl_constraint *c) {
  static char spelled[1 << 16], again[1 << 16];
  const struct kl_column *column = &table->columns[c->column];
  FUZZ_REQUIRE(c->column < table->n_columns && c->value.kind == column->kind);
  struct kl_text out = kl_text_into(spelled, sizeof spelled), room = kl_text_into(again, sizeof again);
  struct kl_cell value;
  int order;
  kl_cell_print(&out, &c->value);
  if (out.truncated)
    return;
  FUZZ_REQUIRE(kl_cell_parse(column->kind, kl_bytes_of(spelled, out.used), &room, &value) == KL_OK);
  FUZZ_REQUIRE(kl_cell_compare(&value, &c->value, &order) && order == 0);
}

static void ask_conditions(const struct kl_table *table, const char *const *words, size_t n) {
  static struct cli_conditions conditions;
  n = n < CLI_MAX_ARGUMENTS ? n : CLI_MAX_ARGUMENTS;
  listen();
  int code = cli_conditions_parse(&conditions, &cli, table, words, n);
  check_said(code != CLI_ANSWERED);
  FUZZ_REQUIRE(code == CLI_ANSWERED || code == CLI_USAGE);
  for (size_t i = 0; code == CLI_ANSWERED && i < conditions.n; i++)
    check_value(table, &conditions.items[i]);
}

static void ask_columns(const struct kl_table *table, const char *names) {
  static struct cli_output out;
  struct cli_sink sink;
  cli.columns = names;
  cli_sink_init(&sink, &cli, &out, table->columns, kl_table_shown(table));
  listen();
  bool chosen = cli_sink_choose(&sink, &cli, table->n_columns);
  check_said(!chosen);
  FUZZ_REQUIRE(sink.n <= table->n_columns);
  for (size_t i = 0; i < sink.n; i++)
    FUZZ_REQUIRE(sink.order[i] < table->n_columns);
}

static void ask_place(const char *text) {
  static uint8_t block[1 << 18] __attribute__((aligned(16)));
  char longer[INPUT + 8];
  struct kl_place place, next;
  size_t bad = 0, n = strlen(text);
  enum kl_status status = fuzz_status(kl_place_parse(guest->dump, text, n, &place, &bad));
  FUZZ_REQUIRE(bad <= n);
  if (status == KL_OK) {
    snprintf(longer, sizeof longer, "%s+0x1", text);
    FUZZ_REQUIRE(kl_place_parse(guest->dump, longer, strlen(longer), &next, NULL) == KL_OK);
    FUZZ_REQUIRE(next.kind == place.kind && next.pid == place.pid && next.address == place.address + 1);
  }
  struct cli_session session = {.cli = &cli, .path = "dump", .dump = guest->dump};
  struct cli_place opened;
  (void)cli_place_reach(text);
  listen();
  int code = cli_place_open(&session, text, &opened);
  check_said(code != CLI_ANSWERED);
  FUZZ_REQUIRE(code != CLI_ANSWERED || status == KL_OK);
  if (code == CLI_ANSWERED)
    (void)fuzz_status(kl_memory_read(opened.memory, opened.place.address, block, 16));
  free(session.memory);
}

static void ask_type(const char *text) {
  static char buffer[4096];
  struct kl_type_place type;
  struct kl_text out = kl_text_into(buffer, sizeof buffer);
  size_t bad = 0;
  uint64_t bytes;
  enum kl_status status = fuzz_status(kl_type_find(guest->dump, text, strlen(text), &type, &bad));
  FUZZ_REQUIRE(bad <= strlen(text));
  if (status != KL_OK)
    return;
  (void)kl_type_bytes(&type, &bytes);
  (void)fuzz_status(kl_type_declare(&type, true, &out));
}

// ── Whole command lines ────────────────────────────────────────────────────

static void ask_command(char **words, size_t n) {
  char *argv[WORDS + 2] = {(char[]){"kernlens"}};
  memcpy(argv + 1, words, n * sizeof *words);
  optind = 0; // glibc: begin anew
  listen();
  int code = cli_parse((int)n + 1, argv, &cli);
  check_said(code != CLI_ANSWERED);
  FUZZ_REQUIRE(code == CLI_ANSWERED || code == CLI_USAGE);
  if (code != CLI_ANSWERED || cli.help || cli.version)
    return;
  FUZZ_REQUIRE(cli.command && cli.n_arguments <= CLI_MAX_ARGUMENTS && cli.n_parts <= CLI_MAX_PARTS);
  FUZZ_REQUIRE(cli.n_arguments >= cli.command->min_arguments && cli.n_arguments <= cli.command->max_arguments);
  FUZZ_REQUIRE(!cli.has_pid || cli.pid <= INT32_MAX);
  if (cli.table) {
    ask_conditions(cli.table, cli.arguments, cli.n_arguments);
    if (cli.columns)
      ask_columns(cli.table, cli.columns);
  } else if (strcmp(cli.command->name, "read") == 0 || strcmp(cli.command->name, "translate") == 0) {
    ask_place(cli.arguments[0]);
  } else if (strcmp(cli.command->name, "struct") == 0) {
    ask_type(cli.arguments[0]);
  }
}

static void begin(void) {
  cookie_io_functions_t calls = {.write = take_said};
  fuzz_leak_begin();
  capture = fopencookie(NULL, "w", calls);
  fuzz_leak_end();
  FUZZ_REQUIRE(capture != NULL && setvbuf(capture, NULL, _IONBF, 0) == 0);
  guest = attached_begin(0, (struct kl_bytes){0});
}

// Each word in an allocation of its own: what is read behind one is seen.
static size_t split(struct kl_bytes body, char **words) {
  size_t n = 0;
  for (size_t at = 0; n < WORDS && at < body.n; n++) {
    const uint8_t *p = body.p + at, *end = memchr(p, 0, body.n - at);
    size_t length = end ? (size_t)(end - p) : body.n - at;
    words[n] = malloc(length + 1);
    FUZZ_REQUIRE(words[n] != NULL);
    memcpy(words[n], p, length);
    words[n][length] = 0;
    at += length + 1;
  }
  return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  char *words[WORDS];
  fuzz_input_init(&input, data, n);
  if (!guest)
    begin();
  size_t count = split(kl_bytes_of(input.body.p, input.body.n < INPUT ? input.body.n : INPUT), words);
  unsigned ask = fuzz_option8(&input) % ASKS;
  const struct kl_table *table = attached_table(fuzz_option16(&input));
  cli = (struct cli){.dump = "dump", .table = table};
  if (ask == ASK_COMMAND)
    ask_command(words, count);
  if (ask == ASK_CONDITIONS)
    ask_conditions(table, (const char *const *)words, count);
  if (ask > ASK_CONDITIONS && count)
    (ask == ASK_COLUMNS ? ask_columns(table, words[0])
     : ask == ASK_PLACE ? ask_place(words[0])
                        : ask_type(words[0]));
  for (size_t i = 0; i < count; i++)
    free(words[i]);
  return 0;
}
