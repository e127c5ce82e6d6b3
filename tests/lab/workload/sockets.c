/*
 * Sockets in known states: sockets NAME [alone]. With "alone" in a network namespace of its own,
 * into which the init script then puts one end of a virtual cable.
 */
#include "workload.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char *workload;

static void tell(const char *what, int fd) {
  struct stat facts;
  must(fstat(fd, &facts), what);
  fact(workload, "{\"fact\": \"socket\", \"pid\": %d, \"name\": \"%s\", \"fd\": %d, \"inode\": %lu}", getpid(),
       what, fd, (unsigned long)facts.st_ino);
}

static int open_socket(int family, int type, int protocol, const char *what) {
  return (int)must(socket(family, type, protocol), what);
}

static socklen_t address_of(struct sockaddr_storage *out, int family, const char *text, uint16_t port) {
  memset(out, 0, sizeof *out);
  if (family == AF_INET) {
    struct sockaddr_in *in = (void *)out;
    *in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, text, &in->sin_addr);
    return sizeof *in;
  }
  struct sockaddr_in6 *in6 = (void *)out;
  *in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
  inet_pton(AF_INET6, text, &in6->sin6_addr);
  return sizeof *in6;
}

static void bind_to(int fd, int family, const char *text, uint16_t port) {
  struct sockaddr_storage address;
  int yes = 1;
  must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "SO_REUSEADDR");
  must(bind(fd, (void *)&address, address_of(&address, family, text, port)), text);
}

static int connect_to(int family, int type, const char *text, uint16_t port) {
  struct sockaddr_storage address;
  int fd = open_socket(family, type, 0, text);
  must(connect(fd, (void *)&address, address_of(&address, family, text, port)), text);
  return fd;
}

/* A listener, pairs in several states, and a connection that nobody has accepted. */
static void make_tcp(int family, const char *text, uint16_t port) {
  int listener = open_socket(family, SOCK_STREAM, 0, text);
  bind_to(listener, family, text, port);
  must(listen(listener, 5), "listen");
  tell("tcp-listen", listener);

  int near_end = connect_to(family, SOCK_STREAM, text, port);
  int far_end = (int)must(accept(listener, NULL, NULL), "accept");
  must(write(near_end, "unread", 6), "write");
  tell("tcp-established", near_end);
  tell("tcp-established", far_end);

  int half = connect_to(family, SOCK_STREAM, text, port);
  int other_half = (int)must(accept(listener, NULL, NULL), "accept");
  must(shutdown(half, SHUT_WR), "shutdown");
  tell("tcp-fin-wait-2", half);
  tell("tcp-close-wait", other_half);

  int gone = connect_to(family, SOCK_STREAM, text, port);
  int other_gone = (int)must(accept(listener, NULL, NULL), "accept");
  close(gone);
  close(other_gone); /* the first to close stays in TIME_WAIT for a minute */

  tell("tcp-not-accepted", connect_to(family, SOCK_STREAM, text, port));

  tell("tcp-closed", open_socket(family, SOCK_STREAM, 0, "closed"));
  int bound = open_socket(family, SOCK_STREAM, 0, "bound");
  bind_to(bound, family, text, (uint16_t)(port + 1));
  tell("tcp-bound", bound);
}

/* The far end says nothing until data comes: a request that stays one (SYN_RECV). */
static void make_deferred(const char *text, uint16_t port) {
  int listener = open_socket(AF_INET, SOCK_STREAM, 0, text);
  int seconds = 3600;
  bind_to(listener, AF_INET, text, port);
  must(setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds), "TCP_DEFER_ACCEPT");
  must(listen(listener, 5), "listen");
  tell("tcp-listen", listener);
  tell("tcp-deferred", connect_to(AF_INET, SOCK_STREAM, text, port));
}

/* Version 4 addresses on sockets of version 6. */
static void make_mapped(uint16_t port) {
  int any = open_socket(AF_INET6, SOCK_STREAM, 0, "mapped");
  bind_to(any, AF_INET6, "::", port);
  must(listen(any, 5), "listen");
  tell("tcp-any", any);
  tell("tcp-mapped", connect_to(AF_INET6, SOCK_STREAM, "::ffff:127.0.0.3", port));
  tell("tcp-mapped", (int)must(accept(any, NULL, NULL), "accept"));
}

/* Protocols that not every kernel has. */
static void make_rare(void) {
  static const struct {
    const char *name;
    int family, protocol;
  } sockets[] = {
      {"udplite", AF_INET, IPPROTO_UDPLITE},
      {"udplite6", AF_INET6, IPPROTO_UDPLITE},
      {"ping", AF_INET, IPPROTO_ICMP},
      {"ping6", AF_INET6, IPPROTO_ICMPV6},
  };
  for (size_t at = 0; at < sizeof sockets / sizeof sockets[0]; at++) {
    int fd = socket(sockets[at].family, SOCK_DGRAM, sockets[at].protocol);
    if (fd < 0)
      continue;
    bind_to(fd, sockets[at].family, sockets[at].family == AF_INET ? "127.0.0.1" : "::1", (uint16_t)(4200 + at));
    tell(sockets[at].name, fd);
  }
}

