// ELF core files: QEMU's dump-guest-memory, kexec's vmcore, VirtualBox.
//
// Memory lies where p_paddr says. What a segment has in memory beyond its bytes
// in the file was left out: makedumpfile drops zero pages and unwanted pages
// the same way, so it is filtered, not zero.
#include "image/internal.h"

enum {
  EHDR_BYTES = 64,
  PHDR_BYTES = 56,
  SHDR_BYTES = 64,
  ET_CORE = 4,
  PT_LOAD = 1,
  PT_NOTE = 4,
  PN_XNUM = 0xffff, // e_phnum did not fit: sh_info of section 0 has it
  SH_INFO = 44,
  MEASURED_SEGMENTS = 256,
  DUMP_ELF_INCOMPLETE = 1, // makedumpfile's e_flags
  EM_X86_64 = 62,
  EM_AARCH64 = 183
};

// Where x86-64 maps the kernel image a second time: kexec lists that alias as a
// segment of its own (fs/proc/vmcore.c), over memory already listed.
#define START_KERNEL_MAP 0xffffffff80000000ull

struct elf {
  uint16_t type, machine;
  uint32_t flags;
  uint64_t phoff;
  uint64_t phnum;
  uint16_t phentsize;
  bool has_sections;
  const char *refused; // why this ELF file cannot be taken; null: it can
};

struct segment {
  uint32_t type;
  uint64_t offset, vaddr, paddr, filesz, memsz;
};

static enum kl_status read_header(const struct kl_source *file, struct elf *ret) {
  uint8_t h[EHDR_BYTES], section[SHDR_BYTES];
  *ret = (struct elf){0};
  KL_TRY(kl_must_hold(kl_file_read(file, 0, h, sizeof h)));
  if (h[4] != 2)
    ret->refused = "a 32-bit ELF core: only 64-bit guests are supported";
  else if (h[5] != 1)
    ret->refused = "a big-endian ELF core: only little-endian guests are supported";
  if (ret->refused)
    return KL_OK;
  ret->type = kl_le16(h + 16);
  ret->machine = kl_le16(h + 18);
  ret->phoff = kl_le64(h + 32);
  ret->flags = kl_le32(h + 48);
  ret->phentsize = kl_le16(h + 54);
  ret->phnum = kl_le16(h + 56);
  ret->has_sections = kl_le16(h + 60) != 0;
  if (ret->phnum == PN_XNUM) {
    KL_TRY(kl_must_hold(kl_file_read(file, kl_le64(h + 40), section, sizeof section)));
    ret->phnum = kl_le32(section + SH_INFO);
  }
  if (ret->type != ET_CORE)
    ret->refused = "an ELF file, but not a core: a program or a kernel, not a dump";
  else if (!ret->phnum && ret->has_sections)
    ret->refused = "an ELF core without segments, as Xen's dump-core writes it";
  return KL_OK;
}

static enum kl_status read_segment(const struct kl_source *file, const struct elf *elf, uint64_t i,
                                   struct segment *ret) {
  uint8_t p[PHDR_BYTES];
  uint64_t at;
  if (!kl_mul(i, elf->phentsize, &at) || !kl_add(at, elf->phoff, &at))
    return KL_ERR_MALFORMED;
  KL_TRY(kl_file_read(file, at, p, sizeof p));
  *ret = (struct segment){
      .type = kl_le32(p),
      .offset = kl_le64(p + 8),
      .vaddr = kl_le64(p + 16),
      .paddr = kl_le64(p + 24),
      .filesz = kl_le64(p + 32),
      .memsz = kl_le64(p + 40),
  };
  return KL_OK;
}

static uint64_t note_bytes(const struct segment *s, const struct kl_source *file, const struct kl_limits *limits) {
  uint64_t in_file = s->offset < file->bytes ? file->bytes - s->offset : 0;
  return kl_min(kl_min(s->filesz, in_file), limits->note_bytes);
}

// An upper bound of the notes' size. Many segments are not looked through, and
// headers that cannot be found without a map (flattened files) neither.
static uint64_t most_note_bytes(const struct kl_source *file, const struct elf *elf, uint64_t count,
                                const struct kl_limits *limits) {
  if (count > MEASURED_SEGMENTS)
    return limits->note_bytes;
  for (uint64_t i = 0; i < count; i++) {
    struct segment s;
    if (read_segment(file, elf, i, &s) != KL_OK)
      return limits->note_bytes;
    if (s.type == PT_NOTE)
      return note_bytes(&s, file, limits);
  }
  return 0;
}

static enum kl_status elf_workspace(const struct kl_source *file, size_t n, const struct kl_limits *limits,
                                    uint64_t *ret) {
  (void)n;
  struct elf elf;
  KL_TRY(read_header(file, &elf));
  uint64_t count = kl_min(elf.phnum, limits->segments);
  uint64_t notes = most_note_bytes(file, &elf, count, limits);
  // A segment is a run of its bytes and a run of what was left out.
  *ret = kl_runs_cost(2 * count) + kl_arena_cost(notes) + kl_notes_cost(notes, limits);
  return KL_OK;
}

