// The cursor over a maple tree: lib/maple_tree.c, include/linux/maple_tree.h.
#include "walk/maple.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/memory.h"

// A slot that holds a node: its address is a multiple of 256, its type in bits
// 3 to 6. The tree's root has bit 1 set as well.
enum { NODE_MASK = 255, TYPE_SHIFT = 3, TYPE_MASK = 15, RESERVED_END = 4096 };

static uint64_t address_of(uint64_t node) {
  return node & ~(uint64_t)NODE_MASK;
}
static bool has_type(const struct kl_maple *maple, uint64_t node, enum kl_enum_id type) {
  return maple->kernel->enums[type].present &&
         (int64_t)(node >> TYPE_SHIFT & TYPE_MASK) == maple->kernel->enums[type].value;
}
// Values that the tree keeps for itself: xa_is_internal() and below 4096.
static bool is_reserved(uint64_t value) {
  return (value & 3) == 2 && value < RESERVED_END;
}

void kl_maple_init(struct kl_maple *maple, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t tree,
                   uint64_t first, uint64_t last) {
  memset(maple, 0, sizeof *maple);
  maple->kernel = kernel;
  maple->budget = budget;
  maple->tree = tree;
  maple->next = first;
  maple->last = last;
  maple->done = first > last;
}

static enum kl_status fail(struct kl_maple *maple, enum kl_status status) {
  maple->done = status != KL_OK;
  return status;
}

static void pass(struct kl_maple *maple, uint64_t index) {
  if (index >= maple->last)
    maple->done = true;
  else
    maple->next = index + 1;
}

static enum kl_status push(struct kl_maple *maple, uint64_t node, uint64_t min, uint64_t max) {
  for (size_t i = 0; i < maple->depth; i++)
    if (address_of(maple->stack[i].node) == address_of(node))
      return KL_ERR_CYCLE;
  if (maple->depth == KL_MAPLE_HEIGHT)
    return KL_ERR_LIMIT;
  maple->stack[maple->depth].node = node;
  maple->stack[maple->depth].min = min;
  maple->stack[maple->depth++].max = max;
  return KL_OK;
}

static enum kl_status begin(struct kl_maple *maple, struct kl_maple_entry *ret) {
  maple->begun = true;
  ret->pointer = maple->tree;
  KL_TRY(fail(maple, kl_budget_spend(maple->budget, 1)));
  uint64_t root;
  KL_TRY(fail(maple, kl_get(maple->kernel, maple->tree, KL_F_maple_tree_ma_root, &root)));
  if ((root & 3) == 2 && root >= RESERVED_END)
    return fail(maple, push(maple, root, 0, UINT64_MAX));
  // Without nodes the root is the entry of index 0.
  maple->done = true;
  if (!root || is_reserved(root) || maple->next)
    return KL_END;
  *ret = (struct kl_maple_entry){0, 0, root};
  return KL_OK;
}

// Reads an array member of a node: at most KL_MAPLE_SLOTS words.
static enum kl_status words(struct kl_maple *maple, uint64_t node, enum kl_field_id field, uint64_t *dst,
                            size_t *ret) {
  uint64_t address;
  KL_TRY(kl_member(maple->kernel, node, field, &address));
  size_t n = maple->kernel->fields[field].size / 8;
  if (!n || n > KL_MAPLE_SLOTS)
    return KL_ERR_UNSUPPORTED;
  uint8_t raw[8 * KL_MAPLE_SLOTS];
  KL_TRY(kl_read(maple->kernel, address, raw, 8 * n));
  for (size_t i = 0; i < n; i++)
    dst[i] = kl_le64(raw + 8 * i);
  *ret = n;
  return KL_OK;
}

// meta.end: the last slot in use.
static enum kl_status meta_end(struct kl_maple *maple, uint64_t node, enum kl_field_id meta, uint64_t *ret) {
  uint64_t address;
  KL_TRY(kl_member(maple->kernel, node, meta, &address));
  return kl_get(maple->kernel, address, KL_F_maple_metadata_end, ret);
}

// A dense node: one index a slot.
static enum kl_status load_dense(struct kl_maple *maple, uint64_t node, uint64_t min, uint64_t max) {
  KL_TRY(words(maple, node, KL_F_maple_node_slot, maple->slot, &maple->slots));
  if (max - min < maple->slots)
    maple->slots = (size_t)(max - min + 1);
  for (size_t i = 0; i < maple->slots; i++)
    maple->limit[i] = min + i;
  return KL_OK;
}

// The last slot in use: ma_data_end().
static enum kl_status data_end(struct kl_maple *maple, uint64_t node, enum kl_field_id meta, bool arange,
                               size_t pivots, uint64_t max, uint64_t *ret) {
  uint64_t highest = maple->limit[pivots - 1];
  if (arange || !highest)
    return meta_end(maple, node, meta, ret);
  *ret = highest == max ? pivots - 1 : pivots;
  return KL_OK;
}

