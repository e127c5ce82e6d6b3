// The string section: which of its strings are identifiers, found in one pass
// and not once for each use of a name.
#include "base/memory.h"
#include "btf/internal.h"

static bool is_identifier_byte(uint8_t c) {
  return kl_btf_begins_identifier(c) || (uint8_t)(c - '0') < 10;
}

// Of eight bytes below 0x80: the top bit of each that lies in [low, high].
static uint64_t in_range(uint64_t bytes, uint8_t low, uint8_t high) {
  const uint64_t each = 0x0101010101010101;
  return (bytes + each * (0x80u - low)) & ~(bytes + each * (0x7fu - high));
}

// True when eight bytes have nothing but identifiers and NULs. (A '.' is rare
// enough for a closer look.)
static bool is_plain(uint64_t bytes) {
  const uint64_t top_bits = 0x8080808080808080, case_bits = 0x2020202020202020;
  uint64_t plain = in_range(bytes | case_bits, 'a', 'z') | in_range(bytes, '0', '9') | in_range(bytes, '_', '_') |
                   in_range(bytes, 0, 0);
  return (plain & ~bytes & top_bits) == top_bits;
}

// Marks all chunks of every string that is no identifier.
void kl_btf_mark_suspects(struct kl_bytes strings, uint8_t *suspect) {
  size_t done = 0; // no string before needs another look
  for (size_t i = 0; i < strings.n;) {
    if (strings.n - i >= 8 && is_plain(kl_le64(strings.p + i))) {
      i += 8;
    } else if (strings.p[i] && !is_identifier_byte(strings.p[i])) {
      size_t start = i;
      while (start > done && strings.p[start - 1])
        start--;
      done = i + kl_btf_string_length((struct kl_bytes){strings.p + i, strings.n - i}, SIZE_MAX);
      memset(suspect + (start >> KL_BTF_CHUNK_SHIFT), 1,
             ((done - 1) >> KL_BTF_CHUNK_SHIFT) - (start >> KL_BTF_CHUNK_SHIFT) + 1);
      i = done;
    } else {
      i++;
    }
  }
}

// The rules of __btf_name_valid: a letter, '_' or '.', then digits too.
bool kl_btf_is_identifier(struct kl_bytes name) {
  if (!name.n || !kl_btf_begins_identifier(name.p[0]))
    return false;
  for (size_t i = 0; i < name.n; i++)
    if (!is_identifier_byte(name.p[i]))
      return false;
  return true;
}

bool kl_btf_is_printable(struct kl_bytes name) {
  for (size_t i = 0; i < name.n; i++)
    if (name.p[i] < 0x20 || name.p[i] >= 0x7f)
      return false;
  return true;
}
