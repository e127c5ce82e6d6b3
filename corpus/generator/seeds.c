// The fuzzers' seeds: DIRECTORY/HARNESS/NAME. Each ends in the 16 option bytes
// that fuzz/harness.h reads from the end; zeros mean nothing special.
#include "seeds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../fuzz/bpf_layout.h"
#include "btf.h"
#include "containers.h"
#include "seed_file.h"
#include "subjects.h"

enum { TAIL = 16 };

void write_seed(const struct folder *to, const char *harness, const char *name, struct bytes *body,
                const uint8_t *options, size_t n_options) {
  for (size_t i = 0; i < TAIL; i++)
    bytes_number(body, TAIL - 1 - i < n_options ? options[TAIL - 1 - i] : 0, 1);
  const char *folder = print("%s/%s", to->root, harness), *path = print("%s/%s", folder, name);
  if (mkdir(folder, 0777) != 0 && errno != EEXIST)
    die("could not make %s", folder);
  FILE *f = fopen(path, "wb");
  if (!f || fwrite(body->p, 1, body->n, f) != body->n || fclose(f) != 0)
    die("could not write %s", path);
}

static void plain_seed(const struct folder *to, const char *harness, const char *name, struct bytes *body) {
  write_seed(to, harness, name, body, NULL, 0);
}

static struct options options_of(const char *shape, enum era era, uint64_t seed) {
  struct options o = {.seed = seed, .shape = paging_shape_named(shape), .era = era, .vmcoreinfo = true};
  options_complete(&o, -1);
  return o;
}

// A machine of a few pages with a word in each: for containers.
static struct guest *bare_guest(const char *shape, uint64_t pages) {
  struct options o = options_of(shape, ERA_6_12, 1);
  struct guest *g = take(sizeof *g);
  guest_init(g, &o);
  g->cpus = 2;
  g->hostname = "seed";
  g->release = "6.12.0";
  bytes_print(&g->vmcoreinfo, "OSRELEASE=6.12.0\nPAGESIZE=%llu\nKERNELOFFSET=0\n", (unsigned long long)g->page);
  g->n_ram = 1;
  g->ram[0] = (struct ram){o.shape->arm ? 0x40000000 : 0x100000, pages * g->page, take(pages * g->page), 0};
  for (uint64_t i = 0; i < pages; i += 1 + i % 3)
    memcpy(g->ram[0].p + i * g->page, "page", 5);
  return g;
}

static void container_seeds(const struct folder *to) {
  for (size_t i = 0; container_at(i); i++) {
    const struct container *c = container_at(i);
    if (strcmp(c->name, "script") == 0)
      continue;
    static const char *const shapes[] = {"x86_64", "arm64-16k"};
    for (size_t s = 0; s < 2; s++) {
      if (s && strcmp(c->name, "elf") != 0 && strcmp(c->name, "kdump") != 0)
        continue;
      struct guest *g = bare_guest(shapes[s], 2);
      struct bytes b = {0};
      c->write(g, &b);
      struct bytes proposed = {0};
      bytes_put(&proposed, b.p, b.n);
      plain_seed(to, "container", print("%s-%s", c->name, shapes[s]), &b);
      uint8_t first_proposal[4] = {0, 0, 0, 1}; // parts, the file's two, a layout
      if (strcmp(c->name, "raw") == 0)
        write_seed(to, "container", "raw-layout", &proposed, first_proposal, sizeof first_proposal);
    }
  }
}

// A seed for each thing that btf_fuzzer.c asks. Options: flags, bytes of the value, what is asked, where a split
// BTF begins.
static void btf_asks(const struct folder *to, const char *name, const struct bytes *b, uint8_t flags,
                     uint64_t split_at) {
  static const char *const asks[] = {"members", "names", "c", "layout", "text", "json", "shown"};
  for (uint8_t ask = 0; ask < sizeof asks / sizeof *asks; ask++) {
    struct bytes one = {0};
    bytes_put(&one, b->p, b->n);
    uint8_t options[7] = {flags, 200, ask};
    store(options + 3, split_at, 4);
    write_seed(to, "btf", print("%s-%s", name, asks[ask]), &one, options, sizeof options);
  }
}

