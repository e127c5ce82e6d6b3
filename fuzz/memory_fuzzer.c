// Areas, cached pages, the swap cache or who holds frames, over memory
// whose heads lie at fixed places of the first frame (enum), all of it seen
// through a direct map. Struct pages begin one frame behind it.
#include "linux/frames.h"
#include "linux/page_cache.h"
#include "linux/residency.h"
#include "linux/swap_cache.h"
#include "linux/vma.h"
#include "made_kernel.h"

enum { WORKSPACE = 4 << 20, STEPS = 32, PAGE = 64 };

// Where things lie in the first frame, which corpus/generator/seeds.c fills.
enum {
  MM = 0,
  MAPPING = 0x40,
  DENTRY = 0x80,
  MOUNT = 0x100,
  SUPER = 0x180,
  INODE = 0x200,
  VMA = 0x300,
  AREAS = 0x380,
  NODE_DATA = 0x390,
  SWAP_COUNT = 0x3a0,
  SWAP_INFO = 0x3a8,
  SPACES = 0x3b0,
  SPACE_COUNT = 0x3b8,
  INIT_TASK = 0x400,
};

static const struct made_field fields[] = {
    {KL_F_list_head_next, 0, 8},
    {KL_F_hlist_head_first, 0, 8},
    {KL_F_hlist_bl_node_pprev, 8, 8},
    {KL_F_mm_struct_mmap, 0, 8},
    {KL_F_mm_struct_pgd, 32, 8},
    {KL_F_mm_struct_brk, 40, 8},
    {KL_F_mm_struct_start_brk, 48, 8},
    {KL_F_mm_struct_start_stack, 56, 8},
    {KL_F_vm_area_struct_vm_start, 0, 8},
    {KL_F_vm_area_struct_vm_end, 8, 8},
    {KL_F_vm_area_struct_vm_next, 16, 8},
    {KL_F_vm_area_struct_vm_flags, 24, 8},
    {KL_F_vm_area_struct_vm_file, 32, 8},
    {KL_F_vm_area_struct_vm_pgoff, 40, 8},
    {KL_F_vm_area_struct_vm_ops, 48, 8},
    {KL_F_vm_area_struct_anon_name, 56, 8},
    {KL_F_vm_operations_struct_name, 0, 8},
    {KL_F_anon_vma_name_name, 4, 0},
    {KL_F_maple_tree_ma_root, 8, 8},
    {KL_F_maple_node_parent, 0, 8},
    {KL_F_maple_node_slot, 8, 248},
    {KL_F_maple_range_64_pivot, 8, 120},
    {KL_F_maple_range_64_slot, 128, 128},
    {KL_F_maple_range_64_meta, 248, 2},
    {KL_F_maple_arange_64_pivot, 8, 72},
    {KL_F_maple_arange_64_slot, 80, 80},
    {KL_F_maple_arange_64_meta, 240, 2},
    {KL_F_maple_metadata_end, 0, 1},
    {KL_F_file_f_inode, 0, 8},
    {KL_F_file_f_mapping, 8, 8},
    {KL_F_file_f_path, 16, 16},
    {KL_F_path_mnt, 0, 8},
    {KL_F_path_dentry, 8, 8},
    {KL_F_dentry_d_hash, 0, 16},
    {KL_F_dentry_d_parent, 16, 8},
    {KL_F_dentry_d_name, 24, 16},
    {KL_F_dentry_d_inode, 40, 8},
    {KL_F_dentry_d_op, 48, 8},
    {KL_F_dentry_d_sb, 56, 8},
    {KL_F_dentry_d_u, 64, 16},
    {KL_F_dentry_operations_d_dname, 8, 8},
    {KL_F_qstr_len, 4, 4},
    {KL_F_qstr_name, 8, 8},
    {KL_F_mount_mnt_parent, 0, 8},
    {KL_F_mount_mnt_mountpoint, 8, 8},
    {KL_F_mount_mnt, 16, 32},
    {KL_F_mount_mnt_instance, 48, 16},
    {KL_F_mount_mnt_ns, 64, 8},
    {KL_F_vfsmount_mnt_root, 0, 8},
    {KL_F_super_block_s_dev, 16, 4},
    {KL_F_super_block_s_root, 24, 8},
    {KL_F_super_block_s_mounts, 48, 16},
    {KL_F_super_block_s_type, 64, 8},
    {KL_F_file_system_type_name, 0, 8},
    {KL_F_inode_i_sb, 0, 8},
    {KL_F_inode_i_dentry, 32, 8},
    {KL_F_address_space_i_pages, 8, 16},
    {KL_F_xarray_xa_head, 8, 8},
    {KL_F_xa_node_shift, 0, 1},
    {KL_F_xa_node_slots, 40, 512},
    {KL_F_page_flags, 0, 8},
    {KL_F_page_compound_head, 8, 8},
    {KL_F_page_lru, 8, 16},
    {KL_F_page_compound_dtor, 16, 1},
    {KL_F_page_compound_order, 17, 1},
    {KL_F_page_compound_mapcount, 20, 4},
    {KL_F_page_mapping, 24, 8},
    {KL_F_page_index, 32, 8},
    {KL_F_page_private, 40, 8},
    {KL_F_page__mapcount, 48, 4},
    {KL_F_page__refcount, 52, 4},
    {KL_F_vmap_area_va_start, 0, 8},
    {KL_F_vmap_area_va_end, 8, 8},
    {KL_F_vmap_area_list, 16, 16},
    {KL_F_vmap_area_vm, 32, 8},
    {KL_F_vm_struct_flags, 0, 8},
    {KL_F_vm_struct_nr_pages, 8, 4},
    {KL_F_vm_struct_phys_addr, 16, 8},
    {KL_F_vm_struct_caller, 24, 8},
    {KL_F_pglist_data_node_zones, 0, 48},
    {KL_F_pglist_data_nr_zones, 48, 4},
    {KL_F_zone_per_cpu_pageset, 8, 8},
    {KL_F_per_cpu_pages_lists, 16, 224},
    {KL_F_swap_info_struct_max, 0, 4},
    {KL_F_swap_info_struct_cluster_info, 8, 8},
    {KL_F_swap_table_entries, 0, 512},
    {KL_F_task_struct_tasks, 0, 16},
    {KL_F_task_struct_flags, 16, 4},
    {KL_F_task_struct_stack, 24, 8},
    {KL_F_task_struct_signal, 32, 8},
    {KL_F_task_struct_thread_node, 40, 16},
    {KL_F_signal_struct_thread_head, 0, 16},
};

