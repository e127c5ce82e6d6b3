/*
 * Pointers to kernel objects in values: one that does not count (5.19), and one that does (6.2 for
 * tasks). The map is special.c's: clang 14 loses the tags of such pointers.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char license_text[] SEC("license") = "Dual MIT/GPL";

struct task_struct {
  int pid;
} __attribute__((preserve_access_index));

extern struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;

struct held {
  __u64 before;
  struct task_struct *plain;
  struct task_struct *counted;
  __u64 after;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __uint(key_size, 4);
  __uint(value_size, sizeof(struct held));
} pointers SEC(".maps");

SEC("tc")
int point(struct __sk_buff *ctx) {
  __u32 slot = 1;
  (void)ctx;
  struct task_struct *task = bpf_get_current_task_btf();
  struct held *held = bpf_map_lookup_elem(&pointers, &slot);
  if (!held)
    return 1;
  held->plain = task;
  task = bpf_task_acquire(task);
  if (!task)
    return 2;
  task = bpf_kptr_xchg(&held->counted, task);
  if (task)
    bpf_task_release(task);
  return 0;
}
