// attach_probe: attaches to a dump and prints what was found, under conditions
// that no file on disk has: without its VMCOREINFO, with pages missing, with
// damaged copies.
//
//   attach_probe DUMP [option...]
//     --symbols            prints the symbol table as /proc/kallsyms does
//     --time               CPU time of open and attach, peak of the workspace
//     --no-lend            the source only copies
//     --wipe OFFSET:BYTES  these bytes of the file read as zero
//     --flip OFFSET        this byte of the file is inverted
//     --wipe-text TEXT     every TEXT in the file reads as zeros (\\n, \\0: newline, NUL)
//     --absent START:BYTES guest-physical memory that the dump lacks (raw and
//                          ELF files of one range; it is then shown as ELF)
//     --btf FILE  --map FILE  --root ADDRESS
//     --read ADDRESS       eight bytes at a kernel address
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kernel/dump.h"
#include "kernel/kernel.h"

static struct {
  uint8_t *file;
  size_t bytes;
  bool lend;
  // A synthetic ELF head in front of the file; 0 bytes: the file as it is.
  uint8_t head[1 << 16];
  size_t head_bytes;
} dump;

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "attach_probe: %s: %s\n", what, strerror(errno));
  exit(1);
}

static enum kl_status source_read(void *user, uint64_t offset, void *dst, size_t n) {
  (void)user;
  if (offset > dump.head_bytes + dump.bytes || n > dump.head_bytes + dump.bytes - offset)
    return KL_ERR_IO;
  for (size_t i = 0; i < n && offset + i < dump.head_bytes; i++)
    ((uint8_t *)dst)[i] = dump.head[offset + i];
  size_t in_head = offset < dump.head_bytes ? dump.head_bytes - offset : 0;
  if (in_head < n)
    memcpy((uint8_t *)dst + in_head, dump.file + (offset + in_head - dump.head_bytes), n - in_head);
  return KL_OK;
}

static enum kl_status source_lend(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  (void)user;
  if (!dump.lend || offset < dump.head_bytes || n > dump.head_bytes + dump.bytes - offset)
    return KL_ERR_UNSUPPORTED;
  *ret = dump.file + (offset - dump.head_bytes);
  return KL_OK;
}

static uint8_t *map_file(const char *path, size_t *bytes) {
  int fd = open(path, O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st))
    fail(path);
  uint8_t *p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
  if (p == MAP_FAILED)
    fail(path);
  close(fd);
  *bytes = (size_t)st.st_size;
  return p;
}

static void wipe_text(const char *arg) {
  char text[256];
  size_t n = 0;
  for (const char *p = arg; *p && n < sizeof text; p++)
    text[n++] = p[0] == '\\' && (p[1] == 'n' || p[1] == '0') ? (*++p == 'n' ? '\n' : '\0') : *p;
  uint8_t *at = dump.file;
  size_t wiped = 0;
  while ((at = memmem(at, dump.bytes - (size_t)(at - dump.file), text, n))) {
    memset(at, 0, n);
    wiped++;
  }
  fprintf(stderr, "wiped %zu of \"%s\"\n", wiped, arg);
}

// ── A file with gaps, as ELF ───────────────────────────────────────────────

static struct { uint64_t start, end; } gaps[512];
static size_t n_gaps;

static void put(uint8_t *p, uint64_t v, size_t n) {
  for (size_t i = 0; i < n; i++)
    p[i] = (uint8_t)(v >> 8 * i);
}
static uint64_t get(const uint8_t *p, size_t n) {
  uint64_t v = 0;
  while (n--)
    v = v << 8 | p[n];
  return v;
}

static size_t put_load(size_t i, uint64_t offset, uint64_t phys, uint64_t bytes) {
  uint8_t *p = dump.head + 64 + 56 * i;
  put(p, 1, 4);
  put(p + 8, offset, 8);
  put(p + 24, phys, 8);
  put(p + 32, bytes, 8);
  put(p + 40, bytes, 8);
  return i + 1;
}

static size_t put_loads(size_t i, uint64_t offset, uint64_t phys, uint64_t bytes) {
  uint64_t at = phys, end = phys + bytes;
  while (at < end) {
    uint64_t gap = end, gap_end = end;
    for (size_t g = 0; g < n_gaps; g++)
      if (gaps[g].end > at && gaps[g].start < gap) {
        gap = gaps[g].start > at ? gaps[g].start : at;
        gap_end = gaps[g].end;
      }
    if (gap > at)
      i = put_load(i, offset + (at - phys), at, gap - at);
    at = gap_end;
  }
  return i;
}

