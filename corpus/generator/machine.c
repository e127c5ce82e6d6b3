// The machine: where RAM lies, and where this kernel put itself.
// Sources: arch/x86/include/asm/page_64_types.h, pgtable_64_types.h;
// arch/arm64/include/asm/memory.h; Documentation/arch/x86/x86_64/mm.rst.
#include "guest.h"

static const uint64_t KiB = 1024, MiB = 1024 * 1024, GiB = 1024 * 1024 * 1024;

static void add_ram(struct guest *g, uint64_t start, uint64_t bytes, uint64_t empty) {
  g->ram[g->n_ram++] = (struct ram){start, bytes, take((size_t)bytes), empty};
}

static void map_direct(struct guest *g, const struct ram *ram, bool large) {
  map_kernel(g, (struct mapping){.va = direct_of(g, ram->start),
                                 .phys = ram->start,
                                 .bytes = ram->bytes + ram->empty,
                                 .writable = true,
                                 .large = large});
}

// x86-64: all bases but the image's are multiples of 1 GiB (KASLR, mm/kaslr.c).
static void place_x86(struct guest *g, struct chance *c) {
  bool la57 = g->o.shape->levels == 5;
  g->kaslr = 2 * MiB * chance_below(c, 256);
  g->kernel_start_map = 0xffffffff80000000;
  g->image_va = g->kernel_start_map + 16 * MiB + g->kaslr;
  g->image_phys = g->ram[0].start + 2 * MiB;
  g->direct_base = (la57 ? 0xff11000000000000 : 0xffff888000000000) + GiB * chance_below(c, 4096);
  uint64_t vmalloc = (la57 ? 0xffa0000000000000 : 0xffffc90000000000) + GiB * chance_below(c, 4096);
  g->vmalloc = (struct region){vmalloc, vmalloc, vmalloc + 64 * MiB};
  g->vmemmap = (la57 ? 0xffd4000000000000 : 0xffffea0000000000) + GiB * chance_below(c, 64);
  uint64_t modules = 0xffffffffc0000000 + MiB * chance_below(c, 16);
  g->modules = (struct region){modules, modules, modules + 64 * MiB};
}

static void place_arm(struct guest *g, struct chance *c) {
  unsigned va_bits = g->o.shape->va_bits, va_bits_min = va_bits < 48 ? va_bits : 48;
  uint64_t page_offset = 0 - (1ull << va_bits), page_end = 0 - (1ull << (va_bits_min - 1));
  uint64_t modules_bytes = g->o.era >= ERA_6_12 ? 2 * GiB : 128 * MiB;
  g->kaslr = 2 * MiB * chance_below(c, 1024);
  g->image_va = page_end + modules_bytes + g->kaslr;
  g->image_phys = g->ram[0].start + 2 * MiB;
  // memstart_addr is a multiple of 1 GiB, and with KASLR may lie far below RAM.
  uint64_t memstart = g->ram[0].start / GiB * GiB - GiB * chance_below(c, 1ull << (va_bits_min - 34));
  g->direct_base = page_offset - memstart;
  uint64_t vmalloc = page_end + modules_bytes + 8 * GiB;
  g->vmalloc = (struct region){vmalloc, vmalloc, vmalloc + 64 * MiB};
  unsigned page_shift = g->o.shape->granule_shift;
  // VMEMMAP_START, less the frames below memstart.
  uint64_t start = g->o.era >= ERA_6_12 ? 0 - GiB - ((page_end - page_offset) >> (page_shift - 6))
                                        : 0 - (1ull << (va_bits - (page_shift - 6)));
  g->vmemmap = start - (uint64_t)((int64_t)memstart >> page_shift) * 64;
  uint64_t modules = page_end + modules_bytes / 2;
  g->modules = (struct region){modules, modules, modules + 64 * MiB};
}

void guest_init(struct guest *g, const struct options *options) {
  *g = (struct guest){.o = *options, .era = options->era};
  g->chance = chance_of(options->seed, "memory");
  struct chance c = chance_of(options->seed, "places");
  g->page = 1ull << options->shape->granule_shift;
  static const uint64_t sizes[] = {
      [MACHINE_TINY] = 12, [MACHINE_DEMO] = 20, [MACHINE_CROWD] = 64, [MACHINE_WIDE] = 320};
  uint64_t ram = sizes[options->machine] * MiB; // of which most is zero
  ram *= g->page > 16 * KiB ? 4 : g->page > 4 * KiB ? 2 : 1;
  add_ram(g, options->low + (options->shape->arm ? GiB : 0), ram, options->hole ? 2 * GiB - ram : 0);
  if (options->hole) { // 3.5 GiB on a q35 of QEMU
    add_ram(g, 4 * GiB, MiB, 3 * GiB / 2 - MiB);
    g->above_next = 4 * GiB;
  }
  if (options->shape->arm)
    place_arm(g, &c);
  else
    place_x86(g, &c);
  // Large pages want 2 MiB for each part. Readers expect no image under 4 MiB.
  bool large = g->page == 4 * KiB && chance_one_in(&c, 2);
  static const uint64_t small[IMAGE_PARTS] = {1024, 2048, 2048};
  uint64_t va = g->image_va;
  for (unsigned i = 0; i < IMAGE_PARTS; i++) {
    uint64_t bytes = large ? 2 * MiB : small[i] * KiB;
    g->image[i] = (struct region){va, va, va + bytes};
    map_kernel(g, (struct mapping){.va = va,
                                   .phys = g->image_phys + (va - g->image_va),
                                   .bytes = bytes,
                                   .writable = i == IMAGE_DATA,
                                   .executable = i == IMAGE_TEXT,
                                   .large = large});
    va += bytes;
  }
  g->image_bytes = va - g->image_va;
  g->frame_next = g->ram[0].start + ram;
  g->frame_use = take(ram / g->page);
  bool large_direct = !chance_one_in(&c, 3);
  for (size_t i = 0; i < g->n_ram; i++)
    map_direct(g, &g->ram[i], large_direct || options->hole);
  g->cpus = 1 + (unsigned)chance_below(&c, 4);
  if (options->uniprocessor)
    g->cpus = 1;
  types_init(&g->types, options->seed, options->era);
  g->types.uniprocessor = options->uniprocessor;
}
