// page_cache: every base page of every cached file, and of the swap cache.
#include "linux/page_cache.h"
#include "linux/file.h"
#include "linux/fs.h"
#include "linux/swap_cache.h"
#include "tables/cursor.h"
#include "tables/registry.h"

enum {
  PFN,
  PHYSICAL,
  DEVICE,
  FS_TYPE,
  INODE,
  FILE_OFFSET,
  PATH,
  DIRTY,
  UPTODATE,
  WRITEBACK,
  ORDER,
  INODE_ADDRESS,
  COLUMNS
};

static const struct kl_column columns[] = {
    [PFN] = {"pfn", KL_CELL_U64, KL_COLUMN_PUSHED, "the page frame"},
    [PHYSICAL] = {"physical", KL_CELL_ADDRESS, 0, "its physical address"},
    [DEVICE] = {"device", KL_CELL_TEXT, KL_COLUMN_KEY | KL_COLUMN_PUSHED,
                "the file system, major:minor; swapN for swap area N"},
    [FS_TYPE] = {"fs_type", KL_CELL_TEXT, KL_COLUMN_PUSHED, "that file system's type; swap for the swap cache"},
    [INODE] = {"inode", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the file's number there; null in swap"},
    [FILE_OFFSET] = {"file_offset", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED,
                     "where in the file, or the swap area, its bytes are"},
    [PATH] = {"path", KL_CELL_TEXT, 0, "one of the file's names, or the swap area's; null when none is in memory"},
    [DIRTY] = {"dirty", KL_CELL_BOOL, 0, "changed, and not yet written back"},
    [UPTODATE] = {"uptodate", KL_CELL_BOOL, 0, "whether its bytes are the file's"},
    [WRITEBACK] = {"writeback", KL_CELL_BOOL, 0, "being written back"},
    [ORDER] = {"order", KL_CELL_U64, 0, "of the folio that it is a page of: 1 << order pages"},
    [INODE_ADDRESS] = {"inode_address", KL_CELL_ADDRESS, KL_COLUMN_HIDDEN, "of its struct inode"},
};

struct state {
  struct kl_super_walk supers;
  struct kl_super super;
  struct kl_inode_walk inodes;
  uint64_t inode, first, last; // bytes of the file that are wanted
  uint64_t number;             // i_ino of inode, and whether it could be read
  enum kl_status number_status;
  struct kl_page_cache_walk pages;
  struct kl_swap_cache_walk swap;
  uint32_t swap_area; // whose path is in scratch, plus 1; 0: none
  enum level { SUPERS, INODES, PAGES, SWAP } level;
  bool by_inode;     // its number was pushed
  bool one;          // pfn was pushed: only that frame's row
  bool in_swap;      // and the frame is no file's, but in the swap cache
  size_t path_start; // the inode's path, in scratch; == sizeof scratch: none
  enum kl_status path_status;
  char scratch[KL_PATH_BYTES];
};

static void put_super(struct kl_cursor *c) {
  struct state *s = c->state;
  size_t start = c->text.used;
  kl_device_print(&c->text, s->super.device);
  kl_put_written(c, DEVICE, KL_OK, 0, start);
  kl_put_bytes(c, FS_TYPE, KL_OK, 0, s->super.type, s->super.type_bytes);
}

static void put_inode(struct kl_cursor *c) {
  struct state *s = c->state;
  put_super(c);
  kl_put(c, INODE, s->number_status, s->inode, s->number);
  kl_put(c, INODE_ADDRESS, KL_OK, 0, s->inode);
  if (s->path_status != KL_END)
    kl_put_bytes(c, PATH, s->path_status, s->inode, s->scratch + s->path_start, sizeof s->scratch - s->path_start);
}

static void read_number(struct kl_cursor *c) {
  struct state *s = c->state;
  s->number_status = kl_wants(c, INODE) ? kl_get(c->kernel, s->inode, KL_F_inode_i_ino, &s->number) : KL_OK;
}

static enum kl_status next_super(struct kl_cursor *c) {
  struct state *s = c->state;
  if (s->one)
    return KL_END;
  KL_TRY(kl_super_walk_next(&s->supers, &s->super));
  put_super(c);
  if (!kl_keeps(c))
    return KL_OK;
  KL_TRY(kl_inode_walk_init(&s->inodes, c->kernel, &c->budget, &s->super));
  s->level = INODES;
  return KL_OK;
}

static void find_path(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_path_text path = kl_path_into(s->scratch, sizeof s->scratch);
  s->path_status = KL_END;
  if (kl_wants(c, PATH) && s->super.mount_status != KL_OK)
    kl_lost(c, "mount", s->super.address, s->super.mount_status);
  if (kl_wants(c, PATH))
    s->path_status = kl_inode_path(c->kernel, &c->budget, &s->super, s->inode, &path);
  s->path_start = path.start;
}

// The file that a frame holds a page of, as the frame says: whether the file's
// tree says so too, the walk over that one page tells.
static enum kl_status open_frame(struct kl_cursor *c, const struct kl_page *page, uint64_t mapping) {
  struct state *s = c->state;
  uint64_t index = page->index + (page->pfn - page->head_pfn), own, pages;
  unsigned shift = c->kernel->paging.granule_shift;
  KL_TRY(kl_get_pointer(c->kernel, mapping, KL_F_address_space_host, &s->inode));
  KL_TRY(kl_inode_mapping(c->kernel, s->inode, &own, &pages));
  if (own != mapping || index > UINT64_MAX >> shift)
    return KL_ERR_MALFORMED;
  KL_TRY(kl_super_of_inode(c->kernel, s->inode, &s->super));
  read_number(c);
  s->path_status = KL_END;
  put_inode(c);
  if (!kl_keeps(c))
    return KL_END;
  find_path(c);
  s->level = PAGES;
  return kl_page_cache_walk_init(&s->pages, c->kernel, &c->budget, mapping, index << shift, index << shift);
}

// By frame: KL_ERR_UNSUPPORTED where only the walk over all files can tell.
static enum kl_status open_one(struct kl_cursor *c, uint64_t pfn) {
  struct state *s = c->state;
  struct kl_page page;
  s->one = true;
  enum kl_status status = kl_page_read(c->kernel, pfn, &page);
  if (status != KL_OK)
    return status == KL_ERR_UNMAPPED ? KL_END : status;
  if (page.type == KL_PAGE_HUGETLB) { // its index may count in huge pages
    s->one = false;
    return KL_ERR_UNSUPPORTED;
  }
  uint64_t mapping = kl_page_file(&page);
  if (!mapping) {
    s->in_swap = kl_page_has(c->kernel, &page, KL_E_pageflags_PG_swapcache);
    return s->in_swap ? KL_OK : KL_END;
  }
  status = open_frame(c, &page, mapping);
  // What stands in the mapping of a frame that no file has is anything.
  return status == KL_ERR_UNMAPPED || status == KL_ERR_MALFORMED ? KL_END : status;
}

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t v;
  if (!kl_pushed_range(c, FILE_OFFSET, &s->first, &s->last))
    return KL_END;
  s->by_inode = kl_pushed_u64(c, INODE, &v);
  if (kl_pushed_u64(c, PFN, &v)) {
    enum kl_status status = open_one(c, v);
    if (status != KL_ERR_UNSUPPORTED)
      return status;
  }
  return kl_super_walk_init(&s->supers, c->kernel, &c->budget);
}

