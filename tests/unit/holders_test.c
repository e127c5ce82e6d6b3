// Frames that struct pages do not name: vmalloc's areas, stacks, per-CPU memory
// and CPUs' free lists, on a guest whose lists also lie.
#include "page_builder.h"

#include "kernlens/diagnostics.h"
#include "linux/frames.h"
#include "linux/vmalloc.h"

#define VMALLOC 0xffffc90000000000ull

// Physical addresses of what is planted, all in the 512 KiB of the guest.
enum {
  UPPER = 0x10000, // tables of vmalloc, from the third level down
  MIDDLE = 0x11000,
  LAST = 0x12000,
  AREAS = 0x14000,
  AREA_BYTES = 0x100,
  VARIABLES = 0x18000,
  NODE_DATA = 0x19000,
  PAGESET = 0x1a000,
  TASKS = 0x1c000,
  CHUNK = 0x1e000,
  NODES = 0x1f000,
};
// Of a vmap_area; its vm_struct follows at 0x40.
enum { VA_START = 0, VA_END = 8, LINK = 0x10, VM = 0x20 };
enum { VM_FLAGS = 0, VM_PAGES = 8, VM_PHYS = 16, VM_CALLER = 24 };
enum {
  TASK_LINK = 0,
  TASK_FLAGS = 0x10,
  TASK_STACK = 0x18,
  TASK_SIGNAL = 0x20,
  TASK_NODE = 0x28,
  TASK_RING = 0x40
};
enum { ZONE_PAGESET = 8, ZONE_BYTES = 16, NODE_ZONES = 0, NODE_COUNT = 0x40, LISTS = 16, N_LISTS = 14 };
enum { CALLER = 0x5000, PERCPU_CALLER = 0x6000 };

static struct guest g;
static struct kl_diagnostic items[16];
static struct kl_diagnostics diagnostics;
static const struct kl_holders *all;

static uint64_t va(uint64_t phys) {
  return GUEST_DIRECT_MAP + phys;
}
static void symbol(enum kl_symbol_id id, uint64_t address) {
  g.kernel.known[id].present = true;
  g.kernel.known[id].address = address;
}

