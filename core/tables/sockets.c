// sockets: what /proc/net/{tcp,udp,raw,unix,netlink,packet} list, in every
// network namespace.
#include "linux/socket.h"
#include "linux/socket_owner.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum {
  ADDRESS,
  FAMILY,
  TYPE,
  PROTOCOL,
  STATE,
  LOCAL_ADDRESS,
  LOCAL_PORT,
  REMOTE_ADDRESS,
  REMOTE_PORT,
  INODE,
  TGID,
  NAMESPACE,
  PATH,
  INTERFACE,
  COLUMNS
};

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, KL_COLUMN_KEY, "of its struct sock"},
    [FAMILY] = {"family", KL_CELL_TEXT, 0, "inet, inet6, unix, netlink or packet"},
    [TYPE] = {"type", KL_CELL_TEXT, 0,
              "stream, dgram, raw, seqpacket; none for a connection that is not one yet or any more"},
    [PROTOCOL] = {"protocol", KL_CELL_TEXT, 0,
                  "tcp, udp, udplite; of raw, netlink and packet sockets what they carry (icmp, route, 0x0806)"},
    [STATE] = {"state", KL_CELL_TEXT, 0, "LISTEN, ESTABLISHED, TIME_WAIT and the like; CLOSE when not connected"},
    [LOCAL_ADDRESS] = {"local_address", KL_CELL_TEXT, 0, "IP address that it is bound to; 0.0.0.0 or :: for any"},
    [LOCAL_PORT] = {"local_port", KL_CELL_U64, 0, "its port; of a netlink socket the port id"},
    [REMOTE_ADDRESS] = {"remote_address", KL_CELL_TEXT, 0, "IP address of the other end"},
    [REMOTE_PORT] = {"remote_port", KL_CELL_U64, 0, "port of the other end"},
    [INODE] = {"inode", KL_CELL_U64, 0,
               "its number in the links of /proc/PID/fd; none when no process has it open"},
    [TGID] = {"tgid", KL_CELL_U64, KL_COLUMN_COSTLY,
              "the first process that has it open (open_files has all, by inode)"},
    [NAMESPACE] = {"namespace", KL_CELL_U64, 0, "number of the network namespace, as in /proc/PID/ns/net"},
    [PATH] = {"path", KL_CELL_TEXT, 0, "of a UNIX socket: the name it is bound to; an abstract one begins with @"},
    [INTERFACE] = {"interface", KL_CELL_U64, 0, "index of the interface that it is bound to"},
};

// Sockets are gathered in batches, so that one walk over all descriptors finds
// the owners of many.
struct state {
  struct kl_socket_walk walk;
  struct kl_socket batch[KL_OWNERS];
  size_t n, given;
  bool ended;
  struct kl_owners owners;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  kl_socket_walk_init(&s->walk, c->kernel, &c->budget);
  if (!c->kernel->known[KL_S_net_namespace_list].present)
    kl_lost(c, "net_namespace_list", 0, KL_ERR_NOT_FOUND);
  return KL_OK;
}

static enum kl_status gather(struct kl_cursor *c) {
  struct state *s = c->state;
  while (s->n < KL_OWNERS) {
    uint64_t address = 0;
    enum kl_socket_kind kind = KL_SOCKET_TCP;
    enum kl_status status = kl_socket_walk_next(&s->walk, &address, &kind);
    bool found = status == KL_OK;
    if (status == KL_END)
      s->ended = true;
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    if (found)
      status = kl_socket_read(c->kernel, address, kind, &s->batch[s->n]);
    if (status == KL_OK)
      s->n++;
    else
      kl_lost(c, found ? "socket" : s->walk.lost_what, found ? address : s->walk.lost, status);
  }
  return KL_OK;
}

static enum kl_status find_owners(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t only = 0;
  kl_owners_clear(&s->owners);
  for (size_t i = 0; i < s->n; i++) {
    uint64_t socket = 0;
    enum kl_status status = kl_socket_socket(c->kernel, &s->batch[i], &socket);
    if (status != KL_OK) {
      socket = 0;
      kl_lost(c, "socket", s->batch[i].address, status);
    }
    kl_owners_add(&s->owners, socket);
  }
  (void)kl_pushed_u64(c, TGID, &only);
  enum kl_status status = kl_owners_begin(&s->owners, c->kernel, &c->budget, only);
  if (status != KL_OK && status != KL_END && status != KL_ERR_BUDGET) {
    kl_lost(c, "task", 0, status); // there is no walk
    return KL_OK;
  }
  while (status != KL_END && status != KL_ERR_BUDGET) {
    if (status != KL_OK)
      kl_lost(c, s->owners.lost_what, s->owners.lost, status);
    status = kl_owners_find(&s->owners);
  }
  return status == KL_END ? KL_OK : status;
}

