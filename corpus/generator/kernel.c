// The kernel's image and what describes it: text and its functions, the
// banner, names of the machine, the clock, VMCOREINFO, the BTF.
#include <inttypes.h>
#include <string.h>

#include "btf.h"
#include "pages.h"
#include "subjects.h"
#include "trees.h"

static const char *const releases[ERA_COUNT] = {"5.10.0", "6.1.0", "6.12.0", "7.2.0"};
static const char *const sample_name = "kernlens-sample";

// A kernel's BTF has over 1 MiB, by which readers tell it from a module's.
static void declare_many(struct guest *g) {
  enum { STRUCTS = 400, MEMBERS = 256 };
  struct bytes text = {0};
  for (unsigned i = 0; i < STRUCTS; i++) {
    bytes_print(&text, "struct filler_%u { unsigned long", i);
    for (unsigned member = 0; member < MEMBERS; member++)
      bytes_print(&text, "%s filler%u", member ? "," : "", member);
    bytes_string(&text, "; };\n");
  }
  bytes_number(&text, 0, 1);
  types_declare(&g->types, (const char *)text.p);
}

void declare_kernel(struct guest *g) {
  // clang-format off
  types_declare(&g->types, DECLARE(
    struct list_head { struct list_head *next, *prev; } dense;
    struct hlist_head { struct hlist_node *first; };
    struct hlist_node { struct hlist_node *next, **pprev; };
    struct hlist_nulls_head { struct hlist_nulls_node *first; };
    struct hlist_nulls_node { struct hlist_nulls_node *next, **pprev; };
    struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right, *rb_left; };
    struct rb_root { struct rb_node *rb_node; };
    struct callback_head { struct callback_head *next; void (*func)(struct callback_head *head); } dense;
    typedef struct { int counter; } atomic_t;
    typedef struct { s64 counter; } atomic64_t;
    typedef atomic64_t atomic_long_t;
    typedef struct refcount_struct { atomic_t refs; } refcount_t;
    struct raw_spinlock { unsigned int slock; };
    typedef struct raw_spinlock raw_spinlock_t;
    typedef struct spinlock { union { struct raw_spinlock rlock; }; } spinlock_t;
    typedef unsigned int gfp_t;
    typedef struct { unsigned int val; } kuid_t;
    typedef struct { unsigned int val; } kgid_t;
    ));
  types_declare(&g->types, DECLARE(
    struct new_utsname {
      char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
    };
    struct uts_namespace { struct new_utsname name; struct user_namespace *user_ns; };
    typedef s64 ktime_t;
    struct timespec64 { s64 tv_sec; long tv_nsec; };
    struct tk_read_base { struct clocksource *clock; u64 mask, cycle_last; u32 mult, shift; u64 xtime_nsec; ktime_t base; };
    struct timekeeper {
      struct tk_read_base tkr_mono, tkr_raw;
      u64 xtime_sec; struct timespec64 wall_to_monotonic; ktime_t offs_real, offs_boot, offs_tai; int tai_offset;
    };
    ));
  // clang-format on
  declare_trees(g);
  declare_pages(g);
  if (g->o.damaged_btf)
    declare_many(g);
}

// Text and its functions.

static const char *const verbs[] = {"alloc", "free",  "get",   "put",    "find",   "setup", "read",
                                    "write", "queue", "flush", "lookup", "attach", "wake",  "sync"};
static const char *const nouns[] = {"page", "inode", "dentry", "task", "vma", "skb",    "bio", "timer",
                                    "irq",  "work",  "node",   "slab", "rq",  "cgroup", "pid", "map"};
static const char *const prefixes[] = {"", "__", "do_", "sys_", "ext4_", "tcp_", "bpf_", "raw_"};

static void add_functions(struct guest *g, uint64_t text, uint64_t bytes) {
  struct chance c = chance_of(g->o.seed, "functions");
  size_t n = g->o.machine == MACHINE_DEMO ? 1600 : 700;
  for (size_t i = 0; i < n; i++) {
    // One draw a statement: the order of arguments is the compiler's choice.
    const char *prefix = prefixes[chance_below(&c, 8)], *verb = verbs[chance_below(&c, 14)];
    const char *noun = nouns[chance_below(&c, 16)];
    const char *suffix = chance_one_in(&c, 6) ? ".constprop.0" : "";
    uint64_t address = text + 16 * chance_below(&c, bytes / 16);
    char type = chance_one_in(&c, 3) ? 't' : 'T';
    symbol_add(g, print("%s%s_%s%s", prefix, verb, noun, suffix), address, type);
  }
  if (g->era >= ERA_6_1) { // names over 127 tokens: letters that pair badly
    char *name = take(420);
    memcpy(name, "_R", 2);
    for (size_t i = 2; i < 400; i++)
      name[i] = (char)('A' + chance_below(&c, 26));
    symbol_add(g, name, text + 64, 't');
  }
}

