// The decompressor that the core is given. Outputs are bounded by the caller;
// no method allocates by what its input says.
#include "io.h"

#include <limits.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

struct io_codec {
  z_stream zlib;
  bool has_zlib;
  ZSTD_DCtx *zstd;
};

// Each gives how many bytes came out, or false.
typedef bool method(struct io_codec *codec, const uint8_t *in, size_t in_n, uint8_t *out, size_t out_cap,
                    size_t *out_n);

static bool inflate_zlib(struct io_codec *codec, const uint8_t *in, size_t in_n, uint8_t *out, size_t out_cap,
                         size_t *out_n) {
  z_stream *z = &codec->zlib;
  if (in_n > UINT_MAX || out_cap > UINT_MAX || inflateReset(z) != Z_OK)
    return false;
  z->next_in = (z_const Bytef *)(uintptr_t)in; // zlib reads it only
  z->avail_in = (uInt)in_n;
  z->next_out = out;
  z->avail_out = (uInt)out_cap;
  if (inflate(z, Z_FINISH) != Z_STREAM_END)
    return false;
  *out_n = out_cap - z->avail_out;
  return true;
}

static bool inflate_lzo(struct io_codec *codec, const uint8_t *in, size_t in_n, uint8_t *out, size_t out_cap,
                        size_t *out_n) {
  (void)codec;
  lzo_uint n = out_cap;
  if (lzo1x_decompress_safe(in, in_n, out, &n, NULL) != LZO_E_OK || n > out_cap)
    return false;
  *out_n = n;
  return true;
}

static bool inflate_snappy(struct io_codec *codec, const uint8_t *in, size_t in_n, uint8_t *out, size_t out_cap,
                           size_t *out_n) {
  (void)codec;
  size_t n;
  const char *block = (const char *)in;
  if (snappy_uncompressed_length(block, in_n, &n) != SNAPPY_OK || n > out_cap)
    return false;
  if (snappy_uncompress(block, in_n, (char *)out, &n) != SNAPPY_OK)
    return false;
  *out_n = n;
  return true;
}

static bool inflate_zstd(struct io_codec *codec, const uint8_t *in, size_t in_n, uint8_t *out, size_t out_cap,
                         size_t *out_n) {
  size_t n = ZSTD_decompressDCtx(codec->zstd, out, out_cap, in, in_n);
  if (ZSTD_isError(n))
    return false;
  *out_n = n;
  return true;
}

static method *const methods[] = {
    [KL_METHOD_ZLIB] = inflate_zlib,
    [KL_METHOD_LZO] = inflate_lzo,
    [KL_METHOD_SNAPPY] = inflate_snappy,
    [KL_METHOD_ZSTD] = inflate_zstd,
};
enum { METHODS = sizeof methods / sizeof *methods };

static enum kl_status codec_inflate(void *user, enum kl_method number, const uint8_t *in, size_t in_n, uint8_t *out,
                                    size_t out_cap, size_t *out_n) {
  if ((size_t)number >= METHODS)
    return KL_ERR_UNSUPPORTED;
  return methods[number](user, in, in_n, out, out_cap, out_n) ? KL_OK : KL_ERR_MALFORMED;
}

struct io_codec *io_codec_create(void) {
  struct io_codec *codec = calloc(1, sizeof *codec);
  if (!codec)
    return NULL;
  codec->has_zlib = inflateInit(&codec->zlib) == Z_OK;
  codec->zstd = ZSTD_createDCtx();
  if (codec->has_zlib && codec->zstd && lzo_init() == LZO_E_OK)
    return codec;
  io_codec_destroy(codec);
  return NULL;
}

void io_codec_destroy(struct io_codec *codec) {
  if (!codec)
    return;
  if (codec->has_zlib)
    inflateEnd(&codec->zlib);
  ZSTD_freeDCtx(codec->zstd);
  free(codec);
}

struct kl_codec io_codec_calls(struct io_codec *codec) {
  return (struct kl_codec){.user = codec, .inflate = codec_inflate};
}
