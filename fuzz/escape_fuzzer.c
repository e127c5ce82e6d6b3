// Text of the guest on its way to people or to programs, as the option says: nothing that acts on a
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

static char buffer[OUTPUT];

static void text(const uint8_t *p, size_t n) {
  struct kl_text out = kl_text_into(buffer, sizeof buffer);
  cli_escape(&out, p, n);
  require_plain(&out);
  size_t width = cli_width(out.buffer, out.used);
  FUZZ_REQUIRE(width <= 2 * out.used);
  size_t wanted = n % 5, fits = cli_fit(out.buffer, out.used, wanted);
  FUZZ_REQUIRE(fits <= out.used && cli_width(out.buffer, fits) <= wanted);
}

static void line(const uint8_t *p, size_t n) {
  struct kl_text out = kl_text_into(buffer, sizeof buffer);
  cli_escape_line(&out, (const char *)p, n);
  require_plain(&out);
}

static void json(const uint8_t *p, size_t n) {
  struct kl_text out = kl_text_into(buffer, sizeof buffer);
  kl_text_json_string(&out, p, n);
  require_plain(&out);
  require_json_string(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static void (*const ways[])(const uint8_t *p, size_t n) = {text, line, json};
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  uint8_t way = fuzz_option8(&input) % (sizeof ways / sizeof *ways);
  n = input.body.n < INPUT ? input.body.n : INPUT;
  struct fuzz_guarded guarded = fuzz_guard(input.body.p, n, n % 2);
  ways[way](guarded.p, n);
  fuzz_release(&guarded);
  return 0;
}
