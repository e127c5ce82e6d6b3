// Every kernel type, member, enum value and symbol that kernlens reads.
//
// Resolved from the dump's own BTF and kallsyms at attach. Absence is data: an
// optional one that is not there has its presence bit clear, and the reader
// asks for the other form. No version comparisons anywhere.
#ifndef KL_KERNEL_FIELDS_H
#define KL_KERNEL_FIELDS_H

// Members that only BPF tables read: all optional, because a kernel can be built
// without BPF and grows map types every few releases.
#define KL_FIELD_LIST_BPF(X)                                                                                       \
  X(bpf_map, map_type, OPTIONAL, "")                                                                               \
  X(bpf_map, key_size, OPTIONAL, "")                                                                               \
  X(bpf_map, value_size, OPTIONAL, "")                                                                             \
  X(bpf_map, max_entries, OPTIONAL, "")                                                                            \
  X(bpf_map, map_extra, OPTIONAL, "5.16: 9330986c0300")                                                            \
  X(bpf_map, map_flags, OPTIONAL, "")                                                                              \
  X(bpf_map, id, OPTIONAL, "")                                                                                     \
  X(bpf_map, btf_key_type_id, OPTIONAL, "")                                                                        \
  X(bpf_map, btf_value_type_id, OPTIONAL, "")                                                                      \
  X(bpf_map, btf_vmlinux_value_type_id, OPTIONAL, "5.6")                                                           \
  X(bpf_map, btf, OPTIONAL, "")                                                                                    \
  X(bpf_map, name, OPTIONAL, "")                                                                                   \
  X(bpf_map, frozen, OPTIONAL, "")                                                                                 \
  X(bpf_map, refcnt, OPTIONAL, "")                                                                                 \
  X(bpf_map, usercnt, OPTIONAL, "")                                                                                \
  X(bpf_map, inner_map_meta, OPTIONAL, "")                                                                         \
  X(bpf_map, ops, OPTIONAL, "")                                                                                    \
  X(bpf_map, spin_lock_off, OPTIONAL, "before 6.2")                                                                \
  X(bpf_map, timer_off, OPTIONAL, "5.15; before 6.2")                                                              \
  X(bpf_map, kptr_off_tab, OPTIONAL, "5.19; before 6.2")                                                           \
  X(bpf_map, record, OPTIONAL, "6.2: db559117828d")                                                                \
  X(btf_record, cnt, OPTIONAL, "")                                                                                 \
  X(btf_record, fields, OPTIONAL, "")                                                                              \
  X(btf_field, offset, OPTIONAL, "")                                                                               \
  X(btf_field, size, OPTIONAL, "")                                                                                 \
  X(btf_field, type, OPTIONAL, "")                                                                                 \
  X(bpf_map_value_off, nr_off, OPTIONAL, "")                                                                       \
  X(bpf_map_value_off, off, OPTIONAL, "")                                                                          \
  X(bpf_map_value_off_desc, offset, OPTIONAL, "")                                                                  \
  X(bpf_hrtimer, timer, OPTIONAL, "")                                                                              \
  X(bpf_hrtimer, cb, OPTIONAL, "6.10: be2749beff62")                                                               \
  X(bpf_hrtimer, prog, OPTIONAL, "before 6.10")                                                                    \
  X(bpf_async_cb, prog, OPTIONAL, "")                                                                              \
  X(hrtimer, _softexpires, OPTIONAL, "")                                                                           \
  X(hrtimer, state, OPTIONAL, "")                                                                                  \
  X(hrtimer, is_queued, OPTIONAL, "2026; state before")                                                            \
  X(bpf_htab, buckets, OPTIONAL, "")                                                                               \
  X(bpf_htab, n_buckets, OPTIONAL, "")                                                                             \
  X(bpf_htab, elem_size, OPTIONAL, "")                                                                             \
  X(bucket, head, OPTIONAL, "")                                                                                    \
  X(hlist_nulls_head, first, OPTIONAL, "")                                                                         \
  X(hlist_nulls_node, next, OPTIONAL, "")                                                                          \
  X(htab_elem, hash_node, OPTIONAL, "")                                                                            \
  X(htab_elem, key, OPTIONAL, "")                                                                                  \
  X(bpf_array, elem_size, OPTIONAL, "")                                                                            \
  X(bpf_array, value, OPTIONAL, "")                                                                                \
  X(bpf_array, ptrs, OPTIONAL, "")                                                                                 \
  X(bpf_array, pptrs, OPTIONAL, "")                                                                                \
  X(lpm_trie, root, OPTIONAL, "")                                                                                  \
  X(lpm_trie, data_size, OPTIONAL, "")                                                                             \
  X(lpm_trie_node, child, OPTIONAL, "")                                                                            \
  X(lpm_trie_node, prefixlen, OPTIONAL, "")                                                                        \
  X(lpm_trie_node, flags, OPTIONAL, "")                                                                            \
  X(lpm_trie_node, data, OPTIONAL, "")                                                                             \
  X(bpf_dtab, netdev_map, OPTIONAL, "")                                                                            \
  X(bpf_dtab, dev_index_head, OPTIONAL, "")                                                                        \
  X(bpf_dtab, n_buckets, OPTIONAL, "")                                                                             \
  X(bpf_dtab_netdev, dev, OPTIONAL, "")                                                                            \
  X(bpf_dtab_netdev, index_hlist, OPTIONAL, "")                                                                    \
  X(bpf_dtab_netdev, idx, OPTIONAL, "")                                                                            \
  X(bpf_dtab_netdev, val, OPTIONAL, "")                                                                            \
  X(bpf_dtab_netdev, xdp_prog, OPTIONAL, "")                                                                       \
  X(bpf_stab, sks, OPTIONAL, "")                                                                                   \
  X(bpf_shtab, buckets, OPTIONAL, "")                                                                              \
  X(bpf_shtab, buckets_num, OPTIONAL, "")                                                                          \
  X(bpf_shtab_bucket, head, OPTIONAL, "")                                                                          \
  X(bpf_shtab_elem, sk, OPTIONAL, "")                                                                              \
  X(bpf_shtab_elem, node, OPTIONAL, "")                                                                            \
  X(bpf_shtab_elem, key, OPTIONAL, "")                                                                             \
  X(bpf_cpu_map, cpu_map, OPTIONAL, "")                                                                            \
  X(bpf_cpu_map_entry, value, OPTIONAL, "")                                                                        \
  X(bpf_cpu_map_entry, prog, OPTIONAL, "")                                                                         \
  X(xsk_map, xsk_map, OPTIONAL, "")                                                                                \
  X(reuseport_array, ptrs, OPTIONAL, "")                                                                           \
  X(bpf_stack_map, buckets, OPTIONAL, "")                                                                          \
  X(bpf_stack_map, n_buckets, OPTIONAL, "")                                                                        \
  X(stack_map_bucket, nr, OPTIONAL, "")                                                                            \
  X(stack_map_bucket, data, OPTIONAL, "")                                                                          \
  X(bpf_queue_stack, head, OPTIONAL, "")                                                                           \
  X(bpf_queue_stack, tail, OPTIONAL, "")                                                                           \
  X(bpf_queue_stack, size, OPTIONAL, "")                                                                           \
  X(bpf_queue_stack, elements, OPTIONAL, "")                                                                       \
  X(bpf_cgroup_storage_map, list, OPTIONAL, "")                                                                    \
  X(bpf_cgroup_storage, buf, OPTIONAL, "")                                                                         \
  X(bpf_cgroup_storage, percpu_buf, OPTIONAL, "")                                                                  \
  X(bpf_cgroup_storage, key, OPTIONAL, "")                                                                         \
  X(bpf_cgroup_storage, list_map, OPTIONAL, "")                                                                    \
  X(bpf_storage_buffer, data, OPTIONAL, "")                                                                        \
  X(bpf_local_storage_map, buckets, OPTIONAL, "")                                                                  \
  X(bpf_local_storage_map, bucket_log, OPTIONAL, "")                                                               \
  X(bpf_local_storage_map_bucket, list, OPTIONAL, "")                                                              \
  X(bpf_local_storage_elem, map_node, OPTIONAL, "")                                                                \
  X(bpf_local_storage_elem, local_storage, OPTIONAL, "")                                                           \
  X(bpf_local_storage_elem, sdata, OPTIONAL, "")                                                                   \
  X(bpf_local_storage_elem, state, OPTIONAL, "2026")                                                               \
  X(bpf_local_storage, owner, OPTIONAL, "")                                                                        \
  X(bpf_local_storage_data, smap, OPTIONAL, "")                                                                    \
  X(bpf_local_storage_data, data, OPTIONAL, "")                                                                    \
  X(bpf_struct_ops_map, uvalue, OPTIONAL, "")                                                                      \
  X(bpf_struct_ops_map, kvalue, OPTIONAL, "")                                                                      \
  X(bpf_struct_ops_value, common, OPTIONAL, "6.9; refcnt and state inline before")                                 \
  X(bpf_struct_ops_value, refcnt, OPTIONAL, "")                                                                    \
  X(bpf_struct_ops_value, state, OPTIONAL, "")                                                                     \
  X(bpf_struct_ops_value, data, OPTIONAL, "")                                                                      \
  X(bpf_struct_ops_common_value, refcnt, OPTIONAL, "")                                                             \
  X(bpf_struct_ops_common_value, state, OPTIONAL, "")                                                              \
  X(bpf_ringbuf_map, rb, OPTIONAL, "")                                                                             \
  X(bpf_ringbuf, mask, OPTIONAL, "")                                                                               \
  X(bpf_ringbuf, consumer_pos, OPTIONAL, "")                                                                       \
  X(bpf_ringbuf, producer_pos, OPTIONAL, "")                                                                       \
  X(bpf_ringbuf, pending_pos, OPTIONAL, "6.12: cfa1a2329a69")                                                      \
  X(bpf_ringbuf, overwrite_pos, OPTIONAL, "2025")                                                                  \
  X(bpf_ringbuf, data, OPTIONAL, "")                                                                               \
  X(bpf_bloom_filter, bitset_mask, OPTIONAL, "")                                                                   \
  X(bpf_bloom_filter, hash_seed, OPTIONAL, "")                                                                     \
  X(bpf_bloom_filter, nr_hash_funcs, OPTIONAL, "")                                                                 \
  X(bpf_bloom_filter, bitset, OPTIONAL, "")                                                                        \
  X(bpf_arena, user_vm_start, OPTIONAL, "")                                                                        \
  X(bpf_arena, user_vm_end, OPTIONAL, "")                                                                          \
  X(bpf_arena, kern_vm, OPTIONAL, "")                                                                              \
  X(bpf_arena, scratch_page, OPTIONAL, "2026")                                                                     \
  X(vm_struct, addr, OPTIONAL, "")                                                                                 \
  X(vm_struct, size, OPTIONAL, "")                                                                                 \
  X(bpf_insn_array, used, OPTIONAL, "")                                                                            \
  X(bpf_insn_array, ips, OPTIONAL, "")                                                                             \
  X(bpf_insn_array, values, OPTIONAL, "")                                                                          \
  X(bpf_rhtab, ht, OPTIONAL, "")                                                                                   \
  X(bpf_rhtab, elem_size, OPTIONAL, "")                                                                            \
  X(rhashtable, tbl, OPTIONAL, "")                                                                                 \
  X(bucket_table, size, OPTIONAL, "")                                                                              \
  X(bucket_table, nest, OPTIONAL, "")                                                                              \
  X(bucket_table, future_tbl, OPTIONAL, "")                                                                        \
  X(bucket_table, buckets, OPTIONAL, "")                                                                           \
  X(cgroup, kn, OPTIONAL, "")                                                                                      \
  X(kernfs_node, id, OPTIONAL, "")                                                                                 \
  X(net_device, ifindex, OPTIONAL, "")                                                                             \
  X(net_device, name, OPTIONAL, "")                                                                                \
  X(inode, i_ino, OPTIONAL, "")                                                                                    \
  X(sock, sk_socket, OPTIONAL, "")                                                                                 \
  X(sock, __sk_common, OPTIONAL, "")                                                                               \
  X(sock_common, skc_cookie, OPTIONAL, "")                                                                         \
  X(socket_alloc, socket, OPTIONAL, "")                                                                            \
  X(socket_alloc, vfs_inode, OPTIONAL, "")                                                                         \
  X(rhash_head, next, OPTIONAL, "")                                                                                \
  X(rhtab_elem, data, OPTIONAL, "")                                                                                \
  X(bpf_event_entry, event, OPTIONAL, "")                                                                          \
  X(perf_event, attr, OPTIONAL, "")                                                                                \
  X(bpf_prog, type, OPTIONAL, "")                                                                                  \
  X(bpf_prog, len, OPTIONAL, "")                                                                                   \
  X(bpf_prog, jited_len, OPTIONAL, "")                                                                             \
  X(bpf_prog, tag, OPTIONAL, "")                                                                                   \
  X(bpf_prog, stats, OPTIONAL, "5.12: 700d4796ef59; on aux before")                                                \
  X(bpf_prog, bpf_func, OPTIONAL, "")                                                                              \
  X(bpf_prog, aux, OPTIONAL, "")                                                                                   \
  X(bpf_prog, insnsi, OPTIONAL, "")                                                                                \
  X(bpf_prog, expected_attach_type, OPTIONAL, "")                                                                  \
  X(bpf_prog, jited, OPTIONAL, "")                                                                                 \
  X(bpf_prog, gpl_compatible, OPTIONAL, "")                                                                        \
  X(bpf_prog_aux, used_map_cnt, OPTIONAL, "")                                                                      \
  X(bpf_prog_aux, used_maps, OPTIONAL, "")                                                                         \
  X(bpf_prog_aux, id, OPTIONAL, "")                                                                                \
  X(bpf_prog_aux, func_cnt, OPTIONAL, "")                                                                          \
  X(bpf_prog_aux, name, OPTIONAL, "")                                                                              \
  X(bpf_prog_aux, load_time, OPTIONAL, "")                                                                         \
  X(bpf_prog_aux, user, OPTIONAL, "")                                                                              \
  X(bpf_prog_aux, btf, OPTIONAL, "")                                                                               \
  X(bpf_prog_aux, stats, OPTIONAL, "before 5.12")                                                                  \
  X(bpf_prog_aux, attach_btf_id, OPTIONAL, "")                                                                     \
  X(bpf_prog_aux, attach_func_name, OPTIONAL, "")                                                                  \
  X(bpf_prog_aux, dst_prog, OPTIONAL, "")                                                                          \
  X(bpf_prog_aux, func, OPTIONAL, "")                                                                              \
  X(bpf_prog_aux, func_info, OPTIONAL, "")                                                                         \
  X(bpf_prog_aux, func_info_cnt, OPTIONAL, "")                                                                     \
  X(bpf_prog_aux, linfo, OPTIONAL, "")                                                                             \
  X(bpf_prog_aux, nr_linfo, OPTIONAL, "")                                                                          \
  X(bpf_prog_aux, ksym, OPTIONAL, "")                                                                              \
  X(bpf_prog_aux, prog, OPTIONAL, "")                                                                              \
  X(bpf_prog_aux, verified_insns, OPTIONAL, "")                                                                    \
  X(bpf_prog_stats, cnt, OPTIONAL, "")                                                                             \
  X(bpf_prog_stats, nsecs, OPTIONAL, "")                                                                           \
  X(bpf_prog_stats, misses, OPTIONAL, "")                                                                          \
  X(user_struct, uid, OPTIONAL, "")                                                                                \
  X(bpf_link, id, OPTIONAL, "")                                                                                    \
  X(bpf_link, type, OPTIONAL, "")                                                                                  \
  X(bpf_link, prog, OPTIONAL, "")                                                                                  \
  X(bpf_link, ops, OPTIONAL, "")                                                                                   \
  X(btf, data, OPTIONAL, "")                                                                                       \
  X(btf, data_size, OPTIONAL, "")                                                                                  \
  X(btf, id, OPTIONAL, "")                                                                                         \
  X(btf, name, OPTIONAL, "")                                                                                       \
  X(btf, base_btf, OPTIONAL, "")                                                                                   \
  X(btf, kernel_btf, OPTIONAL, "")                                                                                 \
  X(btf, start_id, OPTIONAL, "")

