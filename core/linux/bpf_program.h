// BPF programs: which maps they use.
//
// Sources: struct bpf_prog, struct bpf_prog_aux (include/linux/bpf.h).
#ifndef KL_LINUX_BPF_PROGRAM_H
#define KL_LINUX_BPF_PROGRAM_H

#include "base/text.h"
#include "linux/bpf_object.h"

// Programs of one kernel use at most 64 maps (MAX_USED_MAPS in
// include/linux/bpf_verifier.h); a count past that is not believed.
enum { KL_BPF_USED_MAPS = 64 };

// The addresses of the maps that the program whose struct bpf_prog_aux lies at
// aux uses: at most KL_BPF_USED_MAPS.
enum kl_status kl_bpf_program_maps(struct kl_kernel *k, uint64_t aux, uint64_t ret[KL_BPF_USED_MAPS],
                                   size_t *n) KL_MUST_USE;

// The machine code of one function of a program.
enum { KL_BPF_FUNCTIONS = 256 }; // BPF_MAX_SUBPROGS (include/linux/bpf_verifier.h)
struct kl_bpf_image {
  uint64_t address, bytes;
};
// Function i of a program: the first stands for the program where it has no
// others. KL_END past the last. KL_ERR_LIMIT: more functions than there can be.
// bytes is 0 where the interpreter runs it. Cost: 4 guest reads.
enum kl_status kl_bpf_program_image(struct kl_kernel *k, uint64_t program, uint64_t aux, uint64_t i,
                                    struct kl_bpf_image *ret) KL_MUST_USE;

// Writes the ids of the programs that use a map, with commas. Cost: a walk of
// all programs.
enum kl_status kl_bpf_programs_using(struct kl_kernel *k, struct kl_budget *budget, uint64_t map,
                                     struct kl_text *out) KL_MUST_USE;

#endif
