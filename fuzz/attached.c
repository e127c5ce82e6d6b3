// Guests that are built and attached to when they are first asked for.
#include "attached.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "../corpus/generator/containers.h"
#include "../corpus/generator/seeds.h"
#include "../corpus/generator/subjects.h"
#include "page_script.h"

static const struct {
  const char *name, *shape;
  enum era era;
} rows[ATTACHED_GUESTS] = {{"x86_64-era-2", "x86_64", ERA_6_12},
                           {"x86_64-era-0", "x86_64", ERA_5_10},
                           {"arm64-16k-era-1", "arm64-16k", ERA_6_1},
                           {"x86_64-la57-era-1", "x86_64-la57", ERA_6_1},
                           {"arm64-52-era-3", "arm64-52", ERA_7_2}};

static struct attached guests[ATTACHED_GUESTS];

// What was under the script's bytes.
enum { SAVED_RECORDS = 4096, SAVED_BYTES = 1 << 20 };
static struct {
  uint64_t offset;
  uint32_t n, at;
} saved[SAVED_RECORDS];
static uint8_t saved_bytes[SAVED_BYTES];
static size_t n_saved, n_saved_bytes;

// ── The source ─────────────────────────────────────────────────────────────

enum kl_status attached_read(void *user, uint64_t offset, void *dst, size_t n) {
  struct attached *a = user;
  FUZZ_REQUIRE(offset <= a->source.bytes && n <= a->source.bytes - offset);
  a->reads++;
  bool fails = a->fail_at && (a->fail_once ? a->reads == a->fail_at : a->reads >= a->fail_at);
  if (fails && !a->poison)
    return a->failure;
  if (n)
    memcpy(dst, a->file + offset, n);
  if (n && fails)
    memset(dst, 0x5a, n);
  if (n && a->seen)
    memset(a->seen + offset, 1, n);
  return KL_OK;
}

// ── Building ───────────────────────────────────────────────────────────────

static void build_file(struct attached *a, size_t which) {
  struct options o = {.seed = 200 + which,
                      .shape = paging_shape_named(rows[which].shape),
                      .era = rows[which].era,
                      .vmcoreinfo = true};
  struct bytes file = {0};
  options_complete(&o, -1);
  write_elf_vmcore(guest_build(&o), &file);
  a->name = rows[which].name;
  a->file = file.p;
  a->source = (struct kl_source){.user = a, .bytes = file.n, .read = attached_read};
}

static void attach(struct attached *a) {
  struct kl_dump_options options = kl_dump_options_default();
  options.sources = &a->source;
  options.n_sources = 1;
  options.limits = fuzz_limits();
  options.codec = fuzz_codec;
  a->block = fuzz_block();
  FUZZ_REQUIRE(kl_dump_open(a->block, FUZZ_WORKSPACE, &options, &a->dump, NULL) == KL_OK);
  FUZZ_REQUIRE(kl_dump_attach(a->dump, NULL) == KL_OK);
  // So that translation goes through the tables, whatever attach had looked at.
  memset(a->dump->kernel->space.cache, 0, sizeof a->dump->kernel->space.cache);
  a->used = a->dump->arena.used;
  a->pristine = malloc(a->used);
  FUZZ_REQUIRE(a->pristine != NULL);
  memcpy(a->pristine, a->block, a->used);
}

// ── The script ─────────────────────────────────────────────────────────────

// Where a guest-physical byte lies in the file, and how many follow it; 0: the
// guest has none there.
static uint64_t place(const struct attached *a, uint64_t phys, uint64_t *ret) {
  Elf64_Ehdr header;
  memcpy(&header, a->file, sizeof header);
  for (unsigned i = 0; i < header.e_phnum; i++) {
    Elf64_Phdr p;
    memcpy(&p, a->file + header.e_phoff + i * sizeof p, sizeof p);
    if (p.p_type != PT_LOAD || phys < p.p_paddr || phys - p.p_paddr >= p.p_filesz)
      continue;
    *ret = p.p_offset + (phys - p.p_paddr);
    return p.p_filesz - (phys - p.p_paddr);
  }
  return 0;
}

