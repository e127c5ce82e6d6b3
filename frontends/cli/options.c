// The options, and the parser that this table drives.
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "escape.h"

static bool parse_number(const char *s, uint64_t *ret) {
  if (*s < '0' || *s > '9') // strtoull takes signs and blanks
    return false;
  char *end;
  errno = 0;
  *ret = strtoull(s, &end, strncmp(s, "0x", 2) == 0 ? 16 : 10);
  return errno == 0 && *end == 0;
}

// The number of a word in a blank-separated list, or -1.
static int choice(const char *choices, const char *value) {
  size_t n = strlen(value);
  int i = 0;
  for (const char *p = choices; p; p = strchr(p, ' '), i++) {
    p += *p == ' ';
    if (n && strncmp(p, value, n) == 0 && (p[n] == ' ' || !p[n]))
      return i;
  }
  return -1;
}

static bool set_format(struct cli *cli, const char *value) {
  int i = choice(cli_options[CLI_OPTION_FORMAT].choices, value);
  cli->format = (enum cli_format)i;
  return i >= 0;
}
static bool set_color(struct cli *cli, const char *value) {
  int i = choice(cli_options[CLI_OPTION_COLOR].choices, value);
  cli->color = (enum cli_color)i;
  return i >= 0;
}
static bool set_columns(struct cli *cli, const char *value) {
  cli->columns = value;
  return *value;
}
static bool set_limit(struct cli *cli, const char *value) {
  return parse_number(value, &cli->limit);
}
static bool set_pid(struct cli *cli, const char *value) {
  cli->has_pid = true;
  return parse_number(value, &cli->pid) && cli->pid <= INT32_MAX;
}
static bool set_raw(struct cli *cli, const char *value) {
  (void)value;
  return cli->raw = true;
}
static bool set_part(struct cli *cli, const char *value) {
  if (cli->n_parts == CLI_MAX_PARTS)
    return false;
  cli->parts[cli->n_parts++] = value;
  return true;
}
static bool set_inode(struct cli *cli, const char *value) {
  cli->inode = value;
  return *value != 0;
}

static bool set_path(struct cli *cli, const char *value) {
  cli->path = value;
  return *value != 0;
}

static bool set_superblock(struct cli *cli, const char *value) {
  cli->superblock = value;
  return *value != 0;
}

static bool set_output(struct cli *cli, const char *value) {
  cli->output = value;
  return *value != 0;
}

static bool set_btf(struct cli *cli, const char *value) {
  cli->btf = value;
  return *value;
}
static bool set_symbols(struct cli *cli, const char *value) {
  cli->symbols = value;
  return *value;
}
static bool set_root(struct cli *cli, const char *value) {
  return parse_number(value, &cli->root) && cli->root;
}
static bool set_steps(struct cli *cli, const char *value) {
  return parse_number(value, &cli->steps) && cli->steps;
}
static bool set_threads(struct cli *cli, const char *value) {
  return parse_number(value, &cli->threads) && cli->threads;
}
static bool set_query_file(struct cli *cli, const char *value) {
  cli->query_file = value;
  return *value;
}
static bool set_db(struct cli *cli, const char *value) {
  cli->database = value;
  return *value;
}
static bool set_tables(struct cli *cli, const char *value) {
  cli->tables = value;
  return *value;
}
static bool set_rows(struct cli *cli, const char *value) {
  return parse_number(value, &cli->rows) && cli->rows;
}
static bool set_time(struct cli *cli, const char *value) {
  return parse_number(value, &cli->seconds) && cli->seconds && cli->seconds <= CLI_MOST_SECONDS;
}
static bool set_memory(struct cli *cli, const char *value) {
  return parse_number(value, &cli->mebibytes) && cli->mebibytes && cli->mebibytes <= CLI_MOST_MEBIBYTES;
}
static bool set_stats(struct cli *cli, const char *value) {
  (void)value;
  return cli->stats = true;
}
static bool set_quiet(struct cli *cli, const char *value) {
  (void)value;
  return cli->quiet = true;
}
static bool set_help(struct cli *cli, const char *value) {
  (void)value;
  return cli->help = true;
}
static bool set_version(struct cli *cli, const char *value) {
  (void)value;
  return cli->version = true;
}

