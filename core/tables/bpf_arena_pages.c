// bpf_arena_pages: the pages that BPF arenas hold.
#include "linux/bpf_arena.h"
#include "linux/bpf_maps.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { MAP_ID, PAGE, USER_ADDRESS, PHYSICAL, ADDRESS, COLUMNS };

static const struct kl_column columns[] = {
    [MAP_ID] = {"map_id", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the map's id"},
    [PAGE] = {"page", KL_CELL_U64, KL_COLUMN_KEY, "number of the page in the arena"},
    [USER_ADDRESS] = {"user_address", KL_CELL_ADDRESS, 0, "where user space has it; null before it maps the arena"},
    [PHYSICAL] = {"physical", KL_CELL_ADDRESS, 0, "the page frame"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "where the kernel has it"},
};

struct state {
  struct kl_bpf_maps maps;
  struct kl_bpf_map map;
  struct kl_bpf_arena arena;
  bool in_map;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t first, last;
  if (!kl_pushed_range(c, MAP_ID, &first, &last))
    return KL_END;
  return kl_bpf_maps_open(&s->maps, c->kernel, &c->budget, first, last);
}

static enum kl_status next_map(struct kl_cursor *c) {
  struct state *s = c->state;
  enum kl_bpf_found_by found_by;
  KL_TRY(kl_bpf_maps_next(&s->maps, &s->map, &found_by));
  s->maps.what = "map";
  s->maps.lost = s->map.address;
  if (s->map.type != KL_BPF_ARENA)
    return KL_OK;
  KL_TRY(kl_bpf_arena_open(&s->arena, c->kernel, &c->budget, &s->map));
  s->in_map = true;
  return KL_OK;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    struct kl_bpf_arena_page page = {0};
    bool in_map = s->in_map;
    enum kl_status status = in_map ? kl_bpf_arena_next(&s->arena, &page) : next_map(c);
    if (in_map && status == KL_OK) {
      kl_put(c, MAP_ID, KL_OK, 0, s->map.id);
      kl_put(c, PAGE, KL_OK, 0, page.page);
      if (page.user_address)
        kl_put(c, USER_ADDRESS, KL_OK, 0, page.user_address);
      kl_put(c, PHYSICAL, KL_OK, 0, page.physical);
      kl_put(c, ADDRESS, KL_OK, 0, page.kernel_address);
      return KL_OK;
    }
    if (status == KL_ERR_BUDGET || (status == KL_END && !in_map))
      return status;
    if (status == KL_END)
      s->in_map = false;
    else if (status != KL_OK)
      kl_lost(c, in_map ? "pages" : s->maps.what, in_map ? page.kernel_address : s->maps.lost, status);
  }
}

static const struct kl_table_code code = {.state_bytes = sizeof(struct state), .open = open, .next = next};

const struct kl_table kl_bpf_arena_pages_table = {
    .name = "bpf_arena_pages",
    .group = "bpf",
    .doc = "pages that BPF arenas hold",
    .example = "bpf_arena_pages DUMP map_id=9",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
