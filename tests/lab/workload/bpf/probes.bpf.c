/*
 * Programs of several types that count their runs in one array, each in its own slot; and what
 * only programs can fill: a stack trace map.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char license_text[] SEC("license") = "Dual MIT/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 32);
  __type(key, __u32);
  __type(value, __u64);
} probe_counts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(max_entries, 16);
  __uint(key_size, 4);
  __uint(value_size, 20 * 8);
} stacks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(max_entries, 16);
  __uint(key_size, 4);
  __uint(value_size, 20 * 8);
} stacks_user SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(map_flags, BPF_F_STACK_BUILD_ID);
  __uint(max_entries, 16);
  __uint(key_size, 4);
  __uint(value_size, 10 * sizeof(struct bpf_stack_build_id));
} stacks_files SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
  __type(key, struct bpf_cgroup_storage_key);
  __type(value, __u64);
} cg_storage SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
  __type(key, struct bpf_cgroup_storage_key);
  __type(value, __u64);
} cg_storage_pc SEC(".maps");

__u64 armed;

static __attribute__((noinline)) int count(__u32 slot) {
  __u64 *n = armed ? bpf_map_lookup_elem(&probe_counts, &slot) : 0;
  if (n)
    __sync_fetch_and_add(n, 1);
  return 0;
}

SEC("raw_tp/task_rename")
int rename_raw(void *ctx) {
  if (armed)
    bpf_get_stackid(ctx, &stacks, 0);
  return count(1);
}

SEC("tp_btf/task_rename")
int rename_typed(void *ctx) {
  (void)ctx;
  return count(2);
}

SEC("kprobe/set_user_nice")
int nice_entry(void *ctx) {
  if (armed) {
    bpf_get_stackid(ctx, &stacks, 0);
    bpf_get_stackid(ctx, &stacks_user, BPF_F_USER_STACK);
    bpf_get_stackid(ctx, &stacks_files, BPF_F_USER_STACK);
  }
  return count(3);
}

SEC("kretprobe/set_user_nice")
int nice_return(void *ctx) {
  (void)ctx;
  return count(4);
}

SEC("fentry/set_user_nice")
int nice_fentry(void *ctx) {
  (void)ctx;
  return count(5);
}

SEC("fexit/set_user_nice")
int nice_fexit(void *ctx) {
  (void)ctx;
  return count(6);
}

SEC("xdp")
int pass_xdp(struct xdp_md *ctx) {
  (void)ctx;
  count(7);
  return XDP_PASS;
}

SEC("cgroup_skb/egress")
int pass_egress(struct __sk_buff *ctx) {
  (void)ctx;
  __u64 *mine = bpf_get_local_storage(&cg_storage, 0);
  __u64 *cpus = bpf_get_local_storage(&cg_storage_pc, 0);
  if (armed) {
    __sync_fetch_and_add(mine, 1);
    *cpus += 1;
  }
  return 1;
}

SEC("sk_lookup")
int pass_lookup(struct bpf_sk_lookup *ctx) {
  (void)ctx;
  count(9);
  return 1; /* SK_PASS */
}

SEC("iter/task")
int each_task(void *ctx) {
  (void)ctx;
  return 0;
}

SEC("socket")
int pass_socket(struct __sk_buff *ctx) {
  count(11);
  return (int)ctx->len;
}

SEC("tc")
int pass_tc(struct __sk_buff *ctx) {
  (void)ctx;
  count(12);
  return 0;
}

SEC("perf_event")
int on_perf(void *ctx) {
  (void)ctx;
  return 0;
}