const struct cli_option cli_options[CLI_OPTIONS] = {
    [CLI_OPTION_FORMAT] = {"format", 'f', "FORMAT", "table json ndjson csv", false, "how to print the answer",
                           set_format},
    [CLI_OPTION_COLUMNS] = {"columns", 'c', "NAMES", NULL, false, "only these columns, in this order: a,b,c",
                            set_columns},
    [CLI_OPTION_LIMIT] = {"limit", 'n', "N", NULL, false, "stop after N rows", set_limit},
    [CLI_OPTION_PID] = {"pid", 'p', "PID", NULL, false, "in the address space of this process", set_pid},
    [CLI_OPTION_RAW] = {"raw", 0, NULL, NULL, false, "write the bytes themselves, not a dump of them", set_raw},
    [CLI_OPTION_INODE] = {"inode", 0, "DEVICE:INODE", NULL, false, "the file with this number: 254:0:31",
                          set_inode},
    [CLI_OPTION_PATH] = {"path", 0, "PATH", NULL, false, "the file with this name, as the table inodes has it",
                         set_path},
    [CLI_OPTION_SUPERBLOCK] = {"superblock", 0, "DEVICE", NULL, false,
                               "all files of the file system with this device: 254:0", set_superblock},
    [CLI_OPTION_OUTPUT] = {"output", 'o', "FILE", NULL, true, "write to this file, which must not be there yet",
                           set_output},
    [CLI_OPTION_PART] = {"part", 0, "FILE", NULL, true, "a further file of a split dump; may be repeated",
                         set_part},
    [CLI_OPTION_BTF] = {"btf", 0, "FILE", NULL, true,
                        "take the kernel's types from this raw BTF (/sys/kernel/btf/vmlinux)", set_btf},
    [CLI_OPTION_SYMBOLS] = {"symbols", 0, "FILE", NULL, true, "take the kernel's symbols from this System.map",
                            set_symbols},
    [CLI_OPTION_ROOT] = {"root", 0, "ADDRESS", NULL, false, "physical address of the kernel's page-table root",
                         set_root},
    [CLI_OPTION_STEPS] = {"steps", 0, "N", NULL, false, "give up a walk after N objects of guest memory",
                          set_steps},
    [CLI_OPTION_THREADS] = {"threads", 0, "N", NULL, false,
                            "walk page frames by N threads, 8 at most (as many as processors, from 2 GiB on)",
                            set_threads},
    [CLI_OPTION_QUERY_FILE] = {"file", 0, "FILE", NULL, true, "take the queries from this file", set_query_file},
    [CLI_OPTION_DB] = {"db", 0, "FILE", NULL, true,
                       "write tables into this SQLite database, which must not be there yet", set_db},
    [CLI_OPTION_TABLES] = {"tables", 0, "NAMES", NULL, false, "which tables to write: a,b,c (all)", set_tables},
    [CLI_OPTION_ROWS] = {"rows", 0, "N", NULL, false, "end a statement after N rows (10000000)", set_rows},
    [CLI_OPTION_TIME] = {"time", 0, "SECONDS", NULL, false, "end a statement after so much CPU time (300)",
                         set_time},
    [CLI_OPTION_MEMORY] = {"memory", 0, "MIB", NULL, false, "memory that queries may take (512)", set_memory},
    [CLI_OPTION_STATS] = {"stats", 0, NULL, NULL, false,
                          "say at the end what the answer cost: reads, bytes, steps, time", set_stats},
    [CLI_OPTION_QUIET] = {"quiet", 'q', NULL, NULL, false, "no progress, no notes; errors remain", set_quiet},
    [CLI_OPTION_COLOR] = {"color", 0, "WHEN", "auto always never", false,
                          "colours: on a terminal unless NO_COLOR is set", set_color},
    [CLI_OPTION_HELP] = {"help", 'h', NULL, NULL, false, "say what a command does, with examples", set_help},
    [CLI_OPTION_VERSION] = {"version", 'V', NULL, NULL, false, "print the version", set_version},
};

