// kernlens map DUMP ID|NAME
//
// Reads like `bpftool map dump`, and --format json has the shape of `bpftool -j map dump`: bytes as lists
// of hex, and next to them what BTF makes of them under "formatted".
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "output.h"
#include "rows.h"

// One map: what its row in bpf_maps says.
struct map {
  uint64_t id, key_bytes, value_bytes;
  bool typed_key, typed_value;
  const char *section; // of variables: ".data"; null: no such map
  char name[64];
};

// The columns of bpf_entries that are asked for.
enum { KEY, VALUE, CPU, KEY_TEXT, VALUE_TEXT, TARGET, ENTRY_COLUMNS };
static const char *const entry_columns[] = {"key", "value", "cpu", "key_text", "value_text", "target"};

struct dump {
  struct cli_output *out;
  struct map map;
  bool json;
  uint64_t elements;
  bool open;        // an element whose CPUs are being written
  uint8_t key[512]; // of that element
  size_t key_n;
  struct cli_room formatted; // what goes behind its values
};

// ── Which map ──────────────────────────────────────────────────────────────

// Maps that hold a section of variables are named after it, perhaps with the beginning of the object's
// name before it (libbpf).
static const char *section_of(const char *name) {
  static const char *const sections[] = {".data", ".rodata", ".bss", ".kconfig"};
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
    const char *at = strstr(name, sections[i]);
    if (at)
      return at;
  }
  return NULL;
}

enum { M_ID, M_NAME, M_TYPE, M_KEY_BYTES, M_VALUE_BYTES, M_KEY_TYPE, M_VALUE_TYPE, MAP_COLUMNS };
static const char *const map_columns[] = {"id",          "name",     "type",      "key_bytes",
                                          "value_bytes", "key_type", "value_type"};

static void take_map(struct map *map, const struct kl_cell *cells[]) {
  size_t n = cells[M_NAME]->n < sizeof map->name ? cells[M_NAME]->n : sizeof map->name - 1;
  map->id = cells[M_ID]->u64;
  map->key_bytes = cells[M_KEY_BYTES]->u64;
  map->value_bytes = cells[M_VALUE_BYTES]->u64;
  map->typed_key = cells[M_KEY_TYPE]->kind == KL_CELL_U64 && cells[M_KEY_TYPE]->u64;
  map->typed_value = cells[M_VALUE_TYPE]->kind == KL_CELL_U64 && cells[M_VALUE_TYPE]->u64;
  if (n)
    memcpy(map->name, cells[M_NAME]->data, n);
  map->name[n] = 0;
  bool array = cells[M_TYPE]->n == 5 && memcmp(cells[M_TYPE]->data, "array", 5) == 0;
  map->section = array && map->typed_value && !map->typed_key ? section_of(map->name) : NULL;
}

// A number is an id, anything else a name. Of several with one name the first is taken, and said so.
static int find_map(struct cli_session *s, struct map *ret) {
  const char *wanted = s->cli->arguments[0];
  uint64_t id;
  struct cli_rows rows;
  const struct kl_cell *cells[MAP_COLUMNS];
  struct kl_constraint by;
  bool numbered = cli_number(wanted, &id);
  cli_rows_equal(&by, "bpf_maps", numbered ? "id" : "name", id, numbered ? NULL : wanted);
  int code = cli_rows_open(&rows, s, "bpf_maps", map_columns, MAP_COLUMNS, &by, 1);
  if (code != CLI_ANSWERED)
    return code;
  size_t found = 0;
  uint64_t others[2] = {0};
  while (cli_rows_next(&rows, cells)) {
    if (!found)
      take_map(ret, cells);
    else if (found == 1)
      others[0] = cells[M_ID]->u64;
    found++;
  }
  code = cli_rows_end(&rows, CLI_ANSWERED);
  if (code == CLI_CANCELLED)
    return code;
  if (!found) {
    cli_complain("%s: no BPF map %s; see: kernlens bpf_maps %s", s->cli->dump, wanted, s->cli->dump);
    return CLI_FAILED;
  }
  if (found > 1 && !s->cli->quiet)
    cli_complain("%zu maps have this name; this is map %llu, another is %llu", found, (unsigned long long)ret->id,
                 (unsigned long long)others[0]);
  return CLI_ANSWERED;
}

// ── JSON ───────────────────────────────────────────────────────────────────

