// netfilter_hooks: functions that see every packet, by network namespace, family
// and place.
#include "base/checked.h"
#include "linux/net.h"
#include "tables/code_cells.h"
#include "tables/registry.h"

enum { NAMESPACE, FAMILY, HOOK, PRIORITY, FUNCTION, SYMBOL, MODULE, DEVICE, ADDRESS, SAME, AGREES, COLUMNS };

static const struct kl_column columns[] = {
    [NAMESPACE] = {"namespace", KL_CELL_U64, KL_COLUMN_KEY,
                   "number of the network namespace, as in /proc/PID/ns/net"},
    [FAMILY] = {"family", KL_CELL_TEXT, KL_COLUMN_KEY,
                "ip, ip6, arp, bridge, or netdev for hooks of one interface"},
    [HOOK] = {"hook", KL_CELL_TEXT, KL_COLUMN_KEY,
              "prerouting, input, forward, output, postrouting, ingress or egress"},
    [PRIORITY] = {"priority", KL_CELL_I64, 0, "lower ones are called first"},
    [FUNCTION] = {"function", KL_CELL_ADDRESS, KL_COLUMN_KEY, "what is called"},
    [SYMBOL] = {"symbol", KL_CELL_TEXT, 0, "that function; name+0x... behind its start"},
    [MODULE] = {"module", KL_CELL_TEXT, 0, "the module that the function is in; none for the kernel itself"},
    [DEVICE] = {"device", KL_CELL_TEXT, 0, "the interface, for family netdev"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "of the struct nf_hook_ops by which it was registered"},
    [SAME] = {"as_registered", KL_CELL_BOOL, 0, "whether that is the function that was registered"},
    [AGREES] = {"agrees", KL_CELL_BOOL, 0, "whether it is, and is code of the kernel or of a module on its list"},
};

// Hooks of a namespace: enum nf_inet_hooks, and what arp and bridges have
// (include/uapi/linux/netfilter*.h), as nft names them.
static const struct {
  const char *family;
  enum kl_field_id hooks;
  const char *names[5];
} families[] = {
    {"ip", KL_F_netns_nf_hooks_ipv4, {"prerouting", "input", "forward", "output", "postrouting"}},
    {"ip6", KL_F_netns_nf_hooks_ipv6, {"prerouting", "input", "forward", "output", "postrouting"}},
    {"arp", KL_F_netns_nf_hooks_arp, {"input", "output", "forward"}},
    {"bridge", KL_F_netns_nf_hooks_bridge, {"prerouting", "input", "forward", "output", "postrouting"}},
};
enum { FAMILIES = sizeof families / sizeof *families };

static const struct {
  enum kl_field_id hooks;
  const char *name;
} device_hooks[] = {
    {KL_F_net_device_nf_hooks_ingress, "ingress"},
    {KL_F_net_device_nf_hooks_egress, "egress"},
};
enum { DEVICE_HOOKS = sizeof device_hooks / sizeof *device_hooks };

struct state {
  struct kl_net_walk nets;
  uint64_t net, number; // of the namespace
  size_t family, hook;  // the next place of it; then those of its devices
  struct kl_list devices;
  uint64_t device; // 0: none
  size_t device_hook;
  bool in_net;
  // The place that is being given.
  const char *family_name, *hook_name;
  uint64_t of_device; // 0: of the namespace
  uint64_t entries, count, next;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  if (!kl_has(c->kernel, KL_F_net_nf)) // built without netfilter
    return KL_END;
  if (!c->kernel->types[KL_T_nf_hook_entry].present)
    return KL_ERR_NOT_FOUND;
  return kl_net_walk_init(&s->nets, c->kernel, &c->budget);
}

static enum kl_status begin_net(struct kl_cursor *c) {
  struct state *s = c->state;
  KL_TRY(kl_net_walk_next(&s->nets, &s->net));
  s->family = s->hook = 0;
  s->device = 0;
  s->in_net = true;
  enum kl_status status = kl_net_number(c->kernel, s->net, &s->number);
  enum kl_status devices = kl_interface_walk_init(&s->devices, c->kernel, &c->budget, s->net);
  s->devices.done |= devices != KL_OK;
  return status == KL_OK ? devices : status;
}

// Opens what is called at one place: entries is the address of the pointer to it.
static enum kl_status open_entries(struct kl_cursor *c, uint64_t pointer) {
  struct state *s = c->state;
  uint64_t entries, count;
  s->entries = pointer;
  KL_TRY(kl_budget_spend(&c->budget, 1));
  KL_TRY(kl_read_u64(c->kernel, pointer, &entries));
  entries = kl_paging_strip(&c->kernel->paging, entries);
  if (!entries)
    return KL_OK;
  s->entries = entries;
  KL_TRY(kl_get(c->kernel, entries, KL_F_nf_hook_entries_num_hook_entries, &count));
  if (count > c->kernel->limits->netfilter_hooks)
    return KL_ERR_LIMIT;
  s->next = 0;
  s->count = count;
  return KL_OK;
}

