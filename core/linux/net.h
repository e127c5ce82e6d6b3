// Network: its namespaces, interfaces and how addresses are written.
#ifndef KL_LINUX_NET_H
#define KL_LINUX_NET_H

#include "base/text.h"
#include "kernel/kernel.h"
#include "walk/list.h"

// ── Namespaces ─────────────────────────────────────────────────────────────

struct kl_net_walk {
  struct kl_list list;
  uint64_t count;
};
// KL_ERR_NOT_FOUND: this kernel has no network, or nothing names its list.
enum kl_status kl_net_walk_init(struct kl_net_walk *walk, struct kl_kernel *kernel,
                                struct kl_budget *budget) KL_MUST_USE;
// The next struct net, in the kernel's order. KL_END at the end; any other
// status ended the walk (KL_ERR_LIMIT: limits.net_namespaces). One step each.
enum kl_status kl_net_walk_next(struct kl_net_walk *walk, uint64_t *net) KL_MUST_USE;
// The number by which /proc/PID/ns/net names it.
enum kl_status kl_net_number(struct kl_kernel *k, uint64_t net, uint64_t *ret) KL_MUST_USE;

// ── Interfaces ─────────────────────────────────────────────────────────────

// Those of one namespace: a list of struct net_device.
enum kl_status kl_interface_walk_init(struct kl_list *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                                      uint64_t net) KL_MUST_USE;
// The next struct net_device. Any status but KL_OK ends the walk.
enum kl_status kl_interface_walk_next(struct kl_list *walk, uint64_t *device) KL_MUST_USE;
// UP, DOWN, UNKNOWN and the like, as `ip` shows it: a static string.
enum kl_status kl_interface_state(struct kl_kernel *k, uint64_t device, const char **ret) KL_MUST_USE;
// Its hardware address: *n bytes, KL_HARDWARE_BYTES at most (more are
// KL_ERR_MALFORMED).
enum { KL_HARDWARE_BYTES = 32 }; // MAX_ADDR_LEN
enum kl_status kl_interface_mac(struct kl_kernel *k, uint64_t device, uint8_t *dst, size_t *n) KL_MUST_USE;
// Its addresses as ADDRESS/PREFIX, version 4 first, with a space between. What
// could be read is written even when the status says that some were lost. A step
// an address, limits.interface_addresses of each version at most.
enum kl_status kl_interface_addresses(struct kl_kernel *k, struct kl_budget *budget, uint64_t device,
                                      struct kl_text *out) KL_MUST_USE;

// ── Text ───────────────────────────────────────────────────────────────────

// 4 bytes in dotted decimal; 16 bytes by the rules of RFC 5952.
void kl_ipv4_print(struct kl_text *out, const uint8_t *address);
void kl_ipv6_print(struct kl_text *out, const uint8_t *address);

#endif
