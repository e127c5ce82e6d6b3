// Finding tables and columns by number and name.
#include "tables/registry.h"

#include "base/text.h"

static const struct kl_table *const tables[] = {
#define KL_TABLE_ENTRY(name) &kl_##name##_table,
    KL_TABLE_LIST(KL_TABLE_ENTRY)
#undef KL_TABLE_ENTRY
};

const struct kl_table *kl_table_at(size_t i) {
  return i < sizeof tables / sizeof *tables ? tables[i] : NULL;
}

const struct kl_table *kl_table_find(const char *name) {
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    if (kl_text_equal(tables[i]->name, name))
      return tables[i];
  return NULL;
}

int kl_table_column(const struct kl_table *table, const char *name) {
  for (uint32_t i = 0; i < table->n_columns; i++)
    if (kl_text_equal(table->columns[i].name, name))
      return (int)i;
  return -1;
}

uint64_t kl_table_shown(const struct kl_table *table) {
  uint64_t shown = 0;
  for (uint32_t i = 0; i < table->n_columns; i++)
    if (!(table->columns[i].flags & KL_COLUMN_HIDDEN))
      shown |= 1ull << i;
  return shown;
}
