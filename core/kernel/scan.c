// The scanner: memory in chunks, and the marks of each.
#include "kernel/scan.h"

#include "base/checked.h"
#include "base/memory.h"

enum { PROGRESS_BYTES = 16 << 20 };

// Whether memory can be looked at where it lies, as its first page tells.
static bool lends(struct kl_image *image, uint64_t start) {
  struct kl_segment segment;
  const uint8_t *p;
  bool stable = false;
  for (; kl_image_segment(image, start, &segment) == KL_OK; start = segment.end)
    if (segment.state == KL_SEGMENT_FILE)
      return kl_image_lend(image, kl_max(start, segment.start), 1, &p, &stable) == KL_OK && stable;
  return false;
}

enum kl_status kl_scan_init(struct kl_scan *scan, struct kl_arena *arena, struct kl_image *image, unsigned marks,
                            uint64_t start, uint64_t end) {
  *scan = (struct kl_scan){.image = image, .marks = marks, .next = start, .end = end ? end : UINT64_MAX};
  scan->total = kl_min(kl_image_bytes(image), scan->end - start);
  scan->last_tokens = UINT64_MAX;
  scan->below = kl_image_end(image);
  scan->lends = lends(image, start);
  return kl_arena_take(arena, KL_SCAN_COPY, 1, 64, &scan->buffer);
}

// Copies what can be read; the rest stays zero and marks nothing.
static enum kl_status copy_chunk(struct kl_scan *scan, size_t n) {
  for (size_t at = 0; at < n;) {
    size_t part = (size_t)kl_min(n - at, KL_MARK_PAGE - (scan->phys + at) % KL_MARK_PAGE);
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
  scan->block = scan->page = 0;
  scan->mark = 0;
  scan->zeros.end = 0;
  scan->next = end;
  scan->done += n;
  return tell(scan);
}

// ── Marks ──────────────────────────────────────────────────────────────────

// Marks of words: only blocks that may hold one are looked at, for each kind.
// Gives 0 when there is no more in this chunk.
static enum kl_mark next_of_words(struct kl_scan *scan, size_t *at) {
  for (; scan->block < scan->n; scan->block += KL_MARK_BLOCK, scan->mark = 0) {
    if (!scan->mark) {
      scan->block = kl_marks_skip(scan->bytes, scan->block, scan->n, scan->marks);
      scan->mark = 1;
      scan->at = scan->block;
    }
    size_t end = (size_t)kl_min(scan->block + KL_MARK_BLOCK, scan->n);
    for (; scan->mark <= KL_MARKS_OF_WORDS; scan->mark <<= 1, scan->at = scan->block) {
      enum kl_mark mark = (enum kl_mark)(scan->mark & scan->marks & KL_MARKS_OF_WORDS);
      while (mark && scan->at < end) {
        *at = scan->at;
        scan->at += kl_mark_stride(mark);
        if (kl_mark_stands(mark, scan->bytes, *at, scan->n))
          return mark;
      }
    }
  }
  return (enum kl_mark)0;
}

static enum kl_mark next_of_pages(struct kl_scan *scan, size_t *at) {
  unsigned marks = scan->marks & KL_MARKS_OF_PAGES;
  for (; marks && scan->page < scan->n; scan->page += KL_MARK_PAGE, scan->mark = 0) {
    *at = scan->page;
    if (scan->mark < KL_MARK_VMCOREINFO) {
      scan->mark = KL_MARK_VMCOREINFO;
      if (marks & scan->mark && kl_mark_stands(KL_MARK_VMCOREINFO, scan->bytes, *at, scan->n))
        return KL_MARK_VMCOREINFO;
    }
    if (scan->mark < KL_MARK_ROOT) {
      scan->mark = KL_MARK_ROOT;
      if (marks & scan->mark &&
          kl_may_be_root(scan->bytes, *at, scan->n, scan->phys + *at, scan->below, &scan->zeros))
        return KL_MARK_ROOT;
    }
  }
  return (enum kl_mark)0;
}

enum { RUN = 20, NOTE_TEXT = 24 }; // ten tokens; where a note of VMCOREINFO has its text
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
  if (*phys == scan->last_tokens)
    return false;
  scan->last_tokens = *phys;
  return true;
}

// The full check of a mark, and the address that is given for it.
static bool confirm(struct kl_scan *scan, enum kl_mark mark, uint64_t *phys) {
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
  case KL_MARK_BTF:
  case KL_MARK_SWAPPER:
  case KL_MARK_ROOT:
  default:
    return true;
  }
}

enum kl_status kl_scan_next(struct kl_scan *scan, enum kl_mark *mark, uint64_t *phys) {
  for (;;) {
    size_t at = 0;
    enum kl_mark found = (enum kl_mark)0;
    if (scan->bytes)
      found = next_of_words(scan, &at);
    if (scan->bytes && !found)
      found = next_of_pages(scan, &at);
    if (!found) {
      KL_TRY(next_chunk(scan));
      continue;
    }
    *mark = found;
    *phys = scan->phys + at;
    if (confirm(scan, found, phys))
      return KL_OK;
  }
}
