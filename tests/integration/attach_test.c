// Attach to memory that is full of what only looks like a kernel's: more of it than is kept or
// verified lies below the kernel. The search gives up in time and says so, and the kernel is found
// all the same, by what is left.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../corpus/generator/containers.h"
#include "../../corpus/generator/seeds.h"
#include "../../corpus/generator/subjects.h"
#include "kernel/attach.h"
#include "kernel/dump.h"

enum { PAGE = 4096, HEAD = 32, LOW = 40 << 20, WORKSPACE = 224 << 20 };

// A dump of two pieces: LOW bytes that a test fills, and the memory of a synthetic guest.
struct memory {
  struct guest *guest;
  struct bytes file;
};
static struct memory full, small;

// The one in use, how far decoys reach in it, and what was found.
static struct {
  struct memory *in;
  uint64_t next;
  struct kl_source source;
  struct kl_limits limits;
  void *block;
  struct kl_dump *dump;
} t;

static enum kl_status read_file(void *user, uint64_t offset, void *dst, size_t n) {
  (void)user;
  memcpy(dst, t.in->file.p + offset, n);
  return KL_OK;
}
static enum kl_status lend_file(void *user, uint64_t offset, size_t n, const uint8_t **ret) {
  (void)user, (void)n;
  *ret = t.in->file.p + offset;
  return KL_OK;
}

// A guest with no other VMCOREINFO, whose types have comm at a multiple of 8, as kernels do. Full: they
// are as large as a kernel's, and there is a damaged copy of them.
static void build(struct memory *m, bool is_full) {
  struct options o = {
      .seed = 1, .shape = paging_shape_named("x86_64"), .era = ERA_6_12, .low = LOW, .damaged_btf = is_full};
  m->guest = guest_build(&o);
  bytes_number(&m->file, 0x4c694d45, 4); // of LiME
  bytes_number(&m->file, 1, 4);
  bytes_number(&m->file, 0, 8);
  bytes_number(&m->file, LOW - 1, 8);
  bytes_number(&m->file, 0, 8);
  bytes_grow(&m->file, LOW);
  write_lime(m->guest, &m->file);
}

static int build_both(void **state) {
  (void)state;
  build(&full, true);
  build(&small, false);
  t.block = malloc(WORKSPACE);
  return t.block ? 0 : -1;
}

static void use(struct memory *m) {
  memset(m->file.p + HEAD, 0, LOW);
  t.in = m;
  t.limits = kl_limits_default();
  t.next = 0;
}

// Guests live until the program ends.
const char *__lsan_default_options(void);
const char *__lsan_default_options(void) {
  return "detect_leaks=0";
}

// ── Decoys ─────────────────────────────────────────────────────────────────

// The next page of the low memory; its physical address is where it lies.
static uint8_t *decoy(void) {
  assert_true(t.next + PAGE <= LOW);
  t.next += PAGE;
  return t.in->file.p + HEAD + t.next - PAGE;
}

static void put_infos(size_t n) { // of a kernel that is not there
  while (n--)
    strcpy((char *)decoy(), "OSRELEASE=5.10.0\nSYMBOL(swapper_pg_dir)=ffffffff82345000\n"
                            "SYMBOL(_stext)=ffffffff81000000\nNUMBER(phys_base)=4096\n");
}
static void put_tokens(size_t n) {
  while (n--)
    memcpy(decoy() + 64, "0\0001\0002\0003\0004\0005\0006\0007\0008\0009", 20);
}
// A header (include/uapi/linux/btf.h) as large as a kernel's, and no types.
static void put_btfs(size_t n) {
  static const uint32_t head[] = {0x0001eb9f, 24, 0, 2 << 20, 2 << 20, 16};
  while (n--)
    memcpy(decoy(), head, sizeof head);
}
// The name of an idle task; of the first, if its own parent and leader is where the name's page says.
static void put_names(size_t n, bool first) {
  while (n--) {
    uint64_t va = 0xffffffff91000000 + t.next;
    uint8_t *p = decoy();
    strcpy((char *)p + member_at(t.in->guest, 0, "task_struct", "comm"), "swapper/0");
    store(p + member_at(t.in->guest, 0, "task_struct", "real_parent"), first ? va : 0, 8);
    store(p + member_at(t.in->guest, 0, "task_struct", "group_leader"), first ? va : 0, 8);
    store(p + member_at(t.in->guest, 0, "task_struct", "pid"), 0, 4);
  }
}
// Top tables, the last entry of which leads to a table of nothing.
static void put_roots(size_t n) {
  uint64_t nothing = t.next;
  for (decoy(); n--;)
    store(decoy() + 511 * 8, nothing | 0x21, 8);
}

