// The kernel log: the lockless ring of 5.10 and later
// (kernel/printk/printk_ringbuffer.h).
#ifndef KL_LINUX_LOG_H
#define KL_LINUX_LOG_H

#include "base/budget.h"
#include "kernel/kernel.h"

struct kl_log {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint64_t descriptors, infos, data;
  uint8_t count_bits, size_bits;
  uint64_t next, left; // id of the next descriptor; how many are left
};

struct kl_log_record {
  uint64_t info; // address of its printk_info
  uint64_t sequence, time_ns;
  uint64_t level, facility;
  uint64_t caller; // bit 31 set: a CPU, otherwise a thread
  // Where its text lies: always in one piece, for a text that would wrap is
  // stored at the ring's start.
  uint64_t text;
  size_t text_bytes;
};

// Finds the ring. KL_ERR_NOT_FOUND: this kernel has none (no symbol, or a log
// of before 5.10); KL_ERR_MALFORMED, KL_ERR_LIMIT: what is there can't be it.
enum kl_status kl_log_open(struct kl_log *log, struct kl_kernel *kernel, struct kl_budget *budget) KL_MUST_USE;
// The next record, oldest first: finished ones, and the last one that a
// continuation may still grow. KL_END after the last. KL_ERR_NOT_FOUND: the
// kernel had no room for this record's text. Any other status: the record
// (ret->info) can't be read, or its text is gone; the walk goes on. Two steps a
// record.
enum kl_status kl_log_next(struct kl_log *log, struct kl_log_record *ret) KL_MUST_USE;

#endif
