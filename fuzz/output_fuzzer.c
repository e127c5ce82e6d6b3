// Rows of cells of any content on their way out (frontends/cli/format.c and
// grid.c), into a file or onto a terminal of any width: no byte acts on the
// terminal but the program's own colours; JSON is JSON, CSV is CSV, with as many
// rows and values as were given, and texts that are the guest's.
#include <locale.h>
#include <string.h>

#include "../frontends/cli/escape.h"
#include "../frontends/cli/format.h"
#include "harness.h"
#include "tables/cell.h"

enum { INPUT = 1024, OUTPUT = 1 << 22, COLUMNS = 16, ROWS = 256 };

static struct cli cli;
static struct cli_output out;
static struct cli_sink sink;
static char printed[OUTPUT];
static size_t n_printed;

static struct kl_column columns[COLUMNS];
static struct kl_cell cells[ROWS][COLUMNS];
static size_t n_columns, n_rows;

static enum kl_status take_printed(void *user, const char *p, size_t n) {
  (void)user;
  FUZZ_REQUIRE(n <= OUTPUT - n_printed);
  memcpy(printed + n_printed, p, n);
  n_printed += n;
  return KL_OK;
}

// ── The rows ───────────────────────────────────────────────────────────────

static void take_columns(struct kl_bytes *body) {
  static const char *const names[COLUMNS] = {
      "a", "pid", "name", "address", "a_rather_long_name_of_a_column", "kind", "b", "c", "d", "e", "f", "g",
      "h", "i",   "j",    "k"};
  uint8_t n = 0, kind;
  (void)kl_bytes_u8(body, &n);
  for (n_columns = 0; n_columns < n % COLUMNS + 1u; n_columns++) {
    if (!kl_bytes_u8(body, &kind))
      kind = 0;
    enum kl_cell_kind first = KL_CELL_U64;
    columns[n_columns] = (struct kl_column){.name = names[n_columns],
                                            .kind = (enum kl_cell_kind)(first + kind % (KL_CELL_TIME - first + 1)),
                                            .doc = ""};
  }
}

// The first byte: 0 null, 1 unreadable; of text and bytes it is their length
// and 2.
static bool take_cell(struct kl_bytes *body, enum kl_cell_kind kind, struct kl_cell *ret) {
  uint8_t head;
  struct kl_bytes data = {0};
  *ret = (struct kl_cell){.kind = KL_CELL_NULL};
  if (!kl_bytes_u8(body, &head))
    return false;
  if (head < 2) {
    *ret = (struct kl_cell){.kind = head ? KL_CELL_UNREADABLE : KL_CELL_NULL, .why = head ? KL_ERR_ABSENT : KL_OK};
    return true;
  }
  ret->kind = kind;
  if (kind == KL_CELL_TEXT || kind == KL_CELL_BYTES) {
    size_t n = head - 2u < body->n ? head - 2u : body->n;
    FUZZ_REQUIRE(kl_bytes_take(body, n, &data));
    ret->data = data.p;
    ret->n = n;
    return true;
  }
  if (!kl_bytes_u64(body, &ret->u64))
    ret->u64 = head;
  if (kind == KL_CELL_BOOL)
    ret->u64 &= 1;
  ret->i64 = (int64_t)ret->u64;
  return true;
}

static void take_rows(struct kl_bytes *body) {
  for (n_rows = 0; n_rows < ROWS && body->n; n_rows++)
    for (size_t i = 0; i < n_columns; i++)
      if (!take_cell(body, columns[i].kind, &cells[n_rows][i]))
        cells[n_rows][i] = (struct kl_cell){.kind = KL_CELL_NULL};
}

// ── Reading what came out ──────────────────────────────────────────────────

struct reader {
  const char *p, *end;
};

// By hand: a fuzzer listens at memcmp, which is most of what it would hear.
static bool at(struct reader *r, const char *wanted) {
  const char *p = r->p;
  for (; *wanted; wanted++, p++)
    if (p == r->end || *p != *wanted)
      return false;
  r->p = p;
  return true;
}
static void expect(struct reader *r, const char *wanted) {
  FUZZ_REQUIRE(at(r, wanted));
}

