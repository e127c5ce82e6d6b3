// kallsyms: finding the tables around a token table.
#include "kernel/kallsyms.h"

#include "base/budget.h"
#include "base/checked.h"
#include "base/memory.h"

enum {
  // The least that counts as a kernel: a guard against arrays that look the part.
  MIN_SYMBOLS = 512,
  // Words that locating one table may look at. A real one takes under 100,000;
  // 6.2 and 6.3, where seqs_of_names is searched through, 500,000.
  MAX_WORDS = 1 << 24,
};

// What locating needs at hand; lives in the arena, its pages are large.
struct search {
  struct kl_peek peek;
  struct kl_arena *arena;
  struct kl_image *image;
  const struct kl_limits *limits;
  struct kl_budget budget; // a step is one word
  uint64_t marker_count, last_marker;
};

static enum kl_status u32_at(struct search *s, uint64_t phys, uint32_t *ret) {
  uint64_t v;
  KL_TRY(kl_budget_spend(&s->budget, 1));
  KL_TRY(kl_peek_uint(&s->peek, phys, 4, &v));
  *ret = (uint32_t)v;
  return KL_OK;
}

// ── Tokens ─────────────────────────────────────────────────────────────────

// The table begins 48 tokens before "0": every character that a symbol uses
// stands for itself.
static enum kl_status token_table_start(struct search *s, uint64_t digits, uint64_t *ret) {
  uint64_t at = digits;
  for (unsigned token = '0' + 1; token; at--) {
    const uint8_t *page;
    if (!at || digits - at > KL_KALLSYMS_TOKEN_BYTES)
      return KL_ERR_NOT_FOUND;
    KL_TRY(kl_peek_page(&s->peek, at - 1, &page));
    token -= !page[(at - 1) & (KL_PEEK_BYTES - 1)];
  }
  *ret = at + 1;
  return KL_OK;
}

static enum kl_status read_tokens(struct search *s, struct kl_kallsyms *k) {
  size_t used = 0;
  k->token_at[0] = 0;
  for (unsigned token = 0; token < KL_KALLSYMS_TOKENS;) {
    const uint8_t *page;
    uint64_t at = k->at.token_table + used;
    if (used == KL_KALLSYMS_TOKEN_BYTES)
      return KL_ERR_NOT_FOUND;
    KL_TRY(kl_peek_page(&s->peek, at, &page));
    size_t i = (size_t)(at & (KL_PEEK_BYTES - 1));
    for (; i < KL_PEEK_BYTES && used < KL_KALLSYMS_TOKEN_BYTES && token < KL_KALLSYMS_TOKENS; i++) {
      uint8_t byte = page[i];
      if (byte && (byte < ' ' || byte >= 0x7f))
        return KL_ERR_NOT_FOUND;
      k->token_text[used++] = byte;
      if (!byte)
        k->token_at[++token] = (uint16_t)used;
    }
  }
  for (unsigned c = '0'; c <= 'z'; c++) {
    struct kl_bytes text = kl_kallsyms_token(k, (uint8_t)c);
    if ((c <= '9' || c >= 'a') && (text.n != 1 || text.p[0] != c))
      return KL_ERR_NOT_FOUND;
  }
  return KL_OK;
}

// token_index says where each token begins: it follows the table, aligned to
// at most 8, and confirms it. One that can't be read is no objection.
static enum kl_status find_token_index(struct search *s, struct kl_kallsyms *k) {
  uint64_t end = k->at.token_table + k->token_at[KL_KALLSYMS_TOKENS];
  for (unsigned align = 2; align <= 8; align *= 2) {
    k->token_index = (end + align - 1) & ~(uint64_t)(align - 1);
    unsigned i = 0;
    for (uint64_t v; i < KL_KALLSYMS_TOKENS; i++) {
      enum kl_status status = kl_peek_uint(&s->peek, k->token_index + (uint64_t)2 * i, 2, &v);
      if (status != KL_OK)
        return i ? KL_OK : status == KL_ERR_ABSENT || status == KL_ERR_FILTERED ? KL_OK : status;
      if (v != k->token_at[i])
        break;
    }
    if (i == KL_KALLSYMS_TOKENS)
      return KL_OK;
  }
  return KL_ERR_NOT_FOUND;
}

// ── Markers and names ──────────────────────────────────────────────────────

