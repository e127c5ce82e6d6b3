// Cursors over list_head, hlist and hlist_nulls.
#include "walk/list.h"

#include "base/memory.h"

static void init(struct kl_list *list, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t head) {
  memset(list, 0, sizeof *list);
  list->kernel = kernel;
  list->budget = budget;
  list->head = list->current = head;
}

void kl_list_init(struct kl_list *list, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t head) {
  init(list, kernel, budget, head);
  list->kind = KL_LIST_CIRCULAR;
}

void kl_hlist_init(struct kl_list *list, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t head) {
  init(list, kernel, budget, head);
  list->kind = KL_LIST_HLIST;
}

void kl_hlist_nulls_init(struct kl_list *list, struct kl_kernel *kernel, struct kl_budget *budget, uint64_t head) {
  init(list, kernel, budget, head);
  list->kind = KL_LIST_HLIST_NULLS;
}

static enum kl_field_id link_field(const struct kl_list *list) {
  bool at_head = list->current == list->head;
  switch (list->kind) {
  case KL_LIST_HLIST:
    return at_head ? KL_F_hlist_head_first : KL_F_hlist_node_next;
  case KL_LIST_HLIST_NULLS:
    return at_head ? KL_F_hlist_nulls_head_first : KL_F_hlist_nulls_node_next;
  case KL_LIST_CIRCULAR:
    break;
  }
  return KL_F_list_head_next;
}

static enum kl_status step(struct kl_list *list, uint64_t *node) {
  KL_TRY(kl_budget_spend(list->budget, 1));
  uint64_t next;
  KL_TRY(kl_get_pointer(list->kernel, list->current, link_field(list), &next));
  if (list->kind == KL_LIST_CIRCULAR) {
    if (next == list->head)
      return KL_END;
    if (!next)
      return KL_ERR_MALFORMED;
  } else if (list->kind == KL_LIST_HLIST_NULLS && next & 1) {
    list->nulls = next >> 1;
    return KL_END;
  } else if (!next) {
    return list->kind == KL_LIST_HLIST ? KL_END : KL_ERR_MALFORMED;
  }
  if (kl_cycle_met(&list->cycle, next))
    return KL_ERR_CYCLE;
  if (list->count >= list->kernel->limits->list_nodes)
    return KL_ERR_LIMIT;
  list->count++;
  list->current = *node = next;
  return KL_OK;
}

enum kl_status kl_list_next(struct kl_list *list, uint64_t *node) {
  if (list->done)
    return KL_END;
  enum kl_status status = step(list, node);
  list->done = status != KL_OK;
  return status;
}