// A character that shows itself, and its bytes.
static size_t shown(const char *p, const char *end) {
  size_t length = kl_utf8_length((const uint8_t *)p, (size_t)(end - p));
  FUZZ_REQUIRE(length > 0 && !kl_text_hidden(kl_utf8_decode((const uint8_t *)p, length)));
  return length;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A JSON value of a cell's kind.
static void json_value(struct reader *r, const struct kl_cell *cell) {
  if (cell->kind == KL_CELL_NULL || cell->kind == KL_CELL_UNREADABLE) {
    expect(r, "null");
  } else if (cell->kind == KL_CELL_BOOL) {
    expect(r, cell->u64 ? "true" : "false");
  } else if (at(r, "\"")) {
    FUZZ_REQUIRE(cell->kind == KL_CELL_TEXT || cell->kind == KL_CELL_BYTES || cell->kind == KL_CELL_ADDRESS);
    while (!at(r, "\"")) {
      FUZZ_REQUIRE(r->p < r->end);
      if (*r->p != '\\') {
        r->p += shown(r->p, r->end);
        continue;
      }
      r->p++;
      FUZZ_REQUIRE(r->p < r->end && *r->p && strchr("\"\\/bfnrtu", *r->p));
      size_t digits = *r->p++ == 'u' ? 4 : 0;
      for (; digits; digits--, r->p++)
        FUZZ_REQUIRE(r->p < r->end && *r->p && strchr("0123456789abcdefABCDEF", *r->p));
    }
  } else {
    const char *begin = r->p;
    r->p += r->p < r->end && *r->p == '-';
    const char *digits = r->p;
    while (r->p < r->end && is_digit(*r->p))
      r->p++;
    FUZZ_REQUIRE(r->p > digits && (*digits != '0' || r->p == digits + 1));
    struct kl_bytes whole = kl_bytes_of(digits, (size_t)(r->p - digits));
    uint64_t v;
    FUZZ_REQUIRE(kl_parse_decimal(whole, &v));
    FUZZ_REQUIRE(cell->kind == KL_CELL_U64 ? v == cell->u64 && begin == digits
                                           : (begin == digits ? v : 0 - v) == (uint64_t)cell->i64);
  }
}

static void check_json(struct reader *r) {
  bool lines = cli.format == CLI_NDJSON;
  if (!lines)
    expect(r, "[");
  for (size_t row = 0; row < n_rows; row++) {
    if (!lines)
      expect(r, row ? ",\n " : "\n ");
    for (size_t i = 0; i < n_columns; i++) {
      expect(r, i ? ",\"" : "{\"");
      expect(r, columns[i].name);
      expect(r, "\":");
      json_value(r, &cells[row][i]);
    }
    expect(r, lines ? "}\n" : "}");
  }
  if (!lines)
    expect(r, n_rows ? "\n]\n" : "]\n");
}

// A value of CSV (RFC 4180), its quotes undone, is what it should spell.
static void csv_value(struct reader *r, const struct kl_cell *cell) {
  static char wanted[1 << 16], got[1 << 16];
  struct kl_text t = kl_text_into(wanted, sizeof wanted);
  bool is_text = cell->kind == KL_CELL_TEXT, quoted = at(r, "\"");
  if (is_text && out.tty)
    cli_escape(&t, cell->data, cell->n);
  else
    kl_cell_print(&t, cell);
  size_t n = 0;
  for (;; r->p++) {
    FUZZ_REQUIRE(r->p < r->end && n < sizeof got);
    if (quoted && at(r, "\"") && (r->p == r->end || *r->p != '"'))
      break;
    if (!quoted && (*r->p == ',' || *r->p == '\r'))
      break;
    FUZZ_REQUIRE(quoted || (*r->p != '"' && *r->p != '\n'));
    got[n++] = *r->p;
  }
  FUZZ_REQUIRE(n == t.used && (!n || memcmp(got, wanted, n) == 0));
  FUZZ_REQUIRE(quoted || n || !is_text); // empty text and null stay apart
}

static void check_csv(struct reader *r) {
  for (size_t i = 0; i < n_columns; i++) {
    expect(r, i ? "," : "");
    expect(r, columns[i].name);
  }
  expect(r, "\r\n");
  for (size_t row = 0; row < n_rows; row++) {
    for (size_t i = 0; i < n_columns; i++) {
      expect(r, i ? "," : "");
      csv_value(r, &cells[row][i]);
    }
    expect(r, "\r\n");
  }
}

// The program's own colours: one begins, then it ends.
static bool take_color(struct reader *r, bool *open) {
  if (!out.color)
    return false;
  bool begins = at(r, "\033[1m") || at(r, "\033[2m") || at(r, "\033[31m"), ends = !begins && at(r, "\033[0m");
  FUZZ_REQUIRE(!(begins && *open) && !(ends && !*open));
  *open = begins || (*open && !ends);
  return begins || ends;
}

// held: every row was there before the first was printed.
static void check_table(struct reader *r, bool held) {
  size_t lines = 0, width = 0, one;
  bool open = false;
  while (r->p < r->end) {
    if (take_color(r, &open))
      continue;
    if (at(r, "\n")) {
      FUZZ_REQUIRE(!open);
      FUZZ_REQUIRE(!(held && out.tty && sink.grid.shown > 1) || width <= out.width);
      lines++;
      width = 0;
      continue;
    }
    one = shown(r->p, r->end);
    width += cli_width(r->p, one);
    r->p += one;
  }
  FUZZ_REQUIRE(width == 0 && lines == (sink.upright ? n_rows * n_columns : n_rows + 1));
}

static void print(bool *held) {
  n_printed = 0;
  out.text = kl_text_into(out.buffer, sizeof out.buffer);
  out.text.flush = take_printed;
  cli_sink_init(&sink, &cli, &out, columns, ((uint64_t)1 << n_columns) - 1);
  sink.upright = cli.raw;
  cli_sink_begin(&sink);
  for (size_t row = 0; row < n_rows; row++)
    FUZZ_REQUIRE(cli_sink_row(&sink, cells[row]));
  *held = !sink.upright && !sink.grid.flowing;
  cli_sink_end(&sink, &cli);
  FUZZ_REQUIRE(kl_text_flush(&out.text) == KL_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static bool began;
  struct fuzz_input input;
  if (!began)
    setlocale(LC_CTYPE, "C.UTF-8"); // as main does
  began = true;
  fuzz_input_init(&input, data, n);
  uint8_t form = fuzz_option8(&input), flags = fuzz_option8(&input);
  struct kl_bytes body = {input.body.p, input.body.n < INPUT ? input.body.n : INPUT};
  cli = (struct cli){.format = (enum cli_format)(form % 4), .quiet = true, .raw = (flags & 4) != 0};
  out.tty = (flags & 1) != 0;
  out.color = (flags & 2) != 0;
  out.width = out.tty ? fuzz_option8(&input) + 1u : 0;
  take_columns(&body);
  take_rows(&body);
  bool held = false;
  print(&held);
  struct reader r = {printed, printed + n_printed};
  if (cli.format == CLI_TABLE)
    check_table(&r, held);
  else if (cli.format == CLI_CSV)
    check_csv(&r);
  else
    check_json(&r);
  FUZZ_REQUIRE(r.p == r.end);
  return 0;
}
