// What a code address is called.
#ifndef KL_LINUX_CODE_NAME_H
#define KL_LINUX_CODE_NAME_H

#include "base/budget.h"
#include "base/text.h"
#include "kernel/kernel.h"

// Appends FUNCTION+0xOFFSET, or [MODULE] for code of a module. KL_ERR_NOT_FOUND:
// it is neither's.
enum kl_status kl_code_name(struct kl_kernel *k, struct kl_budget *budget, uint64_t address,
                            struct kl_text *text) KL_MUST_USE;

#endif
