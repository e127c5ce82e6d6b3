// BPF maps with something in them, and a program that uses them.
// Sources: kernel/bpf/{hashtab,arraymap,lpm_trie,queue_stack_maps,ringbuf}.c.
#include <stdio.h>
#include <string.h>

#include "subjects.h"
#include "trees.h"

enum { HASH = 1, ARRAY = 2, PERCPU_HASH = 5, PERCPU_ARRAY = 6, LPM_TRIE = 11, QUEUE = 22, RINGBUF = 27 };

void declare_bpf(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    enum bpf_map_type { BPF_MAP_TYPE_UNSPEC, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY };
    struct bpf_map {
      const void *ops; struct bpf_map *inner_map_meta; enum bpf_map_type map_type;
      u32 key_size, value_size, max_entries; u64 map_extra since(1); u32 map_flags, id; struct btf *btf;
      u32 btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id; char name[16]; bool frozen;
      atomic64_t refcnt, usercnt;
    };
    struct bucket { struct hlist_nulls_head head; raw_spinlock_t raw_lock; };
    struct bpf_htab {
      struct bpf_map map; struct bucket *buckets; void *elems; atomic_t count; u32 n_buckets, elem_size, hashrnd;
    } fixed;
    struct htab_elem { struct hlist_nulls_node hash_node; u32 hash; u64 key[]; } fixed;
    struct bpf_array {
      struct bpf_map map; u32 elem_size, index_mask;
      union { u64 value[]; void *ptrs[]; void __percpu *pptrs[]; };
    } fixed;
    struct lpm_trie_node {
      struct lpm_trie_node __rcu *child[2]; u32 prefixlen, flags; u8 data[];
    };
    struct lpm_trie {
      struct bpf_map map; struct lpm_trie_node __rcu *root; unsigned long n_entries, max_prefixlen, data_size;
    } fixed;
    struct bpf_queue_stack { struct bpf_map map; raw_spinlock_t lock; u32 head, tail, size; u64 elements[]; } fixed;
    struct bpf_ringbuf {
      unsigned long mask, consumer_pos, producer_pos; unsigned long pending_pos since(2); u64 data[];
    };
    struct bpf_ringbuf_map { struct bpf_map map; struct bpf_ringbuf *rb; } fixed;
    struct user_struct { kuid_t uid; };
    struct bpf_prog_stats { u64 cnt, nsecs, misses; };
    struct bpf_prog_aux {
      u32 used_map_cnt, id, func_cnt; struct bpf_map **used_maps; u64 load_time; char name[16]; struct btf *btf;
      struct bpf_prog **func; struct bpf_prog *prog; struct user_struct *user;
      struct bpf_prog_stats __percpu *stats until(0);
    };
    struct bpf_insn { u8 code; u8 dst_reg:4; u8 src_reg:4; s16 off; s32 imm; };
    enum bpf_prog_type { BPF_PROG_TYPE_UNSPEC, BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_KPROBE };
    struct bpf_prog {
      u16 pages; u16 jited:1; u16 gpl_compatible:1; enum bpf_prog_type type; u32 len, jited_len; u8 tag[8];
      struct bpf_prog_stats __percpu *stats since(1); unsigned int (*bpf_func)(void); struct bpf_prog_aux *aux;
      struct bpf_insn insnsi[];
    };
    ));
  // clang-format on
}

struct builder {
  struct guest *g;
  uint64_t ids, prog_ids; // IDRs
  unsigned next_id;
};

static uint64_t rounded(uint64_t n) {
  return round_up(n, 8);
}

// The head of every map, and its row. The type is that of its container.
static uint64_t new_map(struct builder *b, const char *container, uint64_t extra, unsigned type, const char *name,
                        uint64_t key, uint64_t value, uint64_t most) {
  struct guest *g = b->g;
  uint64_t map = slab_take(g, object_bytes(g, container) + extra, 64), id = b->next_id;
  b->next_id += 1 + (unsigned)chance_below(&g->chance, 40);
  set(g, map, "bpf_map", "map_type", type);
  set(g, map, "bpf_map", "key_size", key);
  set(g, map, "bpf_map", "value_size", value);
  set(g, map, "bpf_map", "max_entries", most);
  set(g, map, "bpf_map", "id", id);
  set_text(g, map, "bpf_map", "name", name);
  xarray_store(g, b->ids, id, map);
  truth_table(g, "bpf_maps");
  truth_row(g);
  truth_number(g, "id", id);
  truth_address(g, "address", map);
  truth_text(g, "name", name);
  truth_number(g, "type_id", type);
  truth_number(g, "key_bytes", key);
  truth_number(g, "value_bytes", value);
  truth_number(g, "max_entries", most);
  return map;
}