static void btf_seeds(const struct folder *to) {
  for (enum era era = ERA_5_10; era < ERA_COUNT; era++) {
    struct types types;
    types_init(&types, era, era);
    // clang-format off
    types_declare(&types, DECLARE(
      struct list_head { struct list_head *next, *prev; } fixed;
      enum color { RED, GREEN = 5, BLUE = -1 };
      struct task_struct {
        struct list_head tasks; char comm[16]; int pid; enum color color; unsigned int low:3, high:5;
        union { long number; void (*call)(void); struct { short x, y; }; }; const char __user *name; u64 more[2][3];
      };
      ));
    // clang-format on
    types_lay_out(&types);
    struct chance chance = chance_of(era, "seed");
    struct btf_style style = {
        .header_32 = era >= ERA_7_2, .sorted = era >= ERA_7_2, .old_bitfields = era == ERA_5_10};
    struct bytes base = {0};
    btf_write(&types, &style, &chance, &base);
    btf_asks(to, print("era-%d", (int)era), &base, 0, 0);
    if (era != ERA_6_1)
      continue;
    struct bytes split = {0};
    bytes_put(&split, base.p, base.n);
    btf_write_split(&types, &base, "in_module", &split);
    btf_asks(to, "split", &split, 1, base.n);
  }
}

static void kallsyms_seeds(const struct folder *to) {
  static const enum era eras[] = {ERA_5_10, ERA_6_1, ERA_6_12, ERA_7_2};
  for (size_t i = 0; i < 4; i++) {
    struct options o = options_of(i % 2 ? "arm64" : "x86_64", eras[i], i);
    struct guest *g = take(sizeof *g);
    guest_init(g, &o);
    for (int j = 0; j < 600; j++)
      symbol_add(g, print("%s_%s_%d", j % 3 ? "get" : "put", j % 2 ? "page" : "task", j % 50),
                 g->image_va + 16 * (uint64_t)j, j % 5 ? 'T' : 'd');
    image_take(g, IMAGE_CONSTANT, 256, 8);
    struct kallsyms_locations at;
    build_kallsyms(g, &at);
    struct bytes b = {0};
    write_script(g, &b);
    uint8_t options[5] = {0, 0, 0, (uint8_t)(200 * i),
                          (uint8_t)(200 * i >> 8)}; // flags, script, the symbol to find
    write_seed(to, "kallsyms", print("era-%zu", i), &b, options, sizeof options);
  }
}

static void text_seeds(const struct folder *to) {
  static const char *const shapes[] = {"x86_64", "arm64"};
  for (size_t i = 0; i < 2; i++) {
    struct options o = options_of(shapes[i], ERA_6_12, 9);
    struct guest *g = guest_build(&o);
    struct bytes info = {0}, map = {0};
    bytes_put(&info, g->vmcoreinfo.p, g->vmcoreinfo.n);
    plain_seed(to, "vmcoreinfo", shapes[i], &info);
    write_system_map(g, &map);
    map.n = map.n < 2000 ? map.n : 2000;
    plain_seed(to, "system_map", shapes[i], &map);
  }
  static const char *const ways[] = {"text", "line", "json"}; // the option of escape_fuzzer.c
  for (uint8_t way = 0; way < 3; way++) {
    struct bytes b = {0};
    bytes_string(
        &b, "plain \x1b[31mred\x07 \xc2\x9b \xe2\x80\xae \xf0\x9f\x98\x80 \xff\xfe back\\slash \"quoted\"\r\n\t");
    write_seed(to, "escape", ways[way], &b, &way, 1);
  }
}

static void put_record(struct bytes *b, uint64_t pfn, uint64_t offset, const void *p, size_t n) {
  bytes_number(b, pfn << 24 | offset << 12 | (n - 1), 8);
  bytes_put(b, p, n);
}

// Entries that are not present, as Linux writes them.
static void odd_leaves(struct guest *g, uint64_t va) {
  static const uint64_t x86[] = {0x8000000000001160, 0x00000000000001fc, 0x7ffffffffff0001a, 2};
  static const uint64_t arm[] = {0x0400000000001400, 0x0000000000000520, 0x0800000000000401, 2};
  for (uint64_t i = 0; i < 4; i++)
    set_leaf(g, g->root, va + i * g->page, g->o.shape->arm ? arm[i] : x86[i]);
}

