/*
 * BPF maps of every type that the kernel knows, with known contents; programs of several types,
 * attached and run; ring buffers; a map that only a program keeps.
 *
 * What the system call can list is told by truth.c; what it cannot list is a fact here:
 * `entry` (map, key, value, owner), `ring`, `page`. What this kernel refuses is `absent`.
 */
#include "../workload.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Newer than our headers. */
enum { CGRP_STORAGE = 32, ARENA = 33, INSN_ARRAY = 34, RHASH = 35, TCX_INGRESS = 46 };

#define ME "bpf"
#define OBJECTS "/workload/bpf-objects/"

static unsigned char value[1 << 18], key[512];
static char text[sizeof value * 2 + 1];
static size_t page;
static int cpus;

static void absent(const char *what) {
  fact(ME, "{\"fact\":\"absent\",\"what\":\"%s\",\"error\":%d}", what, errno);
}

/* Known bytes: each differs from its neighbours. */
static void pattern(unsigned char *to, size_t bytes, unsigned long seed) {
  for (size_t at = 0; at < bytes; at++)
    to[at] = (unsigned char)(seed * 31 + at * 7 + (at >> 8) + 1);
}

static int make(int type, const char *name, unsigned key_bytes, unsigned value_bytes, unsigned entries,
                unsigned flags) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
  int fd = bpf_map_create((enum bpf_map_type)type, name, key_bytes, value_bytes, entries, &options);
  if (fd < 0)
    absent(name);
  return fd;
}

static void put(int map, const void *k, const void *v, const char *what) {
  if (map >= 0 && bpf_map_update_elem(map, k, v, BPF_ANY))
    absent(what);
}

/* Per-CPU values lie rounded up to 8 bytes. */
static void fill_cpus(unsigned bytes, unsigned long seed) {
  unsigned stride = (bytes + 7) & ~7u;
  memset(value, 0, stride * (size_t)cpus);
  for (int cpu = 0; cpu < cpus; cpu++)
    pattern(value + stride * (size_t)cpu, bytes, seed * 100 + (unsigned long)cpu);
}

/* ── Maps that hold bytes ── */

static void hash(int type, const char *name, unsigned key_bytes, unsigned value_bytes, unsigned entries,
                 unsigned flags) {
  bool per_cpu = type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
  int map = make(type, name, key_bytes, value_bytes, entries, flags);
  unsigned count = key_bytes == 1 && entries > 250 ? 250 : entries;
  for (unsigned i = 0; map >= 0 && i < count; i++) {
    pattern(key, key_bytes, i);
    memcpy(key, &i, key_bytes < 4 ? key_bytes : 4);
    if (per_cpu)
      fill_cpus(value_bytes, i);
    else
      pattern(value, value_bytes, i);
    put(map, key, value, name);
    if (i % 5 == 4) /* deleted again */
      bpf_map_delete_elem(map, key);
  }
}

static void hashes(void) {
  hash(BPF_MAP_TYPE_HASH, "hash_1", 1, 1, 256, 0);
  hash(BPF_MAP_TYPE_HASH, "hash_chains", 4, 8, 500, BPF_F_NO_PREALLOC);
  hash(BPF_MAP_TYPE_HASH, "hash_odd", 13, 21, 100, 0);
  hash(BPF_MAP_TYPE_HASH, "hash_long_key", 512, 40, 50, 0);
  hash(BPF_MAP_TYPE_HASH, "hash_pages", 7, 9001, 20, 0);
  hash(BPF_MAP_TYPE_HASH, "hash_large", 8, 30000, 12, BPF_F_NO_PREALLOC);
  hash(BPF_MAP_TYPE_HASH, "hash_200000", 4, 8, 200000, 0);
  make(BPF_MAP_TYPE_HASH, "hash_empty", 4, 8, 64, 0);
  hash(BPF_MAP_TYPE_LRU_HASH, "lru", 4, 12, 40, 0);
  hash(BPF_MAP_TYPE_LRU_HASH, "lru_own", 5, 12, 60, BPF_F_NO_COMMON_LRU);
  hash(BPF_MAP_TYPE_PERCPU_HASH, "pc_hash_4", 4, 8, 30, 0);
  hash(BPF_MAP_TYPE_PERCPU_HASH, "pc_hash_8", 8, 20, 30, 0);
  hash(BPF_MAP_TYPE_PERCPU_HASH, "pc_hash_odd", 11, 3, 30, BPF_F_NO_PREALLOC);
  hash(BPF_MAP_TYPE_PERCPU_HASH, "pc_hash_wide", 6, 5000, 6, 0);
  hash(BPF_MAP_TYPE_LRU_PERCPU_HASH, "pc_lru", 4, 8, 40, 0);
  hash(RHASH, "rhash", 4, 8, 3000, BPF_F_NO_PREALLOC);
}

