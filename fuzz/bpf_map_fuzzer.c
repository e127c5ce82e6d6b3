// One BPF map: the input is a page script whose first frame holds struct
// bpf_map, all of it seen through a direct map. It is read in one way of
// reading a map, whatever its type: as entries, ring, arena or Bloom filter; or
// maps are looked for from there. The types' members and the options lie where
// bpf_layout.h says.
#include <string.h>

#include "bpf_layout.h"
#include "linux/bpf_arena.h"
#include "linux/bpf_bloom.h"
#include "linux/bpf_maps.h"
#include "linux/bpf_render.h"
#include "linux/bpf_ring.h"
#include "made_kernel.h"

enum { WORKSPACE = 2 << 20, STEPS = 64, VALUE_MAX = 1 << 12 };

static const struct made_field fields[] = {
    {KL_F_bpf_map_map_type, BPF_TYPE, 4},
    {KL_F_bpf_map_key_size, BPF_KEY_BYTES, 4},
    {KL_F_bpf_map_value_size, BPF_VALUE_BYTES, 4},
    {KL_F_bpf_map_max_entries, BPF_MAX_ENTRIES, 4},
    {KL_F_bpf_map_map_flags, BPF_FLAGS, 4},
    {KL_F_bpf_map_id, BPF_ID, 4},
    {KL_F_bpf_map_map_extra, BPF_EXTRA, 8},
    {KL_F_bpf_map_btf, BPF_BTF, 8},
    {KL_F_bpf_map_name, BPF_NAME, 16},
    {KL_F_bpf_map_record, BPF_RECORD, 8},
    {KL_F_bpf_map_btf_key_type_id, BPF_NO_TYPES, 4},
    {KL_F_bpf_map_btf_value_type_id, BPF_NO_TYPES, 4},
    {KL_F_bpf_map_btf_vmlinux_value_type_id, BPF_NO_TYPES, 4},
    {KL_F_bpf_map_refcnt, BPF_WIDE, 8},
    {KL_F_bpf_map_usercnt, BPF_COUNT, 8},
    {KL_F_btf_record_cnt, 0, 4},
    {KL_F_btf_record_fields, 8, 0},
    {KL_F_btf_field_offset, 0, 4},
    {KL_F_btf_field_size, 4, 4},
    {KL_F_btf_field_type, 8, 4},
    // Buckets and chains.
    {KL_F_bpf_htab_buckets, BPF_POINTER, 8},
    {KL_F_bpf_htab_n_buckets, BPF_COUNT, 4},
    {KL_F_bucket_head, 0, 8},
    {KL_F_hlist_nulls_head_first, 0, 8},
    {KL_F_hlist_nulls_node_next, 0, 8},
    {KL_F_hlist_head_first, 0, 8},
    {KL_F_hlist_node_next, 0, 8},
    {KL_F_list_head_next, 0, 8},
    {KL_F_list_head_prev, 8, 8},
    {KL_F_htab_elem_hash_node, BPF_NODE, 16},
    {KL_F_htab_elem_key, BPF_DATA, 0},
    {KL_F_bpf_rhtab_ht, BPF_POINTER, 64},
    {KL_F_rhashtable_tbl, 0, 8},
    {KL_F_bucket_table_size, BPF_TABLE_SIZE, 4},
    {KL_F_bucket_table_nest, BPF_TABLE_NEST, 4},
    {KL_F_bucket_table_future_tbl, BPF_TABLE_FUTURE, 8},
    {KL_F_bucket_table_buckets, BPF_TABLE_BUCKETS, 0},
    {KL_F_rhash_head_next, BPF_NODE, 8},
    {KL_F_rhtab_elem_data, BPF_DATA, 0},
    {KL_F_bpf_dtab_dev_index_head, BPF_POINTER, 8},
    {KL_F_bpf_dtab_n_buckets, BPF_COUNT, 4},
    {KL_F_bpf_dtab_netdev_index_hlist, BPF_NODE, 16},
    {KL_F_bpf_dtab_netdev_idx, BPF_FLAG, 4},
    {KL_F_bpf_dtab_netdev_dev, BPF_OBJECT, 8},
    {KL_F_bpf_dtab_netdev_val, BPF_DATA, 8},
    {KL_F_bpf_shtab_buckets, BPF_POINTER, 8},
    {KL_F_bpf_shtab_buckets_num, BPF_COUNT, 4},
    {KL_F_bpf_shtab_bucket_head, 0, 8},
    {KL_F_bpf_shtab_elem_node, BPF_NODE, 16},
    {KL_F_bpf_shtab_elem_sk, BPF_OBJECT, 8},
    {KL_F_bpf_shtab_elem_key, BPF_DATA, 0},
    {KL_F_bpf_local_storage_map_buckets, BPF_POINTER, 8},
    {KL_F_bpf_local_storage_map_bucket_log, BPF_COUNT, 4},
    {KL_F_bpf_local_storage_map_bucket_list, 0, 8},
    {KL_F_bpf_local_storage_elem_map_node, BPF_NODE, 16},
    {KL_F_bpf_local_storage_elem_local_storage, BPF_OBJECT, 8},
    {KL_F_bpf_local_storage_elem_sdata, 0x18, 16},
    {KL_F_bpf_local_storage_elem_state, 0x1c, 4},
    {KL_F_bpf_local_storage_owner, 0, 8},
    {KL_F_bpf_local_storage_data_smap, 0x10, 8},
    {KL_F_bpf_local_storage_data_data, 0x18, 0},
    {KL_F_bpf_cgroup_storage_map_list, BPF_POINTER, 16},
    {KL_F_bpf_cgroup_storage_list_map, BPF_NODE, 16},
    {KL_F_bpf_cgroup_storage_buf, BPF_OBJECT, 8},
    {KL_F_bpf_cgroup_storage_percpu_buf, BPF_OBJECT, 8},
    {KL_F_bpf_cgroup_storage_key, BPF_DATA, 16},
    {KL_F_bpf_storage_buffer_data, BPF_DATA, 0},
    // Arrays.
    {KL_F_bpf_array_elem_size, BPF_COUNT_2, 4},
    {KL_F_bpf_array_value, BPF_INLINE, 0},
    {KL_F_bpf_array_ptrs, BPF_INLINE, 0},
    {KL_F_bpf_array_pptrs, BPF_INLINE, 0},
    {KL_F_bpf_insn_array_values, BPF_INLINE, 0},
    {KL_F_bpf_stack_map_buckets, BPF_INLINE, 0},
    {KL_F_bpf_stack_map_n_buckets, BPF_COUNT, 4},
    {KL_F_stack_map_bucket_nr, BPF_OBJECT, 4},
    {KL_F_stack_map_bucket_data, BPF_DATA, 0},
    {KL_F_bpf_dtab_netdev_map, BPF_POINTER, 8},
    {KL_F_bpf_stab_sks, BPF_POINTER, 8},
    {KL_F_bpf_cpu_map_cpu_map, BPF_POINTER, 8},
    {KL_F_bpf_cpu_map_entry_value, BPF_DATA, 8},
    {KL_F_bpf_cpu_map_entry_prog, BPF_OBJECT, 8},
    {KL_F_xsk_map_xsk_map, BPF_INLINE, 0},
    {KL_F_reuseport_array_ptrs, BPF_INLINE, 0},
    {KL_F_bpf_event_entry_event, BPF_OBJECT, 8},
    {KL_F_sock___sk_common, 0, 64},
    {KL_F_sock_common_skc_cookie, BPF_DATA, 8},
    {KL_F_bpf_queue_stack_head, BPF_COUNT, 4},
    {KL_F_bpf_queue_stack_tail, BPF_COUNT_2, 4},
    {KL_F_bpf_queue_stack_size, BPF_COUNT_3, 4},
    {KL_F_bpf_queue_stack_elements, BPF_INLINE, 0},
    {KL_F_lpm_trie_root, BPF_POINTER, 8},
    {KL_F_lpm_trie_data_size, BPF_WIDE, 8},
    {KL_F_lpm_trie_node_child, BPF_NODE, 16},
    {KL_F_lpm_trie_node_prefixlen, BPF_OBJECT, 4},
    {KL_F_lpm_trie_node_flags, BPF_FLAG, 4},
    {KL_F_lpm_trie_node_data, BPF_DATA, 0},
    {KL_F_bpf_struct_ops_map_uvalue, BPF_POINTER, 8},
    {KL_F_bpf_struct_ops_map_kvalue, BPF_INLINE, 64},
    {KL_F_bpf_struct_ops_value_refcnt, 0, 4},
    {KL_F_bpf_struct_ops_value_state, 4, 4},
    // What keeps no entries.
    {KL_F_bpf_ringbuf_map_rb, BPF_POINTER, 8},
    {KL_F_bpf_ringbuf_mask, BPF_RING_MASK, 8},
    {KL_F_bpf_ringbuf_consumer_pos, BPF_RING_CONSUMER, 8},
    {KL_F_bpf_ringbuf_producer_pos, BPF_RING_PRODUCER, 8},
    {KL_F_bpf_ringbuf_data, BPF_RING_DATA, 0},
    {KL_F_bpf_bloom_filter_bitset_mask, BPF_COUNT_3, 4},
    {KL_F_bpf_bloom_filter_hash_seed, BPF_COUNT_2, 4},
    {KL_F_bpf_bloom_filter_nr_hash_funcs, BPF_COUNT, 4},
    {KL_F_bpf_bloom_filter_bitset, BPF_INLINE, 0},
    {KL_F_bpf_arena_user_vm_start, BPF_WIDE, 8},
    {KL_F_bpf_arena_kern_vm, BPF_POINTER, 8},
    {KL_F_vm_struct_addr, 0, 8},
    // What leads to maps, and what entries lead to.
    {KL_F_xarray_xa_head, 8, 8},
    {KL_F_idr_idr_rt, 0, 16},
    {KL_F_idr_idr_base, 16, 4},
    {KL_F_xa_node_shift, 0, 1},
    {KL_F_xa_node_slots, 40, 512},
    {KL_F_bpf_prog_aux, BPF_OBJECT, 8},
    {KL_F_bpf_prog_aux_id, 0, 4},
    {KL_F_bpf_prog_aux_name, 0x20, 16},
    {KL_F_bpf_prog_aux_used_map_cnt, 4, 4},
    {KL_F_bpf_prog_aux_used_maps, 8, 8},
    {KL_F_cgroup_kn, BPF_OBJECT, 8},
    {KL_F_kernfs_node_id, 0, 8},
    {KL_F_net_device_ifindex, 0, 4},
    {KL_F_net_device_name, 8, 16},
    {KL_F_inode_i_ino, 0, 8},
    {KL_F_task_struct_pid, 0, 4},
    {KL_F_task_struct_comm, 8, 16},
};

