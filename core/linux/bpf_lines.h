// Which function, file and line each instruction of a BPF program comes from.
//
// bpf_prog_aux.func_info and linfo: arrays of struct bpf_func_info and struct
// bpf_line_info (include/uapi/linux/bpf.h), whose names and texts are in the
// program's BTF. The verifier has adjusted them to the instructions it made
// (bpf_adj_linfo_after_remove and others in kernel/bpf/verifier.c).
#ifndef KL_LINUX_BPF_LINES_H
#define KL_LINUX_BPF_LINES_H

#include "base/budget.h"
#include "linux/bpf_btf.h"

// Both are sorted by instruction; an entry serves until the next one.
struct kl_bpf_lines {
  struct kl_kernel *kernel;
  struct kl_budget *budget;
  const struct kl_btf *types;
  struct {
    uint64_t address, count, next;
  } functions, lines;
  // Of the last instruction asked for.
  bool in_function, in_line;
  struct kl_bytes function, file, source; // in the BTF; n is 0 when it does not say
  uint32_t line, column;
};

enum { KL_BPF_LINES = 1000000 }; // no more than instructions: BPF_COMPLEXITY_LIMIT_INSNS

// aux: struct bpf_prog_aux. KL_END: the program has none of this.
enum kl_status kl_bpf_lines_open(struct kl_bpf_lines *l, struct kl_kernel *k, struct kl_budget *budget,
                                 uint64_t aux) KL_MUST_USE;
// Goes to an instruction, which must not lie before the last one asked for. A
// step for each entry that is passed.
enum kl_status kl_bpf_lines_at(struct kl_bpf_lines *l, uint64_t instruction) KL_MUST_USE;

#endif
