// What variables look like in memory.
#include "kernel/code_shapes.h"

#include "base/checked.h"
#include "kernel/swap_shapes.h"

enum {
  TIMEKEEPER_BEFORE = 64,  // from what code uses to the start: the sequence counter stands before it
  TIMEKEEPER_BEHIND = 512, // or a member is used
};

// A list that is not empty: its neighbours know it. Gives the first node.
static bool is_list(struct kl_kernel *k, uint64_t head, uint64_t *first) {
  uint64_t last, back, forth;
  return kl_get_pointer(k, head, KL_F_list_head_next, first) == KL_OK &&
         kl_get_pointer(k, head, KL_F_list_head_prev, &last) == KL_OK && *first != head &&
         kl_get_pointer(k, *first, KL_F_list_head_prev, &back) == KL_OK &&
         kl_get_pointer(k, last, KL_F_list_head_next, &forth) == KL_OK && back == head && forth == head;
}

static bool is_name(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (text[i] < '!' || text[i] > '~')
      return false;
  return n != 0;
}

static bool is_super_blocks(struct kl_kernel *k, uint64_t at) {
  uint64_t first, super_block, type, name;
  char text[32];
  size_t n;
  return is_list(k, at, &first) && kl_container(k, first, KL_F_super_block_s_list, &super_block) == KL_OK &&
         kl_get_pointer(k, super_block, KL_F_super_block_s_type, &type) == KL_OK &&
         kl_get_pointer(k, type, KL_F_file_system_type_name, &name) == KL_OK &&
         kl_read_string(k, name, text, sizeof text, &n) == KL_OK && is_name(text, n);
}

static bool is_modules(struct kl_kernel *k, uint64_t at) {
  uint64_t first, module;
  char text[64];
  size_t n;
  return is_list(k, at, &first) && kl_container(k, first, KL_F_module_list, &module) == KL_OK &&
         kl_get_text(k, module, KL_F_module_name, text, sizeof text, &n) == KL_OK && is_name(text, n);
}

// The leftmost entry below an xarray's head, and its index. Shifts fall, so
// the descent ends.
static bool first_entry(struct kl_kernel *k, uint64_t head, uint64_t *index, uint64_t *entry) {
  const struct kl_field *slots = &k->fields[KL_F_xa_node_slots]; // 64, or 16 with CONFIG_BASE_SMALL
  uint64_t above = 64, shift;
  *index = 0;
  for (*entry = head; (*entry & 3) == 2 && *entry > 4096;) {
    uint64_t node = *entry - 2, slot = 0;
    if (!slots->present || slots->size > 8 * 64 || kl_get(k, node, KL_F_xa_node_shift, &shift) != KL_OK ||
        shift >= above)
      return false;
    above = shift;
    for (*entry = 0; slot < slots->size / 8 && !*entry; slot++)
      if (kl_read_u64(k, node + slots->offset + 8 * slot, entry) != KL_OK)
        return false;
    if (!*entry)
      return false;
    *index |= (slot - 1) << shift;
  }
  return *entry != 0;
}

// What an object in one of BPF's indexes calls itself.
static bool id_of(struct kl_kernel *k, enum kl_shape shape, uint64_t object, uint64_t *id) {
  uint64_t aux;
  switch (shape) {
  case KL_SHAPE_MAPS:
    return kl_get(k, object, KL_F_bpf_map_id, id) == KL_OK;
  case KL_SHAPE_PROGRAMS:
    return kl_get_pointer(k, object, KL_F_bpf_prog_aux, &aux) == KL_OK &&
           kl_get(k, aux, KL_F_bpf_prog_aux_id, id) == KL_OK;
  case KL_SHAPE_LINKS:
    return kl_get(k, object, KL_F_bpf_link_id, id) == KL_OK;
  case KL_SHAPE_BTFS:
    return kl_get(k, object, KL_F_btf_id, id) == KL_OK;
  case KL_SHAPE_SUPER_BLOCKS:
  case KL_SHAPE_MODULES:
  case KL_SHAPE_TIMEKEEPER:
  case KL_SHAPE_RUN_QUEUES:
  case KL_SHAPE_PROBES:
  case KL_SHAPE_TRACERS:
  case KL_SHAPE_MODULE_TREE:
  case KL_SHAPE_SWAP_INFO:
  case KL_SHAPE_SWAP_COUNT:
  case KL_SHAPE_SWAP_SPACES:
  case KL_SHAPE_SWAP_SPACE_COUNTS:
    break;
  }
  return false;
}

