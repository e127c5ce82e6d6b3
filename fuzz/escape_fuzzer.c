// Text of the guest on its way to people and programs: nothing that acts on a
// terminal comes through, JSON stays JSON, and both stay UTF-8.
#include <string.h>

#include "../frontends/cli/escape.h"
#include "base/text.h"
#include "harness.h"

enum { OUTPUT = 1 << 20, INPUT = 1 << 14 };

static void require_plain(const struct kl_text *out) {
  FUZZ_REQUIRE(!out->truncated);
  const uint8_t *p = (const uint8_t *)out->buffer;
  for (size_t i = 0; i < out->used;) {
    size_t length = kl_utf8_length(p + i, out->used - i);
    FUZZ_REQUIRE(length > 0);
    FUZZ_REQUIRE(p[i] >= 0x20 && p[i] != 0x7f);       // C0, DEL
    FUZZ_REQUIRE(!(p[i] == 0xc2 && p[i + 1] < 0xa0)); // C1
    if (p[i] == 0xe2 && p[i + 1] == 0x80)             // U+200B..F, U+202A..E
      FUZZ_REQUIRE(p[i + 2] < 0x8b || (p[i + 2] > 0x8f && p[i + 2] < 0xa8) || p[i + 2] > 0xae);
    if (p[i] == 0xe2 && p[i + 1] == 0x81) // U+2066..9
      FUZZ_REQUIRE(p[i + 2] < 0xa6 || p[i + 2] > 0xa9);
    i += length;
  }
}

static void require_json_string(const struct kl_text *out) {
  FUZZ_REQUIRE(out->used >= 2 && out->buffer[0] == '"' && out->buffer[out->used - 1] == '"');
  for (size_t i = 1; i < out->used - 1; i++) {
    FUZZ_REQUIRE(out->buffer[i] != '"');
    if (out->buffer[i] == '\\') {
      i++;
      FUZZ_REQUIRE(i < out->used - 1 && strchr("\"\\/bfnrtu", out->buffer[i]) != NULL);
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static char buffer[OUTPUT];
  n = n < INPUT ? n : INPUT;
  struct fuzz_guarded guarded = fuzz_guard(data, n, n % 2);
  struct kl_text out = kl_text_into(buffer, sizeof buffer);
  cli_escape(&out, guarded.p, n);
  require_plain(&out);
  size_t width = cli_width(out.buffer, out.used);
  FUZZ_REQUIRE(width <= 2 * out.used);
  for (size_t wanted = 0; wanted < 5; wanted++) {
    size_t fits = cli_fit(out.buffer, out.used, wanted);
    FUZZ_REQUIRE(fits <= out.used && cli_width(out.buffer, fits) <= wanted);
  }
  out = kl_text_into(buffer, sizeof buffer);
  cli_escape_line(&out, (const char *)guarded.p, n);
  require_plain(&out);
  out = kl_text_into(buffer, sizeof buffer);
  kl_text_json_string(&out, guarded.p, n);
  require_plain(&out);
  require_json_string(&out);
  fuzz_release(&guarded);
  return 0;
}
