// kallsyms: tables laid out as each release has laid them out, and tables that
// only look like some.
#include "memory.h"

#include <stdio.h>
#include <time.h>

#include "kernel/kallsyms.h"
#include "kernel/scan.h"
#include "kernel/symbol_table.h"

// ── Tables made by hand ────────────────────────────────────────────────────

enum { START = 0x2000000, BYTES = 96 * MEMORY_PAGE, TABLES = START + 4 * MEMORY_PAGE + 0x30 };
static const uint64_t BASE = 0xffffffff81000000, IMAGE_TO_PHYS = 0xffffffff7f000000;

// How a release writes them.
struct shape {
  const char *name;
  bool new_order, seqs_between, no_base;
  unsigned align;
  enum kl_kallsyms_encoding encoding;
};
static const struct shape shapes[] = {
    {"5.10 x86-64", false, false, false, 8, KL_KALLSYMS_ABSOLUTE_PERCPU},
    {"5.10 arm64", false, false, false, 8, KL_KALLSYMS_UNSIGNED},
    {"6.2 x86-64", false, true, false, 8, KL_KALLSYMS_ABSOLUTE_PERCPU},
    {"6.12 x86-64", true, false, false, 8, KL_KALLSYMS_ABSOLUTE_PERCPU},
    {"6.12 arm64", true, false, false, 8, KL_KALLSYMS_UNSIGNED},
    {"7.2", true, false, true, 4, KL_KALLSYMS_PLACE},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, COUNT = 1500, ABSOLUTE = 20, BIG = 700 };

static struct memory m;
static uint64_t shift; // of the tables in their pages
static struct {
  uint64_t at; // where the next table goes
  struct kl_kallsyms_places places;
  uint64_t digits, markers, seqs;
  uint32_t blocks[COUNT / 256 + 1]; // what the markers say
} made;

// The name of symbol i, type letter first. One is longer than 127 tokens.
static size_t name_of(unsigned i, char *dst) {
  if (i == BIG) {
    memset(dst, 'x', 400);
    dst[0] = 'T';
    return 400;
  }
  return (size_t)sprintf(dst, "%csym_%u", i < ABSOLUTE ? 'A' : 't', i / 2 * 2); // every name twice
}

static uint64_t address_of(const struct shape *s, unsigned i) {
  if (s->encoding == KL_KALLSYMS_ABSOLUTE_PERCPU && i < ABSOLUTE)
    return 0x1000 + 16 * i;
  return BASE + 64ull * (i / 3 * 3); // aliases
}

// "sym_" is a token of its own; characters stand for themselves.
static void put_names(void) {
  char name[512];
  uint64_t at = made.places.names;
  for (unsigned i = 0; i < COUNT; i++) {
    size_t n = name_of(i, name);
    uint8_t tokens[512];
    size_t n_tokens = 0;
    for (size_t c = 0; c < n; c++) {
      bool whole = c + 4 <= n && memcmp(name + c, "sym_", 4) == 0;
      tokens[n_tokens++] = whole ? 1 : (uint8_t)name[c];
      c += whole ? 3 : 0;
    }
    if (i % 256 == 0)
      made.blocks[i / 256] = (uint32_t)(at - made.places.names);
    if (n_tokens > 127) {
      memory_put(&m, at++, (n_tokens & 127) | 128, 1);
      memory_put(&m, at++, n_tokens >> 7, 1);
    } else {
      memory_put(&m, at++, n_tokens, 1);
    }
    memory_put_bytes(&m, at, tokens, n_tokens);
    at += n_tokens;
  }
  made.at = at;
}

static void align(unsigned to) {
  made.at = (made.at + to - 1) & ~(uint64_t)(to - 1);
}

static void put_markers(unsigned to) {
  align(to);
  made.markers = made.at;
  for (unsigned b = 0; b * 256 < COUNT; b++, made.at += 4)
    memory_put(&m, made.at, made.blocks[b], 4);
}

