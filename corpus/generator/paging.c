// Page tables, as the processor reads them.
// Sources: Intel SDM volume 3 chapter 4; Arm ARM D8 (VMSAv8-64).
#include "guest.h"

#include <string.h>

static const struct paging_shape shapes[] = {
    {"x86_64", false, 12, 48, 4, false},      {"x86_64-la57", false, 12, 57, 5, false},
    {"arm64", true, 12, 48, 4, false},        {"arm64-39", true, 12, 39, 3, false},
    {"arm64-52", true, 12, 52, 5, true},      {"arm64-16k", true, 14, 47, 3, false},
    {"arm64-16k-48", true, 14, 48, 4, false}, {"arm64-16k-52", true, 14, 52, 4, true},
    {"arm64-64k", true, 16, 48, 3, false},
};

const struct paging_shape *paging_shape_at(size_t i) {
  return i < sizeof shapes / sizeof *shapes ? &shapes[i] : NULL;
}

const struct paging_shape *paging_shape_named(const char *name) {
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    if (strcmp(shapes[i].name, name) == 0)
      return &shapes[i];
  return NULL;
}

enum {
  X86_PRESENT = 1 << 0,
  X86_WRITE = 1 << 1,
  X86_USER = 1 << 2,
  X86_ACCESSED = 1 << 5,
  X86_DIRTY = 1 << 6,
  X86_LARGE = 1 << 7,
  X86_GLOBAL = 1 << 8,
};
#define X86_NO_EXECUTE (1ull << 63)

enum {
  ARM_VALID = 1 << 0,
  ARM_TABLE = 1 << 1, // at the last level: a page
  ARM_USER = 1 << 6,
  ARM_READ_ONLY = 1 << 7,
  ARM_INNER_SHAREABLE = 3 << 8,
  ARM_ACCESSED = 1 << 10,
  ARM_NOT_GLOBAL = 1 << 11,
};
#define ARM_DIRTY (1ull << 55) // PTE_DIRTY of Linux
#define ARM_WRITE (1ull << 51) // DBM, PTE_WRITE of Linux
#define ARM_NO_USER_EXECUTE (1ull << 54)
#define ARM_NO_KERNEL_EXECUTE (1ull << 53)

// An output address in an entry. LPA2 keeps bits 51:50 in 9:8.
static uint64_t address_bits(const struct paging_shape *s, uint64_t phys) {
  if (s->lpa2)
    return (phys & 0x0003ffffffffffff) | (phys >> 50 & 3) << 8;
  return phys;
}

static uint64_t address_of(const struct paging_shape *s, uint64_t entry) {
  uint64_t low = ~((1ull << s->granule_shift) - 1);
  if (s->lpa2)
    return (entry & 0x0003ffffffffffff & low) | (entry >> 8 & 3) << 50;
  return entry & 0x000fffffffffffff & low & (s->arm ? 0x0000ffffffffffff : ~0ull);
}

static uint64_t table_entry(const struct paging_shape *s, uint64_t phys) {
  if (s->arm)
    return address_bits(s, phys) | ARM_TABLE | ARM_VALID;
  return phys | X86_PRESENT | X86_WRITE | X86_USER | X86_ACCESSED | X86_DIRTY;
}

static uint64_t leaf_entry(const struct paging_shape *s, const struct mapping *m, uint64_t phys, bool block) {
  uint64_t e;
  if (s->arm) {
    e = address_bits(s, phys) | ARM_VALID | (block ? 0 : ARM_TABLE) | ARM_ACCESSED;
    e |= s->lpa2 ? 0 : ARM_INNER_SHAREABLE;
    e |= m->user ? ARM_USER | ARM_NOT_GLOBAL | ARM_NO_KERNEL_EXECUTE : ARM_NO_USER_EXECUTE;
    e |= m->writable ? ARM_WRITE | ARM_DIRTY : ARM_READ_ONLY;
    if (!m->executable)
      e |= m->user ? ARM_NO_USER_EXECUTE : ARM_NO_KERNEL_EXECUTE;
    return e;
  }
  e = phys | X86_PRESENT | X86_ACCESSED | (block ? X86_LARGE : 0);
  e |= m->user ? X86_USER : X86_GLOBAL;
  e |= m->writable ? X86_WRITE | X86_DIRTY : 0;
  e |= m->executable ? 0 : X86_NO_EXECUTE;
  return e;
}

