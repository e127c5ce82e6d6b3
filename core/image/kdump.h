// The headers of a kdump-compressed file, read and checked.
#ifndef KL_IMAGE_KDUMP_H
#define KL_IMAGE_KDUMP_H

#include "image/internal.h"

struct kl_kdump_header {
  uint32_t version, status;
  uint32_t block_bytes;
  uint16_t machine; // as in ELF; 0 unknown
  uint64_t pages;   // bits of a bitmap that count
  uint64_t phys_base;
  bool split;
  uint64_t start_pfn, end_pfn; // what this file holds; all of it when not split
  // In the file:
  uint64_t bitmaps, bitmap_bytes; // the first one; the second follows it
  bool two_bitmaps;
  uint64_t descriptors;
  uint64_t vmcoreinfo, vmcoreinfo_bytes, notes, notes_bytes; // bytes 0: none
  uint64_t eraseinfo, eraseinfo_bytes;
  const char *refused; // why this one cannot be taken; null: it can
};

bool kl_kdump_recognise(const uint8_t *head);

// KL_ERR_MALFORMED when the numbers make no sense; KL_ERR_LIMIT past the cap on
// pages. A refused header has nothing else set.
enum kl_status kl_kdump_header_read(const struct kl_source *file, const struct kl_limits *limits,
                                    struct kl_kdump_header *ret) KL_MUST_USE;

#endif