// Top tables that map three large pages of code where kernels lie.
static void put_images(size_t n) {
  uint64_t middle = t.next, low = middle + PAGE;
  store(decoy() + 510 * 8, low | 0x21, 8); // 0xffffffff80000000
  uint8_t *pages = decoy();
  for (uint64_t i = 8; i < 11; i++)
    store(pages + 8 * i, i << 21 | 0xa1, 8);
  while (n--)
    store(decoy() + 511 * 8, middle | 0x21, 8);
}

// ── What is found ──────────────────────────────────────────────────────────

static enum kl_status attach(bool lend) {
  struct kl_dump_options options = kl_dump_options_default();
  t.source = (struct kl_source){.bytes = t.in->file.n, .read = read_file, .lend = lend ? lend_file : NULL};
  options.sources = &t.source;
  options.n_sources = 1;
  options.limits = t.limits;
  assert_int_equal(kl_dump_open(t.block, WORKSPACE, &options, &t.dump, NULL), KL_OK);
  return kl_dump_attach(t.dump, NULL);
}

// How many candidates a search has left out.
static uint64_t left_out(const char *search) {
  const struct kl_diagnostics *all = kl_dump_diagnostics(t.dump);
  for (size_t i = 0; i < all->used; i++)
    if (strcmp(all->items[i].what, search) == 0 && all->items[i].reason == KL_ERR_LIMIT)
      return all->items[i].count;
  return 0;
}

// The guest's own kernel, and all of it.
static void found(bool lend, const char *by) {
  assert_int_equal(attach(lend), KL_OK);
  const struct kl_kernel *k = t.dump->kernel;
  if (strncmp(k->found_by, by, strlen(by)) != 0)
    fail_msg("found by %s", k->found_by);
  assert_int_equal(k->root, t.in->guest->root);
  assert_int_equal(k->image_base, t.in->guest->image_va);
  assert_int_equal(k->image_phys, t.in->guest->image_phys);
  assert_int_equal(k->btf_phys, phys_of(t.in->guest, t.in->guest->btf_va));
  assert_int_equal(k->direct_map_base, t.in->guest->direct_base);
  assert_int_equal(kl_symbols_count(k->symbols), t.in->guest->n_symbols);
  assert_string_equal(k->version, t.in->guest->banner);
}

#define FOR_INFOS "search for VMCOREINFO"
#define FOR_TABLES "search for a symbol table"
#define FOR_BTF "search for BTF"
#define FOR_TASKS "search for the first task"
#define FOR_ROOTS "search for a page-table root"

// As many as are verified (limits.candidates), and one more. Where memory is copied, one pass sees
// all; where it is lent, the first looks for VMCOREINFO alone.
enum { MOST = 64, OVER = MOST + 1 };

static void the_last_that_is_verified_is_the_kernels(void **state) {
  (void)state;
  use(&full);
  put_infos(OVER);
  put_tokens(MOST - 1);
  for (int lend = 0; lend < 2; lend++) {
    found(lend, "kallsyms and banner in memory; ");
    assert_int_equal(left_out(FOR_INFOS), 1);
    assert_int_equal(left_out(FOR_TABLES), 0);
  }
}

