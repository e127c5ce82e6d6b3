// Arrays of values: ARRAY, PERCPU_ARRAY, INSN_ARRAY, QUEUE and STACK.
//
// kernel/bpf/arraymap.c, queue_stack_maps.c, bpf_insn_array.c. With
// BPF_F_MMAPABLE the struct sits in the middle of a page so that value is page
// aligned; the member's offset holds all the same.
#include "linux/bpf_reader.h"

static enum kl_status array_open(struct kl_bpf_entries *e) {
  uint64_t stride;
  KL_TRY(kl_get(e->kernel, e->map.address, KL_F_bpf_array_elem_size, &stride));
  KL_TRY(kl_member(e->kernel, e->map.address, KL_F_bpf_array_value, &e->table));
  if (stride < e->map.value_bytes || stride > UINT32_MAX)
    return KL_ERR_MALFORMED;
  e->stride = (uint32_t)stride;
  e->slots = e->map.max_entries;
  return KL_OK;
}

static enum kl_status array_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  if (e->slot >= e->slots)
    return KL_END;
  KL_TRY(kl_budget_spend(e->budget, 1));
  kl_bpf_key_index(ret, e->slot);
  ret->object = kl_bpf_slot(e, e->slot++);
  kl_bpf_value_at(ret, ret->object, e->map.value_bytes);
  return KL_OK;
}

static enum kl_status percpu_array_open(struct kl_bpf_entries *e) {
  KL_TRY(kl_member(e->kernel, e->map.address, KL_F_bpf_array_pptrs, &e->table));
  e->stride = 8;
  e->slots = e->map.max_entries;
  return KL_OK;
}

static enum kl_status percpu_array_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  for (;;) {
    if (!e->element) {
      if (e->slot >= e->slots)
        return KL_END;
      KL_TRY(kl_budget_spend(e->budget, 1));
      uint64_t slot = kl_bpf_slot(e, e->slot++);
      enum kl_status status = kl_read_u64(e->kernel, slot, &e->per_cpu);
      if (status != KL_OK)
        return kl_bpf_lost(e, slot, status);
      e->element = slot;
      e->cpu = 0;
    }
    ret->object = e->element;
    kl_bpf_key_index(ret, e->slot - 1);
    enum kl_status status = kl_bpf_value_next_cpu(e, ret);
    if (status != KL_END)
      return status;
    e->element = 0;
  }
}

static enum kl_status insn_array_open(struct kl_bpf_entries *e) {
  if (!e->kernel->types[KL_T_bpf_insn_array_value].present)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_member(e->kernel, e->map.address, KL_F_bpf_insn_array_values, &e->table));
  e->stride = (uint32_t)e->kernel->types[KL_T_bpf_insn_array_value].bytes;
  if (e->map.value_bytes > e->stride)
    return KL_ERR_MALFORMED;
  e->slots = e->map.max_entries;
  return KL_OK;
}

// A ring of size slots, one of them always free; values lie unrounded, one
// behind the other. A queue is read from tail up, a stack from head - 1 down.
static enum kl_status queue_open(struct kl_bpf_entries *e) {
  uint64_t head, tail, size;
  KL_TRY(kl_get(e->kernel, e->map.address, KL_F_bpf_queue_stack_head, &head));
  KL_TRY(kl_get(e->kernel, e->map.address, KL_F_bpf_queue_stack_tail, &tail));
  KL_TRY(kl_get(e->kernel, e->map.address, KL_F_bpf_queue_stack_size, &size));
  KL_TRY(kl_member(e->kernel, e->map.address, KL_F_bpf_queue_stack_elements, &e->table));
  if (!size || head >= size || tail >= size)
    return KL_ERR_MALFORMED;
  e->stride = e->map.value_bytes;
  e->slots = size;
  e->left = (head + size - tail) % size;
  e->slot = e->map.type == KL_BPF_QUEUE ? tail : (head + size - 1) % size;
  return KL_OK;
}

static enum kl_status queue_next(struct kl_bpf_entries *e, struct kl_bpf_entry *ret) {
  if (!e->left)
    return KL_END;
  KL_TRY(kl_budget_spend(e->budget, 1));
  e->left--;
  ret->object = kl_bpf_slot(e, e->slot);
  e->slot = (e->slot + (e->map.type == KL_BPF_QUEUE ? 1 : e->slots - 1)) % e->slots;
  kl_bpf_value_at(ret, ret->object, e->map.value_bytes);
  return KL_OK;
}

const struct kl_bpf_reader kl_bpf_array_reader = {array_open, array_next};
const struct kl_bpf_reader kl_bpf_percpu_array_reader = {percpu_array_open, percpu_array_next};
const struct kl_bpf_reader kl_bpf_insn_array_reader = {insn_array_open, array_next};
const struct kl_bpf_reader kl_bpf_queue_reader = {queue_open, queue_next};
