// What a reader is expected to say: {"tasks": [{"pid": 1, ...}, ...], ...}.
// Rows of several tables may be written in turns: each has text of its own.
#include "guest.h"

#include <inttypes.h>
#include <string.h>

static struct bytes *current(struct guest *g) {
  return &g->truth[g->truth_at].rows;
}

void truth_table(struct guest *g, const char *name) {
  for (g->truth_at = 0; g->truth_at < g->n_truth; g->truth_at++)
    if (strcmp(g->truth[g->truth_at].name, name) == 0)
      return;
  if (g->n_truth == sizeof g->truth / sizeof *g->truth)
    die("too many tables");
  g->truth[g->n_truth++].name = name;
}

void truth_row(struct guest *g) {
  bytes_string(current(g), current(g)->n ? "},\n{" : "{");
}

static struct bytes *key(struct guest *g, const char *column) {
  struct bytes *b = current(g);
  bytes_print(b, b->p[b->n - 1] == '{' ? "\"%s\":" : ",\"%s\":", column);
  return b;
}

void truth_number(struct guest *g, const char *column, uint64_t v) {
  bytes_print(key(g, column), "%" PRIu64, v);
}

void truth_bool(struct guest *g, const char *column, bool v) {
  bytes_string(key(g, column), v ? "true" : "false");
}

void truth_address(struct guest *g, const char *column, uint64_t v) {
  bytes_print(key(g, column), "\"0x%016" PRIx64 "\"", v);
}

void truth_text(struct guest *g, const char *column, const char *v) {
  struct bytes *b = key(g, column);
  bytes_string(b, "\"");
  for (; *v; v++) {
    unsigned char c = (unsigned char)*v;
    if (c == '\\') // a text cell doubles it, JSON doubles each
      bytes_string(b, "\\\\\\\\");
    else if (c == '"')
      bytes_string(b, "\\\"");
    else if (c >= 0x80) // guests here use no UTF-8, only bytes that are not
      bytes_print(b, "\\\\x%02x", c);
    else if (c < 0x20 || c == 0x7f)
      bytes_print(b, "\\u%04x", c);
    else
      bytes_put(b, v, 1);
  }
  bytes_string(b, "\"");
}

void truth_null(struct guest *g, const char *column) {
  bytes_string(key(g, column), "null");
}

void truth_write(const struct guest *g, struct bytes *ret) {
  for (size_t i = 0; i < g->n_truth; i++) {
    bytes_print(ret, "%s\"%s\":[\n", i ? ",\n" : "{", g->truth[i].name);
    bytes_put(ret, g->truth[i].rows.p, g->truth[i].rows.n);
    bytes_string(ret, g->truth[i].rows.n ? "}]" : "]");
  }
  bytes_string(ret, "}\n");
}
