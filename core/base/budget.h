// A budget: how much work a walk may still do. Spent before the work, so that
// a walk over hostile memory ends whatever the memory says.
#ifndef KL_BASE_BUDGET_H
#define KL_BASE_BUDGET_H

#include <stdint.h>

#include "kernlens/status.h"

struct kl_budget {
  uint64_t steps; // left; a step is one guest object or page-table entry read
};

// KL_ERR_BUDGET, and nothing spent, when fewer than n steps are left.
KL_MUST_USE static inline enum kl_status kl_budget_spend(struct kl_budget *budget, uint64_t n) {
  if (n > budget->steps)
    return KL_ERR_BUDGET;
  budget->steps -= n;
  return KL_OK;
}

#endif
