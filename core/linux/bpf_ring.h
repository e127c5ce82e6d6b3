// The records of a BPF ring buffer (RINGBUF and USER_RINGBUF).
//
// kernel/bpf/ringbuf.c: a record is a header {u32 len, u32 pg_off} and its
// data, 8-aligned; len has two flag bits. Positions only grow; a record lies at
// position & mask, and the data pages are mapped twice in a row. The positions
// and headers of a user ring buffer are written by user space: hostile.
#ifndef KL_LINUX_BPF_RING_H
#define KL_LINUX_BPF_RING_H

#include "base/budget.h"
#include "linux/bpf_map.h"

enum kl_bpf_ring_state {
  KL_BPF_RING_COMMITTED, // waits for its reader
  KL_BPF_RING_BUSY,      // reserved, and still being written
  KL_BPF_RING_DISCARDED, // its writer gave it up
  KL_BPF_RING_CONSUMED,  // already read, and still in memory
};

struct kl_bpf_ring_record {
  uint64_t position;
  enum kl_bpf_ring_state state;
  bool was_discarded; // CONSUMED: it had been given up
  uint32_t bytes;     // of its data
  uint64_t address;   // of its data; it may wrap: read it with kl_bpf_ring_read
};

struct kl_bpf_ring {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint64_t ring; // struct bpf_ringbuf
  uint64_t data; // its first data byte
  uint64_t mask; // size - 1
  uint64_t consumer, producer;
  uint64_t next; // position
  // Not KL_OK: bytes that could not be read might have been records that are
  // older than the first one given.
  enum kl_status older;
  bool user, done;
};

// KL_ERR_MALFORMED: size is not a power of two, or the positions contradict
// each other (more between them than the ring holds, or not 8-aligned).
enum kl_status kl_bpf_ring_open(struct kl_bpf_ring *r, struct kl_kernel *k, struct kl_budget *budget,
                                const struct kl_bpf_map *map) KL_MUST_USE;
// The next record, oldest first. KL_END at the producer's position.
// KL_ERR_MALFORMED: a header that can't be one at ret->position; nothing
// follows, because a record's length is what leads to the next.
enum kl_status kl_bpf_ring_next(struct kl_bpf_ring *r, struct kl_bpf_ring_record *ret) KL_MUST_USE;
// Copies n bytes of the ring from a position on.
enum kl_status kl_bpf_ring_read(struct kl_bpf_ring *r, uint64_t position, void *dst, size_t n) KL_MUST_USE;

#endif