static void put_tokens(unsigned to) {
  uint16_t index[256];
  align(to);
  made.places.token_table = made.at;
  for (unsigned t = 0; t < 256; t++) {
    char text[8] = {(char)t};
    if (t == 1)
      strcpy(text, "sym_");
    else if (t < ' ' || t > '~')
      strcpy(text, "un"); // as left over from pairs
    if (t == '0')
      made.digits = made.at;
    index[t] = (uint16_t)(made.at - made.places.token_table);
    memory_put_bytes(&m, made.at, text, strlen(text) + 1);
    made.at += strlen(text) + 1;
  }
  align(to == 8 ? 8 : 2);
  for (unsigned t = 0; t < 256; t++, made.at += 2)
    memory_put(&m, made.at, index[t], 2);
}

static void put_offsets(const struct shape *s) {
  align(s->align);
  made.places.offsets = made.at;
  for (unsigned i = 0; i < COUNT; i++, made.at += 4) {
    uint64_t address = address_of(s, i), place = made.at + IMAGE_TO_PHYS;
    uint64_t v = s->encoding == KL_KALLSYMS_PLACE      ? address - place
                 : s->encoding == KL_KALLSYMS_UNSIGNED ? address - BASE
                 : address < BASE                      ? address
                                                       : BASE - 1 - address;
    memory_put(&m, made.at, v, 4);
  }
  if (!s->no_base) {
    align(8);
    made.places.relative_base = made.at;
    memory_put(&m, made.at, BASE, 8);
    made.at += 8;
  }
}

static void put_seqs(void) {
  made.seqs = made.at;
  for (unsigned i = 0; i < COUNT; i++, made.at += 3)
    memory_put(&m, made.at, (i * 7) % COUNT, 3);
}

static void put_tables(const struct shape *s) {
  memory_init(&m, START, BYTES);
  memset(&made, 0, sizeof made);
  made.at = TABLES + shift;
  if (!s->new_order)
    put_offsets(s);
  align(s->align);
  made.places.num_syms = made.at;
  memory_put(&m, made.at, COUNT, 4);
  made.at += s->align;
  made.places.names = made.at;
  put_names();
  put_markers(s->align);
  if (s->seqs_between) {
    align(8);
    put_seqs();
  }
  put_tokens(s->align);
  if (s->new_order) {
    put_offsets(s);
    put_seqs();
  }
}

static struct kl_budget steps;

static enum kl_status locate(const struct kl_kallsyms_places *given, struct kl_kallsyms **ret) {
  const struct kl_kallsyms_places none = {0};
  steps.steps = 1 << 25;
  return kl_kallsyms_locate(&m.arena, m.image, &m.limits, &steps, made.digits, given ? given : &none, ret);
}

static void every_symbol_is_right(const struct shape *s, struct kl_kallsyms *k, unsigned from, unsigned to) {
  struct kl_symbols *symbols;
  if (k->encoding == KL_KALLSYMS_PLACE)
    k->base = k->at.offsets + IMAGE_TO_PHYS;
  assert_int_equal(kl_symbols_from_kallsyms(&m.arena, k, &m.limits, &symbols), KL_OK);
  assert_int_equal(kl_symbols_count(symbols), COUNT);
  for (unsigned i = from; i < to; i++) {
    struct kl_symbol symbol;
    char name[512];
    size_t n = name_of(i, name);
    assert_int_equal(kl_symbols_at(symbols, i, &symbol), KL_OK);
    assert_int_equal(symbol.type, name[0]);
    assert_int_equal(symbol.name.n, n - 1);
    assert_memory_equal(symbol.name.p, name + 1, n - 1);
    assert_int_equal(symbol.address, address_of(s, i));
  }
}

// ── Found ──────────────────────────────────────────────────────────────────

static void every_shape_is_found_from_its_tokens(void **state) {
  (void)state;
  for (unsigned i = 0; i < SHAPES; i++)
    for (int lends = 0; lends < 2; lends++) {
      struct kl_kallsyms *k;
      put_tables(&shapes[i]);
      m.lends = lends;
      memory_open(&m, NULL);
      assert_int_equal(locate(NULL, &k), KL_OK);
      assert_int_equal(k->encoding, shapes[i].encoding);
      assert_int_equal(k->at.token_table, made.places.token_table);
      assert_int_equal(k->at.names, made.places.names);
      assert_int_equal(k->markers, made.markers);
      assert_int_equal(k->at.offsets, made.places.offsets);
      every_symbol_is_right(&shapes[i], k, 0, COUNT);
      memory_close(&m);
    }
}

