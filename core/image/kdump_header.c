// The headers of a kdump-compressed file: disk_dump_header and
// kdump_sub_header of makedumpfile (diskdump_mod.h), 64-bit little-endian.
#include "image/kdump.h"

enum {
  HEADER_BYTES = 464,
  UTSNAME = 12,
  UTSNAME_FIELD = 65,
  MACHINE = UTSNAME + 4 * UTSNAME_FIELD,
  STATUS = 424,
  BLOCK_SIZE = 428,
  SUB_HEADER_BLOCKS = 432,
  BITMAP_BLOCKS = 436,
  MAX_MAPNR = 440,
  BLOCK_SIZE_32 = 416, // the same field where long has 32 bits
  MIN_BLOCK = 4096,
  MAX_BLOCK = 65536
};

// The sub-header grew with the version: bytes that each one has.
static const uint8_t sub_header_bytes[] = {8, 12, 32, 48, 64, 80, 104};
enum { NEWEST = sizeof sub_header_bytes - 1, SUB_HEADER_MAX = 104 };

bool kl_kdump_recognise(const uint8_t *head) {
  return !memcmp(head, "KDUMP   ", 8) || !memcmp(head, "DISKDUMP", 8);
}

static bool is_block_size(uint64_t v) {
  return v >= MIN_BLOCK && v <= MAX_BLOCK && !(v & (v - 1));
}

static uint32_t be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static const char *why_refused(const uint8_t *h) {
  if (is_block_size(kl_le32(h + BLOCK_SIZE)))
    return 0;
  if (is_block_size(be32(h + BLOCK_SIZE)) || is_block_size(be32(h + BLOCK_SIZE_32)))
    return "a big-endian kdump file: only little-endian guests are supported";
  if (is_block_size(kl_le32(h + BLOCK_SIZE_32)))
    return "a 32-bit kdump file: only 64-bit guests are supported";
  return 0;
}

static uint16_t machine_of(const uint8_t *h) {
  const char *name = (const char *)h + MACHINE;
  return !memcmp(name, "x86_64", 7) ? 62 : !memcmp(name, "aarch64", 8) ? 183 : 0;
}

static void take_sub_header(const uint8_t *sub, struct kl_kdump_header *ret) {
  ret->phys_base = kl_le64(sub);
  ret->split = kl_le32(sub + 12) != 0;
  ret->start_pfn = kl_le64(sub + 16);
  ret->end_pfn = kl_le64(sub + 24);
  ret->vmcoreinfo = kl_le64(sub + 32);
  ret->vmcoreinfo_bytes = kl_le64(sub + 40);
  ret->notes = kl_le64(sub + 48);
  ret->notes_bytes = kl_le64(sub + 56);
  ret->eraseinfo = kl_le64(sub + 64);
  ret->eraseinfo_bytes = kl_le64(sub + 72);
  if (ret->version >= 6) {
    ret->start_pfn = kl_le64(sub + 80);
    ret->end_pfn = kl_le64(sub + 88);
    ret->pages = kl_le64(sub + 96);
  }
}

// A file has two bitmaps where there is room for two: pages that exist, and
// pages that were dumped. The older form has one that is both.
static enum kl_status place_bitmaps(const uint8_t *h, struct kl_kdump_header *ret) {
  uint64_t block = ret->block_bytes;
  uint64_t sub_blocks = kl_le32(h + SUB_HEADER_BLOCKS), blocks = kl_le32(h + BITMAP_BLOCKS);
  uint64_t needed = (ret->pages + 8 * block - 1) / (8 * block);
  if (!ret->pages || blocks < needed || sub_blocks > INT32_MAX || blocks > INT32_MAX)
    return KL_ERR_MALFORMED;
  ret->two_bitmaps = blocks >= 2 * needed;
  ret->bitmaps = (1 + sub_blocks) * block;
  ret->bitmap_bytes = ret->two_bitmaps ? blocks * block / 2 : blocks * block;
  ret->descriptors = ret->bitmaps + blocks * block;
  return KL_OK;
}

enum kl_status kl_kdump_header_read(const struct kl_source *file, const struct kl_limits *limits,
                                    struct kl_kdump_header *ret) {
  uint8_t h[HEADER_BYTES], sub[SUB_HEADER_MAX] = {0};
  *ret = (struct kl_kdump_header){0};
  KL_TRY(kl_must_hold(kl_file_read(file, 0, h, sizeof h)));
  if (!kl_kdump_recognise(h))
    return KL_ERR_MALFORMED;
  ret->refused = why_refused(h);
  if (ret->refused)
    return KL_OK;
  ret->version = kl_le32(h + 8);
  ret->status = kl_le32(h + STATUS);
  ret->block_bytes = kl_le32(h + BLOCK_SIZE);
  ret->machine = machine_of(h);
  ret->pages = kl_le32(h + MAX_MAPNR);
  if (!is_block_size(ret->block_bytes) || ret->version > INT32_MAX)
    return KL_ERR_MALFORMED;
  KL_TRY(kl_must_hold(kl_file_read(file, ret->block_bytes, sub, sub_header_bytes[kl_min(ret->version, NEWEST)])));
  take_sub_header(sub, ret);
  if (ret->pages > limits->kdump_pages)
    return KL_ERR_LIMIT;
  if (!ret->split) {
    ret->start_pfn = 0;
    ret->end_pfn = ret->pages;
  }
  return place_bitmaps(h, ret);
}