// IDR_RT_MARKER: ROOT_IS_IDR (4), and the tag of free entries above the gfp
// bits. An empty index may be any; in another one the objects know their ids.
static enum kl_likeness likeness_of_idr(struct kl_kernel *k, enum kl_shape shape, uint64_t at) {
  uint64_t root, flags, head, index, object, id;
  if (kl_member(k, at, KL_F_idr_idr_rt, &root) != KL_OK || kl_get(k, root, KL_F_xarray_xa_flags, &flags) != KL_OK ||
      kl_get_pointer(k, root, KL_F_xarray_xa_head, &head) != KL_OK || !(flags & 4) || !(flags >> 20))
    return KL_LIKE_NONE;
  if (!head)
    return KL_LIKE_MAYBE;
  return first_entry(k, head, &index, &object) && id_of(k, shape, object, &id) && id == index ? KL_LIKE_SURE
                                                                                              : KL_LIKE_NONE;
}

// offs_real is wall_to_monotonic negated (tk_set_wall_to_mono()).
static bool is_timekeeper(struct kl_kernel *k, uint64_t at) {
  uint64_t offset, to_monotonic, seconds, ns;
  return kl_get(k, at, KL_F_timekeeper_offs_real, &offset) == KL_OK && offset &&
         kl_member(k, at, KL_F_timekeeper_wall_to_monotonic, &to_monotonic) == KL_OK &&
         kl_get(k, to_monotonic, KL_F_timespec64_tv_sec, &seconds) == KL_OK &&
         kl_get(k, to_monotonic, KL_F_timespec64_tv_nsec, &ns) == KL_OK && ns < 1000000000 &&
         seconds * 1000000000 + ns + offset == 0;
}

static bool is_run_queues(struct kl_kernel *k, uint64_t at) {
  for (uint32_t cpu = 0; cpu < k->cpus; cpu++) {
    uint64_t rq, of;
    if (kl_per_cpu_address(k, at, cpu, &rq) != KL_OK || kl_get(k, rq, KL_F_rq_cpu, &of) != KL_OK || of != cpu)
      return false;
  }
  return k->cpus > 1; // a zero alone says nothing
}

// 64 chains whose first nodes point back to their heads, each of probes whose
// address has the chain's hash (hash_ptr()). A table of empty ones may be any.
static const uint64_t GOLDEN_RATIO_64 = 0x61c8864680b583eb; // include/linux/hash.h

static enum kl_likeness likeness_of_probes(struct kl_kernel *k, uint64_t at) {
  enum { BUCKETS = 64 };
  enum kl_likeness best = KL_LIKE_MAYBE;
  if (!kl_has(k, KL_F_kprobe_hlist))
    return KL_LIKE_NONE;
  for (uint64_t head = at; head < at + 8ull * BUCKETS; head += 8) {
    uint64_t first, back, probed;
    if (kl_read_u64(k, head, &first) != KL_OK)
      return KL_LIKE_NONE;
    if (!first)
      continue;
    first = kl_paging_strip(&k->paging, first);
    if (kl_read_u64(k, first + 8, &back) != KL_OK || kl_paging_strip(&k->paging, back) != head ||
        kl_container(k, first, KL_F_kprobe_hlist, &first) != KL_OK ||
        kl_get_pointer(k, first, KL_F_kprobe_addr, &probed) != KL_OK ||
        probed * GOLDEN_RATIO_64 >> 58 != (head - at) / 8)
      return KL_LIKE_NONE;
    best = KL_LIKE_SURE;
  }
  return best;
}

