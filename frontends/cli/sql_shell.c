// The shell: statements that go over lines, and commands that begin with a dot.
#include "sql_shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

enum { STATEMENT_BYTES = 1 << 20, NAME_COLUMN = 26 };

struct shell {
  struct cli_sql *q;
  char *statement; // what was typed of it so far
  size_t n;
  bool quit;
};

// ── Commands ───────────────────────────────────────────────────────────────

static struct kl_text *out(struct shell *s) {
  return &s->q->out->text;
}

static void line(struct shell *s, const char *name, const char *doc) {
  size_t n = strlen(name) + 2;
  cli_blanks(out(s), 2);
  kl_text_string(out(s), name);
  cli_blanks(out(s), n < NAME_COLUMN ? NAME_COLUMN - n : 1);
  kl_text_string(out(s), doc);
  kl_text_char(out(s), '\n');
}

static int complain(const char *what, const char *word) {
  cli_complain("sql: %s%s", what, word);
  return CLI_FAILED;
}

static bool wanted(const char *name, const char *part) {
  return !*part || strstr(name, part);
}

static int list_tables(struct shell *s, const char *part) {
  const char *group = "";
  const struct sql_view *view;
  for (size_t i = 0; kl_table_at(i); i++) {
    const struct kl_table *t = kl_table_at(i);
    if (!wanted(t->name, part))
      continue;
    if (strcmp(group, t->group) != 0) {
      group = t->group;
      kl_text_string(out(s), group);
      kl_text_char(out(s), '\n');
    }
    line(s, t->name, t->doc);
  }
  kl_text_string(out(s), "views\n");
  for (size_t i = 0; (view = sql_view_at(i)); i++)
    if (sql_view_present(view) && wanted(view->name, part))
      line(s, view->name, view->doc);
  return CLI_ANSWERED;
}

static const struct sql_view *view_named(const char *name) {
  const struct sql_view *view;
  for (size_t i = 0; (view = sql_view_at(i)); i++)
    if (sql_view_present(view) && strcmp(view->name, name) == 0)
      return view;
  return NULL;
}

static void table_schema(struct shell *s, const struct kl_table *t) {
  kl_text_string(out(s), "CREATE TABLE ");
  kl_text_string(out(s), t->name);
  kl_text_string(out(s), "( -- ");
  kl_text_string(out(s), t->doc);
  kl_text_char(out(s), '\n');
  for (uint32_t i = 0; i < t->n_columns; i++) {
    char column[96];
    snprintf(column, sizeof column, "%-20s %s%s", t->columns[i].name, sql_type_of(t->columns[i].kind),
             i + 1 < t->n_columns ? "," : "");
    cli_blanks(out(s), 2);
    kl_text_string(out(s), column);
    cli_blanks(out(s), strlen(column) < 30 ? 30 - strlen(column) : 1);
    kl_text_string(out(s), "-- ");
    kl_text_string(out(s), t->columns[i].doc);
    kl_text_char(out(s), '\n');
  }
  kl_text_string(out(s), ");\n");
}

static void view_schema(struct shell *s, const struct sql_view *view) {
  kl_text_string(out(s), "CREATE VIEW ");
  kl_text_string(out(s), view->name);
  kl_text_string(out(s), " AS ");
  kl_text_string(out(s), view->select);
  kl_text_string(out(s), ";\n");
}

static int schema(struct shell *s, const char *name) {
  const struct sql_view *view;
  if (*name && kl_table_find(name))
    table_schema(s, kl_table_find(name));
  else if (*name && (view = view_named(name)))
    view_schema(s, view);
  else if (*name)
    return complain("no table and no view is named ", name);
  for (size_t i = 0; !*name && kl_table_at(i); i++)
    table_schema(s, kl_table_at(i));
  for (size_t i = 0; !*name && (view = sql_view_at(i)); i++)
    if (sql_view_present(view))
      view_schema(s, view);
  return CLI_ANSWERED;
}

static int mode(struct shell *s, const char *name) {
  if (cli_options[CLI_OPTION_FORMAT].set(&s->q->cli, name))
    return CLI_ANSWERED;
  s->q->cli.format = CLI_TABLE;
  return complain(".mode takes one of ", cli_options[CLI_OPTION_FORMAT].choices);
}

static int timer(struct shell *s, const char *word) {
  if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
    return complain(".timer takes on or off", "");
  s->q->timer = strcmp(word, "on") == 0;
  return CLI_ANSWERED;
}

static int quit(struct shell *s, const char *word) {
  (void)word;
  s->quit = true;
  return CLI_ANSWERED;
}

static int help(struct shell *s, const char *name);