static const struct made_enum enums[] = {
    {KL_E_maple_type_maple_dense, 0},    {KL_E_maple_type_maple_leaf_64, 1},
    {KL_E_maple_type_maple_range_64, 2}, {KL_E_maple_type_maple_arange_64, 3},
    {KL_E_pageflags_PG_locked, 0},       {KL_E_pageflags_PG_uptodate, 2},
    {KL_E_pageflags_PG_dirty, 3},        {KL_E_pageflags_PG_lru, 4},
    {KL_E_pageflags_PG_slab, 9},         {KL_E_pageflags_PG_swapcache, 10},
    {KL_E_pageflags_PG_reserved, 12},    {KL_E_pageflags_PG_head, 16},
    {KL_E_pageflags_PG_swapbacked, 19},  {KL_E_migratetype_MIGRATE_PCPTYPES, 3},
};

static const struct made_type types[] = {
    {KL_T_page, PAGE}, {KL_T_zone, 16}, {KL_T_swap_cluster_info, 32}, {KL_T_address_space, 64}};

static const struct {
  enum kl_symbol_id id;
  uint32_t offset;
} symbols[] = {
    {KL_S_vmap_area_list, AREAS}, {KL_S_node_data, NODE_DATA},   {KL_S_nr_swapfiles, SWAP_COUNT},
    {KL_S_swap_info, SWAP_INFO},  {KL_S_swapper_spaces, SPACES}, {KL_S_nr_swapper_spaces, SPACE_COUNT},
    {KL_S_init_task, INIT_TASK},
};

// Options: which forms the kernel has.
enum { FORM_TREE = 1, FORM_TABLES = 2 };

static const struct made_layout layout = {.workspace = WORKSPACE,
                                          .fields = fields,
                                          .n_fields = sizeof fields / sizeof *fields,
                                          .types = types,
                                          .n_types = sizeof types / sizeof *types,
                                          .enums = enums,
                                          .n_enums = sizeof enums / sizeof *enums};

