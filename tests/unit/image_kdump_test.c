// kdump-compressed files: headers, bitmaps, pages, parts.
#include "image_files.h"

#include "image/bitmap.h"

#include <time.h>

enum { BLOCK = 4096, DESCRIPTOR = 24 };

// What a page of the file is.
enum page_kind { GONE, FILTERED, STORED, ZLIB, LZO, SNAPPY, ZSTD };
static const uint32_t flags_of[] = {[STORED] = 0, [ZLIB] = 1, [LZO] = 2, [SNAPPY] = 4, [ZSTD] = 0x20};

struct shape {
  const uint8_t *kinds; // enum page_kind of each page
  uint64_t pages;
  uint32_t version, block;
  bool split;
  uint64_t start, end;
};

static size_t bitmap_blocks(const struct shape *s) {
  return (size_t)((s->pages + 8 * s->block - 1) / (8 * s->block));
}
static size_t bitmaps_at(const struct shape *s) {
  return 2 * s->block; // header and one block of sub-header
}
static size_t descriptors_at(const struct shape *s) {
  return bitmaps_at(s) + 2 * bitmap_blocks(s) * s->block;
}

static void put_headers(struct file *f, const struct shape *s) {
  file_grow(f, descriptors_at(s));
  file_put(f, 0, "KDUMP   ", 8);
  file_le(f, 8, s->version, 4);
  file_put(f, 12 + 4 * 65, "x86_64", 7);
  file_le(f, 424, 1, 4);
  file_le(f, 428, s->block, 4);
  file_le(f, 432, 1, 4);
  file_le(f, 436, 2 * bitmap_blocks(s), 4);
  file_le(f, 440, s->version >= 6 ? 0 : s->pages, 4);
  file_le(f, s->block, 0x1000000, 8); // phys_base
  file_le(f, s->block + 12, s->split, 4);
  file_le(f, s->block + 16, s->start, 8);
  file_le(f, s->block + 24, s->end, 8);
  if (s->version < 6)
    return;
  file_le(f, s->block + 80, s->start, 8);
  file_le(f, s->block + 88, s->end, 8);
  file_le(f, s->block + 96, s->pages, 8);
}

// The value that page i is filled with.
static uint8_t byte_of(uint64_t i) {
  return (uint8_t)(1 + i % 251);
}

static size_t put_page(struct file *f, size_t at, const struct shape *s, uint64_t i) {
  if (s->kinds[i] == STORED) {
    file_fill(f, at, byte_of(i), s->block);
    return s->block;
  }
  size_t skip = 0;
  if (s->kinds[i] == SNAPPY) { // its varint: 4096 or 65536
    file_put(f, at, s->block == 4096 ? "\x80\x20" : "\x80\x80\x04", 3);
    skip = s->block == 4096 ? 2 : 3;
  }
  return skip + put_pairs(f, at + skip, byte_of(i), s->block);
}

static struct file make(const struct shape *s) {
  struct file f = {0};
  put_headers(&f, s);
  size_t first = bitmaps_at(s), second = first + bitmap_blocks(s) * s->block, n = 0;
  for (uint64_t i = 0; i < s->pages; i++) {
    if (s->kinds[i] != GONE)
      f.p[first + i / 8] |= (uint8_t)(1 << i % 8);
    if (s->kinds[i] < STORED)
      continue;
    f.p[second + i / 8] |= (uint8_t)(1 << i % 8);
    n += i >= s->start && i < s->end;
  }
  size_t descriptor = descriptors_at(s), data = descriptor + n * DESCRIPTOR;
  for (uint64_t i = s->start; i < s->end; i++) {
    if (s->kinds[i] < STORED)
      continue;
    size_t size = put_page(&f, data, s, i);
    file_le(&f, descriptor, data, 8);
    file_le(&f, descriptor + 8, size, 4);
    file_le(&f, descriptor + 12, flags_of[s->kinds[i]], 4);
    descriptor += DESCRIPTOR;
    data += size;
  }
  return f;
}

static void expect_pages(struct opened *o, const struct shape *s) {
  for (uint64_t i = 0; i < s->pages; i++) {
    struct expected page = {i * s->block, (i + 1) * s->block, KL_OK, byte_of(i)};
    if (s->kinds[i] == GONE || i < s->start || i >= s->end)
      page.status = KL_ERR_ABSENT;
    if (s->kinds[i] == FILTERED)
      page.status = KL_ERR_FILTERED;
    expect_runs(o, &page, 1);
  }
}

