// Raw images and their layouts, and files that are refused.
#include "image_files.h"

// A sparse file of any size: reads give the low byte of the page number.
static enum kl_status pages_read(void *user, uint64_t offset, void *dst, size_t n) {
  uint8_t *p = dst;
  (void)user;
  for (size_t i = 0; i < n; i++)
    p[i] = (uint8_t)((offset + i) >> 12);
  return KL_OK;
}

static void open_size(struct opened *o, uint64_t bytes) {
  uint64_t workspace;
  memset(o, 0, sizeof *o);
  o->limits = kl_limits_default();
  o->sources[0] = (struct kl_source){.bytes = bytes, .read = pages_read};
  assert_int_equal(kl_image_workspace(o->sources, 1, &o->limits, &workspace), KL_OK);
  o->block = malloc((size_t)workspace);
  kl_arena_init(&o->arena, o->block, (size_t)workspace);
  assert_int_equal(kl_image_open(&o->arena, o->sources, 1, NULL, &o->limits, NULL, &o->image), KL_OK);
}

static bool proposes(const struct opened *o, const char *name, struct kl_image_layout *ret) {
  for (uint64_t i = 0; kl_image_layout_propose(o->image, i, ret) == KL_OK; i++)
    if (!strcmp(ret->name, name))
      return true;
  return false;
}

static void unknown_bytes_are_raw_memory_from_zero(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  file_fill(&f, 0, 0x11, 0x1000);
  file_fill(&f, 0x1000, 0x22, 0x801);
  static const struct expected runs[] = {
      {0, 0x1000, KL_OK, 0x11}, {0x1000, 0x1801, KL_OK, 0x22}, {0x1801, 0x1900, KL_ERR_ABSENT, 0}};
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    assert_string_equal(kl_image_facts(o.image)->container, "raw");
    assert_int_equal(kl_image_facts(o.image)->elf_machine, 0);
    expect_runs(&o, runs, 3);
    expect_segment(&o, 0, 0, 0x1801, KL_SEGMENT_FILE, 0);
    expect_order(&o);
    uint8_t two[2];
    assert_int_equal(kl_image_read(o.image, 0x1800, two, 2), KL_ERR_ABSENT); // all or nothing
    assert_int_equal(kl_image_read(o.image, UINT64_MAX, two, 2), KL_ERR_ABSENT);
    assert_int_equal(kl_image_read(o.image, 0xffffffff00000000, two, 0), KL_OK);
    close_image(&o);
  }
  file_free(&f);
}

static void empty_file_is_malformed(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  assert_int_equal(open_files(&o, &f, 1, false, NULL), KL_ERR_MALFORMED);
  assert_int_equal(open_files(&o, &f, 0, false, NULL), KL_ERR_ARGUMENT);
  file_fill(&f, 0, 0, 1);
  assert_int_equal(open_files(&o, &f, 1, false, NULL), KL_OK); // one byte is memory
  expect_byte(&o, 0, KL_OK, 0);
  close_image(&o);
  file_free(&f);
}

static void layouts_are_those_that_fit_the_size(void **state) {
  (void)state;
  static const struct {
    uint64_t bytes;
    const char *name;
    bool there;
  } cases[] = {
      {512ull << 20, "flat", true},      {512ull << 20, "q35", false},  {512ull << 20, "arm64-virt", true},
      {0xafffffff, "q35", false},        {0xb0000000, "q35", true},     {0xb0000000, "i440fx", false},
      {0xdfffffff, "i440fx", false},     {0xe0000000, "i440fx", true},  {0xbfffffff, "microvm", false},
      {0xc0000000, "microvm", true},     {0xefffffff, "xen", false},    {0xf0000000, "xen", true},
      {0xd0000000, "firecracker", true}, {8ull << 30, "hyper-v", true}, {8ull << 30, "virtualbox", true},
      {8ull << 30, "microvm", false}, // the same place as i440fx: proposed once
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct opened o;
    struct kl_image_layout layout;
    open_size(&o, cases[i].bytes);
    assert_int_equal(proposes(&o, cases[i].name, &layout), cases[i].there);
    assert_int_equal(kl_image_layout_propose(o.image, 0, &layout), KL_OK);
    assert_string_equal(layout.name, "flat");
    assert_int_equal(kl_image_layout_propose(o.image, 1000, &layout), KL_END);
    close_image(&o);
  }
}