void begin_image(struct guest *g) {
  uint64_t text_bytes = round_up(g->o.machine == MACHINE_DEMO ? 65536 : 16384, 2 * g->page);
  uint64_t text = image_take(g, IMAGE_TEXT, text_bytes, g->page);
  uint64_t stext = text + (g->o.shape->arm ? g->page / 2 : 0);
  struct chance c = chance_of(g->o.seed, "code");
  for (uint64_t i = 0; i < text_bytes; i += 64)
    poke_number(g, text + i, chance_next(&c), 8);
  symbol_add(g, "_text", text, 'T');
  symbol_add(g, "_stext", stext, 'T');
  add_functions(g, stext, text_bytes - (stext - text));
  symbol_add(g, "_etext", text + text_bytes, 'T');
  symbol_add(g, "_end", g->image_va + g->image_bytes, 'B');

  uint64_t root = image_take(g, IMAGE_DATA, g->page, g->page);
  g->root = phys_of(g, root);
  symbol_add(g, "swapper_pg_dir", root, g->o.shape->arm ? 'D' : 'B');
  if (!g->o.shape->arm)
    symbol_add(g, "init_top_pgt", root, 'D');
}

static uint64_t number_symbol(struct guest *g, const char *name, uint64_t v) {
  uint64_t at = image_take(g, IMAGE_DATA, 8, 8);
  poke_number(g, at, v, 8);
  symbol_add(g, name, at, 'D');
  return at;
}

static uint64_t phys_base(const struct guest *g) {
  return g->image_phys - (g->image_va - g->kernel_start_map);
}

static uint64_t memstart(const struct guest *g) {
  return 0 - (1ull << g->o.shape->va_bits) - g->direct_base;
}

static void build_places(struct guest *g) {
  if (g->o.shape->arm) {
    number_symbol(g, "kimage_voffset", g->image_va - g->image_phys);
    number_symbol(g, "memstart_addr", memstart(g));
    number_symbol(g, "vabits_actual", g->o.shape->va_bits);
    return;
  }
  number_symbol(g, "phys_base", phys_base(g));
  number_symbol(g, "page_offset_base", g->direct_base);
  number_symbol(g, "vmalloc_base", g->vmalloc.start);
  number_symbol(g, "vmemmap_base", g->vmemmap);
  number_symbol(g, "__pgtable_l5_enabled", g->o.shape->levels == 5);
}

static const char *build_of(const struct guest *g) {
  return g->o.uniprocessor ? "#1 PREEMPT_DYNAMIC" : "#1 SMP PREEMPT_DYNAMIC";
}

static void build_names(struct guest *g) {
  uint64_t uts = object_in_image(g, "uts_namespace");
  set_text(g, uts, "uts_namespace", "name.sysname", "Linux");
  set_text(g, uts, "uts_namespace", "name.nodename", g->hostname);
  set_text(g, uts, "uts_namespace", "name.release", g->release);
  set_text(g, uts, "uts_namespace", "name.version", build_of(g));
  set_text(g, uts, "uts_namespace", "name.machine", g->o.shape->arm ? "aarch64" : "x86_64");
  set_text(g, uts, "uts_namespace", "name.domainname", "sample.example");
  symbol_add(g, "init_uts_ns", uts, 'D');
}

enum { BOOT_TIME = 1760000000, TICK_NS = 4000000 };

// The clock: offs_real is wall_to_monotonic negated (tk_set_wall_to_mono).
static void build_clock(struct guest *g) {
  uint64_t lock = 8 * (1 + chance_below(&g->chance, 3));
  uint64_t core = image_take(g, IMAGE_DATA, lock + object_bytes(g, "timekeeper") + 64, 64);
  uint64_t timekeeper = core + lock;
  set(g, timekeeper, "timekeeper", "offs_real", (uint64_t)BOOT_TIME * 1000000000 + TICK_NS);
  set(g, timekeeper, "timekeeper", "wall_to_monotonic.tv_sec", 0 - (uint64_t)BOOT_TIME - 1);
  set(g, timekeeper, "timekeeper", "wall_to_monotonic.tv_nsec", 1000000000 - TICK_NS);
  set(g, timekeeper, "timekeeper", "xtime_sec", BOOT_TIME + 3600);
  set(g, timekeeper, "timekeeper", "tkr_mono.clock", core);
  symbol_add(g, g->era >= ERA_7_2 ? "timekeeper_data" : "tk_core", core, 'd');
}

