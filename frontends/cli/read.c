// kernlens read DUMP ADDRESS BYTES
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "format.h"
#include "place.h"

enum { ROW = 16, PIECE = 1024 }; // a piece lies in one page
enum { ADDRESS, BYTES, TEXT, COLUMNS };

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "of the first byte of the row"},
    [BYTES] = {"bytes", KL_CELL_BYTES, 0, "none where the memory can't be read"},
    [TEXT] = {"text", KL_CELL_TEXT, 0, "the printable ones, others as dots"},
};

struct reading {
  struct cli_session *session;
  struct cli_place place;
  uint64_t asked, left;
  struct cli_output *out;
  struct cli_sink *sink;
  enum kl_status lost; // first reason
  uint64_t lost_at, lost_bytes;
  bool in_gap;
};

static void as_text(const uint8_t *p, size_t n, char *ret) {
  for (size_t i = 0; i < n; i++)
    ret[i] = (char)(p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '.');
}

// The classic form: address, two groups of eight, text.
static void dump_row(struct reading *r, uint64_t address, const uint8_t *p, size_t n) {
  struct kl_text *t = &r->out->text;
  char text[ROW];
  as_text(p, n, text);
  kl_text_hex(t, address, 16);
  for (size_t i = 0; i < ROW; i++) {
    kl_text_string(t, i % 8 ? " " : "  ");
    if (i < n)
      kl_text_hex(t, p[i], 2);
    else
      kl_text_string(t, "  ");
  }
  kl_text_string(t, "  |");
  kl_text_put(t, text, n);
  kl_text_string(t, "|\n");
}

static void dump_gap(struct reading *r, uint64_t address, enum kl_status why) {
  if (r->in_gap)
    return;
  cli_style_begin(r->out, CLI_WARNING);
  kl_text_hex(&r->out->text, address, 16);
  kl_text_string(&r->out->text, "  ??  ");
  kl_text_string(&r->out->text, kl_status_text(why));
  cli_style_end(r->out, CLI_WARNING);
  kl_text_char(&r->out->text, '\n');
}

static bool put_row(struct reading *r, uint64_t address, const uint8_t *p, size_t n, enum kl_status why) {
  char text[ROW];
  struct kl_cell cells[COLUMNS] = {
      {.kind = KL_CELL_ADDRESS, .u64 = address}, {.kind = KL_CELL_UNREADABLE, .why = why}, {.kind = KL_CELL_NULL}};
  if (why == KL_OK) {
    as_text(p, n, text);
    cells[BYTES] = (struct kl_cell){.kind = KL_CELL_BYTES, .data = p, .n = n};
    cells[TEXT] = (struct kl_cell){.kind = KL_CELL_TEXT, .data = (const uint8_t *)text, .n = n};
  } else {
    r->lost_at = r->lost == KL_OK ? address : r->lost_at;
    r->lost = r->lost == KL_OK ? why : r->lost;
    r->lost_bytes += n;
  }
  if (r->sink->format != CLI_TABLE)
    return cli_sink_row(r->sink, cells);
  if (why == KL_OK)
    dump_row(r, address, p, n);
  else
    dump_gap(r, address, why);
  r->in_gap = why != KL_OK;
  return cli_output_row(r->out);
}

// Rows of one piece.
static bool put_piece(struct reading *r, uint64_t address, const uint8_t *p, size_t n, enum kl_status why) {
  for (size_t i = 0; i < n;) {
    size_t row = ROW - (address + i) % ROW;
    row = row < n - i ? row : n - i;
    if (!put_row(r, address + i, p + i, row, why))
      return false;
    i += row;
  }
  return true;
}

// The next piece, up to where one ends.
static enum kl_status next_piece(struct reading *r, uint64_t *address, uint8_t *piece, size_t *n) {
  *address = r->place.place.address;
  *n = PIECE - *address % PIECE;
  if (*n > r->left)
    *n = (size_t)r->left;
  r->left -= *n;
  r->place.place.address += *n;
  return kl_memory_read(r->place.memory, *address, piece, *n);
}