static void no_two_proposals_are_the_same_place(void **state) {
  (void)state;
  struct opened o;
  struct kl_image_layout a, b;
  open_size(&o, 64ull << 30);
  for (uint64_t i = 0; kl_image_layout_propose(o.image, i, &a) == KL_OK; i++)
    for (uint64_t k = 0; k < i; k++) {
      assert_int_equal(kl_image_layout_propose(o.image, k, &b), KL_OK);
      assert_false(a.base == b.base && a.hole_start == b.hole_start && a.hole_end == b.hole_end);
    }
  close_image(&o);
}

static void hole_moves_what_lies_above_it(void **state) {
  (void)state;
  struct opened o;
  struct kl_image_layout q35;
  open_size(&o, 3ull << 30);
  assert_true(proposes(&o, "q35", &q35));
  assert_int_equal(kl_image_layout_use(o.image, &q35), KL_OK);
  expect_byte(&o, 0x7fffffff, KL_OK, 0xff); // page 0x7ffff
  expect_byte(&o, 0x80000000, KL_ERR_ABSENT, 0);
  expect_byte(&o, 0xffffffff, KL_ERR_ABSENT, 0);
  expect_byte(&o, 0x100001000, KL_OK, 0x01); // file page 0x80001
  expect_byte(&o, 0x13fffffff, KL_OK, 0xff);
  expect_byte(&o, 0x140000000, KL_ERR_ABSENT, 0);
  expect_segment(&o, 0, 0, 0x80000000, KL_SEGMENT_FILE, 0);
  expect_segment(&o, 0x80000000, 0x100000000, 0x140000000, KL_SEGMENT_FILE, 0x80000000);
  expect_order(&o);
  assert_int_equal(kl_image_bytes(o.image), 3ull << 30);
  close_image(&o);
}

static void base_moves_everything(void **state) {
  (void)state;
  struct opened o;
  struct kl_image_layout arm = {"arm64-virt", 0x40000000, 0, 0}, flat = {"flat", 0, 0, 0};
  open_size(&o, 1 << 20);
  assert_int_equal(kl_image_layout_use(o.image, &arm), KL_OK);
  expect_byte(&o, 0, KL_ERR_ABSENT, 0);
  expect_byte(&o, 0x3fffffff, KL_ERR_ABSENT, 0);
  expect_byte(&o, 0x40003000, KL_OK, 3);
  assert_int_equal(kl_image_layout_use(o.image, &flat), KL_OK); // and back
  expect_byte(&o, 0x3000, KL_OK, 3);
  expect_byte(&o, 0x40003000, KL_ERR_ABSENT, 0);
  close_image(&o);
}

static void lime_raw_has_its_first_gap_below_1_mib(void **state) {
  (void)state;
  struct opened o;
  struct kl_image_layout layout;
  open_size(&o, 512 << 20);
  assert_true(proposes(&o, "lime-raw-bios", &layout));
  assert_int_equal(kl_image_layout_use(o.image, &layout), KL_OK);
  expect_byte(&o, 0xfff, KL_ERR_ABSENT, 0);
  expect_byte(&o, 0x1000, KL_OK, 0x00);
  expect_byte(&o, 0x9fbff, KL_OK, 0x9e);
  expect_byte(&o, 0x9fc00, KL_ERR_ABSENT, 0);
  expect_byte(&o, 0x100000, KL_OK, 0x9e); // file offset 0x9ec00
  expect_byte(&o, 0x100400, KL_OK, 0x9f);
  expect_order(&o);
  close_image(&o);
}

static void impossible_layouts_are_refused(void **state) {
  (void)state;
  struct opened o;
  static const struct kl_image_layout bad[] = {
      {"hole below the base", 0x40000000, 0x1000, 0x2000},
      {"hole at the base", 0x1000, 0x1000, 0x2000},
      {"hole ends before it starts", 0, 0x2000, 0x1000},
      {"past the last address", UINT64_MAX - 0x1000, 0, 0},
      {"above a hole at the end", 0, 0x1000, UINT64_MAX - 0x1000},
  };
  open_size(&o, 1 << 20);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(kl_image_layout_use(o.image, &bad[i]), KL_ERR_ARGUMENT);
  expect_byte(&o, 0x3000, KL_OK, 3); // what was in use still is
  close_image(&o);
}

