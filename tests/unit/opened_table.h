// A table read from a guest made by hand.
#ifndef KL_TEST_OPENED_TABLE_H
#define KL_TEST_OPENED_TABLE_H

#include "guest.h"

#include "kernel/dump.h"
#include "kernlens/table.h"

struct opened {
  struct guest g;
  struct kl_dump dump;
  struct kl_diagnostic diagnostics[64];
  void *memory;
  struct kl_cursor *cursor;
  const struct kl_cell *cells;
  const struct kl_table *table;
};

// Where the kernel's objects seem to lie: guest-physical addresses from 0 on.
static inline uint64_t VA(uint64_t phys) {
  return phys + GUEST_DIRECT_MAP;
}

static inline void opened_init(struct opened *o) {
  memset(o, 0, sizeof *o);
  guest_open(&o->g, 0, 0x40000);
  guest_map(&o->g);
  guest_field(&o->g, KL_F_list_head_next, 0, 8);
  guest_field(&o->g, KL_F_list_head_prev, 8, 8);
  guest_field(&o->g, KL_F_hlist_head_first, 0, 8);
  guest_field(&o->g, KL_F_hlist_node_next, 0, 8);
  guest_field(&o->g, KL_F_hlist_nulls_head_first, 0, 8);
  guest_field(&o->g, KL_F_hlist_nulls_node_next, 0, 8);
  o->dump.options = kl_dump_options_default();
  o->dump.options.limits = kl_limits_default();
  o->dump.diagnostics = (struct kl_diagnostics){.items = o->diagnostics, .capacity = 64};
  o->dump.image = o->g.image;
  o->dump.kernel = &o->g.kernel;
  o->g.kernel.diagnostics = &o->dump.diagnostics;
}
static inline void opened_close(struct opened *o) {
  free(o->memory);
  guest_close(&o->g);
}

static inline void opened_symbol(struct opened *o, enum kl_symbol_id symbol, uint64_t address) {
  o->g.kernel.known[symbol].present = true;
  o->g.kernel.known[symbol].address = address;
}
static inline void opened_type(struct opened *o, enum kl_type_id type, uint64_t bytes) {
  o->g.kernel.types[type].present = true;
  o->g.kernel.types[type].bytes = bytes;
}
// Links n list_heads, the first of which is the head, into a ring.
static inline void opened_ring(struct opened *o, size_t n, const uint64_t *nodes) {
  for (size_t i = 0; i < n; i++) {
    guest_put64(&o->g, nodes[i], VA(nodes[(i + 1) % n]));
    guest_put64(&o->g, nodes[i] + 8, VA(nodes[(i + n - 1) % n]));
  }
}

static inline enum kl_status opened_try(struct opened *o, const char *name, uint64_t steps) {
  free(o->memory);
  o->dump.diagnostics.used = 0;
  o->table = kl_table_find(name);
  assert_non_null(o->table);
  size_t bytes = (kl_cursor_bytes(o->table) + 15) & ~(size_t)15;
  o->memory = aligned_alloc(16, bytes);
  assert_non_null(o->memory);
  struct kl_query query = {.table = o->table, .columns = UINT64_MAX, .steps = steps};
  return kl_cursor_open(&o->dump, &query, o->memory, bytes, &o->cursor);
}
static inline void opened_open(struct opened *o, const char *name) {
  assert_int_equal(opened_try(o, name, 1u << 20), KL_OK);
}
static inline bool opened_next(struct opened *o) {
  return kl_cursor_next(o->cursor, &o->cells) == KL_OK;
}
static inline const struct kl_cell *opened_cell(const struct opened *o, const char *column) {
  int i = kl_table_column(o->table, column);
  assert_true(i >= 0);
  return &o->cells[i];
}
static inline void expect_text(const struct opened *o, const char *column, const char *wanted) {
  const struct kl_cell *cell = opened_cell(o, column);
  assert_int_equal(cell->kind, KL_CELL_TEXT);
  if (cell->n != strlen(wanted) || memcmp(cell->data, wanted, cell->n) != 0)
    fail_msg("%s is %.*s, not %s", column, (int)cell->n, (const char *)cell->data, wanted);
}
static inline void expect_number(const struct opened *o, const char *column, uint64_t wanted) {
  const struct kl_cell *cell = opened_cell(o, column);
  assert_true(cell->kind != KL_CELL_NULL && cell->kind != KL_CELL_UNREADABLE);
  assert_int_equal(cell->u64, wanted);
}
static inline void expect_null(const struct opened *o, const char *column) {
  assert_int_equal(opened_cell(o, column)->kind, KL_CELL_NULL);
}
static inline void expect_unreadable(const struct opened *o, const char *column, enum kl_status why) {
  assert_int_equal(opened_cell(o, column)->kind, KL_CELL_UNREADABLE);
  assert_int_equal(opened_cell(o, column)->why, why);
}
static inline void expect_end(struct opened *o, bool partial) {
  assert_int_equal(kl_cursor_next(o->cursor, &o->cells), KL_END);
  assert_int_equal(kl_cursor_partial(o->cursor), partial);
}
static inline bool was_told(const struct opened *o, enum kl_status why) {
  for (size_t i = 0; i < o->dump.diagnostics.used; i++)
    if (o->diagnostics[i].reason == why)
      return true;
  return false;
}
// Reads all rows, whatever ends them: how many.
static inline size_t opened_count(struct opened *o) {
  size_t n = 0;
  while (opened_next(o))
    n++;
  return n;
}

#endif
