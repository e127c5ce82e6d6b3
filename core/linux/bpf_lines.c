// Functions and lines of BPF programs.
#include "linux/bpf_lines.h"

enum { FUNCTION_BYTES = 8, LINE_BYTES = 16, LINE_SHIFT = 10 }; // BPF_LINE_INFO_LINE_NUM

enum kl_status kl_bpf_lines_open(struct kl_bpf_lines *l, struct kl_kernel *k, struct kl_budget *budget,
                                 uint64_t aux) {
  uint64_t btf;
  *l = (struct kl_bpf_lines){.kernel = k, .budget = budget};
  KL_TRY(kl_get_pointer(k, aux, KL_F_bpf_prog_aux_btf, &btf));
  KL_TRY(kl_get(k, aux, KL_F_bpf_prog_aux_func_info_cnt, &l->functions.count));
  KL_TRY(kl_get_pointer(k, aux, KL_F_bpf_prog_aux_func_info, &l->functions.address));
  KL_TRY(kl_get(k, aux, KL_F_bpf_prog_aux_nr_linfo, &l->lines.count));
  KL_TRY(kl_get_pointer(k, aux, KL_F_bpf_prog_aux_linfo, &l->lines.address));
  if (!btf)
    return KL_END;
  if (l->functions.count > KL_BPF_LINES || l->lines.count > KL_BPF_LINES)
    return KL_ERR_LIMIT;
  return kl_bpf_btf_types(k, btf, &l->types);
}

static enum kl_status read_function(struct kl_bpf_lines *l, uint64_t at) {
  uint32_t id;
  struct kl_btf_type type;
  KL_TRY(kl_read_u32(l->kernel, at + 4, &id));
  if (id >= kl_btf_count(l->types))
    return KL_ERR_MALFORMED;
  kl_btf_type(l->types, id, &type);
  l->function = type.name;
  l->in_function = true;
  return KL_OK;
}

static enum kl_status read_line(struct kl_bpf_lines *l, uint64_t at) {
  uint8_t bytes[LINE_BYTES];
  KL_TRY(kl_read(l->kernel, at, bytes, sizeof bytes));
  if (!kl_btf_text(l->types, kl_le32(bytes + 4), &l->file) ||
      !kl_btf_text(l->types, kl_le32(bytes + 8), &l->source))
    return KL_ERR_MALFORMED;
  uint32_t place = kl_le32(bytes + 12);
  l->line = place >> LINE_SHIFT;
  l->column = place & ((1u << LINE_SHIFT) - 1);
  l->in_line = true;
  return KL_OK;
}

enum kl_status kl_bpf_lines_at(struct kl_bpf_lines *l, uint64_t instruction) {
  uint32_t begins;
  while (l->functions.next < l->functions.count) {
    uint64_t at = l->functions.address + l->functions.next * FUNCTION_BYTES;
    KL_TRY(kl_read_u32(l->kernel, at, &begins));
    if (begins > instruction)
      break;
    KL_TRY(kl_budget_spend(l->budget, 1));
    l->functions.next++;
    KL_TRY(read_function(l, at));
  }
  while (l->lines.next < l->lines.count) {
    uint64_t at = l->lines.address + l->lines.next * LINE_BYTES;
    KL_TRY(kl_read_u32(l->kernel, at, &begins));
    if (begins > instruction)
      break;
    KL_TRY(kl_budget_spend(l->budget, 1));
    l->lines.next++;
    KL_TRY(read_line(l, at));
  }
  return KL_OK;
}
