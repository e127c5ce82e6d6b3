// The machine's names and clock.
#include "linux/machine.h"

enum { NS_PER_SECOND = 1000000000, TIMEKEEPER_SEARCH = 256 };

static enum kl_status uts_text(struct kl_kernel *k, enum kl_field_id field, char *dst, size_t *ret) {
  if (!k->known[KL_S_init_uts_ns].present)
    return KL_ERR_NOT_FOUND;
  uint64_t name;
  KL_TRY(kl_member(k, k->known[KL_S_init_uts_ns].address, KL_F_uts_namespace_name, &name));
  return kl_get_text(k, name, field, dst, KL_UTS_BYTES, ret);
}

enum kl_status kl_machine_hostname(struct kl_kernel *k, char *dst, size_t *ret) {
  return uts_text(k, KL_F_new_utsname_nodename, dst, ret);
}

enum kl_status kl_machine_domain(struct kl_kernel *k, char *dst, size_t *ret) {
  return uts_text(k, KL_F_new_utsname_domainname, dst, ret);
}

// A timekeeper holds the same fact twice: offs_real is wall_to_monotonic
// negated (tk_set_wall_to_mono). What does not keep this is not a timekeeper.
static enum kl_status verify_timekeeper(struct kl_kernel *k, uint64_t timekeeper, uint64_t offs_real) {
  uint64_t to_monotonic, seconds, ns;
  KL_TRY(kl_member(k, timekeeper, KL_F_timekeeper_wall_to_monotonic, &to_monotonic));
  KL_TRY(kl_get(k, to_monotonic, KL_F_timespec64_tv_sec, &seconds));
  KL_TRY(kl_get(k, to_monotonic, KL_F_timespec64_tv_nsec, &ns));
  if (!offs_real || ns >= NS_PER_SECOND || 0 - (seconds * NS_PER_SECOND + ns) != offs_real)
    return KL_ERR_NOT_FOUND;
  return KL_OK;
}

static enum kl_status boot_time_at(struct kl_kernel *k, uint64_t timekeeper, int64_t *ret) {
  uint64_t offs_real, offs_boot;
  KL_TRY(kl_get(k, timekeeper, KL_F_timekeeper_offs_real, &offs_real));
  KL_TRY(kl_get(k, timekeeper, KL_F_timekeeper_offs_boot, &offs_boot));
  KL_TRY(verify_timekeeper(k, timekeeper, offs_real));
  *ret = (int64_t)(offs_real - offs_boot) / NS_PER_SECOND;
  return KL_OK;
}

// The core timekeeper stands behind a sequence counter in a struct whose shape
// changed: anonymous up to 6.12, struct tk_data later, and an array of those,
// timekeeper_data, from 6.17. Its size depends on lock debugging, so each
// aligned place is tried and verified.
enum kl_status kl_machine_boot_time(struct kl_kernel *k, int64_t *ret) {
  enum kl_symbol_id symbol = k->known[KL_S_tk_core].present ? KL_S_tk_core : KL_S_timekeeper_data;
  if (!k->known[symbol].present || !kl_has(k, KL_F_timekeeper_offs_real))
    return KL_ERR_NOT_FOUND;
  enum kl_status status = KL_ERR_NOT_FOUND;
  for (uint64_t at = 0; at < TIMEKEEPER_SEARCH && status == KL_ERR_NOT_FOUND; at += 8)
    status = boot_time_at(k, k->known[symbol].address + at, ret);
  return status;
}
