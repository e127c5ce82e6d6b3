// The snappy framing format (google/snappy, framing_format.txt): chunks of up
// to 64 KiB, each with a checksum.
#include "image/internal.h"

enum {
  CHUNK_COMPRESSED = 0x00,
  CHUNK_STORED = 0x01,
  CHUNK_SKIPPABLE = 0x80, // this and above: skippable, padding or stream start
  CHECKSUM_BYTES = 4,
  MAX_COMPRESSED = 76490 // snappy's MaxCompressedLength(65536)
};

// The varint at the head of a snappy block: how many bytes come out.
static enum kl_status inflated_bytes(struct kl_bytes b, uint32_t *ret) {
  uint32_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    uint8_t byte;
    if (!kl_bytes_u8(&b, &byte))
      return KL_ERR_ABSENT;
    value |= (uint32_t)(byte & 0x7f) << (shift < 28 ? shift : 28);
    if (byte & 0x80)
      continue;
    *ret = value;
    return value && value <= KL_SNAPPY_BLOCK ? KL_OK : KL_ERR_MALFORMED;
  }
  return KL_ERR_MALFORMED;
}

enum kl_status kl_snappy_chunk(struct kl_bytes head, struct kl_snappy_chunk *ret) {
  uint32_t word;
  if (!kl_bytes_u32(&head, &word))
    return KL_ERR_ABSENT;
  uint32_t payload = word >> 8, type = word & 0xff;
  *ret = (struct kl_snappy_chunk){.kind = KL_SNAPPY_SKIP, .bytes = 4 + payload, .data = 4};
  if (type >= CHUNK_SKIPPABLE)
    return KL_OK;
  if (type > CHUNK_STORED || payload < CHECKSUM_BYTES)
    return KL_ERR_MALFORMED;
  if (!kl_bytes_u32(&head, &ret->checksum))
    return KL_ERR_ABSENT;
  ret->data = 4 + CHECKSUM_BYTES;
  payload -= CHECKSUM_BYTES;
  if (type == CHUNK_STORED) {
    ret->kind = KL_SNAPPY_STORED;
    ret->inflated = payload;
    return payload && payload <= KL_SNAPPY_BLOCK ? KL_OK : KL_ERR_MALFORMED;
  }
  ret->kind = KL_SNAPPY_COMPRESSED;
  if (payload > MAX_COMPRESSED)
    return KL_ERR_MALFORMED;
  return inflated_bytes(head, &ret->inflated);
}

// The tables are computed, not listed: eight bytes a step (Kounavis and Berry,
// "A Systematic Approach to Building High Performance Software-based CRC
// Generators", 2005).
void kl_crc32c_init(struct kl_crc32c *crc) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++)
      value = value & 1 ? value >> 1 ^ 0x82f63b78 : value >> 1;
    crc->table[0][i] = value;
  }
  for (uint32_t i = 0; i < 256; i++)
    for (int k = 1; k < 8; k++)
      crc->table[k][i] = crc->table[k - 1][i] >> 8 ^ crc->table[0][crc->table[k - 1][i] & 0xff];
}

uint32_t kl_snappy_checksum(const struct kl_crc32c *crc, const uint8_t *p, size_t n) {
  uint32_t value = 0xffffffff;
  for (; n >= 8; p += 8, n -= 8) {
    uint32_t low = kl_le32(p) ^ value, high = kl_le32(p + 4);
    value = crc->table[7][low & 0xff] ^ crc->table[6][low >> 8 & 0xff] ^ crc->table[5][low >> 16 & 0xff] ^
            crc->table[4][low >> 24] ^ crc->table[3][high & 0xff] ^ crc->table[2][high >> 8 & 0xff] ^
            crc->table[1][high >> 16 & 0xff] ^ crc->table[0][high >> 24];
  }
  for (; n; p++, n--)
    value = value >> 8 ^ crc->table[0][(value ^ *p) & 0xff];
  value = ~value;
  return (value >> 15 | value << 17) + 0xa282ead8; // masked, as the format says
}
