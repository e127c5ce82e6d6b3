// vmalloc_areas: the kernel's own virtual areas, as /proc/vmallocinfo has them.
#include "linux/code_name.h"
#include "linux/vmalloc.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { START, END, BYTES, CALLER, PAGES, PHYSICAL, KIND, FLAGS, COLUMNS };

static const struct kl_column columns[] = {
    [START] = {"start", KL_CELL_ADDRESS, KL_COLUMN_KEY, "first virtual address"},
    [END] = {"end", KL_CELL_ADDRESS, 0, "first virtual address behind it and its guard page"},
    [BYTES] = {"bytes", KL_CELL_U64, 0, "how long it is, with the guard page"},
    [CALLER] = {"caller", KL_CELL_TEXT, KL_COLUMN_COSTLY,
                "code that asked for it: function+offset, or [module]; null when it is not known"},
    [PAGES] = {"pages", KL_CELL_U64, 0, "pages that it counts; null when it keeps no list of them"},
    [PHYSICAL] = {"physical", KL_CELL_ADDRESS, 0, "ioremap: the physical address of what is mapped"},
    [KIND] = {"kind", KL_CELL_TEXT, 0,
              "vmalloc; vmap: pages of others; ioremap: of devices; vm_map_ram; other: reserved addresses"},
    [FLAGS] = {"flags", KL_CELL_U64, 0, "VM_ flags of its vm_struct, as stored"},
};

struct state {
  struct kl_vmalloc_walk walk;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  return kl_vmalloc_walk_init(&s->walk, c->kernel, &c->budget);
}

static const char *kind_of(const struct kl_vmalloc_area *area) {
  if (!area->vm)
    return "vm_map_ram";
  if (area->flags & KL_VMALLOC_IOREMAP)
    return "ioremap";
  if (area->flags & KL_VMALLOC_ALLOC)
    return "vmalloc";
  return area->flags & KL_VMALLOC_MAP ? "vmap" : "other";
}

static void put_caller(struct kl_cursor *c, uint64_t caller) {
  size_t start = c->text.used;
  if (!caller || !kl_wants(c, CALLER))
    return;
  enum kl_status status = kl_code_name(c->kernel, &c->budget, caller, &c->text);
  if (status != KL_ERR_NOT_FOUND)
    kl_put_written(c, CALLER, status, caller, start);
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_vmalloc_area area;
  for (;;) {
    enum kl_status status = kl_vmalloc_walk_next(&s->walk, &area);
    if (status == KL_OK)
      break;
    if (status == KL_END || status == KL_ERR_BUDGET)
      return status;
    kl_lost(c, "area", s->walk.lost, status);
  }
  kl_put(c, START, KL_OK, 0, area.start);
  kl_put(c, END, KL_OK, 0, area.end);
  kl_put(c, BYTES, KL_OK, 0, area.end - area.start);
  kl_put_string(c, KIND, kind_of(&area));
  if (area.pages)
    kl_put(c, PAGES, KL_OK, 0, area.pages);
  if (area.phys)
    kl_put(c, PHYSICAL, KL_OK, 0, area.phys);
  if (area.vm)
    kl_put(c, FLAGS, KL_OK, 0, area.flags);
  if (kl_keeps(c))
    put_caller(c, area.caller);
  return KL_OK;
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 2048, .open = open, .next = next};

const struct kl_table kl_vmalloc_areas_table = {
    .name = "vmalloc_areas",
    .group = "memory",
    .doc = "the kernel's own virtual areas: vmalloc, stacks, modules, devices",
    .example = "vmalloc_areas DUMP kind=vmalloc",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
