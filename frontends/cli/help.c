// Help: made from the tables of commands, options and tables.
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "output.h"
#include "sql.h"

enum { WIDTH = 96, INDENT = 2 };

struct page {
  struct cli_output *out;
  struct kl_text *text;
};

static void heading(struct page *p, const char *s) {
  cli_style_begin(p->out, CLI_HEADING);
  kl_text_string(p->text, s);
  cli_style_end(p->out, CLI_HEADING);
  kl_text_char(p->text, '\n');
}

// Text wrapped into [indent, WIDTH); the first line begins at `column`.
static void wrapped(struct page *p, const char *s, size_t indent, size_t column) {
  for (bool first = true; *s; first = false) {
    size_t n = strcspn(s, " ");
    if (!first && column + 1 + n > WIDTH) {
      kl_text_char(p->text, '\n');
      cli_blanks(p->text, indent);
      column = indent;
    } else if (!first) {
      kl_text_char(p->text, ' ');
      column++;
    }
    kl_text_put(p->text, s, n);
    column += n;
    s += n + (s[n] == ' ');
  }
  kl_text_char(p->text, '\n');
}

// "  name  doc" with doc at a fixed column, on the next line when name is long.
static void entry(struct page *p, const char *name, const char *doc, size_t column) {
  size_t n = strlen(name) + INDENT;
  cli_blanks(p->text, INDENT);
  kl_text_string(p->text, name);
  if (n + 2 > column) {
    kl_text_char(p->text, '\n');
    n = 0;
  }
  cli_blanks(p->text, column - n);
  wrapped(p, doc, column, column);
}

static void options(struct page *p, const struct cli_command *command) {
  heading(p, "Options");
  for (int i = 0; i < CLI_OPTIONS; i++) {
    const struct cli_option *o = &cli_options[i];
    if (command && !cli_command_takes(command, (enum cli_option_id)i))
      continue;
    char name[64], doc[256], letter[8] = "    ";
    if (o->letter)
      snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(name, sizeof name, "%s--%s%s%s", letter, o->name, o->argument ? " " : "",
             o->argument ? o->argument : "");
    snprintf(doc, sizeof doc, "%s%s%s", o->doc, o->choices ? ": " : "", o->choices ? o->choices : "");
    entry(p, name, doc, 26);
  }
}

static void examples(struct page *p, const char *lines) {
  if (!lines)
    return;
  heading(p, "Examples");
  while (*lines) {
    size_t n = strcspn(lines, "\n");
    cli_blanks(p->text, INDENT);
    kl_text_string(p->text, "kernlens ");
    kl_text_put(p->text, lines, n);
    kl_text_char(p->text, '\n');
    lines += n + (lines[n] == '\n');
  }
}

static const char *kind_doc(const struct kl_column *column) {
  static const char *const names[] = {
      [KL_CELL_NULL] = "",      [KL_CELL_UNREADABLE] = "", [KL_CELL_U64] = "number",
      [KL_CELL_I64] = "number", [KL_CELL_BOOL] = "bool",   [KL_CELL_ADDRESS] = "address",
      [KL_CELL_TEXT] = "text",  [KL_CELL_BYTES] = "hex",   [KL_CELL_DURATION] = "number",
      [KL_CELL_TIME] = "time",
  };
  return names[column->kind];
}

static void columns(struct page *p, const struct kl_table *table) {
  heading(p, "Columns");
  for (uint32_t i = 0; i < table->n_columns; i++) {
    const struct kl_column *c = &table->columns[i];
    char name[64], doc[256];
    snprintf(name, sizeof name, "%-20s %s", c->name, kind_doc(c));
    snprintf(doc, sizeof doc, "%s%s%s%s", c->doc,
             c->flags & KL_COLUMN_PUSHED ? " (a condition on it saves work)" : "",
             c->flags & KL_COLUMN_COSTLY ? " (costly)" : "",
             c->flags & KL_COLUMN_HIDDEN ? " (shown only when named)" : "");
    entry(p, name, doc, 34);
  }
  kl_text_char(p->text, '\n');
}

void cli_help_table(struct cli_output *out, const struct kl_table *table) {
  struct page page = {out, &out->text};
  wrapped(&page, table->doc, 0, 0);
  kl_text_char(page.text, '\n');
  columns(&page, table);
  examples(&page, table->example);
}

