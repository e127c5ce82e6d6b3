// Page frames. Sources: include/linux/page-flags.h, mm/page_alloc.c.
#include "pages.h"

enum { PG_TABLE_BIT = 0x200, PG_BUDDY_BIT = 0x80, MAX_ORDER = 10 };

void declare_pages(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    enum pageflags { PG_locked, PG_referenced, PG_uptodate, PG_dirty, PG_lru, PG_active, PG_workingset,
      PG_slab until(1), PG_reserved = 11, PG_private, PG_head = 16, PG_swapbacked = 19 };
    enum pagetype { PGTY_buddy = 0xf0, PGTY_offline, PGTY_table, PGTY_guard, PGTY_hugetlb, PGTY_slab } since(2);
    struct page {
      unsigned long flags;
      union {
        struct { struct list_head lru; struct address_space *mapping; unsigned long index; unsigned long private; };
        struct { unsigned long compound_head; };
        struct callback_head callback_head;
      };
      union { atomic_t _mapcount; unsigned int page_type; };
      atomic_t _refcount;
    } fixed padded(64);
    ));
  // clang-format on
}

static uint64_t page_of(const struct guest *g, uint64_t phys) {
  return g->vmemmap + phys / g->page * 64;
}

static uint64_t flag(struct guest *g, const char *name) {
  return 1ull << enum_value(&g->types, "pageflags", name);
}

void build_memory_map(struct guest *g) {
  for (size_t i = 0; i < g->n_ram; i++) {
    uint64_t va = page_of(g, g->ram[i].start), end = page_of(g, g->ram[i].start + g->ram[i].bytes);
    for (va = va / g->page * g->page; va < end; va += g->page)
      map_kernel(g,
                 (struct mapping){.va = va, .phys = frames_take(g, g->page), .bytes = g->page, .writable = true});
  }
}

void page_describe(struct guest *g, uint64_t phys, enum frame_use use, uint64_t mapping, uint64_t index) {
  uint64_t page = page_of(g, phys);
  frames_mark(g, phys, g->page, use);
  set(g, page, "page", "flags",
      flag(g, "PG_uptodate") | flag(g, "PG_lru") | (use == FRAME_ANONYMOUS ? flag(g, "PG_swapbacked") : 0));
  set(g, page, "page", "mapping", mapping | (use == FRAME_ANONYMOUS));
  set(g, page, "page", "index", index);
  set(g, page, "page", "_mapcount.counter", ~0ull);
  set(g, page, "page", "_refcount.counter", 1);
}

void page_mapped(struct guest *g, uint64_t phys) {
  uint64_t page = page_of(g, phys);
  set(g, page, "page", "_mapcount.counter", get(g, page, "page", "_mapcount.counter") + 1);
  set(g, page, "page", "_refcount.counter", get(g, page, "page", "_refcount.counter") + 1);
}

// A type is a byte since 6.12; before, a bit that is clear (the counter of
// mappings has the rest set). Tables: a bit above that of kmemcg up to 5.10.
static void set_type(struct guest *g, uint64_t page, const char *name, uint64_t bit) {
  if (type_exists(&g->types, "pagetype"))
    set(g, page, "page", "page_type", enum_value(&g->types, "pagetype", name) << 24);
  else
    set(g, page, "page", "page_type", ~bit);
}

static enum frame_use use_of(const struct guest *g, uint64_t frame) {
  return (enum frame_use)g->frame_use[frame];
}

// The largest block of free frames that begins here, aligned to its size.
static unsigned free_order(const struct guest *g, uint64_t first, uint64_t frame, uint64_t end) {
  unsigned order = 0;
  for (; order < MAX_ORDER; order++) {
    uint64_t n = 2ull << order;
    if ((first + frame) % n || frame + n > end)
      return order;
    for (uint64_t i = frame + n / 2; i < frame + n; i++)
      if (use_of(g, i) != FRAME_FREE)
        return order;
  }
  return order;
}

static void describe(struct guest *g, uint64_t frame) {
  uint64_t page = page_of(g, g->ram[0].start + frame * g->page);
  switch (use_of(g, frame)) {
  case FRAME_SLAB:
    set(g, page, "page", "_refcount.counter", 1);
    if (type_exists(&g->types, "pagetype"))
      set_type(g, page, "PGTY_slab", 0);
    else
      set(g, page, "page", "flags", flag(g, "PG_slab"));
    break;
  case FRAME_TABLE:
    set(g, page, "page", "_refcount.counter", 1);
    set_type(g, page, "PGTY_table", PG_TABLE_BIT);
    break;
  case FRAME_KERNEL: // of the image or not: nobody else's
    set(g, page, "page", "_refcount.counter", 1);
    set(g, page, "page", "_mapcount.counter", ~0ull);
    break;
  case FRAME_FREE:
  case FRAME_CACHED:
  case FRAME_ANONYMOUS:
  case FRAME_USES:
    break;
  }
}

static void reserve(struct guest *g, uint64_t start, uint64_t end) {
  for (uint64_t at = start; at < end; at += g->page) {
    set(g, page_of(g, at), "page", "flags", flag(g, "PG_reserved"));
    set(g, page_of(g, at), "page", "_refcount.counter", 1);
    set(g, page_of(g, at), "page", "_mapcount.counter", ~0ull);
    frames_mark(g, at, g->page, FRAME_KERNEL);
  }
}

static void write_sum(struct guest *g, const char *kind, uint64_t pages) {
  truth_row(g);
  truth_text(g, "kind", kind);
  truth_number(g, "pages", pages);
  truth_number(g, "bytes", pages * g->page);
}

void describe_pages(struct guest *g) {
  uint64_t start = g->ram[0].start, end = g->ram[0].bytes / g->page, sums[FRAME_USES] = {0};
  reserve(g, start, g->image_phys); // the firmware's, and the boot loader's
  reserve(g, g->image_phys, g->image_phys + g->image_bytes);
  for (uint64_t frame = 0; frame < end;) {
    sums[use_of(g, frame)]++;
    if (use_of(g, frame) != FRAME_FREE) {
      if (start + frame * g->page >= g->image_phys + g->image_bytes)
        describe(g, frame);
      frame++;
      continue;
    }
    unsigned order = free_order(g, start / g->page, frame, end);
    uint64_t page = page_of(g, start + frame * g->page);
    set_type(g, page, "PGTY_buddy", PG_BUDDY_BIT);
    set(g, page, "page", "private", order);
    sums[FRAME_FREE] += (1ull << order) - 1;
    frame += 1ull << order;
  }
  truth_table(g, "memory_summary");
  write_sum(g, "free", sums[FRAME_FREE]);
  write_sum(g, "file", sums[FRAME_CACHED]);
  write_sum(g, "anon", sums[FRAME_ANONYMOUS]);
  write_sum(g, "slab", sums[FRAME_SLAB]);
  write_sum(g, "page_table", sums[FRAME_TABLE]);
  write_sum(g, "kernel_image", g->image_bytes / g->page);
}
