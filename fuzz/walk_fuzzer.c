// Containers in guest memory: lists, trees, xarrays, maple trees. The input is
// a page script; the heads lie at fixed places of its first frame (heads[]),
// all of it seen through a direct map.
#include "made_kernel.h"
#include "walk/list.h"
#include "walk/maple.h"
#include "walk/rbtree.h"
#include "walk/xarray.h"

enum { WORKSPACE = 2 << 20, STEPS = 256 };

static const struct made_field fields[] = {
    {KL_F_list_head_next, 0, 8},
    {KL_F_list_head_prev, 8, 8},
    {KL_F_hlist_head_first, 0, 8},
    {KL_F_hlist_node_next, 0, 8},
    {KL_F_hlist_nulls_head_first, 0, 8},
    {KL_F_hlist_nulls_node_next, 0, 8},
    {KL_F_rb_root_rb_node, 0, 8},
    {KL_F_rb_node_rb_left, 16, 8},
    {KL_F_rb_node_rb_right, 8, 8},
    {KL_F_xarray_xa_head, 8, 8},
    {KL_F_idr_idr_rt, 0, 16},
    {KL_F_idr_idr_base, 16, 4},
    {KL_F_xa_node_shift, 0, 1},
    {KL_F_xa_node_slots, 40, 512},
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
};

static const struct made_enum enums[] = {
    {KL_E_maple_type_maple_dense, 0},
    {KL_E_maple_type_maple_leaf_64, 1},
    {KL_E_maple_type_maple_range_64, 2},
    {KL_E_maple_type_maple_arange_64, 3},
};

enum { LIST = 0, HLIST = 16, HLIST_NULLS = 24, RB_ROOT = 32, XARRAY = 64, IDR = 96, MAPLE = 128 };

static const struct made_layout layout = {.workspace = WORKSPACE,
                                          .fields = fields,
                                          .n_fields = sizeof fields / sizeof *fields,
                                          .enums = enums,
                                          .n_enums = sizeof enums / sizeof *enums};

// A walk must end by itself: within the budget and a few errors, for errors
// step on. All walks promise that.
#define WALK(next_call)                                                                                            \
  for (int steps_ = 0;; steps_++) {                                                                                \
    FUZZ_REQUIRE(steps_ <= 64 * STEPS + 64);                                                                       \
    if (fuzz_status(next_call) == KL_END)                                                                          \
      break;                                                                                                       \
  }

// Which walks an input takes: 0 means all of them.
enum { WALK_LISTS = 1, WALK_RBTREE = 2, WALK_XARRAY = 4, WALK_IDR = 8, WALK_MAPLE = 16, WALK_ALL = 31 };

static void walk_lists(struct kl_kernel *k, uint64_t at) {
  struct kl_list list;
  uint64_t node;
  struct kl_budget budget = {STEPS};
  kl_list_init(&list, k, &budget, at + LIST);
  WALK(kl_list_next(&list, &node))
  budget.steps = STEPS;
  kl_hlist_init(&list, k, &budget, at + HLIST);
  WALK(kl_list_next(&list, &node))
  budget.steps = STEPS;
  kl_hlist_nulls_init(&list, k, &budget, at + HLIST_NULLS);
  WALK(kl_list_next(&list, &node))
}

static void walk_rbtree(struct kl_kernel *k, uint64_t at) {
  static struct kl_rbtree tree;
  uint64_t node;
  struct kl_budget budget = {STEPS};
  kl_rbtree_init(&tree, k, &budget, at + RB_ROOT);
  WALK(kl_rbtree_next(&tree, &node))
}

static void walk_xarray(struct kl_kernel *k, uint64_t at, uint64_t first, uint64_t last) {
  static struct kl_xarray xarray;
  struct kl_xarray_entry entry;
  struct kl_budget budget = {STEPS};
  kl_xarray_init(&xarray, k, &budget, at + XARRAY, first, last);
  WALK(kl_xarray_next(&xarray, &entry))
  budget.steps = STEPS;
  (void)fuzz_status(kl_xarray_load(k, &budget, at + XARRAY, first, &entry));
}

static void walk_idr(struct kl_kernel *k, uint64_t at, uint64_t first, uint64_t last) {
  static struct kl_xarray xarray;
  struct kl_xarray_entry entry;
  struct kl_budget budget = {STEPS};
  kl_idr_init(&xarray, k, &budget, at + IDR, first, last);
  WALK(kl_xarray_next(&xarray, &entry))
}

static void walk_maple(struct kl_kernel *k, uint64_t at, uint64_t first, uint64_t last) {
  static struct kl_maple maple;
  struct kl_maple_entry range;
  struct kl_budget budget = {STEPS};
  kl_maple_init(&maple, k, &budget, at + MAPLE, first, last);
  WALK(kl_maple_next(&maple, &range))
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  uint64_t at;
  struct kl_kernel *kernel = made_begin(&layout, data, n, &input, &at);
  if (!kernel)
    return 0;
  uint64_t first = fuzz_option16(&input), last = fuzz_option16(&input);
  uint8_t which = fuzz_option8(&input) & WALK_ALL;
  which = which ? which : WALK_ALL;
  last = last ? last : UINT64_MAX;
  if (which & WALK_LISTS)
    walk_lists(kernel, at);
  if (which & WALK_RBTREE)
    walk_rbtree(kernel, at);
  if (which & WALK_XARRAY)
    walk_xarray(kernel, at, first, last);
  if (which & WALK_IDR)
    walk_idr(kernel, at, first, last);
  if (which & WALK_MAPLE)
    walk_maple(kernel, at, first, last);
  made_end();
  return 0;
}
