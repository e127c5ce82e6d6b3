// kernlens tables: the registry, as a table itself.
#include "commands.h"
#include "format.h"

enum { TABLE, GROUP, COLUMN, KIND, PUSHED, COSTLY, HIDDEN, DOC, COLUMNS };

static const struct kl_column columns[] = {
    [TABLE] = {"table", KL_CELL_TEXT, 0, "its name"},
    [GROUP] = {"group", KL_CELL_TEXT, 0, "what it is about"},
    [COLUMN] = {"column", KL_CELL_TEXT, 0, "a column of it"},
    [KIND] = {"kind", KL_CELL_TEXT, 0, "what its cells are"},
    [PUSHED] = {"pushed", KL_CELL_BOOL, 0, "a condition on it saves work"},
    [COSTLY] = {"costly", KL_CELL_BOOL, 0, "dear to compute"},
    [HIDDEN] = {"hidden", KL_CELL_BOOL, 0, "shown only when named"},
    [DOC] = {"doc", KL_CELL_TEXT, 0, "one line about it"},
};

static const char *const kinds[] = {
    [KL_CELL_NULL] = "null",         [KL_CELL_UNREADABLE] = "unreadable",
    [KL_CELL_U64] = "u64",           [KL_CELL_I64] = "i64",
    [KL_CELL_BOOL] = "bool",         [KL_CELL_ADDRESS] = "address",
    [KL_CELL_TEXT] = "text",         [KL_CELL_BYTES] = "bytes",
    [KL_CELL_DURATION] = "duration", [KL_CELL_TIME] = "time",
};

static struct kl_cell text(const char *s) {
  return (struct kl_cell){.kind = KL_CELL_TEXT, .data = (const uint8_t *)s, .n = kl_string_length(s)};
}

static struct kl_cell flag(const struct kl_column *column, uint32_t bit) {
  return (struct kl_cell){.kind = KL_CELL_BOOL, .u64 = (column->flags & bit) != 0};
}

static void print_columns(struct cli_sink *sink, const struct kl_table *table) {
  for (uint32_t i = 0; i < table->n_columns; i++) {
    const struct kl_column *c = &table->columns[i];
    struct kl_cell cells[COLUMNS] = {
        [TABLE] = text(table->name),
        [GROUP] = text(table->group),
        [COLUMN] = text(c->name),
        [KIND] = text(kinds[c->kind]),
        [PUSHED] = flag(c, KL_COLUMN_PUSHED),
        [COSTLY] = flag(c, KL_COLUMN_COSTLY),
        [HIDDEN] = flag(c, KL_COLUMN_HIDDEN),
        [DOC] = text(c->doc),
    };
    if (!cli_sink_row(sink, cells))
      return;
  }
}

static void print_table(struct cli_sink *sink, const struct kl_table *table) {
  struct kl_cell cells[COLUMNS] = {
      [TABLE] = text(table->name), [GROUP] = text(table->group), [DOC] = text(table->doc)};
  (void)cli_sink_row(sink, cells);
}

// Without a name: the tables; in the formats for programs: all their columns.
static int run(const struct cli *cli) {
  static struct cli_output out;
  static struct cli_sink sink;
  const struct kl_table *one = NULL;
  if (cli->n_arguments && !(one = kl_table_find(cli->arguments[0]))) {
    struct cli_guess guess = {.typed = cli->arguments[0]};
    for (size_t i = 0; kl_table_at(i); i++)
      cli_guess_offer(&guess, kl_table_at(i)->name);
    return cli_misuse(cli, "no table '%s'%s%s%s", cli->arguments[0], guess.best ? ": did you mean " : "",
                      guess.best ? guess.best : "", guess.best ? "?" : "");
  }
  bool whole = !one && cli->format == CLI_TABLE;
  uint64_t all = (1ull << COLUMNS) - 1;
  uint64_t brief = 1ull << TABLE | 1ull << GROUP | 1ull << DOC;
  cli_output_init(&out, cli);
  cli_sink_init(&sink, cli, &out, columns, whole ? brief : one && cli->format == CLI_TABLE ? all & ~3ull : all);
  if (!cli_sink_choose(&sink, cli, COLUMNS))
    return CLI_USAGE;
  cli_sink_begin(&sink);
  for (size_t i = 0; kl_table_at(i); i++) {
    if (whole)
      print_table(&sink, kl_table_at(i));
    else if (!one || one == kl_table_at(i))
      print_columns(&sink, kl_table_at(i));
  }
  cli_sink_end(&sink, cli);
  return cli_output_end(&out);
}

const struct cli_command cli_tables_command = {
    .name = "tables",
    .arguments = "[TABLE]",
    .doc = "list the tables, or the columns of one",
    .about = "In the formats for programs every column of every table is listed.",
    .examples = "tables\ntables tasks\ntables --format json",
    .options = 1u << CLI_OPTION_FORMAT | 1u << CLI_OPTION_COLUMNS,
    .max_arguments = 1,
    .run = run,
};
