/* Ids of maps and programs that were used up, and that begin again at the lowest. */
#include "scene.h"

#include <limits.h>

/* Ids grow on although the maps are gone: the tree of ids gets deep, with holes. */
void use_up_ids(unsigned count) {
  LIBBPF_OPTS(bpf_map_create_opts, options);
  for (unsigned i = 0; i < count; i++)
    close((int)must(bpf_map_create(BPF_MAP_TYPE_ARRAY, "gone", 4, 4, 1, &options), "gone"));
}

/* What stands behind `name' in a file of lines such as kallsyms and iomem; 0: nothing. */
static unsigned long long number_of(const char *path, const char *name) {
  char line[512];
  unsigned long long number = 0;
  FILE *file = fopen(path, "re");
  while (file && !number && fgets(line, sizeof line, file)) {
    const char *at = strstr(line, name);
    if (at && (at[strlen(name)] == '\n' || at[strlen(name)] == '\0'))
      number = strtoull(line, NULL, 16);
  }
  if (file)
    fclose(file);
  return number;
}

/* Where the id stands that an IDR would give next, in the machine's memory; 0: not known. */
static unsigned long long place_of_next(const char *idr) {
  struct btf *kernel = btf__load_vmlinux_btf();
  int id = kernel ? btf__find_by_name_kind(kernel, "idr", BTF_KIND_STRUCT) : -1;
  unsigned long long at = number_of("/proc/kallsyms", idr), data = number_of("/proc/kallsyms", " _sdata");
  unsigned long long physical = number_of("/proc/iomem", " : Kernel data"), place = 0;
  const struct btf_type *type = id > 0 ? btf__type_by_id(kernel, (unsigned)id) : NULL;
  for (unsigned i = 0; type && i < btf_vlen(type); i++)
    if (strcmp(btf__name_by_offset(kernel, btf_members(type)[i].name_off), "idr_next") == 0)
      place = btf_member_bit_offset(type, i) / 8;
  btf__free(kernel);
  return at && data && physical && place ? at - data + physical + place : 0;
}

/* 2^31 maps would take too long: who runs this machine writes into its memory (capture.py). */
static void ask(const char *idr, unsigned next) {
  char line[128], number[16];
  unsigned long long at = place_of_next(idr);
  int n = snprintf(line, sizeof line, "\nlab: write %llx %s\n", at, hex(&next, sizeof next, number));
  int console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (!at || console < 0 || write(console, line, (size_t)n) != n)
    absent(idr);
  close(console);
}

static int new_map(void) {
  LIBBPF_OPTS(bpf_map_create_opts, options);
  return (int)must(bpf_map_create(BPF_MAP_TYPE_ARRAY, "wrapped", 4, 4, 1, &options), "wrapped");
}

static int new_program(void) {
  return (int)must(socket_filter("wrapped"), "wrapped");
}

static unsigned map_id(int fd) {
  struct bpf_map_info info = {0};
  __u32 size = sizeof info;
  must(bpf_obj_get_info_by_fd(fd, &info, &size), "map info");
  return info.id;
}

static unsigned program_id(int fd) {
  struct bpf_prog_info info = {0};
  __u32 size = sizeof info;
  must(bpf_obj_get_info_by_fd(fd, &info, &size), "program info");
  return info.id;
}

/* Keeps the last object before the ids begin again, and two behind it. */
static void wrap(const char *idr, const char *kind, int (*make_one)(void), unsigned (*id_of)(int)) {
  enum { LAST = INT_MAX - 1 };
  ask(idr, LAST);
  for (int tries = 0; tries < 100; tries++) {
    int fd = make_one();
    unsigned id = id_of(fd), ids[2];
    if (id == LAST) {
      for (int i = 0; i < 2; i++)
        ids[i] = id_of(make_one());
      fact(ME, "{\"fact\":\"wrapped\",\"kind\":\"%s\",\"ids\":[%u,%u,%u]}", kind, id, ids[0], ids[1]);
      return;
    }
    close(fd);
    usleep(100000);
  }
  absent(kind);
}

void wrap_ids(void) {
  wrap(" map_idr", "map", new_map, map_id);
  wrap(" prog_idr", "program", new_program, program_id);
}
