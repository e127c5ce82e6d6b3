// Segments of ELF cores here, next to what libelf's program headers say: of
// each file, and of each with damaged headers or cut short, by seeds.
//
//   elf_libelf MUTATIONS FILE...
//
// At each address where something begins or ends, and around it, the image must
// say what the one segment there says: which byte of the file, or that it was
// left out. What may differ, and why, is in `policies`; each is counted.
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "image/image.h"

enum policy {
  NOT_AN_ELF_FILE,
  OTHER_CLASS,
  NO_CORE,
  VERSION,
  HEADER_SIZE,
  NO_SEGMENTS,
  ONE_PROCESS,
  NO_SECTION,
  NO_HEADER,
  SECTIONS,
  TABLE_CUT,
  POLICIES
};
static const struct {
  const char *name, *why;
} policies[POLICIES] = {
    [NOT_AN_ELF_FILE] = {"no ELF file", "neither reads it as one: bytes of no known container are raw memory"},
    [OTHER_CLASS] = {"32 bits or big-endian", "refused: no such guests are supported"},
    [NO_CORE] = {"not ET_CORE", "refused: a program is no memory"},
    [VERSION] = {"version", "libelf refuses other versions than 1; VirtualBox writes 0"},
    [HEADER_SIZE] = {"e_phentsize", "libelf takes 56 whatever it says; we step by it, and refuse less"},
    [NO_SEGMENTS] = {"no memory", "refused: there is nothing to read"},
    [ONE_PROCESS] = {"all at 0", "refused: the core of one process has no physical addresses"},
    [NO_SECTION] = {"PN_XNUM",
                    "libelf wants whole section headers, of its size, or takes 65535; we take the one number"},
    [NO_HEADER] = {"cut within its header", "libelf refuses, or takes it for no ELF file; so do we"},
    [SECTIONS] = {"sections", "libelf refuses a file for sections that can't be; we do not read them"},
    [TABLE_CUT] = {"cut within its table",
                   "libelf gives no segment then; we those that are whole: compared with the count "
                   "that libelf would say"},
};
static uint64_t files, points, overlaps, opened, failures, met[POLICIES];

struct subject {
  const char *name;
  uint8_t *p;
  size_t n;
  uint64_t mutation;
};

static void differ(const struct subject *s, uint64_t at, const char *what) {
  if (failures++ < 20)
    printf("%s, mutation %" PRIu64 ": 0x%" PRIx64 ": %s\n", s->name, s->mutation, at, what);
}

// ── What libelf says ───────────────────────────────────────────────────────

enum { MOST_SEGMENTS = 1 << 20 };
static GElf_Phdr segments[MOST_SEGMENTS];
static size_t n_segments;

// The policy that applies, or POLICIES when there are segments to compare.
static enum policy ask_libelf(const struct subject *s) {
  n_segments = 0;
  if (s->n < SELFMAG || memcmp(s->p, ELFMAG, SELFMAG) != 0)
    return NOT_AN_ELF_FILE;
  if (s->n < sizeof(Elf64_Ehdr))
    return NO_HEADER;
  if (s->p[EI_CLASS] != ELFCLASS64 || s->p[EI_DATA] != ELFDATA2LSB)
    return OTHER_CLASS;
  Elf64_Ehdr h;
  memcpy(&h, s->p, sizeof h);
  uint64_t fit = h.e_phoff < s->n ? (s->n - h.e_phoff) / sizeof(Elf64_Phdr) : 0;
  uint64_t said = h.e_phnum, said_at = offsetof(Elf64_Ehdr, e_phnum);
  size_t said_bytes = sizeof h.e_phnum;
  if (said == PN_XNUM && h.e_shoff < s->n && s->n - h.e_shoff >= sizeof(Elf64_Shdr)) {
    said_at = h.e_shoff + offsetof(Elf64_Shdr, sh_info);
    said_bytes = 4;
    said = 0;
    memcpy(&said, s->p + said_at, said_bytes);
  }
  bool cut = h.e_phentsize == sizeof(Elf64_Phdr) && said > fit;
  if (cut)
    memcpy(s->p + said_at, &fit, said_bytes);
  met[TABLE_CUT] += cut;
  Elf *elf = elf_memory((char *)s->p, s->n);
  GElf_Ehdr header;
  size_t count = 0;
  enum policy policy = POLICIES;
  if (s->p[EI_VERSION] != EV_CURRENT || h.e_version != EV_CURRENT)
    policy = VERSION;
  else if (!elf && h.e_shoff)
    policy = SECTIONS;
  else if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
    policy = NO_HEADER;
  else if (header.e_type != ET_CORE)
    policy = NO_CORE;
  else if (h.e_phentsize != sizeof(Elf64_Phdr))
    policy = HEADER_SIZE;
  else if (h.e_phnum == PN_XNUM &&
           (!h.e_shnum || h.e_shoff > s->n || (s->n - h.e_shoff) / sizeof(Elf64_Shdr) < h.e_shnum ||
            h.e_shentsize != sizeof(Elf64_Shdr)))
    policy = NO_SECTION;
  else if (elf_getphdrnum(elf, &count) != 0)
    count = 0;
  for (size_t i = 0; policy == POLICIES && i < count && n_segments < MOST_SEGMENTS; i++)
    if (gelf_getphdr(elf, (int)i, &segments[n_segments]) && segments[n_segments].p_type == PT_LOAD)
      n_segments++;
  elf_end(elf);
  if (cut)
    memcpy(s->p + said_at, &said, said_bytes);
  if (policy != POLICIES)
    return policy;
  size_t at_zero = 0, with_memory = 0;
  for (size_t i = 0; i < n_segments; i++) {
    at_zero += segments[i].p_paddr == 0;
    with_memory += segments[i].p_memsz && segments[i].p_paddr != UINT64_MAX;
  }
  return n_segments > 1 && at_zero == n_segments ? ONE_PROCESS : !with_memory ? NO_SEGMENTS : POLICIES;
}

