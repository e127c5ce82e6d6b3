// Sockets: every one that /proc/net lists, and what it says of one.
//
// The tables are walked as the kernel keeps them: some are global and hold the
// sockets of all network namespaces, some are a namespace's own. TCP's also hold
// two smaller objects that share the beginning of a socket (struct sock_common):
// connections in TIME_WAIT and requests for one.
#ifndef KL_LINUX_SOCKET_H
#define KL_LINUX_SOCKET_H

#include "linux/net.h"
#include "walk/buckets.h"

enum kl_socket_kind {
  KL_SOCKET_TCP,
  KL_SOCKET_UDP,
  KL_SOCKET_UDPLITE,
  KL_SOCKET_PING,
  KL_SOCKET_RAW,
  KL_SOCKET_UNIX,
  KL_SOCKET_NETLINK,
  KL_SOCKET_PACKET,
};

struct kl_socket_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  size_t source; // which table: sources[] in socket_walk.c
  enum { KL_SOCKETS_BEGIN, KL_SOCKETS_IN_TABLE, KL_SOCKETS_NEXT_TABLE } step;
  struct kl_buckets buckets;
  struct kl_list list;
  struct kl_net_walk nets;  // for tables that are a namespace's own
  uint64_t protocol;        // netlink: which of its tables
  uint64_t bucket_table;    // netlink: where elements move while a table grows; 0: none
  uint64_t tables_followed; // netlink: in a row
  const char *lost_what;    // of the last error: a static string
  uint64_t lost;
};
void kl_socket_walk_init(struct kl_socket_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget);
// The next socket: address of its sock_common. KL_END at the end; KL_ERR_BUDGET
// ends the walk; any other status: what walk->lost_what names is lost at
// walk->lost, and the walk goes on. A kernel that was built without a protocol
// has no table for it, and nothing is lost. Steps: as kl_buckets.
enum kl_status kl_socket_walk_next(struct kl_socket_walk *walk, uint64_t *socket,
                                   enum kl_socket_kind *kind) KL_MUST_USE;

enum { KL_SOCKET_PATH = 108 }; // sun_path

// A socket's plain properties.
struct kl_socket {
  uint64_t address;
  enum kl_socket_kind kind;
  uint64_t family; // AF_: 1 unix, 2 inet, 10 inet6, 16 netlink, 17 packet
  uint64_t state;  // TCP_ESTABLISHED is 1; for others, as sock_common has it
  uint64_t net;    // struct net
  bool is_full;    // false for TIME_WAIT and requests: nothing behind sock_common
};
enum kl_status kl_socket_read(struct kl_kernel *k, uint64_t address, enum kl_socket_kind kind,
                              struct kl_socket *ret) KL_MUST_USE;
// ESTABLISHED, LISTEN and the like as ss and /proc count them: a static string.
// KL_END: this kind has no states (netlink, packet).
enum kl_status kl_socket_state(struct kl_kernel *k, const struct kl_socket *socket, const char **ret) KL_MUST_USE;
// Its struct socket; 0 for what no process can have open (any more).
enum kl_status kl_socket_socket(struct kl_kernel *k, const struct kl_socket *socket, uint64_t *ret) KL_MUST_USE;
// The number that its descriptors' links name: 0 without a struct socket.
enum kl_status kl_socket_inode(struct kl_kernel *k, const struct kl_socket *socket, uint64_t *ret) KL_MUST_USE;

// Internet sockets only.
enum kl_status kl_socket_address(struct kl_kernel *k, const struct kl_socket *socket, bool remote,
                                 struct kl_text *out) KL_MUST_USE;
// Port of the remote end, or the local one (of a netlink socket: its port id);
// KL_END for sockets without ports.
enum kl_status kl_socket_port(struct kl_kernel *k, const struct kl_socket *socket, bool remote,
                              uint64_t *ret) KL_MUST_USE;
// stream, dgram, raw, ...: a static string.
enum kl_status kl_socket_type(struct kl_kernel *k, const struct kl_socket *socket, const char **ret) KL_MUST_USE;
// tcp, udp; of raw ones the number or name, of netlink route and the like, of
// packet sockets the Ethernet type; nothing for UNIX sockets (KL_END).
enum kl_status kl_socket_protocol(struct kl_kernel *k, const struct kl_socket *socket,
                                  struct kl_text *out) KL_MUST_USE;
// The interface that it is bound to, 0 for none.
enum kl_status kl_socket_interface(struct kl_kernel *k, const struct kl_socket *socket, uint64_t *ret) KL_MUST_USE;
// The name that a UNIX socket is bound to, as /proc/net/unix shows it: the zero
// that begins an abstract one is an @, and so is each other zero. *n bytes. KL_END: none.
enum kl_status kl_socket_path(struct kl_kernel *k, const struct kl_socket *socket, char dst[KL_SOCKET_PATH],
                              size_t *n) KL_MUST_USE;

#endif
