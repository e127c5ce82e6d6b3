// What /proc/net says of one socket.
#include "linux/socket.h"

#include "base/memory.h"

// include/linux/socket.h, include/net/tcp_states.h
enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_PACKET = 17 };
enum { TCP_ESTABLISHED = 1, TCP_TIME_WAIT = 6, TCP_CLOSE = 7, TCP_LISTEN = 10, TCP_NEW_SYN_RECV = 12 };
enum { SS_CONNECTED = 3 }; // include/uapi/linux/net.h

// TCP_ESTABLISHED is 1. A request is a socket in SYN_RECV to everybody outside
// (get_openreq4()).
static const char *const states[] = {
    NULL,    "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
    "CLOSE", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "SYN_RECV",  "BOUND_INACTIVE",
};

enum kl_status kl_socket_read(struct kl_kernel *k, uint64_t address, enum kl_socket_kind kind,
                              struct kl_socket *ret) {
  *ret = (struct kl_socket){.address = address, .kind = kind, .is_full = true};
  KL_TRY(kl_get(k, address, KL_F_sock_common_skc_family, &ret->family));
  KL_TRY(kl_get(k, address, KL_F_sock_common_skc_state, &ret->state));
  KL_TRY(kl_get_pointer(k, address, KL_F_sock_common_skc_net, &ret->net));
  ret->is_full = kind != KL_SOCKET_TCP || (ret->state != TCP_TIME_WAIT && ret->state != TCP_NEW_SYN_RECV);
  return KL_OK;
}

// unix_seq_show(): what a process has open has the state of its struct socket, or
// in late kernels its own. Datagram sockets do not have one of their own in early
// ones, so either says that it is connected.
static enum kl_status unix_state(struct kl_kernel *k, const struct kl_socket *socket, uint64_t *state) {
  uint64_t open, of_open;
  if (*state == TCP_LISTEN || *state == TCP_ESTABLISHED)
    return KL_OK;
  KL_TRY(kl_socket_socket(k, socket, &open));
  if (!open)
    return KL_OK;
  KL_TRY(kl_get(k, open, KL_F_socket_state, &of_open));
  *state = of_open == SS_CONNECTED ? TCP_ESTABLISHED : TCP_CLOSE;
  return KL_OK;
}

enum kl_status kl_socket_state(struct kl_kernel *k, const struct kl_socket *socket, const char **ret) {
  uint64_t state = socket->state;
  if (socket->kind == KL_SOCKET_NETLINK || socket->kind == KL_SOCKET_PACKET)
    return KL_END;
  if (socket->kind == KL_SOCKET_UNIX)
    KL_TRY(unix_state(k, socket, &state));
  // A connection that waits for nothing but the other end's last word is small
  // early: its own state is FIN_WAIT2.
  if (socket->kind == KL_SOCKET_TCP && state == TCP_TIME_WAIT)
    KL_TRY(kl_get(k, socket->address, KL_F_inet_timewait_sock_tw_substate, &state));
  if (!state || state >= sizeof states / sizeof *states)
    return KL_ERR_MALFORMED;
  *ret = states[state];
  return KL_OK;
}

enum kl_status kl_socket_socket(struct kl_kernel *k, const struct kl_socket *socket, uint64_t *ret) {
  *ret = 0;
  return socket->is_full ? kl_get_pointer(k, socket->address, KL_F_sock_sk_socket, ret) : KL_OK;
}

enum kl_status kl_socket_inode(struct kl_kernel *k, const struct kl_socket *socket, uint64_t *ret) {
  uint64_t open, allocated, inode;
  *ret = 0;
  KL_TRY(kl_socket_socket(k, socket, &open));
  if (!open)
    return KL_OK;
  KL_TRY(kl_container(k, open, KL_F_socket_alloc_socket, &allocated));
  KL_TRY(kl_member(k, allocated, KL_F_socket_alloc_vfs_inode, &inode));
  return kl_get(k, inode, KL_F_inode_i_ino, ret);
}