void build_kernel(struct guest *g) {
  g->release = print("%s-sample-%s", releases[g->era], g->o.shape->arm ? "arm64" : "amd64");
  g->hostname = sample_name;
  struct chance c = chance_of(g->o.seed, "build id");
  uint64_t high = chance_next(&c), middle = chance_next(&c), low = chance_next(&c) >> 32;
  g->build_id = print("%016" PRIx64 "%016" PRIx64 "%08" PRIx64, high, middle, low);
  g->banner = print("Linux version %s (builder@sample.example) (cc 12.2.0, ld 2.40) %s "
                    "Thu Oct  9 08:53:20 UTC 2025",
                    g->release, build_of(g));
  symbol_add(g, "linux_banner", image_string(g, print("%s\n", g->banner)), 'R');
  build_places(g);
  build_memory_map(g);
  build_names(g);
  build_clock(g);
}

// VMCOREINFO. Sources: kernel/vmcore_info.c (crash_core.c before), and
// arch_crash_save_vmcoreinfo of each architecture.

static void info_symbol(struct guest *g, const char *name, uint64_t address) {
  if (address)
    bytes_print(&g->vmcoreinfo, "SYMBOL(%s)=%" PRIx64 "\n", name, address);
}

static uint64_t symbol_address(const struct guest *g, const char *name) {
  for (size_t i = 0; i < g->n_symbols; i++)
    if (strcmp(g->symbols[i].name, name) == 0)
      return g->symbols[i].address;
  return 0;
}

static void arch_info(struct guest *g) {
  struct bytes *v = &g->vmcoreinfo;
  if (g->o.shape->arm) {
    bytes_print(v, "NUMBER(VA_BITS)=%u\n", g->o.shape->va_bits);
    bytes_print(v, "NUMBER(VMEMMAP_START)=0x%" PRIx64 "\n",
                g->vmemmap + (uint64_t)((int64_t)memstart(g) >> g->o.shape->granule_shift) * 64);
    bytes_print(v, "NUMBER(kimage_voffset)=0x%" PRIx64 "\n", g->image_va - g->image_phys);
    bytes_print(v, "NUMBER(PHYS_OFFSET)=0x%" PRIx64 "\n", memstart(g));
    bytes_print(v, "NUMBER(TCR_EL1_T1SZ)=0x%x\n", 64 - g->o.shape->va_bits);
    bytes_print(v, "KERNELOFFSET=%" PRIx64 "\n", g->kaslr);
    bytes_print(v, "NUMBER(KERNELPACMASK)=0x0\n");
    return;
  }
  bytes_print(v, "NUMBER(phys_base)=%" PRId64 "\n", (int64_t)phys_base(g));
  info_symbol(g, "init_top_pgt", symbol_address(g, "init_top_pgt"));
  bytes_print(v, "NUMBER(pgtable_l5_enabled)=%d\n", g->o.shape->levels == 5);
  bytes_print(v, "KERNELOFFSET=%" PRIx64 "\n", g->kaslr);
  bytes_print(v, "NUMBER(KERNEL_IMAGE_SIZE)=1073741824\nNUMBER(sme_mask)=0\n");
}

static void build_vmcoreinfo(struct guest *g, const struct kallsyms_locations *at) {
  struct bytes *v = &g->vmcoreinfo;
  bytes_print(v, "OSRELEASE=%s\nBUILD-ID=%s\nPAGESIZE=%" PRIu64 "\n", g->release, g->build_id, g->page);
  info_symbol(g, "init_uts_ns", symbol_address(g, "init_uts_ns"));
  bytes_print(v, "OFFSET(uts_namespace.name)=%" PRIu64 "\n", member_at(g, 0, "uts_namespace", "name"));
  info_symbol(g, "swapper_pg_dir", symbol_address(g, "swapper_pg_dir"));
  info_symbol(g, "_stext", symbol_address(g, "_stext"));
  bytes_print(v, "SIZE(page)=64\nSIZE(list_head)=16\nNUMBER(PG_lru)=4\n");
  if (g->era >= ERA_6_1) {
    info_symbol(g, "kallsyms_names", at->names);
    info_symbol(g, "kallsyms_num_syms", at->num_syms);
    info_symbol(g, "kallsyms_token_table", at->token_table);
    info_symbol(g, "kallsyms_token_index", at->token_index);
    info_symbol(g, "kallsyms_offsets", at->offsets);
    info_symbol(g, "kallsyms_relative_base", at->relative_base);
  }
  if (g->era >= ERA_6_12 && !g->o.shape->arm)
    info_symbol(g, "vmemmap", g->vmemmap);
  arch_info(g);
  bytes_print(v, "CRASHTIME=0\n");
  if (v->n > g->page)
    die("VMCOREINFO is too long");
  if (!g->o.vmcoreinfo)
    return;
  g->vmcoreinfo_va = direct_of(g, frames_take(g, g->page));
  poke(g, g->vmcoreinfo_va, v->p, v->n);
}