static void show_as_elf(uint64_t raw_base, unsigned machine) {
  const size_t head = sizeof dump.head;
  size_t n = 0;
  if (memcmp(dump.file, "\177ELF", 4) == 0) {
    machine = (unsigned)get(dump.file + 18, 2);
    const uint8_t *ph = dump.file + get(dump.file + 32, 8);
    for (size_t i = 0; i < get(dump.file + 56, 2); i++, ph += 56) {
      if (get(ph, 4) == 1) {
        n = put_loads(n, head + get(ph + 8, 8), get(ph + 24, 8), get(ph + 32, 8));
      } else {
        memcpy(dump.head + 64 + 56 * n, ph, 56);
        put(dump.head + 64 + 56 * n + 8, head + get(ph + 8, 8), 8);
        n++;
      }
    }
  } else {
    n = put_loads(0, head, raw_base, dump.bytes);
  }
  memcpy(dump.head, "\177ELF\2\1\1", 7);
  put(dump.head + 16, 4, 2);
  put(dump.head + 18, machine, 2);
  put(dump.head + 20, 1, 4);
  put(dump.head + 32, 64, 8);
  put(dump.head + 52, 64, 2);
  put(dump.head + 54, 56, 2);
  put(dump.head + 56, n, 2);
  dump.head_bytes = head;
}

// ── Output ─────────────────────────────────────────────────────────────────

static double cpu_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void print_symbols(struct kl_kernel *k) {
  for (uint64_t i = 0; i < kl_symbols_count(k->symbols); i++) {
    struct kl_symbol s;
    enum kl_status status = kl_symbols_at(k->symbols, i, &s);
    if (status == KL_OK)
      printf("%016" PRIx64 " %c %.*s\n", s.address, s.type, (int)s.name.n, (const char *)s.name.p);
    else
      printf("? %s\n", kl_status_text(status));
  }
}

static const char *const symbol_names[] = {
#define NAME(symbol, need) #symbol,
    KL_SYMBOL_LIST(NAME)
#undef NAME
};
static const char *const field_names[] = {
#define NAME(type, member, need, note) #type "." #member,
    KL_FIELD_LIST(NAME)
#undef NAME
};

static void print_kernel(struct kl_kernel *k) {
#define TEXT(name) printf("%-18s %s\n", #name, k->name)
#define HEX(name) printf("%-18s 0x%016" PRIx64 "\n", #name, (uint64_t)k->name)
#define NUMBER(name) printf("%-18s %" PRIu64 "\n", #name, (uint64_t)k->name)
  TEXT(release);
  TEXT(version);
  TEXT(build_id);
  NUMBER(paging.arch);
  NUMBER(paging.granule_shift);
  NUMBER(paging.levels);
  NUMBER(paging.va_bits);
  HEX(paging.prot_none_bit);
  HEX(root);
  HEX(image_base);
  HEX(image_phys);
  HEX(image_to_phys);
  HEX(kaslr_offset);
  HEX(direct_map_base);
  HEX(direct_map_start);
  HEX(vmemmap_base);
  HEX(btf_phys);
  NUMBER(btf_bytes);
  printf("%-18s %u\n", "btf_types", k->btf ? kl_btf_count(k->btf) : 0);
  printf("%-18s %" PRIu64 "\n", "symbols", kl_symbols_count(k->symbols));
  NUMBER(cpus);
  HEX(per_cpu_offset_address);
  printf("%-18s %zu bytes\n", "vmcoreinfo", k->vmcoreinfo.n);
  TEXT(found_by);
  TEXT(confirmed_by);
  for (size_t i = 0; i < KL_SYMBOL_COUNT; i++)
    if (!k->known[i].present)
      printf("missing symbol     %s\n", symbol_names[i]);
    else
      printf("symbol             %016" PRIx64 " %s\n", k->known[i].address, symbol_names[i]);
  for (size_t i = 0; i < KL_FIELD_COUNT; i++)
    if (!k->fields[i].present)
      printf("missing field      %s\n", field_names[i]);
    else
      printf("field              %u:%u %u %s\n", k->fields[i].offset, k->fields[i].bit_offset, k->fields[i].size,
             field_names[i]);
}

static void print_diagnostics(const struct kl_diagnostics *d) {
  for (size_t i = 0; i < d->used; i++)
    printf("diagnostic         %s: %s: 0x%" PRIx64 ": %s (%" PRIu64 ")\n", d->items[i].subject, d->items[i].what,
           d->items[i].object, kl_status_text(d->items[i].reason), d->items[i].count);
}

