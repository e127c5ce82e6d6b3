// generate: builds a synthetic guest and writes its memory, and what a reader
// of that memory should say.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "containers.h"
#include "seeds.h"
#include "subjects.h"

static const char usage[] = "generate [OPTION ...] -o FILE [--truth FILE] [--system-map FILE]\n"
                            "generate --seeds DIRECTORY      writes the fuzzers' seeds\n"
                            "generate --list                 architectures, eras, encodings, containers\n"
                            "  --seed N          layouts, addresses, encodings of chance (0)\n"
                            "  --arch NAME       x86_64\n"
                            "  --era N           0 to 3: how kernels of 5.10, 6.1, 6.12, 7.2 look (2)\n"
                            "  --kallsyms NAME   relative, percpu, place: where the era has had it\n"
                            "  --no-vmcoreinfo   memory holds none\n"
                            "  --uniprocessor    a kernel built for one CPU: x86-64 only\n"
                            "  --damaged-btf     types as large as a kernel's, and a damaged copy below them\n"
                            "  --hole            raw memory that goes on above 4 GiB: x86-64 only\n"
                            "  --machine NAME    tiny, demo, crowd, wide (tiny)\n"
                            "  --container NAME  elf\n";

static const char *const kallsyms_names[] = {"relative", "percpu", "place"};

// Blocks of zeros become holes: most of a guest is nothing.
static bool write_blocks(FILE *f, const uint8_t *p, uint64_t bytes) {
  enum { BLOCK = 4096 };
  static const uint8_t zeros[BLOCK];
  bool fine = true;
  for (uint64_t at = 0; fine && at < bytes; at += BLOCK) {
    size_t n = bytes - at < BLOCK ? (size_t)(bytes - at) : BLOCK;
    bool hole = n == BLOCK && at + n < bytes && memcmp(p + at, zeros, BLOCK) == 0;
    fine = hole ? fseek(f, BLOCK, SEEK_CUR) == 0 : fwrite(p + at, 1, n, f) == n;
  }
  return fine;
}

// A hole at the end needs its last byte.
static bool write_empty(FILE *f, uint64_t bytes) {
  return !bytes || (fseeko(f, (off_t)bytes - 1, SEEK_CUR) == 0 && fputc(0, f) == 0);
}

static void write_parts(const char *path, const struct ram *parts, size_t n) {
  FILE *f = fopen(path, "wb");
  bool fine = f != NULL;
  for (size_t i = 0; fine && i < n; i++)
    fine = write_blocks(f, parts[i].p, parts[i].bytes) && write_empty(f, parts[i].empty);
  if (!fine || fclose(f) != 0)
    die("could not write %s", path);
}

static void write_file(const char *path, const struct bytes *b) {
  const struct ram part = {.p = b->p, .bytes = b->n};
  write_parts(path, &part, 1);
}

static int list(void) {
  for (size_t i = 0; paging_shape_at(i); i++)
    printf("arch %s\n", paging_shape_at(i)->name);
  for (unsigned i = 0; i < ERA_COUNT; i++)
    printf("era %u\n", i);
  for (size_t i = 0; i < 3; i++)
    printf("kallsyms %s\n", kallsyms_names[i]);
  for (size_t i = 0; container_at(i); i++)
    printf("container %s\n", container_at(i)->name);
  return 0;
}

struct request {
  struct options options;
  const struct container *container;
  const char *output, *truth, *system_map, *seeds;
  int kallsyms; // -1: the era's
};

static const char *value_of(int argc, char **argv, int *i) {
  if (*i + 1 >= argc)
    die("%s wants a value\n%s", argv[*i], usage);
  return argv[++*i];
}

static int kallsyms_named(const char *name) {
  for (int i = 0; i < 3; i++)
    if (strcmp(kallsyms_names[i], name) == 0)
      return i;
  die("no kallsyms encoding %s", name);
}