static enum kl_status next_inode(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t mapping, pages;
  enum kl_status status = kl_inode_walk_next(&s->inodes, &s->inode);
  if (status != KL_OK) {
    s->level = SUPERS;
    return status;
  }
  if (s->by_inode) {
    read_number(c);
    kl_put(c, INODE, s->number_status, s->inode, s->number);
    if (!kl_keeps(c))
      return KL_OK;
  }
  KL_TRY(kl_inode_mapping(c->kernel, s->inode, &mapping, &pages));
  if (!mapping || !pages)
    return KL_OK;
  if (!s->by_inode)
    read_number(c);
  s->path_status = KL_END;
  put_inode(c);
  if (!kl_keeps(c))
    return KL_OK;
  find_path(c);
  put_inode(c);
  if (!kl_keeps(c))
    return KL_OK;
  KL_TRY(kl_page_cache_walk_init(&s->pages, c->kernel, &c->budget, mapping, s->first, s->last));
  s->level = PAGES;
  return KL_OK;
}

static void put_page(struct kl_cursor *c, uint64_t pfn, uint64_t offset, const struct kl_page *folio) {
  const struct kl_kernel *k = c->kernel;
  kl_put(c, PFN, KL_OK, 0, pfn);
  kl_put(c, PHYSICAL, KL_OK, 0, pfn << k->paging.granule_shift);
  kl_put(c, FILE_OFFSET, KL_OK, 0, offset);
  kl_put(c, DIRTY, KL_OK, 0, kl_page_has(k, folio, KL_E_pageflags_PG_dirty));
  kl_put(c, UPTODATE, KL_OK, 0, kl_page_has(k, folio, KL_E_pageflags_PG_uptodate));
  kl_put(c, WRITEBACK, KL_OK, 0, kl_page_has(k, folio, KL_E_pageflags_PG_writeback));
  kl_put(c, ORDER, KL_OK, 0, folio->order);
}

