// kallsyms: names packed into tokens, addresses in the encodings that kernels
// have used. Sources: scripts/kallsyms.c, kernel/kallsyms.c.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "subjects.h"

enum { TOKENS = 256, MARKER_EVERY = 256 };

struct packed {
  uint8_t *p;
  size_t n;
};

struct tokens {
  struct bytes text[TOKENS];
};

static int by_address(const void *a, const void *b) {
  const struct symbol *x = a, *y = b;
  if (x->address != y->address)
    return x->address < y->address ? -1 : 1;
  return strcmp(x->name, y->name);
}

static struct packed *spell(const struct guest *g) {
  struct packed *names = take(g->n_symbols * sizeof *names);
  for (size_t i = 0; i < g->n_symbols; i++) {
    names[i].n = strlen(g->symbols[i].name) + 1;
    names[i].p = take(names[i].n);
    names[i].p[0] = (uint8_t)g->symbols[i].type;
    memcpy(names[i].p + 1, g->symbols[i].name, names[i].n - 1);
  }
  return names;
}

static void replace_pair(struct packed *names, size_t n, uint8_t a, uint8_t b, uint8_t token) {
  for (size_t i = 0; i < n; i++) {
    size_t to = 0;
    for (size_t from = 0; from < names[i].n; from++) {
      bool pair = from + 1 < names[i].n && names[i].p[from] == a && names[i].p[from + 1] == b;
      names[i].p[to++] = pair ? token : names[i].p[from];
      from += pair;
    }
    names[i].n = to;
  }
}

// The most frequent pair becomes a token, as often as there are bytes that no
// name uses.
static void pack(struct packed *names, size_t n, struct tokens *tokens) {
  bool used[TOKENS] = {false};
  for (unsigned c = '0'; c <= 'z'; c++) // every kernel uses all of them
    used[c] = c <= '9' || c >= 'a';
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < names[i].n; j++)
      used[names[i].p[j]] = true;
  for (unsigned t = 0; t < TOKENS; t++)
    if (used[t])
      bytes_number(&tokens->text[t], t, 1);
  unsigned *counts = take(TOKENS * TOKENS * sizeof *counts);
  for (unsigned t = TOKENS; t-- > 0;) {
    if (used[t])
      continue;
    memset(counts, 0, TOKENS * TOKENS * sizeof *counts);
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j + 1 < names[i].n; j++)
        counts[names[i].p[j] * TOKENS + names[i].p[j + 1]]++;
    unsigned best = 0;
    for (unsigned pair = 0; pair < TOKENS * TOKENS; pair++)
      best = counts[pair] > counts[best] ? pair : best;
    if (counts[best] < 2)
      break;
    uint8_t a = (uint8_t)(best / TOKENS), b = (uint8_t)best;
    bytes_put(&tokens->text[t], tokens->text[a].p, tokens->text[a].n);
    bytes_put(&tokens->text[t], tokens->text[b].p, tokens->text[b].n);
    replace_pair(names, n, a, b, (uint8_t)t);
  }
  free(counts);
}

struct tables {
  struct bytes names, markers, token_table, token_index, seqs;
};

static void write_names(struct guest *g, const struct packed *names, struct tables *t) {
  for (size_t i = 0; i < g->n_symbols; i++) {
    if (i % MARKER_EVERY == 0)
      bytes_number(&t->markers, t->names.n, 4);
    if (names[i].n > 0x7f) { // 6.1: 73bbb94466fd
      if (g->era < ERA_6_1 || names[i].n > 0x3fff)
        die("the name of symbol %zu is too long for this era", i);
      bytes_number(&t->names, (names[i].n & 0x7f) | 0x80, 1);
      bytes_number(&t->names, names[i].n >> 7, 1);
    } else {
      bytes_number(&t->names, names[i].n, 1);
    }
    bytes_put(&t->names, names[i].p, names[i].n);
  }
}

static void write_tokens(const struct tokens *tokens, struct tables *t) {
  for (unsigned i = 0; i < TOKENS; i++) {
    bytes_number(&t->token_index, t->token_table.n, 2);
    bytes_put(&t->token_table, tokens->text[i].p, tokens->text[i].n);
    bytes_number(&t->token_table, 0, 1);
  }
}

