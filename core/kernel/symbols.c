// Symbols: one interface over the tables that have them.
#include "kernel/symbols.h"

#include "base/checked.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernel/symbol_table.h"

// No function or object of a kernel is this large: an address further away
// from the symbol below it belongs to no symbol.
static const uint64_t MAX_DISTANCE = 64ull << 20;

enum kl_status kl_symbols_none(struct kl_arena *arena, struct kl_symbols **ret) {
  return KL_TAKE(arena, 1, ret);
}

enum kl_status kl_symbols_from_kallsyms(struct kl_arena *arena, struct kl_kallsyms *kallsyms,
                                        const struct kl_limits *limits, struct kl_symbols **ret) {
  struct kl_symbols *symbols;
  KL_TRY(KL_TAKE(arena, 1, &symbols));
  symbols->count = kallsyms->count;
  symbols->kallsyms = kallsyms;
  if (!kl_narrow(limits->symbol_name_bytes, &symbols->name_bytes))
    return KL_ERR_ARGUMENT;
  KL_TRY(KL_TAKE(arena, limits->symbol_name_bytes, &symbols->name));
  *ret = symbols;
  return KL_OK;
}

enum kl_status kl_symbols_share(struct kl_arena *arena, const struct kl_symbols *symbols, struct kl_symbols **ret) {
  struct kl_symbols *own;
  KL_TRY(KL_TAKE(arena, 1, &own));
  *own = *symbols;
  own->next = UINT64_MAX;
  if (symbols->name_bytes)
    KL_TRY(KL_TAKE(arena, symbols->name_bytes, &own->name));
  *ret = own;
  return KL_OK;
}

uint64_t kl_symbols_count(const struct kl_symbols *symbols) {
  return symbols->count;
}

// Moves the cursor to symbol i.
static enum kl_status seek(struct kl_symbols *symbols, uint64_t i) {
  if (i != symbols->next || i % KL_KALLSYMS_BLOCK == 0)
    KL_TRY(kl_kallsyms_name_offset(symbols->kallsyms, i, &symbols->next_offset));
  symbols->next = i;
  return KL_OK;
}

// The tokens of symbol i; the cursor then stands behind it.
static enum kl_status take_tokens(struct kl_symbols *symbols, uint64_t i, struct kl_bytes *tokens) {
  KL_TRY(seek(symbols, i));
  enum kl_status status = kl_kallsyms_name(symbols->kallsyms, symbols->next_offset, tokens, &symbols->next_offset);
  symbols->next = status == KL_OK ? i + 1 : UINT64_MAX;
  return status;
}

static enum kl_status expand(struct kl_symbols *symbols, struct kl_bytes tokens, struct kl_symbol *ret) {
  size_t n = kl_kallsyms_expand(symbols->kallsyms, tokens, symbols->name, symbols->name_bytes);
  if (!n)
    return KL_ERR_MALFORMED;
  ret->type = (char)symbols->name[0];
  ret->name = kl_bytes_of(symbols->name + 1, n - 1);
  return KL_OK;
}

enum kl_status kl_symbols_at(struct kl_symbols *symbols, uint64_t i, struct kl_symbol *ret) {
  if (i >= symbols->count)
    return KL_ERR_NOT_FOUND;
  if (!symbols->kallsyms)
    return kl_map_at(symbols, i, ret);
  struct kl_bytes tokens;
  KL_TRY(take_tokens(symbols, i, &tokens));
  KL_TRY(expand(symbols, tokens, ret));
  return kl_kallsyms_address(symbols->kallsyms, i, &ret->address);
}

// ── By name ────────────────────────────────────────────────────────────────

// Whether a symbol whose first token is this text can have this name.
static bool may_begin(struct kl_bytes token, const char *name, size_t n) {
  return token.n && token.n - 1 <= n && (token.n == 1 || memcmp(token.p + 1, name, token.n - 1) == 0);
}

static bool bytes_same(struct kl_bytes a, const char *name, size_t n) {
  return a.n == n && (!n || memcmp(a.p, name, n) == 0);
}

// Characters of a name, its type letter included.
static size_t length_of(const struct kl_kallsyms *k, struct kl_bytes tokens) {
  size_t n = 0;
  for (size_t i = 0; i < tokens.n; i++)
    n += k->token_at[tokens.p[i] + 1] - k->token_at[tokens.p[i]] - 1u;
  return n;
}

