/* A list and a tree of nodes that only a map's value leads to (6.4). */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char license_text[] SEC("license") = "Dual MIT/GPL";

/* As the kernels have them that take them: newer than our headers. */
struct bpf_list_head {
  __u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_list_node {
  __u64 opaque[3];
} __attribute__((aligned(8)));
struct bpf_rb_root {
  __u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_rb_node {
  __u64 opaque[4];
} __attribute__((aligned(8)));

#define __contains(TYPE, MEMBER) __attribute__((btf_decl_tag("contains:" #TYPE ":" #MEMBER)))

extern void *bpf_obj_new_impl(__u64 type, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *object, void *meta) __ksym;
extern int bpf_list_push_back_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta,
                                   __u64 offset) __ksym;
extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
                               _Bool(less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta,
                               __u64 offset) __ksym;

struct linked {
  __u64 number;
  struct bpf_list_node link;
};

struct sorted {
  struct bpf_rb_node link;
  __u64 number;
};

struct graph {
  __u64 before;
  struct bpf_spin_lock lock;
  struct bpf_list_head head __contains(linked, link);
  struct bpf_rb_root root __contains(sorted, link);
  __u64 after;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct graph);
} graphs SEC(".maps");

static _Bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b) {
  return ((struct sorted *)(void *)a)->number < ((const struct sorted *)(const void *)b)->number;
}

SEC("tc")
int link(struct __sk_buff *ctx) {
  __u32 slot = 1;
  (void)ctx;
  struct graph *graph = bpf_map_lookup_elem(&graphs, &slot);
  struct linked *linked = bpf_obj_new_impl(bpf_core_type_id_local(struct linked), 0);
  if (!linked)
    return 1;
  struct sorted *sorted = bpf_obj_new_impl(bpf_core_type_id_local(struct sorted), 0);
  if (!sorted || !graph) {
    bpf_obj_drop_impl(linked, 0);
    if (sorted)
      bpf_obj_drop_impl(sorted, 0);
    return 2;
  }
  linked->number = 0x1122334455667788;
  sorted->number = 0x8877665544332211;
  bpf_spin_lock(&graph->lock);
  bpf_list_push_back_impl(&graph->head, &linked->link, 0, 0);
  bpf_rbtree_add_impl(&graph->root, &sorted->link, less, 0, 0);
  bpf_spin_unlock(&graph->lock);
  return 0;
}
