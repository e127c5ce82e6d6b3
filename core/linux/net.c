// Network namespaces and interfaces.
#include "linux/net.h"

enum kl_status kl_net_walk_init(struct kl_net_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget) {
  walk->count = 0;
  if (!kernel->known[KL_S_net_namespace_list].present || !kl_has(kernel, KL_F_net_list))
    return KL_ERR_NOT_FOUND;
  kl_list_init(&walk->list, kernel, budget, kernel->known[KL_S_net_namespace_list].address);
  return KL_OK;
}

enum kl_status kl_net_walk_next(struct kl_net_walk *walk, uint64_t *net) {
  uint64_t node;
  KL_TRY(kl_list_next(&walk->list, &node));
  if (walk->count++ >= walk->list.kernel->limits->net_namespaces) {
    walk->list.done = true;
    return KL_ERR_LIMIT;
  }
  return kl_container(walk->list.kernel, node, KL_F_net_list, net);
}

enum kl_status kl_net_number(struct kl_kernel *k, uint64_t net, uint64_t *ret) {
  uint64_t common;
  KL_TRY(kl_member(k, net, KL_F_net_ns, &common));
  return kl_get(k, common, KL_F_ns_common_inum, ret);
}

// ── Interfaces ─────────────────────────────────────────────────────────────

enum kl_status kl_interface_walk_init(struct kl_list *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                                      uint64_t net) {
  uint64_t head;
  KL_TRY(kl_member(kernel, net, KL_F_net_dev_base_head, &head));
  if (!kl_has(kernel, KL_F_net_device_dev_list))
    return KL_ERR_NOT_FOUND;
  kl_list_init(walk, kernel, budget, head);
  return KL_OK;
}

enum kl_status kl_interface_walk_next(struct kl_list *walk, uint64_t *device) {
  uint64_t node;
  KL_TRY(kl_list_next(walk, &node));
  if (walk->count > walk->kernel->limits->interfaces) {
    walk->done = true;
    return KL_ERR_LIMIT;
  }
  return kl_container(walk->kernel, node, KL_F_net_device_dev_list, device);
}

// IF_OPER_ in include/uapi/linux/if.h.
static const char *const states[] = {"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"};
enum { OPER_DOWN = 2, LINK_STATE_START = 1 }; // the second: bit 0 of net_device.state

// rtnl_fill_ifinfo(): one that is not running is down, whatever it says.
enum kl_status kl_interface_state(struct kl_kernel *k, uint64_t device, const char **ret) {
  uint64_t state, running;
  KL_TRY(kl_get(k, device, KL_F_net_device_operstate, &state));
  KL_TRY(kl_get(k, device, KL_F_net_device_state, &running));
  if (!(running & LINK_STATE_START))
    state = OPER_DOWN;
  if (state >= sizeof states / sizeof *states)
    return KL_ERR_MALFORMED;
  *ret = states[state];
  return KL_OK;
}

enum kl_status kl_interface_mac(struct kl_kernel *k, uint64_t device, uint8_t *dst, size_t *n) {
  uint64_t address, length;
  KL_TRY(kl_get(k, device, KL_F_net_device_addr_len, &length));
  if (length > KL_HARDWARE_BYTES)
    return KL_ERR_MALFORMED;
  KL_TRY(kl_get_pointer(k, device, KL_F_net_device_dev_addr, &address));
  *n = (size_t)length;
  return kl_read(k, address, dst, *n);
}

static void begin_address(struct kl_text *out, size_t start) {
  if (out->used != start)
    kl_text_char(out, ' ');
}

static enum kl_status put_ipv4(struct kl_kernel *k, uint64_t entry, struct kl_text *out, size_t start) {
  uint64_t at, prefix;
  uint8_t address[4];
  KL_TRY(kl_member(k, entry, KL_F_in_ifaddr_ifa_local, &at));
  KL_TRY(kl_read(k, at, address, sizeof address));
  KL_TRY(kl_get(k, entry, KL_F_in_ifaddr_ifa_prefixlen, &prefix));
  begin_address(out, start);
  kl_ipv4_print(out, address);
  kl_text_char(out, '/');
  kl_text_decimal(out, prefix);
  return KL_OK;
}