// What is left of other days: a VMCOREINFO that is not this kernel's, and the
// beginning of a BTF.
static void build_decoys(struct guest *g, const struct bytes *btf) {
  struct chance c = chance_of(g->o.seed, "decoys");
  if (chance_one_in(&c, 2)) {
    struct bytes v = {0};
    bytes_print(&v, "OSRELEASE=%s\nPAGESIZE=%" PRIu64 "\nSYMBOL(swapper_pg_dir)=%" PRIx64 "\n", releases[0],
                g->page, g->image_va + 0x12345000);
    bytes_print(&v, "SYMBOL(_stext)=%" PRIx64 "\nNUMBER(phys_base)=4096\n", g->image_va + 0x4000);
    poke(g, direct_of(g, frames_take(g, g->page)), v.p, v.n);
  }
  if (chance_one_in(&c, 2))
    poke(g, direct_of(g, frames_take(g, g->page)) + 4 * chance_below(&c, 16), btf->p, 2048);
}

// What the boot decompressor leaves: the same types at a lower place, which
// something else has since overwritten in part. Their head is whole.
static void build_damaged_btf(struct guest *g, const struct bytes *btf) {
  struct chance c = chance_of(g->o.seed, "damage");
  uint64_t room = g->image_phys - g->ram[0].start, at = round_up(g->page + chance_below(&c, 4 * g->page), 8);
  if (btf->n < 1 << 20 || at + btf->n > room)
    die("%zu bytes of types do not do for a damaged copy", btf->n);
  uint8_t *copy = phys_at(g, g->ram[0].start + at, btf->n);
  memcpy(copy, btf->p, btf->n);
  for (size_t i = btf->n / 3; i < btf->n / 2; i++)
    copy[i] = (uint8_t)chance_next(&c);
}

void finish_image(struct guest *g) {
  struct chance c = chance_of(g->o.seed, "btf");
  struct btf_style style = {.header_32 = g->era >= ERA_7_2,
                            .sorted = g->era >= ERA_7_2 && chance_one_in(&c, 2),
                            .old_bitfields = g->era == ERA_5_10 && chance_one_in(&c, 2)};
  struct bytes btf = {0};
  btf_write(&g->types, &style, &c, &btf);
  g->btf_va = image_take(g, IMAGE_CONSTANT, btf.n, 8);
  g->btf_bytes = btf.n;
  poke(g, g->btf_va, btf.p, btf.n);
  symbol_add(g, "__start_BTF", g->btf_va, 'R');
  symbol_add(g, "__stop_BTF", g->btf_va + btf.n, 'R');
  build_decoys(g, &btf);
  if (g->o.damaged_btf)
    build_damaged_btf(g, &btf);
  struct kallsyms_locations at;
  build_kallsyms(g, &at);
  build_vmcoreinfo(g, &at);
}

void write_kernel_truth(struct guest *g) {
  truth_table(g, "kernel");
  truth_row(g);
  truth_text(g, "release", g->release);
  truth_text(g, "version", g->banner);
  truth_text(g, "arch", g->o.shape->arm ? "aarch64" : "x86_64");
  truth_number(g, "page_size", g->page);
  truth_number(g, "va_bits", g->o.shape->va_bits);
  truth_number(g, "page_table_levels", g->o.shape->levels);
  truth_address(g, "page_table_root", g->root);
  if (g->o.shape->arm && !g->o.vmcoreinfo) // where it was linked is nowhere told
    truth_null(g, "kaslr_offset");
  else
    truth_address(g, "kaslr_offset", g->kaslr);
  truth_address(g, "image_base", g->image_va);
  truth_address(g, "image_phys", g->image_phys);
  truth_address(g, "direct_map_base", g->direct_base);
  truth_address(g, "vmemmap_base", g->vmemmap);
  truth_number(g, "cpus", g->cpus);
  truth_address(g, "btf_phys", phys_of(g, g->btf_va));
  truth_number(g, "btf_bytes", g->btf_bytes);
  truth_number(g, "symbols", g->n_symbols);
  truth_text(g, "hostname", g->hostname);
  truth_text(g, "domain", "sample.example");
  truth_number(g, "boot_time", BOOT_TIME);
}