static const uint8_t mixed[] = {STORED, ZLIB, GONE, LZO, FILTERED, FILTERED, SNAPPY, ZSTD, GONE, STORED};
static const struct shape plain = {mixed, sizeof mixed, 6, BLOCK, false, 0, sizeof mixed};

static void pages_of_every_method_are_read(void **state) {
  (void)state;
  struct file f = make(&plain);
  struct opened o;
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    const struct kl_image_facts *facts = kl_image_facts(o.image);
    assert_string_equal(facts->container, "kdump");
    assert_int_equal(facts->elf_machine, 62);
    assert_true(facts->has_phys_base);
    assert_int_equal(facts->phys_base, 0x1000000);
    assert_false(facts->incomplete);
    assert_int_equal(o.diagnostics.used, 0);
    expect_pages(&o, &plain);
    expect_order(&o);
    size_t data = descriptors_at(&plain) + 6 * DESCRIPTOR;
    expect_segment(&o, 0, 0, 2 * BLOCK, KL_SEGMENT_FILE, data);
    expect_segment(&o, BLOCK + 7, 0, 2 * BLOCK, KL_SEGMENT_FILE, data);
    expect_segment(&o, 4 * BLOCK, 4 * BLOCK, 6 * BLOCK, KL_SEGMENT_FILTERED, 0);
    expect_segment(&o, 8 * BLOCK, 9 * BLOCK, 10 * BLOCK, KL_SEGMENT_FILE, f.n - BLOCK);
    assert_int_equal(kl_image_bytes(o.image), 8 * BLOCK);
    close_image(&o);
  }
  file_free(&f);
}

static void reads_cross_pages_all_or_nothing(void **state) {
  (void)state;
  struct file f = make(&plain);
  struct opened o;
  uint8_t got[2 * BLOCK];
  const uint8_t *lent;
  bool stable;
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_int_equal(kl_image_read(o.image, BLOCK - 1, got, 2), KL_OK);
  assert_int_equal(got[0], byte_of(0));
  assert_int_equal(got[1], byte_of(1));
  assert_int_equal(kl_image_read(o.image, 2 * BLOCK - 1, got, 2), KL_ERR_ABSENT);
  assert_int_equal(kl_image_read(o.image, 4 * BLOCK - 1, got, 2), KL_ERR_FILTERED);
  assert_int_equal(kl_image_lend(o.image, 0, BLOCK, &lent, &stable), KL_OK);
  assert_true(stable); // stored: the file itself
  assert_int_equal(kl_image_lend(o.image, BLOCK, BLOCK, &lent, &stable), KL_OK);
  assert_false(stable); // decompressed: the cache
  assert_int_equal(kl_image_lend(o.image, BLOCK - 1, 2, &lent, &stable), KL_ERR_UNSUPPORTED);
  close_image(&o);
  file_free(&f);
}

static void every_version_of_the_sub_header_is_read(void **state) {
  (void)state;
  for (uint32_t version = 0; version <= 7; version++) {
    struct shape s = plain;
    s.version = version;
    struct file f = make(&s);
    struct opened o;
    assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
    expect_pages(&o, &s);
    close_image(&o);
    file_free(&f);
  }
}

static void pages_of_64k_are_read(void **state) {
  (void)state; // arm64, and QEMU for arm64 always
  struct shape s = plain;
  s.block = 65536;
  struct file f = make(&s);
  struct opened o;
  file_put(&f, 12 + 4 * 65, "aarch64", 8);
  assert_int_equal(open_files(&o, &f, 1, false, NULL), KL_OK);
  assert_int_equal(kl_image_facts(o.image)->elf_machine, 183);
  expect_pages(&o, &s);
  close_image(&o);
  file_free(&f);
}

static void one_bitmap_is_both(void **state) {
  (void)state; // the older form: what is not there is absent
  struct file f = make(&plain);
  struct opened o;
  size_t second = bitmaps_at(&plain) + BLOCK;
  memmove(f.p + bitmaps_at(&plain), f.p + second, f.n - second);
  f.n -= BLOCK;
  file_put(&f, 0, "DISKDUMP", 8);
  file_le(&f, 436, 1, 4);
  for (size_t d = 0; d < 6; d++) {
    size_t at = descriptors_at(&plain) - BLOCK + d * DESCRIPTOR;
    file_le(&f, at, kl_le64(f.p + at) - BLOCK, 8);
  }
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_byte(&o, 9 * BLOCK, KL_OK, byte_of(9));
  expect_byte(&o, 4 * BLOCK, KL_ERR_ABSENT, 0);
  close_image(&o);
  file_free(&f);
}

