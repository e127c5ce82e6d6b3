// The manual page, in roff, from the same tables as everything else.
#include <string.h>

#include "commands.h"
#include "output.h"
#include "sql.h"

static struct cli_output out;

static void raw(const char *s) {
  kl_text_string(&out.text, s);
}

// Text: what roff would take for its own is escaped.
static void text(const char *s) {
  bool line_start = true;
  for (; *s; s++) {
    if (line_start && (*s == '.' || *s == '\''))
      raw("\\&");
    line_start = *s == '\n';
    if (*s == '\\')
      raw("\\e");
    else if (*s == '-')
      raw("\\-");
    else
      kl_text_char(&out.text, *s);
  }
}

static void section(const char *name) {
  raw(".SH ");
  raw(name);
  raw("\n");
}

static void tagged(const char *bold, const char *rest, const char *doc) {
  raw(".TP\n\\fB");
  text(bold);
  raw("\\fR");
  text(rest);
  raw("\n");
  text(doc);
  raw("\n");
}

static void commands(void) {
  section("COMMANDS");
  for (size_t i = 0; cli_command_at(i); i++) {
    const struct cli_command *c = cli_command_at(i);
    raw(".TP\n\\fBkernlens ");
    text(c->name);
    raw(*c->name ? "\\fR " : "\\fR");
    text(c->arguments);
    raw("\n");
    text(c->doc);
    raw(".\n");
    if (c->about) {
      text(c->about);
      raw("\n");
    }
  }
}

static void options(void) {
  section("OPTIONS");
  for (int i = 0; i < CLI_OPTIONS; i++) {
    const struct cli_option *o = &cli_options[i];
    raw(".TP\n");
    if (o->letter) {
      raw("\\fB\\-");
      kl_text_char(&out.text, o->letter);
      raw("\\fR, ");
    }
    raw("\\fB\\-\\-");
    text(o->name);
    raw("\\fR");
    if (o->argument) {
      raw(" \\fI");
      text(o->argument);
      raw("\\fR");
    }
    raw("\n");
    text(o->doc);
    if (o->choices) {
      raw(": ");
      text(o->choices);
    }
    raw("\n");
  }
}

static void tables(void) {
  section("TABLES");
  for (size_t i = 0; kl_table_at(i); i++) {
    const struct kl_table *table = kl_table_at(i);
    raw(".SS ");
    text(table->name);
    raw("\n");
    text(table->doc);
    raw("\n");
    for (uint32_t k = 0; k < table->n_columns; k++)
      tagged(table->columns[k].name, "", table->columns[k].doc);
    raw(".PP\nExample:\n\\fBkernlens ");
    text(table->example);
    raw("\\fR\n");
  }
}

static void views(void) {
  const struct sql_view *view;
  section("VIEWS");
  text("Queries that are there under a name, for kernlens sql; kernlens help VIEW shows what they ask.\n");
  for (size_t i = 0; (view = sql_view_at(i)); i++)
    if (sql_view_present(view))
      tagged(view->name, "", view->doc);
}

static const char *const formats[][2] = {
    {"table", "Aligned columns for people; - is no value, ? is one that could not be read. Whatever in the guest's "
              "text would act on a terminal is shown as an escape. On a terminal wide text is cut with an ellipsis "
              "and columns that do not fit are left out, and named on standard error."},
    {"json", "One array of objects. Addresses and bytes are strings; other numbers are integers of up to 64 bits, "
             "written in full: a reader that takes numbers for doubles loses digits above 2^53."},
    {"ndjson", "The same objects, one a line."},
    {"csv", "RFC 4180: a header, lines that end in CR LF. No value is an empty field, empty text is \"\"."},
};

static const char *const exits[][2] = {
    {"0", "Answered."},
    {"1", "Could not answer; one line on standard error says what, where, and what to try."},
    {"2", "The command line was wrong."},
    {"4",
     "Answered in part: a value could not be read, or a cap cut a walk short. Standard error says which, and so "
     "does the table diagnostics."},
    {"130", "Cancelled by Ctrl-C."},
};

static void examples(void) {
  section("EXAMPLES");
  raw(".nf\n");
  for (size_t i = 0; cli_command_at(i); i++) {
    const char *lines = cli_command_at(i)->examples;
    while (lines && *lines) {
      size_t n = strcspn(lines, "\n");
      char one[256];
      size_t kept = n < sizeof one ? n : sizeof one - 1;
      memcpy(one, lines, kept);
      one[kept] = 0;
      raw("kernlens ");
      text(one);
      raw("\n");
      lines += n + (lines[n] == '\n');
    }
  }
  raw(".fi\n");
}

static int run(const struct cli *cli) {
  cli_output_init(&out, cli);
  raw(".TH KERNLENS 1 \"\" \"kernlens " KERNLENS_VERSION "\" \"User Commands\"\n");
  section("NAME");
  raw("kernlens \\- ask a dump of a Linux guest's memory\n");
  section("SYNOPSIS");
  raw(".B kernlens\n.I DUMP\n.br\n.B kernlens\n.I TABLE DUMP\n[\\fIcolumn\\fR=\\fIvalue\\fR ...]\n.br\n"
      ".B kernlens\n.I COMMAND\n\\&...\n");
  section("DESCRIPTION");
  text("kernlens answers questions about a Linux guest from a dump of its memory and nothing else: the types come "
       "from the BTF in the dump, the addresses from its kallsyms, the layout from its page tables. The container "
       "(raw, ELF core, kdump, LiME, AVML, ...) is recognised by its content.\n");
  commands();
  options();
  section("FORMATS");
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
    tagged(formats[i][0], "", formats[i][1]);
  raw(".PP\n");
  text("Text is whatever bytes the guest had. In json and csv it is valid UTF-8: a byte that is not appears as "
       "\\xNN "
       "and a backslash as \\\\. Conditions take the same spelling.\n");
  section("\"EXIT STATUS\"");
  for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
    tagged(exits[i][0], "", exits[i][1]);
  section("ENVIRONMENT");
  tagged("NO_COLOR", "", "When set to anything but nothing, no colours.");
  tagged("XDG_STATE_HOME", "",
         "Where the shell keeps its history: kernlens/sql_history. Without it, none is kept.");
  tables();
  views();
  examples();
  return cli_output_end(&out);
}

const struct cli_command cli_man_command = {
    .name = "man",
    .arguments = "",
    .doc = "print the manual page: kernlens man | man -l -",
    .examples = "man",
    .run = run,
};