static void past_symbol_tables_it_is_the_first_task(void **state) {
  (void)state;
  use(&full);
  put_tokens(1000);
  put_btfs(MOST - 2);    // and a damaged copy
  put_names(200, false); // these are not verified
  for (int lend = 0; lend < 2; lend++) {
    found(lend, "the first task in memory; ");
    assert_int_equal(left_out(FOR_TABLES), 1000 + 1 - MOST);
    assert_int_equal(left_out(FOR_BTF), 0);
    assert_int_equal(left_out(FOR_TASKS), 0);
  }
}

static void past_first_tasks_it_is_a_root(void **state) {
  (void)state;
  use(&full);
  put_tokens(OVER);
  put_names(OVER, true);
  for (int lend = 0; lend < 2; lend++) {
    found(lend, "a page that maps a kernel image; ");
    assert_int_equal(left_out(FOR_TASKS), 2);
    assert_int_equal(left_out(FOR_ROOTS), 0);
  }
}

static void past_types_it_is_a_root(void **state) {
  (void)state;
  use(&full);
  put_tokens(OVER);
  put_btfs(OVER);
  for (int lend = 0; lend < 2; lend++) {
    found(lend, "a page that maps a kernel image; ");
    assert_int_equal(left_out(FOR_BTF), 1);
    assert_int_equal(left_out(FOR_TASKS), 0);
  }
}

static void roots_are_more_than_the_survey_keeps(void **state) {
  (void)state;
  use(&full);
  put_tokens(OVER);
  put_btfs(OVER);
  put_roots(KL_ROOT_PLACES + 100);
  for (int lend = 0; lend < 2; lend++) {
    found(lend, "a page that maps a kernel image; ");
    assert_int_equal(left_out(FOR_ROOTS), 0);
  }
  t.limits.root_pages = KL_ROOT_PLACES + 50; // none of them is the kernel's
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(attach(lend), KL_ERR_NOT_FOUND);
    assert_int_equal(left_out(FOR_ROOTS), 1);
  }
  t.limits.root_pages = KL_ROOT_PLACES + 1000;
  t.limits.root_steps = KL_ROOT_PLACES; // five levels want more
  assert_int_equal(attach(true), KL_ERR_NOT_FOUND);
  assert_true(left_out(FOR_ROOTS) > 0);
}

static void roots_of_images_are_verified_up_to_a_cap(void **state) {
  (void)state;
  use(&small);
  put_tokens(OVER);
  put_images(MOST - 1);
  for (int lend = 0; lend < 2; lend++) {
    found(lend, "a page that maps a kernel image; ");
    assert_int_equal(left_out(FOR_ROOTS), 0);
  }
  put_images(1); // now the kernel's is one too many
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(attach(lend), KL_ERR_NOT_FOUND);
    assert_true(left_out(FOR_ROOTS) > 0);
  }
}

// Nested searches multiply; what all of them look at to verify does not.
static void all_that_is_verified_has_a_cap(void **state) {
  (void)state;
  use(&full);
  put_tokens(MOST - 1);
  put_btfs(MOST - 2);
  for (uint64_t steps = 1; steps < 1 << 14; steps *= 8) { // less than the kernel's BTF has bytes
    t.limits.candidate_steps = steps;
    for (int lend = 0; lend < 2; lend++)
      assert_int_equal(attach(lend), KL_ERR_LIMIT);
  }
  t.limits.candidate_steps = 1 << 24;
  for (int lend = 0; lend < 2; lend++)
    found(lend, "kallsyms and banner in memory; ");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_last_that_is_verified_is_the_kernels),
      cmocka_unit_test(past_symbol_tables_it_is_the_first_task),
      cmocka_unit_test(past_first_tasks_it_is_a_root),
      cmocka_unit_test(past_types_it_is_a_root),
      cmocka_unit_test(roots_are_more_than_the_survey_keeps),
      cmocka_unit_test(roots_of_images_are_verified_up_to_a_cap),
      cmocka_unit_test(all_that_is_verified_has_a_cap),
  };
  return cmocka_run_group_tests(tests, build_both, NULL);
}
