// Names of enum values.
#include "linux/enum_name.h"

enum kl_status kl_enum_name(const struct kl_kernel *k, const char *name, const char *prefix, int64_t value,
                            struct kl_text *out) {
  enum { VALUES = 1024 }; // that are looked at: no enum whose values have rows has a tenth of that
  uint32_t id = kl_btf_find(k->btf, KL_BTF_ENUM, kl_bytes_of(name, kl_string_length(name)), 0);
  if (!id)
    return KL_ERR_NOT_FOUND;
  struct kl_btf_type type;
  kl_btf_type(k->btf, id, &type);
  for (uint32_t i = 0; i < type.vlen && i < VALUES; i++) {
    struct kl_btf_value v;
    kl_btf_enum_value(k->btf, &type, i, &v);
    if (v.value != value)
      continue;
    if (!kl_bytes_start(v.name, prefix))
      return KL_ERR_NOT_FOUND;
    for (size_t j = kl_string_length(prefix); j < v.name.n; j++) {
      uint8_t c = v.name.p[j];
      kl_text_char(out, (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c));
    }
    return KL_OK;
  }
  return KL_ERR_NOT_FOUND;
}