enum kl_status kl_symbols_find(struct kl_symbols *symbols, struct kl_bytes name, struct kl_symbol *ret) {
  bool begins[KL_KALLSYMS_TOKENS];
  const char *text = (const char *)name.p;
  for (unsigned t = 0; symbols->kallsyms && t < KL_KALLSYMS_TOKENS; t++)
    begins[t] = may_begin(kl_kallsyms_token(symbols->kallsyms, (uint8_t)t), text, name.n);
  for (uint64_t i = 0; i < symbols->count; i++) {
    struct kl_bytes tokens;
    if (!symbols->kallsyms) {
      if (kl_map_at(symbols, i, ret) == KL_OK && bytes_same(ret->name, text, name.n))
        return KL_OK;
    } else if (take_tokens(symbols, i, &tokens) == KL_OK && begins[tokens.p[0]] &&
               length_of(symbols->kallsyms, tokens) == name.n + 1 && expand(symbols, tokens, ret) == KL_OK &&
               bytes_same(ret->name, text, name.n)) {
      return kl_kallsyms_address(symbols->kallsyms, i, &ret->address);
    }
  }
  return KL_ERR_NOT_FOUND;
}

// The names of KL_SYMBOL_LIST, as a hash table with room to spare.
struct name {
  const char *text;
  size_t n;
};
static const struct name names[] = {
#define KL_NAME(symbol, need) {#symbol, sizeof #symbol - 1},
    KL_SYMBOL_LIST(KL_NAME)
#undef KL_NAME
};
enum { SLOT_BITS = 11, SLOTS = 1 << SLOT_BITS };
_Static_assert(KL_SYMBOL_COUNT < SLOTS / 2, "the hash table must stay sparse");

// A polynomial: the hash of a name is made of those of its tokens, without
// expanding it. h(ab) = h(a) * BASE^|b| + h(b), modulo 2^32.
static const uint32_t BASE = 0x01000193;

static uint32_t name_hash(struct kl_bytes name) {
  uint32_t h = 0;
  for (size_t i = 0; i < name.n; i++)
    h = h * BASE + name.p[i];
  return h;
}

static uint32_t slot_of(uint32_t hash) {
  return (hash ^ hash >> 13) * 0x9e3779b1u >> (32 - SLOT_BITS);
}

enum kl_status kl_wanted_open(struct kl_arena *arena, struct kl_wanted *ret) {
  uint16_t *slots;
  KL_TRY(KL_TAKE(arena, SLOTS, &slots));
  for (size_t i = 0; i < KL_SYMBOL_COUNT; i++) {
    uint32_t slot = slot_of(name_hash(kl_bytes_of(names[i].text, names[i].n)));
    while (slots[slot])
      slot = (slot + 1) % SLOTS;
    slots[slot] = (uint16_t)(i + 1);
  }
  ret->slots = slots;
  return KL_OK;
}

bool kl_wanted_find(const struct kl_wanted *wanted, struct kl_bytes name, enum kl_symbol_id *ret) {
  for (uint32_t slot = slot_of(name_hash(name)); wanted->slots[slot]; slot = (slot + 1) % SLOTS) {
    size_t i = wanted->slots[slot] - 1u;
    *ret = (enum kl_symbol_id)i;
    if (bytes_same(name, names[i].text, names[i].n))
      return true;
  }
  return false;
}

const char *kl_wanted_name(enum kl_symbol_id id) {
  return names[id].text;
}

// What the tokens add to a name's hash.
struct token_hashes {
  struct {
    uint32_t hash, power; // of the text; BASE to its length
    uint32_t tail;        // hash without the first character, which is the type
  } of[KL_KALLSYMS_TOKENS];
};

static void hash_tokens(const struct kl_kallsyms *kallsyms, struct token_hashes *h) {
  for (unsigned t = 0; t < KL_KALLSYMS_TOKENS; t++) {
    struct kl_bytes text = kl_kallsyms_token(kallsyms, (uint8_t)t), type;
    h->of[t].hash = name_hash(text);
    h->of[t].power = 1;
    for (size_t i = 0; i < text.n; i++)
      h->of[t].power *= BASE;
    (void)kl_bytes_take(&text, 1, &type);
    h->of[t].tail = name_hash(text);
  }
}

static bool may_be_wanted(const struct kl_wanted *wanted, const struct token_hashes *h, struct kl_bytes tokens) {
  uint32_t hash = h->of[tokens.p[0]].tail;
  for (size_t i = 1; i < tokens.n; i++)
    hash = hash * h->of[tokens.p[i]].power + h->of[tokens.p[i]].hash;
  return wanted->slots[slot_of(hash)] != 0;
}

static void note_known(const struct kl_wanted *wanted, struct kl_kernel *k, const struct kl_symbol *symbol) {
  enum kl_symbol_id id;
  if (!kl_wanted_find(wanted, symbol->name, &id) || k->known[id].present)
    return;
  k->known[id].present = true;
  k->known[id].address = symbol->address;
}