// core/linux: tasks, paths, cgroups, the log, modules.
#define KL_FIELD_LIST_BASICS(X)                                                                                    \
  X(task_struct, thread_info, OPTIONAL, "THREAD_INFO_IN_TASK")                                                     \
  X(task_struct, cpu, OPTIONAL, "CONFIG_SMP, before 5.16: bcf9033e5449")                                           \
  X(thread_info, cpu, OPTIONAL, "CONFIG_SMP, 5.16: bcf9033e5449")                                                  \
  X(task_struct, real_cred, REQUIRED, "")                                                                          \
  X(task_struct, fs, REQUIRED, "")                                                                                 \
  X(task_struct, cgroups, OPTIONAL, "CONFIG_CGROUPS")                                                              \
  X(task_struct, on_cpu, OPTIONAL, "CONFIG_SMP")                                                                   \
  X(task_struct, pid_links, OPTIONAL, "4.19: 2c4704756cab")                                                        \
  X(cred, uid, REQUIRED, "")                                                                                       \
  X(cred, gid, REQUIRED, "")                                                                                       \
  X(cred, euid, REQUIRED, "")                                                                                      \
  X(mm_struct, arg_start, REQUIRED, "")                                                                            \
  X(mm_struct, arg_end, REQUIRED, "")                                                                              \
  X(mm_struct, env_start, REQUIRED, "")                                                                            \
  X(mm_struct, env_end, REQUIRED, "")                                                                              \
  X(mm_struct, exe_file, REQUIRED, "")                                                                             \
  X(pid_namespace, idr, OPTIONAL, "4.15: 95846ecf9dac")                                                            \
  X(pid, tasks, OPTIONAL, "")                                                                                      \
  X(fs_struct, root, REQUIRED, "")                                                                                 \
  X(path, mnt, REQUIRED, "")                                                                                       \
  X(path, dentry, REQUIRED, "")                                                                                    \
  X(file, f_path, REQUIRED, "")                                                                                    \
  X(dentry, d_hash, REQUIRED, "")                                                                                  \
  X(dentry, d_parent, REQUIRED, "")                                                                                \
  X(dentry, d_name, REQUIRED, "")                                                                                  \
  X(dentry, d_inode, REQUIRED, "")                                                                                 \
  X(dentry, d_op, REQUIRED, "")                                                                                    \
  X(dentry, d_sb, REQUIRED, "")                                                                                    \
  X(dentry_operations, d_dname, REQUIRED, "")                                                                      \
  X(hlist_bl_node, pprev, REQUIRED, "")                                                                            \
  X(qstr, len, REQUIRED, "")                                                                                       \
  X(qstr, name, REQUIRED, "")                                                                                      \
  X(vfsmount, mnt_root, REQUIRED, "")                                                                              \
  X(mount, mnt, REQUIRED, "")                                                                                      \
  X(mount, mnt_parent, REQUIRED, "")                                                                               \
  X(mount, mnt_mountpoint, REQUIRED, "")                                                                           \
  X(super_block, s_type, REQUIRED, "")                                                                             \
  X(file_system_type, name, REQUIRED, "")                                                                          \
  X(file_system_type, next, OPTIONAL, "")                                                                          \
  X(file_system_type, owner, OPTIONAL, "")                                                                         \
  X(task_struct, nsproxy, OPTIONAL, "")                                                                            \
  X(nsproxy, mnt_ns, OPTIONAL, "")                                                                                 \
  X(mnt_namespace, root, OPTIONAL, "")                                                                             \
  X(inode, i_private, OPTIONAL, "")                                                                                \
  X(ns_common, ops, OPTIONAL, "")                                                                                  \
  X(proc_ns_operations, name, OPTIONAL, "")                                                                        \
  X(dma_buf, name, OPTIONAL, "CONFIG_DMA_SHARED_BUFFER")                                                           \
  X(css_set, dfl_cgrp, OPTIONAL, "")                                                                               \
  X(kernfs_node, name, OPTIONAL, "")                                                                               \
  X(kernfs_node, parent, OPTIONAL, "before 6.15: 633488947ef6")                                                    \
  X(kernfs_node, __parent, OPTIONAL, "6.15: 633488947ef6")                                                         \
  X(printk_ringbuffer, desc_ring, OPTIONAL, "5.10: 896fbe20b4e2")                                                  \
  X(printk_ringbuffer, text_data_ring, OPTIONAL, "")                                                               \
  X(prb_desc_ring, count_bits, OPTIONAL, "")                                                                       \
  X(prb_desc_ring, descs, OPTIONAL, "")                                                                            \
  X(prb_desc_ring, infos, OPTIONAL, "")                                                                            \
  X(prb_desc_ring, head_id, OPTIONAL, "")                                                                          \
  X(prb_desc_ring, tail_id, OPTIONAL, "")                                                                          \
  X(prb_data_ring, size_bits, OPTIONAL, "")                                                                        \
  X(prb_data_ring, data, OPTIONAL, "")                                                                             \
  X(prb_desc, state_var, OPTIONAL, "")                                                                             \
  X(prb_desc, text_blk_lpos, OPTIONAL, "")                                                                         \
  X(prb_data_blk_lpos, begin, OPTIONAL, "")                                                                        \
  X(prb_data_blk_lpos, next, OPTIONAL, "")                                                                         \
  X(prb_data_block, data, OPTIONAL, "")                                                                            \
  X(printk_info, seq, OPTIONAL, "")                                                                                \
  X(printk_info, ts_nsec, OPTIONAL, "")                                                                            \
  X(printk_info, text_len, OPTIONAL, "")                                                                           \
  X(printk_info, facility, OPTIONAL, "")                                                                           \
  X(printk_info, flags, OPTIONAL, "")                                                                              \
  X(printk_info, level, OPTIONAL, "")                                                                              \
  X(printk_info, caller_id, OPTIONAL, "")                                                                          \
  X(printk_info, dev_info, OPTIONAL, "")                                                                           \
  X(dev_printk_info, subsystem, OPTIONAL, "")                                                                      \
  X(dev_printk_info, device, OPTIONAL, "")                                                                         \
  X(module, state, OPTIONAL, "CONFIG_MODULES")                                                                     \
  X(module, list, OPTIONAL, "")                                                                                    \
  X(module, name, OPTIONAL, "")                                                                                    \
  X(module, version, OPTIONAL, "")                                                                                 \
  X(module, taints, OPTIONAL, "")                                                                                  \
  X(module, refcnt, OPTIONAL, "CONFIG_MODULE_UNLOAD")                                                              \
  X(module, mem, OPTIONAL, "6.4: ac3b43283923")                                                                    \
  X(module, core_layout, OPTIONAL, "before 6.4: ac3b43283923")                                                     \
  X(module, init_layout, OPTIONAL, "before 6.4: ac3b43283923")                                                     \
  X(module, data_layout, OPTIONAL, "5.18: 01dc0386efb7, gone in 6.4")                                              \
  X(module, percpu, OPTIONAL, "CONFIG_SMP")                                                                        \
  X(module, percpu_size, OPTIONAL, "")                                                                             \
  X(module, sect_attrs, OPTIONAL, "CONFIG_KALLSYMS")                                                               \
  X(module, kallsyms, OPTIONAL, "CONFIG_KALLSYMS")                                                                 \
  X(module, syms, OPTIONAL, "")                                                                                    \
  X(module, num_syms, OPTIONAL, "")                                                                                \
  X(kernel_symbol, value_offset, OPTIONAL, "CONFIG_HAVE_ARCH_PREL32_RELOCATIONS")                                  \
  X(kernel_symbol, name_offset, OPTIONAL, "")                                                                      \
  X(kernel_symbol, value, OPTIONAL, "without it")                                                                  \
  X(kernel_symbol, name, OPTIONAL, "")                                                                             \
  X(module_memory, base, OPTIONAL, "")                                                                             \
  X(module_memory, size, OPTIONAL, "")                                                                             \
  X(module_layout, base, OPTIONAL, "")                                                                             \
  X(module_layout, size, OPTIONAL, "")                                                                             \
  X(module_layout, text_size, OPTIONAL, "")                                                                        \
  X(module_layout, ro_size, OPTIONAL, "")                                                                          \
  X(module_layout, ro_after_init_size, OPTIONAL, "")                                                               \
  X(mod_kallsyms, symtab, OPTIONAL, "")                                                                            \
  X(mod_kallsyms, num_symtab, OPTIONAL, "")                                                                        \
  X(mod_kallsyms, strtab, OPTIONAL, "")                                                                            \
  X(mod_kallsyms, typetab, OPTIONAL, "5.2: 1c7651f43777")                                                          \
  X(module_sect_attrs, nsections, OPTIONAL, "gone in 6.14")                                                        \
  X(module_sect_attrs, grp, OPTIONAL, "")                                                                          \
  X(module_sect_attrs, attrs, OPTIONAL, "")                                                                        \
  X(module_sect_attr, address, OPTIONAL, "gone in 6.14")                                                           \
  X(module_sect_attr, battr, OPTIONAL, "gone in 6.14")                                                             \
  X(attribute_group, bin_attrs, OPTIONAL, "")                                                                      \
  X(bin_attribute, attr, OPTIONAL, "")                                                                             \
  X(bin_attribute, private, OPTIONAL, "")                                                                          \
  X(attribute, name, OPTIONAL, "")

