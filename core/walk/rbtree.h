// A cursor over a red-black tree (struct rb_root), in order.
//
// Without recursion and without the parents' pointers: a stack of at most
// KL_RBTREE_DEPTH ancestors. A node that is its own ancestor is a cycle; a tree
// whose branches share nodes ends by limits.list_nodes.
#ifndef KL_WALK_RBTREE_H
#define KL_WALK_RBTREE_H

#include "base/budget.h"
#include "kernel/kernel.h"

// A red-black tree of 2^32 nodes is at most twice as deep.
enum { KL_RBTREE_DEPTH = 64 };

struct kl_rbtree {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint64_t root;
  uint64_t pending; // the subtree to go down into; 0: none
  uint64_t count;   // nodes read
  size_t depth;
  struct {
    uint64_t node, right;
    bool given;
  } stack[KL_RBTREE_DEPTH];
  bool begun, done;
};

// root: address of the struct rb_root (or rb_root_cached, which begins with
// one).
void kl_rbtree_init(struct kl_rbtree *tree, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t root);
// The next rb_node's address. KL_END at the end. A node that can't be read,
// that is its own ancestor (KL_ERR_CYCLE) or lies too deep (KL_ERR_LIMIT) is
// returned once as an error with *node set; it and what hangs below it are
// lost, and the walk goes on behind them. Without the root, past list_nodes
// (KL_ERR_LIMIT) and after KL_ERR_BUDGET nothing follows but KL_END. One step a
// node.
enum kl_status kl_rbtree_next(struct kl_rbtree *tree, uint64_t *node) KL_MUST_USE;

#endif
