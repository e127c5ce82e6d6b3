/* Maps that hold bytes. */
#include "scene.h"

static void hash(int type, const char *name, unsigned key_bytes, unsigned value_bytes, unsigned entries,
                 unsigned flags) {
  bool per_cpu = type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
  int map = make(type, name, key_bytes, value_bytes, entries, flags);
  unsigned count = key_bytes == 1 && entries > 250 ? 250 : entries;
  for (unsigned i = 0; map >= 0 && i < count; i++) {
    pattern(key, key_bytes, i);
    memcpy(key, &i, key_bytes < 4 ? key_bytes : 4);
    if (per_cpu)
      fill_cpus(value_bytes, i);
    else
      pattern(value, value_bytes, i);
    put(map, key, value, name);
    if (i % 5 == 4) /* deleted again */
      bpf_map_delete_elem(map, key);
  }
}

void hashes(void) {
  hash(BPF_MAP_TYPE_HASH, "hash_1", 1, 1, 256, 0);
  hash(BPF_MAP_TYPE_HASH, "hash_chains", 4, 8, 500, BPF_F_NO_PREALLOC);
  hash(BPF_MAP_TYPE_HASH, "hash_odd", 13, 21, 100, 0);
  hash(BPF_MAP_TYPE_HASH, "hash_long_key", 512, 40, 50, 0);
  hash(BPF_MAP_TYPE_HASH, "hash_pages", 7, 9001, 20, 0);
  hash(BPF_MAP_TYPE_HASH, "hash_large", 8, 30000, 12, BPF_F_NO_PREALLOC);
  hash(BPF_MAP_TYPE_HASH, "hash_200000", 4, 8, 200000, 0);
  make(BPF_MAP_TYPE_HASH, "hash_empty", 4, 8, 64, 0);
  hash(BPF_MAP_TYPE_LRU_HASH, "lru", 4, 12, 40, 0);
  hash(BPF_MAP_TYPE_LRU_HASH, "lru_own", 5, 12, 60, BPF_F_NO_COMMON_LRU);
  hash(BPF_MAP_TYPE_PERCPU_HASH, "pc_hash_4", 4, 8, 30, 0);
  hash(BPF_MAP_TYPE_PERCPU_HASH, "pc_hash_8", 8, 20, 30, 0);
  hash(BPF_MAP_TYPE_PERCPU_HASH, "pc_hash_odd", 11, 3, 30, BPF_F_NO_PREALLOC);
  hash(BPF_MAP_TYPE_PERCPU_HASH, "pc_hash_wide", 6, 5000, 6, 0);
  hash(BPF_MAP_TYPE_LRU_PERCPU_HASH, "pc_lru", 4, 8, 40, 0);
  hash(RHASH, "rhash", 4, 8, 3000, BPF_F_NO_PREALLOC);
}

int array(int type, const char *name, unsigned bytes, unsigned entries, unsigned flags) {
  int map = make(type, name, 4, bytes, entries, flags);
  for (unsigned i = 0; map >= 0 && i < entries; i++) {
    if (i % 3 == 2)
      continue; /* stays zero */
    if (type == BPF_MAP_TYPE_PERCPU_ARRAY)
      fill_cpus(bytes, i);
    else
      pattern(value, bytes, i);
    put(map, &i, value, name);
  }
  return map;
}

void arrays(void) {
  array(BPF_MAP_TYPE_ARRAY, "array_1", 1, 300, 0);
  array(BPF_MAP_TYPE_ARRAY, "array_odd", 13, 1000, 0);
  array(BPF_MAP_TYPE_ARRAY, "array_pages", 10001, 7, 0);
  array(BPF_MAP_TYPE_ARRAY, "array_mmap", 4, 5000, BPF_F_MMAPABLE);
  int frozen = array(BPF_MAP_TYPE_ARRAY, "array_frozen", 64, 4, BPF_F_RDONLY_PROG);
  if (frozen >= 0 && bpf_map_freeze(frozen))
    absent("freeze");
  array(BPF_MAP_TYPE_PERCPU_ARRAY, "pc_array", 8, 10, 0);
  array(BPF_MAP_TYPE_PERCPU_ARRAY, "pc_array_odd", 5001, 3, 0);
  int insns = make(INSN_ARRAY, "insns", 4, 16, 4, 0);
  for (unsigned i = 0; insns >= 0 && i < 4; i++) {
    uint32_t offsets[4] = {i * 2};
    put(insns, &i, offsets, "insns");
  }
}

void tries(void) {
  struct {
    uint32_t bits;
    unsigned char data[16];
  } prefix;
  int deep = make(BPF_MAP_TYPE_LPM_TRIE, "trie_deep", 4 + 4, 3, 100, BPF_F_NO_PREALLOC);
  int wide = make(BPF_MAP_TYPE_LPM_TRIE, "trie_wide", 4 + 16, 24, 2000, BPF_F_NO_PREALLOC);
  for (unsigned i = 0; deep >= 0 && i <= 32; i++) {
    memset(&prefix, 0, sizeof prefix);
    prefix.bits = i;
    for (unsigned bit = 0; bit < i; bit++)
      prefix.data[bit / 8] |= (unsigned char)(bit % 3 ? 0x80 >> bit % 8 : 0);
    pattern(value, 3, i);
    put(deep, &prefix, value, "trie_deep");
  }
  for (unsigned i = 0; wide >= 0 && i < 1000; i++) {
    prefix.bits = 16 + i % 113;
    for (unsigned at = 0; at < 16; at++)
      prefix.data[at] = (unsigned char)(i * (at + 3) * 37 >> at % 3);
    pattern(value, 24, i);
    put(wide, &prefix, value, "trie_wide");
    if (i % 7 == 0)
      bpf_map_delete_elem(wide, &prefix);
  }
}

/* The system call can only take from these: what is left is a fact. */
void queues(void) {
  for (int stack = 0; stack < 2; stack++) {
    const char *name = stack ? "stack" : "queue";
    int map = make(stack ? BPF_MAP_TYPE_STACK : BPF_MAP_TYPE_QUEUE, name, 0, 13, 20, 0);
    unsigned first = 0, last = 0;
    /* Far enough that a queue wraps. */
    for (unsigned i = 0; map >= 0 && i < 50; i++) {
      pattern(value, 13, i);
      put(map, NULL, value, name);
      last = i;
      if (i - first >= 11 && !stack) {
        bpf_map_lookup_and_delete_elem(map, NULL, value);
        first++;
      } else if (stack && i >= 18) {
        break;
      }
    }
    for (unsigned i = first; map >= 0 && i <= last; i++) {
      unsigned at = stack ? last - i : i;
      pattern(value, 13, at);
      fact(ME, "{\"fact\":\"entry\",\"map\":\"%s\",\"value\":\"%s\"}", name, hex(value, 13, text));
    }
  }
  int bloom = make(BPF_MAP_TYPE_BLOOM_FILTER, "bloom", 0, 8, 100, 0);
  for (unsigned i = 0; bloom >= 0 && i < 50; i++) {
    pattern(value, 8, i);
    put(bloom, NULL, value, "bloom");
  }
}
