/* The checksum of framed snappy, which Python's library lacks. Loaded by convert.py. */
#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const uint8_t *data, size_t length) {
  static uint32_t table[256];
  if (table[1] == 0)
    for (uint32_t byte = 0; byte < 256; byte++) {
      uint32_t value = byte;
      for (int bit = 0; bit < 8; bit++)
        value = value >> 1 ^ (value & 1 ? UINT32_C(0x82f63b78) : 0);
      table[byte] = value;
    }
  uint32_t sum = UINT32_MAX;
  for (size_t at = 0; at < length; at++)
    sum = sum >> 8 ^ table[(sum ^ data[at]) & 0xff];
  return ~sum;
}
