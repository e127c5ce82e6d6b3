// The search for the first task, once there are types that say what one looks like.
#include "base/bytes.h"
#include "kernel/attach.h"
#include "kernel/resolve.h"

// What a task_struct must show before anything else is known.
struct task_shape {
  struct kl_field comm, pid, real_parent, group_leader, active_mm, pgd;
};

static bool shape_of(const struct kl_btf *btf, struct task_shape *ret) {
  const struct {
    const char *type, *member;
    struct kl_field *field;
  } wanted[] = {{"task_struct", "comm", &ret->comm},
                {"task_struct", "pid", &ret->pid},
                {"task_struct", "real_parent", &ret->real_parent},
                {"task_struct", "group_leader", &ret->group_leader},
                {"task_struct", "active_mm", &ret->active_mm},
                {"mm_struct", "pgd", &ret->pgd}};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    struct kl_btf_field member;
    uint32_t id = kl_btf_find_struct(btf, wanted[i].type);
    struct kl_bytes name = kl_bytes_of(wanted[i].member, kl_string_length(wanted[i].member));
    if (!id || !kl_btf_find_member(btf, id, name, &member) || !kl_field_of_member(btf, &member, wanted[i].field))
      return false;
  }
  return true;
}

static bool u64_at(struct kl_image *image, uint64_t phys, uint64_t *ret) {
  uint8_t bytes[8];
  if (kl_image_read(image, phys, bytes, sizeof bytes) != KL_OK)
    return false;
  *ret = kl_le64(bytes);
  return true;
}

// init_task is its own parent and leader, and so says its own address.
static bool is_first_task(struct kl_image *image, const struct task_shape *shape, uint64_t phys, uint64_t *va) {
  uint64_t leader, pid;
  return u64_at(image, phys + shape->real_parent.offset, va) &&
         u64_at(image, phys + shape->group_leader.offset, &leader) &&
         u64_at(image, phys + shape->pid.offset, &pid) && *va == leader && !(uint32_t)pid && *va >> 48 >= 0xff00 &&
         ((*va ^ phys) & 0xfff) == 0;
}

// The root by init_mm, which the first task borrows unless it last ran a
// process; else any page that maps the task where it says it is.
static enum kl_status try_task(struct kl_attach *a, const struct task_shape *shape, uint64_t phys, uint64_t va) {
  enum kl_arch arch = va >= 0xffffffff80000000 ? KL_ARCH_X86_64 : KL_ARCH_AARCH64;
  struct kl_proposal proposal = {
      .hold = {.image_to_phys = va - phys}, .va = va, .places = true, .by = "the first task in memory"};
  uint64_t mm, pgd, to_phys = va - phys;
  enum kl_status status = KL_ERR_NOT_FOUND;
  a->init_task = va;
  if (u64_at(a->k->image, phys + shape->active_mm.offset, &mm) && mm - va + KL_IMAGE_REACH < 2 * KL_IMAGE_REACH &&
      u64_at(a->k->image, mm - to_phys + shape->pgd.offset, &pgd) &&
      pgd - va + KL_IMAGE_REACH < 2 * KL_IMAGE_REACH) {
    proposal.hold.root = pgd - to_phys;
    status = kl_attach_try_root(a, arch, &proposal);
  }
  if (status != KL_OK && !kl_attach_stops(status)) {
    proposal.by = "a page that maps the first task";
    status = kl_attach_try_roots(a, arch, 0, UINT64_MAX, 0, &proposal);
  }
  if (status != KL_OK)
    a->init_task = 0;
  return status;
}

// The name at comm: is it that of the first task, and that one of a kernel?
static enum kl_status try_name(struct kl_attach *a, const struct task_shape *shape, uint64_t comm,
                               uint64_t *tried) {
  uint64_t va, phys = comm - shape->comm.offset;
  if (!is_first_task(a->k->image, shape, phys, &va) ||
      !kl_attach_one_more(a, tried, "search for the first task", phys))
    return KL_ERR_NOT_FOUND;
  return try_task(a, shape, phys, va);
}

static enum kl_status try_tasks(struct kl_attach *a, const struct task_shape *shape) {
  struct kl_scan scan;
  uint64_t tried = 0;
  enum kl_status status;
  const struct kl_places *noted = kl_survey_places(a, KL_MARK_SWAPPER);
  for (size_t i = 0; noted && i < noted->n; i++) {
    status = try_name(a, shape, noted->at[i], &tried);
    if (status == KL_OK || kl_attach_stops(status))
      return status;
  }
  if (noted)
    return KL_ERR_NOT_FOUND;
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(kl_attach_scan(a, &scan, "first task", KL_MARK_SWAPPER, 0, 0));
  for (;;) {
    enum kl_mark kind;
    uint64_t comm;
    status = kl_scan_next(&scan, &kind, &comm);
    if (status != KL_OK)
      break;
    status = try_name(a, shape, comm, &tried);
    if (status == KL_OK || kl_attach_stops(status))
      return status;
  }
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_stops(status) ? status : KL_ERR_NOT_FOUND;
}

enum kl_status kl_propose_tasks(struct kl_attach *a) {
  struct task_shape shape;
  size_t mark = kl_arena_mark(a->k->arena);
  struct kl_diagnostic why = a->why;
  enum kl_status status = kl_attach_btf(a);
  if (status == KL_ERR_NOT_FOUND)
    a->why = why; // no BTF here is no news: nothing says yet that this is a kernel
  bool known = status == KL_OK && shape_of(a->k->btf, &shape);
  uint64_t phys = a->k->btf_phys, bytes = a->k->btf_bytes;
  kl_arena_rewind(a->k->arena, mark); // settling opens it again
  if (!known)
    return kl_attach_stops(status) ? status : KL_ERR_NOT_FOUND;
  a->btf_phys = phys;
  a->btf_bytes = bytes;
  return try_tasks(a, &shape);
}