#define KL_TYPE_LIST_BASICS(X)                                                                                     \
  X(module_memory)                                                                                                 \
  X(module_sect_attr)                                                                                              \
  X(bin_attribute)                                                                                                 \
  X(hlist_head)                                                                                                    \
  X(hlist_node)                                                                                                    \
  X(prb_desc)                                                                                                      \
  X(printk_info)

#define KL_ENUM_LIST_BASICS(X)                                                                                     \
  X(pageflags, PG_anon_exclusive)                                                                                  \
  X(pagetype, PGTY_buddy)                                                                                          \
  X(module_state, MODULE_STATE_LIVE)                                                                               \
  X(module_state, MODULE_STATE_COMING)                                                                             \
  X(module_state, MODULE_STATE_GOING)                                                                              \
  X(module_state, MODULE_STATE_UNFORMED)                                                                           \
  X(mod_mem_type, MOD_TEXT)                                                                                        \
  X(mod_mem_type, MOD_DATA)                                                                                        \
  X(mod_mem_type, MOD_RODATA)                                                                                      \
  X(mod_mem_type, MOD_RO_AFTER_INIT)                                                                               \
  X(mod_mem_type, MOD_INIT_TEXT)                                                                                   \
  X(mod_mem_type, MOD_INIT_DATA)                                                                                   \
  X(mod_mem_type, MOD_INIT_RODATA)