static const struct made_type types[] = {
    {KL_T_bucket, BPF_BUCKET},
    {KL_T_bpf_shtab_bucket, BPF_BUCKET},
    {KL_T_bpf_local_storage_map_bucket, BPF_BUCKET},
    {KL_T_bpf_insn_array_value, BPF_BUCKET},
    {KL_T_bpf_cgroup_storage_key, 16},
    {KL_T_btf_field, 16},
};

// The kernel's BTF: enum btf_field_type, which names special fields.
static void put(uint8_t *p, size_t *at, uint32_t v) {
  for (int i = 0; i < 4; i++)
    p[(*at)++] = (uint8_t)(v >> 8 * i);
}

static struct kl_bytes btf_bytes(void) {
  static uint8_t bytes[256];
  static const char strings[] = "\0int\0btf_field_type\0BPF_TIMER\0BPF_LIST_HEAD\0BPF_RB_ROOT";
  // Magic and version, lengths and offsets; an INT; an ENUM of three.
  static const uint32_t words[] = {
      0x0001eb9f, 24, 0,  52, 52, sizeof strings, 1, 1u << 24, 4, 1u << 24 | 32, 5, 6u << 24 | 3, 4, 20,
      2,          30, 32, 44, 128};
  size_t n = 0;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    put(bytes, &n, words[i]);
  memcpy(bytes + n, strings, sizeof strings);
  return kl_bytes_of(bytes, n + sizeof strings);
}

