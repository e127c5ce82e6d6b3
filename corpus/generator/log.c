// The kernel's log: a ring of descriptors over a ring of text.
// Source: kernel/printk/printk_ringbuffer.{c,h}.
#include <string.h>

#include "subjects.h"

enum { DESCRIPTORS_BITS = 5, TEXT_BITS = 11, LEVEL_SHIFT = 5 };
enum state { RESERVED, COMMITTED, FINALIZED, REUSABLE };

void declare_log(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    struct prb_data_blk_lpos { unsigned long begin, next; };
    struct prb_desc { atomic_long_t state_var; struct prb_data_blk_lpos text_blk_lpos; };
    struct prb_data_block { unsigned long id; char data[]; } fixed;
    struct prb_data_ring { unsigned int size_bits; char *data; atomic_long_t head_lpos, tail_lpos; };
    struct dev_printk_info { char subsystem[16], device[48]; };
    struct printk_info {
      u64 seq, ts_nsec; u16 text_len; u8 facility; u8 flags:5; u8 level:3; u32 caller_id;
      struct dev_printk_info dev_info;
    };
    struct prb_desc_ring {
      unsigned int count_bits; struct prb_desc *descs; struct printk_info *infos;
      atomic_long_t head_id, tail_id, last_finalized_seq since(2);
    };
    struct printk_ringbuffer { struct prb_desc_ring desc_ring; struct prb_data_ring text_data_ring; atomic_long_t fail; };
    ));
  // clang-format on
}

struct ring {
  uint64_t prb, descs, infos, data;
  uint64_t head_lpos, tail_lpos;
  uint64_t first_id, head_id;
};

static uint64_t desc_at(struct guest *g, const struct ring *r, uint64_t id) {
  return r->descs + id % (1 << DESCRIPTORS_BITS) * object_bytes(g, "prb_desc");
}

// The text block of one record: {id, text}, 8-aligned; one that does not fit
// before the end leaves its id there and begins again at the start of the ring.
static void write_text(struct guest *g, struct ring *r, uint64_t desc, const char *text) {
  uint64_t size = 1ull << TEXT_BITS, length = strlen(text);
  uint64_t block = round_up(8 + length, 8), begin = r->head_lpos, at = begin;
  if (begin % size + block > size) {
    poke_number(g, r->data + begin % size, r->head_id, 8);
    at = round_up(begin + 1, size);
  }
  poke_number(g, r->data + at % size, r->head_id, 8);
  poke(g, r->data + at % size + 8, text, length);
  r->head_lpos = at + block;
  set(g, desc, "prb_desc", "text_blk_lpos.begin", begin);
  set(g, desc, "prb_desc", "text_blk_lpos.next", r->head_lpos);
}

static void write_record(struct guest *g, struct ring *r, uint64_t sequence, const struct log_line *line) {
  uint64_t desc = desc_at(g, r, r->head_id);
  uint64_t info = r->infos + r->head_id % (1 << DESCRIPTORS_BITS) * object_bytes(g, "printk_info");
  set(g, desc, "prb_desc", "state_var.counter", r->head_id | (uint64_t)FINALIZED << 62);
  write_text(g, r, desc, line->text);
  set(g, info, "printk_info", "seq", sequence);
  set(g, info, "printk_info", "ts_nsec", line->microseconds * 1000);
  set(g, info, "printk_info", "text_len", strlen(line->text));
  set(g, info, "printk_info", "facility", line->text[0] == 's' ? 3 : 0);
  set(g, info, "printk_info", "level", line->level);
  set(g, info, "printk_info", "caller_id", sequence % 3 ? 1 : 0x80000000);
  truth_row(g);
  truth_number(g, "sequence", sequence);
  truth_number(g, "time_ns", line->microseconds * 1000);
  truth_number(g, "level", line->level);
  truth_number(g, "facility", line->text[0] == 's' ? 3 : 0);
  truth_text(g, "message", line->text);
}

void build_log(struct guest *g) {
  struct chance c = chance_of(g->o.seed, "log");
  struct ring r = {.prb = object_in_image(g, "printk_ringbuffer")};
  r.descs = slab_take(g, object_bytes(g, "prb_desc") << DESCRIPTORS_BITS, 8);
  r.infos = slab_take(g, object_bytes(g, "printk_info") << DESCRIPTORS_BITS, 8);
  r.data = slab_take(g, 1 << TEXT_BITS, 8);
  // Ids and positions begin as the kernel's own do: shortly before they wrap.
  r.first_id = r.head_id = (0 - (1ull + (1 << DESCRIPTORS_BITS) * chance_below(&c, 3))) & (~0ull >> 2);
  r.head_lpos = r.tail_lpos = 0 - (1ull << TEXT_BITS) + 8 * chance_below(&c, 32);
  truth_table(g, "log");
  size_t n;
  const struct log_line *lines = cast_log(g, &n);
  uint64_t sequence = chance_below(&c, 100);
  for (size_t i = 0; i < n; i++, r.head_id = (r.head_id + 1) & (~0ull >> 2))
    write_record(g, &r, sequence++, &lines[i]);
  r.head_id = (r.head_id - 1) & (~0ull >> 2);
  const char *ring = "printk_ringbuffer";
  set(g, r.prb, ring, "desc_ring.count_bits", DESCRIPTORS_BITS);
  set(g, r.prb, ring, "desc_ring.descs", r.descs);
  set(g, r.prb, ring, "desc_ring.infos", r.infos);
  set(g, r.prb, ring, "desc_ring.head_id.counter", r.head_id);
  set(g, r.prb, ring, "desc_ring.tail_id.counter", r.first_id);
  set_if(g, r.prb, ring, "desc_ring.last_finalized_seq.counter", sequence - 1);
  set(g, r.prb, ring, "text_data_ring.size_bits", TEXT_BITS);
  set(g, r.prb, ring, "text_data_ring.data", r.data);
  set(g, r.prb, ring, "text_data_ring.head_lpos.counter", r.head_lpos);
  set(g, r.prb, ring, "text_data_ring.tail_lpos.counter", r.tail_lpos);
  symbol_add(g, "printk_rb_static", r.prb, 'd');
  uint64_t prb = image_take(g, IMAGE_DATA, 8, 8);
  poke_number(g, prb, r.prb, 8);
  symbol_add(g, "prb", prb, 'd');
}
