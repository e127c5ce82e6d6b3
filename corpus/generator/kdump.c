// kdump-compressed files, and flattened ones.
// Source: makedumpfile's IMPLEMENTATION and diskdump_mod.h; QEMU dump/dump.c.
#include <string.h>

#include "containers.h"

enum { DUMP_ZLIB = 1, SUB_HEADER_BYTES = 4096, HEADER_VERSION = 6 };

static void write_header(struct guest *g, uint64_t max_pfn, uint64_t bitmap_blocks, bool zlib, struct bytes *ret) {
  uint8_t *h = bytes_grow(ret, (size_t)g->page);
  memcpy(h, "KDUMP   ", 8);
  store(h + 8, HEADER_VERSION, 4);
  const char *names[6] = {"Linux", g->hostname, g->release, "#1 SMP", g->o.shape->arm ? "aarch64" : "x86_64", ""};
  for (size_t i = 0; i < 6; i++)
    memcpy(h + 12 + 65 * i, names[i], strlen(names[i]));
  store(h + 424, zlib ? DUMP_ZLIB : 0, 4);
  store(h + 428, g->page, 4);
  store(h + 432, round_up(SUB_HEADER_BYTES, g->page) / g->page, 4);
  store(h + 436, bitmap_blocks, 4);
  store(h + 440, max_pfn, 4);
  store(h + 460, g->cpus, 4);
}

// Both bitmaps: which frames there are, which are in the file. Zero pages are
// left out, as dump level 1 does.
static void write_bitmaps(struct guest *g, uint64_t max_pfn, uint64_t blocks, struct bytes *ret) {
  size_t half = (size_t)(blocks * g->page / 2), at = ret->n;
  bytes_grow(ret, 2 * half);
  static const uint8_t zero[65536];
  for (uint64_t pfn = 0; pfn < max_pfn; pfn++) {
    if (!phys_in_ram(g, pfn * g->page))
      continue;
    uint8_t bit = (uint8_t)(1 << pfn % 8);
    ret->p[at + pfn / 8] |= bit;
    if (memcmp(phys_at(g, pfn * g->page, g->page), zero, (size_t)g->page) != 0)
      ret->p[at + half + pfn / 8] |= bit;
  }
}

static void write_kdump_as(struct guest *g, bool zlib, struct bytes *ret) {
  const struct ram *last = &g->ram[g->n_ram - 1];
  uint64_t max_pfn = (last->start + last->bytes) / g->page;
  uint64_t bitmap_blocks = 2 * round_up((max_pfn + 7) / 8, g->page) / g->page;
  write_header(g, max_pfn, bitmap_blocks, zlib, ret);
  size_t sub = ret->n;
  bytes_grow(ret, (size_t)round_up(SUB_HEADER_BYTES, g->page));
  size_t bitmaps = ret->n;
  write_bitmaps(g, max_pfn, bitmap_blocks, ret);

  size_t half = (size_t)(bitmap_blocks * g->page / 2), descriptors = ret->n, n = 0;
  for (size_t i = 0; i < half; i++)
    n += (size_t)__builtin_popcount(ret->p[bitmaps + half + i]);
  bytes_grow(ret, 24 * n);
  size_t info = ret->n;
  bytes_put(ret, g->vmcoreinfo.p, g->vmcoreinfo.n);

  uint8_t *s = ret->p + sub;
  store(s, g->o.shape->arm ? 0 : g->image_phys - (g->image_va - g->kernel_start_map), 8);
  store(s + 8, 1, 4);
  if (g->o.vmcoreinfo) {
    store(s + 32, info, 8);
    store(s + 40, g->vmcoreinfo.n, 8);
  }
  store(s + 88, max_pfn, 8);
  store(s + 96, max_pfn, 8);

  size_t d = descriptors;
  for (uint64_t pfn = 0; pfn < max_pfn; pfn++) {
    if (!(ret->p[bitmaps + half + pfn / 8] >> pfn % 8 & 1))
      continue;
    struct bytes packed = {0};
    const uint8_t *page = phys_at(g, pfn * g->page, g->page);
    if (zlib)
      deflate(page, (size_t)g->page, &packed);
    bool stored = !zlib || packed.n >= g->page;
    store(ret->p + d, ret->n, 8);
    store(ret->p + d + 8, stored ? g->page : packed.n, 4);
    store(ret->p + d + 12, stored ? 0 : DUMP_ZLIB, 4);
    d += 24;
    bytes_put(ret, stored ? page : packed.p, stored ? (size_t)g->page : packed.n);
  }
}

void write_kdump(struct guest *g, struct bytes *ret) {
  write_kdump_as(g, true, ret);
}

void write_kdump_stored(struct guest *g, struct bytes *ret) {
  write_kdump_as(g, false, ret);
}

// A 4096-byte header, then {offset, size, data} in any order, big-endian.
void write_flattened(struct guest *g, struct bytes *ret) {
  struct bytes plain = {0};
  write_kdump_as(g, true, &plain);
  uint8_t *h = bytes_grow(ret, 4096);
  memcpy(h, "makedumpfile", 12);
  store_big(h + 16, 1, 8);
  store_big(h + 24, 1, 8);
  enum { PIECE = 61440 };
  size_t pieces = (plain.n + PIECE - 1) / PIECE;
  for (size_t i = 0; i < pieces; i++) {
    size_t at = (i % 2 ? pieces - 1 - i / 2 : i / 2) * PIECE; // from both ends
    size_t n = plain.n - at < PIECE ? plain.n - at : PIECE;
    store_big(bytes_grow(ret, 8), at, 8);
    store_big(bytes_grow(ret, 8), n, 8);
    bytes_put(ret, plain.p + at, n);
  }
  store_big(bytes_grow(ret, 8), ~0ull, 8);
  store_big(bytes_grow(ret, 8), ~0ull, 8);
}
