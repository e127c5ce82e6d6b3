// interfaces: network interfaces of every network namespace, and their addresses.
#include "linux/net.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { ADDRESS, NAME, INDEX, MAC, STATE, MTU, ADDRESSES, NAMESPACE, COLUMNS };

static const struct kl_column columns[] = {
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "of its struct net_device"},
    [NAME] = {"name", KL_CELL_TEXT, KL_COLUMN_KEY, "its name"},
    [INDEX] = {"index", KL_CELL_U64, KL_COLUMN_KEY, "its index, by which routes and sockets name it"},
    [MAC] = {"mac", KL_CELL_TEXT, 0, "its hardware address"},
    [STATE] = {"state", KL_CELL_TEXT, 0, "UP, DOWN, UNKNOWN, ... as `ip link` shows it"},
    [MTU] = {"mtu", KL_CELL_U64, 0, "bytes of the largest packet"},
    [ADDRESSES] = {"addresses", KL_CELL_TEXT, 0, "its IP addresses, each with its prefix length, spaces between"},
    [NAMESPACE] = {"namespace", KL_CELL_U64, KL_COLUMN_KEY,
                   "number of the network namespace, as in /proc/PID/ns/net"},
};

struct state {
  struct kl_net_walk nets;
  struct kl_list devices;
  uint64_t number;
  bool in_net;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  return kl_net_walk_init(&s->nets, c->kernel, &c->budget);
}

static void put_mac(struct kl_cursor *c, uint64_t device) {
  uint8_t mac[KL_HARDWARE_BYTES];
  size_t n = 0, start = c->text.used;
  enum kl_status status = kl_interface_mac(c->kernel, device, mac, &n);
  if (status == KL_OK && !n) // tunnels have none
    return;
  for (size_t i = 0; i < n; i++) {
    if (i)
      kl_text_char(&c->text, ':');
    kl_text_hex(&c->text, mac[i], 2);
  }
  kl_put_written(c, MAC, status, device, start);
}

static void put_row(struct kl_cursor *c, uint64_t device) {
  const struct state *s = c->state;
  const char *name = "";
  kl_put(c, ADDRESS, KL_OK, 0, device);
  kl_put(c, NAMESPACE, KL_OK, 0, s->number);
  kl_put_field(c, NAME, device, KL_F_net_device_name);
  kl_put_field(c, INDEX, device, KL_F_net_device_ifindex);
  kl_put_field(c, MTU, device, KL_F_net_device_mtu);
  if (!kl_keeps(c))
    return;
  enum kl_status status = kl_interface_state(c->kernel, device, &name);
  kl_put_bytes(c, STATE, status, device, name, kl_string_length(name));
  put_mac(c, device);
  if (!kl_wants(c, ADDRESSES))
    return;
  size_t start = c->text.used;
  status = kl_interface_addresses(c->kernel, &c->budget, device, &c->text);
  if (status != KL_OK) // those that could be read are shown
    kl_lost(c, "addresses of an interface", device, status);
  kl_put_written(c, ADDRESSES, KL_OK, 0, start);
}

static enum kl_status next_net(struct kl_cursor *c, uint64_t *net) {
  struct state *s = c->state;
  KL_TRY(kl_net_walk_next(&s->nets, net));
  KL_TRY(kl_net_number(c->kernel, *net, &s->number));
  KL_TRY(kl_interface_walk_init(&s->devices, c->kernel, &c->budget, *net));
  s->in_net = true;
  return KL_OK;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    uint64_t object = 0;
    bool inside = s->in_net;
    enum kl_status status = inside ? kl_interface_walk_next(&s->devices, &object) : next_net(c, &object);
    if (inside && status == KL_OK) {
      put_row(c, object);
      return KL_OK;
    }
    if (status == KL_ERR_BUDGET || (status == KL_END && !inside))
      return status;
    if (status == KL_END)
      s->in_net = false;
    else if (status != KL_OK)
      kl_lost(c, inside ? "interface" : "network namespace", inside ? s->devices.current : s->nets.list.current,
              status);
  }
}

enum { TEXT_BYTES = 16384 }; // of a row: 300 addresses

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = TEXT_BYTES, .open = open, .next = next};

const struct kl_table kl_interfaces_table = {
    .name = "interfaces",
    .group = "network",
    .doc = "network interfaces of every network namespace, as in `ip addr`",
    .example = "interfaces DUMP",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