#define KL_SYMBOL_LIST_BASICS(X)                                                                                   \
  X(init_pid_ns, OPTIONAL)                                                                                         \
  X(nr_swapfiles, OPTIONAL)                                                                                        \
  X(prb, OPTIONAL)                                                                                                 \
  X(modules, OPTIONAL)                                                                                             \
  X(__cpu_online_mask, OPTIONAL)

// core/walk: the containers.
#define KL_FIELD_LIST_WALK(X)                                                                                      \
  X(rb_root, rb_node, REQUIRED, "")                                                                                \
  X(rb_node, rb_left, REQUIRED, "")                                                                                \
  X(rb_node, rb_right, REQUIRED, "")                                                                               \
  X(xarray, xa_head, REQUIRED, "4.20: f8d5d0cc145c")                                                               \
  X(xa_node, shift, REQUIRED, "")                                                                                  \
  X(xa_node, slots, REQUIRED, "")                                                                                  \
  X(idr, idr_rt, OPTIONAL, "")                                                                                     \
  X(idr, idr_base, OPTIONAL, "4.16: 6ce711f27500")                                                                 \
  X(maple_tree, ma_root, OPTIONAL, "6.1: 54a611b60590")                                                            \
  X(maple_node, parent, OPTIONAL, "")                                                                              \
  X(maple_node, slot, OPTIONAL, "")                                                                                \
  X(maple_range_64, pivot, OPTIONAL, "")                                                                           \
  X(maple_range_64, slot, OPTIONAL, "")                                                                            \
  X(maple_range_64, meta, OPTIONAL, "")                                                                            \
  X(maple_arange_64, pivot, OPTIONAL, "")                                                                          \
  X(maple_arange_64, slot, OPTIONAL, "")                                                                           \
  X(maple_arange_64, meta, OPTIONAL, "")                                                                           \
  X(maple_metadata, end, OPTIONAL, "")

