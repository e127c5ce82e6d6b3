// The layout of the kernel's address space, and facts about the machine.
#include "kernel/attach.h"

enum kl_status kl_attach_layout(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  k->image_base = k->known[KL_S__text].present ? k->known[KL_S__text].address : a->hold.start;
  k->image_phys = kl_image_phys(a, k->image_base);
  k->cpus = 1;
  return KL_OK;
}
