/* A map of a process that is gone: only a pinned program keeps it. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char license_text[] SEC("license") = "Dual MIT/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, __u64);
  __type(value, char[12]);
} orphan SEC(".maps");

SEC("socket")
int keeper(void *ctx) {
  __u64 key = 1;
  (void)ctx;
  return bpf_map_lookup_elem(&orphan, &key) != 0;
}