// ── Addresses ──────────────────────────────────────────────────────────────

enum kl_status kl_socket_address(struct kl_kernel *k, const struct kl_socket *socket, bool remote,
                                 struct kl_text *out) {
  uint8_t address[16];
  uint64_t at;
  if (socket->family == AF_INET) {
    KL_TRY(
        kl_member(k, socket->address, remote ? KL_F_sock_common_skc_daddr : KL_F_sock_common_skc_rcv_saddr, &at));
    KL_TRY(kl_read(k, at, address, 4));
    kl_ipv4_print(out, address);
    return KL_OK;
  }
  if (socket->family != AF_INET6)
    return KL_END;
  KL_TRY(kl_member(k, socket->address, remote ? KL_F_sock_common_skc_v6_daddr : KL_F_sock_common_skc_v6_rcv_saddr,
                   &at));
  KL_TRY(kl_read(k, at, address, sizeof address));
  kl_ipv6_print(out, address);
  return KL_OK;
}

static uint64_t from_network(uint64_t v) {
  return (v & 0xff) << 8 | (v >> 8 & 0xff);
}

enum kl_status kl_socket_port(struct kl_kernel *k, const struct kl_socket *socket, bool remote, uint64_t *ret) {
  switch (socket->kind) {
  case KL_SOCKET_TCP:
  case KL_SOCKET_UDP:
  case KL_SOCKET_UDPLITE:
  case KL_SOCKET_PING:
    if (!remote)
      return kl_get(k, socket->address, KL_F_sock_common_skc_num, ret);
    KL_TRY(kl_get(k, socket->address, KL_F_sock_common_skc_dport, ret));
    *ret = from_network(*ret);
    return KL_OK;
  case KL_SOCKET_NETLINK:
    return remote ? KL_END : kl_get(k, socket->address, KL_F_netlink_sock_portid, ret);
  case KL_SOCKET_RAW: // its number is the protocol
  case KL_SOCKET_UNIX:
  case KL_SOCKET_PACKET:
    break;
  }
  return KL_END;
}

enum kl_status kl_socket_interface(struct kl_kernel *k, const struct kl_socket *socket, uint64_t *ret) {
  return kl_get(k, socket->address,
                socket->kind == KL_SOCKET_PACKET ? KL_F_packet_sock_ifindex : KL_F_sock_common_skc_bound_dev_if,
                ret);
}

// ── Kinds ──────────────────────────────────────────────────────────────────

// SOCK_ in include/linux/net.h, as socket(2) and ss name them.
static const char *const types[] = {
    [1] = "stream", [2] = "dgram", [3] = "raw", [4] = "rdm", [5] = "seqpacket", [6] = "dccp", [10] = "packet",
};

enum kl_status kl_socket_type(struct kl_kernel *k, const struct kl_socket *socket, const char **ret) {
  uint64_t type = 1;
  if (socket->kind != KL_SOCKET_TCP)
    KL_TRY(kl_get(k, socket->address, KL_F_sock_sk_type, &type));
  if (type >= sizeof types / sizeof *types || !types[type])
    return KL_ERR_MALFORMED;
  *ret = types[type];
  return KL_OK;
}

struct number_name {
  uint64_t number;
  const char *name;
};

// IPPROTO_ in include/uapi/linux/in.h and in6.h: what raw sockets are used for.
static const struct number_name ip_protocols[] = {
    {1, "icmp"}, {2, "igmp"}, {6, "tcp"},     {17, "udp"},  {41, "ipv6"},  {46, "rsvp"},     {47, "gre"},
    {50, "esp"}, {51, "ah"},  {58, "icmpv6"}, {89, "ospf"}, {132, "sctp"}, {136, "udplite"}, {255, "raw"},
};