// The searches go page by page: whatever stands at a page's border is seen.
static void tables_are_found_wherever_pages_end(void **state) {
  (void)state;
  for (unsigned i = 2; i < 4; i++)
    for (shift = 0; shift < MEMORY_PAGE; shift += 8) {
      struct kl_kallsyms *k;
      put_tables(&shapes[i]);
      memory_open(&m, NULL);
      assert_int_equal(locate(NULL, &k), KL_OK);
      assert_int_equal(k->at.names, made.places.names);
      assert_int_equal(k->at.num_syms, made.places.num_syms);
      assert_int_equal(k->markers, made.markers);
      memory_close(&m);
    }
  shift = 0;
}

static void every_shape_is_found_where_vmcoreinfo_says(void **state) {
  (void)state;
  for (unsigned i = 0; i < SHAPES; i++) {
    struct kl_kallsyms *k;
    put_tables(&shapes[i]);
    memory_open(&m, NULL);
    assert_int_equal(locate(&made.places, &k), KL_OK);
    assert_int_equal(k->markers, made.markers);
    every_symbol_is_right(&shapes[i], k, 0, COUNT);
    memory_close(&m);
  }
}

static void what_vmcoreinfo_says_must_fit(void **state) {
  (void)state;
  struct kl_kallsyms *k;
  for (unsigned i = 0; i < 5; i++) {
    put_tables(&shapes[3]);
    memory_open(&m, NULL);
    struct kl_kallsyms_places wrong = made.places;
    uint64_t *const places[] = {&wrong.token_table, &wrong.names, &wrong.num_syms, &wrong.offsets,
                                &wrong.relative_base};
    *places[i] += 12;
    assert_int_equal(locate(&wrong, &k), KL_ERR_NOT_FOUND);
    memory_close(&m);
  }
}

// ── Lost pages ─────────────────────────────────────────────────────────────

static void a_lost_page_of_names_costs_those_up_to_the_next_block(void **state) {
  (void)state;
  struct kl_kallsyms *k;
  struct kl_symbols *symbols;
  put_tables(&shapes[3]);
  uint64_t page = (made.places.names + 4096) & ~4095ull;
  const uint64_t absent[] = {page, UINT64_MAX};
  memory_open(&m, absent);
  assert_int_equal(locate(NULL, &k), KL_OK);
  assert_int_equal(kl_symbols_from_kallsyms(&m.arena, k, &m.limits, &symbols), KL_OK);
  unsigned lost = 0, regained = 0;
  for (unsigned i = 0; i < COUNT; i++) {
    struct kl_symbol symbol;
    enum kl_status status = kl_symbols_at(symbols, i, &symbol);
    if (status != KL_OK) {
      assert_int_equal(status, KL_ERR_ABSENT);
      lost++;
      continue;
    }
    char name[512];
    size_t n = name_of(i, name);
    assert_memory_equal(symbol.name.p, name + 1, n - 1);
    assert_int_equal(symbol.address, address_of(&shapes[3], i));
    if (lost && !regained)
      regained = i;
  }
  assert_true(lost > 4096 / 12 && lost < 4096 / 8 + 256 && regained);
  assert_int_equal(regained % 256, 0);
  memory_close(&m);
}

static void a_lost_page_of_addresses_costs_its_symbols(void **state) {
  (void)state;
  struct kl_kallsyms *k;
  struct kl_symbols *symbols;
  struct kl_symbol symbol;
  uint64_t offset;
  put_tables(&shapes[4]);
  uint64_t page = (made.places.offsets + 4095) & ~4095ull;
  const uint64_t absent[] = {page, UINT64_MAX};
  memory_open(&m, absent);
  assert_int_equal(locate(NULL, &k), KL_OK);
  assert_int_equal(kl_symbols_from_kallsyms(&m.arena, k, &m.limits, &symbols), KL_OK);
  unsigned first = (unsigned)(page - made.places.offsets) / 4;
  assert_int_equal(kl_symbols_at(symbols, first - 1, &symbol), KL_OK);
  assert_int_equal(kl_symbols_at(symbols, first, &symbol), KL_ERR_ABSENT);
  assert_int_equal(kl_symbols_at(symbols, first + 1024, &symbol), KL_OK);
  // Those around are still found by address.
  assert_int_equal(kl_symbols_by_address(symbols, address_of(&shapes[4], COUNT - 1), &symbol, &offset), KL_OK);
  assert_int_equal(offset, 0);
  assert_int_equal(kl_symbols_by_address(symbols, BASE + 64, &symbol, &offset), KL_OK);
  assert_int_equal(offset, 64);
  memory_close(&m);
}

