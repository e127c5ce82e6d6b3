// The cells that say whose code an address is: shared by the tables that look
// for tampering.
#ifndef KL_TABLES_CODE_CELLS_H
#define KL_TABLES_CODE_CELLS_H

#include "linux/code_place.h"
#include "tables/cursor.h"

// Puts the symbol and the module (none: the kernel's own) of a code address, and
// tells whether it is code that the kernel knows of. When the modules could not be
// looked at, status says why, and the cells are unreadable.
struct kl_code_verdict {
  enum kl_status status; // of looking; the cells have it
  bool agrees;           // the kernel's own code, or that of a module on its list
  struct kl_code_place place;
};
void kl_put_code(struct kl_cursor *c, uint32_t symbol, uint32_t module, uint64_t address,
                 struct kl_code_verdict *ret);

enum { KL_CODE_TEXT = KL_CODE_NAME + KL_CODE_MODULE + 24 }; // of the row's text

#endif
