// ELF cores: segments, their oddities, and notes.
#include "image_files.h"

enum { EHDR = 64, PHDR = 56 };

// An ELF core with phdrs at 64. Segments are put by the tests.
static void put_header(struct file *f, uint16_t machine, uint16_t phnum) {
  file_put(f, 0, "\177ELF\2\1\1", 7);
  file_le(f, 16, 4, 2); // ET_CORE
  file_le(f, 18, machine, 2);
  file_le(f, 20, 1, 4);
  file_le(f, 32, EHDR, 8);
  file_le(f, 52, EHDR, 2);
  file_le(f, 54, PHDR, 2);
  file_le(f, 56, phnum, 2);
  file_grow(f, EHDR + (size_t)phnum * PHDR);
}

static void put_segment(struct file *f, size_t i, uint32_t type, uint64_t offset, uint64_t vaddr, uint64_t paddr,
                        uint64_t filesz, uint64_t memsz) {
  size_t at = EHDR + i * PHDR;
  file_le(f, at, type, 4);
  file_le(f, at + 8, offset, 8);
  file_le(f, at + 16, vaddr, 8);
  file_le(f, at + 24, paddr, 8);
  file_le(f, at + 32, filesz, 8);
  file_le(f, at + 40, memsz, 8);
}

static void put_load(struct file *f, size_t i, uint64_t offset, uint64_t paddr, uint64_t filesz, uint64_t memsz) {
  put_segment(f, i, 1, offset, 0xffff888000000000 + paddr, paddr, filesz, memsz);
}

// Appends a note to notes at *at.
static void put_note(struct file *f, size_t *at, const char *name, uint32_t type, const struct file *desc) {
  size_t name_n = strlen(name) + 1;
  file_le(f, *at, name_n, 4);
  file_le(f, *at + 4, desc->n, 4);
  file_le(f, *at + 8, type, 4);
  file_put(f, *at + 12, name, name_n);
  file_put(f, *at + 12 + (name_n + 3) / 4 * 4, desc->p ? desc->p : (const uint8_t *)"", desc->n);
  *at += 12 + (name_n + 3) / 4 * 4 + (desc->n + 3) / 4 * 4;
  file_grow(f, *at);
}

static void memory_lies_at_its_physical_address(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  static const struct expected runs[] = {
      {0x1000, 0x2000, KL_OK, 0xa1},      {0x100000, 0x100800, KL_OK, 0xb2},      {0, 0x1000, KL_ERR_ABSENT, 0},
      {0x2000, 0x2001, KL_ERR_ABSENT, 0}, {0x100800, 0x101000, KL_ERR_ABSENT, 0},
  };
  put_header(&f, 62, 2);
  put_load(&f, 0, 0x2000, 0x100000, 0x800, 0x800); // not in order, neither here nor there
  put_load(&f, 1, 0x1000, 0x1000, 0x1000, 0x1000);
  file_fill(&f, 0x1000, 0xa1, 0x1000);
  file_fill(&f, 0x2000, 0xb2, 0x800);
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    assert_string_equal(kl_image_facts(o.image)->container, "elf");
    assert_int_equal(kl_image_facts(o.image)->elf_machine, 62);
    assert_false(kl_image_facts(o.image)->incomplete);
    assert_int_equal(o.diagnostics.used, 0);
    expect_runs(&o, runs, 5);
    expect_segment(&o, 0, 0x1000, 0x2000, KL_SEGMENT_FILE, 0x1000);
    expect_segment(&o, 0x2000, 0x100000, 0x100800, KL_SEGMENT_FILE, 0x2000);
    expect_order(&o);
    close_image(&o);
  }
  expect_truncations_hold(&f, runs, 5);
  expect_faults_hold(&f, runs, 5);
  expect_mutations_end(&f, 0, EHDR + 2 * PHDR, runs, 5);
  file_free(&f);
}