// markers[i] is the offset of name 256 * i: an ascending run of words that
// begins with 0. True when one ends at end.
static bool markers_end_at(struct search *s, uint64_t end, uint64_t *start) {
  uint32_t v, before;
  uint64_t count = 1;
  if (end < 8 || u32_at(s, end - 4, &v) != KL_OK || !v)
    return false;
  s->last_marker = v;
  for (uint64_t at = end - 4; v; at -= 4, count++, v = before) {
    uint64_t most = KL_KALLSYMS_BLOCK * (s->limits->symbol_name_bytes + 2);
    if (at < 4 || count > s->limits->symbols / KL_KALLSYMS_BLOCK || u32_at(s, at - 4, &before) != KL_OK ||
        before >= v || v - before < KL_KALLSYMS_BLOCK * 2 || v - before > most)
      return false;
    *start = at - 4;
  }
  s->marker_count = count;
  return count > MIN_SYMBOLS / KL_KALLSYMS_BLOCK;
}

// Steps over n names from *at.
static bool step_names(struct search *s, uint64_t *at, uint64_t n) {
  for (; n; n--) {
    uint64_t length, high;
    if (kl_budget_spend(&s->budget, 1) != KL_OK || kl_peek_uint(&s->peek, *at, 1, &length) != KL_OK || !length)
      return false;
    *at += 1 + length;
    if (length & 0x80) {
      if (kl_peek_uint(&s->peek, *at - length, 1, &high) != KL_OK)
        return false;
      *at += 1 + (high << 7) - 0x80;
    }
  }
  return true;
}

// Names begin at start, n of them: do they fill the room before the markers?
static bool names_fit(struct search *s, uint64_t start, uint64_t n, uint64_t markers) {
  uint32_t second;
  uint64_t at = start;
  if (u32_at(s, markers + 4, &second) != KL_OK)
    return false;
  // A block with lost pages is not held against the rest.
  if (step_names(s, &at, KL_KALLSYMS_BLOCK) && at != start + second)
    return false;
  at = start + s->last_marker;
  return step_names(s, &at, n - (s->marker_count - 1) * KL_KALLSYMS_BLOCK) && at <= markers && markers - at < 8;
}

// Both searches go from high to low, over words of which most are not what is
// sought (6.2 has 500,000), and pass a lost page at once. 0: there is none.

// The next place, from at down to low, of a word in (min, max].
static uint64_t next_count(struct search *s, uint64_t at, uint64_t low, uint64_t min, uint64_t max) {
  const uint8_t *page;
  for (; at >= low && kl_budget_spend(&s->budget, 1) == KL_OK; at -= 4) {
    if (kl_peek_page(&s->peek, at, &page) != KL_OK) {
      at &= ~(uint64_t)(KL_PEEK_BYTES - 1);
      if (at < 4)
        return 0;
      continue;
    }
    uint32_t word = kl_le32(page + (at & (KL_PEEK_BYTES - 1)));
    if (word > min && word <= max)
      return at;
  }
  return 0;
}

// The next end, from end down to low, whose two words step as markers do.
static uint64_t next_markers_end(struct search *s, uint64_t end, uint64_t low) {
  uint64_t most = KL_KALLSYMS_BLOCK * (s->limits->symbol_name_bytes + 2);
  const uint8_t *page;
  for (; end >= low && kl_budget_spend(&s->budget, 1) == KL_OK; end -= 4) {
    size_t at = (size_t)(end & (KL_PEEK_BYTES - 1));
    if (at == 4) // across two pages: a closer look says
      return end;
    if (kl_peek_page(&s->peek, end - 4, &page) != KL_OK) {
      end = ((end - 4) & ~(uint64_t)(KL_PEEK_BYTES - 1)) + 4;
      continue;
    }
    const uint8_t *last = page + (at ? at : KL_PEEK_BYTES) - 4;
    uint32_t before = kl_le32(last - 4), v = kl_le32(last);
    if (before < v && v - before >= KL_KALLSYMS_BLOCK * 2 && v - before <= most)
      return end;
  }
  return 0;
}

// num_syms stands right before names: a word, padded to 8 bytes before 7.0.
static bool find_names(struct search *s, struct kl_kallsyms *k) {
  uint64_t last = s->last_marker + 2;
  if (k->markers < last + 16)
    return false;
  uint64_t high = (k->markers - last) & ~3ull;
  uint64_t most = KL_KALLSYMS_BLOCK * (s->limits->symbol_name_bytes + 2);
  uint64_t low = high > most + 16 ? high - most : 16;
  uint64_t min = (s->marker_count - 1) * KL_KALLSYMS_BLOCK, max = s->marker_count * KL_KALLSYMS_BLOCK;
  for (uint64_t at = high - 4; (at = next_count(s, at, low - 8, min, max)); at -= 4) {
    uint32_t count, padding;
    if (u32_at(s, at, &count) != KL_OK)
      continue;
    bool padded = at + 8 <= high && u32_at(s, at + 4, &padding) == KL_OK && !padding;
    k->at.num_syms = at;
    k->count = count;
    k->at.names = at + 8;
    if (padded && names_fit(s, at + 8, count, k->markers))
      return true;
    k->at.names = at + 4;
    if (names_fit(s, at + 4, count, k->markers))
      return true;
  }
  return false;
}

