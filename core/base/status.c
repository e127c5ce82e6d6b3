// The texts of the statuses.
#include "kernlens/status.h"

const char *kl_status_text(enum kl_status status) {
  switch (status) {
#define KL_STATUS_CASE(name, text)                                                                                 \
  case name:                                                                                                       \
    return text;
    KL_STATUS_LIST(KL_STATUS_CASE)
#undef KL_STATUS_CASE
  }
  return "unknown status";
}