static int array(int type, const char *name, unsigned bytes, unsigned entries, unsigned flags) {
  int map = make(type, name, 4, bytes, entries, flags);
  for (unsigned i = 0; map >= 0 && i < entries; i++) {
    if (i % 3 == 2)
      continue; /* stays zero */
    if (type == BPF_MAP_TYPE_PERCPU_ARRAY)
      fill_cpus(bytes, i);
    else
      pattern(value, bytes, i);
    put(map, &i, value, name);
  }
  return map;
}

static void arrays(void) {
  array(BPF_MAP_TYPE_ARRAY, "array_1", 1, 300, 0);
  array(BPF_MAP_TYPE_ARRAY, "array_odd", 13, 1000, 0);
  array(BPF_MAP_TYPE_ARRAY, "array_pages", 10001, 7, 0);
  array(BPF_MAP_TYPE_ARRAY, "array_mmap", 4, 5000, BPF_F_MMAPABLE);
  int frozen = array(BPF_MAP_TYPE_ARRAY, "array_frozen", 64, 4, BPF_F_RDONLY_PROG);
  if (frozen >= 0 && bpf_map_freeze(frozen))
    absent("freeze");
  array(BPF_MAP_TYPE_PERCPU_ARRAY, "pc_array", 8, 10, 0);
  array(BPF_MAP_TYPE_PERCPU_ARRAY, "pc_array_odd", 5001, 3, 0);
  int insns = make(INSN_ARRAY, "insns", 4, 16, 4, 0);
  for (unsigned i = 0; insns >= 0 && i < 4; i++) {
    uint32_t offsets[4] = {i * 2};
    put(insns, &i, offsets, "insns");
  }
}

static void tries(void) {
  struct {
    uint32_t bits;
    unsigned char data[16];
  } prefix;
  int deep = make(BPF_MAP_TYPE_LPM_TRIE, "trie_deep", 4 + 4, 3, 100, BPF_F_NO_PREALLOC);
  int wide = make(BPF_MAP_TYPE_LPM_TRIE, "trie_wide", 4 + 16, 24, 2000, BPF_F_NO_PREALLOC);
  for (unsigned i = 0; deep >= 0 && i <= 32; i++) {
    memset(&prefix, 0, sizeof prefix);
    prefix.bits = i;
    for (unsigned bit = 0; bit < i; bit++)
      prefix.data[bit / 8] |= (unsigned char)(bit % 3 ? 0x80 >> bit % 8 : 0);
    pattern(value, 3, i);
    put(deep, &prefix, value, "trie_deep");
  }
  for (unsigned i = 0; wide >= 0 && i < 1000; i++) {
    prefix.bits = 16 + i % 113;
    for (unsigned at = 0; at < 16; at++)
      prefix.data[at] = (unsigned char)(i * (at + 3) * 37 >> at % 3);
    pattern(value, 24, i);
    put(wide, &prefix, value, "trie_wide");
    if (i % 7 == 0)
      bpf_map_delete_elem(wide, &prefix);
  }
}

/* The system call can only take from these: what is left is a fact. */
static void queues(void) {
  for (int stack = 0; stack < 2; stack++) {
    const char *name = stack ? "stack" : "queue";
    int map = make(stack ? BPF_MAP_TYPE_STACK : BPF_MAP_TYPE_QUEUE, name, 0, 13, 20, 0);
    unsigned first = 0, last = 0;
    /* Far enough that a queue wraps. */
    for (unsigned i = 0; map >= 0 && i < 50; i++) {
      pattern(value, 13, i);
      put(map, NULL, value, name);
      last = i;
      if (i - first >= 11 && !stack) {
        bpf_map_lookup_and_delete_elem(map, NULL, value);
        first++;
      } else if (stack && i >= 18) {
        break;
      }
    }
    for (unsigned i = first; map >= 0 && i <= last; i++) {
      unsigned at = stack ? last - i : i;
      pattern(value, 13, at);
      fact(ME, "{\"fact\":\"entry\",\"map\":\"%s\",\"value\":\"%s\"}", name, hex(value, 13, text));
    }
  }
  int bloom = make(BPF_MAP_TYPE_BLOOM_FILTER, "bloom", 0, 8, 100, 0);
  for (unsigned i = 0; bloom >= 0 && i < 50; i++) {
    pattern(value, 8, i);
    put(bloom, NULL, value, "bloom");
  }
}

