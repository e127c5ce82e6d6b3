/* Ring buffers, and an arena. */
#include "scene.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

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

void rings(void) {
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

/* A child whose program never comes to submit its record. */
static pid_t holder(struct bpf_object *object) {
  struct {
    uint64_t address;
    unsigned char content[100];
  } arguments;
  pid_t pid = (pid_t)must(fork(), "fork");
  if (pid)
    return pid;
  struct uffdio_api api = {.api = UFFD_API};
  void *nobody = must_map(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "page");
  struct uffdio_register whole = {.range = {(uintptr_t)nobody, page}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
  if (faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &whole))
    die("userfaultfd");
  arguments.address = (uintptr_t)nobody;
  pattern(arguments.content, sizeof arguments.content, 5);
  LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &arguments, .ctx_size_in = sizeof arguments);
  bpf_prog_test_run_opts(bpf_program__fd(bpf_object__find_program_by_name(object, "hold")), &options);
  exit(1);
}

void busy_ring(void) {
  struct bpf_object *object = load("busy");
  if (bpf_object__load(object)) {
    absent("ring_busy");
    bpf_object__close(object);
    return;
  }
  const struct {
    uint32_t bytes;
    const char *state;
  } records[] = {{100, "committed"}, {40, "busy"}, {8, "committed"}, {24, "discarded"}};
  struct ring ring = ring_of(object, "ring_busy", 0);
  pid_t pid = holder(object);
  uint64_t end = 0, at = 0;
  for (int i = 0; i < 4; i++)
    end += (records[i].bytes + 8 + 7) & ~7u;
  for (int tries = 0; *(const volatile uint64_t *)ring.producer < end && tries < 100; tries++)
    usleep(50000);
  usleep(200000); /* until it sleeps */
  if (*ring.producer != end || waitpid(pid, NULL, WNOHANG)) {
    absent("hold");
    return;
  }
  unsigned char data[100];
  pattern(data, sizeof data, 5);
  for (int i = 0; i < 4; i++) {
    fact(ME, "{\"fact\":\"record\",\"map\":\"ring_busy\",\"position\":%llu,\"state\":\"%s\",\"data\":\"%s\"}",
         (unsigned long long)at, records[i].state, hex(data, records[i].bytes, text));
    at += (records[i].bytes + 8 + 7) & ~7u;
  }
  told_ring(&ring);
}

void arena(void) {
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
