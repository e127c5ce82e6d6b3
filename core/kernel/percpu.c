// Per-CPU variables.
#include "kernel/kernel.h"

enum kl_status kl_per_cpu_offset(struct kl_kernel *k, uint32_t cpu, uint64_t *ret) {
  if (cpu >= k->cpus || k->per_cpu_unknown)
    return KL_ERR_NOT_FOUND;
  if (kl_is_uniprocessor(k)) { // the variable itself
    *ret = 0;
    return KL_OK;
  }
  return kl_read_u64(k, k->per_cpu_offset_address + 8ull * cpu, ret);
}

enum kl_status kl_per_cpu_address(struct kl_kernel *k, uint64_t variable, uint32_t cpu, uint64_t *ret) {
  uint64_t offset;
  KL_TRY(kl_per_cpu_offset(k, cpu, &offset));
  *ret = variable + offset;
  return KL_OK;
}
