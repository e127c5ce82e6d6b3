// xarrays and maple trees. Sources: lib/xarray.c, lib/maple_tree.c.
#include "trees.h"

enum { CHUNK_SHIFT = 6, CHUNK = 1 << CHUNK_SHIFT, NODE = 2 };
enum { LEAF_64 = 1, RANGE_64 = 2, ARANGE_64 = 3, PER_LEAF = 12, PER_ROOT = 10 };

void declare_trees(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    struct xarray { spinlock_t xa_lock; gfp_t xa_flags; void __rcu *xa_head; };
    struct xa_node {
      unsigned char shift, offset, count, nr_values; struct xa_node __rcu *parent; struct xarray *array;
      union { struct list_head private_list; struct callback_head callback_head; };
      void __rcu *slots[64];
      union { unsigned long tags[3][1]; unsigned long marks[3][1]; };
    } aligned(64);
    struct idr { struct xarray idr_rt; unsigned int idr_base, idr_next; };
    enum maple_type { maple_dense, maple_leaf_64, maple_range_64, maple_arange_64 } since(1);
    struct maple_metadata { unsigned char end, gap; } fixed since(1);
    struct maple_range_64 {
      struct maple_pnode *parent; unsigned long pivot[15];
      union { void __rcu *slot[16]; struct { void __rcu *pad[15]; struct maple_metadata meta; }; };
    } fixed since(1);
    struct maple_arange_64 {
      struct maple_pnode *parent; unsigned long pivot[9]; void __rcu *slot[10]; unsigned long gap[10];
      struct maple_metadata meta;
    } fixed since(1);
    struct maple_node {
      union { struct { struct maple_pnode *parent; void __rcu *slot[31]; }; struct maple_range_64 mr64;
        struct maple_arange_64 ma64; };
    } fixed aligned(256) since(1);
    struct maple_tree { spinlock_t ma_lock; unsigned int ma_flags; void __rcu *ma_root; } since(1);
    ));
  // clang-format on
}

static uint64_t new_xa_node(struct guest *g, uint64_t array, uint64_t shift) {
  uint64_t node = object_new(g, "xa_node");
  set(g, node, "xa_node", "shift", shift);
  set(g, node, "xa_node", "array", array);
  return node;
}

static uint64_t slot_at(struct guest *g, uint64_t node, uint64_t i) {
  return member_at(g, node, "xa_node", "slots") + 8 * i;
}

void xarray_store(struct guest *g, uint64_t array, uint64_t index, uint64_t entry) {
  uint64_t head = get(g, array, "xarray", "xa_head"), node = head & ~3ull;
  bool is_node = (head & 3) == NODE && head > 4096;
  if (!is_node && !index && !head) { // alone at index 0, without a node
    set(g, array, "xarray", "xa_head", entry);
    return;
  }
  if (!is_node) {
    node = new_xa_node(g, array, 0);
    poke_number(g, slot_at(g, node, 0), head, 8);
    set(g, array, "xarray", "xa_head", node | NODE);
  }
  uint64_t shift = get(g, node, "xa_node", "shift");
  for (; index >> shift >= CHUNK; shift += CHUNK_SHIFT) { // grow upwards
    uint64_t above = new_xa_node(g, array, shift + CHUNK_SHIFT);
    poke_number(g, slot_at(g, above, 0), node | NODE, 8);
    set(g, node, "xa_node", "parent", above);
    set(g, array, "xarray", "xa_head", above | NODE);
    node = above;
  }
  for (; shift; shift -= CHUNK_SHIFT) {
    uint64_t slot = slot_at(g, node, index >> shift & (CHUNK - 1)), below = peek_number(g, slot, 8) & ~3ull;
    if (!below) {
      below = new_xa_node(g, array, shift - CHUNK_SHIFT);
      set(g, below, "xa_node", "parent", node);
      set(g, below, "xa_node", "offset", index >> shift & (CHUNK - 1));
      poke_number(g, slot, below | NODE, 8);
    }
    node = below;
  }
  poke_number(g, slot_at(g, node, index & (CHUNK - 1)), entry, 8);
  set(g, node, "xa_node", "count", get(g, node, "xa_node", "count") + 1);
}

// Maple trees. A pointer to a node carries its type in bits 3 to 6.

static uint64_t encoded(uint64_t node, uint64_t type) {
  return node | type << 3 | 4;
}

// n pieces, each up to its last index. The last piece of a full node has no pivot.
static uint64_t new_leaf(struct guest *g, const struct maple_range *pieces, size_t n) {
  uint64_t node = object_new(g, "maple_node");
  for (size_t i = 0; i < n; i++) {
    poke_number(g, member_at(g, node, "maple_range_64", "slot") + 8 * i, pieces[i].entry, 8);
    poke_number(g, member_at(g, node, "maple_range_64", "pivot") + 8 * i, pieces[i].last, 8);
  }
  set(g, node, "maple_range_64", "meta.end", n - 1);
  return node;
}

static uint64_t new_inner(struct guest *g, const uint64_t *leaves, const uint64_t *last, size_t n) {
  uint64_t node = object_new(g, "maple_node");
  for (size_t i = 0; i < n; i++) {
    poke_number(g, member_at(g, node, "maple_arange_64", "slot") + 8 * i, encoded(leaves[i], LEAF_64), 8);
    if (i + 1 < PER_ROOT)
      poke_number(g, member_at(g, node, "maple_arange_64", "pivot") + 8 * i, last[i], 8);
    set(g, leaves[i], "maple_range_64", "parent", node | i << 3 | 6);
  }
  set(g, node, "maple_arange_64", "meta.end", n - 1);
  return node;
}

void maple_fill(struct guest *g, uint64_t tree, const struct maple_range *ranges, size_t n) {
  struct maple_range pieces[PER_LEAF * PER_ROOT]; // all indices: ranges, and the gaps between them
  size_t count = 0;
  uint64_t next = 0;
  for (size_t i = 0; i < n; i++) {
    if (count + 2 >= sizeof pieces / sizeof *pieces)
      die("too many ranges for two levels of a maple tree");
    if (ranges[i].first > next)
      pieces[count++] = (struct maple_range){next, ranges[i].first - 1, 0};
    pieces[count++] = ranges[i];
    next = ranges[i].last + 1;
  }
  pieces[count++] = (struct maple_range){next, ~0ull, 0};
  uint64_t leaves[PER_ROOT], last[PER_ROOT];
  size_t n_leaves = 0;
  for (size_t at = 0; at < count; at += PER_LEAF, n_leaves++) {
    size_t part = count - at < PER_LEAF ? count - at : PER_LEAF;
    leaves[n_leaves] = new_leaf(g, pieces + at, part);
    last[n_leaves] = pieces[at + part - 1].last;
  }
  uint64_t root = n_leaves > 1 ? new_inner(g, leaves, last, n_leaves) : leaves[0];
  set(g, root, "maple_range_64", "parent", tree | 1);
  set(g, tree, "maple_tree", "ma_root", encoded(root, n_leaves > 1 ? ARANGE_64 : LEAF_64) | 2);
}
