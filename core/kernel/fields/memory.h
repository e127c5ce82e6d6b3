// Address spaces, page frames, vmalloc, free lists, swap.
#ifndef KL_KERNEL_FIELDS_MEMORY_H
#define KL_KERNEL_FIELDS_MEMORY_H

#define KL_FIELDS_MEMORY(X)                                                                                        \
  X(page, flags, REQUIRED, "")                                                                                     \
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
  X(page, compound_mapcount, OPTIONAL, "before 6.2")                                                               \
  X(page, compound_dtor, OPTIONAL, "before 6.6")                                                                   \
  X(page, lru, OPTIONAL, "")                                                                                       \
  X(page, slab_cache, OPTIONAL, "before 5.17")                                                                     \
  X(mm_struct, pgd, OPTIONAL, "")                                                                                  \
  X(mm_struct, arg_start, REQUIRED, "")                                                                            \
  X(mm_struct, arg_end, REQUIRED, "")                                                                              \
  X(mm_struct, env_start, REQUIRED, "")                                                                            \
  X(mm_struct, env_end, REQUIRED, "")                                                                              \
  X(mm_struct, exe_file, REQUIRED, "")                                                                             \
  X(mm_struct, mmap, OPTIONAL, "before 6.1: 763ecb035029")                                                         \
  X(mm_struct, mm_mt, OPTIONAL, "6.1: d4af56c5c7c6")                                                               \
  X(mm_struct, brk, OPTIONAL, "")                                                                                  \
  X(mm_struct, start_brk, OPTIONAL, "")                                                                            \
  X(mm_struct, start_stack, OPTIONAL, "")                                                                          \
  X(vm_area_struct, vm_start, OPTIONAL, "")                                                                        \
  X(vm_area_struct, vm_end, OPTIONAL, "")                                                                          \
  X(vm_area_struct, vm_next, OPTIONAL, "before 6.1: 763ecb035029")                                                 \
  X(vm_area_struct, vm_flags, OPTIONAL, "")                                                                        \
  X(vm_area_struct, vm_file, OPTIONAL, "")                                                                         \
  X(vm_area_struct, vm_pgoff, OPTIONAL, "")                                                                        \
  X(vm_area_struct, vm_ops, OPTIONAL, "")                                                                          \
  X(vm_area_struct, vm_private_data, OPTIONAL, "")                                                                 \
  X(vm_area_struct, anon_name, OPTIONAL, "5.17, CONFIG_ANON_VMA_NAME: 9a10064f5625")                               \
  X(vm_area_struct, shared, OPTIONAL, "")                                                                          \
  X(anon_vma_name, name, OPTIONAL, "")                                                                             \
  X(vm_special_mapping, name, OPTIONAL, "")                                                                        \
  X(vm_operations_struct, name, OPTIONAL, "")                                                                      \
  X(folio, _folio_dtor, OPTIONAL, "6.1 to 6.5")                                                                    \
  X(folio, _folio_order, OPTIONAL, "6.1")                                                                          \
  X(folio, _flags_1, OPTIONAL, "")                                                                                 \
  X(folio, mapping, OPTIONAL, "")                                                                                  \
  X(folio, index, OPTIONAL, "")                                                                                    \
  X(folio, _mapcount, OPTIONAL, "")                                                                                \
  X(folio, _entire_mapcount, OPTIONAL, "")                                                                         \
  X(folio, _large_mapcount, OPTIONAL, "")                                                                          \
  X(folio, _nr_pages_mapped, OPTIONAL, "")                                                                         \
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
  X(swap_table, entries, OPTIONAL, "6.18")

#define KL_TYPES_MEMORY(X)                                                                                         \
  X(page)                                                                                                          \
  X(zone)                                                                                                          \
  X(swap_cluster_info)                                                                                             \
  X(vmap_node)

#define KL_ENUMS_MEMORY(X)                                                                                         \
  X(pageflags, PG_reserved)                                                                                        \
  X(pageflags, PG_hugetlb)                                                                                         \
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
  X(pageflags, PG_anon_exclusive)                                                                                  \
  X(compound_dtor_id, HUGETLB_PAGE_DTOR)                                                                           \
  X(pagetype, PG_hugetlb)                                                                                          \
  X(pagetype, PG_slab)                                                                                             \
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
  X(pagetype, PGTY_buddy)                                                                                          \
  X(migratetype, MIGRATE_PCPTYPES)

#define KL_SYMBOLS_MEMORY(X)                                                                                       \
  X(special_mapping_name, OPTIONAL)                                                                                \
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
  X(protection_map, OPTIONAL)                                                                                      \
  X(nr_swapfiles, OPTIONAL)

#endif