static const char *hex(const void *p, size_t n) {
  char *text = take(2 * n + 1);
  for (size_t i = 0; i < n; i++)
    snprintf(text + 2 * i, 3, "%02x", ((const uint8_t *)p)[i]);
  return text;
}

static void entry_row(struct guest *g, uint64_t map, const char *key, const char *value, int cpu) {
  truth_table(g, "bpf_entries");
  truth_row(g);
  truth_number(g, "map_id", get(g, map, "bpf_map", "id"));
  if (key)
    truth_text(g, "key", key);
  else
    truth_null(g, "key");
  truth_text(g, "value", value);
  if (cpu >= 0)
    truth_number(g, "cpu", (uint64_t)cpu);
  else
    truth_null(g, "cpu");
}

// A per-CPU allocation: what is stored, and its bytes on each CPU.
static uint64_t new_per_cpu(struct builder *b, uint64_t map, const char *key, uint64_t bytes, uint64_t v) {
  struct guest *g = b->g;
  uint64_t pointer = per_cpu_reserve(g, bytes, 8);
  for (unsigned cpu = 0; cpu < g->cpus; cpu++) {
    uint8_t value[8];
    store(value, v + cpu, 8);
    poke(g, per_cpu_on(g, pointer, cpu), value, bytes);
    entry_row(g, map, key, hex(value, bytes), (int)cpu);
  }
  return pointer;
}

static void build_hash(struct builder *b, bool per_cpu) {
  enum { BUCKETS = 4, ELEMENTS = 5, KEY = 4, VALUE = 8 };
  struct guest *g = b->g;
  uint64_t map = new_map(b, "bpf_htab", 0, per_cpu ? PERCPU_HASH : HASH, per_cpu ? "per_cpu_counts" : "counts", KEY,
                         VALUE, 16);
  uint64_t stride = object_bytes(g, "bucket"), buckets = slab_take(g, BUCKETS * stride, 64);
  set(g, map, "bpf_htab", "buckets", buckets);
  set(g, map, "bpf_htab", "n_buckets", BUCKETS);
  for (uint64_t i = 0; i < BUCKETS; i++)
    set(g, buckets + i * stride, "bucket", "head.first", i << 1 | 1);
  // Up to 2025 the pointer stood right behind the key: 11ba7ce076e5.
  uint64_t at = per_cpu && g->era < ERA_7_2 ? KEY : rounded(KEY);
  for (uint64_t i = 0; i < ELEMENTS; i++) {
    uint64_t element = slab_take(g, object_bytes(g, "htab_elem") + rounded(KEY) + VALUE, 8);
    uint64_t bucket = buckets + i % BUCKETS * stride, key_at = member_at(g, element, "htab_elem", "key");
    uint8_t key[KEY], value[VALUE];
    store(key, 100 + i, KEY);
    store(value, 7000 + i, VALUE);
    poke(g, key_at, key, KEY);
    if (per_cpu)
      poke_number(g, key_at + at, new_per_cpu(b, map, hex(key, KEY), VALUE, 50 * i), 8);
    else
      poke(g, key_at + at, value, VALUE);
    if (!per_cpu)
      entry_row(g, map, hex(key, KEY), hex(value, VALUE), -1);
    set(g, element, "htab_elem", "hash_node.next", get(g, bucket, "bucket", "head.first"));
    set(g, bucket, "bucket", "head.first", element); // the node is the element's first member
  }
}