// NETLINK_ in include/uapi/linux/netlink.h, as ss names them.
static const struct number_name netlink_protocols[] = {
    {0, "route"},      {2, "usersock"},   {3, "firewall"},  {4, "sock_diag"}, {5, "nflog"},
    {6, "xfrm"},       {7, "selinux"},    {8, "iscsi"},     {9, "audit"},     {10, "fib_lookup"},
    {11, "connector"}, {12, "netfilter"}, {13, "ip6_fw"},   {14, "dnrtmsg"},  {15, "kobject_uevent"},
    {16, "generic"},   {18, "scsi"},      {19, "ecryptfs"}, {20, "rdma"},     {21, "crypto"},
    {22, "smc"},
};

static void put_number(struct kl_text *out, const struct number_name *names, size_t n, uint64_t number) {
  for (size_t i = 0; i < n; i++)
    if (names[i].number == number) {
      kl_text_string(out, names[i].name);
      return;
    }
  kl_text_decimal(out, number);
}

enum kl_status kl_socket_protocol(struct kl_kernel *k, const struct kl_socket *socket, struct kl_text *out) {
  uint64_t number = 0;
  switch (socket->kind) {
  case KL_SOCKET_TCP:
    kl_text_string(out, "tcp");
    return KL_OK;
  case KL_SOCKET_UDP:
    kl_text_string(out, "udp");
    return KL_OK;
  case KL_SOCKET_UDPLITE:
    kl_text_string(out, "udplite");
    return KL_OK;
  case KL_SOCKET_PING:
  case KL_SOCKET_RAW:
    KL_TRY(kl_get(k, socket->address, KL_F_sock_sk_protocol, &number));
    put_number(out, ip_protocols, sizeof ip_protocols / sizeof *ip_protocols, number);
    return KL_OK;
  case KL_SOCKET_NETLINK:
    KL_TRY(kl_get(k, socket->address, KL_F_sock_sk_protocol, &number));
    put_number(out, netlink_protocols, sizeof netlink_protocols / sizeof *netlink_protocols, number);
    return KL_OK;
  case KL_SOCKET_PACKET:
    KL_TRY(kl_get(k, socket->address, KL_F_packet_sock_num, &number));
    kl_text_string(out, "0x");
    kl_text_hex(out, from_network(number), 4);
    return KL_OK;
  case KL_SOCKET_UNIX:
    break;
  }
  return KL_END;
}

// ── UNIX ───────────────────────────────────────────────────────────────────

enum { FAMILY_BYTES = 2 }; // sun_family, in front of sun_path

enum kl_status kl_socket_path(struct kl_kernel *k, const struct kl_socket *socket, char dst[KL_SOCKET_PATH],
                              size_t *n) {
  uint64_t bound, length, at;
  *n = 0;
  if (socket->kind != KL_SOCKET_UNIX)
    return KL_END;
  KL_TRY(kl_get_pointer(k, socket->address, KL_F_unix_sock_addr, &bound));
  if (!bound)
    return KL_END;
  KL_TRY(kl_get(k, bound, KL_F_unix_address_len, &length));
  KL_TRY(kl_member(k, bound, KL_F_unix_address_name, &at));
  // The path of a file is counted with its last zero, which may be behind sun_path.
  if (length < FAMILY_BYTES || length > FAMILY_BYTES + KL_SOCKET_PATH + 1)
    return KL_ERR_MALFORMED;
  size_t bytes = (size_t)length - FAMILY_BYTES;
  if (!bytes)
    return KL_END;
  bytes = bytes > KL_SOCKET_PATH ? KL_SOCKET_PATH : bytes;
  KL_TRY(kl_read(k, at + FAMILY_BYTES, dst, bytes));
  if (dst[0] && !dst[bytes - 1])
    bytes--;
  for (size_t i = 0; i < bytes; i++)
    if (!dst[i])
      dst[i] = '@';
  *n = bytes;
  return KL_OK;
}
