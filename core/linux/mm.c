// A process's memory, as far as a task needs it: root, space, arguments.
#include "base/checked.h"
#include "linux/task.h"

enum { TITLE_BYTES = 4096 }; // get_mm_proctitle() shows one page: of 4 KiB or more

enum kl_status kl_task_mm(struct kl_kernel *k, uint64_t task, uint64_t *ret) {
  bool kernel;
  KL_TRY(kl_task_is_kernel(k, task, &kernel));
  *ret = 0;
  // A kernel thread may borrow a process's mm for a while: kthread_use_mm().
  return kernel ? KL_OK : kl_get_pointer(k, task, KL_F_task_struct_mm, ret);
}

enum kl_status kl_mm_root(struct kl_kernel *k, uint64_t mm, uint64_t *ret) {
  uint64_t pgd;
  KL_TRY(kl_get_pointer(k, mm, KL_F_mm_struct_pgd, &pgd));
  return kl_space_phys(&k->space, pgd, ret);
}

enum kl_status kl_mm_space(struct kl_kernel *k, uint64_t mm, struct kl_space *space) {
  uint64_t root;
  KL_TRY(kl_mm_root(k, mm, &root));
  kl_space_init(space, &k->paging, k->image, k->root, root);
  return KL_OK;
}

// Reads [va, va + n) page by page, as far as it goes.
static enum kl_status read_pages(struct kl_space *space, uint64_t va, char *dst, size_t n, size_t *ret) {
  uint64_t page_bytes = 1ull << space->paging->granule_shift;
  *ret = 0;
  while (*ret < n) {
    size_t part = (size_t)kl_min(n - *ret, page_bytes - ((va + *ret) & (page_bytes - 1)));
    KL_TRY(kl_space_read(space, va + *ret, dst + *ret, part));
    *ret += part;
  }
  return KL_OK;
}

// Up to and with the first NUL, at most a page and not past end.
static enum kl_status read_title(struct kl_space *space, uint64_t start, uint64_t end, char *dst, size_t capacity,
                                 size_t *ret) {
  uint64_t page = kl_max(TITLE_BYTES, 1ull << space->paging->granule_shift);
  uint64_t most = kl_min(end - start, page);
  enum kl_status status = read_pages(space, start, dst, (size_t)kl_min(most, capacity), ret);
  for (size_t i = 0; i < *ret; i++)
    if (!dst[i]) {
      *ret = i + 1;
      return KL_OK;
    }
  return status == KL_OK && most > capacity ? KL_ERR_LIMIT : status;
}

// The rules of get_mm_cmdline() in fs/proc/base.c.
enum kl_status kl_mm_arguments(struct kl_kernel *k, struct kl_space *space, uint64_t mm, char *dst, size_t capacity,
                               size_t *ret) {
  uint64_t arg_start, arg_end, env_start, env_end;
  *ret = 0;
  KL_TRY(kl_get(k, mm, KL_F_mm_struct_arg_start, &arg_start));
  KL_TRY(kl_get(k, mm, KL_F_mm_struct_arg_end, &arg_end));
  KL_TRY(kl_get(k, mm, KL_F_mm_struct_env_start, &env_start));
  KL_TRY(kl_get(k, mm, KL_F_mm_struct_env_end, &env_end));
  if (!env_end || arg_start >= arg_end)
    return KL_OK; // not far enough in its exec
  char last;
  if (kl_space_read(space, arg_end - 1, &last, 1) == KL_OK && last) {
    bool overflows = env_start == arg_end && env_end >= env_start;
    return read_title(space, arg_start, overflows ? env_end : arg_end, dst, capacity, ret);
  }
  uint64_t n = arg_end - arg_start;
  KL_TRY(read_pages(space, arg_start, dst, (size_t)kl_min(n, capacity), ret));
  return n > capacity ? KL_ERR_LIMIT : KL_OK;
}
