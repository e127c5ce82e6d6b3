// Typed reads of the kernel's objects.
#include "base/checked.h"
#include "base/memory.h"
#include "kernel/kernel.h"

enum kl_status kl_read(struct kl_kernel *k, uint64_t va, void *dst, size_t n) {
  return kl_space_read(&k->space, va, dst, n);
}

enum kl_status kl_read_u64(struct kl_kernel *k, uint64_t va, uint64_t *ret) {
  uint8_t bytes[8];
  KL_TRY(kl_read(k, va, bytes, sizeof bytes));
  *ret = kl_le64(bytes);
  return KL_OK;
}

enum kl_status kl_read_u32(struct kl_kernel *k, uint64_t va, uint32_t *ret) {
  uint8_t bytes[4];
  KL_TRY(kl_read(k, va, bytes, sizeof bytes));
  *ret = kl_le32(bytes);
  return KL_OK;
}

enum kl_status kl_member(const struct kl_kernel *k, uint64_t object, enum kl_field_id field, uint64_t *ret) {
  if (!k->fields[field].present)
    return KL_ERR_NOT_FOUND;
  *ret = object + k->fields[field].offset;
  return KL_OK;
}

enum kl_status kl_container(const struct kl_kernel *k, uint64_t member, enum kl_field_id field, uint64_t *ret) {
  if (!k->fields[field].present)
    return KL_ERR_NOT_FOUND;
  *ret = member - k->fields[field].offset;
  return KL_OK;
}

// The low bits of v, widened as the field's type says.
static uint64_t widen(uint64_t v, unsigned bits, bool is_signed) {
  if (!bits || bits >= 64)
    return bits ? v : 0;
  uint64_t mask = (1ull << bits) - 1;
  v &= mask;
  return is_signed && v >> (bits - 1) ? v | ~mask : v;
}

enum kl_status kl_get(struct kl_kernel *k, uint64_t object, enum kl_field_id field, uint64_t *ret) {
  const struct kl_field *f = &k->fields[field];
  uint64_t at;
  uint8_t bytes[8];
  KL_TRY(kl_member(k, object, field, &at));
  if (!f->size || f->size > sizeof bytes)
    return KL_ERR_ARGUMENT;
  KL_TRY(kl_read(k, at, bytes, f->size));
  uint64_t v = kl_le_n(bytes, f->size);
  *ret = f->bit_size ? widen(v >> f->bit_offset, f->bit_size, f->is_signed) : widen(v, 8 * f->size, f->is_signed);
  return KL_OK;
}

enum kl_status kl_get_pointer(struct kl_kernel *k, uint64_t object, enum kl_field_id field, uint64_t *ret) {
  uint64_t raw;
  KL_TRY(kl_get(k, object, field, &raw));
  *ret = kl_paging_strip(&k->paging, raw);
  return KL_OK;
}

// Reads page by page, so that a string that ends before an absent page is told.
enum kl_status kl_read_string(struct kl_kernel *k, uint64_t va, char *dst, size_t capacity, size_t *ret) {
  enum { STEP = 256 };
  size_t used = 0;
  while (used < capacity) {
    size_t part = (size_t)kl_min(capacity - used, STEP - (va + used) % STEP);
    KL_TRY(kl_read(k, va + used, dst + used, part));
    for (size_t i = 0; i < part; i++)
      if (!dst[used + i]) {
        *ret = used + i;
        return KL_OK;
      }
    used += part;
  }
  *ret = used;
  return KL_ERR_LIMIT;
}

enum kl_status kl_get_text(struct kl_kernel *k, uint64_t object, enum kl_field_id field, char *dst, size_t capacity,
                           size_t *ret) {
  uint64_t at;
  KL_TRY(kl_member(k, object, field, &at));
  enum kl_status status = kl_read_string(k, at, dst, (size_t)kl_min(capacity, k->fields[field].size), ret);
  // An array that its text fills has no NUL.
  return status == KL_ERR_LIMIT && *ret == k->fields[field].size ? KL_OK : status;
}