// What attach itself reads to find the layout and to confirm it.
#define KL_FIELD_LIST_ATTACH(X)                                                                                    \
  X(mem_section, section_mem_map, OPTIONAL, "SPARSEMEM")                                                           \
  X(page, flags, REQUIRED, "")                                                                                     \
  X(task_struct, active_mm, OPTIONAL, "")                                                                          \
  X(xarray, xa_flags, OPTIONAL, "")                                                                                \
  X(new_utsname, release, OPTIONAL, "")                                                                            \
  X(mm_struct, pgd, OPTIONAL, "")                                                                                  \
  X(rq, cpu, OPTIONAL, "before 6.17 CONFIG_SMP: cac5cefbade9")                                                     \
  X(rq, curr, OPTIONAL, "")

#define KL_SYMBOL_LIST_ATTACH(X)                                                                                   \
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
  X(protection_map, OPTIONAL)

// Members that the tables of memory and files read.
#define KL_FIELD_LIST_MEMORY(X)                                                                                    \
  X(vm_area_struct, vm_start, OPTIONAL, "")                                                                        \
  X(vm_area_struct, vm_end, OPTIONAL, "")                                                                          \
  X(vm_area_struct, vm_next, OPTIONAL, "before 6.1: 763ecb035029")                                                 \
  X(vm_area_struct, vm_flags, OPTIONAL, "")                                                                        \
  X(vm_area_struct, vm_file, OPTIONAL, "")                                                                         \
  X(vm_area_struct, vm_pgoff, OPTIONAL, "")                                                                        \
  X(vm_area_struct, vm_ops, OPTIONAL, "")                                                                          \
  X(vm_area_struct, vm_private_data, OPTIONAL, "")                                                                 \
  X(vm_area_struct, anon_name, OPTIONAL, "5.17, CONFIG_ANON_VMA_NAME: 9a10064f5625")                               \
  X(anon_vma_name, name, OPTIONAL, "")                                                                             \
  X(vm_special_mapping, name, OPTIONAL, "")                                                                        \
  X(vm_operations_struct, name, OPTIONAL, "")                                                                      \
  X(vm_area_struct, shared, OPTIONAL, "")                                                                          \
  X(file, f_mode, OPTIONAL, "")                                                                                    \
  X(super_block, s_flags, OPTIONAL, "")                                                                            \
  X(vfsmount, mnt_flags, OPTIONAL, "")                                                                             \
  X(ns_common, inum, OPTIONAL, "")                                                                                 \
  X(mnt_namespace, ns, OPTIONAL, "")                                                                               \
  X(mnt_namespace, mounts, OPTIONAL, "a count up to 6.7, the tree of mounts since: 2eea9ce4310d")                  \
  X(mnt_namespace, list, OPTIONAL, "before 6.8: 2eea9ce4310d")                                                     \
  X(bdev_inode, vfs_inode, OPTIONAL, "")                                                                           \
  X(mount, mnt_node, OPTIONAL, "6.8: a tree")                                                                      \
  X(mount, mnt_list, OPTIONAL, "")                                                                                 \
  X(mount, mnt_id, OPTIONAL, "")                                                                                   \
  X(mount, mnt_devname, OPTIONAL, "")                                                                              \
  X(mount, mnt_ns, OPTIONAL, "")                                                                                   \
  X(mount, mnt_next_for_sb, OPTIONAL, "2025")                                                                      \
  X(mount, mnt_instance, OPTIONAL, "before 2025: a list; since then s_mounts points to the first")                 \
  X(super_block, s_mounts, OPTIONAL, "")                                                                           \
  X(vfsmount, mnt_sb, OPTIONAL, "")                                                                                \
  X(backing_file, user_path, OPTIONAL, "6.8: def3ae83da02; real_path before")                                      \
  X(mm_struct, mmap, OPTIONAL, "before 6.1: 763ecb035029")                                                         \
  X(mm_struct, mm_mt, OPTIONAL, "6.1: d4af56c5c7c6")                                                               \
  X(mm_struct, brk, OPTIONAL, "")                                                                                  \
  X(mm_struct, start_brk, OPTIONAL, "")                                                                            \
  X(mm_struct, start_stack, OPTIONAL, "")                                                                          \
  X(file, f_inode, OPTIONAL, "")                                                                                   \
  X(file, f_pos, OPTIONAL, "")                                                                                     \
  X(file, f_flags, OPTIONAL, "")                                                                                   \
  X(file, f_op, OPTIONAL, "")                                                                                      \
  X(file, f_mapping, OPTIONAL, "")                                                                                 \
  X(file, private_data, OPTIONAL, "")                                                                              \
  X(inode, i_sb, OPTIONAL, "")                                                                                     \
  X(inode, i_mode, OPTIONAL, "")                                                                                   \
  X(inode, i_rdev, OPTIONAL, "")                                                                                   \
  X(inode, i_size, OPTIONAL, "")                                                                                   \
  X(inode, i_nlink, OPTIONAL, "in a union with __i_nlink")                                                         \
  X(inode, i_mapping, OPTIONAL, "")                                                                                \
  X(inode, i_sb_list, OPTIONAL, "")                                                                                \
  X(inode, i_dentry, OPTIONAL, "")                                                                                 \
  X(inode, i_data, OPTIONAL, "")                                                                                   \
  X(super_block, s_list, OPTIONAL, "")                                                                             \
  X(super_block, s_dev, OPTIONAL, "")                                                                              \
  X(super_block, s_id, OPTIONAL, "")                                                                               \
  X(super_block, s_root, OPTIONAL, "")                                                                             \
  X(super_block, s_bdev, OPTIONAL, "")                                                                             \
  X(super_block, s_inodes, OPTIONAL, "")                                                                           \
  X(dentry, d_u, OPTIONAL, "")                                                                                     \
  X(dentry, d_alias, OPTIONAL, "7.1: moved out of d_u")                                                            \
  X(address_space, host, OPTIONAL, "")                                                                             \
  X(address_space, a_ops, OPTIONAL, "")                                                                            \
  X(address_space, i_pages, OPTIONAL, "")                                                                          \
  X(address_space, nrpages, OPTIONAL, "")                                                                          \
  X(address_space, flags, OPTIONAL, "")                                                                            \
  X(task_struct, files, OPTIONAL, "")                                                                              \
  X(files_struct, fdt, OPTIONAL, "")                                                                               \
  X(fdtable, max_fds, OPTIONAL, "")                                                                                \
  X(fdtable, fd, OPTIONAL, "")                                                                                     \
  X(page, mapping, OPTIONAL, "")                                                                                   \
  X(page, index, OPTIONAL, "7.x: __folio_index")                                                                   \
  X(page, __folio_index, OPTIONAL, "7.x")                                                                          \
  X(page, private, OPTIONAL, "")                                                                                   \
  X(page, compound_head, OPTIONAL, "before 7.1")                                                                   \
  X(page, compound_info, OPTIONAL, "7.1")                                                                          \
  X(page, _mapcount, OPTIONAL, "")                                                                                 \
  X(page, _refcount, OPTIONAL, "")                                                                                 \
  X(page, page_type, OPTIONAL, "6.11 reads it as a type; a count of mappings before")                              \
  X(page, compound_order, OPTIONAL, "before 6.6")                                                                  \
  X(page, mem_cgroup, OPTIONAL, "before 5.11: bcfe06bf2622")                                                       \
  X(folio, _folio_dtor, OPTIONAL, "6.1 to 6.5")                                                                    \
  X(page, compound_mapcount, OPTIONAL, "before 6.2")                                                               \
  X(page, compound_dtor, OPTIONAL, "before 6.6")                                                                   \
  X(folio, _folio_order, OPTIONAL, "6.1")                                                                          \
  X(folio, _flags_1, OPTIONAL, "")                                                                                 \
  X(folio, mapping, OPTIONAL, "")                                                                                  \
  X(folio, index, OPTIONAL, "")                                                                                    \
  X(folio, _mapcount, OPTIONAL, "")                                                                                \
  X(folio, _entire_mapcount, OPTIONAL, "")                                                                         \
  X(folio, _large_mapcount, OPTIONAL, "")                                                                          \
  X(folio, _nr_pages_mapped, OPTIONAL, "")                                                                         \
  X(page, lru, OPTIONAL, "")                                                                                       \
  X(page, slab_cache, OPTIONAL, "before 5.17")                                                                     \
  X(slab, slab_cache, OPTIONAL, "5.17")                                                                            \
  X(kmem_cache, name, OPTIONAL, "")                                                                                \
  X(vm_struct, flags, OPTIONAL, "")                                                                                \
  X(vm_struct, nr_pages, OPTIONAL, "")                                                                             \
  X(vm_struct, phys_addr, OPTIONAL, "")                                                                            \
  X(vm_struct, caller, OPTIONAL, "")                                                                               \
  X(vmap_area, va_start, OPTIONAL, "")                                                                             \
  X(vmap_area, va_end, OPTIONAL, "")                                                                               \
  X(vmap_area, list, OPTIONAL, "")                                                                                 \
  X(vmap_area, vm, OPTIONAL, "")                                                                                   \
  X(vmap_node, busy, OPTIONAL, "6.9: d093602919ad")                                                                \
  X(rb_list, head, OPTIONAL, "6.9")                                                                                \
  X(pglist_data, node_zones, OPTIONAL, "")                                                                         \
  X(pglist_data, nr_zones, OPTIONAL, "")                                                                           \
  X(zone, per_cpu_pageset, OPTIONAL, "5.14: 28f836b6777b")                                                         \
  X(zone, pageset, OPTIONAL, "before 5.14")                                                                        \
  X(per_cpu_pageset, pcp, OPTIONAL, "before 5.14")                                                                 \
  X(per_cpu_pages, lists, OPTIONAL, "")                                                                            \
  X(pcpu_chunk, base_addr, OPTIONAL, "")                                                                           \
  X(pcpu_chunk, nr_pages, OPTIONAL, "")                                                                            \
  X(swap_info_struct, type, OPTIONAL, "")                                                                          \
  X(swap_info_struct, max, OPTIONAL, "")                                                                           \
  X(swap_info_struct, cluster_info, OPTIONAL, "")                                                                  \
  X(swap_info_struct, swap_file, OPTIONAL, "")                                                                     \
  X(swap_cluster_info, table, OPTIONAL, "6.18: 8578e0c00dcf")                                                      \
  X(swap_table, entries, OPTIONAL, "6.18")                                                                         \
  X(task_struct, stack, OPTIONAL, "")                                                                              \
  X(rq, idle, OPTIONAL, "")

