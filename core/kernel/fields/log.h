// The log that dmesg shows.
#ifndef KL_KERNEL_FIELDS_LOG_H
#define KL_KERNEL_FIELDS_LOG_H

#define KL_FIELDS_LOG(X)                                                                                           \
  X(printk_ringbuffer, desc_ring, OPTIONAL, "5.10: 896fbe20b4e2")                                                  \
  X(printk_ringbuffer, text_data_ring, OPTIONAL, "")                                                               \
  X(prb_desc_ring, count_bits, OPTIONAL, "")                                                                       \
  X(prb_desc_ring, descs, OPTIONAL, "")                                                                            \
  X(prb_desc_ring, infos, OPTIONAL, "")                                                                            \
  X(prb_desc_ring, head_id, OPTIONAL, "")                                                                          \
  X(prb_desc_ring, tail_id, OPTIONAL, "")                                                                          \
  X(prb_data_ring, size_bits, OPTIONAL, "")                                                                        \
  X(prb_data_ring, data, OPTIONAL, "")                                                                             \
  X(prb_desc, state_var, OPTIONAL, "")                                                                             \
  X(prb_desc, text_blk_lpos, OPTIONAL, "")                                                                         \
  X(prb_data_blk_lpos, begin, OPTIONAL, "")                                                                        \
  X(prb_data_blk_lpos, next, OPTIONAL, "")                                                                         \
  X(prb_data_block, data, OPTIONAL, "")                                                                            \
  X(printk_info, seq, OPTIONAL, "")                                                                                \
  X(printk_info, ts_nsec, OPTIONAL, "")                                                                            \
  X(printk_info, text_len, OPTIONAL, "")                                                                           \
  X(printk_info, facility, OPTIONAL, "")                                                                           \
  X(printk_info, flags, OPTIONAL, "")                                                                              \
  X(printk_info, level, OPTIONAL, "")                                                                              \
  X(printk_info, caller_id, OPTIONAL, "")                                                                          \
  X(printk_info, dev_info, OPTIONAL, "")                                                                           \
  X(dev_printk_info, subsystem, OPTIONAL, "")                                                                      \
  X(dev_printk_info, device, OPTIONAL, "")

#define KL_TYPES_LOG(X)                                                                                            \
  X(prb_desc)                                                                                                      \
  X(printk_info)

#define KL_SYMBOLS_LOG(X) X(prb, OPTIONAL)

#endif
