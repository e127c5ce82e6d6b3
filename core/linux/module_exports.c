// The table of what a module exports.
#include "linux/module_exports.h"

#include "base/checked.h"
#include "base/memory.h"

// Bit of an address in the filter: functions are aligned to 16.
static uint64_t filter_bit(uint64_t address) {
  return ((address >> 4) ^ (address >> 16)) % (KL_EXPORT_FILTER_WORDS * 64ull);
}

// A struct kernel_symbol holds offsets from its own members to what they name,
// or, where CONFIG_HAVE_ARCH_PREL32_RELOCATIONS is off, addresses.
static enum kl_status target(struct kl_kernel *k, uint64_t entry, enum kl_field_id offset, enum kl_field_id plain,
                             uint64_t *ret) {
  uint64_t member, v;
  if (!kl_has(k, offset))
    return kl_get_pointer(k, entry, plain, ret);
  KL_TRY(kl_member(k, entry, offset, &member));
  KL_TRY(kl_get(k, entry, offset, &v)); // an int: sign-extended
  *ret = member + v;
  return KL_OK;
}

static enum kl_status export_value(struct kl_kernel *k, uint64_t entry, uint64_t *ret) {
  return target(k, entry, KL_F_kernel_symbol_value_offset, KL_F_kernel_symbol_value, ret);
}

enum kl_status kl_module_exports_open(struct kl_kernel *k, struct kl_budget *budget, uint64_t module,
                                      struct kl_module_exports *ret) {
  memset(ret, 0, sizeof *ret);
  uint64_t table, count;
  if (!kl_has(k, KL_F_module_syms) || !k->types[KL_T_kernel_symbol].present)
    return KL_OK;
  KL_TRY(kl_get_pointer(k, module, KL_F_module_syms, &table));
  KL_TRY(kl_get(k, module, KL_F_module_num_syms, &count));
  if (count > k->limits->module_symbols)
    return KL_ERR_LIMIT;
  KL_TRY(kl_budget_spend(budget, count));
  for (uint64_t i = 0; i < count; i++) {
    uint64_t value;
    KL_TRY(export_value(k, table + i * k->types[KL_T_kernel_symbol].bytes, &value));
    uint64_t bit = filter_bit(value);
    ret->filter[bit / 64] |= 1ull << bit % 64;
  }
  ret->table = table;
  ret->count = count;
  return KL_OK;
}

static enum kl_status compare_name(struct kl_kernel *k, uint64_t entry, struct kl_bytes name, int *ret) {
  char text[512];
  size_t n;
  uint64_t at;
  KL_TRY(target(k, entry, KL_F_kernel_symbol_name_offset, KL_F_kernel_symbol_name, &at));
  KL_TRY(kl_read_string(k, at, text, sizeof text, &n));
  size_t shared = n < name.n ? n : name.n;
  int order = shared ? memcmp(name.p, text, shared) : 0;
  *ret = order ? order : (name.n > n) - (name.n < n);
  return KL_OK;
}

enum kl_status kl_module_exported(struct kl_kernel *k, const struct kl_module_exports *exports, uint64_t address,
                                  struct kl_bytes name, bool *ret) {
  *ret = false;
  uint64_t bit = filter_bit(address), low = 0, high = exports->count;
  if (!(exports->filter[bit / 64] >> bit % 64 & 1))
    return KL_OK;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2, value;
    uint64_t entry = exports->table + middle * k->types[KL_T_kernel_symbol].bytes;
    int order;
    KL_TRY(compare_name(k, entry, name, &order));
    if (order == 0) {
      KL_TRY(export_value(k, entry, &value));
      *ret = value == address;
      return KL_OK;
    }
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return KL_OK;
}
