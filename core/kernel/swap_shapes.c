// What the variables of the swap code look like in memory.
#include "kernel/swap_shapes.h"

enum {
  AREAS = 32,             // more than any kernel has (MAX_SWAPFILES)
  SPACE_PAGES_SHIFT = 14, // SWAP_ADDRESS_SPACE_SHIFT: up to 6.17, which had it last
  SPACES_SEEN = 16,       // of one area
};

// Area i of an array of them; *slots: its pages, or 0 when it was given back.
// KL_END: there is none.
static enum kl_status read_area(struct kl_kernel *k, uint64_t array, uint32_t i, uint64_t *slots) {
  uint64_t info, type, file;
  KL_TRY(kl_read_u64(k, array + 8ull * i, &info));
  if (!info)
    return KL_END;
  KL_TRY(kl_get(k, info, KL_F_swap_info_struct_type, &type));
  KL_TRY(kl_get(k, info, KL_F_swap_info_struct_max, slots));
  KL_TRY(kl_get_pointer(k, info, KL_F_swap_info_struct_swap_file, &file));
  if (type != i || !file != !*slots)
    return KL_ERR_MALFORMED;
  uint64_t inode;
  return file ? kl_get_pointer(k, file, KL_F_file_f_inode, &inode) : KL_OK;
}

// How many areas an array has, and how many of them are in use; false: it is none.
static bool count_areas(struct kl_kernel *k, uint64_t array, uint32_t *n, uint32_t *used) {
  *used = 0;
  for (*n = 0; *n < AREAS; ++*n) {
    uint64_t slots = 0;
    enum kl_status status = read_area(k, array, *n, &slots);
    if (status == KL_END)
      return true;
    if (status != KL_OK)
      return false;
    *used += slots != 0;
  }
  return false;
}

bool kl_is_swap_info(struct kl_kernel *k, uint64_t at) {
  uint32_t n, used;
  return count_areas(k, at, &n, &used) && used;
}

static bool known_areas(struct kl_kernel *k, uint64_t *array, uint32_t *n) {
  uint32_t used;
  *array = k->known[KL_S_swap_info].address;
  return k->known[KL_S_swap_info].present && count_areas(k, *array, n, &used) && used;
}

bool kl_is_swap_count(struct kl_kernel *k, uint64_t at) {
  uint64_t array;
  uint32_t n, value;
  return known_areas(k, &array, &n) && kl_read_u32(k, at, &value) == KL_OK && value == n;
}

static bool expected_spaces(struct kl_kernel *k, uint64_t array, uint32_t i, uint64_t *ret) {
  uint64_t slots = 0;
  if (read_area(k, array, i, &slots) != KL_OK)
    return false;
  *ret = (slots + (1u << SPACE_PAGES_SHIFT) - 1) >> SPACE_PAGES_SHIFT;
  return true;
}

bool kl_is_swap_space_counts(struct kl_kernel *k, uint64_t at) {
  uint64_t array, wanted;
  uint32_t n, value;
  if (!known_areas(k, &array, &n))
    return false;
  for (uint32_t i = 0; i <= n; i++) { // behind the last there is nothing
    wanted = 0;
    if ((i < n && !expected_spaces(k, array, i, &wanted)) || kl_read_u32(k, at + 4ull * i, &value) != KL_OK ||
        value != wanted)
      return false;
  }
  return true;
}

// *operations: those of the spaces before, or 0.
static bool is_space(struct kl_kernel *k, uint64_t space, uint64_t *operations) {
  uint64_t host, own;
  if (kl_get_pointer(k, space, KL_F_address_space_host, &host) != KL_OK || host ||
      kl_get_pointer(k, space, KL_F_address_space_a_ops, &own) != KL_OK || !own ||
      (*operations && own != *operations))
    return false;
  *operations = own;
  return true;
}

bool kl_is_swap_spaces(struct kl_kernel *k, uint64_t at) {
  uint64_t array, wanted, spaces, operations = 0;
  uint32_t n;
  if (!known_areas(k, &array, &n) || !k->types[KL_T_address_space].present)
    return false;
  for (uint32_t i = 0; i <= n; i++) {
    wanted = 0;
    if ((i < n && !expected_spaces(k, array, i, &wanted)) || kl_read_u64(k, at + 8ull * i, &spaces) != KL_OK ||
        !spaces != !wanted)
      return false;
    for (uint64_t j = 0; j < wanted && j < SPACES_SEEN; j++)
      if (!is_space(k, spaces + j * k->types[KL_T_address_space].bytes, &operations))
        return false;
  }
  return true;
}
