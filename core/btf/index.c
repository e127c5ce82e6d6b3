// Opening a BTF, and finding types by name.
#include "base/checked.h"
#include "base/memory.h"
#include "btf/internal.h"

// From the last type to the first, so that each bucket lists ascending ids. Types
// that are not found by name come into a bucket of their own behind the others:
// where types are in no order a branch is guessed wrong for every third.
static void build_index(struct kl_btf *btf, uint32_t buckets) {
  uint32_t *heads = btf->heads, *next = btf->next, shift = btf->hash_shift, first = btf->first_id;
  for (uint32_t i = btf->count - first; i-- > 0;) {
    uint32_t hash = next[i];
    uint32_t *head = &heads[hash ? hash >> shift : buckets];
    next[i] = *head;
    *head = first + i;
  }
}

static enum kl_status cut_sections(struct kl_btf *btf, struct kl_bytes data, const struct kl_limits *limits,
                                   const uint8_t **bad) {
  struct kl_btf_header h;
  uint32_t bad_field;
  if (!data.p)
    return KL_ERR_MALFORMED;
  bool parsed = kl_btf_header_parse(data, &h, &bad_field);
  *bad = data.p + bad_field;
  if (!parsed)
    return KL_ERR_MALFORMED;
  if (h.total > limits->btf_bytes)
    return KL_ERR_LIMIT;
  if (!kl_bytes_slice(data, (uint64_t)h.header_bytes + h.types.offset, h.types.bytes, &btf->types) ||
      !kl_bytes_slice(data, (uint64_t)h.header_bytes + h.strings.offset, h.strings.bytes, &btf->strings) ||
      !kl_bytes_slice(data, (uint64_t)h.header_bytes + h.layout.offset, h.layout.bytes, &btf->layout)) {
    *bad = data.p + data.n;
    return KL_ERR_MALFORMED;
  }
  *bad = data.p + 12;
  if (!btf->base && !btf->types.n)
    return KL_ERR_MALFORMED;
  btf->bytes = h.total;
  return KL_OK;
}

static bool check_strings(const struct kl_btf *btf, const uint8_t **bad) {
  struct kl_bytes strings = btf->strings;
  *bad = strings.p;
  if (!btf->base && (!strings.n || strings.p[0]))
    return false;
  if (strings.n)
    *bad = strings.p + strings.n - 1;
  return !strings.n || !strings.p[strings.n - 1];
}

// Fills btf->offsets, btf->next (with hashes) and btf->count. What it takes of the
// arena behind the offsets is for the caller to give back.
static enum kl_status validate(struct kl_btf *btf, struct kl_arena *arena, const struct kl_limits *limits,
                               const uint8_t **bad) {
  struct kl_btf_check c = {.btf = btf,
                           .depth = (uint32_t)kl_min(limits->btf_depth, KL_BTF_DEPTH),
                           .old_enums = !btf->base || btf->base->old_enums};
  uint8_t *suspect;
  if (btf->string_start > UINT32_MAX - btf->strings.n || btf->first_id > limits->btf_types)
    return KL_ERR_LIMIT;
  // How many types there are shows at the end. The smallest has 12 bytes, so that
  // only the limit makes the room too small.
  uint32_t room = (uint32_t)kl_min(btf->types.n / KL_BTF_TYPE_BYTES, limits->btf_types - btf->first_id);
  KL_TRY(kl_arena_take(arena, room, sizeof *btf->offsets, _Alignof(uint32_t), &btf->offsets));
  KL_TRY(kl_arena_take(arena, (uint64_t)room + 1, sizeof *c.notes, _Alignof(struct kl_btf_note), &c.notes));
  enum kl_status status = kl_btf_check_heads(&c, room);
  *bad = c.at;
  KL_TRY(status);
  btf->count = btf->first_id + c.n;
  KL_TRY(kl_arena_take(arena, c.n, sizeof *btf->next, _Alignof(uint32_t), &btf->next));
  KL_TRY(kl_arena_take(arena, c.n, sizeof *c.order, _Alignof(uint32_t), &c.order));
  KL_TRY(KL_TAKE(arena, (btf->strings.n >> KL_BTF_CHUNK_SHIFT) + 1, &suspect));
  kl_btf_mark_suspects(btf->strings, suspect);
  c.suspect = suspect;
  kl_btf_sort_by_kind(&c);
  bool ok = kl_btf_check_links(&c) && kl_btf_check_types(&c) && kl_btf_check_nests(&c);
  *bad = c.at;
  btf->old_enums = c.old_enums;
  return ok ? KL_OK : KL_ERR_MALFORMED;
}

// Cuts the tables to the types that there are, and adds the buckets: a power of
// two, about one a type.
static enum kl_status settle(struct kl_btf *btf, struct kl_arena *arena, size_t mark, uint32_t *buckets) {
  uint32_t n = btf->count - btf->first_id, bits = 4;
  const uint32_t *next = btf->next;
  kl_arena_rewind(arena, mark);
  KL_TRY(kl_arena_take(arena, n, sizeof *btf->offsets, _Alignof(uint32_t), &btf->offsets)); // the same place
  KL_TRY(kl_arena_take(arena, n, sizeof *btf->next, _Alignof(uint32_t), &btf->next));
  if (n)
    memmove(btf->next, next, n * sizeof *next);
  while (bits < 31 && (1u << bits) < n)
    bits++;
  btf->hash_shift = 32 - bits;
  *buckets = 1u << bits;
  return KL_TAKE(arena, *buckets + 1, &btf->heads);
}