static int say_lost(const struct reading *r) {
  if (r->lost_bytes == r->asked) {
    cli_complain("%s: nothing to read at 0x%" PRIx64 ": %s", r->session->cli->dump, r->lost_at,
                 kl_status_text(r->lost));
    return CLI_FAILED;
  }
  if (!r->session->cli->quiet)
    cli_complain("in part: %" PRIu64 " bytes missing, first at 0x%" PRIx64 ": %s", r->lost_bytes, r->lost_at,
                 kl_status_text(r->lost));
  return CLI_PARTIAL;
}

static int print_rows(struct reading *r) {
  uint8_t piece[PIECE];
  bool more = true;
  if (r->sink->format != CLI_TABLE)
    cli_sink_begin(r->sink);
  while (r->left && more && !cli_cancelled()) {
    uint64_t address;
    size_t n;
    enum kl_status status = next_piece(r, &address, piece, &n);
    more = put_piece(r, address, piece, n, status);
  }
  if (r->sink->format != CLI_TABLE)
    cli_sink_end(r->sink, r->session->cli);
  int code = cli_output_end(r->out);
  if (cli_cancelled())
    return CLI_CANCELLED;
  return code == CLI_ANSWERED && r->lost != KL_OK ? say_lost(r) : code;
}

// Bytes as they are: a gap ends the answer, since nothing may stand in for it.
static int print_raw(struct reading *r) {
  uint8_t piece[PIECE];
  enum kl_status status = KL_OK;
  uint64_t address = 0, written = 0;
  size_t n = 0;
  while (r->left && r->out->text.failed == KL_OK && !cli_cancelled()) {
    status = next_piece(r, &address, piece, &n);
    if (status != KL_OK)
      break;
    kl_text_put(&r->out->text, (const char *)piece, n);
    written += n;
  }
  int code = cli_output_end(r->out);
  if (cli_cancelled())
    return CLI_CANCELLED;
  if (status == KL_OK || code != CLI_ANSWERED)
    return code;
  cli_complain("%s: stopped before 0x%" PRIx64 ": %s; without --raw gaps are shown", r->session->cli->dump, address,
               kl_status_text(status));
  return written ? CLI_PARTIAL : CLI_FAILED;
}

static int answer(struct cli_session *s, void *user) {
  struct reading *r = user;
  r->session = s;
  int code = cli_place_open(s, s->cli->arguments[0], &r->place);
  if (code != CLI_ANSWERED)
    return code;
  return s->cli->raw ? print_raw(r) : print_rows(r);
}

static bool parse_bytes(const char *s, uint64_t *ret) {
  char *end;
  errno = 0;
  *ret = strtoull(s, &end, strncmp(s, "0x", 2) == 0 ? 16 : 10);
  return *s >= '0' && *s <= '9' && !errno && !*end;
}

static int run(const struct cli *cli) {
  static struct cli_output out;
  static struct cli_sink sink;
  struct reading r = {.out = &out, .sink = &sink};
  if (!parse_bytes(cli->arguments[1], &r.left))
    return cli_misuse(cli, "'%s' is no number of bytes", cli->arguments[1]);
  r.asked = r.left;
  cli_output_init(&out, cli);
  cli_sink_init(&sink, cli, &out, columns, (1ull << COLUMNS) - 1);
  if (!cli_sink_choose(&sink, cli, COLUMNS))
    return CLI_USAGE;
  if (cli->raw && out.tty)
    return cli_misuse(cli, "--raw is for a file or a pipe, not for a terminal");
  return cli_session_run(cli, cli_place_reach(cli->arguments[0]), answer, &r);
}

const struct cli_command cli_read_command = {
    .name = "read",
    .arguments = "DUMP ADDRESS BYTES",
    .doc = "print memory: bytes in hex and as text",
    .about = CLI_ADDRESS_ABOUT,
    .examples = "read DUMP linux_banner 128\nread DUMP p:0x100000 4096 --raw > page",
    .needs = CLI_NEEDS_DUMP | CLI_NEEDS_KERNEL,
    .options = 1u << CLI_OPTION_FORMAT | 1u << CLI_OPTION_COLUMNS | 1u << CLI_OPTION_PID | 1u << CLI_OPTION_RAW,
    .min_arguments = 2,
    .max_arguments = 2,
    .run = run,
};
