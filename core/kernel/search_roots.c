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

// Memory can be full of pages that look like roots, and each may cost a long
// walk: all searches together have one budget.
static bool is_spent(struct kl_attach *a, uint64_t at) {
  const struct kl_limits *limits = a->k->limits;
  if (a->root_steps < limits->root_steps && a->root_trials < limits->candidates)
    return false;
  kl_diagnostics_add(a->k->diagnostics, "attach", "search for a page-table root", at, KL_ERR_LIMIT);
  return true;
}

// Pages that may be a root: in a list, or where there are too many for one, to be
// searched for each time.
struct pages {
  const struct kl_places *places;
  size_t next;
  uint64_t start, end; // of the search
  struct kl_scan scan;
};

static enum kl_status begin(struct kl_attach *a, struct pages *pages) {
  pages->next = 0;
  return pages->places->all
             ? KL_OK
             : kl_attach_scan(a, &pages->scan, "page tables", KL_MARK_ROOT, pages->start, pages->end);
}

static enum kl_status next(struct pages *pages, uint64_t *ret) {
  enum kl_mark kind;
  if (!pages->places->all)
    return kl_scan_next(&pages->scan, &kind, ret);
  if (pages->next == pages->places->n)
    return KL_END;
  *ret = pages->places->at[pages->next++];
  return KL_OK;
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

static enum kl_status try_pages(struct kl_attach *a, const struct kl_paging *paging, struct pages *pages,
                                uint64_t within, const struct kl_proposal *proposal) {
  uint64_t page;
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(begin(a, pages));
  enum kl_status status = next(pages, &page);
  while (status == KL_OK) {
    if (page % (1ull << paging->granule_shift) == 0 && looks_like_root(a->k->image, paging, page)) {
      if (is_spent(a, page))
        return KL_ERR_LIMIT;
      status = try_page(a, paging, page, within, proposal);
      if (status == KL_OK || kl_attach_stops(status))
        return status;
    }
    status = next(pages, &page);
  }
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_ends(status) ? status : KL_ERR_NOT_FOUND;
}

static enum kl_status collect(struct kl_attach *a, struct pages *pages, struct kl_places *own) {
  bool everywhere = !pages->start && pages->end == UINT64_MAX;
  pages->places = everywhere ? kl_survey_places(a, KL_MARK_ROOT) : NULL;
  if (pages->places)
    return KL_OK;
  *own = (struct kl_places){.room = KL_ROOT_PLACES};
  pages->places = own;
  KL_TRY(KL_TAKE(a->k->arena, own->room, &own->at));
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(begin(a, pages));
  uint64_t page;
  enum kl_status status = next(pages, &page);
  for (; status == KL_OK && own->n <= own->room; status = next(pages, &page))
    kl_places_add(own, page);
  own->all = own->n <= own->room;
  kl_arena_rewind(a->k->arena, mark);
  return kl_attach_ends(status) ? status : KL_OK;
}

// One paging after the other, and not one page: what is a root of four levels
// may be a table below that of five.
enum kl_status kl_attach_try_roots(struct kl_attach *a, enum kl_arch arch, uint64_t start, uint64_t end,
                                   uint64_t within, const struct kl_proposal *proposal) {
  enum kl_status status = KL_ERR_NOT_FOUND;
  struct pages pages = {.start = start, .end = end};
  struct kl_places own;
  struct kl_paging paging;
  size_t mark = kl_arena_mark(a->k->arena);
  KL_TRY(collect(a, &pages, &own));
  if (arch != KL_ARCH_AARCH64)
    for (uint8_t levels = 5; levels >= 4 && status != KL_OK && !kl_attach_stops(status); levels--) {
      paging = kl_paging_x86_64(levels, 0);
      status = try_pages(a, &paging, &pages, within, proposal);
    }
  if (arch != KL_ARCH_X86_64)
    for (size_t i = 0; status != KL_OK && !kl_attach_stops(status) && kl_paging_aarch64_way(i, &paging); i++)
      status = try_pages(a, &paging, &pages, within, proposal);
  if (status != KL_OK)
    kl_arena_rewind(a->k->arena, mark);
  return status;
}

enum kl_status kl_propose_roots(struct kl_attach *a) {
  struct kl_proposal proposal = {.by = "a page that maps a kernel image"};
  return kl_attach_try_roots(a, KL_ARCH_UNKNOWN, 0, UINT64_MAX, 0, &proposal);
}