// In 6.2 and 6.3, and in later 6.1, seqs_of_names (3 bytes a symbol) stands
// between the markers and the token table: the markers end well before it.
static enum kl_status find_markers_and_names(struct search *s, struct kl_kallsyms *k) {
  uint64_t top = k->at.token_table & ~3ull;
  uint64_t most = 3 * s->limits->symbols + 16;
  uint64_t low = top > most ? top - most : 8;
  for (uint64_t end = top; (end = next_markers_end(s, end, low)) >= low; end -= 4) {
    if (!markers_end_at(s, end, &k->markers))
      continue;
    uint64_t between = k->at.token_table - end;
    if (between >= 8 && between / 3 < (s->marker_count - 1) * KL_KALLSYMS_BLOCK)
      continue;
    if (find_names(s, k)) {
      k->names_end = k->markers;
      return KL_OK;
    }
  }
  return KL_ERR_NOT_FOUND;
}

// VMCOREINFO names the tables. Markers, which it does not name, help over lost
// pages, if they are there.
static enum kl_status take_given_names(struct search *s, struct kl_kallsyms *k) {
  uint32_t count;
  KL_TRY(u32_at(s, k->at.num_syms, &count));
  k->count = count;
  if (k->at.names >= k->at.token_table || count < MIN_SYMBOLS || k->at.token_table - k->at.names < 2ull * count)
    return KL_ERR_NOT_FOUND;
  k->names_end = k->at.token_table;
  uint64_t low =
      kl_max(k->at.names + 2ull * count, k->at.token_table - kl_min(3ull * count + 16, k->at.token_table));
  for (uint64_t end = k->at.token_table & ~3ull; end >= low && s->budget.steps; end -= 4)
    if (markers_end_at(s, end, &k->markers) && k->markers > k->at.names &&
        s->marker_count == (count + KL_KALLSYMS_BLOCK - 1) / KL_KALLSYMS_BLOCK) {
      k->names_end = k->markers;
      return KL_OK;
    }
  k->markers = 0;
  return KL_OK;
}

// ── Offsets ────────────────────────────────────────────────────────────────

struct ascent {
  uint64_t seen;
  int64_t first, last;
};

// False when v is below the one before.
static bool ascends(struct ascent *a, int64_t v) {
  if (!a->seen)
    a->first = v;
  bool fine = !a->seen || v >= a->last;
  a->last = v;
  a->seen++;
  return fine;
}

bool kl_kallsyms_detect(const struct kl_view *offsets, uint64_t n, const uint64_t *base,
                        enum kl_kallsyms_encoding *ret) {
  struct ascent plain = {0}, percpu = {0}, place = {0};
  bool is_plain = base, is_percpu = base, is_place = !base;
  for (uint64_t i = 0; i < n && (is_plain || is_percpu || is_place); i++) {
    const uint8_t *p;
    if (kl_view_at(offsets, i * 4, 4, &p) != KL_OK)
      continue;
    uint32_t raw = kl_le32(p);
    int32_t v = (int32_t)raw;
    // Absolute values come first; all others are at or above base.
    is_percpu = is_percpu && ascends(&percpu, v >= 0 ? v - ((int64_t)1 << 32) : -1 - (int64_t)v);
    is_plain = is_plain && ascends(&plain, raw);
    is_place = is_place && ascends(&place, (int64_t)(i * 4) + v);
  }
  // Kernel addresses; and a run of one value is an empty page, not a table.
  bool in_kernel = base && *base >> 48 == 0xffff;
  if (is_plain && in_kernel && plain.last > plain.first)
    *ret = KL_KALLSYMS_UNSIGNED;
  else if (is_percpu && in_kernel && percpu.last > percpu.first && percpu.last >= 0)
    *ret = KL_KALLSYMS_ABSOLUTE_PERCPU;
  else if (is_place && place.last > place.first && place.first < 0)
    *ret = KL_KALLSYMS_PLACE;
  else
    return false;
  return true;
}

// KL_ERR_NOT_FOUND: they are not here.
static enum kl_status try_offsets(struct search *s, struct kl_kallsyms *k, uint64_t offsets,
                                  uint64_t relative_base) {
  size_t mark = kl_arena_mark(s->arena);
  uint64_t base = 0;
  if (relative_base && kl_peek_uint(&s->peek, relative_base, 8, &base) != KL_OK)
    return KL_ERR_NOT_FOUND;
  enum kl_status status = kl_view_open(s->arena, s->image, offsets, 4 * k->count, &k->offsets);
  if (status == KL_OK && kl_kallsyms_detect(&k->offsets, k->count, relative_base ? &base : NULL, &k->encoding)) {
    k->at.offsets = offsets;
    k->at.relative_base = relative_base;
    k->base = relative_base ? base : offsets;
    return KL_OK;
  }
  kl_arena_rewind(s->arena, mark);
  return status == KL_ERR_NO_MEMORY ? status : KL_ERR_NOT_FOUND;
}