static void put_bytes(struct kl_text *t, const struct kl_cell *cell) {
  if (cell->kind == KL_CELL_UNREADABLE) {
    kl_text_string(t, "{\"error\":\"");
    kl_text_string(t, kl_status_text(cell->why));
    kl_text_string(t, "\"}");
    return;
  }
  if (cell->kind == KL_CELL_NULL) {
    kl_text_string(t, "null");
    return;
  }
  kl_text_char(t, '[');
  for (size_t i = 0; i < cell->n; i++) {
    kl_text_string(t, i ? ",\"0x" : "\"0x");
    kl_text_hex(t, cell->data[i], 2);
    kl_text_char(t, '"');
  }
  kl_text_char(t, ']');
}

static void put_text(struct kl_text *t, const struct kl_cell *cell) {
  if (cell->kind == KL_CELL_TEXT)
    kl_text_put(t, (const char *)cell->data, cell->n);
  else
    kl_text_string(t, "null");
}

// Where the members of an object of variables end: at commas that lie in no string and in nothing nested.
static size_t member_end(const char *p, size_t n) {
  size_t depth = 0;
  bool string = false;
  for (size_t i = 0; i < n; i++) {
    if (string && p[i] == '\\')
      i++;
    else if (p[i] == '"')
      string = !string;
    else if (!string && (p[i] == '{' || p[i] == '['))
      depth++;
    else if (!string && (p[i] == '}' || p[i] == ']'))
      depth--;
    else if (!string && p[i] == ',' && !depth)
      return i;
  }
  return n;
}

// {"a":1,"b":2} as bpftool shows a section: {".data":[{"a":1},{"b":2}]}.
static void put_section(struct kl_text *t, const char *section, const struct kl_cell *cell) {
  const char *p = (const char *)cell->data + 1;
  size_t n = cell->n >= 2 ? cell->n - 2 : 0;
  kl_text_char(t, '{');
  kl_text_json_string(t, (const uint8_t *)section, strlen(section));
  kl_text_string(t, ":[");
  for (bool first = true; n; first = false) {
    size_t end = member_end(p, n);
    kl_text_string(t, first ? "{" : ",{");
    kl_text_put(t, p, end);
    kl_text_char(t, '}');
    end += end < n;
    p += end;
    n -= end;
  }
  kl_text_string(t, "]}");
}

static void put_typed_value(const struct dump *d, struct kl_text *t, const struct kl_cell *cell) {
  if (d->map.section && cell->kind == KL_CELL_TEXT)
    put_section(t, d->map.section, cell);
  else
    put_text(t, cell);
}

static void put_target(struct kl_text *t, const struct kl_cell *target) {
  if (target->kind != KL_CELL_TEXT)
    return;
  kl_text_string(t, ",\"target\":");
  put_text(t, target);
}

// "key":[...], unless the type has none.
static void put_key(struct kl_text *t, const struct kl_cell *cells[]) {
  if (cells[KEY]->kind == KL_CELL_NULL)
    return;
  kl_text_string(t, "\"key\":");
  put_bytes(t, cells[KEY]);
  kl_text_char(t, ',');
}

static void put_formatted_key(const struct dump *d, struct kl_text *t, const struct kl_cell *cells[]) {
  kl_text_string(t, ",\"formatted\":{");
  if (!d->map.typed_key)
    return;
  kl_text_string(t, "\"key\":");
  put_text(t, cells[KEY_TEXT]);
  kl_text_char(t, ',');
}

static void json_single(struct dump *d, const struct kl_cell *cells[]) {
  struct kl_text *t = &d->out->text;
  kl_text_char(t, '{');
  put_key(t, cells);
  kl_text_string(t, "\"value\":");
  put_bytes(t, cells[VALUE]);
  if (d->map.typed_value && cells[VALUE_TEXT]->kind == KL_CELL_TEXT) {
    put_formatted_key(d, t, cells);
    kl_text_string(t, "\"value\":");
    put_typed_value(d, t, cells[VALUE_TEXT]);
    kl_text_char(t, '}');
  }
  put_target(t, cells[TARGET]);
  kl_text_char(t, '}');
}

static void put_cpu(struct kl_text *t, const struct kl_cell *cells[]) {
  kl_text_string(t, "{\"cpu\":");
  kl_text_decimal(t, cells[CPU]->u64);
  kl_text_string(t, ",\"value\":");
}