/* ── Maps that hold references ── */

static int socket_filter(const char *name) {
  struct bpf_insn code[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1},
      {.code = BPF_JMP | BPF_EXIT},
  };
  return bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, name, "GPL", code, 2, NULL);
}

static void told_slot(const char *map, unsigned slot, const char *kind, unsigned long long what) {
  fact(ME, "{\"fact\":\"entry\",\"map\":\"%s\",\"key\":\"%s\",\"%s\":%llu}", map, hex(&slot, 4, text), kind, what);
}

static unsigned long long inode_of(int fd) {
  struct stat about;
  must(fstat(fd, &about), "fstat");
  return about.st_ino;
}

static void maps_in_maps(void) {
  int inner = array(BPF_MAP_TYPE_ARRAY, "inner_a", 8, 4, 0), other = array(BPF_MAP_TYPE_ARRAY, "inner_b", 8, 4, 0);
  LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = (unsigned)inner);
  int outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "outer_array", 4, 4, 5, &options);
  int table = bpf_map_create(BPF_MAP_TYPE_HASH_OF_MAPS, "outer_hash", 6, 4, 5, &options);
  unsigned slots[] = {1, 4};
  put(outer, &slots[0], &inner, "outer_array");
  put(outer, &slots[1], &other, "outer_array");
  put(table, "first", &other, "outer_hash");
  put(table, "other", &inner, "outer_hash");
  /* Nobody but the outer map has this one. */
  int lonely = array(BPF_MAP_TYPE_ARRAY, "inner_lonely", 8, 4, 0);
  put(table, "third", &lonely, "outer_hash");
  close(lonely);
}

static void references(void) {
  unsigned slot;
  int program = socket_filter("in_array");
  int programs = make(BPF_MAP_TYPE_PROG_ARRAY, "programs", 4, 4, 8, 0);
  slot = 5;
  put(programs, &slot, &program, "programs");

  struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE,
                                  .size = sizeof event,
                                  .config = PERF_COUNT_SW_BPF_OUTPUT,
                                  .sample_type = PERF_SAMPLE_RAW};
  int events = make(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "events", 4, 4, 4, 0);
  for (slot = 0; slot < 2; slot++) {
    int fd = (int)syscall(SYS_perf_event_open, &event, -1, (int)slot, -1, 0);
    put(events, &slot, &fd, "events");
    if (fd >= 0)
      told_slot("events", slot, "event", slot);
  }

  int group = open("/sys/fs/cgroup/bpf", O_RDONLY | O_DIRECTORY);
  int groups = make(BPF_MAP_TYPE_CGROUP_ARRAY, "cgroups", 4, 4, 4, 0);
  slot = 2;
  put(groups, &slot, &group, "cgroups");
  told_slot("cgroups", slot, "cgroup", inode_of(group));

  uint32_t lo = if_nametoindex("lo"), lab = if_nametoindex("lab0");
  int devices = make(BPF_MAP_TYPE_DEVMAP, "devices", 4, 4, 8, 0);
  int device_hash = make(BPF_MAP_TYPE_DEVMAP_HASH, "device_hash", 4, 8, 8, 0);
  struct {
    uint32_t index, program;
  } device = {lab, 0};
  slot = 1;
  put(devices, &slot, &lo, "devices");
  slot = 6;
  put(devices, &slot, &lab, "devices");
  slot = 0x12345678;
  put(device_hash, &slot, &device, "device_hash");
  slot = 7;
  device.index = lo;
  put(device_hash, &slot, &device, "device_hash");

  int processors = make(BPF_MAP_TYPE_CPUMAP, "processors", 4, 8, 2, 0);
  struct {
    uint32_t queue, program;
  } processor = {192, 0};
  slot = 1;
  put(processors, &slot, &processor, "processors");

  int xsk = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), xsks = make(BPF_MAP_TYPE_XSKMAP, "xsks", 4, 4, 4, 0);
  slot = 3;
  if (xsk >= 0 && xsks >= 0 && !bpf_map_update_elem(xsks, &slot, &xsk, BPF_ANY))
    told_slot("xsks", slot, "socket", inode_of(xsk));
  else
    absent("xsk");
}

/* With the cookie that the call gives for it. */
static void told_socket(int map, const char *name, unsigned slot, int fd) {
  uint64_t cookie = 0;
  char slot_text[16], cookie_text[32];
  if (bpf_map_lookup_elem(map, &slot, &cookie))
    absent(name);
  fact(ME, "{\"fact\":\"entry\",\"map\":\"%s\",\"key\":\"%s\",\"value\":\"%s\",\"socket\":%llu}", name,
       hex(&slot, 4, slot_text), hex(&cookie, 8, cookie_text), inode_of(fd));
}

