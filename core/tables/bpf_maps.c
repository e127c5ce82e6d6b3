// bpf_maps: every BPF map.
#include "linux/bpf_maps.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum {
  ID,
  ADDRESS,
  NAME,
  TYPE,
  TYPE_ID,
  KEY_BYTES,
  VALUE_BYTES,
  MAX_ENTRIES,
  ENTRIES,
  FLAGS,
  BTF_ID,
  PROGRAMS,
  FROZEN,
  FOUND_BY,
  EXTRA,
  KEY_TYPE,
  VALUE_TYPE,
  COLUMNS
};

static const struct kl_column columns[] = {
    [ID] = {"id", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the map's id; 0: the kernel has taken it back"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "struct bpf_map"},
    [NAME] = {"name", KL_CELL_TEXT, 0, "the name it was made with, at most 15 bytes"},
    [TYPE] = {"type", KL_CELL_TEXT, 0, "its type as bpftool names it; null for one not known yet"},
    [TYPE_ID] = {"type_id", KL_CELL_U64, 0, "its type as enum bpf_map_type numbers it"},
    [KEY_BYTES] = {"key_bytes", KL_CELL_U64, 0, "size of a key"},
    [VALUE_BYTES] = {"value_bytes", KL_CELL_U64, 0, "size of a value (for one CPU)"},
    [MAX_ENTRIES] = {"max_entries", KL_CELL_U64, 0, "how many entries it may hold, as its type counts them"},
    [ENTRIES] = {"entries", KL_CELL_U64, KL_COLUMN_COSTLY,
                 "how many it holds (counted by walking them); null where the type has none"},
    [FLAGS] = {"flags", KL_CELL_U64, 0, "BPF_F_ bits it was made with"},
    [BTF_ID] = {"btf_id", KL_CELL_U64, 0, "id of the BTF that describes its keys and values"},
    [PROGRAMS] = {"pinned_by_programs", KL_CELL_TEXT, KL_COLUMN_COSTLY,
                  "ids of the programs that use it and so keep it"},
    [FROZEN] = {"frozen", KL_CELL_BOOL, 0, "whether user space may no longer write it"},
    [FOUND_BY] = {"found_by", KL_CELL_TEXT, 0,
                  "idr: in the kernel's list; program or map: only one of those still refers to it"},
    [KEY_TYPE] = {"key_type", KL_CELL_U64, KL_COLUMN_HIDDEN, "BTF type id of its keys; 0: none"},
    [VALUE_TYPE] = {"value_type", KL_CELL_U64, KL_COLUMN_HIDDEN,
                    "BTF type id of its values, in the kernel's own BTF for struct_ops; 0: none"},
    [EXTRA] = {"extra", KL_CELL_U64, KL_COLUMN_HIDDEN, "map_extra: what it means depends on the type"},
};

struct state {
  struct kl_bpf_maps maps;
  struct kl_bpf_entries entries;
  struct kl_bpf_entry entry;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t first, last;
  if (!kl_pushed_range(c, ID, &first, &last))
    return KL_END;
  return kl_bpf_maps_open(&s->maps, c->kernel, &c->budget, first, last);
}

// Counts entries, a per-CPU one once.
static enum kl_status count_entries(struct kl_cursor *c, const struct kl_bpf_map *map, uint64_t *ret) {
  struct state *s = c->state;
  uint64_t n = 0, last = 0;
  KL_TRY(kl_bpf_entries_open(&s->entries, c->kernel, &c->budget, map));
  for (;;) {
    enum kl_status status = kl_bpf_entries_next(&s->entries, &s->entry);
    if (status == KL_END)
      break;
    if (status != KL_OK)
      return status;
    if (s->entry.cpu < 0 || s->entry.object != last)
      n++;
    last = s->entry.object;
  }
  *ret = n;
  return KL_OK;
}

static void put_entries(struct kl_cursor *c, const struct kl_bpf_map *map) {
  uint64_t n = 0;
  enum kl_status status = count_entries(c, map, &n);
  if (status != KL_ERR_UNSUPPORTED)
    kl_put(c, ENTRIES, status, map->address, n);
}

static void put_btf_id(struct kl_cursor *c, const struct kl_bpf_map *map) {
  uint64_t id = 0;
  if (!map->btf)
    return;
  enum kl_status status = kl_get(c->kernel, map->btf, KL_F_btf_id, &id);
  kl_put(c, BTF_ID, status, map->btf, id);
}

static void put_programs(struct kl_cursor *c, const struct kl_bpf_map *map) {
  size_t start = c->text.used;
  enum kl_status status = kl_bpf_programs_using(c->kernel, &c->budget, map->address, &c->text);
  kl_put_written(c, PROGRAMS, status, map->address, start);
}

static void put_facts(struct kl_cursor *c, const struct kl_bpf_map *map, enum kl_status status) {
  kl_put(c, ID, KL_OK, 0, map->id);
  kl_put(c, ADDRESS, KL_OK, 0, map->address);
  kl_put_bytes(c, NAME, status, map->address, map->name, map->name_bytes);
  if (status != KL_OK || kl_bpf_map_type_name(map->type)[0])
    kl_put_bytes(c, TYPE, status, map->address, kl_bpf_map_type_name(map->type),
                 kl_string_length(kl_bpf_map_type_name(map->type)));
  kl_put(c, TYPE_ID, status, map->address, map->type);
  kl_put(c, KEY_BYTES, status, map->address, map->key_bytes);
  kl_put(c, VALUE_BYTES, status, map->address, map->value_bytes);
  kl_put(c, MAX_ENTRIES, status, map->address, map->max_entries);
  kl_put(c, FLAGS, status, map->address, map->flags);
  kl_put(c, EXTRA, status, map->address, map->extra);
  kl_put(c, KEY_TYPE, status, map->address, map->key_type);
  kl_put(c, VALUE_TYPE, status, map->address, map->vmlinux_value_type ? map->vmlinux_value_type : map->value_type);
  kl_put_field(c, FROZEN, map->address, KL_F_bpf_map_frozen);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_bpf_map map = {0};
  enum kl_bpf_found_by found_by = KL_BPF_FOUND_BY_ID;
  enum kl_status status;
  while ((status = kl_bpf_maps_next(&s->maps, &map, &found_by)) != KL_OK && !map.address) {
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, s->maps.what, s->maps.lost, status);
  }
  put_facts(c, &map, status);
  kl_put_string(c, FOUND_BY, kl_bpf_found_by_name(found_by));
  if (status != KL_OK || !kl_keeps(c))
    return KL_OK;
  put_btf_id(c, &map);
  if (kl_wants(c, ENTRIES))
    put_entries(c, &map);
  if (kl_wants(c, PROGRAMS))
    put_programs(c, &map);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 4096, .open = open, .next = next};

const struct kl_table kl_bpf_maps_table = {
    .name = "bpf_maps",
    .group = "bpf",
    .doc = "BPF maps",
    .example = "bpf_maps DUMP type=hash",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
