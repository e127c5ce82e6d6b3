// Every fault at every place, over files of memory.
//
//   container_faults STRIDE TAIL FILE...    every STRIDE-th place; the last TAIL bytes are no part of a file
//
// A file is opened, its segments are gone through, and every page is read. The
// k-th read fails, once or from then on, for I/O or because it was cancelled;
// the k-th read gives rubbish; the workspace has k bytes; the file ends after k
// bytes. What must hold: all ends within few more reads; a page that is given is
// the page of the whole file, and one that the whole file has and this does not
// give has a reason; the same fault gives the same; what was opened can be used
// when the fault is over.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../frontends/io/io.h"
#include "../../fuzz/harness.h"
#include "../diff/files.h"
#include "image/image.h"

enum { PAGES = 512, PAGE = 4096, READS_MORE = 4096, NOTES = 64 };
enum { LARGE = 1 << 16 }; // what is larger is gone through in larger steps

static uint64_t stride, faults, failures;
static struct kl_codec codec;

static struct {
  const char *file, *fault, *told;
  uint64_t at;
} trying;

static void expect(bool true_, const char *what) {
  if (true_)
    return;
  failures++;
  if (trying.told != trying.fault) // one line for each file and kind of fault
    printf("%s: %s at %llu: %s\n", trying.file, trying.fault, (unsigned long long)trying.at, what);
  trying.told = trying.fault;
}

// ── The source ─────────────────────────────────────────────────────────────

struct file {
  struct kl_source source;
  const uint8_t *p;
  uint64_t reads, fail_at;
  bool once, poison;
  enum kl_status failure;
};

static enum kl_status read_file(void *user, uint64_t offset, void *dst, size_t n) {
  struct file *f = user;
  FUZZ_REQUIRE(offset <= f->source.bytes && n <= f->source.bytes - offset);
  f->reads++;
  bool fails = f->fail_at && (f->once ? f->reads == f->fail_at : f->reads >= f->fail_at);
  if (fails && !f->poison)
    return f->failure;
  if (n)
    memcpy(dst, f->p + offset, n);
  if (n && fails)
    memset(dst, 0x5a, n);
  return KL_OK;
}

// ── Reading ────────────────────────────────────────────────────────────────

struct opened {
  enum kl_status status;
  struct kl_arena arena;
  struct kl_image *image;
  struct kl_diagnostic notes[NOTES];
  struct kl_diagnostics diagnostics;
};

// All that a file gives: of each page its address, how reading it ended, and a
// hash of its bytes.
struct reading {
  enum kl_status status;
  const char *container;
  bool incomplete;
  size_t n;
  struct page {
    uint64_t phys, sum;
    enum kl_status status;
  } pages[PAGES];
};

static uint64_t mix(uint64_t sum, const uint8_t *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    sum = (sum ^ p[i]) * 0x100000001b3;
  return sum;
}

static void open_file(struct file *f, size_t bytes, struct opened *o) {
  static struct kl_limits limits;
  limits = kl_limits_default();
  limits.block_cache_bytes = 1 << 17; // some pages must leave it
  kl_arena_init(&o->arena, fuzz_workspace_begin(bytes), bytes);
  o->diagnostics = (struct kl_diagnostics){.items = o->notes, .capacity = NOTES};
  o->status = fuzz_status(kl_image_open(&o->arena, &f->source, 1, &codec, &limits, &o->diagnostics, &o->image));
}

static void read_all(const struct opened *o, struct reading *r) {
  static uint8_t page[PAGE];
  struct kl_segment s;
  *r = (struct reading){.status = o->status};
  if (o->status != KL_OK)
    return;
  r->container = kl_image_facts(o->image)->container;
  r->incomplete = kl_image_facts(o->image)->incomplete;
  for (uint64_t at = 0; kl_image_segment(o->image, at, &s) == KL_OK; at = s.end) {
    FUZZ_REQUIRE(s.end > s.start && s.end > at);
    for (uint64_t phys = s.start & ~(uint64_t)(PAGE - 1); phys < s.end && r->n < PAGES; phys += PAGE) {
      if (r->n && r->pages[r->n - 1].phys >= phys)
        continue;
      struct page *p = &r->pages[r->n++];
      p->phys = phys;
      p->status = fuzz_status(kl_image_read(o->image, phys, page, PAGE));
      p->sum = p->status == KL_OK ? mix(1, page, PAGE) : 0;
    }
  }
}

static void close_file(struct opened *o) {
  fuzz_workspace_end(o->arena.peak);
}

static const struct page *page_at(const struct reading *r, uint64_t phys) {
  for (size_t i = 0; i < r->n; i++)
    if (r->pages[i].phys == phys)
      return &r->pages[i];
  return NULL;
}

static bool same(const struct reading *a, const struct reading *b) {
  if (a->status != b->status || a->n != b->n)
    return false;
  for (size_t i = 0; i < a->n; i++)
    if (a->pages[i].phys != b->pages[i].phys || a->pages[i].status != b->pages[i].status ||
        a->pages[i].sum != b->pages[i].sum)
      return false;
  return true;
}

