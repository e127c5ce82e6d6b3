/* Timers in values (5.15): one armed, one made but not armed, one never touched. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char license_text[] SEC("license") = "Dual MIT/GPL";

struct timed {
  __u64 before;
  struct bpf_timer timer;
  __u64 after;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 3);
  __type(key, __u32);
  __type(value, struct timed);
} timers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 3);
  __type(key, __u64);
  __type(value, struct timed);
} timers_hash SEC(".maps");

static int fired(void *map, void *key, struct timed *timed) {
  (void)map;
  (void)key;
  timed->after++;
  return 0;
}

enum { MONOTONIC = 1 };
#define FAR_OFF 1000000000000000ull /* ns: 11 days */

SEC("tc")
int arm(struct __sk_buff *ctx) {
  __u32 slot = 1;
  __u64 key = 7;
  (void)ctx;
  struct timed *armed = bpf_map_lookup_elem(&timers, &slot);
  if (!armed || bpf_timer_init(&armed->timer, &timers, MONOTONIC) || bpf_timer_set_callback(&armed->timer, fired) ||
      bpf_timer_start(&armed->timer, FAR_OFF, 0))
    return 1;
  slot = 2;
  struct timed *made = bpf_map_lookup_elem(&timers, &slot);
  if (!made || bpf_timer_init(&made->timer, &timers, MONOTONIC))
    return 2;
  struct timed *hashed = bpf_map_lookup_elem(&timers_hash, &key);
  if (!hashed || bpf_timer_init(&hashed->timer, &timers_hash, MONOTONIC) ||
      bpf_timer_set_callback(&hashed->timer, fired) || bpf_timer_start(&hashed->timer, FAR_OFF, 0))
    return 3;
  return 0;
}