static enum kl_status next_page(struct kl_cursor *c, bool *row) {
  struct state *s = c->state;
  struct kl_cached_page page;
  enum kl_status status = kl_page_cache_walk_next(&s->pages, &page);
  if (status == KL_END) {
    s->level = s->one ? SUPERS : INODES;
    return KL_OK;
  }
  KL_TRY(status);
  put_inode(c);
  put_page(c, page.pfn, page.offset, &page.folio);
  *row = true;
  return KL_OK;
}

// ── Swap ───────────────────────────────────────────────────────────────────

// The swap cache comes last. A kernel without swap has none.
static enum kl_status begin_swap(struct kl_cursor *c) {
  struct state *s = c->state;
  kl_put_string(c, FS_TYPE, "swap");
  if (!kl_keeps(c) || s->by_inode || s->one != s->in_swap)
    return KL_END;
  enum kl_status status = kl_swap_cache_walk_init(&s->swap, c->kernel, &c->budget);
  if (status == KL_ERR_NOT_FOUND && kl_has(c->kernel, KL_F_swap_info_struct_max)) // else it has no swap
    kl_diagnostics_add(&c->dump->diagnostics, "page_cache", "swap", 0, status);
  if (status != KL_OK && status != KL_ERR_NOT_FOUND && status != KL_ERR_BUDGET)
    kl_lost(c, "swap", s->swap.lost, status);
  if (status != KL_OK) // it is not begun a second time
    return status == KL_ERR_BUDGET ? status : KL_END;
  s->level = SWAP;
  return KL_OK;
}

// The name of the file or device that is the area.
static void find_area_path(struct kl_cursor *c) {
  struct state *s = c->state;
  struct kl_path_text path = kl_path_into(s->scratch, sizeof s->scratch);
  struct kl_path_root root = {0};
  uint64_t file = 0, at = 0;
  if (s->swap_area == s->swap.area)
    return;
  s->swap_area = s->swap.area;
  s->path_status = kl_get_pointer(c->kernel, s->swap.info, KL_F_swap_info_struct_swap_file, &file);
  if (s->path_status == KL_OK && !file)
    s->path_status = KL_END;
  if (s->path_status == KL_OK)
    s->path_status = kl_member(c->kernel, file, KL_F_file_f_path, &at);
  if (s->path_status == KL_OK)
    s->path_status = kl_path_print(c->kernel, &c->budget, at, &root, &path);
  s->path_start = path.start;
}

static enum kl_status next_swapped(struct kl_cursor *c, bool *row) {
  struct state *s = c->state;
  struct kl_swap_page page;
  KL_TRY(kl_swap_cache_walk_next(&s->swap, &page));
  size_t start = c->text.used;
  kl_text_string(&c->text, "swap");
  kl_text_decimal(&c->text, s->swap.area - 1);
  kl_put_written(c, DEVICE, KL_OK, 0, start);
  kl_put_string(c, FS_TYPE, "swap");
  put_page(c, page.pfn, page.slot << c->kernel->paging.granule_shift, &page.folio);
  *row = true;
  if (!kl_wants(c, PATH) || !kl_keeps(c))
    return KL_OK;
  find_area_path(c);
  if (s->path_status != KL_END)
    kl_put_bytes(c, PATH, s->path_status, s->swap.info, s->scratch + s->path_start,
                 sizeof s->scratch - s->path_start);
  return KL_OK;
}

// ── Rows ───────────────────────────────────────────────────────────────────

// Where an error arose, and in what.
static void note_lost(struct kl_cursor *c, enum level level, enum kl_status status) {
  struct state *s = c->state;
  if (level == SWAP)
    kl_lost(c, "swap", s->swap.lost, status);
  else
    kl_lost(c, level == SUPERS ? "super_block" : "pages", level == SUPERS ? s->supers.lost : s->inode, status);
}

static enum kl_status step(struct kl_cursor *c, bool *row) {
  struct state *s = c->state;
  enum kl_status status = KL_END;
  switch (s->level) {
  case SUPERS:
    status = next_super(c);
    return status == KL_END ? begin_swap(c) : status;
  case INODES:
    status = next_inode(c);
    return status == KL_END ? KL_OK : status;
  case PAGES:
    return next_page(c, row);
  case SWAP:
    return next_swapped(c, row);
  }
  return status;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    bool row = false;
    enum level level = s->level;
    enum kl_status status = step(c, &row);
    if (row || status == KL_ERR_BUDGET || status == KL_END)
      return status;
    if (status != KL_OK)
      note_lost(c, level, status);
    c->text.used = 0;
    c->filled = 0;
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = (size_t)2 * KL_PATH_BYTES, .open = open, .next = next};

const struct kl_table kl_page_cache_table = {
    .name = "page_cache",
    .group = "memory",
    .doc = "pages of the page cache: which frame holds which part of which file",
    .example = "page_cache DUMP path=/usr/bin/bash",
    .typical_rows = 1000000,
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
