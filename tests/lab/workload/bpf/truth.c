/*
 * Tells what bpf(2) says: of each map, its entries, each program, link and BTF.
 *
 * bpf-maps.jsonl, bpf-programs.jsonl, bpf-links.jsonl, bpf-btfs.jsonl: an object a line.
 * bpf-map-ID.bin: for each entry a byte (1: there is a value, 0: none can be had), the key, and the
 * value as the system call gives it: a per-CPU map's is one value a possible CPU, each rounded
 * up to 8 bytes. bpf-program-ID.bin: the instructions after the verifier; bpf-program-jited-ID.bin:
 * the machine code. bpf-functions.jsonl, bpf-lines.jsonl: a function, a line of source a line.
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

/* What bpftool prints becomes /facts/bpftool-NAME.json. */
static void bpftool(const char *name, const char *object, const char *verb, const char *id) {
  char path[64];
  bool program = id && strcmp(object, "prog") == 0;
  const char *arguments[] = {"bpftool", "-j", object, verb, id ? "id" : NULL, id, NULL, NULL};
  const char *listing[] = {"bpftool", "-j", object, verb, "xlated", "id", id, "linum", NULL};
  snprintf(path, sizeof path, "/facts/bpftool-%s.json", name);
  pid_t pid = (pid_t)must(fork(), "fork");
  if (pid == 0) {
    int out = (int)must(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644), path);
    must(dup2(out, 1), "dup2");
    execv("/bin/bpftool", (char *const *)(uintptr_t)(program ? listing : arguments));
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

/* Bytes that bpf(2) gave, as /facts/NAME-ID.bin. */
static void tell_bytes(const char *name, unsigned id, const void *bytes, size_t n) {
  snprintf(text, sizeof text, "/facts/%s-%u.bin", name, id);
  FILE *out = fopen(text, "we");
  if (!out)
    die(text);
  fwrite(bytes, 1, n, out);
  fclose(out);
}

/* What a text of the program's may hold that JSON may not is told as hex. */
static const char *text_of(const struct btf *types, unsigned offset, char *out) {
  const char *s = btf__str_by_offset(types, offset);
  return hex(s ? s : "", s ? strlen(s) : 0, out);
}

static const char *name_of(const struct btf *types, unsigned id) {
  const struct btf_type *type = btf__type_by_id(types, id);
  return type ? btf__str_by_offset(types, type->name_off) : "";
}

/* Where functions begin, and which line each instruction is from: as the program's BTF has it. */
static void tell_lines(const struct bpf_prog_info *program) {
  const struct bpf_func_info *functions = (const void *)(uintptr_t)program->func_info;
  const struct bpf_line_info *lines = (const void *)(uintptr_t)program->line_info;
  struct btf *types = program->btf_id ? btf__load_from_kernel_by_id(program->btf_id) : NULL;
  static char file[8192], source[8192];
  for (__u32 i = 0; types && i < program->nr_func_info; i++)
    fact("bpf-functions", "{\"program\":%u,\"index\":%u,\"name\":\"%s\"}", program->id, functions[i].insn_off,
         name_of(types, functions[i].type_id));
  for (__u32 i = 0; types && i < program->nr_line_info; i++)
    fact("bpf-lines",
         "{\"program\":%u,\"index\":%u,\"line\":%u,\"column\":%u,\"file_hex\":\"%s\",\"source_hex\":\"%s\"}",
         program->id, lines[i].insn_off, BPF_LINE_INFO_LINE_NUM(lines[i].line_col),
         BPF_LINE_INFO_LINE_COL(lines[i].line_col), text_of(types, lines[i].file_name_off, file),
         text_of(types, lines[i].line_off, source));
  btf__free(types);
}

/* What the call gives of arrays only to who brings room for them. */
static struct bpf_prog_info whole_info(int fd) {
  struct bpf_prog_info program, sizes;
  __u32 size = sizeof sizes;
  memset(&sizes, 0, sizeof sizes);
  must(bpf_obj_get_info_by_fd(fd, &sizes, &size), "program info");
  memset(&program, 0, sizeof program);
#define ROOM(COUNT, POINTER, BYTES)                                                                                \
  program.COUNT = sizes.COUNT;                                                                                     \
  program.POINTER = (__u64)(uintptr_t)calloc(sizes.COUNT + 1, BYTES)
  ROOM(nr_map_ids, map_ids, sizeof(__u32));
  ROOM(xlated_prog_len, xlated_prog_insns, 1);
  ROOM(jited_prog_len, jited_prog_insns, 1);
  ROOM(nr_jited_ksyms, jited_ksyms, sizeof(__u64));
  ROOM(nr_jited_func_lens, jited_func_lens, sizeof(__u32));
  if (sizes.nr_func_info)
    program.func_info_rec_size = sizeof(struct bpf_func_info);
  ROOM(nr_func_info, func_info, sizeof(struct bpf_func_info));
  if (sizes.nr_line_info)
    program.line_info_rec_size = sizeof(struct bpf_line_info);
  ROOM(nr_line_info, line_info, sizeof(struct bpf_line_info));
#undef ROOM
  size = sizeof program;
  must(bpf_obj_get_info_by_fd(fd, &program, &size), "program info");
  return program;
}

static void tell_program(int fd) {
  struct bpf_prog_info program = whole_info(fd);
  const __u32 *maps = (const void *)(uintptr_t)program.map_ids;
  const __u32 *lengths = (const void *)(uintptr_t)program.jited_func_lens;
  const __u64 *functions = (const void *)(uintptr_t)program.jited_ksyms;
  const void *code = (const void *)(uintptr_t)program.xlated_prog_insns;
  const void *image = (const void *)(uintptr_t)program.jited_prog_insns;
  if (code)
    tell_bytes("bpf-program", program.id, code, program.xlated_prog_len);
  if (image)
    tell_bytes("bpf-program-jited", program.id, image, program.jited_prog_len);
  tell_lines(&program);
  char ids[512] = "", images[1024] = "";
  for (__u32 i = 0; i < program.nr_map_ids; i++)
    sprintf(ids + strlen(ids), "%s%u", i ? "," : "", maps[i]);
  for (__u32 i = 0; functions && lengths && i < program.nr_jited_ksyms && i < program.nr_jited_func_lens && i < 16;
       i++)
    sprintf(images + strlen(images), "%s[%llu,%u]", i ? "," : "", (unsigned long long)functions[i], lengths[i]);
  fact("bpf-programs",
       "{\"id\":%u,\"type\":%u,\"name\":\"%s\",\"tag\":\"%s\",\"jited_bytes\":%u,\"xlated_bytes\":%u,"
       "\"run_count\":%llu,\"run_time_ns\":%llu,\"btf_id\":%u,\"maps\":[%s],\"load_time\":%llu,\"uid\":%u,"
       "\"gpl\":%u,\"images\":[%s]}",
       program.id, program.type, program.name, hex(program.tag, 8, text), program.jited_prog_len,
       program.xlated_prog_len, (unsigned long long)program.run_cnt, (unsigned long long)program.run_time_ns,
       program.btf_id, ids, (unsigned long long)program.load_time, program.created_by_uid, program.gpl_compatible,
       images);
  char id[16], name[32];
  snprintf(id, sizeof id, "%u", program.id);
  snprintf(name, sizeof name, "program-%u", program.id);
  bpftool(name, "prog", "dump", id);
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