static void reads_cross_segments_that_touch(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  uint8_t got[16];
  put_header(&f, 183, 2);
  put_load(&f, 0, 0x3000, 0x40001000, 0x1000, 0x1000);
  put_load(&f, 1, 0x1000, 0x40000000, 0x1000, 0x1000);
  file_fill(&f, 0x1000, 0x01, 0x1000);
  file_fill(&f, 0x3000, 0x02, 0x1000);
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    assert_int_equal(kl_image_read(o.image, 0x40000ff8, got, 16), KL_OK);
    assert_memory_equal(got, "\1\1\1\1\1\1\1\1\2\2\2\2\2\2\2\2", 16);
    const uint8_t *lent;
    bool stable;
    assert_int_equal(kl_image_lend(o.image, 0x40000ff8, 16, &lent, &stable), KL_ERR_UNSUPPORTED);
    assert_int_equal(kl_image_lend(o.image, 0x40000ff8, 8, &lent, &stable), lend ? KL_OK : KL_ERR_UNSUPPORTED);
    if (lend) {
      assert_true(stable);
      assert_ptr_equal(lent, f.p + 0x1ff8); // the file itself, not a copy
    }
    close_image(&o);
  }
  file_free(&f);
}

static void memory_without_bytes_is_filtered_not_zero(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  static const struct expected runs[] = {
      {0x1000, 0x1800, KL_OK, 0x33}, {0x1800, 0x4000, KL_ERR_FILTERED, 0}, {0x8000, 0x9000, KL_ERR_FILTERED, 0}};
  put_header(&f, 62, 2);
  put_load(&f, 0, 0x1000, 0x1000, 0x800, 0x3000);
  put_load(&f, 1, 0, 0x8000, 0, 0x1000); // QEMU with a filter: offset and size 0
  file_fill(&f, 0x1000, 0x33, 0x800);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_runs(&o, runs, 3);
  uint8_t got[2];
  assert_int_equal(kl_image_read(o.image, 0x17ff, got, 2), KL_ERR_FILTERED); // the first byte that fails says why
  expect_segment(&o, 0x1800, 0x1800, 0x4000, KL_SEGMENT_FILTERED, 0);
  expect_order(&o);
  close_image(&o);
  expect_truncations_hold(&f, runs, 3);
  file_free(&f);
}

static void kernel_text_listed_twice_is_no_contradiction(void **state) {
  // kexec lists the kernel image through its own mapping too, before the direct map.
  (void)state;
  struct file f = {0};
  struct opened o;
  static const struct expected runs[] = {{0x100000, 0x103000, KL_OK, 0x77}};
  put_header(&f, 62, 2);
  put_segment(&f, 0, 1, 0x1000, 0xffffffff81000000, 0x101000, 0x1000, 0x1000);
  put_load(&f, 1, 0x2000, 0x100000, 0x3000, 0x3000);
  file_fill(&f, 0x1000, 0x66, 0x1000);
  file_fill(&f, 0x2000, 0x77, 0x3000);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_int_equal(o.diagnostics.used, 0);
  expect_runs(&o, runs, 1);
  expect_segment(&o, 0, 0x100000, 0x103000, KL_SEGMENT_FILE, 0x2000);
  close_image(&o);
  file_free(&f);
}

static void overlap_is_resolved_and_told(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  static const struct expected runs[] = {{0x1000, 0x2000, KL_OK, 0x11}, {0x2000, 0x2800, KL_OK, 0x22}};
  put_header(&f, 62, 2);
  put_load(&f, 0, 0x1000, 0x1000, 0x1000, 0x1000);
  put_load(&f, 1, 0x2000, 0x1800, 0x1000, 0x1000);
  file_fill(&f, 0x1000, 0x11, 0x1000);
  file_fill(&f, 0x2000, 0x22, 0x1000);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(has_note(&o, "overlap", KL_ERR_MALFORMED));
  expect_runs(&o, runs, 2);
  expect_order(&o);
  close_image(&o);
  file_free(&f);
}

