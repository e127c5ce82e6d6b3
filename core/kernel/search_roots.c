// The search for a page-table root among pages that look like one.
#include "base/checked.h"
#include "kernel/attach.h"

// A top table of this paging: for x86-64 the last entry leads to the image; for
// arm64 every entry is empty or a table, and some are tables.
static bool looks_like_root(struct kl_image *image, const struct kl_paging *paging, uint64_t phys) {
  enum { STEP = 256, X86_LAST = 511 * 8 };
  uint8_t bytes[STEP];
  if (paging->arch == KL_ARCH_X86_64) {
    if (kl_image_read(image, phys + X86_LAST, bytes, 8) != KL_OK)
      return false;
    uint64_t entry = kl_le64(bytes); // present, no large page, executable below
    return (entry & 0x81) == 1 && !(entry >> 63) && entry & 0x000ffffffffff000;
  }
  uint64_t table_bytes = kl_paging_root_bytes(paging);
  unsigned tables = 0;
  for (uint64_t at = 0; at < table_bytes; at += STEP) {
    size_t part = (size_t)kl_min(STEP, table_bytes - at);
    if (kl_image_read(image, phys + at, bytes, part) != KL_OK)
      return false;
    for (size_t i = 0; i < part; i += 8) {
      uint64_t entry = kl_le64(bytes + i);
      if (entry && (entry & 3) != 3)
        return false;
      tables += entry != 0;
    }
  }
  return tables >= 2;
}

static void say_spent(struct kl_attach *a, uint64_t at) {
  kl_diagnostics_add(a->k->diagnostics, "attach", "search for a page-table root", at, KL_ERR_LIMIT);
}

// Memory can be full of pages that look like roots, and each may cost a long
// walk: all searches together have one budget.
static bool is_spent(struct kl_attach *a, uint64_t at) {
  const struct kl_limits *limits = a->k->limits;
  if (a->root_steps < limits->root_steps && a->root_trials < limits->candidates)
    return false;
  say_spent(a, at);
  return true;
}

// One page. within: physical, must lie in the image that the root maps; 0: any.
// proposal: all but the root.
static enum kl_status try_page(struct kl_attach *a, const struct kl_paging *paging, uint64_t page, uint64_t within,
                               const struct kl_proposal *proposal) {
  struct kl_proposal found = *proposal;
  found.hold.paging = *paging;
  found.hold.root = page;
  found.places = true;
  // The search's own layout shows whether this is worth the full trial.
  struct kl_foothold hold = found.hold;
  bool holds = found.va ? kl_maps(paging, a->k->image, page, found.va, found.va - hold.image_to_phys)
                        : !a->layout.name && kl_foothold_find(&hold, a->k->image) == KL_OK &&
                              (!within || within - (hold.start - hold.image_to_phys) < hold.end - hold.start);
  a->root_steps += hold.steps;
  if (!holds && !a->layout.name)
    return KL_ERR_NOT_FOUND;
  a->root_trials += holds;
  return kl_attach_try(a, &found);
}

static enum kl_status try_pages(struct kl_attach *a, const struct kl_paging *paging, const struct kl_places *pages,
                                uint64_t within, const struct kl_proposal *proposal) {
  for (size_t i = 0; i < pages->n; i++) {
    uint64_t page = pages->at[i];
    if (page % (1ull << paging->granule_shift))
      continue;
    if (is_spent(a, page))
      return KL_ERR_LIMIT;
    a->root_steps++;
    if (!looks_like_root(a->k->image, paging, page))
      continue;
    enum kl_status status = try_page(a, paging, page, within, proposal);
    if (status == KL_OK || kl_attach_stops(status))
      return status;
  }
  return KL_ERR_NOT_FOUND;
}

// The pages of [start, end) that may be a root, in the arena: as many as memory
// has there, up to the limit. The rest is left out, which is said.
static enum kl_status list_pages(struct kl_attach *a, uint64_t start, uint64_t end, struct kl_places *ret) {
  struct kl_scan scan;
  uint64_t room = kl_min(end - start, kl_image_bytes(a->k->image)) / KL_MARK_PAGE + 1;
  *ret = (struct kl_places){.room = (size_t)kl_min(room, a->k->limits->root_pages)};
  KL_TRY(kl_arena_take(a->k->arena, ret->room, sizeof *ret->at, _Alignof(uint64_t), &ret->at));
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(kl_attach_scan(a, &scan, "page tables", KL_MARK_ROOT, start, end));
  enum kl_status status;
  for (;;) {
    enum kl_mark kind;
    uint64_t page;
    status = kl_scan_next(&scan, &kind, &page);
    if (status != KL_OK)
      break;
    if (ret->n == ret->room) {
      say_spent(a, page);
      break;
    }
    kl_places_add(ret, page);
  }
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_ends(status) ? status : KL_OK;
}

// One paging after the other, and not one page: what is a root of four levels
// may be a table below that of five.
enum kl_status kl_attach_try_roots(struct kl_attach *a, enum kl_arch arch, uint64_t start, uint64_t end,
                                   uint64_t within, const struct kl_proposal *proposal) {
  enum kl_status status = KL_ERR_NOT_FOUND;
  struct kl_places own;
  struct kl_paging paging;
  size_t mark = kl_arena_mark(a->k->arena);
  const struct kl_places *pages = !start && end == UINT64_MAX ? kl_survey_places(a, KL_MARK_ROOT) : NULL;
  if (!pages) {
    KL_TRY(list_pages(a, start, end, &own));
    pages = &own;
  }
  if (arch != KL_ARCH_AARCH64)
    for (uint8_t levels = 5; levels >= 4 && status != KL_OK && !kl_attach_stops(status); levels--) {
      paging = kl_paging_x86_64(levels, 0);
      status = try_pages(a, &paging, pages, within, proposal);
    }
  if (arch != KL_ARCH_X86_64)
    for (size_t i = 0; status != KL_OK && !kl_attach_stops(status) && kl_paging_aarch64_way(i, &paging); i++)
      status = try_pages(a, &paging, pages, within, proposal);
  if (status != KL_OK)
    kl_arena_rewind(a->k->arena, mark);
  return status;
}

enum kl_status kl_propose_roots(struct kl_attach *a) {
  struct kl_proposal proposal = {.by = "a page that maps a kernel image"};
  return kl_attach_try_roots(a, KL_ARCH_UNKNOWN, 0, UINT64_MAX, 0, &proposal);
}
