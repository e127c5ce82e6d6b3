// What a process is allowed and where it lives: credentials, namespaces, cgroups.
#ifndef KL_KERNEL_FIELDS_PLACES_H
#define KL_KERNEL_FIELDS_PLACES_H

#define KL_FIELDS_PLACES(X)                                                                                        \
  X(nsproxy, mnt_ns, OPTIONAL, "")                                                                                 \
  X(nsproxy, uts_ns, OPTIONAL, "")                                                                                 \
  X(nsproxy, ipc_ns, OPTIONAL, "")                                                                                 \
  X(nsproxy, pid_ns_for_children, OPTIONAL, "")                                                                    \
  X(nsproxy, net_ns, OPTIONAL, "")                                                                                 \
  X(nsproxy, time_ns, OPTIONAL, "5.6: 769071ac9f20")                                                               \
  X(nsproxy, time_ns_for_children, OPTIONAL, "")                                                                   \
  X(nsproxy, cgroup_ns, OPTIONAL, "")                                                                              \
  X(ns_common, ops, OPTIONAL, "")                                                                                  \
  X(ns_common, inum, OPTIONAL, "")                                                                                 \
  X(proc_ns_operations, name, OPTIONAL, "")                                                                        \
  X(css_set, dfl_cgrp, OPTIONAL, "")                                                                               \
  X(css_set, nr_tasks, OPTIONAL, "")                                                                               \
  X(css_set, tasks, OPTIONAL, "")                                                                                  \
  X(css_set, mg_tasks, OPTIONAL, "")                                                                               \
  X(css_set, dying_tasks, OPTIONAL, "")                                                                            \
  X(cred, cap_inheritable, OPTIONAL, "")                                                                           \
  X(cred, cap_permitted, OPTIONAL, "")                                                                             \
  X(cred, cap_effective, OPTIONAL, "")                                                                             \
  X(cred, cap_bset, OPTIONAL, "")                                                                                  \
  X(cred, cap_ambient, OPTIONAL, "")                                                                               \
  X(cred, user_ns, OPTIONAL, "")                                                                                   \
  X(uts_namespace, ns, OPTIONAL, "")                                                                               \
  X(ipc_namespace, ns, OPTIONAL, "")                                                                               \
  X(pid_namespace, ns, OPTIONAL, "")                                                                               \
  X(time_namespace, ns, OPTIONAL, "")                                                                              \
  X(cgroup_namespace, ns, OPTIONAL, "")                                                                            \
  X(user_namespace, ns, OPTIONAL, "")                                                                              \
  X(task_struct, thread_pid, OPTIONAL, "")                                                                         \
  X(task_struct, cg_list, OPTIONAL, "")                                                                            \
  X(pid, level, OPTIONAL, "")                                                                                      \
  X(pid, numbers, OPTIONAL, "")                                                                                    \
  X(upid, ns, OPTIONAL, "")                                                                                        \
  X(cgroup_root, cgrp, OPTIONAL, "")                                                                               \
  X(cgroup_root, root_list, OPTIONAL, "")                                                                          \
  X(cgroup_root, hierarchy_id, OPTIONAL, "")                                                                       \
  X(cgroup_root, name, OPTIONAL, "")                                                                               \
  X(cgroup_root, subsys_mask, OPTIONAL, "")                                                                        \
  X(cgroup, self, OPTIONAL, "")                                                                                    \
  X(cgroup, root, OPTIONAL, "")                                                                                    \
  X(cgroup, subsys, OPTIONAL, "")                                                                                  \
  X(cgroup, cset_links, OPTIONAL, "")                                                                              \
  X(cgroup, bstat, OPTIONAL, "")                                                                                   \
  X(cgroup_subsys_state, cgroup, OPTIONAL, "")                                                                     \
  X(cgroup_subsys_state, parent, OPTIONAL, "")                                                                     \
  X(cgroup_subsys_state, sibling, OPTIONAL, "")                                                                    \
  X(cgroup_subsys_state, children, OPTIONAL, "")                                                                   \
  X(cgrp_cset_link, cset, OPTIONAL, "")                                                                            \
  X(cgrp_cset_link, cset_link, OPTIONAL, "")                                                                       \
  X(mem_cgroup, css, OPTIONAL, "")                                                                                 \
  X(mem_cgroup, memory, OPTIONAL, "")                                                                              \
  X(page_counter, usage, OPTIONAL, "")                                                                             \
  X(page_counter, max, OPTIONAL, "")                                                                               \
  X(cgroup_base_stat, cputime, OPTIONAL, "")                                                                       \
  X(task_cputime, sum_exec_runtime, OPTIONAL, "")

#define KL_TYPES_PLACES(X) X(upid)

#define KL_ENUMS_PLACES(X) X(cgroup_subsys_id, memory_cgrp_id)

#define KL_SYMBOLS_PLACES(X)                                                                                       \
  X(cgroup_roots, OPTIONAL)                                                                                        \
  X(cgrp_dfl_root, OPTIONAL)

#endif