static void cut_file_keeps_what_is_there(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  static const struct expected runs[] = {
      {0x1000, 0x1800, KL_OK, 0x44}, {0x1800, 0x2000, KL_ERR_ABSENT, 0}, {0x5000, 0x6000, KL_ERR_ABSENT, 0}};
  put_header(&f, 62, 2);
  put_load(&f, 0, 0x1000, 0x1000, 0x1000, 0x1000);
  put_load(&f, 1, 0x2000, 0x5000, 0x1000, 0x1000);
  file_fill(&f, 0x1000, 0x44, 0x800);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(kl_image_facts(o.image)->incomplete);
  assert_true(has_note(&o, "file ends before", KL_ERR_ABSENT));
  expect_runs(&o, runs, 3);
  expect_order(&o);
  close_image(&o);
  file_free(&f);
}

static void many_segments_are_counted_in_section_zero(void **state) {
  // PN_XNUM: e_phnum is 0xffff and sh_info of section 0 has the count.
  (void)state;
  enum { COUNT = 66000 };
  struct file f = {0};
  struct opened o;
  put_header(&f, 62, 0);
  file_le(&f, 56, 0xffff, 2);
  size_t section = EHDR + COUNT * PHDR;
  file_le(&f, 40, section, 8);
  file_le(&f, 60, 1, 2);
  file_grow(&f, section + 64);
  file_le(&f, section + 44, COUNT, 4);
  for (size_t i = 0; i < COUNT; i++)
    put_load(&f, i, section, i * 0x2000, 1, 1);
  f.p[section] = 0x5e;
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_byte(&o, (COUNT - 1) * 0x2000ull, KL_OK, 0x5e);
  expect_byte(&o, COUNT * 0x2000ull, KL_ERR_ABSENT, 0);
  close_image(&o);
  struct kl_limits limits = kl_limits_default();
  limits.segments = 1000;
  assert_int_equal(open_files(&o, &f, 1, true, &limits), KL_OK);
  assert_true(has_note(&o, "more segments", KL_ERR_LIMIT));
  expect_byte(&o, 999 * 0x2000ull, KL_OK, 0x5e);
  expect_byte(&o, 1000 * 0x2000ull, KL_ERR_ABSENT, 0);
  close_image(&o);
  file_le(&f, 40, f.n - 1, 8); // the section lies outside
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_MALFORMED);
  close_image(&o);
  file_free(&f);
}

static void other_elf_files_are_refused_by_name(void **state) {
  (void)state;
  static const struct {
    size_t at;
    uint64_t value;
    size_t n;
    const char *says;
  } cases[] = {{4, 1, 1, "32-bit"}, {5, 2, 1, "big-endian"}, {16, 2, 2, "not a core"}, {16, 1, 2, "not a core"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct file f = {0};
    struct opened o;
    put_header(&f, 62, 1);
    put_load(&f, 0, 0x100, 0, 1, 1);
    file_grow(&f, 0x101);
    file_le(&f, cases[i].at, cases[i].value, cases[i].n);
    assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_UNSUPPORTED);
    assert_true(has_note(&o, cases[i].says, KL_ERR_UNSUPPORTED));
    close_image(&o);
    file_free(&f);
  }
}

static void cores_without_physical_memory_are_refused(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  put_header(&f, 62, 2); // a process: virtual addresses only
  put_segment(&f, 0, 1, 0x200, 0x400000, 0, 0x10, 0x10);
  put_segment(&f, 1, 1, 0x210, 0x500000, 0, 0x10, 0x10);
  file_grow(&f, 0x220);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_UNSUPPORTED);
  assert_true(has_note(&o, "one process", KL_ERR_UNSUPPORTED));
  close_image(&o);
  file_le(&f, 56, 0, 2); // Xen: sections instead of segments
  file_le(&f, 60, 5, 2);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_UNSUPPORTED);
  assert_true(has_note(&o, "Xen", KL_ERR_UNSUPPORTED));
  close_image(&o);
  file_le(&f, 60, 0, 2);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_MALFORMED);
  close_image(&o);
  file_free(&f);
}

