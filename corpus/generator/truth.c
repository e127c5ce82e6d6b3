// What a reader is expected to say: {"tasks": [{"pid": 1, ...}, ...], ...}.
#include "guest.h"

#include <inttypes.h>

// The separators follow from what was written last.
static void separate(struct guest *g) {
  uint8_t last = g->truth.n ? g->truth.p[g->truth.n - 1] : 0;
  if (last != '[' && last != '{')
    bytes_string(&g->truth, ",");
}

static void end_table(struct guest *g) {
  bytes_string(&g->truth, g->truth.p[g->truth.n - 1] == '[' ? "]" : "}]"); // no rows, or a last one
}

void truth_table(struct guest *g, const char *name) {
  if (g->truth.n) {
    end_table(g);
    bytes_string(&g->truth, ",\n");
  }
  bytes_print(&g->truth, g->truth.n ? "\"%s\":[" : "{\"%s\":[", name);
}

void truth_row(struct guest *g) {
  uint8_t last = g->truth.p[g->truth.n - 1];
  bytes_string(&g->truth, last == '[' ? "\n{" : "},\n{");
}

static void key(struct guest *g, const char *column) {
  separate(g);
  bytes_print(&g->truth, "\"%s\":", column);
}

void truth_number(struct guest *g, const char *column, uint64_t v) {
  key(g, column);
  bytes_print(&g->truth, "%" PRIu64, v);
}

void truth_signed(struct guest *g, const char *column, int64_t v) {
  key(g, column);
  bytes_print(&g->truth, "%" PRId64, v);
}

void truth_bool(struct guest *g, const char *column, bool v) {
  key(g, column);
  bytes_string(&g->truth, v ? "true" : "false");
}

void truth_address(struct guest *g, const char *column, uint64_t v) {
  key(g, column);
  bytes_print(&g->truth, "\"0x%016" PRIx64 "\"", v);
}

void truth_text(struct guest *g, const char *column, const char *v) {
  key(g, column);
  bytes_string(&g->truth, "\"");
  for (; *v; v++) {
    unsigned char c = (unsigned char)*v;
    if (c == '\\') // a text cell doubles it, JSON doubles each
      bytes_string(&g->truth, "\\\\\\\\");
    else if (c == '"')
      bytes_string(&g->truth, "\\\"");
    else if (c >= 0x80) // guests here use no UTF-8, only bytes that are not
      bytes_print(&g->truth, "\\\\x%02x", c);
    else if (c < 0x20 || c == 0x7f)
      bytes_print(&g->truth, "\\u%04x", c);
    else
      bytes_put(&g->truth, v, 1);
  }
  bytes_string(&g->truth, "\"");
}

void truth_null(struct guest *g, const char *column) {
  key(g, column);
  bytes_string(&g->truth, "null");
}

void truth_end(struct guest *g) {
  end_table(g);
  bytes_string(&g->truth, "}\n");
}