static void a_lost_page_between_markers_and_tokens_costs_nothing(void **state) {
  (void)state;
  struct kl_kallsyms *k;
  put_tables(&shapes[2]); // to see where they lie
  memory_open(&m, NULL);
  memory_close(&m);
  shift = MEMORY_PAGE - made.seqs % MEMORY_PAGE;
  put_tables(&shapes[2]);
  assert_int_equal(made.seqs % MEMORY_PAGE, 0);
  const uint64_t absent[] = {made.seqs, UINT64_MAX};
  memory_open(&m, absent);
  assert_int_equal(locate(NULL, &k), KL_OK);
  assert_int_equal(k->markers, made.markers);
  every_symbol_is_right(&shapes[2], k, 0, COUNT);
  memory_close(&m);
  shift = 0;
}

static void without_the_index_of_tokens_the_table_alone_will_do(void **state) {
  (void)state;
  for (unsigned i = 0; i < SHAPES; i++) {
    // The tables end so that the index begins a page.
    struct kl_kallsyms *k;
    put_tables(&shapes[i]);
    uint64_t index = (made.places.token_table + 256 * 3 + 4095) & ~4095ull;
    const uint64_t absent[] = {index, UINT64_MAX};
    memory_open(&m, absent);
    if (locate(&made.places, &k) == KL_OK)
      every_symbol_is_right(&shapes[i], k, 0, 200);
    memory_close(&m);
  }
}

// ── Not found ──────────────────────────────────────────────────────────────

static void tables_with_one_wrong_number_are_none(void **state) {
  (void)state;
  for (unsigned i = 0; i < SHAPES; i++) {
    struct kl_kallsyms *k;
    put_tables(&shapes[i]);
    struct kl_kallsyms_places at = made.places;
    memory_close(&m);
    const struct {
      uint64_t phys, v;
      size_t n;
    } wrong[] = {
        {at.token_table + 300, 0, 1},          // a token split in two: all after it move
        {made.markers + 4, 0xffffff, 4},       // markers that fall
        {made.markers + 4, 600, 4},            // a marker that no name begins at
        {at.num_syms, COUNT + 256, 4},         // more names than there are
        {at.num_syms, 0, 4},                   // none
        {at.offsets + 4 * 700, 0x80000000, 4}, // addresses that fall
        {at.relative_base, 0x1000, 8},         // no kernel address
    };
    for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
      if (!wrong[w].phys)
        continue;
      put_tables(&shapes[i]);
      memory_put(&m, wrong[w].phys, wrong[w].v, wrong[w].n);
      memory_open(&m, NULL);
      if (locate(NULL, &k) == KL_OK) {
        print_message("%s: wrong number %zu was taken\n", shapes[i].name, w);
        fail();
      }
      memory_close(&m);
    }
  }
}

// However little is left, it is never said that there are no symbols.
static void a_small_workspace_is_told(void **state) {
  (void)state;
  for (unsigned i = 0; i < SHAPES; i++) {
    struct kl_kallsyms *k;
    put_tables(&shapes[i]);
    memory_open(&m, NULL);
    size_t used = m.arena.used, short_of = 0, size = m.arena.size;
    enum kl_status status = KL_ERR_NO_MEMORY;
    for (m.arena.size = used; status != KL_OK && m.arena.size < size; m.arena.size += 128) {
      kl_arena_rewind(&m.arena, used);
      status = locate(NULL, &k);
      assert_true(status == KL_OK || status == KL_ERR_NO_MEMORY);
      short_of += status != KL_OK;
    }
    assert_int_equal(status, KL_OK);
    assert_true(short_of > 1);
    memory_close(&m);
  }
}

