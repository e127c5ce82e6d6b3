// Bounded reads of the files that a container is made of.
#include "image/internal.h"

static bool inside(const struct kl_source *file, uint64_t offset, uint64_t n) {
  return offset <= file->bytes && n <= file->bytes - offset;
}

enum kl_status kl_file_read(const struct kl_source *file, uint64_t offset, void *dst, size_t n) {
  if (!inside(file, offset, n))
    return KL_ERR_ABSENT;
  return n ? file->read(file->user, offset, dst, n) : KL_OK;
}

static bool lend(const struct kl_source *file, uint64_t offset, size_t n, const uint8_t **ret) {
  return inside(file, offset, n) && file->lend && file->lend(file->user, offset, n, ret) == KL_OK;
}

enum kl_status kl_file_view(const struct kl_source *file, uint64_t offset, size_t n, uint8_t *copy,
                            const uint8_t **ret) {
  if (lend(file, offset, n, ret))
    return KL_OK;
  *ret = copy;
  return kl_file_read(file, offset, copy, n);
}

enum kl_status kl_file_keep(const struct kl_source *file, uint64_t offset, uint64_t n, struct kl_arena *arena,
                            struct kl_bytes *ret) {
  size_t size;
  const uint8_t *bytes;
  if (!inside(file, offset, n))
    return KL_ERR_ABSENT;
  if (!kl_narrow(n, &size))
    return KL_ERR_NO_MEMORY;
  if (!lend(file, offset, size, &bytes)) {
    uint8_t *copy;
    KL_TRY(kl_arena_take(arena, n, 1, 1, &copy));
    KL_TRY(kl_file_read(file, offset, copy, size));
    bytes = copy;
  }
  *ret = kl_bytes_of(bytes, size);
  return KL_OK;
}
