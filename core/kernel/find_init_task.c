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

// It is its own parent and its own leader: what no other place that holds the
// name can show.
static bool is_first(struct kl_attach *a, uint64_t task) {
  uint64_t parent, leader, pid;
  return is_init_task(a, task) && kl_get_pointer(a->k, task, KL_F_task_struct_real_parent, &parent) == KL_OK &&
         kl_get_pointer(a->k, task, KL_F_task_struct_group_leader, &leader) == KL_OK &&
         kl_get(a->k, task, KL_F_task_struct_pid, &pid) == KL_OK && parent == task && leader == task && !pid;
}

// Under the wrong paging (3 levels of blocks read as 4) symbols still lead to
// the name, but what it points to is elsewhere. Lost memory is no objection.
static bool is_refuted(struct kl_attach *a, uint64_t task) {
  uint64_t other;
  return (kl_get_pointer(a->k, task, KL_F_task_struct_real_parent, &other) == KL_OK && other != task) ||
         (kl_get_pointer(a->k, task, KL_F_task_struct_group_leader, &other) == KL_OK && other != task);
}

static bool by_scan(struct kl_attach *a, uint64_t *ret) {
  struct kl_kernel *k = a->k;
  struct kl_scan scan;
  enum kl_mark kind;
  uint64_t phys;
  bool found = false;
  size_t mark = kl_arena_mark(k->arena);
  if (kl_attach_scan(a, &scan, "init_task", KL_MARK_SWAPPER, kl_image_phys(a, a->hold.start),
                     kl_image_phys(a, a->hold.end)) == KL_OK)
    while (!found && kl_scan_next(&scan, &kind, &phys) == KL_OK)
      found =
          kl_container(k, phys + a->hold.image_to_phys, KL_F_task_struct_comm, ret) == KL_OK && is_first(a, *ret);
  kl_arena_rewind(k->arena, mark);
  return found;
}

enum kl_status kl_attach_init_task(struct kl_attach *a) {
  struct kl_kernel *k = a->k;
  uint64_t task = k->known[KL_S_init_task].present ? k->known[KL_S_init_task].address : a->init_task;
  bool found = task && is_init_task(a, task) && !is_refuted(a, task);
  if (!found) {
    found = by_scan(a, &task);
    a->init_task_by = "its name in the image";
  }
  if (!found) {
    kl_attach_why(a, "no init_task", 0, KL_ERR_NOT_FOUND);
    return KL_ERR_NOT_FOUND;
  }
  k->known[KL_S_init_task].present = true;
  k->known[KL_S_init_task].address = task;
  kl_attach_confirm(a, is_first(a, task) ? "init_task is its own parent" : "init_task is named swapper");
  return KL_OK;
}
