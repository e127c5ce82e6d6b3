/* A scheduler that no task asks for (sched_ext, 6.12): it serves only tasks of SCHED_EXT. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char license_text[] SEC("license") = "GPL";

struct task_struct;

enum { SWITCH_PARTIAL = 1 << 3 }; /* SCX_OPS_SWITCH_PARTIAL */

struct sched_ext_ops {
  void (*runnable)(struct task_struct *task, __u64 flags);
  void (*stopping)(struct task_struct *task, _Bool runnable);
  __u64 flags;
  __u32 timeout_ms;
  char name[128];
};

SEC("struct_ops/lab_runnable")
void BPF_PROG(lab_runnable, struct task_struct *task, __u64 flags) {
  (void)task;
  (void)flags;
}

SEC("struct_ops/lab_stopping")
void BPF_PROG(lab_stopping, struct task_struct *task, _Bool runnable) {
  (void)task;
  (void)runnable;
}

SEC(".struct_ops")
struct sched_ext_ops lab_sched = {
    .runnable = (void *)lab_runnable,
    .stopping = (void *)lab_stopping,
    .flags = SWITCH_PARTIAL,
    .timeout_ms = 12345,
    .name = "lab_sched",
};