static enum kl_status find_offsets(struct search *s, struct kl_kallsyms *k,
                                   const struct kl_kallsyms_places *given) {
  uint64_t bytes = (4 * k->count + 7) & ~7ull;
  if (given->offsets)
    return try_offsets(s, k, given->offsets, given->relative_base);
  uint64_t behind = k->token_index + (uint64_t)2 * KL_KALLSYMS_TOKENS;
  uint64_t behind_8 = (behind + 7) & ~7ull, behind_4 = (behind + 3) & ~3ull;
  enum kl_status status = try_offsets(s, k, behind_8, behind_8 + bytes);
  if (status == KL_ERR_NOT_FOUND)
    status = try_offsets(s, k, behind_4, 0);
  uint64_t base = k->at.num_syms - 8;
  if (status == KL_ERR_NOT_FOUND && base > bytes)
    status = try_offsets(s, k, base - bytes, base);
  return status;
}

// ── All of it ──────────────────────────────────────────────────────────────

// Where each block of names begins: by stepping, and over lost pages by the
// kernel's own markers.
static enum kl_status index_blocks(struct search *s, struct kl_kallsyms *k) {
  uint64_t n = (k->count + KL_KALLSYMS_BLOCK - 1) / KL_KALLSYMS_BLOCK;
  uint32_t *blocks;
  KL_TRY(KL_TAKE(s->arena, n, &blocks));
  k->blocks = blocks;
  uint64_t at = 0, readable = 0;
  bool known = true;
  for (uint64_t b = 0; b < n; b++) {
    uint32_t marker;
    bool marked = k->markers && u32_at(s, k->markers + 4 * b, &marker) == KL_OK;
    if (known && marked && marker != at)
      return KL_ERR_NOT_FOUND;
    if (!known && marked && marker < k->names.all.n) {
      at = marker;
      known = true;
    }
    blocks[b] = known ? (uint32_t)at : UINT32_MAX;
    uint64_t left = kl_min(k->count - b * KL_KALLSYMS_BLOCK, KL_KALLSYMS_BLOCK);
    for (; known && left; left--) {
      struct kl_bytes tokens;
      enum kl_status status = kl_kallsyms_name(k, at, &tokens, &at);
      if (status == KL_ERR_MALFORMED)
        return KL_ERR_NOT_FOUND;
      known = status == KL_OK;
      readable += known;
    }
  }
  return readable ? KL_OK : KL_ERR_NOT_FOUND;
}

static enum kl_status locate(struct search *s, uint64_t digits, const struct kl_kallsyms_places *given,
                             struct kl_kallsyms *k) {
  k->at = *given;
  if (!given->token_table)
    KL_TRY(token_table_start(s, digits, &k->at.token_table));
  KL_TRY(read_tokens(s, k));
  KL_TRY(find_token_index(s, k));
  if (given->names && given->num_syms)
    KL_TRY(take_given_names(s, k));
  else
    KL_TRY(find_markers_and_names(s, k));
  if (k->count > s->limits->symbols)
    return KL_ERR_LIMIT;
  KL_TRY(find_offsets(s, k, given));
  if (k->names_end - k->at.names >= UINT32_MAX)
    return KL_ERR_LIMIT;
  KL_TRY(kl_view_open(s->arena, s->image, k->at.names, k->names_end - k->at.names, &k->names));
  return index_blocks(s, k);
}

enum kl_status kl_kallsyms_locate(struct kl_arena *arena, struct kl_image *image, const struct kl_limits *limits,
                                  struct kl_budget *budget, uint64_t digits, const struct kl_kallsyms_places *given,
                                  struct kl_kallsyms **ret) {
  struct kl_kallsyms *k;
  struct search *s;
  KL_TRY(KL_TAKE(arena, 1, &k));
  KL_TRY(kl_arena_take(arena, 1, sizeof *s, _Alignof(struct search), &s));
  s->arena = arena;
  s->image = image;
  s->limits = limits;
  s->budget.steps = kl_min(MAX_WORDS, budget->steps);
  budget->steps -= s->budget.steps;
  kl_peek_init(&s->peek, image);
  enum kl_status status = locate(s, digits, given, k);
  budget->steps += s->budget.steps;
  if (status == KL_OK)
    *ret = k;
  return status;
}
