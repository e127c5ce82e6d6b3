// Whose code an address is: the kernel's own, a module's, or nobody's.
#ifndef KL_LINUX_CODE_PLACE_H
#define KL_LINUX_CODE_PLACE_H

#include "base/budget.h"
#include "base/text.h"
#include "kernel/kernel.h"

enum { KL_CODE_NAME = 128, KL_CODE_MODULE = 64 };

struct kl_code_place {
  enum { KL_CODE_NOWHERE, KL_CODE_KERNEL, KL_CODE_MODULE_TEXT } kind;
  char module[KL_CODE_MODULE]; // of the module; not terminated
  size_t module_n;
  char symbol[KL_CODE_NAME]; // the one at or below the address, cut to fit; not terminated
  size_t symbol_n;           // 0: none is known
  uint64_t offset;           // from the symbol
};

// Fills the place of an address. KL_CODE_NOWHERE is KL_OK: it is in no code that
// the kernel knows of. Anything else but KL_OK: the modules could not all be
// looked at, and the address is not the kernel's. Steps: a module each, and a
// symbol of the module that it is in.
enum kl_status kl_code_place(struct kl_kernel *k, struct kl_budget *budget, uint64_t address,
                             struct kl_code_place *ret) KL_MUST_USE;
// "name", or "name+0x1c" behind its start.
void kl_code_print(struct kl_text *out, const struct kl_code_place *place);

#endif
