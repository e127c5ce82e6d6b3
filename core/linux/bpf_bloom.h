// Bloom filters: how full one is, and whether it may hold a value.
//
// kernel/bpf/bloom_filter.c: a set of bits, of which each value sets as many as
// there are hash functions: jhash of the value, started with seed + number of
// the function, by the mask. Values can't be listed.
#ifndef KL_LINUX_BPF_BLOOM_H
#define KL_LINUX_BPF_BLOOM_H

#include "base/budget.h"
#include "base/text.h"
#include "linux/bpf_map.h"

struct kl_bpf_bloom {
  struct kl_kernel *kernel;
  uint64_t bitset; // its address
  uint64_t bits;   // a power of two
  uint32_t hash_functions, seed, value_bytes;
};

// KL_ERR_MALFORMED: the number of bits is no power of two, or no kernel makes as
// many hash functions.
enum kl_status kl_bpf_bloom_open(struct kl_bpf_bloom *b, struct kl_kernel *k,
                                 const struct kl_bpf_map *map) KL_MUST_USE;
// How many bits are set. One step a page.
enum kl_status kl_bpf_bloom_count(const struct kl_bpf_bloom *b, struct kl_budget *budget,
                                  uint64_t *ret) KL_MUST_USE;
// False: the value was never put in. True: it was, or others set its bits.
// KL_ERR_ARGUMENT: not the size of a value. One guest read a hash function.
enum kl_status kl_bpf_bloom_test(const struct kl_bpf_bloom *b, struct kl_bytes value, bool *ret) KL_MUST_USE;
// {"bits":1024,"set":48,"density":0.0468,"hash_functions":5}
enum kl_status kl_bpf_bloom_render(const struct kl_bpf_bloom *b, struct kl_budget *budget,
                                   struct kl_text *out) KL_MUST_USE;

// The kernel's jhash (include/linux/jhash.h): Bob Jenkins' lookup3 of bytes.
uint32_t kl_bpf_jhash(struct kl_bytes bytes, uint32_t start);

#endif
