// The texts of the statuses.
#include "kernlens/status.h"

#define KL_STATUS_CASE(name, text)                                                                                 \
  case name:                                                                                                       \
    return text;

const char *kl_status_text(enum kl_status status) {
  switch (status) { KL_STATUS_LIST(KL_STATUS_CASE) }
  return "unknown status";
}
