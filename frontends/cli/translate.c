// kernlens translate DUMP ADDRESS
#include <string.h>

#include "commands.h"
#include "format.h"
#include "place.h"

enum {
  ADDRESS,
  SYMBOL,
  STATE,
  PHYSICAL,
  PAGE_BYTES,
  LEVEL,
  ENTRY,
  WRITABLE,
  EXECUTABLE,
  USER,
  DIRTY,
  ACCESSED,
  SWAP_TYPE,
  SWAP_OFFSET,
  PAGE_TABLE_ROOT,
  IN_DUMP,
  FILE_OFFSET,
  COLUMNS
};

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "what was asked"},
    [SYMBOL] = {"symbol", KL_CELL_TEXT, 0, "the kernel symbol it lies in"},
    [STATE] = {"state", KL_CELL_TEXT, 0, "present, none, prot_none, swap, migration, other"},
    [PHYSICAL] = {"physical", KL_CELL_ADDRESS, 0, "guest-physical"},
    [PAGE_BYTES] = {"page_bytes", KL_CELL_U64, 0, "how much the entry maps"},
    [LEVEL] = {"level", KL_CELL_U64, 0, "of the table that the entry is in; 0 is the last"},
    [ENTRY] = {"entry", KL_CELL_ADDRESS, 0, "the entry as it lies in memory"},
    [WRITABLE] = {"writable", KL_CELL_BOOL, 0, ""},
    [EXECUTABLE] = {"executable", KL_CELL_BOOL, 0, ""},
    [USER] = {"user", KL_CELL_BOOL, 0, "user mode may use it"},
    [DIRTY] = {"dirty", KL_CELL_BOOL, 0, ""},
    [ACCESSED] = {"accessed", KL_CELL_BOOL, 0, ""},
    [SWAP_TYPE] = {"swap_type", KL_CELL_U64, 0, "which swap area"},
    [SWAP_OFFSET] = {"swap_offset", KL_CELL_U64, 0, "page in it"},
    [PAGE_TABLE_ROOT] = {"page_table_root", KL_CELL_ADDRESS, 0, "of the tables that were walked"},
    [IN_DUMP] = {"in_dump", KL_CELL_TEXT, 0, "file, zero, filtered, absent"},
    [FILE_OFFSET] = {"file_offset", KL_CELL_U64, 0, "where the dump has it"},
};

static void number(struct kl_cell *cells, uint32_t column, uint64_t v) {
  cells[column] = (struct kl_cell){.kind = columns[column].kind, .u64 = v};
}

static void text(struct kl_cell *cells, uint32_t column, const char *p, size_t n) {
  if (n)
    cells[column] = (struct kl_cell){.kind = KL_CELL_TEXT, .data = (const uint8_t *)p, .n = n};
}

static void fill_walk(struct kl_cell *cells, const struct kl_translated *t) {
  number(cells, PAGE_BYTES, t->page_bytes);
  number(cells, LEVEL, t->level);
  number(cells, ENTRY, t->entry);
  number(cells, PAGE_TABLE_ROOT, t->root);
  if (t->mapped) {
    number(cells, WRITABLE, t->writable);
    number(cells, EXECUTABLE, t->executable);
    number(cells, USER, t->user);
    number(cells, DIRTY, t->dirty);
    number(cells, ACCESSED, t->accessed);
  }
  if (t->swapped) {
    number(cells, SWAP_TYPE, t->swap_type);
    number(cells, SWAP_OFFSET, t->swap_offset);
  }
}

static void fill_physical(struct kl_cell *cells, struct cli_session *s, uint64_t physical) {
  uint64_t file_offset;
  const char *state = kl_physical_state(s->dump, physical, &file_offset);
  number(cells, PHYSICAL, physical);
  text(cells, IN_DUMP, state, strlen(state));
  if (file_offset)
    number(cells, FILE_OFFSET, file_offset);
}

static int print(struct cli_session *s, struct cli_sink *sink, const struct cli_place *place,
                 const struct kl_translated *t) {
  struct kl_cell cells[COLUMNS] = {0};
  char symbol[1100];
  struct kl_text name = kl_text_into(symbol, sizeof symbol);
  if (place->place.kind == KL_PLACE_KERNEL)
    kl_symbol_print(s->dump, place->place.address, &name);
  number(cells, ADDRESS, place->place.address);
  text(cells, SYMBOL, symbol, name.used);
  text(cells, STATE, t->state, strlen(t->state));
  if (t->root)
    fill_walk(cells, t);
  if (t->mapped)
    fill_physical(cells, s, t->physical);
  cli_sink_begin(sink);
  (void)cli_sink_row(sink, cells);
  cli_sink_end(sink, s->cli);
  return cli_output_end(sink->out);
}

static int answer(struct cli_session *s, void *user) {
  const char *text = s->cli->arguments[0];
  struct cli_place place;
  struct kl_translated t;
  int code = cli_place_open(s, text, &place);
  if (code != CLI_ANSWERED)
    return code;
  enum kl_status status = kl_memory_translate(place.memory, place.place.address, &t);
  if (status == KL_OK)
    return print(s, user, &place, &t);
  cli_complain("%s: cannot translate %s: %s", s->cli->dump, text, kl_status_text(status));
  return CLI_FAILED;
}

static int run(const struct cli *cli) {
  static struct cli_output out;
  static struct cli_sink sink;
  cli_output_init(&out, cli);
  cli_sink_init(&sink, cli, &out, columns, (1ull << COLUMNS) - 1);
  if (!cli_sink_choose(&sink, cli, COLUMNS))
    return CLI_USAGE;
  sink.upright = true;
  return cli_session_run(cli, cli_place_reach(cli->arguments[0]), answer, &sink);
}

const struct cli_command cli_translate_command = {
    .name = "translate",
    .arguments = "DUMP ADDRESS",
    .doc = "walk the page tables for an address",
    .about = CLI_ADDRESS_ABOUT,
    .examples = "translate DUMP init_task\ntranslate DUMP 0x7ffd12345000 --pid 42",
    .needs = CLI_NEEDS_DUMP | CLI_NEEDS_KERNEL,
    .options = 1u << CLI_OPTION_FORMAT | 1u << CLI_OPTION_COLUMNS | 1u << CLI_OPTION_PID,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