static void table_page(struct page *p, const struct kl_table *table) {
  kl_text_string(p->text, "kernlens ");
  kl_text_string(p->text, table->name);
  kl_text_string(p->text, " DUMP [column=value ...]\n\n");
  wrapped(p, table->doc, 0, 0);
  kl_text_char(p->text, '\n');
  columns(p, table);
  options(p, &cli_table_command);
  kl_text_char(p->text, '\n');
  examples(p, table->example);
}

// A view: for SQL only.
static void view_page(struct page *p, const struct sql_view *view) {
  kl_text_string(p->text, "kernlens sql DUMP \"SELECT * FROM ");
  kl_text_string(p->text, view->name);
  kl_text_string(p->text, "\"\n\n");
  wrapped(p, view->doc, 0, 0);
  kl_text_char(p->text, '\n');
  heading(p, "Query");
  cli_blanks(p->text, INDENT);
  wrapped(p, view->select, INDENT, INDENT);
  if (!view->example)
    return;
  kl_text_char(p->text, '\n');
  heading(p, "Example");
  cli_blanks(p->text, INDENT);
  wrapped(p, view->example, INDENT, INDENT);
}

static void command_page(struct page *p, const struct cli_command *command) {
  kl_text_string(p->text, "kernlens ");
  kl_text_string(p->text, command->name);
  kl_text_string(p->text, *command->arguments ? " " : "");
  kl_text_string(p->text, command->arguments);
  kl_text_string(p->text, "\n\n");
  wrapped(p, command->doc, 0, 0);
  if (command->about) {
    kl_text_char(p->text, '\n');
    wrapped(p, command->about, 0, 0);
  }
  kl_text_char(p->text, '\n');
  options(p, command);
  kl_text_char(p->text, '\n');
  examples(p, command->examples);
}

static void list_commands(struct page *p) {
  heading(p, "Commands");
  for (size_t i = 0; cli_command_at(i); i++) {
    const struct cli_command *c = cli_command_at(i);
    char name[96];
    snprintf(name, sizeof name, "%s%s%s", c->name, *c->name ? " " : "", c->arguments);
    entry(p, name, c->doc, 34);
  }
}

static void list_tables(struct page *p) {
  heading(p, "Tables");
  for (size_t i = 0; kl_table_at(i); i++)
    entry(p, kl_table_at(i)->name, kl_table_at(i)->doc, 20);
}

static void list_views(struct page *p) {
  const struct sql_view *view;
  heading(p, "Views, for SQL");
  for (size_t i = 0; (view = sql_view_at(i)); i++)
    if (sql_view_present(view))
      entry(p, view->name, view->doc, 26);
}

static void front_page(struct page *p) {
  kl_text_string(p->text, "kernlens answers questions about a Linux guest from a dump of its memory.\n\n");
  list_commands(p);
  kl_text_char(p->text, '\n');
  list_tables(p);
  kl_text_char(p->text, '\n');
  list_views(p);
  kl_text_char(p->text, '\n');
  options(p, NULL);
  kl_text_char(p->text, '\n');
  examples(p, "guest.elf\ntasks guest.elf state=R\nstruct guest.elf task_struct init_task\n"
              "tables tasks");
  kl_text_string(p->text, "\nkernlens COMMAND --help tells more; kernlens man prints the manual page.\n");
}

int cli_help_print(const struct cli *cli, const struct cli_command *command, const struct kl_table *table) {
  static struct cli_output out;
  struct page page = {&out, &out.text};
  cli_output_init(&out, cli);
  if (table)
    table_page(&page, table);
  else if (command && *command->name)
    command_page(&page, command);
  else
    front_page(&page);
  return cli_output_end(&out);
}

static int print_view(const struct cli *cli, const struct sql_view *view) {
  static struct cli_output out;
  struct page page = {&out, &out.text};
  cli_output_init(&out, cli);
  view_page(&page, view);
  return cli_output_end(&out);
}

static int run(const struct cli *cli) {
  const struct cli_command *command = NULL;
  const struct kl_table *table = NULL;
  const char *word = cli->n_arguments ? cli->arguments[0] : "";
  const struct sql_view *view;
  for (size_t i = 0; (view = sql_view_at(i)); i++)
    if (sql_view_present(view) && strcmp(view->name, word) == 0)
      return print_view(cli, view);
  if (*word && !(command = cli_command_find(word)) && !(table = kl_table_find(word)))
    return cli_misuse(cli, "%s is no command, no table and no view", word);
  return cli_help_print(cli, command, table);
}

const struct cli_command cli_help_command = {
    .name = "help",
    .arguments = "[COMMAND | TABLE | VIEW]",
    .doc = "say what a command, a table or a view does",
    .examples = "help tasks",
    .max_arguments = 1,
    .run = run,
};
