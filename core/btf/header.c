// The BTF header: 24 bytes (hdr_len, types, strings), or 32 with the layout
// section (Linux 7.1, 2026), or longer with what is not known here.
#include "btf/internal.h"

enum {
  HEADER_BYTES = 24,
  HEADER_WITH_LAYOUT_BYTES = 32,
  HEADER_CAP = 4096, // the kernel refuses a header over a page
  MAGIC = 0xeb9f,
  VERSION = 1
};

static bool overlap(uint32_t a, uint32_t a_bytes, uint32_t b, uint32_t b_bytes) {
  return a_bytes && b_bytes && a < (uint64_t)b + b_bytes && b < (uint64_t)a + a_bytes;
}

static bool parse_layout(struct kl_bytes head, struct kl_btf_header *h, uint32_t *bad) {
  *bad = HEADER_BYTES;
  if (head.n < HEADER_WITH_LAYOUT_BYTES)
    return false;
  h->layout.offset = kl_le32(head.p + 24);
  h->layout.bytes = kl_le32(head.p + 28);
  if (h->layout.offset % 4 || h->layout.bytes % 4 ||
      overlap(h->layout.offset, h->layout.bytes, h->types.offset, h->types.bytes) ||
      overlap(h->layout.offset, h->layout.bytes, h->strings.offset, h->strings.bytes))
    return false;
  uint64_t end = (uint64_t)h->header_bytes + h->layout.offset + h->layout.bytes;
  if (h->layout.bytes && end > h->total)
    h->total = end;
  return true;
}

bool kl_btf_header_parse(struct kl_bytes head, struct kl_btf_header *ret, uint32_t *bad) {
  struct kl_btf_header h = {0};
  *bad = 0;
  if (head.n < HEADER_BYTES || kl_le16(head.p) != MAGIC)
    return false;
  *bad = 2;
  if (head.p[2] != VERSION || head.p[3] != 0) // no flag is defined
    return false;
  *bad = 4;
  h.header_bytes = kl_le32(head.p + 4);
  if (h.header_bytes < HEADER_BYTES || h.header_bytes > HEADER_CAP)
    return false;
  *bad = 8;
  h.types.offset = kl_le32(head.p + 8);
  h.types.bytes = kl_le32(head.p + 12);
  if (h.types.offset % 4 || h.types.bytes % 4)
    return false;
  *bad = 16;
  h.strings.offset = kl_le32(head.p + 16);
  h.strings.bytes = kl_le32(head.p + 20);
  if (overlap(h.types.offset, h.types.bytes, h.strings.offset, h.strings.bytes))
    return false;
  uint64_t types_end = (uint64_t)h.types.offset + h.types.bytes;
  uint64_t strings_end = (uint64_t)h.strings.offset + h.strings.bytes;
  h.total = h.header_bytes + (types_end > strings_end ? types_end : strings_end);
  if (h.header_bytes >= HEADER_WITH_LAYOUT_BYTES && !parse_layout(head, &h, bad))
    return false;
  *ret = h;
  return true;
}

bool kl_btf_probe(struct kl_bytes head, uint64_t *total_bytes) {
  struct kl_btf_header h;
  uint32_t bad;
  if (!kl_btf_header_parse(head, &h, &bad))
    return false;
  // A split BTF may lack either section, but not both.
  if (!h.types.bytes && !h.strings.bytes)
    return false;
  *total_bytes = h.total;
  return true;
}
