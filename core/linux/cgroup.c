// Control groups.
#include "linux/cgroup.h"

#include "base/checked.h"
#include "base/memory.h"

// Every hierarchy is on the list cgroup_roots, the one of version 2 too. Where
// nothing names that list, it is entered by the latter, and its head is the one
// node on it that is in no hierarchy.
enum kl_status kl_cgroup_walk_init(struct kl_cgroup_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                                   bool only_version_2) {
  uint64_t head = kernel->known[KL_S_cgroup_roots].address;
  memset(walk, 0, sizeof *walk);
  walk->kernel = kernel;
  walk->budget = budget;
  walk->default_first = only_version_2 || !kernel->known[KL_S_cgroup_roots].present;
  if (!kl_has(kernel, KL_F_cgroup_root_cgrp))
    return KL_ERR_NOT_FOUND;
  if (walk->default_first) {
    if (!kernel->known[KL_S_cgrp_dfl_root].present)
      return KL_ERR_NOT_FOUND;
    KL_TRY(kl_member(kernel, kernel->known[KL_S_cgrp_dfl_root].address, KL_F_cgroup_root_root_list, &head));
  }
  kl_list_init(&walk->roots, kernel, budget, head);
  walk->roots.done = only_version_2;
  return KL_OK;
}

// ── The tree ───────────────────────────────────────────────────────────────

static bool is_hierarchy(struct kl_kernel *k, uint64_t root) {
  uint64_t cgroup, of;
  return kl_member(k, root, KL_F_cgroup_root_cgrp, &cgroup) == KL_OK &&
         kl_get_pointer(k, cgroup, KL_F_cgroup_root, &of) == KL_OK && of == root;
}

static enum kl_status next_root(struct kl_cgroup_walk *walk) {
  uint64_t node;
  if (walk->default_first) {
    walk->default_first = false;
    walk->root = walk->kernel->known[KL_S_cgrp_dfl_root].address;
    return KL_OK;
  }
  do {
    enum kl_status status = kl_list_next(&walk->roots, &node);
    walk->lost = walk->roots.current;
    KL_TRY(status);
    KL_TRY(kl_container(walk->kernel, node, KL_F_cgroup_root_root_list, &walk->root));
  } while (!walk->kernel->known[KL_S_cgroup_roots].present && !is_hierarchy(walk->kernel, walk->root));
  return KL_OK;
}

// The lists of a group's children are walked after it.
static enum kl_status descend(struct kl_cgroup_walk *walk, uint64_t cgroup) {
  struct kl_kernel *k = walk->kernel;
  uint64_t css, head;
  walk->lost = cgroup;
  if (walk->depth == KL_CGROUP_DEPTH)
    return KL_ERR_LIMIT;
  KL_TRY(kl_member(k, cgroup, KL_F_cgroup_self, &css));
  KL_TRY(kl_member(k, css, KL_F_cgroup_subsys_state_children, &head));
  walk->levels[walk->depth].css = css;
  kl_list_init(&walk->levels[walk->depth].children, k, walk->budget, head);
  walk->depth++;
  return KL_OK;
}

static enum kl_status begin_root(struct kl_cgroup_walk *walk, uint64_t *cgroup) {
  KL_TRY(next_root(walk));
  KL_TRY(kl_member(walk->kernel, walk->root, KL_F_cgroup_root_cgrp, cgroup));
  walk->count = 1;
  return descend(walk, *cgroup);
}

// A child that names another parent is no child, and none of those above it is:
// with that no group is below two others, whatever the lists say.
static enum kl_status child_of(struct kl_cgroup_walk *walk, uint64_t node, uint64_t parent_css, uint64_t *cgroup) {
  struct kl_kernel *k = walk->kernel;
  uint64_t css, parent;
  walk->lost = node;
  if (walk->count++ >= k->limits->cgroups) {
    walk->depth = 0; // with the next hierarchy
    return KL_ERR_LIMIT;
  }
  KL_TRY(kl_container(k, node, KL_F_cgroup_subsys_state_sibling, &css));
  KL_TRY(kl_get_pointer(k, css, KL_F_cgroup_subsys_state_parent, &parent));
  if (parent != parent_css)
    return KL_ERR_MALFORMED;
  for (size_t i = 0; i < walk->depth; i++)
    if (walk->levels[i].css == css)
      return KL_ERR_CYCLE;
  return kl_container(k, css, KL_F_cgroup_self, cgroup);
}

enum kl_status kl_cgroup_walk_next(struct kl_cgroup_walk *walk, uint64_t *cgroup) {
  for (;;) {
    if (!walk->depth)
      return begin_root(walk, cgroup);
    size_t level = walk->depth - 1;
    uint64_t node;
    enum kl_status status = kl_list_next(&walk->levels[level].children, &node);
    if (status == KL_OK) {
      KL_TRY(child_of(walk, node, walk->levels[level].css, cgroup));
      // One too deep is a group all the same; what is below it is lost.
      return walk->depth < KL_CGROUP_DEPTH ? descend(walk, *cgroup) : KL_OK;
    }
    walk->lost = walk->levels[level].children.current;
    walk->depth--;
    if (status != KL_END)
      return status;
  }
}