// The root comes first: the harness takes the first frame for it.
static void translate_seeds(const struct folder *to) {
  static const struct {
    const char *shape;
    uint8_t option; // of paging_of in fuzz/translate_fuzzer.c
  } rows[] = {{"x86_64", 0},   {"x86_64-la57", 1}, {"arm64", 3},        {"arm64-39", 4},
              {"arm64-52", 5}, {"arm64-16k", 6},   {"arm64-16k-52", 8}, {"arm64-64k", 9}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct options o = options_of(rows[i].shape, ERA_6_12, i);
    struct guest *g = take(sizeof *g);
    guest_init(g, &o);
    g->n_mappings = 0;
    g->root = frames_take(g, g->page);
    uint64_t user = 0x5555550000, data = frames_take(g, g->page);
    map_into(g, g->root,
             &(struct mapping){.va = g->image_va, .phys = g->image_phys, .bytes = 1 << 21, .large = true});
    map_into(g, g->root, &(struct mapping){.va = user, .phys = data, .bytes = g->page, .user = true});
    map_into(g, g->root, &(struct mapping){.va = user + g->page, .phys = data, .bytes = g->page, .writable = true});
    odd_leaves(g, user + 2 * g->page);
    memcpy(phys_at(g, data, 16), "user memory here", 16);
    struct bytes b = {0};
    put_record(&b, g->root >> 12, 0, phys_at(g, g->root, 64), 64);
    write_script(g, &b);
    static const char *const asks[] = {"reads", "lower", "upper"};
    for (uint8_t ask = 0; ask < 3; ask++) {
      struct bytes one = {0};
      bytes_put(&one, b.p, b.n);
      uint8_t options[14] = {rows[i].option, [13] = ask};
      write_seed(to, "translate", print("%s-%s", rows[i].shape, asks[ask]), &one, options, sizeof options);
    }
  }
}

// The heads lie where walk_fuzzer.c looks for them.
static void walk_seed(const struct folder *to) {
  enum { LIST = 0, HLIST = 16, HLIST_NULLS = 24, RB_ROOT = 32, XARRAY = 64, IDR = 96, MAPLE = 128, NODES = 512 };
  const uint64_t base = 0xffff888000001000, second = base + 4096;
  uint8_t *p = take(8192);
  uint8_t *node = p + NODES;
  uint64_t at = base + NODES;
  for (unsigned i = 0; i < 3; i++) { // list of three
    store(i ? node + 16 * (i - 1) : p + LIST, at + 16 * i, 8);
    store(node + 16 * i + 8, i ? at + 16 * (i - 1) : base, 8);
  }
  store(node + 32, base, 8);
  store(p + LIST + 8, at + 32, 8);
  store(p + HLIST, at + 64, 8);
  store(p + NODES + 64, at + 80, 8);
  store(p + HLIST_NULLS, at + 96, 8);
  store(p + NODES + 96, 7 << 1 | 1, 8);
  store(p + RB_ROOT, at + 128, 8); // a root and its two children
  store(p + NODES + 128 + 8, at + 160, 8);
  store(p + NODES + 128 + 16, at + 192, 8);
  store(p + XARRAY + 8, (second + 0) | 2, 8); // a node of 64 slots, with a sibling and a value
  store(p + 4096 + 40, at, 8);
  store(p + 4096 + 48, 0 << 2 | 2, 8);
  store(p + 4096 + 56, 5 << 1 | 1, 8);
  store(p + IDR + 8, (second + 1024) | 2, 8); // two levels
  p[4096 + 1024] = 6;
  store(p + 4096 + 1024 + 40, (second + 0) | 2, 8);
  store(p + MAPLE + 8, (second + 2048) | 3 << 3 | 2, 8); // an inner node over a leaf
  uint8_t *inner = p + 4096 + 2048, *leaf = p + 4096 + 2560;
  store(inner, 1, 8);
  store(inner + 8, 0xffff, 8);
  store(inner + 80, (second + 2560) | 1 << 3, 8);
  inner[240] = 0;
  store(leaf, (second + 2048) | 6, 8);
  store(leaf + 8, 0xfff, 8);
  store(leaf + 16, 0xffff, 8);
  store(leaf + 128, at, 8);
  store(leaf + 136, at + 16, 8);
  leaf[248] = 1;
  static const char *const names[] = {"all", "lists", "rbtree", "xarray", "idr", "maple"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    struct bytes b = {0};
    write_page(1, p, &b);
    write_page(2, p + 4096, &b);
    uint8_t options[7] = {0, 0, 0, 0, 0, 0, i ? (uint8_t)(1u << (i - 1)) : 0}; // script, first, last, which
    write_seed(to, "walk", names[i], &b, options, sizeof options);
  }
}

