// Translation here, next to the naive walker's (naive_walk.h).
//
//   page_walk random [TRIALS [SEED]]   tables of random entries, in every shape
//   page_walk guest DUMP               each page of each area of each process of a capture
//
// Both must agree on every address, and on what may be done there; where a
// processor would fault and we do not is counted by its reason:
//   reserved bits    we read entries as if they were clear: the dump may be of a
//                    machine whose rules we do not know (MAXPHYADDR), and what
//                    the kernel meant is of more use than nothing
//   not accessed     arm64 faults so that Linux sets the flag: the page is there
//   root no execute  Linux forbids the kernel's view of user memory to execute
//                    (page-table isolation); we say what the process may do
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "kernel/dump.h"
#include "kernlens/inspect.h"
#include "kernlens/table.h"
#include "naive_walk.h"

static uint64_t compared, mapped, failures;
static struct { uint64_t reserved_bits, not_accessed, root_no_execute, only_linux; } policy;

static void differ(const char *what, uint64_t va, uint64_t ours, uint64_t theirs) {
  if (failures++ < 20)
    printf("0x%016" PRIx64 ": %s: 0x%" PRIx64 ", the naive walker says 0x%" PRIx64 "\n", va, what, ours, theirs);
}
#define SAME(what, ours, theirs)                                                                                   \
  do {                                                                                                             \
    if ((uint64_t)(ours) != (uint64_t)(theirs))                                                                    \
      differ(what, va, (uint64_t)(ours), (uint64_t)(theirs));                                                      \
  } while (0)

static struct naive_machine machine_of(const struct kl_paging *p) {
  return (struct naive_machine){.arm = p->arch == KL_ARCH_AARCH64,
                                .granule_bits = p->granule_shift,
                                .address_bits = p->va_bits,
                                .wide = p->lpa || p->lpa2};
}

static void compare(uint64_t va, enum kl_status status, bool present, const struct kl_translation *t,
                    const struct naive_result *n) {
  compared++;
  enum naive_outcome ours = status == KL_ERR_UNMAPPED                              ? NAIVE_NOT_CANONICAL
                            : status == KL_ERR_ABSENT || status == KL_ERR_FILTERED ? NAIVE_NO_MEMORY
                            : status == KL_OK && present                           ? NAIVE_MAPPED
                                                                                   : NAIVE_NOT_MAPPED;
  SAME("outcome", ours, n->outcome);
  if (ours != n->outcome || ours != NAIVE_MAPPED)
    return;
  mapped++;
  SAME("physical address", t->phys, n->phys);
  SAME("page size", t->page_bytes, n->page_bytes);
  SAME("writable", t->writable, n->write);
  SAME("user", t->user, n->user);
  policy.reserved_bits += n->reserved_bits;
  policy.not_accessed += n->not_accessed;
  policy.root_no_execute += n->root_no_execute;
  if (!n->root_no_execute)
    SAME("executable", t->executable, n->execute);
  if (n->not_accessed)
    SAME("accessed", t->accessed, false);
}

// ── Random tables ──────────────────────────────────────────────────────────

enum { TABLES = 24, MOST_GRANULE = 1 << 16, LOOKUPS = 600, HEAD = 1 << 13 };

struct memory {
  const struct kl_paging *paging;
  uint64_t granule, frames[TABLES]; // physical, ascending; some tables are not there
  uint8_t head[HEAD];
  uint8_t *bytes; // TABLES granules
  struct kl_source source;
};

static uint64_t seed;
static uint64_t next(void) { // splitmix64
  uint64_t z = seed += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}
static uint64_t below(uint64_t n) {
  return next() % n;
}

static enum kl_status read_memory(void *user, uint64_t offset, void *dst, size_t n) {
  const struct memory *m = user;
  for (size_t i = 0; i < n; i++)
    ((uint8_t *)dst)[i] = offset + i < HEAD ? m->head[offset + i] : m->bytes[offset + i - HEAD];
  return KL_OK;
}

static bool naive_memory(void *user, uint64_t phys, uint64_t *ret) {
  const struct memory *m = user;
  for (size_t i = 0; i < TABLES; i++)
    if (i % 8 != 7 && phys >= m->frames[i] && phys - m->frames[i] <= m->granule - 8) {
      memcpy(ret, m->bytes + i * m->granule + (phys - m->frames[i]), 8);
      return true;
    }
  return false;
}