static void rank_counts_across_tables(void **state) {
  // More pages than one entry of the rank table counts, and not a multiple.
  (void)state;
  enum { PAGES = 3 * KL_BITMAP_RANK + 77 };
  static uint8_t kinds[PAGES];
  uint64_t random = 1;
  for (size_t i = 0; i < PAGES; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    kinds[i] = (uint8_t)(random >> 33) % 3 == 0 ? ZLIB : (uint8_t)(random >> 41) % 2 ? FILTERED : GONE;
  }
  struct shape s = {kinds, PAGES, 6, BLOCK, false, 0, PAGES};
  struct file f = make(&s);
  struct opened o;
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  for (uint64_t i = 0; i < PAGES; i++)
    expect_byte(&o, i * BLOCK + 9,
                kinds[i] == GONE   ? KL_ERR_ABSENT
                : kinds[i] == ZLIB ? KL_OK
                                   : KL_ERR_FILTERED,
                byte_of(i));
  expect_order(&o);
  // Segments are the runs of equal kinds.
  struct kl_segment segment;
  for (uint64_t i = 0; i < PAGES; i = segment.end / BLOCK) {
    while (i < PAGES && kinds[i] == GONE)
      i++;
    if (i == PAGES)
      break;
    uint64_t end = i;
    while (end < PAGES && kinds[end] == kinds[i])
      end++;
    assert_int_equal(kl_image_segment(o.image, i * BLOCK, &segment), KL_OK);
    assert_int_equal(segment.start, i * BLOCK);
    assert_int_equal(segment.end, end * BLOCK);
    assert_int_equal(segment.state, kinds[i] == ZLIB ? KL_SEGMENT_FILE : KL_SEGMENT_FILTERED);
  }
  close_image(&o);
  file_free(&f);
}

// ── Parts ──────────────────────────────────────────────────────────────────

static void parts_of_a_split_dump_are_one(void **state) {
  (void)state;
  struct shape whole = plain, parts[3] = {plain, plain, plain};
  struct file f[3];
  struct opened o;
  for (size_t i = 0; i < 3; i++) {
    parts[i].split = true;
    parts[i].start = i * 4;
    parts[i].end = i < 2 ? i * 4 + 4 : plain.pages;
    f[2 - i] = make(&parts[i]); // given in another order
  }
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, f, 3, lend, NULL), KL_OK);
    assert_int_equal(o.diagnostics.used, 0);
    expect_pages(&o, &whole);
    expect_order(&o);
    close_image(&o);
  }
  // Without the middle one: what the others hold, and a word about it.
  assert_int_equal(open_files(&o, (struct file[]){f[0], f[2]}, 2, true, NULL), KL_OK);
  assert_true(kl_image_facts(o.image)->incomplete);
  assert_true(has_note(&o, "missing", KL_ERR_ABSENT));
  expect_byte(&o, 3 * BLOCK, KL_OK, byte_of(3));
  expect_byte(&o, 6 * BLOCK, KL_ERR_ABSENT, 0);
  expect_byte(&o, 4 * BLOCK, KL_ERR_FILTERED, 0); // that it was left out is known
  expect_byte(&o, 9 * BLOCK, KL_OK, byte_of(9));
  expect_order(&o);
  close_image(&o);
  // The same one twice.
  assert_int_equal(open_files(&o, (struct file[]){f[0], f[1], f[2], f[1]}, 4, true, NULL), KL_OK);
  assert_true(has_note(&o, "same pages", KL_ERR_MALFORMED));
  expect_pages(&o, &whole);
  close_image(&o);
  // Of another dump.
  file_le(&f[1], BLOCK + 96, 9, 8);
  assert_int_equal(open_files(&o, f, 3, true, NULL), KL_ERR_MALFORMED);
  assert_true(has_note(&o, "not parts of one dump", KL_ERR_MALFORMED));
  close_image(&o);
  for (size_t i = 0; i < 3; i++)
    file_free(&f[i]);
}