/* Two ends of a TCP connection, and UDP sockets that share a port. */
static void sockets(void) {
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof any;
  int listener = (int)must(socket(AF_INET, SOCK_STREAM, 0), "socket");
  must(bind(listener, (struct sockaddr *)&any, sizeof any), "bind");
  must(listen(listener, 1), "listen");
  must(getsockname(listener, (struct sockaddr *)&any, &size), "getsockname");
  int client = (int)must(socket(AF_INET, SOCK_STREAM, 0), "socket");
  must(connect(client, (struct sockaddr *)&any, sizeof any), "connect");
  int server = (int)must(accept(listener, NULL, NULL), "accept");

  unsigned slot = 2;
  uint64_t wide = (uint64_t)client;
  int map = make(BPF_MAP_TYPE_SOCKMAP, "sockmap", 4, 8, 4, 0);
  put(map, &slot, &wide, "sockmap");
  if (map >= 0)
    told_socket(map, "sockmap", slot, client);
  int table = make(BPF_MAP_TYPE_SOCKHASH, "sockhash", 10, 4, 8, 0);
  put(table, "server key", &server, "sockhash");
  if (table >= 0)
    fact(ME, "{\"fact\":\"entry\",\"map\":\"sockhash\",\"key\":\"%s\",\"socket\":%llu}",
         hex("server key", 10, text), inode_of(server));

  int share = make(BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, "reuseport", 4, 8, 4, 0);
  struct sockaddr_in port = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(7777)};
  for (slot = 1; slot <= 2; slot++) {
    int one = 1, fd = (int)must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one), "SO_REUSEPORT");
    must(bind(fd, (struct sockaddr *)&port, sizeof port), "bind");
    wide = (uint64_t)fd;
    put(share, &slot, &wide, "reuseport");
    if (share >= 0)
      told_socket(share, "reuseport", slot, fd);
  }
}

/* ── Storage that belongs to something else ── */

static void storages(void) {
  struct btf *types = btf__new_empty();
  int number = btf__add_int(types, "int", 4, BTF_INT_SIGNED);
  int wide = btf__add_int(types, "unsigned long long", 8, 0);
  int spot = btf__add_struct(types, "spot", 16);
  btf__add_field(types, "id", wide, 0, 0);
  btf__add_field(types, "left", number, 64, 0);
  btf__add_field(types, "right", number, 96, 0);
  if (btf__load_into_kernel(types))
    absent("btf");
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC, .btf_fd = (unsigned)btf__fd(types),
              .btf_key_type_id = (unsigned)number, .btf_value_type_id = (unsigned)spot);
  int sock = (int)must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  int self = (int)syscall(SYS_pidfd_open, getpid(), 0), parent = (int)syscall(SYS_pidfd_open, 1, 0);
  int file = open(OBJECTS "orphan.bpf.o", O_RDONLY | O_CLOEXEC);
  int group = open("/sys/fs/cgroup/bpf", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const struct {
    const char *name, *owner;
    int type;
    int fds[2];
    unsigned long long ids[2];
  } kinds[] = {
      {"sk_storage", "socket", BPF_MAP_TYPE_SK_STORAGE, {sock, -1}, {inode_of(sock), 0}},
      {"task_storage", "pid", BPF_MAP_TYPE_TASK_STORAGE, {self, parent}, {(unsigned long long)getpid(), 1}},
      {"inode_storage", "inode", BPF_MAP_TYPE_INODE_STORAGE, {file, -1}, {inode_of(file), 0}},
      {"cgrp_storage", "cgroup", CGRP_STORAGE, {group, -1}, {inode_of(group), 0}},
  };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    int map = bpf_map_create((enum bpf_map_type)kinds[i].type, kinds[i].name, 4, 16, 0, &options);
    if (map < 0)
      absent(kinds[i].name);
    for (int j = 0; map >= 0 && j < 2 && kinds[i].fds[j] >= 0; j++) {
      pattern(value, 16, i * 10 + (size_t)j);
      if (bpf_map_update_elem(map, &kinds[i].fds[j], value, BPF_ANY))
        absent(kinds[i].name);
      else
        fact(ME, "{\"fact\":\"entry\",\"map\":\"%s\",\"value\":\"%s\",\"%s\":%llu}", kinds[i].name,
             hex(value, 16, text), kinds[i].owner, kinds[i].ids[j]);
    }
  }
}

/* ── Objects that clang made ── */

