// Opening a BTF, and finding types by name.
#include "base/checked.h"
#include "base/memory.h"
#include "btf/internal.h"

// From the last type to the first, so that each bucket lists ascending ids. Types
// that are not found by name come into a bucket of their own behind the others:
// where types are in no order a branch is guessed wrong for every third.
static void build_index(struct kl_btf *btf, uint32_t buckets) {
  for (uint32_t i = btf->count - btf->first_id; i-- > 0;) {
    uint32_t hash = btf->next[i];
    uint32_t *head = &btf->heads[(hash >> btf->hash_shift) + (hash ? 0 : 1) * buckets];
    btf->next[i] = *head;
    *head = btf->first_id + i;
  }
}

// Nothing tells signed from unsigned: see kl_btf_enum_value.
static void detect_old_enums(struct kl_btf *btf, const struct kl_btf_scratch *scratch) {
  btf->old_enums = !btf->base || btf->base->old_enums;
  for (uint32_t i = 0; i < btf->count - btf->first_id && btf->old_enums; i++) {
    uint32_t kind = scratch->kinds[i] & KL_BTF_KIND_MASK;
    btf->old_enums = kind != KL_BTF_ENUM64 &&
                     (kind != KL_BTF_ENUM || !kl_btf_info_kflag(kl_le32(btf->types.p + btf->offsets[i] + 4)));
  }
}

static enum kl_status cut_sections(struct kl_btf *btf, struct kl_bytes data, const struct kl_limits *limits,
                                   const uint8_t **bad) {
  struct kl_btf_header h;
  uint32_t bad_field;
  bool parsed = kl_btf_header_parse(data, &h, &bad_field);
  *bad = data.p ? data.p + bad_field : 0;
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

// Takes memory for so many types, and validates. What only validation needed is
// given back; btf->offsets and btf->next stay where they are.
static enum kl_status validate(struct kl_btf *btf, struct kl_arena *arena, uint32_t room,
                               const struct kl_limits *limits, const uint8_t **bad) {
  struct kl_btf_scratch scratch;
  KL_TRY(kl_arena_take(arena, room, sizeof *btf->offsets, _Alignof(uint32_t), &btf->offsets));
  KL_TRY(kl_arena_take(arena, room, sizeof *btf->next, _Alignof(uint32_t), &btf->next));
  size_t mark = kl_arena_mark(arena);
  KL_TRY(kl_arena_take(arena, room, sizeof *scratch.words, _Alignof(uint32_t), &scratch.words));
  KL_TRY(kl_arena_take(arena, room, sizeof *scratch.kinds, _Alignof(uint16_t), &scratch.kinds));
  KL_TRY(KL_TAKE(arena, (uint64_t)room + 1, &scratch.needs));
  KL_TRY(KL_TAKE(arena, room, &scratch.heights));
  KL_TRY(kl_btf_check_types(btf, arena, room, &scratch, bad));
  KL_TRY(kl_btf_check_graph(btf, &scratch, (uint32_t)kl_min(limits->btf_depth, KL_BTF_DEPTH), bad));
  detect_old_enums(btf, &scratch);
  kl_arena_rewind(arena, mark);
  return KL_OK;
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
  // How many types there are shows at the end. The smallest has 12 bytes, so that
  // only the limit makes the room too small.
  size_t most = btf->types.n / KL_BTF_TYPE_BYTES;
  if (btf->string_start > UINT32_MAX - btf->strings.n || btf->first_id > limits->btf_types)
    return KL_ERR_LIMIT;
  uint32_t room = (uint32_t)kl_min(most, limits->btf_types - btf->first_id);
  size_t mark = kl_arena_mark(arena);
  KL_TRY(validate(btf, arena, room, limits, bad));
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

static uint32_t find_own(const struct kl_btf *btf, enum kl_btf_kind kind, struct kl_bytes name, uint32_t id) {
  for (; id; id = btf->next[id - btf->first_id]) {
    const uint8_t *p = btf->types.p + btf->offsets[id - btf->first_id];
    if (kl_btf_kind_of(kl_le32(p + 4)) == kind && kl_btf_string_is(btf, kl_le32(p), name))
      return id;
  }
  return 0;
}

uint32_t kl_btf_find(const struct kl_btf *btf, enum kl_btf_kind kind, struct kl_bytes name, uint32_t previous) {
  uint32_t hash = kl_btf_hash(name);
  if (previous >= btf->count)
    return 0;
  for (; btf; btf = btf->base) {
    if (previous && previous < btf->first_id)
      continue;
    uint32_t first = previous ? btf->next[previous - btf->first_id] : btf->heads[hash >> btf->hash_shift];
    uint32_t id = find_own(btf, kind, name, first);
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
