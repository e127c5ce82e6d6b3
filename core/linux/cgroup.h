// Control groups: every hierarchy, its groups, and what they count.
//
// Sources: include/linux/cgroup-defs.h, kernel/cgroup/{cgroup,rstat}.c,
// mm/memcontrol.c. A group is the css "self" of its own tree.
#ifndef KL_LINUX_CGROUP_H
#define KL_LINUX_CGROUP_H

#include "base/text.h"
#include "walk/list.h"

enum { KL_CGROUP_DEPTH = 64 }; // levels walked below a hierarchy's root

struct kl_cgroup_walk {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  struct kl_list roots;
  bool default_first; // the hierarchy of version 2 comes first
  uint64_t root;      // struct cgroup_root that is walked
  uint64_t count;     // groups of it
  size_t depth;       // lists in use
  struct {
    struct kl_list children;
    uint64_t css; // whose
  } levels[KL_CGROUP_DEPTH];
  uint64_t lost; // where the last error arose
};
// only_version_2: the hierarchy of version 2 alone, in which every task is.
// KL_ERR_NOT_FOUND: this kernel has no cgroups, or nothing names them.
enum kl_status kl_cgroup_walk_init(struct kl_cgroup_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                                   bool only_version_2) KL_MUST_USE;
// The next struct cgroup, each before those below it. KL_END at the end;
// KL_ERR_BUDGET ends the walk; any other status: groups are lost at walk->lost,
// and it goes on. limits.cgroups of one hierarchy at most. One step each.
enum kl_status kl_cgroup_walk_next(struct kl_cgroup_walk *walk, uint64_t *cgroup) KL_MUST_USE;

// The css_sets of a group, one a call: sets of tasks that are in the same groups
// of all hierarchies.
enum kl_status kl_cgroup_sets(struct kl_kernel *k, struct kl_budget *budget, uint64_t cgroup,
                              struct kl_list *ret) KL_MUST_USE;
enum kl_status kl_cgroup_sets_next(struct kl_list *sets, uint64_t *css_set) KL_MUST_USE;
// Threads in it, not counting what is below.
enum kl_status kl_cgroup_tasks(struct kl_kernel *k, struct kl_budget *budget, uint64_t cgroup,
                               uint64_t *ret) KL_MUST_USE;
// Bytes that it and what is below it have charged: memory.current. KL_END: the
// memory controller is not on for it, or it is the root, which has no such file.
enum kl_status kl_cgroup_memory(struct kl_kernel *k, uint64_t cgroup, uint64_t *bytes) KL_MUST_USE;
// Its memory.max in bytes. KL_END: as before, or without a limit.
enum kl_status kl_cgroup_memory_max(struct kl_kernel *k, uint64_t cgroup, uint64_t *bytes) KL_MUST_USE;
// CPU time of it and what is below it, as the kernel last added it up. KL_END:
// the root, or a hierarchy of version 1.
enum kl_status kl_cgroup_cpu(struct kl_kernel *k, uint64_t cgroup, uint64_t *ns) KL_MUST_USE;

#endif