static void memory_cut_anywhere_is_no_harm(void **state) {
  (void)state;
  for (unsigned i = 0; i < SHAPES; i++)
    for (uint64_t page = START + 4 * MEMORY_PAGE; page < START + 16 * MEMORY_PAGE; page += MEMORY_PAGE) {
      struct kl_kallsyms *k;
      struct kl_symbols *symbols;
      put_tables(&shapes[i]);
      const uint64_t absent[] = {page, page + MEMORY_PAGE, UINT64_MAX};
      memory_open(&m, absent);
      if (locate(NULL, &k) == KL_OK && kl_symbols_from_kallsyms(&m.arena, k, &m.limits, &symbols) == KL_OK)
        for (unsigned n = 0; n < COUNT; n++) {
          struct kl_symbol symbol;
          char name[512];
          size_t length = name_of(n, name);
          if (kl_symbols_at(symbols, n, &symbol) == KL_OK) {
            assert_int_equal(symbol.name.n, length - 1);
            assert_memory_equal(symbol.name.p, name + 1, length - 1);
          }
        }
      memory_close(&m);
    }
}

static void caps_hold_at_and_past_them(void **state) {
  (void)state;
  struct kl_kallsyms *k;
  put_tables(&shapes[3]);
  m.limits.symbols = COUNT;
  memory_open(&m, NULL);
  assert_int_equal(locate(&made.places, &k), KL_OK);
  m.limits.symbols = COUNT - 1;
  assert_int_equal(locate(&made.places, &k), KL_ERR_LIMIT);
  memory_close(&m);

  struct kl_symbols *symbols;
  struct kl_symbol symbol;
  put_tables(&shapes[3]);
  m.limits.symbol_name_bytes = 400; // of the long name, its type included
  memory_open(&m, NULL);
  assert_int_equal(locate(NULL, &k), KL_OK);
  assert_int_equal(kl_symbols_from_kallsyms(&m.arena, k, &m.limits, &symbols), KL_OK);
  assert_int_equal(kl_symbols_at(symbols, BIG, &symbol), KL_OK);
  symbols->name_bytes = 399;
  assert_int_equal(kl_symbols_at(symbols, BIG, &symbol), KL_ERR_MALFORMED);
  assert_int_equal(kl_symbols_at(symbols, BIG + 1, &symbol), KL_OK);
  memory_close(&m);
}

// An ascending run of words that never ends, and no names behind it.
static void words_that_are_looked_at_are_steps(void **state) {
  (void)state;
  const struct kl_kallsyms_places none = {0};
  for (unsigned i = 0; i < SHAPES; i++) {
    struct kl_kallsyms *k;
    put_tables(&shapes[i]);
    memory_open(&m, NULL);
    struct kl_budget budget = {1 << 25};
    assert_int_equal(kl_kallsyms_locate(&m.arena, m.image, &m.limits, &budget, made.digits, &none, &k), KL_OK);
    uint64_t spent = (1 << 25) - budget.steps;
    assert_true(spent > COUNT / 256 && spent < COUNT * 64);
    budget.steps = spent / 2;
    assert_int_equal(kl_kallsyms_locate(&m.arena, m.image, &m.limits, &budget, made.digits, &none, &k),
                     KL_ERR_NOT_FOUND);
    assert_int_equal(budget.steps, 0);
    memory_close(&m);
  }
}

static void endless_markers_end(void **state) {
  (void)state;
  struct kl_kallsyms *k;
  put_tables(&shapes[3]);
  for (uint64_t at = START; at < made.markers; at += 4)
    memory_put(&m, at, (at - START) / 4 * 512, 4);
  memory_open(&m, NULL);
  assert_int_not_equal(locate(NULL, &k), KL_OK);
  memory_close(&m);
}

// ── Asking ─────────────────────────────────────────────────────────────────

static struct kl_symbols *open_symbols(const struct shape *s) {
  struct kl_kallsyms *k;
  struct kl_symbols *symbols;
  put_tables(s);
  memory_open(&m, NULL);
  assert_int_equal(locate(NULL, &k), KL_OK);
  if (k->encoding == KL_KALLSYMS_PLACE)
    k->base = k->at.offsets + IMAGE_TO_PHYS;
  assert_int_equal(kl_symbols_from_kallsyms(&m.arena, k, &m.limits, &symbols), KL_OK);
  return symbols;
}

