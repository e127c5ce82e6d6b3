// The scanner, and its detectors.
#include "kernel/scan.h"

#include "base/checked.h"
#include "base/memory.h"

enum { PAGE_BYTES = 4096, PROGRESS_BYTES = 16 << 20 };

enum kl_status kl_scan_init(struct kl_scan *scan, struct kl_arena *arena, struct kl_image *image, unsigned marks,
                            uint64_t start, uint64_t end) {
  *scan = (struct kl_scan){.image = image, .marks = marks, .next = start, .end = end ? end : UINT64_MAX};
  scan->total = kl_min(kl_image_bytes(image), scan->end - start);
  return kl_arena_take(arena, KL_SCAN_COPY, 1, 64, &scan->buffer);
}

// Copies what can be read; the rest stays zero and marks nothing.
static enum kl_status copy_chunk(struct kl_scan *scan, size_t n) {
  for (size_t at = 0; at < n;) {
    size_t part = (size_t)kl_min(n - at, PAGE_BYTES - (scan->phys + at) % PAGE_BYTES);
    enum kl_status status = kl_image_read(scan->image, scan->phys + at, scan->buffer + at, part);
    if (status == KL_ERR_CANCELLED)
      return status;
    if (status != KL_OK)
      memset(scan->buffer + at, 0, part);
    at += part;
  }
  scan->bytes = scan->buffer;
  return KL_OK;
}

static enum kl_status tell(struct kl_scan *scan) {
  if (!scan->progress || !scan->progress->report || scan->done - scan->told < PROGRESS_BYTES)
    return KL_OK;
  scan->told = scan->done;
  return scan->progress->report(scan->progress->user, scan->stage, kl_min(scan->done, scan->total), scan->total)
             ? KL_OK
             : KL_ERR_CANCELLED;
}

static enum kl_status next_chunk(struct kl_scan *scan) {
  struct kl_segment segment;
  do {
    if (scan->next >= scan->end)
      return KL_END;
    KL_TRY(kl_image_segment(scan->image, scan->next, &segment));
    if (segment.start >= scan->end)
      return KL_END;
    if (segment.state != KL_SEGMENT_FILE)
      scan->next = segment.end;
  } while (segment.state != KL_SEGMENT_FILE);
  scan->phys = kl_max(scan->next, segment.start);
  uint64_t end = kl_min(segment.end, scan->end);
  // Chunks end on chunk borders, so that detectors keep their alignment.
  end = kl_min(end, (scan->phys | (KL_SCAN_CHUNK - 1)) + 1);
  bool stable;
  size_t n = (size_t)(end - scan->phys);
  if (kl_image_lend(scan->image, scan->phys, n, &scan->bytes, &stable) != KL_OK || !stable) {
    end = kl_min(end, (scan->phys | (KL_SCAN_COPY - 1)) + 1);
    n = (size_t)(end - scan->phys);
    KL_TRY(copy_chunk(scan, n));
  }
  scan->n = n;
  scan->mark = 1;
  scan->at = 0;
  scan->next = end;
  scan->done += n;
  return tell(scan);
}

// ── Detectors ──────────────────────────────────────────────────────────────
// Each looks from at on and gives the place of its next mark within the chunk,
// or n. They read whole words at multiples of their stride (from the chunk's
// start, which is aligned to a page wherever segments are).

static const uint64_t OSRELEAS = 0x5341454c4552534f, VMCOREIN = 0x4e4945524f434d56, LINUX_VE = 0x65762078756e694c,
                      SWAPPER = 0x0072657070617773;
static const uint64_t SWAPPER_0 = 0x30; // what follows "swapper/" in 8 bytes, NUL included: only the low 2 matter

enum { NOTE_NAME = 12, NOTE_TEXT = 24 }; // an ELF note's "VMCOREINFO", and its text

static size_t find_vmcoreinfo(const uint8_t *p, size_t at, size_t n) {
  for (; n >= PAGE_BYTES && at <= n - PAGE_BYTES; at += PAGE_BYTES)
    if (kl_le64(p + at) == OSRELEAS || kl_le64(p + at + NOTE_NAME) == VMCOREIN)
      return at;
  return n;
}

// Four bytes of "d\0d+1\0", or of that shifted by one: 20 bytes of ten tokens
// hold such a word at every multiple of 16.
static bool looks_like_digits(uint32_t v) {
  uint32_t even = v & 0x00ff00ff, odd = v >> 8 & 0x00ff00ff;
  uint32_t digits = even ? even : odd;
  if ((even && odd) || (digits >> 16) != (digits & 0xff) + 1)
    return false;
  return (digits & 0xff) >= '0' && (digits & 0xff) < '9';
}

// Sixteen bytes as four words, in the compiler's own form of vectors. (Every
// machine that this is built for is little-endian. Freestanding, only the builtin
// copies without a call.)
typedef uint32_t four __attribute__((vector_size(16)));
enum { BLOCK = 64 };

static bool is_any(const uint64_t halves[2]) {
  return halves[0] | halves[1];
}

// Blocks of 64 bytes in which no word, masked, is one of two are stepped over.
static inline size_t skip(const uint8_t *p, size_t at, size_t n, uint32_t mask, uint32_t one, uint32_t other) {
  for (; n >= BLOCK && at <= n - BLOCK; at += BLOCK) {
    four any = {0};
    uint64_t halves[2];
    for (size_t i = 0; i < BLOCK; i += sizeof any) {
      four words;
      __builtin_memcpy(&words, p + at + i, sizeof words);
      words &= mask;
      any |= (four)(words == one) | (four)(words == other);
    }
    __builtin_memcpy(halves, &any, sizeof halves);
    if (is_any(halves))
      return at;
  }
  return at;
}

