// VMCOREINFO: the lines.
#include "kernel/vmcoreinfo.h"

#include "base/find.h"
#include "base/text.h"

bool kl_vmcoreinfo_text(struct kl_bytes b, struct kl_bytes *ret) {
  size_t n = 0;
  while (n < b.n && (b.p[n] == '\n' || (b.p[n] >= ' ' && b.p[n] < 0x7f)))
    n++;
  *ret = (struct kl_bytes){b.p, n};
  struct kl_bytes release;
  if (kl_vmcoreinfo_value(*ret, "OSRELEASE", &release) && release.n)
    return true;
  ret->n = 0;
  return false;
}

// Cuts one line off, without its newline.
static bool line_take(struct kl_bytes *text, struct kl_bytes *line) {
  struct kl_bytes newline;
  if (!text->n || !kl_bytes_take(text, kl_bytes_find(*text, '\n'), line))
    return false;
  (void)kl_bytes_take(text, 1, &newline);
  return true;
}

bool kl_vmcoreinfo_value(struct kl_bytes text, const char *key, struct kl_bytes *ret) {
  size_t n = kl_string_length(key);
  struct kl_bytes line;
  while (line_take(&text, &line))
    if (line.n > n && line.p[n] == '=' && kl_bytes_start(line, key)) {
      *ret = (struct kl_bytes){line.p + n + 1, line.n - n - 1};
      return true;
    }
  return false;
}

bool kl_vmcoreinfo_address(struct kl_bytes text, const char *key, uint64_t *ret) {
  struct kl_bytes value;
  return kl_vmcoreinfo_value(text, key, &value) && kl_parse_hex(value, ret);
}

bool kl_vmcoreinfo_number(struct kl_bytes text, const char *key, uint64_t *ret) {
  struct kl_bytes value;
  if (!kl_vmcoreinfo_value(text, key, &value))
    return false;
  return kl_bytes_start(value, "0x") ? kl_parse_hex(value, ret) : kl_parse_decimal(value, ret);
}
