/* Maps that hold references to programs, maps, devices, processors and sockets. */
#include "scene.h"

#include <linux/perf_event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

void maps_in_maps(void) {
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

void references(void) {
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
void sockets(void) {
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