// An ELF core with a segment for each table; every eighth is left out.
static void make_image(struct memory *m) {
  Elf64_Ehdr e = {.e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = 1, .e_phoff = sizeof e};
  memcpy(e.e_ident, ELFMAG, SELFMAG);
  e.e_ident[EI_CLASS] = ELFCLASS64;
  e.e_ident[EI_DATA] = ELFDATA2LSB;
  e.e_ident[EI_VERSION] = 1;
  e.e_phentsize = sizeof(Elf64_Phdr);
  for (size_t i = 0; i < TABLES; i++) {
    Elf64_Phdr p = {.p_type = PT_LOAD, .p_paddr = m->frames[i], .p_offset = HEAD + i * m->granule};
    p.p_filesz = p.p_memsz = m->granule;
    if (i % 8 != 7)
      memcpy(m->head + sizeof e + sizeof p * e.e_phnum++, &p, sizeof p);
  }
  memcpy(m->head, &e, sizeof e);
  m->source = (struct kl_source){.user = m, .bytes = HEAD + TABLES * m->granule, .read = read_memory};
}

// Where the output address of an entry lies: the inverse of what readers do.
static uint64_t pointing_to(const struct kl_paging *p, uint64_t phys) {
  if (p->lpa)
    return (phys & 0x0000ffffffff0000) | (phys >> 48 & 15) << 12;
  if (p->lpa2)
    return (phys & 0x0003fffffffff000) | (phys >> 50 & 3) << 8;
  return phys;
}

// Mostly ways to another table and leaves; some entries of any bits at all.
static uint64_t random_entry(const struct memory *m) {
  const struct kl_paging *p = m->paging;
  uint64_t attributes = next() & (next() | next()), type = p->arch == KL_ARCH_X86_64 ? 1 : 3;
  uint64_t phys_bits = p->arch == KL_ARCH_X86_64 || p->lpa || p->lpa2 ? 52 : 48;
  uint64_t address_mask = ((1ull << phys_bits) - 1) & ~(m->granule - 1);
  uint64_t way = pointing_to(p, m->frames[below(TABLES)]);
  uint64_t high = attributes & 0xfff8000000000000, low = attributes & 0xffc; // below 12: attributes
  if (p->arch == KL_ARCH_X86_64)
    high = attributes & 0xfff0000000000000;
  if (p->lpa2)
    low &= 0xcfc;
  switch (below(8)) {
  case 0:
    return 0;
  case 1:
    return next();
  case 2: // a leaf, or a block where those may be
    return pointing_to(p, next() & address_mask) | high | low | 1 | (p->arch == KL_ARCH_X86_64 ? 0x80 : 0);
  case 3:
    return pointing_to(p, next() & address_mask) | high | low | type;
  case 4: // not present, with something in it
    return (pointing_to(p, next() & address_mask) | high | low) & ~1ull;
  default:
    return way | high | (p->arch == KL_ARCH_X86_64 ? low & ~0x80ull : low) | type;
  }
}

static void fill(struct memory *m) {
  uint64_t bits = m->paging->arch == KL_ARCH_X86_64 || m->paging->lpa || m->paging->lpa2 ? 52 : 48;
  uint64_t step = (1ull << bits) / TABLES;
  for (size_t i = 0; i < TABLES; i++)
    m->frames[i] = (i * step + below(step - m->granule)) & ~(m->granule - 1);
  // The hardware keeps roots of 52-bit machines under 2^48 in most kernels: any will do here.
  for (uint64_t i = 0; i < TABLES * m->granule / 8; i++) {
    uint64_t entry = random_entry(m);
    memcpy(m->bytes + 8 * i, &entry, 8);
  }
}

static const struct kl_paging shapes[] = {
    {.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 4, .va_bits = 48},
    {.arch = KL_ARCH_X86_64, .granule_shift = 12, .levels = 5, .va_bits = 57},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 3, .va_bits = 39},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 4, .va_bits = 48},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 4, .va_bits = 42},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 5, .va_bits = 52, .lpa2 = true},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 12, .levels = 4, .va_bits = 48, .lpa2 = true},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 14, .levels = 2, .va_bits = 36},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 14, .levels = 3, .va_bits = 47},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 14, .levels = 4, .va_bits = 48},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 14, .levels = 4, .va_bits = 52, .lpa2 = true},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 16, .levels = 2, .va_bits = 42},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 16, .levels = 3, .va_bits = 48},
    {.arch = KL_ARCH_AARCH64, .granule_shift = 16, .levels = 3, .va_bits = 52, .lpa = true},
};