static void build_arrays(struct builder *b) {
  enum { VALUE = 12, ENTRIES = 3 };
  struct guest *g = b->g;
  uint64_t map = new_map(b, "bpf_array", ENTRIES * rounded(VALUE), ARRAY, "settings", 4, VALUE, ENTRIES);
  set(g, map, "bpf_array", "elem_size", rounded(VALUE));
  uint64_t values = member_at(g, map, "bpf_array", "value");
  for (uint64_t i = 0; i < ENTRIES; i++) {
    uint8_t key[4], value[VALUE];
    store(key, i, 4);
    memset(value, (int)(0x11 * (i + 1)), VALUE);
    poke(g, values + i * rounded(VALUE), value, VALUE);
    entry_row(g, map, hex(key, 4), hex(value, VALUE), -1);
  }
  map = new_map(b, "bpf_array", 8 * ENTRIES, PERCPU_ARRAY, "stats", 4, 8, ENTRIES);
  set(g, map, "bpf_array", "elem_size", 8);
  for (uint64_t i = 0; i < ENTRIES; i++) {
    uint8_t key[4];
    store(key, i, 4);
    poke_number(g, member_at(g, map, "bpf_array", "pptrs") + 8 * i, new_per_cpu(b, map, hex(key, 4), 8, i << 32),
                8);
  }
}

// 10.0.0.0/8 and 10.1.0.0/16 below it, 192.168.0.0/16 beside, under a node that
// only branches.
static void build_trie(struct builder *b) {
  static const struct {
    uint32_t length, flags;
    uint8_t data[4];
  } nodes[] = {{0, 1, {0}}, {8, 0, {10}}, {16, 0, {10, 1}}, {16, 0, {192, 168}}};
  enum { KEY = 8, VALUE = 4 };
  struct guest *g = b->g;
  uint64_t map = new_map(b, "lpm_trie", 0, LPM_TRIE, "routes", KEY, VALUE, 64), at[4];
  set(g, map, "lpm_trie", "data_size", KEY - 4);
  for (size_t i = 0; i < 4; i++) {
    at[i] = slab_take(g, object_bytes(g, "lpm_trie_node") + 4 + VALUE, 8);
    uint64_t data = member_at(g, at[i], "lpm_trie_node", "data");
    set(g, at[i], "lpm_trie_node", "prefixlen", nodes[i].length);
    set(g, at[i], "lpm_trie_node", "flags", nodes[i].flags);
    poke(g, data, nodes[i].data, 4);
    if (nodes[i].flags)
      continue;
    uint8_t key[KEY], value[VALUE];
    store(key, nodes[i].length, 4);
    memcpy(key + 4, nodes[i].data, 4);
    store(value, 0xa0 + i, VALUE);
    poke(g, data + 4, value, VALUE);
    entry_row(g, map, hex(key, KEY), hex(value, VALUE), -1);
  }
  set(g, map, "lpm_trie", "root", at[0]);
  set(g, at[0], "lpm_trie_node", "child[0]", at[1]);
  set(g, at[0], "lpm_trie_node", "child[1]", at[3]);
  set(g, at[1], "lpm_trie_node", "child[0]", at[2]);
}

static void build_queue(struct builder *b) {
  enum { VALUE = 6, SIZE = 5, HEAD = 1, TAIL = 3 }; // it has wrapped
  struct guest *g = b->g;
  uint64_t map = new_map(b, "bpf_queue_stack", SIZE * VALUE, QUEUE, "jobs", 0, VALUE, SIZE - 1);
  set(g, map, "bpf_queue_stack", "head", HEAD);
  set(g, map, "bpf_queue_stack", "tail", TAIL);
  set(g, map, "bpf_queue_stack", "size", SIZE);
  for (uint64_t i = TAIL; i != HEAD; i = (i + 1) % SIZE) {
    uint8_t value[VALUE];
    store(value, 0x010203040500 + i, VALUE);
    poke(g, member_at(g, map, "bpf_queue_stack", "elements") + i * VALUE, value, VALUE);
    entry_row(g, map, NULL, hex(value, VALUE), -1);
  }
}

