/*
 * BPF maps of every type that the kernel knows, with known contents; programs of several types,
 * attached and run; ring buffers; a map that only a program keeps.
 *
 * What the system call can list is told by truth.c; what it cannot list is a fact here:
 * `entry` (map, key, value, owner), `ring`, `record`, `page`, `timer`, `pointer`, `shared`, `graph`, `wrapped`.
 * What this kernel refuses is `absent`.
 */
#include "scene.h"

#include <sys/resource.h>

int main(void) {
  struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &unlimited); /* before 5.11 maps count there */
  struct rlimit many = {4096, 4096};
  setrlimit(RLIMIT_NOFILE, &many);
  page = (size_t)sysconf(_SC_PAGESIZE);
  cpus = libbpf_num_possible_cpus();
  libbpf_set_print(NULL);
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
  wrap_ids();
  queues();
  maps_in_maps();
  references();
  sockets();
  storages();
  struct bpf_object *object = probes();
  attach_probes(object);
  run_probes(types, object);
  cgroup_storages(object);
  timers();
  pointers();
  shared_pages();
  graphs();
  rings();
  arena();
  struct_ops();
  orphan();
  busy_ring(); /* last: what waits for sleeping programs waits for ever now */
  settled(ME);
  sleep_for_ever();
}
