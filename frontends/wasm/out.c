// The answer: one growing buffer, and how numbers and cells stand in it.
#include <stdlib.h>
#include <string.h>

#include "tables/cell.h"
#include "web.h"

static struct {
  uint8_t *p;
  size_t used, capacity;
  bool failed;
  struct kl_text text; // writes into the same
  char room[1024];
} out;

static bool reserve(size_t n) {
  enum { FIRST = 64 << 10, MOST = 96 << 20 };
  if (n <= out.capacity - out.used)
    return true;
  size_t capacity = out.capacity ? out.capacity : FIRST;
  while (capacity - out.used < n && capacity < MOST)
    capacity *= 2;
  uint8_t *p = capacity - out.used < n ? NULL : realloc(out.p, capacity);
  if (!p) {
    out.failed = true;
    return false;
  }
  out.p = p;
  out.capacity = capacity;
  return true;
}

static void append(const void *p, size_t n) {
  if (out.failed || !n || !reserve(n))
    return;
  memcpy(out.p + out.used, p, n);
  out.used += n;
}

static enum kl_status flush(void *user, const char *p, size_t n) {
  (void)user;
  append(p, n);
  return out.failed ? KL_ERR_NO_MEMORY : KL_OK;
}

struct kl_text *web_out_begin(void) {
  out.used = 0;
  out.failed = false;
  out.text = kl_text_into(out.room, sizeof out.room);
  out.text.flush = flush;
  return &out.text;
}

static void settle(void) {
  if (kl_text_flush(&out.text) != KL_OK)
    out.failed = true;
}

void web_out_bytes(const void *p, size_t n) {
  settle();
  append(p, n);
}

void web_out_u8(uint8_t v) {
  web_out_bytes(&v, sizeof v);
}

void web_out_u32(uint32_t v) {
  web_out_bytes(&v, sizeof v);
}

void web_out_u64(uint64_t v) {
  web_out_bytes(&v, sizeof v);
}

bool web_out_failed(void) {
  return out.failed;
}

size_t web_out_used(void) {
  settle();
  return out.used;
}

void web_out_patch(size_t at, const void *p, size_t n) {
  settle();
  if (!out.failed && n <= out.used && at <= out.used - n)
    memcpy(out.p + at, p, n);
}

const uint8_t *WEB_EXPORT(web_out)(void) {
  settle();
  return out.p;
}

// 0xffffffff: it did not fit.
uint32_t WEB_EXPORT(web_out_length)(void) {
  settle();
  return out.failed ? UINT32_MAX : (uint32_t)out.used;
}

void web_json_hex(const char *name, uint64_t v) {
  kl_text_char(&out.text, '"');
  kl_text_string(&out.text, name);
  kl_text_string(&out.text, "\":\"");
  kl_text_address(&out.text, v);
  kl_text_char(&out.text, '"');
}

// ── Cells ──────────────────────────────────────────────────────────────────

enum { CELL_NULL, CELL_UNREADABLE, CELL_U64, CELL_I64, CELL_FALSE, CELL_TRUE, CELL_TEXT, CELL_BYTES };

// In the public form, whose length is known when it is written.
static void put_text(const struct kl_cell *cell) {
  web_out_u8(CELL_TEXT);
  size_t at = web_out_used();
  web_out_u32(0);
  kl_text_guest(&out.text, cell->data, cell->n);
  uint32_t n = (uint32_t)(web_out_used() - at - 4);
  web_out_patch(at, &n, sizeof n);
}

void web_cell(const struct kl_cell *cell) {
  switch (cell->kind) {
  case KL_CELL_NULL:
    web_out_u8(CELL_NULL);
    return;
  case KL_CELL_UNREADABLE:
    web_out_u8(CELL_UNREADABLE);
    web_out_u8((uint8_t)cell->why);
    return;
  case KL_CELL_U64:
  case KL_CELL_ADDRESS:
    web_out_u8(CELL_U64);
    web_out_u64(cell->u64);
    return;
  case KL_CELL_BOOL:
    web_out_u8(cell->u64 ? CELL_TRUE : CELL_FALSE);
    return;
  case KL_CELL_I64:
  case KL_CELL_DURATION:
  case KL_CELL_TIME:
    web_out_u8(CELL_I64);
    web_out_u64((uint64_t)cell->i64);
    return;
  case KL_CELL_TEXT:
    put_text(cell);
    return;
  case KL_CELL_BYTES:
    web_out_u8(CELL_BYTES);
    web_out_u32((uint32_t)cell->n);
    web_out_bytes(cell->data, cell->n);
    return;
  }
}
