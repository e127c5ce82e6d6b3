/*
 * Chains of nf_tables on hooks of several families: netfilter [NAME]. States what it made, and what
 * the kernel itself lists of all hooks in this network namespace (nfnetlink_hook, 5.14).
 */
#include "workload.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

/* linux/netfilter/nfnetlink_hook.h, which older headers lack. */
enum { SUBSYSTEM_HOOK = 12, HOOK_GET = 0 };
enum { HOOKA_HOOKNUM = 1, HOOKA_PRIORITY = 2, HOOKA_DEV = 3, HOOKA_FUNCTION_NAME = 4, HOOKA_MODULE_NAME = 5 };

static const char *workload;
static int port;

static struct {
  char data[8192];
  size_t length;
} batch;

static struct nlattr *put(uint16_t type, const void *data, size_t length) {
  struct nlattr *attribute = (void *)(batch.data + batch.length);
  attribute->nla_type = type;
  attribute->nla_len = (uint16_t)(NLA_HDRLEN + length);
  memcpy(attribute + 1, data, length);
  batch.length += NLA_ALIGN(attribute->nla_len);
  return attribute;
}

static void put_text(uint16_t type, const char *text) {
  put(type, text, strlen(text) + 1);
}

static void put_number(uint16_t type, uint32_t value) {
  value = htonl(value);
  put(type, &value, sizeof value);
}

static struct nlmsghdr *begin(uint16_t type, uint16_t flags, uint8_t family, uint16_t resource) {
  static uint32_t sequence;
  struct nlmsghdr *head = (void *)(batch.data + batch.length);
  memset(batch.data + batch.length, 0, 128);
  head->nlmsg_type = type;
  head->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
  head->nlmsg_seq = ++sequence;
  struct nfgenmsg *generic = NLMSG_DATA(head);
  generic->nfgen_family = family;
  generic->res_id = htons(resource);
  batch.length += NLMSG_SPACE(sizeof *generic);
  return head;
}

static void end(struct nlmsghdr *head) {
  head->nlmsg_len = (uint32_t)(batch.data + batch.length - (char *)head);
}

static void send_batch(void) {
  must(send(port, batch.data, batch.length, 0), "netlink");
  batch.length = 0;
}

/* 0, or what the kernel said of the last of the messages that asked for an answer. */
static int answer_of(uint32_t sequence) {
  static char buffer[8192];
  for (;;) {
    int length = (int)must(recv(port, buffer, sizeof buffer, 0), "netlink");
    for (struct nlmsghdr *head = (void *)buffer; NLMSG_OK(head, (unsigned)length);
         head = NLMSG_NEXT(head, length)) {
      if (head->nlmsg_type != NLMSG_ERROR)
        continue;
      struct nlmsgerr *error = NLMSG_DATA(head);
      if (error->error != 0 || head->nlmsg_seq == sequence)
        return error->error;
    }
  }
}

struct chain {
  const char *name;
  uint8_t family;
  uint32_t hook;
  int32_t priority;
  const char *device;
};

static const struct chain chains[] = {
    {"ip-in", NFPROTO_IPV4, NF_INET_LOCAL_IN, 0, NULL},
    {"ip-in-late", NFPROTO_IPV4, NF_INET_LOCAL_IN, 50, NULL},
    {"ip-first", NFPROTO_IPV4, NF_INET_PRE_ROUTING, -300, NULL},
    {"ip6-out", NFPROTO_IPV6, NF_INET_LOCAL_OUT, 7, NULL},
    {"inet-forward", NFPROTO_INET, NF_INET_FORWARD, -1, NULL},
    {"arp-in", NFPROTO_ARP, 0, 3, NULL},
    {"ingress", NFPROTO_NETDEV, 0, 11, "lo"},
};

