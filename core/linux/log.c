// The kernel log.
#include "linux/log.h"

#include "base/memory.h"

// The state of a descriptor is in the top two bits of its state_var, its id in
// the rest.
enum { RESERVED, COMMITTED, FINALIZED, REUSABLE, STATE_SHIFT = 62 };
static const uint64_t ID_MASK = (1ull << STATE_SHIFT) - 1;

// Positions with bit 0 set stand for no text at all: of an empty line, or of a
// text that found no room.
enum { EMPTY_LINE = 3, BLOCK_HEAD = 8 };

enum kl_status kl_log_open(struct kl_log *log, struct kl_kernel *kernel, struct kl_budget *budget) {
  struct kl_kernel *k = kernel;
  memset(log, 0, sizeof *log);
  log->kernel = k;
  log->budget = budget;
  if (!k->known[KL_S_prb].present || !kl_has(k, KL_F_prb_desc_ring_infos))
    return KL_ERR_NOT_FOUND;
  uint64_t prb, ring, text, count_bits, size_bits, head, tail;
  KL_TRY(kl_budget_spend(budget, 1));
  KL_TRY(kl_read_u64(k, k->known[KL_S_prb].address, &prb));
  prb = kl_paging_strip(&k->paging, prb);
  KL_TRY(kl_member(k, prb, KL_F_printk_ringbuffer_desc_ring, &ring));
  KL_TRY(kl_member(k, prb, KL_F_printk_ringbuffer_text_data_ring, &text));
  KL_TRY(kl_get(k, ring, KL_F_prb_desc_ring_count_bits, &count_bits));
  KL_TRY(kl_get_pointer(k, ring, KL_F_prb_desc_ring_descs, &log->descriptors));
  KL_TRY(kl_get_pointer(k, ring, KL_F_prb_desc_ring_infos, &log->infos));
  KL_TRY(kl_get(k, ring, KL_F_prb_desc_ring_head_id, &head));
  KL_TRY(kl_get(k, ring, KL_F_prb_desc_ring_tail_id, &tail));
  KL_TRY(kl_get(k, text, KL_F_prb_data_ring_size_bits, &size_bits));
  KL_TRY(kl_get_pointer(k, text, KL_F_prb_data_ring_data, &log->data));
  if (count_bits > 31 || size_bits < 3 || size_bits > 31)
    return KL_ERR_MALFORMED;
  if (1ull << count_bits > k->limits->log_records)
    return KL_ERR_LIMIT;
  log->count_bits = (uint8_t)count_bits;
  log->size_bits = (uint8_t)size_bits;
  log->next = tail & ID_MASK;
  log->left = ((head - tail) & ID_MASK) + 1;
  return log->left > 1ull << count_bits ? KL_ERR_MALFORMED : KL_OK;
}

// Where the text of a descriptor lies: get_data().
static enum kl_status find_text(struct kl_log *log, uint64_t descriptor, uint64_t id, struct kl_log_record *ret) {
  struct kl_kernel *k = log->kernel;
  uint64_t block, begin, next, size = 1ull << log->size_bits, stored, data;
  KL_TRY(kl_member(k, descriptor, KL_F_prb_desc_text_blk_lpos, &block));
  KL_TRY(kl_get(k, block, KL_F_prb_data_blk_lpos_begin, &begin));
  KL_TRY(kl_get(k, block, KL_F_prb_data_blk_lpos_next, &next));
  if (begin & next & 1) {
    ret->text_bytes = 0;
    return begin == EMPTY_LINE && next == EMPTY_LINE ? KL_OK : KL_ERR_NOT_FOUND;
  }
  if ((begin | next) % BLOCK_HEAD)
    return KL_ERR_MALFORMED;
  uint64_t first = begin & (size - 1), n = next - begin;
  // A block ends in the wrap in which it begins, or else lies at the start of
  // the next one.
  if (begin >> log->size_bits != (next - 1) >> log->size_bits) {
    if ((begin + size) >> log->size_bits != (next - 1) >> log->size_bits)
      return KL_ERR_MALFORMED;
    first = 0;
    n = next & (size - 1);
  }
  if (n < BLOCK_HEAD || n > size - first)
    return KL_ERR_MALFORMED;
  KL_TRY(kl_read_u64(k, log->data + first, &stored));
  if (stored != id)
    return KL_ERR_MALFORMED; // overwritten
  KL_TRY(kl_member(k, log->data + first, KL_F_prb_data_block_data, &data));
  ret->text = data;
  if (ret->text_bytes > n - BLOCK_HEAD)
    ret->text_bytes = (size_t)(n - BLOCK_HEAD);
  return KL_OK;
}

static enum kl_status read_info(struct kl_kernel *k, struct kl_log_record *ret) {
  uint64_t bytes;
  KL_TRY(kl_get(k, ret->info, KL_F_printk_info_seq, &ret->sequence));
  KL_TRY(kl_get(k, ret->info, KL_F_printk_info_ts_nsec, &ret->time_ns));
  KL_TRY(kl_get(k, ret->info, KL_F_printk_info_level, &ret->level));
  KL_TRY(kl_get(k, ret->info, KL_F_printk_info_facility, &ret->facility));
  KL_TRY(kl_get(k, ret->info, KL_F_printk_info_caller_id, &ret->caller));
  KL_TRY(kl_get(k, ret->info, KL_F_printk_info_text_len, &bytes));
  ret->text_bytes = (size_t)(bytes & 0xffff);
  return KL_OK;
}

enum kl_status kl_log_next(struct kl_log *log, struct kl_log_record *ret) {
  struct kl_kernel *k = log->kernel;
  while (log->left) {
    memset(ret, 0, sizeof *ret);
    KL_TRY(kl_budget_spend(log->budget, 2));
    uint64_t id = log->next, index = id & ((1ull << log->count_bits) - 1), state;
    uint64_t descriptor = log->descriptors + index * k->types[KL_T_prb_desc].bytes;
    ret->info = log->infos + index * k->types[KL_T_printk_info].bytes;
    log->next = (id + 1) & ID_MASK;
    log->left--;
    KL_TRY(kl_get(k, descriptor, KL_F_prb_desc_state_var, &state));
    unsigned query = (unsigned)(state >> STATE_SHIFT);
    if ((state & ID_MASK) != id || query == RESERVED || query == REUSABLE)
      continue; // being written, or free
    KL_TRY(read_info(k, ret));
    return find_text(log, descriptor, id, ret);
  }
  return KL_END;
}
