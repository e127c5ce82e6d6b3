// The cursor over an xarray. What an entry means: include/linux/xarray.h.
#include "walk/xarray.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/memory.h"

// Entries whose low bits are 10 are the xarray's own.
enum { INTERNAL = 2, RETRY = 256 << 2 | 2, ZERO = 257 << 2 | 2, LARGEST_NOT_NODE = 4096 };

static bool is_internal(uint64_t entry) {
  return (entry & 3) == INTERNAL;
}
static bool is_node(uint64_t entry) {
  return is_internal(entry) && entry > LARGEST_NOT_NODE;
}
// Part of the entry in the slot that it names.
static bool is_sibling(uint64_t entry) {
  return is_internal(entry) && entry >> 2 < KL_XARRAY_SLOTS;
}

static void init(struct kl_xarray *x, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t first,
                 uint64_t last) {
  memset(x, 0, sizeof *x);
  x->kernel = kernel;
  x->budget = budget;
  x->next = first;
  x->last = last;
  x->done = first > last;
}

void kl_xarray_init(struct kl_xarray *x, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t array,
                    uint64_t first, uint64_t last) {
  init(x, kernel, budget, first, last);
  x->array = array;
}

static enum kl_status idr_members(struct kl_xarray *x, uint64_t idr) {
  KL_TRY(kl_member(x->kernel, idr, KL_F_idr_idr_rt, &x->array));
  if (kl_has(x->kernel, KL_F_idr_idr_base))
    KL_TRY(kl_get(x->kernel, idr, KL_F_idr_idr_base, &x->base));
  return KL_OK;
}

void kl_idr_init(struct kl_xarray *x, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t idr,
                 uint64_t first, uint64_t last) {
  init(x, kernel, budget, first, last);
  if (idr_members(x, idr) != KL_OK) {
    x->array = 0; // the first kl_xarray_next fails to read this
    x->base = 0;
  }
  x->next = first > x->base ? first - x->base : 0;
  if (last < x->base)
    x->done = true;
  else
    x->last = last - x->base;
}

// Any status but KL_OK ends the walk.
static enum kl_status fail(struct kl_xarray *x, enum kl_status status) {
  x->done = status != KL_OK;
  return status;
}

// Steps behind index.
static void pass(struct kl_xarray *x, uint64_t index) {
  if (index >= x->last)
    x->done = true;
  else
    x->next = index + 1;
}

// The last index of the slot, or of the node, that holds index.
static uint64_t end_of(uint64_t index, unsigned shift) {
  return shift >= 64 ? UINT64_MAX : index | ((1ull << shift) - 1);
}

static void fill(struct kl_xarray *x, uint64_t entry, uint64_t index, uint64_t last, struct kl_xarray_entry *ret) {
  ret->index = index + x->base;
  ret->last = last + x->base;
  ret->pointer = ret->value = 0;
  if (entry & 1) {
    ret->kind = KL_XARRAY_VALUE;
    ret->value = entry >> 1;
  } else if (entry == ZERO) {
    ret->kind = KL_XARRAY_ZERO;
  } else {
    ret->kind = KL_XARRAY_POINTER;
    ret->pointer = entry;
  }
}

static uint64_t slot_count(const struct kl_xarray *x) {
  return 1ull << x->chunk_shift;
}

// Pushes the node of an entry after its shift has been looked at.
static enum kl_status push(struct kl_xarray *x, uint64_t entry, uint64_t first) {
  uint64_t node = entry - INTERNAL, shift;
  if (x->count >= x->kernel->limits->list_nodes)
    return fail(x, KL_ERR_LIMIT);
  KL_TRY(fail(x, kl_budget_spend(x->budget, 1)));
  x->count++;
  KL_TRY(kl_get(x->kernel, node, KL_F_xa_node_shift, &shift));
  bool fits = shift < 64 && shift % x->chunk_shift == 0;
  if (x->depth)
    fits = shift + x->chunk_shift == x->stack[x->depth - 1].shift;
  if (!fits || x->depth == KL_XARRAY_DEPTH)
    return KL_ERR_MALFORMED;
  x->stack[x->depth].node = node;
  x->stack[x->depth].first = first;
  x->stack[x->depth++].shift = (uint8_t)shift;
  return KL_OK;
}

// The root: empty, one entry at index 0, or a node.
static enum kl_status begin(struct kl_xarray *x, struct kl_xarray_entry *ret) {
  x->begun = true;
  ret->index = x->base;
  ret->pointer = x->array;
  uint32_t bytes = x->kernel->fields[KL_F_xa_node_slots].size;
  x->chunk_shift = bytes == 8 * 64 ? 6 : bytes == 8 * 16 ? 4 : 0;
  if (!x->chunk_shift)
    return fail(x, KL_ERR_UNSUPPORTED);
  KL_TRY(fail(x, kl_budget_spend(x->budget, 1)));
  uint64_t head;
  KL_TRY(fail(x, kl_get(x->kernel, x->array, KL_F_xarray_xa_head, &head)));
  if (is_node(head)) {
    ret->pointer = head - INTERNAL;
    return fail(x, push(x, head, 0));
  }
  x->done = true;
  if (is_internal(head) && head != ZERO && head != RETRY)
    return KL_ERR_MALFORMED;
  if (!head || head == RETRY || x->next)
    return KL_END;
  fill(x, head, 0, 0, ret);
  return KL_OK;
}

