// A translator of its own, slow and direct: what the processor does with one
// address, bit by bit as the manuals have it (Intel SDM volume 3, 4.5; Arm ARM,
// D8.3), and nothing of what Linux keeps in entries that are not present.
#ifndef KL_TESTS_NAIVE_WALK_H
#define KL_TESTS_NAIVE_WALK_H

#include <stdbool.h>
#include <stdint.h>

struct naive_machine {
  bool arm;
  unsigned granule_bits; // 12, 14, 16
  unsigned address_bits; // x86-64: 48, 57; arm64: 64 - T1SZ
  bool wide;             // arm64: output addresses of 52 bits (LPA2, LPA)
};

// Eight bytes of physical memory; false: there is none.
typedef bool naive_read(void *user, uint64_t phys, uint64_t *ret);

enum naive_outcome {
  NAIVE_MAPPED,
  NAIVE_NOT_CANONICAL,
  NAIVE_NOT_MAPPED, // a fault of translation
  NAIVE_NO_MEMORY   // a table is not there
};

struct naive_result {
  enum naive_outcome outcome;
  uint64_t phys, page_bytes;
  bool write, user, execute; // by whom: kernel addresses by the kernel, user addresses by users
  // What this processor would fault on, and a reader of dumps does not.
  bool reserved_bits;   // of an entry on the way
  bool not_accessed;    // arm64: the access flag of the leaf is clear
  bool root_no_execute; // x86-64: only the root's entry forbids to execute
};

struct naive_result naive_translate(const struct naive_machine *machine, naive_read *read, void *user,
                                    uint64_t root, uint64_t va);

#endif