// Members that only tables of the network read. All optional: a kernel can be
// built without any of it.
#define KL_FIELD_LIST_NETWORK(X)                                                                                   \
  X(net, list, OPTIONAL, "")                                                                                       \
  X(net, ns, OPTIONAL, "")                                                                                         \
  X(net, ipv4, OPTIONAL, "")                                                                                       \
  X(net, nf, OPTIONAL, "")                                                                                         \
  X(net, packet, OPTIONAL, "")                                                                                     \
  X(net, unx, OPTIONAL, "")                                                                                        \
  X(net, dev_base_head, OPTIONAL, "")                                                                              \
  X(netns_ipv4, tcp_death_row, OPTIONAL, "a pointer in 6.0 and 6.1")                                               \
  X(netns_ipv4, udp_table, OPTIONAL, "6.2: ba6aac151641")                                                          \
  X(inet_timewait_death_row, hashinfo, OPTIONAL, "")                                                               \
  X(inet_hashinfo, ehash, OPTIONAL, "")                                                                            \
  X(inet_hashinfo, ehash_mask, OPTIONAL, "")                                                                       \
  X(inet_hashinfo, listening_hash, OPTIONAL, "before 5.19: cae3873c5b3a")                                          \
  X(inet_hashinfo, lhash2, OPTIONAL, "")                                                                           \
  X(inet_hashinfo, lhash2_mask, OPTIONAL, "")                                                                      \
  X(inet_ehash_bucket, chain, OPTIONAL, "")                                                                        \
  X(inet_listen_hashbucket, nulls_head, OPTIONAL, "")                                                              \
  X(udp_table, hash, OPTIONAL, "")                                                                                 \
  X(udp_table, mask, OPTIONAL, "")                                                                                 \
  X(udp_hslot, head, OPTIONAL, "")                                                                                 \
  X(raw_hashinfo, ht, OPTIONAL, "")                                                                                \
  X(ping_table, hash, OPTIONAL, "")                                                                                \
  X(netns_unix, table, OPTIONAL, "6.0: cf21b355ccb3")                                                              \
  X(unix_table, buckets, OPTIONAL, "")                                                                             \
  X(netns_packet, sklist, OPTIONAL, "")                                                                            \
  X(netlink_table, hash, OPTIONAL, "")                                                                             \
  X(netlink_sock, node, OPTIONAL, "")                                                                              \
  X(netlink_sock, portid, OPTIONAL, "")                                                                            \
  X(packet_sock, num, OPTIONAL, "")                                                                                \
  X(packet_sock, ifindex, OPTIONAL, "")                                                                            \
  X(unix_sock, addr, OPTIONAL, "")                                                                                 \
  X(unix_address, len, OPTIONAL, "")                                                                               \
  X(unix_address, name, OPTIONAL, "")                                                                              \
  X(sock, sk_protocol, OPTIONAL, "")                                                                               \
  X(sock, sk_type, OPTIONAL, "")                                                                                   \
  X(sock_common, skc_daddr, OPTIONAL, "")                                                                          \
  X(sock_common, skc_rcv_saddr, OPTIONAL, "")                                                                      \
  X(sock_common, skc_dport, OPTIONAL, "")                                                                          \
  X(sock_common, skc_num, OPTIONAL, "")                                                                            \
  X(sock_common, skc_family, OPTIONAL, "")                                                                         \
  X(sock_common, skc_state, OPTIONAL, "")                                                                          \
  X(sock_common, skc_net, OPTIONAL, "")                                                                            \
  X(sock_common, skc_v6_daddr, OPTIONAL, "")                                                                       \
  X(sock_common, skc_v6_rcv_saddr, OPTIONAL, "")                                                                   \
  X(sock_common, skc_node, OPTIONAL, "")                                                                           \
  X(sock_common, skc_nulls_node, OPTIONAL, "")                                                                     \
  X(sock_common, skc_bound_dev_if, OPTIONAL, "")                                                                   \
  X(inet_timewait_sock, tw_substate, OPTIONAL, "")                                                                 \
  X(socket, state, OPTIONAL, "")                                                                                   \
  X(net_device, dev_list, OPTIONAL, "")                                                                            \
  X(net_device, flags, OPTIONAL, "")                                                                               \
  X(net_device, mtu, OPTIONAL, "")                                                                                 \
  X(net_device, operstate, OPTIONAL, "")                                                                           \
  X(net_device, state, OPTIONAL, "")                                                                               \
  X(net_device, dev_addr, OPTIONAL, "")                                                                            \
  X(net_device, addr_len, OPTIONAL, "")                                                                            \
  X(net_device, ip_ptr, OPTIONAL, "")                                                                              \
  X(net_device, ip6_ptr, OPTIONAL, "")                                                                             \
  X(net_device, nf_hooks_ingress, OPTIONAL, "")                                                                    \
  X(net_device, nf_hooks_egress, OPTIONAL, "5.16: 42df6e1d221d")                                                   \
  X(in_device, ifa_list, OPTIONAL, "")                                                                             \
  X(in_ifaddr, ifa_next, OPTIONAL, "")                                                                             \
  X(in_ifaddr, ifa_local, OPTIONAL, "")                                                                            \
  X(in_ifaddr, ifa_address, OPTIONAL, "")                                                                          \
  X(in_ifaddr, ifa_prefixlen, OPTIONAL, "")                                                                        \
  X(inet6_dev, addr_list, OPTIONAL, "")                                                                            \
  X(inet6_ifaddr, addr, OPTIONAL, "")                                                                              \
  X(inet6_ifaddr, prefix_len, OPTIONAL, "")                                                                        \
  X(inet6_ifaddr, if_list, OPTIONAL, "")                                                                           \
  X(inet6_ifaddr, peer_addr, OPTIONAL, "")