static void try_tables(struct memory *m) {
  static uint8_t block[1 << 20];
  struct naive_machine machine = machine_of(m->paging);
  struct kl_limits limits = kl_limits_default();
  struct kl_arena arena;
  struct kl_image *image;
  fill(m);
  make_image(m);
  kl_arena_init(&arena, block, sizeof block);
  if (kl_image_open(&arena, &m->source, 1, NULL, &limits, NULL, &image) != KL_OK) {
    printf("the image does not open\n");
    exit(1);
  }
  uint64_t root = m->frames[below(TABLES)];
  for (int i = 0; i < LOOKUPS; i++) {
    unsigned bits = m->paging->va_bits - (m->paging->arch == KL_ARCH_X86_64 ? 1u : 0u);
    uint64_t va = next() & ((1ull << bits) - 1);
    va = i % 2 ? va : va | ~((1ull << bits) - 1);
    if (i % 32 == 0)
      va ^= 1ull << (bits + below(64 - bits)); // not canonical, unless it is the sign alone
    struct kl_translation t = {0};
    enum kl_status status = kl_paging_translate(m->paging, image, root, va, &t);
    struct naive_result n = naive_translate(&machine, naive_memory, m, root, va);
    compare(va, status, t.state == KL_ENTRY_PRESENT, &t, &n);
    policy.only_linux += status == KL_OK && t.state != KL_ENTRY_PRESENT && t.state != KL_ENTRY_NONE;
  }
}

static int random_tables(uint64_t trials) {
  static struct memory m;
  m.bytes = malloc((size_t)TABLES * MOST_GRANULE);
  if (!m.bytes)
    return 1;
  for (uint64_t trial = 0; trial < trials; trial++) {
    m.paging = &shapes[trial % (sizeof shapes / sizeof *shapes)];
    m.granule = 1ull << m.paging->granule_shift;
    try_tables(&m);
  }
  free(m.bytes);
  printf("%" PRIu64 " tables; ", trials * TABLES);
  // Both ends of every rule were met, or this says nothing.
  return mapped < compared / 50 || !policy.reserved_bits || !policy.not_accessed || !policy.root_no_execute ||
         !policy.only_linux;
}

// ── A guest ────────────────────────────────────────────────────────────────

static enum kl_status read_file(void *user, uint64_t offset, void *dst, size_t n) {
  memcpy(dst, (const uint8_t *)user + offset, n);
  return KL_OK;
}
static enum kl_status lend_file(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  (void)n;
  *ret = (const uint8_t *)user + offset;
  return KL_OK;
}

// The program headers, read by libc's own structs.
static bool naive_file(void *user, uint64_t phys, uint64_t *ret) {
  const struct kl_bytes *file = user;
  Elf64_Ehdr e;
  memcpy(&e, file->p, sizeof e);
  for (unsigned i = 0; i < e.e_phnum; i++) {
    Elf64_Phdr p;
    memcpy(&p, file->p + e.e_phoff + i * sizeof p, sizeof p);
    if (p.p_type == PT_LOAD && phys >= p.p_paddr && phys - p.p_paddr + 8 <= p.p_filesz) {
      memcpy(ret, file->p + p.p_offset + (phys - p.p_paddr), 8);
      return true;
    }
  }
  return false;
}

static void compare_area(struct kl_dump *dump, struct kl_bytes *file, struct kl_memory *memory, uint64_t start,
                         uint64_t end) {
  enum { MOST_PAGES = 1 << 14 };
  struct naive_machine machine = machine_of(&dump->kernel->paging);
  uint64_t page = kl_page_bytes(dump), pages = (end - start) / page;
  uint64_t step = page * (pages > MOST_PAGES ? pages / MOST_PAGES : 1);
  for (uint64_t va = start; va < end && va >= start; va += step) {
    struct kl_translated t = {0};
    enum kl_status status = kl_memory_translate(memory, va, &t);
    struct kl_translation ours = {.phys = t.physical,
                                  .page_bytes = t.page_bytes,
                                  .writable = t.writable,
                                  .executable = t.executable,
                                  .user = t.user,
                                  .accessed = t.accessed};
    struct naive_result n = naive_translate(&machine, naive_file, file, t.root, va);
    compare(va, status, status == KL_OK && strcmp(t.state, "present") == 0, &ours, &n);
  }
}