// The heads lie where memory_fuzzer.c looks for them: one of each, in both forms.
static void memory_seeds(const struct folder *to) {
  enum { MM = 0, MAPPING = 0x40, DENTRY = 0x80, MOUNT = 0x100, SUPER = 0x180, INODE = 0x200, VMA = 0x300 };
  enum { AREAS = 0x380, NODE_DATA = 0x390, SWAP_COUNT = 0x3a0, SWAP_INFO = 0x3a8, SPACES = 0x3b0 };
  enum { SPACE_COUNT = 0x3b8, INIT_TASK = 0x400, FILE = 0x500, TEXT = 0x540, AREA = 0x580, NODE = 0x600 };
  enum { SWAP = 0x680, CLUSTER = 0x6a0, SPACE = 0x6c0, XA = 0x800, LEAF = 0xb00, PAGESET = 0xc00, TABLE = 0xe00 };
  const uint64_t base = 0xffff888000001000, vmemmap = base + 4096;
  uint8_t *p = take(8192), *pages = p + 4096;
  store(p + MM, base + VMA, 8);
  store(p + MM + 16, (base + LEAF) | 1 << 3 | 2, 8);
  store(p + MM + 32, base, 8);
  store(p + VMA, 0x400000, 8); // one area of four pages, of the file
  store(p + VMA + 8, 0x404000, 8);
  store(p + VMA + 24, 11, 8);
  store(p + VMA + 32, base + FILE, 8);
  store(p + LEAF, (base + MM + 8) | 1, 8); // the maple leaf that holds it
  store(p + LEAF + 8, 0x3fffff, 8);
  store(p + LEAF + 16, 0x403fff, 8);
  store(p + LEAF + 136, base + VMA, 8);
  p[LEAF + 248] = 2;
  store(p + FILE, base + INODE, 8);
  store(p + FILE + 8, base + MAPPING, 8);
  store(p + FILE + 16, base + MOUNT + 16, 8);
  store(p + FILE + 24, base + DENTRY, 8);
  store(p + DENTRY + 8, 1, 8);
  store(p + DENTRY + 16, base + DENTRY, 8);
  store(p + DENTRY + 28, 4, 4);
  store(p + DENTRY + 32, base + TEXT, 8);
  store(p + DENTRY + 40, base + INODE, 8);
  store(p + DENTRY + 56, base + SUPER, 8);
  store(p + MOUNT, base + MOUNT, 8);
  store(p + MOUNT + 8, base + DENTRY, 8);
  store(p + MOUNT + 16, base + DENTRY, 8);
  store(p + SUPER + 24, base + DENTRY, 8);
  store(p + SUPER + 48, base + MOUNT + 48, 8);
  store(p + SUPER + 64, base + TEXT + 16, 8);
  store(p + MOUNT + 48, base + SUPER + 48, 8);
  store(p + TEXT + 16, base + TEXT + 24, 8);
  memcpy(p + TEXT, "name", 4);
  memcpy(p + TEXT + 24, "tmpfs", 5);
  store(p + INODE, base + SUPER, 8);
  store(p + INODE + 32, base + DENTRY + 64, 8);
  store(p + MAPPING + 16, (base + XA) | 2, 8); // a page, and one that is swapped
  store(p + XA + 40, vmemmap + 64, 8);
  store(p + XA + 48, 5 << 1 | 1, 8);
  store(p + AREAS, base + AREA + 16, 8); // an area of vmalloc over the direct map's first page
  store(p + AREA, 0xffff888000000000, 8);
  store(p + AREA + 8, 0xffff888000002000, 8);
  store(p + AREA + 16, base + AREAS, 8);
  store(p + AREA + 32, base + AREA + 0x30, 8);
  store(p + AREA + 0x30, 2, 8);
  store(p + NODE_DATA, base + NODE, 8);
  store(p + NODE + 8, base + PAGESET, 8);
  store(p + NODE + 48, 1, 4);
  for (unsigned i = 0; i < 14; i++)
    store(p + PAGESET + 16 + 16 * i, base + PAGESET + 16 + 16 * i, 8);
  store(p + PAGESET + 16, vmemmap + 3 * 64 + 8, 8); // a free page
  store(pages + 3 * 64 + 8, base + PAGESET + 16, 8);
  store(p + SWAP_COUNT, 1, 4);
  store(p + SWAP_INFO, base + SWAP, 8);
  store(p + SPACES, base + SPACE, 8);
  store(p + SPACE_COUNT, 1, 4);
  store(p + SPACE + 16, vmemmap + 2 * 64, 8); // a tree of one entry
  store(p + SWAP, 64, 4);
  store(p + SWAP + 8, base + CLUSTER, 8);
  store(p + CLUSTER + 8, base + TABLE, 8);
  store(p + TABLE, 2 << 2 | 2, 8);
  store(p + INIT_TASK, base + INIT_TASK, 8);
  store(pages + 64, 1 << 2 | 1 << 4, 8); // the page of the file
  store(pages + 64 + 24, base + MAPPING, 8);
  store(pages + 64 + 48, UINT32_MAX, 4);
  store(pages + 64 + 52, 1, 4);
  store(pages + 128, 1 << 10 | 1 << 19, 8); // the page of the swap cache
  store(pages + 128 + 24, base + 1, 8);
  store(pages + 128 + 48, UINT32_MAX, 4);
  store(pages + 128 + 52, 1, 4);
  static const struct {
    const char *name;
    uint8_t forms, question; // of memory_fuzzer.c
  } rows[] = {{"areas-list", 0, 0},     {"areas-tree", 1, 0}, {"cached", 0, 1},       {"swapped-trees", 0, 2},
              {"swapped-tables", 2, 2}, {"frames", 0, 3},     {"frames-tables", 2, 3}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct bytes b = {0};
    write_page(1, p, &b);
    write_page(2, pages, &b);
    uint8_t options[4] = {0, 0, rows[i].forms, rows[i].question}; // script, forms, question
    write_seed(to, "memory", rows[i].name, &b, options, sizeof options);
  }
}

