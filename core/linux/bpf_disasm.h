// BPF instructions as text, with the mnemonics of the kernel's own listing.
//
// Sources: Documentation/bpf/standardization/instruction-set.rst,
// include/uapi/linux/bpf.h (struct bpf_insn), kernel/bpf/disasm.c.
#ifndef KL_LINUX_BPF_DISASM_H
#define KL_LINUX_BPF_DISASM_H

#include "base/text.h"

enum { KL_BPF_INSN_BYTES = 8 };

// struct bpf_insn, decoded.
struct kl_bpf_insn {
  uint8_t code, dst, src;
  int16_t off;
  int32_t imm;
};

struct kl_bpf_insn kl_bpf_insn_decode(const uint8_t bytes[KL_BPF_INSN_BYTES]);

// An instruction of 16 bytes: its second half holds the upper half of a 64-bit
// number, and is no instruction of its own.
bool kl_bpf_insn_is_wide(const struct kl_bpf_insn *insn);
// A call of a function of the kernel: at __bpf_call_base + imm after the
// verifier.
bool kl_bpf_insn_is_kernel_call(const struct kl_bpf_insn *insn);
// A call of a function of the program itself: shown with imm as its distance.
bool kl_bpf_insn_is_own_call(const struct kl_bpf_insn *insn);

// Writes "(07) r1 += -8". upper: imm of the second half, for wide ones. name
// (n may be 0): what a call or a wide number stands for. An encoding that is
// none shows as "(xx) unknown".
void kl_bpf_disassemble(const struct kl_bpf_insn *insn, uint32_t upper, struct kl_bytes name, struct kl_text *out);

#endif
