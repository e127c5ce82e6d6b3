// The one list of tables, in the order in which they are shown. A table
// NAME is the file core/tables/NAME.c, which defines kl_NAME_table.
#ifndef KL_TABLES_REGISTRY_H
#define KL_TABLES_REGISTRY_H

#include "kernlens/table.h"

#define KL_TABLE_LIST(X)                                                                                           \
  /* machine */                                                                                                    \
  X(kernel)                                                                                                        \
  X(segments)                                                                                                      \
  X(diagnostics)                                                                                                   \
  X(symbols)                                                                                                       \
  X(cpus)                                                                                                          \
  X(log)                                                                                                           \
  X(modules)                                                                                                       \
  X(module_sections)                                                                                               \
  X(mounts)                                                                                                        \
  /* types */                                                                                                      \
  X(types)                                                                                                         \
  X(members)                                                                                                       \
  X(offsets)                                                                                                       \
  /* processes */                                                                                                  \
  X(tasks)                                                                                                         \
  X(environment)                                                                                                   \
  X(vmas)                                                                                                          \
  X(mappings)                                                                                                      \
  X(process_memory)                                                                                                \
  X(open_files)                                                                                                    \
  X(capabilities)                                                                                                  \
  X(namespaces)                                                                                                    \
  X(cgroups)                                                                                                       \
  /* network */                                                                                                    \
  X(sockets)                                                                                                       \
  X(interfaces)                                                                                                    \
  /* memory */                                                                                                     \
  X(superblocks)                                                                                                   \
  X(inodes)                                                                                                        \
  X(page_cache)                                                                                                    \
  X(pages)                                                                                                         \
  X(page_users)                                                                                                    \
  X(memory_summary)                                                                                                \
  X(vmalloc_areas)                                                                                                 \
  /* BPF */                                                                                                        \
  X(bpf_maps)                                                                                                      \
  X(bpf_entries)                                                                                                   \
  X(bpf_programs)                                                                                                  \
  X(bpf_instructions)                                                                                              \
  X(bpf_links)                                                                                                     \
  X(bpf_btfs)                                                                                                      \
  X(bpf_ring_records)                                                                                              \
  X(bpf_arena_pages)                                                                                               \
  /* tampering */                                                                                                  \
  X(syscall_table)                                                                                                 \
  X(interrupt_table)                                                                                               \
  X(ftrace_ops)                                                                                                    \
  X(kprobes)                                                                                                       \
  X(netfilter_hooks)                                                                                               \
  X(hidden_modules)                                                                                                \
  X(hidden_tasks)

#define KL_TABLE_DECLARE(name) extern const struct kl_table kl_##name##_table;
KL_TABLE_LIST(KL_TABLE_DECLARE)
#undef KL_TABLE_DECLARE

#endif
