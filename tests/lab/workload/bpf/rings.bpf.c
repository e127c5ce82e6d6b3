/* Ring buffers: getpgrp()'s number is the trigger, `order` says what to write. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char license_text[] SEC("license") = "Dual MIT/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 65536);
} ring_plain SEC(".maps"), ring_wrapped SEC(".maps"), ring_full SEC(".maps");

enum { SUBMIT, DISCARD };

struct {
  __u32 ring; /* 1, 2, 3: which; 0: none */
  __u32 bytes;
  __u32 discard;
  __u32 failed;
} order;

char content[4096];

struct small {
  __u64 words[3];
};

static __attribute__((always_inline)) void write_to(void *ring) {
  if (order.discard) {
    struct small *small = bpf_ringbuf_reserve(ring, sizeof *small, 0);
    if (!small) {
      order.failed = 1;
      return;
    }
    __builtin_memcpy(small, content, sizeof *small);
    bpf_ringbuf_discard(small, 0);
    return;
  }
  __u32 bytes = order.bytes;
  if (bytes > sizeof content)
    bytes = sizeof content;
  if (bpf_ringbuf_output(ring, content, bytes, 0))
    order.failed = 1;
}

SEC("tracepoint/syscalls/sys_enter_getsid")
int on_getsid(void *ctx) {
  (void)ctx;
  if (order.ring == 1)
    write_to(&ring_plain);
  else if (order.ring == 2)
    write_to(&ring_wrapped);
  else if (order.ring == 3)
    write_to(&ring_full);
  return 0;
}
