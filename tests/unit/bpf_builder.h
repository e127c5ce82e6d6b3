// A BPF map in a guest made by hand, and a walk over its entries.
//
// Mistakes that readers of BPF maps make, and the tests that such a reader fails:
// - maps that embed no struct bpf_array read as if they did: bpf_slots_test,
//   devmap_slots_lie_behind_a_pointer, each_socket_map_has_a_place_of_its_own
// - ids past the tree taken for low ones, or counted up to idr_next: the same,
//   ids_past_65535_and_past_idr_next_are_found_once
// - an element taken as one contiguous piece of memory: bpf_hash_test,
//   key_and_value_across_pages_come_from_both_frames
// - per-CPU pointers sought at one place: the same, the_per_cpu_pointer_...
// - hashes of more than 65,536 buckets read as empty, memory that can't be read
//   as zeros: the same, more_than_65536_buckets_are_all_read,
//   a_value_that_is_half_unmapped_is_no_value
// - chains that bite their tail given over and over: the same,
//   a_cyclic_chain_ends_and_is_told
// - arenas sampled, and in pages of 4 KiB: bpf_slots_test,
//   an_arena_lists_the_pages_that_are_there; the 16K guest of the lab
// - split BTF put on another kernel's: bpf_btf_test,
//   split_btf_continues_the_guests_own
#ifndef KL_TEST_BPF_BUILDER_H
#define KL_TEST_BPF_BUILDER_H

#include "guest.h"

#include "linux/bpf_entries.h"

#define VA(phys) (GUEST_DIRECT_MAP + (phys))
// Where pages are mapped one by one, each to a frame of its own choice.
#define SCATTERED 0xffffc90000000000ull

enum { BPF_MAP = 0x1000, BPF_GUEST_BYTES = 4 << 20, BPF_TABLES = BPF_GUEST_BYTES - 0x10000 };

static struct guest g;
static struct kl_bpf_map map;
static struct kl_bpf_entries entries;
static struct kl_bpf_entry entry;

static inline void bpf_guest(uint32_t type, uint32_t key_bytes, uint32_t value_bytes, uint32_t max_entries) {
  guest_open(&g, 0, BPF_GUEST_BYTES);
  guest_map(&g);
  map = (struct kl_bpf_map){.address = VA(BPF_MAP),
                            .id = 7,
                            .type = type,
                            .key_bytes = key_bytes,
                            .value_bytes = value_bytes,
                            .max_entries = max_entries};
}

// Page i of SCATTERED becomes the frame at phys (0: stays unmapped).
static inline void bpf_map_page(unsigned i, uint64_t phys) {
  uint64_t root = g.start + g.bytes - 8192, upper = BPF_TABLES, middle = upper + 4096, last = middle + 4096;
  guest_put64(&g, root + 8 * (SCATTERED >> 39 & 511), upper | 0x63);
  guest_put64(&g, upper + 8 * (SCATTERED >> 30 & 511), middle | 0x63);
  guest_put64(&g, middle + 8 * (SCATTERED >> 21 & 511), last | 0x63);
  guest_put64(&g, last + 8 * i, phys ? phys | 0x8000000000000063 : 0);
}

static inline enum kl_status bpf_open(void) {
  return kl_bpf_entries_open(&entries, &g.kernel, &g.budget, &map);
}
static inline enum kl_status bpf_next(void) {
  return kl_bpf_entries_next(&entries, &entry);
}
static inline uint64_t bpf_key(void) {
  assert_int_equal(entry.key_status, KL_OK);
  return kl_le_n(entry.key, entry.key_bytes < 8 ? entry.key_bytes : 8);
}
static inline uint64_t bpf_value(void) {
  uint8_t bytes[8] = {0};
  assert_true(entry.value_bytes <= 8);
  assert_int_equal(kl_bpf_entry_value(&entries, &entry, bytes, entry.value_bytes), KL_OK);
  return kl_le_n(bytes, entry.value_bytes);
}

#endif
