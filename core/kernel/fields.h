// Every kernel type, member, enum value and symbol that kernlens reads.
//
// Resolved from the dump's own BTF and kallsyms at attach. Absence is data: an
// optional one that is not there has its presence bit clear, and the reader
// asks for the other form. No version comparisons anywhere.
#ifndef KL_KERNEL_FIELDS_H
#define KL_KERNEL_FIELDS_H

// X(struct, member, need, note). need: REQUIRED (attach says so when missing)
// or OPTIONAL. Members of anonymous structs count as the outer one's. note:
// the commit or release that changed it, or "".
#define KL_FIELD_LIST(X)                                                                                           \
  X(list_head, next, REQUIRED, "")                                                                                 \
  X(list_head, prev, REQUIRED, "")                                                                                 \
  X(hlist_head, first, REQUIRED, "")                                                                               \
  X(hlist_node, next, REQUIRED, "")                                                                                \
  /* tasks */                                                                                                      \
  X(task_struct, tasks, REQUIRED, "")                                                                              \
  X(task_struct, pid, REQUIRED, "")                                                                                \
  X(task_struct, tgid, REQUIRED, "")                                                                               \
  X(task_struct, comm, REQUIRED, "")                                                                               \
  X(task_struct, mm, REQUIRED, "")                                                                                 \
  X(task_struct, real_parent, REQUIRED, "")                                                                        \
  X(task_struct, group_leader, REQUIRED, "")                                                                       \
  X(task_struct, signal, REQUIRED, "")                                                                             \
  X(task_struct, thread_node, OPTIONAL, "")                                                                        \
  X(task_struct, thread_group, OPTIONAL, "gone in 6.7")                                                            \
  X(task_struct, flags, REQUIRED, "")                                                                              \
  X(task_struct, state, OPTIONAL, "before 5.14: 2f064a59a11f")                                                     \
  X(task_struct, __state, OPTIONAL, "5.14: 2f064a59a11f")                                                          \
  X(task_struct, exit_state, REQUIRED, "")                                                                         \
  X(task_struct, cred, REQUIRED, "")                                                                               \
  X(task_struct, start_time, REQUIRED, "")                                                                         \
  X(task_struct, start_boottime, OPTIONAL, "5.5: cf25e24db61c")                                                    \
  X(task_struct, prio, REQUIRED, "")                                                                               \
  X(signal_struct, thread_head, OPTIONAL, "")                                                                      \
  X(signal_struct, nr_threads, OPTIONAL, "")                                                                       \
  /* machine */                                                                                                    \
  X(uts_namespace, name, OPTIONAL, "")                                                                             \
  X(new_utsname, nodename, OPTIONAL, "")                                                                           \
  X(new_utsname, domainname, OPTIONAL, "")                                                                         \
  X(timekeeper, offs_real, OPTIONAL, "")                                                                           \
  X(timekeeper, offs_boot, OPTIONAL, "")                                                                           \
  X(timekeeper, wall_to_monotonic, OPTIONAL, "")                                                                   \
  X(timespec64, tv_sec, OPTIONAL, "")                                                                              \
  X(timespec64, tv_nsec, OPTIONAL, "")

// X(type): a struct, union or typedef whose size is asked for.
#define KL_TYPE_LIST(X)                                                                                            \
  X(task_struct)                                                                                                   \
  X(list_head)                                                                                                     \
  X(page)

// X(enum, value): enum is the enum's name, or anon when it has none.
#define KL_ENUM_LIST(X) X(maple_type, maple_leaf_64)

// X(symbol, need): kallsyms names looked up once, in one pass.
#define KL_SYMBOL_LIST(X)                                                                                          \
  X(init_task, REQUIRED)                                                                                           \
  X(linux_banner, REQUIRED)                                                                                        \
  X(_text, REQUIRED)                                                                                               \
  X(_stext, REQUIRED)                                                                                              \
  X(swapper_pg_dir, OPTIONAL)                                                                                      \
  X(init_top_pgt, OPTIONAL)                                                                                        \
  X(__start_BTF, OPTIONAL)                                                                                         \
  X(__stop_BTF, OPTIONAL)                                                                                          \
  X(init_uts_ns, OPTIONAL)                                                                                         \
  X(tk_core, OPTIONAL)                                                                                             \
  X(timekeeper_data, OPTIONAL)

#endif
