/* What stays although nobody holds it: operations that the kernel was given, a pinned program. */
#include "scene.h"

static void operations(const char *name, const char *map_name) {
  struct bpf_object *object = load(name);
  struct bpf_map *map = bpf_object__find_map_by_name(object, map_name);
  if (bpf_object__load(object) || !map || !bpf_map__attach_struct_ops(map))
    absent(map_name);
}

void struct_ops(void) {
  operations("congestion", "lab_congestion");
  operations("sched", "lab_sched");
}

/* A child makes it, pins the program and is gone. */
void orphan(void) {
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
