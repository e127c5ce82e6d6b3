// Which maps a program uses, which programs use a map, and where the machine
// code of a program is.
#include "linux/bpf_program.h"

enum kl_status kl_bpf_program_maps(struct kl_kernel *k, uint64_t aux, uint64_t ret[KL_BPF_USED_MAPS], size_t *n) {
  uint64_t count, maps;
  KL_TRY(kl_get(k, aux, KL_F_bpf_prog_aux_used_map_cnt, &count));
  KL_TRY(kl_get_pointer(k, aux, KL_F_bpf_prog_aux_used_maps, &maps));
  if (count > KL_BPF_USED_MAPS)
    return KL_ERR_LIMIT;
  for (uint64_t i = 0; i < count; i++)
    KL_TRY(kl_read_u64(k, maps + 8 * i, &ret[i]));
  *n = (size_t)count;
  return KL_OK;
}

// A program of several functions is split (aux->func), the program itself being
// the first of them; bpf(2) gives them one behind the other.
enum kl_status kl_bpf_program_image(struct kl_kernel *k, uint64_t program, uint64_t aux, uint64_t i,
                                    struct kl_bpf_image *ret) {
  uint64_t count, functions, function = program;
  KL_TRY(kl_get(k, aux, KL_F_bpf_prog_aux_func_cnt, &count));
  if (count > KL_BPF_FUNCTIONS)
    return KL_ERR_LIMIT;
  if (i >= count && (count || i))
    return KL_END;
  if (count) {
    KL_TRY(kl_get_pointer(k, aux, KL_F_bpf_prog_aux_func, &functions));
    KL_TRY(kl_read_u64(k, functions + 8 * i, &function));
  }
  KL_TRY(kl_get_pointer(k, function, KL_F_bpf_prog_bpf_func, &ret->address));
  return kl_get(k, function, KL_F_bpf_prog_jited_len, &ret->bytes);
}

static enum kl_status program_uses(struct kl_kernel *k, uint64_t program, uint64_t map, bool *ret) {
  uint64_t aux, maps[KL_BPF_USED_MAPS];
  size_t n = 0;
  KL_TRY(kl_get_pointer(k, program, KL_F_bpf_prog_aux, &aux));
  KL_TRY(kl_bpf_program_maps(k, aux, maps, &n));
  *ret = false;
  for (size_t i = 0; i < n; i++)
    if (maps[i] == map)
      *ret = true;
  return KL_OK;
}

enum kl_status kl_bpf_programs_using(struct kl_kernel *k, struct kl_budget *budget, uint64_t map,
                                     struct kl_text *out) {
  struct kl_bpf_objects programs;
  size_t start = out->used;
  enum kl_status opened = kl_bpf_objects_open(&programs, k, budget, KL_BPF_PROGRAMS, 0, UINT32_MAX);
  if (opened != KL_OK)
    return opened == KL_END ? KL_OK : opened; // a kernel without programs has none that use it
  for (;;) {
    uint64_t program, id;
    bool uses = false;
    enum kl_status status = kl_bpf_objects_next(&programs, &program, &id);
    if (status == KL_END)
      return KL_OK;
    KL_TRY(status);
    KL_TRY(program_uses(k, program, map, &uses));
    if (!uses)
      continue;
    if (out->used != start)
      kl_text_char(out, ',');
    kl_text_decimal(out, id);
  }
}