static void single_part_says_what_is_missing(void **state) {
  (void)state;
  struct shape part = plain;
  part.split = true;
  part.start = 0;
  part.end = 5;
  struct file f = make(&part);
  struct opened o;
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(has_note(&o, "missing", KL_ERR_ABSENT));
  expect_byte(&o, 3 * BLOCK, KL_OK, byte_of(3));
  expect_byte(&o, 9 * BLOCK, KL_ERR_ABSENT, 0);
  close_image(&o);
  file_free(&f);
}

// ── What is broken ─────────────────────────────────────────────────────────

static void incomplete_files_keep_what_is_there(void **state) {
  (void)state;
  struct file f = make(&plain);
  struct opened o;
  file_le(&f, 424, 1 | 8, 4);
  file_le(&f, descriptors_at(&plain) + 5 * DESCRIPTOR, 0, 8); // not written any more
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(kl_image_facts(o.image)->incomplete);
  expect_byte(&o, 9 * BLOCK, KL_ERR_ABSENT, 0);
  expect_byte(&o, 7 * BLOCK, KL_OK, byte_of(7));
  close_image(&o);
  file_free(&f);
}

static void descriptors_that_point_anywhere_are_survived(void **state) {
  (void)state;
  static const struct {
    uint64_t offset;
    uint32_t bytes, flags;
    enum kl_status status;
  } cases[] = {
      {UINT64_MAX, 100, 1, KL_ERR_ABSENT},   {UINT64_MAX - 50, 100, 1, KL_ERR_ABSENT},
      {1ull << 40, 100, 1, KL_ERR_ABSENT},   {100, 0, 1, KL_ERR_MALFORMED},
      {100, BLOCK + 1, 1, KL_ERR_MALFORMED}, {100, UINT32_MAX, 1, KL_ERR_MALFORMED},
      {100, BLOCK - 1, 0, KL_ERR_MALFORMED},                                  // stored, and no page
      {UINT64_MAX, BLOCK, 0, KL_ERR_ABSENT}, {100, 100, 3, KL_ERR_MALFORMED}, // two methods
      {100, 100, 0x40, KL_ERR_UNSUPPORTED},  {100, 100, 1, KL_ERR_MALFORMED}, // does not decompress to a page
      {8192, BLOCK, 1, KL_ERR_MALFORMED},                                     // to far more than one
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int lend = 0; lend < 2; lend++) {
      struct file f = make(&plain);
      struct opened o;
      size_t at = descriptors_at(&plain) + DESCRIPTOR;
      file_le(&f, at, cases[i].offset, 8);
      file_le(&f, at + 8, cases[i].bytes, 4);
      file_le(&f, at + 12, cases[i].flags, 4);
      assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
      expect_byte(&o, BLOCK, cases[i].status, 0);
      expect_byte(&o, BLOCK, cases[i].status, 0); // and again: nothing half-made is kept
      expect_byte(&o, 0, KL_OK, byte_of(0));
      expect_byte(&o, 3 * BLOCK, KL_OK, byte_of(3));
      assert_true(o.diagnostics.used > 0);
      close_image(&o);
      file_free(&f);
    }
}

static void headers_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const struct {
    size_t at;
    uint64_t value;
    size_t n;
    enum kl_status status;
    const char *says;
  } cases[] = {
      {428, 0, 4, KL_ERR_MALFORMED, NULL},
      {428, 5000, 4, KL_ERR_MALFORMED, NULL},
      {428, 1 << 19, 4, KL_ERR_MALFORMED, NULL},
      {428, UINT32_MAX, 4, KL_ERR_MALFORMED, NULL},
      {432, UINT32_MAX, 4, KL_ERR_MALFORMED, NULL},
      {432, INT32_MAX, 4, KL_ERR_MALFORMED, "bitmap"},
      {436, 0, 4, KL_ERR_MALFORMED, NULL},
      {436, UINT32_MAX, 4, KL_ERR_MALFORMED, NULL},
      {BLOCK + 96, 0, 8, KL_ERR_MALFORMED, NULL},
      {BLOCK + 96, 1 << 20, 8, KL_ERR_MALFORMED, NULL}, // more than its bitmap has
      {BLOCK + 96, UINT64_MAX, 8, KL_ERR_LIMIT, NULL},
      {BLOCK + 96, (1ull << 32) + 1, 8, KL_ERR_LIMIT, NULL},
      {428, 0x00100000, 4, KL_ERR_UNSUPPORTED, "big-endian"}, // 4096, the other way round
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct file f = make(&plain);
    struct opened o;
    file_le(&f, cases[i].at, cases[i].value, cases[i].n);
    assert_int_equal(open_files(&o, &f, 1, true, NULL), cases[i].status);
    if (cases[i].says)
      assert_true(has_note(&o, cases[i].says, cases[i].status));
    close_image(&o);
    file_free(&f);
  }
}

