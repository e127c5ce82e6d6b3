// The default limits.
#include "kernlens/limits.h"

struct kl_limits kl_limits_default(void) {
  return (struct kl_limits){
#define KL_LIMIT_VALUE(name, value, reason) .name = (value),
      KL_LIMIT_LIST(KL_LIMIT_VALUE)
#undef KL_LIMIT_VALUE
  };
}
