// VMCOREINFO: the text is cut out, and each key asked for.
#include "harness.h"
#include "kernel/vmcoreinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static const char *const keys[] = {"OSRELEASE", "PAGESIZE", "SYMBOL(_stext)", "NUMBER(phys_base)", "KERNELOFFSET",
                                     "",          "="};
  struct fuzz_input input;
  fuzz_input_init(&input, data, n);
  struct fuzz_guarded guarded = fuzz_guard(input.body.p, input.body.n, fuzz_option8(&input) & 1);
  struct kl_bytes text, value;
  uint64_t number;
  bool is_text = kl_vmcoreinfo_text(kl_bytes_of(guarded.p, guarded.n), &text);
  FUZZ_REQUIRE(text.n <= guarded.n && (is_text || !text.n));
  for (int whole = 0; whole < 2; whole++) { // what a note says is not cut
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
      if (!kl_vmcoreinfo_value(text, keys[i], &value))
        continue; // the others look for it in the same way
      FUZZ_REQUIRE(value.p >= text.p && value.n <= text.n && value.p + value.n <= text.p + text.n);
      (void)kl_vmcoreinfo_address(text, keys[i], &number);
      (void)kl_vmcoreinfo_number(text, keys[i], &number);
    }
    text = kl_bytes_of(guarded.p, guarded.n);
  }
  fuzz_release(&guarded);
  return 0;
}