// The next place of the namespace itself; KL_END past the last.
static enum kl_status next_place(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t nf, hooks;
  for (; s->family < FAMILIES; s->family++, s->hook = 0) {
    const struct kl_field *f = &c->kernel->fields[families[s->family].hooks];
    if (!f->present || s->hook >= f->size / 8)
      continue;
    size_t hook = s->hook++;
    s->family_name = families[s->family].family;
    s->hook_name = hook < 5 ? families[s->family].names[hook] : NULL;
    s->of_device = 0;
    KL_TRY(kl_member(c->kernel, s->net, KL_F_net_nf, &nf));
    KL_TRY(kl_member(c->kernel, nf, families[s->family].hooks, &hooks));
    return open_entries(c, hooks + 8 * hook);
  }
  return KL_END;
}

static enum kl_status next_device_place(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t pointer;
  if (!s->device) {
    s->entries = s->devices.current;
    KL_TRY(kl_interface_walk_next(&s->devices, &s->device));
    s->device_hook = 0;
  }
  size_t hook = s->device_hook++;
  if (hook == DEVICE_HOOKS) {
    s->device = 0;
    return KL_OK;
  }
  s->family_name = "netdev";
  s->hook_name = device_hooks[hook].name;
  s->of_device = s->device;
  if (kl_member(c->kernel, s->device, device_hooks[hook].hooks, &pointer) != KL_OK)
    return KL_OK; // built without it
  return open_entries(c, pointer);
}

// struct nf_hook_entries: a count, that many functions with their argument, and
// behind them the struct nf_hook_ops of each.
static enum kl_status registered(struct kl_cursor *c, uint64_t i, uint64_t *entry, uint64_t *ops) {
  struct state *s = c->state;
  uint64_t hooks, stride = c->kernel->types[KL_T_nf_hook_entry].bytes;
  KL_TRY(kl_member(c->kernel, s->entries, KL_F_nf_hook_entries_hooks, &hooks));
  *entry = hooks + i * stride;
  KL_TRY(kl_read_u64(c->kernel, hooks + s->count * stride + 8 * i, ops));
  *ops = kl_paging_strip(&c->kernel->paging, *ops);
  return KL_OK;
}

static void put_function(struct kl_cursor *c, uint64_t entry, uint64_t ops) {
  uint64_t function = 0, as_registered = 0, priority = 0;
  struct kl_code_verdict verdict = {.status = KL_OK};
  enum kl_status status = kl_get_pointer(c->kernel, entry, KL_F_nf_hook_entry_hook, &function);
  kl_put(c, FUNCTION, status, entry, function);
  if (status == KL_OK) {
    kl_put_code(c, SYMBOL, MODULE, function, &verdict);
    status = verdict.status;
  }
  enum kl_status other = kl_get(c->kernel, ops, KL_F_nf_hook_ops_priority, &priority);
  kl_put(c, PRIORITY, other, ops, priority);
  if (other == KL_OK)
    other = kl_get_pointer(c->kernel, ops, KL_F_nf_hook_ops_hook, &as_registered);
  bool same = function == as_registered;
  kl_put(c, SAME, other, ops, same);
  kl_put(c, AGREES, status == KL_OK ? other : status, entry, verdict.agrees && same);
}

static void put_row(struct kl_cursor *c, uint64_t i) {
  struct state *s = c->state;
  uint64_t entry = s->entries, ops = 0;
  kl_put(c, NAMESPACE, KL_OK, 0, s->number);
  kl_put_string(c, FAMILY, s->family_name);
  if (s->hook_name)
    kl_put_string(c, HOOK, s->hook_name);
  if (s->of_device)
    kl_put_field(c, DEVICE, s->of_device, KL_F_net_device_name);
  enum kl_status status = registered(c, i, &entry, &ops);
  kl_put(c, ADDRESS, status, entry, ops);
  if (status == KL_OK)
    put_function(c, entry, ops);
  else
    kl_put(c, AGREES, status, entry, false);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    if (s->next < s->count) {
      KL_TRY(kl_budget_spend(&c->budget, 1));
      put_row(c, s->next++);
      return KL_OK;
    }
    s->next = s->count = 0;
    enum kl_status status = s->in_net ? next_place(c) : KL_END;
    if (status == KL_END && s->in_net) {
      status = next_device_place(c);
      s->in_net = status != KL_END;
    }
    if (status == KL_END) {
      status = begin_net(c);
      s->entries = s->net;
      if (status == KL_END)
        return status;
    }
    if (status == KL_ERR_BUDGET)
      return status;
    if (status != KL_OK)
      kl_lost(c, "netfilter hooks", s->entries, status);
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = KL_CODE_TEXT + 16, .open = open, .next = next};

const struct kl_table kl_netfilter_hooks_table = {
    .name = "netfilter_hooks",
    .group = "tampering",
    .doc = "what sees every packet; agrees is false for code that no module on the list has",
    .example = "netfilter_hooks DUMP",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
