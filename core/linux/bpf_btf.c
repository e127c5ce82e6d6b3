// The BTF of programs, maps and modules, opened once each.
#include "linux/bpf_btf.h"

struct kl_bpf_btf_cache {
  size_t used;
  struct {
    uint64_t address;
    enum kl_status status;
    struct kl_btf *types;
  } items[KL_BPF_BTFS];
};

enum kl_status kl_bpf_btf_read(struct kl_kernel *k, uint64_t address, struct kl_bpf_btf *ret) {
  struct kl_bpf_btf b = {.address = address};
  uint64_t id, bytes, kernel = 0;
  KL_TRY(kl_get(k, address, KL_F_btf_id, &id));
  KL_TRY(kl_get(k, address, KL_F_btf_data_size, &bytes));
  KL_TRY(kl_get_pointer(k, address, KL_F_btf_data, &b.data));
  b.id = (uint32_t)id;
  b.bytes = (uint32_t)bytes;
  // Before 5.11 (5f9ae91f7c0d) there was only vmlinux, and it was not numbered.
  if (kl_has(k, KL_F_btf_base_btf))
    KL_TRY(kl_get_pointer(k, address, KL_F_btf_base_btf, &b.base));
  if (kl_has(k, KL_F_btf_kernel_btf))
    KL_TRY(kl_get(k, address, KL_F_btf_kernel_btf, &kernel));
  b.kernel = kernel != 0;
  if (kl_has(k, KL_F_btf_name)) {
    size_t n = 0;
    enum kl_status status = kl_get_text(k, address, KL_F_btf_name, b.name, sizeof b.name, &n);
    if (status != KL_OK && status != KL_ERR_LIMIT)
      return status;
    b.name_bytes = (uint8_t)n;
  }
  *ret = b;
  return KL_OK;
}

static enum kl_status open_types(struct kl_kernel *k, uint64_t address, struct kl_btf **ret) {
  struct kl_bpf_btf b;
  uint8_t *data;
  KL_TRY(kl_bpf_btf_read(k, address, &b));
  if (b.bytes > k->limits->btf_bytes)
    return KL_ERR_LIMIT;
  KL_TRY(kl_arena_take(k->arena, b.bytes, 1, 8, &data));
  KL_TRY(kl_read(k, b.data, data, b.bytes));
  return kl_btf_open(k->arena, kl_bytes_of(data, b.bytes), b.base ? k->btf : NULL, k->limits, ret, NULL);
}

enum kl_status kl_bpf_btf_types(struct kl_kernel *k, uint64_t address, const struct kl_btf **ret) {
  if (!k->bpf_btfs)
    KL_TRY(KL_TAKE(k->arena, 1, &k->bpf_btfs));
  struct kl_bpf_btf_cache *cache = k->bpf_btfs;
  for (size_t i = 0; i < cache->used; i++)
    if (cache->items[i].address == address) {
      *ret = cache->items[i].types;
      return cache->items[i].status;
    }
  if (cache->used == KL_BPF_BTFS)
    return KL_ERR_LIMIT;
  size_t mark = kl_arena_mark(k->arena), i = cache->used++;
  struct kl_btf *types = NULL;
  enum kl_status status = open_types(k, address, &types);
  if (status != KL_OK)
    kl_arena_rewind(k->arena, mark);
  cache->items[i].address = address;
  cache->items[i].status = status;
  cache->items[i].types = types;
  *ret = types;
  return status;
}
