// VMAs: the areas of an address space, and the names that /proc gives them.
//
// A maple tree since 6.1 (d4af56c5c7c6), a list before. Sources:
// include/linux/mm_types.h, fs/proc/task_mmu.c.
#ifndef KL_LINUX_VMA_H
#define KL_LINUX_VMA_H

#include "linux/path.h"
#include "walk/maple.h"

// vm_flags (include/linux/mm.h): these bits have not moved since 2.6.
enum { KL_VM_READ = 1, KL_VM_WRITE = 2, KL_VM_EXEC = 4, KL_VM_SHARED = 8, KL_VM_MAYSHARE = 0x80 };

struct kl_vma {
  uint64_t address;    // of the vm_area_struct
  uint64_t start, end; // end is exclusive
  uint64_t flags;
  uint64_t file;   // struct file; 0: anonymous
  uint64_t offset; // of start in the file, bytes; 0 when anonymous
};

struct kl_vma_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  struct kl_maple tree;
  uint64_t next_vma; // of the list
  uint64_t above;    // where the last one ended: the next must not begin before
  uint64_t first, last;
  uint64_t lost; // where the last error arose
  bool is_list;
};

// Those that hold any address from first to last, in order.
enum kl_status kl_vma_walk_init(struct kl_vma_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                                uint64_t mm, uint64_t first, uint64_t last) KL_MUST_USE;
// KL_END at the end. A VMA that can't be read is an error once; a tree's walk
// goes on behind it, a list ends there.
enum kl_status kl_vma_walk_next(struct kl_vma_walk *walk, struct kl_vma *ret) KL_MUST_USE;

// The last column of /proc/PID/maps: a path as root sees it, [heap], [stack],
// [vdso] and the like, [anon:NAME]. Empty when it has none.
enum kl_status kl_vma_name(struct kl_kernel *k, struct kl_budget *budget, uint64_t mm, const struct kl_vma *vma,
                           const struct kl_path_root *root, struct kl_path_text *text) KL_MUST_USE;

#endif
