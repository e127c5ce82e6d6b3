// Reading page scripts, and serving them.
#include "page_script.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "image/internal.h"

static struct page_script the_script;
static uint8_t *pool; // SCRIPT_FRAMES frames; those not in use are zero

static struct script_frame *find_frame(struct page_script *s, uint64_t pfn) {
  if (!s->n || pfn > s->highest) // as a generator writes them
    return NULL;
  for (size_t i = s->n; i-- > 0;) // most often the last one
    if (s->frames[i].pfn == pfn)
      return &s->frames[i];
  return NULL;
}

static void clear(struct script_frame *f) {
  if (f->low < f->high)
    memset(f->bytes + f->low, 0, f->high - f->low);
  f->low = SCRIPT_PAGE;
  f->high = 0;
}

bool script_write(struct page_script *s, uint64_t pfn, size_t offset, const void *p, size_t n) {
  FUZZ_REQUIRE(offset < SCRIPT_PAGE && n <= SCRIPT_PAGE - offset);
  struct script_frame *f = find_frame(s, pfn);
  if (!f && s->n == SCRIPT_FRAMES)
    return false;
  if (!f) {
    f = &s->frames[s->n];
    *f = (struct script_frame){.pfn = pfn, .bytes = pool + s->n++ * SCRIPT_PAGE, .low = SCRIPT_PAGE};
    s->highest = s->n == 1 || pfn > s->highest ? pfn : s->highest;
  }
  if (!n)
    return true;
  memcpy(f->bytes + offset, p, n);
  f->low = (uint16_t)(offset < f->low ? offset : f->low);
  f->high = (uint16_t)(offset + n > f->high ? offset + n : f->high);
  return true;
}

void script_clear(struct page_script *s, uint64_t pfn) {
  struct script_frame *f = find_frame(s, pfn);
  if (f)
    clear(f);
}

struct page_script *script_read(struct kl_bytes script, struct fuzz_input *options) {
  struct page_script *s = &the_script;
  if (!pool) {
    pool = calloc(SCRIPT_FRAMES, SCRIPT_PAGE);
    FUZZ_REQUIRE(pool != NULL);
  }
  for (size_t i = 0; i < s->n; i++)
    clear(&s->frames[i]);
  s->n = s->head_bytes = 0;
  uint8_t flags = fuzz_option8(options);
  s->reads = s->patience = 0;
  s->fail_at = fuzz_option8(options) * 4u;
  s->no_lend = flags & 1;
  uint64_t head;
  while (kl_bytes_u64(&script, &head)) {
    size_t offset = (size_t)(head >> 12 & 4095), length = (size_t)(head & 4095) + 1;
    size_t given = length < script.n ? length : script.n, fits = SCRIPT_PAGE - offset;
    if (!script_write(s, head >> 24, offset, script.p, given < fits ? given : fits))
      break;
    struct kl_bytes dropped;
    (void)kl_bytes_take(&script, given, &dropped);
  }
  return s;
}

// Offset 0: the head; behind it the frames in order.
static enum kl_status read_script(void *user, uint64_t offset, void *dst, size_t n) {
  struct page_script *s = user;
  FUZZ_REQUIRE(offset <= s->source.bytes && n <= s->source.bytes - offset);
  s->reads++;
  if (s->patience && s->reads >= s->patience)
    return KL_ERR_CANCELLED;
  if (s->fail_at && s->reads >= s->fail_at)
    return KL_ERR_IO;
  for (uint8_t *to = dst; n;) {
    bool in_head = offset < s->head_bytes;
    size_t at = (size_t)(in_head ? offset : (offset - s->head_bytes) % SCRIPT_PAGE);
    size_t part = (in_head ? s->head_bytes : SCRIPT_PAGE) - at;
    part = part < n ? part : n;
    memcpy(to, in_head ? s->head + at : s->frames[(offset - s->head_bytes) / SCRIPT_PAGE].bytes + at, part);
    to += part;
    offset += part;
    n -= part;
  }
  return KL_OK;
}