// What differs from the whole file is an error, or absent from a file that is
// known to be cut.
static void check(const struct reading *whole, const struct reading *r, bool cut) {
  faults++;
  if (r->status != KL_OK)
    return;
  if (strcmp(r->container, whole->container) != 0) // its head is not there: memory of no known form
    return;
  for (size_t i = 0; i < r->n; i++) {
    const struct page *was = page_at(whole, r->pages[i].phys);
    if (r->pages[i].status == KL_OK)
      expect(was && was->status == KL_OK && was->sum == r->pages[i].sum, "a page is another one");
  }
  for (size_t i = 0; i < whole->n; i++) {
    const struct page *now = page_at(r, whole->pages[i].phys);
    if (whole->pages[i].status == KL_OK && !now)
      expect(cut && (r->incomplete || strcmp(r->container, "raw") == 0), "a page is lost, unsaid");
  }
}

// ── Faults ─────────────────────────────────────────────────────────────────

static void with_fault(struct file *f, const struct reading *whole, uint64_t reads, uint64_t at, bool once,
                       enum kl_status failure, bool poison) {
  static struct reading r[2], after;
  trying.fault = poison ? (once ? "a read gives rubbish" : "reads give rubbish")
                 : once ? (failure == KL_ERR_IO ? "a read fails" : "a read is cancelled")
                        : "reads fail";
  trying.at = at;
  for (int i = 0; i < 2; i++) {
    struct opened o;
    f->reads = 0;
    f->fail_at = at;
    f->once = once;
    f->failure = failure;
    f->poison = poison;
    open_file(f, FUZZ_WORKSPACE, &o);
    read_all(&o, &r[i]);
    expect(f->reads <= reads + READS_MORE, "it read far more");
    if (!poison)
      check(whole, &r[i], false);
    f->fail_at = 0; // in what saw the fault
    read_all(&o, &after);
    if (!poison) {
      check(whole, &after, false);
      expect(o.status != KL_OK || same(&after, whole) || o.diagnostics.used, "it has changed, unsaid");
    }
    close_file(&o);
  }
  expect(same(&r[0], &r[1]), "it is not the same again");
}

static void fail_reads(struct file *f, const struct reading *whole, uint64_t reads) {
  for (uint64_t at = 1; at <= reads; at += stride) {
    with_fault(f, whole, reads, at, true, KL_ERR_IO, false);
    with_fault(f, whole, reads, at, false, KL_ERR_IO, false);
    with_fault(f, whole, reads, at, true, KL_ERR_CANCELLED, false);
    with_fault(f, whole, reads, at, true, KL_OK, true);
    with_fault(f, whole, reads, at, false, KL_OK, true);
  }
}

static void shrink_arena(struct file *f, const struct reading *whole, size_t used) {
  static struct reading r;
  trying.fault = "the workspace ends";
  for (size_t bytes = 0; bytes < used; bytes += 16 * (size_t)stride * (1 + used / LARGE)) {
    struct opened o;
    trying.at = bytes;
    open_file(f, bytes, &o);
    read_all(&o, &r);
    check(whole, &r, false);
    close_file(&o);
  }
}

static void cut_file(struct file *f, const struct reading *whole) {
  static struct reading r[2];
  uint64_t bytes = f->source.bytes;
  trying.fault = "the file ends";
  for (uint64_t cut = 0; cut < bytes; cut += stride * (1 + bytes / LARGE)) {
    trying.at = cut;
    f->source.bytes = cut;
    for (int i = 0; i < 2; i++) {
      struct opened o;
      open_file(f, FUZZ_WORKSPACE, &o);
      read_all(&o, &r[i]);
      close_file(&o);
    }
    check(whole, &r[0], true);
    expect(same(&r[0], &r[1]), "it is not the same again");
  }
  f->source.bytes = bytes;
}

static void try_file(const char *path, size_t tail) {
  static struct reading whole;
  struct kl_bytes bytes = file_bytes(path);
  struct file f = {.p = bytes.p};
  struct opened o;
  trying.file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  trying.told = NULL;
  f.source =
      (struct kl_source){.user = &f, .bytes = bytes.n - (bytes.n < tail ? bytes.n : tail), .read = read_file};
  open_file(&f, FUZZ_WORKSPACE, &o);
  read_all(&o, &whole);
  uint64_t reads = f.reads;
  size_t used = o.arena.peak;
  close_file(&o);
  if (whole.status != KL_OK || !whole.n) {
    printf("%s: %s\n", trying.file, kl_status_text(whole.status));
    failures++;
  }
  fail_reads(&f, &whole, reads);
  shrink_arena(&f, &whole, used);
  cut_file(&f, &whole);
  file_free(bytes);
}

int main(int argc, char **argv) {
  if (argc < 4)
    return 2;
  struct io_codec *made = io_codec_create();
  FUZZ_REQUIRE(made != NULL);
  codec = io_codec_calls(made);
  stride = strtoull(argv[1], NULL, 0);
  for (int i = 3; i < argc; i++)
    try_file(argv[i], strtoull(argv[2], NULL, 0));
  io_codec_destroy(made);
  printf("%d files, %llu faults, %llu failures\n", argc - 3, (unsigned long long)faults,
         (unsigned long long)failures);
  return failures ? 1 : 0;
}
