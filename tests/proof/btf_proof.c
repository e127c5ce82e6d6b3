// BTF: the header's arithmetic, for every header. (Types are beyond a bounded
// prover: their validator is fuzzed and held against libbpf.)
#include "btf/internal.h"

#include "proof.h"

void prove_header(void) {
  uint8_t head[32];
  size_t n = any_size();
  ASSUME(n <= sizeof head);
  for (size_t i = 0; i < sizeof head; i++)
    head[i] = any_u8();
  struct kl_btf_header h = {0};
  uint32_t bad;
  if (!kl_btf_header_parse(kl_bytes_of(head, n), &h, &bad)) {
    PROVE(bad < sizeof head);
    return;
  }
  PROVE(h.header_bytes >= 24);
  PROVE((uint64_t)h.header_bytes + h.types.offset + h.types.bytes <= h.total);
  PROVE((uint64_t)h.header_bytes + h.strings.offset + h.strings.bytes <= h.total);
  PROVE((uint64_t)h.header_bytes + h.layout.offset + h.layout.bytes <= h.total || !h.layout.bytes);
}