// The values of one element follow one another; what BTF makes of them comes behind them all.
static void json_cpu(struct dump *d, const struct kl_cell *cells[], bool first) {
  struct kl_text *t = &d->out->text, *f = &d->formatted.text;
  if (first) {
    kl_text_char(t, '{');
    put_key(t, cells);
    kl_text_string(t, "\"values\":[");
    cli_room_clear(&d->formatted);
    if (d->map.typed_value) {
      put_formatted_key(d, f, cells);
      kl_text_string(f, "\"values\":[");
    }
  } else {
    kl_text_char(t, ',');
    if (d->map.typed_value)
      kl_text_char(f, ',');
  }
  put_cpu(t, cells);
  put_bytes(t, cells[VALUE]);
  kl_text_char(t, '}');
  if (d->map.typed_value) {
    put_cpu(f, cells);
    put_typed_value(d, f, cells[VALUE_TEXT]);
    kl_text_char(f, '}');
  }
}

static void json_end_cpus(struct dump *d) {
  kl_text_char(&d->out->text, ']');
  if (d->map.typed_value) {
    if (!cli_room_copy(&d->formatted, &d->out->text))
      d->out->text.failed = KL_ERR_NO_MEMORY;
    kl_text_string(&d->out->text, "]}");
  }
  kl_text_char(&d->out->text, '}');
}

// ── Text ───────────────────────────────────────────────────────────────────

static void text_bytes(struct kl_text *t, const struct kl_cell *cell) {
  if (cell->kind == KL_CELL_UNREADABLE) {
    kl_text_char(t, '<');
    kl_text_string(t, kl_status_text(cell->why));
    kl_text_char(t, '>');
  }
  for (size_t i = 0; cell->kind == KL_CELL_BYTES && i < cell->n; i++) {
    kl_text_string(t, !i ? "" : !(i % 16) ? "\n" : !(i % 8) ? "  " : " ");
    kl_text_hex(t, cell->data[i], 2);
  }
}

// JSON, laid out for people.
static void text_json(struct kl_text *t, const struct kl_cell *cell, unsigned depth) {
  const char *p = (const char *)cell->data;
  bool string = false;
  for (size_t i = 0; i < cell->n; i++) {
    bool close = !string && (p[i] == '}' || p[i] == ']'), open = !string && (p[i] == '{' || p[i] == '[');
    bool empty = open && i + 1 < cell->n && (p[i + 1] == '}' || p[i + 1] == ']');
    if (close && !(i && (p[i - 1] == '{' || p[i - 1] == '['))) {
      kl_text_char(t, '\n');
      for (unsigned j = 0; j + 1 < depth; j++)
        kl_text_string(t, "    ");
    }
    depth -= close;
    depth += open;
    kl_text_char(t, p[i]);
    if (string && p[i] == '\\' && i + 1 < cell->n)
      kl_text_char(t, p[++i]);
    else if (p[i] == '"')
      string = !string;
    else if (!string && p[i] == ':')
      kl_text_char(t, ' ');
    else if ((!string && p[i] == ',') || (open && !empty)) {
      kl_text_char(t, '\n');
      for (unsigned j = 0; j < depth; j++)
        kl_text_string(t, "    ");
    }
  }
}

static void text_value(struct dump *d, const struct kl_cell *cells[], bool line) {
  struct kl_text *t = &d->out->text;
  if (cells[CPU]->kind == KL_CELL_U64) {
    char label[32];
    snprintf(label, sizeof label, "value (CPU %02llu):", (unsigned long long)cells[CPU]->u64);
    kl_text_string(t, label);
  } else {
    kl_text_string(t, "value:");
  }
  if (d->map.typed_value && cells[VALUE_TEXT]->kind == KL_CELL_TEXT) {
    kl_text_char(t, ' ');
    text_json(t, cells[VALUE_TEXT], 0);
  } else if (cells[VALUE]->kind != KL_CELL_NULL) {
    kl_text_char(t, line ? ' ' : '\n');
    text_bytes(t, cells[VALUE]);
  }
  if (cells[TARGET]->kind == KL_CELL_TEXT) {
    kl_text_string(t, "  ");
    put_text(t, cells[TARGET]);
  }
  kl_text_char(t, '\n');
}