static void quiet(void) {
  libbpf_set_print(NULL);
}

static struct bpf_object *load(const char *name) {
  char path[64];
  snprintf(path, sizeof path, OBJECTS "%s.bpf.o", name);
  struct bpf_object *object = bpf_object__open(path);
  if (!object)
    die(path);
  return object;
}

static int map_of(struct bpf_object *object, const char *name) {
  struct bpf_map *map = bpf_object__find_map_by_name(object, name);
  return map ? bpf_map__fd(map) : -1;
}

/* As typed.bpf.c has them. */
struct point {
  int x, y;
};
struct key {
  uint32_t id;
  uint16_t port;
  uint8_t kind;
  char tag[5];
};
struct everything {
  unsigned int three : 3;
  unsigned int five : 5;
  int seven : 7;
  uint64_t forty : 40;
  bool yes, no;
  char letter;
  signed char small;
  uint16_t sixteen;
  int32_t minus;
  uint64_t big;
  int64_t least;
  int color, unnamed;
  uint32_t word;
  struct {
    uint16_t inner;
    struct point point;
  } nested;
  struct point path[3];
  int matrix[2][3];
  char text[16];
  char full[4];
  void *pointer;
  void *call;
};

static struct everything everything_of(int i) {
  struct everything e;
  memset(&e, 0, sizeof e);
  e.three = 5;
  e.five = (unsigned)(i + 9) & 31;
  e.seven = -3 - i;
  e.forty = 0xabcdef0123 + (unsigned)i;
  e.yes = true;
  e.letter = 'k';
  e.small = (signed char)(-7 - i);
  e.sixteen = 65000;
  e.minus = -123456 - i;
  e.big = 0xfedcba9876543210;
  e.least = INT64_MIN;
  e.color = i == 1 ? -3 : 7;
  e.unnamed = 55;
  e.word = 0x01020304;
  e.nested.inner = 99;
  e.nested.point = (struct point){i, -i};
  for (int j = 0; j < 3; j++)
    e.path[j] = (struct point){j, 10 * j};
  for (int j = 0; j < 6; j++)
    e.matrix[j / 3][j % 3] = j * i;
  strcpy(e.text, i ? "text\t\"\\ \xc3\xa9" : "");
  memcpy(e.full, "full", 4);
  e.pointer = (void *)0xffff888000001234;
  return e;
}

static struct key key_of(int i) {
  struct key k;
  memset(&k, 0, sizeof k);
  k.id = (uint32_t)i;
  k.port = 443;
  k.kind = 6;
  memcpy(k.tag, "abcd", 4);
  return k;
}

static struct bpf_object *typed(void) {
  struct bpf_object *object = load("typed");
  if (bpf_object__load(object))
    die("typed.bpf.o");
  for (int i = 0; i < 6; i++) {
    struct key k = key_of(i);
    struct everything e = everything_of(i);
    put(map_of(object, "typed_hash"), &k, &e, "typed_hash");
    if (i < 3)
      put(map_of(object, "typed_array"), &i, &e, "typed_array");
    fill_cpus(8, (unsigned)i);
    put(map_of(object, "typed_pc_hash"), &k, value, "typed_pc_hash");
    struct point point = {i, 100 - i};
    int color = (int[]){0, 7, -3, 12, 1 << 30, -1}[i];
    put(map_of(object, "typed_lru"), &color, &point, "typed_lru");
    if (i < 2) {
      fill_cpus(8, (unsigned)i + 50);
      put(map_of(object, "typed_percpu"), &i, value, "typed_percpu");
      struct {
        uint32_t lock;
        int guarded;
      } locked = {0, 77 + i};
      put(map_of(object, "typed_lock"), &i, &locked, "typed_lock");
    }
    struct {
      float f;
      double d;
      __int128 wide;
    } numbers;
    memset(&numbers, 0, sizeof numbers);
    numbers.f = (float[]){0, 1.5f, -2.25f, 1e30f, 0.1f, -0.0f}[i];
    numbers.d = (double[]){0, 0.1, -1e300, 3, 1.0 / 3, 123456789}[i];
    numbers.wide = (__int128)i << 70 | 0x1234;
    if (i < 4) {
      uint64_t k8 = (uint64_t)i << 40;
      put(map_of(object, "typed_numbers"), &k8, &numbers, "typed_numbers");
    }
  }
  struct bpf_program *program = bpf_object__find_program_by_name(object, "on_getpgid");
  if (!bpf_program__attach(program))
    absent("on_getpgid");
  return object;
}

