// The tables in which the kernel keeps its sockets.
//
// Sources: net/ipv4/{inet_hashtables,tcp_ipv4,udp,raw,ping}.c, net/unix/af_unix.c,
// net/netlink/af_netlink.c, net/packet/af_packet.c and what each shows in /proc/net.
#include "base/memory.h"
#include "linux/socket.h"

// include/net/af_unix.h: UNIX_HASH_SIZE, twice: bound ones and others.
// net/netlink/af_netlink.c: MAX_LINKS. include/linux/rhashtable.h: a table that
// grows has a next one; a third comes only when a chain grows too long meanwhile.
enum { UNIX_BUCKETS = 512, NETLINK_PROTOCOLS = 32, RHASH_TABLES = 8 };

// Begins the walk of one table. KL_END: nothing there.
typedef enum kl_status open_table(struct kl_socket_walk *walk);

// One table, in walk order. per_net: a namespace's own.
struct source {
  const char *name;
  enum kl_socket_kind kind;
  enum kl_field_id link; // of the node in its object
};
enum source_id {
  TCP_LISTEN,
  TCP,
  TCP_OWN,
  UDP,
  UDP_OWN,
  UDPLITE,
  PING,
  RAW4,
  RAW6,
  UNIX,
  UNIX_OWN,
  NETLINK,
  PACKET,
  SOURCES,
};
static const struct source sources[SOURCES] = {
    [TCP_LISTEN] = {"TCP listeners", KL_SOCKET_TCP, KL_F_sock_common_skc_nulls_node},
    [TCP] = {"TCP sockets", KL_SOCKET_TCP, KL_F_sock_common_skc_nulls_node},
    [TCP_OWN] = {"TCP sockets of a namespace", KL_SOCKET_TCP, KL_F_sock_common_skc_nulls_node},
    [UDP] = {"UDP sockets", KL_SOCKET_UDP, KL_F_sock_common_skc_node},
    [UDP_OWN] = {"UDP sockets of a namespace", KL_SOCKET_UDP, KL_F_sock_common_skc_node},
    [UDPLITE] = {"UDP-Lite sockets", KL_SOCKET_UDPLITE, KL_F_sock_common_skc_node},
    [PING] = {"ping sockets", KL_SOCKET_PING, KL_F_sock_common_skc_node},
    [RAW4] = {"raw sockets", KL_SOCKET_RAW, KL_F_sock_common_skc_node},
    [RAW6] = {"raw sockets of version 6", KL_SOCKET_RAW, KL_F_sock_common_skc_node},
    [UNIX] = {"UNIX sockets", KL_SOCKET_UNIX, KL_F_sock_common_skc_node},
    [UNIX_OWN] = {"UNIX sockets of a namespace", KL_SOCKET_UNIX, KL_F_sock_common_skc_node},
    [NETLINK] = {"netlink sockets", KL_SOCKET_NETLINK, KL_F_netlink_sock_node},
    [PACKET] = {"packet sockets", KL_SOCKET_PACKET, KL_F_sock_common_skc_node},
};

static bool is_known(const struct kl_kernel *k, enum kl_symbol_id symbol, uint64_t *address) {
  *address = k->known[symbol].address;
  return k->known[symbol].present;
}

static enum kl_status begin(struct kl_socket_walk *walk, uint64_t array, uint64_t count, uint64_t stride,
                            uint64_t head, enum kl_chain kind) {
  return kl_buckets_init(&walk->buckets, walk->kernel, walk->budget, array, count, stride, head, kind);
}

// ── TCP ────────────────────────────────────────────────────────────────────

// In one array of the struct itself up to 5.18, and hashed by address too since
// 4.17; in that hash alone since (cae3873c5b3a "net: inet: Retire port only
// listening_hash").
static enum kl_status open_listeners(struct kl_socket_walk *walk) {
  struct kl_kernel *k = walk->kernel;
  uint64_t info, array, mask;
  if (!is_known(k, KL_S_tcp_hashinfo, &info) || !kl_has(k, KL_F_inet_hashinfo_ehash))
    return KL_END;
  if (!k->types[KL_T_inet_listen_hashbucket].present || !kl_has(k, KL_F_inet_listen_hashbucket_nulls_head))
    return KL_ERR_NOT_FOUND;
  uint64_t stride = k->types[KL_T_inet_listen_hashbucket].bytes;
  uint64_t head = k->fields[KL_F_inet_listen_hashbucket_nulls_head].offset;
  if (kl_has(k, KL_F_inet_hashinfo_listening_hash)) {
    KL_TRY(kl_member(k, info, KL_F_inet_hashinfo_listening_hash, &array));
    uint64_t bytes = k->fields[KL_F_inet_hashinfo_listening_hash].size;
    return begin(walk, array, stride ? bytes / stride : 0, stride, head, KL_CHAIN_NULLS);
  }
  KL_TRY(kl_get_pointer(k, info, KL_F_inet_hashinfo_lhash2, &array));
  KL_TRY(kl_get(k, info, KL_F_inet_hashinfo_lhash2_mask, &mask));
  return begin(walk, array, mask + 1, stride, head, KL_CHAIN_NULLS);
}