// ── Tasks ──────────────────────────────────────────────────────────────────

enum kl_status kl_cgroup_sets(struct kl_kernel *k, struct kl_budget *budget, uint64_t cgroup, struct kl_list *ret) {
  uint64_t head;
  KL_TRY(kl_member(k, cgroup, KL_F_cgroup_cset_links, &head));
  kl_list_init(ret, k, budget, head);
  return KL_OK;
}

enum kl_status kl_cgroup_sets_next(struct kl_list *sets, uint64_t *css_set) {
  uint64_t node, link;
  KL_TRY(kl_list_next(sets, &node));
  KL_TRY(kl_container(sets->kernel, node, KL_F_cgrp_cset_link_cset_link, &link));
  return kl_get_pointer(sets->kernel, link, KL_F_cgrp_cset_link_cset, css_set);
}

enum kl_status kl_cgroup_tasks(struct kl_kernel *k, struct kl_budget *budget, uint64_t cgroup, uint64_t *ret) {
  struct kl_list sets;
  uint64_t set, tasks;
  *ret = 0;
  KL_TRY(kl_cgroup_sets(k, budget, cgroup, &sets));
  for (;;) {
    enum kl_status status = kl_cgroup_sets_next(&sets, &set);
    if (status == KL_END)
      return KL_OK;
    KL_TRY(status);
    KL_TRY(kl_get(k, set, KL_F_css_set_nr_tasks, &tasks));
    *ret += tasks;
  }
}

// ── What it counts ─────────────────────────────────────────────────────────

static enum kl_status is_root(struct kl_kernel *k, uint64_t cgroup, bool *ret) {
  uint64_t css, parent;
  KL_TRY(kl_member(k, cgroup, KL_F_cgroup_self, &css));
  KL_TRY(kl_get_pointer(k, css, KL_F_cgroup_subsys_state_parent, &parent));
  *ret = !parent;
  return KL_OK;
}

// The page counter of its memory. KL_END: none.
static enum kl_status memory_counter(struct kl_kernel *k, uint64_t cgroup, uint64_t *ret) {
  uint64_t table, css, group;
  bool root;
  if (!k->enums[KL_E_cgroup_subsys_id_memory_cgrp_id].present || !kl_has(k, KL_F_mem_cgroup_memory))
    return KL_END;
  KL_TRY(is_root(k, cgroup, &root));
  if (root)
    return KL_END;
  uint64_t id = (uint64_t)k->enums[KL_E_cgroup_subsys_id_memory_cgrp_id].value;
  KL_TRY(kl_member(k, cgroup, KL_F_cgroup_subsys, &table));
  if (id >= k->fields[KL_F_cgroup_subsys].size / 8)
    return KL_ERR_MALFORMED;
  KL_TRY(kl_read_u64(k, table + 8 * id, &css));
  css = kl_paging_strip(&k->paging, css);
  if (!css)
    return KL_END;
  KL_TRY(kl_container(k, css, KL_F_mem_cgroup_css, &group));
  return kl_member(k, group, KL_F_mem_cgroup_memory, ret);
}

static enum kl_status pages_to_bytes(const struct kl_kernel *k, uint64_t pages, uint64_t *bytes) {
  return kl_mul(pages, 1ull << k->paging.granule_shift, bytes) ? KL_OK : KL_ERR_MALFORMED;
}

enum kl_status kl_cgroup_memory(struct kl_kernel *k, uint64_t cgroup, uint64_t *bytes) {
  uint64_t counter, pages;
  KL_TRY(memory_counter(k, cgroup, &counter));
  KL_TRY(kl_get(k, counter, KL_F_page_counter_usage, &pages));
  return pages_to_bytes(k, pages, bytes);
}

enum kl_status kl_cgroup_memory_max(struct kl_kernel *k, uint64_t cgroup, uint64_t *bytes) {
  uint64_t counter, pages;
  KL_TRY(memory_counter(k, cgroup, &counter));
  KL_TRY(kl_get(k, counter, KL_F_page_counter_max, &pages));
  if (pages == (uint64_t)INT64_MAX >> k->paging.granule_shift) // PAGE_COUNTER_MAX: LONG_MAX / PAGE_SIZE
    return KL_END;
  return pages_to_bytes(k, pages, bytes);
}

enum kl_status kl_cgroup_cpu(struct kl_kernel *k, uint64_t cgroup, uint64_t *ns) {
  uint64_t root, at;
  bool is_top;
  if (!kl_has(k, KL_F_cgroup_bstat) || !kl_has(k, KL_F_cgroup_base_stat_cputime))
    return KL_END;
  KL_TRY(kl_get_pointer(k, cgroup, KL_F_cgroup_root, &root));
  KL_TRY(is_root(k, cgroup, &is_top));
  if (is_top || root != k->known[KL_S_cgrp_dfl_root].address)
    return KL_END;
  KL_TRY(kl_member(k, cgroup, KL_F_cgroup_bstat, &at));
  KL_TRY(kl_member(k, at, KL_F_cgroup_base_stat_cputime, &at));
  return kl_get(k, at, KL_F_task_cputime_sum_exec_runtime, ns);
}