// ── What we say ────────────────────────────────────────────────────────────

struct answer {
  bool there;
  enum kl_segment_state state;
  uint64_t offset;
};

static struct answer ours_at(struct kl_image *image, uint64_t at) {
  struct kl_segment s;
  if (kl_image_segment(image, at, &s) != KL_OK || s.start > at)
    return (struct answer){0};
  return (struct answer){true, s.state, s.state == KL_SEGMENT_FILE ? s.file_offset + (at - s.start) : 0};
}

static struct answer theirs_at(const struct subject *s, const GElf_Phdr *p, uint64_t at) {
  if (at < p->p_paddr || at - p->p_paddr >= p->p_memsz || p->p_paddr == UINT64_MAX)
    return (struct answer){0};
  uint64_t in = at - p->p_paddr;
  if (in >= p->p_filesz)
    return (struct answer){true, KL_SEGMENT_FILTERED, 0};
  if (p->p_offset > s->n || in >= s->n - p->p_offset) // beyond the file's end: absent
    return (struct answer){0};
  return (struct answer){true, KL_SEGMENT_FILE, p->p_offset + in};
}

// One segment there: the same. Several: one of them. A byte that one has and the
// file lacks may be absent, or what another says.
static void compare_at(const struct subject *s, struct kl_image *image, uint64_t at) {
  struct answer ours = ours_at(image, at);
  size_t covering = 0, agreeing = 0, there = 0;
  for (size_t i = 0; i < n_segments; i++) {
    const GElf_Phdr *p = &segments[i];
    if (at < p->p_paddr || at - p->p_paddr >= p->p_memsz || p->p_paddr == UINT64_MAX)
      continue;
    struct answer theirs = theirs_at(s, p, at);
    covering++;
    there += theirs.there;
    agreeing +=
        theirs.there == ours.there && (!ours.there || (theirs.state == ours.state && theirs.offset == ours.offset));
  }
  points++;
  overlaps += covering > 1;
  if (covering ? !agreeing : ours.there)
    differ(s, at, covering ? "it is something else than its segment says" : "no segment has it");
  else if (covering > 1 && there && !ours.there)
    differ(s, at, "it is absent, and a segment has it");
}

static void compare(const struct subject *s, struct kl_image *image) {
  enum { MOST_POINTS = 400 };
  size_t step = n_segments > MOST_POINTS / 4 ? n_segments / (MOST_POINTS / 4) : 1;
  for (size_t i = 0; i < n_segments; i += step) {
    const GElf_Phdr *p = &segments[i];
    uint64_t places[] = {p->p_paddr, p->p_paddr + p->p_filesz, p->p_paddr + p->p_memsz, p->p_paddr + p->p_memsz / 2,
                         p->p_paddr + (s->n - p->p_offset)};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++)
      for (uint64_t near = 0; near < 3; near++)
        if (places[k] + near - 1 < UINT64_MAX - 1) // the last byte of all is no segment's
          compare_at(s, image, places[k] + near - 1);
  }
}

