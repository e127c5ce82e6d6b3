// Reading page scripts, and serving them as an ELF core.
#include "page_script.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static struct page_script the_script;
static uint8_t *pool; // SCRIPT_FRAMES frames; those not in use are zero

static int by_pfn(const void *a, const void *b) {
  const struct script_frame *x = a, *y = b;
  return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

uint8_t *script_frame(struct page_script *s, uint64_t pfn) {
  for (size_t i = s->n; i-- > 0;) // most often the last one
    if (s->frames[i].pfn == pfn)
      return s->frames[i].bytes;
  if (s->n == SCRIPT_FRAMES)
    return NULL;
  s->frames[s->n] = (struct script_frame){pfn, pool + s->n * SCRIPT_PAGE};
  return s->frames[s->n++].bytes;
}

struct page_script *script_read(struct kl_bytes script, struct fuzz_input *options) {
  struct page_script *s = &the_script;
  if (!pool) {
    pool = calloc(SCRIPT_FRAMES, SCRIPT_PAGE);
    FUZZ_REQUIRE(pool != NULL);
  }
  memset(pool, 0, s->n * SCRIPT_PAGE);
  free(s->head);
  s->head = NULL;
  s->n = 0;
  uint8_t flags = fuzz_option8(options);
  s->reads = s->patience = 0;
  s->fail_at = fuzz_option8(options) * 4u;
  s->no_lend = flags & 1;
  uint64_t head;
  while (kl_bytes_u64(&script, &head)) {
    size_t offset = (size_t)(head >> 12 & 4095), length = (size_t)(head & 4095) + 1;
    size_t given = length < script.n ? length : script.n;
    uint8_t *frame = script_frame(s, head >> 24);
    if (!frame)
      break;
    size_t fits = SCRIPT_PAGE - offset;
    if (given)
      memcpy(frame + offset, script.p, given < fits ? given : fits);
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

// Frames lie anywhere in the pool: only what is inside one can be lent.
static enum kl_status lend_script(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  struct page_script *s = user;
  FUZZ_REQUIRE(offset <= s->source.bytes && n <= s->source.bytes - offset);
  if (offset < s->head_bytes || n > SCRIPT_PAGE - (offset - s->head_bytes) % SCRIPT_PAGE || !n)
    return KL_ERR_UNSUPPORTED;
  s->reads++;
  if (s->patience && s->reads >= s->patience)
    return KL_ERR_CANCELLED;
  uint64_t at = offset - s->head_bytes;
  *ret = s->frames[at / SCRIPT_PAGE].bytes + at % SCRIPT_PAGE;
  return KL_OK;
}

void script_finish(struct page_script *s, uint16_t machine, struct kl_bytes notes) {
  qsort(s->frames, s->n, sizeof *s->frames, by_pfn);
  size_t loads = 0;
  for (size_t i = 0; i < s->n; i++)
    loads += !i || s->frames[i].pfn != s->frames[i - 1].pfn + 1;
  s->head_bytes = sizeof(Elf64_Ehdr) + (loads + 1) * sizeof(Elf64_Phdr) + notes.n;
  s->head = calloc(1, s->head_bytes);
  FUZZ_REQUIRE(s->head != NULL);
  Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                       .e_type = ET_CORE,
                       .e_machine = machine,
                       .e_version = EV_CURRENT,
                       .e_phoff = sizeof header,
                       .e_ehsize = sizeof header,
                       .e_phentsize = sizeof(Elf64_Phdr),
                       .e_phnum = (Elf64_Half)(loads + 1)};
  memcpy(s->head, &header, sizeof header);
  uint8_t *at = s->head + sizeof header;
  Elf64_Phdr note = {
      .p_type = PT_NOTE, .p_offset = s->head_bytes - notes.n, .p_filesz = notes.n, .p_memsz = notes.n};
  memcpy(at, &note, sizeof note);
  for (size_t i = 0; i < s->n;) {
    size_t run = 1;
    while (i + run < s->n && s->frames[i + run].pfn == s->frames[i].pfn + run)
      run++;
    Elf64_Phdr load = {.p_type = PT_LOAD,
                       .p_offset = s->head_bytes + i * SCRIPT_PAGE,
                       .p_paddr = s->frames[i].pfn * SCRIPT_PAGE,
                       .p_filesz = run * SCRIPT_PAGE,
                       .p_memsz = run * SCRIPT_PAGE};
    memcpy(at += sizeof load, &load, sizeof load);
    i += run;
  }
  if (notes.n)
    memcpy(s->head + s->head_bytes - notes.n, notes.p, notes.n);
  s->source = (struct kl_source){.user = s,
                                 .bytes = s->head_bytes + s->n * SCRIPT_PAGE,
                                 .read = read_script,
                                 .lend = s->no_lend ? NULL : lend_script};
}
