// init_task: the first task, from which the others hang.
#include "base/memory.h"
#include "kernel/attach.h"

// The idle task of the first CPU: "swapper/0", or "swapper" without SMP.
static bool is_init_task(struct kl_attach *a, uint64_t task) {
  char comm[16];
  size_t n;
  if (kl_get_text(a->k, task, KL_F_task_struct_comm, comm, sizeof comm, &n) != KL_OK)
    return false;
  return kl_bytes_equal(kl_bytes_of(comm, n), "swapper/0") || kl_bytes_equal(kl_bytes_of(comm, n), "swapper");
}

enum kl_status kl_attach_init_task(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  if (!k->known[KL_S_init_task].present || !is_init_task(a, k->known[KL_S_init_task].address)) {
    kl_attach_why(a, "no init_task", 0, KL_ERR_NOT_FOUND);
    return KL_ERR_NOT_FOUND;
  }
  kl_attach_confirm(a, "init_task is named swapper");
  return KL_OK;
}
