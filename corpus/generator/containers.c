// Raw, LiME, ELF cores and page scripts.
#include "containers.h"

#include <elf.h>
#include <string.h>

static const struct container containers[] = {
    {"raw", write_raw},
    {"lime", write_lime},
    {"elf", write_elf},
    {"vmcore", write_elf_vmcore},
    {"kdump", write_kdump},
    {"kdump-stored", write_kdump_stored},
    {"flattened", write_flattened},
    {"script", write_script},
};

const struct container *container_at(size_t i) {
  return i < sizeof containers / sizeof *containers ? &containers[i] : NULL;
}

const struct container *container_named(const char *name) {
  for (size_t i = 0; i < sizeof containers / sizeof *containers; i++)
    if (strcmp(containers[i].name, name) == 0)
      return &containers[i];
  return NULL;
}

// What the machine's map calls RAM: on x86 not the part below 1 MiB that the
// firmware keeps.
struct range {
  uint64_t start, end;
};

static size_t ranges_of(const struct guest *g, struct range ranges[4]) {
  size_t n = 0;
  for (size_t i = 0; i < g->n_ram; i++) {
    struct range r = {g->ram[i].start, g->ram[i].start + g->ram[i].bytes};
    if (r.start == 0) {
      ranges[n++] = (struct range){0, 0xa0000};
      r.start = 0x100000;
    }
    ranges[n++] = r;
  }
  return n;
}

void write_raw(struct guest *g, struct bytes *ret) {
  for (size_t i = 0; i < g->n_ram; i++)
    bytes_put(ret, g->ram[i].p, (size_t)g->ram[i].bytes);
}

void write_lime(struct guest *g, struct bytes *ret) {
  struct range ranges[4];
  size_t n = ranges_of(g, ranges);
  for (size_t i = 0; i < n; i++) {
    bytes_number(ret, 0x4c694d45, 4);
    bytes_number(ret, 1, 4);
    bytes_number(ret, ranges[i].start, 8);
    bytes_number(ret, ranges[i].end - 1, 8);
    bytes_number(ret, 0, 8);
    uint64_t bytes = ranges[i].end - ranges[i].start;
    bytes_put(ret, phys_at(g, ranges[i].start, bytes), (size_t)bytes);
  }
}

static void write_note(struct bytes *ret, const char *name, uint32_t type, const struct bytes *desc) {
  bytes_number(ret, strlen(name) + 1, 4);
  bytes_number(ret, desc->n, 4);
  bytes_number(ret, type, 4);
  bytes_put(ret, name, strlen(name) + 1);
  bytes_align(ret, 4);
  bytes_put(ret, desc->p, desc->n);
  bytes_align(ret, 4);
}

// NT_PRSTATUS: pid at 32, registers at 112. QEMU's own note: see
// target/i386/arch_dump.c (struct QEMUCPUState).
static void write_cpu_notes(struct guest *g, unsigned cpu, struct bytes *ret) {
  struct bytes status = {0}, state = {0};
  bytes_grow(&status, g->o.shape->arm ? 392 : 336);
  store(status.p + 32, cpu + 1, 4);
  for (unsigned i = 0; i < 8; i++)
    store(status.p + 112 + 8 * i, 0x1000 + i, 8);
  write_note(ret, "CORE", NT_PRSTATUS, &status);
  if (g->o.shape->arm)
    return;
  bytes_grow(&state, 440);
  store(state.p, 1, 4);
  store(state.p + 4, 440, 4);
  store(state.p + 136, g->image_va + 0x100, 8);                      // rip
  store(state.p + 144, 0x246, 8);                                    // rflags
  store(state.p + 392, 0x80050033, 8);                               // cr0
  store(state.p + 416, g->root, 8);                                  // cr3
  store(state.p + 424, g->o.shape->levels == 5 ? 0x17f0 : 0x7f0, 8); // cr4
  store(state.p + 432, g->per_cpu_area[cpu], 8);                     // kernel_gs_base
  write_note(ret, "QEMU", 0, &state);
}

static void write_core(struct guest *g, bool vmcoreinfo, struct bytes *ret) {
  struct range ranges[4];
  size_t n = ranges_of(g, ranges);
  struct bytes notes = {0};
  for (unsigned cpu = 0; cpu < g->cpus; cpu++)
    write_cpu_notes(g, cpu, &notes);
  if (vmcoreinfo)
    write_note(&notes, "VMCOREINFO", 0, &g->vmcoreinfo);
  Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                       .e_type = ET_CORE,
                       .e_machine = g->o.shape->arm ? EM_AARCH64 : EM_X86_64,
                       .e_version = EV_CURRENT,
                       .e_phoff = sizeof header,
                       .e_ehsize = sizeof header,
                       .e_phentsize = sizeof(Elf64_Phdr),
                       .e_phnum = (Elf64_Half)(n + 1)};
  bytes_put(ret, &header, sizeof header);
  uint64_t at = sizeof header + (n + 1) * sizeof(Elf64_Phdr);
  Elf64_Phdr note = {.p_type = PT_NOTE, .p_offset = at, .p_filesz = notes.n, .p_memsz = notes.n};
  bytes_put(ret, &note, sizeof note);
  at += notes.n;
  for (size_t i = 0; i < n; i++) {
    uint64_t bytes = ranges[i].end - ranges[i].start;
    Elf64_Phdr load = {
        .p_type = PT_LOAD, .p_offset = at, .p_paddr = ranges[i].start, .p_filesz = bytes, .p_memsz = bytes};
    bytes_put(ret, &load, sizeof load);
    at += bytes;
  }
  bytes_put(ret, notes.p, notes.n);
  for (size_t i = 0; i < n; i++) {
    uint64_t bytes = ranges[i].end - ranges[i].start;
    bytes_put(ret, phys_at(g, ranges[i].start, bytes), (size_t)bytes);
  }
}

void write_elf(struct guest *g, struct bytes *ret) {
  write_core(g, false, ret);
}

void write_elf_vmcore(struct guest *g, struct bytes *ret) {
  write_core(g, true, ret);
}

// Records of bytes that are not zero; runs of up to 16 zeros stay inside one.
void write_page(uint64_t pfn, const uint8_t *page, struct bytes *ret) {
  enum { PAGE = 4096, GAP = 16 };
  for (size_t i = 0; i < PAGE;) {
    if (!page[i]) {
      i++;
      continue;
    }
    size_t start = i & ~(size_t)7, end = i + 1;
    for (size_t j = end; j < PAGE && j - end < GAP; j++)
      end = page[j] ? j + 1 : end;
    bytes_number(ret, pfn << 24 | start << 12 | (end - start - 1), 8);
    bytes_put(ret, page + start, end - start);
    i = end;
  }
}

// Frames of larger pages come together: a table is never there in part.
static bool is_empty(const struct guest *g, const uint8_t *frame, uint64_t at) {
  const uint8_t *page = frame - at % g->page;
  for (uint64_t i = 0; i < g->page; i++)
    if (page[i])
      return false;
  return true;
}

void write_script(struct guest *g, struct bytes *ret) {
  for (size_t i = 0; i < g->n_ram; i++)
    for (uint64_t at = 0; at < g->ram[i].bytes; at += 4096) {
      const uint8_t *frame = g->ram[i].p + at;
      uint64_t pfn = (g->ram[i].start + at) >> 12;
      size_t before = ret->n;
      write_page(pfn, frame, ret);
      if (ret->n == before && !is_empty(g, frame, at)) {
        bytes_number(ret, pfn << 24, 8);
        bytes_number(ret, 0, 1);
      }
    }
}