static void version_zero_is_taken(void **state) {
  (void)state; // VirtualBox
  struct file f = {0};
  struct opened o;
  put_header(&f, 62, 1);
  put_load(&f, 0, 0x100, 0, 0x10, 0x10);
  file_fill(&f, 0x100, 9, 0x10);
  f.p[6] = 0;
  file_le(&f, 20, 0, 4);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_byte(&o, 0xf, KL_OK, 9);
  close_image(&o);
  file_le(&f, 48, 1, 4); // makedumpfile: DUMP_ELF_INCOMPLETE
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(kl_image_facts(o.image)->incomplete);
  close_image(&o);
  file_free(&f);
}

static void sizes_that_contradict_are_told(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  put_header(&f, 62, 3);
  put_load(&f, 0, 0x200, 0x1000, 0x20, 0x10);            // more in the file than in memory
  put_load(&f, 1, 0x200, UINT64_MAX - 0xf, 0x20, 0x20);  // past the last address
  put_load(&f, 2, UINT64_MAX - 0xf, 0x3000, 0x20, 0x20); // past the last offset
  file_fill(&f, 0x200, 7, 0x40);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(has_note(&o, "contradict", KL_ERR_MALFORMED));
  expect_byte(&o, 0x100f, KL_OK, 7);
  expect_byte(&o, 0x1010, KL_ERR_ABSENT, 0);
  expect_byte(&o, 0x3000, KL_ERR_ABSENT, 0);
  expect_byte(&o, UINT64_MAX - 0xf, KL_OK, 7);
  expect_byte(&o, UINT64_MAX, KL_ERR_ABSENT, 0);
  uint8_t got[32];
  assert_int_equal(kl_image_read(o.image, UINT64_MAX - 0xf, got, 32), KL_ERR_ABSENT); // does not wrap to 0
  expect_order(&o);
  close_image(&o);
  file_free(&f);
}

static void addresses_of_no_memory_are_left_out(void **state) {
  (void)state; // /proc/kcore: p_paddr -1 for what has no physical place
  struct file f = {0};
  struct opened o;
  put_header(&f, 62, 2);
  put_load(&f, 0, 0x200, UINT64_MAX, 0x10, 0x10);
  put_load(&f, 1, 0x200, 0x1000, 0x10, 0x10);
  file_fill(&f, 0x200, 7, 0x10);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_int_equal(kl_image_bytes(o.image), 0x10);
  assert_int_equal(o.diagnostics.used, 0);
  close_image(&o);
  file_free(&f);
}

static void larger_program_headers_are_stepped_by_their_size(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  put_header(&f, 62, 2);
  put_load(&f, 0, 0x200, 0x1000, 0x10, 0x10);
  struct file second = {0};
  put_load(&second, 0, 0x200, 0x2000, 0x10, 0x10);
  file_put(&f, EHDR + 64, second.p + EHDR, PHDR);
  file_le(&f, 54, 64, 2);
  file_fill(&f, 0x200, 7, 0x10);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  expect_byte(&o, 0x2000, KL_OK, 7);
  close_image(&o);
  file_le(&f, 54, 55, 2); // smaller than a program header is
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_ERR_MALFORMED);
  close_image(&o);
  file_free(&f);
  file_free(&second);
}

static void opening_reads_headers_only(void **state) {
  (void)state;
  struct file f = {0};
  struct opened o;
  put_header(&f, 62, 4);
  for (uint64_t i = 0; i < 4; i++)
    put_load(&f, (size_t)i, 0x1000 + (i << 20), i << 32, 1 << 20, 1 << 20);
  file_grow(&f, 0x1000 + (4 << 20));
  assert_int_equal(open_files(&o, &f, 1, false, NULL), KL_OK);
  assert_true(f.bytes < 4096);
  close_image(&o);
  file_free(&f);
}