static void headers_of_32_bits_are_refused_by_name(void **state) {
  (void)state; // struct timeval is 8 bytes shorter there
  struct file f = {0};
  struct opened o;
  file_put(&f, 0, "KDUMP   ", 8);
  file_le(&f, 8, 6, 4);
  file_le(&f, 416, 4096, 4);
  file_le(&f, 420, 1, 4);
  file_le(&f, 424, 2, 4);
  file_le(&f, 428, 1000, 4);
  file_grow(&f, 65536);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_UNSUPPORTED);
  assert_true(has_note(&o, "32-bit", KL_ERR_UNSUPPORTED));
  close_image(&o);
  file_free(&f);
}

static void unknown_machine_is_told_by_its_notes(void **state) {
  (void)state; // QEMU writes "Unknown" for arm64
  struct file f = make(&plain);
  struct opened o;
  struct kl_cpu_registers r;
  size_t at = f.n;
  file_put(&f, 12 + 4 * 65, "Unknown", 8);
  file_le(&f, at, 5, 4);
  file_le(&f, at + 4, 392, 4);
  file_le(&f, at + 8, 1, 4);
  file_put(&f, at + 12, "CORE", 5);
  file_grow(&f, at + 20 + 392);
  file_le(&f, at + 20 + 112 + 32 * 8, 0xffff800008000000, 8);
  file_le(&f, BLOCK + 48, at, 8);
  file_le(&f, BLOCK + 56, f.n - at, 8);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_int_equal(kl_image_facts(o.image)->elf_machine, 183);
  assert_true(kl_image_cpu(o.image, 0, &r));
  assert_int_equal(r.ip, 0xffff800008000000);
  close_image(&o);
  file_free(&f);
}

static void notes_and_vmcoreinfo_are_found(void **state) {
  (void)state;
  static const char text[] = "OSRELEASE=6.12\n";
  struct file f = make(&plain);
  struct opened o;
  struct kl_cpu_registers r;
  size_t at = f.n;
  file_put(&f, at, text, sizeof text - 1);
  file_le(&f, BLOCK + 32, at, 8);
  file_le(&f, BLOCK + 40, sizeof text - 1, 8);
  at = f.n;
  file_le(&f, at, 5, 4);
  file_le(&f, at + 4, 336, 4);
  file_le(&f, at + 8, 1, 4);
  file_put(&f, at + 12, "CORE", 5);
  file_grow(&f, at + 20 + 336);
  file_le(&f, at + 20 + 32, 4711, 4);
  file_le(&f, at + 20 + 112 + 16 * 8, 0xffffffff81000000, 8);
  file_le(&f, BLOCK + 48, at, 8);
  file_le(&f, BLOCK + 56, f.n - at, 8);
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    struct kl_bytes v = kl_image_facts(o.image)->vmcoreinfo;
    assert_int_equal(v.n, sizeof text - 1);
    assert_memory_equal(v.p, text, v.n);
    assert_true(kl_image_cpu(o.image, 0, &r));
    assert_int_equal(r.pid, 4711);
    assert_int_equal(r.ip, 0xffffffff81000000);
    close_image(&o);
  }
  file_le(&f, BLOCK + 72, 8, 8);       // eraseinfo
  file_le(&f, BLOCK + 32, f.n - 3, 8); // both outside now
  file_le(&f, BLOCK + 48, UINT64_MAX - 3, 8);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(has_note(&o, "VMCOREINFO lies outside", KL_ERR_ABSENT));
  assert_true(has_note(&o, "notes lie outside", KL_ERR_ABSENT));
  assert_true(has_note(&o, "overwrote on purpose", KL_ERR_FILTERED));
  assert_int_equal(kl_image_facts(o.image)->vmcoreinfo.n, 0);
  expect_pages(&o, &plain);
  close_image(&o);
  file_free(&f);
}

