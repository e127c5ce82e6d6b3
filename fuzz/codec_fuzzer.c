// The decompressor with its real libraries: an input is one block. What comes
// out stays in its room, is the same each time, and is what the library says it
// is; a whole dump can be read through it. And the frames of AVML, which the core
// reads itself, next to what the library says of them.
//
// Input and output end where memory ends, as the libraries have no sanitizers.
#include <snappy-c.h>
#include <string.h>

#include "../frontends/io/io.h"
#include "image/internal.h"

#include "harness.h"

enum { INPUT = 1 << 16, MOST = 1 << 17, METHODS = KL_METHOD_ZSTD + 1, WORKSPACE = 8 << 20 };

// Of the first option: a method, or one of these.
enum { ASK_FRAME = METHODS, ASK_IMAGE };

static struct kl_codec codec;

static const uint8_t *at_the_end(struct kl_bytes body) {
  static uint8_t *block;
  if (!block)
    block = fuzz_block();
  uint8_t *p = block + FUZZ_WORKSPACE - body.n;
  if (body.n)
    memcpy(p, body.p, body.n);
  return p;
}

static enum kl_status inflate(enum kl_method method, const uint8_t *in, size_t in_n, uint8_t *out, size_t cap,
                              size_t *n) {
  *n = SIZE_MAX;
  enum kl_status status = fuzz_status(codec.inflate(codec.user, method, in, in_n, out, cap, n));
  FUZZ_REQUIRE(status == KL_OK || status == KL_ERR_MALFORMED || (int)method >= METHODS);
  FUZZ_REQUIRE(status != KL_OK || *n <= cap);
  return status;
}

static void ask_block(enum kl_method method, const uint8_t *in, size_t in_n, size_t cap) {
  static uint8_t first[MOST];
  size_t n, again, declared;
  uint8_t *out = fuzz_scratch(cap);
  enum kl_status status = inflate(method, in, in_n, out, cap, &n);
  if (status == KL_OK && n)
    memcpy(first, out, n);
  memset(out, 0xa5, cap);
  FUZZ_REQUIRE(inflate(method, in, in_n, out, cap, &again) == status);
  if (status == KL_OK)
    FUZZ_REQUIRE(again == n && (!n || memcmp(first, out, n) == 0));
  if (status == KL_OK && n) { // less room never suffices; more always does
    FUZZ_REQUIRE(inflate(method, in, in_n, fuzz_scratch(n - 1), n - 1, &again) != KL_OK);
    FUZZ_REQUIRE(inflate(method, in, in_n, fuzz_scratch(n), n, &again) == KL_OK && again == n);
  }
  if (method == KL_METHOD_SNAPPY && status == KL_OK)
    FUZZ_REQUIRE(snappy_uncompressed_length((const char *)in, in_n, &declared) == SNAPPY_OK && declared == n);
}

// One bit at a time, as RFC 3720 has it.
static uint32_t crc32c(const uint8_t *p, size_t n) {
  uint32_t value = 0xffffffff;
  for (size_t i = 0; i < n; i++) {
    value ^= p[i];
    for (int bit = 0; bit < 8; bit++)
      value = value >> 1 ^ (value & 1 ? 0x82f63b78 : 0);
  }
  return ~value;
}

static void ask_frame(const uint8_t *in, size_t in_n) {
  static struct kl_crc32c crc;
  struct kl_snappy_chunk chunk;
  if (!crc.table[0][1])
    kl_crc32c_init(&crc);
  size_t few = in_n < 512 ? in_n : 512;
  uint32_t sum = crc32c(in, few);
  FUZZ_REQUIRE(kl_snappy_checksum(&crc, in, few) == (sum >> 15 | sum << 17) + 0xa282ead8);
  enum kl_status status = fuzz_status(kl_snappy_chunk(kl_bytes_of(in, in_n), &chunk));
  if (in_n < 8 || in[0] != 0) // no compressed chunk
    return;
  size_t length = (size_t)in[1] | (size_t)in[2] << 8 | (size_t)in[3] << 16, declared = 0;
  if (length < 4 || length > in_n - 4)
    return;
  const char *block = (const char *)in + 8;
  bool valid = snappy_uncompressed_length(block, length - 4, &declared) == SNAPPY_OK &&
               snappy_validate_compressed_buffer(block, length - 4) == SNAPPY_OK;
  bool fits =
      declared && declared <= KL_SNAPPY_BLOCK && length - 4 <= snappy_max_compressed_length(KL_SNAPPY_BLOCK);
  FUZZ_REQUIRE(status == KL_OK || !(valid && fits));
  if (status != KL_OK)
    return;
  FUZZ_REQUIRE(chunk.kind == KL_SNAPPY_COMPRESSED && chunk.bytes == 4 + length && chunk.data == 8);
  FUZZ_REQUIRE(!valid || chunk.inflated == declared);
  FUZZ_REQUIRE(chunk.inflated && chunk.inflated <= KL_SNAPPY_BLOCK);
}

static void ask_image(struct fuzz_input *input, const uint8_t *in, size_t in_n) {
  static uint8_t page[4096];
  struct fuzz_source source;
  struct kl_limits limits = fuzz_limits();
  struct kl_arena arena;
  struct kl_image *image;
  struct kl_segment segment;
  fuzz_source_init(&source, in, in_n, input);
  kl_arena_init(&arena, fuzz_workspace_begin(WORKSPACE), WORKSPACE);
  if (fuzz_status(kl_image_open(&arena, &source.source, 1, &codec, &limits, NULL, &image)) == KL_OK) {
    int pages = 0;
    for (uint64_t at = 0; pages < 64 && kl_image_segment(image, at, &segment) == KL_OK; at = segment.end) {
      FUZZ_REQUIRE(segment.start >= at && segment.end > segment.start);
      for (uint64_t phys = segment.start; pages < 64 && phys < segment.end; phys += sizeof page, pages++)
        (void)fuzz_status(kl_image_read(image, phys, page, sizeof page));
    }
  }
  fuzz_workspace_end(arena.peak);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  if (!codec.inflate) {
    fuzz_leak_begin();
    struct io_codec *made = io_codec_create();
    fuzz_leak_end();
    FUZZ_REQUIRE(made != NULL);
    codec = io_codec_calls(made);
  }
  struct kl_bytes body = {input.body.p, input.body.n < INPUT ? input.body.n : INPUT};
  unsigned ask = fuzz_option8(&input) % (ASK_IMAGE + 1);
  const uint8_t *in = at_the_end(body);
  if (ask == ASK_FRAME)
    ask_frame(in, body.n);
  else if (ask == ASK_IMAGE)
    ask_image(&input, in, body.n);
  else
    ask_block((enum kl_method)ask, in, body.n, fuzz_option32(&input) % (MOST + 1));
  return 0;
}