// ── Notes ──────────────────────────────────────────────────────────────────

// One segment, and the notes that lie at 0x1000.
static void put_noted(struct file *f, uint16_t machine, const struct file *notes) {
  put_header(f, machine, 2);
  put_segment(f, 0, 4, 0x1000, 0, 0, notes->n, 0);
  put_load(f, 1, 0x200, 0x1000, 0x10, 0x10);
  file_fill(f, 0x200, 7, 0x10);
  file_put(f, 0x1000, notes->p, notes->n);
}

static struct file x86_prstatus(uint32_t pid, uint64_t ip, uint64_t sp, uint64_t gs) {
  struct file d = {0};
  file_grow(&d, 336);
  file_le(&d, 32, pid, 4);
  file_le(&d, 112 + 16 * 8, ip, 8);
  file_le(&d, 112 + 19 * 8, sp, 8);
  file_le(&d, 112 + 22 * 8, gs, 8);
  return d;
}

static void qemu_notes_give_control_registers(void **state) {
  (void)state;
  struct file f = {0}, notes = {0}, status = {0}, qemu = {0};
  struct opened o;
  size_t at = 0;
  for (uint32_t cpu = 0; cpu < 2; cpu++) {
    status = x86_prstatus(cpu + 1, 0x1111, 0x2222, 0x3333);
    put_note(&notes, &at, "CORE", 1, &status);
    file_free(&status);
  }
  for (uint64_t cpu = 0; cpu < 2; cpu++) {
    file_grow(&qemu, 440);
    file_le(&qemu, 0, 1, 4);
    file_le(&qemu, 4, 440, 4);
    file_le(&qemu, 8 + 6 * 8, 0xffff000000000010 + cpu, 8);  // rsp
    file_le(&qemu, 8 + 16 * 8, 0xffffffff81000020 + cpu, 8); // rip
    file_le(&qemu, 152 + 4 * 24 + 16, 0xaa0 + cpu, 8);       // gs.base
    file_le(&qemu, 392 + 24, 0x1234000 + cpu, 8);            // cr3
    file_le(&qemu, 392 + 32, 0x750eb0 + cpu, 8);             // cr4
    file_le(&qemu, 432, 0xbb0 + cpu, 8);
    put_note(&notes, &at, "QEMU", 0, &qemu);
  }
  put_noted(&f, 62, &notes);
  for (int lend = 0; lend < 2; lend++) {
    struct kl_cpu_registers r;
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    for (uint64_t cpu = 0; cpu < 2; cpu++) {
      assert_true(kl_image_cpu(o.image, cpu, &r));
      // QEMU's pid is the number of the CPU: not known.
      assert_int_equal(r.known, KL_REGISTER_IP | KL_REGISTER_SP | KL_REGISTER_CR3 | KL_REGISTER_CR4 |
                                    KL_REGISTER_KERNEL_GS | KL_REGISTER_GS);
      assert_int_equal(r.sp, 0xffff000000000010 + cpu);
      assert_int_equal(r.ip, 0xffffffff81000020 + cpu);
      assert_int_equal(r.gs_base, 0xaa0 + cpu);
      assert_int_equal(r.cr3, 0x1234000 + cpu);
      assert_int_equal(r.cr4, 0x750eb0 + cpu);
      assert_int_equal(r.kernel_gs_base, 0xbb0 + cpu);
    }
    assert_false(kl_image_cpu(o.image, 2, &r));
    close_image(&o);
  }
  expect_truncations_hold(&f, NULL, 0);
  expect_mutations_end(&f, 0x1000, 0x1000 + 400, NULL, 0);
  file_free(&f);
  file_free(&notes);
  file_free(&qemu);
}