static enum machine machine_named(const char *name) {
  static const char *const names[] = {
      [MACHINE_TINY] = "tiny", [MACHINE_DEMO] = "demo", [MACHINE_CROWD] = "crowd", [MACHINE_WIDE] = "wide"};
  for (int i = MACHINE_TINY; i <= MACHINE_WIDE; i++)
    if (strcmp(names[i], name) == 0)
      return (enum machine)i;
  die("no machine %s", name);
}

static void parse_one(struct request *r, int argc, char **argv, int *i) {
  const char *o = argv[*i];
  if (strcmp(o, "--no-vmcoreinfo") == 0)
    r->options.vmcoreinfo = false;
  else if (strcmp(o, "--uniprocessor") == 0)
    r->options.uniprocessor = true;
  else if (strcmp(o, "--damaged-btf") == 0)
    r->options.damaged_btf = true;
  else if (strcmp(o, "--hole") == 0)
    r->options.hole = true;
  else if (strcmp(o, "--seed") == 0)
    r->options.seed = strtoull(value_of(argc, argv, i), NULL, 0);
  else if (strcmp(o, "--arch") == 0)
    r->options.shape = paging_shape_named(value_of(argc, argv, i));
  else if (strcmp(o, "--era") == 0)
    r->options.era = (enum era)strtoul(value_of(argc, argv, i), NULL, 0);
  else if (strcmp(o, "--kallsyms") == 0)
    r->kallsyms = kallsyms_named(value_of(argc, argv, i));
  else if (strcmp(o, "--machine") == 0)
    r->options.machine = machine_named(value_of(argc, argv, i));
  else if (strcmp(o, "--container") == 0)
    r->container = container_named(value_of(argc, argv, i));
  else if (strcmp(o, "-o") == 0)
    r->output = value_of(argc, argv, i);
  else if (strcmp(o, "--truth") == 0)
    r->truth = value_of(argc, argv, i);
  else if (strcmp(o, "--system-map") == 0)
    r->system_map = value_of(argc, argv, i);
  else if (strcmp(o, "--seeds") == 0)
    r->seeds = value_of(argc, argv, i);
  else
    die("unknown option %s\n%s", o, usage);
}

// A guest lives until the program ends: leaks mean nothing here. Asked by the
// leak checker, where a build has one.
const char *__lsan_default_options(void);
const char *__lsan_default_options(void) {
  return "detect_leaks=0";
}

int main(int argc, char **argv) {
  struct request r = {.options = {.shape = paging_shape_named("x86_64"), .era = ERA_6_12, .vmcoreinfo = true},
                      .container = container_named("elf"),
                      .kallsyms = -1};
  if (argc == 2 && strcmp(argv[1], "--list") == 0)
    return list();
  for (int i = 1; i < argc; i++)
    parse_one(&r, argc, argv, &i);
  if (!r.options.shape || !r.container || r.options.era >= ERA_COUNT)
    die("no such architecture, era or container: see --list\n%s", usage);
  if (r.options.uniprocessor && r.options.shape->arm)
    die("every arm64 kernel is built for several CPUs");
  if (r.options.hole && (r.options.shape->arm || strcmp(r.container->name, "raw") != 0))
    die("a hole is for raw memory of x86-64");
  if (r.seeds) {
    write_seeds(r.seeds);
    return 0;
  }
  if (!r.output)
    die("where to?\n%s", usage);
  options_complete(&r.options, r.kallsyms);
  struct guest *g = guest_build(&r.options);
  struct bytes file = {0}, map = {0}, truth = {0};
  if (r.options.hole) {
    write_parts(r.output, g->ram, g->n_ram); // more than fits into one piece of memory
  } else {
    r.container->write(g, &file);
    write_file(r.output, &file);
  }
  if (r.truth) {
    truth_write(g, &truth);
    write_file(r.truth, &truth);
  }
  if (r.system_map) {
    write_system_map(g, &map);
    write_file(r.system_map, &map);
  }
  return 0;
}