// One map of a type, as fuzz/bpf_layout.h has it: two elements or slots.
struct bpf_seed {
  unsigned type;
  const char *name;
  unsigned key, value, way;
  enum { SEED_CHAIN, SEED_INLINE, SEED_SLOTS, SEED_POINTER, SEED_RING, SEED_RHASH, SEED_TRIE, SEED_LIST } form;
};

static void fill_bpf(const struct bpf_seed *seed, uint8_t *p) {
  enum { TABLE = 4096, FIRST = TABLE + 256, SECOND = FIRST + 256 };
  const uint64_t base = 0xffff888000001000;
  bool nulls = seed->type == 1 || seed->type == 5 || seed->type == 9 || seed->type == 10 || seed->type == 13;
  uint8_t *first = p + FIRST, *second = p + SECOND, *ring = p + TABLE;
  store(p + BPF_TYPE, seed->type, 4);
  store(p + BPF_KEY_BYTES, seed->key, 4);
  store(p + BPF_VALUE_BYTES, seed->value, 4);
  store(p + BPF_MAX_ENTRIES, 2, 4);
  store(p + BPF_ID, 1, 4);
  memcpy(p + BPF_NAME, seed->name, strlen(seed->name) < 15 ? strlen(seed->name) : 15);
  store(p + BPF_POINTER, base + TABLE, 8);
  store(p + BPF_COUNT, 1, 4);
  store(p + BPF_COUNT_2, 8, 4);
  store(p + BPF_COUNT_3, 15, 4);
  store(p + BPF_WIDE, 4, 8);
  store(p + BPF_CPU_OFFSETS, base, 8);
  store(p + BPF_CPU_OFFSETS + 8, base + 64, 8);
  store(p + BPF_MAP_IDR + 8, base, 8); // an entry of its own at index 0: this map
  store(first + BPF_OBJECT, base + SECOND, 8);
  store(first + BPF_DATA, 0x1122334455667788, 8);
  store(first + BPF_DATA + 8, 0x500, 8);
  store(second + BPF_DATA, 0x99, 8);
  store(second + BPF_DATA + 8, 0x600, 8);
  switch (seed->form) {
  case SEED_CHAIN: // a bucket of two elements
    store(p + BPF_COUNT, seed->type == 24 || seed->type >= 28 ? 0 : 1, 4);
    store(p + TABLE, base + FIRST, 8);
    store(first + BPF_NODE, base + SECOND, 8);
    store(second + BPF_NODE, nulls, 8);
    store(first + 0x28, base, 8); // of local storage: smap
    store(second + 0x28, base, 8);
    break;
  case SEED_INLINE:
    store(p + BPF_COUNT_2, 8, 4);
    store(p + BPF_INLINE, seed->type == 6 ? 0x500 : 0x0123456789abcdef, 8);
    store(p + BPF_INLINE + 8, 0x600, 8);
    break;
  case SEED_SLOTS:
    store(p + BPF_INLINE + 8, base + FIRST, 8);
    store(p + BPF_COUNT, 2, 4);
    store(first + BPF_OBJECT, seed->type == 7 ? 2 : base + SECOND, 8);
    break;
  case SEED_POINTER:
    store(p + TABLE + 8, base + FIRST, 8);
    break;
  case SEED_RING:
    store(ring + BPF_RING_MASK, 255, 8);
    store(ring + BPF_RING_CONSUMER, 24, 8);
    store(ring + BPF_RING_PRODUCER, 24 + 16 + 24, 8);
    store(ring + BPF_RING_DATA, 13, 4);
    store(ring + BPF_RING_DATA + 24, 8 | 1u << 30, 4);
    store(ring + BPF_RING_DATA + 40, 9 | 1u << 31, 4);
    break;
  case SEED_RHASH: // the table is behind bpf_rhtab.ht.tbl; the second bucket is locked
    store(p + TABLE + BPF_TABLE_SIZE, 2, 4);
    store(p + TABLE + BPF_TABLE_BUCKETS, base + FIRST, 8);
    store(p + TABLE + BPF_TABLE_BUCKETS + 8, (base + SECOND) | 1, 8);
    store(first + BPF_NODE, 1, 8);
    store(second + BPF_NODE, 3, 8);
    break;
  case SEED_TRIE:
    store(p + BPF_POINTER, base + FIRST, 8);
    store(first + BPF_NODE + 8, base + SECOND, 8);
    store(first + BPF_OBJECT, 8, 8);
    store(second + BPF_OBJECT, 24, 8);
    break;
  case SEED_LIST: // struct list_head in the map
    store(p + BPF_POINTER, base + FIRST, 8);
    store(p + BPF_POINTER + 8, base + FIRST, 8);
    store(first + BPF_NODE, base + BPF_POINTER, 8);
    store(first + BPF_NODE + 8, base + BPF_POINTER, 8);
    break;
  }
}