/* An address that nobody answers: SYN_SENT for two minutes. */
static void make_unanswered(void) {
  struct sockaddr_storage address;
  int fd = open_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, "syn");
  socklen_t length = address_of(&address, AF_INET, "192.0.2.99", 9);
  if (connect(fd, (void *)&address, length) < 0 && errno != EINPROGRESS)
    return; /* no route in this namespace */
  tell("tcp-syn-sent", fd);
}

static void make_udp(int family, const char *text, uint16_t port) {
  int bound = open_socket(family, SOCK_DGRAM, 0, text);
  bind_to(bound, family, text, port);
  tell("udp-bound", bound);
  int connected = connect_to(family, SOCK_DGRAM, text, port);
  must(write(connected, "unread", 6), "write");
  tell("udp-connected", connected);
  tell("udp-unbound", open_socket(family, SOCK_DGRAM, 0, "udp"));
  int any = open_socket(family, SOCK_DGRAM, 0, "udp");
  bind_to(any, family, family == AF_INET ? "0.0.0.0" : "::", (uint16_t)(port + 1));
  tell("udp-any", any);
}

static void make_raw(void) {
  tell("raw-icmp", open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP, "icmp"));
  tell("raw-253", open_socket(AF_INET, SOCK_RAW, 253, "raw"));
  tell("raw6-icmp", open_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, "icmp6"));

  tell("packet-raw", open_socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP), "packet"));
  int bound = open_socket(AF_PACKET, SOCK_DGRAM, 0, "packet");
  struct sockaddr_ll loopback = {
      .sll_family = AF_PACKET,
      .sll_protocol = htons(ETH_P_IP),
      .sll_ifindex = (int)if_nametoindex("lo"),
  };
  must(bind(bound, (void *)&loopback, sizeof loopback), "packet");
  tell("packet-bound", bound);
}

static void make_netlink(void) {
  static const struct {
    const char *name;
    int protocol;
    uint32_t groups;
  } links[] = {
      {"netlink-route", NETLINK_ROUTE, 0x11},
      {"netlink-uevent", NETLINK_KOBJECT_UEVENT, 1},
      {"netlink-generic", NETLINK_GENERIC, 0},
  };
  for (size_t at = 0; at < sizeof links / sizeof links[0]; at++) {
    int fd = open_socket(AF_NETLINK, SOCK_RAW, links[at].protocol, links[at].name);
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = links[at].groups};
    must(bind(fd, (void *)&address, sizeof address), links[at].name);
    tell(links[at].name, fd);
  }
}

/* `length` counts the path: an abstract one starts with a zero and has none at its end. */
static void make_unix(const char *what, int type, const char *path, size_t length) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, path, length);
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  int fd = open_socket(AF_UNIX, type, 0, what);
  must(bind(fd, (void *)&address, size), what);
  tell(what, fd);
  if (type == SOCK_DGRAM)
    return;
  must(listen(fd, 3), what);
  int client = open_socket(AF_UNIX, type, 0, what);
  must(connect(client, (void *)&address, size), what);
  tell(what, client);
  tell(what, (int)must(accept(fd, NULL, NULL), what));
  int waiting = open_socket(AF_UNIX, type, 0, what);
  must(connect(waiting, (void *)&address, size), what);
  tell(what, waiting);
}

static void make_unixes(void) {
  char path[64];
  size_t length = (size_t)snprintf(path, sizeof path, "/tmp/%s stream", workload);
  make_unix("unix-stream", SOCK_STREAM, path, length + 1);
  length = (size_t)snprintf(path, sizeof path, "/tmp/%s.datagram", workload);
  make_unix("unix-datagram", SOCK_DGRAM, path, length + 1);
  static const char abstract[] = "\0abstract\0with zero";
  make_unix("unix-abstract", SOCK_SEQPACKET, abstract, sizeof abstract - 1);
  tell("unix-unbound", open_socket(AF_UNIX, SOCK_STREAM, 0, "unix"));
}

static void loopback_up(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int fd = open_socket(AF_INET, SOCK_DGRAM, 0, "lo");
  must(ioctl(fd, SIOCSIFFLAGS, &request), "lo up");
  close(fd);
}

int main(int count, char **arguments) {
  workload = count > 1 ? arguments[1] : "sockets";
  must(prctl(PR_SET_NAME, workload), "PR_SET_NAME");
  if (count > 2) {
    must(unshare(CLONE_NEWNET), "CLONE_NEWNET");
    loopback_up();
  }
  make_tcp(AF_INET, "127.0.0.1", 4001);
  make_tcp(AF_INET6, "::1", 6001);
  make_deferred("127.0.0.4", 4004);
  make_mapped(6004);
  make_udp(AF_INET, "127.0.0.2", 4101);
  make_udp(AF_INET6, "::1", 6101);
  make_rare();
  make_unanswered();
  make_raw();
  make_netlink();
  make_unixes();
  fact(workload, "{\"fact\": \"process\", \"pid\": %d, \"name\": \"%s\"}", getpid(), workload);
  settled(workload);
  sleep_for_ever();
}
