// How much memory an address space has.
#include "linux/residency.h"

#include "base/checked.h"
#include "base/text.h"
#include "linux/fs.h"
#include "linux/task.h"
#include "walk/xarray.h"

enum kl_status kl_residency_init(struct kl_residency_walk *walk, struct kl_kernel *k, struct kl_budget *budget,
                                 uint64_t mm) {
  *walk = (struct kl_residency_walk){.kernel = k, .budget = budget, .huge_zero_page = UINT64_MAX, .lost = mm};
  if (k->known[KL_S_huge_zero_pfn].present &&
      kl_read_u64(k, k->known[KL_S_huge_zero_pfn].address, &walk->huge_zero_page) != KL_OK)
    walk->huge_zero_page = UINT64_MAX;
  return kl_mm_root(k, mm, &walk->root);
}

static void add_bytes(struct kl_residency *r, uint64_t bytes, int64_t mappings) {
  r->resident += bytes;
  if (mappings < 2) {
    r->exclusive += bytes;
    r->proportional_4096 += bytes << 12;
  } else {
    r->shared += bytes;
    r->proportional_4096 += (bytes << 12) / (uint64_t)mappings;
  }
}

// A present leaf, page by page; [start, end) of it is wanted.
static enum kl_status add_pages(struct kl_residency_walk *walk, const struct kl_translation *leaf, uint64_t offset,
                                uint64_t bytes, struct kl_residency *ret) {
  uint64_t shift = walk->kernel->paging.granule_shift, page_bytes = 1ull << shift;
  uint64_t pfn = (leaf->phys + offset) >> shift;
  if (leaf->special || leaf->phys >> shift == walk->huge_zero_page)
    return KL_OK;
  for (uint64_t done = 0; done < bytes; done += page_bytes, pfn++) {
    struct kl_page page;
    KL_TRY(kl_budget_spend(walk->budget, 1));
    enum kl_status status = kl_page_read(walk->kernel, pfn, &page);
    if (status == KL_ERR_UNMAPPED)
      return KL_OK; // memory that the kernel does not manage
    KL_TRY(status);
    if (page.type == KL_PAGE_HUGETLB) {
      ret->hugetlb += bytes;
      return KL_OK;
    }
    // One reference: this mapping's. The rest of a large folio is the same.
    uint64_t rest = kl_min(bytes - done, ((page.head_pfn + (1ull << page.order)) - pfn) << shift);
    if (page.references == 1 && rest > page_bytes) {
      add_bytes(ret, rest, 1);
      done += rest - page_bytes;
      pfn += (rest >> shift) - 1;
      continue;
    }
    add_bytes(ret, page_bytes, page.references == 1 ? 1 : page.mappings);
  }
  return KL_OK;
}

static enum kl_status add_leaf(struct kl_residency_walk *walk, const struct kl_vma *vma, uint64_t va,
                               const struct kl_translation *leaf, struct kl_residency *ret) {
  uint64_t offset = vma->start > va ? vma->start - va : 0, bytes = leaf->page_bytes - offset;
  bytes = kl_min(bytes, vma->end - (va + offset));
  switch (leaf->state) {
  case KL_ENTRY_PRESENT:
  case KL_ENTRY_PROT_NONE:
    return add_pages(walk, leaf, offset, bytes, ret);
  case KL_ENTRY_MIGRATION: // counts as mapped once: its count is not to be relied upon
    add_bytes(ret, bytes, 1);
    break;
  case KL_ENTRY_SWAP:
    ret->swapped += bytes;
    break;
  case KL_ENTRY_NONE:
  case KL_ENTRY_OTHER:
    break;
  }
  return KL_OK;
}

