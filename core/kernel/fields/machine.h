// What attach reads to find the kernel and its layout and to confirm it; CPUs; names
// and clocks of the machine.
#ifndef KL_KERNEL_FIELDS_MACHINE_H
#define KL_KERNEL_FIELDS_MACHINE_H

#define KL_FIELDS_MACHINE(X)                                                                                       \
  X(uts_namespace, name, OPTIONAL, "")                                                                             \
  X(new_utsname, nodename, OPTIONAL, "")                                                                           \
  X(new_utsname, domainname, OPTIONAL, "")                                                                         \
  X(new_utsname, release, OPTIONAL, "")                                                                            \
  X(timekeeper, tkr_mono, OPTIONAL, "")                                                                            \
  X(timekeeper, xtime_sec, OPTIONAL, "")                                                                           \
  X(timekeeper, offs_real, OPTIONAL, "")                                                                           \
  X(timekeeper, offs_boot, OPTIONAL, "")                                                                           \
  X(timekeeper, wall_to_monotonic, OPTIONAL, "")                                                                   \
  X(tk_read_base, clock, OPTIONAL, "")                                                                             \
  X(timespec64, tv_sec, OPTIONAL, "")                                                                              \
  X(timespec64, tv_nsec, OPTIONAL, "")                                                                             \
  X(mem_section, section_mem_map, OPTIONAL, "SPARSEMEM")                                                           \
  X(rq, cpu, OPTIONAL, "CONFIG_SMP before 6.17: cac5cefbade9")                                                     \
  X(rq, curr, OPTIONAL, "")                                                                                        \
  X(rq, idle, OPTIONAL, "")

#define KL_TYPES_MACHINE(X)                                                                                        \
  X(mem_section)                                                                                                   \
  X(cpumask)

#define KL_SYMBOLS_MACHINE(X)                                                                                      \
  X(linux_banner, REQUIRED)                                                                                        \
  X(_text, REQUIRED)                                                                                               \
  X(_stext, REQUIRED)                                                                                              \
  X(swapper_pg_dir, OPTIONAL)                                                                                      \
  X(init_top_pgt, OPTIONAL)                                                                                        \
  X(__start_BTF, OPTIONAL)                                                                                         \
  X(__stop_BTF, OPTIONAL)                                                                                          \
  X(init_uts_ns, OPTIONAL)                                                                                         \
  X(tk_core, OPTIONAL)                                                                                             \
  X(timekeeper_data, OPTIONAL)                                                                                     \
  X(_etext, OPTIONAL)                                                                                              \
  X(_end, OPTIONAL)                                                                                                \
  X(phys_base, OPTIONAL)                                                                                           \
  X(page_offset_base, OPTIONAL)                                                                                    \
  X(vmemmap_base, OPTIONAL)                                                                                        \
  X(memstart_addr, OPTIONAL)                                                                                       \
  X(kimage_voffset, OPTIONAL)                                                                                      \
  X(mem_section, OPTIONAL)                                                                                         \
  X(vmcoreinfo_data, OPTIONAL)                                                                                     \
  X(__start_notes, OPTIONAL)                                                                                       \
  X(__stop_notes, OPTIONAL)                                                                                        \
  X(__per_cpu_offset, OPTIONAL)                                                                                    \
  X(__cpu_possible_mask, OPTIONAL)                                                                                 \
  X(nr_cpu_ids, OPTIONAL)                                                                                          \
  X(runqueues, OPTIONAL)                                                                                           \
  X(__cpu_online_mask, OPTIONAL)

#endif
