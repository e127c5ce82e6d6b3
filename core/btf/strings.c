// The string section: which of its strings are identifiers, found in one pass
// and not once for each use of a name.
#include "base/memory.h"
#include "btf/internal.h"

static bool is_identifier_byte(uint8_t c) {
  return kl_btf_begins_identifier(c) || (uint8_t)(c - '0') < 10;
}

// Sixteen bytes at a time, in the compiler's own form of vectors: where the
// machine has none it makes plain code of it.
typedef uint8_t sixteen __attribute__((vector_size(16)));

// True when they are nothing but letters, digits, '_' and NULs. (A '.' is rare
// enough for a closer look.)
static bool is_plain(const uint8_t *p) {
  sixteen bytes;
  uint64_t halves[2];
  memcpy(&bytes, p, sizeof bytes);
  sixteen lower = bytes | 0x20;
  sixteen plain =
      (sixteen)(lower - 'a' < 26) | (sixteen)(bytes - '0' < 10) | (sixteen)(bytes == '_') | (sixteen)(bytes == 0);
  memcpy(halves, &plain, sizeof halves);
  return (halves[0] & halves[1]) == UINT64_MAX;
}

// Marks all chunks of every string that is no identifier.
void kl_btf_mark_suspects(struct kl_bytes strings, uint8_t *suspect) {
  size_t done = 0; // no string before needs another look
  for (size_t i = 0; i < strings.n;) {
    if (strings.n - i >= sizeof(sixteen) && is_plain(strings.p + i)) {
      i += sizeof(sixteen);
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