static enum kl_status next_batch(struct kl_cursor *c) {
  struct state *s = c->state;
  s->n = s->given = 0;
  if (s->ended)
    return KL_END;
  enum kl_status status = gather(c);
  if (!s->n)
    return status;
  if (status == KL_ERR_BUDGET || !kl_wants(c, TGID))
    return KL_OK; // what was gathered is given first
  return find_owners(c);
}

// What is written into the row's text, and its status.
static void put_written(struct kl_cursor *c, uint32_t column, enum kl_status status, uint64_t object,
                        size_t start) {
  if (status != KL_END)
    kl_put_written(c, column, status, object, start);
}

static void put_static(struct kl_cursor *c, uint32_t column, enum kl_status status, uint64_t object,
                       const char *s) {
  if (status == KL_OK)
    kl_put_string(c, column, s);
  else if (status != KL_END)
    kl_put_bytes(c, column, status, object, NULL, 0);
}

// AF_ in include/linux/socket.h
static const struct {
  uint64_t number;
  const char *name;
} families[] = {{1, "unix"}, {2, "inet"}, {10, "inet6"}, {16, "netlink"}, {17, "packet"}};

static const char *family_name(uint64_t family) {
  for (size_t i = 0; i < sizeof families / sizeof *families; i++)
    if (families[i].number == family)
      return families[i].name;
  return NULL;
}

static void put_kind(struct kl_cursor *c, const struct kl_socket *socket) {
  const char *name = family_name(socket->family);
  enum kl_status status = name ? KL_OK : KL_ERR_MALFORMED;
  put_static(c, FAMILY, status, socket->address, name);
  if (socket->is_full) {
    status = kl_socket_type(c->kernel, socket, &name);
    put_static(c, TYPE, status, socket->address, name);
  }
  size_t start = c->text.used;
  status = kl_socket_protocol(c->kernel, socket, &c->text);
  put_written(c, PROTOCOL, status, socket->address, start);
  status = kl_socket_state(c->kernel, socket, &name);
  put_static(c, STATE, status, socket->address, name);
}

static const struct {
  uint32_t address, port;
} ends[] = {{LOCAL_ADDRESS, LOCAL_PORT}, {REMOTE_ADDRESS, REMOTE_PORT}};

static void put_ends(struct kl_cursor *c, const struct kl_socket *socket) {
  for (size_t remote = 0; remote < 2; remote++) {
    uint64_t port = 0;
    size_t start = c->text.used;
    enum kl_status status = kl_socket_address(c->kernel, socket, remote, &c->text);
    put_written(c, ends[remote].address, status, socket->address, start);
    status = kl_socket_port(c->kernel, socket, remote, &port);
    if (status != KL_END)
      kl_put(c, ends[remote].port, status, socket->address, port);
  }
}

static void put_place(struct kl_cursor *c, const struct kl_socket *socket) {
  char path[KL_SOCKET_PATH];
  uint64_t v = 0;
  size_t n = 0;
  enum kl_status status = kl_socket_inode(c->kernel, socket, &v);
  if (status != KL_OK || v)
    kl_put(c, INODE, status, socket->address, v);
  status = kl_net_number(c->kernel, socket->net, &v);
  kl_put(c, NAMESPACE, status, socket->net, v);
  status = kl_socket_interface(c->kernel, socket, &v);
  if (status != KL_OK || v)
    kl_put(c, INTERFACE, status, socket->address, v);
  status = kl_socket_path(c->kernel, socket, path, &n);
  if (status != KL_END)
    kl_put_bytes(c, PATH, status, socket->address, path, n);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  if (s->given == s->n)
    KL_TRY(next_batch(c));
  size_t i = s->given++;
  const struct kl_socket *socket = &s->batch[i];
  kl_put(c, ADDRESS, KL_OK, 0, socket->address);
  if (kl_wants(c, TGID) && s->owners.tgids[i])
    kl_put(c, TGID, KL_OK, 0, s->owners.tgids[i]);
  if (!kl_keeps(c))
    return KL_OK;
  put_kind(c, socket);
  put_ends(c, socket);
  put_place(c, socket);
  return KL_OK;
}

enum { TEXT_BYTES = 512 }; // two addresses of 45, a protocol, a path

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = TEXT_BYTES, .open = open, .next = next};

const struct kl_table kl_sockets_table = {
    .name = "sockets",
    .group = "network",
    .doc = "sockets of every network namespace: TCP, UDP, raw, UNIX, netlink and packet",
    .example = "sockets DUMP state=LISTEN",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