static unsigned shift_of(const struct paging_shape *s, unsigned level) {
  return s->granule_shift + (s->granule_shift - 3) * level;
}

static uint64_t index_of(const struct paging_shape *s, uint64_t va, unsigned level) {
  unsigned bits = s->granule_shift - 3;
  if (level == s->levels - 1)
    bits = s->va_bits - shift_of(s, level);
  return va >> shift_of(s, level) & ((1ull << bits) - 1);
}

// Tables of the direct map lie as high as RAM reaches (init_mem_mapping() of
// arch/x86/mm/init.c).
static uint64_t table_take(struct guest *g, uint64_t va) {
  const struct ram *last = &g->ram[g->n_ram - 1];
  if (g->o.hole && va - g->direct_base < last->start + last->bytes + last->empty) {
    g->above_next += g->page;
    return g->above_next - g->page;
  }
  uint64_t table = frames_take(g, g->page);
  frames_mark(g, table, g->page, FRAME_TABLE);
  return table;
}

// The entry for va at a level; tables above it are made as needed.
static uint8_t *entry_at(struct guest *g, uint64_t root, uint64_t va, unsigned level) {
  const struct paging_shape *s = g->o.shape;
  uint64_t table = root;
  for (unsigned i = s->levels - 1;; i--) {
    uint8_t *entry = phys_at(g, table + 8 * index_of(s, va, i), 8);
    if (i == level)
      return entry;
    uint64_t e = load(entry, 8);
    if (!e) {
      e = table_entry(s, table_take(g, va));
      store(entry, e, 8);
    }
    table = address_of(s, e);
  }
}

// Blocks: 2 MiB and 1 GiB; 32 MiB with 16K, 512 MiB with 64K.
static bool fits_block(const struct paging_shape *s, const struct mapping *m, uint64_t done, unsigned level) {
  unsigned largest = s->granule_shift == 12 ? 2 : 1;
  uint64_t bytes = 1ull << shift_of(s, level);
  return level <= largest && m->large && m->bytes - done >= bytes && (m->va + done) % bytes == 0 &&
         (m->phys + done) % bytes == 0;
}

void map_into(struct guest *g, uint64_t root, const struct mapping *m) {
  const struct paging_shape *s = g->o.shape;
  for (uint64_t done = 0; done < m->bytes;) {
    unsigned level = 2;
    while (level && !fits_block(s, m, done, level))
      level--;
    uint8_t *entry = entry_at(g, root, m->va + done, level);
    store(entry, leaf_entry(s, m, m->phys + done, level != 0), 8);
    done += 1ull << shift_of(s, level);
  }
}

void set_leaf(struct guest *g, uint64_t root, uint64_t va, uint64_t entry) {
  store(entry_at(g, root, va, 0), entry, 8);
}

void map_kernel(struct guest *g, struct mapping mapping) {
  if (g->n_mappings % 256 == 0) {
    struct mapping *more = take((g->n_mappings + 256) * sizeof *more);
    if (g->n_mappings)
      memcpy(more, g->mappings, g->n_mappings * sizeof *more);
    g->mappings = more;
  }
  g->mappings[g->n_mappings++] = mapping;
}

uint64_t new_user_root(struct guest *g) {
  if (g->n_user_roots == sizeof g->user_roots / sizeof *g->user_roots)
    die("too many processes");
  uint64_t root = frames_take(g, g->page);
  frames_mark(g, root, g->page, FRAME_TABLE);
  return g->user_roots[g->n_user_roots++] = root;
}

void build_page_tables(struct guest *g) {
  for (size_t i = 0; i < g->n_mappings; i++)
    map_into(g, g->root, &g->mappings[i]);
  if (g->o.shape->arm)
    return; // a root for each half
  for (size_t i = 0; i < g->n_user_roots; i++)
    memcpy(phys_at(g, g->user_roots[i] + 2048, 2048), phys_at(g, g->root + 2048, 2048), 2048);
}