static void bpf_seeds(const struct folder *to) {
  static const struct bpf_seed rows[] = {
      {1, "hash", 4, 8, BPF_AS_ENTRIES, SEED_CHAIN},
      {2, "array", 4, 8, BPF_AS_ENTRIES, SEED_INLINE},
      {3, "prog_array", 4, 4, BPF_AS_ENTRIES, SEED_SLOTS},
      {4, "perf_event_array", 4, 4, BPF_AS_ENTRIES, SEED_SLOTS},
      {5, "percpu_hash", 4, 8, BPF_AS_ENTRIES, SEED_CHAIN},
      {6, "percpu_array", 4, 8, BPF_AS_ENTRIES, SEED_INLINE},
      {7, "stack_trace", 4, 32, BPF_AS_ENTRIES, SEED_SLOTS},
      {8, "cgroup_array", 4, 4, BPF_AS_ENTRIES, SEED_SLOTS},
      {11, "lpm_trie", 8, 8, BPF_AS_ENTRIES, SEED_TRIE},
      {12, "array_of_maps", 4, 4, BPF_AS_ENTRIES, SEED_SLOTS},
      {13, "hash_of_maps", 4, 4, BPF_AS_ENTRIES, SEED_CHAIN},
      {14, "devmap", 4, 8, BPF_AS_ENTRIES, SEED_POINTER},
      {15, "sockmap", 4, 8, BPF_AS_ENTRIES, SEED_POINTER},
      {16, "cpumap", 4, 8, BPF_AS_ENTRIES, SEED_POINTER},
      {17, "xskmap", 4, 4, BPF_AS_ENTRIES, SEED_SLOTS},
      {18, "sockhash", 4, 8, BPF_AS_ENTRIES, SEED_CHAIN},
      {19, "cgroup_storage", 16, 8, BPF_AS_ENTRIES, SEED_LIST},
      {20, "reuseport_sockarray", 4, 8, BPF_AS_ENTRIES, SEED_SLOTS},
      {21, "percpu_cgroup_storage", 16, 8, BPF_AS_ENTRIES, SEED_LIST},
      {22, "queue", 0, 8, BPF_AS_ENTRIES, SEED_INLINE},
      {23, "stack", 0, 8, BPF_AS_ENTRIES, SEED_INLINE},
      {24, "sk_storage", 4, 8, BPF_AS_ENTRIES, SEED_CHAIN},
      {25, "devmap_hash", 4, 8, BPF_AS_ENTRIES, SEED_CHAIN},
      {26, "struct_ops", 4, 16, BPF_AS_ENTRIES, SEED_POINTER},
      {27, "ringbuf", 0, 0, BPF_AS_RING, SEED_RING},
      {29, "task_storage", 4, 8, BPF_AS_ENTRIES, SEED_CHAIN},
      {30, "bloom_filter", 0, 8, BPF_AS_BLOOM, SEED_INLINE},
      {31, "user_ringbuf", 0, 0, BPF_AS_RING, SEED_RING},
      {33, "arena", 0, 0, BPF_AS_ARENA, SEED_POINTER},
      {34, "insn_array", 4, 16, BPF_AS_ENTRIES, SEED_INLINE},
      {35, "rhash", 4, 8, BPF_AS_ENTRIES, SEED_RHASH},
      {2, "maps", 4, 8, BPF_AS_MAPS, SEED_INLINE},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint8_t *p = take(8192);
    struct bytes b = {0};
    fill_bpf(&rows[i], p);
    write_page(1, p, &b);
    write_page(2, p + 4096, &b);
    uint8_t options[4] = {0, 0, 0, (uint8_t)rows[i].way}; // script, type, way
    write_seed(to, "bpf_map", rows[i].name, &b, options, sizeof options);
  }
}

