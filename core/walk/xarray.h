// A cursor over an xarray, an IDR or a radix tree: all three are made of struct
// xa_node (radix trees since 4.20: f8d5d0cc145c "xarray: Add definition of
// struct xarray").
//
// The structure ends a walk first: the shift of a node must be its parent's
// less one chunk, so that at most KL_XARRAY_DEPTH nodes lie on a path, whatever
// memory says. A tree whose branches share nodes ends by limits.list_nodes.
#ifndef KL_WALK_XARRAY_H
#define KL_WALK_XARRAY_H

#include "base/budget.h"
#include "kernel/kernel.h"

enum {
  KL_XARRAY_DEPTH = 17, // 64 bits in chunks of 4 (CONFIG_BASE_SMALL), and one for the incomplete one
  KL_XARRAY_SLOTS = 64, // at most: XA_CHUNK_SHIFT is 4 or 6
};

enum kl_xarray_kind {
  KL_XARRAY_POINTER,
  KL_XARRAY_VALUE, // an integer (in the page cache: a shadow, swap or DAX entry)
  KL_XARRAY_ZERO,  // reserved, and null for its users
};

struct kl_xarray_entry {
  uint64_t index;           // the first one (of an IDR: the id)
  uint64_t last;            // the last one that it covers; index for an entry of order 0
  enum kl_xarray_kind kind; // retry entries are not given
  uint64_t pointer;         // POINTER: as it is stored, tag bits included
  uint64_t value;           // VALUE: without its low bit
};

struct kl_xarray {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint64_t array;      // address of the struct
  uint64_t next, last; // the indices that are still wanted, both included
  uint64_t base;       // added to every index given: idr_base
  uint64_t count;      // nodes read
  uint8_t chunk_shift;
  size_t depth;
  struct {
    uint64_t node, first; // first: the lowest index below it
    uint8_t shift;
  } stack[KL_XARRAY_DEPTH];
  uint64_t loaded; // the node whose slots are here; 0: none
  uint64_t slots[KL_XARRAY_SLOTS];
  bool begun, done;
};

// array: address of the struct xarray (or radix_tree_root). Entries that cover
// any of the indices [first, last] are given, in order.
void kl_xarray_init(struct kl_xarray *x, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t array,
                    uint64_t first, uint64_t last);
// idr: address of the struct idr; first and last are ids.
void kl_idr_init(struct kl_xarray *x, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t idr,
                 uint64_t first, uint64_t last);
// The next entry. KL_END at the end. A node that can't be read, or whose shift
// does not fit (KL_ERR_MALFORMED), or a sibling entry without the entry that it
// belongs to (KL_ERR_MALFORMED) is returned once as an error with ret->index
// set to where it begins and ret->pointer to the node; the walk goes on behind
// it. When the struct itself can't be read, past list_nodes (KL_ERR_LIMIT) and
// after KL_ERR_BUDGET nothing follows but KL_END. One step a node read.
enum kl_status kl_xarray_next(struct kl_xarray *x, struct kl_xarray_entry *ret) KL_MUST_USE;

// The entry that covers one index. KL_ERR_NOT_FOUND when it is empty.
enum kl_status kl_xarray_load(struct kl_kernel *kernel, struct kl_budget *budget, uint64_t array, uint64_t index,
                              struct kl_xarray_entry *ret) KL_MUST_USE;

#endif