/* The variables of a loaded object, where the program sees them. */
static char *variables(const struct bpf_map *map) {
  size_t bytes = (bpf_map__value_size(map) + page - 1) / page * page;
  return must_map(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0), "variables");
}

/* Sets the variable `armed' of an object. */
static void set_armed(struct bpf_object *object, uint64_t on, size_t offset) {
  struct bpf_map *map;
  bpf_object__for_each_map(map, object) {
    const char *name = bpf_map__name(map);
    char *data = strstr(name, ".bss") ? variables(map) : NULL;
    if (data)
      memcpy(data + offset, &on, sizeof on);
  }
}

static size_t armed_offset(struct bpf_object *object) {
  struct btf *types = bpf_object__btf(object);
  int id = btf__find_by_name_kind(types, ".bss", BTF_KIND_DATASEC);
  const struct btf_type *section = btf__type_by_id(types, (unsigned)id);
  for (unsigned i = 0; section && i < btf_vlen(section); i++) {
    const struct btf_var_secinfo *var = btf_var_secinfos(section) + i;
    if (strcmp(btf__name_by_offset(types, btf__type_by_id(types, var->type)->name_off), "armed") == 0)
      return var->offset;
  }
  fprintf(stderr, "workload: no `armed'\n");
  exit(1);
}

/* Loads one program at a time: what one kernel refuses must not take the others along. */
static struct bpf_object *probes(void) {
  struct bpf_object *object = NULL;
  const char *refused[16];
  size_t n = 0;
  for (;;) {
    object = load("probes");
    struct bpf_program *program;
    bpf_object__for_each_program(program, object) for (size_t i = 0; i < n;
                                                       i++) if (strcmp(bpf_program__name(program), refused[i]) == 0)
        bpf_program__set_autoload(program, false);
    if (!bpf_object__load(object))
      return object;
    /* The first that has no descriptor although it should is the one. */
    const char *bad = NULL;
    struct bpf_object *again = load("probes");
    bpf_object__for_each_program(program, again) {
      bool known = false;
      for (size_t i = 0; i < n; i++)
        known |= strcmp(bpf_program__name(program), refused[i]) == 0;
      if (known || bad)
        continue;
      struct bpf_object *alone = load("probes");
      struct bpf_program *each;
      bpf_object__for_each_program(each, alone) if (strcmp(bpf_program__name(each), bpf_program__name(program)) !=
                                                    0) bpf_program__set_autoload(each, false);
      if (bpf_object__load(alone))
        bad = bpf_program__name(program);
      bpf_object__close(alone);
    }
    bpf_object__close(object);
    if (!bad || n == 16)
      die("probes.bpf.o");
    refused[n++] = strdup(bad);
    absent(bad);
    bpf_object__close(again);
  }
}