static void older_qemu_notes_lack_the_kernel_gs(void **state) {
  (void)state; // 432 bytes, before QEMU 2.11
  struct file f = {0}, notes = {0}, status = x86_prstatus(7, 1, 2, 3), qemu = {0};
  struct opened o;
  struct kl_cpu_registers r;
  size_t at = 0;
  file_grow(&qemu, 440);
  file_le(&qemu, 0, 1, 4);
  file_le(&qemu, 4, 432, 4);
  file_le(&qemu, 432, 0xdead, 8);
  put_note(&notes, &at, "CORE", 1, &status);
  put_note(&notes, &at, "QEMU", 0, &qemu);
  put_noted(&f, 62, &notes);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(kl_image_cpu(o.image, 0, &r));
  assert_false(r.known & KL_REGISTER_KERNEL_GS);
  assert_true(r.known & KL_REGISTER_CR3);
  close_image(&o);
  file_free(&f);
  file_free(&notes);
  file_free(&status);
  file_free(&qemu);
}

static void kexec_notes_give_pids_and_vmcoreinfo(void **state) {
  (void)state;
  static const char text[] = "OSRELEASE=6.1.0\nPAGESIZE=4096\n";
  struct file f = {0}, notes = {0}, status = {0}, info = {0};
  struct opened o;
  struct kl_cpu_registers r;
  size_t at = 0;
  status = x86_prstatus(4711, 0x10, 0x20, 0x30);
  put_note(&notes, &at, "CORE", 1, &status);
  file_le(&status, 32, 0, 4);
  put_note(&notes, &at, "CORE", 1, &status);
  file_put(&info, 0, text, sizeof text - 1);
  put_note(&notes, &at, "VMCOREINFO", 0, &info);
  put_noted(&f, 62, &notes);
  for (int lend = 0; lend < 2; lend++) {
    assert_int_equal(open_files(&o, &f, 1, lend, NULL), KL_OK);
    assert_true(kl_image_cpu(o.image, 0, &r));
    assert_int_equal(r.known, KL_REGISTER_PID | KL_REGISTER_IP | KL_REGISTER_SP | KL_REGISTER_GS);
    assert_int_equal(r.pid, 4711);
    assert_int_equal(r.ip, 0x10);
    assert_int_equal(r.sp, 0x20);
    assert_int_equal(r.gs_base, 0x30);
    struct kl_bytes v = kl_image_facts(o.image)->vmcoreinfo;
    assert_int_equal(v.n, sizeof text - 1);
    assert_memory_equal(v.p, text, v.n);
    close_image(&o);
  }
  struct kl_limits limits = kl_limits_default();
  limits.vmcoreinfo_bytes = 5;
  limits.cpus = 1;
  assert_int_equal(open_files(&o, &f, 1, true, &limits), KL_OK);
  assert_int_equal(kl_image_facts(o.image)->vmcoreinfo.n, 5);
  assert_true(kl_image_cpu(o.image, 0, &r));
  assert_false(kl_image_cpu(o.image, 1, &r));
  assert_true(has_note(&o, "more CPUs", KL_ERR_LIMIT));
  close_image(&o);
  file_free(&f);
  file_free(&notes);
  file_free(&status);
  file_free(&info);
}

static void arm64_notes_give_general_registers(void **state) {
  (void)state;
  struct file f = {0}, notes = {0}, status = {0};
  struct opened o;
  struct kl_cpu_registers r;
  size_t at = 0;
  file_grow(&status, 392);
  file_le(&status, 32, 99, 4);
  file_le(&status, 112 + 31 * 8, 0xffff800008000000, 8); // sp
  file_le(&status, 112 + 32 * 8, 0xffffa00008000040, 8); // pc
  put_note(&notes, &at, "CORE", 1, &status);
  put_noted(&f, 183, &notes);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(kl_image_cpu(o.image, 0, &r));
  assert_int_equal(r.known, KL_REGISTER_IP | KL_REGISTER_SP | KL_REGISTER_PID);
  assert_int_equal(r.sp, 0xffff800008000000);
  assert_int_equal(r.ip, 0xffffa00008000040);
  close_image(&o);
  file_free(&f);
  file_free(&notes);
  file_free(&status);
}