// For fuzz/planted_fuzzer.c: two nodes that point at each other, 4 values each.
// What it takes to run into its bug is written too, for the replayer.
static void planted_seed(const struct folder *to) {
  for (unsigned crash = 0; crash < 2; crash++) {
    uint8_t p[32] = {0};
    struct bytes b = {0};
    store(p, 0x2000, 8);
    p[8] = 4;
    put_record(&b, 1, 0, p, sizeof p);
    store(p, 0x1000, 8);
    p[8] = crash ? 9 : 4;
    put_record(&b, 2, 0, p, sizeof p);
    plain_seed(to, crash ? "planted-crash" : "planted", "list", &b);
  }
}

static void guest_seeds(const struct folder *to) {
  static const struct {
    const char *shape;
    enum era era;
  } rows[] = {{"x86_64", ERA_5_10}, {"x86_64", ERA_6_1},     {"x86_64-la57", ERA_6_12}, {"x86_64", ERA_7_2},
              {"arm64", ERA_5_10},  {"arm64-16k", ERA_6_12}, {"arm64-52", ERA_7_2}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct options o = options_of(rows[i].shape, rows[i].era, 100 + i);
    struct guest *g = guest_build(&o);
    struct bytes b = {0};
    write_script(g, &b);
    uint8_t options[1] = {o.shape->arm};
    write_seed(to, "guest", print("%s-era-%d", rows[i].shape, (int)rows[i].era), &b, options, 1);
  }
}

void write_seeds(const char *directory) {
  struct folder to = {directory};
  if (mkdir(directory, 0777) != 0 && errno != EEXIST)
    die("could not make %s", directory);
  container_seeds(&to);
  btf_seeds(&to);
  kallsyms_seeds(&to);
  text_seeds(&to);
  translate_seeds(&to);
  walk_seed(&to);
  memory_seeds(&to);
  path_seeds(&to);
  program_seeds(&to);
  bpf_seeds(&to);
  planted_seed(&to);
  guest_seeds(&to);
}
