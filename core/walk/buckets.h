// A cursor over a hash table that is an array of list heads: hlist, hlist_nulls
// or those of a rhashtable, each alone or a part of a larger bucket.
//
// The array's length ends the walk, and the chains end as lists do. Heads are
// read many at a time: most buckets of a table are empty.
#ifndef KL_WALK_BUCKETS_H
#define KL_WALK_BUCKETS_H

#include "walk/list.h"

enum { KL_BUCKET_BLOCK = 512 }; // bytes of the array read at a time

enum kl_chain {
  KL_CHAIN_HLIST,
  KL_CHAIN_NULLS,
  KL_CHAIN_RHASH, // as nulls, but that bit 0 of a head is its lock and an empty one is null
};

struct kl_buckets {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint64_t array, count, next; // buckets
  uint32_t stride, head;       // bytes; the head's place in its bucket
  enum kl_chain kind;
  struct kl_list chain;
  uint64_t first; // of the chain
  bool in_chain;
  uint64_t block, block_end; // which buckets are in bytes
  uint8_t bytes[KL_BUCKET_BLOCK];
  uint64_t lost; // where the last error arose
};

// array: address of bucket 0. stride: bytes a bucket; head: where its list head
// is. KL_ERR_LIMIT: more than limits.hash_buckets; KL_ERR_MALFORMED: a stride
// that no bucket has. After either the cursor gives KL_END.
enum kl_status kl_buckets_init(struct kl_buckets *b, struct kl_kernel *kernel, struct kl_budget *budget,
                               uint64_t array, uint64_t count, uint64_t stride, uint64_t head,
                               enum kl_chain kind) KL_MUST_USE;
// The next node of any chain. KL_END at the end; KL_ERR_BUDGET ends the walk; any
// other status: the rest of a chain, or a part of the array, is lost at b->lost,
// and the walk goes on behind it. A step a node and a block of the array.
enum kl_status kl_buckets_next(struct kl_buckets *b, uint64_t *node) KL_MUST_USE;

#endif
