// What a code address is called.
#include "linux/code_name.h"

#include "linux/module.h"

// Where the image's end has no name, what is no module's is the image's.
static bool outside_image(const struct kl_kernel *k, uint64_t address) {
  return k->known[KL_S__end].present && address - k->image_base >= k->known[KL_S__end].address - k->image_base;
}

static enum kl_status module_name(struct kl_kernel *k, struct kl_budget *budget, uint64_t address,
                                  struct kl_text *text) {
  struct kl_module_walk walk;
  uint64_t module;
  KL_TRY(kl_module_walk_init(&walk, k, budget));
  for (;;) {
    enum kl_status status = kl_module_walk_next(&walk, &module);
    if (status == KL_END)
      return KL_ERR_NOT_FOUND;
    KL_TRY(status);
    struct kl_module_region region;
    for (uint64_t i = 0; kl_module_region(k, module, i, &region) == KL_OK; i++) {
      char name[64];
      size_t n = 0;
      if (address - region.address >= region.bytes)
        continue;
      KL_TRY(kl_get_text(k, module, KL_F_module_name, name, sizeof name, &n));
      kl_text_char(text, '[');
      kl_text_put(text, name, n);
      kl_text_char(text, ']');
      return KL_OK;
    }
  }
}

enum kl_status kl_code_name(struct kl_kernel *k, struct kl_budget *budget, uint64_t address, struct kl_text *text) {
  struct kl_symbol symbol;
  uint64_t offset;
  bool outside = outside_image(k, address);
  if (outside || !k->known[KL_S__end].present) {
    enum kl_status status = module_name(k, budget, address, text);
    if (outside || status != KL_ERR_NOT_FOUND)
      return status;
  }
  if (!k->symbols)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_symbols_by_address(k->symbols, address, &symbol, &offset));
  kl_text_put(text, (const char *)symbol.name.p, symbol.name.n);
  kl_text_string(text, "+0x");
  kl_text_hex(text, offset, 1);
  return KL_OK;
}