static const struct expected mixed_runs[] = {
    {0, BLOCK, KL_OK, 1},
    {BLOCK, 2 * BLOCK, KL_OK, 2},
    {2 * BLOCK, 3 * BLOCK, KL_ERR_ABSENT, 0},
    {3 * BLOCK, 4 * BLOCK, KL_OK, 4},
    {4 * BLOCK, 6 * BLOCK, KL_ERR_FILTERED, 0},
    {6 * BLOCK, 7 * BLOCK, KL_OK, 7},
    {7 * BLOCK, 8 * BLOCK, KL_OK, 8},
    {8 * BLOCK, 9 * BLOCK, KL_ERR_ABSENT, 0},
    {9 * BLOCK, 10 * BLOCK, KL_OK, 10},
};
enum { MIXED_RUNS = sizeof mixed_runs / sizeof *mixed_runs };

static void no_cut_and_no_fault_makes_up_a_byte(void **state) {
  (void)state;
  struct file f = make(&plain), tail = file_copy(&f);
  expect_faults_hold(&f, mixed_runs, MIXED_RUNS);
  expect_mutations_end(&f, 424, 444, mixed_runs, MIXED_RUNS);
  expect_mutations_end(&f, BLOCK, BLOCK + 104, mixed_runs, MIXED_RUNS);
  size_t descriptors = descriptors_at(&plain);
  expect_mutations_end(&f, descriptors, descriptors + DESCRIPTOR, mixed_runs, MIXED_RUNS);
  // Cut at every 7th byte of all, and at every one where descriptors lie.
  for (tail.n = f.n - 1; tail.n > 8;
       tail.n -= tail.n > descriptors + 6 * DESCRIPTOR || tail.n < descriptors ? 7 : 1) {
    struct file cut = file_copy(&tail);
    struct opened o;
    if (open_files(&o, &cut, 1, false, NULL) == KL_OK)
      for (size_t i = 0; i < MIXED_RUNS; i++) {
        uint8_t got;
        if (kl_image_read(o.image, mixed_runs[i].start, &got, 1) == KL_OK)
          assert_int_equal(got, mixed_runs[i].byte);
      }
    close_image(&o);
    file_free(&cut);
  }
  file_free(&f);
  file_free(&tail);
}

// The length of a run is found once: whoever asks page by page does not pay for
// it each time.
static void a_long_run_is_measured_once(void **state) {
  (void)state;
  enum { PAGES = 1 << 23, ASKED = 1 << 16 };
  uint8_t *kinds = malloc(PAGES);
  assert_non_null(kinds);
  memset(kinds, FILTERED, PAGES);
  struct shape s = {kinds, PAGES, 6, BLOCK, false, 0, PAGES};
  struct file f = make(&s);
  struct opened o;
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  clock_t began = clock();
  for (uint64_t i = 0; i < ASKED; i++) {
    struct kl_segment segment;
    assert_int_equal(kl_image_segment(o.image, i * (PAGES / ASKED) * BLOCK, &segment), KL_OK);
    assert_int_equal(segment.start, 0);
    assert_int_equal(segment.end, (uint64_t)PAGES * BLOCK);
    assert_true(clock() - began < 20 * CLOCKS_PER_SEC); // it would take minutes
  }
  close_image(&o);
  file_free(&f);
  free(kinds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pages_of_every_method_are_read),
      cmocka_unit_test(reads_cross_pages_all_or_nothing),
      cmocka_unit_test(every_version_of_the_sub_header_is_read),
      cmocka_unit_test(pages_of_64k_are_read),
      cmocka_unit_test(one_bitmap_is_both),
      cmocka_unit_test(rank_counts_across_tables),
      cmocka_unit_test(parts_of_a_split_dump_are_one),
      cmocka_unit_test(single_part_says_what_is_missing),
      cmocka_unit_test(incomplete_files_keep_what_is_there),
      cmocka_unit_test(descriptors_that_point_anywhere_are_survived),
      cmocka_unit_test(headers_that_make_no_sense_are_refused),
      cmocka_unit_test(headers_of_32_bits_are_refused_by_name),
      cmocka_unit_test(unknown_machine_is_told_by_its_notes),
      cmocka_unit_test(notes_and_vmcoreinfo_are_found),
      cmocka_unit_test(no_cut_and_no_fault_makes_up_a_byte),
      cmocka_unit_test(a_long_run_is_measured_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
