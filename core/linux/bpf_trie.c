// LPM_TRIE: a binary tree of prefixes (kernel/bpf/lpm_trie.c).
//
// A prefix grows from each node to its children, which ends the walk on any
// memory: 2048 bits at most.
#include "linux/bpf_reader.h"

enum { NODE_INTERMEDIATE = 1, MAX_PREFIX_BITS = 2048, LENGTH_BYTES = 4 };

static enum kl_status trie_push(struct kl_bpf_entries *e, uint64_t node, uint64_t above) {
  if (!node)
    return KL_OK;
  if (e->pendings == KL_BPF_TRIE_DEPTH)
    return KL_ERR_LIMIT;
  e->pending[e->pendings].node = node;
  e->pending[e->pendings++].above = above;
  return KL_OK;
}

static enum kl_status trie_open(struct kl_bpf_entries *e) {
  uint64_t root, data_size;
  KL_TRY(kl_get_pointer(e->kernel, e->map.address, KL_F_lpm_trie_root, &root));
  KL_TRY(kl_get(e->kernel, e->map.address, KL_F_lpm_trie_data_size, &data_size));
  if (e->map.key_bytes < LENGTH_BYTES || data_size != e->map.key_bytes - LENGTH_BYTES)
    return KL_ERR_MALFORMED;
  return trie_push(e, root, 0);
}

// Takes one node off the stack and puts its children on it.
static enum kl_status trie_visit(struct kl_bpf_entries *e, uint64_t *node, uint64_t *flags, uint64_t *prefix) {
  e->pendings--;
  *node = e->pending[e->pendings].node;
  uint64_t above = e->pending[e->pendings].above, child;
  KL_TRY(kl_get(e->kernel, *node, KL_F_lpm_trie_node_prefixlen, prefix));
  KL_TRY(kl_get(e->kernel, *node, KL_F_lpm_trie_node_flags, flags));
  KL_TRY(kl_member(e->kernel, *node, KL_F_lpm_trie_node_child, &child));
  if (*prefix > MAX_PREFIX_BITS || *prefix > 8ull * (e->map.key_bytes - LENGTH_BYTES))
    return KL_ERR_MALFORMED;
  if (*prefix < above)
    return KL_ERR_CYCLE; // a prefix that does not grow leads nowhere new
  for (uint64_t i = 2; i-- > 0;) {
    uint64_t next = 0;
    KL_TRY(kl_read_u64(e->kernel, child + 8 * i, &next));
    KL_TRY(trie_push(e, next, *prefix + 1));
  }
  return KL_OK;
}

static enum kl_status trie_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  // A value has a node, and a node without one has two children. Nodes that
  // share children would be visited for ever.
  uint64_t most = 2ull * e->map.max_entries;
  while (e->pendings) {
    uint64_t node = 0, flags = 0, prefix = 0, data;
    if (e->given++ > most) {
      e->pendings = 0;
      return kl_bpf_lost(e, e->pending[0].node, KL_ERR_CYCLE);
    }
    KL_TRY(kl_budget_spend(e->budget, 1));
    enum kl_status status = trie_visit(e, &node, &flags, &prefix);
    if (status == KL_OK)
      status = kl_member(e->kernel, node, KL_F_lpm_trie_node_data, &data);
    if (status != KL_OK)
      return kl_bpf_lost(e, node, status);
    if (flags & NODE_INTERMEDIATE) // made to branch: it has no value
      continue;
    uint32_t data_bytes = e->map.key_bytes - LENGTH_BYTES;
    ret->object = node;
    kl_bpf_key_index(ret, prefix);
    ret->key_status = kl_read(e->kernel, data, ret->key + LENGTH_BYTES, data_bytes);
    ret->key_bytes = e->map.key_bytes;
    kl_bpf_value_at(ret, data + data_bytes, e->map.value_bytes);
    return KL_OK;
  }
  return KL_END;
}

const struct kl_bpf_reader kl_bpf_trie_reader = {trie_open, trie_next};