static enum kl_status add_leaves(struct kl_residency_walk *walk, const struct kl_vma *vma,
                                 struct kl_residency *ret) {
  struct kl_leaf_walk leaves;
  enum kl_status result = KL_OK;
  kl_leaf_walk_init(&leaves, &walk->kernel->paging, walk->kernel->image, walk->root, vma->start, vma->end);
  for (;;) {
    uint64_t va = 0;
    struct kl_translation leaf;
    enum kl_status status = kl_leaf_walk_next(&leaves, walk->budget, &va, &leaf);
    if (status == KL_END)
      return result;
    if (status == KL_OK)
      status = add_leaf(walk, vma, va, &leaf, ret);
    if (status == KL_OK)
      continue;
    walk->lost = va;
    if (status == KL_ERR_BUDGET)
      return status;
    result = status;
  }
}

// ── Shared memory in swap ──────────────────────────────────────────────────

// The address_space of a file of shmem; 0 for any other file. In other file
// systems, what is no page is a trace of one that has left.
static enum kl_status shmem_of(struct kl_kernel *k, uint64_t file, uint64_t *ret) {
  char type[KL_FS_NAME_BYTES];
  uint64_t inode, super;
  size_t n = 0;
  *ret = 0;
  KL_TRY(kl_get_pointer(k, file, KL_F_file_f_inode, &inode));
  KL_TRY(kl_get_pointer(k, inode, KL_F_inode_i_sb, &super));
  KL_TRY(kl_super_type(k, super, type, sizeof type, &n));
  struct kl_bytes name = kl_bytes_of(type, n);
  if (!kl_bytes_equal(name, "tmpfs") && !kl_bytes_equal(name, "devtmpfs"))
    return KL_OK;
  return kl_get_pointer(k, file, KL_F_file_f_mapping, ret);
}

// Whether the process has an entry of its own for an address.
static bool has_entry(struct kl_residency_walk *walk, uint64_t va) {
  struct kl_translation t;
  enum kl_status status = kl_paging_translate(&walk->kernel->paging, walk->kernel->image, walk->root, va, &t);
  return status != KL_OK || t.state != KL_ENTRY_NONE;
}

// Pages of the area's file that are in swap. Of a private area that may be
// written: only where the process has nothing of its own.
static enum kl_status add_swapped(struct kl_residency_walk *walk, const struct kl_vma *vma,
                                  struct kl_residency *ret) {
  struct kl_kernel *k = walk->kernel;
  uint64_t mapping, tree, shift = k->paging.granule_shift, first = vma->offset >> shift;
  uint64_t last = first + ((vma->end - vma->start) >> shift) - 1;
  bool own = !(vma->flags & KL_VM_SHARED) && vma->flags & KL_VM_WRITE;
  struct kl_xarray entries;
  KL_TRY(shmem_of(k, vma->file, &mapping));
  if (!mapping)
    return KL_OK;
  KL_TRY(kl_member(k, mapping, KL_F_address_space_i_pages, &tree));
  kl_xarray_init(&entries, k, walk->budget, tree, first, last);
  for (;;) {
    struct kl_xarray_entry entry;
    enum kl_status status = kl_xarray_next(&entries, &entry);
    if (status == KL_END)
      return KL_OK;
    walk->lost = mapping;
    KL_TRY(status);
    if (entry.kind != KL_XARRAY_VALUE)
      continue;
    uint64_t index = kl_max(entry.index, first), end = kl_min(entry.last, last);
    for (; index <= end; index++) {
      KL_TRY(kl_budget_spend(walk->budget, 1));
      if (!own || !has_entry(walk, vma->start + ((index - first) << shift)))
        ret->swapped += 1ull << shift;
    }
  }
}

enum kl_status kl_residency_add(struct kl_residency_walk *walk, const struct kl_vma *vma,
                                struct kl_residency *ret) {
  enum kl_status status = add_leaves(walk, vma, ret);
  if (status == KL_ERR_BUDGET || !vma->file)
    return status;
  enum kl_status swapped = add_swapped(walk, vma, ret);
  return swapped != KL_OK ? swapped : status;
}
