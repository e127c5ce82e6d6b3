// The network: one namespace, its interfaces with addresses, and sockets.
// Sources: include/net/{net_namespace,sock,inet_hashtables,udp,af_unix}.h, include/linux/netdevice.h.
#include <string.h>

#include "files.h"
#include "subjects.h"

enum { NAMESPACE = 4026531840u, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, ESTABLISHED = 1, CLOSE = 7, LISTEN = 10 };
enum { TCP_BUCKETS = 8, LISTEN_BUCKETS = 4, UDP_BUCKETS = 4, UNIX_BUCKETS = 512, UNIX_BUCKET = 17 };

void declare_network(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    struct in6_addr { unsigned char s6_addr[16]; };
    struct net_device {
      char name[16]; unsigned long state; struct list_head dev_list; unsigned int flags, mtu, operstate;
      int ifindex; unsigned char addr_len; const unsigned char *dev_addr;
      struct in_device __rcu *ip_ptr; struct inet6_dev __rcu *ip6_ptr;
    };
    struct in_device { struct net_device *dev; struct in_ifaddr __rcu *ifa_list; };
    struct in_ifaddr {
      struct in_ifaddr __rcu *ifa_next; struct in_device *ifa_dev; u32 ifa_local, ifa_address;
      unsigned char ifa_prefixlen; char ifa_label[16];
    };
    struct inet6_dev { struct net_device *dev; struct list_head addr_list; };
    struct inet6_ifaddr {
      struct in6_addr addr; u32 prefix_len; struct list_head if_list; struct inet6_dev *idev; struct in6_addr peer_addr;
    };
    ));
  types_declare(&g->types, DECLARE(
    struct inet_ehash_bucket { struct hlist_nulls_head chain; };
    struct inet_listen_hashbucket { spinlock_t lock; struct hlist_nulls_head nulls_head; };
    struct inet_hashinfo {
      struct inet_ehash_bucket *ehash; unsigned int ehash_mask; unsigned int lhash2_mask;
      struct inet_listen_hashbucket *lhash2; struct inet_listen_hashbucket listening_hash[4] until(0);
    };
    struct inet_timewait_death_row { struct inet_hashinfo *hashinfo; int sysctl_max_tw_buckets; };
    struct udp_hslot { struct hlist_head head; int count; spinlock_t lock; };
    struct udp_table { struct udp_hslot *hash; struct udp_hslot *hash2; unsigned int mask, log; };
    struct unix_table { spinlock_t *locks; struct hlist_head *buckets; } since(1);
    struct netns_unix { struct unix_table table since(1); int sysctl_max_dgram_qlen; };
    struct netns_ipv4 { struct inet_timewait_death_row tcp_death_row; struct udp_table *udp_table since(2); };
    struct net {
      struct list_head list, dev_base_head; struct ns_common ns; struct netns_unix unx; struct netns_ipv4 ipv4;
    };
    ));
  types_declare(&g->types, DECLARE(
    struct sock_common {
      union { struct { u32 skc_daddr; u32 skc_rcv_saddr; } fixed; u64 skc_addrpair; };
      union { struct { u16 skc_dport; u16 skc_num; } fixed; u32 skc_portpair; };
      unsigned short skc_family; volatile unsigned char skc_state; int skc_bound_dev_if;
      struct net *skc_net; struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
      union { struct hlist_node skc_node; struct hlist_nulls_node skc_nulls_node; };
    };
    struct sock { struct sock_common __sk_common; struct socket *sk_socket; u16 sk_type, sk_protocol; } fixed;
    struct sockaddr_un { u16 sun_family; char sun_path[108]; } fixed;
    struct unix_address { refcount_t refcnt; int len; struct sockaddr_un name[]; };
    struct unix_sock { struct sock sk; struct unix_address *addr; struct sock *peer; } fixed;
    enum socket_state { SS_FREE, SS_UNCONNECTED, SS_CONNECTING, SS_CONNECTED };
    struct socket { enum socket_state state; struct file *file; struct sock *sk; };
    struct socket_alloc { struct socket socket; struct inode vfs_inode; };
    ));
  // clang-format on
}

struct network {
  struct guest *g;
  uint64_t net, ehash, lhash, udp_hash, unix_table;
};

// ── Interfaces ─────────────────────────────────────────────────────────────

static uint64_t bytes_of(struct guest *g, const void *p, uint64_t n) {
  uint64_t at = slab_take(g, n, 8);
  poke(g, at, p, n);
  return at;
}

