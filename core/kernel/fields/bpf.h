// What only BPF tables read: all members are optional, because a kernel can be built
// without BPF and grows map types every few releases.
#ifndef KL_KERNEL_FIELDS_BPF_H
#define KL_KERNEL_FIELDS_BPF_H

#define KL_FIELDS_BPF(X)                                                                                           \
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

#define KL_TYPES_BPF(X)                                                                                            \
  X(bucket)                                                                                                        \
  X(bpf_shtab_bucket)                                                                                              \
  X(bpf_local_storage_map_bucket)                                                                                  \
  X(btf_field)                                                                                                     \
  X(bpf_map_value_off_desc)                                                                                        \
  X(bpf_insn_array_value)                                                                                          \
  X(bpf_cgroup_storage_key)                                                                                        \
  X(bpf_insn)

#define KL_SYMBOLS_BPF(X)                                                                                          \
  X(map_idr, OPTIONAL)                                                                                             \
  X(prog_idr, OPTIONAL)                                                                                            \
  X(link_idr, OPTIONAL)                                                                                            \
  X(btf_idr, OPTIONAL)

#endif