static const uint32_t common_options =
    1u << CLI_OPTION_QUIET | 1u << CLI_OPTION_COLOR | 1u << CLI_OPTION_HELP | 1u << CLI_OPTION_VERSION;
static const uint32_t dump_options = 1u << CLI_OPTION_PART | 1u << CLI_OPTION_BTF | 1u << CLI_OPTION_SYMBOLS |
                                     1u << CLI_OPTION_ROOT | 1u << CLI_OPTION_STATS;

bool cli_command_takes(const struct cli_command *command, enum cli_option_id option) {
  uint32_t taken = command->options | common_options | (command->needs & CLI_NEEDS_DUMP ? dump_options : 0);
  return taken >> option & 1;
}

static enum kl_status to_stderr(void *user, const char *p, size_t n) {
  (void)user;
  return fwrite(p, 1, n, stderr) == n ? KL_OK : KL_ERR_IO;
}

void cli_complain(const char *format, ...) {
  char line[1024], buffer[256];
  va_list list;
  va_start(list, format);
  int n = vsnprintf(line, sizeof line, format, list);
  va_end(list);
  if (n < 0)
    return;
  struct kl_text out = kl_text_into(buffer, sizeof buffer);
  out.flush = to_stderr;
  kl_text_string(&out, "kernlens: ");
  cli_escape_line(&out, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
  kl_text_char(&out, '\n');
  (void)kl_text_flush(&out);
}

int cli_misuse(const struct cli *cli, const char *format, ...) {
  char line[768];
  va_list list;
  va_start(list, format);
  if (vsnprintf(line, sizeof line, format, list) < 0)
    line[0] = 0;
  va_end(list);
  const char *word = cli->table ? cli->table->name : cli->command ? cli->command->name : "";
  size_t n = strlen(line);
  cli_complain("%s%s kernlens %s%s--help", line, n && line[n - 1] == '?' ? " See:" : "; see:", word,
               *word ? " " : "");
  return CLI_USAGE;
}

// What getopt_long is told, made from the table once a run.
struct getopt_form {
  char letters[3 * CLI_OPTIONS + 2];
  struct option options[CLI_OPTIONS + 1];
};

enum { FIRST_VALUE = 256 }; // past every letter

static void getopt_form_make(struct getopt_form *form) {
  char *p = form->letters;
  *p++ = ':'; // tell a missing argument from an unknown option
  for (int i = 0; i < CLI_OPTIONS; i++) {
    const struct cli_option *o = &cli_options[i];
    form->options[i] =
        (struct option){o->name, o->argument ? required_argument : no_argument, NULL, FIRST_VALUE + i};
    if (!o->letter)
      continue;
    *p++ = o->letter;
    if (o->argument)
      *p++ = ':';
  }
  *p = 0;
  form->options[CLI_OPTIONS] = (struct option){0};
}

static int option_of(int value) {
  if (value >= FIRST_VALUE)
    return value - FIRST_VALUE;
  for (int i = 0; i < CLI_OPTIONS; i++)
    if (cli_options[i].letter == value)
      return i;
  return -1;
}

static int unknown_option(const struct cli *cli, char **argv) {
  if (optopt && optopt < FIRST_VALUE)
    return cli_misuse(cli, "unknown option -%c", optopt);
  const char *typed = argv[optind - 1];
  if (optopt) // a flag that was given a value
    return cli_misuse(cli, "--%s takes no value", cli_options[optopt - FIRST_VALUE].name);
  struct cli_guess guess = {.typed = typed + strspn(typed, "-")};
  for (int i = 0; i < CLI_OPTIONS; i++)
    cli_guess_offer(&guess, cli_options[i].name);
  if (guess.best)
    return cli_misuse(cli, "unknown option %s: did you mean --%s?", typed, guess.best);
  return cli_misuse(cli, "unknown option %s", typed);
}

static int bad_value(const struct cli *cli, const struct cli_option *o, const char *value) {
  if (o->choices)
    return cli_misuse(cli, "--%s: %s is none of: %s", o->name, value, o->choices);
  return cli_misuse(cli, "--%s: cannot use '%s' as %s", o->name, value, o->argument);
}

static int parse_options(int argc, char **argv, struct cli *cli, uint32_t *seen) {
  struct getopt_form form;
  getopt_form_make(&form);
  opterr = 0;
  int value;
  while ((value = getopt_long(argc, argv, form.letters, form.options, NULL)) != -1) {
    if (value == ':') {
      const struct cli_option *o = &cli_options[option_of(optopt)];
      return cli_misuse(cli, "--%s needs a value: --%s %s", o->name, o->name, o->argument);
    }
    int i = value == '?' ? -1 : option_of(value);
    if (i < 0)
      return unknown_option(cli, argv);
    *seen |= 1u << i;
    if (!cli_options[i].set(cli, optarg))
      return bad_value(cli, &cli_options[i], optarg);
  }
  return CLI_ANSWERED;
}

static void unknown_word(const struct cli *cli, const char *word, bool only) {
  struct cli_guess guess = {.typed = word};
  for (size_t i = 0; cli_command_at(i); i++)
    cli_guess_offer(&guess, cli_command_at(i)->name);
  for (size_t i = 0; kl_table_at(i); i++)
    cli_guess_offer(&guess, kl_table_at(i)->name);
  (void)cli_misuse(cli, "%s is no command%s%s%s%s", word, only ? ", no table and no file" : " and no table",
                   guess.best ? ": did you mean " : "", guess.best ? guess.best : "", guess.best ? "?" : "");
}

// Decides what the first word is: a command, a table, or a dump to sum up.
static int choose_command(struct cli *cli, char **words, size_t n, size_t *used) {
  *used = 0;
  cli->command = cli_command_find(n ? words[0] : "");
  if (n && (cli->command || (cli->table = kl_table_find(words[0])))) {
    *used = 1;
    if (cli->table)
      cli->command = &cli_table_command;
    return CLI_ANSWERED;
  }
  cli->command = cli_command_find("");
  struct stat st;
  if (n && stat(words[0], &st) != 0 && !strchr(words[0], '/') && !strchr(words[0], '.')) {
    cli->command = NULL;
    unknown_word(cli, words[0], n == 1);
    return CLI_USAGE;
  }
  return CLI_ANSWERED;
}

static int take_words(struct cli *cli, char **words, size_t n) {
  size_t i;
  int code = choose_command(cli, words, n, &i);
  if (code != CLI_ANSWERED || cli->help || cli->version)
    return code;
  const struct cli_command *command = cli->command;
  if (command->needs & CLI_NEEDS_DUMP) {
    if (i == n)
      return cli_misuse(cli, n ? "%s needs a dump to read" : "which dump?", n ? words[0] : "");
    cli->dump = words[i++];
  }
  if (n - i > command->max_arguments) {
    if (!*command->name)
      unknown_word(cli, words[0], false);
    else
      (void)cli_misuse(cli, "too many arguments, from '%s'", words[i + command->max_arguments]);
    return CLI_USAGE;
  }
  if (n - i < command->min_arguments)
    return cli_misuse(cli, "usage: kernlens %s %s", command->name, command->arguments);
  for (; i < n; i++)
    cli->arguments[cli->n_arguments++] = words[i];
  return CLI_ANSWERED;
}

int cli_parse(int argc, char **argv, struct cli *cli) {
  *cli = (struct cli){.limit = UINT64_MAX, .rows = 10000000, .seconds = 300, .mebibytes = 512};
  uint32_t seen = 0;
  int code = parse_options(argc, argv, cli, &seen);
  if (code == CLI_ANSWERED)
    code = take_words(cli, argv + optind, (size_t)(argc - optind));
  if (code != CLI_ANSWERED || cli->help || cli->version)
    return code;
  for (int i = 0; i < CLI_OPTIONS; i++)
    if (seen >> i & 1 && !cli_command_takes(cli->command, (enum cli_option_id)i))
      return cli_misuse(cli, "--%s means nothing here", cli_options[i].name);
  return CLI_ANSWERED;
}