static enum kl_status read_subject(void *user, uint64_t offset, void *dst, size_t n) {
  const struct subject *s = user;
  memcpy(dst, s->p + offset, n);
  return KL_OK;
}

static void check(struct subject *s) {
  static uint8_t block[64 << 20];
  struct kl_limits limits = kl_limits_default();
  struct kl_source source = {.user = s, .bytes = s->n, .read = read_subject};
  struct kl_arena arena;
  struct kl_image *image = NULL;
  kl_arena_init(&arena, block, sizeof block);
  enum policy policy = ask_libelf(s);
  enum kl_status status = kl_image_open(&arena, &source, 1, NULL, &limits, NULL, &image);
  files++;
  if (policy < POLICIES) {
    met[policy]++;
    bool refused = policy == OTHER_CLASS || policy == NO_CORE || policy == NO_SEGMENTS || policy == ONE_PROCESS ||
                   policy == NO_HEADER;
    if (refused && status == KL_OK && strcmp(kl_image_facts(image)->container, "elf") == 0)
      differ(s, 0, policies[policy].name);
    if (policy == NOT_AN_ELF_FILE && status == KL_OK && strcmp(kl_image_facts(image)->container, "elf") == 0)
      differ(s, 0, "it opens as ELF");
    return;
  }
  if (status != KL_OK) {
    differ(s, (uint64_t)status, kl_status_text(status));
    return;
  }
  opened++;
  compare(s, image);
}

// ── Damage ─────────────────────────────────────────────────────────────────

static uint64_t state;
static uint64_t next(void) { // splitmix64
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

// A value that matters somewhere: small, a size of this file, one that wraps.
static uint64_t some_value(const struct subject *s) {
  const uint64_t values[] = {
      0,          1,        4,           55,       56,         57,      64,         0xffff,        0x1000,
      s->n,       s->n - 1, s->n + 1,    1u << 31, 1ull << 63, 1 << 20, UINT64_MAX, -(1ull << 12), s->n / 2,
      0xfffffff0, next(),   next() >> 40};
  return values[next() % (sizeof values / sizeof *values)];
}

// Some numbers of the headers change; now and then the file is cut. before: the
// bytes that were there.
enum { HEADERS = 64 + 56 * 8 + 64 };
static void damage(struct subject *s, size_t whole) {
  static const uint8_t sizes[] = {1, 2, 4, 8, 8, 8};
  uint64_t changes = 1 + next() % 4;
  size_t headers = whole < HEADERS ? whole : HEADERS;
  for (uint64_t i = 0; i < changes; i++) {
    size_t size = sizes[next() % sizeof sizes], at = (size_t)(next() % headers) / size * size;
    uint64_t v = next() % 3 ? some_value(s) : 0;
    if (next() % 4 == 0 && at + size <= headers) { // or a number that another place has
      size_t from = (size_t)(next() % headers) / size * size;
      memcpy(&v, s->p + (from + size <= headers ? from : 0), size);
    }
    if (at + size <= headers)
      memcpy(s->p + at, &v, size); // little-endian, as what runs this
  }
  s->n = next() % 4 ? whole : (size_t)(next() % (next() % 2 ? whole + 1 : headers + 1));
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  elf_version(EV_CURRENT);
  uint64_t mutations = strtoull(argv[1], NULL, 0);
  for (int i = 2; i < argc; i++) {
    struct kl_bytes file = file_bytes(argv[i]);
    uint8_t before[HEADERS];
    size_t kept = file.n < sizeof before ? file.n : sizeof before;
    struct subject s = {.name = argv[i], .p = (uint8_t *)(uintptr_t)file.p, .n = file.n};
    memcpy(before, s.p, kept);
    state = (uint64_t)i;
    check(&s);
    for (s.mutation = 1; s.mutation <= mutations; s.mutation++) {
      damage(&s, file.n);
      check(&s);
      memcpy(s.p, before, kept);
      s.n = file.n;
    }
    file_free(file);
  }
  printf("%d files, %" PRIu64 " forms, %" PRIu64 " with segments: %" PRIu64 " addresses, %" PRIu64
         " in several segments: %" PRIu64 " differences\n",
         argc - 2, files, opened, points, overlaps, failures);
  for (size_t i = 0; i < POLICIES; i++)
    printf("  %6" PRIu64 "  %s: %s\n", met[i], policies[i].name, policies[i].why);
  // Without these nothing was tried.
  return failures || opened < files / 8 || !points;
}
