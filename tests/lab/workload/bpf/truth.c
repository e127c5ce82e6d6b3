/*
 * Tells what bpf(2) says: of each map, its entries, each program, link and BTF.
 *
 * bpf-maps.jsonl, bpf-programs.jsonl, bpf-links.jsonl, bpf-btfs.jsonl: an object a line.
 * bpf-map-ID.bin: for each entry a byte (1: there is a value, 0: none can be had), the key, and the
 * value as the system call gives it: a per-CPU map's is one value a possible CPU, each rounded
 * up to 8 bytes. bpf-program-ID.bin: the instructions after the verifier.
 */
#include "../workload.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/syscall.h>

static unsigned char key[4096], next[4096], value[1 << 20];
static char text[4096];
static int cpus;

static bool per_cpu(unsigned type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

/* Types that the system call gives no keys of. */
static bool listed(unsigned type) {
  switch (type) {
  case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
  case BPF_MAP_TYPE_CGROUP_ARRAY:
  case BPF_MAP_TYPE_XSKMAP:
  case BPF_MAP_TYPE_SOCKMAP:
  case BPF_MAP_TYPE_SOCKHASH:
  case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
  case BPF_MAP_TYPE_QUEUE:
  case BPF_MAP_TYPE_STACK:
  case BPF_MAP_TYPE_SK_STORAGE:
  case BPF_MAP_TYPE_INODE_STORAGE:
  case BPF_MAP_TYPE_TASK_STORAGE:
  case BPF_MAP_TYPE_RINGBUF:
  case BPF_MAP_TYPE_USER_RINGBUF:
  case BPF_MAP_TYPE_BLOOM_FILTER:
    return false;
  default:
    return type != 32 && type != 33; /* cgrp_storage, arena */
  }
}

static bool frozen(int fd) {
  char path[64], line[128];
  int yes = 0;
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  FILE *file = fopen(path, "re");
  while (file && fgets(line, sizeof line, file))
    sscanf(line, "frozen: %d", &yes);
  if (file)
    fclose(file);
  return yes;
}

static unsigned long entries(int fd, const struct bpf_map_info *map) {
  snprintf(text, sizeof text, "/facts/bpf-map-%u.bin", map->id);
  FILE *out = fopen(text, "we");
  if (!out)
    die(text);
  size_t bytes = map->value_size;
  if (per_cpu(map->type))
    bytes = ((bytes + 7) & ~7ul) * (size_t)cpus;
  unsigned long n = 0;
  void *from = NULL;
  while (bpf_map_get_next_key(fd, from, next) == 0) {
    memset(value, 0, bytes);
    unsigned char there = bpf_map_lookup_elem(fd, next, value) == 0;
    fwrite(&there, 1, 1, out);
    fwrite(next, 1, map->key_size, out);
    fwrite(value, 1, bytes, out);
    memcpy(key, next, map->key_size);
    from = key;
    n++;
  }
  fclose(out);
  return n;
}

/* What `bpftool -j COMMAND... [ID]` prints becomes /facts/bpftool-NAME.json. */
static void bpftool(const char *name, const char *object, const char *verb, const char *id) {
  char path[64];
  snprintf(path, sizeof path, "/facts/bpftool-%s.json", name);
  pid_t pid = (pid_t)must(fork(), "fork");
  if (pid == 0) {
    int out = (int)must(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644), path);
    must(dup2(out, 1), "dup2");
    execl("/bin/bpftool", "bpftool", "-j", object, verb, id ? "id" : NULL, id, NULL);
    die("bpftool");
  }
  waitpid(pid, NULL, 0);
}

static void tell_map(int fd) {
  struct bpf_map_info map;
  __u32 size = sizeof map;
  memset(&map, 0, sizeof map);
  must(bpf_obj_get_info_by_fd(fd, &map, &size), "map info");
  long n = listed(map.type) ? (long)entries(fd, &map) : -1;
  fact("bpf-maps",
       "{\"id\":%u,\"type\":%u,\"name\":\"%s\",\"key_bytes\":%u,\"value_bytes\":%u,\"max_entries\":%u,\"flags\":%u,"
       "\"btf_id\":%u,\"key_type\":%u,\"value_type\":%u,\"vmlinux_type\":%u,\"extra\":%llu,\"frozen\":%d,"
       "\"entries\":%ld}",
       map.id, map.type, map.name, map.key_size, map.value_size, map.max_entries, map.map_flags, map.btf_id,
       map.btf_key_type_id, map.btf_value_type_id, map.btf_vmlinux_value_type_id, (unsigned long long)map.map_extra,
       frozen(fd), n);
  /* Formatted as it has BTF, and a per-CPU one without; not the largest. */
  if (n >= 0 && n <= 1000 && (map.btf_id || map.btf_vmlinux_value_type_id || per_cpu(map.type))) {
    char id[16], name[32];
    snprintf(id, sizeof id, "%u", map.id);
    snprintf(name, sizeof name, "map-%u", map.id);
    bpftool(name, "map", "dump", id);
  }
}

