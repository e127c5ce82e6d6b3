// The kernel's lists and trees: core/walk.
#ifndef KL_KERNEL_FIELDS_CONTAINERS_H
#define KL_KERNEL_FIELDS_CONTAINERS_H

#define KL_FIELDS_CONTAINERS(X)                                                                                    \
  X(list_head, next, REQUIRED, "")                                                                                 \
  X(list_head, prev, REQUIRED, "")                                                                                 \
  X(hlist_head, first, REQUIRED, "")                                                                               \
  X(hlist_node, next, REQUIRED, "")                                                                                \
  X(xarray, xa_flags, OPTIONAL, "")                                                                                \
  X(xarray, xa_head, REQUIRED, "4.20: f8d5d0cc145c")                                                               \
  X(rb_root, rb_node, REQUIRED, "")                                                                                \
  X(rb_node, rb_left, REQUIRED, "")                                                                                \
  X(rb_node, rb_right, REQUIRED, "")                                                                               \
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

#define KL_TYPES_CONTAINERS(X)                                                                                     \
  X(list_head)                                                                                                     \
  X(hlist_head)                                                                                                    \
  X(hlist_node)

#define KL_ENUMS_CONTAINERS(X)                                                                                     \
  X(maple_type, maple_dense)                                                                                       \
  X(maple_type, maple_leaf_64)                                                                                     \
  X(maple_type, maple_range_64)                                                                                    \
  X(maple_type, maple_arange_64)

#endif
