// kernel: the machine and the kernel that was found, in one row.
#include "linux/machine.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum {
  RELEASE,
  VERSION,
  BUILD_ID,
  ARCH,
  PAGE_SIZE,
  VA_BITS,
  PAGE_TABLE_LEVELS,
  PAGE_TABLE_ROOT,
  KASLR_OFFSET,
  IMAGE_BASE,
  IMAGE_PHYS,
  DIRECT_MAP_BASE,
  VMEMMAP_BASE,
  CPUS,
  MEMORY_BYTES,
  BTF_PHYS,
  BTF_BYTES,
  BTF_TYPES,
  SYMBOLS,
  HOSTNAME,
  DOMAIN,
  BOOT_TIME,
  CONTAINER,
  FOUND_BY,
  CONFIRMED_BY,
  COLUMNS
};

static const struct kl_column columns[] = {
    [RELEASE] = {"release", KL_CELL_TEXT, 0, "what uname -r says"},
    [VERSION] = {"version", KL_CELL_TEXT, 0, "the banner: what /proc/version says"},
    [BUILD_ID] = {"build_id", KL_CELL_TEXT, 0, "build id of the kernel image, hex"},
    [ARCH] = {"arch", KL_CELL_TEXT, 0, "x86_64 or aarch64"},
    [PAGE_SIZE] = {"page_size", KL_CELL_U64, 0, "bytes of a base page"},
    [VA_BITS] = {"va_bits", KL_CELL_U64, 0, "bits of a virtual address that the page tables translate"},
    [PAGE_TABLE_LEVELS] = {"page_table_levels", KL_CELL_U64, 0, "levels of the kernel's page tables"},
    [PAGE_TABLE_ROOT] = {"page_table_root", KL_CELL_ADDRESS, 0, "physical address of the kernel's page-table root"},
    [KASLR_OFFSET] = {"kaslr_offset", KL_CELL_ADDRESS, 0, "how far the image lies from where it was linked"},
    [IMAGE_BASE] = {"image_base", KL_CELL_ADDRESS, 0, "virtual address of _text"},
    [IMAGE_PHYS] = {"image_phys", KL_CELL_ADDRESS, 0, "physical address of _text"},
    [DIRECT_MAP_BASE] = {"direct_map_base", KL_CELL_ADDRESS, 0,
                         "direct-map address of physical 0: virtual = physical + this"},
    [VMEMMAP_BASE] = {"vmemmap_base", KL_CELL_ADDRESS, 0, "virtual address of the struct page of frame 0"},
    [CPUS] = {"cpus", KL_CELL_U64, 0, "possible CPUs"},
    [MEMORY_BYTES] = {"memory_bytes", KL_CELL_U64, 0, "guest memory that the dump accounts for"},
    [BTF_PHYS] = {"btf_phys", KL_CELL_ADDRESS, 0, "physical address of the kernel's BTF"},
    [BTF_BYTES] = {"btf_bytes", KL_CELL_U64, 0, "its size"},
    [BTF_TYPES] = {"btf_types", KL_CELL_U64, 0, "how many types it has"},
    [SYMBOLS] = {"symbols", KL_CELL_U64, 0, "kernel symbols, modules not counted"},
    [HOSTNAME] = {"hostname", KL_CELL_TEXT, 0, "node name of the initial UTS namespace"},
    [DOMAIN] = {"domain", KL_CELL_TEXT, 0, "NIS domain of the initial UTS namespace"},
    [BOOT_TIME] = {"boot_time", KL_CELL_TIME, 0, "when it started, Unix seconds"},
    [CONTAINER] = {"container", KL_CELL_TEXT, 0, "the dump's format"},
    [FOUND_BY] = {"found_by", KL_CELL_TEXT, 0, "how the kernel was found"},
    [CONFIRMED_BY] = {"confirmed_by", KL_CELL_TEXT, 0, "what in memory agreed"},
};

struct state {
  bool given;
};