static void names_that_are_not_unique_give_the_first(void **state) {
  (void)state;
  struct kl_symbols *symbols = open_symbols(&shapes[3]);
  struct kl_symbol symbol;
  assert_int_equal(kl_symbols_find(symbols, kl_bytes_of("sym_1000", 8), &symbol), KL_OK);
  assert_int_equal(symbol.address, address_of(&shapes[3], 1000));
  assert_int_equal(kl_symbols_find(symbols, kl_bytes_of("sym_1001", 8), &symbol), KL_ERR_NOT_FOUND);
  assert_int_equal(kl_symbols_find(symbols, kl_bytes_of("sym_", 4), &symbol), KL_ERR_NOT_FOUND);
  assert_int_equal(kl_symbols_find(symbols, kl_bytes_of("", 0), &symbol), KL_ERR_NOT_FOUND);
  memory_close(&m);
}

static void an_address_gives_the_first_of_its_names(void **state) {
  (void)state;
  for (unsigned s = 0; s < SHAPES; s++) {
    struct kl_symbols *symbols = open_symbols(&shapes[s]);
    struct kl_symbol symbol;
    uint64_t offset;
    for (unsigned i = 30; i < COUNT; i += 7) {
      uint64_t address = address_of(&shapes[s], i);
      assert_int_equal(kl_symbols_by_address(symbols, address + 5, &symbol, &offset), KL_OK);
      assert_int_equal(offset, 5);
      assert_int_equal(symbol.address, address);
      char name[512];
      size_t n = name_of(i / 3 * 3, name); // aliases come in threes
      assert_int_equal(symbol.name.n, n - 1);
      assert_memory_equal(symbol.name.p, name + 1, n - 1);
    }
    assert_int_equal(kl_symbols_by_address(symbols, 0, &symbol, &offset), KL_ERR_NOT_FOUND);
    assert_int_equal(kl_symbols_by_address(symbols, UINT64_MAX, &symbol, &offset), KL_ERR_NOT_FOUND);
    assert_int_equal(kl_symbols_by_address(symbols, BASE - 1, &symbol, &offset), KL_ERR_NOT_FOUND);
    assert_int_equal(kl_symbols_by_address(symbols, BASE + (1ull << 32), &symbol, &offset), KL_ERR_NOT_FOUND);
    memory_close(&m);
  }
}

static void any_order_of_asking_gives_the_same(void **state) {
  (void)state;
  struct kl_symbols *symbols = open_symbols(&shapes[5]);
  uint32_t at = 1;
  for (int n = 0; n < 3000; n++) {
    struct kl_symbol symbol;
    char name[512];
    at = at * 1664525 + 1013904223;
    unsigned i = (at >> 8) % COUNT;
    size_t length = name_of(i, name);
    assert_int_equal(kl_symbols_at(symbols, i, &symbol), KL_OK);
    assert_int_equal(symbol.name.n, length - 1);
    assert_memory_equal(symbol.name.p, name + 1, length - 1);
    assert_int_equal(symbol.address, address_of(&shapes[5], i));
  }
  struct kl_symbol symbol;
  assert_int_equal(kl_symbols_at(symbols, COUNT, &symbol), KL_ERR_NOT_FOUND);
  assert_int_equal(kl_symbols_at(symbols, UINT64_MAX, &symbol), KL_ERR_NOT_FOUND);
  memory_close(&m);
}

// ── Encodings ──────────────────────────────────────────────────────────────

static bool detect(const uint32_t *offsets, size_t n, const uint64_t *base, enum kl_kallsyms_encoding *ret) {
  uint8_t bytes[64];
  struct kl_view view;
  for (size_t i = 0; i < n; i++)
    memory_le(bytes + 4 * i, offsets[i], 4);
  kl_view_of(kl_bytes_of(bytes, 4 * n), &view);
  return kl_kallsyms_detect(&view, n, base, ret);
}