static const struct {
  const char *name, *argument, *doc;
  int (*run)(struct shell *s, const char *argument);
} commands[] = {
    {"tables", "[PART]", "tables and views, all or those with PART in their name", list_tables},
    {"schema", "[TABLE]", "columns, with their types and what they say", schema},
    {"help", "[TABLE]", "this, or what a table holds", help},
    {"mode", "FORMAT", "how answers are printed: table, json, ndjson or csv", mode},
    {"timer", "on|off", "whether to say what each statement took", timer},
    {"quit", "", "leave; so does Ctrl-D", quit},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

const char *cli_shell_command_at(size_t i) {
  return i < COMMANDS ? commands[i].name : NULL;
}

static int help(struct shell *s, const char *name) {
  const struct sql_view *view = view_named(name);
  if (*name && kl_table_find(name)) {
    cli_help_table(s->q->out, kl_table_find(name));
    return CLI_ANSWERED;
  }
  if (view) {
    line(s, view->name, view->doc);
    return CLI_ANSWERED;
  }
  if (*name)
    return complain("no table and no view is named ", name);
  kl_text_string(out(s),
                 "A statement ends with a semicolon and may go over lines. Tab completes names. Ctrl-C ends "
                 "the query that runs.\n");
  for (size_t i = 0; i < COMMANDS; i++) {
    char left[64];
    snprintf(left, sizeof left, ".%s %s", commands[i].name, commands[i].argument);
    line(s, left, commands[i].doc);
  }
  return CLI_ANSWERED;
}

// ".name argument", with nothing behind.
static int run_command(struct shell *s, const char *text) {
  char word[128] = "", argument[256] = "", more[2] = "";
  int n = sscanf(text, " .%127s %255s %1s", word, argument, more);
  for (size_t i = 0; n >= 1 && n < 3 && i < COMMANDS; i++)
    if (strcmp(commands[i].name, word) == 0)
      return commands[i].run(s, argument);
  return complain("no such command; .help lists them: .", word);
}

// ── Lines ──────────────────────────────────────────────────────────────────

static bool blank(const char *text) {
  return !text[strspn(text, " \t\r\n")];
}

static int run_statement(struct shell *s) {
  int code = blank(s->statement) ? CLI_ANSWERED : cli_sql_run(s->q, s->statement);
  s->n = 0;
  s->statement[0] = 0;
  return code;
}

// Takes a line of n bytes, its newline included; runs what it completes.
static int take_line(struct shell *s, const char *text, size_t n) {
  if (n >= STATEMENT_BYTES - s->n) {
    s->n = 0;
    s->statement[0] = 0;
    return complain("a statement of more than 1 MiB", "");
  }
  memcpy(s->statement + s->n, text, n);
  s->statement[s->n + n] = 0;
  char *added = s->statement + s->n;
  if (blank(s->statement) || (blank(added) && !s->n))
    return CLI_ANSWERED;
  if (!s->n && added[strspn(added, " \t")] == '.') {
    int code = run_command(s, added); // NOLINT(clang-analyzer-unix.Malloc): it is s's, and freed with it
    s->statement[0] = 0;
    return code;
  }
  s->n += n;
  return strchr(added, ';') && sqlite3_complete(s->statement) ? run_statement(s) : CLI_ANSWERED;
}

static bool begin(struct shell *s, struct cli_sql *q) {
  *s = (struct shell){.q = q, .statement = malloc(STATEMENT_BYTES)};
  if (s->statement)
    s->statement[0] = 0;
  else
    (void)complain("out of memory", "");
  return s->statement;
}

int cli_shell_script(struct cli_sql *q, const char *text) {
  struct shell s;
  int code = CLI_ANSWERED, worst = CLI_ANSWERED;
  if (!begin(&s, q))
    return CLI_FAILED;
  while (*text && !s.quit && (code == CLI_ANSWERED || code == CLI_PARTIAL)) {
    size_t n = strcspn(text, "\n");
    n += text[n] == '\n';
    code = take_line(&s, text, n);
    worst = code == CLI_ANSWERED ? worst : code;
    text += n;
  }
  if (s.n && !s.quit && (code == CLI_ANSWERED || code == CLI_PARTIAL)) // the last one needs no semicolon
    worst = (code = run_statement(&s)) == CLI_ANSWERED ? worst : code;
  free(s.statement);
  return worst;
}

int cli_shell_person(struct cli_sql *q, struct cli_line *edit) {
  struct shell s;
  const char *text;
  if (!begin(&s, q))
    return CLI_FAILED;
  while (!s.quit) {
    enum cli_line_end end = cli_line_next(edit, s.n, &text);
    if (end == CLI_LINE_END)
      break;
    if (end == CLI_LINE_INTERRUPTED) {
      s.n = 0;
      s.statement[0] = 0;
      continue;
    }
    int code = take_line(&s, text, strlen(text));
    if (!cli_output_flush(q->out))
      break;
    if (code == CLI_CANCELLED) {
      cli_complain("sql: cancelled");
      cli_cancel_again();
    }
  }
  free(s.statement);
  return CLI_ANSWERED;
}