static enum kl_status open_connections(struct kl_socket_walk *walk, uint64_t info) {
  struct kl_kernel *k = walk->kernel;
  uint64_t array, mask;
  if (!k->types[KL_T_inet_ehash_bucket].present || !kl_has(k, KL_F_inet_ehash_bucket_chain))
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_get_pointer(k, info, KL_F_inet_hashinfo_ehash, &array));
  KL_TRY(kl_get(k, info, KL_F_inet_hashinfo_ehash_mask, &mask));
  return begin(walk, array, mask + 1, k->types[KL_T_inet_ehash_bucket].bytes,
               k->fields[KL_F_inet_ehash_bucket_chain].offset, KL_CHAIN_NULLS);
}

// The next namespace. KL_END past the last.
static enum kl_status next_net(struct kl_socket_walk *walk, uint64_t *net) {
  enum kl_status status = kl_net_walk_next(&walk->nets, net);
  walk->lost = walk->nets.list.current;
  return status;
}

// A namespace may have a hash of its own (sysctl net.ipv4.tcp_child_ehash_entries,
// 6.1: d1e5e6408b30).
static enum kl_status open_own_connections(struct kl_socket_walk *walk) {
  struct kl_kernel *k = walk->kernel;
  uint64_t net, at, info, global;
  KL_TRY(next_net(walk, &net));
  if (!kl_has(k, KL_F_netns_ipv4_tcp_death_row) || !is_known(k, KL_S_tcp_hashinfo, &global))
    return KL_OK;
  KL_TRY(kl_member(k, net, KL_F_net_ipv4, &at));
  if (k->fields[KL_F_netns_ipv4_tcp_death_row].size == 8)
    KL_TRY(kl_get_pointer(k, at, KL_F_netns_ipv4_tcp_death_row, &at));
  else
    KL_TRY(kl_member(k, at, KL_F_netns_ipv4_tcp_death_row, &at));
  KL_TRY(kl_get_pointer(k, at, KL_F_inet_timewait_death_row_hashinfo, &info));
  return info == global || !info ? KL_OK : open_connections(walk, info);
}

// ── Datagrams ──────────────────────────────────────────────────────────────

static enum kl_status open_udp_table(struct kl_socket_walk *walk, uint64_t table) {
  struct kl_kernel *k = walk->kernel;
  uint64_t array, mask;
  if (!k->types[KL_T_udp_hslot].present || !kl_has(k, KL_F_udp_hslot_head))
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_get_pointer(k, table, KL_F_udp_table_hash, &array));
  KL_TRY(kl_get(k, table, KL_F_udp_table_mask, &mask));
  return begin(walk, array, mask + 1, k->types[KL_T_udp_hslot].bytes, k->fields[KL_F_udp_hslot_head].offset,
               KL_CHAIN_HLIST);
}

static enum kl_status open_global_udp(struct kl_socket_walk *walk, enum kl_symbol_id symbol) {
  uint64_t table;
  if (!is_known(walk->kernel, symbol, &table) || !kl_has(walk->kernel, KL_F_udp_table_hash))
    return KL_END;
  return open_udp_table(walk, table);
}

static enum kl_status open_own_udp(struct kl_socket_walk *walk) {
  struct kl_kernel *k = walk->kernel;
  uint64_t net, at, table, global;
  KL_TRY(next_net(walk, &net));
  if (!kl_has(k, KL_F_netns_ipv4_udp_table) || !is_known(k, KL_S_udp_table, &global))
    return KL_OK;
  KL_TRY(kl_member(k, net, KL_F_net_ipv4, &at));
  KL_TRY(kl_get_pointer(k, at, KL_F_netns_ipv4_udp_table, &table));
  return table == global || !table ? KL_OK : open_udp_table(walk, table);
}