static void add_forms(struct kl_kernel *k, uint64_t at, uint8_t forms) {
  k->vmemmap_base = at + SCRIPT_PAGE;
  k->cpus = 1;
  k->fields[KL_F_mm_struct_mm_mt] = (struct kl_field){.present = forms & FORM_TREE, .offset = 8, .size = 24};
  k->fields[KL_F_swap_cluster_info_table] =
      (struct kl_field){.present = forms & FORM_TABLES, .offset = 8, .size = 8};
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    k->known[symbols[i].id].present = true;
    k->known[symbols[i].id].address = at + symbols[i].offset;
  }
}

// A walk ends by itself, within the budget and a few errors: errors step on.
#define WALK(next_call)                                                                                            \
  for (int steps_ = 0;; steps_++) {                                                                                \
    FUZZ_REQUIRE(steps_ <= 64 * STEPS + 64);                                                                       \
    enum kl_status status_ = fuzz_status(next_call);                                                               \
    if (status_ == KL_END || status_ == KL_ERR_BUDGET)                                                             \
      break;                                                                                                       \
  }

static char text[KL_PATH_BYTES];

static void areas(struct kl_kernel *k, uint64_t at) {
  static struct kl_vma_walk walk;
  struct kl_residency_walk residency;
  struct kl_residency sums = {0};
  struct kl_path_root root = {0};
  struct kl_vma vma = {0};
  struct kl_budget budget = {STEPS}, own = {STEPS};
  bool counted = fuzz_status(kl_residency_init(&residency, k, &own, at + MM)) == KL_OK;
  if (fuzz_status(kl_vma_walk_init(&walk, k, &budget, at + MM, 0, UINT64_MAX)) != KL_OK)
    return;
  for (int i = 0; i < 64 * STEPS; i++) {
    enum kl_status status = fuzz_status(kl_vma_walk_next(&walk, &vma));
    if (status == KL_END || status == KL_ERR_BUDGET)
      return;
    if (status != KL_OK)
      continue;
    FUZZ_REQUIRE(vma.end > vma.start);
    struct kl_path_text out = kl_path_into(text, sizeof text);
    (void)fuzz_status(kl_vma_name(k, &own, at + MM, &vma, &root, &out));
    if (counted)
      (void)fuzz_status(kl_residency_add(&residency, &vma, &sums));
    FUZZ_REQUIRE(sums.shared + sums.exclusive == sums.resident);
  }
  FUZZ_REQUIRE(false);
}

static void cached(struct kl_kernel *k, uint64_t at) {
  static struct kl_page_cache_walk files;
  struct kl_cached_page page;
  struct kl_budget budget = {STEPS};
  if (fuzz_status(kl_page_cache_walk_init(&files, k, &budget, at + MAPPING, 0, UINT64_MAX)) == KL_OK)
    WALK(kl_page_cache_walk_next(&files, &page))
}

static void swapped(struct kl_kernel *k, uint64_t at) {
  static struct kl_swap_cache_walk swap;
  struct kl_swap_page page;
  struct kl_budget budget = {STEPS};
  (void)at;
  if (fuzz_status(kl_swap_cache_walk_init(&swap, k, &budget)) == KL_OK)
    WALK(kl_swap_cache_walk_next(&swap, &page))
}

static void frames(struct kl_kernel *k, uint64_t at) {
  const struct kl_holders *holders = NULL;
  struct kl_frame_walk walk;
  struct kl_frame frame;
  struct kl_budget budget = {4 * STEPS};
  (void)at;
  if (fuzz_status(kl_holders_find(k, &budget, &holders)) != KL_OK)
    return;
  for (size_t i = 1; i < holders->n_held; i++)
    FUZZ_REQUIRE(holders->held[i - 1] <= holders->held[i]);
  budget.steps = STEPS;
  kl_frame_walk_init(&walk, k, &budget, 0, UINT64_MAX, holders);
  WALK(kl_frame_walk_next(&walk, &frame))
}

// The option behind the forms: which of them.
static void (*const questions[])(struct kl_kernel *k, uint64_t at) = {areas, cached, swapped, frames};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  uint64_t at;
  struct kl_kernel *kernel = made_begin(&layout, data, n, &input, &at);
  if (!kernel)
    return 0;
  add_forms(kernel, at, fuzz_option8(&input));
  questions[fuzz_option8(&input) % (sizeof questions / sizeof *questions)](kernel, at);
  made_end();
  return 0;
}