static void attach_probes(struct bpf_object *object) {
  int group = open("/sys/fs/cgroup/bpf", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int self = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  struct bpf_program *program;
  bpf_object__for_each_program(program, object) {
    const char *name = bpf_program__name(program);
    struct bpf_link *link = NULL;
    if (bpf_program__fd(program) < 0 || strcmp(name, "pass_socket") == 0)
      continue;
    errno = 0;
    if (strcmp(name, "pass_xdp") == 0)
      link = bpf_program__attach_xdp(program, (int)if_nametoindex("lo"));
    else if (strcmp(name, "pass_egress") == 0)
      link = bpf_program__attach_cgroup(program, group);
    else if (strcmp(name, "pass_lookup") == 0)
      link = bpf_program__attach_netns(program, self);
    else if (strcmp(name, "on_perf") == 0) {
      struct perf_event_attr event = {
          .type = PERF_TYPE_SOFTWARE, .size = sizeof event, .config = PERF_COUNT_SW_DUMMY, .sample_period = 1};
      link = bpf_program__attach_perf_event(program, (int)syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
    } else if (strcmp(name, "pass_tc") == 0) {
      if (bpf_link_create(bpf_program__fd(program), (int)if_nametoindex("lab0"), (enum bpf_attach_type)TCX_INGRESS,
                          NULL) < 0)
        absent(name);
      continue;
    } else
      link = bpf_program__attach(program);
    if (!link)
      absent(name);
  }
  int filtered = (int)must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  program = bpf_object__find_program_by_name(object, "pass_socket");
  int fd = bpf_program__fd(program);
  if (fd < 0 || setsockopt(filtered, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof fd))
    absent("pass_socket");
}

static void send_to_self(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(7777)};
  int fd = (int)must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  for (int i = 0; i < 5; i++)
    sendto(fd, "lab", 3, 0, (struct sockaddr *)&to, sizeof to);
  close(fd);
}

static void run_probes(struct bpf_object *typed_object, struct bpf_object *object) {
  set_armed(typed_object, 1, armed_offset(typed_object));
  set_armed(object, 1, armed_offset(object));
  for (int i = 0; i < 37; i++)
    getpgid(0);
  for (int i = 0; i < 11; i++) {
    prctl(PR_SET_NAME, i & 1 ? "bpf-odd" : "bpf");
    setpriority(PRIO_PROCESS, 0, 0);
  }
  send_to_self();
  usleep(100000);
  set_armed(typed_object, 0, armed_offset(typed_object));
  set_armed(object, 0, armed_offset(object));
}

static void cgroup_storages(struct bpf_object *object) {
  struct bpf_cgroup_storage_key keys[2];
  const char *names[] = {"cg_storage", "cg_storage_pc"};
  for (int i = 0; i < 2; i++) {
    int map = map_of(object, names[i]);
    if (map < 0 || bpf_map_get_next_key(map, NULL, &keys[0])) {
      absent(names[i]);
      continue;
    }
    fill_cpus(8, 900 + (unsigned)i);
    put(map, &keys[0], value, names[i]);
  }
}

/* ── Ring buffers ── */

struct order {
  uint32_t ring, bytes, discard, failed;
};

struct ring {
  const char *name;
  unsigned number;
  uint64_t *consumer;
  const uint64_t *producer;
  unsigned count;
};

static struct order *orders;
static char *content;

static bool write_record(struct ring *ring, uint32_t bytes, bool discard) {
  uint64_t at = *ring->producer;
  if (discard)
    bytes = 24;
  pattern((unsigned char *)content, 4096, ++ring->count);
  *orders = (struct order){ring->number, bytes, discard, 0};
  getsid(0);
  orders->ring = 0;
  if (orders->failed)
    return false;
  fact(ME, "{\"fact\":\"record\",\"map\":\"%s\",\"position\":%llu,\"state\":\"%s\",\"data\":\"%s\"}", ring->name,
       (unsigned long long)at, discard ? "discarded" : "committed", hex(content, bytes, text));
  return true;
}

static struct ring ring_of(struct bpf_object *object, const char *name, unsigned number) {
  int fd = map_of(object, name);
  struct ring ring = {name, number, NULL, NULL, 0};
  ring.consumer = must_map(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), name);
  ring.producer = must_map(mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page), name);
  return ring;
}

static void told_ring(const struct ring *ring) {
  fact(ME, "{\"fact\":\"ring\",\"map\":\"%s\",\"consumer\":%llu,\"producer\":%llu}", ring->name,
       (unsigned long long)*ring->consumer, (unsigned long long)*ring->producer);
}

static void rings(void) {
  struct bpf_object *object = load("rings");
  if (bpf_object__load(object) || !bpf_program__attach(bpf_object__find_program_by_name(object, "on_getsid"))) {
    absent("rings");
    return;
  }
  struct bpf_map *map;
  bpf_object__for_each_map(map, object) {
    if (strstr(bpf_map__name(map), ".bss")) {
      char *data = variables(map);
      struct btf *types = bpf_object__btf(object);
      const struct btf_type *section = btf__type_by_id(types, bpf_map__btf_value_type_id(map));
      for (unsigned i = 0; i < btf_vlen(section); i++) {
        const struct btf_var_secinfo *var = btf_var_secinfos(section) + i;
        const char *name = btf__name_by_offset(types, btf__type_by_id(types, var->type)->name_off);
        if (strcmp(name, "order") == 0)
          orders = (struct order *)(data + var->offset);
        else
          content = data + var->offset;
      }
    }
  }
  struct ring plain = ring_of(object, "ring_plain", 1), wrapped = ring_of(object, "ring_wrapped", 2);
  struct ring full = ring_of(object, "ring_full", 3);
  const uint32_t sizes[] = {1, 8, 100, 0, 4096, 17};
  for (int i = 0; i < 6; i++) {
    write_record(&plain, sizes[i] ? sizes[i] : 24, sizes[i] == 0);
    if (i == 2)
      *plain.consumer = *plain.producer;
  }
  told_ring(&plain);
  for (int i = 0; i < 130; i++) {
    write_record(&wrapped, 900 + (uint32_t)i, i % 10 == 9);
    if (i < 120)
      *wrapped.consumer = *wrapped.producer;
  }
  told_ring(&wrapped);
  for (int i = 0; i < 100 && write_record(&full, 2000, false); i++)
    ;
  told_ring(&full);

  /* User space writes this one, headers included. */
  int user = make(BPF_MAP_TYPE_USER_RINGBUF, "ring_user", 0, 0, 65536, 0);
  if (user < 0)
    return;
  uint64_t *producer =
      must_map(mmap(NULL, page + 65536, PROT_READ | PROT_WRITE, MAP_SHARED, user, (off_t)page), "user");
  unsigned char *data = (unsigned char *)producer + page;
  const uint32_t flags[] = {0, 1u << 30, 0, 1u << 31};
  const char *states[] = {"committed", "discarded", "committed", "busy"};
  uint64_t at = 0;
  for (unsigned i = 0; i < 4; i++) {
    uint32_t bytes = 20 + 100 * i, length = bytes | flags[i];
    memcpy(data + at, &length, 4);
    pattern(data + at + 8, bytes, i);
    fact(ME, "{\"fact\":\"record\",\"map\":\"ring_user\",\"position\":%llu,\"state\":\"%s\",\"data\":\"%s\"}",
         (unsigned long long)at, states[i], hex(data + at + 8, bytes, text));
    at += (bytes + 8 + 7) & ~7ull;
  }
  *producer = at;
  fact(ME, "{\"fact\":\"ring\",\"map\":\"ring_user\",\"consumer\":0,\"producer\":%llu}", (unsigned long long)at);
}

