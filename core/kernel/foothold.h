// The foothold: a page-table root of which it is verified that it maps a
// kernel image, and where that image lies. All else is found from here.
#ifndef KL_KERNEL_FOOTHOLD_H
#define KL_KERNEL_FOOTHOLD_H

#include "arch/paging.h"

// Guest-physical [start, end).
struct kl_range {
  uint64_t start, end;
};
enum { KL_FOOTHOLD_RANGES = 16 };

struct kl_foothold {
  struct kl_paging paging;
  uint64_t root;          // physical
  uint64_t image_to_phys; // phys = va - this (modulo 2^64): the image is one physical piece
  uint64_t start, end;    // virtual: from the image's first mapped page to behind its last
  // What of it is mapped neither writable nor executable: where constant data
  // lies. More ranges than fit: the rest is left out.
  struct kl_range constant[KL_FOOTHOLD_RANGES];
  size_t n_constant;
  uint64_t steps; // table entries that measuring has looked at, added up
};

// Paging of x86-64; of arm64 with this granule and so many bits of address.
struct kl_paging kl_paging_x86_64(uint8_t levels, uint64_t sme_mask);
struct kl_paging kl_paging_aarch64(uint8_t granule_shift, uint8_t va_bits);

// True when the root maps va to phys.
bool kl_maps(const struct kl_paging *paging, struct kl_image *image, uint64_t root, uint64_t va, uint64_t phys);

// How arm64 kernels are built: way i; false past the last.
bool kl_paging_aarch64_way(size_t i, struct kl_paging *ret);

// How long its top table is.
uint64_t kl_paging_root_bytes(const struct kl_paging *paging);

// Given paging and root: finds the image among the addresses where the kernel
// puts it, as the only large piece there that can be executed. KL_ERR_NOT_FOUND
// when no such image is mapped.
enum kl_status kl_foothold_find(struct kl_foothold *hold, struct kl_image *image) KL_MUST_USE;

// Given paging, root and image_to_phys: verifies that va, an address inside the
// image, is mapped so, and measures the image around it.
enum kl_status kl_foothold_around(struct kl_foothold *hold, struct kl_image *image, uint64_t va) KL_MUST_USE;

#endif
