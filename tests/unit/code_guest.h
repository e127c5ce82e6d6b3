// A guest whose code refers to its variables, for tests of what is found from code.
#ifndef KL_TEST_CODE_GUEST_H
#define KL_TEST_CODE_GUEST_H

#include <stdio.h>

#include "guest.h"

#include "kernel/attach.h"
#include "kernel/symbol_table.h"

static struct guest g;
static struct kl_attach a;
static struct kl_paging x86;
enum {
  CODE = 0x1000,
  SUPERS = 0x4ac0, // super_blocks
  DECOY = 0x4a80,  // an empty list
  SUPER = 0x6000,  // the one super block
  TYPE = 0x7000,
  NAME = 0x7800,
  IDR = 0x5108,
  EMPTY_IDR = 0x50f0,
  MAP = 0x8000,
  NODE = 0x9000,
};
#define VA(phys) (GUEST_DIRECT_MAP + (phys))

static inline void put_list(uint64_t head, uint64_t node) {
  guest_put64(&g, head, VA(node));
  guest_put64(&g, head + 8, VA(node));
  guest_put64(&g, node, VA(head));
  guest_put64(&g, node + 8, VA(head));
}

static inline int setup(void **state) {
  (void)state;
  guest_open(&g, 0, 0x40000);
  guest_map(&g);
  memset(&a, 0, sizeof a);
  a.k = &g.kernel;
  a.hold.image_to_phys = GUEST_DIRECT_MAP;
  a.hold.start = GUEST_DIRECT_MAP;
  a.hold.end = GUEST_DIRECT_MAP + 0x20000;
  x86 = g.kernel.paging;
  g.kernel.space.paging = &x86; // tests of arm64 code still read through these tables
  guest_field(&g, KL_F_list_head_next, 0, 8);
  guest_field(&g, KL_F_list_head_prev, 8, 8);
  guest_field(&g, KL_F_super_block_s_list, 0, 16);
  guest_field(&g, KL_F_super_block_s_type, 0x28, 8);
  guest_field(&g, KL_F_file_system_type_name, 0, 8);
  guest_field(&g, KL_F_idr_idr_rt, 0, 16);
  guest_field(&g, KL_F_xarray_xa_flags, 4, 4);
  guest_field(&g, KL_F_xarray_xa_head, 8, 8);
  guest_field(&g, KL_F_xa_node_shift, 0, 1);
  guest_field(&g, KL_F_xa_node_slots, 40, 512);
  guest_field(&g, KL_F_bpf_map_id, 0x30, 4);
  put_list(SUPERS, SUPER);
  put_list(DECOY, DECOY);
  guest_put64(&g, SUPER + 0x28, VA(TYPE));
  guest_put64(&g, TYPE, VA(NAME));
  guest_put_text(&g, NAME, "ext4");
  for (int i = 0; i < 2; i++) {
    uint64_t idr = i ? IDR : EMPTY_IDR;
    guest_put(&g, idr + 4, 0x04000004, 4); // IDR_RT_MARKER of a kernel with 26 gfp bits
    guest_put64(&g, idr + 8, i ? VA(NODE) | 2 : 0);
  }
  guest_put64(&g, NODE + 40 + 8 * 5, VA(MAP)); // id 5
  guest_put(&g, MAP + 0x30, 5, 4);
  return 0;
}
static inline int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static inline void found(enum kl_symbol_id id, uint64_t phys) {
  assert_true(g.kernel.known[id].present);
  assert_int_equal(g.kernel.known[id].address, VA(phys));
}

static inline uint32_t adrp(unsigned d, uint64_t pc, uint64_t target) {
  uint64_t pages = (target >> 12) - (pc >> 12);
  return 0x90000000 | d | (uint32_t)(pages & 3) << 29 | (uint32_t)(pages >> 2 & 0x7ffff) << 5;
}
static inline uint32_t add(unsigned d, unsigned n, unsigned imm) {
  return 0x91000000 | d | n << 5 | imm << 10;
}

static inline void put_code(uint64_t at, const uint32_t *code, size_t n) {
  for (size_t i = 0; i < n; i++)
    guest_put(&g, at + 4 * i, code[i], 4);
}

#endif