// A chain without a head to come back to.
static enum kl_status ipv4_addresses(struct kl_kernel *k, struct kl_budget *budget, uint64_t device,
                                     struct kl_text *out, size_t start) {
  struct kl_cycle cycle = {0};
  uint64_t in_device, entry;
  KL_TRY(kl_get_pointer(k, device, KL_F_net_device_ip_ptr, &in_device));
  if (!in_device)
    return KL_OK;
  KL_TRY(kl_get_pointer(k, in_device, KL_F_in_device_ifa_list, &entry));
  for (uint64_t n = 0; entry; n++) {
    if (kl_cycle_met(&cycle, entry))
      return KL_ERR_CYCLE;
    if (n >= k->limits->interface_addresses)
      return KL_ERR_LIMIT;
    KL_TRY(kl_budget_spend(budget, 1));
    KL_TRY(put_ipv4(k, entry, out, start));
    KL_TRY(kl_get_pointer(k, entry, KL_F_in_ifaddr_ifa_next, &entry));
  }
  return KL_OK;
}

static enum kl_status put_ipv6(struct kl_kernel *k, uint64_t node, struct kl_text *out, size_t start) {
  uint64_t entry, at, prefix;
  uint8_t address[16];
  KL_TRY(kl_container(k, node, KL_F_inet6_ifaddr_if_list, &entry));
  KL_TRY(kl_member(k, entry, KL_F_inet6_ifaddr_addr, &at));
  KL_TRY(kl_read(k, at, address, sizeof address));
  KL_TRY(kl_get(k, entry, KL_F_inet6_ifaddr_prefix_len, &prefix));
  begin_address(out, start);
  kl_ipv6_print(out, address);
  kl_text_char(out, '/');
  kl_text_decimal(out, prefix);
  return KL_OK;
}

static enum kl_status ipv6_addresses(struct kl_kernel *k, struct kl_budget *budget, uint64_t device,
                                     struct kl_text *out, size_t start) {
  uint64_t inet6, head, node;
  struct kl_list list;
  if (!kl_has(k, KL_F_inet6_dev_addr_list)) // built without IPv6
    return KL_OK;
  KL_TRY(kl_get_pointer(k, device, KL_F_net_device_ip6_ptr, &inet6));
  if (!inet6)
    return KL_OK;
  KL_TRY(kl_member(k, inet6, KL_F_inet6_dev_addr_list, &head));
  kl_list_init(&list, k, budget, head);
  for (;;) {
    enum kl_status status = kl_list_next(&list, &node);
    if (status == KL_END)
      return KL_OK;
    KL_TRY(status);
    if (list.count > k->limits->interface_addresses)
      return KL_ERR_LIMIT;
    KL_TRY(put_ipv6(k, node, out, start));
  }
}

enum kl_status kl_interface_addresses(struct kl_kernel *k, struct kl_budget *budget, uint64_t device,
                                      struct kl_text *out) {
  size_t start = out->used;
  enum kl_status status = ipv4_addresses(k, budget, device, out, start);
  enum kl_status second = ipv6_addresses(k, budget, device, out, start);
  return status == KL_OK ? second : status;
}

// ── Text ───────────────────────────────────────────────────────────────────

void kl_ipv4_print(struct kl_text *out, const uint8_t *address) {
  for (size_t i = 0; i < 4; i++) {
    if (i)
      kl_text_char(out, '.');
    kl_text_decimal(out, address[i]);
  }
}

// The longest run of zero groups, the first of equals, two at least.
static void longest_zeros(const uint8_t *address, size_t *first, size_t *n) {
  *first = *n = 0;
  for (size_t i = 0; i < 8; i++) {
    size_t end = i;
    while (end < 8 && !address[2 * end] && !address[2 * end + 1])
      end++;
    if (end - i > *n) {
      *first = i;
      *n = end - i;
    }
  }
  if (*n < 2)
    *n = 0;
}

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; // ::ffff:0:0/96

void kl_ipv6_print(struct kl_text *out, const uint8_t *address) {
  size_t first, n;
  longest_zeros(address, &first, &n);
  bool is_mapped = true;
  for (size_t i = 0; i < sizeof mapped; i++)
    is_mapped &= address[i] == mapped[i];
  for (size_t i = 0; i < 8; i++) {
    if (n && i == first) {
      kl_text_string(out, "::");
      i += n - 1;
      continue;
    }
    if (i && !(n && i == first + n))
      kl_text_char(out, ':');
    if (is_mapped && i == 6) {
      kl_ipv4_print(out, address + 12);
      return;
    }
    kl_text_hex(out, (uint64_t)address[2 * i] << 8 | address[2 * i + 1], 1);
  }
}