static void two_numbers(const char *arg, uint64_t *a, uint64_t *b) {
  char *colon;
  *a = strtoull(arg, &colon, 0);
  if (*colon != ':')
    fail(arg);
  *b = strtoull(colon + 1, NULL, 0);
}

int main(int argc, char **argv) {
  if (argc < 2)
    fail("usage: attach_probe DUMP [option...]");
  dump.file = map_file(argv[1], &dump.bytes);
  dump.lend = true;
  struct kl_dump_options options = kl_dump_options_default();
  bool symbols = false, timed = false;
  uint64_t base = 0, read_at[16];
  unsigned machine = 62;
  size_t n_reads = 0, bytes;
  for (int i = 2; i < argc; i++) {
    const char *next = i + 1 < argc ? argv[i + 1] : "";
    uint64_t a, b;
    if (!strcmp(argv[i], "--symbols")) {
      symbols = true;
    } else if (!strcmp(argv[i], "--time")) {
      timed = true;
    } else if (!strcmp(argv[i], "--no-lend")) {
      dump.lend = false;
    } else if (!strcmp(argv[i], "--wipe")) {
      two_numbers(next, &a, &b);
      if (a < dump.bytes)
        memset(dump.file + a, 0, b < dump.bytes - a ? b : dump.bytes - a);
      i++;
    } else if (!strcmp(argv[i], "--flip")) {
      dump.file[strtoull(next, NULL, 0) % dump.bytes] ^= 0xff;
      i++;
    } else if (!strcmp(argv[i], "--wipe-text")) {
      wipe_text(next);
      i++;
    } else if (!strcmp(argv[i], "--absent")) {
      two_numbers(next, &a, &b);
      gaps[n_gaps].start = a;
      gaps[n_gaps++].end = a + b;
      i++;
    } else if (!strcmp(argv[i], "--base")) {
      base = strtoull(next, NULL, 0);
      machine = base ? 183 : 62;
      i++;
    } else if (!strcmp(argv[i], "--btf")) {
      options.btf = map_file(next, &options.btf_bytes);
      i++;
    } else if (!strcmp(argv[i], "--map")) {
      options.symbols = map_file(next, &options.symbols_bytes);
      i++;
    } else if (!strcmp(argv[i], "--root")) {
      options.root = strtoull(next, NULL, 0);
      i++;
    } else if (!strcmp(argv[i], "--read")) {
      read_at[n_reads++] = strtoull(next, NULL, 0);
      i++;
    } else {
      fail(argv[i]);
    }
  }
  if (n_gaps)
    show_as_elf(base, machine);
  struct kl_source source = {NULL, dump.bytes + dump.head_bytes, source_read, source_lend};
  options.sources = &source;
  options.n_sources = 1;
  double start = cpu_ms();
  if (kl_workspace_size(&options, &bytes) != KL_OK)
    fail("workspace");
  void *workspace = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  struct kl_dump *d;
  struct kl_diagnostic why = {0};
  enum kl_status status = kl_dump_open(workspace, bytes, &options, &d, &why);
  if (status != KL_OK) {
    printf("open failed: %s: %s: %s\n", why.subject, why.what, kl_status_text(status));
    return 1;
  }
  double opened = cpu_ms();
  status = kl_dump_attach(d, &why);
  double attached = cpu_ms();
  if (timed)
    fprintf(stderr, "open %.1f ms, attach %.1f ms CPU; workspace %zu MiB, peak %zu KiB, used %zu KiB\n",
            opened - start, attached - opened, bytes >> 20, d->arena.peak >> 10, d->arena.used >> 10);
  if (status != KL_OK) {
    printf("attach failed: %s: %s: 0x%" PRIx64 ": %s\n", why.subject, why.what, why.object, kl_status_text(status));
    print_diagnostics(kl_dump_diagnostics(d));
    return 1;
  }
  if (symbols)
    print_symbols(d->kernel);
  else
    print_kernel(d->kernel);
  for (size_t i = 0; i < n_reads; i++) {
    uint64_t v = 0;
    status = kl_read_u64(d->kernel, read_at[i], &v);
    printf("read               0x%016" PRIx64 " 0x%016" PRIx64 " %s\n", read_at[i], v, kl_status_text(status));
  }
  if (!symbols)
    print_diagnostics(kl_dump_diagnostics(d));
  return 0;
}
