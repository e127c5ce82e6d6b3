// The string section: which of its strings are identifiers, found in one pass
// and not once for each use of a name.
#include "base/memory.h"
#include "btf/internal.h"

static bool is_identifier_byte(uint8_t c) {
  return kl_btf_begins_identifier(c) || (uint8_t)(c - '0') < 10;
}

// Sixteen bytes at a time, in the compiler's own form of vectors: where the
// machine has none it makes plain code of it. (No function takes or gives one:
// how is not the same everywhere. And freestanding, only the builtin copies
// without a call.)
typedef uint8_t sixteen __attribute__((vector_size(16)));

// Nothing but letters, digits, '_' and NULs, and one NUL at least. (A '.' is rare
// enough for a closer look.)
static bool is_plain_chunk(const uint8_t *p) {
  sixteen all = (sixteen){0} == 0, nul = {0};
  for (int i = 0; i < 1 << KL_BTF_CHUNK_SHIFT; i += 16) {
    sixteen bytes;
    __builtin_memcpy(&bytes, p + i, sizeof bytes);
    sixteen lower = bytes | 0x20, end = (sixteen)(bytes == 0);
    all &= (sixteen)(lower - 'a' < 26) | (sixteen)(bytes - '0' < 10) | (sixteen)(bytes == '_') | end;
    nul |= end;
  }
  uint64_t halves[4];
  __builtin_memcpy(halves, &all, sizeof all);
  __builtin_memcpy(halves + 2, &nul, sizeof nul);
  return (halves[0] & halves[1]) == UINT64_MAX && halves[2] | halves[3];
}

// Marks the string around at, and gives its end.
static size_t mark(struct kl_bytes strings, size_t at, uint8_t *suspect) {
  size_t start = at;
  while (start && strings.p[start - 1])
    start--;
  size_t end = at + kl_btf_string_length((struct kl_bytes){strings.p + at, strings.n - at}, SIZE_MAX);
  memset(suspect + (start >> KL_BTF_CHUNK_SHIFT), 1,
         ((end - 1) >> KL_BTF_CHUNK_SHIFT) - (start >> KL_BTF_CHUNK_SHIFT) + 1);
  return end;
}

void kl_btf_mark_suspects(struct kl_bytes strings, uint8_t *suspect) {
  enum { CHUNK = 1 << KL_BTF_CHUNK_SHIFT };
  for (size_t chunk = 0, done = 0; chunk < strings.n; chunk += CHUNK) { // done: no string before needs a look
    size_t end = strings.n - chunk < CHUNK ? strings.n : chunk + CHUNK, nuls = 0;
    if (end - chunk == CHUNK && is_plain_chunk(strings.p + chunk))
      continue;
    size_t i = chunk < done ? done : chunk;
    for (; i < end; i++) {
      nuls += !strings.p[i];
      if (strings.p[i] && !is_identifier_byte(strings.p[i]))
        i = done = mark(strings, i, suspect);
    }
    if (!nuls && chunk >= done)
      done = mark(strings, chunk, suspect);
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
