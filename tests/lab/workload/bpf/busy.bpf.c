/*
 * A record that is reserved and not submitted yet: the program sleeps in between, on a page that
 * nobody gives. Records before and behind it are done.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char license_text[] SEC("license") = "Dual MIT/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 65536);
} ring_busy SEC(".maps");

struct held {
  __u64 words[5];
};

struct given_up {
  __u64 words[3];
};

struct arguments {
  __u64 address; /* of the page */
  __u8 content[100];
};

SEC("syscall")
int hold(struct arguments *arguments) {
  char byte;
  __u8 content[100]; /* helpers take no pointers into the context */
#pragma unroll
  for (int i = 0; i < 100; i++)
    content[i] = arguments->content[i];
  if (bpf_ringbuf_output(&ring_busy, content, 100, 0))
    return 1;
  struct held *held = bpf_ringbuf_reserve(&ring_busy, sizeof *held, 0);
  if (!held)
    return 2;
  __builtin_memcpy(held, content, sizeof *held);
  bpf_ringbuf_output(&ring_busy, content, 8, 0);
  struct given_up *given_up = bpf_ringbuf_reserve(&ring_busy, sizeof *given_up, 0);
  if (given_up) {
    __builtin_memcpy(given_up, content, sizeof *given_up);
    bpf_ringbuf_discard(given_up, 0);
  }
  bpf_copy_from_user(&byte, 1, (void *)arguments->address);
  bpf_ringbuf_submit(held, 0);
  return 0;
}