static void an_encoding_is_told_by_what_ascends(void **state) {
  (void)state;
  enum kl_kallsyms_encoding e;
  const uint64_t base = 0xffff800010000000, low = 0x1000;
  assert_true(detect((uint32_t[]){0, 0, 16, 0x90000000}, 4, &base, &e)); // beyond 2 GiB
  assert_int_equal(e, KL_KALLSYMS_UNSIGNED);
  assert_true(detect((uint32_t[]){0, 0x20, -1u, -1u, -17u}, 5, &base, &e));
  assert_int_equal(e, KL_KALLSYMS_ABSOLUTE_PERCPU);
  assert_true(detect((uint32_t[]){-1u, -17u, -33u}, 3, &base, &e)); // no absolute ones
  assert_int_equal(e, KL_KALLSYMS_ABSOLUTE_PERCPU);
  assert_true(detect((uint32_t[]){-100u, -104u, -50u, 3}, 4, NULL, &e)); // the second is an alias
  assert_int_equal(e, KL_KALLSYMS_PLACE);
  assert_false(detect((uint32_t[]){0, 32, 16}, 3, &base, &e));
  assert_false(detect((uint32_t[]){0, 0, 0}, 3, &base, &e)); // an empty page
  assert_false(detect((uint32_t[]){0, 16, 32}, 3, &low, &e));
  assert_false(detect((uint32_t[]){0, 16, 32}, 3, NULL, &e)); // nothing stands before the table
  assert_false(detect(NULL, 0, &base, &e));
}

// A million addresses of which all pages but the first and the last are lost: a
// look-up steps over pages, forwards and backwards.
static void lost_pages_of_addresses_are_stepped_over(void **state) {
  (void)state;
  enum { SYMBOLS = 1 << 20, PAGES = SYMBOLS / 1024 + 1, ASKED = 3000, UNALIGNED = 2 };
  uint8_t *bytes = calloc(SYMBOLS, 4), *pages = malloc(PAGES);
  assert_non_null(bytes);
  assert_non_null(pages);
  memset(pages, KL_ERR_ABSENT, PAGES);
  pages[0] = pages[PAGES - 2] = pages[PAGES - 1] = KL_OK;
  for (uint32_t i = 0; i < SYMBOLS; i++)
    memcpy(bytes + 4 * (size_t)i, &i, 4); // little-endian, as every machine here
  static struct kl_kallsyms k;
  for (unsigned phys = 0; phys <= UNALIGNED; phys += UNALIGNED) {
    k = (struct kl_kallsyms){
        .count = SYMBOLS,
        .encoding = KL_KALLSYMS_UNSIGNED,
        .base = BASE,
        .offsets = {.phys = phys, .all = kl_bytes_of(bytes, 4 * (size_t)SYMBOLS), .pages = pages}};
    struct kl_symbols symbols = {.count = SYMBOLS, .kallsyms = &k};
    uint64_t address, first, end;
    clock_t began = clock();
    for (unsigned i = 0; i < ASKED; i++) {
      assert_int_equal(kl_symbols_next_address(&symbols, BASE + 5000 + i, &address), KL_OK);
      assert_int_equal(address, BASE + SYMBOLS - 1024);
      assert_true(clock() - began < 20 * CLOCKS_PER_SEC); // it would take minutes
      kl_symbols_between(&symbols, BASE + 5000 + i, BASE + 5000 + i, &first, &end);
      assert_int_equal(first, 1024 - (phys != 0)); // lost ones might belong
    }
  }
  free(bytes);
  free(pages);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_shape_is_found_from_its_tokens),
      cmocka_unit_test(tables_are_found_wherever_pages_end),
      cmocka_unit_test(every_shape_is_found_where_vmcoreinfo_says),
      cmocka_unit_test(what_vmcoreinfo_says_must_fit),
      cmocka_unit_test(a_small_workspace_is_told),
      cmocka_unit_test(a_lost_page_of_names_costs_those_up_to_the_next_block),
      cmocka_unit_test(a_lost_page_of_addresses_costs_its_symbols),
      cmocka_unit_test(a_lost_page_between_markers_and_tokens_costs_nothing),
      cmocka_unit_test(without_the_index_of_tokens_the_table_alone_will_do),
      cmocka_unit_test(tables_with_one_wrong_number_are_none),
      cmocka_unit_test(memory_cut_anywhere_is_no_harm),
      cmocka_unit_test(caps_hold_at_and_past_them),
      cmocka_unit_test(words_that_are_looked_at_are_steps),
      cmocka_unit_test(endless_markers_end),
      cmocka_unit_test(names_that_are_not_unique_give_the_first),
      cmocka_unit_test(an_address_gives_the_first_of_its_names),
      cmocka_unit_test(any_order_of_asking_gives_the_same),
      cmocka_unit_test(an_encoding_is_told_by_what_ascends),
      cmocka_unit_test(lost_pages_of_addresses_are_stepped_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