// Opened once: it says the same of every map.
static struct kl_btf *kernel_btf(void) {
  static uint8_t block[1 << 14];
  static struct kl_btf *btf;
  static struct kl_limits limits;
  static struct kl_arena arena;
  if (!btf) {
    limits = fuzz_limits();
    kl_arena_init(&arena, block, sizeof block);
    FUZZ_REQUIRE(kl_btf_open(&arena, btf_bytes(), NULL, &limits, &btf, NULL) == KL_OK);
  }
  return btf;
}

static const struct made_layout layout = {.workspace = WORKSPACE,
                                          .fields = fields,
                                          .n_fields = sizeof fields / sizeof *fields,
                                          .types = types,
                                          .n_types = sizeof types / sizeof *types};

static void add_maps(struct kl_kernel *k, uint64_t page) {
  k->cpus = 2;
  k->per_cpu_offset_address = page + BPF_CPU_OFFSETS;
  k->known[KL_S_map_idr].present = k->known[KL_S_prog_idr].present = true;
  k->known[KL_S_map_idr].address = page + BPF_MAP_IDR;
  k->known[KL_S_prog_idr].address = page + BPF_PROG_IDR;
}

// A walk must end: at its end or with its budget. Errors step on.
#define WALK(next_call, body)                                                                                      \
  for (int steps_ = 0;; steps_++) {                                                                                \
    FUZZ_REQUIRE(steps_ <= 4 * STEPS + 64);                                                                        \
    enum kl_status status_ = fuzz_status(next_call);                                                               \
    if (status_ == KL_END || status_ == KL_ERR_BUDGET)                                                             \
      break;                                                                                                       \
    if (status_ == KL_OK) {                                                                                        \
      body;                                                                                                        \
    }                                                                                                              \
  }

static uint8_t value[VALUE_MAX];
static char text[8192];

