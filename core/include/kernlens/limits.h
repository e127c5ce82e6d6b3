// Limits: the cap on every size and every walk that the guest can influence.
//
// All of them stand here, each with its reason; a caller may change any before
// it opens a dump. Raising one costs workspace or time, never safety.
#ifndef KERNLENS_LIMITS_H
#define KERNLENS_LIMITS_H

#include <stdint.h>

// X(name, default, reason)
#define KL_LIMIT_LIST(X)                                                                                           \
  X(segments, 1u << 20, "runs of one container: AVML lists every 16 MiB, so 16 TiB")                               \
  X(source_files, 64, "files of one split dump")                                                                   \
  X(flat_records, 1u << 22, "records of a flattened file: QEMU writes one for 16 KiB, so 64 GiB")                  \
  X(kdump_pages, 1ull << 32, "pages that a kdump file speaks of: 16 TiB")                                          \
  X(block_cache_bytes, 16u << 20, "decompressed blocks kept: what one walk comes back to")                         \
  X(note_bytes, 16u << 20, "ELF notes of 8192 CPUs")                                                               \
  X(vmcoreinfo_bytes, 64u << 10, "the kernel reserves one page; four 16K pages fit")                               \
  X(cpus, 8192, "CONFIG_NR_CPUS_RANGE_END of x86-64")                                                              \
  X(btf_bytes, 64u << 20, "an allyesconfig vmlinux has 20 MiB of BTF")                                             \
  X(btf_types, 1u << 20, "an allyesconfig vmlinux has under 400,000 types")                                        \
  X(btf_depth, 64, "the kernel's own resolver stops at 32 levels")                                                 \
  X(btf_steps, 1u << 20, "types and members seen to answer one question: the largest struct has < 5,000")          \
  X(symbols, 1u << 20, "an allyesconfig vmlinux has under 700,000 symbols")                                        \
  X(symbol_name_bytes, 1024, "KSYM_NAME_LEN is 512 (6.1+)")                                                        \
  X(root_steps, 1u << 25, "table entries looked at to find a root: a thousand processes, each with a large image") \
  X(root_pages, 1u << 20, "pages that look like a page-table root: 4 GiB of tables")                               \
  X(candidates, 64, "copies of one thing that attach will verify")                                                 \
  X(candidate_steps, 1ull << 31, "words and bytes of all of them looked at: 64 of 20 MiB of BTF")                  \
  X(list_nodes, 1u << 22, "pid_max is 4,194,304")                                                                  \
  X(tree_depth, 64, "a red-black tree of 2^32 nodes")                                                              \
  X(data_search_bytes, 16u << 20, "kernel data searched for what has no symbol; .data is under 8 MiB")             \
  X(value_bytes, 1u << 20, "one value shown by its type; struct page arrays are larger, and no use as text")       \
  X(text_bytes, 64u << 10, "one text cell")                                                                        \
  X(path_depth, 2048, "PATH_MAX / 2: every component has a byte and a slash")                                      \
  X(command_line_bytes, 32u << 10, "one command line shown; the rest is cut and said so")                          \
  X(log_records, 1u << 20, "records of a 16 MiB ring of empty lines")                                              \
  X(modules, 1u << 14, "loaded modules")                                                                           \
  X(module_symbols, 1u << 20, "symbols of one module")                                                             \
  X(open_files, 1u << 20, "fs.nr_open: descriptors of one process")                                                \
  X(vmap_nodes, 1u << 10, "VMAP nodes: the kernel makes at most 128")                                              \
  X(numa_nodes, 1u << 10, "MAX_NUMNODES: CONFIG_NODES_SHIFT is at most 10")                                        \
  X(frame_holders, 1u << 22, "areas of vmalloc: every thread has one, and pid_max is 4,194,304")                   \
  X(held_frames, 1u << 23, "frames that only such an area or a list names, 8 bytes each: 32 GiB of them")          \
  X(hash_buckets, 1u << 24, "of one hash table: thash_entries and uhash_entries end below")                        \
  X(net_namespaces, 1u << 16, "user.max_net_namespaces is a few thousand a GiB")                                   \
  X(interfaces, 1u << 20, "of one network namespace; indices are positive ints")                                   \
  X(interface_addresses, 1u << 16, "of one interface")                                                             \
  X(system_calls, 1u << 12, "entries of a system call table; 64-bit ones have under 500")                          \
  X(ftrace_ops, 1u << 16, "users of the function tracer")                                                          \
  X(netfilter_hooks, 1u << 10, "MAX_HOOK_COUNT: functions at one place of one namespace")                          \
  X(cgroups, 1u << 20, "of one hierarchy; cgroup ids were 32 bits of inode numbers")                               \
  X(environment_bytes, 16u << 20,                                                                                  \
    "an eighth of the default stack limit holds arguments and environment; raised limits may hold more")           \
  X(steps, 1ull << 28,                                                                                             \
    "objects of guest memory that one query looks at: 64 GiB have 17 million frames (38 million steps), as many "  \
    "pages of files (57) or 17 million inodes (214); at 30 to 330 ns each a dump made to go on ends in a minute")

struct kl_limits {
#define KL_LIMIT_FIELD(name, value, reason) uint64_t name;
  KL_LIMIT_LIST(KL_LIMIT_FIELD)
#undef KL_LIMIT_FIELD
};

// The defaults above.
struct kl_limits kl_limits_default(void);

#endif
