// bpf_entries: the keys and values of every BPF map.
#include "linux/bpf_bloom.h"
#include "linux/bpf_maps.h"
#include "linux/bpf_render.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { MAP_ID, MAP, KEY, VALUE, CPU, KEY_TEXT, VALUE_TEXT, TARGET, ADDRESS, COLUMNS };

static const struct kl_column columns[] = {
    [MAP_ID] = {"map_id", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the map's id"},
    [MAP] = {"map", KL_CELL_TEXT, 0, "the map's name"},
    [KEY] = {"key", KL_CELL_BYTES, KL_COLUMN_KEY, "the key; null where the type has none"},
    [VALUE] = {"value", KL_CELL_BYTES, 0,
               "the value as the system call shows it (special fields, as timers are, as zeros); null where it "
               "shows none"},
    [CPU] = {"cpu", KL_CELL_U64, KL_COLUMN_KEY, "whose value it is, in a per-CPU map"},
    [KEY_TEXT] = {"key_text", KL_CELL_TEXT, 0,
                  "the key as JSON by the map's BTF; without BTF a number, guessed by size"},
    [VALUE_TEXT] = {"value_text", KL_CELL_TEXT, 0,
                    "the value as JSON, likewise; special fields as what they are, stack traces with symbols; of a "
                    "Bloom filter how full it is"},
    [TARGET] = {"target", KL_CELL_TEXT, 0,
                "what the entry refers to or belongs to (program, map, interface, task ...), as JSON"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_HIDDEN, "the element or slot in guest memory"},
};

// One value of a map that is shown whole, and the text of one row.
enum { VALUE_MAX = 4 << 20, TEXT_BYTES = VALUE_MAX * 4 };

struct state {
  struct kl_bpf_maps maps;
  struct kl_bpf_map map;
  struct kl_bpf_map_types types;
  struct kl_bpf_specials specials;
  struct kl_bpf_entries entries;
  struct kl_bpf_entry entry;
  bool in_map, is_bloom;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t first, last;
  if (!kl_pushed_range(c, MAP_ID, &first, &last))
    return KL_END;
  return kl_bpf_maps_open(&s->maps, c->kernel, &c->budget, first, last);
}

// Whether the constraints leave anything of this map.
static bool map_wanted(struct kl_cursor *c, const struct kl_bpf_map *map) {
  kl_put(c, MAP_ID, KL_OK, 0, map->id);
  kl_put_bytes(c, MAP, KL_OK, 0, map->name, map->name_bytes);
  return kl_keeps(c);
}

// Goes to the next map that can be walked.
static enum kl_status next_map(struct kl_cursor *c) {
  struct state *s = c->state;
  enum kl_bpf_found_by found_by;
  KL_TRY(kl_bpf_maps_next(&s->maps, &s->map, &found_by));
  s->maps.what = "map";
  s->maps.lost = s->map.address;
  if (!map_wanted(c, &s->map))
    return KL_OK;
  enum kl_status status = KL_ERR_NOT_FOUND;
  s->types = (struct kl_bpf_map_types){0};
  if (kl_wants(c, KEY_TEXT) || kl_wants(c, VALUE_TEXT))
    status = kl_bpf_map_types(c->kernel, &s->map, &s->types);
  if (status != KL_OK && status != KL_ERR_NOT_FOUND)
    kl_lost(c, "btf", s->map.btf, status);
  status = kl_bpf_specials_read(c->kernel, &s->map, &s->specials);
  if (status != KL_OK) {
    kl_lost(c, "special fields", s->map.address, status);
    s->specials.count = 0;
  }
  status = kl_bpf_entries_open(&s->entries, c->kernel, &c->budget, &s->map);
  s->is_bloom = s->map.type == KL_BPF_BLOOM_FILTER;
  if (status == KL_ERR_UNSUPPORTED && kl_bpf_map_type_name(s->map.type)[0])
    return KL_OK; // a type that keeps no entries: ring buffers and the like
  KL_TRY(status);
  s->in_map = true;
  return KL_OK;
}

// The value's bytes, in the row's text: null when they can't be read.
static uint8_t *take_value(struct kl_cursor *c, enum kl_status *status) {
  struct state *s = c->state;
  size_t n = s->entry.value_bytes;
  if (n > VALUE_MAX || n > c->text.capacity - c->text.used) {
    *status = KL_ERR_LIMIT;
    return NULL;
  }
  uint8_t *p = (uint8_t *)c->text.buffer + c->text.used;
  *status = kl_bpf_entry_value(&s->entries, &s->entry, p, n);
  if (*status != KL_OK)
    return NULL;
  c->text.used += n;
  return p;
}

static void put_value_text(struct kl_cursor *c, const uint8_t *p) {
  struct state *s = c->state;
  size_t start = c->text.used;
  if (!kl_wants(c, VALUE_TEXT))
    return;
  if (s->map.type == KL_BPF_STACK_TRACE) {
    kl_bpf_render_stack(c->kernel, &s->map, kl_bytes_of(p, s->entry.value_bytes), &c->text);
    kl_put_written(c, VALUE_TEXT, KL_OK, s->entry.object, start);
    return;
  }
  enum kl_status status =
      kl_bpf_render_value(c->kernel, &s->types, &s->specials, kl_bytes_of(p, s->entry.value_bytes), &c->text);
  if (status != KL_ERR_NOT_FOUND)
    kl_put_written(c, VALUE_TEXT, status, s->entry.object, start);
}

static void put_key_text(struct kl_cursor *c) {
  struct state *s = c->state;
  size_t start = c->text.used;
  if (!kl_wants(c, KEY_TEXT))
    return;
  enum kl_status status =
      kl_bpf_render(s->types.btf, s->types.key, kl_bytes_of(s->entry.key, s->entry.key_bytes), &c->text);
  if (status != KL_ERR_NOT_FOUND)
    kl_put_written(c, KEY_TEXT, status, s->entry.object, start);
}

static void put_key(struct kl_cursor *c) {
  struct state *s = c->state;
  const struct kl_bpf_entry *e = &s->entry;
  if (!e->key_bytes)
    return;
  kl_put_bytes(c, KEY, e->key_status, e->object, e->key, e->key_bytes);
  if (e->key_status == KL_OK)
    put_key_text(c);
  else
    kl_put(c, KEY_TEXT, e->key_status, e->object, 0);
}

static void put_value(struct kl_cursor *c) {
  struct state *s = c->state;
  if (!s->entry.has_value || (!kl_wants(c, VALUE) && !kl_wants(c, VALUE_TEXT)))
    return;
  enum kl_status status;
  size_t start = c->text.used;
  uint8_t *p = take_value(c, &status);
  if (kl_wants(c, VALUE)) // otherwise the bytes would be given back before they are rendered
    kl_put_written(c, VALUE, status, s->entry.object, start);
  if (p)
    put_value_text(c, p);
  else
    kl_put(c, VALUE_TEXT, status, s->entry.object, 0);
  if (p)
    kl_bpf_specials_hide(&s->specials, p, s->entry.value_bytes);
}

static void put_row(struct kl_cursor *c) {
  struct state *s = c->state;
  kl_put(c, MAP_ID, KL_OK, 0, s->map.id);
  kl_put_bytes(c, MAP, KL_OK, 0, s->map.name, s->map.name_bytes);
  kl_put(c, ADDRESS, KL_OK, 0, s->entry.object);
  if (s->entry.cpu >= 0)
    kl_put(c, CPU, KL_OK, 0, (uint64_t)s->entry.cpu);
  put_key(c);
  if (!kl_keeps(c))
    return;
  put_value(c);
  if (s->entry.target != KL_BPF_TARGET_NONE && kl_wants(c, TARGET)) {
    size_t start = c->text.used;
    kl_bpf_render_target(c->kernel, &s->entry, &c->text);
    kl_put_written(c, TARGET, KL_OK, s->entry.object, start);
  }
}

// A Bloom filter has one row, which says how full it is; or where a value is
// asked for, the value if it may be in there.
static enum kl_status put_bloom(struct kl_cursor *c, bool *given) {
  struct state *s = c->state;
  struct kl_bpf_bloom bloom;
  struct kl_bytes value;
  *given = true;
  kl_put(c, MAP_ID, KL_OK, 0, s->map.id);
  kl_put_bytes(c, MAP, KL_OK, 0, s->map.name, s->map.name_bytes);
  KL_TRY(kl_bpf_bloom_open(&bloom, c->kernel, &s->map));
  kl_put(c, ADDRESS, KL_OK, 0, bloom.bitset);
  if (kl_pushed_bytes(c, VALUE, &value)) {
    if (value.n != s->map.value_bytes)
      *given = false;
    else
      KL_TRY(kl_bpf_bloom_test(&bloom, value, given));
    kl_put_bytes(c, VALUE, KL_OK, 0, value.p, value.n);
  }
  if (*given && kl_wants(c, VALUE_TEXT)) {
    size_t start = c->text.used;
    enum kl_status status = kl_bpf_bloom_render(&bloom, &c->budget, &c->text);
    if (status == KL_ERR_BUDGET)
      return status;
    kl_put_written(c, VALUE_TEXT, status, bloom.bitset, start);
  }
  return KL_OK;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    enum kl_status status = s->in_map ? kl_bpf_entries_next(&s->entries, &s->entry) : next_map(c);
    if (status == KL_OK && s->in_map && s->entry.object) {
      put_row(c);
      return KL_OK;
    }
    if (status == KL_OK && s->is_bloom) {
      bool given = false;
      s->is_bloom = false;
      status = put_bloom(c, &given);
      if (status == KL_OK && given)
        return KL_OK;
      s->maps.what = "bloom filter";
      s->maps.lost = s->map.address;
    }
    if (status == KL_ERR_BUDGET || (status == KL_END && !s->in_map))
      return status;
    if (status == KL_END)
      s->in_map = false;
    else if (status != KL_OK)
      kl_lost(c, s->in_map ? "entries" : s->maps.what, s->in_map ? s->entries.lost : s->maps.lost, status);
    s->entry.object = 0;
    c->text.used = 0;
    c->filled = 0;
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = TEXT_BYTES, .open = open, .next = next};

const struct kl_table kl_bpf_entries_table = {
    .name = "bpf_entries",
    .group = "bpf",
    .doc = "keys and values of BPF maps, byte for byte and by their types",
    .example = "bpf_entries DUMP map_id=2",
    .typical_rows = 100000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