// The slots of the node on top of the stack.
static enum kl_status load(struct kl_xarray *x) {
  uint64_t node = x->stack[x->depth - 1].node, address;
  if (x->loaded == node)
    return KL_OK;
  x->loaded = 0;
  uint8_t raw[8 * KL_XARRAY_SLOTS];
  size_t n = (size_t)slot_count(x);
  KL_TRY(kl_member(x->kernel, node, KL_F_xa_node_slots, &address));
  KL_TRY(kl_read(x->kernel, address, raw, 8 * n));
  for (size_t i = 0; i < n; i++)
    x->slots[i] = kl_le64(raw + 8 * i);
  x->loaded = node;
  return KL_OK;
}

// The slots that hold one entry: *begin is where it stands, *end is behind its
// last sibling. False when slot holds a sibling of no entry.
static bool extent(const struct kl_xarray *x, size_t slot, size_t *begin, size_t *end) {
  unsigned shift = x->stack[x->depth - 1].shift;
  // The top node of a full-width array has slots past the last index.
  uint64_t usable = shift + x->chunk_shift > 64 ? 1ull << (64 - shift) : slot_count(x);
  *begin = is_sibling(x->slots[slot]) ? (size_t)(x->slots[slot] >> 2) : slot;
  if (*begin > slot || is_sibling(x->slots[*begin]))
    return false;
  for (*end = *begin + 1; *end < usable; (*end)++)
    if (x->slots[*end] != ((uint64_t)*begin << 2 | INTERNAL))
      break;
  return *end > slot;
}

// Goes down into a node. KL_END: it is the top one now.
static enum kl_status look_into(struct kl_xarray *x, uint64_t entry, uint64_t index, unsigned shift) {
  enum kl_status status = push(x, entry, index);
  if (status == KL_OK)
    return KL_END;
  if (!x->done)
    pass(x, end_of(index, shift));
  return status;
}

// What the top node says of x->next. KL_OK: ret is an entry. KL_END: nothing
// here, and x->next or the stack has moved.
static enum kl_status look(struct kl_xarray *x, struct kl_xarray_entry *ret) {
  unsigned shift = x->stack[x->depth - 1].shift;
  uint64_t first = x->stack[x->depth - 1].first;
  ret->index = first + x->base;
  ret->pointer = x->stack[x->depth - 1].node;
  enum kl_status status = load(x);
  if (status != KL_OK) {
    x->depth--;
    pass(x, end_of(first, shift + x->chunk_shift));
    return status;
  }
  size_t slot = (size_t)((x->next - first) >> shift), begin, end;
  if (!extent(x, slot, &begin, &end)) {
    ret->index = first + ((uint64_t)slot << shift) + x->base;
    pass(x, end_of(x->next, shift));
    return KL_ERR_MALFORMED;
  }
  uint64_t entry = x->slots[begin], index = first + ((uint64_t)begin << shift);
  ret->index = index + x->base;
  if (is_node(entry) && shift) {
    ret->pointer = entry - INTERNAL;
    return look_into(x, entry, index, shift);
  }
  uint64_t last = end_of(first + ((uint64_t)(end - 1) << shift), shift);
  pass(x, last);
  if (!entry || entry == RETRY)
    return KL_END;
  if (is_internal(entry) && entry != ZERO)
    return KL_ERR_MALFORMED;
  fill(x, entry, index, last, ret);
  return KL_OK;
}

// Leaves the nodes that x->next lies behind. False when none is left.
static bool climb(struct kl_xarray *x) {
  while (x->depth) {
    uint64_t first = x->stack[x->depth - 1].first;
    if (x->next <= end_of(first, x->stack[x->depth - 1].shift + x->chunk_shift))
      return true;
    x->depth--;
  }
  return false;
}

enum kl_status kl_xarray_next(struct kl_xarray *x, struct kl_xarray_entry *ret) {
  memset(ret, 0, sizeof *ret);
  if (!x->begun && !x->done) {
    enum kl_status status = begin(x, ret);
    if (status != KL_OK || x->done)
      return status;
  }
  while (!x->done && climb(x)) {
    enum kl_status status = look(x, ret);
    if (status != KL_END)
      return status;
  }
  x->done = true;
  return KL_END;
}

enum kl_status kl_xarray_load(struct kl_kernel *kernel, struct kl_budget *budget, uint64_t array, uint64_t index,
                              struct kl_xarray_entry *ret) {
  struct kl_xarray x;
  kl_xarray_init(&x, kernel, budget, array, index, index);
  enum kl_status status = kl_xarray_next(&x, ret);
  return status == KL_END ? KL_ERR_NOT_FOUND : status;
}