static void tell_program(int fd) {
  struct bpf_prog_info program;
  __u32 size = sizeof program;
  memset(&program, 0, sizeof program);
  must(bpf_obj_get_info_by_fd(fd, &program, &size), "program info");
  __u32 n_maps = program.nr_map_ids, xlated = program.xlated_prog_len;
  __u32 *maps = calloc(n_maps + 1, sizeof *maps);
  void *code = calloc(xlated + 1, 1);
  memset(&program, 0, sizeof program);
  program.nr_map_ids = n_maps;
  program.map_ids = (__u64)(uintptr_t)maps;
  program.xlated_prog_len = xlated;
  program.xlated_prog_insns = (__u64)(uintptr_t)code;
  size = sizeof program;
  must(bpf_obj_get_info_by_fd(fd, &program, &size), "program info");
  snprintf(text, sizeof text, "/facts/bpf-program-%u.bin", program.id);
  FILE *out = fopen(text, "we");
  fwrite(code, 1, program.xlated_prog_insns ? xlated : 0, out);
  fclose(out);
  char ids[512] = "";
  for (__u32 i = 0; i < n_maps; i++)
    sprintf(ids + strlen(ids), "%s%u", i ? "," : "", maps[i]);
  fact("bpf-programs",
       "{\"id\":%u,\"type\":%u,\"name\":\"%s\",\"tag\":\"%s\",\"jited_bytes\":%u,\"xlated_bytes\":%u,"
       "\"run_count\":%llu,\"run_time_ns\":%llu,\"btf_id\":%u,\"maps\":[%s],\"load_time\":%llu,\"uid\":%u,"
       "\"gpl\":%u}",
       program.id, program.type, program.name, hex(program.tag, 8, text), program.jited_prog_len,
       program.xlated_prog_len, (unsigned long long)program.run_cnt, (unsigned long long)program.run_time_ns,
       program.btf_id, ids, (unsigned long long)program.load_time, program.created_by_uid, program.gpl_compatible);
  free(maps);
  free(code);
}

static void tell_link(int fd) {
  struct bpf_link_info link;
  __u32 size = sizeof link;
  memset(&link, 0, sizeof link);
  must(bpf_obj_get_info_by_fd(fd, &link, &size), "link info");
  fact("bpf-links", "{\"id\":%u,\"type\":%u,\"program_id\":%u}", link.id, link.type, link.prog_id);
}

static void tell_btf(int fd) {
  struct bpf_btf_info btf;
  char name[64] = "";
  __u32 size = sizeof btf;
  memset(&btf, 0, sizeof btf);
  btf.name = (__u64)(uintptr_t)name;
  btf.name_len = sizeof name;
  if (bpf_obj_get_info_by_fd(fd, &btf, &size)) { /* before 5.11 they had no names to ask for */
    memset(&btf, 0, sizeof btf);
    size = sizeof btf;
    must(bpf_obj_get_info_by_fd(fd, &btf, &size), "BTF info");
  }
  fact("bpf-btfs", "{\"id\":%u,\"bytes\":%u,\"kernel\":%u,\"name\":\"%s\"}", btf.id, btf.btf_size, btf.kernel_btf,
       name);
}

/* Before 5.18 or so some kernels have no links to enumerate, and so on: what fails is not told. */
static void each(int (*after)(__u32, __u32 *), int (*open_id)(__u32), void (*tell)(int)) {
  __u32 id = 0;
  while (after(id, &id) == 0) {
    int fd = open_id(id);
    if (fd < 0)
      continue;
    tell(fd);
    close(fd);
  }
}

int main(void) {
  libbpf_set_print(NULL);
  cpus = libbpf_num_possible_cpus();
  each(bpf_map_get_next_id, bpf_map_get_fd_by_id, tell_map);
  each(bpf_prog_get_next_id, bpf_prog_get_fd_by_id, tell_program);
  each(bpf_link_get_next_id, bpf_link_get_fd_by_id, tell_link);
  each(bpf_btf_get_next_id, bpf_btf_get_fd_by_id, tell_btf);
  bpftool("maps", "map", "show", NULL);
  bpftool("programs", "prog", "show", NULL);
  bpftool("links", "link", "show", NULL);
  return 0;
}
