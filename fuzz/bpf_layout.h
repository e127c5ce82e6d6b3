// Where bpf_map_fuzzer.c has the members of the kernel's structs, and so where
// its seeds put them. Many lie at one place: a map is of one type at a time.
#ifndef FUZZ_BPF_LAYOUT_H
#define FUZZ_BPF_LAYOUT_H

// The option behind the type: how the map is read.
enum { BPF_AS_ENTRIES, BPF_AS_RING, BPF_AS_ARENA, BPF_AS_BLOOM, BPF_AS_MAPS, BPF_WAYS };

enum {
  // The first page of a script: struct bpf_map and what is around it.
  BPF_TYPE = 0,
  BPF_KEY_BYTES = 4,
  BPF_VALUE_BYTES = 8,
  BPF_MAX_ENTRIES = 12,
  BPF_FLAGS = 16,
  BPF_ID = 20,
  BPF_EXTRA = 24,
  BPF_BTF = 32,
  BPF_NAME = 40,
  BPF_RECORD = 56,
  BPF_NO_TYPES = 64,   // the three type ids
  BPF_POINTER = 0x80,  // to buckets, slots, the root, the ring
  BPF_COUNT = 0x88,    // buckets, their logarithm, head, mask, hash functions
  BPF_COUNT_2 = 0x8c,  // tail, seed; elem_size
  BPF_COUNT_3 = 0x90,  // size
  BPF_WIDE = 0x98,     // data_size, user_vm_start
  BPF_INLINE = 0xa0,   // values and slots that lie in the map's own struct
  BPF_MAP_IDR = 0x200, // struct idr
  BPF_PROG_IDR = 0x220,
  BPF_CPU_OFFSETS = 0x240,

  // Elements.
  BPF_NODE = 0,      // of a chain; of a trie: child[2]
  BPF_OBJECT = 0x10, // what it leads to; prefix length; record of a stack
  BPF_FLAG = 0x14,
  BPF_DATA = 0x20, // the key, or the value

  // struct bucket_table of an rhash
  BPF_TABLE_SIZE = 0,
  BPF_TABLE_NEST = 4,
  BPF_TABLE_FUTURE = 8,
  BPF_TABLE_BUCKETS = 16,

  // struct bpf_ringbuf
  BPF_RING_MASK = 0x30,
  BPF_RING_CONSUMER = 0x100,
  BPF_RING_PRODUCER = 0x108,
  BPF_RING_DATA = 0x200,

  BPF_BUCKET = 16, // bytes of a bucket, and of struct bpf_insn_array_value
};

#endif