static void add_ipv4(struct guest *g, uint64_t device, const uint8_t *address, unsigned prefix) {
  uint64_t in_device = object_new(g, "in_device"), entry = object_new(g, "in_ifaddr");
  set(g, device, "net_device", "ip_ptr", in_device);
  set(g, in_device, "in_device", "ifa_list", entry);
  poke(g, member_at(g, entry, "in_ifaddr", "ifa_local"), address, 4);
  set(g, entry, "in_ifaddr", "ifa_prefixlen", prefix);
}

static void add_ipv6(struct guest *g, uint64_t device, const uint8_t *address, unsigned prefix) {
  uint64_t inet6 = object_new(g, "inet6_dev"), entry = object_new(g, "inet6_ifaddr");
  uint64_t head = member_at(g, inet6, "inet6_dev", "addr_list");
  set(g, device, "net_device", "ip6_ptr", inet6);
  list_init(g, head);
  list_append(g, head, member_at(g, entry, "inet6_ifaddr", "if_list"));
  poke(g, member_at(g, entry, "inet6_ifaddr", "addr"), address, 16);
  set(g, entry, "inet6_ifaddr", "prefix_len", prefix);
}

static uint64_t add_interface(const struct network *n, const char *name, unsigned index, unsigned mtu,
                              const uint8_t *mac) {
  struct guest *g = n->g;
  uint64_t device = object_new(g, "net_device");
  set_text(g, device, "net_device", "name", name);
  set(g, device, "net_device", "ifindex", index);
  set(g, device, "net_device", "mtu", mtu);
  set(g, device, "net_device", "state", 3);
  set(g, device, "net_device", "operstate", index == 1 ? 0 : 6);
  set(g, device, "net_device", "addr_len", 6);
  set(g, device, "net_device", "dev_addr", bytes_of(g, mac, 6));
  list_append(g, member_at(g, n->net, "net", "dev_base_head"), member_at(g, device, "net_device", "dev_list"));
  truth_table(g, "interfaces");
  truth_row(g);
  truth_address(g, "address", device);
  truth_text(g, "name", name);
  truth_number(g, "index", index);
  truth_number(g, "mtu", mtu);
  truth_number(g, "namespace", NAMESPACE);
  return device;
}

static void build_interfaces(const struct network *n) {
  struct guest *g = n->g;
  static const uint8_t none[6], mac[6] = {2, 0, 0x5e, 0x10, 0, 1}, one[16] = {[15] = 1}, home[4] = {127, 0, 0, 1};
  static const uint8_t address[4] = {192, 0, 2, 10}, address_6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0x10};
  uint64_t device = add_interface(n, "lo", 1, 65536, none);
  add_ipv4(g, device, home, 8);
  add_ipv6(g, device, one, 128);
  truth_text(g, "mac", "00:00:00:00:00:00");
  truth_text(g, "state", "UNKNOWN");
  truth_text(g, "addresses", "127.0.0.1/8 ::1/128");
  device = add_interface(n, "eth0", 2, 1500, mac);
  add_ipv4(g, device, address, 24);
  add_ipv6(g, device, address_6, 64);
  truth_text(g, "mac", "02:00:5e:10:00:01");
  truth_text(g, "state", "UP");
  truth_text(g, "addresses", "192.0.2.10/24 2001:db8::10/64");
}

// ── Sockets ────────────────────────────────────────────────────────────────

// Makes a file that is a socket lead to it; file 0: no process has it open.
static void give_file(struct guest *g, uint64_t sock, uint64_t file) {
  if (!file)
    return;
  uint64_t allocated = object_new(g, "socket_alloc");
  uint64_t socket = member_at(g, allocated, "socket_alloc", "socket");
  set(g, sock, "sock", "sk_socket", socket);
  set(g, socket, "socket", "sk", sock);
  set(g, socket, "socket", "file", file);
  set(g, member_at(g, allocated, "socket_alloc", "vfs_inode"), "inode", "i_ino", file_opened(g, file).inode);
  set(g, file, "file", "private_data", socket);
}

// A process's socket: descriptor 3 of those that have it (build_fds()).
static uint64_t socket_of(struct guest *g, unsigned pid) {
  uint64_t files = get(g, task_of(g, pid), "task_struct", "files");
  if (!files)
    return 0;
  uint64_t table = get(g, get(g, files, "files_struct", "fdt"), "fdtable", "fd");
  return peek_number(g, table + 8 * 3, 8);
}

