// VMCOREINFO: keys, numbers and where the text ends.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/vmcoreinfo.h"

// As an x86-64 kernel writes it.
static const char text[] = "OSRELEASE=5.10.0-46-cloud-amd64\n"
                           "PAGESIZE=4096\n"
                           "SYMBOL(_stext)=ffffffffa3600000\n"
                           "SYMBOL(_stext_more)=1\n"
                           "NUMBER(phys_base)=-394264576\n"
                           "NUMBER(TCR_EL1_T1SZ)=0x10\n"
                           "NUMBER(kimage_voffset)=0xffffb6df9c000000\n"
                           "KERNELOFFSET=22600000\n"
                           "EMPTY=\n"
                           "CRASHTIME=1";

static struct kl_bytes bytes(const char *s) {
  return kl_bytes_of(s, strlen(s));
}

static void numbers_are_read_as_the_kernel_writes_them(void **state) {
  (void)state;
  uint64_t v;
  assert_true(kl_vmcoreinfo_address(bytes(text), "SYMBOL(_stext)", &v));
  assert_int_equal(v, 0xffffffffa3600000);
  assert_true(kl_vmcoreinfo_number(bytes(text), "NUMBER(phys_base)", &v));
  assert_int_equal(v, 0 - 394264576ull);
  assert_true(kl_vmcoreinfo_number(bytes(text), "NUMBER(TCR_EL1_T1SZ)", &v));
  assert_int_equal(v, 16);
  assert_true(kl_vmcoreinfo_number(bytes(text), "NUMBER(kimage_voffset)", &v));
  assert_int_equal(v, 0xffffb6df9c000000);
  assert_true(kl_vmcoreinfo_address(bytes(text), "KERNELOFFSET", &v));
  assert_int_equal(v, 0x22600000);
  assert_true(kl_vmcoreinfo_number(bytes(text), "CRASHTIME", &v)); // the last line, without a newline
  assert_int_equal(v, 1);
}

static void a_key_is_a_whole_key(void **state) {
  (void)state;
  struct kl_bytes v;
  assert_false(kl_vmcoreinfo_value(bytes(text), "SYMBOL(_stex", &v));
  assert_false(kl_vmcoreinfo_value(bytes(text), "stext)", &v));
  assert_false(kl_vmcoreinfo_value(bytes(text), "SYMBOL(absent)", &v));
  assert_true(kl_vmcoreinfo_value(bytes(text), "EMPTY", &v));
  assert_int_equal(v.n, 0);
  uint64_t number;
  assert_false(kl_vmcoreinfo_number(bytes(text), "EMPTY", &number));
  assert_false(kl_vmcoreinfo_address(bytes(text), "OSRELEASE", &number));
}

static void the_text_ends_at_the_first_byte_that_is_none(void **state) {
  (void)state;
  char page[4096] = "OSRELEASE=6.1\nPAGESIZE=4096\n";
  struct kl_bytes ret;
  strcpy(page + 100, "OSRELEASE=old\n");
  assert_true(kl_vmcoreinfo_text(kl_bytes_of(page, sizeof page), &ret));
  assert_int_equal(ret.n, 28);
  page[20] = (char)0x80;
  assert_true(kl_vmcoreinfo_text(kl_bytes_of(page, sizeof page), &ret));
  assert_int_equal(ret.n, 20);
}

static void text_without_a_release_is_none(void **state) {
  (void)state;
  struct kl_bytes ret;
  assert_false(kl_vmcoreinfo_text(bytes("PAGESIZE=4096\n"), &ret));
  assert_int_equal(ret.n, 0);
  assert_false(kl_vmcoreinfo_text(bytes("OSRELEASE=\n"), &ret));
  assert_false(kl_vmcoreinfo_text(bytes("OSRELEASE"), &ret));
  assert_false(kl_vmcoreinfo_text((struct kl_bytes){0}, &ret));
}

// Every prefix is a text that may have been cut there.
static void a_cut_text_gives_what_it_still_has(void **state) {
  (void)state;
  for (size_t n = 0; n < sizeof text; n++) {
    struct kl_bytes ret;
    uint64_t v;
    if (kl_vmcoreinfo_text(kl_bytes_of(text, n), &ret))
      assert_int_equal(ret.n, n < sizeof text - 1 ? n : sizeof text - 1);
    if (kl_vmcoreinfo_number(kl_bytes_of(text, n), "PAGESIZE", &v))
      assert_true(v == 4 || v == 40 || v == 409 || v == 4096);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_read_as_the_kernel_writes_them),
      cmocka_unit_test(a_key_is_a_whole_key),
      cmocka_unit_test(the_text_ends_at_the_first_byte_that_is_none),
      cmocka_unit_test(text_without_a_release_is_none),
      cmocka_unit_test(a_cut_text_gives_what_it_still_has),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
