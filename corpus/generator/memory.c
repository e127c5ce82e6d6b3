// Physical memory, and kernel addresses that lie in it.
#include "guest.h"

#include <string.h>

uint8_t *phys_at(struct guest *g, uint64_t phys, uint64_t bytes) {
  for (size_t i = 0; i < g->n_ram; i++) {
    struct ram *ram = &g->ram[i];
    if (phys >= ram->start && phys - ram->start <= ram->bytes && bytes <= ram->bytes - (phys - ram->start))
      return ram->p + (phys - ram->start);
  }
  die("no memory at physical %#llx", (unsigned long long)phys);
}

bool phys_in_ram(const struct guest *g, uint64_t phys) {
  for (size_t i = 0; i < g->n_ram; i++)
    if (phys >= g->ram[i].start && phys - g->ram[i].start < g->ram[i].bytes)
      return true;
  return false;
}

// From the top of RAM down, now and then with a frame left over, so that
// neighbours in a virtual range are not neighbours in memory.
uint64_t frames_take(struct guest *g, uint64_t bytes) {
  bytes = round_up(bytes, g->page);
  uint64_t gap = chance_one_in(&g->chance, 8) ? g->page : 0;
  uint64_t floor = g->image_phys + g->image_bytes;
  if (g->frame_next < floor + bytes + gap)
    die("the machine's memory is too small");
  g->frame_next -= bytes + gap;
  frames_mark(g, g->frame_next, bytes, FRAME_KERNEL);
  return g->frame_next;
}

void frames_mark(struct guest *g, uint64_t phys, uint64_t bytes, enum frame_use use) {
  for (uint64_t at = 0; at < bytes; at += g->page)
    g->frame_use[(phys + at - g->ram[0].start) / g->page] = (uint8_t)use;
}

uint64_t direct_of(const struct guest *g, uint64_t phys) {
  return phys + g->direct_base;
}

uint64_t phys_of(const struct guest *g, uint64_t va) {
  for (size_t i = g->n_mappings; i-- > 0;) {
    const struct mapping *m = &g->mappings[i];
    if (va >= m->va && va - m->va < m->bytes)
      return m->phys + (va - m->va);
  }
  die("nothing is mapped at %#llx", (unsigned long long)va);
}

void poke(struct guest *g, uint64_t va, const void *p, uint64_t n) {
  const uint8_t *from = p;
  while (n) {
    uint64_t part = g->page - va % g->page;
    part = part < n ? part : n;
    memcpy(phys_at(g, phys_of(g, va), part), from, part);
    va += part;
    from += part;
    n -= part;
  }
}

void poke_number(struct guest *g, uint64_t va, uint64_t v, size_t n) {
  uint8_t b[16];
  store(b, v, n);
  poke(g, va, b, n);
}

uint64_t peek_number(struct guest *g, uint64_t va, size_t n) {
  uint64_t v = 0;
  for (size_t i = 0; i < n; i++)
    v |= (uint64_t)*phys_at(g, phys_of(g, va + i), 1) << (8 * i);
  return v;
}

uint64_t image_take(struct guest *g, enum image_part part, uint64_t bytes, uint64_t align) {
  struct region *region = &g->image[part];
  uint64_t at = round_up(region->next, align);
  if (at + bytes > region->end)
    die("part %d of the kernel's image is too small", (int)part);
  region->next = at + bytes;
  return at;
}

uint64_t image_string(struct guest *g, const char *s) {
  uint64_t at = image_take(g, IMAGE_CONSTANT, strlen(s) + 1, 1);
  poke(g, at, s, strlen(s) + 1);
  return at;
}

uint64_t slab_take(struct guest *g, uint64_t bytes, uint64_t align) {
  uint64_t at = round_up(g->slab_next, align);
  if (!g->slab_next || at + bytes > g->slab_end) {
    uint64_t whole = round_up(bytes, g->page);
    uint64_t phys = frames_take(g, whole);
    frames_mark(g, phys, whole, FRAME_SLAB);
    at = direct_of(g, phys);
    g->slab_end = at + whole;
  }
  // Objects of a slab do not touch.
  g->slab_next = at + bytes + 8 * chance_below(&g->chance, 3);
  return at;
}

uint64_t vmalloc_take(struct guest *g, struct region *region, uint64_t bytes) {
  bytes = round_up(bytes, g->page);
  uint64_t at = region->next;
  if (at + bytes > region->end)
    die("no room in a virtual region");
  for (uint64_t i = 0; i < bytes; i += g->page)
    map_kernel(g, (struct mapping){.va = at + i,
                                   .phys = frames_take(g, g->page),
                                   .bytes = g->page,
                                   .writable = true,
                                   .executable = region == &g->modules});
  region->next = at + bytes + g->page; // a guard page
  return at;
}
