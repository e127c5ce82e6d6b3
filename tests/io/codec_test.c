// The decompressor: what its libraries compressed comes back, and nothing
// larger than the caller's buffer ever does.
#include "child.h"

#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include "io.h"

enum { PAGE = 4096, ROOM = 3 * 65536 };

struct packed {
  enum kl_method method;
  uint8_t bytes[ROOM];
  size_t n;
};

static void pack(struct packed *p, enum kl_method method, const uint8_t *in, size_t n) {
  static uint8_t work[LZO1X_1_MEM_COMPRESS];
  p->method = method;
  p->n = sizeof p->bytes;
  if (method == KL_METHOD_ZLIB) {
    uLongf size = p->n;
    assert_int_equal(compress2(p->bytes, &size, in, n, 6), Z_OK);
    p->n = size;
  } else if (method == KL_METHOD_LZO) {
    lzo_uint size = p->n;
    assert_int_equal(lzo_init(), LZO_E_OK);
    assert_int_equal(lzo1x_1_compress(in, n, p->bytes, &size, work), LZO_E_OK);
    p->n = size;
  } else if (method == KL_METHOD_SNAPPY) {
    assert_int_equal(snappy_compress((const char *)in, n, (char *)p->bytes, &p->n), SNAPPY_OK);
  } else {
    p->n = ZSTD_compress(p->bytes, p->n, in, n, 3);
    assert_false(ZSTD_isError(p->n));
  }
}

static const enum kl_method methods[] = {KL_METHOD_ZLIB, KL_METHOD_LZO, KL_METHOD_SNAPPY, KL_METHOD_ZSTD};
enum { METHODS = sizeof methods / sizeof *methods };

static uint8_t page[65536];
static struct packed packed;

// Something between text and noise.
static void fill_page(void) {
  uint32_t random = 1;
  for (size_t i = 0; i < sizeof page; i++) {
    random = random * 1664525 + 1013904223;
    page[i] = (uint8_t)(i % 64 < 40 ? i % 7 : random >> 24);
  }
}

static void what_was_compressed_comes_back(void **state) {
  (void)state;
  static const size_t sizes[] = {1, PAGE, 16384, 65536};
  struct io_codec *codec = io_codec_create();
  struct kl_codec c = io_codec_calls(codec);
  fill_page();
  for (size_t m = 0; m < METHODS; m++)
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      static uint8_t out[65536];
      size_t n = 0;
      pack(&packed, methods[m], page, sizes[s]);
      for (int again = 0; again < 2; again++) {
        memset(out, 0xee, sizeof out);
        assert_int_equal(c.inflate(c.user, methods[m], packed.bytes, packed.n, out, sizes[s], &n), KL_OK);
        assert_int_equal(n, sizes[s]);
        assert_memory_equal(out, page, n);
      }
    }
  io_codec_destroy(codec);
  io_codec_destroy(NULL);
}

static void output_never_passes_the_buffer(void **state) {
  (void)state;
  struct io_codec *codec = io_codec_create();
  struct kl_codec c = io_codec_calls(codec);
  static uint8_t zeros[65536];
  for (size_t m = 0; m < METHODS; m++) { // 64 KiB out of a few bytes, into less
    pack(&packed, methods[m], zeros, sizeof zeros);
    for (size_t cap = 0; cap < 65536; cap = cap * 2 + 1) {
      uint8_t *out = malloc(cap + 16);
      size_t n = 0;
      memset(out, 0xee, cap + 16);
      assert_int_equal(c.inflate(c.user, methods[m], packed.bytes, packed.n, out, cap, &n), KL_ERR_MALFORMED);
      for (size_t i = cap; i < cap + 16; i++)
        assert_int_equal(out[i], 0xee);
      free(out);
    }
  }
  io_codec_destroy(codec);
}

static void cut_input_is_malformed(void **state) {
  (void)state;
  struct io_codec *codec = io_codec_create();
  struct kl_codec c = io_codec_calls(codec);
  fill_page();
  for (size_t m = 0; m < METHODS; m++) {
    pack(&packed, methods[m], page, PAGE);
    for (size_t cut = 0; cut < packed.n; cut++) {
      uint8_t out[PAGE], *in = malloc(cut + 1);
      size_t n = 0;
      memcpy(in, packed.bytes, cut);
      enum kl_status status = c.inflate(c.user, methods[m], in, cut, out, sizeof out, &n);
      // zstd takes nothing at all as no frame, which is nothing.
      assert_true(status == KL_ERR_MALFORMED || (cut == 0 && n == 0));
      free(in);
    }
  }
  io_codec_destroy(codec);
}

static void noise_is_survived(void **state) {
  (void)state;
  struct io_codec *codec = io_codec_create();
  struct kl_codec c = io_codec_calls(codec);
  uint64_t random = 1;
  fill_page();
  for (size_t m = 0; m < METHODS; m++)
    for (int round = 0; round < 3000; round++) {
      uint8_t out[PAGE];
      size_t n = 0;
      pack(&packed, methods[m], page, PAGE);
      for (int flips = 0; flips < 4; flips++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        packed.bytes[(random >> 33) % packed.n] ^= (uint8_t)(random >> 20);
      }
      enum kl_status status = c.inflate(c.user, methods[m], packed.bytes, packed.n, out, sizeof out, &n);
      assert_true(status == KL_ERR_MALFORMED || (status == KL_OK && n <= sizeof out));
    }
  io_codec_destroy(codec);
}

static void unknown_method_is_unsupported(void **state) {
  (void)state;
  struct io_codec *codec = io_codec_create();
  struct kl_codec c = io_codec_calls(codec);
  uint8_t out[8];
  size_t n;
  assert_int_equal(c.inflate(c.user, (enum kl_method)99, page, 8, out, 8, &n), KL_ERR_UNSUPPORTED);
  io_codec_destroy(codec);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_compressed_comes_back), cmocka_unit_test(output_never_passes_the_buffer),
      cmocka_unit_test(cut_input_is_malformed),         cmocka_unit_test(noise_is_survived),
      cmocka_unit_test(unknown_method_is_unsupported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
