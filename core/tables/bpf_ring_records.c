// bpf_ring_records: the records of BPF ring buffers.
#include "linux/bpf_maps.h"
#include "linux/bpf_ring.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { MAP_ID, POSITION, STATE, BYTES, DATA, ADDRESS, COLUMNS };

static const struct kl_column columns[] = {
    [MAP_ID] = {"map_id", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the map's id"},
    [POSITION] = {"position", KL_CELL_U64, KL_COLUMN_KEY,
                  "where the record begins, counted since the ring was made"},
    [STATE] =
        {"state", KL_CELL_TEXT, 0,
         "committed: waits for its reader; busy: still being written; discarded; consumed: read, but still there"},
    [BYTES] = {"bytes", KL_CELL_U64, 0, "size of its data"},
    [DATA] = {"data", KL_CELL_BYTES, 0, "its data"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_HIDDEN, "its data in guest memory"},
};

enum { DATA_MAX = 4 << 20 }; // one record that is shown whole

static const char *const states[] = {
    [KL_BPF_RING_COMMITTED] = "committed",
    [KL_BPF_RING_BUSY] = "busy",
    [KL_BPF_RING_DISCARDED] = "discarded",
    [KL_BPF_RING_CONSUMED] = "consumed",
};

struct state {
  struct kl_bpf_maps maps;
  struct kl_bpf_map map;
  struct kl_bpf_ring ring;
  bool in_map;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t first, last;
  if (!kl_pushed_range(c, MAP_ID, &first, &last))
    return KL_END;
  return kl_bpf_maps_open(&s->maps, c->kernel, &c->budget, first, last);
}

// Goes to the next map; in_map tells whether it is a ring.
static enum kl_status next_map(struct kl_cursor *c) {
  struct state *s = c->state;
  enum kl_bpf_found_by found_by;
  KL_TRY(kl_bpf_maps_next(&s->maps, &s->map, &found_by));
  s->maps.what = "map";
  s->maps.lost = s->map.address;
  if (s->map.type != KL_BPF_RINGBUF && s->map.type != KL_BPF_USER_RINGBUF)
    return KL_OK;
  KL_TRY(kl_bpf_ring_open(&s->ring, c->kernel, &c->budget, &s->map));
  s->in_map = true;
  if (s->ring.older != KL_OK)
    kl_lost(c, "older records", s->ring.data, s->ring.older);
  return KL_OK;
}

static void put_data(struct kl_cursor *c, const struct kl_bpf_ring_record *record) {
  struct state *s = c->state;
  size_t start = c->text.used;
  if (!kl_wants(c, DATA))
    return;
  enum kl_status status = KL_ERR_LIMIT;
  if (record->bytes <= c->text.capacity - start) {
    status = kl_bpf_ring_read(&s->ring, record->position + 8, c->text.buffer + start, record->bytes);
    c->text.used += status == KL_OK ? record->bytes : 0;
  }
  kl_put_written(c, DATA, status, record->address, start);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    struct kl_bpf_ring_record record = {0};
    bool in_map = s->in_map;
    enum kl_status status = in_map ? kl_bpf_ring_next(&s->ring, &record) : next_map(c);
    if (in_map && status == KL_OK) {
      kl_put(c, MAP_ID, KL_OK, 0, s->map.id);
      kl_put(c, POSITION, KL_OK, 0, record.position);
      kl_put_string(c, STATE, states[record.state]);
      kl_put(c, BYTES, KL_OK, 0, record.bytes);
      kl_put(c, ADDRESS, KL_OK, 0, record.address);
      put_data(c, &record);
      return KL_OK;
    }
    if (status == KL_ERR_BUDGET || (status == KL_END && !in_map))
      return status;
    if (status == KL_END)
      s->in_map = false;
    else if (status != KL_OK)
      kl_lost(c, in_map ? "records" : s->maps.what, in_map ? s->ring.data : s->maps.lost, status);
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = DATA_MAX, .open = open, .next = next};

const struct kl_table kl_bpf_ring_records_table = {
    .name = "bpf_ring_records",
    .group = "bpf",
    .doc = "records of BPF ring buffers: waiting, being written, discarded, and read but still in memory",
    .example = "bpf_ring_records DUMP state=committed",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