static int setup(void **state) {
  (void)state;
  pages_open(&g);
  static const struct {
    enum kl_field_id id;
    uint32_t offset, size;
  } fields[] = {
      {KL_F_list_head_next, 0, 8},
      {KL_F_page_lru, P_HEAD, 16},
      {KL_F_vmap_area_va_start, VA_START, 8},
      {KL_F_vmap_area_va_end, VA_END, 8},
      {KL_F_vmap_area_list, LINK, 16},
      {KL_F_vmap_area_vm, VM, 8},
      {KL_F_vm_struct_flags, VM_FLAGS, 8},
      {KL_F_vm_struct_nr_pages, VM_PAGES, 4},
      {KL_F_vm_struct_phys_addr, VM_PHYS, 8},
      {KL_F_vm_struct_caller, VM_CALLER, 8},
      {KL_F_pglist_data_node_zones, NODE_ZONES, 3 * ZONE_BYTES},
      {KL_F_pglist_data_nr_zones, NODE_COUNT, 4},
      {KL_F_zone_per_cpu_pageset, ZONE_PAGESET, 8},
      {KL_F_per_cpu_pages_lists, LISTS, 16 * N_LISTS},
      {KL_F_task_struct_tasks, TASK_LINK, 16},
      {KL_F_task_struct_flags, TASK_FLAGS, 4},
      {KL_F_task_struct_stack, TASK_STACK, 8},
      {KL_F_task_struct_signal, TASK_SIGNAL, 8},
      {KL_F_task_struct_thread_node, TASK_NODE, 16},
      {KL_F_signal_struct_thread_head, 0, 16},
      {KL_F_pcpu_chunk_base_addr, 0, 8},
      {KL_F_pcpu_chunk_nr_pages, 8, 4},
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    guest_field(&g, fields[i].id, fields[i].offset, fields[i].size);
  g.kernel.types[KL_T_zone].present = true;
  g.kernel.types[KL_T_zone].bytes = ZONE_BYTES;
  g.kernel.enums[KL_E_migratetype_MIGRATE_PCPTYPES].present = true;
  g.kernel.enums[KL_E_migratetype_MIGRATE_PCPTYPES].value = 3;
  g.kernel.cpus = 1;
  diagnostics = (struct kl_diagnostics){.items = items, .capacity = 16};
  g.kernel.diagnostics = &diagnostics;
  // Tables for the first 512 pages of vmalloc; no page yet.
  guest_put64(&g, g.kernel.root + 8 * (VMALLOC >> 39 & 511), UPPER | 0x63);
  guest_put64(&g, UPPER, MIDDLE | 0x63);
  guest_put64(&g, MIDDLE, LAST | 0x63);
  for (uint64_t pfn = 0; pfn < 128; pfn++)
    put_page(&g, pfn, 0, 0, 0, 1);
  // The list of areas, and of tasks, with nothing in them.
  symbol(KL_S_vmap_area_list, va(VARIABLES));
  guest_put64(&g, VARIABLES, va(VARIABLES));
  symbol(KL_S_init_task, va(TASKS));
  guest_put64(&g, TASKS + TASK_LINK, va(TASKS + TASK_LINK));
  all = NULL;
  return 0;
}
static int teardown(void **state) {
  (void)state;
  guest_close(&g);
  return 0;
}

static void map_page(uint64_t page, uint64_t pfn) {
  guest_put64(&g, LAST + 8 * page, pfn << 12 | 0x63);
}

// Area n of the list: pages from first on, and a guard page; linked behind the
// one before.
static void put_area(unsigned n, uint64_t first, uint64_t pages, uint64_t flags, uint64_t caller) {
  uint64_t at = AREAS + AREA_BYTES * (uint64_t)n;
  guest_put64(&g, at + VA_START, VMALLOC + 4096 * first);
  guest_put64(&g, at + VA_END, VMALLOC + 4096 * (first + pages + 1));
  guest_put64(&g, at + VM, va(at + 0x40));
  guest_put64(&g, at + 0x40 + VM_FLAGS, flags);
  guest_put(&g, at + 0x40 + VM_PAGES, pages, 4);
  guest_put64(&g, at + 0x40 + VM_CALLER, caller);
  guest_put64(&g, n ? at - AREA_BYTES + LINK : VARIABLES, va(at + LINK));
  guest_put64(&g, at + LINK, va(VARIABLES));
}

static void find(void) {
  assert_int_equal(kl_holders_find(&g.kernel, &g.budget, &all), KL_OK);
}
static void expect_kind(uint64_t pfn, enum kl_page_kind kind) {
  struct kl_frame_walk walk;
  struct kl_frame frame;
  kl_frame_walk_init(&walk, &g.kernel, &g.budget, pfn, pfn, all);
  assert_int_equal(kl_frame_walk_next(&walk, &frame), KL_OK);
  assert_int_equal(frame.kind, kind);
}

static void frames_of_areas_are_vmallocs(void **state) {
  (void)state;
  map_page(1, 70); // scattered, as the allocator gives them
  map_page(2, 50);
  map_page(5, 60);
  put_area(0, 1, 2, KL_VMALLOC_ALLOC, CALLER);
  put_area(1, 5, 1, KL_VMALLOC_IOREMAP, CALLER);
  find();
  assert_int_equal(all->why, KL_OK);
  assert_int_equal(all->n_holders, 1);
  assert_int_equal(all->n_held, 2);
  expect_kind(50, KL_KIND_VMALLOC);
  expect_kind(70, KL_KIND_VMALLOC);
  expect_kind(60, KL_KIND_UNKNOWN);
  size_t at = 0;
  struct kl_held held;
  assert_true(kl_holders_of(all, 70, &at, &held));
  assert_int_equal(held.holder->object, CALLER);
  assert_int_equal(held.holder->start, VMALLOC + 4096);
  assert_true(kl_holders_of(all, 50, &at, &held)); // backwards, too
  assert_false(kl_holders_of(all, 51, &at, &held));
}

static void what_the_struct_page_says_comes_first(void **state) {
  (void)state;
  map_page(1, 70);
  put_area(0, 1, 1, KL_VMALLOC_ALLOC, CALLER);
  put_page(&g, 70, 1u << LRU, ANON_MAPPING, 0, 1);
  find();
  expect_kind(70, KL_KIND_ANON);
}

static void who_owns_a_frame_is_asked_before_who_borrows_it(void **state) {
  (void)state;
  map_page(1, 70);
  map_page(3, 70);
  put_area(0, 1, 1, KL_VMALLOC_MAP, CALLER);
  put_area(1, 3, 1, KL_VMALLOC_ALLOC, CALLER + 1);
  find();
  size_t at = 0;
  struct kl_held held;
  assert_true(kl_holders_of(all, 70, &at, &held));
  assert_int_equal(held.holder->object, CALLER + 1);
}

static void areas_of_every_node_are_found(void **state) {
  (void)state;
  // Two nodes, each a list head at 0x10 of 0x40 bytes.
  guest_field(&g, KL_F_vmap_node_busy, 8, 24);
  guest_field(&g, KL_F_rb_list_head, 8, 16);
  g.kernel.types[KL_T_vmap_node].present = true;
  g.kernel.types[KL_T_vmap_node].bytes = 0x40;
  symbol(KL_S_vmap_nodes, va(VARIABLES + 0x20));
  symbol(KL_S_nr_vmap_nodes, va(VARIABLES + 0x28));
  guest_put64(&g, VARIABLES + 0x20, va(NODES));
  guest_put(&g, VARIABLES + 0x28, 2, 4);
  map_page(1, 70);
  map_page(9, 71);
  put_area(0, 9, 1, KL_VMALLOC_ALLOC, CALLER);
  put_area(1, 1, 1, KL_VMALLOC_ALLOC, CALLER); // lower: nodes are each in order
  for (unsigned n = 0; n < 2; n++) {
    uint64_t head = NODES + 0x40 * n + 0x10, link = AREAS + AREA_BYTES * n + LINK;
    guest_put64(&g, head, va(link));
    guest_put64(&g, link, va(head));
  }
  find();
  assert_int_equal(all->why, KL_OK);
  expect_kind(70, KL_KIND_VMALLOC);
  expect_kind(71, KL_KIND_VMALLOC);
  // More nodes than any kernel makes.
  guest_put(&g, VARIABLES + 0x28, UINT32_MAX, 4);
  struct kl_vmalloc_walk walk;
  assert_int_equal(kl_vmalloc_walk_init(&walk, &g.kernel, &g.budget), KL_ERR_LIMIT);
}

static void stacks_in_areas_are_their_tasks(void **state) {
  (void)state;
  for (uint64_t i = 0; i < 4; i++)
    map_page(8 + i, 80 + i);
  put_area(0, 8, 4, KL_VMALLOC_ALLOC, CALLER);
  map_page(20, 90);
  put_area(1, 20, 1, KL_VMALLOC_ALLOC, CALLER);
  uint64_t task = TASKS + 0x100;
  guest_put64(&g, TASKS + TASK_LINK, va(task + TASK_LINK));
  guest_put64(&g, task + TASK_LINK, va(TASKS + TASK_LINK));
  guest_put64(&g, task + TASK_STACK, VMALLOC + 4096 * 8);
  guest_put64(&g, task + TASK_SIGNAL, va(task + TASK_RING));
  guest_put64(&g, task + TASK_RING, va(task + TASK_NODE));
  guest_put64(&g, task + TASK_NODE, va(task + TASK_RING));
  find();
  for (uint64_t pfn = 80; pfn < 84; pfn++)
    expect_kind(pfn, KL_KIND_KERNEL_STACK);
  expect_kind(90, KL_KIND_VMALLOC);
  size_t at = 0;
  struct kl_held held;
  assert_true(kl_holders_of(all, 82, &at, &held));
  assert_int_equal(held.holder->object, va(task));
}

static void stacks_in_the_direct_map_are_as_long_as_the_first(void **state) {
  (void)state;
  uint64_t task = TASKS + 0x100;
  symbol(KL_S_init_stack, 0xffffffff81000000);
  symbol(KL_S___end_init_task, 0xffffffff81004000);
  guest_put64(&g, TASKS + TASK_LINK, va(task + TASK_LINK));
  guest_put64(&g, task + TASK_LINK, va(TASKS + TASK_LINK));
  guest_put64(&g, task + TASK_STACK, va(100 << 12));
  guest_put64(&g, task + TASK_SIGNAL, va(task + TASK_RING));
  guest_put64(&g, task + TASK_RING, va(task + TASK_NODE));
  guest_put64(&g, task + TASK_NODE, va(task + TASK_RING));
  find();
  for (uint64_t pfn = 100; pfn < 104; pfn++)
    expect_kind(pfn, KL_KIND_KERNEL_STACK);
  expect_kind(99, KL_KIND_UNKNOWN);
  expect_kind(104, KL_KIND_UNKNOWN);
}

static void the_first_chunk_is_told_from_other_reserved_memory(void **state) {
  (void)state;
  symbol(KL_S_pcpu_base_addr, va(VARIABLES + 0x40));
  symbol(KL_S_pcpu_unit_offsets, va(VARIABLES + 0x48));
  symbol(KL_S_pcpu_first_chunk, va(VARIABLES + 0x50));
  symbol(KL_S_pcpu_get_vm_areas, PERCPU_CALLER);
  guest_put64(&g, VARIABLES + 0x40, va(40 << 12));
  guest_put64(&g, VARIABLES + 0x48, va(VARIABLES + 0x58));
  guest_put64(&g, VARIABLES + 0x50, va(CHUNK));
  guest_put64(&g, VARIABLES + 0x58, 0x4000); // the CPU's unit: four pages behind the base
  guest_put64(&g, CHUNK, va(41 << 12));      // the kernel's own variables take one page
  guest_put(&g, CHUNK + 8, 2, 4);
  for (uint64_t pfn = 43; pfn < 49; pfn++)
    put_page(&g, pfn, 1u << RESERVED, 0, 0, 1);
  map_page(1, 70);
  put_area(0, 1, 1, KL_VMALLOC_ALLOC, PERCPU_CALLER);
  find();
  expect_kind(43, KL_KIND_RESERVED);
  expect_kind(44, KL_KIND_PERCPU);
  expect_kind(46, KL_KIND_PERCPU);
  expect_kind(47, KL_KIND_RESERVED);
  expect_kind(70, KL_KIND_PERCPU);
}

// ── Free lists ─────────────────────────────────────────────────────────────

static uint64_t list_head(unsigned i) {
  return PAGESET + LISTS + 16 * i;
}

// One node with one zone, whose lists are empty.
static void plant_lists(void) {
  symbol(KL_S_node_data, va(VARIABLES + 0x80));
  guest_put64(&g, VARIABLES + 0x80, va(NODE_DATA));
  guest_put(&g, NODE_DATA + NODE_COUNT, 1, 4);
  guest_put64(&g, NODE_DATA + ZONE_PAGESET, va(PAGESET));
  for (unsigned i = 0; i < N_LISTS; i++)
    guest_put64(&g, list_head(i), va(list_head(i)));
}
static void put_listed(unsigned list, uint64_t pfn, uint64_t next_phys) {
  put_page(&g, pfn, 0, 0, 0, 0);
  guest_put64(&g, list_head(list), page_va(pfn) + P_HEAD);
  guest_put64(&g, page_phys(pfn) + P_HEAD, va(next_phys));
}

static void pages_that_a_cpu_keeps_are_free(void **state) {
  (void)state;
  plant_lists();
  put_listed(1, 30, list_head(1)); // single pages
  put_listed(7, 32, list_head(7)); // 7 / 3 = 2: blocks of four
  for (uint64_t pfn = 33; pfn < 36; pfn++)
    put_page(&g, pfn, 0, 0, 0, 0);
  find();
  assert_int_equal(all->why, KL_OK);
  assert_int_equal(all->n_held, 5);
  expect_kind(30, KL_KIND_FREE);
  for (uint64_t pfn = 32; pfn < 36; pfn++)
    expect_kind(pfn, KL_KIND_FREE);
  expect_kind(31, KL_KIND_UNKNOWN);
  struct kl_held held;
  size_t at = 0;
  assert_true(kl_holders_of(all, 35, &at, &held));
  assert_null(held.holder);
  assert_int_equal(held.order, 2);
}

static void the_last_lists_hold_huge_pages(void **state) {
  (void)state;
  plant_lists();
  put_listed(13, 0, list_head(13));
  find();
  assert_int_equal(all->n_held, 512);
}

static void what_has_users_is_not_free(void **state) {
  (void)state;
  plant_lists();
  put_listed(0, 30, list_head(0));
  guest_put(&g, page_phys(30) + P_REFERENCES, 1, 4);
  find();
  expect_kind(30, KL_KIND_UNKNOWN);
}

static void a_list_that_leads_astray_ends_and_the_others_are_read(void **state) {
  (void)state;
  plant_lists();
  put_listed(0, 30, page_phys(30) + P_HEAD); // itself
  guest_put64(&g, list_head(1), va(VARIABLES + 1));
  put_listed(2, 31, list_head(2));
  find();
  assert_int_not_equal(all->why, KL_OK);
  assert_string_equal(all->lost_what, "free lists of CPUs");
  expect_kind(31, KL_KIND_FREE);
}

static void more_zones_than_a_node_has_room_for_are_refused(void **state) {
  (void)state;
  plant_lists();
  guest_put(&g, NODE_DATA + NODE_COUNT, 4, 4);
  find();
  assert_int_equal(all->why, KL_ERR_MALFORMED);
  assert_int_equal(all->n_held, 0);
}

// ── Hostile areas ──────────────────────────────────────────────────────────

static void areas_that_overlap_are_walked_once(void **state) {
  (void)state;
  map_page(1, 70);
  put_area(0, 1, 400, KL_VMALLOC_ALLOC, CALLER);
  put_area(1, 1, 400, KL_VMALLOC_ALLOC, CALLER);
  find();
  assert_int_equal(all->why, KL_ERR_MALFORMED);
  assert_int_equal(all->n_holders, 1);
}

static void a_list_of_areas_in_a_ring_ends(void **state) {
  (void)state;
  put_area(0, 1, 1, KL_VMALLOC_ALLOC, CALLER);
  guest_put64(&g, AREAS + LINK, va(AREAS + LINK));
  find();
  assert_int_not_equal(all->why, KL_OK);
  assert_int_equal(all->n_holders, 1);
}

static void frames_past_the_limit_are_said_to_be_lost(void **state) {
  (void)state;
  g.limits.held_frames = 3;
  for (uint64_t i = 0; i < 8; i++)
    map_page(8 + i, 80 + i);
  put_area(0, 8, 8, KL_VMALLOC_ALLOC, CALLER);
  find();
  assert_int_equal(all->why, KL_ERR_LIMIT);
  assert_int_equal(all->n_held, 3);
  expect_kind(82, KL_KIND_VMALLOC);
  expect_kind(83, KL_KIND_UNKNOWN);
}

static void an_area_over_everything_costs_what_the_tables_hold(void **state) {
  (void)state;
  put_area(0, 0, 1, KL_VMALLOC_ALLOC, CALLER);
  guest_put64(&g, AREAS + VA_START, 0xffff800000000000); // the direct map's page of 1 GiB is in it
  guest_put64(&g, AREAS + VA_END, 0xffffffffffffffff);
  g.limits.held_frames = 1000;
  find();
  assert_int_equal(all->why, KL_ERR_LIMIT);
  assert_int_equal(all->n_held, 1000);
}

static void nothing_is_kept_of_a_search_that_was_cut_short(void **state) {
  (void)state;
  for (uint64_t i = 0; i < 8; i++)
    map_page(8 + i, 80 + i);
  put_area(0, 8, 8, KL_VMALLOC_ALLOC, CALLER);
  size_t used = g.arena.used;
  g.budget.steps = 20;
  assert_int_equal(kl_holders_find(&g.kernel, &g.budget, &all), KL_ERR_BUDGET);
  assert_int_equal(g.arena.used, used);
  g.budget.steps = 1 << 20;
  find();
  assert_int_equal(all->n_held, 8);
}

// ── What it takes ──────────────────────────────────────────────────────────

static void memory_is_as_the_header_says(void **state) {
  (void)state;
  for (uint64_t i = 0; i < 400; i++)
    map_page(8 + i, i % 128);
  put_area(0, 8, 400, KL_VMALLOC_ALLOC, CALLER);
  size_t used = g.arena.used;
  find();
  assert_int_equal(all->n_held, 400);
  size_t most = sizeof *all + KL_HOLDER_BYTES + 400 * KL_HELD_FRAME_BYTES + 64; // 64: alignment
  assert_true(g.arena.used - used <= most);
  size_t again = g.arena.used;
  find();
  assert_int_equal(g.arena.used, again);
}

static void without_symbols_nothing_is_lost_and_that_is_noted(void **state) {
  (void)state;
  g.kernel.known[KL_S_vmap_area_list].present = false;
  find();
  assert_int_equal(all->why, KL_OK);
  assert_int_equal(all->n_held, 0);
  assert_int_equal(diagnostics.used, 3);
  assert_string_equal(items[0].what, "vmalloc areas");
  expect_kind(50, KL_KIND_UNKNOWN);
}

// An area that maps one frame all over has as many words of it as pages, and a
// stack there goes through all of them, for each task anew.
static void a_stack_in_a_frame_of_many_holders_is_counted(void **state) {
  (void)state;
  enum { MAPPED = 500, TASK_BYTES = 0x80, SELF = 0x60 };
  for (uint64_t page = 0; page < MAPPED; page++)
    map_page(page, 70);
  put_area(0, 0, MAPPED, KL_VMALLOC_ALLOC, CALLER);
  for (uint64_t i = 1; i <= 8; i++) {
    uint64_t task = TASKS + TASK_BYTES * i;
    guest_put64(&g, task - TASK_BYTES + TASK_LINK, va(task + TASK_LINK));
    guest_put64(&g, task + TASK_LINK, va(TASKS + TASK_LINK));
    guest_put64(&g, task + TASK_SIGNAL, va(task + SELF));
    guest_put64(&g, task + SELF, va(task + SELF));
    guest_put64(&g, task + TASK_STACK, VMALLOC + 4096 * i);
  }
  uint64_t before = g.budget.steps;
  find();
  assert_true(before - g.budget.steps >= MAPPED + 8 * MAPPED);
}

// An area that ends where addresses do has one page there, and none behind it.
static void an_area_at_the_end_of_all_addresses_ends(void **state) {
  (void)state;
  enum { TOP = 0x30000, BELOW = 0x31000, LEAVES = 0x32000, INDEX = 8 * 511 };
  guest_put64(&g, g.kernel.root + INDEX, TOP | 0x63);
  guest_put64(&g, TOP + INDEX, BELOW | 0x63);
  guest_put64(&g, BELOW + INDEX, LEAVES | 0x63);
  guest_put64(&g, LEAVES + INDEX, 70ull << 12 | 0x63);
  put_area(0, 1, 1, KL_VMALLOC_ALLOC, CALLER);
  guest_put64(&g, AREAS + VA_START, 0xfffffffffffff000);
  guest_put64(&g, AREAS + VA_END, UINT64_MAX);
  find();
  assert_int_equal(all->why, KL_OK);
  assert_int_equal(all->n_held, 1);
  expect_kind(70, KL_KIND_VMALLOC);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(frames_of_areas_are_vmallocs),
      TEST(what_the_struct_page_says_comes_first),
      TEST(who_owns_a_frame_is_asked_before_who_borrows_it),
      TEST(areas_of_every_node_are_found),
      TEST(stacks_in_areas_are_their_tasks),
      TEST(stacks_in_the_direct_map_are_as_long_as_the_first),
      TEST(the_first_chunk_is_told_from_other_reserved_memory),
      TEST(pages_that_a_cpu_keeps_are_free),
      TEST(the_last_lists_hold_huge_pages),
      TEST(what_has_users_is_not_free),
      TEST(a_list_that_leads_astray_ends_and_the_others_are_read),
      TEST(more_zones_than_a_node_has_room_for_are_refused),
      TEST(areas_that_overlap_are_walked_once),
      TEST(a_list_of_areas_in_a_ring_ends),
      TEST(frames_past_the_limit_are_said_to_be_lost),
      TEST(an_area_over_everything_costs_what_the_tables_hold),
      TEST(nothing_is_kept_of_a_search_that_was_cut_short),
      TEST(memory_is_as_the_header_says),
      TEST(without_symbols_nothing_is_lost_and_that_is_noted),
      TEST(a_stack_in_a_frame_of_many_holders_is_counted),
      TEST(an_area_at_the_end_of_all_addresses_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