static struct guest *sorting;
static int by_name(const void *a, const void *b) {
  const uint32_t *x = a, *y = b;
  int order = strcmp(sorting->symbols[*x].name, sorting->symbols[*y].name);
  return order ? order : *x < *y ? -1 : 1;
}

static void write_seqs(struct guest *g, struct tables *t) {
  uint32_t *order = take(g->n_symbols * sizeof *order);
  for (size_t i = 0; i < g->n_symbols; i++)
    order[i] = (uint32_t)i;
  sorting = g;
  qsort(order, g->n_symbols, sizeof *order, by_name);
  for (size_t i = 0; i < g->n_symbols; i++)
    store_big(bytes_grow(&t->seqs, 3), order[i], 3);
}

// 7.0 dropped the padding to 8.
static uint64_t padding(const struct guest *g) {
  return g->era >= ERA_7_2 ? 4 : 8;
}

static uint64_t place(struct guest *g, const struct bytes *b) {
  uint64_t at = image_take(g, IMAGE_CONSTANT, b->n, padding(g));
  poke(g, at, b->p, b->n);
  return at;
}

static uint64_t place_number(struct guest *g, uint64_t v, size_t n) {
  uint64_t at = image_take(g, IMAGE_CONSTANT, n, n > padding(g) ? n : padding(g));
  poke_number(g, at, v, n);
  return at;
}

static void place_addresses(struct guest *g, struct kallsyms_locations *at) {
  uint64_t base = g->image_va;
  at->offsets = image_take(g, IMAGE_CONSTANT, 4 * g->n_symbols, padding(g));
  for (size_t i = 0; i < g->n_symbols; i++) {
    const struct symbol *s = &g->symbols[i];
    uint64_t here = at->offsets + 4 * i, v = s->address - base;
    if (g->o.kallsyms == KALLSYMS_ABSOLUTE_PERCPU)
      v = s->address < g->kernel_start_map ? s->address : base - 1 - s->address;
    else if (g->o.kallsyms == KALLSYMS_PLACE_RELATIVE)
      v = s->address - here;
    poke_number(g, here, v, 4);
  }
  if (g->o.kallsyms != KALLSYMS_PLACE_RELATIVE)
    at->relative_base = place_number(g, base, 8);
}

void build_kallsyms(struct guest *g, struct kallsyms_locations *at) {
  qsort(g->symbols, g->n_symbols, sizeof *g->symbols, by_address);
  struct tokens *tokens = take(sizeof *tokens);
  struct tables t = {0};
  struct packed *names = spell(g);
  pack(names, g->n_symbols, tokens);
  write_names(g, names, &t);
  write_tokens(tokens, &t);
  write_seqs(g, &t);
  *at = (struct kallsyms_locations){0};
  bool old_order = g->era < ERA_6_12; // before 6.4: 404bad70fcf7
  if (old_order)
    place_addresses(g, at);
  at->num_syms = place_number(g, g->n_symbols, 4);
  at->names = place(g, &t.names);
  at->markers = place(g, &t.markers);
  if (old_order && g->o.kallsyms_seqs)
    at->seqs = place(g, &t.seqs);
  at->token_table = place(g, &t.token_table);
  at->token_index = place(g, &t.token_index);
  if (!old_order)
    place_addresses(g, at);
  if (!old_order && g->o.kallsyms_seqs)
    at->seqs = place(g, &t.seqs);
}

void write_symbols_truth(struct guest *g) {
  truth_table(g, "symbols");
  for (size_t i = 0; i < g->n_symbols; i++) {
    truth_row(g);
    truth_address(g, "address", g->symbols[i].address);
    truth_text(g, "name", g->symbols[i].name);
    char type[2] = {g->symbols[i].type, 0};
    truth_text(g, "type", type);
    truth_null(g, "module");
  }
  for (size_t i = 0; i < g->n_module_symbols; i++) {
    const struct module_symbol *s = &g->module_symbols[i];
    truth_row(g);
    truth_address(g, "address", s->address);
    truth_text(g, "name", s->name);
    truth_text(g, "type", "t");
    truth_text(g, "module", s->module);
  }
}

void write_system_map(struct guest *g, struct bytes *ret) {
  for (size_t i = 0; i < g->n_symbols; i++)
    bytes_print(ret, "%016" PRIx64 " %c %s\n", g->symbols[i].address, g->symbols[i].type, g->symbols[i].name);
}
