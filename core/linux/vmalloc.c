// The kernel's own virtual areas.
#include "linux/vmalloc.h"

enum kl_status kl_vmalloc_walk_init(struct kl_vmalloc_walk *walk, struct kl_kernel *kernel,
                                    struct kl_budget *budget) {
  *walk = (struct kl_vmalloc_walk){.kernel = kernel, .budget = budget};
  kl_list_init(&walk->list, kernel, budget, 0);
  walk->list.done = true;
  // One list up to 6.8; then a number of nodes, each with areas of its own:
  // d093602919ad ("mm: vmalloc: remove global vmap_area_root rb-tree") in 6.9.
  if (kernel->known[KL_S_vmap_nodes].present && kernel->known[KL_S_nr_vmap_nodes].present) {
    uint32_t n;
    KL_TRY(kl_read_u64(kernel, kernel->known[KL_S_vmap_nodes].address, &walk->nodes));
    KL_TRY(kl_read_u32(kernel, kernel->known[KL_S_nr_vmap_nodes].address, &n));
    if (n > kernel->limits->vmap_nodes)
      return KL_ERR_LIMIT;
    walk->left = n;
    return kernel->types[KL_T_vmap_node].present ? KL_OK : KL_ERR_NOT_FOUND;
  }
  if (!kernel->known[KL_S_vmap_area_list].present)
    return KL_ERR_NOT_FOUND;
  kl_list_init(&walk->list, kernel, budget, kernel->known[KL_S_vmap_area_list].address);
  return KL_OK;
}

static enum kl_status begin_node(struct kl_vmalloc_walk *walk) {
  uint64_t busy, head, node = walk->nodes;
  walk->lost = node;
  walk->nodes += walk->kernel->types[KL_T_vmap_node].bytes;
  walk->left--;
  walk->above = 0;
  KL_TRY(kl_member(walk->kernel, node, KL_F_vmap_node_busy, &busy));
  KL_TRY(kl_member(walk->kernel, busy, KL_F_rb_list_head, &head));
  kl_list_init(&walk->list, walk->kernel, walk->budget, head);
  return KL_OK;
}

static enum kl_status read_vm(struct kl_kernel *k, struct kl_vmalloc_area *ret) {
  KL_TRY(kl_get(k, ret->vm, KL_F_vm_struct_flags, &ret->flags));
  KL_TRY(kl_get(k, ret->vm, KL_F_vm_struct_nr_pages, &ret->pages));
  KL_TRY(kl_get(k, ret->vm, KL_F_vm_struct_phys_addr, &ret->phys));
  return kl_get_pointer(k, ret->vm, KL_F_vm_struct_caller, &ret->caller);
}

static enum kl_status read_area(struct kl_kernel *k, uint64_t area, struct kl_vmalloc_area *ret) {
  *ret = (struct kl_vmalloc_area){0};
  KL_TRY(kl_get_pointer(k, area, KL_F_vmap_area_va_start, &ret->start));
  KL_TRY(kl_get_pointer(k, area, KL_F_vmap_area_va_end, &ret->end));
  KL_TRY(kl_get_pointer(k, area, KL_F_vmap_area_vm, &ret->vm));
  if (ret->end <= ret->start)
    return KL_ERR_MALFORMED;
  return ret->vm ? read_vm(k, ret) : KL_OK;
}

enum kl_status kl_vmalloc_walk_next(struct kl_vmalloc_walk *walk, struct kl_vmalloc_area *ret) {
  for (;;) {
    uint64_t node, area;
    enum kl_status status = kl_list_next(&walk->list, &node);
    if (status == KL_END && walk->left) {
      KL_TRY(begin_node(walk));
      continue;
    }
    if (status != KL_OK) {
      walk->lost = status == KL_END ? 0 : walk->list.current;
      return status;
    }
    walk->lost = node;
    KL_TRY(kl_container(walk->kernel, node, KL_F_vmap_area_list, &area));
    KL_TRY(read_area(walk->kernel, area, ret));
    if (ret->start < walk->above)
      return KL_ERR_MALFORMED;
    walk->above = ret->end;
    return KL_OK;
  }
}
