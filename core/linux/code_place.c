// Whose code an address is.
#include "linux/code_place.h"

#include "base/checked.h"
#include "base/memory.h"
#include "linux/module.h"

// False too when the bounds are not known.
static bool in_kernel_text(const struct kl_kernel *k, uint64_t address) {
  return k->known[KL_S__stext].present && k->known[KL_S__etext].present &&
         address >= k->known[KL_S__stext].address && address < k->known[KL_S__etext].address;
}

static void take_symbol(struct kl_code_place *place, const void *name, size_t n, uint64_t offset) {
  place->symbol_n = (size_t)kl_min(n, sizeof place->symbol);
  place->offset = offset;
  memcpy(place->symbol, name, place->symbol_n);
}

static void kernel_symbol(struct kl_kernel *k, uint64_t address, struct kl_code_place *place) {
  struct kl_symbol symbol;
  uint64_t offset;
  if (k->symbols && kl_symbols_by_address(k->symbols, address, &symbol, &offset) == KL_OK)
    take_symbol(place, symbol.name.p, symbol.name.n, offset);
}

// Whether a module's code holds the address: text, or that of its init.
static bool is_in_text(struct kl_kernel *k, uint64_t module, uint64_t address) {
  struct kl_module_region region;
  for (uint64_t i = 0; kl_module_region(k, module, i, &region) == KL_OK; i++)
    if ((kl_text_equal(region.kind, "text") || kl_text_equal(region.kind, "init_text")) &&
        address - region.address < region.bytes)
      return true;
  return false;
}

// The symbol of the module that is nearest below the address.
static enum kl_status module_symbol(struct kl_kernel *k, struct kl_budget *budget, uint64_t module,
                                    uint64_t address, struct kl_code_place *place) {
  struct kl_module_symbols symbols;
  struct kl_module_symbol symbol, best = {0};
  char name[KL_CODE_NAME];
  size_t n = 0;
  enum kl_status status = kl_module_symbols_open(k, module, &symbols);
  if (status != KL_OK)
    return status == KL_ERR_NOT_FOUND ? KL_OK : status;
  for (uint64_t i = 0; i < symbols.count; i++) {
    KL_TRY(kl_budget_spend(budget, 1));
    if (kl_module_symbol(k, &symbols, i, &symbol) == KL_OK && symbol.address <= address &&
        symbol.address >= best.address)
      best = symbol;
  }
  if (!best.address)
    return KL_OK;
  status = kl_read_string(k, best.name, name, sizeof name, &n);
  if (status == KL_OK || status == KL_ERR_LIMIT)
    take_symbol(place, name, n, address - best.address);
  return KL_OK;
}

static enum kl_status take_module(struct kl_kernel *k, struct kl_budget *budget, uint64_t module, uint64_t address,
                                  struct kl_code_place *place) {
  place->kind = KL_CODE_MODULE_TEXT;
  enum kl_status status =
      kl_get_text(k, module, KL_F_module_name, place->module, sizeof place->module, &place->module_n);
  if (status != KL_OK && status != KL_ERR_LIMIT)
    return status;
  return module_symbol(k, budget, module, address, place);
}

enum kl_status kl_code_place(struct kl_kernel *k, struct kl_budget *budget, uint64_t address,
                             struct kl_code_place *ret) {
  struct kl_module_walk modules;
  uint64_t module;
  *ret = (struct kl_code_place){.kind = KL_CODE_NOWHERE};
  if (in_kernel_text(k, address)) {
    ret->kind = KL_CODE_KERNEL;
    kernel_symbol(k, address, ret);
    return KL_OK;
  }
  enum kl_status status = kl_module_walk_init(&modules, k, budget);
  if (status == KL_ERR_NOT_FOUND) // built without them
    return KL_OK;
  KL_TRY(status);
  for (;;) {
    status = kl_module_walk_next(&modules, &module);
    if (status == KL_END)
      return KL_OK;
    KL_TRY(status);
    if (is_in_text(k, module, address))
      return take_module(k, budget, module, address, ret);
  }
}

void kl_code_print(struct kl_text *out, const struct kl_code_place *place) {
  kl_text_put(out, place->symbol, place->symbol_n);
  if (!place->offset)
    return;
  kl_text_string(out, "+0x");
  kl_text_hex(out, place->offset, 1);
}