static void write_over(struct attached *a, uint64_t phys, const uint8_t *p, size_t n) {
  uint64_t offset, left = place(a, phys, &offset);
  n = n < left ? n : (size_t)left;
  if (!n || n_saved == SAVED_RECORDS || n > SAVED_BYTES - n_saved_bytes)
    return;
  saved[n_saved].offset = offset;
  saved[n_saved].n = (uint32_t)n;
  saved[n_saved++].at = (uint32_t)n_saved_bytes;
  memcpy(saved_bytes + n_saved_bytes, a->file + offset, n);
  n_saved_bytes += n;
  memcpy(a->file + offset, p, n);
}

static void apply(struct attached *a, struct kl_bytes script) {
  uint64_t head;
  while (kl_bytes_u64(&script, &head)) {
    size_t offset = (size_t)(head >> 12 & 4095), length = (size_t)(head & 4095) + 1;
    size_t given = length < script.n ? length : script.n, fits = SCRIPT_PAGE - offset;
    write_over(a, (head >> 24) * SCRIPT_PAGE + offset, script.p, given < fits ? given : fits);
    struct kl_bytes dropped;
    (void)kl_bytes_take(&script, given, &dropped);
  }
}

struct attached *attached_again(struct attached *a) {
  memcpy(a->block, a->pristine, a->used);
  a->reads = a->fail_at = 0;
  a->failure = KL_ERR_IO;
  a->fail_once = a->poison = false;
  return a;
}

struct attached *attached_begin(unsigned which, struct kl_bytes script) {
  which %= ATTACHED_GUESTS;
  struct attached *a = &guests[which];
  if (!a->file) {
    fuzz_leak_begin(); // the generator gives nothing back
    build_file(a, which);
    attach(a);
    fuzz_leak_end();
  }
  (void)attached_again(a);
  n_saved = n_saved_bytes = 0;
  apply(a, script);
  return a;
}

void attached_end(struct attached *a) {
  while (n_saved-- > 0)
    memcpy(a->file + saved[n_saved].offset, saved_bytes + saved[n_saved].at, saved[n_saved].n);
  size_t peak = a->dump->arena.peak;
  if (peak > a->used) // what the next one takes holds rubbish, never zeros
    memset(a->block + a->used, 0xa5, peak - a->used);
  a->seen = NULL;
}

// ── What was read ──────────────────────────────────────────────────────────

size_t attached_file_bytes(const struct attached *a) {
  return (size_t)a->source.bytes;
}

static void add_page(const struct attached *a, uint64_t pfn, uint64_t offset, size_t n, struct bytes *ret) {
  enum { GAP = 8 };
  const uint8_t *seen = a->seen + offset;
  for (size_t i = 0; i < n; i++) {
    if (!seen[i])
      continue;
    size_t end = i + 1;
    for (size_t j = end; j < n && j - end < GAP; j++)
      end = seen[j] ? j + 1 : end;
    bytes_number(ret, pfn << 24 | i << 12 | (end - i - 1), 8);
    bytes_put(ret, a->file + offset + i, end - i);
    i = end;
  }
}

size_t attached_script(const struct attached *a, uint8_t **ret) {
  struct bytes script = {0};
  for (uint64_t pfn = 0; pfn < 1 << 20; pfn++) {
    uint64_t offset, n = place(a, pfn * SCRIPT_PAGE, &offset);
    if (n)
      add_page(a, pfn, offset, n < SCRIPT_PAGE ? (size_t)n : SCRIPT_PAGE, &script);
  }
  *ret = script.p;
  return script.n;
}

// ── Tables ─────────────────────────────────────────────────────────────────

uint16_t attached_table_hash(const char *name) {
  uint32_t hash = 2166136261; // FNV-1a
  for (; *name; name++)
    hash = (hash ^ (uint8_t)*name) * 16777619;
  return (uint16_t)(hash ^ hash >> 16);
}

const struct kl_table *attached_table(uint16_t hash) {
  const struct kl_table *table;
  size_t n = 0;
  for (; (table = kl_table_at(n)); n++)
    if (attached_table_hash(table->name) == hash)
      return table;
  return kl_table_at(hash % n);
}
