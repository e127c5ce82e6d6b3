/* Storage that belongs to something else. */
#include "scene.h"

#include <sys/socket.h>

void storages(void) {
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

void cgroup_storages(struct bpf_object *object) {
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
