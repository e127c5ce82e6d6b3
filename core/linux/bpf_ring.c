// The records of a BPF ring buffer.
#include "linux/bpf_ring.h"

#include "base/checked.h"

enum {
  HEADER_BYTES = 8,
  SEARCH_STEPS = 1 << 20, // headers tried for the oldest record: a ring of 8 MiB of the shortest records
};
#define BUSY_BIT (1u << 31)    // BPF_RINGBUF_BUSY_BIT
#define DISCARD_BIT (1u << 30) // BPF_RINGBUF_DISCARD_BIT
#define LENGTH_MASK (DISCARD_BIT - 1)

enum kl_status kl_bpf_ring_read(struct kl_bpf_ring *r, uint64_t position, void *dst, size_t n) {
  if (n > r->mask + 1)
    return KL_ERR_ARGUMENT;
  uint64_t start = position & r->mask, whole = r->mask + 1 - start;
  size_t first = (size_t)kl_min(n, whole);
  KL_TRY(kl_read(r->kernel, r->data + start, dst, first));
  return first == n ? KL_OK : kl_read(r->kernel, r->data, (uint8_t *)dst + first, n - first);
}

// The header at a position: its length field, and the space that the record
// takes. The kernel notes in each header how far it lies from the ring's start
// in pages, which tells headers from data. User space leaves that 0.
static enum kl_status header_at(struct kl_bpf_ring *r, uint64_t position, uint32_t *length, uint64_t *step) {
  uint8_t bytes[HEADER_BYTES];
  KL_TRY(kl_budget_spend(r->budget, 1));
  KL_TRY(kl_bpf_ring_read(r, position, bytes, sizeof bytes));
  *length = kl_le32(bytes);
  uint64_t page = (r->data + (position & r->mask) - r->ring) >> r->kernel->paging.granule_shift;
  if (!r->user && kl_le32(bytes + 4) != page)
    return KL_ERR_MALFORMED;
  if (!kl_round_up((uint64_t)(*length & LENGTH_MASK) + HEADER_BYTES, 8, step) || *step > r->mask + 1)
    return KL_ERR_MALFORMED;
  return KL_OK;
}

// Whether records follow one another from a position exactly to the consumer's.
// What can't be read might have been a header: r->older says so.
static bool leads_to_consumer(struct kl_bpf_ring *r, uint64_t position, uint64_t *tries) {
  while (position < r->consumer) {
    uint32_t length;
    uint64_t step;
    if (!*tries) {
      r->older = KL_ERR_LIMIT;
      return false;
    }
    --*tries;
    enum kl_status status = header_at(r, position, &length, &step);
    if (status != KL_OK && status != KL_ERR_MALFORMED)
      r->older = status;
    if (status != KL_OK || length & BUSY_BIT)
      return false;
    position += step;
  }
  return position == r->consumer;
}

// Of these the next position would have no other answer.
static bool ends(enum kl_status status) {
  return status == KL_ERR_LIMIT || status == KL_ERR_BUDGET || status == KL_ERR_CANCELLED;
}

// The oldest record that has not been written over: the lowest position from
// which headers lead exactly to the consumer's. Crafted headers would make the
// search quadratic, and a ring of 2^40 bytes endless.
static uint64_t oldest(struct kl_bpf_ring *r) {
  uint64_t size = r->mask + 1, tries = SEARCH_STEPS;
  uint64_t position = r->producer > size ? r->producer - size : 0;
  for (; position < r->consumer && !ends(r->older); position += 8)
    if (leads_to_consumer(r, position, &tries))
      return position;
  return r->consumer;
}

enum kl_status kl_bpf_ring_open(struct kl_bpf_ring *r, struct kl_kernel *k, struct kl_budget *budget,
                                const struct kl_bpf_map *map) {
  *r = (struct kl_bpf_ring){.kernel = k, .budget = budget, .user = map->type == KL_BPF_USER_RINGBUF};
  KL_TRY(kl_get_pointer(k, map->address, KL_F_bpf_ringbuf_map_rb, &r->ring));
  KL_TRY(kl_get(k, r->ring, KL_F_bpf_ringbuf_mask, &r->mask));
  KL_TRY(kl_get(k, r->ring, KL_F_bpf_ringbuf_consumer_pos, &r->consumer));
  KL_TRY(kl_get(k, r->ring, KL_F_bpf_ringbuf_producer_pos, &r->producer));
  KL_TRY(kl_member(k, r->ring, KL_F_bpf_ringbuf_data, &r->data));
  if (r->mask & (r->mask + 1) || r->mask < HEADER_BYTES || r->mask >> 40)
    return KL_ERR_MALFORMED;
  if (r->consumer > r->producer || r->producer - r->consumer > r->mask + 1 || (r->consumer | r->producer) & 7)
    return KL_ERR_MALFORMED;
  r->next = r->user ? r->consumer : oldest(r);
  return KL_OK;
}

enum kl_status kl_bpf_ring_next(struct kl_bpf_ring *r, struct kl_bpf_ring_record *ret) {
  if (r->done || r->next >= r->producer)
    return KL_END;
  uint32_t length = 0;
  uint64_t step = 0;
  ret->position = r->next;
  enum kl_status status = header_at(r, r->next, &length, &step);
  if (status == KL_OK && step > r->producer - r->next)
    status = KL_ERR_MALFORMED;
  if (status != KL_OK) {
    r->done = true;
    return status;
  }
  ret->was_discarded = length & DISCARD_BIT;
  ret->bytes = length & LENGTH_MASK;
  ret->address = r->data + ((r->next + HEADER_BYTES) & r->mask);
  ret->state = r->next < r->consumer  ? KL_BPF_RING_CONSUMED
               : length & BUSY_BIT    ? KL_BPF_RING_BUSY
               : length & DISCARD_BIT ? KL_BPF_RING_DISCARDED
                                      : KL_BPF_RING_COMMITTED;
  r->next += step;
  return KL_OK;
}
