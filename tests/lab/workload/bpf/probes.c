/* Programs of several types, attached and run. */
#include "scene.h"

#include <linux/perf_event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

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
struct bpf_object *probes(void) {
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

void attach_probes(struct bpf_object *object) {
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

void run_probes(struct bpf_object *typed_object, struct bpf_object *object) {
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
