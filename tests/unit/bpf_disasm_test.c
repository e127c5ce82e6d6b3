// BPF instructions as text. The lines are the forms of kernel/bpf/disasm.c, written out by hand for encodings
// made by the instruction set's own document.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "linux/bpf_disasm.h"

static const struct {
  uint8_t bytes[16];
  const char *name, *text;
} cases[] = {
    {{0xb7, 0x01, 0, 0, 0xff, 0xff, 0xff, 0xff}, "", "(b7) r1 = -1"},
    {{0xbf, 0xa2}, "", "(bf) r2 = r10"},
    {{0xbf, 0x21, 8, 0}, "", "(bf) r1 = (s8)r2"},
    {{0xbf, 0x21, 1, 0, 1, 0, 2, 0}, "", "(bf) r1 = addr_space_cast(r2, 2, 1)"},
    {{0x07, 0x02, 0, 0, 0xf8, 0xff, 0xff, 0xff}, "", "(07) r2 += -8"},
    {{0x0c, 0x21}, "", "(0c) w1 += w2"},
    {{0x3f, 0x21, 1, 0}, "", "(3f) r1 s/= r2"},
    {{0xc7, 0x03, 0, 0, 32}, "", "(c7) r3 s>>= 32"},
    {{0x87, 0x04}, "", "(87) r4 = -r4"},
    {{0x84, 0x04}, "", "(84) w4 = -w4"},
    {{0xdc, 0x05, 0, 0, 16}, "", "(dc) r5 = be16 r5"},
    {{0xd4, 0x05, 0, 0, 64}, "", "(d4) r5 = le64 r5"},
    {{0xd7, 0x05, 0, 0, 32}, "", "(d7) r5 = bswap32 r5"},
    {{0xe7, 0x05}, "", "(e7) unknown"},
    {{0x79, 0x21, 0xf0, 0xff}, "", "(79) r1 = *(u64 *)(r2 -16)"},
    {{0x71, 0x21, 4, 0}, "", "(71) r1 = *(u8 *)(r2 +4)"},
    {{0x91, 0x21, 4, 0}, "", "(91) r1 = *(s8 *)(r2 +4)"},
    {{0x39, 0x21, 4, 0}, "", "(39) r1 = *(u64 *)(r2 +4)"}, // a load that may fault
    {{0x6b, 0x21, 2, 0}, "", "(6b) *(u16 *)(r1 +2) = r2"},
    {{0x7a, 0x0a, 0xf8, 0xff, 7}, "", "(7a) *(u64 *)(r10 -8) = 7"},
    {{0xdb, 0x10, 0, 0, 0}, "", "(db) lock *(u64 *)(r0 +0) += r1"},
    {{0xc3, 0x10, 0, 0, 0x50}, "", "(c3) lock *(u32 *)(r0 +0) &= r1"},
    {{0xdb, 0x10, 0, 0, 0x01}, "", "(db) r1 = atomic64_fetch_add((u64 *)(r0 +0), r1)"},
    {{0xc3, 0x10, 0, 0, 0xe1}, "", "(c3) r1 = atomic_xchg((u32 *)(r0 +0), r1)"},
    {{0xdb, 0x10, 8, 0, 0xf1}, "", "(db) r0 = atomic64_cmpxchg((u64 *)(r0 +8), r0, r1)"},
    {{0xdb, 0x10, 0, 0, 0x00, 0x01}, "", "(db) r0 = load_acquire((u64 *)(r1 +0))"},
    {{0xdb, 0x10, 0, 0, 0x10, 0x01}, "", "(db) store_release((u64 *)(r0 +0), r1)"},
    {{0xdb, 0x10, 0, 0, 0x33}, "", "(db) unknown"},
    {{0x28, 0, 0, 0, 12}, "", "(28) r0 = *(u16 *)skb[12]"},
    {{0x50, 0x30, 0, 0, 4}, "", "(50) r0 = *(u8 *)skb[r3 + 4]"},
    {{0x18, 0x01, 0, 0, 0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 0x01}, "", "(18) r1 = 0x112345678"},
    {{0x18, 0x11}, "map[id:3]", "(18) r1 = map[id:3]"},
    {{0x85, 0, 0, 0, 1}, "bpf_map_lookup_elem", "(85) call bpf_map_lookup_elem#1"},
    {{0x85, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, "", "(85) call unknown#-1"},
    {{0x85, 0x10, 0, 0, 5}, "", "(85) call pc+5"},
    {{0x95}, "", "(95) exit"},
    {{0x05, 0, 0xfe, 0xff}, "", "(05) goto pc-2"},
    {{0x06, 0, 0, 0, 0, 0, 1}, "", "(06) gotol pc+65536"},
    {{0xe5, 0, 3, 0}, "", "(e5) may_goto pc+3"},
    {{0x15, 0x01, 5, 0, 0}, "", "(15) if r1 == 0x0 goto pc+5"},
    {{0x55, 0x01, 5, 0, 0xff, 0xff, 0xff, 0xff}, "", "(55) if r1 != 0xffffffff goto pc+5"},
    {{0x6d, 0x21, 1, 0}, "", "(6d) if r1 s> r2 goto pc+1"},
    {{0xae, 0x21, 1, 0}, "", "(ae) if w1 < w2 goto pc+1"},
};

static void shows_each_form_as_the_kernel_would(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char room[128];
    struct kl_text out = kl_text_into(room, sizeof room - 1);
    struct kl_bpf_insn insn = kl_bpf_insn_decode(cases[i].bytes);
    kl_bpf_disassemble(&insn, kl_le32(cases[i].bytes + 12), kl_bytes_of(cases[i].name, strlen(cases[i].name)),
                       &out);
    room[out.used] = 0;
    assert_string_equal(room, cases[i].text);
  }
}

// Whatever the bytes are, there is a line, and it begins with the code.
static void every_code_has_a_line(void **state) {
  (void)state;
  for (unsigned code = 0; code < 256; code++)
    for (unsigned registers = 0; registers < 256; registers += 15) {
      uint8_t bytes[8] = {(uint8_t)code, (uint8_t)registers, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x80};
      char room[128];
      struct kl_text out = kl_text_into(room, sizeof room);
      struct kl_bpf_insn insn = kl_bpf_insn_decode(bytes);
      kl_bpf_disassemble(&insn, 0, kl_bytes_of("", 0), &out);
      assert_false(out.truncated);
      assert_in_range(out.used, 9, sizeof room);
      assert_int_equal(room[0], '(');
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shows_each_form_as_the_kernel_would),
      cmocka_unit_test(every_code_has_a_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