enum kl_status kl_symbols_known(struct kl_symbols *symbols, const struct kl_wanted *wanted, struct kl_kernel *k) {
  size_t mark = kl_arena_mark(k->arena);
  struct token_hashes *hashes;
  KL_TRY(KL_TAKE(k->arena, 1, &hashes));
  if (symbols->kallsyms)
    hash_tokens(symbols->kallsyms, hashes);
  for (uint64_t i = 0; i < symbols->count; i++) {
    struct kl_symbol symbol;
    struct kl_bytes tokens;
    if (!symbols->kallsyms) {
      if (kl_map_at(symbols, i, &symbol) == KL_OK)
        note_known(wanted, k, &symbol);
    } else if (take_tokens(symbols, i, &tokens) == KL_OK && may_be_wanted(wanted, hashes, tokens) &&
               expand(symbols, tokens, &symbol) == KL_OK &&
               kl_kallsyms_address(symbols->kallsyms, i, &symbol.address) == KL_OK) {
      note_known(wanted, k, &symbol);
    }
  }
  kl_arena_rewind(k->arena, mark);
  return KL_OK;
}

// ── By address ─────────────────────────────────────────────────────────────

enum kl_status kl_symbols_address(const struct kl_symbols *symbols, uint64_t i, uint64_t *ret) {
  if (i >= symbols->count)
    return KL_ERR_NOT_FOUND;
  if (symbols->kallsyms)
    return kl_kallsyms_address(symbols->kallsyms, i, ret);
  struct kl_symbol symbol;
  KL_TRY(kl_map_at(symbols, i, &symbol));
  *ret = symbol.address;
  return KL_OK;
}

// The symbols whose addresses lie in one page are lost together: the first and
// the last of those with symbol i, one at least.
static void lost_with(const struct kl_symbols *symbols, uint64_t i, uint64_t *first, uint64_t *last) {
  enum { PAGE = 4096, EACH = 4 };
  *first = *last = i;
  if (!symbols->kallsyms)
    return;
  uint64_t start = symbols->kallsyms->offsets.phys, at = start + EACH * i; // may lie across two pages
  uint64_t page = at & ~(PAGE - 1ull), last_page = (at + EACH - 1) & ~(PAGE - 1ull);
  *first = last_page > start ? kl_min(i, (last_page - start + EACH - 1) / EACH) : 0;
  *last = kl_max(i, (page + PAGE - start) / EACH - 1);
}

// The address of the first symbol from i on, below end, that can be read.
static bool address_from(const struct kl_symbols *symbols, uint64_t i, uint64_t end, uint64_t *address) {
  for (uint64_t first; i < end; i++) {
    if (kl_symbols_address(symbols, i, address) == KL_OK)
      return true;
    lost_with(symbols, i, &first, &i);
  }
  return false;
}

// The last symbol below end whose address can be read. False: there is none.
static bool last_before(const struct kl_symbols *symbols, uint64_t end, uint64_t *i, uint64_t *address) {
  for (uint64_t last; end; lost_with(symbols, end - 1, &end, &last)) {
    *i = end - 1;
    if (kl_symbols_address(symbols, *i, address) == KL_OK)
      return true;
  }
  return false;
}

// How many symbols lie below bound (lost ones count with those before them).
static uint64_t lower_bound(const struct kl_symbols *symbols, uint64_t bound) {
  uint64_t low = 0, high = symbols->count;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2, address;
    if (address_from(symbols, middle, high, &address) && address < bound)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void kl_symbols_between(const struct kl_symbols *symbols, uint64_t min, uint64_t max, uint64_t *first,
                        uint64_t *end) {
  uint64_t i, address;
  *first = lower_bound(symbols, min);
  *end = max == UINT64_MAX ? symbols->count : lower_bound(symbols, max + 1);
  *first = last_before(symbols, *first, &i, &address) ? i + 1 : 0;
}

enum kl_status kl_symbols_next_address(const struct kl_symbols *symbols, uint64_t address, uint64_t *ret) {
  if (address == UINT64_MAX)
    return KL_ERR_NOT_FOUND;
  return address_from(symbols, lower_bound(symbols, address + 1), symbols->count, ret) ? KL_OK : KL_ERR_NOT_FOUND;
}

enum kl_status kl_symbols_by_address(struct kl_symbols *symbols, uint64_t address, struct kl_symbol *ret,
                                     uint64_t *offset) {
  uint64_t end = address == UINT64_MAX ? symbols->count : lower_bound(symbols, address + 1);
  uint64_t i, at;
  if (!last_before(symbols, end, &i, &at) || at > address || address - at > MAX_DISTANCE)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_symbols_at(symbols, lower_bound(symbols, at), ret)); // the first of several names
  *offset = address - at;
  return KL_OK;
}
