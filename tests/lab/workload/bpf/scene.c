/* What the scenes of the BPF workload share. */
#include "scene.h"

unsigned char value[1 << 18], key[512];
char text[sizeof value * 2 + 1];
size_t page;
int cpus;

void absent(const char *what) {
  fact(ME, "{\"fact\":\"absent\",\"what\":\"%s\",\"error\":%d}", what, errno);
}

void pattern(unsigned char *to, size_t bytes, unsigned long seed) {
  for (size_t at = 0; at < bytes; at++)
    to[at] = (unsigned char)(seed * 31 + at * 7 + (at >> 8) + 1);
}

int make(int type, const char *name, unsigned key_bytes, unsigned value_bytes, unsigned entries, unsigned flags) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
  int fd = bpf_map_create((enum bpf_map_type)type, name, key_bytes, value_bytes, entries, &options);
  if (fd < 0)
    absent(name);
  return fd;
}

void put(int map, const void *k, const void *v, const char *what) {
  if (map >= 0 && bpf_map_update_elem(map, k, v, BPF_ANY))
    absent(what);
}

/* Per-CPU values lie rounded up to 8 bytes. */
void fill_cpus(unsigned bytes, unsigned long seed) {
  unsigned stride = (bytes + 7) & ~7u;
  memset(value, 0, stride * (size_t)cpus);
  for (int cpu = 0; cpu < cpus; cpu++)
    pattern(value + stride * (size_t)cpu, bytes, seed * 100 + (unsigned long)cpu);
}

int socket_filter(const char *name) {
  struct bpf_insn code[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1},
      {.code = BPF_JMP | BPF_EXIT},
  };
  return bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, name, "GPL", code, 2, NULL);
}

void told_slot(const char *map, unsigned slot, const char *kind, unsigned long long what) {
  fact(ME, "{\"fact\":\"entry\",\"map\":\"%s\",\"key\":\"%s\",\"%s\":%llu}", map, hex(&slot, 4, text), kind, what);
}

unsigned long long inode_of(int fd) {
  struct stat about;
  must(fstat(fd, &about), "fstat");
  return about.st_ino;
}

struct bpf_object *load(const char *name) {
  char path[64];
  snprintf(path, sizeof path, OBJECTS "%s.bpf.o", name);
  struct bpf_object *object = bpf_object__open(path);
  if (!object)
    die(path);
  return object;
}

int map_of(struct bpf_object *object, const char *name) {
  struct bpf_map *map = bpf_object__find_map_by_name(object, name);
  return map ? bpf_map__fd(map) : -1;
}

char *variables(const struct bpf_map *map) {
  size_t bytes = (bpf_map__value_size(map) + page - 1) / page * page;
  return must_map(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0), "variables");
}

bool run_once(struct bpf_object *object, const char *program) {
  unsigned char packet[64] = {0};
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof packet, .repeat = 1);
  int fd = bpf_program__fd(bpf_object__find_program_by_name(object, program));
  return fd >= 0 && bpf_prog_test_run_opts(fd, &options) == 0 && options.retval == 0;
}
