/* struct_ops: a TCP congestion control that nobody uses. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char license_text[] SEC("license") = "Dual MIT/GPL";

struct sock;

struct tcp_congestion_ops {
  __u32 (*ssthresh)(struct sock *sk);
  void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
  __u32 (*undo_cwnd)(struct sock *sk);
  char name[16];
};

SEC("struct_ops/lab_ssthresh")
__u32 BPF_PROG(lab_ssthresh, struct sock *sk) {
  (void)sk;
  return 17;
}

SEC("struct_ops/lab_cong_avoid")
void BPF_PROG(lab_cong_avoid, struct sock *sk, __u32 ack, __u32 acked) {
  (void)sk;
  (void)ack;
  (void)acked;
}

SEC("struct_ops/lab_undo_cwnd")
__u32 BPF_PROG(lab_undo_cwnd, struct sock *sk) {
  (void)sk;
  return 18;
}

SEC(".struct_ops")
struct tcp_congestion_ops lab_congestion = {
    .ssthresh = (void *)lab_ssthresh,
    .cong_avoid = (void *)lab_cong_avoid,
    .undo_cwnd = (void *)lab_undo_cwnd,
    .name = "lab_cc",
};