static int guest(const char *path) {
  enum { WORKSPACE = 1 << 30, COLUMNS = 3 };
  static const char *const names[COLUMNS] = {"tgid", "start", "end"};
  struct kl_bytes file = file_bytes(path);
  struct kl_source source = {
      .user = (void *)(uintptr_t)file.p, .bytes = file.n, .read = read_file, .lend = lend_file};
  struct kl_dump_options options = kl_dump_options_default();
  options.sources = &source;
  options.n_sources = 1;
  void *block = malloc(WORKSPACE), *room = aligned_alloc(16, (kl_memory_bytes() + 15) & ~(size_t)15);
  struct kl_dump *dump;
  struct kl_cursor *cursor;
  struct kl_memory *memory = NULL;
  const struct kl_cell *row;
  if (!block || !room || kl_dump_open(block, WORKSPACE, &options, &dump, NULL) != KL_OK ||
      kl_dump_attach(dump, NULL) != KL_OK)
    return printf("%s: can't be attached to\n", path), 1;
  struct kl_query query = {.table = kl_table_find("vmas"), .columns = ~0ull};
  int columns[COLUMNS];
  for (int i = 0; i < COLUMNS; i++)
    columns[i] = kl_table_column(query.table, names[i]);
  size_t bytes = kl_cursor_bytes(query.table);
  void *cursor_room = aligned_alloc(16, (bytes + 15) & ~(size_t)15);
  if (!cursor_room || kl_cursor_open(dump, &query, cursor_room, bytes, &cursor) != KL_OK)
    return printf("%s: no areas\n", path), 1;
  struct kl_place place = {.kind = KL_PLACE_PROCESS};
  uint64_t areas = 0;
  for (; kl_cursor_next(cursor, &row) == KL_OK; areas++) {
    uint64_t tgid = row[columns[0]].u64;
    if (!memory || place.pid != tgid) {
      place.pid = tgid;
      if (kl_memory_open(dump, &place, room, kl_memory_bytes(), &memory) != KL_OK)
        differ("process cannot be opened", tgid, 0, 0);
    }
    compare_area(dump, &file, memory, row[columns[1]].u64, row[columns[2]].u64);
  }
  // And the kernel's own image, from its root.
  place = (struct kl_place){.kind = KL_PLACE_KERNEL};
  if (kl_memory_open(dump, &place, room, kl_memory_bytes(), &memory) == KL_OK) {
    uint64_t task = dump->kernel->known[KL_S_init_task].address & ~0xfffffull;
    compare_area(dump, &file, memory, task - (64 << 20), task + (64 << 20));
    struct kl_segment ram;
    if (kl_image_segment(dump->image, 0, &ram) == KL_OK)
      compare_area(dump, &file, memory, dump->kernel->direct_map_base + ram.start,
                   dump->kernel->direct_map_base + ram.end);
  }
  free(cursor_room);
  free(room);
  free(block);
  file_free(file);
  printf("%" PRIu64 " areas; ", areas);
  return areas < 100 || mapped < 1000;
}

int main(int argc, char **argv) {
  bool random = argc > 1 && strcmp(argv[1], "random") == 0;
  if (argc < 2 || (!random && argc != 3))
    return 2;
  seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
  int hollow = random ? random_tables(argc > 2 ? strtoull(argv[2], NULL, 0) : 420) : guest(argv[2]);
  printf("%" PRIu64 " addresses, %" PRIu64 " mapped: %" PRIu64 " differences; by policy: %" PRIu64
         " reserved bits, %" PRIu64 " not accessed, %" PRIu64 " root no execute\n",
         compared, mapped, failures, policy.reserved_bits, policy.not_accessed, policy.root_no_execute);
  if (hollow)
    printf("too little was compared\n");
  return failures || hollow;
}