static uint64_t new_sock(const struct network *n, const char *type, unsigned family, unsigned kind,
                         unsigned state) {
  uint64_t sock = object_new(n->g, type);
  set(n->g, sock, "sock", "__sk_common.skc_family", family);
  set(n->g, sock, "sock", "__sk_common.skc_state", state);
  set(n->g, sock, "sock", "__sk_common.skc_net", n->net);
  set(n->g, sock, "sock", "sk_type", kind);
  return sock;
}

static void set_port(struct guest *g, uint64_t sock, unsigned local, unsigned remote) {
  set(g, sock, "sock", "__sk_common.skc_num", local);
  set(g, sock, "sock", "__sk_common.skc_dport", (remote & 0xff) << 8 | remote >> 8);
}

// The row of a socket; what is not the same for all is said after it.
static void begin_row(struct guest *g, uint64_t sock, const char *family, const char *protocol, const char *state,
                      unsigned pid, uint64_t file) {
  truth_table(g, "sockets");
  truth_row(g);
  truth_address(g, "address", sock);
  truth_text(g, "family", family);
  if (protocol)
    truth_text(g, "protocol", protocol);
  truth_text(g, "state", state);
  truth_number(g, "namespace", NAMESPACE);
  if (file) {
    truth_number(g, "inode", file_opened(g, file).inode);
    truth_number(g, "tgid", pid);
  } else {
    truth_null(g, "inode");
    truth_null(g, "tgid");
  }
}

static void nulls_append(struct guest *g, uint64_t head, uint64_t node) {
  set(g, node, "hlist_nulls_node", "next", get(g, head, "hlist_nulls_head", "first"));
  set(g, head, "hlist_nulls_head", "first", node);
}

static void add_listener(const struct network *n, unsigned pid) {
  struct guest *g = n->g;
  uint64_t sock = new_sock(n, "sock", AF_INET6, 1, LISTEN), file = socket_of(g, pid);
  set_port(g, sock, 22, 0);
  uint64_t bucket = n->lhash + 3 * object_bytes(g, "inet_listen_hashbucket");
  nulls_append(g, member_at(g, bucket, "inet_listen_hashbucket", "nulls_head"),
               member_at(g, sock, "sock", "__sk_common.skc_nulls_node"));
  give_file(g, sock, file);
  begin_row(g, sock, "inet6", "tcp", "LISTEN", pid, file);
  truth_text(g, "local_address", "::");
  truth_number(g, "local_port", 22);
  truth_text(g, "remote_address", "::");
}

static void add_connection(const struct network *n, unsigned pid) {
  struct guest *g = n->g;
  static const uint8_t near_end[4] = {192, 0, 2, 10}, far_end[4] = {198, 51, 100, 7};
  uint64_t sock = new_sock(n, "sock", AF_INET, 1, ESTABLISHED), file = socket_of(g, pid);
  set_port(g, sock, 43210, 443);
  poke(g, member_at(g, sock, "sock", "__sk_common.skc_rcv_saddr"), near_end, 4);
  poke(g, member_at(g, sock, "sock", "__sk_common.skc_daddr"), far_end, 4);
  nulls_append(g, n->ehash + 5 * object_bytes(g, "inet_ehash_bucket"),
               member_at(g, sock, "sock", "__sk_common.skc_nulls_node"));
  give_file(g, sock, file);
  begin_row(g, sock, "inet", "tcp", "ESTABLISHED", pid, file);
  truth_text(g, "local_address", "192.0.2.10");
  truth_number(g, "local_port", 43210);
  truth_text(g, "remote_address", "198.51.100.7");
  truth_number(g, "remote_port", 443);
}

static void add_datagrams(const struct network *n) {
  struct guest *g = n->g;
  uint64_t sock = new_sock(n, "sock", AF_INET, 2, CLOSE);
  set_port(g, sock, 68, 0);
  uint64_t bucket = n->udp_hash + 2 * object_bytes(g, "udp_hslot");
  hlist_append(g, member_at(g, bucket, "udp_hslot", "head"), member_at(g, sock, "sock", "__sk_common.skc_node"));
  begin_row(g, sock, "inet", "udp", "CLOSE", 0, 0);
  truth_text(g, "local_address", "0.0.0.0");
  truth_number(g, "local_port", 68);
}