// A list whose last element, a place holder, calls ftrace_stub.
static bool is_tracers(struct kl_kernel *k, uint64_t at) {
  enum { TRACERS_SEEN = 256 };
  uint64_t ops, next, function;
  struct kl_symbol stub;
  if (kl_read_u64(k, at, &ops) != KL_OK)
    return false;
  ops = kl_paging_strip(&k->paging, ops);
  for (int i = 0; i < TRACERS_SEEN; i++) {
    if (kl_get_pointer(k, ops, KL_F_ftrace_ops_next, &next) != KL_OK ||
        kl_get_pointer(k, ops, KL_F_ftrace_ops_func, &function) != KL_OK)
      return false;
    if (!next)
      return kl_symbols_find(k->symbols, kl_bytes_of("ftrace_stub", 11), &stub) == KL_OK &&
             stub.address == function;
    ops = next;
  }
  return false;
}

// A tree whose root is in the memory of a module that has a name.
static bool is_module_tree(struct kl_kernel *k, uint64_t at) {
  uint64_t root, node, module;
  char text[64];
  size_t n;
  return kl_member(k, at, KL_F_mod_tree_root_root, &root) == KL_OK &&
         kl_member(k, root, KL_F_latch_tree_root_tree, &root) == KL_OK &&
         kl_get_pointer(k, root, KL_F_rb_root_rb_node, &node) == KL_OK && node &&
         kl_container(k, node, KL_F_latch_tree_node_node, &node) == KL_OK &&
         kl_container(k, node, KL_F_mod_tree_node_node, &node) == KL_OK &&
         kl_get_pointer(k, node, KL_F_mod_tree_node_mod, &module) == KL_OK &&
         kl_get_text(k, module, KL_F_module_name, text, sizeof text, &n) == KL_OK && is_name(text, n);
}

enum kl_likeness kl_likeness_of(struct kl_kernel *k, enum kl_shape shape, uint64_t at, uint64_t *found) {
  *found = at;
  switch (shape) {
  case KL_SHAPE_SUPER_BLOCKS:
    return is_super_blocks(k, at) ? KL_LIKE_SURE : KL_LIKE_NONE;
  case KL_SHAPE_MODULES:
    return is_modules(k, at) ? KL_LIKE_SURE : KL_LIKE_NONE;
  case KL_SHAPE_MAPS:
  case KL_SHAPE_PROGRAMS:
  case KL_SHAPE_LINKS:
  case KL_SHAPE_BTFS:
    return likeness_of_idr(k, shape, at);
  case KL_SHAPE_RUN_QUEUES:
    return is_run_queues(k, at) ? KL_LIKE_SURE : KL_LIKE_NONE;
  case KL_SHAPE_PROBES:
    return likeness_of_probes(k, at);
  case KL_SHAPE_TRACERS:
    return is_tracers(k, at) ? KL_LIKE_SURE : KL_LIKE_NONE;
  case KL_SHAPE_MODULE_TREE:
    return is_module_tree(k, at) ? KL_LIKE_SURE : KL_LIKE_NONE;
  case KL_SHAPE_SWAP_INFO:
    return kl_is_swap_info(k, at) ? KL_LIKE_SURE : KL_LIKE_NONE;
  case KL_SHAPE_SWAP_COUNT:
    return kl_is_swap_count(k, at) ? KL_LIKE_SURE : KL_LIKE_NONE;
  case KL_SHAPE_SWAP_SPACES:
    return kl_is_swap_spaces(k, at) ? KL_LIKE_SURE : KL_LIKE_NONE;
  case KL_SHAPE_SWAP_SPACE_COUNTS:
    return kl_is_swap_space_counts(k, at) ? KL_LIKE_SURE : KL_LIKE_NONE;
  case KL_SHAPE_TIMEKEEPER:
    for (*found = at + TIMEKEEPER_BEFORE; *found > at - TIMEKEEPER_BEHIND; *found -= 8)
      if (is_timekeeper(k, *found))
        return KL_LIKE_SURE;
  }
  return KL_LIKE_NONE;
}