static size_t find_tokens(const uint8_t *p, size_t at, size_t n) {
  while (n >= 4 && at <= n - 4) {
    if (at % BLOCK == 0)
      at = skip(p, at, n, 0xf0f0f0f0, 0x00300030, 0x30003000); // '0' to '9' and NULs
    for (size_t end = at - at % BLOCK + BLOCK; at < end && at <= n - 4; at += 16)
      if (looks_like_digits(kl_le32(p + at)))
        return at;
  }
  return n;
}

enum { BTF_MASK = 0xffffff, BTF_HEAD = 0x01eb9f };

static size_t find_btf(const uint8_t *p, size_t at, size_t n) {
  while (n >= 4 && at <= n - 4) {
    if (at % BLOCK == 0)
      at = skip(p, at, n, BTF_MASK, BTF_HEAD, BTF_HEAD);
    for (size_t end = at - at % BLOCK + BLOCK; at < end && at <= n - 4; at += 4)
      if ((kl_le32(p + at) & BTF_MASK) == BTF_HEAD)
        return at;
  }
  return n;
}

static size_t find_banner(const uint8_t *p, size_t at, size_t n) {
  for (; n >= 8 && at <= n - 8; at += 8)
    if (kl_le64(p + at) == LINUX_VE)
      return at;
  return n;
}

static size_t find_swapper(const uint8_t *p, size_t at, size_t n) {
  for (; n >= 16 && at <= n - 16; at += 8) {
    uint64_t v = kl_le64(p + at);
    if ((v & 0x00ffffffffffffff) != SWAPPER)
      continue;
    if (v == SWAPPER || (v >> 56 == '/' && (kl_le64(p + at + 8) & 0xffff) == SWAPPER_0))
      return at;
  }
  return n;
}

static size_t stride_of(unsigned mark) {
  switch (mark) {
  case KL_MARK_VMCOREINFO:
    return PAGE_BYTES;
  case KL_MARK_TOKENS:
    return 16;
  case KL_MARK_BTF:
    return 4;
  default:
    return 8;
  }
}

static size_t find(unsigned mark, const uint8_t *p, size_t at, size_t n) {
  switch (mark) {
  case KL_MARK_VMCOREINFO:
    return find_vmcoreinfo(p, at, n);
  case KL_MARK_TOKENS:
    return find_tokens(p, at, n);
  case KL_MARK_BTF:
    return find_btf(p, at, n);
  case KL_MARK_BANNER:
    return find_banner(p, at, n);
  case KL_MARK_SWAPPER:
    return find_swapper(p, at, n);
  default:
    return n;
  }
}

enum { RUN = 20 };
static const char run[RUN] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";

// From the word that looked like digits to the whole run of ten tokens.
static bool digits_around(struct kl_scan *scan, uint64_t *phys) {
  uint8_t word[4], bytes[RUN];
  if (kl_image_read(scan->image, *phys, word, 4) != KL_OK)
    return false;
  uint64_t into = word[0] ? 2u * (word[0] - '0') : 2u * (word[1] - '0') - 1u;
  if (into > *phys || kl_image_read(scan->image, *phys - into, bytes, RUN) != KL_OK || memcmp(bytes, run, RUN) != 0)
    return false;
  *phys -= into;
  return true;
}

// The full check of a mark, and the address that is given for it.
static bool confirm(struct kl_scan *scan, unsigned mark, uint64_t *phys) {
  uint8_t bytes[14];
  switch (mark) {
  case KL_MARK_VMCOREINFO:
    if (kl_image_read(scan->image, *phys, bytes, 10) != KL_OK)
      return false;
    if (memcmp(bytes, "OSRELEASE=", 10) == 0)
      return true;
    *phys += NOTE_TEXT;
    return kl_image_read(scan->image, *phys, bytes, 10) == KL_OK && memcmp(bytes, "OSRELEASE=", 10) == 0;
  case KL_MARK_TOKENS:
    return digits_around(scan, phys);
  case KL_MARK_BANNER:
    return kl_image_read(scan->image, *phys, bytes, 14) == KL_OK && memcmp(bytes, "Linux version ", 14) == 0;
  default:
    return true;
  }
}

enum kl_status kl_scan_next(struct kl_scan *scan, enum kl_mark *mark, uint64_t *phys) {
  for (;;) {
    while (scan->bytes && scan->mark <= scan->marks) {
      if (!(scan->mark & scan->marks)) {
        scan->mark <<= 1;
        continue;
      }
      size_t hit = find(scan->mark, scan->bytes, scan->at, scan->n);
      if (hit >= scan->n) {
        scan->mark <<= 1;
        scan->at = 0;
        continue;
      }
      scan->at = hit + stride_of(scan->mark);
      *mark = (enum kl_mark)scan->mark;
      *phys = scan->phys + hit;
      if (!confirm(scan, scan->mark, phys) || (scan->mark == scan->last_mark && *phys == scan->last_phys))
        continue;
      scan->last_mark = scan->mark;
      scan->last_phys = *phys;
      return KL_OK;
    }
    KL_TRY(next_chunk(scan));
  }
}
