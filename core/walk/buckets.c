// Cursors over arrays of list heads.
#include "walk/buckets.h"

#include "base/checked.h"
#include "base/memory.h"

enum kl_status kl_buckets_init(struct kl_buckets *b, struct kl_kernel *kernel, struct kl_budget *budget,
                               uint64_t array, uint64_t count, uint64_t stride, uint64_t head, enum kl_chain kind) {
  memset(b, 0, sizeof *b);
  b->kernel = kernel;
  b->budget = budget;
  b->array = b->lost = array;
  if (stride > KL_BUCKET_BLOCK || stride < 8 || head > stride - 8)
    return KL_ERR_MALFORMED;
  if (count > kernel->limits->hash_buckets)
    return KL_ERR_LIMIT;
  b->count = count;
  b->stride = (uint32_t)stride;
  b->head = (uint32_t)head;
  b->kind = kind;
  return KL_OK;
}

// Reads the block that starts with bucket b->next. What lies in several pages
// may be there in part: then one bucket at a time.
static enum kl_status load(struct kl_buckets *b) {
  uint64_t n = kl_min(KL_BUCKET_BLOCK / b->stride, b->count - b->next), at = b->array + b->next * b->stride;
  b->lost = at;
  KL_TRY(kl_budget_spend(b->budget, 1));
  enum kl_status status = kl_read(b->kernel, at, b->bytes, (size_t)(n * b->stride));
  if (status != KL_OK) {
    n = 1;
    status = kl_read(b->kernel, at, b->bytes, b->stride);
  }
  if (status != KL_OK) {
    b->next++;
    return status;
  }
  b->block = b->next;
  b->block_end = b->next + n;
  return KL_OK;
}

// The first node of a chain, as its head says; 0: it is empty.
static uint64_t first_of(const struct kl_buckets *b, uint64_t head) {
  if (b->kind == KL_CHAIN_RHASH)
    return head & ~1ull;
  return b->kind == KL_CHAIN_NULLS && head & 1 ? 0 : kl_paging_strip(&b->kernel->paging, head);
}

// Goes to the next bucket that holds anything. KL_END past the last.
static enum kl_status next_chain(struct kl_buckets *b) {
  while (b->next < b->count) {
    if (b->next >= b->block_end)
      KL_TRY(load(b));
    uint64_t at = b->next++, head = b->array + at * b->stride + b->head;
    b->first = first_of(b, kl_le64(b->bytes + (at - b->block) * b->stride + b->head));
    if (!b->first)
      continue;
    if (b->kind == KL_CHAIN_HLIST)
      kl_hlist_init(&b->chain, b->kernel, b->budget, head);
    else
      kl_hlist_nulls_init(&b->chain, b->kernel, b->budget, head);
    b->chain.current = b->chain.cycle.tortoise = b->first;
    b->in_chain = true;
    return KL_OK;
  }
  return KL_END;
}

enum kl_status kl_buckets_next(struct kl_buckets *b, uint64_t *node) {
  for (;;) {
    if (!b->in_chain) {
      enum kl_status status = next_chain(b);
      if (status == KL_ERR_BUDGET)
        b->next = b->count;
      KL_TRY(status);
      *node = b->first;
      return KL_OK;
    }
    enum kl_status status = kl_list_next(&b->chain, node);
    if (status == KL_OK)
      return KL_OK;
    b->in_chain = false;
    b->lost = b->chain.current;
    if (status == KL_ERR_BUDGET)
      b->next = b->count;
    if (status != KL_END)
      return status;
  }
}