// What a process is allowed and where it lives: credentials, namespaces, cgroups.
#define KL_FIELD_LIST_PLACES(X)                                                                                    \
  X(cred, cap_inheritable, OPTIONAL, "")                                                                           \
  X(cred, cap_permitted, OPTIONAL, "")                                                                             \
  X(cred, cap_effective, OPTIONAL, "")                                                                             \
  X(cred, cap_bset, OPTIONAL, "")                                                                                  \
  X(cred, cap_ambient, OPTIONAL, "")                                                                               \
  X(cred, user_ns, OPTIONAL, "")                                                                                   \
  X(nsproxy, uts_ns, OPTIONAL, "")                                                                                 \
  X(nsproxy, ipc_ns, OPTIONAL, "")                                                                                 \
  X(nsproxy, pid_ns_for_children, OPTIONAL, "")                                                                    \
  X(nsproxy, net_ns, OPTIONAL, "")                                                                                 \
  X(nsproxy, time_ns, OPTIONAL, "5.6: 769071ac9f20")                                                               \
  X(nsproxy, time_ns_for_children, OPTIONAL, "")                                                                   \
  X(nsproxy, cgroup_ns, OPTIONAL, "")                                                                              \
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
  X(css_set, nr_tasks, OPTIONAL, "")                                                                               \
  X(css_set, tasks, OPTIONAL, "")                                                                                  \
  X(css_set, mg_tasks, OPTIONAL, "")                                                                               \
  X(css_set, dying_tasks, OPTIONAL, "")                                                                            \
  X(mem_cgroup, css, OPTIONAL, "")                                                                                 \
  X(mem_cgroup, memory, OPTIONAL, "")                                                                              \
  X(page_counter, usage, OPTIONAL, "")                                                                             \
  X(page_counter, max, OPTIONAL, "")                                                                               \
  X(cgroup_base_stat, cputime, OPTIONAL, "")                                                                       \
  X(task_cputime, sum_exec_runtime, OPTIONAL, "")

// What an intruder changes, and what still knows better.
#define KL_FIELD_LIST_TAMPERING(X)                                                                                 \
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

// X(struct, member, need, note). need: REQUIRED (attach says so when missing)
// or OPTIONAL. Members of anonymous structs count as the outer one's. note:
// the commit or release that changed it, or "".
#define KL_FIELD_LIST(X)                                                                                           \
  KL_FIELD_LIST_ATTACH(X)                                                                                          \
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
  X(timekeeper, tkr_mono, OPTIONAL, "")                                                                            \
  X(timekeeper, xtime_sec, OPTIONAL, "")                                                                           \
  X(tk_read_base, clock, OPTIONAL, "")                                                                             \
  X(timekeeper, offs_real, OPTIONAL, "")                                                                           \
  X(timekeeper, offs_boot, OPTIONAL, "")                                                                           \
  X(timekeeper, wall_to_monotonic, OPTIONAL, "")                                                                   \
  X(timespec64, tv_sec, OPTIONAL, "")                                                                              \
  X(timespec64, tv_nsec, OPTIONAL, "")                                                                             \
  KL_FIELD_LIST_BASICS(X)                                                                                          \
  KL_FIELD_LIST_WALK(X)                                                                                            \
  KL_FIELD_LIST_BPF(X)                                                                                             \
  KL_FIELD_LIST_MEMORY(X)                                                                                          \
  KL_FIELD_LIST_NETWORK(X)                                                                                         \
  KL_FIELD_LIST_PLACES(X)                                                                                          \
  KL_FIELD_LIST_TAMPERING(X)