static bool make_chain(const struct chain *chain) {
  end(begin(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  struct nlmsghdr *head = begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, NLM_F_CREATE, chain->family, 0);
  put_text(NFTA_TABLE_NAME, "lab");
  end(head);
  head = begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK, chain->family, 0);
  uint32_t sequence = head->nlmsg_seq;
  put_text(NFTA_CHAIN_TABLE, "lab");
  put_text(NFTA_CHAIN_NAME, chain->name);
  size_t start = batch.length;
  struct nlattr *nest = put(NFTA_CHAIN_HOOK | NLA_F_NESTED, "", 0);
  put_number(NFTA_HOOK_HOOKNUM, chain->hook);
  put_number(NFTA_HOOK_PRIORITY, (uint32_t)chain->priority);
  if (chain->device != NULL)
    put_text(NFTA_HOOK_DEV, chain->device);
  nest->nla_len = (uint16_t)(batch.length - start);
  put_text(NFTA_CHAIN_TYPE, "filter");
  end(head);
  end(begin(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  send_batch();
  return answer_of(sequence) == 0;
}

static void tell_hook(uint8_t family, uint32_t asked, struct nlmsghdr *head) {
  const char *function = "", *module = "";
  int32_t priority = 0;
  int length = (int)NLMSG_PAYLOAD(head, sizeof(struct nfgenmsg));
  struct nlattr *attribute = (void *)((char *)NLMSG_DATA(head) + NLMSG_ALIGN(sizeof(struct nfgenmsg)));
  while (length >= (int)NLA_HDRLEN && attribute->nla_len >= NLA_HDRLEN && attribute->nla_len <= length) {
    void *value = attribute + 1;
    switch (attribute->nla_type & NLA_TYPE_MASK) {
    case HOOKA_PRIORITY: {
      uint32_t number;
      memcpy(&number, value, sizeof number);
      priority = (int32_t)ntohl(number);
      break;
    }
    case HOOKA_FUNCTION_NAME:
      function = value;
      break;
    case HOOKA_MODULE_NAME:
      module = value;
      break;
    }
    length -= NLA_ALIGN(attribute->nla_len);
    attribute = (void *)((char *)attribute + NLA_ALIGN(attribute->nla_len));
  }
  fact(workload,
       "{\"fact\": \"hook\", \"family\": %u, \"hook\": %u, \"priority\": %d, \"function\": \"%s\", \"module\": "
       "\"%s\"}",
       family, asked, priority, function, module);
}

/* False: this kernel does not list them. */
static bool list_hooks(uint8_t family, uint32_t hook, const char *device) {
  static char buffer[16384];
  struct nlmsghdr *head = begin(SUBSYSTEM_HOOK << 8 | HOOK_GET, NLM_F_DUMP, family, 0);
  put_number(HOOKA_HOOKNUM, hook);
  if (device != NULL)
    put_text(HOOKA_DEV, device);
  end(head);
  send_batch();
  for (;;) {
    int length = (int)must(recv(port, buffer, sizeof buffer, 0), "netlink");
    for (head = (void *)buffer; NLMSG_OK(head, (unsigned)length); head = NLMSG_NEXT(head, length)) {
      if (head->nlmsg_type == NLMSG_ERROR)
        return ((struct nlmsgerr *)NLMSG_DATA(head))->error == 0;
      if (head->nlmsg_type == NLMSG_DONE)
        return true;
      tell_hook(family, hook, head);
    }
  }
}

int main(int count, char **arguments) {
  static const struct {
    uint8_t family;
    uint32_t hooks;
  } families[] = {{NFPROTO_IPV4, 5}, {NFPROTO_IPV6, 5}, {NFPROTO_ARP, 2}};
  workload = count > 1 ? arguments[1] : "netfilter";
  port = (int)must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), "NETLINK_NETFILTER");
  for (size_t at = 0; at < sizeof chains / sizeof chains[0]; at++)
    if (make_chain(&chains[at]))
      fact(workload, "{\"fact\": \"chain\", \"name\": \"%s\", \"family\": %u, \"hook\": %u, \"priority\": %d}",
           chains[at].name, chains[at].family, chains[at].hook, chains[at].priority);
  bool listed = false;
  for (size_t at = 0; at < sizeof families / sizeof families[0]; at++)
    for (uint32_t hook = 0; hook < families[at].hooks; hook++)
      listed |= list_hooks(families[at].family, hook, NULL);
  list_hooks(NFPROTO_NETDEV, 0, "lo");
  fact(workload, "{\"fact\": \"listing\", \"complete\": %s}", listed ? "true" : "false");
  /* Chains belong to the namespace; only this socket goes with the process. */
  close(port);
  settled(workload);
  sleep_for_ever();
}
