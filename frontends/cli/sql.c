// kernlens sql DUMP ["SELECT ..."]
#include "sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "sql_export.h"
#include "sql_shell.h"

enum { SCRIPT_MAX = 1 << 20 }; // bytes

// Where the questions come from: the first of these that is there.
struct job {
  struct cli_output out;
  struct cli_export *export; // tables into a database
  const char *query;         // on the command line
  char *script;              // of a file or of standard input, NUL-terminated
  struct cli_line *line;     // a person at a terminal
};

static int answer(struct cli_session *s, void *user) {
  struct job *job = user;
  struct cli_sql q;
  if (job->export)
    return cli_export_run(job->export, s);
  int code = cli_sql_open(&q, s, &job->out);
  if (code != CLI_ANSWERED)
    return code;
  code = job->query    ? cli_sql_run(&q, job->query)
         : job->script ? cli_shell_script(&q, job->script)
                       : cli_shell_person(&q, job->line);
  cli_sql_close(&q);
  int wrote = cli_output_end(&job->out);
  return code != CLI_ANSWERED ? code : wrote;
}

// All of a file, NUL-terminated. Null after it has said why not.
static char *read_script(int fd, const char *name) {
  char *text = malloc(SCRIPT_MAX + 1);
  size_t n = 0;
  while (text && n <= SCRIPT_MAX) {
    ssize_t got = read(fd, text + n, SCRIPT_MAX + 1 - n);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      cli_complain("sql: %s: %s", name, strerror(errno));
      break;
    }
    if (got == 0) {
      text[n] = 0;
      return text;
    }
    n += (size_t)got;
  }
  if (text && n > SCRIPT_MAX)
    cli_complain("sql: %s: more than 1 MiB of SQL", name);
  free(text);
  return NULL;
}

static char *read_file(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    cli_complain("sql: %s: %s", path, strerror(errno));
    return NULL;
  }
  char *text = read_script(fd, path);
  close(fd);
  return text;
}

// All that needs the outside world, before the process is confined.
static int prepare(const struct cli *cli, struct job *job) {
  if (cli->database)
    return cli_export_open(cli, &job->export);
  if (cli->n_arguments) {
    job->query = cli->arguments[0];
    return CLI_ANSWERED;
  }
  if (!cli->query_file && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && (job->line = cli_line_open()))
    return CLI_ANSWERED;
  job->script = cli->query_file ? read_file(cli->query_file) : read_script(STDIN_FILENO, "standard input");
  return job->script ? CLI_ANSWERED : CLI_FAILED;
}

static int run(const struct cli *cli) {
  static struct job job;
  unsigned char seed;
  if (cli->n_arguments && (cli->query_file || cli->database))
    return cli_misuse(cli, "a query, --file or --db: one of them");
  if (cli->tables && !cli->database)
    return cli_misuse(cli, "--tables says what --db writes");
  sqlite3_randomness(1, &seed); // opens /dev/urandom: before nothing can be opened any more
  int code = prepare(cli, &job);
  cli_output_init(&job.out, cli);
  if (code == CLI_ANSWERED)
    code = cli_session_run(cli, CLI_KERNEL, answer, &job);
  cli_export_close(job.export);
  cli_line_close(job.line);
  free(job.script);
  return code;
}

const struct cli_command cli_sql_command = {
    .name = "sql",
    .arguments = "DUMP [QUERY]",
    .doc = "ask in SQL: every table, and functions that look into memory",
    .about =
        "QUERY is one or more statements of SQLite's SQL. Without it, on a terminal, a shell asks for them, with "
        "history, completion by Tab and .help; otherwise they come from standard input. Every table is there under "
        "its name, and views that answer common questions. Addresses are text, 0x and 16 digits; bytes are hex. "
        "Functions: "
        "phys(address [, pid]), read_bytes(address, n [, pid]), symbol(address), type_json(type, address "
        "[, pid]), addr(x), and X REGEXP pattern. Nothing in the dump or outside can be changed. --db writes "
        "tables "
        "into an ordinary SQLite database, in which kernlens_tables says of each whether it is whole.",
    .examples = "sql DUMP \"SELECT comm, count(*) FROM tasks GROUP BY comm\"\n"
                "sql DUMP \"SELECT pid, symbol(mm), phys(address) FROM tasks\" --format json\n"
                "sql DUMP\n"
                "sql DUMP --db out.sqlite --tables tasks,vmas,open_files",
    .needs = CLI_NEEDS_DUMP | CLI_NEEDS_KERNEL,
    .options = 1u << CLI_OPTION_FORMAT | 1u << CLI_OPTION_LIMIT | 1u << CLI_OPTION_QUERY_FILE |
               1u << CLI_OPTION_DB | 1u << CLI_OPTION_TABLES | 1u << CLI_OPTION_ROWS | 1u << CLI_OPTION_TIME |
               1u << CLI_OPTION_MEMORY,
    .min_arguments = 0,
    .max_arguments = 1,
    .run = run,
};
