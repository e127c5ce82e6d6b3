// page_cache: every base page of every cached file.
#include "linux/page_cache.h"
#include "linux/file.h"
#include "linux/fs.h"
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
    [PFN] = {"pfn", KL_CELL_U64, 0, "the page frame"},
    [PHYSICAL] = {"physical", KL_CELL_ADDRESS, 0, "its physical address"},
    [DEVICE] = {"device", KL_CELL_TEXT, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the file system, major:minor"},
    [FS_TYPE] = {"fs_type", KL_CELL_TEXT, KL_COLUMN_PUSHED, "that file system's type"},
    [INODE] = {"inode", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED, "the file's number there"},
    [FILE_OFFSET] = {"file_offset", KL_CELL_U64, KL_COLUMN_KEY | KL_COLUMN_PUSHED,
                     "where in the file its bytes are"},
    [PATH] = {"path", KL_CELL_TEXT, 0, "one of the file's names; null when none is in memory"},
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
  struct kl_page_cache_walk pages;
  enum { SUPERS, INODES, PAGES } level;
  size_t path_start; // the inode's path, in scratch; == sizeof scratch: none
  enum kl_status path_status;
  char scratch[KL_PATH_BYTES];
};

static enum kl_status open(struct kl_cursor *c) {
  struct state *s = c->state;
  if (!kl_pushed_range(c, FILE_OFFSET, &s->first, &s->last))
    return KL_END;
  return kl_super_walk_init(&s->supers, c->kernel, &c->budget);
}

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
  kl_put_field(c, INODE, s->inode, KL_F_inode_i_ino);
  kl_put(c, INODE_ADDRESS, KL_OK, 0, s->inode);
  if (s->path_status != KL_END)
    kl_put_bytes(c, PATH, s->path_status, s->inode, s->scratch + s->path_start, sizeof s->scratch - s->path_start);
}

static enum kl_status next_super(struct kl_cursor *c) {
  struct state *s = c->state;
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
  if (kl_wants(c, PATH))
    s->path_status = kl_inode_path(c->kernel, &c->budget, &s->super, s->inode, &path);
  s->path_start = path.start;
}

static enum kl_status next_inode(struct kl_cursor *c) {
  struct state *s = c->state;
  uint64_t mapping, pages;
  enum kl_status status = kl_inode_walk_next(&s->inodes, &s->inode);
  if (status != KL_OK) {
    s->level = SUPERS;
    return status;
  }
  KL_TRY(kl_inode_mapping(c->kernel, s->inode, &mapping, &pages));
  if (!mapping || !pages)
    return KL_OK;
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

static void put_page(struct kl_cursor *c, const struct kl_cached_page *page) {
  const struct kl_kernel *k = c->kernel;
  put_inode(c);
  kl_put(c, PFN, KL_OK, 0, page->pfn);
  kl_put(c, PHYSICAL, KL_OK, 0, page->pfn << k->paging.granule_shift);
  kl_put(c, FILE_OFFSET, KL_OK, 0, page->offset);
  kl_put(c, DIRTY, KL_OK, 0, kl_page_has(k, &page->folio, KL_E_pageflags_PG_dirty));
  kl_put(c, UPTODATE, KL_OK, 0, kl_page_has(k, &page->folio, KL_E_pageflags_PG_uptodate));
  kl_put(c, WRITEBACK, KL_OK, 0, kl_page_has(k, &page->folio, KL_E_pageflags_PG_writeback));
  kl_put(c, ORDER, KL_OK, 0, page->folio.order);
}

static enum kl_status next_page(struct kl_cursor *c, bool *row) {
  struct state *s = c->state;
  struct kl_cached_page page;
  enum kl_status status = kl_page_cache_walk_next(&s->pages, &page);
  if (status == KL_END) {
    s->level = INODES;
    return KL_OK;
  }
  KL_TRY(status);
  put_page(c, &page);
  *row = true;
  return KL_OK;
}

static enum kl_status next(struct kl_cursor *c) {
  struct state *s = c->state;
  for (;;) {
    bool row = false, last = s->level == SUPERS;
    enum kl_status status = s->level == PAGES    ? next_page(c, &row)
                            : s->level == INODES ? next_inode(c)
                                                 : next_super(c);
    if (row || status == KL_ERR_BUDGET || (status == KL_END && last))
      return status;
    if (status != KL_OK && status != KL_END)
      kl_lost(c, last ? "super_block" : "pages", last ? s->supers.lost : s->inode, status);
    c->text.used = 0;
    c->filled = 0;
  }
}

static const struct kl_table_code code = {
    .state_bytes = sizeof(struct state), .text_bytes = 2 * KL_PATH_BYTES, .open = open, .next = next};

const struct kl_table kl_page_cache_table = {
    .name = "page_cache",
    .group = "memory",
    .doc = "pages of the page cache: which frame holds which part of which file",
    .example = "page_cache DUMP path=/etc/passwd",
    .n_columns = COLUMNS,
    .columns = columns,
    .code = &code,
};
