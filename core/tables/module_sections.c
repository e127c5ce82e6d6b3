// module_sections: where the memory and the ELF sections of each module lie.
#include "linux/module.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum { MODULE, KIND, NAME, ADDRESS, BYTES, COLUMNS };

static const struct kl_column columns[] = {
    [MODULE] = {"module", KL_CELL_TEXT, KL_COLUMN_KEY, "its module"},
    [KIND] = {"kind", KL_CELL_TEXT, KL_COLUMN_KEY,
              "text, data, rodata, ro_after_init, the same with init_, percpu; section for an ELF section in one"},
    [NAME] = {"name", KL_CELL_TEXT, KL_COLUMN_KEY, "of an ELF section, as in /sys/module/NAME/sections"},
    [ADDRESS] = {"address", KL_CELL_ADDRESS, 0, "where it begins; of percpu the offset in every CPU's area"},
    [BYTES] = {"bytes", KL_CELL_U64, 0, "its size; the kernel keeps none of ELF sections"},
};

enum { NAME_BYTES = 256 };

struct state {
  struct kl_module_walk walk;
  uint64_t module; // 0: the next one is due
  uint64_t region, section;
  bool in_sections;
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  return kl_module_walk_init(&s->walk, c->kernel, &c->budget);
}

static enum kl_status next_region(struct kl_cursor *c, struct state *s) {
  struct kl_module_region region;
  enum kl_status status;
  do {
    KL_TRY(kl_budget_spend(&c->budget, 1));
    status = kl_module_region(c->kernel, s->module, s->region++, &region);
  } while (status == KL_OK && !region.bytes);
  if (status == KL_END)
    return KL_END;
  if (status == KL_OK)
    kl_put_string(c, KIND, region.kind);
  kl_put(c, ADDRESS, status, s->module, region.address);
  kl_put(c, BYTES, status, s->module, region.bytes);
  return KL_OK;
}

static enum kl_status next_section(struct kl_cursor *c, struct state *s) {
  struct kl_module_section section;
  char name[NAME_BYTES];
  size_t n = 0;
  KL_TRY(kl_budget_spend(&c->budget, 1));
  enum kl_status status = kl_module_section(c->kernel, s->module, s->section++, &section);
  if (status == KL_ERR_NOT_FOUND) // a kernel that keeps none
    return KL_END;
  KL_TRY(status);
  kl_put_string(c, KIND, "section");
  kl_put(c, ADDRESS, KL_OK, 0, section.address);
  status = kl_read_string(c->kernel, section.name, name, sizeof name, &n);
  kl_put_bytes(c, NAME, status, section.name, name, n);
  return KL_OK;
}

// A part of the module at hand. KL_END: no more of it.
static enum kl_status next_part(struct kl_cursor *c, struct state *s) {
  if (!s->in_sections) {
    enum kl_status status = next_region(c, s);
    if (status != KL_END)
      return status;
    s->in_sections = true;
  }
  enum kl_status status = next_section(c, s);
  if (status == KL_OK || status == KL_END || status == KL_ERR_BUDGET)
    return status;
  kl_lost(c, "sections", s->module, status);
  return KL_END;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    if (!s->module) {
      KL_TRY(kl_module_walk_next(&s->walk, &s->module));
      s->region = s->section = 0;
      s->in_sections = false;
    }
    enum kl_status status = next_part(c, s);
    if (status == KL_OK)
      kl_put_field(c, MODULE, s->module, KL_F_module_name);
    if (status != KL_END)
      return status;
    s->module = 0;
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 2 * (size_t)NAME_BYTES, .open = open, .next = next};

const struct kl_table kl_module_sections_table = {
    .name = "module_sections",
    .group = "machine",
    .doc = "where the memory and the ELF sections of kernel modules lie",
    .example = "module_sections DUMP module=ext4",
    .typical_rows = 2000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
