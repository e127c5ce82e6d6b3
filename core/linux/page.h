// Page frames: what struct page says of one.
//
// Sources: include/linux/mm_types.h, page-flags.h, mm/page_alloc.c. Flags and
// page types are numbered by the kernel's own enums.
#ifndef KL_LINUX_PAGE_H
#define KL_LINUX_PAGE_H

#include "base/budget.h"
#include "kernel/kernel.h"

enum kl_page_type { // what the memory is used as, where the page says so itself
  KL_PAGE_PLAIN,
  KL_PAGE_BUDDY, // heads a block of free pages; the others of the block are plain
  KL_PAGE_OFFLINE,
  KL_PAGE_TABLE,
  KL_PAGE_GUARD,
  KL_PAGE_HUGETLB,
  KL_PAGE_SLAB,
};

enum kl_page_kind {
  KL_KIND_UNKNOWN, // in use, by whom the page does not say
  KL_KIND_FREE,
  KL_KIND_FILE,
  KL_KIND_SHMEM,
  KL_KIND_ANON,
  KL_KIND_SLAB,
  KL_KIND_PAGE_TABLE,
  KL_KIND_KERNEL_IMAGE,
  KL_KIND_KERNEL_STACK, // this and the next two: not by the struct page, see holders.h
  KL_KIND_VMALLOC,
  KL_KIND_PERCPU,
  KL_KIND_HUGETLB,
  KL_KIND_RESERVED,
  KL_KIND_OFFLINE,
  KL_KIND_GUARD,
  KL_KINDS
};

struct kl_page {
  uint64_t pfn, address;  // address: of the struct page
  uint64_t head_pfn;      // of the folio it belongs to; its own when it stands alone
  uint64_t head;          // that one's struct page
  uint8_t order;          // of the folio, or of the free block
  enum kl_page_type type; // the folio's
  uint64_t flags;         // the folio's, as they are stored
  uint64_t mapping;       // the folio's, with its low bits
  uint64_t index;         // the folio's
  uint64_t swap;          // the folio's swap entry, where its flags say that it has one: swap area and slot
  int64_t references;     // of the folio
  int64_t mappings;       // of this page by itself: 0 when type is not plain
  uint64_t slab_cache;    // SLAB: its kmem_cache; 0: not known
};

// The struct page of a frame. KL_ERR_UNMAPPED: the frame has none (device
// memory, a hole). KL_ERR_MALFORMED: struct pages contradict each other: a tail
// whose head's folio does not reach it, an order past any.
enum kl_status kl_page_read(struct kl_kernel *k, uint64_t pfn, struct kl_page *ret) KL_MUST_USE;
// The frame that a struct page stands for. KL_ERR_MALFORMED: not an address of
// one.
enum kl_status kl_page_pfn(const struct kl_kernel *k, uint64_t page, uint64_t *ret) KL_MUST_USE;

// Whether the folio has a flag of enum pageflags; false where the kernel does
// not know it.
bool kl_page_has(const struct kl_kernel *k, const struct kl_page *page, enum kl_enum_id flag);

// The address_space of a folio of the page cache, 0 for anything else.
uint64_t kl_page_file(const struct kl_page *page);

// What the frame is used for, as far as the struct page tells. free_block: the
// frame lies in a free block whose head is another page.
enum kl_page_kind kl_page_kind(const struct kl_kernel *k, const struct kl_page *page, bool free_block);
const char *kl_page_kind_name(enum kl_page_kind kind);

#endif