// A node with pivots: each is the last index of its slot, and the last slot in
// use ends where the node does.
static enum kl_status load_pivots(struct kl_maple *maple, uint64_t node, bool arange, uint64_t min, uint64_t max) {
  size_t pivots;
  uint64_t end;
  enum kl_field_id meta = arange ? KL_F_maple_arange_64_meta : KL_F_maple_range_64_meta;
  KL_TRY(words(maple, node, arange ? KL_F_maple_arange_64_slot : KL_F_maple_range_64_slot, maple->slot,
               &maple->slots));
  KL_TRY(
      words(maple, node, arange ? KL_F_maple_arange_64_pivot : KL_F_maple_range_64_pivot, maple->limit, &pivots));
  KL_TRY(data_end(maple, node, meta, arange, pivots, max, &end));
  if (end >= maple->slots || end > pivots)
    return KL_ERR_MALFORMED;
  maple->slots = (size_t)end + 1;
  maple->limit[end] = max;
  for (size_t i = 0; i < end; i++) {
    if (maple->limit[i] < min || maple->limit[i] >= max)
      return KL_ERR_MALFORMED;
    min = maple->limit[i] + 1;
  }
  return KL_OK;
}

// The slots of the node on top of the stack.
static enum kl_status load(struct kl_maple *maple) {
  uint64_t node = maple->stack[maple->depth - 1].node, address = address_of(node), parent;
  uint64_t min = maple->stack[maple->depth - 1].min, max = maple->stack[maple->depth - 1].max;
  if (maple->loaded == node)
    return KL_OK;
  maple->loaded = 0;
  if (maple->count >= maple->kernel->limits->list_nodes)
    return fail(maple, KL_ERR_LIMIT);
  KL_TRY(fail(maple, kl_budget_spend(maple->budget, 1)));
  maple->count++;
  KL_TRY(kl_get(maple->kernel, address, KL_F_maple_node_parent, &parent));
  if (address_of(parent) == address)
    return KL_ERR_MALFORMED; // a dead node points to itself: ma_dead_node()
  if (has_type(maple, node, KL_E_maple_type_maple_dense)) {
    maple->leaf = true;
    KL_TRY(load_dense(maple, address, min, max));
  } else {
    bool arange = has_type(maple, node, KL_E_maple_type_maple_arange_64);
    maple->leaf = has_type(maple, node, KL_E_maple_type_maple_leaf_64);
    if (!arange && !maple->leaf && !has_type(maple, node, KL_E_maple_type_maple_range_64))
      return KL_ERR_UNSUPPORTED;
    KL_TRY(load_pivots(maple, address, arange, min, max));
  }
  maple->loaded = node;
  return KL_OK;
}

// What the top node says of maple->next. KL_OK: ret is an entry. KL_END:
// nothing here, and maple->next or the stack has moved.
static enum kl_status look(struct kl_maple *maple, struct kl_maple_entry *ret) {
  size_t top = maple->depth - 1;
  *ret = (struct kl_maple_entry){maple->stack[top].min, maple->stack[top].max, address_of(maple->stack[top].node)};
  enum kl_status status = load(maple);
  if (status != KL_OK) {
    maple->depth--;
    if (!maple->done)
      pass(maple, ret->last);
    return status;
  }
  size_t i = 0;
  while (i < maple->slots && maple->limit[i] < maple->next)
    i++;
  if (i == maple->slots) { // dense nodes only: the others end where they do
    maple->depth--;
    pass(maple, ret->last);
    return KL_END;
  }
  uint64_t first = i ? maple->limit[i - 1] + 1 : ret->first, last = maple->limit[i], value = maple->slot[i];
  if (!maple->leaf && address_of(value)) {
    *ret = (struct kl_maple_entry){first, last, address_of(value)};
    status = push(maple, value, first, last);
    if (status == KL_OK)
      return KL_END;
    pass(maple, last);
    return status;
  }
  pass(maple, last);
  if (!value || is_reserved(value))
    return KL_END;
  *ret = (struct kl_maple_entry){first, last, value};
  return maple->leaf ? KL_OK : KL_ERR_MALFORMED;
}

enum kl_status kl_maple_next(struct kl_maple *maple, struct kl_maple_entry *ret) {
  *ret = (struct kl_maple_entry){0, UINT64_MAX, maple->tree};
  if (!maple->begun && !maple->done) {
    enum kl_status status = begin(maple, ret);
    if (status != KL_OK || maple->done)
      return status;
  }
  while (!maple->done) {
    while (maple->depth && maple->next > maple->stack[maple->depth - 1].max)
      maple->depth--;
    if (!maple->depth)
      break;
    enum kl_status status = look(maple, ret);
    if (status != KL_END)
      return status;
  }
  maple->done = true;
  return KL_END;
}
