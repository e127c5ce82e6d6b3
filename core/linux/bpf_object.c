// Maps, programs, links and BTFs by id.
#include "linux/bpf_object.h"

static const struct {
  enum kl_symbol_id symbol;
  enum kl_field_id field; // without it the kernel was built without such objects
} roots[] = {
    [KL_BPF_MAPS] = {KL_S_map_idr, KL_F_bpf_map_id},
    [KL_BPF_PROGRAMS] = {KL_S_prog_idr, KL_F_bpf_prog_aux_id},
    [KL_BPF_LINKS] = {KL_S_link_idr, KL_F_bpf_link_id},
    [KL_BPF_BTF_OBJECTS] = {KL_S_btf_idr, KL_F_btf_id},
};

enum kl_status kl_bpf_objects_open(struct kl_bpf_objects *o, struct kl_kernel *k, struct kl_budget *budget,
                                   enum kl_bpf_object kind, uint64_t first, uint64_t last) {
  if (!kl_has(k, roots[kind].field))
    return KL_END;
  if (!k->known[roots[kind].symbol].present)
    return KL_ERR_NOT_FOUND;
  o->lost = k->known[roots[kind].symbol].address;
  kl_idr_init(&o->ids, k, budget, o->lost, first, last);
  return KL_OK;
}

enum kl_status kl_bpf_objects_next(struct kl_bpf_objects *o, uint64_t *address, uint64_t *id) {
  struct kl_xarray_entry entry = {0};
  for (;;) {
    enum kl_status status = kl_xarray_next(&o->ids, &entry);
    if (status != KL_OK) {
      o->lost = entry.pointer;
      return status;
    }
    if (entry.kind != KL_XARRAY_POINTER) // an id that is reserved: its object is being made
      continue;
    o->lost = entry.pointer;
    KL_TRY(kl_budget_spend(o->ids.budget, 1));
    *address = entry.pointer;
    *id = entry.index;
    return KL_OK;
  }
}