static void arena(void) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
  int map = bpf_map_create((enum bpf_map_type)ARENA, "arena", 0, 0, 256, &options);
  if (map < 0) {
    absent("arena");
    return;
  }
  unsigned char *pages = must_map(mmap(NULL, 256 * page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0), "arena");
  const unsigned touched[] = {0, 1, 5, 100, 255};
  for (size_t i = 0; i < 5; i++) {
    pattern(pages + touched[i] * page, 64, touched[i]);
    fact(ME, "{\"fact\":\"page\",\"map\":\"arena\",\"page\":%u,\"address\":%llu,\"begins\":\"%s\"}", touched[i],
         (unsigned long long)(uintptr_t)(pages + touched[i] * page), hex(pages + touched[i] * page, 64, text));
  }
}

static void congestion(void) {
  struct bpf_object *object = load("congestion");
  struct bpf_map *map = bpf_object__find_map_by_name(object, "lab_congestion");
  if (bpf_object__load(object) || !map || !bpf_map__attach_struct_ops(map))
    absent("struct_ops");
}

/* A child makes it, pins the program and is gone. */
static void orphan(void) {
  pid_t pid = (pid_t)must(fork(), "fork");
  if (pid == 0) {
    struct bpf_object *object = load("orphan");
    if (bpf_object__load(object))
      die("orphan.bpf.o");
    for (uint64_t i = 0; i < 5; i++) {
      pattern(value, 12, i);
      put(map_of(object, "orphan"), &i, value, "orphan");
    }
    if (bpf_program__pin(bpf_object__find_program_by_name(object, "keeper"), "/sys/fs/bpf/keeper"))
      absent("pin");
    exit(0);
  }
  waitpid(pid, NULL, 0);
}

/* Ids grow on although the maps are gone: the tree of ids gets deep, with holes. */
static void use_up_ids(unsigned count) {
  LIBBPF_OPTS(bpf_map_create_opts, options);
  for (unsigned i = 0; i < count; i++)
    close((int)must(bpf_map_create(BPF_MAP_TYPE_ARRAY, "gone", 4, 4, 1, &options), "gone"));
}

int main(void) {
  struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &unlimited); /* before 5.11 maps count there */
  struct rlimit many = {4096, 4096};
  setrlimit(RLIMIT_NOFILE, &many);
  page = (size_t)sysconf(_SC_PAGESIZE);
  cpus = libbpf_num_possible_cpus();
  quiet();
  must(mkdir("/sys/fs/cgroup/bpf", 0755), "cgroup");
  int procs = open("/sys/fs/cgroup/bpf/cgroup.procs", O_WRONLY | O_CLOEXEC); /* its sockets run pass_egress */
  if (write(procs, "0", 1) != 1)
    die("cgroup.procs");
  close(procs);
  fact(ME, "{\"fact\":\"process\",\"pid\":%d,\"cpus\":%d}", getpid(), cpus);

  arrays();
  struct bpf_object *types = typed();
  hashes();
  tries();
  use_up_ids(5000);
  queues();
  maps_in_maps();
  references();
  sockets();
  storages();
  struct bpf_object *object = probes();
  attach_probes(object);
  run_probes(types, object);
  cgroup_storages(object);
  rings();
  arena();
  congestion();
  orphan();
  settled(ME);
  sleep_for_ever();
}
