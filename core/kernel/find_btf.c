// BTF: the copies that the dump may hold, and the one that is whole.
#include "kernel/attach.h"
#include "kernel/view.h"

static enum kl_status open_btf(struct kl_attach *a, uint64_t phys, uint64_t n, const char *by) {
  struct kl_kernel *k = a->k;
  struct kl_view view;
  if (n < KL_BTF_PROBE_BYTES || n > k->limits->btf_bytes)
    return KL_ERR_NOT_FOUND;
  size_t mark = kl_arena_mark(k->arena);
  enum kl_status status = kl_view_open(k->arena, k->image, phys, n, &view);
  uint64_t bad;
  if (status == KL_OK && view.pages)
    status = KL_ERR_ABSENT;
  if (status == KL_OK)
    status = kl_btf_open(k->arena, view.all, NULL, k->limits, &k->btf, &bad);
  if (status == KL_OK && !kl_btf_find_struct(k->btf, "task_struct"))
    status = KL_ERR_NOT_FOUND;
  if (status != KL_OK) {
    k->btf = NULL;
    kl_arena_rewind(k->arena, mark);
    return status;
  }
  k->btf_phys = phys;
  k->btf_bytes = kl_btf_bytes(k->btf);
  a->btf_by = by;
  return KL_OK;
}

static enum kl_status by_symbols(struct kl_attach *a) {
  const struct kl_kernel *k = a->k;
  if (!k->known[KL_S___start_BTF].present || !k->known[KL_S___stop_BTF].present)
    return KL_ERR_NOT_FOUND;
  uint64_t start = k->known[KL_S___start_BTF].address, end = k->known[KL_S___stop_BTF].address;
  if (!kl_in_image(a, start) || end < start)
    return KL_ERR_NOT_FOUND;
  return open_btf(a, kl_image_phys(a, start), end - start, "__start_BTF");
}

enum kl_status kl_attach_btf(struct kl_attach *a) {
  enum kl_status status = by_symbols(a);
  if (status != KL_OK)
    kl_attach_why(a, "no whole BTF of the kernel; give one with --btf", 0, status);
  return status;
}