static void padding_behind_notes_is_no_defect(void **state) {
  (void)state;
  struct file f = {0}, notes = {0}, status = x86_prstatus(4711, 0x10, 0x20, 0x30);
  struct opened o;
  struct kl_cpu_registers r;
  size_t at = 0;
  put_note(&notes, &at, "CORE", 1, &status);
  file_grow(&notes, at + 12 * 3 + 8); // as kexec pads: notes without name, and a rest
  put_noted(&f, 62, &notes);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_int_equal(o.diagnostics.used, 0);
  assert_true(kl_image_cpu(o.image, 0, &r));
  assert_false(kl_image_cpu(o.image, 1, &r));
  close_image(&o);
  file_free(&f);
  file_free(&notes);
  file_free(&status);
}

static void data_that_was_erased_is_told(void **state) {
  (void)state; // makedumpfile --config
  struct file f = {0}, notes = {0}, text = {0};
  struct opened o;
  size_t at = 0;
  file_put(&text, 0, "erase jiffies 8\n", 16);
  put_note(&notes, &at, "ERASEINFO", 0, &text);
  put_noted(&f, 62, &notes);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(has_note(&o, "overwrote on purpose", KL_ERR_FILTERED));
  close_image(&o);
  file_free(&f);
  file_free(&notes);
  file_free(&text);
}

static void broken_notes_cost_only_themselves(void **state) {
  (void)state;
  struct file f = {0}, notes = {0}, status = x86_prstatus(4711, 0x10, 0x20, 0x30);
  struct opened o;
  struct kl_cpu_registers r;
  size_t at = 0;
  put_note(&notes, &at, "CORE", 1, &status);
  file_le(&notes, at, 5, 4);
  file_le(&notes, at + 4, 0xfffffff0, 4); // its description runs past the end
  file_le(&notes, at + 8, 1, 4);
  put_noted(&f, 62, &notes);
  assert_int_equal(open_files(&o, &f, 1, true, NULL), KL_OK);
  assert_true(has_note(&o, "notes", KL_ERR_MALFORMED));
  assert_true(kl_image_cpu(o.image, 0, &r));
  assert_false(kl_image_cpu(o.image, 1, &r));
  expect_byte(&o, 0x1000, KL_OK, 7);
  close_image(&o);
  file_free(&f);
  file_free(&notes);
  file_free(&status);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_lies_at_its_physical_address),
      cmocka_unit_test(reads_cross_segments_that_touch),
      cmocka_unit_test(memory_without_bytes_is_filtered_not_zero),
      cmocka_unit_test(kernel_text_listed_twice_is_no_contradiction),
      cmocka_unit_test(overlap_is_resolved_and_told),
      cmocka_unit_test(cut_file_keeps_what_is_there),
      cmocka_unit_test(many_segments_are_counted_in_section_zero),
      cmocka_unit_test(other_elf_files_are_refused_by_name),
      cmocka_unit_test(cores_without_physical_memory_are_refused),
      cmocka_unit_test(version_zero_is_taken),
      cmocka_unit_test(sizes_that_contradict_are_told),
      cmocka_unit_test(addresses_of_no_memory_are_left_out),
      cmocka_unit_test(larger_program_headers_are_stepped_by_their_size),
      cmocka_unit_test(opening_reads_headers_only),
      cmocka_unit_test(qemu_notes_give_control_registers),
      cmocka_unit_test(older_qemu_notes_lack_the_kernel_gs),
      cmocka_unit_test(kexec_notes_give_pids_and_vmcoreinfo),
      cmocka_unit_test(arm64_notes_give_general_registers),
      cmocka_unit_test(padding_behind_notes_is_no_defect),
      cmocka_unit_test(data_that_was_erased_is_told),
      cmocka_unit_test(broken_notes_cost_only_themselves),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
