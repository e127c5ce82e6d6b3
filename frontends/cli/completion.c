// Completions for the shells, made from the same tables as parsing.
#include <string.h>

#include "commands.h"
#include "output.h"

static struct cli_output out;

static void put(const char *s) {
  kl_text_string(&out.text, s);
}

// Command and table names, blank-separated.
static void put_words(void) {
  for (size_t i = 0; cli_command_at(i); i++) {
    if (cli_command_at(i) == &cli_table_command || !*cli_command_at(i)->name)
      continue;
    put(cli_command_at(i)->name);
    put(" ");
  }
  for (size_t i = 0; kl_table_at(i); i++) {
    put(kl_table_at(i)->name);
    put(" ");
  }
}

static void put_columns(const struct kl_table *table, const char *separator) {
  for (uint32_t i = 0; i < table->n_columns; i++) {
    put(i ? separator : "");
    put(table->columns[i].name);
  }
}

// case "$prev" in --format|-f) ... for options that take a value.
static void put_bash_values(void) {
  for (int i = 0; i < CLI_OPTIONS; i++) {
    const struct cli_option *o = &cli_options[i];
    if (!o->argument)
      continue;
    put("    --");
    put(o->name);
    if (o->letter) {
      put("|-");
      kl_text_char(&out.text, o->letter);
    }
    put(") ");
    if (o->choices) {
      put("COMPREPLY=($(compgen -W '");
      put(o->choices);
      put("' -- \"$cur\")); ");
    } else if (o->is_file) {
      put("compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\")); ");
    } else if (strcmp(o->name, "columns") == 0) {
      put("COMPREPLY=($(compgen -W \"$columns\" -- \"$cur\")); ");
    }
    put("return;;\n");
  }
}

static void put_bash(void) {
  put("# bash completion for kernlens; to use it: source <(kernlens completion bash)\n"
      "_kernlens_columns() {\n  case \"$1\" in\n");
  for (size_t i = 0; kl_table_at(i); i++) {
    put("    ");
    put(kl_table_at(i)->name);
    put(") echo '");
    put_columns(kl_table_at(i), " ");
    put("';;\n");
  }
  put("  esac\n}\n"
      "_kernlens() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} columns\n"
      "  columns=$(_kernlens_columns \"${COMP_WORDS[1]}\")\n"
      "  COMPREPLY=()\n"
      "  case \"$prev\" in\n");
  put_bash_values();
  put("  esac\n"
      "  case \"$cur\" in\n    -*) COMPREPLY=($(compgen -W '");
  for (int i = 0; i < CLI_OPTIONS; i++) {
    put(i ? " --" : "--");
    put(cli_options[i].name);
  }
  put("' -- \"$cur\")); return;;\n  esac\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    COMPREPLY=($(compgen -W '");
  put_words();
  put("' -- \"$cur\"))\n"
      "  elif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
      "    case \"${COMP_WORDS[1]}\" in\n      help|tables) COMPREPLY=($(compgen -W '");
  put_words();
  put("' -- \"$cur\")); return;;\n");
  for (size_t i = 0; cli_command_at(i); i++) {
    const struct cli_command *c = cli_command_at(i);
    if (!c->choices)
      continue;
    put("      ");
    put(c->name);
    put(") COMPREPLY=($(compgen -W '");
    put(c->choices);
    put("' -- \"$cur\")); return;;\n");
  }
  put("    esac\n"
      "  elif [ -n \"$columns\" ]; then\n"
      "    compopt -o nospace; COMPREPLY=($(compgen -S = -W \"$columns\" -- \"$cur\")); return\n"
      "  fi\n"
      "  compopt -o filenames; COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
      "}\n"
      "complete -F _kernlens kernlens\n");
}

// A word for _arguments and _describe: quotes and colons must not end it.
static void put_zsh_doc(const char *s) {
  for (; *s; s++) {
    if (*s == '\'')
      put("'\\'");
    else if (*s == ':' || *s == '[' || *s == ']')
      put("\\");
    kl_text_char(&out.text, *s);
  }
}

static void put_zsh_option(const struct cli_option *o) {
  put("    '--");
  put(o->name);
  put(o->argument ? "=[" : "[");
  put_zsh_doc(o->doc);
  put("]");
  if (o->argument) {
    put(":");
    put_zsh_doc(o->argument);
    put(":");
    if (o->choices) {
      put("(");
      put(o->choices);
      put(")");
    } else if (o->is_file) {
      put("_files");
    }
  }
  put("' \\\n");
}

static void put_zsh_describe(const char *name, const char *doc) {
  put("    '");
  put(name);
  put(":");
  put_zsh_doc(doc);
  put("'\n");
}

static void put_zsh(void) {
  put("#compdef kernlens\n# zsh completion for kernlens; to use it: source <(kernlens completion zsh)\n"
      "_kernlens_words() {\n  local -a words_=(\n");
  for (size_t i = 0; cli_command_at(i); i++)
    if (cli_command_at(i) != &cli_table_command && *cli_command_at(i)->name)
      put_zsh_describe(cli_command_at(i)->name, cli_command_at(i)->doc);
  for (size_t i = 0; kl_table_at(i); i++)
    put_zsh_describe(kl_table_at(i)->name, kl_table_at(i)->doc);
  put("  )\n  _describe 'command or table' words_\n  _files\n}\n"
      "_kernlens_rest() {\n  case \"$words[2]\" in\n");
  for (size_t i = 0; kl_table_at(i); i++) {
    put("    ");
    put(kl_table_at(i)->name);
    put(") compadd -S = -- ");
    put_columns(kl_table_at(i), " ");
    put(";;\n");
  }
  put("    *) _files;;\n  esac\n}\n"
      "_kernlens() {\n  _arguments \\\n");
  for (int i = 0; i < CLI_OPTIONS; i++)
    put_zsh_option(&cli_options[i]);
  put("    '1:command:_kernlens_words' \\\n"
      "    '2:dump:_files' \\\n"
      "    '*:condition:_kernlens_rest'\n}\n"
      "if [ \"$funcstack[1]\" = _kernlens ]; then _kernlens \"$@\"; else compdef _kernlens kernlens; fi\n");
}

static int run(const struct cli *cli) {
  bool bash = strcmp(cli->arguments[0], "bash") == 0;
  if (!bash && strcmp(cli->arguments[0], "zsh") != 0)
    return cli_misuse(cli, "no completion for '%s': bash or zsh", cli->arguments[0]);
  cli_output_init(&out, cli);
  if (bash)
    put_bash();
  else
    put_zsh();
  return cli_output_end(&out);
}

const struct cli_command cli_completion_command = {
    .name = "completion",
    .arguments = "bash|zsh",
    .doc = "print completions for a shell",
    .about = "For bash: source <(kernlens completion bash). For zsh: source <(kernlens completion zsh), after "
             "compinit.",
    .choices = "bash zsh",
    .examples = "completion bash",
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
