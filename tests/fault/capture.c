#include "capture.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../fuzz/rows.h"
#include "kernlens/table.h"

enum { FRAME = 4096, SMALL = 1 << 14, LOADS = 4096 };

// The file, and which of its frames (by file offset) were read. Large reads are
// those of the search through all memory: what it finds is read again.
struct whole {
  uint8_t *p;
  size_t n;
  uint8_t *seen;
};

static enum kl_status read_whole(void *user, uint64_t offset, void *dst, size_t n) {
  struct whole *w = user;
  memcpy(dst, w->p + offset, n);
  if (n && n <= SMALL)
    memset(w->seen + offset / FRAME, 1, (size_t)((offset + n - 1) / FRAME - offset / FRAME + 1));
  return KL_OK;
}

static struct kl_dump *attach(struct kl_source *source, void *block) {
  struct kl_dump_options options = kl_dump_options_default();
  struct kl_dump *dump;
  options.sources = source;
  options.n_sources = 1;
  bool done =
      kl_dump_open(block, CAPTURE_WORKSPACE, &options, &dump, NULL) == KL_OK && kl_dump_attach(dump, NULL) == KL_OK;
  return done ? dump : NULL;
}

void *capture_block(size_t bytes) {
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  FUZZ_REQUIRE(p != MAP_FAILED);
  return p;
}

// The types, which were copied in large pieces.
static void read_types(const struct kl_kernel *k) {
  static uint8_t bytes[FRAME];
  for (uint64_t at = k->btf_phys & ~(uint64_t)(FRAME - 1); at < k->btf_phys + k->btf_bytes; at += FRAME)
    FUZZ_REQUIRE(kl_image_read(k->image, at, bytes, sizeof bytes) == KL_OK);
}

// The same core with the frames that were seen: runs of them, and the notes.
static uint8_t *cut(const struct whole *w, size_t *ret_n) {
  Elf64_Ehdr e;
  Elf64_Phdr all[64], *kept = calloc(LOADS, sizeof *kept);
  memcpy(&e, w->p, sizeof e);
  if (!kept || e.e_phnum > 64)
    return NULL;
  memcpy(all, w->p + e.e_phoff, e.e_phnum * sizeof *all);
  size_t n = 0, bytes = sizeof e + LOADS * sizeof *kept;
  for (size_t i = 0; i < e.e_phnum; i++) {
    if (all[i].p_type == PT_NOTE && n < LOADS)
      kept[n++] = all[i];
    uint64_t end = all[i].p_offset + all[i].p_filesz;
    for (uint64_t at = all[i].p_offset; all[i].p_type == PT_LOAD && at < end && n < LOADS;) {
      uint64_t stop = at;
      while (stop < end && w->seen[stop / FRAME])
        stop = stop / FRAME * FRAME + FRAME;
      stop = stop < end ? stop : end;
      if (stop > at) {
        kept[n] = all[i];
        kept[n].p_offset = at;
        kept[n].p_paddr = all[i].p_paddr + (at - all[i].p_offset);
        kept[n].p_vaddr = 0;
        kept[n++].p_filesz = stop - at;
      }
      at = stop > at ? stop : at / FRAME * FRAME + FRAME;
    }
  }
  for (size_t i = 0; i < n; i++)
    bytes += kept[i].p_filesz;
  uint8_t *file = calloc(1, bytes);
  e.e_phoff = sizeof e;
  e.e_phnum = (uint16_t)n;
  e.e_shoff = 0;
  e.e_shnum = 0;
  size_t at = sizeof e + LOADS * sizeof *kept;
  for (size_t i = 0; file && i < n; i++) {
    memcpy(file + at, w->p + kept[i].p_offset, kept[i].p_filesz);
    kept[i].p_offset = at;
    kept[i].p_memsz = kept[i].p_filesz;
    at += kept[i].p_filesz;
    memcpy(file + sizeof e + i * sizeof *kept, &kept[i], sizeof *kept);
  }
  if (file)
    memcpy(file, &e, sizeof e);
  free(kept);
  *ret_n = bytes;
  return n < LOADS ? file : NULL;
}

static bool open_whole(const char *path, struct whole *w) {
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st) != 0)
    return false;
  w->n = (size_t)st.st_size;
  w->p = mmap(NULL, w->n, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  w->seen = calloc(w->n / FRAME + 2, 1);
  return w->p != MAP_FAILED && w->seen;
}

struct attached *capture_cut(const char *path, const struct kl_query *query, uint64_t rows) {
  static struct attached a;
  struct whole w;
  const struct kl_table *table;
  if (!open_whole(path, &w))
    return NULL;
  struct kl_source source = {.user = &w, .bytes = w.n, .read = read_whole};
  void *block = capture_block(CAPTURE_WORKSPACE);
  struct kl_dump *dump = attach(&source, block);
  if (!dump)
    return NULL;
  read_types(dump->kernel);
  for (size_t i = 0; (table = kl_table_at(i)); i++) {
    struct kl_query q = *query;
    q.table = table;
    (void)fuzz_read_rows(dump, &q, rows, NULL);
  }
  munmap(block, CAPTURE_WORKSPACE);
  size_t n = 0;
  a = (struct attached){.name = "capture", .file = cut(&w, &n), .block = capture_block(CAPTURE_WORKSPACE)};
  munmap(w.p, w.n);
  free(w.seen);
  if (!a.file)
    return NULL;
  a.source = (struct kl_source){.user = &a, .bytes = n, .read = attached_read};
  a.dump = attach(&a.source, a.block);
  if (!a.dump)
    return NULL;
  a.used = a.dump->arena.used;
  a.pristine = malloc(a.used);
  FUZZ_REQUIRE(a.pristine != NULL);
  memcpy(a.pristine, a.block, a.used);
  printf("%s: cut to %zu KiB, attached in %zu KiB and %llu reads\n", path, n >> 10, a.used >> 10,
         (unsigned long long)a.reads);
  return &a;
}

void capture_free(struct attached *a) {
  munmap(a->block, CAPTURE_WORKSPACE);
  free(a->pristine);
  free(a->file);
}
