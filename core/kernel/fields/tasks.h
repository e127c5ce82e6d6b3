// Threads and processes.
#ifndef KL_KERNEL_FIELDS_TASKS_H
#define KL_KERNEL_FIELDS_TASKS_H

#define KL_FIELDS_TASKS(X)                                                                                         \
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
  X(task_struct, active_mm, OPTIONAL, "")                                                                          \
  X(task_struct, thread_info, OPTIONAL, "THREAD_INFO_IN_TASK")                                                     \
  X(task_struct, cpu, OPTIONAL, "CONFIG_SMP, before 5.16: bcf9033e5449")                                           \
  X(task_struct, real_cred, REQUIRED, "")                                                                          \
  X(task_struct, fs, REQUIRED, "")                                                                                 \
  X(task_struct, cgroups, OPTIONAL, "CONFIG_CGROUPS")                                                              \
  X(task_struct, on_cpu, OPTIONAL, "CONFIG_SMP before 6.17")                                                       \
  X(task_struct, pid_links, OPTIONAL, "4.19: 2c4704756cab")                                                        \
  X(task_struct, nsproxy, OPTIONAL, "")                                                                            \
  X(task_struct, files, OPTIONAL, "")                                                                              \
  X(task_struct, stack, OPTIONAL, "")                                                                              \
  X(signal_struct, thread_head, OPTIONAL, "")                                                                      \
  X(signal_struct, nr_threads, OPTIONAL, "")                                                                       \
  X(thread_info, cpu, OPTIONAL, "CONFIG_SMP, 5.16: bcf9033e5449")                                                  \
  X(cred, uid, REQUIRED, "")                                                                                       \
  X(cred, gid, REQUIRED, "")                                                                                       \
  X(cred, euid, REQUIRED, "")                                                                                      \
  X(pid_namespace, idr, OPTIONAL, "4.15: 95846ecf9dac")                                                            \
  X(pid, tasks, OPTIONAL, "")                                                                                      \
  X(fs_struct, root, REQUIRED, "")

#define KL_TYPES_TASKS(X) X(task_struct)

#define KL_SYMBOLS_TASKS(X)                                                                                        \
  X(init_task, REQUIRED)                                                                                           \
  X(init_pid_ns, OPTIONAL)

#endif