static enum kl_status build(struct kl_btf *btf, struct kl_arena *arena, struct kl_bytes data,
                            const struct kl_limits *limits, const uint8_t **bad) {
  KL_TRY(cut_sections(btf, data, limits, bad));
  if (!check_strings(btf, bad))
    return KL_ERR_MALFORMED;
  size_t mark = kl_arena_mark(arena);
  KL_TRY(validate(btf, arena, limits, bad));
  uint32_t buckets;
  KL_TRY(settle(btf, arena, mark, &buckets));
  build_index(btf, buckets);
  return KL_OK;
}

enum kl_status kl_btf_open(struct kl_arena *arena, struct kl_bytes data, const struct kl_btf *base,
                           const struct kl_limits *limits, struct kl_btf **ret, uint64_t *bad_offset) {
  size_t mark = kl_arena_mark(arena);
  const uint8_t *bad = data.p;
  struct kl_btf *btf;
  KL_TRY(KL_TAKE(arena, 1, &btf));
  btf->base = base;
  btf->first_id = base ? base->count : 1;
  btf->string_start = base ? base->string_start + (uint32_t)base->strings.n : 0;
  btf->name_cap = (uint32_t)kl_min(limits->symbol_name_bytes, UINT32_MAX / 2);
  btf->steps = limits->btf_steps;
  enum kl_status status = build(btf, arena, data, limits, &bad);
  if (status == KL_OK) {
    *ret = btf;
    return KL_OK;
  }
  kl_arena_rewind(arena, mark);
  if (bad_offset)
    *bad_offset = data.p && bad >= data.p && bad <= data.p + data.n ? (uint64_t)(bad - data.p) : 0;
  return status;
}

static bool is_it(const struct kl_btf *btf, enum kl_btf_kind kind, struct kl_bytes name, uint32_t id) {
  const uint8_t *p = btf->types.p + btf->offsets[id - btf->first_id];
  return kl_btf_kind_of(kl_le32(p + 4)) == kind && kl_btf_string_is(btf, kl_le32(p), name);
}

// Of the types of this BTF alone; previous is one of them, or 0.
static uint32_t find_own(const struct kl_btf *btf, enum kl_btf_kind kind, struct kl_bytes name, uint32_t previous) {
  uint32_t id;
  if (kind == KL_BTF_FUNC) { // not in the index: see kl_btf_find
    for (id = previous ? previous + 1 : btf->first_id; id < btf->count && !is_it(btf, kind, name, id);)
      id++;
    return id < btf->count ? id : 0;
  }
  id = previous ? btf->next[previous - btf->first_id] : btf->heads[kl_btf_hash(name) >> btf->hash_shift];
  while (id && !is_it(btf, kind, name, id))
    id = btf->next[id - btf->first_id];
  return id;
}

uint32_t kl_btf_find(const struct kl_btf *btf, enum kl_btf_kind kind, struct kl_bytes name, uint32_t previous) {
  if (previous >= btf->count)
    return 0;
  for (; btf; btf = btf->base) {
    if (previous && previous < btf->first_id)
      continue;
    uint32_t id = find_own(btf, kind, name, previous);
    if (id)
      return id;
    previous = 0;
  }
  return 0;
}

uint32_t kl_btf_find_struct(const struct kl_btf *btf, const char *name) {
  struct kl_bytes n = kl_btf_c_string(name);
  uint32_t id = kl_btf_find(btf, KL_BTF_STRUCT, n, 0);
  if (!id)
    id = kl_btf_find(btf, KL_BTF_UNION, n, 0);
  if (id)
    return id;
  uint64_t steps = btf->steps;
  while (steps-- && (id = kl_btf_find(btf, KL_BTF_TYPEDEF, n, id))) {
    uint32_t below = kl_btf_strip(btf, id);
    if (kl_btf_is_composite(kl_btf_kind(btf, below)))
      return below;
  }
  return 0;
}

bool kl_btf_find_enum(const struct kl_btf *btf, const char *enum_name, const char *value_name, int64_t *ret) {
  struct kl_bytes enum_bytes = kl_btf_c_string(enum_name), value_bytes = kl_btf_c_string(value_name);
  const enum kl_btf_kind kinds[] = {KL_BTF_ENUM, KL_BTF_ENUM64, KL_BTF_TYPEDEF};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    uint32_t id = 0;
    while ((id = kl_btf_find(btf, kinds[k], enum_bytes, id))) {
      struct kl_btf_type t;
      kl_btf_type(btf, kl_btf_strip(btf, id), &t);
      if (!kl_btf_is_enum(t.kind))
        continue;
      size_t each = kl_btf_shapes[t.kind].each;
      for (uint32_t i = 0; i < t.vlen; i++) {
        if (!kl_btf_string_is(btf, kl_le32(t.extra + i * each), value_bytes))
          continue;
        struct kl_btf_value value;
        kl_btf_enum_value(btf, &t, i, &value);
        *ret = value.value;
        return true;
      }
    }
  }
  return false;
}