// Two records that were read, one that waits, one that was thrown away, one
// that is being written.
static void build_ring(struct builder *b) {
  static const struct {
    uint32_t length, bits;
    const char *state;
  } records[] = {{5, 0, "consumed"},
                 {16, 0, "consumed"},
                 {24, 0, "committed"},
                 {8, 1u << 30, "discarded"},
                 {9, 1u << 31, "busy"}};
  enum { SIZE = 256 };
  struct guest *g = b->g;
  uint64_t map = new_map(b, "bpf_ringbuf_map", 0, RINGBUF, "events", 0, 0, SIZE);
  uint64_t rb = slab_take(g, object_bytes(g, "bpf_ringbuf") + SIZE, g->page), at = 0;
  set(g, map, "bpf_ringbuf_map", "rb", rb);
  set(g, rb, "bpf_ringbuf", "mask", SIZE - 1);
  for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
    uint64_t header = member_at(g, rb, "bpf_ringbuf", "data") + at;
    uint8_t data[32];
    memset(data, 'a' + (int)i, sizeof data);
    poke_number(g, header, records[i].length | records[i].bits, 4);
    poke_number(g, header + 4, (header - rb) / g->page, 4);
    poke(g, header + 8, data, records[i].length);
    truth_table(g, "bpf_ring_records");
    truth_row(g);
    truth_number(g, "map_id", get(g, map, "bpf_map", "id"));
    truth_number(g, "position", at);
    truth_text(g, "state", records[i].state);
    truth_number(g, "bytes", records[i].length);
    if (strcmp(records[i].state, "consumed") == 0) // until here the reader has come
      set(g, rb, "bpf_ringbuf", "consumer_pos", at + rounded(records[i].length + 8));
    at += rounded(records[i].length + 8);
  }
  set(g, rb, "bpf_ringbuf", "producer_pos", at);
}

static void build_program(struct builder *b, uint64_t map_a, uint64_t map_b) {
  struct guest *g = b->g;
  enum { INSTRUCTIONS = 4, ID = 70 };
  uint64_t program = slab_take(g, object_bytes(g, "bpf_prog") + 8 * INSTRUCTIONS, 8);
  uint64_t aux = object_new(g, "bpf_prog_aux"), maps = slab_take(g, 16, 8), user = object_new(g, "user_struct");
  static const uint8_t tag[8] = {0xde, 0xad, 1, 2, 3, 4, 5, 6};
  poke_number(g, maps, map_a, 8);
  poke_number(g, maps + 8, map_b, 8);
  set(g, program, "bpf_prog", "type", 2);
  set(g, program, "bpf_prog", "len", INSTRUCTIONS);
  set(g, program, "bpf_prog", "aux", aux);
  poke(g, member_at(g, program, "bpf_prog", "tag"), tag, sizeof tag);
  set(g, aux, "bpf_prog_aux", "id", ID);
  set(g, aux, "bpf_prog_aux", "prog", program);
  set(g, aux, "bpf_prog_aux", "user", user);
  set(g, aux, "bpf_prog_aux", "used_map_cnt", 2);
  set(g, aux, "bpf_prog_aux", "used_maps", maps);
  set_text(g, aux, "bpf_prog_aux", "name", "count_calls");
  xarray_store(g, b->prog_ids, ID, program);
  truth_table(g, "bpf_programs");
  truth_row(g);
  truth_number(g, "id", ID);
  truth_address(g, "address", program);
  truth_text(g, "name", "count_calls");
  truth_text(g, "tag", hex(tag, sizeof tag));
  truth_number(g, "xlated_bytes", 8 * INSTRUCTIONS);
  truth_text(g, "maps",
             print("%llu,%llu", (unsigned long long)get(g, map_a, "bpf_map", "id"),
                   (unsigned long long)get(g, map_b, "bpf_map", "id")));
}

void build_bpf(struct guest *g) {
  struct builder b = {.g = g, .next_id = 2};
  b.ids = object_in_image(g, "idr");
  b.prog_ids = object_in_image(g, "idr");
  symbol_add(g, "map_idr", b.ids, 'd');
  symbol_add(g, "prog_idr", b.prog_ids, 'd');
  static const char *const empty[] = {"link_idr", "btf_idr"};
  for (size_t i = 0; i < 2; i++)
    symbol_add(g, empty[i], object_in_image(g, "idr"), 'd');
  b.ids = member_at(g, b.ids, "idr", "idr_rt");
  b.prog_ids = member_at(g, b.prog_ids, "idr", "idr_rt");
  build_hash(&b, false);
  build_hash(&b, true);
  build_arrays(&b);
  build_trie(&b);
  build_queue(&b);
  build_ring(&b);
  uint64_t a = new_map(&b, "bpf_htab", 0, 99, "unheard_of", 4, 4, 1); // a type that nobody knows
  uint64_t last = new_map(&b, "bpf_array", 8, ARRAY, "last", 4, 8, 1);
  set(g, last, "bpf_array", "elem_size", 8);
  entry_row(g, last, "00000000", "0000000000000000", -1);
  build_program(&b, a, last);
}