static void add_unix(const struct network *n, const char *path, uint64_t bytes, const char *shown) {
  struct guest *g = n->g;
  uint64_t sock = new_sock(n, "unix_sock", AF_UNIX, 1, LISTEN);
  uint64_t address = slab_take(g, object_bytes(g, "unix_address") + 2 + bytes, 8);
  set(g, address, "unix_address", "len", 2 + bytes);
  uint64_t name = member_at(g, address, "unix_address", "name");
  poke_number(g, name, AF_UNIX, 2);
  poke(g, name + 2, path, bytes);
  set(g, sock, "unix_sock", "addr", address);
  hlist_append(g, n->unix_table + 8 * UNIX_BUCKET, member_at(g, sock, "sock", "__sk_common.skc_node"));
  begin_row(g, sock, "unix", NULL, "LISTEN", 0, 0);
  truth_text(g, "path", shown);
}

// ── The tables ─────────────────────────────────────────────────────────────

static void build_tcp(struct network *n) {
  struct guest *g = n->g;
  uint64_t info = object_in_image(g, "inet_hashinfo");
  uint64_t bucket = object_bytes(g, "inet_ehash_bucket"), slot = object_bytes(g, "inet_listen_hashbucket");
  n->ehash = slab_take(g, TCP_BUCKETS * bucket, 8);
  n->lhash = has(g, "inet_hashinfo", "listening_hash") ? member_at(g, info, "inet_hashinfo", "listening_hash")
                                                       : slab_take(g, LISTEN_BUCKETS * slot, 8);
  for (uint64_t i = 0; i < TCP_BUCKETS; i++)
    poke_number(g, n->ehash + i * bucket, 2 * i + 1, 8);
  for (uint64_t i = 0; i < LISTEN_BUCKETS; i++)
    set(g, n->lhash + i * slot, "inet_listen_hashbucket", "nulls_head.first", 2 * i + 1);
  set(g, info, "inet_hashinfo", "ehash", n->ehash);
  set(g, info, "inet_hashinfo", "ehash_mask", TCP_BUCKETS - 1);
  set(g, info, "inet_hashinfo", "lhash2", n->lhash);
  set(g, info, "inet_hashinfo", "lhash2_mask", LISTEN_BUCKETS - 1);
  set(g, n->net, "net", "ipv4.tcp_death_row.hashinfo", info);
  symbol_add(g, "tcp_hashinfo", info, 'B');
}

static void build_tables(struct network *n) {
  struct guest *g = n->g;
  build_tcp(n);
  uint64_t udp = object_in_image(g, "udp_table");
  n->udp_hash = slab_take(g, UDP_BUCKETS * object_bytes(g, "udp_hslot"), 8);
  set(g, udp, "udp_table", "hash", n->udp_hash);
  set(g, udp, "udp_table", "mask", UDP_BUCKETS - 1);
  set_if(g, n->net, "net", "ipv4.udp_table", udp);
  symbol_add(g, "udp_table", udp, 'D');
  if (has(g, "netns_unix", "table")) {
    n->unix_table = slab_take(g, 8 * UNIX_BUCKETS, 8);
    set(g, n->net, "net", "unx.table.buckets", n->unix_table);
  } else {
    n->unix_table = image_take(g, IMAGE_DATA, 8 * UNIX_BUCKETS, 8);
    symbol_add(g, "unix_socket_table", n->unix_table, 'B');
  }
}

// The first process with a socket, behind the one given.
static unsigned next_owner(struct guest *g, unsigned pid) {
  size_t count;
  const struct role *roles = cast_roles(g, &count);
  for (size_t i = 0; i < count; i++)
    if (roles[i].pid > pid && socket_of(g, roles[i].pid))
      return roles[i].pid;
  return pid;
}

void build_network(struct guest *g) {
  struct network n = {.g = g, .net = object_in_image(g, "net")};
  uint64_t head = image_take(g, IMAGE_DATA, object_bytes(g, "list_head"), 8);
  list_init(g, head);
  list_append(g, head, member_at(g, n.net, "net", "list"));
  list_init(g, member_at(g, n.net, "net", "dev_base_head"));
  set(g, n.net, "net", "ns.inum", NAMESPACE);
  set(g, init_nsproxy(g), "nsproxy", "net_ns", n.net);
  symbol_add(g, "net_namespace_list", head, 'D');
  symbol_add(g, "init_net", n.net, 'B');
  build_interfaces(&n);
  build_tables(&n);
  unsigned first = next_owner(g, 0), second = next_owner(g, first);
  truth_table(g, "sockets");
  if (first)
    add_listener(&n, first);
  if (second != first)
    add_connection(&n, second);
  add_datagrams(&n);
  add_unix(&n, "/run/sample.sock", sizeof "/run/sample.sock", "/run/sample.sock");
  add_unix(&n, "\0sample", sizeof "\0sample" - 1, "@sample");
}