// Whether a member is an array of struct hlist_nulls_head: chains of ping_table
// were, up to 5.19 (dbca1596bbb0 "ping: convert to RCU lookups, get rid of rwlock").
static bool of_nulls_heads(const struct kl_kernel *k, enum kl_field_id member) {
  struct kl_btf_type type;
  struct kl_btf_array array;
  if (!k->btf) // built by hand, in tests
    return false;
  kl_btf_type(k->btf, kl_btf_strip(k->btf, k->fields[member].type), &type);
  if (type.kind != KL_BTF_ARRAY)
    return false;
  kl_btf_array(k->btf, &type, &array);
  kl_btf_type(k->btf, kl_btf_strip(k->btf, array.type), &type);
  return kl_bytes_equal(type.name, "hlist_nulls_head");
}

// An array of heads that is a member of a variable.
static enum kl_status open_member(struct kl_socket_walk *walk, enum kl_symbol_id symbol, enum kl_field_id array) {
  struct kl_kernel *k = walk->kernel;
  uint64_t variable, at;
  if (!is_known(k, symbol, &variable) || !kl_has(k, array))
    return KL_END;
  KL_TRY(kl_member(k, variable, array, &at));
  return begin(walk, at, k->fields[array].size / 8, 8, 0,
               of_nulls_heads(k, array) ? KL_CHAIN_NULLS : KL_CHAIN_HLIST);
}

// ── UNIX, netlink, packet ──────────────────────────────────────────────────

static enum kl_status open_unix(struct kl_socket_walk *walk) {
  uint64_t array;
  if (!is_known(walk->kernel, KL_S_unix_socket_table, &array))
    return KL_END;
  return begin(walk, array, UNIX_BUCKETS, 8, 0, KL_CHAIN_HLIST);
}

static enum kl_status open_own_unix(struct kl_socket_walk *walk) {
  struct kl_kernel *k = walk->kernel;
  uint64_t net, at, array;
  KL_TRY(next_net(walk, &net));
  if (!kl_has(k, KL_F_netns_unix_table))
    return KL_OK;
  KL_TRY(kl_member(k, net, KL_F_net_unx, &at));
  KL_TRY(kl_member(k, at, KL_F_netns_unix_table, &at));
  KL_TRY(kl_get_pointer(k, at, KL_F_unix_table_buckets, &array));
  return array ? begin(walk, array, UNIX_BUCKETS, 8, 0, KL_CHAIN_HLIST) : KL_OK;
}

static enum kl_status open_packets(struct kl_socket_walk *walk) {
  struct kl_kernel *k = walk->kernel;
  uint64_t net, at;
  KL_TRY(next_net(walk, &net));
  if (!kl_has(k, KL_F_netns_packet_sklist))
    return KL_OK;
  KL_TRY(kl_member(k, net, KL_F_net_packet, &at));
  KL_TRY(kl_member(k, at, KL_F_netns_packet_sklist, &at));
  return begin(walk, at, 1, 8, 0, KL_CHAIN_HLIST);
}

// A bucket of a rhashtable is a pointer with a lock in bit 0, or nothing; a chain
// ends with an odd value. Elements lie in two tables while it grows.
static enum kl_status open_rhash(struct kl_socket_walk *walk, uint64_t table) {
  struct kl_kernel *k = walk->kernel;
  uint64_t size, nest, array;
  KL_TRY(kl_get(k, table, KL_F_bucket_table_size, &size));
  KL_TRY(kl_get(k, table, KL_F_bucket_table_nest, &nest));
  KL_TRY(kl_get_pointer(k, table, KL_F_bucket_table_future_tbl, &walk->bucket_table));
  KL_TRY(kl_member(k, table, KL_F_bucket_table_buckets, &array));
  if (nest) // a table of tables: only made when memory is short
    return KL_ERR_UNSUPPORTED;
  return begin(walk, array, size, 8, 0, KL_CHAIN_RHASH);
}

static enum kl_status open_netlink(struct kl_socket_walk *walk) {
  struct kl_kernel *k = walk->kernel;
  uint64_t variable, tables, table;
  if (walk->bucket_table) {
    if (++walk->tables_followed < RHASH_TABLES)
      return open_rhash(walk, walk->bucket_table);
    walk->bucket_table = 0;
    return KL_ERR_CYCLE;
  }
  walk->tables_followed = 0;
  if (walk->protocol == NETLINK_PROTOCOLS || !is_known(k, KL_S_nl_table, &variable))
    return KL_END;
  if (!k->types[KL_T_netlink_table].present) {
    walk->protocol = NETLINK_PROTOCOLS; // of none of them
    return KL_ERR_NOT_FOUND;
  }
  walk->lost = variable;
  uint64_t protocol = walk->protocol++;
  KL_TRY(kl_read_u64(k, variable, &tables));
  tables = kl_paging_strip(&k->paging, tables) + protocol * k->types[KL_T_netlink_table].bytes;
  walk->lost = tables;
  KL_TRY(kl_member(k, tables, KL_F_netlink_table_hash, &table));
  KL_TRY(kl_get_pointer(k, table, KL_F_rhashtable_tbl, &table));
  walk->lost = table;
  return table ? open_rhash(walk, table) : KL_OK; // nobody uses this protocol
}