static const char *arch_name(enum kl_arch arch) {
  switch (arch) {
  case KL_ARCH_X86_64:
    return "x86_64";
  case KL_ARCH_AARCH64:
    return "aarch64";
  case KL_ARCH_UNKNOWN:
    break;
  }
  return "unknown";
}

// A fact whose zero means that it is not known.
static void put_fact(struct kl_cursor *c, uint32_t column, uint64_t v) {
  if (v)
    kl_put(c, column, KL_OK, 0, v);
}

static void put_text_fact(struct kl_cursor *c, uint32_t column, const char *s) {
  if (*s)
    kl_put_string(c, column, s);
}

static void put_names(struct kl_cursor *c) {
  char text[KL_UTS_BYTES];
  size_t n = 0;
  uint64_t object = c->kernel->known[KL_S_init_uts_ns].address;
  if (kl_wants(c, HOSTNAME)) {
    enum kl_status status = kl_machine_hostname(c->kernel, text, &n);
    kl_put_bytes(c, HOSTNAME, status, object, text, n);
  }
  if (kl_wants(c, DOMAIN)) {
    enum kl_status status = kl_machine_domain(c->kernel, text, &n);
    kl_put_bytes(c, DOMAIN, status, object, text, n);
  }
}

static void put_boot_time(struct kl_cursor *c) {
  int64_t seconds = 0;
  if (!kl_wants(c, BOOT_TIME))
    return;
  enum kl_status status = kl_machine_boot_time(c->kernel, &seconds);
  kl_put(c, BOOT_TIME, status, c->kernel->known[KL_S_tk_core].address, (uint64_t)seconds);
}

static void put_layout(struct kl_cursor *c) {
  const struct kl_kernel *k = c->kernel;
  kl_put_string(c, ARCH, arch_name(k->paging.arch));
  kl_put(c, PAGE_SIZE, KL_OK, 0, 1ull << k->paging.granule_shift);
  kl_put(c, VA_BITS, KL_OK, 0, k->paging.va_bits);
  kl_put(c, PAGE_TABLE_LEVELS, KL_OK, 0, k->paging.levels);
  put_fact(c, PAGE_TABLE_ROOT, k->root);
  if (k->kaslr_known)
    kl_put(c, KASLR_OFFSET, KL_OK, 0, k->kaslr_offset);
  put_fact(c, IMAGE_BASE, k->image_base);
  put_fact(c, IMAGE_PHYS, k->image_phys);
  put_fact(c, DIRECT_MAP_BASE, k->direct_map_base);
  put_fact(c, VMEMMAP_BASE, k->vmemmap_base);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  if (s->given)
    return KL_END;
  s->given = true;
  const struct kl_kernel *k = c->kernel;
  put_text_fact(c, RELEASE, k->release);
  put_text_fact(c, VERSION, k->version);
  put_text_fact(c, BUILD_ID, k->build_id);
  put_layout(c);
  put_fact(c, CPUS, k->cpus);
  kl_put(c, MEMORY_BYTES, KL_OK, 0, kl_image_bytes(k->image));
  put_fact(c, BTF_PHYS, k->btf_phys);
  if (k->btf) {
    kl_put(c, BTF_BYTES, KL_OK, 0, k->btf_bytes);
    kl_put(c, BTF_TYPES, KL_OK, 0, kl_btf_count(k->btf));
  }
  if (k->symbols)
    kl_put(c, SYMBOLS, KL_OK, 0, kl_symbols_count(k->symbols));
  put_names(c);
  put_boot_time(c);
  kl_put_string(c, CONTAINER, kl_image_facts(k->image)->container);
  put_text_fact(c, FOUND_BY, k->found_by);
  put_text_fact(c, CONFIRMED_BY, k->confirmed_by);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 2 * (size_t)KL_UTS_BYTES, .next = next};

const struct kl_table kl_kernel_table = {
    .name = "kernel",
    .group = "machine",
    .doc = "the machine and the kernel that was found in the dump",
    .example = "kernel DUMP --format json",
    .flags = KL_TABLE_ONE_ROW,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