// X(type): a struct, union or typedef whose size is asked for.
#define KL_TYPE_LIST(X)                                                                                            \
  X(kernel_symbol)                                                                                                 \
  KL_TYPE_LIST_BASICS(X)                                                                                           \
  X(task_struct)                                                                                                   \
  X(mem_section)                                                                                                   \
  X(cpumask)                                                                                                       \
  X(list_head)                                                                                                     \
  X(page)                                                                                                          \
  X(zone)                                                                                                          \
  X(swap_cluster_info)                                                                                             \
  X(address_space)                                                                                                 \
  X(vmap_node)                                                                                                     \
  X(bucket)                                                                                                        \
  X(bpf_shtab_bucket)                                                                                              \
  X(bpf_local_storage_map_bucket)                                                                                  \
  X(btf_field)                                                                                                     \
  X(bpf_map_value_off_desc)                                                                                        \
  X(bpf_insn_array_value)                                                                                          \
  X(bpf_cgroup_storage_key)                                                                                        \
  X(bpf_insn)                                                                                                      \
  X(inet_ehash_bucket)                                                                                             \
  X(inet_listen_hashbucket)                                                                                        \
  X(udp_hslot)                                                                                                     \
  X(netlink_table)                                                                                                 \
  X(nf_hook_entry)                                                                                                 \
  X(upid)

// X(enum, value): enum is the enum's name, or anon when it has none.
#define KL_ENUM_LIST(X)                                                                                            \
  KL_ENUM_LIST_BASICS(X)                                                                                           \
  X(pageflags, PG_reserved)                                                                                        \
  X(compound_dtor_id, HUGETLB_PAGE_DTOR)                                                                           \
  X(pagetype, PG_hugetlb)                                                                                          \
  X(pagetype, PG_slab)                                                                                             \
  X(pageflags, PG_hugetlb)                                                                                         \
  X(pagetype, PG_guard)                                                                                            \
  X(pagetype, PG_table)                                                                                            \
  X(pagetype, PG_offline)                                                                                          \
  X(pagetype, PG_buddy)                                                                                            \
  X(pagetype, PGTY_large_kmalloc)                                                                                  \
  X(pagetype, PGTY_zsmalloc)                                                                                       \
  X(pagetype, PGTY_slab)                                                                                           \
  X(pagetype, PGTY_hugetlb)                                                                                        \
  X(pagetype, PGTY_guard)                                                                                          \
  X(pagetype, PGTY_table)                                                                                          \
  X(pagetype, PGTY_offline)                                                                                        \
  X(pageflags, PG_unevictable)                                                                                     \
  X(pageflags, PG_active)                                                                                          \
  X(pageflags, PG_referenced)                                                                                      \
  X(pageflags, PG_swapcache)                                                                                       \
  X(pageflags, PG_swapbacked)                                                                                      \
  X(pageflags, PG_head)                                                                                            \
  X(pageflags, PG_slab)                                                                                            \
  X(pageflags, PG_lru)                                                                                             \
  X(pageflags, PG_writeback)                                                                                       \
  X(pageflags, PG_uptodate)                                                                                        \
  X(pageflags, PG_dirty)                                                                                           \
  X(pageflags, PG_locked)                                                                                          \
  X(migratetype, MIGRATE_PCPTYPES)                                                                                 \
  X(maple_type, maple_dense)                                                                                       \
  X(maple_type, maple_leaf_64)                                                                                     \
  X(maple_type, maple_range_64)                                                                                    \
  X(maple_type, maple_arange_64)                                                                                   \
  X(cgroup_subsys_id, memory_cgrp_id)

// X(symbol, need): kallsyms names looked up once, in one pass.
#define KL_SYMBOL_LIST(X)                                                                                          \
  KL_SYMBOL_LIST_BASICS(X)                                                                                         \
  KL_SYMBOL_LIST_ATTACH(X)                                                                                         \
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
  X(timekeeper_data, OPTIONAL)                                                                                     \
  X(map_idr, OPTIONAL)                                                                                             \
  X(prog_idr, OPTIONAL)                                                                                            \
  X(link_idr, OPTIONAL)                                                                                            \
  X(btf_idr, OPTIONAL)                                                                                             \
  X(special_mapping_name, OPTIONAL)                                                                                \
  X(super_blocks, OPTIONAL)                                                                                        \
  X(vmap_area_list, OPTIONAL)                                                                                      \
  X(vmap_nodes, OPTIONAL)                                                                                          \
  X(nr_vmap_nodes, OPTIONAL)                                                                                       \
  X(pcpu_base_addr, OPTIONAL)                                                                                      \
  X(pcpu_unit_offsets, OPTIONAL)                                                                                   \
  X(pcpu_first_chunk, OPTIONAL)                                                                                    \
  X(pcpu_get_vm_areas, OPTIONAL)                                                                                   \
  X(node_data, OPTIONAL)                                                                                           \
  X(nr_node_ids, OPTIONAL)                                                                                         \
  X(contig_page_data, OPTIONAL)                                                                                    \
  X(swap_info, OPTIONAL)                                                                                           \
  X(swapper_spaces, OPTIONAL)                                                                                      \
  X(nr_swapper_spaces, OPTIONAL)                                                                                   \
  X(init_stack, OPTIONAL)                                                                                          \
  X(__end_init_task, OPTIONAL)                                                                                     \
  X(__end_init_stack, OPTIONAL)                                                                                    \
  X(empty_zero_page, OPTIONAL)                                                                                     \
  X(huge_zero_pfn, OPTIONAL)                                                                                       \
  X(zero_pfn, OPTIONAL)                                                                                            \
  X(net_namespace_list, OPTIONAL)                                                                                  \
  X(init_net, OPTIONAL)                                                                                            \
  X(tcp_hashinfo, OPTIONAL)                                                                                        \
  X(udp_table, OPTIONAL)                                                                                           \
  X(ping_table, OPTIONAL)                                                                                          \
  X(udplite_table, OPTIONAL)                                                                                       \
  X(raw_v4_hashinfo, OPTIONAL)                                                                                     \
  X(raw_v6_hashinfo, OPTIONAL)                                                                                     \
  X(nl_table, OPTIONAL)                                                                                            \
  X(unix_socket_table, OPTIONAL)                                                                                   \
  X(cgroup_roots, OPTIONAL)                                                                                        \
  X(cgrp_dfl_root, OPTIONAL)                                                                                       \
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
  X(compat_sys_call_table, OPTIONAL)                                                                               \
  X(_etext, OPTIONAL)

#endif