static void text_row(struct dump *d, const struct kl_cell *cells[], bool first) {
  struct kl_text *t = &d->out->text;
  bool typed = d->map.typed_value, line = typed || d->map.key_bytes + d->map.value_bytes <= 24;
  if (first && cells[KEY]->kind != KL_CELL_NULL && !d->map.section) {
    kl_text_string(t, "key:");
    if (d->map.typed_key && cells[KEY_TEXT]->kind == KL_CELL_TEXT) {
      kl_text_char(t, ' ');
      text_json(t, cells[KEY_TEXT], 0);
    } else {
      kl_text_char(t, line ? ' ' : '\n');
      text_bytes(t, cells[KEY]);
    }
    kl_text_string(t, line && !typed && cells[CPU]->kind == KL_CELL_NULL ? "  " : "\n");
  }
  text_value(d, cells, line);
}

// ── All entries ────────────────────────────────────────────────────────────

static bool same_element(const struct dump *d, const struct kl_cell *cells[]) {
  return d->open && cells[KEY]->n == d->key_n && cells[CPU]->u64 &&
         (!d->key_n || memcmp(d->key, cells[KEY]->data, d->key_n) == 0);
}

static void end_element(struct dump *d) {
  if (d->open && d->json)
    json_end_cpus(d);
  d->open = false;
}

// False when the row begins an element past the limit.
static bool put_row(struct dump *d, const struct kl_cell *cells[], uint64_t limit) {
  bool per_cpu = cells[CPU]->kind == KL_CELL_U64, first = !per_cpu || !same_element(d, cells);
  if (first) {
    end_element(d);
    if (d->elements == limit)
      return false;
    if (d->json)
      kl_text_string(&d->out->text, d->elements ? ",\n" : "");
    d->elements++;
    d->key_n = cells[KEY]->n <= sizeof d->key ? cells[KEY]->n : 0;
    if (d->key_n)
      memcpy(d->key, cells[KEY]->data, d->key_n);
    d->open = per_cpu;
  }
  if (!d->json)
    text_row(d, cells, first);
  else if (per_cpu)
    json_cpu(d, cells, first);
  else
    json_single(d, cells);
  return true;
}

static int answer(struct cli_session *s, void *user) {
  struct dump *d = user;
  struct cli_rows rows;
  struct kl_constraint by;
  const struct kl_cell *cells[ENTRY_COLUMNS];
  int code = find_map(s, &d->map);
  if (code != CLI_ANSWERED)
    return code;
  cli_rows_equal(&by, "bpf_entries", "map_id", d->map.id, NULL);
  code = cli_rows_open(&rows, s, "bpf_entries", entry_columns, ENTRY_COLUMNS, &by, 1);
  if (code != CLI_ANSWERED)
    return code;
  if (d->json)
    kl_text_char(&d->out->text, '[');
  while (cli_rows_next(&rows, cells) && put_row(d, cells, s->cli->limit) && cli_output_row(d->out))
    ;
  end_element(d);
  if (d->json) {
    kl_text_string(&d->out->text, "]\n");
  } else if (!s->cli->quiet) {
    kl_text_string(&d->out->text, "Found ");
    kl_text_decimal(&d->out->text, d->elements);
    kl_text_string(&d->out->text, d->elements == 1 ? " element\n" : " elements\n");
  }
  code = cli_output_end(d->out);
  return cli_rows_end(&rows, code);
}

static int run(const struct cli *cli) {
  static struct cli_output out;
  static struct dump d;
  if (cli->format == CLI_CSV || cli->format == CLI_NDJSON)
    return cli_misuse(cli, "a map's dump is text or JSON: for rows see kernlens bpf_entries DUMP map_id=ID");
  cli_output_init(&out, cli);
  d.out = &out;
  d.json = cli->format == CLI_JSON;
  int code = cli_session_run(cli, CLI_KERNEL, answer, &d);
  cli_room_free(&d.formatted);
  return code;
}

const struct cli_command cli_map_command = {
    .name = "map",
    .arguments = "DUMP ID|NAME",
    .doc = "print what a BPF map holds, as bpftool map dump would",
    .about = "Keys and values are shown by the map's BTF, or as bytes where it has none. With --format json the "
             "answer has the shape of bpftool -j map dump. kernlens bpf_maps lists the maps; kernlens bpf_entries "
             "has the same as rows.",
    .examples = "map DUMP 3\nmap DUMP counts --format json",
    .needs = CLI_NEEDS_DUMP | CLI_NEEDS_KERNEL,
    .options = 1u << CLI_OPTION_FORMAT | 1u << CLI_OPTION_LIMIT | 1u << CLI_OPTION_STEPS,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
