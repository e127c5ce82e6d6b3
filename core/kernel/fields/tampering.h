// What an intruder changes, and what still knows better.
#ifndef KL_KERNEL_FIELDS_TAMPERING_H
#define KL_KERNEL_FIELDS_TAMPERING_H

#define KL_FIELDS_TAMPERING(X)                                                                                     \
  X(ftrace_ops, func, OPTIONAL, "")                                                                                \
  X(ftrace_ops, next, OPTIONAL, "")                                                                                \
  X(ftrace_ops, flags, OPTIONAL, "")                                                                               \
  X(ftrace_ops, trampoline, OPTIONAL, "")                                                                          \
  X(kprobe, hlist, OPTIONAL, "")                                                                                   \
  X(kprobe, list, OPTIONAL, "")                                                                                    \
  X(kprobe, addr, OPTIONAL, "")                                                                                    \
  X(kprobe, pre_handler, OPTIONAL, "")                                                                             \
  X(kprobe, post_handler, OPTIONAL, "")                                                                            \
  X(kprobe, flags, OPTIONAL, "")                                                                                   \
  X(netns_nf, hooks_ipv4, OPTIONAL, "")                                                                            \
  X(netns_nf, hooks_ipv6, OPTIONAL, "")                                                                            \
  X(netns_nf, hooks_arp, OPTIONAL, "")                                                                             \
  X(netns_nf, hooks_bridge, OPTIONAL, "")                                                                          \
  X(nf_hook_entries, num_hook_entries, OPTIONAL, "")                                                               \
  X(nf_hook_entries, hooks, OPTIONAL, "")                                                                          \
  X(nf_hook_entry, hook, OPTIONAL, "")                                                                             \
  X(nf_hook_ops, hook, OPTIONAL, "")                                                                               \
  X(nf_hook_ops, priority, OPTIONAL, "")                                                                           \
  X(kset, list, OPTIONAL, "")                                                                                      \
  X(kobject, entry, OPTIONAL, "")                                                                                  \
  X(kobject, kset, OPTIONAL, "")                                                                                   \
  X(module_kobject, kobj, OPTIONAL, "")                                                                            \
  X(module_kobject, mod, OPTIONAL, "")                                                                             \
  X(module, mkobj, OPTIONAL, "")                                                                                   \
  X(mod_tree_root, root, OPTIONAL, "")                                                                             \
  X(latch_tree_root, tree, OPTIONAL, "")                                                                           \
  X(latch_tree_node, node, OPTIONAL, "")                                                                           \
  X(mod_tree_node, mod, OPTIONAL, "")                                                                              \
  X(mod_tree_node, node, OPTIONAL, "")                                                                             \
  X(rq, cfs_tasks, OPTIONAL, "")                                                                                   \
  X(task_struct, se, OPTIONAL, "")                                                                                 \
  X(sched_entity, group_node, OPTIONAL, "")

#define KL_TYPES_TAMPERING(X) X(nf_hook_entry)

#define KL_SYMBOLS_TAMPERING(X)                                                                                    \
  X(module_kset, OPTIONAL)                                                                                         \
  X(mod_tree, OPTIONAL)                                                                                            \
  X(kprobe_table, OPTIONAL)                                                                                        \
  X(ftrace_ops_list, OPTIONAL)                                                                                     \
  X(ftrace_list_end, OPTIONAL)                                                                                     \
  X(idt_table, OPTIONAL)                                                                                           \
  X(_sinittext, OPTIONAL)                                                                                          \
  X(_einittext, OPTIONAL)                                                                                          \
  X(sys_call_table, OPTIONAL)                                                                                      \
  X(ia32_sys_call_table, OPTIONAL)                                                                                 \
  X(compat_sys_call_table, OPTIONAL)

#endif
