// All page frames in order.
#include "linux/frames.h"

#include "base/checked.h"

enum { MAX_BLOCK_ORDER = KL_FRAME_WINDOW_SHIFT };

void kl_frame_walk_init(struct kl_frame_walk *walk, struct kl_kernel *kernel, struct kl_budget *budget,
                        uint64_t first, uint64_t last, const struct kl_holders *holders) {
  *walk =
      (struct kl_frame_walk){.kernel = kernel, .budget = budget, .pfn = first, .last = last, .holders = holders};
}

// The first frame that begins at or behind an address.
static uint64_t frame_behind(uint64_t phys, uint64_t shift) {
  return (phys >> shift) + (phys & ((1ull << shift) - 1) ? 1 : 0);
}

// Goes to the next frame that the dump knows, at or behind walk->pfn. A run is
// looked up once: finding its end can cost as much as it is long.
static enum kl_status find_frame(struct kl_frame_walk *walk) {
  struct kl_segment segment;
  uint64_t shift = walk->kernel->paging.granule_shift;
  while (walk->pfn >= walk->run_end) {
    if (walk->pfn > walk->last || walk->pfn > UINT64_MAX >> shift)
      return KL_END;
    KL_TRY(kl_image_segment(walk->kernel->image, walk->pfn << shift, &segment));
    walk->pfn = kl_max(walk->pfn, frame_behind(segment.start, shift));
    walk->run_end = segment.end >> shift; // a frame that the dump holds in part is left out
    if (walk->pfn >= walk->run_end)
      walk->pfn = kl_max(walk->pfn, frame_behind(segment.end, shift));
  }
  return walk->pfn > walk->last ? KL_END : KL_OK;
}

static bool take_block(struct kl_frame_walk *walk, const struct kl_page *head, uint64_t pfn) {
  if (head->type != KL_PAGE_BUDDY || head->order > MAX_BLOCK_ORDER || head->pfn & ((1ull << head->order) - 1) ||
      head->pfn + (1ull << head->order) <= pfn)
    return false;
  walk->free_start = head->pfn;
  walk->free_end = head->pfn + (1ull << head->order);
  walk->free_order = head->order;
  return true;
}

// Whether a frame lies in a free block: the allocator marks the block's first
// page only. Blocks are aligned to their size (is_free_buddy_page()). A walk
// that has met a block in this window has come from its start, and need not look
// back. What has users is not free, whatever block reaches over it.
static bool in_free_block(struct kl_frame_walk *walk, const struct kl_page *page) {
  if (page->references)
    return false;
  if ((page->pfn >= walk->free_start && page->pfn < walk->free_end) || take_block(walk, page, page->pfn))
    return true;
  if (walk->free_end)
    return false;
  for (unsigned order = 1; order <= MAX_BLOCK_ORDER; order++) {
    struct kl_page head;
    if (kl_page_read(walk->kernel, page->pfn >> order << order, &head) != KL_OK)
      return false;
    if (take_block(walk, &head, page->pfn))
      return true;
  }
  return false;
}

// Struct pages in the middle of a free block are all zero, and whole pages of
// such are what a filtered dump leaves out first: the block's head has told.
static bool filtered_but_free(const struct kl_frame_walk *walk, uint64_t pfn, enum kl_status status,
                              struct kl_frame *ret) {
  if (status != KL_ERR_FILTERED || pfn < walk->free_start || pfn >= walk->free_end)
    return false;
  uint64_t page = walk->kernel->vmemmap_base + pfn * walk->kernel->types[KL_T_page].bytes;
  *ret = (struct kl_frame){.page = {.pfn = pfn, .address = page, .head_pfn = pfn, .head = page},
                           .kind = KL_KIND_FREE,
                           .order = walk->free_order,
                           .unread = true};
  return true;
}

// What its holder says of a frame whose struct page does not tell, and of the
// first chunk of per-CPU memory, which is only reserved.
static void ask_holder(struct kl_frame_walk *walk, struct kl_frame *frame) {
  struct kl_held held;
  if (frame->kind != KL_KIND_UNKNOWN && frame->kind != KL_KIND_RESERVED)
    return;
  if (!kl_holders_of(walk->holders, frame->page.pfn, &walk->held, &held))
    return;
  if (!held.holder) {
    if (frame->kind != KL_KIND_UNKNOWN || frame->page.references)
      return;
    frame->kind = KL_KIND_FREE;
    frame->order = held.order;
  } else if (frame->kind == KL_KIND_UNKNOWN || held.holder->kind == KL_KIND_PERCPU) {
    frame->kind = (enum kl_page_kind)held.holder->kind;
    frame->holder = held.holder;
  }
}

static void enter_window(struct kl_frame_walk *walk, uint64_t pfn) {
  if (pfn >> KL_FRAME_WINDOW_SHIFT == walk->window)
    return;
  walk->window = pfn >> KL_FRAME_WINDOW_SHIFT;
  walk->free_start = walk->free_end = 0;
}

enum kl_status kl_frame_walk_next(struct kl_frame_walk *walk, struct kl_frame *ret) {
  enum kl_status status;
  do {
    KL_TRY(find_frame(walk));
    KL_TRY(kl_budget_spend(walk->budget, 1));
    enter_window(walk, walk->pfn);
    ret->page.pfn = walk->pfn;
    status = kl_page_read(walk->kernel, walk->pfn++, &ret->page);
  } while (status == KL_ERR_UNMAPPED); // a frame that the kernel does not manage
  if (filtered_but_free(walk, walk->pfn - 1, status, ret))
    return KL_OK;
  KL_TRY(status);
  bool free_block = in_free_block(walk, &ret->page);
  ret->kind = kl_page_kind(walk->kernel, &ret->page, free_block);
  ret->order = free_block ? walk->free_order : ret->page.order;
  ret->unread = false;
  ret->holder = NULL;
  if (walk->holders)
    ask_holder(walk, ret);
  return KL_OK;
}