static void known_but_unreadable_files_are_refused_by_name(void **state) {
  (void)state;
  static const struct {
    const char *head;
    size_t n;
    const char *says;
  } cases[] = {
      {"PAGEDU64", 8, "Windows crash dump"},
      {"PAGEDUMP", 8, "Windows crash dump"},
      {"HIBR", 4, "hibernation"},
      {"\xd2\xbe\xd2\xbe", 4, ".vmem"},
      {"\x7fVirtualBox SavedState V2.0", 27, "debugvm"},
      {"LibvirtQemudSave", 16, "virsh dump"},
      {"QEVM\0\0\0\3", 8, "dump-guest-memory"},
      {"\x1f\x8b\x08\0", 4, "gzip"},
      {"\xfd\x37zXZ\0", 6, "xz"},
      {"\x28\xb5\x2f\xfd", 4, "zstd"},
      {"makedumpfile\0\0\0\0\0\0\0\0\0\0\0\2", 24, "unknown version"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct file f = {0};
    struct opened o;
    file_put(&f, 0, cases[i].head, cases[i].n);
    file_grow(&f, 8192);
    assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_UNSUPPORTED);
    assert_true(has_note(&o, cases[i].says, KL_ERR_UNSUPPORTED));
    close_image(&o);
    file_free(&f);
  }
}

static void hibernation_in_swap_is_recognised_at_the_page_end(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  file_put(&f, 4086, "S1SUSPEND", 10);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_UNSUPPORTED);
  assert_true(has_note(&o, "hibernation", KL_ERR_UNSUPPORTED));
  close_image(&o);
  file_free(&f);
}

static void several_files_are_for_split_dumps_only(void **state) {
  (void)state;
  struct file f[2] = {{0}, {0}};
  struct opened o;
  file_fill(&f[0], 0, 1, 100);
  file_fill(&f[1], 0, 1, 100);
  assert_int_equal(open_files(&o, f, 2, true, NULL), KL_ERR_UNSUPPORTED);
  assert_true(has_note(&o, "split kdump", KL_ERR_UNSUPPORTED));
  close_image(&o);
  struct kl_limits limits = kl_limits_default();
  limits.source_files = 1;
  assert_int_equal(open_files(&o, f, 2, true, &limits), KL_ERR_LIMIT);
  file_free(&f[0]);
  file_free(&f[1]);
}

static void containers_that_state_their_layout_have_none_to_choose(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  struct kl_image_layout layout = {"flat", 0, 0, 0};
  file_le(&f, 0, 0x4c694d45, 4);
  file_le(&f, 4, 1, 4);
  file_le(&f, 8, 0x1000, 8);
  file_le(&f, 16, 0x1fff, 8);
  file_grow(&f, 32 + 0x1000);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_int_equal(kl_image_layout_propose(o.image, 0, &layout), KL_END);
  assert_int_equal(kl_image_layout_use(o.image, &layout), KL_ERR_UNSUPPORTED);
  close_image(&o);
  file_free(&f);
}

static void failing_reads_are_not_memory(void **state) {
  (void)state;
  struct file f = {0};
  static const struct expected runs[] = {{0, 8192, KL_OK, 0x5a}};
  file_fill(&f, 0, 0x5a, 8192);
  expect_faults_hold(&f, runs, 1);
  file_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unknown_bytes_are_raw_memory_from_zero),
      cmocka_unit_test(empty_file_is_malformed),
      cmocka_unit_test(layouts_are_those_that_fit_the_size),
      cmocka_unit_test(no_two_proposals_are_the_same_place),
      cmocka_unit_test(hole_moves_what_lies_above_it),
      cmocka_unit_test(base_moves_everything),
      cmocka_unit_test(lime_raw_has_its_first_gap_below_1_mib),
      cmocka_unit_test(impossible_layouts_are_refused),
      cmocka_unit_test(known_but_unreadable_files_are_refused_by_name),
      cmocka_unit_test(hibernation_in_swap_is_recognised_at_the_page_end),
      cmocka_unit_test(several_files_are_for_split_dumps_only),
      cmocka_unit_test(containers_that_state_their_layout_have_none_to_choose),
      cmocka_unit_test(failing_reads_are_not_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
