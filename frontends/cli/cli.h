// The command line as data: commands and options are rows of two tables, from
// which parsing, help, completions and the manual page are all made.
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernlens/limits.h"
#include "kernlens/table.h"

enum cli_exit {
  CLI_ANSWERED = 0,
  CLI_FAILED = 1, // could not answer; one line on stderr says why
  CLI_USAGE = 2,
  CLI_PARTIAL = 4, // answered, but something was lost; stderr says what
  CLI_CANCELLED = 130,
};

enum cli_format { CLI_TABLE, CLI_JSON, CLI_NDJSON, CLI_CSV };
enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };

enum { CLI_MAX_PARTS = 63, CLI_MAX_ARGUMENTS = 64 };
enum { CLI_MOST_SECONDS = 1 << 30, CLI_MOST_MEBIBYTES = 1 << 30 }; // of the limits of queries

// What was asked, parsed. Strings are borrowed from argv.
struct cli {
  const struct cli_command *command;
  const struct kl_table *table; // of the command that prints tables
  const char *dump;
  const char *parts[CLI_MAX_PARTS]; // further files of a split dump
  size_t n_parts;
  const char *arguments[CLI_MAX_ARGUMENTS]; // behind DUMP (or behind the command, where it takes none)
  size_t n_arguments;

  enum cli_format format;
  enum cli_color color;
  const char *columns; // null: those that the table shows
  uint64_t limit;      // rows; UINT64_MAX: all
  const char *btf, *symbols;
  const char *inode, *path, *output, *superblock; // of extract
  const char *query_file, *database;              // of sql
  const char *tables;                             // null: all
  uint64_t rows, seconds, mebibytes;              // limits of sql
  uint64_t root;
  uint64_t steps;   // 0: the default
  uint64_t threads; // 0: as many as are of use
  uint64_t pid;
  bool has_pid, quiet, raw, help, version, stats;
};

// Options. The order is that of help and the manual.
#define CLI_OPTION_LIST(X)                                                                                         \
  X(FORMAT)                                                                                                        \
  X(COLUMNS)                                                                                                       \
  X(LIMIT)                                                                                                         \
  X(PID)                                                                                                           \
  X(RAW)                                                                                                           \
  X(INODE)                                                                                                         \
  X(PATH)                                                                                                          \
  X(SUPERBLOCK)                                                                                                    \
  X(OUTPUT)                                                                                                        \
  X(PART)                                                                                                          \
  X(BTF)                                                                                                           \
  X(SYMBOLS)                                                                                                       \
  X(ROOT)                                                                                                          \
  X(THREADS)                                                                                                       \
  X(STEPS)                                                                                                         \
  X(QUERY_FILE)                                                                                                    \
  X(DB)                                                                                                            \
  X(TABLES)                                                                                                        \
  X(ROWS)                                                                                                          \
  X(TIME)                                                                                                          \
  X(MEMORY)                                                                                                        \
  X(STATS)                                                                                                         \
  X(QUIET)                                                                                                         \
  X(COLOR)                                                                                                         \
  X(HELP)                                                                                                          \
  X(VERSION)

enum cli_option_id {
#define CLI_OPTION_ENUM(name) CLI_OPTION_##name,
  CLI_OPTION_LIST(CLI_OPTION_ENUM)
#undef CLI_OPTION_ENUM
      CLI_OPTIONS
};

struct cli_option {
  const char *name;     // without --
  char letter;          // 0: none
  const char *argument; // placeholder; null: a flag
  const char *choices;  // blank-separated, for choices and completion; null: any
  bool is_file;         // the argument is a file: for completion
  const char *doc;      // one line
  // Stores the value; false when it is not one.
  bool (*set)(struct cli *cli, const char *value);
};
extern const struct cli_option cli_options[CLI_OPTIONS];

enum {
  CLI_NEEDS_DUMP = 1,
  CLI_NEEDS_KERNEL = 2, // attach, or fail
};

struct cli_command {
  const char *name;      // empty: the summary, which has no word of its own
  const char *arguments; // as help shows them: "DUMP TYPE [ADDRESS]"
  const char *doc;       // one line
  const char *about;     // a paragraph for --help and the manual; may be null
  const char *choices;   // of its first argument, for completion; may be null
  const char *examples;  // lines behind "kernlens "; separated by newlines
  uint32_t needs;
  uint32_t options; // bit i: takes option i beside the common ones
  size_t min_arguments, max_arguments;
  int (*run)(const struct cli *cli);
};

// Command i, null past the last; by name, or null.
const struct cli_command *cli_command_at(size_t i);
const struct cli_command *cli_command_find(const char *name);
// Whether a command takes an option.
bool cli_command_takes(const struct cli_command *command, enum cli_option_id option);
// The one command that prints any table: its word is the table's name.
extern const struct cli_command cli_table_command;

// Fills *cli from argv. Returns CLI_ANSWERED, or CLI_USAGE after it has said
// what is wrong and what would be right.
int cli_parse(int argc, char **argv, struct cli *cli);

// The name that is closest to what was typed, or null when none is close:
// offer each with cli_guess_offer.
struct cli_guess {
  const char *typed;
  const char *best;
  unsigned distance;
};
void cli_guess_offer(struct cli_guess *guess, const char *name);

// One line on stderr, "kernlens: ...", with what came from outside escaped.
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The same for usage errors, with a pointer to help. Returns CLI_USAGE.
int cli_misuse(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
