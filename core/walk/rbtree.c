// The cursor over a red-black tree.
#include "walk/rbtree.h"

#include "base/memory.h"

void kl_rbtree_init(struct kl_rbtree *tree, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t root) {
  memset(tree, 0, sizeof *tree);
  tree->kernel = kernel;
  tree->budget = budget;
  tree->root = root;
}

static enum kl_status begin(struct kl_rbtree *tree, uint64_t *node) {
  tree->begun = true;
  *node = tree->root;
  enum kl_status status = kl_budget_spend(tree->budget, 1);
  if (status == KL_OK)
    status = kl_get_pointer(tree->kernel, tree->root, KL_F_rb_root_rb_node, &tree->pending);
  tree->done = status != KL_OK;
  return status;
}

static bool is_ancestor(const struct kl_rbtree *tree, uint64_t node) {
  for (size_t i = 0; i < tree->depth; i++)
    if (tree->stack[i].node == node)
      return true;
  return false;
}

// Puts the pending node on the stack; its left subtree is pending then.
static enum kl_status descend(struct kl_rbtree *tree, uint64_t *node) {
  *node = tree->pending;
  tree->pending = 0;
  if (is_ancestor(tree, *node))
    return KL_ERR_CYCLE;
  if (tree->depth == KL_RBTREE_DEPTH)
    return KL_ERR_LIMIT;
  if (tree->count >= tree->kernel->limits->list_nodes) {
    tree->done = true;
    return KL_ERR_LIMIT;
  }
  enum kl_status status = kl_budget_spend(tree->budget, 1);
  if (status != KL_OK) {
    tree->done = true;
    return status;
  }
  tree->count++;
  uint64_t left, right;
  KL_TRY(kl_get_pointer(tree->kernel, *node, KL_F_rb_node_rb_left, &left));
  KL_TRY(kl_get_pointer(tree->kernel, *node, KL_F_rb_node_rb_right, &right));
  tree->stack[tree->depth].node = *node;
  tree->stack[tree->depth].right = right;
  tree->stack[tree->depth++].given = false;
  tree->pending = left;
  return KL_OK;
}

enum kl_status kl_rbtree_next(struct kl_rbtree *tree, uint64_t *node) {
  if (!tree->begun)
    KL_TRY(begin(tree, node));
  while (!tree->done) {
    if (tree->pending) {
      KL_TRY(descend(tree, node));
      continue;
    }
    if (!tree->depth)
      break;
    if (!tree->stack[tree->depth - 1].given) {
      // It stays on the stack as the ancestor of what is at its right.
      tree->stack[tree->depth - 1].given = true;
      tree->pending = tree->stack[tree->depth - 1].right;
      *node = tree->stack[tree->depth - 1].node;
      return KL_OK;
    }
    tree->depth--;
  }
  tree->done = true;
  return KL_END;
}