static void show_entry(struct kl_bpf_entries *e, const struct kl_bpf_entry *entry,
                       const struct kl_bpf_specials *specials) {
  struct kl_kernel *k = e->kernel;
  const struct kl_bpf_map_types none = {0};
  struct kl_text out = kl_text_into(text, sizeof text);
  FUZZ_REQUIRE(entry->key_bytes <= sizeof entry->key && entry->cpu < (int64_t)k->cpus);
  if (entry->target != KL_BPF_TARGET_NONE)
    kl_bpf_render_target(k, entry, &out);
  if (!entry->has_value || entry->value_bytes > sizeof value ||
      fuzz_status(kl_bpf_entry_value(e, entry, value, entry->value_bytes)) != KL_OK)
    return;
  struct kl_bytes bytes = kl_bytes_of(value, entry->value_bytes);
  (void)fuzz_status(kl_bpf_render_value(k, &none, specials, bytes, &out));
  for (size_t i = 0; i < specials->count; i++)
    (void)kl_bpf_special_render(k, &specials->fields[i], bytes, &out);
  kl_bpf_specials_hide(specials, value, entry->value_bytes);
}

static void read_entries(struct kl_kernel *k, const struct kl_bpf_map *map) {
  static struct kl_bpf_entries entries;
  static struct kl_bpf_entry entry;
  struct kl_bpf_specials specials;
  struct kl_budget budget = {STEPS};
  if (fuzz_status(kl_bpf_specials_read(k, map, &specials)) != KL_OK)
    specials.count = 0;
  if (fuzz_status(kl_bpf_entries_open(&entries, k, &budget, map)) == KL_OK)
    WALK(kl_bpf_entries_next(&entries, &entry), show_entry(&entries, &entry, &specials))
}

static void read_ring(struct kl_kernel *k, const struct kl_bpf_map *map) {
  struct kl_bpf_ring ring;
  struct kl_bpf_ring_record record;
  struct kl_budget budget = {STEPS};
  if (fuzz_status(kl_bpf_ring_open(&ring, k, &budget, map)) != KL_OK)
    return;
  WALK(kl_bpf_ring_next(&ring, &record), if (record.bytes <= sizeof value)(void) fuzz_status(
                                             kl_bpf_ring_read(&ring, record.position + 8, value, record.bytes)))
}

static void read_arena(struct kl_kernel *k, const struct kl_bpf_map *map) {
  static struct kl_bpf_arena arena;
  struct kl_bpf_arena_page page;
  struct kl_budget budget = {STEPS};
  if (fuzz_status(kl_bpf_arena_open(&arena, k, &budget, map)) == KL_OK)
    WALK(kl_bpf_arena_next(&arena, &page), FUZZ_REQUIRE(page.page < map->max_entries))
}

static void read_bloom(struct kl_kernel *k, const struct kl_bpf_map *map) {
  struct kl_bpf_bloom bloom;
  struct kl_budget budget = {STEPS};
  struct kl_text out = kl_text_into(text, sizeof text);
  bool in;
  if (fuzz_status(kl_bpf_bloom_open(&bloom, k, map)) != KL_OK)
    return;
  memset(value, 0x11, sizeof value);
  if (map->value_bytes <= sizeof value)
    (void)fuzz_status(kl_bpf_bloom_test(&bloom, kl_bytes_of(value, map->value_bytes), &in));
  (void)fuzz_status(kl_bpf_bloom_render(&bloom, &budget, &out));
}

static void find_maps(struct kl_kernel *k, const struct kl_bpf_map *map) {
  static struct kl_bpf_maps maps;
  struct kl_bpf_map found;
  enum kl_bpf_found_by found_by;
  struct kl_budget budget = {STEPS};
  (void)map;
  if (fuzz_status(kl_bpf_maps_open(&maps, k, &budget, 0, UINT64_MAX)) == KL_OK)
    WALK(kl_bpf_maps_next(&maps, &found, &found_by), FUZZ_REQUIRE(found_by <= KL_BPF_FOUND_BY_MAP))
}

static void (*const ways[BPF_WAYS])(struct kl_kernel *k, const struct kl_bpf_map *map) = {
    [BPF_AS_ENTRIES] = read_entries, [BPF_AS_RING] = read_ring, [BPF_AS_ARENA] = read_arena,
    [BPF_AS_BLOOM] = read_bloom,     [BPF_AS_MAPS] = find_maps,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  uint64_t at;
  struct kl_bpf_map map;
  struct kl_kernel *kernel = made_begin(&layout, data, n, &input, &at);
  if (!kernel)
    return 0;
  add_maps(kernel, at);
  kernel->btf = kernel_btf();
  uint8_t type = fuzz_option8(&input), way = fuzz_option8(&input) % BPF_WAYS;
  if (fuzz_status(kl_bpf_map_read(kernel, at, &map)) == KL_OK) {
    map.type = type ? type : map.type; // one memory, read as any type
    ways[way](kernel, &map);
  }
  made_end();
  return 0;
}
