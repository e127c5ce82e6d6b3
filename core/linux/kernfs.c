// Paths in kernfs: what sysfs and cgroups are made of.
#include "base/memory.h"
#include "linux/path.h"
#include "walk/cycle.h"

enum { NAME_BYTES = 255 };

static enum kl_status prepend_name(struct kl_kernel *k, uint64_t node, struct kl_path_text *text) {
  uint64_t name;
  char part[NAME_BYTES + 1];
  size_t n;
  KL_TRY(kl_get_pointer(k, node, KL_F_kernfs_node_name, &name));
  KL_TRY(kl_read_string(k, name, part, sizeof part, &n));
  if (n + 1 > text->start)
    return KL_ERR_LIMIT;
  text->start -= n + 1;
  text->buffer[text->start] = '/';
  memcpy(text->buffer + text->start + 1, part, n);
  return KL_OK;
}

enum kl_status kl_kernfs_path(struct kl_kernel *k, struct kl_budget *budget, uint64_t node,
                              struct kl_path_text *text) {
  enum kl_field_id up = kl_either(k, KL_F_kernfs_node___parent, KL_F_kernfs_node_parent);
  struct kl_cycle cycle = {0};
  uint64_t parent;
  size_t end = text->start;
  for (uint64_t depth = 0;; depth++) {
    KL_TRY(kl_budget_spend(budget, 1));
    KL_TRY(kl_get_pointer(k, node, up, &parent));
    if (!parent)
      break;
    if (kl_cycle_met(&cycle, node))
      return KL_ERR_CYCLE;
    if (depth >= k->limits->path_depth)
      return KL_ERR_LIMIT;
    KL_TRY(prepend_name(k, node, text));
    node = parent;
  }
  if (text->start == end) { // the root itself
    if (!text->start)
      return KL_ERR_LIMIT;
    text->buffer[--text->start] = '/';
  }
  return KL_OK;
}

enum kl_status kl_task_cgroup(struct kl_kernel *k, struct kl_budget *budget, uint64_t task,
                              struct kl_path_text *text) {
  uint64_t set, cgroup, node;
  KL_TRY(kl_get_pointer(k, task, KL_F_task_struct_cgroups, &set));
  KL_TRY(kl_get_pointer(k, set, KL_F_css_set_dfl_cgrp, &cgroup));
  KL_TRY(kl_get_pointer(k, cgroup, KL_F_cgroup_kn, &node));
  return kl_kernfs_path(k, budget, node, text);
}
