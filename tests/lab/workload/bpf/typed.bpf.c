/*
 * Maps whose keys and values have types of every kind that BTF tells, and the variables of a
 * program. The first process (maps.c) fills them.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

char license_text[] SEC("license") = "Dual MIT/GPL";

enum color { RED, GREEN = 7, BLUE = -3 };

struct point {
  int x;
  int y;
};

struct key {
  __u32 id;
  __u16 port;
  __u8 kind;
  char tag[5];
};

struct everything {
  unsigned int three : 3;
  unsigned int five : 5;
  int seven : 7;
  __u64 forty : 40;
  _Bool yes;
  _Bool no;
  char letter;
  signed char small;
  __u16 sixteen;
  __s32 minus;
  __u64 big;
  __s64 least;
  enum color color;
  enum color unnamed;
  union {
    __u32 word;
    __u8 octets[4];
  };
  struct {
    __u16 inner;
    struct point point;
  } nested;
  struct point path[3];
  int matrix[2][3];
  char text[16];
  char full[4];
  void *pointer;
  int (*call)(int);
  __u8 empty[0];
};

struct numbers {
  float f;
  double d;
  __int128 wide;
};

struct locked {
  struct bpf_spin_lock lock;
  int guarded;
};

#define MAP(NAME, TYPE, KEY, VALUE, MAX)                                                                           \
  struct {                                                                                                         \
    __uint(type, TYPE);                                                                                            \
    __uint(max_entries, MAX);                                                                                      \
    __type(key, KEY);                                                                                              \
    __type(value, VALUE);                                                                                          \
  } NAME SEC(".maps")

MAP(typed_hash, BPF_MAP_TYPE_HASH, struct key, struct everything, 16);
MAP(typed_array, BPF_MAP_TYPE_ARRAY, __u32, struct everything, 3);
MAP(typed_lru, BPF_MAP_TYPE_LRU_HASH, enum color, struct point, 8);
MAP(typed_percpu, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct point, 2);
MAP(typed_pc_hash, BPF_MAP_TYPE_PERCPU_HASH, struct key, __u64, 8);
MAP(typed_lock, BPF_MAP_TYPE_ARRAY, __u32, struct locked, 2);
MAP(typed_numbers, BPF_MAP_TYPE_HASH, __u64, struct numbers, 4);
MAP(counts, BPF_MAP_TYPE_HASH, __u32, __u64, 64);

/* .data, .bss and .rodata, a section of one's own, and a map that only a program keeps. */
struct point here = {3, -4};
int table[2][2] = {{1, 2}, {3, 4}};
const char greeting[] = "hello, \"lab\"\n";
const volatile __u64 limit = 0x123456789abcdef0;
static volatile int hidden = 41;
__u64 armed;
__u64 runs;
char scratch[5000] SEC(".data.large");

SEC("tracepoint/syscalls/sys_enter_getpgid")
int on_getpgid(void *ctx) {
  __u32 key = 1;
  __u64 one = 1;
  (void)ctx;
  if (!armed)
    return 0;
  __u64 *count = bpf_map_lookup_elem(&counts, &key);
  if (count)
    __sync_fetch_and_add(count, 1);
  else
    bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
  runs += limit != 0 && hidden == 41;
  if (runs > 1000)
    scratch[runs & 1023] = greeting[0];
  return 0;
}
