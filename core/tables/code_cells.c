// Whose code an address is, as cells.
#include "tables/code_cells.h"

void kl_put_code(struct kl_cursor *c, uint32_t symbol, uint32_t module, uint64_t address,
                 struct kl_code_verdict *ret) {
  struct kl_code_place *place = &ret->place;
  ret->status = kl_code_place(c->kernel, &c->budget, address, place);
  ret->agrees = place->kind != KL_CODE_NOWHERE;
  if (ret->status != KL_OK || place->symbol_n) {
    size_t start = c->text.used;
    kl_code_print(&c->text, place);
    kl_put_written(c, symbol, ret->status, address, start);
  }
  if (ret->status != KL_OK || place->kind == KL_CODE_MODULE_TEXT)
    kl_put_bytes(c, module, ret->status, address, place->module, place->module_n);
}