// All of it when that stands in one piece, or what is inside one frame.
static enum kl_status lend_script(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  struct page_script *s = user;
  FUZZ_REQUIRE(offset <= s->source.bytes && n <= s->source.bytes - offset);
  if (offset < s->head_bytes || !n)
    return KL_ERR_UNSUPPORTED;
  uint64_t at = offset - s->head_bytes;
  if (n > SCRIPT_PAGE - at % SCRIPT_PAGE && (!s->in_order || s->fail_at))
    return KL_ERR_UNSUPPORTED;
  s->reads++;
  if (s->patience && s->reads >= s->patience)
    return KL_ERR_CANCELLED;
  *ret = s->frames[at / SCRIPT_PAGE].bytes + at % SCRIPT_PAGE;
  return KL_OK;
}

// Most scripts name their frames in order.
static void sort(struct page_script *s) {
  s->in_order = true;
  for (size_t i = 1; i < s->n; i++) {
    struct script_frame f = s->frames[i];
    size_t at = i;
    for (; at && s->frames[at - 1].pfn > f.pfn; at--)
      s->frames[at] = s->frames[at - 1];
    s->frames[at] = f;
    s->in_order &= at == i;
  }
}

static void serve(struct page_script *s) {
  s->source = (struct kl_source){.user = s,
                                 .bytes = s->head_bytes + s->n * SCRIPT_PAGE,
                                 .read = read_script,
                                 .lend = s->no_lend ? NULL : lend_script};
}

// How many frames from i on follow one another.
static size_t run_at(const struct page_script *s, size_t i) {
  size_t n = 1;
  while (i + n < s->n && s->frames[i + n].pfn == s->frames[i].pfn + n)
    n++;
  return n;
}

enum kl_status script_image(struct page_script *s, struct kl_arena *arena, const struct kl_limits *limits,
                            struct kl_image **ret) {
  struct kl_image *image;
  sort(s);
  serve(s);
  KL_TRY(KL_TAKE(arena, 1, &image));
  image->limits = limits;
  image->arena = arena;
  image->files = &s->source;
  image->n_files = 1;
  image->facts.container = "page script";
  for (size_t i = 0, n; i < s->n; i += n) {
    n = run_at(s, i);
    uint64_t start = s->frames[i].pfn * SCRIPT_PAGE;
    struct kl_run run = {
        .start = start, .end = start + n * SCRIPT_PAGE, .offset = i * SCRIPT_PAGE, .state = KL_SEGMENT_FILE};
    KL_TRY(kl_runs_add(arena, &image->runs, &run));
  }
  *ret = image;
  return kl_image_use_runs(image, 0);
}

void script_elf(struct page_script *s, uint16_t machine) {
  static uint8_t head[sizeof(Elf64_Ehdr) + SCRIPT_FRAMES * sizeof(Elf64_Phdr)];
  sort(s);
  size_t loads = 0;
  for (size_t i = 0; i < s->n; loads++) {
    size_t run = run_at(s, i);
    Elf64_Phdr load = {.p_type = PT_LOAD,
                       .p_offset = i * SCRIPT_PAGE, // behind the head: see below
                       .p_paddr = s->frames[i].pfn * SCRIPT_PAGE,
                       .p_filesz = run * SCRIPT_PAGE,
                       .p_memsz = run * SCRIPT_PAGE};
    memcpy(head + sizeof(Elf64_Ehdr) + loads * sizeof load, &load, sizeof load);
    i += run;
  }
  s->head = head;
  s->head_bytes = sizeof(Elf64_Ehdr) + loads * sizeof(Elf64_Phdr);
  for (size_t i = 0; i < loads; i++) {
    Elf64_Phdr load;
    uint8_t *at = head + sizeof(Elf64_Ehdr) + i * sizeof load;
    memcpy(&load, at, sizeof load);
    load.p_offset += s->head_bytes;
    memcpy(at, &load, sizeof load);
  }
  Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                       .e_type = ET_CORE,
                       .e_machine = machine,
                       .e_version = EV_CURRENT,
                       .e_phoff = sizeof header,
                       .e_ehsize = sizeof header,
                       .e_phentsize = sizeof(Elf64_Phdr),
                       .e_phnum = (Elf64_Half)loads};
  memcpy(head, &header, sizeof header);
  serve(s);
}