// ── The walk ───────────────────────────────────────────────────────────────

// What a source may hold several of; each call opens the next. KL_END: no more.
static bool has_many(size_t source) {
  return source == TCP_OWN || source == UDP_OWN || source == UNIX_OWN || source == NETLINK || source == PACKET;
}

static enum kl_status open_next(struct kl_socket_walk *walk) {
  walk->buckets.count = walk->buckets.next = 0; // nothing, unless something is opened
  walk->buckets.in_chain = false;
  switch ((enum source_id)walk->source) {
  case TCP_LISTEN:
    return open_listeners(walk);
  case TCP:
    return walk->kernel->known[KL_S_tcp_hashinfo].present && kl_has(walk->kernel, KL_F_inet_hashinfo_ehash)
               ? open_connections(walk, walk->kernel->known[KL_S_tcp_hashinfo].address)
               : KL_END;
  case TCP_OWN:
    return open_own_connections(walk);
  case UDP:
    return open_global_udp(walk, KL_S_udp_table);
  case UDP_OWN:
    return open_own_udp(walk);
  case UDPLITE:
    return open_global_udp(walk, KL_S_udplite_table);
  case PING:
    return open_member(walk, KL_S_ping_table, KL_F_ping_table_hash);
  case RAW4:
    return open_member(walk, KL_S_raw_v4_hashinfo, KL_F_raw_hashinfo_ht);
  case RAW6:
    return open_member(walk, KL_S_raw_v6_hashinfo, KL_F_raw_hashinfo_ht);
  case UNIX:
    return open_unix(walk);
  case UNIX_OWN:
    return open_own_unix(walk);
  case NETLINK:
    return open_netlink(walk);
  case PACKET:
    return open_packets(walk);
  case SOURCES:
    break;
  }
  return KL_END;
}

void kl_socket_walk_init(struct kl_socket_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget) {
  memset(walk, 0, sizeof *walk);
  walk->kernel = kernel;
  walk->budget = budget;
}

// Opens the next table there is. KL_END past the last.
static enum kl_status next_table(struct kl_socket_walk *walk) {
  while (walk->source < SOURCES) {
    if (walk->step == KL_SOCKETS_BEGIN && has_many(walk->source) && walk->source != NETLINK &&
        kl_net_walk_init(&walk->nets, walk->kernel, walk->budget) != KL_OK) {
      walk->source++; // no namespaces, no tables of theirs: kl_net_walk tells of them
      continue;
    }
    bool another = walk->step == KL_SOCKETS_BEGIN || has_many(walk->source);
    walk->lost_what = sources[walk->source].name;
    enum kl_status status = another ? open_next(walk) : KL_END;
    if (status != KL_END) {
      walk->step = KL_SOCKETS_IN_TABLE;
      return status;
    }
    walk->source++;
    walk->step = KL_SOCKETS_BEGIN;
  }
  return KL_END;
}

enum kl_status kl_socket_walk_next(struct kl_socket_walk *walk, uint64_t *socket, enum kl_socket_kind *kind) {
  for (;;) {
    if (walk->step != KL_SOCKETS_IN_TABLE) {
      enum kl_status status = next_table(walk);
      if (status == KL_END)
        return status;
      if (status == KL_ERR_BUDGET)
        walk->source = SOURCES;
      if (status != KL_OK) { // the next call opens what is behind it
        walk->step = KL_SOCKETS_NEXT_TABLE;
        return status;
      }
    }
    uint64_t node = 0;
    enum kl_status status = kl_buckets_next(&walk->buckets, &node);
    if (status == KL_END) {
      walk->step = KL_SOCKETS_NEXT_TABLE;
      continue;
    }
    walk->lost = walk->buckets.lost;
    if (status == KL_ERR_BUDGET)
      walk->source = SOURCES;
    KL_TRY(status);
    *kind = sources[walk->source].kind;
    return kl_container(walk->kernel, node, sources[walk->source].link, socket);
  }
}
