// How much memory an address space has, as /proc/PID/smaps counts it. Source:
// fs/proc/task_mmu.c (smaps_account(), smap_gather_stats()), mm/shmem.c.
#ifndef KL_LINUX_RESIDENCY_H
#define KL_LINUX_RESIDENCY_H

#include "linux/page.h"
#include "linux/vma.h"

struct kl_residency {         // bytes, unless it says otherwise
  uint64_t resident;          // pages that are there, but no hugetlb's, no zero page and no device's
  uint64_t proportional_4096; // each of these divided by how often it is mapped: 4096ths of a byte
  uint64_t shared, exclusive; // of resident: mapped more than once, and once
  uint64_t hugetlb;
  uint64_t swapped; // anonymous memory, and pages of shmem that a private area would find in swap
};

// Where addresses lead: the page tables and what is known of frames.
struct kl_residency_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  uint64_t root;           // of the mm
  uint64_t huge_zero_page; // pfn; UINT64_MAX: not known
  uint64_t lost;           // where the last error arose
};

enum kl_status kl_residency_init(struct kl_residency_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                                 uint64_t mm) KL_MUST_USE;
// Adds what lies in one area to ret. A step for each table entry and each page.
// Anything but KL_OK: what walk->lost names is not in the sums; but for
// KL_ERR_BUDGET the rest is.
enum kl_status kl_residency_add(struct kl_residency_walk *walk, const struct kl_vma *vma,
                                struct kl_residency *ret) KL_MUST_USE;

#endif