static enum kl_status add_load(struct kl_image *image, const struct segment *s, uint32_t order) {
  struct kl_run run = {.start = s->paddr, .offset = s->offset, .order = order};
  uint64_t in_file = s->filesz;
  if (s->paddr == UINT64_MAX || !s->memsz) // no place in physical memory
    return KL_OK;
  if (!kl_add(s->paddr, s->memsz, &run.end) || s->filesz > s->memsz) {
    kl_image_note(image, "a segment's sizes contradict each other", s->paddr, KL_ERR_MALFORMED);
    run.end = s->paddr + kl_min(s->memsz, UINT64_MAX - s->paddr);
    in_file = kl_min(in_file, run.end - run.start);
  }
  uint64_t end = run.end;
  run.state = KL_SEGMENT_FILE;
  run.weight = s->vaddr >= START_KERNEL_MAP ? 1 : 0;
  run.end = run.start + in_file;
  if (in_file)
    KL_TRY(kl_runs_add(image->arena, &image->runs, &run));
  if (in_file == end - run.start)
    return KL_OK;
  run = (struct kl_run){.start = run.end, .end = end, .order = order, .weight = 2, .state = KL_SEGMENT_FILTERED};
  return kl_runs_add(image->arena, &image->runs, &run);
}

static enum kl_status add_loads(struct kl_image *image, const struct elf *elf, uint64_t count,
                                struct segment *note) {
  uint64_t loads = 0, at_zero = 0;
  for (uint64_t i = 0; i < count; i++) {
    struct segment s;
    enum kl_status status = read_segment(&image->files[0], elf, i, &s);
    if (status == KL_ERR_ABSENT || status == KL_ERR_MALFORMED) {
      image->facts.incomplete = true;
      kl_image_note(image, "the program headers end before their count", i, KL_ERR_MALFORMED);
      break;
    }
    KL_TRY(status);
    if (s.type == PT_NOTE && note->type != PT_NOTE)
      *note = s;
    if (s.type != PT_LOAD)
      continue;
    loads++;
    at_zero += s.paddr == 0;
    KL_TRY(add_load(image, &s, (uint32_t)i));
  }
  if (loads > 1 && at_zero == loads) {
    kl_image_note(image, "the core of one process, not of a machine", 0, KL_ERR_UNSUPPORTED);
    return KL_ERR_UNSUPPORTED;
  }
  if (!image->runs.n) {
    kl_image_note(image, "an ELF core without memory", 0, KL_ERR_MALFORMED);
    return KL_ERR_MALFORMED;
  }
  return KL_OK;
}

static enum kl_status elf_open(struct kl_image *image) {
  const struct kl_source *file = &image->files[0];
  struct elf elf;
  KL_TRY(read_header(file, &elf));
  if (elf.refused) {
    kl_image_note(image, elf.refused, 0, KL_ERR_UNSUPPORTED);
    return KL_ERR_UNSUPPORTED;
  }
  if (elf.phentsize < PHDR_BYTES)
    return KL_ERR_MALFORMED;
  image->facts.elf_machine = elf.machine;
  if ((elf.machine == EM_X86_64 || elf.machine == EM_AARCH64) && (elf.flags & DUMP_ELF_INCOMPLETE))
    image->facts.incomplete = true;
  uint64_t count = elf.phnum;
  if (count > image->limits->segments) {
    kl_image_note(image, "more segments than the limit: the rest is left out", 0, KL_ERR_LIMIT);
    count = image->limits->segments;
  }
  struct segment note = {0};
  uint64_t conflicts;
  KL_TRY(add_loads(image, &elf, count, &note));
  kl_image_cut_runs(image);
  KL_TRY(kl_runs_resolve(image->arena, &image->runs, &conflicts));
  KL_TRY(kl_image_use_runs(image, conflicts));
  struct kl_bytes notes;
  uint64_t n = note_bytes(&note, file, image->limits);
  if (note.type != PT_NOTE || !n)
    return KL_OK;
  if (n < note.filesz)
    kl_image_note(image, "ELF notes are cut short", note.offset, KL_ERR_LIMIT);
  KL_TRY(kl_file_keep(file, note.offset, n, image->arena, &notes));
  return kl_notes_read(image, notes);
}

static bool elf_recognise(const uint8_t *head) {
  return !memcmp(head, "\177ELF", 4);
}

const struct kl_container kl_container_elf = {
    .name = "elf",
    .flattened_name = "flattened elf",
    .recognise = elf_recognise,
    .workspace = elf_workspace,
    .open = elf_open,
};
